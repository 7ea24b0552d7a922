"""Every report of the console in the newest shape, column by column; and the two kinds of exporters that read them."""

import contextlib

import pytest

import cluster as pg
import wire
from cluster import PASSWORD
from console import CONSOLE, ask, rows
from one_server import cluster  # noqa: F401  (a fixture)

TEXT, INT4, INT8, NUMERIC = 25, 23, 20, 1700


def of(type_oid, names):
    return [(name, type_oid) for name in names.split()]


SOCKET = (of(TEXT, "type user database replication state addr") + of(INT4, "port") + of(TEXT, "local_addr") + of(INT4, "local_port")
          + of(TEXT, "connect_time request_time") + of(INT4, "wait wait_us close_needed") + of(TEXT, "ptr link") + of(INT4, "remote_pid")
          + of(TEXT, "tls application_name") + of(INT4, "prepared_statements id"))
COUNTS = "server_assignment_count xact_count query_count"
BYTES_AND_TIMES = "xact_time query_time wait_time"
PREPARED = "client_parse_count server_parse_count bind_count"
OWN_TIMES = "query_wait_timeout query_timeout idle_transaction_timeout transaction_timeout client_idle_timeout"
# PgBouncer 1.25's columns, in order. Ours come behind them, only where no exporter counts.
SHAPES = {
    "VERSION": of(TEXT, "version"),
    "DATABASES": (of(TEXT, "name host") + of(INT4, "port") + of(TEXT, "database force_user")
                  + of(INT4, "pool_size min_pool_size reserve_pool_size server_lifetime") + of(TEXT, "pool_mode load_balance_hosts")
                  + of(INT4, "max_connections current_connections max_client_connections current_client_connections paused disabled")),
    "POOLS": (of(TEXT, "database user")
              + of(INT4, "cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle "
                         "sv_used sv_tested sv_login maxwait maxwait_us") + of(TEXT, "pool_mode load_balance_hosts")),
    "STATS": of(TEXT, "database") + of(NUMERIC, " ".join(
        [f"total_{name}" for name in f"{COUNTS} received sent {BYTES_AND_TIMES} {PREPARED}".split()]
        + [f"avg_{name}" for name in f"{COUNTS} recv sent {BYTES_AND_TIMES} {PREPARED}".split()])),
    "STATS_TOTALS": of(TEXT, "database") + of(NUMERIC, f"{COUNTS} bytes_received bytes_sent {BYTES_AND_TIMES} {PREPARED}"),
    "STATS_AVERAGES": of(TEXT, "database") + of(NUMERIC, f"{COUNTS} bytes_received bytes_sent {BYTES_AND_TIMES} " + " ".join(
        f"avg_{name}" for name in PREPARED.split())),
    "TOTALS": of(TEXT, "name") + of(NUMERIC, "value"),
    "CLIENTS": SOCKET,
    "SERVERS": SOCKET,
    "SOCKETS": SOCKET + of(INT4, "recv_pos pkt_pos pkt_remain send_pos send_remain pkt_avail send_avail"),
    "ACTIVE_SOCKETS": SOCKET + of(INT4, "recv_pos pkt_pos pkt_remain send_pos send_remain pkt_avail send_avail"),
    "USERS": (of(TEXT, "name pool_size reserve_pool_size pool_mode")
              + of(INT4, "max_user_connections current_connections max_user_client_connections current_client_connections")
              + of(NUMERIC, OWN_TIMES)),
    "LISTS": of(TEXT, "list") + of(INT4, "items"),
    "CONFIG": of(TEXT, "key value default changeable"),
    "MEM": of(TEXT, "name") + of(INT4, "size used free memtotal"),
    "DNS_HOSTS": of(TEXT, "hostname") + of(INT8, "ttl") + of(TEXT, "addrs"),
    "DNS_ZONES": of(TEXT, "zonename") + of(INT8, "serial") + of(INT4, "count"),
    "PEERS": of(INT4, "peer_id") + of(TEXT, "host") + of(INT4, "port pool_size"),
    "PEER_POOLS": of(INT4, "peer_id cl_active_cancel_req cl_waiting_cancel_req sv_active_cancel sv_login"),
    "STATE": of(TEXT, "key value"),
}


@pytest.fixture(scope="module")
def console_gateway(cluster, build):
    with pg.Howdah(cluster, build, directory=cluster.directory / "shapes", user_name0="app", user_query_timeout0="90.5", user_client_idle_limit0=60,
                   **CONSOLE) as running:
        yield running


