"""Replicas that replay late, or not at all."""

import contextlib

import cluster as pg


def caught_up(cluster, primary=None):
    primary = primary or cluster.primary
    position = primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]
    return all(node.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")[0][0] for node in cluster.nodes if node is not primary)


def wait_for_replicas(cluster, primary=None):
    """Until they have all that was committed: what an asynchronous primary has not sent yet is lost with it, and another session
    than the one that has written may read before it."""
    pg.wait_until("replicas caught up", lambda: caught_up(cluster, primary))


def pause(node):
    node.query("SELECT pg_wal_replay_pause()")
    pg.wait_until("replay is paused", lambda: node.query("SELECT pg_get_wal_replay_pause_state()")[0][0] == "paused")


@contextlib.contextmanager
def paused(nodes, cluster):
    """Replicas that receive and do not replay."""
    for node in nodes:
        pause(node)
    try:
        yield
    finally:
        for node in nodes:
            node.query("SELECT pg_wal_replay_resume()")
        wait_for_replicas(cluster)


@contextlib.contextmanager
def delayed(nodes, cluster, by):
    def set_delay(value):
        for node in nodes:
            node.query(f"ALTER SYSTEM SET recovery_min_apply_delay = '{value}'")
            node.query("SELECT pg_reload_conf()")
    set_delay(by)
    try:
        yield
    finally:
        set_delay("0")
        wait_for_replicas(cluster)
