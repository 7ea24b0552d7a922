"""PgBouncer's console: compared with Debian's pgbouncer 1.18 side by side, and its orders under load."""

import contextlib
import subprocess
import threading

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD, wait_until
from console import CONSOLE, ask, refusal, rows
from debian_pgbouncer import Pgbouncer
from lag import wait_for_replicas

REPORTS = ["VERSION", "DATABASES", "POOLS", "STATS", "STATS_TOTALS", "STATS_AVERAGES", "TOTALS", "CLIENTS", "SERVERS", "SOCKETS",
           "ACTIVE_SOCKETS", "USERS", "LISTS", "CONFIG", "MEM", "DNS_HOSTS", "DNS_ZONES", "DateStyle", "timezone", "client_encoding",
           "default_transaction_isolation", "standard_conforming_strings"]


@pytest.fixture(scope="module")
def console_gateway(cluster, build):
    with pg.Howdah(cluster, build, directory=cluster.directory / "console", **CONSOLE) as running:
        yield running
        assert running.process.poll() is None, running.tail()


@pytest.fixture(scope="module")
def old_gateway(cluster, build):
    with pg.Howdah(cluster, build, directory=cluster.directory / "old-console", pgbouncer_compatibility="1.18", **CONSOLE) as running:
        yield running


@pytest.fixture(scope="module")
def pgbouncer(cluster):
    """Debian's own, with the same users."""
    with Pgbouncer.before(cluster, cluster.directory / "debian-pgbouncer") as running:
        yield running.port


@pytest.mark.parametrize("report", REPORTS)
def test_columns_and_types_are_those_of_debians_pgbouncer(old_gateway, pgbouncer, report):
    for port in (old_gateway.port, pgbouncer):
        pg.query(port, "SELECT 1")
    ours, theirs = ask(old_gateway.port, f"SHOW {report}"), ask(pgbouncer, f"SHOW {report}")
    assert ours[0] == theirs[0]
    assert ours[2] == theirs[2] == "SHOW"
    if report in ("LISTS", "TOTALS", "CONFIG", "MEM"):
        assert [row[0] for row in ours[1]] == [row[0] for row in theirs[1]]
    if report in ("POOLS", "DATABASES", "STATS", "USERS"):
        assert {row[0] for row in theirs[1]} >= {"pgbouncer"} <= {row[0] for row in ours[1]}


@pytest.mark.parametrize("sql", [
    "foo", "SHOW", "SHOW x", "SHOW POOLS 1", "SHOW POOLS; SHOW POOLS", "RESUME", "KILL pgbouncer", "PAUSE pgbouncer", "DISABLE",
    "ENABLE pgbouncer", "RELOAD x", "SHUTDOWN x", "SET a = 1", "SET", "RESUME nosuch", "SHOW STATE", "SHOW PEERS"])
def test_refusals_are_those_of_debians_pgbouncer(old_gateway, pgbouncer, sql):
    if sql == "RESUME nosuch":
        ask(pgbouncer, "DISABLE nosuch")  # so that it knows the name
    expected = refusal(pgbouncer, sql)
    if sql == "ENABLE pgbouncer":  # a slip of theirs, mended since
        assert expected == ("cannot disable admin db: pgbouncer", "08P01")
        expected = ("cannot enable admin db: pgbouncer", "08P01")
    assert refusal(old_gateway.port, sql) == expected


def test_who_may_use_it(console_gateway, cluster):
    assert ask(console_gateway.port, "SHOW VERSION", user="howdah")[1][0][0].startswith("PgBouncer 1.25.2")
    assert refusal(console_gateway.port, "RELOAD", user="howdah")[0] == "admin access needed"
    with pytest.raises(psycopg2.OperationalError, match="not allowed"):
        pg.connect(console_gateway.port, database="pgbouncer", user="postgres")
    with pytest.raises(psycopg2.OperationalError, match="authentication"):
        pg.connect(console_gateway.port, database="pgbouncer", password="wrong")


def test_without_users_the_name_is_a_database_like_any_other(gateway):
    with pytest.raises(psycopg2.OperationalError, match='database "pgbouncer" does not exist'):
        pg.connect(gateway.port, database="pgbouncer")


def test_the_owner_of_the_process_needs_no_password_over_the_unix_socket(console_gateway):
    place = str(console_gateway.directory)
    rows_of_owner = pg.query(console_gateway.port, "SHOW LISTS", host=place, user="pgbouncer", database="pgbouncer", password="none")
    assert len(rows_of_owner) == 14
    with pytest.raises(psycopg2.OperationalError):
        pg.connect(console_gateway.port, database="pgbouncer", user="pgbouncer", password="none")


