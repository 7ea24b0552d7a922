"""`howdah agent` beside each server: switchovers keep the old primary, a failed one comes back by itself, an isolated one stops."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import threading

import psycopg2
import pytest

import cluster as pg
from certificates import Authority
from cluster import Agent, Howdah, PASSWORD, wait_until
from lag import wait_for_replicas
from test_failover import WHO, at_work, in_log, wait_for_answers


class Site:
    """Servers, their agents, and what a gateway needs to speak to them."""

    def __init__(self, cluster, build):
        self.cluster = cluster
        self.gateways = 0
        place = cluster.directory / "agents"
        self.authority = Authority(place, "site-ca")
        self.program = place / "howdah"
        shutil.copy(build / "howdah", self.program)  # the servers' user may not reach the build
        self.gateway_identity = self.authority.sign("howdah")
        cert, key = self.authority.sign("localhost", "agent")
        if pg.server_user():
            shutil.chown(key, pg.server_user(), pg.server_user())
        self.agents = [Agent(node, self.program, cert, key, self.authority.cert) for node in cluster.nodes]

    def gateway(self, build, **settings):
        cert, key = self.gateway_identity
        ports = {f"backend_agent_port{agent.node.number}": agent.port for agent in self.agents}
        self.gateways += 1
        return Howdah(self.cluster, build, directory=self.cluster.directory / f"howdah{self.gateways}", **{
            **ports, "agent_ssl_cert": cert, "agent_ssl_key": key, "agent_ssl_ca_cert": self.authority.cert, **settings})

    def primary(self):
        def found():
            for node in self.cluster.nodes:
                with contextlib.suppress(psycopg2.Error):  # an agent may just be stopping it
                    if node.answers() and node.is_primary():
                        return node
            return None
        return wait_until("a primary answers", found)

    def ask(self, number, identity=None, **request):
        """One request to an agent, by hand."""
        context = ssl.create_default_context(cafile=self.authority.cert)
        if identity:
            context.load_cert_chain(*identity)
        with socket.create_connection(("127.0.0.1", self.agents[number].port), timeout=20) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as link:
            link.sendall(json.dumps(request).encode() + b"\n")
            answer = link.makefile().readline()
            return json.loads(answer) if answer else None


@pytest.fixture(scope="module")
def site(cluster, build):
    made = Site(cluster, build)
    try:
        for agent in made.agents:
            agent.start()
        yield made
        ended = [agent.log.read_text()[-500:] for agent in made.agents if agent.process.poll() is not None]
        assert not ended, "an agent ended during the tests:\n" + "\n".join(ended)
    finally:
        codes = [agent.stop() for agent in made.agents]
    assert codes == [0, 0, 0]


def node_of(gateway, number):
    return gateway.pool_nodes()[number]


def wait_until_replica(gateway, number):
    wait_until(f"node {number} is a replica in use", lambda: node_of(gateway, number)["role"] == "standby" and
               node_of(gateway, number)["status"] in ("up", "waiting") and
               node_of(gateway, number)["replication_state"] == "streaming")


def wait_for_agents(gateway):
    wait_until("the agents are heard", lambda: all(f"agent answers node={number}" in gateway.log.read_text() for number in range(3)))


def test_switchovers_there_and_back_keep_every_server_and_show_no_error(site, build):
    with site.gateway(build) as gateway:
        wait_for_agents(gateway)
        gateway.query("CREATE TABLE there_and_back (id bigserial PRIMARY KEY, node text)")
        insert = f"INSERT INTO there_and_back (node) VALUES ({WHO}) RETURNING id"
        with at_work(gateway, insert, insert, "SELECT count(*) FROM there_and_back") as workers:
            for new, old in ((1, 0), (0, 1), (1, 0), (0, 1)):
                done = gateway.pcp("pcp_promote_node", "--switchover", "-n", new)
                assert done.returncode == 0, (done.stderr, gateway.tail())
                assert node_of(gateway, new)["role"] == "primary"
                wait_until_replica(gateway, old)
                wait_for_answers(workers)
        assert [error for worker in workers for error in worker.errors] == []
        stored = {number for (number,) in site.cluster.nodes[0].query("SELECT id FROM there_and_back", database="app")}
        assert {number for worker in workers[:2] for number in worker.answers} <= stored
        wait_until("all are told", lambda: gateway.log.read_text().count("server was made a standby") == 4)
        assert gateway.log.read_text().count("how=followed") == 4, "nothing had to be rewound"


def fail_over(site, gateway):
    """The primary dies with a row that nobody else has; returns it and the new one."""
    old = site.primary()
    gateway.query("DROP TABLE IF EXISTS diverged; CREATE TABLE diverged (a int); INSERT INTO diverged VALUES (1)")
    wait_for_replicas(site.cluster, old)
    with contextlib.closing(pg.connect(old.port)) as direct, direct.cursor() as cursor:
        senders = [pid for (pid,) in old.query("SELECT pid FROM pg_stat_replication")]
        pg.halt([old.pid(), *senders])  # nothing is sent, nor to who connects anew
        cursor.execute("INSERT INTO diverged VALUES (2)")
    old.kill()
    gateway.query("INSERT INTO diverged VALUES (3)")
    return old, site.primary()


def test_a_failed_primary_is_rewound_and_comes_back_by_itself(site, build):
    with site.gateway(build) as gateway:
        wait_for_agents(gateway)
        old, new = fail_over(site, gateway)
        wait_until_replica(gateway, old.number)
        in_log(gateway, "how=rewound")
        gateway.query("INSERT INTO diverged VALUES (4)")
        wait_until("it follows", lambda: old.query("SELECT a FROM diverged ORDER BY a", database="app") == [(1,), (3,), (4,)])
        assert old.query("SHOW port") == [(str(old.port),)], "its configuration is its own"
        assert old.query("SHOW cluster_name") == [(old.name,)]
        wait_until("both stream", lambda: new.query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [(2,)])


def test_what_a_dead_postmaster_leaves_behind_is_ended_before_its_server_is_made_a_standby(site, build):
    with site.gateway(build) as gateway:
        wait_for_agents(gateway)
        gateway.query("CREATE TABLE left_behind (a int)")
        old = site.primary()
        wait_for_replicas(site.cluster, old)
        with contextlib.closing(pg.connect(old.port)) as direct, direct.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            busy = threading.Thread(target=lambda: pytest.raises(psycopg2.Error, cursor.execute,
                "INSERT INTO left_behind WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r"))
            busy.start()
            backend = direct.info.backend_pid
            wait_until("it works", lambda: old.query(f"SELECT state FROM pg_stat_activity WHERE pid = {backend}") == [("active",)])
            os.kill(old.pid(), signal.SIGKILL)
            try:
                # Idle backends outlive the postmaster for a moment: a write sent to one of them would be in doubt.
                wait_until("another is in office", lambda: any(
                    node["role"] == "primary" and number != old.number for number, node in enumerate(gateway.pool_nodes())))
                gateway.query("INSERT INTO left_behind VALUES (1)")
                wait_until_replica(gateway, old.number)
                assert not pg.is_running(backend)
            finally:
                pg.signal_all([backend], signal.SIGKILL)  # else it would work for ever
            busy.join()
        wait_until("it has the new row", lambda: old.query("SELECT a FROM left_behind", database="app") == [(1,)])


def test_where_it_cannot_be_rewound_it_is_copied_anew_without_auto_failback_too(site, build):
    with site.gateway(build, auto_failback="off") as gateway:
        wait_for_agents(gateway)
        old = site.primary()
        agent = site.agents[old.number]
        agent.stop()
        right = agent.parameters["agent_rewind_conninfo"]
        agent.parameters["agent_rewind_conninfo"] = f"user=app password={PASSWORD}"  # may not read the server's files
        agent.start()
        try:
            fail_over(site, gateway)
            wait_until_replica(gateway, old.number)
        finally:
            agent.stop()
            agent.parameters["agent_rewind_conninfo"] = right
            agent.start()
        in_log(gateway, "how=cloned")
        wait_until("it has the new rows", lambda: old.query("SELECT a FROM diverged ORDER BY a", database="app") == [(1,), (3,)])
        assert old.query("SHOW port") == [(str(old.port),)]
        assert (old.data.with_name(old.name + ".old") / "PG_VERSION").exists(), "what was there is kept"


def test_a_detached_former_primary_is_the_operators(site, build):
    with site.gateway(build) as gateway:
        wait_for_agents(gateway)
        site.agents[site.primary().number].stop()
        old, _ = fail_over(site, gateway)
        assert gateway.pcp("pcp_detach_node", "-n", old.number).returncode == 0
        def heard():
            return gateway.log.read_text().count(f"agent answers node={old.number}")
        wait_until("its silence is noticed", lambda: f"agent does not answer node={old.number}" in gateway.log.read_text())
        before = heard()
        site.agents[old.number].start()
        wait_until("the agent is heard again", lambda: heard() > before)
        time_of = gateway.query("SELECT clock_timestamp()")[0][0]
        wait_until("some leases later", lambda: (gateway.query("SELECT clock_timestamp()")[0][0] - time_of).total_seconds() > 3)
        assert not old.answers()
        assert gateway.pcp("pcp_attach_node", "-n", old.number).returncode == 0
        wait_until_replica(gateway, old.number)


def test_an_online_check_asks_the_agents(site, build):
    gateway = site.gateway(build)
    gateway.write_files()
    check = [str(build / "howdah"), "--check", "--online", *map(str, gateway.arguments()[2:])]
    done = pg.subprocess.run(check, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("its agent answers") == 3
    site.agents[2].stop()
    try:
        done = pg.subprocess.run(check, text=True, capture_output=True, timeout=60)
        assert done.returncode != 0 and "node 2: error: its agent: the agent cannot be reached" in done.stderr
    finally:
        site.agents[2].start()


def test_only_those_with_the_right_certificate_give_orders(site):
    number = site.primary().number
    stranger = site.authority.sign("stranger")
    assert site.ask(number, site.gateway_identity, command="status")["state"] == "primary"
    assert "agent_gateway_names" in site.ask(number, stranger, command="stop", timeline=99)["error"]
    foreign = Authority(site.cluster.directory / "foreign", "foreign-ca").sign("howdah")
    for identity in (None, foreign):
        with pytest.raises(OSError):
            assert site.ask(number, identity, command="stop", timeline=99) is None
            raise ConnectionError("closed without a word")
    assert site.primary().number == number


def test_an_order_of_an_older_timeline_changes_nothing(site):
    node = site.primary()
    older = site.ask(node.number, site.gateway_identity, command="status")["timeline"] - 1
    assert "ahead" in site.ask(node.number, site.gateway_identity, command="stop", timeline=older)["error"]
    assert site.ask(node.number, site.gateway_identity, command="rejoin", timeline=older, primary_host="127.0.0.1",
                    primary_port=1, may_clone=True)["error"]
    assert "cannot be read" in site.ask(node.number, site.gateway_identity, command=7)["error"]
    assert node.is_primary()


def test_an_isolated_primary_is_stopped(site, build):
    node = site.primary()
    agent = site.agents[node.number]
    agent.stop()
    agent.parameters["agent_isolation_timeout"] = "4s"
    with site.gateway(build) as gateway:
        agent.start()
        wait_for_agents(gateway)
        time_of = gateway.query("SELECT clock_timestamp()")[0][0]
        wait_until("longer than the limit", lambda: (gateway.query("SELECT clock_timestamp()")[0][0] - time_of).total_seconds() > 6)
        assert node.is_primary(), "a gateway that holds it in office is enough"
        os.kill(gateway.process.pid, signal.SIGKILL)
        gateway.process.wait()
        wait_until("it is stopped", lambda: not node.answers())
        wait_until("the agent tells why", lambda: "isolated primary is stopped" in agent.log.read_text())
        wait_until("the agent is done", lambda: site.ask(node.number, site.gateway_identity, command="status")["busy"] == "")
        assert site.ask(node.number, site.gateway_identity, command="status")["is_clean"]
        # The guard: it starts as a primary only for who holds it in office.
        timeline = site.ask(node.number, site.gateway_identity, command="status")["timeline"]
        assert "in office" in site.ask(node.number, site.gateway_identity, command="start", timeline=timeline)["error"]
        assert site.ask(node.number, site.gateway_identity, command="start", timeline=timeline, is_in_office=True)["error"] == ""
        wait_until("it answers", node.answers)
