"""What functions, views and tables do, told by the catalog of real servers."""

import contextlib

import psycopg2
import pytest

import cluster as pg

WHO = "current_setting('cluster_name')"

OBJECTS = """
CREATE TABLE plain (id serial PRIMARY KEY, a int);
INSERT INTO plain (a) VALUES (1), (2);
CREATE TABLE log (what text);
CREATE FUNCTION reads() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('cluster_name') FROM plain LIMIT 1 $$;
CREATE FUNCTION reads_plpgsql() RETURNS text LANGUAGE plpgsql AS $$
  DECLARE who text; n int; BEGIN
    SELECT count(*) INTO n FROM plain; IF n > 0 THEN who := current_setting('cluster_name'); END IF; RETURN who;
  END $$;
CREATE FUNCTION reads_nested() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN reads(); END $$;
CREATE FUNCTION reads_atomic() RETURNS text BEGIN ATOMIC SELECT reads_nested(); END;
CREATE FUNCTION audits() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('x'); RETURN current_setting('cluster_name'); END $$;
CREATE FUNCTION audits_nested() RETURNS text LANGUAGE sql AS $$ SELECT audits() $$;
CREATE FUNCTION locks() RETURNS text LANGUAGE sql AS $$ SELECT pg_advisory_lock(1); SELECT current_setting('cluster_name') $$;
CREATE FUNCTION dynamic(what text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE what INTO r; RETURN r; END $$;
CREATE PROCEDURE notes() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('y'); COMMIT; END $$;
CREATE VIEW names AS SELECT current_setting('cluster_name') AS who, a FROM plain;
CREATE VIEW auditing AS SELECT audits() AS who;
CREATE VIEW locking AS SELECT current_setting('cluster_name') AS who FROM plain LIMIT 1 FOR UPDATE;
CREATE VIEW activity AS SELECT current_setting('cluster_name') AS who FROM pg_stat_activity LIMIT 1;
CREATE UNLOGGED TABLE fast AS SELECT 1 AS a;
CREATE SCHEMA one; CREATE SCHEMA two;
CREATE TABLE one.thing (a int); INSERT INTO one.thing VALUES (1);
CREATE VIEW two.thing AS SELECT audits() AS a;
"""


def settle(gateway, cluster, sql="SELECT current_setting('cluster_name') FROM plain LIMIT 1"):
    """Waits until the replicas have everything and the catalog has been read again."""
    position = cluster.primary.query("SELECT pg_current_wal_lsn()")[0][0]
    for node in cluster.nodes[1:]:
        pg.wait_until("replicas replay", lambda n=node: n.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")[0][0])
    pg.wait_until("reads go to a replica", lambda: gateway.query(sql)[0][0] != "node0")


@pytest.fixture(scope="module", autouse=True)
def objects(cluster, gateway):
    gateway.query(OBJECTS)
    settle(gateway, cluster)


def explain(gateway, sql):
    return dict(gateway.query("EXPLAIN ROUTE " + sql))


def is_pinned(gateway, sql):
    """Whether a session that has run it keeps its server connection."""
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return explain_in(cursor, "SELECT 1")["session is pinned"] != "no"


def explain_in(cursor, sql):
    cursor.execute("EXPLAIN ROUTE " + sql)
    return dict(cursor.fetchall())


@pytest.mark.parametrize("sql", [
    "SELECT reads()", "SELECT reads_plpgsql()", "SELECT reads_nested()", "SELECT reads_atomic()", "SELECT who FROM names LIMIT 1",
    f"SELECT {WHO} FROM plain LIMIT 1", f"SELECT {WHO} FROM one.thing", "WITH thing AS (SELECT reads()) SELECT * FROM thing AS x",
])
def test_what_only_reads_goes_to_a_replica(gateway, sql):
    if sql.startswith("WITH thing"):
        sql = sql.replace("thing", "unheard_of")
    assert gateway.query(sql)[0][0] != "node0", explain(gateway, sql)


@pytest.mark.parametrize("sql, reason", [
    ("SELECT audits()", "write"), ("SELECT audits_nested()", "write"), ("SELECT who FROM auditing", "write"),
    ("SELECT who FROM locking", "locks_rows"), ("SELECT who FROM activity", "node_local_relation"),
    (f"SELECT {WHO}, a FROM fast", "unlogged_table"), (f"SELECT {WHO}, last_value FROM plain_id_seq", "sequence_value"),
    (f"SELECT {WHO}, a FROM two.thing", "write"), ("SELECT dynamic('SELECT 1')", "unknown_function"),
])
def test_what_does_more_goes_to_the_primary(gateway, sql, reason):
    assert explain(gateway, sql)["reason"] == reason
    answer = gateway.query(sql)[0][0]
    assert answer == "node0" or "dynamic" in sql


def test_the_reason_names_the_way(gateway):
    assert explain(gateway, "SELECT * FROM auditing")["because"] == "auditing > public.audits > insert"


def test_search_path_makes_no_difference_to_safety(gateway, cluster):
    settle(gateway, cluster)
    with contextlib.closing(gateway.connect(options="-c search_path=two")) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.UndefinedFunction):
            cursor.execute("SELECT reads()")
        cursor.execute("SET search_path = one")
        cursor.execute("SELECT a FROM thing")
        assert cursor.fetchall() == [(1,)]
        assert explain_in(cursor, "SELECT a FROM thing")["reason"] in ("write", "pinned")


