"""`howdah --import pgbouncer.ini`: Debian's pgbouncer with the ini file, and Howdah with what was made of it, side by side."""

import contextlib
import hashlib
import shutil
import subprocess
import threading

import psycopg2
import pytest

import cluster as pg
from cluster import PASSWORD
from beside_pgbouncer import let_in
from debian_pgbouncer import Pgbouncer, give_to_servers_user


@pytest.fixture(scope="module")
def roles(cluster):
    cluster.primary.query("SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD 'md5 password'")
    cluster.primary.query("CREATE ROLE asked LOGIN PASSWORD 'asked password'")
    cluster.primary.query("CREATE ROLE late LOGIN PASSWORD 'asked password' VALID UNTIL '2001-01-01'")
    cluster.primary.query("CREATE ROLE asker LOGIN SUPERUSER PASSWORD '%s'" % PASSWORD)
    (cluster.primary.data / "pg_hba.conf").write_text("host all hashed 127.0.0.1/32 md5\n"
                                                      "host all all 127.0.0.1/32 scram-sha-256\n"
                                                      "host replication all 127.0.0.1/32 scram-sha-256\n")
    cluster.primary.reload()


def write_ini(cluster, directory, port, databases="app =", **settings):
    directory.mkdir()
    users = directory / "userlist.txt"
    verifier = cluster.primary.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")[0][0]
    md5 = "md5" + hashlib.md5(b"md5 passwordhashed").hexdigest()
    users.write_text(f'"app" "{verifier}"\n"hashed" "{md5}"\n"asker" "{PASSWORD}"\n"howdah" "{PASSWORD}"\n')
    keys = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "md5", "auth_file": users,
            "server_tls_sslmode": "disable", "logfile": "", **settings}
    (directory / "pgbouncer.ini").write_text(
        "[databases]\n" + "".join(f"{line} host=127.0.0.1 port={cluster.primary.port}\n" for line in databases.splitlines()) + "[pgbouncer]\n"
        + "".join(f"{key} = {value}\n" for key, value in keys.items()))
    give_to_servers_user(directory)
    return directory / "pgbouncer.ini"


class Imported(pg.Howdah):
    """Howdah with imported files and nothing else."""

    def __init__(self, cluster, build, directory, port):
        super().__init__(cluster, build, directory=directory)
        self.port = port
        # An import says nothing of the control port and the pid file.
        with open(self.conf, "a", encoding="utf-8") as conf:
            conf.write(f"pcp_listen_addresses = ''\npcp_socket_dir = '{directory}'\npid_file_name = '{directory}/howdah.pid'\n"
                       f"work_dir = '{directory}'\n")

    def arguments(self):
        return [self.build / "howdah", "-n", "-f", self.conf]

    def answers(self):
        with contextlib.suppress(psycopg2.Error):
            return pg.query(self.port, "SELECT 1", user="howdah", connect_timeout=5) == [(1,)]


def convert(build, ini, out, *options):
    return subprocess.run([str(build / "howdah"), "--import", str(ini), "-o", str(out), *options], text=True,
                          capture_output=True, timeout=60)


@pytest.fixture
def both(cluster, build, roles):
    """Runs pgbouncer and Howdah from the same ini file; gives their ports."""
    with contextlib.ExitStack() as stack:
        def start(**settings):
            directory = pg.server_directory()
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            old_port, new_port = pg.free_port(), pg.free_port()
            write_ini(cluster, directory / "old", old_port, **settings)
            ini = write_ini(cluster, directory / "new", new_port, **settings)
            done = convert(build, ini, directory / "new")
            assert done.returncode in (0, 2), done.stderr
            check = subprocess.run([str(build / "howdah"), "--check", "-f", str(directory / "new/pgpool.conf")], text=True,
                                   capture_output=True)
            assert check.returncode == 0, check.stderr
            stack.enter_context(Pgbouncer(directory / "old", old_port))
            stack.enter_context(Imported(cluster, build, directory / "new", new_port))
            return old_port, new_port
        yield start


def outcome(port, user, password, database="app"):
    try:
        return pg.query(port, "SELECT current_user", user=user, password=password, database=database)
    except psycopg2.OperationalError:
        return "refused"


LOGINS = [("app", PASSWORD, "app"), ("app", "wrong", "app"), ("hashed", "md5 password", "app"), ("hashed", "wrong", "app"),
          ("asked", "asked password", "app"), ("asked", "wrong", "app"), ("late", "asked password", "app"),
          ("nobody", "x", "app"), ("app", PASSWORD, "postgres"), ("asker", PASSWORD, "app")]


@pytest.mark.parametrize("settings", [
    {}, {"pool_mode": "transaction", "auth_user": "asker"}, {"auth_type": "scram-sha-256"},
], ids=["defaults", "auth_query", "scram"])
def test_the_same_clients_get_in(both, settings):
    old, new = both(**settings)
    seen = [outcome(new, *login) for login in LOGINS]
    assert seen == [outcome(old, *login) for login in LOGINS]
    assert "refused" in seen and [("app",)] in seen


