"""Clients people use, through the gateway: psql, pgbench, pg_dump, libpq's own pipeline, psycopg2."""

import contextlib
import os
import re
import subprocess
import threading

import psycopg2
import pytest

import cluster as pg
from cluster import PASSWORD, PG_BIN, PROJECT
from lag import wait_for_replicas


def environment(port, **more):
    return {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "app", "PGPASSWORD": PASSWORD, "PGDATABASE": "app",
            **more}


def psql(port, script, *options):
    return subprocess.run([PG_BIN / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options], input=script, text=True,
                          capture_output=True, env=environment(port), timeout=60)


@pytest.fixture(scope="module")
def tables(cluster):
    pg.run([PG_BIN / "pgbench", "-q", "-i", "-s", 1], env=environment(cluster.primary.port))
    wait_for_replicas(cluster)


def test_psql_runs_a_script_and_its_backslash_commands(gateway):
    done = psql(gateway.port, """
        CREATE TABLE psql_t (id int PRIMARY KEY, t text);
        INSERT INTO psql_t VALUES (1, 'one'), (2, NULL);
        \\d psql_t
        \\dt psql_t
        \\pset null '(null)'
        SELECT * FROM psql_t ORDER BY id;
        \\copy psql_t TO STDOUT
        DROP TABLE psql_t;
    """)
    assert done.returncode == 0, done.stderr
    assert "psql_t_pkey" in done.stdout and "(null)" in done.stdout and "1\tone" in done.stdout


# Of these the name is not how they begin.
WORDS_BETWEEN = {"CREATE TABLE AS": r"CREATE TABLE\b.*\bAS\b", "SELECT INTO": r"SELECT\b.*\bINTO\b"}


def test_every_command_psql_has_help_for_has_a_line_in_the_routing_scripts(cluster):
    commands = set(re.findall(r"^Command:\s+(.*?)\s*$", psql(cluster.primary.port, "\\h *\n").stdout, re.M))
    assert len(commands) > 180 and {"SELECT", "MERGE", "ALTER TEXT SEARCH DICTIONARY"} <= commands
    lines = [re.sub(r"^(\[.*?\] )?(\{.*?\} )?", "", line).upper()
             for path in (PROJECT / "tests" / "scripts" / "routing").glob("*.txt") for line in path.read_text().splitlines()]
    patterns = {name: re.compile(WORDS_BETWEEN.get(name, re.escape(name) + r"\b")) for name in commands}
    assert [name for name, pattern in patterns.items() if not any(map(pattern.match, lines))] == []


def test_an_error_in_psql_reads_as_from_the_server(cluster, gateway):
    through, direct = (psql(port, "SELECT 1/0;\n", "-v", "VERBOSITY=verbose") for port in (gateway.port, cluster.primary.port))
    assert through.returncode == direct.returncode == 3
    assert through.stderr == direct.stderr


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
@pytest.mark.parametrize("script", [["-S"], []])
def test_pgbench_has_no_failures(gateway, tables, mode, script):
    output = pg.run([PG_BIN / "pgbench", "-n", "-M", mode, "-c", 6, "-j", 2, "-t", 50, *script], env=environment(gateway.port))
    assert "number of transactions actually processed: 300/300" in output, output
    assert "number of failed transactions: 0" in output, output


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("threads", [1, 8])
def test_pgbench_prepares_although_its_own_clients_hold_every_connection(make_gateway, tables, tmp_path, size, threads):
    gateway = make_gateway(default_pool_size=size)
    script = tmp_path / "other.sql"
    script.write_text("START TRANSACTION; UPDATE pgbench_tellers SET tbalance = tbalance + 1 WHERE tid = 2; COMMIT;")
    output = pg.run([PG_BIN / "pgbench", "-n", "-M", "prepared", "-c", 8, "-j", threads, "-t", 20, "-b", "tpcb-like", "-b", "select-only",
                     "-f", script], env=environment(gateway.port), timeout=60)
    assert "number of transactions actually processed: 160/160" in output, output


@pytest.mark.parametrize("mode", ["extended", "prepared"])
def test_pgbench_pipelines(gateway, tables, tmp_path, mode):
    script = tmp_path / "pipeline.sql"
    script.write_text("""
        \\startpipeline
        SELECT 1;
        UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1;
        SELECT abalance FROM pgbench_accounts WHERE aid = 1;
        BEGIN;
        SELECT 2;
        COMMIT;
        \\endpipeline
    """)
    output = pg.run([PG_BIN / "pgbench", "-n", "-M", mode, "-c", 4, "-t", 25, "-f", script], env=environment(gateway.port))
    assert "number of transactions actually processed: 100/100" in output, output