@pytest.mark.parametrize("sql, is_kept", [
    ("SELECT reads()", False), ("SELECT audits()", False), ("CALL notes()", False), ("SELECT * FROM auditing", False),
    ("SELECT locks()", True), ("SELECT dynamic('SELECT 1')", True),
])
def test_only_what_needs_it_pins(gateway, sql, is_kept):
    assert is_pinned(gateway, sql) == is_kept


def test_a_user_function_may_have_the_name_of_a_built_in(gateway, cluster):
    gateway.query("CREATE FUNCTION upper(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN audits(); END $$")
    settle(gateway, cluster)
    assert explain(gateway, "SELECT upper(1)")["reason"] == "write"
    assert gateway.query("SELECT upper(1)") == [("node0",)]
    gateway.query("DROP FUNCTION upper(int)")
    settle(gateway, cluster, f"SELECT {WHO}, upper('a')")


def test_ddl_counts_for_every_client_before_it_is_answered(gateway):
    with contextlib.closing(gateway.connect()) as first, contextlib.closing(gateway.connect()) as second:
        with first.cursor() as one, second.cursor() as two:
            for number in range(40):
                one.execute(f"CREATE OR REPLACE FUNCTION flips() RETURNS text LANGUAGE sql AS $$ SELECT {WHO}"
                            + (" FROM pg_advisory_xact_lock(7)" if number % 2 else "") + " $$")
                two.execute("SELECT flips()")
                if number % 2:
                    assert two.fetchone()[0] == "node0"
                explained = explain_in(two, "SELECT flips()")
                assert explained["reason"] != "read" or number % 2 == 0
                one.execute(f"CREATE OR REPLACE VIEW shown AS SELECT {WHO} AS who"
                            + (", pg_is_in_recovery() AS r" if number % 2 else ", false AS r"))
                two.execute("EXPLAIN ROUTE SELECT who FROM shown")
                explained = dict(two.fetchall())
                assert explained["reason"] != "read" or number % 2 == 0


def test_ddl_in_a_transaction_counts_when_it_is_committed(gateway, cluster):
    gateway.query(f"CREATE FUNCTION later() RETURNS text LANGUAGE sql AS $$ SELECT {WHO} FROM plain LIMIT 1 $$")
    settle(gateway, cluster, "SELECT later()")
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("CREATE OR REPLACE FUNCTION later() RETURNS text LANGUAGE sql AS $$ SELECT audits() $$")
        assert explain(gateway, "SELECT later()")["reason"] == "read"
        cursor.execute("COMMIT")
        assert explain(gateway, "SELECT later()")["reason"] != "read"
    pg.wait_until("it is read again", lambda: explain(gateway, "SELECT later()")["reason"] == "write")


def test_ddl_in_a_do_block_counts_at_once(gateway, cluster):
    settle(gateway, cluster)
    gateway.query("DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW names AS SELECT current_setting(''cluster_name'') AS who, "
                  "pg_backend_pid() AS a FROM plain'; END $$")
    assert explain(gateway, "SELECT a FROM names")["reason"] != "read"
    gateway.query("DROP VIEW names; CREATE VIEW names AS SELECT current_setting('cluster_name') AS who, a FROM plain")


