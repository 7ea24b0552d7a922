"""No stale reads: replicas that replay late or not at all, a thousand writes each read back in every mode."""

import concurrent.futures
import contextlib
import itertools

import psycopg2
import pytest

from conftest import BUILD
from lag import delayed, paused, wait_for_replicas
import cluster as pg

PAIRS = 1000
CLIENTS = 5
WHO = "current_setting('cluster_name')"


@pytest.fixture(scope="module")
def gateway(cluster):
    with pg.Howdah(cluster, BUILD, worker_threads=3, statement_level_load_balance="on") as running:
        running.query("CREATE TABLE fresh (id int PRIMARY KEY, n int NOT NULL)")
        running.query("INSERT INTO fresh VALUES (1, 0)")
        running.query("CREATE FUNCTION bump() RETURNS int LANGUAGE sql AS 'UPDATE fresh SET n = n + 1 WHERE id = 1 RETURNING n'")
        running.query("CREATE VIEW bumping AS SELECT bump() AS n")
        running.query("INSERT INTO fresh SELECT g, 0 FROM generate_series(100, 100 + %s) g" % CLIENTS)
        running.query("CREATE FUNCTION bump_one(which int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE r int; BEGIN "
                      "UPDATE fresh SET n = n + 1 WHERE id = which RETURNING n INTO r; RETURN r; END $$")
        wait_for_replicas(cluster)
        # Until the catalog has been read again after this DDL, all reads go to the primary.
        eventual = f"/*howdah: read_consistency=eventual*/ SELECT {WHO} FROM fresh"
        pg.wait_until("reads go to replicas", lambda: running.query(eventual)[0][0] != "node0")
        yield running.wait_for_nodes()
        assert running.process.poll() is None, running.tail()


@pytest.fixture(params=["one paused", "both paused", "delayed"])
def lagging(request, cluster):
    wait_for_replicas(cluster)
    if request.param == "one paused":
        with paused(cluster.nodes[1:2], cluster):
            yield
    elif request.param == "both paused":
        with paused(cluster.nodes[1:], cluster):
            yield
    else:
        with delayed(cluster.nodes[1:], cluster, "150ms"):
            yield


def value_and_node(cursor):
    cursor.execute(f"SELECT n, {WHO} FROM fresh WHERE id = 1")
    return cursor.fetchone()


def write(cursor):
    cursor.execute("UPDATE fresh SET n = n + 1 WHERE id = 1 RETURNING n")
    return cursor.fetchone()[0]


def hunt(writers, readers, pairs):
    """Each write is followed by a read of the next reader: how many missed it, and who answered."""
    stale, nodes = 0, set()
    turns = zip(itertools.cycle(writers), itertools.cycle(readers))
    for writer, reader in itertools.islice(turns, pairs):
        written = write(writer)
        read, node = value_and_node(reader)
        stale += read < written
        nodes.add(node)
    return stale, nodes


@contextlib.contextmanager
def cursors(gateway, count, setting):
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            connection = stack.enter_context(contextlib.closing(gateway.connect()))
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(f"SET howdah.read_consistency = {setting}")
            made.append(cursor)
        yield made


def test_eventual_reads_can_be_stale_so_the_hunt_can_find_them(gateway, cluster):
    with paused(cluster.nodes[1:], cluster), cursors(gateway, 2, "eventual") as found:
        stale, nodes = hunt(found, found, 100)
    assert stale == 100 and nodes == {"node1", "node2"}


def test_a_session_never_misses_its_own_writes(gateway, lagging):
    with cursors(gateway, 1, "session") as found:
        stale, _ = hunt(found, found, PAIRS)
        assert stale == 0


def test_a_session_never_misses_its_own_writes_made_by_functions_and_hidden_in_views(gateway, lagging):
    with cursors(gateway, 1, "session") as found:
        cursor = found[0]
        for sql in itertools.islice(itertools.cycle(["SELECT bump()", "SELECT n FROM bumping"]), PAIRS):
            cursor.execute(sql)
            written = cursor.fetchone()[0]
            assert value_and_node(cursor)[0] >= written


def test_with_global_nobody_misses_what_anybody_was_told_is_written(gateway, lagging):
    with cursors(gateway, 4, "session") as writers, cursors(gateway, 7, "global") as readers:
        stale, _ = hunt(writers, readers, PAIRS)
        assert stale == 0


