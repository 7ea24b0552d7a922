"""Transactions whose primary is killed under them: run again on the new one where they come out the same, else 40001."""

import contextlib
import threading
import uuid

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD, Howdah, wait_until

BALANCES = "CREATE TABLE accounts (id int PRIMARY KEY, balance int); INSERT INTO accounts SELECT g, 100 FROM generate_series(1, 20) g"


def make_accounts(cluster, gateway):
    gateway.query(BALANCES)
    gateway.query("CREATE TABLE transfers (id uuid PRIMARY KEY)")
    wait_until("the tables are everywhere", lambda: all(
        node.query("SELECT to_regclass('transfers') IS NOT NULL", database="app") == [(True,)] for node in cluster.nodes))


def replicate_synchronously(cluster):
    names = ", ".join(node.name for node in cluster.nodes[1:])
    cluster.primary.query(f"ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ({names})'")
    cluster.primary.query("SELECT pg_reload_conf()")
    wait_until("a standby is waited for", lambda: cluster.primary.query(
        "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'quorum'") == [(True,)])


def transaction(gateway):
    connection = gateway.connect()
    connection.autocommit = False
    return contextlib.closing(connection)


def test_an_open_transaction_survives_its_primary(own_cluster, own_gateway):
    make_accounts(own_cluster, own_gateway)
    with transaction(own_gateway) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT balance FROM accounts WHERE id IN (1, 2) ORDER BY id FOR UPDATE")
        assert cursor.fetchall() == [(100,), (100,)]
        cursor.execute("UPDATE accounts SET balance = balance - 30 WHERE id = 1 RETURNING balance")
        assert cursor.fetchall() == [(70,)]
        own_cluster.primary.kill()
        cursor.execute("UPDATE accounts SET balance = balance + 30 WHERE id = 2 RETURNING balance")
        assert cursor.fetchall() == [(130,)]
        connection.commit()
    assert sorted(own_gateway.query("SELECT balance FROM accounts WHERE id < 3 FOR KEY SHARE")) == [(70,), (130,)]


def test_a_transaction_that_comes_out_differently_gets_40001(own_cluster, own_gateway):
    make_accounts(own_cluster, own_gateway)
    with transaction(own_gateway) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE accounts SET balance = balance - 30 WHERE id = 1 RETURNING clock_timestamp()")
        own_cluster.primary.kill()
        with pytest.raises(psycopg2.errors.SerializationFailure):
            cursor.execute("UPDATE accounts SET balance = balance + 30 WHERE id = 2")
        connection.rollback()
        cursor.execute("SELECT balance FROM accounts WHERE id = 1 FOR UPDATE")
        assert cursor.fetchall() == [(100,)]


def test_without_replay_a_lost_transaction_gets_40001(own_cluster, build):
    with Howdah(own_cluster, build, transaction_replay="off") as gateway:
        make_accounts(own_cluster, gateway)
        with transaction(gateway) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE accounts SET balance = balance - 30 WHERE id = 1")
            own_cluster.primary.kill()
            with pytest.raises(psycopg2.errors.SerializationFailure):
                cursor.execute("UPDATE accounts SET balance = balance + 30 WHERE id = 2")
            connection.rollback()
            cursor.execute("SELECT balance FROM accounts WHERE id = 1 FOR UPDATE")
            assert cursor.fetchall() == [(100,)]


def test_commit_of_a_transaction_lost_in_silence_is_an_error(own_cluster, build):
    with Howdah(own_cluster, build, transaction_replay="off") as gateway:
        make_accounts(own_cluster, gateway)
        with transaction(gateway) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE accounts SET balance = 0 WHERE id = 1")
            own_cluster.primary.kill()
            wait_until("another is primary", lambda: any(node.is_primary() for node in own_cluster.nodes[1:]))
            with pytest.raises(psycopg2.errors.SerializationFailure):
                connection.commit()
        assert gateway.query("SELECT balance FROM accounts WHERE id = 1 FOR UPDATE") == [(100,)]


