"""What the operator says about reads: after writes, behind lag, inside transactions. Each server answers with its own name."""

import contextlib

import psycopg2
import pytest

from lag import paused, wait_for_replicas
import cluster as pg

WHO = "current_setting('cluster_name')"
REPLICAS = ("node1", "node2")


@pytest.fixture(scope="module", autouse=True)
def tables(cluster):
    cluster.primary.query("CREATE TABLE t1 (id int); CREATE TABLE t2 (id int); CREATE TABLE dependent (id int); "
                          "CREATE SEQUENCE s; CREATE VIEW hidden AS SELECT nextval('s') AS n; "
                          "INSERT INTO t1 VALUES (1); INSERT INTO t2 VALUES (1); INSERT INTO dependent VALUES (1)",
                          user="app", database="app")
    wait_for_replicas(cluster)


@pytest.fixture
def session(make_gateway):
    """A cursor through a gateway with settings of the test's own."""
    with contextlib.ExitStack() as stack:
        def make(**settings):
            connection = stack.enter_context(contextlib.closing(make_gateway(**settings).connect()))
            return stack.enter_context(connection.cursor())
        yield make


def run(cursor, *statements):
    for sql in statements:
        cursor.execute(sql)


def node(cursor, table="t1"):
    cursor.execute(f"SELECT {WHO} FROM {table} LIMIT 1")
    return cursor.fetchone()[0]


def is_replica(name):
    assert name in (*REPLICAS, "node0")
    return name != "node0"


# The sequence of pgpool's own description: read; INSERT; read; BEGIN READ ONLY; read; a transaction that writes; read; BEGIN READ ONLY; read.
@pytest.mark.parametrize("mode, expected", [
    ("off", [True, True, True, True, True]),
    ("transaction", [True, True, True, True, True]),
    ("trans_transaction", [True, True, True, True, False]),
    ("always", [True, False, False, False, False]),
    ("dml_adaptive", [True, True, True, True, True]),
])
def test_what_becomes_of_reads_after_a_write(session, mode, expected):
    cursor = session(disable_load_balance_on_write=mode, read_consistency="eventual")
    seen = [node(cursor)]
    run(cursor, "INSERT INTO t1 VALUES (1)")
    seen.append(node(cursor))
    run(cursor, "BEGIN READ ONLY")
    seen.append(node(cursor))
    run(cursor, "COMMIT", "BEGIN", "INSERT INTO t1 VALUES (1)")
    assert node(cursor) == node(cursor, "t2") == "node0"  # with the transaction, in every mode
    run(cursor, "COMMIT")
    seen.append(node(cursor))
    run(cursor, "BEGIN READ ONLY")
    seen.append(node(cursor))
    run(cursor, "COMMIT")
    assert [is_replica(name) for name in seen] == expected


def test_dml_adaptive_holds_back_reads_of_what_was_written_and_of_what_depends_on_it(session, cluster):
    cursor = session(disable_load_balance_on_write="dml_adaptive", dml_adaptive_object_relationship_list="t1:dependent")
    with paused(cluster.nodes[1:], cluster):
        assert is_replica(node(cursor))
        run(cursor, "INSERT INTO t1 VALUES (1)")
        assert node(cursor) == node(cursor, "dependent") == node(cursor, "t2 JOIN public.t1 USING (id)") == "node0"
        assert is_replica(node(cursor, "t2"))
        run(cursor, "DO $$ BEGIN INSERT INTO t2 VALUES (1); END $$")


def test_a_lagging_replica_gets_no_reads(session, cluster):
    cursor = session(delay_threshold=1000, read_consistency="eventual")
    with paused(cluster.nodes[1:], cluster):
        cluster.primary.query("INSERT INTO t1 SELECT generate_series(1, 1000)", user="app", database="app")
        pg.wait_until("the primary answers", lambda: node(cursor) == "node0")
    pg.wait_until("a replica answers", lambda: is_replica(node(cursor)))


def test_the_less_delayed_replica_is_taken_if_preferred(session, cluster):
    cursor = session(delay_threshold=1000, read_consistency="eventual", prefer_lower_delay_standby="on",
                     statement_level_load_balance="on", backend_weight2=0)
    pg.wait_until("node1 answers", lambda: node(cursor) == "node1")
    with paused(cluster.nodes[1:2], cluster):
        cluster.primary.query("INSERT INTO t1 SELECT generate_series(1, 1000)", user="app", database="app")
        pg.wait_until("node2 answers", lambda: node(cursor) == "node2")


