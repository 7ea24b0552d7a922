"""Commands Howdah answers itself: PGPOOL SET and RESET, and what it answers in the middle of other statements."""

import contextlib

import psycopg2
import pytest

import cluster as pg

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
