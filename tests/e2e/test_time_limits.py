"""The times of PgBouncer that test_limits.py does not play, and a table of all of them in which none may be missing."""

import contextlib
import os
import re
import signal
import threading
import time

import pytest

import cluster as pg
import wire
from cluster import wait_until
from debian_pgbouncer import Pgbouncer
from one_server import cluster  # noqa: F401  (a fixture)
from beside_pgbouncer import end_of, entered, sides  # noqa: F401  (sides is a fixture)

# PgBouncer's name, and the test that plays it; or why there is nothing to play.
TIMES = {
    "autodb_idle_timeout": "nothing is kept for databases that nobody uses",
    "cancel_wait_timeout": "test_a_cancel_request_that_is_not_delivered_in_time_hits_nobody",
    "client_idle_timeout": "test_limits.py: idle",
    "client_login_timeout": "test_limits.py: begin_to_log_in, send_nothing",
    "idle_transaction_timeout": "test_limits.py: idle_in_transaction",
    "query_timeout": "test_limits.py: run_long, wait_for_a_connection",
    "query_wait_notify": "test_who_waits_is_told_so_once",
    "query_wait_timeout": "test_limits.py: wait_for_a_connection",
    "reserve_pool_timeout": "test_limits.py: test_the_reserve_opens_for_who_has_waited",
    "server_check_delay": "test_a_connection_that_nobody_used_is_asked_before_it_is_lent",
    "server_connect_timeout": "test_a_server_that_takes_connections_and_does_not_answer_is_given_up",
    "server_idle_timeout": "test_limits.py: test_server_connections_end_when_nobody_uses_them",
    "server_lifetime": "test_limits.py: test_server_connections_end_with_their_lifetime",
    "server_login_retry": "test_limits.py: test_a_login_that_has_failed_is_tried_again_soon_whatever_server_login_retry_is",
    "suspend_timeout": "test_suspend_does_not_wait_for_who_does_not_read",
    "tcp_user_timeout": "the kernel's",
    "transaction_timeout": "test_limits.py: test_a_transaction_that_lasts_too_long_is_ended_with_its_client",
}


def config_of(port):
    return {row[0]: row[1] for row in pg.query(port, "SHOW CONFIG", database="pgbouncer")}


def test_no_time_is_missing(cluster, make_gateway):
    gateway = make_gateway(admin_users="app")
    ours = config_of(gateway.port)
    with Pgbouncer.before(cluster, cluster.directory / "debian-times") as theirs:
        known = {key for key in {**ours, **config_of(theirs.port)} if re.search("timeout|lifetime|_delay|_retry|_notify", key)}
    assert known == set(TIMES)
    for name in set(TIMES) - {"client_login_timeout"}:  # which changes at a restart only
        with contextlib.closing(pg.connect(gateway.port, database="pgbouncer")) as console, console.cursor() as cursor:
            cursor.execute(f"SET {name} = 7")
            has_effect = not console.notices
        assert has_effect == (name != "autodb_idle_timeout"), name
        assert config_of(gateway.port)[name] == ("7" if has_effect else ours[name])


# ---- clients that wait

def test_who_waits_is_told_so_once(make_gateway):  # newer than Debian's pgbouncer
    gateway = make_gateway(default_pool_size=1, query_wait_notify="0.2", query_wait_timeout=2, load_balance_mode="off")
    with contextlib.ExitStack() as stack:
        holder, waiter = entered(stack, gateway.port), entered(stack, gateway.port)
        holder.ask(wire.query("BEGIN"))
        holder.ask(wire.query("SELECT 1"))

        def told_in(answers):
            return [wire.error_fields(body) for tag, body in answers if tag == b"N"]
        refused = waiter.ask(wire.query("SELECT 2"))
        assert [tag for tag, _ in refused] == [b"N", b"E", b"Z"]
        for sql in ("SELECT 3", "SELECT 4"):  # once for each wait
            waiter.send(wire.query(sql))
            tag, body = waiter.read()
            assert tag == b"N"
            holder.ask(wire.query("COMMIT"))
            answers = [(tag, body), *waiter.until()]
            assert [tag for tag, _ in answers] == [b"N", b"T", b"D", b"C", b"Z"]
            notice, = told_in(answers)
            assert (notice["S"], notice["C"]) == ("NOTICE", "00000")
            assert notice["M"] == "No server connection available in postgres backend, client being queued"
            holder.ask(wire.query("BEGIN"))
            holder.ask(wire.query("SELECT 1"))
        # Behind answers that were there already, also in the extended protocol.
        holder.ask(wire.query("COMMIT"))
        waiter.ask(wire.parse("SELECT 5", "five"), wire.SYNC)
        holder.ask(wire.query("BEGIN"))
        holder.ask(wire.query("SELECT 1"))
        waiter.send(wire.bind(statement="five"), wire.execute(), wire.SYNC)
        assert waiter.read()[0] == b"N"
        holder.ask(wire.query("COMMIT"))
        assert [tag for tag, _ in waiter.until()] == [b"2", b"D", b"C", b"Z"]
        assert not told_in(waiter.ask(wire.query("SELECT 6")))


# ---- servers that do not answer

@contextlib.contextmanager
def new_connections_hang(node):
    """The kernel takes them and nobody answers; those that are there go on."""
    os.kill(node.pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid(), signal.SIGCONT)


