"""Nodes that die, hang and come back, under clients at work. Each test breaks servers of its own."""

import contextlib
import os
import pathlib
import signal
import threading
import time

import psycopg2
import pytest

import cluster as pg
from cluster import Howdah, wait_until
from lag import wait_for_replicas

WHO = "current_setting('cluster_name')"


class Worker(threading.Thread):
    """A client that runs one statement again and again, and counts what it is answered."""

    def __init__(self, gateway, sql):
        super().__init__()
        self.gateway, self.sql = gateway, sql
        self.stopping = threading.Event()
        self.answers, self.errors = [], []
        self.start()

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or self.gateway.connect()
                with connection.cursor() as cursor:
                    cursor.execute(self.sql)
                    self.answers.append(cursor.fetchone()[0])
            except psycopg2.Error as error:
                self.errors.append(error)
                if connection and connection.closed:
                    connection = None
                time.sleep(0.05)

    def finish(self):
        self.stopping.set()
        self.join()


def wait_for_answers(workers):
    """Until each has been answered once more."""
    seen = [len(worker.answers) for worker in workers]
    wait_until("all are answered again", lambda: all(len(worker.answers) > before for worker, before in zip(workers, seen)))


@contextlib.contextmanager
def at_work(gateway, *statements):
    """A worker for each statement, from its first answer until it has been answered once more behind the body."""
    workers = [Worker(gateway, sql) for sql in statements]
    try:
        wait_for_answers(workers)
        yield workers
        wait_for_answers(workers)
    finally:
        for worker in workers:
            worker.finish()


def status_of(gateway, number):
    node = gateway.pool_nodes()[number]
    return node["status"], node["role"]


def wait_for_status(gateway, number, *wanted):
    wait_until(f"node {number} is {wanted}", lambda: status_of(gateway, number)[0] in wanted)


def test_a_killed_replica_costs_no_client_an_error_and_comes_back_by_itself(own_cluster, own_gateway):
    with at_work(own_gateway, *[f"SELECT {WHO}"] * 4) as workers:
        own_cluster.nodes[1].kill()
        wait_for_status(own_gateway, 1, "down")
        wait_for_answers(workers)
        own_cluster.nodes[1].start()
        wait_for_status(own_gateway, 1, "up", "waiting")
        wait_until("the replica is read again", lambda: own_gateway.query(f"SELECT {WHO}")[0][0] == "node1")
    assert [error for worker in workers for error in worker.errors] == []


def test_a_frozen_replica_leaves_the_read_pool(own_cluster, own_gateway):
    own_cluster.nodes[2].freeze()
    try:
        wait_for_status(own_gateway, 2, "down")
        started = time.monotonic()
        for _ in range(20):
            assert own_gateway.query(f"SELECT {WHO}")[0][0] == "node1"
        assert time.monotonic() - started < 15
    finally:
        own_cluster.nodes[2].thaw()
    wait_for_status(own_gateway, 2, "up", "waiting")


