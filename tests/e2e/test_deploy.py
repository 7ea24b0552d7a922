"""The container's entrypoint on loopback, the compose file, the unit, the installed layout, the demo."""

import os
import shutil
import subprocess

import pytest

import cluster as pg
from cluster import PASSWORD, PROJECT, wait_until


@pytest.fixture
def entrypoint(cluster, build, tmp_path):
    """Starts deploy/entrypoint.sh with an environment; yields (port, process)."""
    port, pcp_port = pg.free_port(), pg.free_port()
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    (tmp_path / "bin").mkdir()
    for program in ("howdah", "pg_md5"):
        (tmp_path / "bin" / program).symlink_to(build / program)
    env = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOWDAH_HOME": str(tmp_path / "home"), "HOWDAH_RUN": str(tmp_path / "run"),
        "PGPOOL_CONF_VOLUME": str(tmp_path / "nothing"),
        "PRIMARY_IP": f"127.0.0.1:{cluster.nodes[0].port}",
        "REPLICAS_IP": f"127.0.0.1:{cluster.nodes[1].port},127.0.0.1:{cluster.nodes[2].port}",
        "PGPOOL_PARAMS_LISTEN_ADDRESSES": "127.0.0.1", "PGPOOL_PARAMS_PCP_LISTEN_ADDRESSES": "127.0.0.1",
        "PGPOOL_PARAMS_PORT": str(port), "PGPOOL_PARAMS_PCP_PORT": str(pcp_port),
        "PGPOOL_PARAMS_SR_CHECK_USER": "howdah", "PGPOOL_PARAMS_HEALTH_CHECK_USER": "howdah",
        "HOWDAH_USERNAME": "howdah", "HOWDAH_PASSWORD_FILE": str(secret),
        "APP_USERNAME": "app", "APP_PASSWORD": PASSWORD,
        "PGPOOL_PCP_USER": "pcpadmin", "PGPOOL_PCP_PASSWORD_FILE": str(secret),
    }
    log = open(tmp_path / "log", "wb")
    process = subprocess.Popen([str(PROJECT / "deploy" / "entrypoint.sh")], env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def answers():
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return pg.query(port, "SELECT 1", connect_timeout=5)
        except pg.psycopg2.Error:
            return None
    try:
        wait_until("the gateway answers", answers)
        yield port, pcp_port
    finally:
        process.terminate() if process.poll() is None else None
        process.send_signal(2) if process.poll() is None else None
        process.wait(60)
        log.close()


def test_the_entrypoint_makes_a_gateway_of_its_environment(entrypoint, build, tmp_path):
    port, pcp_port = entrypoint
    nodes = pg.query(port, "SHOW POOL_NODES")
    assert len(nodes) == 3
    pg.query(port, "CREATE TABLE from_entrypoint (a int)")
    pg.query(port, "DROP TABLE from_entrypoint")
    passfile = tmp_path / "pcppass"
    passfile.write_text(f"*:*:*:{PASSWORD}\n")
    passfile.chmod(0o600)
    done = subprocess.run([build / "pcp_node_count", "-h", "127.0.0.1", "-p", str(pcp_port), "-U", "pcpadmin", "-w"], text=True,
                          capture_output=True, env={**os.environ, "PCPPASSFILE": str(passfile)}, timeout=30)
    assert done.stdout == "3\n", done.stderr
    assert (tmp_path / "home" / "pool_passwd").stat().st_mode & 0o077 == 0


def test_the_health_check_tells_a_living_gateway_from_none(entrypoint, build, tmp_path):
    port, pcp_port = entrypoint
    (tmp_path / "bin" / "pcp_node_count").symlink_to(build / "pcp_node_count")

    def healthcheck(port, pcp_port, **environment):
        return subprocess.run([PROJECT / "deploy" / "entrypoint.sh", "healthcheck"], capture_output=True, text=True, timeout=30, env={
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOWDAH_HOME": str(tmp_path / "home"),
            "PGPOOL_PARAMS_PORT": str(port), "PGPOOL_PARAMS_PCP_PORT": str(pcp_port), **environment})

    asked = healthcheck(port, pcp_port, PGPOOL_PCP_USER="pcpadmin")
    assert (asked.returncode, asked.stdout) == (0, "3\n"), asked.stderr
    assert healthcheck(port, pcp_port).returncode == 0
    nobody = pg.free_port()
    assert healthcheck(nobody, nobody, PGPOOL_PCP_USER="pcpadmin").returncode != 0
    assert healthcheck(nobody, nobody).returncode != 0


def test_a_user_without_a_password_stops_the_entrypoint_with_a_reason(tmp_path):
    done = subprocess.run([PROJECT / "deploy" / "entrypoint.sh"], capture_output=True, text=True, timeout=30,
                          env={"PATH": os.environ["PATH"], "HOWDAH_HOME": str(tmp_path), "HOWDAH_RUN": str(tmp_path), "APP_USERNAME": "app"})
    assert done.returncode != 0 and "APP_PASSWORD" in done.stderr


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_the_compose_file_is_valid():
    done = subprocess.run(["docker-compose", "-f", PROJECT / "deploy" / "compose.yaml", "config"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert all(service in done.stdout for service in ("primary:", "replica1:", "replica2:", "howdah:"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_units_are_valid(tmp_path):
    for name in ("howdah.service", "howdah-agent.service"):
        unit = tmp_path / name
        unit.write_text((PROJECT / "deploy" / name).read_text().replace("/usr/sbin/howdah", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
        assert name not in done.stderr, done.stderr


def test_install_lays_the_programs_out_as_debian_would(build, tmp_path):
    subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], check=True, capture_output=True, timeout=120,
                   env={**os.environ, "DESTDIR": str(tmp_path)})
    for program in ("howdah", "pgpool", "pcp_node_info", "pcp_attach_node", "pcp_promote_node", "pg_md5"):
        path = tmp_path / "usr" / "sbin" / program
        assert os.access(path, os.X_OK), program
    for file in ("etc/howdah/pgpool.conf.sample", "usr/lib/systemd/system/howdah.service", "usr/share/doc/howdah/README.md",
                 "usr/share/doc/howdah/copyright"):
        assert (tmp_path / file).exists(), file
    done = subprocess.run([tmp_path / "usr" / "sbin" / "pg_md5", "secret"], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "5ebe2294ecd0e0f08eab7690d2a6ee69"


def test_the_demo_is_as_told(build):
    done = subprocess.run(["/usr/bin/python3", PROJECT / "tools" / "demo.py", "--check"], capture_output=True, text=True, timeout=240,
                          env={**os.environ, "HOWDAH_BUILD": str(build)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert "All as told." in done.stdout
