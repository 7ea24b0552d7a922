"""Passwords from PgBouncer's sources: auth_file (userlist.txt), and auth_query asked of a server."""

import contextlib
import struct
import threading

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD
from lag import wait_for_replicas

FILES = f"asker:TEXT{PASSWORD}\nhowdah:TEXT{PASSWORD}\n"
QUERY = {"auth_user": "asker", "pool_passwd": FILES}


def refusal(gateway, **options):
    """(SQLSTATE or text) a client is refused with; psycopg2 tells no SQLSTATE of a failed login."""
    with pytest.raises(psycopg2.OperationalError) as raised:
        gateway.connect(**options).close()
    return str(raised.value)


@pytest.fixture(scope="module", autouse=True)
def roles(cluster):
    primary = cluster.primary
    primary.query(f"CREATE ROLE asker LOGIN PASSWORD '{PASSWORD}'")
    primary.query("GRANT SELECT ON pg_authid TO asker")
    primary.query("SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD 'md5 password'")
    primary.query("CREATE ROLE scrammed LOGIN PASSWORD 'scram password'")
    primary.query("CREATE ROLE expired LOGIN PASSWORD 'scram password' VALID UNTIL '2001-01-01'")
    primary.query("CREATE ROLE nologin NOLOGIN PASSWORD 'scram password'")
    for node in cluster.nodes:
        (node.data / "pg_hba.conf").write_text("host all hashed 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\n"
                                               "host replication all 127.0.0.1/32 scram-sha-256\n")
        node.reload()
    wait_for_replicas(cluster)


@pytest.fixture
def make_asking_gateway(make_gateway):
    def make(method="scram-sha-256", **options):
        return make_gateway(**{**QUERY, "pool_hba": f"host all all 127.0.0.1/32 {method}\n", **options})
    return make


def test_users_are_looked_up_and_their_verifier_passes_on(make_asking_gateway):
    gateway = make_asking_gateway()
    assert gateway.query("SELECT current_user", user="scrammed", password="scram password") == [("scrammed",)]
    assert gateway.query("CREATE TEMP TABLE on_primary (a int); SELECT current_user", user="scrammed",
                         password="scram password") == [("scrammed",)]
    for user, password in (("scrammed", "wrong"), ("expired", "scram password"), ("nologin", "scram password"),
                           ("nobody", "scram password"), ("no\"body'; --", "x"), ("hashed", "md5 password")):
        assert "password authentication failed" in refusal(gateway, user=user, password=password)


def test_md5_hashes_are_looked_up_too(make_asking_gateway):
    gateway = make_asking_gateway("md5")
    assert gateway.query("SELECT current_user", user="hashed", password="md5 password") == [("hashed",)]
    assert gateway.query("SELECT current_user", user="scrammed", password="scram password") == [("scrammed",)]
    assert "password authentication failed" in refusal(gateway, user="hashed", password="wrong")


def test_without_pool_hba_the_looked_up_secret_decides(make_asking_gateway):
    gateway = make_asking_gateway(enable_pool_hba="off")
    assert gateway.query("SELECT current_user", user="hashed", password="md5 password") == [("hashed",)]
    assert gateway.query("SELECT current_user", user="scrammed", password="scram password") == [("scrammed",)]


def test_a_listed_user_is_not_looked_up(make_asking_gateway):
    gateway = make_asking_gateway(pool_passwd=FILES + "scrammed:TEXTanother\n")
    assert "password authentication failed" in refusal(gateway, user="scrammed", password="scram password")


def test_a_changed_password_counts_after_one_failed_login(cluster, make_asking_gateway):
    cluster.primary.query("CREATE ROLE changing LOGIN PASSWORD 'before'")
    wait_for_replicas(cluster)
    gateway = make_asking_gateway(auth_cache_lifetime=3600, worker_threads=1)
    assert gateway.query("SELECT 1", user="changing", password="before") == [(1,)]
    cluster.primary.query("ALTER ROLE changing PASSWORD 'after'")
    wait_for_replicas(cluster)
    refusal(gateway, user="changing", password="after")
    assert gateway.query("SELECT current_user", user="changing", password="after") == [("changing",)]
    assert "password authentication failed" in refusal(gateway, user="changing", password="before")


