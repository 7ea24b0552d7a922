"""What clients are told of statements outside transactions whose primary dies under them; each test breaks servers of its own."""

import contextlib
import os
import signal
import threading
import uuid

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD, Howdah, wait_until
from test_failover import WHO, hold_commits, release_commits, run_sql
from test_replay import replicate_synchronously


def make_table(cluster, gateway):
    gateway.query("CREATE TABLE marks (mark text)")
    wait_until("the table is everywhere", lambda: all(
        node.query("SELECT to_regclass('marks') IS NOT NULL", database="app") == [(True,)] for node in cluster.nodes))


def rows_with(gateway, mark):
    return gateway.query(f"/*NO LOAD BALANCE*/ SELECT count(*) FROM marks WHERE mark = '{mark}'")[0][0]


def batch(sql):
    return wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC


@pytest.mark.parametrize("form", ["simple", "extended"])
def test_in_a_pipeline_reads_run_again_and_writes_are_in_doubt(own_cluster, own_gateway, form):
    make_table(own_cluster, own_gateway)
    wait_until("reads of it are known as reads", lambda: own_gateway.query(f"SELECT {WHO}, count(*) FROM marks")[0][0] != "node0")
    said = wire.query if form == "simple" else batch
    with wire.Client(own_gateway.port) as client:
        client.login(password=PASSWORD)
        with contextlib.closing(pg.connect(own_cluster.primary.port)) as other, other.cursor() as cursor:
            other.autocommit = False
            cursor.execute("LOCK marks IN SHARE MODE")
            client.send(said("INSERT INTO marks VALUES ('first')"), said("SELECT 1, count(*) FROM marks WHERE mark = 'first'"),
                        said("INSERT INTO marks VALUES ('second')"), said("SELECT 2, count(*) FROM marks WHERE mark = 'second'"))
            wait_until("the first waits for the lock", lambda: own_cluster.primary.query(
                "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)])
            own_cluster.primary.kill()
        answers = [client.until() for _ in range(4)]
        outcomes = [next(wire.error_fields(body)["C"] if tag == b"E" else wire.row_values(body)
                         for tag, body in answer if tag in (b"E", b"D")) for answer in answers]
        assert outcomes == ["08007", ["1", "0"], "08007", ["2", "0"]]
        assert client.tags(said("INSERT INTO marks VALUES ('third')")).endswith("CZ")
    assert own_gateway.query("/*NO LOAD BALANCE*/ SELECT mark FROM marks") == [("third",)]


WHOLE = ("BEGIN", "INSERT INTO marks VALUES ('once') RETURNING mark", "COMMIT")
FORMS = {  # what is sent, and the tags of its answer
    "write": (wire.query(WHOLE[1]), "TDCZ"),
    "string of writes": (wire.query(f"SELECT 1; {WHOLE[1]}"), "TDCTDCZ"),
    "transaction in a string": (wire.query("; ".join(WHOLE)), "CTDCCZ"),
    "transaction in a batch": (b"".join(wire.parse(sql) + wire.bind() + wire.execute() for sql in WHOLE) + wire.SYNC, "12C12DC12CZ"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_replicated", [True, False])
def test_strict_finds_out_about_a_write_that_was_sent_at_once(own_cluster, build, is_replicated, form):
    """The write is committed on the primary, which waits for a standby, and dies: the client hears of nothing."""
    with Howdah(own_cluster, build, commit_safety="strict") as gateway, wire.Client(gateway.port) as client:
        make_table(own_cluster, gateway)
        client.login(password=PASSWORD)
        if not is_replicated:
            for node in own_cluster.nodes[1:]:
                run_sql(node, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
                wait_until("it receives nothing", lambda n=node: n.query("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        hold_commits(own_cluster)
        messages, tags = FORMS[form]
        client.send(messages)
        wait_until("its COMMIT hangs", lambda: own_cluster.primary.query(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(1,)])
        if is_replicated:
            wait_until("standbys have it", lambda: all(
                node.query("SELECT count(*) FROM marks", database="app") == [(1,)] for node in own_cluster.nodes[1:]))
        own_cluster.primary.kill()
        answer = [(tag, body) for tag, body in client.until() if tag not in b"SN"]
        assert b"".join(tag for tag, _ in answer).decode() == tags
        assert [wire.row_values(body) for tag, body in answer if tag == b"D"][-1] == ["once"]
        assert answer[-1] == (b"Z", b"I")
        assert rows_with(gateway, "once") == 1


class Writer(threading.Thread):
    """Writes marks, each with `statements` of its own, and notes those that were acknowledged and the errors."""

    def __init__(self, gateway, *statements, user="app"):
        super().__init__()
        self.gateway, self.statements, self.user = gateway, statements, user
        self.stopping = threading.Event()
        self.acknowledged, self.errors = [], []
        self.start()

    def run(self):
        with contextlib.closing(self.gateway.connect(user=self.user)) as connection, connection.cursor() as cursor:
            while not self.stopping.is_set():
                mark = str(uuid.uuid4())
                try:
                    for statement in self.statements:
                        cursor.execute(statement, (mark,) if "%s" in statement else None)
                    self.acknowledged.append(mark)
                except psycopg2.Error as error:
                    self.errors.append((error.pgcode, str(error)))
                    return


def write_through(gateway, kinds, fault):
    """Each mark is written once, and nobody hears of it."""
    writers = [Writer(gateway, *statements) for statements in kinds for _ in range(4)]
    try:
        wait_until("all are at work", lambda: all(len(writer.acknowledged) > 10 for writer in writers))
        fault()
        done = [len(writer.acknowledged) for writer in writers]
        wait_until("all go on", lambda: all(not writer.is_alive() or len(writer.acknowledged) > before + 10
                                            for writer, before in zip(writers, done)))
    finally:
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
    assert [error for writer in writers for error in writer.errors] == []
    stored = sorted(mark for (mark,) in gateway.query("/*NO LOAD BALANCE*/ SELECT mark FROM marks"))
    assert stored == sorted(mark for writer in writers for mark in writer.acknowledged)


def crash_a_backend(node):
    """With its files flushed, as outside tests: a recovery takes longer than a crash, so that nobody can be in doubt of a second one."""
    run_sql(node, "ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()")
    wait_until("it flushes", lambda: node.query("SHOW fsync") == [("on",)])
    pids = node.query("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
    os.kill(pids[0][0], signal.SIGKILL)


def restart(node):
    node.stop()
    node.start()


RESTARTS = {"crash of a backend": crash_a_backend, "shutdown and start": restart}


@pytest.mark.parametrize("how", RESTARTS)
def test_strict_under_load_nobody_hears_of_a_restart_of_the_primary(own_cluster, build, how):
    with Howdah(own_cluster, build, commit_safety="strict", failover_mode="none") as gateway:
        make_table(own_cluster, gateway)
        replicate_synchronously(own_cluster)
        insert = "INSERT INTO marks VALUES (%s)"
        kinds = [(insert,), ("BEGIN", insert, "COMMIT"), ("BEGIN", f"{insert}; COMMIT")]
        write_through(gateway, kinds, lambda: RESTARTS[how](own_cluster.primary))


def test_strict_asks_a_primary_that_has_only_restarted(own_cluster, build):
    """The write is committed on the primary, which waits for a standby, dies and is started again: its client hears of success, but
    not before a standby has it."""
    primary = own_cluster.primary
    with Howdah(own_cluster, build, commit_safety="strict", failover_mode="none", detection_profile="fast") as gateway, wire.Client(gateway.port) as client:
        make_table(own_cluster, gateway)
        client.login(password=PASSWORD)
        hold_commits(own_cluster)
        messages, tags = FORMS["transaction in a batch"]
        client.send(messages)
        waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        wait_until("its COMMIT hangs", lambda: primary.query(f"SELECT count(*) {waiting} AND usename = 'app'") == [(1,)])
        primary.kill()
        primary.start()
        wait_until("it is looked up", lambda: primary.answers() and primary.query(
            f"SELECT count(*) {waiting} AND query LIKE '%logical_emit%'") == [(1,)])
        release_commits(own_cluster)
        answer = [(tag, body) for tag, body in client.until() if tag not in b"SN"]
        assert b"".join(tag for tag, _ in answer).decode() == tags
        assert primary.is_primary() and rows_with(gateway, "once") == 1


OTHERS = {  # table: what adds a mark to it
    "made": "CREATE TABLE made AS SELECT 'made' AS mark",
    "copied": "COPY copied FROM STDIN",
    "ended": "SAVEPOINT s; INSERT INTO ended VALUES ('ended'); COMMIT",  # a transaction that is open
    "viewed": "REFRESH MATERIALIZED VIEW CONCURRENTLY viewed",
    "typed": "ALTER TYPE kind ADD VALUE 'typed'",
}


def test_strict_finds_out_about_what_is_no_plain_write(own_cluster, build):
    with Howdah(own_cluster, build, commit_safety="strict") as gateway, contextlib.ExitStack() as stack:
        gateway.query("CREATE TABLE copied (mark text); CREATE TABLE ended (mark text); CREATE TABLE seen (mark text)")
        gateway.query("CREATE MATERIALIZED VIEW viewed AS SELECT mark FROM seen; CREATE UNIQUE INDEX ON viewed (mark)")
        gateway.query("CREATE TYPE kind AS ENUM (); CREATE VIEW typed AS SELECT enumlabel::text AS mark FROM pg_enum; "
                      "INSERT INTO seen VALUES ('viewed')")
        clients = [stack.enter_context(wire.Client(gateway.port)) for _ in OTHERS]
        for client, statement in zip(clients, OTHERS.values()):
            client.login(password=PASSWORD)
            if statement.endswith("COMMIT"):
                client.tags(wire.query("BEGIN"))
                client.tags(wire.query("INSERT INTO ended VALUES ('before')"))
        hold_commits(own_cluster)
        for client, statement in zip(clients, OTHERS.values()):
            client.send(wire.query(statement))
            if statement.startswith("COPY"):
                client.until(b"G")
                client.send(wire.copy_data(b"copied\n"), wire.COPY_DONE)
        waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'"
        wait_until("their COMMITs hang", lambda: own_cluster.primary.query(f"SELECT count(*) {waiting}") == [(len(clients),)])
        flushed = own_cluster.primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]
        wait_until("standbys have it", lambda: all(
            node.query(f"SELECT pg_last_wal_replay_lsn() >= '{flushed}'") == [(True,)] for node in own_cluster.nodes[1:]))
        own_cluster.primary.kill()
        for client, table in zip(clients, OTHERS):
            answer = client.until()
            assert [tag for tag, _ in answer if tag == b"E"] == [] and answer[-1] == (b"Z", b"I")
            assert gateway.query(f"/*NO LOAD BALANCE*/ SELECT mark FROM {table} WHERE mark = '{table}'") == [(table,)]


@pytest.mark.parametrize("safety, is_replicated", [("pipelined", True), ("strict", False)])
def test_commit_and_chain_is_looked_up_and_the_next_transaction_is_as_the_one_before(own_cluster, build, is_replicated, safety):
    with Howdah(own_cluster, build, commit_safety=safety) as gateway, wire.Client(gateway.port) as client:
        make_table(own_cluster, gateway)
        client.login(password=PASSWORD)
        for sql in ("BEGIN ISOLATION LEVEL REPEATABLE READ", "INSERT INTO marks VALUES ('once')"):
            assert client.tags(wire.query(sql)).endswith("CZ")
        if not is_replicated:
            for node in own_cluster.nodes[1:]:
                run_sql(node, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
                wait_until("it receives nothing", lambda n=node: n.query("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        hold_commits(own_cluster)
        client.send(wire.query("COMMIT AND CHAIN"))
        wait_until("its COMMIT hangs", lambda: own_cluster.primary.query(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(1,)])
        if is_replicated:
            wait_until("standbys have it", lambda: all(
                node.query("SELECT count(*) FROM marks", database="app") == [(1,)] for node in own_cluster.nodes[1:]))
        own_cluster.primary.kill()
        answer = [(tag, body) for tag, body in client.until() if tag not in b"SN"]
        assert answer == [(b"C", b"COMMIT\0"), (b"Z", b"T")]
        client.send(wire.query("SHOW transaction_isolation"))
        assert [wire.row_values(body) for tag, body in client.until() if tag == b"D"] == [["repeatable read"]]
        assert client.tags(wire.query("INSERT INTO marks VALUES ('undone')")).endswith("CZ")
        assert client.tags(wire.query("ROLLBACK")).endswith("CZ")
        assert (rows_with(gateway, "once"), rows_with(gateway, "undone")) == (1, 0)


def test_strict_what_may_run_twice_and_a_notification_are_no_errors(own_cluster, build):
    with Howdah(own_cluster, build, commit_safety="strict") as gateway, contextlib.closing(gateway.connect()) as listener:
        make_table(own_cluster, gateway)
        listener.autocommit = True
        with listener.cursor() as cursor:
            cursor.execute("LISTEN told")
            gateway.query("NOTIFY told, 'alone'")
            gateway.query("NOTIFY told, 'twice'; NOTIFY told, 'told'")
            gateway.query("BEGIN; NOTIFY told, 'whole'; COMMIT")
            wait_until("all are heard", lambda: listener.poll() or len(listener.notifies) == 4)
            assert [notify.payload for notify in listener.notifies] == ["alone", "twice", "told", "whole"]
        with contextlib.closing(pg.connect(own_cluster.primary.port)) as other, other.cursor() as cursor, wire.Client(gateway.port) as client:
            client.login(password=PASSWORD)
            other.autocommit = False
            cursor.execute("LOCK marks IN ACCESS EXCLUSIVE MODE")
            client.send(wire.query("VACUUM marks"))
            wait_until("it waits for the lock", lambda: own_cluster.primary.query("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)])
            own_cluster.primary.kill()
            answer = [(tag, body) for tag, body in client.until() if tag not in b"SN"]
        assert answer == [(b"C", b"VACUUM\0"), (b"Z", b"I")]


def test_reads_that_only_a_primary_may_run_are_answered_by_the_next_one(own_cluster, own_gateway):
    make_table(own_cluster, own_gateway)
    wait_until("reads of it are known as reads", lambda: own_gateway.query(f"SELECT {WHO}, count(*) FROM marks")[0][0] != "node0")
    own_gateway.query("INSERT INTO marks VALUES ('locked')")
    wait_until("it is everywhere", lambda: all(
        node.query("SELECT count(*) FROM marks", database="app") == [(1,)] for node in own_cluster.nodes))
    reads = ["SELECT mark FROM marks FOR UPDATE", "SELECT mark, random() < 2 FROM marks FOR SHARE", "/*NO LOAD BALANCE*/ SELECT mark FROM marks"]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(wire.Client(own_gateway.port)) for _ in reads]
        for client in clients:
            client.login(password=PASSWORD)
        with contextlib.closing(pg.connect(own_cluster.primary.port)) as other, other.cursor() as cursor:
            other.autocommit = False
            cursor.execute("LOCK marks IN ACCESS EXCLUSIVE MODE")
            for client, read in zip(clients, reads):
                client.send(wire.query(read))
            wait_until("all wait for the lock", lambda: own_cluster.primary.query(
                "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(len(reads),)])
            own_cluster.primary.kill()
        for client in clients:
            answer = client.until()
            assert [wire.row_values(body)[0] for tag, body in answer if tag == b"D"] == ["locked"]
            assert not [tag for tag, _ in answer if tag == b"E"]


def test_strict_under_load_writes_are_done_once_and_nobody_hears_of_the_failover(own_cluster, build):
    with Howdah(own_cluster, build, commit_safety="strict", synchronous_standbys="available") as gateway:
        make_table(own_cluster, gateway)
        replicate_synchronously(own_cluster)
        insert = "INSERT INTO marks VALUES (%s) RETURNING current_setting('cluster_name')"
        write_through(gateway, [(insert,), (f"BEGIN; {insert}; COMMIT",)], own_cluster.primary.kill)


def test_a_dead_postmasters_busy_backend_acknowledges_nothing(own_cluster, own_gateway):
    """It goes on, commits and would answer later (its own server is gone by then, and another one is primary)."""
    make_table(own_cluster, own_gateway)
    old = own_cluster.primary
    outcome = []

    def write():
        try:
            own_gateway.query("INSERT INTO marks SELECT 'late' FROM generate_series(1, 300000) a, generate_series(1, 300000) b HAVING count(*) > 0")
            outcome.append("done")
        except psycopg2.Error as error:
            outcome.append(error.pgcode)
    thread = threading.Thread(target=write)
    thread.start()
    wait_until("it works", lambda: old.query(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT INTO marks%'") == [(1,)])
    tree = pg.process_tree(old.pid())
    try:
        os.kill(tree[0], signal.SIGKILL)
        wait_until("its client is told something", lambda: outcome)
        assert outcome == ["08007"]
        assert rows_with(own_gateway, "late") == 0
        assert any(node.is_primary() for node in own_cluster.nodes[1:])
    finally:
        pg.signal_all(tree, signal.SIGKILL)
        wait_until("all of it is gone", lambda: not any(pg.is_running(pid) for pid in tree))
        thread.join()