def test_a_prepared_statement_is_judged_anew(gateway, cluster):
    import wire
    gateway.query(f"CREATE OR REPLACE FUNCTION turns() RETURNS text LANGUAGE sql AS $$ SELECT {WHO} FROM plain LIMIT 1 $$")
    settle(gateway, cluster, "SELECT turns()")
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        client.ask(wire.parse("SELECT turns()", "t"), wire.SYNC)

        def run():
            return [wire.row_values(body) for tag, body in
                    client.ask(wire.bind(statement="t"), wire.execute(), wire.SYNC) if tag == b"D"][0][0]
        assert run() != "node0"
        gateway.query("CREATE OR REPLACE FUNCTION turns() RETURNS text LANGUAGE sql AS $$ SELECT audits() $$")
        assert run() == "node0"
        assert run() == "node0"


def test_temporary_tables_are_no_change_for_others(gateway, cluster):
    settle(gateway, cluster)
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE plain (own int)")
        cursor.execute("SELECT count(*) FROM plain")
        assert cursor.fetchone()[0] == 0
        assert explain(gateway, "SELECT * FROM plain")["reason"] == "read"


def test_ddl_behind_its_back_is_noticed(make_gateway, cluster):
    howdah = make_gateway(relcache_expire=1)
    settle(howdah, cluster)
    cluster.primary.query(f"CREATE FUNCTION behind() RETURNS text LANGUAGE sql AS $$ SELECT {WHO} FROM plain LIMIT 1 $$",
                          database="app")
    pg.wait_until("a new function is found when it is asked for", lambda: explain(howdah, "SELECT behind()")["reason"] == "read")
    cluster.primary.query("CREATE OR REPLACE FUNCTION behind() RETURNS text LANGUAGE sql AS $$ SELECT audits() $$", database="app")
    pg.wait_until("a changed one by age", lambda: explain(howdah, "SELECT behind()")["reason"] == "write")


def test_foreign_tables_are_the_primary_s_unless_told_otherwise(gateway, make_gateway, cluster):
    try:
        cluster.primary.query("CREATE EXTENSION postgres_fdw", database="app")
    except psycopg2.Error as error:
        pytest.skip(str(error))
    cluster.primary.query("CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE far_table (a int) SERVER far;"
                          "GRANT SELECT ON far_table TO app", database="app")
    pg.wait_until("it is known", lambda: explain(gateway, "SELECT * FROM far_table")["reason"] == "foreign_table")
    howdah = make_gateway(load_balance_foreign_tables="on")
    howdah.query("SELECT 1")
    pg.wait_until("it is allowed", lambda: explain(howdah, "SELECT * FROM far_table")["reason"] == "read")


def test_without_the_right_to_connect_it_is_as_careful_as_it_can_be(gateway, make_gateway, cluster):
    cluster.primary.query("CREATE ROLE blind LOGIN PASSWORD '%s'; GRANT pg_monitor TO blind" % pg.PASSWORD)
    cluster.primary.query("REVOKE CONNECT ON DATABASE app FROM PUBLIC; GRANT CONNECT ON DATABASE app TO app")
    try:
        howdah = make_gateway(sr_check_user="blind")
        howdah.query("SELECT 1")
        pg.wait_until("it says why", lambda: "cannot be read" in explain(howdah, "SELECT reads()")["catalog"])
        assert explain(howdah, "SELECT reads()")["reason"] == "unknown_function"
        assert explain(howdah, "SELECT * FROM plain")["reason"] == "read"
    finally:
        cluster.primary.query("GRANT CONNECT ON DATABASE app TO PUBLIC")


def test_a_database_can_be_dropped_while_its_catalog_is_watched(gateway, cluster):
    cluster.primary.query("CREATE DATABASE watched OWNER app")
    with contextlib.closing(gateway.connect(database="watched")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int)")
        cursor.execute("EXPLAIN ROUTE SELECT * FROM t")
        cursor.execute("SELECT pg_backend_pid()")
    cluster.primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'watched' AND usename = 'app'")
    cluster.primary.query("DROP DATABASE watched")