def test_answers_are_asked_for_once_in_their_lifetime(cluster, make_asking_gateway):
    cluster.primary.query("CREATE TABLE IF NOT EXISTS asked (who text)", database="app")
    cluster.primary.query("""CREATE OR REPLACE FUNCTION lookup(who text, OUT name text, OUT secret text) LANGUAGE plpgsql
        SECURITY DEFINER AS $$ BEGIN
            INSERT INTO asked VALUES (who || ' ' || current_setting('search_path') || ' ' || session_user);
            SELECT rolname, rolpassword INTO name, secret FROM pg_authid WHERE rolname = who; END $$""", database="app")
    gateway = make_asking_gateway(auth_query="SELECT name, secret FROM public.lookup($1)", auth_dbname="app", worker_threads=1)
    for _ in range(3):
        # Nothing of this client's reaches the question, in which it has shown nothing yet.
        gateway.query("SELECT 1", user="scrammed", password="scram password", options="-c search_path=evil")
    assert cluster.primary.query("SELECT who FROM asked WHERE who LIKE 'scrammed%'", database="app") == [('scrammed "$user", public asker',)]


def test_a_slow_answer_delays_only_those_who_wait_for_it(cluster, make_asking_gateway):
    cluster.primary.query("""CREATE OR REPLACE FUNCTION slow(who text, OUT name text, OUT secret text) LANGUAGE plpgsql
        SECURITY DEFINER AS $$ BEGIN PERFORM pg_advisory_lock(4711); PERFORM pg_advisory_unlock(4711);
            SELECT rolname, rolpassword INTO name, secret FROM pg_authid WHERE rolname = who; END $$""", database="app")
    gateway = make_asking_gateway(auth_query="SELECT name, secret FROM public.slow($1)", auth_dbname="app", worker_threads=1,
                                  pool_passwd=FILES + f"app:TEXT{PASSWORD}\n")
    results = []
    with contextlib.closing(pg.connect(cluster.primary.port, user="postgres", database="app")) as holder:
        holder.cursor().execute("SELECT pg_advisory_lock(4711)")
        waiting = threading.Thread(target=lambda: results.append(
            gateway.query("SELECT current_user", user="scrammed", password="scram password")))
        waiting.start()
        pg.wait_until("the question is asked", lambda: cluster.primary.query(
            "SELECT 1 FROM pg_stat_activity WHERE usename = 'asker' AND wait_event = 'advisory'"))
        assert gateway.query("SELECT current_user") == [("app",)]
        assert not results
    waiting.join()
    assert results == [[("scrammed",)]]


def test_a_failing_question_lets_nobody_in_and_says_why_in_the_log_only(make_asking_gateway):
    gateway = make_asking_gateway(auth_query="SELECT secret FROM no_such_table WHERE name = $1",
                                  pool_passwd=FILES + f"app:TEXT{PASSWORD}\n")
    text = refusal(gateway, user="scrammed", password="scram password")
    assert "could not be looked up" in text and "no_such_table" not in text
    assert "no_such_table" in gateway.tail()


def test_the_question_survives_a_lost_connection(cluster, make_asking_gateway):
    gateway = make_asking_gateway(auth_cache_lifetime=0, worker_threads=1)
    for _ in range(2):
        assert gateway.query("SELECT 1", user="scrammed", password="scram password") == [(1,)]
        cluster.primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'asker'")


def test_userlist_is_a_source_of_passwords_beside_pool_passwd(make_gateway, tmp_path):
    users = tmp_path / "userlist.txt"
    users.write_text(f'; users of PgBouncer\n"app" "{PASSWORD}" and more\n"howdah" "not this one"\n')
    users.chmod(0o600)
    gateway = make_gateway(pool_passwd=f"howdah:TEXT{PASSWORD}\n", auth_file=users)
    assert gateway.query("SELECT current_user") == [("app",)]
    assert gateway.query("SELECT current_user", user="howdah") == [("howdah",)]


def test_a_database_may_have_somebody_else_ask(cluster, make_asking_gateway):
    cluster.primary.query(f"CREATE ROLE tenant_asker LOGIN PASSWORD '{PASSWORD}'")
    cluster.primary.query("CREATE DATABASE tenant")
    cluster.primary.query("""CREATE FUNCTION lookup_tenant(who text, OUT name text, OUT secret text) LANGUAGE sql SECURITY DEFINER
        AS $$ SELECT rolname::text, rolpassword FROM pg_authid WHERE rolname = who AND who = 'scrammed' $$""", database="tenant")
    wait_for_replicas(cluster)
    gateway = make_asking_gateway(pool_passwd=FILES + f"tenant_asker:TEXT{PASSWORD}\n", database_name0="tenant", database_auth_user0="tenant_asker",
                                  database_auth_query0="SELECT name, secret FROM public.lookup_tenant($1)", database_auth_dbname0="tenant")
    for database in ("tenant", "app"):
        assert gateway.query("SELECT current_user", user="scrammed", password="scram password", database=database) == [("scrammed",)]
    assert "password authentication failed" in refusal(gateway, user="tenant_asker2", password="x", database="tenant")
    askers = {name for name, in cluster.primary.query("SELECT usename FROM pg_stat_activity WHERE application_name = 'howdah'")}
    assert {"asker", "tenant_asker"} <= askers


