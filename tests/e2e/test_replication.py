"""Replication connections pass through to a server connection of their own: PostgreSQL's own tools do their work through Howdah."""

import contextlib
import os
import subprocess

import psycopg2
import psycopg2.extras
import pytest

import cluster as pg


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster(replicas=1, wal_level="logical") as running:
        yield running


@pytest.fixture(scope="module")
def gateway(cluster, build):
    users = "".join(f"{user}:TEXT{pg.PASSWORD}\n" for user in ("app", "postgres", "replicator"))
    rules = "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
    with pg.Howdah(cluster, build, pool_passwd=users, pool_hba=rules) as running:
        yield running.wait_for_nodes()


def tool(gateway, name, *arguments, user="replicator", **environment):
    return subprocess.run([name, "-h", "127.0.0.1", "-p", str(gateway.port), "-U", user, "-w", *map(str, arguments)], text=True,
                          capture_output=True, timeout=180, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PGPASSWORD": pg.PASSWORD, **environment})


def works(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_something(cluster):
    """A position that covers it, at the end of a WAL segment."""
    pg.query(cluster.primary.port, "CREATE TABLE IF NOT EXISTS replicated (a int)")
    pg.query(cluster.primary.port, "INSERT INTO replicated VALUES (4711)")
    return cluster.primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]


def test_pg_basebackup_copies_a_server_with_its_wal(gateway, tmp_path):
    works(tool(gateway, "pg_basebackup", "-D", tmp_path / "copy", "-X", "stream", "-c", "fast", "--no-sync"))
    assert (tmp_path / "copy" / "PG_VERSION").read_text().strip() == "15"
    works(subprocess.run([pg.PG_BIN / "pg_verifybackup", tmp_path / "copy"], text=True, capture_output=True))


def test_pg_receivewal_streams_up_to_a_position(cluster, gateway, tmp_path):
    works(tool(gateway, "pg_receivewal", "--create-slot", "-S", "received"))
    end = write_something(cluster)
    works(tool(gateway, "pg_receivewal", "-D", tmp_path, "-S", "received", "--endpos", end, "-n", "--no-sync"))
    assert list(tmp_path.iterdir())
    works(tool(gateway, "pg_receivewal", "--drop-slot", "-S", "received"))


def test_pg_recvlogical_tells_the_changes_of_a_database(cluster, gateway):
    pg.query(cluster.primary.port, "CREATE TABLE IF NOT EXISTS replicated (a int)")
    works(tool(gateway, "pg_recvlogical", "-d", "app", "-S", "decoded", "--create-slot", "-P", "test_decoding"))
    end = write_something(cluster)
    told = works(tool(gateway, "pg_recvlogical", "-d", "app", "-S", "decoded", "--start", "--endpos", end, "-f", "-", "-n"))
    assert "a[integer]:4711" in told
    works(tool(gateway, "pg_recvlogical", "-d", "app", "-S", "decoded", "--drop-slot"))


@pytest.mark.parametrize("kind, database", [("true", "app"), ("database", "app")])
@pytest.mark.parametrize("options, number", [("", 0), ("-c howdah.node=1", 1), ("-c howdah.node=0 -c work_mem=7MB", 0)])
def test_it_runs_on_the_primary_or_on_the_node_asked_for(cluster, gateway, kind, database, options, number):
    word = f"host=127.0.0.1 port={gateway.port} user=replicator dbname={database} replication={kind} password={pg.PASSWORD}"
    told = works(subprocess.run(["psql", "-X", "-A", "-t", f"{word} options='{options}'", "-c", "SHOW port"], text=True, capture_output=True))
    assert told.strip() == str(cluster.nodes[number].port)


def refusal(gateway, **options):
    with pytest.raises(psycopg2.OperationalError) as refused:
        gateway.connect(replication="true", **options).close()
    return str(refused.value)


def test_what_the_server_says_against_it_reaches_the_client(gateway):
    assert "must be superuser or replication role to start walsender" in refusal(gateway, user="app")
    assert "howdah.nonsense" in refusal(gateway, user="replicator", options="-c howdah.nonsense=1")
    assert "node 7 cannot be used now" in refusal(gateway, user="replicator", options="-c howdah.node=7")


def test_a_driver_speaks_replication_and_may_cancel(gateway):
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=gateway.port, user="replicator", password=pg.PASSWORD, dbname="app",
                                             connection_factory=psycopg2.extras.LogicalReplicationConnection)) as connection:
        assert connection.status == psycopg2.extensions.STATUS_READY
        connection.cancel()
        with connection.cursor() as cursor:
            cursor.execute("IDENTIFY_SYSTEM")
            assert cursor.fetchone()[3] == "app"
