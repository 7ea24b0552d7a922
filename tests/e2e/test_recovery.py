"""Nodes that come back: pcp_recovery_node with Pgpool's extension and scripts, auto_failback."""

import itertools

import pytest

import cluster as pg
from cluster import Howdah, PASSWORD, wait_until

DEBIAN = "/usr/sbin"

# What operators have in the primary's data directory, without ssh, for everything is on this machine. Arguments: primary's
# data directory, new host, new data directory, primary's port, node id, new port, primary's host.
FIRST_STAGE = f"""#!/bin/sh -e
echo "$@" > "$1/told"
test ! -e "$1/fail"
while test -e "$1/wait"; do sleep 0.1; done
rm -rf "$3"
{pg.PG_BIN}/pg_basebackup -D "$3" -X stream -c fast --no-sync \\
  -d "host=$7 port=$4 user=replicator password={PASSWORD}"
sed -i "s/^port = .*/port = $6/; s/^cluster_name = .*/cluster_name = 'node$5'/" "$3/postgresql.conf"
echo "primary_conninfo = 'host=$7 port=$4 user=replicator password={PASSWORD} application_name=node$5'" >> "$3/postgresql.auto.conf"
touch "$3/standby.signal"
"""
REMOTE_START = f"""#!/bin/sh -e
{pg.PG_BIN}/pg_ctl -D "$2" -w -l "$2.restarted.log" start > /dev/null < /dev/null
"""


def write_script(node, name, text):
    path = node.data / name
    path.write_text(text)
    path.chmod(0o755)
    if pg.server_user():
        pg.shutil.chown(path, pg.server_user(), pg.server_user())


@pytest.fixture(scope="module")
def recoverable(cluster):
    """The servers of this file, with what online recovery needs. The tests lose node 2, the last one the primary."""
    cluster.primary.query("CREATE EXTENSION pgpool_recovery", database="template1")
    write_script(cluster.primary, "recovery_1st_stage", FIRST_STAGE)
    write_script(cluster.primary, "pgpool_remote_start", REMOTE_START)
    return cluster


_directories = itertools.count()


def gateway_of(cluster, build, **settings):
    options = {f"backend_data_directory{node.number}": node.data for node in cluster.nodes}
    options |= {"recovery_user": "postgres", "recovery_password": PASSWORD, "recovery_database": "template1",
                "recovery_1st_stage_command": "recovery_1st_stage", "recovery_timeout": 180, **settings}
    return Howdah(cluster, build, directory=cluster.directory / f"howdah{next(_directories)}", **options)


def lose(cluster, gateway, number):
    """A standby whose disk is gone."""
    gateway.wait_for_nodes()
    cluster.nodes[number].kill()
    pg.shutil.rmtree(cluster.nodes[number].data, ignore_errors=True)
    (cluster.primary.data / "told").unlink(missing_ok=True)
    wait_until("it is down", lambda: gateway.pool_nodes()[number]["status"] == "down")


@pytest.mark.parametrize("whose", ["debian", "ours"])
def test_a_lost_standby_is_rebuilt_by_pcp_recovery_node(recoverable, build, whose):
    primary, _, lost = recoverable.nodes
    with gateway_of(recoverable, build, auto_failback="off") as gateway:
        gateway.query("DROP TABLE IF EXISTS kept; CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)")
        lose(recoverable, gateway, 2)
        done = gateway.pcp("pcp_recovery_node", "-n", 2, directory=DEBIAN if whose == "debian" else build)
        assert done.returncode == 0 and "Command Successful" in done.stdout, (done.stdout, done.stderr)
        assert (primary.data / "told").read_text().split() == [
            str(primary.data), "127.0.0.1", str(lost.data), str(primary.port), "2", str(lost.port), "127.0.0.1"]
        assert gateway.pool_nodes()[2]["status"] in ("up", "waiting"), "attached when the command has answered"
        assert lost.query("SELECT pg_is_in_recovery(), a FROM kept", database="app") == [(True, 1)]
        wait_until("clients read from it", lambda: gateway.query("SELECT current_setting('cluster_name')") == [("node2",)])


def recovery_error(gateway, *arguments):
    done = gateway.pcp("pcp_recovery_node", *arguments)
    assert done.returncode != 0
    return done.stderr


def test_what_cannot_be_recovered_is_refused_with_the_reason(recoverable, build):
    with gateway_of(recoverable, build) as gateway:
        gateway.wait_for_nodes()
        assert "node id: 1 is alive" in recovery_error(gateway, "-n", 1)
        assert "primary server cannot be recovered" in recovery_error(gateway, "-n", 0)
        assert "node id 7 is not valid" in recovery_error(gateway, "-n", 7)


