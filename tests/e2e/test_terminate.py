"""pg_terminate_backend and pg_cancel_backend do to a read what they do without Howdah; a server that shuts down is another
matter (test_failover.py)."""

import contextlib

import pytest

import cluster as pg
import wire
from wire import Client

READ = "SELECT count(*) AS looked FROM held"


def readers(cluster):
    """The server processes in which the statement waits."""
    return [pid for node in cluster.nodes
            for pid, in node.query("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%AS looked%' AND usename = 'app'")]


def log_in(port):
    client = Client(port)
    client.login(password=pg.PASSWORD)
    return client


def errors(answers):
    return [(wire.error_fields(body)["S"], wire.error_fields(body)["C"]) for tag, body in answers if tag == b"E"]


@pytest.fixture(scope="module")
def primary_gateway(cluster, build, tmp_path_factory):
    with pg.Howdah(cluster, build, directory=tmp_path_factory.mktemp("primary"), load_balance_mode="off") as running:
        yield running


@pytest.fixture
def held(cluster, primary_gateway):
    """Nobody can read the table meanwhile."""
    cluster.primary.query("CREATE TABLE IF NOT EXISTS held (a int); GRANT ALL ON held TO app", database="app")
    pg.wait_until("it is known to be a table", lambda: ("by its text alone", "a replica may run it") in primary_gateway.query(f"EXPLAIN ROUTE {READ}"))
    with contextlib.closing(pg.connect(cluster.primary.port, database="app")) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE held")
        yield
        connection.rollback()


@pytest.fixture(params=["", "BEGIN"])
def reading(cluster, primary_gateway, held, request):
    """A client whose statement waits, and its server process."""
    with log_in(primary_gateway.port) as client:
        if request.param:
            client.ask(wire.query(request.param))
            client.ask(wire.query("SELECT 1"))
        client.send(wire.query(READ))
        pg.wait_until("the statement waits", lambda: len(readers(cluster)) == 1)
        yield client, readers(cluster)[0], bool(request.param)


def test_a_read_that_an_administrator_ends_does_not_run_again(cluster, reading):
    client, pid, is_in_transaction = reading
    cluster.primary.query(f"SELECT pg_terminate_backend({pid})")
    if is_in_transaction:
        assert errors(client.until()) == [("ERROR", "40001")]
        assert client.tags(wire.query("ROLLBACK")) == "CZ"
    else:
        assert errors([client.read()]) == [("FATAL", "57P01")]
        assert client.is_closed()
    pg.wait_until("nobody reads, nor tries again", lambda: readers(cluster) == [])


def test_a_read_is_cancelled_by_its_process_number(cluster, reading):
    client, pid, is_in_transaction = reading
    cluster.primary.query(f"SELECT pg_cancel_backend({pid})")
    assert errors(client.until()) == [("ERROR", "57014")]
    client.ask(wire.query("ROLLBACK"))
    assert client.rows("SELECT 1") == [["1"]]


def test_the_number_that_pg_backend_pid_tells_is_the_one_to_cancel_by(cluster, primary_gateway, held):
    with log_in(primary_gateway.port) as client, log_in(primary_gateway.port) as other:
        client.ask(wire.query("BEGIN"))
        pid, = client.rows("SELECT pg_backend_pid()")[0]
        client.send(wire.query(READ))
        pg.wait_until("the statement waits", lambda: readers(cluster) == [int(pid)])
        assert other.rows(f"SELECT pg_cancel_backend({pid})") == [["t"]]
        assert errors(client.until()) == [("ERROR", "57014")]
