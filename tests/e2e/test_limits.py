"""Every limit and every time limit of PgBouncer's: Debian's pgbouncer and Howdah with the same settings, side by side. The same
clients are let go on, refused or ended; what differs on purpose (better SQLSTATEs, a session that survives) stands in the table."""

import contextlib
import signal
import time

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD, wait_until
from debian_pgbouncer import Pgbouncer
from beside_pgbouncer import end_of, entered, let_in, processes, sides  # noqa: F401  (sides is a fixture)
from wire import Client


def is_answered(port):
    with contextlib.suppress(psycopg2.OperationalError):
        return pg.query(port, "SELECT 1") == [(1,)]


# ---- what clients do

def wait_for_a_connection(stack, port, first=None, second=None):
    wait_until("there is a server connection", lambda: is_answered(port))  # opening one may take long
    holder, waiter = entered(stack, port, **first or {}), entered(stack, port, **second or {})
    holder.ask(wire.query("BEGIN"))
    holder.ask(wire.query("SELECT 1"))
    waiter.send(wire.query("SELECT 2"))
    fields, goes_on = end_of(waiter)
    with contextlib.suppress(wire.Closed, ConnectionResetError):  # PgBouncer's query_timeout ends who idles in a transaction, too
        holder.ask(wire.query("COMMIT"))
    if goes_on:
        assert waiter.rows("SELECT 3") == [["3"]]
    return fields, goes_on


def wait_as_another_user(stack, port):
    return wait_for_a_connection(stack, port, {"user": "app"}, {"user": "howdah"})


def wait_in_another_database(stack, port):
    return wait_for_a_connection(stack, port, {"database": "app"}, {"database": "postgres"})


def run_long(stack, port):
    client = entered(stack, port)
    client.send(wire.query("SELECT pg_sleep(120)"))
    return end_of(client)


def idle(stack, port):
    client = entered(stack, port)
    client.ask(wire.query("SELECT 1"))
    return end_of(client)


def idle_in_transaction(stack, port):
    client = entered(stack, port)
    client.ask(wire.query("BEGIN"))
    client.ask(wire.query("SELECT 1"))
    return end_of(client)


def begin_to_log_in(stack, port):
    client = stack.enter_context(Client(port))
    client.send(wire.startup(user="app", database="app"))
    return end_of(client)


def send_nothing(stack, port):
    return end_of(stack.enter_context(Client(port)))


def come_in_as_the_third(stack, port):
    for _ in range(2):
        let_in(stack, port)
    return stack.enter_context(Client(port)).login(password=PASSWORD), False


WAIT = {"query_wait_timeout": 1}
# Settings, what is done, PgBouncer's message, our SQLSTATE, a word of our message or hint, whether our session goes on. PgBouncer's
# never does.
CASES = [
    ({"default_pool_size": 1, **WAIT}, wait_for_a_connection, "query_wait_timeout", "53300", "default_pool_size = 1", True),
    ({"max_db_connections": 1, **WAIT}, wait_as_another_user, "query_wait_timeout", "53300", "max_db_connections = 1", True),
    ({"max_user_connections": 1, **WAIT}, wait_in_another_database, "query_wait_timeout", "53300", "max_user_connections = 1", True),
    ({"default_pool_size": 1, "query_timeout": 1}, wait_for_a_connection, "query_timeout", "57014", "query timeout", False),
    ({"query_timeout": 1}, run_long, "query timeout", "57014", "query timeout", False),
    ({"idle_transaction_timeout": 1}, idle_in_transaction, "idle transaction timeout", "25P03", "idle-in-transaction", False),
    ({"client_idle_timeout": 1}, idle, "client_idle_timeout", "57P05", "idle timeout", False),
    ({"client_login_timeout": 1}, begin_to_log_in, "client_login_timeout", "57014", "authentication", False),
    ({"client_login_timeout": 1}, send_nothing, "client_login_timeout", "57014", "authentication", False),
    ({"max_client_conn": 2}, come_in_as_the_third, "no more connections allowed (max_client_conn)", "53300", "max_client_conn = 2", False),
]


@pytest.mark.parametrize("settings, play, theirs, code, words, goes_on", CASES,
                         ids=[f"{next(iter(case[0]))}-{case[1].__name__}" for case in CASES])
def test_the_same_clients_are_ended(sides, settings, play, theirs, code, words, goes_on):
    for side, running in sides(settings):
        port = running.port
        with contextlib.ExitStack() as stack:
            fields, survived = play(stack, port)
        if side == "theirs":
            assert (fields["M"], survived) == (theirs, False)
        else:
            assert (fields["C"], survived) == (code, goes_on), fields
            assert words in fields["M"] + fields.get("H", ""), fields
        if play is not begin_to_log_in and play is not send_nothing:
            wait_until("others go on", lambda: is_answered(port))


def test_a_transaction_that_lasts_too_long_is_ended_with_its_client(make_gateway):  # newer than Debian's pgbouncer
    gateway = make_gateway(transaction_timeout=1, load_balance_mode="off")
    with Client(gateway.port) as client:
        client.login(password=PASSWORD)
        client.ask(wire.query("BEGIN"))
        fields = {}
        while not fields:  # busy all the time
            client.send(wire.query("SELECT pg_sleep(0.02)"))
            for tag, body in iter(client.read, None):
                if tag == b"E":
                    fields = wire.error_fields(body)
                if tag in b"EZ":
                    break
        assert fields["C"] == "25P04"
        assert client.is_closed()