@pytest.mark.parametrize("report", SHAPES)
def test_each_report_has_its_columns_also_in_the_extended_protocol(console_gateway, report):
    console_gateway.query("SELECT 1")
    shape, found, tag = ask(console_gateway.port, f"SHOW {report}")
    assert shape == SHAPES[report] and tag == "SHOW"
    with wire.Client(console_gateway.port) as client:
        client.login(database="pgbouncer", password=PASSWORD)
        pg.wait_until("who came before has left", lambda: ["used_clients", "1"] in client.rows("SHOW LISTS"))
        simple = client.ask(wire.query(f"SHOW {report}"))
        described = client.ask(wire.parse(f"show {report.lower()} ;", "s"), wire.describe(b"S", "s"), wire.SYNC)
        extended = client.ask(wire.bind(statement="s", portal="p"), wire.describe(b"P", "p"), wire.execute("p"), wire.SYNC)
    head = [body for tag, body in simple if tag == b"T"]
    assert [body for tag, body in described if tag == b"T"] == [body for tag, body in extended if tag == b"T"] == head
    assert all(tag not in b"E" for tag, _ in [*simple, *described, *extended])
    if report in ("VERSION", "CONFIG", "LISTS", "STATE", "MEM"):
        assert [body for tag, body in extended if tag == b"D"] == [body for tag, body in simple if tag == b"D"]


def test_a_row_limit_divides_a_report(console_gateway):
    with wire.Client(console_gateway.port) as client:
        client.login(database="pgbouncer", password=PASSWORD)
        assert client.tags(wire.parse("SHOW LISTS"), wire.bind(), wire.execute(limit=5), wire.execute(limit=100), wire.SYNC) == (
            "12" + "D" * 5 + "s" + "D" * 9 + "CZ")


def test_what_a_user_has_of_its_own_is_shown(console_gateway):
    user, = [row for row in rows(console_gateway, "SHOW USERS") if row["name"] == "app"]
    assert [None if user[name] is None else float(user[name]) for name in OWN_TIMES.split()] == [None, 90.5, None, None, 60]


# ---- exporters

BY_NAME = {  # prometheus-community's: what it makes numbers of, by report
    "lists": None,
    "databases": "pool_size reserve_pool_size max_connections current_connections paused disabled",
    "stats_totals": "query_count query_time bytes_received bytes_sent wait_time xact_count xact_time client_parse_count server_parse_count "
                    "bind_count server_assignment_count",
    "pools": "cl_active cl_active_cancel_req cl_waiting cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle sv_used "
             "sv_tested sv_login maxwait",
}


def test_an_exporter_that_reads_by_name_finds_everything(console_gateway):
    with contextlib.closing(pg.connect(console_gateway.port, database="pgbouncer", user="howdah", options="-c extra_float_digits=2")) as connection:
        for report, numbers in BY_NAME.items():
            with connection.cursor() as cursor:
                cursor.execute(f"SHOW {report};")
                names = [column[0] for column in cursor.description]
                found = cursor.fetchall()
                assert found
                for row in found:
                    for name in (numbers or "items").split():
                        float(row[names.index(name)])
        with connection.cursor() as cursor:
            cursor.execute("SHOW VERSION;")
            assert [column[0] for column in cursor.description] == ["version"]
            cursor.execute("SHOW CONFIG;")
            config = {row[0]: row[1] for row in cursor.fetchall()}
            assert int(config["max_client_conn"]) > 0 and int(config["max_user_connections"]) == 0
            cursor.execute("SHOW CLIENTS;")
            assert {"database", "user", "state", "application_name"} <= {column[0] for column in cursor.description}


@pytest.mark.parametrize("shape, widths", [("1.25", {"POOLS": 17, "STATS": 23}), ("1.18", {"POOLS": 16, "STATS": 15})])
def test_an_exporter_that_reads_by_position_counts_right(make_gateway, shape, widths):
    """CloudNativePG's: integers by place, a load_balance_hosts that is no number must be NULL, no list it does not know."""
    gateway = make_gateway(pgbouncer_compatibility=shape, **CONSOLE)
    gateway.query("SELECT 1")
    _, pools, _ = ask(gateway.port, "SHOW POOLS;", user="howdah")
    for row in pools:
        assert len(row) == widths["POOLS"]
        assert all(isinstance(value, int) for value in row[2:15]) and row[15] in ("session", "transaction", "statement")
        assert row[16:] in ((), (None,))
    _, stats, _ = ask(gateway.port, "SHOW STATS;", user="howdah")
    assert all(len(row) == widths["STATS"] and all(float(value) >= 0 for value in row[1:]) for row in stats)
    _, lists, _ = ask(gateway.port, "SHOW LISTS;", user="howdah")
    known = {"databases", "users", "peers", "pools", "peer_pools", "free_clients", "used_clients", "login_clients", "free_servers", "used_servers",
             "dns_names", "dns_zones", "dns_queries", "dns_pending"}
    assert {name for name, _ in lists} <= known and all(isinstance(count, int) for _, count in lists)
