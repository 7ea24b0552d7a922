"""The console's orders for databases that clients know by other names than the servers."""

import contextlib
import subprocess
import threading

import psycopg2
import pytest

import cluster as pg
from cluster import wait_until
from console import CONSOLE, ask, rows
from one_server import cluster  # noqa: F401  (a fixture)

ALIASES = {"database_name0": "till", "database_dbname0": "app", "database_name1": "my-shop", "database_dbname1": "app"}


def test_a_database_is_addressed_by_the_name_clients_use(make_gateway):
    gateway = make_gateway(**CONSOLE, **ALIASES)
    with contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(contextlib.closing(gateway.connect(database=name))) for name in ("app", "till", "my-shop")}

        def answers(name):
            with clients[name].cursor() as cursor:
                cursor.execute("SELECT current_database()")
                return cursor.fetchone() == ("app",)

        def pids(name):
            return {row["remote_pid"] for row in rows(gateway, "SHOW SERVERS") if row["database"] == name}
        assert all(answers(name) for name in clients)
        for word, name in (("till", "till"), ('"my-shop"', "my-shop")):
            assert ask(gateway.port, f"DISABLE {word}")[2] == "DISABLE"
            with pytest.raises(psycopg2.OperationalError, match="is disabled"):
                gateway.connect(database=name)
            gateway.connect().close()  # the same database under its own name
            assert ask(gateway.port, f"ENABLE {word}")[2] == "ENABLE"
            before, others = pids(name), pids("app")
            assert ask(gateway.port, f"RECONNECT {word}")[2] == "RECONNECT"
            assert ask(gateway.port, f"WAIT_CLOSE {word}")[2] == "WAIT_CLOSE"
            assert answers(name) and not pids(name) & before and pids("app") >= others
            assert ask(gateway.port, f"PAUSE {word}")[2] == "PAUSE"
            assert not pids(name)
            assert {row["name"]: row["paused"] for row in rows(gateway, "SHOW DATABASES")} | {"pgbouncer": 0} == {
                "app": 0, "till": 0, "my-shop": 0, "pgbouncer": 0, name: 1}
            assert answers("app")
            assert ask(gateway.port, f"RESUME {word}")[2] == "RESUME"
            assert answers(name)
        assert ask(gateway.port, "KILL till")[2] == "KILL"
        with pytest.raises(psycopg2.OperationalError):
            answers("till")
        assert answers("app") and answers("my-shop")
        assert ask(gateway.port, "RESUME till")[2] == "RESUME"
        assert gateway.query("SELECT current_database()", database="till") == [("app",)]


def test_pause_of_one_name_leaves_no_transaction_of_it_while_others_go_on(cluster, build):
    """Clients of several workers hammer two names of one database; one of them is paused again and again."""
    with pg.Howdah(cluster, build, worker_threads=3, **CONSOLE, **ALIASES) as gateway:
        cluster.primary.query("CREATE TABLE counted (who text); GRANT ALL ON counted TO app", database="app")
        stop, errors = threading.Event(), []

        def hammer(name):
            try:
                with contextlib.closing(gateway.connect(database=name, options=f"-c application_name={name}")) as connection, connection.cursor() as cursor:
                    while not stop.is_set():
                        cursor.execute("BEGIN; SELECT count(*) FROM counted")
                        cursor.execute("INSERT INTO counted VALUES (%s)", (name,))
                        cursor.execute("COMMIT")
            except psycopg2.Error as error:
                errors.append(error)
        threads = [threading.Thread(target=hammer, args=(name,)) for name in ("till", "app") for _ in range(5)]
        for thread in threads:
            thread.start()

        def open_ones(name):
            return sum(node.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND xact_start IS NOT NULL AND state <> 'idle' "
                                  f"AND application_name = '{name}'")[0][0] for node in cluster.nodes)

        def count(name):
            return cluster.primary.query(f"SELECT count(*) FROM counted WHERE who = '{name}'", database="app")[0][0]
        try:
            for _ in range(8):
                before = count("till")
                wait_until("the load runs", lambda: count("till") > before)
                assert ask(gateway.port, "PAUSE till")[2] == "PAUSE"
                assert open_ones("till") == 0
                paused, others = count("till"), count("app")
                wait_until("the others go on", lambda: count("app") > others)
                assert count("till") == paused and open_ones("till") == 0
                assert ask(gateway.port, "RESUME till")[2] == "RESUME"
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        assert not errors, errors


def test_pause_is_not_held_up_by_clients_that_are_never_silent(make_gateway, cluster, tmp_path):
    """What they add to a table that was made a moment ago may have drawn numbers, so that they keep their connections at first."""
    gateway = make_gateway(**CONSOLE, **ALIASES)
    script = tmp_path / "script.sql"
    script.write_text("BEGIN;\nINSERT INTO added VALUES (1);\nCOMMIT;\n")
    argv = ["pgbench", "-n", "-f", script, "-c", "3", "-T", "3600", "-h", "127.0.0.1", "-p", str(gateway.port), "-U", "app", "till"]
    cluster.primary.query("CREATE TABLE added (n int); GRANT ALL ON added TO app", database="app")
    load = subprocess.Popen(argv, env=pg.server_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        wait_until("they add rows", lambda: cluster.primary.query("SELECT count(*) > 100 FROM added", database="app")[0][0])
        assert ask(gateway.port, "PAUSE till")[2] == "PAUSE"
        assert load.poll() is None
        assert ask(gateway.port, "RESUME till")[2] == "RESUME"
    finally:
        load.kill()
        load.wait()
