"""Commands Howdah answers itself: PGPOOL SET and RESET, and what it answers in the middle of other statements."""

import contextlib

import psycopg2
import pytest

import cluster as pg
import wire

WHO = "SELECT current_setting('cluster_name')"


@pytest.fixture
def cursor(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        yield cursor


def one(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchone()[0]


def test_pgpool_set_is_for_this_session_only(gateway, cursor):
    assert one(cursor, WHO) in ("node1", "node2")
    cursor.execute("PGPOOL SET load_balance_mode TO off")
    assert cursor.statusmessage == "SET"
    assert one(cursor, WHO) == "node0"
    assert one(cursor, "PGPOOL SHOW load_balance_mode") == "off"
    cursor.execute("EXPLAIN ROUTE SELECT 1")
    assert ("reason", "load_balance_off") in cursor.fetchall()
    with contextlib.closing(gateway.connect()) as other, other.cursor() as others:
        assert one(others, "PGPOOL SHOW load_balance_mode") == "on"
        assert one(others, WHO) in ("node1", "node2")
    cursor.execute("PGPOOL RESET load_balance_mode")
    assert cursor.statusmessage == "SET"
    assert one(cursor, WHO) in ("node1", "node2")


def test_pgpool_reset_all_takes_everything_back(cursor):
    cursor.execute("PGPOOL SET client_idle_limit = '5min'; PGPOOL SET allow_sql_comments TO on; SELECT 1")
    assert one(cursor, "PGPOOL SHOW client_idle_limit") == "5min"
    assert one(cursor, "PGPOOL SHOW allow_sql_comments") == "on"
    cursor.execute("PGPOOL RESET ALL")
    assert cursor.statusmessage == "RESET"
    assert one(cursor, "PGPOOL SHOW client_idle_limit") == "0"
    assert one(cursor, "PGPOOL SHOW allow_sql_comments") == "off"


@pytest.mark.parametrize("command, sqlstate", [
    ("PGPOOL SET nope TO 1", "42704"),
    ("PGPOOL SET port TO 1", "55P02"),
    ("PGPOOL SET client_idle_limit TO abc", "22023"),
    ("PGPOOL RESET port", "55P02"),
])
def test_what_a_session_may_not_set_is_an_error(cursor, command, sqlstate):
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(command)
    assert refused.value.pgcode == sqlstate
    assert one(cursor, "SELECT 1") == 1


def test_client_idle_limit_of_one_session_ends_that_session(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("PGPOOL SET client_idle_limit TO 1")
        pg.wait_until("the idle client is sent away",
                      lambda: gateway.query("SHOW POOL_PROCESSES") and is_ended(connection))


def is_ended(connection):
    import select
    return bool(select.select([connection], [], [], 0)[0])


def test_commands_in_one_batch_with_statements_are_answered_in_their_place(gateway):
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        run = [wire.bind(), wire.execute()]
        batch = [wire.parse("SELECT 1"), *run, wire.parse("SHOW POOL_VERSION"), *run, wire.parse("SELECT 2"), *run, wire.SYNC]
        assert client.tags(*batch) == "12DC12DC12DCZ"
        failing = [wire.parse("CREATE TABLE undone (id int)"), *run, wire.parse("PGPOOL SET nope TO 1"), *run,
                   wire.parse("SELECT 2"), *run, wire.SYNC]
        assert client.tags(*failing) == "12C12EZ"
        assert client.tags(wire.query("SELECT * FROM undone")) == "EZ"
        skipped = [wire.parse("SELECT 1 / (random() * 0)::int"), *run, wire.parse("PGPOOL SET load_balance_mode TO off"), *run, wire.SYNC]
        assert client.tags(*skipped) == "12EZ"
        rows = [wire.row_values(body) for tag, body in client.ask(wire.query("PGPOOL SHOW load_balance_mode")) if tag == b"D"]
        assert rows == [["on"]]


@pytest.mark.parametrize("undo", [
    [wire.close(b"S", "a")],
    [wire.parse("DEALLOCATE a"), wire.bind(), wire.execute()],
    [wire.parse("DEALLOCATE ALL"), wire.bind(), wire.execute()],
])
@pytest.mark.parametrize("use", [wire.bind(statement="a"), wire.describe(b"S", "a")])
def test_a_batch_that_has_undone_its_own_command_gets_26000_and_disturbs_nobody(gateway, undo, use):
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        assert client.tags(wire.parse("SHOW POOL_VERSION", "a"), wire.SYNC) == "1Z"
        answers = client.ask(*undo, use, wire.execute(), wire.SYNC)
        errors = [wire.error_fields(body) for tag, body in answers if tag == b"E"]
        assert [(fields["C"], fields["M"]) for fields in errors] == [("26000", 'prepared statement "a" does not exist')]
        assert client.rows("SELECT 1") == [["1"]]


def test_a_query_ends_a_batch_of_commands_that_had_no_sync(gateway):
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        run = [wire.bind(), wire.execute()]
        assert client.tags(wire.parse("SHOW POOL_VERSION"), *run, wire.query("SELECT 1")) == "12DCTDCZ"
        assert client.tags(wire.parse("SELECT 2"), *run, wire.SYNC) == "12DCZ"


def test_explain_route_of_a_statement_with_parameters(gateway):
    with wire.Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        answers = client.ask(wire.parse("EXPLAIN ROUTE SELECT relname FROM pg_class WHERE oid = $1 AND relname = $2", "e"),
                             wire.describe(b"S", "e"), wire.bind(statement="e"), wire.execute(), wire.SYNC)
        count = [int.from_bytes(body[:2], "big") for tag, body in answers if tag == b"t"]
        assert count == [2]
        rows = dict(wire.row_values(body) for tag, body in answers if tag == b"D")
        assert rows["reason"] == "system_catalog" and rows["because"] == "pg_class"
        client.ask(wire.parse("SELECT random()", "carried"), wire.SYNC)
        rows = dict(wire.row_values(body) for tag, body in client.ask(wire.query("EXPLAIN ROUTE EXECUTE carried"))
                    if tag == b"D")
        assert rows["reason"] == "volatile_function" and rows["because"] == "random"


def test_statements_and_reasons_are_counted(gateway, cursor):
    cursor.execute("PGPOOL RESET STATEMENTS")
    assert cursor.statusmessage == "RESET"
    for number in range(5):
        cursor.execute("SELECT %s + 1 AS counted", (number,))
    with pytest.raises(psycopg2.Error):
        cursor.execute("SELECT 1 / 0 AS failing")
    rows = table(cursor, "SHOW POOL_STATEMENTS")
    counted = next(row for row in rows if row["statement"] == "SELECT ? + ? AS counted")
    assert (counted["calls"], counted["rows"], counted["errors"], counted["reason"]) == ("5", "5", "0", "read")
    assert sum(int(part.split(":")[1]) for part in counted["nodes"].split()) == 5
    assert float(counted["p99_ms"]) >= float(counted["mean_ms"]) > 0
    failing = next(row for row in rows if row["statement"] == "SELECT ? / ? AS failing")
    assert (failing["calls"], failing["errors"]) == ("1", "1")
    reasons = {row["reason"]: int(row["statements"]) for row in table(cursor, "SHOW POOL_ROUTING")}
    assert reasons["read"] >= 6


def table(cursor, sql):
    cursor.execute(sql)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
