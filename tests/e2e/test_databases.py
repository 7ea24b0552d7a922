"""Databases are dropped, renamed and copied through Howdah although its pools have connections to them; what was made a moment ago
can be used; who logs in after roles and defaults have changed is what they say now."""

import contextlib

import psycopg2
import pytest

import cluster as pg
import scenes
import wire


@contextlib.contextmanager
def idle_clients(gateway, database, count=6):
    """Clients of all workers whose server connections lie in the pools."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(gateway.connect(user="postgres", database=database))) for _ in range(count)]
        for client in clients:
            with client.cursor() as cursor:
                cursor.execute("SELECT 1")
        yield clients


def connections(node, database):
    return node.query(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND usename = 'postgres'")[0][0]


def administer(gateway, sql, is_extended=False):
    with contextlib.closing(scenes.Actor(gateway.port, user="postgres", database="postgres")) as actor:
        parts = [*scenes.run(sql), wire.SYNC] if is_extended else [wire.query(sql)]
        answers = actor.ask(scenes.Request(parts, []))
        assert [body for tag, body in answers if tag == b"E"] == []


@pytest.mark.parametrize("is_extended", [False, True])
@pytest.mark.parametrize("statement, undo", [
    ("DROP DATABASE shop", "CREATE DATABASE shop"),
    ('DROP DATABASE IF EXISTS "shop"', "CREATE DATABASE shop"),
    ("ALTER DATABASE shop RENAME TO store", "ALTER DATABASE store RENAME TO shop"),
    ("CREATE DATABASE copy TEMPLATE shop", "DROP DATABASE copy"),
])
def test_idle_server_connections_do_not_stand_in_the_way(cluster, gateway, statement, undo, is_extended):
    if not cluster.primary.query("SELECT 1 FROM pg_database WHERE datname = 'shop'"):
        administer(gateway, "CREATE DATABASE shop")
    pg.wait_until("the replicas have it", lambda: all(
        node.query("SELECT 1 FROM pg_database WHERE datname = 'shop'") for node in cluster.nodes[1:]))
    with idle_clients(gateway, "shop") as clients:
        assert sum(connections(node, "shop") for node in cluster.nodes) > 0
        administer(gateway, statement, is_extended)
        administer(gateway, undo, is_extended)
        for client in clients:
            with client.cursor() as cursor:
                cursor.execute("SELECT current_database()")
                assert cursor.fetchone() == ("shop",)


@pytest.mark.parametrize("name", ["shop", "boutique"])
def test_server_connections_for_other_names_of_a_database_do_not_stand_in_the_way(cluster, make_gateway, name):
    gateway = make_gateway(database_name0="boutique", database_dbname0="shop", database_name1='the "other"', database_dbname1="shop")
    if not cluster.primary.query("SELECT 1 FROM pg_database WHERE datname = 'shop'"):
        administer(gateway, "CREATE DATABASE shop")
    with idle_clients(gateway, name), idle_clients(gateway, 'the "other"') as clients:
        administer(gateway, "ALTER DATABASE shop RENAME TO store")
        administer(gateway, "ALTER DATABASE store RENAME TO shop")
        for client in clients:
            with client.cursor() as cursor:
                cursor.execute("SELECT current_database()")
                assert cursor.fetchone() == ("shop",)


def test_a_database_made_a_moment_ago_can_be_used(gateway):
    with pytest.raises(psycopg2.OperationalError, match='database "fresh" does not exist'):
        gateway.connect(user="postgres", database="fresh").close()
    administer(gateway, "CREATE DATABASE fresh")

    def can_be_used():
        with contextlib.suppress(psycopg2.OperationalError):
            return gateway.query("SELECT current_database()", user="postgres", database="fresh") == [("fresh",)]
    pg.wait_until("the new database answers", can_be_used)
    with contextlib.closing(gateway.connect(user="postgres", database="fresh")) as client, client.cursor() as cursor:
        for _ in range(20):  # also while standbys do not have it yet
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    administer(gateway, "DROP DATABASE fresh")


def test_a_connect_query_runs_once_on_each_server_connection(cluster, make_gateway):
    """An error in it is passed over."""
    cluster.primary.query("CREATE TABLE connects (pid int); GRANT ALL ON connects TO PUBLIC", database="app")
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off",
                           database_name0="app", database_connect_query0="INSERT INTO connects VALUES (pg_backend_pid())",
                           database_name1="postgres", database_connect_query1="SELECT 1/0")
    for _ in range(3):
        assert gateway.query("SELECT pid = pg_backend_pid() FROM connects") == [(True,)]
    assert gateway.query("SELECT 1", user="postgres", database="postgres") == [(1,)]
    cluster.primary.query("DROP TABLE connects", database="app")


def told_at_once(gateway, begin, sql, count=6):
    """What clients are told who log in now and hold a server connection each at the same time."""
    with contextlib.ExitStack() as stack:
        told = set()
        for _ in range(count):
            cursor = stack.enter_context(contextlib.closing(gateway.connect())).cursor()
            cursor.execute(begin)
            cursor.execute(sql)
            told.add(cursor.fetchone()[0])
        return told


ON_PRIMARY = ("BEGIN", "/*NO LOAD BALANCE*/ SHOW work_mem")
ON_REPLICAS = ("BEGIN READ ONLY", "SHOW work_mem")


@pytest.mark.parametrize("is_extended", [False, True])
@pytest.mark.parametrize("whose", ["ROLE app", "DATABASE app", "ROLE app IN DATABASE app"])
def test_new_defaults_hold_for_all_who_log_in_later(gateway, whose, is_extended):
    for settings in (ON_PRIMARY, ON_REPLICAS):
        assert told_at_once(gateway, *settings) == {"4MB"}
    administer(gateway, f"ALTER {whose} SET work_mem = '7MB'", is_extended)
    assert told_at_once(gateway, *ON_PRIMARY) == {"7MB"}
    pg.wait_until("connections to the replicas are new ones", lambda: told_at_once(gateway, *ON_REPLICAS) == {"7MB"})
    administer(gateway, f"BEGIN; ALTER {whose} RESET work_mem; COMMIT")
    assert told_at_once(gateway, *ON_PRIMARY) == {"4MB"}
    pg.wait_until("connections to the replicas are new ones", lambda: told_at_once(gateway, *ON_REPLICAS) == {"4MB"})


def test_a_role_that_is_made_anew_is_another_and_has_another_password(make_gateway):
    gateway = make_gateway(auth_user="postgres")
    for password in ("one", "two"):
        administer(gateway, f"CREATE ROLE guest LOGIN PASSWORD '{password}'")
        for sql in ("SELECT current_user", "/*NO LOAD BALANCE*/ SELECT current_user"):
            assert gateway.query(sql, user="guest", database="postgres", password=password) == [("guest",)]
        administer(gateway, "DROP ROLE guest")
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        gateway.connect(user="guest", database="postgres", password="two").close()
