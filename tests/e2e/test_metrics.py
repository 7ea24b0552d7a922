"""Metrics over HTTP, read by Prometheus' own parser, while real clients work."""

import contextlib
import http.client
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

import cluster as pg
from cluster import wait_until


@pytest.fixture
def measured(make_gateway):
    port = pg.free_port()
    howdah = make_gateway(metrics_listen_addresses="127.0.0.1", metrics_port=port, worker_threads=2)
    howdah.metrics_port = port
    return howdah


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def scrape(port):
    status, text = get(port)
    assert status == 200
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def value(at, name, **labels):
    return scrape(at).get((name, tuple(sorted(labels.items()))))


def total(at, name, **labels):
    return sum(number for (sample, has), number in scrape(at).items() if sample == name and labels.items() <= dict(has).items())


def test_what_ties_clients_is_told_until_it_is_gone(measured):
    with contextlib.closing(measured.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert total(measured.metrics_port, "howdah_clients_pinned") == 0
        cursor.execute("LISTEN news")
        reasons = {dict(labels)["reason"]: number for (name, labels), number in scrape(measured.metrics_port).items()
                   if name == "howdah_clients_pinned"}
        assert list(reasons.values()) == [1]
        assert "listen" in next(iter(reasons)).lower()
        cursor.execute("UNLISTEN *")
        wait_until("nothing ties it", lambda: total(measured.metrics_port, "howdah_clients_pinned") == 0)


def test_traffic_routing_and_nodes_are_counted(measured):
    port = measured.metrics_port
    before = total(port, "howdah_transactions_total", database="app")
    for _ in range(10):
        measured.query("SELECT 1")
    measured.query("CREATE TABLE measured (a int); INSERT INTO measured VALUES (1); DROP TABLE measured")
    assert total(port, "howdah_transactions_total", database="app") - before >= 11
    assert total(port, "howdah_statements_routed_total", reason="read") >= 10
    assert total(port, "howdah_node_statements_total", kind="select") >= 10
    assert value(port, "howdah_has_primary") == 1
    roles = {dict(labels)["node"]: dict(labels)["role"] for (name, labels) in scrape(port) if name == "howdah_node_up"}
    assert roles == {"0": "primary", "1": "standby", "2": "standby"}
    assert measured.pcp("pcp_detach_node", "-n", 2).returncode == 0
    wait_until("it is told as down", lambda: total(port, "howdah_node_up", node="2") == 0)
    assert total(port, "pgpool2_pool_nodes_status") == 2
    rows = {row["port"]: row for row in measured.pool_nodes()}
    for node_port, row in rows.items():
        # The parser has OpenMetrics' name for a counter.
        assert total(port, "pgpool2_pool_nodes_select_cnt_total", port=str(node_port)) == float(row["select_cnt"])
    assert measured.pcp("pcp_attach_node", "-n", 2).returncode == 0


def test_health_and_readiness_differ_while_there_is_no_primary(own_cluster, build):
    port = pg.free_port()
    with pg.Howdah(own_cluster, build, metrics_listen_addresses="127.0.0.1", metrics_port=port, failover_mode="none"):
        assert get(port, "/health")[0] == get(port, "/ready")[0] == 200
        own_cluster.primary.kill()
        wait_until("it is not ready", lambda: get(port, "/ready")[0] == 503)
        assert get(port, "/health") == (200, "ok\n")
        assert value(port, "howdah_has_primary") == 0


def test_what_is_no_scrape_is_refused_and_harms_nobody(measured):
    port = measured.metrics_port
    assert get(port, "/")[0] == 404
    assert get(port, "/metrics", "POST")[0] == 405
    assert get(port, "/metrics", "HEAD") == (200, "")
    assert get(port, "/metrics?name=up")[0] == 200
    for sent in (b"\0\0\0\10\4\xd2\x16\x2f", b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000, b"GET\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as wrong:
            with contextlib.suppress(OSError):  # it may hang up before all is sent
                wrong.sendall(sent)
                wrong.shutdown(socket.SHUT_WR)
                while wrong.recv(65536):
                    pass
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(80)]
    for one in idle:
        one.close()
    wait_until("it answers again", lambda: answers(port))
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as kept:
        for _ in range(3):
            kept.request("GET", "/health")
            assert kept.getresponse().read() == b"ok\n"
    assert measured.query("SELECT 1") == [(1,)]


def answers(port):
    try:
        return get(port, "/health")[0] == 200
    except OSError:
        return False
