"""The control port: Debian's own pcp_* tools against Howdah, ours against Howdah, ours against Debian's pgpool."""

import contextlib
import os
import re
import subprocess

import pytest

import cluster as pg
from cluster import PASSWORD, wait_until

DEBIAN = "/usr/sbin"
WHOSE = ["debian", "ours"]


@pytest.fixture(params=WHOSE)
def tools(request, build):
    return DEBIAN if request.param == "debian" else build


def run(gateway, tools, tool, *arguments):
    done = gateway.pcp(tool, *arguments, directory=tools)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def test_node_count(gateway, tools):
    assert run(gateway, tools, "pcp_node_count") == "3\n"


def test_node_info_of_all_nodes(cluster, gateway, tools):
    wait_until("both standbys are seen streaming", lambda: [node["replication_state"] for node in gateway.pool_nodes()[1:]] == ["streaming"] * 2)
    lines = run(gateway, tools, "pcp_node_info").splitlines()
    assert len(lines) == 3
    for node, line in zip(cluster.nodes, lines):
        fields = line.split()
        assert fields[:2] == ["127.0.0.1", str(node.port)]
        assert fields[4] in ("up", "waiting") and fields[5] == "up"
        assert fields[6] == fields[7] == ("primary" if node.number == 0 else "standby")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", " ".join(fields[-2:]))
        if node.number:
            assert fields[9:11] == ["streaming", "async"]


def test_node_info_of_one_node_in_words(gateway, tools):
    text = run(gateway, tools, "pcp_node_info", "-v", "-n", "1")
    assert re.search(r"^Role +: standby$", text, re.M) and re.search(r"^Replication State +: streaming$", text, re.M)


def test_a_node_that_does_not_exist(gateway, tools):
    done = gateway.pcp("pcp_node_info", "-n", "9", directory=tools)
    assert "invalid node ID" in done.stderr


def test_a_wrong_password_is_refused(gateway, tools, tmp_path):
    passfile = tmp_path / "pcppass"
    passfile.write_text("*:*:*:wrong\n")
    passfile.chmod(0o600)
    done = subprocess.run([f"{tools}/pcp_node_count", "-h", "127.0.0.1", "-p", str(gateway.pcp_port), "-U", "pcpadmin", "-w"],
                          capture_output=True, text=True, env={**os.environ, "PCPPASSFILE": str(passfile)}, timeout=30)
    assert done.returncode == 1 and "authentication failed" in done.stderr


def test_detach_and_attach(gateway, tools):
    assert "Successful" in run(gateway, tools, "pcp_detach_node", "-n", "2")
    wait_until("node 2 is down", lambda: gateway.pool_nodes()[2]["status"] == "down")
    for _ in range(10):
        assert gateway.query("SELECT current_setting('cluster_name')") == [("node1",)]
    assert "Successful" in run(gateway, tools, "pcp_attach_node", "-n", "2")
    wait_until("node 2 is back", lambda: gateway.pool_nodes()[2]["status"] in ("up", "waiting"))


def test_a_detached_node_stays_down_although_it_answers(make_gateway, build):
    gateway = make_gateway()
    run(gateway, build, "pcp_detach_node", "-n", "1")
    def answers():
        return int(run(gateway, build, "pcp_health_check_stats", "-n", "1").split()[7])
    before = answers()
    wait_until("it has answered some more", lambda: answers() > before + 2)
    assert gateway.pool_nodes()[1]["status"] == "down"
    run(gateway, build, "pcp_attach_node", "-n", "1")


def test_proc_count_and_proc_info(gateway, tools):
    pids = run(gateway, tools, "pcp_proc_count").split()
    assert pids and all(pid.isdigit() for pid in pids)
    connection = gateway.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert "app app" in run(gateway, tools, "pcp_proc_info")
    finally:
        connection.close()


def test_pool_status_lists_the_parameters(gateway, tools):
    text = run(gateway, tools, "pcp_pool_status")
    assert f"name : port\nvalue: {gateway.port}\n" in text
    assert "name : backend_hostname2\nvalue: 127.0.0.1\n" in text


def test_health_check_stats(gateway, tools):
    fields = run(gateway, tools, "pcp_health_check_stats", "-n", "1").split()
    assert fields[0] == "1" and fields[3] in ("up", "waiting") and fields[4] == "standby" and int(fields[7]) > 0


def test_reload_applies_what_changed(make_gateway, tools):
    gateway = make_gateway(log_min_messages="warning")
    gateway.conf.write_text(gateway.conf.read_text().replace("backend_weight1 = '1'", "backend_weight1 = '3'"))
    run(gateway, tools, "pcp_reload_config")
    wait_until("the new weight shows", lambda: gateway.pool_nodes()[1]["lb_weight"] == "0.750000")


def test_stop(cluster, build, tools, tmp_path):
    with pg.Howdah(cluster, build, directory=tmp_path / "stopped") as gateway:
        run(gateway, tools, "pcp_stop_pgpool", "-m", "fast")
        assert gateway.process.wait(60) == 0


def test_plain_promote_is_refused_and_names_the_option(gateway, tools):
    done = gateway.pcp("pcp_promote_node", "-n", "1", directory=tools)
    assert "switchover" in done.stderr
    assert gateway.pool_nodes()[0]["role"] == "primary"


def test_hostile_bytes_only_end_their_own_connection(gateway, build):
    import random
    import socket
    chance = random.Random(3)
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", gateway.pcp_port), timeout=10) as connection:
            connection.sendall(chance.randbytes(chance.randint(1, 400)))
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert run(gateway, build, "pcp_node_count") == "3\n"