def test_delay_is_measured_in_time_if_asked(session, cluster):
    cursor = session(delay_threshold_by_time="100ms", read_consistency="eventual")
    with paused(cluster.nodes[1:], cluster):
        def is_seen():
            cluster.primary.query("INSERT INTO t1 VALUES (1)", user="app", database="app")
            return node(cursor) == "node0"
        pg.wait_until("the primary answers", is_seen)


def test_a_primary_that_is_always_one_is_not_asked_for(cluster, session):
    cursor = session(backend_flag0="ALWAYS_PRIMARY")
    run(cursor, "INSERT INTO t1 VALUES (1)")
    pg.wait_until("a replica answers", lambda: is_replica(node(cursor)))


# ---- which node a session reads from

def nodes_of(gateway, sessions=8, reads=8, **startup):
    """For each session the nodes that answered its reads."""
    seen = []
    for _ in range(sessions):
        with contextlib.closing(gateway.connect(**startup)) as connection, connection.cursor() as cursor:
            seen.append({node(cursor) for _ in range(reads)})
    return seen


@pytest.mark.parametrize("weights, statement_level, expected", [
    ((0, 0, 0), "off", {"node0"}), ((0, 0, 3), "off", {"node2"}), ((1, 0, 0), "on", {"node0"}), ((0, 1, 1), "on", set(REPLICAS)),
    ((1, 1, 1), "on", {"node0", *REPLICAS}),
])
def test_reads_are_shared_by_weight(make_gateway, weights, statement_level, expected):
    gateway = make_gateway(statement_level_load_balance=statement_level, **{f"backend_weight{i}": w for i, w in enumerate(weights)})
    assert set.union(*nodes_of(gateway)) == expected


def test_a_session_keeps_its_node_unless_each_statement_has_a_draw_of_its_own(make_gateway):
    gateway = make_gateway()
    seen = nodes_of(gateway, sessions=16)
    assert all(len(nodes) == 1 for nodes in seen) and set.union(*seen) == set(REPLICAS)
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        run(cursor, "PGPOOL SET statement_level_load_balance TO on")
        assert {node(cursor) for _ in range(32)} == set(REPLICAS)


LISTS = {"app_name_redirect_preference_list": "report:1,batch.*:primary", "database_redirect_preference_list": "other:1,AP.:2",
         "user_redirect_preference_list": "app:primary"}


@pytest.mark.parametrize("lists, application_name, expected", [
    (("app_name", "database", "user"), "report", {"node1"}), (("app_name", "database", "user"), "batch-7", {"node0"}),
    (("app_name", "database", "user"), "psql", {"node2"}), (("app_name", "user"), "psql", {"node0"}), (("app_name",), "psql", set(REPLICAS)),
])
def test_the_preference_lists_say_where_a_session_reads(make_gateway, lists, application_name, expected):
    gateway = make_gateway(**{f"{name}_redirect_preference_list": LISTS[f"{name}_redirect_preference_list"] for name in lists})
    assert set.union(*nodes_of(gateway, sessions=16, reads=2, application_name=application_name)) == expected
    with contextlib.closing(gateway.connect(application_name=application_name)) as connection, connection.cursor() as cursor:
        before = node(cursor)
        run(cursor, "SET application_name = 'batch'")
        assert node(cursor) == before  # the name given at login counts


def test_what_a_session_sets_for_itself_counts_for_its_reads(session):
    cursor = session(read_consistency="eventual")
    commented = f"/*NO LOAD BALANCE*/ SELECT {WHO} FROM t1 LIMIT 1"
    run(cursor, commented)
    assert cursor.fetchone() == ("node0",)
    run(cursor, "PGPOOL SET allow_sql_comments TO on", commented)
    assert is_replica(cursor.fetchone()[0])
    run(cursor, "PGPOOL SET disable_load_balance_on_write TO always", "INSERT INTO t1 VALUES (1)")
    assert node(cursor) == "node0"
    run(cursor, "PGPOOL RESET disable_load_balance_on_write")
    assert is_replica(node(cursor))
    run(cursor, "PGPOOL SET load_balance_mode TO off")
    assert node(cursor) == "node0"


def test_the_delay_threshold_may_be_a_session_s_own(session, cluster):
    cursor = session(read_consistency="eventual")
    with paused(cluster.nodes[1:], cluster):
        cluster.primary.query("INSERT INTO t1 SELECT generate_series(1, 1000)", user="app", database="app")
        assert is_replica(node(cursor))
        run(cursor, "PGPOOL SET delay_threshold TO 1000")
        pg.wait_until("the primary answers", lambda: node(cursor) == "node0")


