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
from test_failover import WHO, hold_commits, run_sql
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
    """Writes marks, each with a `statement` of its own, and notes those that were acknowledged and the errors."""

    def __init__(self, gateway, statement):
        super().__init__()
        self.gateway, self.statement = gateway, statement
        self.stopping = threading.Event()
        self.acknowledged, self.errors = [], []
        self.start()

    def run(self):
        with contextlib.closing(self.gateway.connect()) as connection, connection.cursor() as cursor:
            while not self.stopping.is_set():
                mark = str(uuid.uuid4())
                try:
                    cursor.execute(self.statement, (mark,))
                    self.acknowledged.append(mark)
                except psycopg2.Error as error:
                    self.errors.append((error.pgcode, str(error)))
                    return


def test_strict_under_load_writes_are_done_once_and_nobody_hears_of_the_failover(own_cluster, build):
    with Howdah(own_cluster, build, commit_safety="strict", synchronous_standbys="available") as gateway:
        make_table(own_cluster, gateway)
        replicate_synchronously(own_cluster)
        insert = "INSERT INTO marks VALUES (%s) RETURNING current_setting('cluster_name')"
        writers = [Writer(gateway, statement) for statement in (insert, f"BEGIN; {insert}; COMMIT") for _ in range(4)]
        try:
            wait_until("all are at work", lambda: all(len(writer.acknowledged) > 10 for writer in writers))
            own_cluster.primary.kill()
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


def test_a_dead_postmasters_busy_backend_acknowledges_nothing(own_cluster, own_gateway):
    """It goes on, commits and would answer later (its own server is gone by then, and another one is primary)."""
    make_table(own_cluster, own_gateway)
    old = own_cluster.primary
    outcome = []

    def write():
        try:
            own_gateway.query("INSERT INTO marks WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3000000) "
                              "SELECT 'late' FROM r WHERE n = 3000000")
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
        thread.join()
        assert outcome == ["08007"]
        assert rows_with(own_gateway, "late") == 0
        assert any(node.is_primary() for node in own_cluster.nodes[1:])
    finally:
        pg.signal_all(tree, signal.SIGKILL)
        wait_until("all of it is gone", lambda: not any(pg.is_running(pid) for pid in tree))