@pytest.mark.parametrize("show, columns", [
    ("POOL_NODES", 14), ("POOL_STATUS", 3), ("POOL_VERSION", 1), ("POOL_PROCESSES", 8), ("POOL_POOLS", 21), ("POOL_HEALTH_CHECK_STATS", 20),
    ("POOL_BACKEND_STATS", 14), ("POOL_CACHE", 9)])
def test_show_answers_in_both_protocols(gateway, show, columns):
    import wire
    with wire.Client(gateway.port) as client:
        client.login(password=PASSWORD)
        simple = client.rows(f"show {show.lower()};")
        assert simple or show == "POOL_POOLS"
        assert all(len(row) == columns for row in simple)
        answers = client.ask(wire.parse(f"SHOW {show}"), wire.bind(), wire.describe(), wire.execute(), wire.SYNC)
        assert [tag for tag, _ in answers if tag not in b"D"] == [b"1", b"2", b"T", b"C", b"Z"]
        assert client.rows(f"SHOW {show}; SELECT 'goes on'")[-1] == ["goes on"]


def test_statements_are_counted_on_the_node_that_answered(gateway):
    def counts(column):
        with gateway.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW POOL_BACKEND_STATS")
            names = [name[0] for name in cursor.description]
            return [int(row[names.index(column)]) for row in cursor.fetchall()]

    def grown(column, do):
        before = counts(column)
        do()
        return [after - old for old, after in zip(before, counts(column))]

    answered = []
    growth = grown("select_cnt", lambda: answered.extend(
        int(gateway.query("SELECT current_setting('cluster_name')")[0][0][-1]) for _ in range(20)))
    assert growth == [answered.count(node) for node in range(3)]
    assert [int(row["select_cnt"]) for row in gateway.pool_nodes()] == counts("select_cnt")

    gateway.query("CREATE TABLE IF NOT EXISTS counted (a int)")
    for column, sql in (("insert_cnt", "INSERT INTO counted VALUES (1)"), ("update_cnt", "UPDATE counted SET a = 2"),
                        ("delete_cnt", "DELETE FROM counted"), ("ddl_cnt", "TRUNCATE counted"), ("other_cnt", "LISTEN counted")):
        assert grown(column, lambda: gateway.query(sql)) == [1, 0, 0], sql

    def fail():
        with pytest.raises(Exception, match="does not exist"):
            gateway.query("INSERT INTO no_such_table VALUES (1)")
    assert grown("error_cnt", fail) == [1, 0, 0]


def test_a_prepared_statement_counts_each_time_it_runs(gateway):
    import wire
    before = sum(int(row["select_cnt"]) for row in gateway.pool_nodes())
    with wire.Client(gateway.port) as client:
        client.login(password=PASSWORD)
        client.ask(wire.parse("SELECT 1", "s"), wire.SYNC)
        for _ in range(3):
            client.ask(wire.bind(statement="s"), wire.execute(), wire.SYNC)
    assert sum(int(row["select_cnt"]) for row in gateway.pool_nodes()) == before + 3


def test_pools_show_who_has_a_connection_and_what_ran_last(gateway):
    with gateway.connect() as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 'look at me'")
        with gateway.connect() as other, other.cursor() as asker:
            asker.execute("SHOW POOL_POOLS")
            names = [name[0] for name in asker.description]
            rows = [dict(zip(names, row)) for row in asker.fetchall()]
            asker.execute("SHOW POOL_NODES")
        held = [row for row in rows if row["statement"] == "SELECT 'look at me'"]
        assert len(held) == 1 and held[0]["pool_connected"] == "1" and held[0]["status"] == "Idle in transaction"
        assert held[0]["client_host"] == "127.0.0.1" and int(held[0]["client_port"]) > 0


def test_pool_nodes_show_the_node_drawn_for_the_asker(make_gateway):
    gateway = make_gateway(statement_level_load_balance="off")
    connection = gateway.connect()
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('cluster_name')")
        node = int(cursor.fetchone()[0][-1])
        cursor.execute("SHOW POOL_NODES")
        names = [name[0] for name in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        assert [row["load_balance_node"] for row in rows] == ["true" if n == node else "false" for n in range(3)]


def test_our_tools_read_debians_pgpool(cluster, build):
    import bench
    peers = bench.Peers(cluster)
    try:
        peers.pgpool()
        place = cluster.directory / "pgpool"
        conf = dict(line.split(" = ") for line in (place / "pgpool.conf").read_text().splitlines())
        port = conf["pcp_port"].strip("'")
        (place / "pcp.conf").write_text("pcpadmin:" + __import__("hashlib").md5(PASSWORD.encode()).hexdigest() + "\n")
        (place / "pcppass").write_text(f"*:*:pcpadmin:{PASSWORD}\n")
        (place / "pcppass").chmod(0o600)
        os.chmod(place / "pcp.conf", 0o644)

        def ask(directory, *argv):
            return subprocess.run([f"{directory}/{argv[0]}", "-h", "127.0.0.1", "-p", port, "-U", "pcpadmin", "-w", *argv[1:]],
                                  capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "PCPPASSFILE": str(place / "pcppass")})
        for argv in (["pcp_node_count"], ["pcp_node_info"], ["pcp_node_info", "-v"], ["pcp_pool_status"], ["pcp_proc_count"],
                     ["pcp_health_check_stats", "-n", "0"]):
            def says_the_same():  # what pgpool knows of the standbys comes in while we ask
                ours, theirs = ask(build, *argv), ask(DEBIAN, *argv)
                assert theirs.returncode == 0, theirs.stderr
                return (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
            wait_until(f"{argv} say the same", says_the_same)
    finally:
        peers.stop()
