"""Limits and turns over several workers: whoever came first is served first, and no worker has more than its share of the whole."""

import contextlib
import threading
import time

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import wait_until
from one_server import cluster  # noqa: F401  (a fixture)
from beside_pgbouncer import entered

WORKERS = {"worker_threads": 3, "load_balance_mode": "off", "admin_users": "app"}


@contextlib.contextmanager
def watched(gateway):
    """How many wait, asked over one connection."""
    with contextlib.closing(gateway.connect(database="pgbouncer")) as console, console.cursor() as cursor:
        def waiting():
            cursor.execute("SHOW POOLS")
            place = [column[0] for column in cursor.description].index("cl_waiting")
            return sum(row[place] for row in cursor.fetchall())
        yield waiting


def processes(cluster):
    return cluster.primary.query("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename IN ('app', 'other')"
                                 " AND application_name <> 'howdah'")[0][0]


@pytest.fixture(scope="module", autouse=True)
def other(cluster):
    cluster.primary.query(f"CREATE ROLE other LOGIN PASSWORD '{pg.PASSWORD}'")
    cluster.primary.query("CREATE TABLE turns AS SELECT 0 AS number; GRANT ALL ON turns TO public", database="app")


PASSWD = "".join(f"{user}:TEXT{pg.PASSWORD}\n" for user in ("app", "other", "howdah", "postgres"))


def test_who_came_first_is_served_first_whichever_worker_it_is_with(make_gateway):
    gateway = make_gateway(default_pool_size=1, **WORKERS)
    with contextlib.ExitStack() as stack:
        waiting = stack.enter_context(watched(gateway))
        holder = entered(stack, gateway.port)
        waiters = [entered(stack, gateway.port) for _ in range(6)]
        for _ in range(2):
            holder.ask(wire.query("BEGIN"))
            holder.ask(wire.query("SELECT 1"))
            for number, waiter in enumerate(waiters, start=1):
                waiter.send(wire.query("UPDATE turns SET number = number + 1 RETURNING number"))
                wait_until("it waits", lambda n=number: waiting() == n, interval=0.01)
                time.sleep(0.02)  # who comes within 5 ms of another is not worth moving a connection for
            holder.ask(wire.query("COMMIT"))
            turns = []
            for waiter in waiters:
                answers = dict(waiter.until())
                turns.append(int(wire.row_values(answers[b"D"])[0]))
            assert turns == sorted(turns)


LIMITS = [
    ({"default_pool_size": 2}, [("app", "app")], 2),
    ({"max_db_connections": 3}, [("app", "app"), ("other", "app")], 3),
    ({"max_user_connections": 3}, [("app", "app"), ("app", "postgres")], 3),
    ({"user_name0": "app", "user_pool_size0": 1, "default_pool_size": 7}, [("app", "app")], 1),
    ({"database_name0": "app", "database_max_connections0": 2, "max_db_connections": 50}, [("app", "app"), ("other", "app")], 2),
    ({"user_name0": "app", "user_max_connections0": 2, "max_user_connections": 50}, [("app", "app"), ("app", "postgres")], 2),
    ({"max_node_connections": 4}, [("app", "app"), ("other", "app"), ("app", "postgres")], 4),
]