def test_pg_dump_gives_the_same_dump_as_directly(cluster, gateway, tables):
    def dump(port):  # without the random word that newer versions put around it
        return [line for line in pg.run([PG_BIN / "pg_dump"], env=environment(port)).splitlines() if "restrict" not in line]
    wait_for_replicas(cluster)
    through, direct = dump(gateway.port), dump(cluster.primary.port)
    assert through == direct and any("COPY public.pgbench_accounts" in line for line in through)


def test_a_dump_leaves_no_empty_search_path_behind(gateway, tables):
    pg.run([PG_BIN / "pg_dump", "-s"], env=environment(gateway.port))
    for _ in range(5):
        assert gateway.query("INSERT INTO pgbench_history (tid) VALUES (1) RETURNING tid") == [(1,)]


def test_copy_in_and_out(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copied (id int, t text)")
        import io
        cursor.copy_from(io.StringIO("".join(f"{i}\ttext {i}\n" for i in range(20000))), "copied")
        cursor.execute("SELECT count(*), sum(id) FROM copied")
        assert cursor.fetchone() == (20000, 199990000)
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT id FROM copied ORDER BY id) TO STDOUT", out)
        assert out.getvalue().split() == [str(i) for i in range(20000)]
        with pytest.raises(psycopg2.DataError):
            cursor.copy_from(io.StringIO("1\tgood\nnot a number\tbad\n"), "copied")
        cursor.execute("SELECT count(*) FROM copied")
        assert cursor.fetchone() == (20000,)
        cursor.execute("DROP TABLE copied")


def test_large_objects_use_function_calls(gateway):
    with contextlib.closing(gateway.connect()) as connection:
        connection.autocommit = False
        large = connection.lobject(0, "wb")
        large.write(b"x" * 100000)
        oid = large.oid
        large.close()
        connection.commit()
        assert len(connection.lobject(oid, "rb").read()) == 100000
        connection.lobject(oid, "n").unlink()
        connection.commit()


def test_a_statement_can_be_cancelled_and_the_connection_goes_on(cluster, gateway):
    def cancel_when_it_runs(connection):
        pg.wait_until("it runs", lambda: any(
            node.query("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(30)'") for node in cluster.nodes))
        connection.cancel()
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        canceller = threading.Thread(target=cancel_when_it_runs, args=(connection,))
        canceller.start()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("SELECT pg_sleep(30)")
        canceller.join()
        cursor.execute("SELECT 41 + 1")
        assert cursor.fetchone() == (42,)


def test_listen_hears_what_another_client_notifies(gateway):
    with contextlib.closing(gateway.connect()) as listener, listener.cursor() as cursor:
        cursor.execute("LISTEN howdah_test")
        gateway.query("NOTIFY howdah_test, 'hello'")

        def heard():
            listener.poll()
            return listener.notifies
        assert pg.wait_until("the notification arrives", heard)[0].payload == "hello"


def test_a_client_knows_its_own_notification_by_its_process_number(gateway):
    with contextlib.closing(gateway.connect()) as client, client.cursor() as cursor:
        cursor.execute("LISTEN howdah_own")
        cursor.execute("NOTIFY howdah_own")
        gateway.query("NOTIFY howdah_own, 'of another'")

        def heard():
            client.poll()
            return len(client.notifies) == 2
        pg.wait_until("both notifications arrive", heard)
        own, other = client.notifies
        assert own.pid == client.info.backend_pid and other.pid != client.info.backend_pid


def test_a_row_of_64_megabytes_passes_and_memory_does_not_keep_it(gateway):
    def resident_kb():
        text = open(f"/proc/{gateway.process.pid}/status", encoding="ascii").read()
        return int(text.split("VmHWM:")[1].split()[0])
    before = resident_kb()
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT repeat('x', 64000000)")
        assert len(cursor.fetchone()[0]) == 64000000
        cursor.execute("SELECT length(%s)", ("y" * 64000000,))
        assert cursor.fetchone() == (64000000,)
    assert resident_kb() - before < 60000, "the gateway held a whole message"


def test_notices_reach_the_client(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'seen %', 7; END $$")
        assert connection.notices == ["NOTICE:  seen 7\n"]
