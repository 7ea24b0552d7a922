"""Situations that look like a failure and are none, or the other way round; each was met with real servers."""

import contextlib
import threading

import psycopg2
import pytest

import cluster as pg
from cluster import Howdah, wait_until
from lag import pause, wait_for_replicas
from test_failover import hold_commits, release_commits, run_sql, status_of


@pytest.fixture
def narrow_cluster():
    with pg.Cluster(replicas=1, max_connections=30) as running:
        yield running


def fill(port, connections):
    """Takes every connection that a user without special rights gets."""
    while True:
        try:
            connections.append(pg.connect(port))
        except psycopg2.OperationalError as error:
            assert "connection slots" in str(error) or "too many clients" in str(error), error
            return


def test_a_primary_without_a_free_connection_is_up(narrow_cluster, build):
    primary = narrow_cluster.primary
    with Howdah(narrow_cluster, build, health_check_period="1s", health_check_max_retries=0) as gateway:
        gateway.query("CREATE TABLE narrow (a int)")
        taken = []
        try:
            fill(primary.port, taken)

            def is_told():
                """Howdah's own connections there are ended, and their places are taken before it is back; it may be quicker."""
                primary.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'howdah'")
                fill(primary.port, taken)
                return "node alive but closed to probes node=0" in gateway.log.read_text()
            wait_until("Howdah cannot log in and tells it", is_told)
            for number in range(20):  # over the connection that the pool has
                gateway.query(f"INSERT INTO narrow VALUES ({number})")
            assert status_of(gateway, 0) in (("up", "primary"), ("waiting", "primary"))
            assert not narrow_cluster.nodes[1].is_primary()
        finally:
            for connection in taken:
                connection.close()
        assert gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM narrow") == [(20,)]
        assert gateway.log.read_text().count("primary adopted") == 1


def test_a_standby_whose_replay_is_paused_or_delayed_is_promoted_with_all_it_has_received(own_cluster, own_gateway):
    own_gateway.query("CREATE TABLE paused (a int)")
    wait_for_replicas(own_cluster)
    first, second = own_cluster.nodes[1:]
    run_sql(second, "ALTER SYSTEM SET recovery_min_apply_delay = '1h'", "SELECT pg_reload_conf()")
    wait_until("it is delayed", lambda: second.query("SHOW recovery_min_apply_delay") == [("1h",)])
    pause(first)
    own_gateway.query("INSERT INTO paused VALUES (1)")
    flushed = own_cluster.primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]
    wait_until("both have received it", lambda: all(
        node.query(f"SELECT pg_last_wal_receive_lsn() >= '{flushed}'") == [(True,)] for node in (first, second)))
    assert first.query("SELECT count(*) FROM paused", database="app") == [(0,)]
    own_cluster.primary.kill()
    own_gateway.query("INSERT INTO paused VALUES (2)")
    assert own_gateway.query("/*NO LOAD BALANCE*/ SELECT a FROM paused ORDER BY a") == [(1,), (2,)]


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_commit_that_no_longer_waits_for_its_standby_is_not_told_as_done(own_cluster, own_gateway, is_alone):
    """It was ended while it waited: a warning and the end of the connection, and it is committed on this one server only."""
    own_gateway.query("CREATE TABLE ended (a int)")
    hold_commits(own_cluster)
    outcome = []
    with contextlib.closing(own_gateway.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = is_alone

        def write():
            try:
                cursor.execute("INSERT INTO ended VALUES (1)")
                connection.commit()
                outcome.append("done")
            except psycopg2.Error as error:
                outcome.append(error.pgcode)
        thread = threading.Thread(target=write)
        thread.start()
        waits = "wait_event = 'SyncRep' AND usename = 'app'"
        wait_until("it waits for a standby", lambda: own_cluster.primary.query(
            f"SELECT count(*) FROM pg_stat_activity WHERE {waits}") == [(1,)])
        own_cluster.primary.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waits}")
        if not is_alone:  # looked up, and told when a standby has it
            wait_until("a write behind it waits for a standby", lambda: own_cluster.primary.query(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%logical_emit%'") == [(1,)])
            assert outcome == []
            release_commits(own_cluster)
        thread.join()
    assert outcome == ["08007" if is_alone else "done"]
    assert own_cluster.primary.query("SELECT count(*) FROM ended", database="app") == [(1,)]
    assert status_of(own_gateway, 0)[1] == "primary"
