"""Pgpool's files and command line."""

import os
import signal
import subprocess

import pytest

import cluster as pg
from cluster import PASSWORD, PROJECT, wait_until


def check(build, conf, **env):
    return subprocess.run([build / "howdah", "--check", "-f", conf], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **env})


def test_the_sample_file_is_what_the_program_writes_and_passes_its_own_check(build):
    sample = PROJECT / "conf" / "pgpool.conf.sample"
    written = subprocess.run([build / "howdah", "sample"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert written == sample.read_text()
    done = check(build, sample, PGPOOL_PARAMS_BACKEND_HOSTNAME0="127.0.0.1", PGPOOL_PARAMS_BACKEND_PORT0="5432")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted((PROJECT / "tests" / "e2e" / "conf").glob("*.conf")), ids=lambda file: file.name)
def test_files_in_the_style_of_public_deployments_start(build, file):
    done = check(build, file)
    text = done.stdout + done.stderr
    assert "error" not in text.lower() or done.returncode != 0
    for line in file.read_text().splitlines():
        if line.startswith("#expect "):
            assert line[len("#expect "):] in text, text
    expected = 1 if "#unknown names\n" in file.read_text() else 0
    assert (done.returncode != 0) == bool(expected), text


def test_all_mistakes_are_listed_at_once_with_file_and_line(build, tmp_path):
    conf = tmp_path / "pgpool.conf"
    conf.write_text("backend_hostname0 = 'localhost'\nbackend_port0 = 5432\nport = 80\nload_balance_mode = perhaps\n"
                    "max_pool = abc\npool_mode = 'sometimes'\nhealth_check_periodd = 3\n")
    done = check(build, conf)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    for number, word in ((3, "port"), (4, "load_balance_mode"), (5, "max_pool"), (6, "pool_mode"), (7, "health_check_period")):
        assert any(f"{conf}:{number}" in line and word in line for line in text.splitlines()), (number, text)


TLS = "backend_hostname0 = 'localhost'\nbackend_port0 = 5432\nssl_cert = 'none.crt'\nssl_key = 'none.key'\n"


@pytest.mark.parametrize("lines, number, words", [
    ("ssl = on\n", 3, "warning: ssl_cert: {}/none.crt: No such file or directory: clients are not offered TLS"),
    ("ssl = on\n", 4, "warning: ssl_key: {}/none.key: No such file"),
    ("client_tls_sslmode = require\n", 4, "error: ssl_key: {}/none.key: No such file"),
    ("server_tls_sslmode = verify-ca\nserver_tls_ca_file = 'ca.crt'\n", 6, "error: server_tls_ca_file: {}/ca.crt: No such file"),
    ("ssl = on\nssl_crl_file = '/'\n", 6, "error: ssl_crl_file: /: Is a directory"),
    ("agent_ssl_cert = 'agent.crt'\n", 5, "warning: agent_ssl_cert: {}/agent.crt: No such file"),
    ("client_tls_sslmode = require\nssl_cert = 'pgpool.conf'\n", 6, "error: ssl_cert: {}/pgpool.conf holds no certificate"),
    ("ssl = on\nssl_key = 'pgpool.conf'\n", 6, "warning: ssl_key: {}/pgpool.conf holds no private key"),
    ("ssl = on\nssl_key = 'locked.key'\n", 6, "warning: ssl_key: {}/locked.key holds no private key that can be read without a passphrase"),
    ("ssl = on\nssl_dh_params_file = 'pgpool.conf'\n", 6, "warning: ssl_dh_params_file: {}/pgpool.conf holds no DH parameters"),
    ("server_tls_sslmode = verify-ca\nserver_tls_ca_file = 'pgpool.conf'\n", 6, "error: server_tls_ca_file: {}/pgpool.conf holds no"),
    ("server_tls_sslmode = require\nssl_crl_file = 'pgpool.conf'\n", 6, "error: ssl_crl_file: {}/pgpool.conf holds no revocation list"),
])
def test_certificates_and_keys_that_cannot_be_read_are_named_with_their_line(build, tmp_path, lines, number, words):
    conf = tmp_path / "pgpool.conf"
    conf.write_text(TLS + lines)
    if "locked.key" in lines:
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes128", "-pass", "pass:secret",
                        "-out", tmp_path / "locked.key"], check=True, capture_output=True)
    done = check(build, conf)
    assert f"{conf}:{number}: {words.format(tmp_path)}" in done.stderr, done.stderr
    assert (done.returncode == 3) == ("error:" in words)


@pytest.mark.parametrize("options, words", [
    ("work_mem=1MB", "invalid command-line argument"), ("-c work_mem", "invalid command-line argument"), ("-c howdah.nonsense=1", "nonsense"),
])
def test_options_of_a_database_that_cannot_be_read_are_named_with_their_line(build, tmp_path, options, words):
    conf = tmp_path / "pgpool.conf"
    conf.write_text(f"backend_hostname0 = 'localhost'\ndatabase_name0 = 'shop'\ndatabase_options0 = '{options}'\n")
    done = check(build, conf)
    assert done.returncode == 3
    assert f"{conf}:3: error: database_options0: " in done.stderr and words in done.stderr, done.stderr