def test_unlogged_tables_that_are_not_looked_for_are_found_by_refusal(session, cluster):
    cluster.primary.query("CREATE UNLOGGED TABLE fleeting AS SELECT 5 AS id", user="app", database="app")
    wait_for_replicas(cluster)
    for check, reason in (("on", "unlogged_table"), ("off", "read")):
        cursor = session(check_unlogged_table=check)

        def told():
            run(cursor, "EXPLAIN ROUTE SELECT id FROM fleeting")
            return dict(cursor.fetchall())["reason"]
        pg.wait_until(f"it is a case of {reason}", lambda: told() == reason)
        run(cursor, "SELECT id FROM fleeting")
        assert cursor.fetchall() == [(5,)]


# ---- load_balance_transactions

def test_transactions_stay_on_the_primary_unless_told_otherwise(session):
    cursor = session()
    run(cursor, "BEGIN")
    assert node(cursor) == "node0"


@pytest.mark.parametrize("then", [
    "INSERT INTO t2 VALUES (5)", "LOCK TABLE t2", "SAVEPOINT a", "SET LOCAL work_mem = '2MB'", "SELECT now()",
    "DECLARE c CURSOR FOR SELECT 1", "SELECT pg_backend_pid()", "SELECT 1 FROM t1 FOR UPDATE", "CREATE TEMP TABLE tt (id int)",
    "SELECT n FROM hidden", "SELECT 1; INSERT INTO t2 VALUES (5)", "SHOW transaction_read_only",
])
def test_a_transaction_moves_to_the_primary_at_its_first_statement_that_is_no_plain_read(session, then):
    cursor = session(load_balance_transactions="on")
    run(cursor, "BEGIN")
    assert is_replica(node(cursor)) and is_replica(node(cursor, "t2"))
    run(cursor, then)
    assert node(cursor) == "node0"
    run(cursor, "INSERT INTO t2 VALUES (99)", "SELECT count(*) FROM t2 WHERE id = 99")
    assert cursor.fetchone() == (1,)
    run(cursor, "ROLLBACK", "SELECT count(*) FROM t2 WHERE id = 99")
    assert cursor.fetchone() == (0,)


def test_a_transaction_that_only_reads_ends_where_it_is(session):
    cursor = session(load_balance_transactions="on")
    for end in ("COMMIT", "ROLLBACK"):
        run(cursor, "BEGIN")
        assert is_replica(node(cursor))
        run(cursor, end)
        assert cursor.statusmessage == end


def test_an_error_fails_the_transaction_wherever_it_is(session):
    cursor = session(load_balance_transactions="on")
    run(cursor, "BEGIN")
    assert is_replica(node(cursor))
    with pytest.raises(psycopg2.errors.DivisionByZero):
        run(cursor, "SELECT 1 / (id - id) FROM t1")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        run(cursor, "INSERT INTO t2 VALUES (7)")
    run(cursor, "COMMIT")
    assert cursor.statusmessage == "ROLLBACK"


def test_transactions_with_one_snapshot_and_global_ones_stay_on_the_primary(session):
    cursor = session(load_balance_transactions="on")
    for begin in ("BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN READ WRITE"):
        run(cursor, begin)
        assert node(cursor) == "node0"
        run(cursor, "COMMIT")
    run(cursor, "SET howdah.read_consistency = global", "BEGIN")
    assert node(cursor) == "node0"
    run(cursor, "COMMIT")


def test_a_session_reads_its_own_writes_at_the_beginning_of_a_transaction(session, cluster):
    cursor = session(load_balance_transactions="on")
    with paused(cluster.nodes[1:], cluster):
        run(cursor, "CREATE TABLE just_made (id int)", "BEGIN", "SELECT * FROM just_made", "COMMIT")
        run(cursor, "DROP TABLE just_made")


def test_set_transaction_read_only_after_begin_goes_to_a_replica(session):
    cursor = session(read_consistency="eventual")  # the INSERT below counts as a write, although it fails
    run(cursor, "BEGIN", "SET TRANSACTION READ ONLY")
    assert cursor.statusmessage == "SET" and is_replica(node(cursor))
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        run(cursor, "INSERT INTO t1 VALUES (1)")
    run(cursor, "ROLLBACK", "BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    assert is_replica(node(cursor))
    run(cursor, "SHOW transaction_isolation")
    assert cursor.fetchone() == ("repeatable read",)
    run(cursor, "COMMIT", "BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "INSERT INTO t1 VALUES (1)")
    assert node(cursor) == "node0"
    run(cursor, "ROLLBACK")