@pytest.mark.parametrize("settings, logins, most", LIMITS, ids=[" ".join(case[0]) for case in LIMITS])
def test_a_limit_is_one_for_all_workers(cluster, make_gateway, settings, logins, most):
    """Nobody waits in vain, and a client of each kind gets its turn."""
    gateway = make_gateway(pool_passwd=PASSWD, query_wait_timeout=60, **settings, **WORKERS)
    stop, errors, served = threading.Event(), [], dict.fromkeys(logins, 0)

    def hammer(login):
        user, database = login
        try:
            with contextlib.closing(gateway.connect(user=user, database=database)) as connection, connection.cursor() as cursor:
                while not stop.is_set():
                    cursor.execute("SELECT pg_sleep(0.01)")
                    served[login] += 1
        except psycopg2.Error as error:
            errors.append(error)
    threads = [threading.Thread(target=hammer, args=(login,)) for login in logins for _ in range(12 // len(logins))]
    for thread in threads:
        thread.start()
    try:
        seen, end = set(), time.monotonic() + 90
        while not (max(seen, default=0) >= most and min(served.values()) >= 20) and time.monotonic() < end:
            seen.add(processes(cluster))
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not errors, errors
    assert max(seen) == most and min(served.values()) >= 20, (seen, served)


@pytest.mark.parametrize("settings, hint", [
    ({"user_name0": "app", "user_pool_size0": 1}, "user_pool_size0 = 1"),
    ({"database_name0": "app", "database_pool_size0": 1}, "database_pool_size0 = 1"),
    ({"database_name0": "app", "database_max_connections0": 1}, "database_max_connections0 = 1"),
    ({"user_name0": "app", "user_max_connections0": 1}, "user_max_connections0 = 1"),
    ({"max_node_connections": 1}, "max_node_connections = 1"),
    ({"database_name0": "*", "database_pool_size0": 1}, "database_pool_size0 = 1"),
    # A user's own goes before the database's, and that before the one for all.
    ({"user_name0": "app", "user_pool_size0": 1, "database_name0": "app", "database_pool_size0": 5}, "user_pool_size0 = 1"),
])
def test_who_waits_too_long_reads_which_setting_it_was_and_goes_on(make_gateway, settings, hint):
    own = "user_query_wait_timeout0" if "user_name0" in settings else "query_wait_timeout"
    gateway = make_gateway(**{"query_wait_timeout": 60, **WORKERS, **settings, own: "0.3"})
    with contextlib.ExitStack() as stack:
        holder, waiter = entered(stack, gateway.port), entered(stack, gateway.port)
        holder.ask(wire.query("BEGIN"))
        holder.ask(wire.query("SELECT 1"))
        for parts in ([wire.query("SELECT 2")], [wire.parse("SELECT 2"), wire.bind(), wire.execute(), wire.SYNC]):
            answers = waiter.ask(*parts)
            fields = wire.error_fields(dict(answers)[b"E"])
            assert fields["C"] == "53300" and fields["S"] == "ERROR" and hint in fields["H"], fields
        holder.ask(wire.query("COMMIT"))
        assert waiter.rows("SELECT 3") == [["3"]]


def test_the_minimum_is_one_for_all_workers(cluster, make_gateway):
    gateway = make_gateway(min_pool_size=3, server_idle_timeout=1, default_pool_size=10, database_name0="app", database_min_pool_size0=4, **WORKERS)
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            entered(stack, gateway.port)
        wait_until("what is beyond the minimum is closed, and what is missing open", lambda: processes(cluster) == 4)
        end = time.monotonic() + 2.5  # a pool below its minimum asks every second, and beyond it closes after one
        while time.monotonic() < end:
            assert processes(cluster) == 4


def test_the_reserve_is_for_who_has_waited_and_goes_no_further(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=1, reserve_pool_size=1, reserve_pool_timeout="0.2", query_wait_timeout=60, **WORKERS)
    with contextlib.ExitStack() as stack:
        waiting = stack.enter_context(watched(gateway))
        holders = [entered(stack, gateway.port) for _ in range(2)]
        waiters = [entered(stack, gateway.port) for _ in range(3)]
        for holder in holders:  # the second on the reserve
            holder.ask(wire.query("BEGIN"))
            holder.ask(wire.query("SELECT 1"))
        for waiter in waiters:
            waiter.send(wire.query("SELECT pg_sleep(0)"))
        wait_until("they wait", lambda: waiting() == 3 and processes(cluster) == 2)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            assert processes(cluster) == 2 and waiting() == 3
        holders[0].ask(wire.query("COMMIT"))
        for waiter in waiters:
            assert b"D" in dict(waiter.until())