def test_mistakes_stop_the_start_with_exit_code_3(build, tmp_path):
    conf = tmp_path / "pgpool.conf"
    conf.write_text("port = 80\n")
    done = subprocess.run([build / "howdah", "-n", "-f", conf], capture_output=True, text=True, timeout=30)
    assert done.returncode == 3 and "port" in done.stderr


def test_a_missing_pool_hba_is_a_warning_for_check_and_an_error_at_start(build, tmp_path):
    conf = tmp_path / "pgpool.conf"
    conf.write_text("backend_hostname0 = 'localhost'\nenable_pool_hba = on\n")
    done = check(build, conf)
    assert done.returncode == 0 and f"{tmp_path}/pool_hba.conf: warning: does not exist" in done.stderr
    named = subprocess.run([build / "howdah", "--check", "-f", conf, "-a", tmp_path / "pool_hba.conf"], capture_output=True, timeout=30)
    assert named.returncode == 3
    started = subprocess.run([build / "howdah", "-n", "-f", conf], capture_output=True, text=True, timeout=30)
    assert started.returncode == 3 and "pool_hba.conf: error" in started.stderr


def test_an_unknown_name_is_warned_of_and_start_goes_on(make_gateway):
    gateway = make_gateway(black_function_list="nextval", load_balanc_mode="on")
    assert "load_balance_mode" in gateway.log.read_text()
    assert gateway.query("SELECT 1") == [(1,)]


def test_the_environment_overrides_the_file(cluster, build, tmp_path):
    gateway = pg.Howdah(cluster, build, directory=tmp_path / "env")
    os.environ["PGPOOL_PARAMS_LOAD_BALANCE_MODE"] = "off"
    try:
        with gateway:
            assert gateway.query("PGPOOL SHOW load_balance_mode") == [("off",)]
            gateway.wait_for_nodes()
            assert gateway.query("SELECT current_setting('cluster_name')") == [("node0",)]
    finally:
        del os.environ["PGPOOL_PARAMS_LOAD_BALANCE_MODE"]


def test_reload_says_what_needs_a_restart(make_gateway):
    gateway = make_gateway()
    text = gateway.conf.read_text()
    gateway.conf.write_text(text.replace(f"port = '{gateway.port}'", "port = '9999'", 1) + "log_statement = on\n")
    gateway.process.send_signal(signal.SIGHUP)
    wait_until("the log names port", lambda: any("port" in line and "restart" in line for line in gateway.log.read_text().splitlines()))
    wait_until("log_statement is on", lambda: gateway.query("PGPOOL SHOW log_statement") == [("on",)])
    gateway.conf.write_text("port = oops\n")
    gateway.process.send_signal(signal.SIGHUP)
    wait_until("the mistake is told", lambda: "oops" in gateway.log.read_text())
    assert gateway.query("SELECT 1") == [(1,)], "a bad file must not disturb a running gateway"


def test_statements_are_logged_when_asked_for_also_in_connections_that_are_open(make_gateway):
    gateway = make_gateway(log_min_messages="error")

    def reload_with(**options):
        lines = [line for line in gateway.conf.read_text().splitlines() if not line.startswith("log_")]
        gateway.conf.write_text("\n".join(lines + [f"{name} = '{value}'" for name, value in options.items()]) + "\n")
        gateway.process.send_signal(signal.SIGHUP)
        name, value = list(options.items())[-1]
        wait_until("the reload", lambda: gateway.query(f"PGPOOL SHOW {name}") == [(value,)])

    with gateway.connect() as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT 'not logged'")
        reload_with(log_min_messages="error", log_per_node_statement="on")
        mark = gateway.log.stat().st_size
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_backend_pid(), 'in the log', current_setting('cluster_name')")
        pid, _, name = cursor.fetchone()
        cursor.execute("ROLLBACK")
        text = gateway.log.read_bytes()[mark:].decode()
        for sql in ("BEGIN", "SELECT pg_backend_pid(), 'in the log', current_setting('cluster_name')", "ROLLBACK"):
            assert text.count(f"DB node id: {name[-1]} backend pid: {pid} statement: {sql}\n") == 1, text
        reload_with(log_min_messages="error", log_per_node_statement="off", log_statement="on")
        mark = gateway.log.stat().st_size
        cursor.execute("SELECT 'once'\nAS line")
        cursor.execute("SHOW POOL_VERSION")
        text = gateway.log.read_bytes()[mark:].decode()
        assert text.count("statement: SELECT 'once'\n\tAS line\n") == 1 and text.count("statement: SHOW POOL_VERSION\n") == 1
        assert "DB node id" not in text
    assert "not logged" not in gateway.log.read_text()