def test_a_server_that_takes_connections_and_does_not_answer_is_given_up(sides, cluster):
    for side, running in sides({"server_connect_timeout": 1, "query_wait_timeout": 3, "server_login_retry": 1}):
        with contextlib.ExitStack() as stack:
            client = entered(stack, running.port, user="postgres", database="postgres")
            log = running.directory / ("pgbouncer.log" if side == "theirs" else "howdah.log")
            with new_connections_hang(cluster.primary):
                if side == "theirs":  # who waits for the first connection waits for query_wait_timeout
                    fields, goes_on = enter_late(stack, running.port)
                    assert fields["M"] == "query_wait_timeout" and not goes_on
                    assert "connect timeout" in log.read_text() or "connect failed" in log.read_text()
                else:  # and here is told as soon as the server is given up
                    fields, goes_on = enter_late(stack, running.port)
                    assert fields["C"] in ("08006", "57P03") and not goes_on, fields
                    assert "timed out" in log.read_text()
            assert client.rows("SELECT 1") == [["1"]]


def enter_late(stack, port):
    client = stack.enter_context(wire.Client(port))
    client.send(wire.startup(user="app", database="app"))
    outcome = client.finish_login("app", pg.PASSWORD)
    assert outcome is not client
    return outcome, False


def test_a_cancel_request_that_is_not_delivered_in_time_hits_nobody(make_gateway, cluster):  # newer than Debian's pgbouncer
    gateway = make_gateway(default_pool_size=1, cancel_wait_timeout=1, load_balance_mode="off", health_check_period=60)
    with contextlib.ExitStack() as stack:
        watcher = entered(stack, cluster.primary.port, user="postgres", database="postgres")  # while others can still come in
        first, second = entered(stack, gateway.port), entered(stack, gateway.port)
        pid, = first.rows("SELECT pg_backend_pid()")
        with new_connections_hang(cluster.primary):
            first.send(wire.query("SELECT pg_sleep(3)"))
            wait_until("it runs", lambda: "pg_sleep" in running_query(watcher, pid))
            begin = time.monotonic()
            wire.cancel(gateway.port, first.key)
            assert time.monotonic() - begin < 50, "the client waits no longer than that for its cancel request"
            wait_until("it is told", lambda: "cancel request given up" in gateway.log.read_text())
            assert [tag for tag, _ in first.until()] == [b"T", b"D", b"C", b"Z"]
            # The request may still be lying before the server, so nobody else may get that connection.
            second.send(wire.query("SELECT pg_backend_pid()"))
            wait_until("it is closed", lambda: not running_query(watcher, pid))
        assert wire.row_values(dict(second.until())[b"D"]) != pid


def running_query(watcher, pid):
    """What a server process runs; "" if it is gone."""
    return "".join(query for query, in watcher.rows(f"SELECT query FROM pg_stat_activity WHERE pid = {pid[0]}"))


# ---- server connections that nobody used

def test_a_connection_that_nobody_used_is_asked_before_it_is_lent(sides, cluster):
    cluster.primary.query("CREATE TABLE IF NOT EXISTS checks (a int); GRANT ALL ON checks TO app", database="app")
    for _, running in sides({"server_check_query": "INSERT INTO checks VALUES (1)", "server_check_delay": 3, "default_pool_size": 1}):
        with contextlib.ExitStack() as stack:
            client = entered(stack, running.port)
            pid = client.rows("SELECT pg_backend_pid()")
            cluster.primary.query("TRUNCATE checks", database="app")
            for _ in range(20):
                client.ask(wire.query("SELECT 1"))
            assert asked(cluster) == 0
            wait_until("it has lain about", lambda: lain_about(cluster, pid[0]) > 3.5)
            assert client.rows("SELECT pg_backend_pid()") == pid
            assert asked(cluster) == 1


def asked(cluster):
    return cluster.primary.query("SELECT count(*) FROM checks", database="app")[0][0]


def lain_about(cluster, pid):
    return cluster.primary.query(f"SELECT extract(epoch FROM now() - state_change)::float FROM pg_stat_activity WHERE pid = {pid[0]}")[0][0]


@pytest.mark.parametrize("query", ["<empty>", "SELECT 1"])
def test_one_that_does_not_survive_its_check_is_replaced_unseen(make_gateway, cluster, query):
    gateway = make_gateway(server_check_query=query, server_check_delay=0, default_pool_size=2, load_balance_mode="off")
    with contextlib.ExitStack() as stack:
        client = entered(stack, gateway.port)
        for _ in range(5):
            pid, = client.rows("SELECT pg_backend_pid()")
            assert client.rows("SELECT pg_backend_pid()") == [pid]
            cluster.primary.query(f"SELECT pg_terminate_backend({pid[0]})")
            assert client.rows("SELECT 1") == [["1"]]


# ---- SUSPEND

def is_blocked(cluster):
    return bool(cluster.primary.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND usename = 'app'"))


def test_suspend_does_not_wait_for_who_does_not_read(sides, cluster):
    for side, running in sides({"suspend_timeout": 1, "admin_users": "app"}):
        with contextlib.ExitStack() as stack:
            deaf, other = entered(stack, running.port), entered(stack, running.port)
            assert other.rows("SELECT 1") == [["1"]]
            deaf.send(wire.query("SELECT repeat('x', 1000000) FROM generate_series(1, 100)"))
            assert deaf.read()[0] == b"T"
            wait_until("all buffers on the way are full", lambda: [is_blocked(cluster) for _ in range(3)] == [True] * 3)
            answered = []
            console = pg.connect(running.port, database="pgbouncer")
            stack.callback(console.close)

            def suspend():
                with console.cursor() as cursor:
                    cursor.execute("SUSPEND")
                    answered.append(cursor.statusmessage)
            asking = threading.Thread(target=suspend)
            asking.start()
            asking.join(60)
            assert answered == ["SUSPEND"], side
            with console.cursor() as cursor:
                cursor.execute("RESUME")
            assert not end_of(deaf)[1], side
            assert other.rows("SELECT 1") == [["1"]]
