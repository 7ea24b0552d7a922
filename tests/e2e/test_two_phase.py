"""Two-phase commits whose primary dies in one of their steps; each test breaks servers of its own."""

import contextlib
import threading

import psycopg2
import pytest

import cluster as pg
from cluster import Howdah, wait_until
from lag import wait_for_replicas
from test_failover import hold_commits, release_commits, run_sql


@pytest.fixture
def two_phase_cluster():
    with pg.Cluster(replicas=2, max_prepared_transactions=10) as running:
        yield running


def prepared(node):
    return [gid for (gid,) in node.query("SELECT gid FROM pg_prepared_xacts")]


def has_replayed(node, position):
    return node.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == [(True,)]


def rows(gateway):
    return gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM phases")[0][0]


def die_in(cluster, gateway, last, is_replicated):
    """What a client is told of `last`, which its primary has done and waits for a standby with, when it dies."""
    gateway.query("CREATE TABLE phases (a int)")
    wait_for_replicas(cluster)
    outcome = []
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO phases VALUES (1)")
        if last != "PREPARE TRANSACTION":
            cursor.execute("PREPARE TRANSACTION 'it''s'")
            wait_until("it is prepared everywhere", lambda: all(
                has_replayed(node, flushed(cluster)) for node in cluster.nodes[1:]))
        if not is_replicated:
            for node in cluster.nodes[1:]:
                run_sql(node, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
                wait_until("it receives nothing", lambda n=node: n.query("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        hold_commits(cluster)

        def say():
            try:
                cursor.execute(f"{last} 'it''s'")
                outcome.append(cursor.statusmessage)
            except psycopg2.Error as error:
                outcome.append(error.pgcode)
        thread = threading.Thread(target=say)
        thread.start()
        wait_until("it hangs", lambda: cluster.primary.query(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(1,)])
        if is_replicated:
            wait_until("standbys have it", lambda: all(has_replayed(node, flushed(cluster)) for node in cluster.nodes[1:]))
        cluster.primary.kill()
        thread.join()
    return outcome


def flushed(cluster):
    return cluster.primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]


def new_primary(cluster):
    return next(node for node in cluster.nodes[1:] if node.is_primary())


def test_what_was_prepared_is_told_as_prepared(two_phase_cluster, build):
    with Howdah(two_phase_cluster, build) as gateway:
        assert die_in(two_phase_cluster, gateway, "PREPARE TRANSACTION", True) == ["PREPARE TRANSACTION"]
        assert prepared(new_primary(two_phase_cluster)) == ["it's"]
        gateway.query("COMMIT PREPARED 'it''s'")
        assert rows(gateway) == 1


def test_what_was_not_prepared_is_told_as_lost(two_phase_cluster, build):
    with Howdah(two_phase_cluster, build) as gateway:
        assert die_in(two_phase_cluster, gateway, "PREPARE TRANSACTION", False) == ["40001"]
        assert prepared(new_primary(two_phase_cluster)) == []
        assert rows(gateway) == 0


@pytest.mark.parametrize("is_replicated", [True, False])
def test_a_second_phase_is_done_once(two_phase_cluster, build, is_replicated):
    with Howdah(two_phase_cluster, build) as gateway:
        assert die_in(two_phase_cluster, gateway, "COMMIT PREPARED", is_replicated) == ["COMMIT PREPARED"]
        assert prepared(new_primary(two_phase_cluster)) == []
        assert rows(gateway) == 1


def test_a_second_phase_whose_first_was_lost_gets_the_servers_word(two_phase_cluster, build):
    """Asynchronous replication lost the prepared transaction: it must not be taken for one that was committed."""
    with Howdah(two_phase_cluster, build) as gateway:
        gateway.query("CREATE TABLE phases (a int)")
        wait_for_replicas(two_phase_cluster)
        for node in two_phase_cluster.nodes[1:]:
            run_sql(node, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
            wait_until("it receives nothing", lambda n=node: n.query("SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])
        with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO phases VALUES (1)")
            cursor.execute("PREPARE TRANSACTION 'lost'")
            hold_commits(two_phase_cluster)
            outcome = []

            def say():
                try:
                    cursor.execute("COMMIT PREPARED 'lost'")
                    outcome.append("done")
                except psycopg2.Error as error:
                    outcome.append(error.pgcode)
            thread = threading.Thread(target=say)
            thread.start()
            wait_until("it hangs", lambda: two_phase_cluster.primary.query(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(1,)])
            two_phase_cluster.primary.kill()
            thread.join()
        assert outcome == ["42704"], "prepared transaction does not exist"
        assert rows(gateway) == 0


def test_a_second_phase_is_looked_up_on_a_primary_that_has_only_restarted(two_phase_cluster, build):
    primary = two_phase_cluster.primary
    with Howdah(two_phase_cluster, build) as gateway, contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        gateway.query("CREATE TABLE phases (a int)")
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO phases VALUES (1)")
        cursor.execute("PREPARE TRANSACTION 'kept'")
        hold_commits(two_phase_cluster)
        outcome = []

        def say():
            try:
                cursor.execute("COMMIT PREPARED 'kept'")
                outcome.append(cursor.statusmessage)
            except psycopg2.Error as error:
                outcome.append(error.pgcode)
        thread = threading.Thread(target=say)
        thread.start()
        asked = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'"
        wait_until("it hangs", lambda: len(primary.query(asked)) == 1)
        primary.crash(primary.query(asked)[0][0])
        wait_until("it is there again", primary.answers)
        release_commits(two_phase_cluster)  # else it would not be told what no standby may have
        thread.join()
        assert outcome == ["COMMIT PREPARED"]
        assert primary.is_primary() and prepared(primary) == []
        assert rows(gateway) == 1
