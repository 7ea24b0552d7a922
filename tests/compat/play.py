"""Plays the cases of cases.py against anything that speaks PostgreSQL's protocol."""

import contextlib
import io
import threading

import psycopg2

import cluster as pg
from cases import SETUP

PATIENCE = 30  # seconds a case may take before it counts as unanswered


def set_up(servers):
    """Fresh tables, known to every replica."""
    servers.primary.query(SETUP, database="app", user="app")
    wait_for_replicas(servers)


def wait_for_replicas(servers):
    position = servers.primary.query("SELECT pg_current_wal_flush_lsn()")[0][0]
    pg.wait_until("the replicas have it", lambda: all(
        node.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")[0][0] for node in servers.nodes[1:]))


@contextlib.contextmanager
def paused(servers):
    for node in servers.nodes[1:]:
        node.query("SELECT pg_wal_replay_pause()")
        pg.wait_until("replay is paused", lambda n=node: n.query("SELECT pg_get_wal_replay_pause_state()")[0][0] == "paused")
    try:
        yield
    finally:
        for node in servers.nodes[1:]:
            node.query("SELECT pg_wal_replay_resume()")
        wait_for_replicas(servers)


def run_step(cursor, sql):
    if sql.startswith("COPY"):
        out = io.StringIO()
        cursor.copy_expert(sql, out)
        return out.getvalue().split()
    cursor.execute(sql)
    return [str(value) for row in cursor.fetchall() for value in row] if cursor.description else []


def run_steps(case, servers, port):
    """The answers that count, or what came instead."""
    kept, counted = [], []
    try:
        with contextlib.closing(pg.connect(port)) as connection, connection.cursor() as cursor:
            for step in case.steps:
                if step.startswith("other: "):
                    servers.primary.query(step[7:], user="app", database="app")
                    continue
                is_counted, is_kept = step.startswith("? "), step.startswith("= ")
                sql = step[2:] if is_counted or is_kept else step
                answer = run_step(cursor, sql.format(*kept) if kept else sql)
                if is_kept:
                    kept.append(answer[0])
                if is_counted:
                    counted.append(" ".join(answer))
    except psycopg2.Error as error:
        counted.append(f"error {error.pgcode}" if error.pgcode else "disconnected")
    return ", ".join(counted)


def play(case, servers, port):
    set_up(servers)
    answers = []
    with paused(servers) if case.is_paused else contextlib.nullcontext():
        player = threading.Thread(target=lambda: answers.append(run_steps(case, servers, port)), daemon=True)
        player.start()
        player.join(PATIENCE)
    return answers[0] if answers else "no answer"
