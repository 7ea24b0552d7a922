"""Several Howdahs before the same servers, with Debian's etcd between them: one promotes, all follow, none writes alone."""

import contextlib
import threading
import time

import psycopg2
import pytest

import cluster as pg
import peers
from cluster import Howdah, wait_until
from lag import wait_for_replicas
from test_failover import hold_commits, switch_over_beside_a_statement_not_begun
from test_in_doubt import Writer, make_table


@pytest.fixture
def etcd(own_cluster):
    directory = own_cluster.directory / "etcd-of-gateways"
    directory.mkdir()
    if pg.server_user():
        pg.shutil.chown(directory, pg.server_user(), pg.server_user())
    running = peers.Etcd(directory)
    try:
        yield running.start()
    finally:
        running.end()


@pytest.fixture
def gateways(own_cluster, etcd, build):
    """Three, by name g0, g1, g2."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(gateway(own_cluster, etcd.url, build, f"g{number}")) for number in range(3)]


def gateway(cluster, etcd_url, build, name, **parameters):
    return Howdah(cluster, build, directory=cluster.directory / name, gateway_name=name, etcd_endpoints=etcd_url,
                  etcd_lease_time=3, **parameters)


def primary_of(gateway):
    return next((int(node["node_id"]) for node in gateway.pool_nodes() if node["role"] == "primary"), None)


def has_promoted(gateway):
    return "to=promoting" in gateway.log.read_text()


def can_write(gateway, table, within=1.5):
    """Whether a write is answered in so many seconds."""
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        canceler = threading.Timer(within, connection.cancel)
        canceler.start()
        try:
            cursor.execute(f"INSERT INTO {table} VALUES (0)")
            return True
        except psycopg2.Error:
            return False
        finally:
            canceler.cancel()


def standbys_that_were_promoted(cluster):
    return [node.number for node in cluster.nodes[1:] if node.is_primary()]


def test_one_gateway_promotes_and_all_follow(own_cluster, gateways):
    gateways[0].query("CREATE TABLE audit (id int)")
    with contextlib.ExitStack() as stack:
        cursors = []
        for number, howdah in enumerate(gateways):
            connection = stack.enter_context(contextlib.closing(howdah.connect()))
            cursors.append(connection.cursor())
            cursors[-1].execute("INSERT INTO audit VALUES (%s)", (number,))
        wait_for_replicas(own_cluster)
        own_cluster.primary.kill()
        for number, cursor in enumerate(cursors):  # each waits for the new primary
            cursor.execute("INSERT INTO audit VALUES (%s)", (10 + number,))
    promoted = standbys_that_were_promoted(own_cluster)
    assert len(promoted) == 1
    assert sorted(has_promoted(howdah) for howdah in gateways) == [False, False, True]
    rows = own_cluster.nodes[promoted[0]].query("SELECT id FROM audit ORDER BY id", database="app")
    assert [row[0] for row in rows] == [0, 1, 2, 10, 11, 12]
    for howdah in gateways:
        assert primary_of(howdah) == promoted[0]



def test_every_gateway_finds_out_about_its_commits_in_doubt(own_cluster, gateways):
    """One promotes and knows where the histories part; it tells the others."""
    gateways[0].query("CREATE TABLE audit (id int)")
    hold_commits(own_cluster)
    outcomes = {}

    def commit(number, howdah):
        with contextlib.closing(howdah.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO audit VALUES (%s)", (number,))
            try:
                cursor.execute("COMMIT")
                outcomes[number] = cursor.statusmessage
            except psycopg2.Error as error:
                outcomes[number] = error.pgcode
    threads = [threading.Thread(target=commit, args=pair) for pair in enumerate(gateways)]
    for thread in threads:
        thread.start()
    wait_until("every COMMIT hangs", lambda: own_cluster.primary.query(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'app'") == [(3,)])
    wait_until("the standbys have all", lambda: all(
        node.query("SELECT count(*) FROM audit", database="app") == [(3,)] for node in own_cluster.nodes[1:]))
    own_cluster.primary.kill()
    for thread in threads:
        thread.join()
    assert outcomes == {0: "COMMIT", 1: "COMMIT", 2: "COMMIT"}


def test_without_etcd_writing_goes_on_and_nobody_is_promoted(own_cluster, etcd, gateways):
    gateways[0].query("CREATE TABLE audit (id int)")
    etcd.end()
    for howdah in gateways:
        wait_until("it says so", lambda g=howdah: "etcd is not reached" in g.log.read_text())
    deadline = time.monotonic() + 5  # the lease takes 3 s: writing must not end with it
    while time.monotonic() < deadline:
        assert all(can_write(howdah, "audit", within=25) for howdah in gateways)
    wait_for_replicas(own_cluster)
    own_cluster.primary.kill()
    for howdah in gateways:
        wait_until("it waits for etcd", lambda g=howdah: 'no promotion yet reason="etcd is not reached' in g.log.read_text())
    assert standbys_that_were_promoted(own_cluster) == []
    etcd.start()
    for howdah in gateways:
        howdah.query("INSERT INTO audit VALUES (1)")  # waits for the promotion that is possible now
    assert len(standbys_that_were_promoted(own_cluster)) == 1
    assert sum(has_promoted(howdah) for howdah in gateways) == 1


def test_a_gateway_that_died_in_the_middle_holds_nobody_up(own_cluster, gateways):
    gateways[0].query("CREATE TABLE audit (id int)")
    wait_for_replicas(own_cluster)
    gateways[0].process.kill()
    own_cluster.primary.kill()
    for howdah in gateways[1:]:
        howdah.query("INSERT INTO audit VALUES (1)")
    assert len(standbys_that_were_promoted(own_cluster)) == 1
    assert sorted(has_promoted(howdah) for howdah in gateways[1:]) == [False, True]
    gateways[0].process.wait()
    gateways[0].process = None


def test_a_switchover_through_one_gateway_costs_clients_of_the_others_nothing(own_cluster, gateways):
    gateways[0].query("CREATE TABLE audit (id serial, number int)")
    stopping, acknowledged, errors = threading.Event(), [0, 0, 0], []

    def write(number):
        try:
            with contextlib.closing(gateways[number].connect()) as connection, connection.cursor() as cursor:
                while not stopping.is_set():
                    cursor.execute("INSERT INTO audit (number) VALUES (%s)", (number,))
                    acknowledged[number] += 1
        except psycopg2.Error as error:
            errors.append(error)
    workers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    try:
        wait_until("all write", lambda: all(acknowledged))
        done = gateways[1].pcp("pcp_promote_node", "--switchover", "-n", 1)
        assert done.returncode == 0, done.stderr + gateways[1].tail()
        seen = list(acknowledged)
        wait_until("all write again", lambda: all(now > then for now, then in zip(acknowledged, seen)))
    finally:
        stopping.set()
        for worker in workers:
            worker.join()
    assert errors == []
    assert [primary_of(howdah) for howdah in gateways] == [1, 1, 1]
    rows = own_cluster.nodes[1].query("SELECT number, count(*) FROM audit GROUP BY number ORDER BY number", database="app")
    assert [row[1] for row in rows] == acknowledged


def test_a_switchover_waits_for_a_statement_of_another_gateway_that_the_server_has_not_begun_yet(own_cluster, etcd, build):
    with gateway(own_cluster, etcd.url, build, "g") as g, gateway(own_cluster, etcd.url, build, "z", default_pool_size=1) as z:
        switch_over_beside_a_statement_not_begun(own_cluster, gateway=z, ordered=g)


def test_clients_of_a_gateway_that_has_lost_etcd_hear_nothing_of_a_switchover_by_another(own_cluster, etcd, build):
    """Its view still has the old primary in office, which refuses what they write: read-only. (As superusers they keep their
    server connections when it is closed, so that they meet that for certain.)"""
    with contextlib.ExitStack() as stack:
        to_etcd = peers.Relay(etcd.port)
        stack.callback(to_etcd.close)
        g = stack.enter_context(gateway(own_cluster, etcd.url, build, "g"))
        z = stack.enter_context(gateway(own_cluster, f"http://127.0.0.1:{to_etcd.port}", build, "z", commit_safety="strict"))
        make_table(own_cluster, g)
        insert = "INSERT INTO marks VALUES (%s)"
        writers = [Writer(z, *statements, user="postgres") for statements in ((insert,), (f"BEGIN; {insert}; COMMIT",), ("BEGIN", insert, "COMMIT")) for _ in range(2)]
        try:
            wait_until("all are at work", lambda: all(len(writer.acknowledged) > 10 for writer in writers))
            to_etcd.cut()
            wait_until("it has lost etcd", lambda: "etcd is not reached" in z.log.read_text())
            done = g.pcp("pcp_promote_node", "--switchover", "-n", 1)  # waits until the lease of the other is over
            assert done.returncode == 0, done.stderr
            to_etcd.heal()
            before = [len(writer.acknowledged) for writer in writers]
            wait_until("all go on", lambda: all(not writer.is_alive() or len(writer.acknowledged) > count + 10
                                                for writer, count in zip(writers, before)))
        finally:
            for writer in writers:
                writer.stopping.set()
            for writer in writers:
                writer.join()
        assert [error for writer in writers for error in writer.errors] == []
        stored = own_cluster.nodes[1].query("SELECT mark FROM marks", database="app")
        assert sorted(mark for (mark,) in stored) == sorted(mark for writer in writers for mark in writer.acknowledged)


def test_a_gateway_alone_with_the_old_primary_stops_writing_before_the_others_promote(own_cluster, etcd, build):
    """A cut: the primary and the gateway z on one side, everything else on the other."""
    primary = own_cluster.primary
    with contextlib.ExitStack() as stack:
        def relay(target):
            made = peers.Relay(target)
            stack.callback(made.close)
            return made
        cut = [relay(primary.port), relay(primary.port), relay(etcd.port)] + [relay(node.port) for node in own_cluster.nodes[1:]]
        to_standbys, of_g, of_z_etcd, of_z_1, of_z_2 = cut
        for node in own_cluster.nodes[1:]:
            node.query("ALTER SYSTEM SET primary_conninfo = "
                       f"'host=127.0.0.1 port={to_standbys.port} user=replicator password={pg.PASSWORD} application_name={node.name}'")
            node.query("SELECT pg_reload_conf()")
        wait_until("they stream through the relay", lambda: all(
            node.query("SELECT sender_port FROM pg_stat_wal_receiver WHERE status = 'streaming'") == [(to_standbys.port,)]
            for node in own_cluster.nodes[1:]))
        fast = {"health_check_timeout": 1, "health_check_max_retries": 0}
        g = stack.enter_context(gateway(own_cluster, etcd.url, build, "g", backend_port0=of_g.port, **fast))
        z = stack.enter_context(gateway(own_cluster, f"http://127.0.0.1:{of_z_etcd.port}", build, "z",
                                        backend_port1=of_z_1.port, backend_port2=of_z_2.port, **fast))
        g.query("CREATE TABLE audit (id int)")
        wait_until("z follows", lambda: can_write(z, "audit"))
        wait_until("the standbys have it", lambda: all(
            node.query("SELECT to_regclass('audit') IS NOT NULL", database="app") == [(True,)] for node in own_cluster.nodes[1:]))

        for one in cut:
            one.cut()
        wait_until("g promotes", lambda: standbys_that_were_promoted(own_cluster))
        g.query("INSERT INTO audit VALUES (1)")
        assert len(standbys_that_were_promoted(own_cluster)) == 1
        assert has_promoted(g)
        assert not can_write(z, "audit"), "the old primary still answers z, but z may not use it"
        assert primary.is_primary() and not has_promoted(z)

        for one in cut:
            one.heal()
        z.query("INSERT INTO audit VALUES (2)")
        new = own_cluster.nodes[standbys_that_were_promoted(own_cluster)[0]]
        assert new.query("SELECT count(*) FROM audit WHERE id = 2", database="app") == [(1,)]


def test_etcd_may_ask_for_a_certificate_and_a_password(own_cluster, build):
    directory = own_cluster.directory / "etcd-with-tls"
    directory.mkdir()
    if pg.server_user():
        pg.shutil.chown(directory, pg.server_user(), pg.server_user())
    guarded = peers.Etcd(directory, has_tls=True)
    try:
        guarded.start().require_password("elephant")
        known = {"etcd_ca_file": guarded.certificate, "etcd_user": "root"}
        with gateway(own_cluster, guarded.url, build, "g", etcd_password="elephant", **known) as howdah:
            howdah.query("CREATE TABLE audit (id int)")
            wait_for_replicas(own_cluster)
            own_cluster.primary.kill()
            howdah.query("CREATE TABLE promoted (id int)")  # waits for a promotion, which etcd has agreed to
        for name, wrong in (("p", {**known, "etcd_password": "donkey"}), ("c", {"etcd_user": "root", "etcd_password": "elephant"})):
            with gateway(own_cluster, guarded.url, build, name, **wrong) as howdah:
                reason = "authentication failed" if name == "p" else "certificate verify failed"
                wait_until("it says so", lambda: all(text in howdah.log.read_text() for text in ("etcd is not reached", reason)))
    finally:
        guarded.end()