def written_in_turn(cursor, row, turn):
    """The row's new number, written in one of the ways clients write."""
    update = f"UPDATE fresh SET n = n + 1 WHERE id = {row}"
    ways = ([f"{update} RETURNING n"], [f"SELECT bump_one({row})"], ["BEGIN", update, f"SELECT n FROM fresh WHERE id = {row}", "COMMIT"],
            [f"SELECT 1; {update} RETURNING n"], [f"WITH w AS ({update} RETURNING n) SELECT n FROM w"])
    for sql in ways[turn % len(ways)]:
        cursor.execute(sql)
        if cursor.description:
            written = cursor.fetchone()[0]
    return written


def hunt_of(gateway, number):
    """One of several clients at work at once: stale reads of its own row by its session, by a global one, and by one with a token."""
    row, stale = 100 + number, []
    with cursors(gateway, 1, "session") as (own,), cursors(gateway, 1, "global") as (anyone,), cursors(gateway, 1, "eventual") as (bearer,):
        for turn in range(PAIRS // CLIENTS):
            written = written_in_turn(own, row, turn)
            own.execute("SHOW howdah.lsn")
            bearer.execute("SET howdah.min_lsn = %s", own.fetchone())
            for name, cursor in (("session", own), ("global", anyone), ("token", bearer)):
                cursor.execute(f"SELECT n FROM fresh WHERE id = {row}")
                if cursor.fetchone()[0] != written:
                    stale.append((name, turn))
    return stale


def test_nobody_misses_anything_while_several_clients_write_at_once(gateway, lagging):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        found = list(pool.map(lambda number: hunt_of(gateway, number), range(CLIENTS)))
    assert found == [[]] * CLIENTS


def test_global_reads_use_replicas_again_once_these_have_everything(gateway, cluster):
    wait_for_replicas(cluster)
    with cursors(gateway, 1, "global") as readers:
        write(readers[0])
        pg.wait_until("a replica answers", lambda: value_and_node(readers[0])[1] != "node0")


def test_a_commit_prepared_counts_as_the_write_of_who_ran_it():
    with pg.Cluster(replicas=1, max_prepared_transactions=10) as servers, pg.Howdah(servers, BUILD) as howdah:
        howdah.query("CREATE TABLE t (id int)")
        wait_for_replicas(servers)
        with paused(servers.nodes[1:], servers), contextlib.closing(howdah.connect()) as one, one.cursor() as cursor:
            servers.primary.query("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'", database="app", user="app")
            cursor.execute("COMMIT PREPARED 'p'")
            cursor.execute("SELECT count(*) FROM t")
            assert cursor.fetchone() == (1,)


def test_a_hint_in_a_comment_counts_for_its_statement_alone(gateway, cluster):
    with paused(cluster.nodes[1:], cluster), cursors(gateway, 1, "session") as found:
        cursor = found[0]
        written = write(cursor)
        cursor.execute("/*howdah: read_consistency=eventual*/ SELECT n FROM fresh WHERE id = 1")
        assert cursor.fetchone()[0] < written
        assert value_and_node(cursor) == (written, "node0")


def test_the_startup_packet_can_set_it(gateway):
    with contextlib.closing(gateway.connect(options="-c howdah.read_consistency=eventual")) as one, one.cursor() as cursor:
        cursor.execute("SHOW howdah.read_consistency")
        assert cursor.fetchone() == ("eventual",)
    with pytest.raises(psycopg2.OperationalError, match="invalid value for parameter"):
        gateway.connect(options="-c howdah.read_consistency=often")


def test_a_token_carries_what_one_session_wrote_to_another(gateway, cluster):
    with paused(cluster.nodes[1:], cluster), cursors(gateway, 2, "eventual") as (one, other):
        written = write(one)
        one.execute("SHOW howdah.lsn")
        token = one.fetchone()[0]
        assert value_and_node(other)[0] < written
        other.execute("SET howdah.min_lsn = %s", (token,))
        assert value_and_node(other) == (written, "node0")
        other.execute("SET howdah.min_lsn = ''")
        assert value_and_node(other)[0] < written
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            other.execute("SET howdah.min_lsn = 'soon'")
    with cursors(gateway, 1, "eventual") as (reader,):
        reader.execute("SET howdah.min_lsn = %s", (token,))
        pg.wait_until("a replica answers", lambda: value_and_node(reader)[1] != "node0")
        assert value_and_node(reader)[0] >= written