def test_a_stage_that_fails_leaves_the_node_down_and_says_why(recoverable, build):
    primary = recoverable.primary
    with gateway_of(recoverable, build) as gateway:
        lose(recoverable, gateway, 2)
        (primary.data / "fail").touch()
        assert 'execution of command failed at "1st stage"' in recovery_error(gateway, "-n", 2)
        assert gateway.pool_nodes()[2]["status"] == "down"
        (primary.data / "fail").unlink()
        write_script(primary, "pgpool_remote_start", "#!/bin/sh\nexit 1\n")
        assert "executing remote start failed" in recovery_error(gateway, "-n", 2)
        primary.query("DROP EXTENSION pgpool_recovery", database="template1")
        assert "CREATE EXTENSION pgpool_recovery" in recovery_error(gateway, "-n", 2)
    with gateway_of(recoverable, build, recovery_user="howdah") as gateway:
        wait_until("it is down", lambda: gateway.pool_nodes()[2]["status"] == "down")
        primary.query("CREATE EXTENSION pgpool_recovery", database="template1")
        primary.query("GRANT CONNECT ON DATABASE template1 TO howdah", database="template1")
        assert "must be superuser" in recovery_error(gateway, "-n", 2)
    write_script(primary, "pgpool_remote_start", REMOTE_START)
    with gateway_of(recoverable, build) as gateway:
        assert gateway.pcp("pcp_recovery_node", "-n", 2).returncode == 0


def test_only_one_recovery_runs_and_the_gateway_serves_meanwhile(recoverable, build):
    primary = recoverable.primary
    with gateway_of(recoverable, build) as gateway:
        lose(recoverable, gateway, 2)
        (primary.data / "wait").touch()
        first = gateway.pcp_start("pcp_recovery_node", "-n", 2)
        try:
            wait_until("the script runs", lambda: (primary.data / "told").exists())
            assert "already processing another recovery request" in recovery_error(gateway, "-n", 2)
            gateway.query("CREATE TABLE meanwhile (a int)")
            assert gateway.pcp("pcp_node_count").stdout == "3\n"
        finally:
            (primary.data / "wait").unlink()
        assert first.wait(300) == 0
        assert gateway.pool_nodes()[2]["status"] in ("up", "waiting")


def test_auto_failback_waits_until_the_standby_streams(recoverable, build):
    node = recoverable.nodes[2]
    with gateway_of(recoverable, build) as gateway:
        gateway.wait_for_nodes()
        node.stop()
        wait_until("it is down", lambda: gateway.pool_nodes()[2]["status"] == "down")
        conf = node.data / "postgresql.auto.conf"
        right = conf.read_text()
        conf.write_text(right.replace(f"port={recoverable.primary.port}", "port=1"))  # it finds no primary
        node.start()
        wait_until("it is asked", lambda: gateway.pcp("pcp_node_info", "-n", 2).stdout.split()[5] == "up")
        assert gateway.pool_nodes()[2]["status"] == "down"
        node.query(f"ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={recoverable.primary.port} user=replicator "
                   f"password={PASSWORD} application_name=node2'")
        node.query("SELECT pg_reload_conf()")
        wait_until("it is used again", lambda: gateway.pool_nodes()[2]["status"] in ("up", "waiting"))


def test_without_auto_failback_only_an_operator_brings_a_node_back(recoverable, build):
    with gateway_of(recoverable, build, auto_failback="off") as gateway:
        gateway.wait_for_nodes()
        recoverable.nodes[2].stop()
        wait_until("it is down", lambda: gateway.pool_nodes()[2]["status"] == "down")
        recoverable.nodes[2].start()
        wait_until("it is asked and answers", lambda: gateway.pcp("pcp_node_info", "-n", 2).stdout.split()[5] == "up")
        wait_until("it streams", lambda: gateway.pool_nodes()[2]["replication_state"] == "streaming")
        assert gateway.pool_nodes()[2]["status"] == "down"
        assert gateway.pcp("pcp_attach_node", "-n", 2).returncode == 0
        assert gateway.pool_nodes()[2]["status"] in ("up", "waiting")


def test_a_primary_that_dies_in_a_recovery_ends_it_and_is_replaced(recoverable, build):
    primary = recoverable.primary
    with gateway_of(recoverable, build) as gateway:
        lose(recoverable, gateway, 2)
        (primary.data / "wait").touch()
        recovery = gateway.pcp_start("pcp_recovery_node", "-n", 2)
        wait_until("the script runs", lambda: (primary.data / "told").exists())
        primary.kill()
        gateway.query("CREATE TABLE afterwards (a int)")
        assert recovery.wait(300) != 0
        assert gateway.pool_nodes()[1]["role"] == "primary"
        assert gateway.pool_nodes()[2]["status"] == "down"