def test_nothing_that_is_said_before_the_password_steers_the_question(cluster, make_asking_gateway):
    """A function of the client's own in a schema of its own never runs, and names are names whatever is in them."""
    for statement in ("CREATE SCHEMA IF NOT EXISTS evil AUTHORIZATION scrammed", "DROP TABLE IF EXISTS evil.pg_authid",
                      "CREATE TABLE evil.pg_authid AS SELECT 'scrammed'::name rolname, 'guessed' rolpassword, NULL::timestamptz rolvaliduntil, "
                      "true rolcanlogin", "GRANT ALL ON SCHEMA evil TO public; GRANT ALL ON evil.pg_authid TO public"):
        cluster.primary.query(statement, database="postgres")
    gateway = make_asking_gateway(auth_cache_lifetime=0)
    steering = [{"options": "-c search_path=evil"}, {"search_path": "evil,pg_catalog"}, {"role": "asker"}, {"session_authorization": "postgres"},
                {"options": "-c role=postgres"}, {"client_encoding": "LATIN1"}, {"standard_conforming_strings": "off"}, {"auth_dbname": "app"},
                {"application_name": "'; DROP TABLE evil.pg_authid; --"}, {"database": "postgres"}, {"howdah.read_consistency": "eventual"}]
    for parameters in steering:
        with wire.Client(gateway.port) as client:
            outcome = client.login(**{"user": "scrammed", "password": "guessed", **parameters})
            assert outcome is not client and outcome["C"] == "28P01", parameters
    strange = ["scrammed'--", "scrammed\" OR 1=1", "$1", "scrammed\\", "scrammed\n", "scrammed ", "SCRAMMED", "s%", "s" * 5000, "\u00fc" * 40, "scrammed\x01"]
    for name in strange:
        with wire.Client(gateway.port) as client:
            outcome = client.login(user=name, password="scram password")
            assert outcome is not client and outcome["C"] == "28P01", name
    for raw, expected in ((b"user\0scrammed\0user\0nobody\0database\0app\0\0", b"28P01"),  # the last one counts, for everything
                          (b"user\0\xff\xfe\0database\0app\0\0", b"28P01"), (b"user\0\0database\0app\0\0", b"28000")):
        with wire.Client(gateway.port) as client:
            client.send(struct.pack("!ii", len(raw) + 8, wire.PROTOCOL_3_0) + raw)
            outcome = client.finish_login("scrammed", "scram password")
            assert outcome is not client and outcome["C"].encode() == expected, raw
    assert gateway.query("SELECT current_user", user="scrammed", password="scram password") == [("scrammed",)]


def test_valid_until_counts_from_the_moment_it_has_passed(cluster, make_asking_gateway):
    """Also for who has got in before and has a server connection in the pool."""
    cluster.primary.query("CREATE ROLE fleeting LOGIN PASSWORD 'soon over' VALID UNTIL 'infinity'")
    wait_for_replicas(cluster)
    gateway = make_asking_gateway(auth_cache_lifetime=0)
    assert gateway.query("SELECT current_user", user="fleeting", password="soon over") == [("fleeting",)]
    cluster.primary.query("ALTER ROLE fleeting VALID UNTIL '2001-01-01'")
    wait_for_replicas(cluster)
    assert "password authentication failed" in refusal(gateway, user="fleeting", password="soon over")
    cluster.primary.query("ALTER ROLE fleeting VALID UNTIL 'infinity' NOLOGIN")
    wait_for_replicas(cluster)
    assert "password authentication failed" in refusal(gateway, user="fleeting", password="soon over")


@pytest.mark.parametrize("query", ["SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1 UNION ALL SELECT 'app', 'md5x'",
                                   "SELECT $1, NULL", "SELECT rolname, NULL FROM pg_authid WHERE rolname = $1",
                                   "SELECT rolname, '' FROM pg_authid WHERE rolname = $1",
                                   "SELECT rolname FROM pg_authid WHERE rolname = $1", "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1 AND false"],
                         ids=["several rows", "null", "null password", "empty password", "one column", "no row"])
def test_what_an_auth_query_may_answer(make_asking_gateway, query):
    """The first row counts; whoever has no password there is refused, also with an empty one."""
    gateway = make_asking_gateway(auth_query=query.replace("'", "''"), pool_passwd=FILES + f"app:TEXT{PASSWORD}\n")
    if "UNION" in query:
        assert gateway.query("SELECT current_user", user="scrammed", password="scram password") == [("scrammed",)]
        return
    for password in ("scram password", "", "md5x"):
        text = refusal(gateway, user="scrammed", password=password)
        assert "password authentication failed" in text or "could not be looked up" in text or "no password" in text