def test_psql_and_the_extended_protocol(console_gateway):
    done = subprocess.run(["psql", "-XAt", "-h", "127.0.0.1", "-p", str(console_gateway.port), "-U", "app", "pgbouncer", "-c", "SHOW HELP",
                           "-c", "show databases;"], env={**pg.server_environment()}, capture_output=True, text=True, timeout=30)
    assert "Console usage" in done.stderr and "pgbouncer|" in done.stdout and done.returncode == 0, done
    with wire.Client(console_gateway.port) as client:
        client.login(database="pgbouncer", password=PASSWORD)
        assert client.parameters["server_version"] == "1.25.2/bouncer"
        simple = client.rows("SHOW LISTS")
        batch = [wire.parse("SHOW LISTS"), wire.describe(kind=b"S"), wire.bind(), wire.describe(), wire.execute(), wire.SYNC]
        assert client.tags(*batch) == "1tT2T" + "D" * len(simple) + "CZ"
        assert client.tags(wire.parse("frobnicate"), wire.bind(), wire.describe(), wire.execute(), wire.SYNC) == "12nEZ"
        assert client.tags(wire.query(" ; ")) == "IZ"


def test_the_figures_are_real(make_gateway):
    gateway = make_gateway(**CONSOLE)
    gateway.query("SELECT 1")
    wait_until("who came before has left", lambda: not [row for row in rows(gateway, "SHOW CLIENTS") if row["database"] == "app"])
    before = {row["database"]: row for row in rows(gateway, "SHOW STATS_TOTALS")}["app"]
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        for _ in range(7):
            cursor.execute("SELECT pg_sleep(0.01)")
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1")
        pool, = [row for row in rows(gateway, "SHOW POOLS") if row["database"] == "app"]
        assert (pool["user"], pool["cl_active"], pool["sv_active"], pool["cl_waiting"]) == ("app", 1, 1, 0)
        client, = [row for row in rows(gateway, "SHOW CLIENTS") if row["database"] == "app"]
        server, = [row for row in rows(gateway, "SHOW SERVERS") if row["state"] == "active"]
        assert client["link"] == server["ptr"] and server["link"] == client["ptr"]
        assert client["addr"] == "127.0.0.1" and client["local_port"] == gateway.port
        assert server["remote_pid"] > 0
        cursor.execute("COMMIT")
    after = {row["database"]: row for row in rows(gateway, "SHOW STATS_TOTALS")}["app"]
    stats = {name: after[name] - before[name] for name in after if name != "database"}
    assert stats["query_count"] == 10 and stats["xact_count"] == 8
    assert stats["query_time"] >= 70_000 and stats["bytes_received"] > 100 and stats["bytes_sent"] > 100
    assert stats["server_assignment_count"] >= 8


def test_it_answers_while_every_server_is_down(own_cluster, build):
    with pg.Howdah(own_cluster, build, **CONSOLE) as gateway:
        for node in own_cluster.nodes:
            node.stop("immediate")
        assert {row["database"] for row in rows(gateway, "SHOW POOLS")} >= {"pgbouncer"}


def server_processes(cluster):
    return sum(node.query("SELECT count(*) FROM pg_stat_activity WHERE datname = 'app' AND usename = 'app'")[0][0] for node in cluster.nodes)


