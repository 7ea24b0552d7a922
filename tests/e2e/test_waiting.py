"""Clients that wait for a primary: how many may, and how their waiting ends."""

import contextlib
import threading

import psycopg2

from cluster import Howdah, wait_until
from lag import wait_for_replicas


class Waiter(threading.Thread):
    """One client with one write."""

    def __init__(self, gateway, number):
        super().__init__()
        self.connection, self.number = gateway.connect(), number
        self.outcome = None
        self.hint = None
        self.notices = []

    def run(self):
        with contextlib.closing(self.connection) as connection, connection.cursor() as cursor:
            try:
                cursor.execute("INSERT INTO waited VALUES (%s)", (self.number,))
                self.outcome = "done"
            except psycopg2.Error as error:
                self.outcome, self.hint = error.pgcode, error.diag.message_hint
            self.notices = list(connection.notices)


def test_only_so_many_wait_for_a_primary_and_a_cancel_makes_room(own_cluster, build):
    with Howdah(own_cluster, build, failover_mode="none", primary_wait_max_clients=2, query_wait_notify="0.01") as gateway:
        gateway.query("CREATE TABLE waited (a int)")
        wait_for_replicas(own_cluster)
        waiters = [Waiter(gateway, number) for number in range(5)]
        own_cluster.primary.kill()
        wait_until("it is seen", lambda: gateway.pool_nodes()[0]["status"] == "down")
        for waiter in waiters[:4]:
            waiter.start()
        wait_until("two are refused", lambda: [waiter.outcome for waiter in waiters].count("53300") == 2)
        assert {waiter.hint for waiter in waiters if waiter.outcome} == {"primary_wait_max_clients allows 2."}
        waiting = [waiter for waiter in waiters[:4] if waiter.outcome is None]
        assert len(waiting) == 2

        def is_canceled():
            waiting[0].connection.cancel()
            waiting[0].join(timeout=0.2)
            return not waiting[0].is_alive()
        wait_until("its waiting ends", is_canceled)
        assert waiting[0].outcome == "57014"
        waiters[4].start()
        wait_until("it waits beside the other", lambda: sum("Connecting" in row for row in gateway.query("SHOW POOL_PROCESSES")) == 2)
        own_cluster.nodes[1].query("SELECT pg_promote()")  # somebody else promotes
        for waiter in (waiting[1], waiters[4]):
            waiter.join()
            assert waiter.outcome == "done"
            assert len(waiter.notices) == 1 and "being queued" in waiter.notices[0]
        assert sorted(gateway.query("/*NO LOAD BALANCE*/ SELECT a FROM waited")) == sorted(
            (waiter.number,) for waiter in (waiting[1], waiters[4]))


def test_waiting_ends_after_its_time_with_the_setting_named(own_cluster, build):
    with Howdah(own_cluster, build, failover_mode="none", primary_wait_timeout="1s") as gateway:
        gateway.query("CREATE TABLE waited (a int)")
        waiter = Waiter(gateway, 1)
        own_cluster.primary.kill()
        wait_until("it is seen", lambda: gateway.pool_nodes()[0]["status"] == "down")
        waiter.start()
        waiter.join()
        assert waiter.outcome == "57P03" and "primary_wait_timeout" in waiter.hint