def test_pgpool_c_prints_one_show_as_a_table(gateway, build):
    done = subprocess.run([build / "pgpool", "-f", gateway.conf, "-c", "show pool_nodes"], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "PGUSER": "app", "PGPASSWORD": PASSWORD, "PGDATABASE": "app"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("standby") >= 2 and "node_id" in done.stdout


def test_stop_and_reload_by_command_line(cluster, build, tmp_path):
    with pg.Howdah(cluster, build, directory=tmp_path / "stopped") as gateway:
        subprocess.run([build / "pgpool", "-f", gateway.conf, "reload"], check=True, timeout=60)
        assert gateway.query("SELECT 1") == [(1,)]
        stopping = subprocess.Popen([build / "pgpool", "-f", gateway.conf, "-m", "fast", "stop"])
        assert gateway.process.wait(60) == 0  # also takes its exit status, without which it would still count as a process
        assert stopping.wait(60) == 0
    assert not (gateway.directory / "howdah.pid").exists()


def test_in_the_background_it_writes_its_pid_file_and_stops_smartly_or_at_once(cluster, build, tmp_path):
    gateway = pg.Howdah(cluster, build, directory=tmp_path / "daemon")
    gateway.write_files()
    arguments = [argument for argument in gateway.arguments() if argument != "-n"]
    pid_file = gateway.directory / "howdah.pid"

    def start():
        with open(gateway.log, "ab") as log:
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=30)
        assert done.returncode == 0, gateway.tail()
        assert pg.is_running(int(pid_file.read_text().rstrip("\0")))
        assert gateway.query("SELECT 1") == [(1,)]

    def stop(mode):
        return subprocess.Popen([build / "pgpool", "-f", gateway.conf, "-m", mode, "stop"])

    try:
        in_the_background(gateway, arguments, start, stop)
    finally:
        if pid_file.exists():
            os.kill(int(pid_file.read_text().rstrip("\0")), signal.SIGKILL)


def in_the_background(gateway, arguments, start, stop):
    pid_file = gateway.directory / "howdah.pid"
    start()
    second = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1 and "pid file found" in second.stderr
    connection = gateway.connect()
    stopping = stop("smart")
    with pytest.raises(Exception):
        wait_until("new clients are refused", lambda: not gateway.query("SELECT 1"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'still served'")
    assert stopping.poll() is None and pid_file.exists()
    connection.close()
    assert stopping.wait(60) == 0 and not pid_file.exists()

    start()
    connection = gateway.connect()
    assert stop("immediate").wait(60) == 0 and not pid_file.exists()
    with pytest.raises(Exception), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_version_and_help(build):
    for option in ("--version", "-v"):
        done = subprocess.run([build / "pgpool", option], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and "howdah" in done.stdout + done.stderr
    assert subprocess.run([build / "howdah", "--help"], capture_output=True, timeout=30).returncode == 0
    assert subprocess.run([build / "howdah", "--nonsense"], capture_output=True, timeout=30).returncode == 1


def test_route_from_the_shell(gateway, build):
    done = subprocess.run([build / "howdah", "route", "-f", gateway.conf, "DELETE FROM t"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "primary" in done.stdout
    done = subprocess.run([build / "howdah", "route", "SELECT a FROM t"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.strip()


def test_a_file_without_a_user_for_the_checks_serves_by_what_it_declares(cluster, make_gateway):
    """As in front of managed servers: ALWAYS_PRIMARY, no checks, nobody who could ask."""
    gateway = make_gateway(sr_check_user="", health_check_user="", sr_check_password="", health_check_password="", failover_mode="none",
                           sr_check_period=0, health_check_period=0, backend_flag0="ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER",
                           backend_flag1="DISALLOW_TO_FAILOVER", backend_flag2="DISALLOW_TO_FAILOVER")
    assert [(node["role"], node["status"] in ("up", "waiting")) for node in gateway.pool_nodes()] == [
        ("primary", True), ("standby", True), ("standby", True)]
    who = "SELECT current_setting('cluster_name')"
    wait_until("a read is answered by a standby", lambda: gateway.query(who)[0][0] in ("node1", "node2"))
    with gateway.connect() as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE TABLE declared (a int)")
        cursor.execute("SELECT current_setting('cluster_name') FROM (SELECT count(*) FROM declared) t")
        assert cursor.fetchone() == ("node0",), "positions are unknown: who has written reads from the primary"
        cursor.execute("DROP TABLE declared")


def test_one_server_and_nobody_to_ask_it_is_enough(cluster, build, tmp_path):
    gateway = pg.Howdah(cluster, build, directory=tmp_path / "single", sr_check_user="", health_check_user="", backend_clustering_mode="raw")
    gateway.write_files()
    gateway.conf.write_text("".join(line for line in gateway.conf.read_text().splitlines(True)
                                    if not any(line.startswith("backend_") and number in line.split("=")[0] for number in "12")))
    with gateway:
        assert gateway.query("CREATE TABLE by_one (a int); DROP TABLE by_one; SELECT current_setting('cluster_name')") == [("node0",)]