# ---- server connections

def test_server_connections_end_with_their_lifetime(sides, cluster):
    for _, running in sides({"server_lifetime": 1}):
        pid, = pg.query(running.port, "SELECT pg_backend_pid()")[0]
        wait_until("the connection is closed", lambda: pid not in processes(cluster))


def test_a_size_lowered_by_a_reload_closes_what_is_free_beyond_it(cluster, make_gateway):
    def use_many(port):
        with contextlib.ExitStack() as stack:
            clients = [entered(stack, port) for _ in range(5)]
            for client in clients:
                client.ask(wire.query("BEGIN"))
                client.ask(wire.query("SELECT 1"))
            wait_until("each has one", lambda: len(processes(cluster)) == 5)
            for client in clients:
                client.ask(wire.query("COMMIT"))
    with Pgbouncer.before(cluster, cluster.directory / "debian-reload", default_pool_size=5) as theirs:
        use_many(theirs.port)
        ini = theirs.directory / "pgbouncer.ini"
        ini.write_text(ini.read_text().replace("default_pool_size = 5", "default_pool_size = 2"))
        theirs.process.send_signal(signal.SIGHUP)
        wait_until("what is beyond it is closed", lambda: len(processes(cluster)) <= 2)
    wait_until("PgBouncer's are gone", lambda: not processes(cluster))
    gateway = make_gateway(default_pool_size=5, load_balance_mode="off")
    use_many(gateway.port)
    gateway.parameters.update(default_pool_size=2)
    gateway.write_files()
    gateway.process.send_signal(signal.SIGHUP)
    wait_until("what is beyond it is closed", lambda: len(processes(cluster)) == 2)
    assert gateway.query("SELECT 1") == [(1,)] and len(processes(cluster)) == 2


def test_server_connections_end_when_nobody_uses_them(sides, cluster):
    for _, running in sides({"server_idle_timeout": 1}):
        pg.query(running.port, "SELECT 1")
        wait_until("the connection is closed", lambda: not processes(cluster))


def test_the_minimum_is_opened_for_a_client_that_does_nothing_and_stays_open(sides, cluster):
    for _, running in sides({"min_pool_size": 3, "default_pool_size": 4, "server_idle_timeout": 1}):
        with contextlib.ExitStack() as stack:
            entered(stack, running.port).ask(wire.query("SELECT 1"))
            wait_until("the minimum is open", lambda: len(processes(cluster)) == 3)
            kept, begin = processes(cluster), time.monotonic()
            while time.monotonic() < begin + 2.5:  # beyond the idle timeout
                assert len(processes(cluster)) >= 3
            assert kept & processes(cluster)


def test_the_reserve_opens_for_who_has_waited(sides, cluster):
    for _, running in sides({"default_pool_size": 1, "reserve_pool_size": 1, "reserve_pool_timeout": 1}):
        with contextlib.ExitStack() as stack:
            holder, waiter = entered(stack, running.port), entered(stack, running.port)
            holder.ask(wire.query("BEGIN"))
            holder.ask(wire.query("SELECT 1"))
            assert waiter.rows("SELECT 2") == [["2"]]
            assert len(processes(cluster)) == 2


def test_a_login_that_has_failed_is_tried_again_soon_whatever_server_login_retry_is(sides, cluster):
    """PgBouncer's clients wait for it to be over."""
    for side, running in sides({"server_login_retry": 60}):
        port = running.port
        database = f"late_{side}"
        cluster.primary.query(f"CREATE DATABASE {database} ALLOW_CONNECTIONS false")
        with Client(port) as client:
            assert "not currently accepting connections" in client.login(database=database, password=PASSWORD)["M"]
        cluster.primary.query(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

        def is_let_in():
            with Client(port, timeout=3) as client, contextlib.suppress(TimeoutError):
                return client.login(database=database, password=PASSWORD) is client
        if side == "theirs":
            assert not is_let_in()
        else:
            wait_until("the database lets in", is_let_in)


@pytest.mark.parametrize("wait", [{"primary_wait_timeout": 0}, {"backend_clustering_mode": "raw", "primary_wait_timeout": 0}],
                         ids=["streaming", "raw"])
def test_a_server_that_refuses_connections_is_told_at_once(own_cluster, build, wait):
    """PgBouncer's clients wait for query_wait_timeout. Here whoever wants no waiting for another primary has none."""
    with pg.Howdah(own_cluster, build, failover_mode="none", **wait) as gateway, Client(gateway.port) as client:
        client.login(password=PASSWORD)
        assert client.rows("CREATE TEMP TABLE here (a int); SELECT 1") == [["1"]]
        for node in own_cluster.nodes:
            node.stop("immediate")
        with contextlib.suppress(wire.Closed):
            client.ask(wire.query("SELECT 2"))
        with Client(gateway.port) as late:  # whose socket gives up in the end
            outcome = late.login(password=PASSWORD)
            fields = outcome if outcome is not late else wire.error_fields(late.ask(wire.query("UPDATE t SET a = 1"))[0][1])
            assert fields["C"] in ("57P03", "08006"), fields