def test_a_killed_primary_is_replaced_and_statements_wait_instead_of_failing(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE audit (id int PRIMARY KEY)")
    with contextlib.closing(own_gateway.connect()) as connection, connection.cursor() as cursor:
        for number in range(100):
            cursor.execute("INSERT INTO audit VALUES (%s)", (number,))
        wait_for_replicas(own_cluster)
        own_cluster.primary.kill()
        cursor.execute("INSERT INTO audit VALUES (100)")  # on a live client connection: waits
    rows = own_gateway.query("SELECT count(*) FROM audit WHERE id <= 100 /* all */ FOR KEY SHARE OF audit"
                             .replace("count(*)", "id"))
    assert len(rows) == 101
    primaries = [node.number for node in own_cluster.nodes[1:] if node.is_primary()]
    assert len(primaries) == 1, "exactly one standby was promoted"
    follower = next(node for node in own_cluster.nodes[1:] if node.number not in primaries)
    wait_until("the other standby follows the new primary", lambda: own_cluster.nodes[primaries[0]].query(
        f"SELECT count(*) FROM pg_stat_replication WHERE application_name = '{follower.name}' AND state = 'streaming'") == [(1,)])
    assert status_of(own_gateway, 0)[0] == "down"
    assert status_of(own_gateway, primaries[0])[1] == "primary"


def test_an_old_primary_that_returns_is_not_sent_writes(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE returned (node text)")
    wait_for_replicas(own_cluster)
    own_cluster.primary.kill()
    own_gateway.query("INSERT INTO returned VALUES ('after')")
    own_cluster.primary.start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        assert own_gateway.query(f"INSERT INTO returned VALUES ({WHO}) RETURNING node")[0][0] != "node0"
        assert own_gateway.query(f"SELECT {WHO}, count(*) FROM returned")[0][0] != "node0"
    assert own_cluster.primary.query("SELECT count(*) FROM returned", database="app") == [(0,)]
    assert status_of(own_gateway, 0)[0] == "down"


def test_an_old_primary_that_returns_is_fenced_for_its_own_clients(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE fenced (node text)")
    wait_for_replicas(own_cluster)
    old = own_cluster.primary
    old.kill()
    own_gateway.query("INSERT INTO fenced VALUES ('after')")
    old.start()
    in_log(own_gateway, "false primary fenced node=0")
    wait_until("its sessions are told", lambda: old.query("SHOW default_transaction_read_only") == [("on",)])
    wait_until("commits wait", lambda: not commits(old))
    with contextlib.closing(pg.connect(old.port)) as direct, direct.cursor() as cursor:
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("INSERT INTO fenced VALUES ('straight')")
        cursor.execute("SET statement_timeout = '5s'; BEGIN READ WRITE; INSERT INTO fenced VALUES ('round it')")
        with pytest.raises(psycopg2.Error):  # waits for a standby that never comes, and is disconnected
            cursor.execute("COMMIT")
            pytest.fail("a commit on a fenced primary was acknowledged")
    assert old.query("SELECT count(*) FROM fenced WHERE node = 'straight'", database="app") == [(0,)]
    # It becomes a standby without pg_rewind or a new copy: then nothing of the fence is left on it.
    new = next(node for node in own_cluster.nodes[1:] if node.is_primary())
    old.stop()
    pg.run(pg.as_server_user([pg.PG_BIN / "pg_basebackup", "-D", old.data.with_name("copy"), "-X", "stream", "-c", "fast", "-d",
                              f"host=127.0.0.1 port={new.port} user=replicator password={pg.PASSWORD}"]),
           env=pg.server_environment(), cwd="/")
    copy = old.data.with_name("copy")
    (copy / "postgresql.conf").write_text((old.data / "postgresql.conf").read_text())
    with open(copy / "postgresql.auto.conf", "a", encoding="ascii") as conf:
        conf.write((old.data / "postgresql.auto.conf").read_text().split("\n", 1)[1])
        conf.write(f"primary_conninfo = 'host=127.0.0.1 port={new.port} user=replicator password={pg.PASSWORD} "
                   "application_name=node0'\n")
    (copy / "standby.signal").touch()
    if pg.server_user():
        for name in ("standby.signal", "postgresql.conf"):
            pg.shutil.chown(copy / name, pg.server_user(), pg.server_user())
    old.data = copy
    old.start()
    wait_for_status(own_gateway, 0, "up", "waiting")
    wait_until("the fence is gone", lambda: old.query(
        "SELECT current_setting('default_transaction_read_only'), current_setting('synchronous_standby_names')")
        == [("off", "")])


def test_two_primaries_of_one_timeline_stop_writes_until_an_operator_decides(own_cluster, build):
    with Howdah(own_cluster, build, primary_wait_timeout="1s") as gateway:
        gateway.query("CREATE TABLE two (a int)")
        other = own_cluster.nodes[2]
        other.stop()
        (other.data / "standby.signal").unlink()  # a copy of the primary, started as a primary
        other.start()
        in_log(gateway, "two primaries: node 0 and node 2")
        wait_for_status(gateway, 0, "quarantine")
        assert status_of(gateway, 2)[0] == "down"
        with pytest.raises(psycopg2.Error) as refused:
            gateway.query("INSERT INTO two VALUES (1)")
        assert refused.value.pgcode == "57P03"
        assert other.query("SHOW default_transaction_read_only") == [("off",)], "neither is touched"
        assert gateway.pcp("pcp_detach_node", "-n", 2).returncode == 0
        wait_for_status(gateway, 0, "up", "waiting")
        gateway.query("INSERT INTO two VALUES (2)")
        assert own_cluster.primary.query("SELECT a FROM two", database="app") == [(2,)]


def test_reads_go_on_while_there_is_no_primary(own_cluster, build):
    with Howdah(own_cluster, build, failover_mode="none", primary_wait_timeout="1s") as gateway:
        own_cluster.primary.kill()
        wait_for_status(gateway, 0, "down")
        for _ in range(10):
            assert gateway.query(f"SELECT {WHO}")[0][0] in ("node1", "node2")
        with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute("CREATE TABLE never (a int)")
            assert refused.value.pgcode == "57P03"
            cursor.execute("SELECT 1")
            own_cluster.nodes[1].query("SELECT pg_promote()")  # somebody else promotes; Howdah notices
            wait_until("the new primary is found", lambda: status_of(gateway, 1)[1] == "primary")
            cursor.execute("CREATE TABLE at_last (a int)")


def test_a_replica_that_is_absent_at_start_joins_later(own_cluster, build):
    own_cluster.nodes[2].stop()
    with Howdah(own_cluster, build) as gateway:
        wait_for_status(gateway, 1, "up", "waiting")
        assert status_of(gateway, 2)[0] == "down"
        assert gateway.query(f"SELECT {WHO}")[0][0] == "node1"
        own_cluster.nodes[2].start()
        wait_for_status(gateway, 2, "up", "waiting")


def test_start_up_waits_for_the_primary(own_cluster, build):
    for node in own_cluster.nodes:
        node.stop()
    gateway = Howdah(own_cluster, build)
    gateway.start(wait=False)
    try:
        for node in own_cluster.nodes:
            in_log(gateway, f"node changed node={node.number}")
        assert gateway.process.poll() is None
        for node in own_cluster.nodes:
            node.start()
        wait_until("Howdah answers", gateway.answers)
        gateway.query("CREATE TABLE waited (a int)")
    finally:
        assert gateway.stop() == 0


def test_failover_command_is_run_with_pgpools_placeholders(own_cluster, build):
    told = own_cluster.directory / "howdah" / "told"
    gateway = Howdah(own_cluster, build, failover_command=f"echo %d %h %p %m %H %r %P %% >> {told}",
                     failover_mode="command", backend_data_directory0="/data/zero")
    with gateway:
        old = own_cluster.primary
        old.kill()
        line = wait_until("failover_command was run", lambda: told.exists() and told.read_text())
        new = own_cluster.nodes[1]
        assert line.split() == ["0", "127.0.0.1", str(old.port), "1", "127.0.0.1", str(new.port), "0", "%"]
        new.query("SELECT pg_promote()")  # what the operator's script would do
        wait_until("the new primary is found", lambda: status_of(gateway, 1)[1] == "primary")
        gateway.query("CREATE TABLE promoted (a int)")


def test_a_restart_of_one_backend_process_is_waited_out(own_cluster, own_gateway):
    """A crashed backend restarts the whole server: no promotion, the primary stays."""
    own_gateway.query("CREATE TABLE crashed (a int)")
    with contextlib.closing(own_gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET application_name = 'victim'; SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
        own_cluster.primary.crash(pid)
    own_gateway.query("INSERT INTO crashed VALUES (1)")
    assert own_cluster.primary.is_primary()
    assert not any(node.is_primary() for node in own_cluster.nodes[1:])
    assert status_of(own_gateway, 0)[1] == "primary"


def test_a_planned_switchover_loses_nothing_and_shows_no_error(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE switched (id bigserial PRIMARY KEY, node text)")
    with at_work(own_gateway, *[f"INSERT INTO switched (node) VALUES ({WHO}) RETURNING id"] * 3) as workers:
        order = own_gateway.pcp_argv("pcp_promote_node", "-n", 2)  # `howdah switchover` takes the same options
        done = pg.subprocess.run([str(own_gateway.build / "howdah"), "switchover", *order[1:]], text=True, capture_output=True,
                                 timeout=180, env=own_gateway.pcp_environment())
        assert done.returncode == 0, done.stderr
        wait_until("node 2 is the primary", lambda: status_of(own_gateway, 2)[1] == "primary")
        own_gateway.query(f"INSERT INTO switched (node) VALUES ({WHO})")
    acknowledged = [number for worker in workers for number in worker.answers]
    assert [error for worker in workers for error in worker.errors] == []
    stored = {number for (number,) in own_cluster.nodes[2].query("SELECT id FROM switched", database="app")}
    assert set(acknowledged) <= stored


def test_a_switchover_opens_connections_to_the_candidate_while_its_clients_wait(own_cluster, build):
    candidate = own_cluster.nodes[1]
    clients_of = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
    with Howdah(own_cluster, build, load_balance_mode="off") as gateway:
        with contextlib.closing(gateway.connect()) as client, client.cursor() as cursor:
            client.autocommit = False
            cursor.execute("SELECT 1 FOR UPDATE")
            order = pg.subprocess.Popen([str(build / "howdah"), "switchover", *gateway.pcp_argv("pcp_promote_node", "-n", 1)[1:]],
                                        env=gateway.pcp_environment())
            wait_until("the candidate has connections of clients", lambda: candidate.query(clients_of)[0][0] > 0)
            assert own_cluster.primary.is_primary()
            client.commit()
            assert order.wait(180) == 0
            cursor.execute(f"SELECT {WHO} FOR UPDATE")
            assert cursor.fetchall() == [("node1",)]


def unread_bytes(port):
    """What lies in the sockets of a server's processes (Linux, /proc/net/tcp: local address, state, queues)."""
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(queues.split(":")[1], 16) for _, local, _, state, queues, *_ in lines
               if int(local.split(":")[1], 16) == port and state == "01")


def switch_over_beside_a_statement_not_begun(cluster, gateway, ordered):
    """A statement that `gateway` has sent is not begun, for its server gets no CPU for a while; the switchover is `ordered` of a gateway."""
    with contextlib.closing(gateway.connect()) as client, client.cursor() as cursor:
        gateway.wait_for_nodes()
        gateway.query("CREATE TABLE begun_late (a int)")
        cursor.execute("SELECT pg_backend_pid() FOR UPDATE")
        backend = cursor.fetchone()[0]
        pg.halt([backend])
        try:
            writer = threading.Thread(target=cursor.execute, args=("INSERT INTO begun_late VALUES (1)",))
            writer.start()
            wait_until("it is sent", lambda: unread_bytes(cluster.primary.port) > 0)
            order = pg.subprocess.Popen([str(ordered.build / "howdah"), "switchover", *ordered.pcp_argv("pcp_promote_node", "-n", 1)[1:]],
                                        env=ordered.pcp_environment())
            in_log(ordered, "to=switching")
            begun = cluster.nodes[2].query("SELECT clock_timestamp()")[0][0]
            wait_until("a second later", lambda: (cluster.nodes[2].query("SELECT clock_timestamp()")[0][0] - begun).total_seconds() > 1)
            assert order.poll() is None and not cluster.nodes[1].is_primary()
        finally:
            os.kill(backend, signal.SIGCONT)
        writer.join()
        assert order.wait(180) == 0, ordered.tail()
    assert cluster.nodes[1].query("SELECT a FROM begun_late", database="app") == [(1,)]


def test_a_switchover_waits_for_a_statement_that_the_server_has_not_begun_yet(own_cluster, build):
    with Howdah(own_cluster, build, default_pool_size=1) as gateway:
        switch_over_beside_a_statement_not_begun(own_cluster, gateway, gateway)


def told_failovers(gateway):
    """The rows of SHOW POOL_FAILOVERS."""
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW POOL_FAILOVERS")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def test_a_switchover_waits_for_the_end_of_a_record_and_tells_its_steps(own_cluster, own_gateway):
    """What a rollback leaves is flushed page by page: the middle of a record may be the last of it for long."""
    own_gateway.query("CREATE TABLE undone (a text)")
    wait_for_replicas(own_cluster)
    with contextlib.closing(own_gateway.connect()) as client, client.cursor() as cursor:
        client.autocommit = False
        cursor.execute("INSERT INTO undone SELECT repeat('x', 700) FROM generate_series(1, 500)")
        order = pg.subprocess.Popen([str(own_gateway.build / "howdah"), "switchover", *own_gateway.pcp_argv("pcp_promote_node", "-n", 1)[1:]],
                                    env=own_gateway.pcp_environment())
        in_log(own_gateway, "to=switching")
        client.rollback()
        assert order.wait(180) == 0, own_gateway.tail()
    steps = {row["step"]: row["detail"] for row in told_failovers(own_gateway)}
    assert list(steps)[:7] == ["switching", "hold", "drained", "closed", "caught_up", "plan", "chosen"]
    position = steps["closed"].removeprefix("position=")
    old = own_cluster.nodes[0]
    found = pg.subprocess.run([pg.PG_BIN / "pg_waldump", "-p", old.data / "pg_wal", "-s", position, "-n", "1"], text=True, capture_output=True)
    assert "lsn: " + position.split("/")[0] + "/" in found.stdout and "first record is after" not in found.stdout + found.stderr


def run_sql(node, *statements):
    for statement in statements:
        node.query(statement)


def in_log(gateway, text):
    wait_until(f"the log says {text!r}", lambda: text in gateway.log.read_text())


def test_a_stale_primary_is_not_used_at_start_until_an_operator_says_so(own_cluster, build):
    gateway = Howdah(own_cluster, build)
    with gateway:
        gateway.query("CREATE TABLE stale (a int)")
        wait_for_replicas(own_cluster)
        assert gateway.pcp("pcp_detach_node", "-n", 2).returncode == 0
        own_cluster.primary.kill()
        gateway.query("INSERT INTO stale VALUES (1)")
    own_cluster.nodes[1].kill()  # the one that has this row
    own_cluster.primary.start()
    gateway.parameters.update(primary_wait_timeout="1s")
    gateway.write_files()
    gateway.start(wait=False)
    try:
        in_log(gateway, "stale primary is not used node=0")
        with pytest.raises(psycopg2.Error):
            gateway.query("INSERT INTO stale VALUES (2)")
        assert own_cluster.primary.query("SELECT count(*) FROM stale", database="app") == [(0,)]
        assert "node restored node=2 condition=detached" in gateway.log.read_text(), "what an operator took out stays out"
        assert gateway.pcp("pcp_attach_node", "-n", 0).returncode == 0
        wait_until("the operator's choice is used", gateway.answers)
        gateway.query("INSERT INTO stale VALUES (3)")
    finally:
        assert gateway.stop() == 0


def test_discard_status_forgets_what_was_detached(own_cluster, build):
    gateway = Howdah(own_cluster, build)
    with gateway:
        assert gateway.pcp("pcp_detach_node", "-n", 2).returncode == 0
    with gateway:
        assert status_of(gateway, 2)[0] == "down"
    arguments = gateway.arguments
    gateway.arguments = lambda: [*arguments(), "-D"]
    with gateway:
        wait_for_status(gateway, 2, "up", "waiting")


def test_synchronous_standby_names_follow_the_primary(own_cluster, build):
    run_sql(own_cluster.primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (node1, node2)'", "SELECT pg_reload_conf()")
    with Howdah(own_cluster, build, synchronous_standbys="available") as gateway:
        in_log(gateway, "synchronous standbys wished for")
        gateway.query("CREATE TABLE kept_in_step (a int)")
        wait_for_replicas(own_cluster)
        own_cluster.primary.kill()
        gateway.query("INSERT INTO kept_in_step VALUES (1)")
        new, other = sorted(own_cluster.nodes[1:], key=lambda node: not node.is_primary())
        wait_until("the other standby is waited for", lambda: new.query("SHOW synchronous_standby_names") ==
                   [(f'ANY 1 ("{other.name}")',)])
        other.kill()
        wait_until("nobody is waited for", lambda: new.query("SHOW synchronous_standby_names") == [("",)])
        gateway.query("INSERT INTO kept_in_step VALUES (2)")


def commits(node):
    with contextlib.suppress(psycopg2.Error):
        return node.query("SELECT pg_logical_emit_message(true, 'test', '')", user="app", database="app")
    return None


def hold_commits(cluster):
    """From now on every commit on the primary waits for a standby that never comes. (The checkpointer must have heard of it.)"""
    primary = cluster.primary
    run_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'postgres'"

    def hangs():
        attempt = threading.Thread(target=primary.query, args=("SELECT pg_logical_emit_message(true, 'test', '')",))
        attempt.start()
        wait_until("it is done, or waits", lambda: not attempt.is_alive() or primary.query(f"SELECT count(*) {waiting}") == [(1,)])
        is_held = attempt.is_alive()
        while attempt.is_alive():
            primary.query(f"SELECT pg_cancel_backend(pid) {waiting}")
            attempt.join(timeout=0.1)
        return is_held
    wait_until("commits wait", hangs)


def release_commits(cluster):
    run_sql(cluster.primary, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


def commit_into_the_death_of(cluster, gateway, is_replicated):
    """The outcome of a COMMIT whose answer never comes, because its primary dies; and how many rows there are then."""
    gateway.query("CREATE TABLE doubted (a int)")
    wait_until("the table is everywhere", lambda: all(
        node.query("SELECT to_regclass('doubted') IS NOT NULL", database="app") == [(True,)] for node in cluster.nodes))
    if not is_replicated:
        for node in cluster.nodes[1:]:
            run_sql(node, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
            wait_until("it receives nothing", lambda n=node: n.query("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
    hold_commits(cluster)
    outcome = []
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("INSERT INTO doubted VALUES (1)")

        def commit():
            try:
                connection.commit()
                outcome.append("committed")
            except psycopg2.Error as error:
                outcome.append(error.pgcode)
        thread = threading.Thread(target=commit)
        thread.start()
        wait_until("the COMMIT hangs", lambda: cluster.primary.query(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(1,)])
        if is_replicated:
            wait_until("standbys have it", lambda: all(
                node.query("SELECT count(*) FROM doubted", database="app") == [(1,)] for node in cluster.nodes[1:]))
        cluster.primary.kill()
        thread.join()
    return outcome, gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM doubted")[0][0]


def test_a_commit_in_doubt_that_happened_is_told_as_committed(own_cluster, own_gateway):
    assert commit_into_the_death_of(own_cluster, own_gateway, True) == (["committed"], 1)


def test_a_commit_in_doubt_that_did_not_happen_is_run_again(own_cluster, own_gateway):
    assert commit_into_the_death_of(own_cluster, own_gateway, False) == (["committed"], 1)


def test_show_pool_failovers_tells_what_happened_and_why(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE told (a int)")
    wait_for_replicas(own_cluster)
    own_cluster.primary.kill()
    own_gateway.query("INSERT INTO told VALUES (1)")
    wait_until("its last step is told", lambda: any(row["step"] == "adopted" for row in told_failovers(own_gateway)))
    rows = told_failovers(own_gateway)
    steps = [row["step"] for row in rows]
    assert [step for step in steps if step in ("confirming", "freezing", "plan", "chosen", "promoting", "adopted")] == [
        "confirming", "freezing", "plan", "chosen", "promoting", "adopted"]
    assert {row["old_primary"] for row in rows} == {"0"}
    assert {row["new_primary"] for row in rows} <= {"1", "2"}
    assert "candidates=[" in next(row["detail"] for row in rows if row["step"] == "plan")
    chosen = next(row["detail"] for row in rows if row["step"] == "chosen")
    assert f"node={rows[0]['new_primary']} why=" in chosen and ("advanced" in chosen or "timeline" in chosen)
    elapsed = [float(row["elapsed_ms"]) for row in rows]
    assert elapsed == sorted(elapsed)


def online_check(gateway):
    gateway.write_files()
    return pg.subprocess.run([str(gateway.build / "howdah"), "--check", "--online", *map(str, gateway.arguments()[2:])],
                             text=True, capture_output=True, timeout=60)


def test_an_online_check_names_each_grant_that_is_missing_and_what_it_names_mends_it(own_cluster, build):
    gateway = Howdah(own_cluster, build)

    def check():
        return online_check(gateway)
    ready = check()
    assert ready.returncode == 0, ready.stderr
    assert "node 2: ready for native failover" in ready.stdout
    assert "mend:" not in ready.stderr
    primary = own_cluster.primary
    for taken in ("pg_monitor, pg_signal_backend, pg_checkpoint FROM howdah",
                  "EXECUTE ON FUNCTION pg_promote(boolean,integer), pg_reload_conf() FROM howdah",
                  "ALTER SYSTEM ON PARAMETER primary_conninfo, default_transaction_read_only, synchronous_standby_names, "
                  "wal_receiver_timeout FROM howdah"):
        primary.query(f"REVOKE {taken}")
    lacking = check()
    assert lacking.returncode != 0
    named = {line.split(":", 1)[1].strip() for line in lacking.stderr.splitlines() if line.strip().startswith("mend")}
    assert len(named) == 9
    for sql in named:  # as it stands
        primary.query(sql)
    wait_until("it is mended on every node", lambda: check().returncode == 0)


def test_an_online_check_names_the_setting_that_breaks_the_plan(own_cluster, build):
    node = own_cluster.nodes[1]
    run_sql(node, "ALTER SYSTEM SET recovery_target_timeline = 'current'", "ALTER SYSTEM SET full_page_writes = off",
            "ALTER SYSTEM SET wal_retrieve_retry_interval = '5s'")
    node.stop()
    node.start()
    done = online_check(Howdah(own_cluster, build))
    assert done.returncode != 0
    for line in ("ALTER SYSTEM SET recovery_target_timeline = 'latest'", "ALTER SYSTEM SET full_page_writes = on",
                 "ALTER SYSTEM SET wal_retrieve_retry_interval = '500ms'"):
        assert done.stderr.count(line) == 1
    assert "node 2: ready for native failover" in done.stdout
