"""Logins that a server refuses: whoever needs one hears it at once and in the server's words, a client that comes as one that has
long been there and whose statement needs another server connection. (A server that cannot be reached may be replaced: test_waiting.)"""

import contextlib
import itertools

import pytest

import cluster as pg
import wire
from cluster import PASSWORD, wait_until
from wire import Client

# What is done to {role} and {database}, and what takes it back.
REFUSALS = {
    "another password": ("ALTER ROLE {role} PASSWORD 'another'", f"ALTER ROLE {{role}} PASSWORD '{PASSWORD}'"),
    "no role": ("ALTER ROLE {role} RENAME TO {role}_gone", f"ALTER ROLE {{role}}_gone RENAME TO {{role}}; ALTER ROLE {{role}} PASSWORD '{PASSWORD}'"),
    "no login": ("ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN"),
    "no database": ("ALTER DATABASE {database} RENAME TO {database}_gone", "ALTER DATABASE {database}_gone RENAME TO {database}"),
    "no privilege": ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "GRANT CONNECT ON DATABASE {database} TO PUBLIC"),
    "not now": ("ALTER DATABASE {database} ALLOW_CONNECTIONS false", "ALTER DATABASE {database} ALLOW_CONNECTIONS true"),
    "pg_hba": ("host all {role} 127.0.0.1/32 reject", ""),
    "a full role": ("ALTER ROLE {role} CONNECTION LIMIT 0", "ALTER ROLE {role} CONNECTION LIMIT -1"),
    "a full database": ("ALTER DATABASE {database} CONNECTION LIMIT 0", "ALTER DATABASE {database} CONNECTION LIMIT -1"),
}
ROLES = [f"barred{number}" for number in range(len(REFUSALS))]
number = itertools.count()


@pytest.fixture(scope="module")
def refusing_gateway(cluster, build, tmp_path_factory):
    passwd = "".join(f"{user}:TEXT{PASSWORD}\n" for user in ("app", "howdah", *ROLES))
    with pg.Howdah(cluster, build, directory=tmp_path_factory.mktemp("refusing"), pool_passwd=passwd, load_balance_mode="off") as running:
        yield running


class Refusal:
    """One of them, for a role and a database of its own."""

    def __init__(self, primary, what):
        count = next(number)
        self.primary = primary
        self.names = {"role": f"barred{count}", "database": f"shop{count}"}
        self.orders = [order.format(**self.names) for order in REFUSALS[what]]
        self.hba = primary.data / "pg_hba.conf"
        self.rules = self.hba.read_text()
        primary.query(f"CREATE ROLE {self.names['role']} LOGIN PASSWORD '{PASSWORD}'")
        primary.query(f"CREATE DATABASE {self.names['database']}")

    def login(self, port, stack):
        """The client, or the fields of the error."""
        client = stack.enter_context(Client(port))
        return client.login(user=self.names["role"], database=self.names["database"], password=PASSWORD)

    def direct(self):
        with contextlib.ExitStack() as stack:
            outcome = self.login(self.primary.port, stack)
            return outcome if isinstance(outcome, dict) else None

    def order(self, is_refused):
        order = self.orders[0 if is_refused else 1]
        if order.startswith("host") or not order:
            self.hba.write_text(f"{order}\n{self.rules}")
            order = "SELECT pg_reload_conf()"
        self.end_connections()
        for statement in order.split("; "):
            self.primary.query(statement)
        wait_until("the order counts", lambda: (self.direct() is not None) == is_refused)
        self.end_connections()

    def end_connections(self):
        ours = f"FROM pg_stat_activity WHERE usename = '{self.names['role']}' OR datname LIKE '{self.names['database']}%'"
        wait_until("nobody is connected", lambda: not self.primary.query(f"SELECT pg_terminate_backend(pid) {ours}"))


def same_words(fields):
    return fields["C"], fields["M"]


def error_of(client):
    fields, = [wire.error_fields(body) for tag, body in client.ask(wire.query("SELECT 1"), last=b"E") if tag == b"E"]
    return fields


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refused_login_is_told_at_once_in_the_servers_words(cluster, refusing_gateway, what):
    refusal = Refusal(cluster.primary, what)
    with contextlib.ExitStack() as stack:
        refusal.order(True)
        wanted = refusal.direct()
        late = refusal.login(refusing_gateway.port, stack)
        assert isinstance(late, dict) and late["S"] == "FATAL" and same_words(late) == same_words(wanted)
        refusal.order(False)
        client = None

        def is_in():
            nonlocal client
            client = refusal.login(refusing_gateway.port, stack)
            return isinstance(client, Client)
        wait_until("the client is let in", is_in)
        assert client.rows("SELECT 1") == [["1"]]
        refusal.order(True)
        told = error_of(client)
        assert same_words(told) == same_words(wanted)
        if told["C"] != "53300":
            assert client.is_closed()
            return
        assert told["S"] == "ERROR" and "max_node_connections" in told["H"]
        client.until()
        refusal.order(False)
        wait_until("the same session goes on", lambda: client.tags(wire.query("SELECT 1")) == "TDCZ")
