"""Where statements go, on real servers: each answers with its own name."""

import concurrent.futures
import contextlib

import psycopg2
import pytest

from conftest import BUILD
from lag import wait_for_replicas
import cluster as pg

WHO = "current_setting('cluster_name')"


@pytest.fixture(scope="module", autouse=True)
def table(cluster, gateway):
    gateway.query("CREATE TABLE routed (id int)")
    gateway.query("INSERT INTO routed VALUES (1)")
    wait_for_replicas(cluster)
    # Until the catalog has been read again, the table is unknown and its reads go to the primary.
    pg.wait_until("reads go to replicas", lambda: gateway.query(f"SELECT {WHO} FROM routed")[0][0] != "node0")


def node_of(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchone()[0]


@pytest.fixture
def cursor(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("sql", [
    f"SELECT {WHO}",
    f"SELECT {WHO} FROM routed",
    f"WITH w AS (SELECT {WHO} AS n FROM routed) SELECT n FROM w",
    f"/* a comment */ SELECT {WHO}",
    f"VALUES ({WHO})",
    f"(SELECT {WHO} UNION ALL SELECT {WHO})",
])
def test_reads_go_to_a_replica(cursor, sql):
    assert node_of(cursor, sql) in ("node1", "node2")


@pytest.mark.parametrize("sql", [
    f"INSERT INTO routed VALUES (2) RETURNING {WHO}",
    f"UPDATE routed SET id = 3 WHERE id = 2 RETURNING {WHO}",
    f"DELETE FROM routed WHERE id = 3 RETURNING {WHO}; INSERT INTO routed VALUES (2)",
    f"SELECT {WHO} FROM routed FOR UPDATE",
    f"WITH w AS (INSERT INTO routed VALUES (9) RETURNING id) SELECT {WHO} FROM w",
    f"SELECT {WHO}, random()",
    f"SELECT {WHO}; DELETE FROM routed WHERE id = 9",
])
def test_what_may_write_goes_to_the_primary(gateway, sql):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        if cursor.description:
            assert cursor.fetchone()[0] == "node0"
    assert gateway.query("EXPLAIN ROUTE " + sql.split(";")[0]) is not None


def test_an_explicit_transaction_stays_on_the_primary(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        assert node_of(cursor, f"SELECT {WHO}") == "node0"
        cursor.execute("INSERT INTO routed VALUES (10)")
        assert node_of(cursor, f"SELECT {WHO} FROM routed WHERE id = 10") == "node0"
        connection.rollback()


def test_a_read_only_transaction_goes_to_a_replica(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN READ ONLY")
        first = node_of(cursor, f"SELECT {WHO}")
        assert first in ("node1", "node2") and node_of(cursor, f"SELECT {WHO}") == first
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("INSERT INTO routed VALUES (11)")
        cursor.execute("ROLLBACK")


def test_a_client_reads_its_own_write(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own_writes (id int)")
        for number in range(200):
            cursor.execute("INSERT INTO own_writes VALUES (%s)", (number,))
            cursor.execute("SELECT count(*) FROM own_writes")
            assert cursor.fetchone()[0] == number + 1
        cursor.execute("DROP TABLE own_writes")


def test_a_view_that_writes_is_answered_by_the_primary_without_an_error(gateway, cluster):
    gateway.query("CREATE SEQUENCE viewed")
    gateway.query("CREATE VIEW writing AS SELECT nextval('viewed') AS n")
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        pg.wait_until("replicas know the view", lambda: all(
            node.query("SELECT to_regclass('writing') IS NOT NULL", database="app")[0][0] for node in cluster.nodes[1:]))
        assert [node_of(cursor, "SELECT n FROM writing") for _ in range(3)] == [1, 2, 3]


def test_an_unlogged_table_is_read_on_the_primary_without_an_error(gateway, cluster):
    gateway.query("CREATE UNLOGGED TABLE unlogged_t AS SELECT 7 AS n")
    pg.wait_until("replicas know the table", lambda: all(
        node.query("SELECT to_regclass('unlogged_t') IS NOT NULL", database="app")[0][0] for node in cluster.nodes[1:]))
    assert gateway.query("SELECT n FROM unlogged_t") == [(7,)]


def test_explain_route_tells_where_and_why_without_running_it(gateway):
    def target(sql):
        return dict(gateway.query(f"EXPLAIN ROUTE {sql}"))["target"]
    # Tests before this one have defined something.
    pg.wait_until("the catalog has been read again", lambda: target("SELECT * FROM routed").endswith("standby)"))
    assert "primary" in target("DELETE FROM routed")
    assert gateway.query("SELECT count(*) > 0 FROM routed") == [(True,)]


def test_explain_route_needs_no_rights(cluster, gateway, make_gateway):
    cluster.primary.query(f"CREATE ROLE powerless LOGIN PASSWORD '{pg.PASSWORD}'")
    gateway.query("CREATE TABLE closed_to_others (id int); CREATE FUNCTION closed_write() RETURNS void LANGUAGE sql "
                  "AS 'INSERT INTO closed_to_others VALUES (1)'; REVOKE ALL ON FUNCTION closed_write() FROM PUBLIC")
    users = "".join(f"{user}:TEXT{pg.PASSWORD}\n" for user in ("app", "howdah", "powerless"))
    howdah = make_gateway(pool_passwd=users)
    with contextlib.closing(howdah.connect(user="powerless")) as connection, connection.cursor() as cursor:
        def explain(sql):
            cursor.execute("EXPLAIN ROUTE " + sql)
            return dict(cursor.fetchall())
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT * FROM closed_to_others")
        pg.wait_until("the table is known", lambda: explain("SELECT * FROM closed_to_others")["reason"] == "read")
        pg.wait_until("the function is known", lambda: explain("SELECT closed_write()")["reason"] == "write")
        assert "primary" in explain("SELECT closed_write()")["target"]
    assert gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM closed_to_others") == [(0,)]


def test_prepared_statements_of_the_protocol_are_routed_too(gateway):
    import wire
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        client.ask(wire.parse(f"SELECT {WHO}", "who"), wire.SYNC)
        for _ in range(3):
            rows = [wire.row_values(body) for tag, body in
                    client.ask(wire.bind(statement="who"), wire.execute(), wire.SYNC) if tag == b"D"]
            assert rows[0][0] in ("node1", "node2")
        client.ask(wire.query("BEGIN"))
        rows = [wire.row_values(body) for tag, body in
                client.ask(wire.bind(statement="who"), wire.execute(), wire.SYNC) if tag == b"D"]
        assert rows == [["node0"]]
        assert client.tags(wire.query("COMMIT")) == "CZ"


SLOW = "SELECT count(*) FROM contended, generate_series(1, 8000000)"


@pytest.fixture(scope="module")
def contended():
    """Replicas that never wait with replay for a query; and Howdah."""
    with pg.Cluster(replicas=2, max_standby_streaming_delay="0") as servers, pg.Howdah(servers, BUILD) as howdah:
        howdah.query("CREATE TABLE contended AS SELECT 1 AS id")
        wait_for_replicas(servers)
        pg.wait_until("a replica answers",
                      lambda: howdah.query(f"SELECT {WHO} FROM contended")[0][0] != "node0")
        yield servers, howdah


def is_any_running(servers, text, state="active"):
    """The replica's number."""
    return next((node.number for node in servers.nodes[1:] if node.query(
        f"SELECT count(*) FROM pg_stat_activity WHERE state = '{state}' AND query LIKE '%{text}'")[0][0]), None)


def conflicts(servers):
    return sum(node.query("SELECT confl_lock FROM pg_stat_database_conflicts WHERE datname = 'app'")[0][0]
               for node in servers.nodes[1:])


@contextlib.contextmanager
def replay_ready(servers):
    """A replay that cancels what runs on the replicas; ready, for that takes only so long."""
    before = conflicts(servers)
    with contextlib.closing(pg.connect(servers.primary.port)) as connection, connection.cursor() as cursor:
        def cancel():
            cursor.execute("BEGIN; LOCK TABLE contended IN ACCESS EXCLUSIVE MODE; COMMIT")
            pg.wait_until("replay has cancelled it", lambda: conflicts(servers) > before)
        yield cancel


def test_a_read_that_replay_cancels_is_answered_elsewhere_unseen(contended):
    servers, howdah = contended
    with concurrent.futures.ThreadPoolExecutor() as pool, replay_ready(servers) as cancel_by_replay:
        answer = pool.submit(howdah.query, SLOW)
        pg.wait_until("it runs on a replica", lambda: is_any_running(servers, "8000000)"))
        cancel_by_replay()
        assert answer.result(timeout=180) == [(8_000_000,)]


@pytest.mark.parametrize("begin", ["BEGIN READ ONLY", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"])
def test_a_transaction_that_replay_cancels_goes_on_elsewhere_unseen(contended, begin):
    servers, howdah = contended
    with contextlib.closing(howdah.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(begin)
        cursor.execute("SELECT id FROM contended")
        assert cursor.fetchall() == [(1,)]
        with concurrent.futures.ThreadPoolExecutor() as pool, replay_ready(servers) as cancel_by_replay:
            answer = pool.submit(node_of, cursor, SLOW)
            pg.wait_until("it runs on a replica", lambda: is_any_running(servers, "8000000)"))
            cancel_by_replay()
            assert answer.result(timeout=180) == 8_000_000
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)
        cursor.execute("COMMIT")


def test_a_transaction_that_replay_ends_while_it_rests_goes_on_elsewhere_unseen(contended):
    servers, howdah = contended
    with contextlib.closing(howdah.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN READ ONLY")
        cursor.execute("SELECT id, 'rests' FROM contended")
        pg.wait_until("it rests", lambda: is_any_running(servers, "contended", "idle in transaction"))
        with replay_ready(servers) as cancel_by_replay:
            cancel_by_replay()
        cursor.execute("SELECT id FROM contended")
        assert cursor.fetchall() == [(1,)]
        cursor.execute("COMMIT")
        assert cursor.statusmessage == "COMMIT"


def test_execute_goes_where_the_prepared_text_may_and_so_does_its_explain(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f"PREPARE who AS SELECT {WHO} FROM routed LIMIT 1")
        cursor.execute("PREPARE adds AS INSERT INTO routed VALUES (77)")
        assert node_of(cursor, "EXECUTE who") != "node0"
        assert node_of(cursor, "/*NO LOAD BALANCE*/ EXECUTE who") == "node0"
        for sql, reason in [("EXPLAIN EXECUTE who", "read"), ("EXPLAIN (ANALYZE) EXECUTE who", "read"), ("EXPLAIN EXECUTE adds", "write"),
                            ("EXPLAIN ANALYZE EXECUTE adds", "write"), ("/*NO LOAD BALANCE*/ EXPLAIN EXECUTE who", "comment"),
                            ("/*howdah: read_consistency=x*/ EXECUTE who", "comment"), ("EXPLAIN EXECUTE nobody", "write")]:
            cursor.execute("EXPLAIN ROUTE " + sql)
            assert dict(cursor.fetchall())["reason"] == reason, sql
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE who")
        assert "Seq Scan on routed" in str(cursor.fetchall())
        cursor.execute("SHOW POOL_STATEMENTS")
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        assert [row["nodes"][0] for row in rows if row["statement"].startswith("EXPLAIN (ANALYZE, COSTS OFF")] in (["1"], ["2"])
