"""What single databases and users have of their own: pool mode, sizes, numbers of connections and clients, times."""

import contextlib
import signal

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD, wait_until

OWN = {"database_name0": "shop", "database_pool_mode0": "session", "database_pool_size0": 2,
       "database_name1": "till", "database_pool_mode1": "statement", "database_max_client_connections1": 2,
       "user_name7": "howdah", "user_pool_mode7": "transaction", "user_max_client_connections7": 3,
       "default_pool_size": 5, "query_wait_timeout": "1s", "load_balance_mode": "off", "admin_users": "app"}


@pytest.fixture(scope="module")
def databases(cluster):
    for name in ("shop", "till"):
        cluster.primary.query(f"CREATE DATABASE {name} OWNER app")


@pytest.fixture
def own(databases, make_gateway):
    return make_gateway(**OWN)


def console_rows(gateway, report):
    with contextlib.closing(pg.connect(gateway.port, database="pgbouncer")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW {report}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def is_kept(gateway, database, user="app"):
    """Whether a client keeps its server connection when its statement is done."""
    with contextlib.closing(gateway.connect(database=database, user=user)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        pool, = [row for row in console_rows(gateway, "POOLS") if (row["database"], row["user"]) == (database, user)]
        assert pool["pool_mode"] == ("session" if pool["sv_active"] else pool["pool_mode"])
        return pool["sv_active"] == 1


def has_one(cursor):
    with contextlib.suppress(psycopg2.Error):
        cursor.execute("SELECT 1")
        return True


def code_of(action):
    with pytest.raises(psycopg2.Error) as caught:
        action()
    return caught.value.pgcode, str(caught.value)


def test_each_database_and_user_has_its_pool_mode(own):
    assert is_kept(own, "shop")
    assert not is_kept(own, "app")
    assert not is_kept(own, "shop", user="howdah"), "the user's mode goes before the database's"
    code, text = code_of(lambda: own.query("BEGIN", database="till"))
    assert code == "0A000" and "statement" in text
    assert own.query("SELECT 1", database="till") == [(1,)]
    assert own.query("BEGIN; SELECT 1", database="app") == [(1,)]


def test_statement_mode_ends_who_leaves_a_transaction_open_unseen(own):
    """As PgBouncer, which sees them all only then."""
    with wire.Client(own.port) as client:
        client.login(database="till", password=PASSWORD)
        assert client.tags(wire.query("BEGIN; SELECT 1; COMMIT")) == "CTDCCZ"
        assert client.tags(wire.query("ROLLBACK")) == "CZ"  # with a warning: there is no transaction
        assert client.rows("SELECT length('" + "x" * 2_000_000 + "')") == [["2000000"]]  # too long to be looked at
        answers = client.ask(wire.query("BEGIN; SELECT 1"), last=b"E")
        assert wire.error_fields(answers[-1][1])["C"] == "0A000" and client.is_closed()
    assert own.query("SELECT 1", database="till") == [(1,)]


def test_a_database_has_its_pool_size_and_the_hint_names_it(own):
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            held = stack.enter_context(contextlib.closing(own.connect(database="shop")))
            wait_until("it has a server connection", lambda cursor=held.cursor(): has_one(cursor))  # opening it may take too long
        late = stack.enter_context(contextlib.closing(own.connect(database="shop")))
        code, text = code_of(lambda: late.cursor().execute("SELECT 1"))
        assert code == "53300" and "database_pool_size0 = 2" in text


@pytest.mark.parametrize("login, count, words", [
    ({"database": "till"}, 2, 'too many connections for database "till"'),
    ({"user": "howdah"}, 3, 'too many connections for role "howdah"'),
])
def test_a_client_too_many_is_told_which_setting_counts(own, login, count, words):
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(contextlib.closing(own.connect(**login)))
        with pytest.raises(psycopg2.OperationalError, match=words) as caught:
            own.connect(**login)
        assert "max_client_connections" in str(caught.value)
        with pytest.raises(psycopg2.OperationalError, match="password"):
            own.connect(**{**login, "password": "wrong"})  # who is not known learns nothing of it
    wait_until("the places are free again", lambda: own.query("SELECT 1", **login))


def test_the_console_shows_them(own):
    found = {row["name"]: row for row in console_rows(own, "DATABASES")}
    assert [found["shop"][key] for key in ("pool_size", "pool_mode", "max_client_connections")] == [2, "session", 0]
    assert [found["till"][key] for key in ("pool_size", "pool_mode", "max_client_connections")] == [5, "statement", 2]
    user, = [row for row in console_rows(own, "USERS") if row["name"] == "howdah"]
    assert [user[key] for key in ("pool_mode", "pool_size", "max_user_client_connections")] == ["transaction", "", 3]


def test_a_reload_counts_for_who_logs_in_after_it(own):
    with contextlib.closing(own.connect(database="till")) as before:
        own.parameters.update(database_pool_mode1="transaction", user_name7="nobody")
        own.write_files()
        own.process.send_signal(signal.SIGHUP)
        wait_until("the new mode counts", lambda: is_kept(own, "shop", user="howdah"))
        assert code_of(lambda: before.cursor().execute("BEGIN"))[0] == "0A000"
        assert own.query("BEGIN; SELECT 1", database="till") == [(1,)]