@contextlib.contextmanager
def pgbench_running(gateway):
    """For longer than anybody needs it."""
    process = subprocess.Popen(["pgbench", "-n", "-h", "127.0.0.1", "-p", str(gateway.port), "-U", "app", "-c", "8", "-j", "1", "-T", "900",
                                "-P", "1", "app"], env=pg.server_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_pause_and_resume_under_load(own_cluster, build):
    with pg.Howdah(own_cluster, build, **CONSOLE) as gateway:
        pause_and_resume(own_cluster, gateway)


def pause_and_resume(cluster, gateway):
    subprocess.run(["pgbench", "-i", "-q", "-h", "127.0.0.1", "-p", str(cluster.primary.port), "-U", "app", "app"], check=True,
                   env=pg.server_environment(), capture_output=True, timeout=120)
    wait_for_replicas(cluster)
    with pgbench_running(gateway) as load:
        # It writes when all its clients have logged in; one that would have to wait for that would keep the others out.
        wait_until("the load runs", lambda: cluster.primary.query("SELECT 1 FROM pgbench_history LIMIT 1", database="app"))
        for command, resume in (("PAUSE app", "RESUME app"), ("PAUSE", "RESUME")):
            assert ask(gateway.port, command)[2] == "PAUSE"
            # The server's processes end a moment after the connections are closed; none of them may be in a transaction.
            for node in cluster.nodes:
                busy = node.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle' AND xact_start IS NOT NULL")
                assert busy == [(0,)]
            wait_until("the connections are gone", lambda: server_processes(cluster) == 0)
            pool, = [row for row in rows(gateway, "SHOW POOLS") if row["database"] == "app"]
            assert pool["sv_active"] == pool["sv_idle"] == pool["sv_login"] == 0
            wait_until("all clients wait", lambda: [row["cl_waiting"] for row in rows(gateway, "SHOW POOLS") if row["database"] == "app"] == [8])
            assert [row["paused"] for row in rows(gateway, "SHOW DATABASES") if row["name"] == "app"] == [1]
            assert ask(gateway.port, resume)[2] == "RESUME"
            wait_until("the load goes on", lambda: any(row["sv_active"] for row in rows(gateway, "SHOW POOLS") if row["database"] == "app"))
        assert load.poll() is None
        load.kill()
        told = load.communicate()[1].splitlines()  # an error would stand there
        assert all(line.startswith("progress: ") and line.endswith(", 0 failed") for line in told), told


def test_pause_waits_for_an_open_transaction_and_holds_back_new_ones(make_gateway):
    gateway = make_gateway(**CONSOLE)
    done = []
    with contextlib.closing(gateway.connect()) as holder, holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT txid_current()")
        pausing = threading.Thread(target=lambda: done.append(ask(gateway.port, "PAUSE app")[2]))
        pausing.start()
        wait_until("it is paused", lambda: [row["paused"] for row in rows(gateway, "SHOW DATABASES") if row["name"] == "app"] == [1])
        late = threading.Thread(target=lambda: done.append(gateway.query("SELECT 'late'")))
        late.start()
        wait_until("the late one waits", lambda: [row["cl_waiting"] for row in rows(gateway, "SHOW POOLS") if row["database"] == "app"] == [1])
        assert not done
        cursor.execute("SELECT 1")
        cursor.execute("COMMIT")
        pausing.join(20)
        assert done == ["PAUSE"]
        ask(gateway.port, "RESUME app")
        late.join(20)
        assert done == ["PAUSE", [("late",)]]


def test_cancelling_a_pause_takes_it_back(make_gateway):
    gateway = make_gateway(**CONSOLE)
    with contextlib.closing(gateway.connect()) as holder, holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT txid_current()")
        console = pg.connect(gateway.port, database="pgbouncer")
        outcome = []

        def pause():
            with pytest.raises(psycopg2.errors.QueryCanceled):
                console.cursor().execute("PAUSE")
            outcome.append("cancelled")
        pausing = threading.Thread(target=pause)
        pausing.start()
        wait_until("it is paused", lambda: {row["paused"] for row in rows(gateway, "SHOW DATABASES") if row["name"] == "app"} == {1})
        console.cancel()
        pausing.join(20)
        assert outcome == ["cancelled"]
        console.close()
    assert gateway.query("SELECT 1") == [(1,)]


def test_kill_disable_reconnect(make_gateway):
    gateway = make_gateway(**CONSOLE)
    client = gateway.connect()
    with client.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert ask(gateway.port, "DISABLE app")[2] == "DISABLE"
        with pytest.raises(psycopg2.OperationalError, match='database "app" is disabled'):
            gateway.connect()
        cursor.execute("SELECT 1")  # who is in stays in
        assert ask(gateway.port, "ENABLE app")[2] == "ENABLE"
        before = {row["remote_pid"] for row in rows(gateway, "SHOW SERVERS")}
        assert ask(gateway.port, "RECONNECT")[2] == "RECONNECT"
        assert ask(gateway.port, "WAIT_CLOSE")[2] == "WAIT_CLOSE"
        cursor.execute("SELECT 1")
        assert before.isdisjoint(row["remote_pid"] for row in rows(gateway, "SHOW SERVERS"))
    client.close()
    for command, told in (("KILL_CLIENT {}", "admin forced disconnect"), ("KILL app", "database removed")):
        wait_until("who came before has left", lambda: not [row for row in rows(gateway, "SHOW CLIENTS") if row["database"] == "app"])
        with wire.Client(gateway.port) as victim:
            victim.login(password=PASSWORD)
            number, = [row["id"] for row in rows(gateway, "SHOW CLIENTS") if row["database"] == "app"]
            assert ask(gateway.port, command.format(number))[2] == command.split()[0]
            tag, body = victim.read()
            assert tag == b"E" and wire.error_fields(body)["M"] == told and victim.is_closed()
    assert [row["paused"] for row in rows(gateway, "SHOW DATABASES") if row["name"] == "app"] == [1]
    assert ask(gateway.port, "RESUME app")[2] == "RESUME"
    assert gateway.query("SELECT 1") == [(1,)]


def test_suspend_set_reload_shutdown(make_gateway):
    gateway = make_gateway(**CONSOLE)
    with contextlib.closing(gateway.connect()) as client, client.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert ask(gateway.port, "SUSPEND")[2] == "SUSPEND"
        answered = threading.Event()

        def run():
            cursor.execute("SELECT 1")
            answered.set()
        thread = threading.Thread(target=run)
        thread.start()
        assert not answered.wait(0.3)
        assert ask(gateway.port, "RESUME")[2] == "RESUME"
        thread.join(20)
        assert answered.is_set()
    assert ask(gateway.port, "SET query_wait_timeout = 7")[2] == "SET query_wait_timeout=7"
    config = {row["key"]: row for row in rows(gateway, "SHOW CONFIG")}
    assert config["query_wait_timeout"]["value"] == "7" and config["listen_port"]["value"] == str(gateway.port)
    assert ask(gateway.port, "RELOAD")[2] == "RELOAD"
    assert {row["key"]: row for row in rows(gateway, "SHOW CONFIG")}["query_wait_timeout"]["value"] == "120"
    with pytest.raises(psycopg2.OperationalError):
        ask(gateway.port, "SHUTDOWN")
    assert gateway.process.wait(20) == 0