def test_a_pipelined_transaction_survives_its_primary(own_cluster, own_gateway):
    """Several batches are under way when the primary dies; one of them waits for a lock there."""
    make_accounts(own_cluster, own_gateway)
    with wire.Client(own_gateway.port) as client:
        assert client.login(password=PASSWORD) is client
        assert client.tags(wire.query("BEGIN")) == "CZ"
        with contextlib.closing(pg.connect(own_cluster.primary.port)) as other, other.cursor() as cursor:
            other.autocommit = False
            cursor.execute("SELECT FROM accounts WHERE id = 2 FOR UPDATE")
            client.send(*(
                wire.parse(f"UPDATE accounts SET balance = balance + {number} WHERE id = {number} RETURNING balance") + wire.bind()
                + wire.execute() + wire.SYNC for number in (1, 2, 3)))
            wait_until("it waits for the lock", lambda: own_cluster.primary.query(
                "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)])
            own_cluster.primary.kill()
        answers = [client.until() for _ in range(3)]
        assert [tag for answer in answers for tag, _ in answer] == [b"1", b"2", b"D", b"C", b"Z"] * 3
        assert [wire.row_values(body) for answer in answers for tag, body in answer if tag == b"D"] == [["101"], ["102"], ["103"]]
        assert client.tags(wire.query("COMMIT")) == "CZ"
    assert sorted(own_gateway.query("SELECT balance FROM accounts WHERE id < 4 FOR UPDATE")) == [(101,), (102,), (103,)]


def test_a_cancel_ends_the_waiting_of_a_held_transaction(own_cluster, build):
    with Howdah(own_cluster, build, failover_mode="none") as gateway:
        make_accounts(own_cluster, gateway)
        with transaction(gateway) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE accounts SET balance = 0 WHERE id = 1")
            own_cluster.primary.kill()
            wait_until("it is seen", lambda: gateway.pool_nodes()[0]["status"] == "down")
            outcome = []

            def update():
                try:
                    cursor.execute("UPDATE accounts SET balance = 0 WHERE id = 2")
                    outcome.append("done")
                except psycopg2.Error as error:
                    outcome.append(error.pgcode)
            thread = threading.Thread(target=update)
            thread.start()

            def is_canceled():
                connection.cancel()
                thread.join(timeout=0.2)
                return not thread.is_alive()
            wait_until("the statement ends", is_canceled)
            assert outcome == ["57014"]
            connection.rollback()


class Mover(threading.Thread):
    """Moves money between accounts, one transaction after another, and notes what it was told of each."""

    def __init__(self, gateway, number):
        super().__init__()
        self.gateway, self.number = gateway, number
        self.stopping = threading.Event()
        self.committed, self.refused, self.errors = [], [], []
        self.start()

    def run(self):
        with transaction(self.gateway) as connection, connection.cursor() as cursor:
            source, target = 2 * self.number + 1, 2 * self.number + 2
            while not self.stopping.is_set():
                mark = str(uuid.uuid4())
                try:
                    cursor.execute("SELECT balance FROM accounts WHERE id = %s FOR UPDATE", (source,))
                    cursor.execute("UPDATE accounts SET balance = balance - 1 WHERE id = %s RETURNING balance", (source,))
                    cursor.execute("UPDATE accounts SET balance = balance + 1 WHERE id = %s RETURNING balance", (target,))
                    cursor.execute("INSERT INTO transfers VALUES (%s)", (mark,))
                    connection.commit()
                    self.committed.append(mark)
                except psycopg2.errors.SerializationFailure:
                    connection.rollback()
                    self.refused.append(mark)
                except psycopg2.Error as error:
                    self.errors.append((error.pgcode, str(error)))
                    return


def test_under_load_nothing_acknowledged_is_lost_nothing_is_done_twice_and_nobody_hears_of_it(own_cluster, build):
    with Howdah(own_cluster, build, commit_safety="strict", synchronous_standbys="available") as gateway:
        make_accounts(own_cluster, gateway)
        replicate_synchronously(own_cluster)
        movers = [Mover(gateway, number) for number in range(6)]
        wait_until("all are at work", lambda: all(len(mover.committed) > 10 for mover in movers))
        own_cluster.primary.kill()
        done = [len(mover.committed) for mover in movers]
        wait_until("all go on", lambda: all(not mover.is_alive() or len(mover.committed) > before + 10
                                            for mover, before in zip(movers, done)))
        for mover in movers:
            mover.stopping.set()
        for mover in movers:
            mover.join()
        assert [error for mover in movers for error in mover.errors] == []
        assert [mark for mover in movers for mark in mover.refused] == [], "each transaction touches rows of its own"
        new = next(node for node in own_cluster.nodes[1:] if node.is_primary())
        stored = [mark for (mark,) in new.query("SELECT id::text FROM transfers", database="app")]
        assert sorted(stored) == sorted(mark for mover in movers for mark in mover.committed)
        assert new.query("SELECT sum(balance) FROM accounts", database="app") == [(2000,)]
        for mover in movers:
            assert new.query(f"SELECT balance FROM accounts WHERE id = {2 * mover.number + 1}",
                             database="app") == [(100 - len(mover.committed),)]