@pytest.fixture
def readable_directory():
    directory = pg.server_directory()
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def test_the_same_hba_rules_count(both, readable_directory):
    rules = readable_directory / "hba"
    rules.write_text("host app hashed 127.0.0.1/32 reject\nhost all howdah 127.0.0.1/32 trust\n"
                     "host all all 127.0.0.1/32 md5\n")
    old, new = both(auth_type="hba", auth_hba_file=rules)
    seen = [outcome(new, *login) for login in LOGINS]
    assert seen == [outcome(old, *login) for login in LOGINS]
    assert outcome(new, "howdah", "anything") == outcome(old, "howdah", "anything") == [("howdah",)]


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_the_pools_are_as_large(both, cluster, mode):
    old, new = both(pool_mode=mode, default_pool_size=2, query_wait_timeout=60)
    for port in (old, new):
        cluster.primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        pg.wait_until("those before have ended", lambda: cluster.primary.query(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == [(0,)])
        most = []

        def use():
            with contextlib.closing(pg.connect(port, user="app")) as connection, connection.cursor() as cursor:
                for _ in range(4):
                    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_type = "
                                   "'client backend'")
                    most.append(cursor.fetchone()[0])
        threads = [threading.Thread(target=use) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(most) == 24 and max(most) <= 2, (port == new, most)


def test_databases_have_the_same_names_and_users_on_the_server(both):
    old, new = both(databases=f"shop = dbname=app user=howdah password={PASSWORD}\nother = dbname=postgres\n* =", auth_type="md5")
    for port in (old, new):
        def who(database, user="app"):
            return pg.query(port, "SELECT current_user::text, current_database()::text", user=user, database=database)
        # Debian's pgbouncer cannot do it for who is listed with a SCRAM verifier.
        assert [who("shop", "asker"), who("other"), who("app")] == [[("howdah", "app")], [("app", "postgres")], [("app", "app")]]
    assert who("shop") == [("howdah", "app")]
    for port in (old, new):
        assert outcome(port, "app", "wrong", "shop") == "refused"


def test_any_client_may_be_anybody_where_none_logs_in_to_the_server(both):
    old, new = both(databases="\n".join(f"{name} = dbname=app user=howdah password={PASSWORD}" for name in ("shop", "app")), auth_type="any")
    for port in (old, new):
        assert outcome(port, "whoever", "", "shop") == [("howdah",)]


def test_client_limits_are_the_same(both):
    old, new = both(max_client_conn=3)
    for port in (old, new):
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                let_in(stack, port)
            assert outcome(port, "app", PASSWORD) == "refused"


def test_files_are_only_overwritten_when_told(build, tmp_path):
    (tmp_path / "users").write_text('"app" "secret"\n')
    ini = tmp_path / "pgbouncer.ini"
    ini.write_text("[databases]\n* = host=127.0.0.1\n[pgbouncer]\nauth_file = users\n")
    assert convert(build, ini, tmp_path).returncode == 0
    (tmp_path / "pool_hba.conf").write_text("mine\n")
    refused = convert(build, ini, tmp_path)
    assert refused.returncode == 1 and "pgpool.conf: exists" in refused.stderr
    assert (tmp_path / "pool_hba.conf").read_text() == "mine\n"
    assert convert(build, ini, tmp_path, "--overwrite").returncode == 0
    assert "host all all all md5" in (tmp_path / "pool_hba.conf").read_text()
    assert (tmp_path / "pool_passwd").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "pgpool.conf").stat().st_mode & 0o777 == 0o644
    ini.write_text("[databases]\n* = host=127.0.0.1 user=app password=secret\n[pgbouncer]\nauth_file = users\n")
    assert convert(build, ini, tmp_path, "--overwrite").returncode == 0
    assert (tmp_path / "pgpool.conf").stat().st_mode & 0o777 == 0o600


def test_what_is_lost_is_told_and_mistakes_write_nothing(build, tmp_path):
    ini = tmp_path / "pgbouncer.ini"
    ini.write_text("[databases]\n* = host=127.0.0.1\n[pgbouncer]\npeer_id = 3\n")
    done = convert(build, ini, tmp_path)
    assert done.returncode == 2 and f"{ini}:4: warning: peer_id has no counterpart" in done.stderr
    ini.write_text("[databases]\n* = host=127.0.0.1\n[pgbouncer]\npool_modus = session\n")
    (tmp_path / "out").mkdir()
    done = convert(build, ini, tmp_path / "out")
    assert done.returncode == 3 and f"{ini}:4: error" in done.stderr
    assert not list((tmp_path / "out").iterdir())
    assert convert(build, tmp_path / "missing.ini", tmp_path / "out").returncode == 3
