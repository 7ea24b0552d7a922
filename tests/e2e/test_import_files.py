"""Files as PgBouncer's users have them (pgbouncer_ini/): what `howdah --import` makes of them starts, and means the same: Debian's
pgbouncer with the file and Howdah with the imported ones, side by side."""

import contextlib
import pathlib
import shutil

import psycopg2
import pytest

import cluster as pg
from certificates import Authority
from cluster import PASSWORD
from debian_pgbouncer import Pgbouncer, give_to_servers_user
from one_server import cluster  # noqa: F401  (a fixture)
from test_import import Imported, convert

FILES = pathlib.Path(__file__).parent / "pgbouncer_ini"
RULES = "host all stranger 127.0.0.1/32 reject\nhost all asker 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module", autouse=True)
def roles(cluster):
    primary = cluster.primary
    primary.query(f"CREATE ROLE asker LOGIN PASSWORD '{PASSWORD}'")
    for role in ("impatient", "stranger", "listed"):
        primary.query(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    primary.query(f"CREATE ROLE expired LOGIN PASSWORD '{PASSWORD}' VALID UNTIL '2001-01-01'")
    for database in ("app", "postgres"):
        primary.query("""CREATE FUNCTION public.user_search(who text) RETURNS TABLE (usename name, passwd text) LANGUAGE sql SECURITY DEFINER AS $$
            SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid WHERE rolname = who AND rolcanlogin $$""",
                      database=database)
    primary.query("CREATE SCHEMA shop; CREATE TABLE shop.goods AS SELECT 1 AS id; CREATE TABLE public.goods AS SELECT 2 AS id; "
                  "GRANT USAGE ON SCHEMA shop TO public; GRANT SELECT ON shop.goods, public.goods TO public", database="app")


def write(cluster, directory, port, name):
    directory.mkdir()
    verifier = cluster.primary.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")[0][0]
    (directory / "userlist.txt").write_text(f'"app" "{verifier}"\n"asker" "{PASSWORD}"\n"listed" "{PASSWORD}"\n')
    (directory / "pg_hba.conf").write_text(RULES)
    if name == "tls":
        authority = Authority(directory, "ca")
        authority.sign("localhost", file="server")
    ini = directory / "pgbouncer.ini"
    ini.write_text((FILES / f"{name}.ini").read_text().format(server_port=cluster.primary.port, port=port, directory=directory, password=PASSWORD))
    give_to_servers_user(directory)
    return ini


@pytest.fixture
def both(cluster, build):
    """Runs the two from one file; gives their ports, and what the import has told."""
    with contextlib.ExitStack() as stack:
        def start(name, with_theirs=True):
            directory = pg.server_directory()
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            old_port, new_port = pg.free_port(), pg.free_port()
            write(cluster, directory / "old", old_port, name)
            done = convert(build, write(cluster, directory / "new", new_port, name), directory / "new")
            assert done.returncode in (0, 2), done.stderr
            if with_theirs:
                stack.enter_context(Pgbouncer(directory / "old", old_port))
            gateway = ImportedAs(cluster, build, directory / "new", new_port, "asker" if "auth_user" in (FILES / f"{name}.ini").read_text() else "listed",
                                 "require" if name == "tls" else "prefer")
            stack.enter_context(gateway)
            return old_port, new_port, done.stderr
        yield start


class ImportedAs(Imported):
    """Answers to a user that the file lists."""

    def __init__(self, cluster, build, directory, port, user, sslmode):
        super().__init__(cluster, build, directory, port)
        self.user, self.sslmode = user, sslmode

    def answers(self):
        for database in ("app", "postgres"):
            with contextlib.suppress(psycopg2.Error):
                return pg.query(self.port, "SELECT 1", user=self.user, database=database, sslmode=self.sslmode, connect_timeout=5) == [(1,)]
        return False


def outcome(port, sql="SELECT current_user::text, current_database()::text", **login):
    try:
        return pg.query(port, sql, **login)
    except psycopg2.OperationalError:
        return "refused"


def same(old, new, sql="SELECT current_user::text, current_database()::text", **login):
    theirs, ours = outcome(old, sql, **login), outcome(new, sql, **login)
    assert theirs == ours, (sql, login)
    return ours


def test_kubernetes(both):
    old, new, told = both("kubernetes")
    # Asked in one database here, which is said.
    assert "auth_query is asked in one database" in told
    assert same(old, new, user="impatient") == [("impatient", "app")]
    assert same(old, new, user="app", database="postgres") == [("app", "postgres")]
    for login in ({"user": "stranger"}, {"user": "expired"}, {"user": "impatient", "password": "wrong"}, {"user": "nobody"}):
        assert same(old, new, **login) == "refused"
    for port in (old, new):
        assert dict(row[:2] for row in pg.query(port, "SHOW CONFIG", user="asker", database="pgbouncer"))["default_pool_size"] == "10"
    assert outcome(new, "SHOW POOLS", user="impatient", database="pgbouncer") == "refused"


def test_several_databases(both):
    old, new, told = both("several_databases")
    assert "connect_query" not in told and "timezone" not in told
    for user in ("listed", "impatient"):
        assert same(old, new, user=user, database="shop") == [(user, "app")]
        assert same(old, new, "SELECT id FROM goods", user=user, database="shop") == [(1,)]
        assert same(old, new, "SHOW search_path", user=user, database="shop") == [("shop, public",)]
        assert same(old, new, "SHOW statement_timeout", user=user, database="shop") == [("40s",)]
        assert same(old, new, user=user, database="postgres") == [(user, "postgres")]
        assert same(old, new, user=user, database="reports") == [("app", "app")]
        assert same(old, new, "SHOW timezone", user=user, database="reports") == [("Asia/Tokyo",)]
        assert same(old, new, "SHOW application_name", user=user, database="reports") == [("reports",)]
    for login in ({"database": "app"}, {"user": "expired", "database": "shop"}, {"user": "listed", "password": "wrong", "database": "reports"}):
        assert same(old, new, **login) == "refused"
    # What a client sets goes no further, and RESET goes back to what the file says.
    with contextlib.closing(pg.connect(new, user="listed", database="shop")) as one, one.cursor() as cursor:
        cursor.execute("SET search_path TO public")
        cursor.execute("SELECT id FROM goods")
        assert cursor.fetchall() == [(2,)]
        assert outcome(new, "SELECT id FROM goods", user="listed", database="shop") == [(1,)]
        cursor.execute("RESET search_path")
        cursor.execute("SELECT id FROM goods")
        assert cursor.fetchall() == [(1,)]
        cursor.execute("DISCARD ALL")
        cursor.execute("SHOW search_path")
        assert cursor.fetchall() == [("shop, public",)]
    assert outcome(new, "SHOW search_path", user="listed", database="shop", options="-c search_path=public") == [("public",)]
    config = {port: {row[0]: row[1] for row in pg.query(port, "SHOW CONFIG", database="pgbouncer")} for port in (old, new)}
    for key in ("default_pool_size", "reserve_pool_size", "reserve_pool_timeout", "server_idle_timeout", "query_wait_timeout", "server_check_query",
                "server_check_delay", "server_reset_query", "max_client_conn", "pool_mode"):
        assert config[old][key] == config[new][key], key


def test_tls(both):
    old, new, _ = both("tls")
    assert same(old, new, user="listed", sslmode="require") == [("listed", "app")]
    assert same(old, new, user="listed", sslmode="disable") == "refused"
    assert same(old, new, user="listed", sslmode="require", password="wrong") == "refused"


def test_peers(both, build, tmp_path):  # newer than Debian's pgbouncer
    _, new, told = both("peers", with_theirs=False)
    assert outcome(new, user="listed") == [("listed", "app")]
    assert told.count("[peers] has no counterpart") == 2 and "cancel" in told and "multiply pool sizes" in told
    assert "--servers 10.255.255.1:5432" in told
    ini = tmp_path / "pgbouncer.ini"
    (tmp_path / "userlist.txt").write_text(f'"listed" "{PASSWORD}"\n')
    ini.write_text((FILES / "peers.ini").read_text().format(server_port=5432, port=6432, directory=tmp_path, password=PASSWORD))
    done = convert(build, ini, tmp_path, "--servers", "10.255.255.1:5432")
    assert done.returncode == 2, done.stderr
    assert "backend_hostname0 = '10.255.255.1'" in (tmp_path / "pgpool.conf").read_text()
    assert '"elsewhere"' in (tmp_path / "pool_hba.conf").read_text() and '"app"' not in (tmp_path / "pool_hba.conf").read_text()
