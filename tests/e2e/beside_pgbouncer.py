"""Debian's pgbouncer and Howdah with the same settings, one after the other, and what their clients do."""

import contextlib
import itertools

import pytest

import wire
from cluster import PASSWORD, wait_until
from debian_pgbouncer import Pgbouncer
from wire import Client

number = itertools.count()


@pytest.fixture
def sides(cluster, make_gateway):
    """Starts the two with the same settings; gives "theirs" or "ours", and the running one."""
    def each(settings):
        wait_until("connections of earlier tests have ended", lambda: not processes(cluster))
        with Pgbouncer.before(cluster, cluster.directory / f"debian{next(number)}", **settings) as theirs:
            yield "theirs", theirs
        wait_until("PgBouncer's connections have ended", lambda: not processes(cluster))
        # PgBouncer's names are understood; what the file of a gateway sets besides must not be set twice.
        ours = {"health_check_period": 60, "load_balance_mode": "off", **settings}
        yield "ours", make_gateway(**ours)
    return each


def processes(cluster):
    """Server connections of the clients' user; not those that a gateway has left to their long statement."""
    return {pid for pid, in cluster.primary.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'app' "
                                                  "AND query NOT LIKE '%pg_sleep(120)%'")}


def let_in(stack, port):
    """A client of a gateway that lets in few: who has gone may not have left yet."""
    def is_in():
        client = stack.enter_context(Client(port))
        return client if client.login(password=PASSWORD) is client else None
    return wait_until("there is a place", is_in)


def entered(stack, port, **login):
    client = stack.enter_context(Client(port))
    outcome = client.login(password=PASSWORD, **login)
    assert outcome is client, outcome
    return client


def end_of(client):
    """The last error that comes, and whether the session goes on after it."""
    fields = {}
    with contextlib.suppress(wire.Closed, ConnectionResetError):
        while True:
            tag, body = client.read()
            if tag == b"E":
                fields = wire.error_fields(body)
            elif tag == b"Z" and fields:
                return fields, True
    return fields, False
