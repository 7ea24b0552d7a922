"""Who gets in, and with which SQLSTATE others stay out."""

import contextlib

import psycopg2
import pytest

import cluster as pg
import wire
from cluster import PASSWORD
from lag import wait_for_replicas

METHODS = ["scram-sha-256", "md5", "password"]


def verifier(cluster, user):
    return cluster.primary.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{user}'")[0][0]


@pytest.fixture(scope="module", autouse=True)
def roles(cluster):
    cluster.primary.query("SET password_encryption = 'md5'; CREATE ROLE md5er LOGIN PASSWORD '%s'" % PASSWORD)
    cluster.primary.query("CREATE ROLE other LOGIN PASSWORD 'other password ü'")
    for statement in ("GRANT ALL ON DATABASE app TO md5er, other",):
        cluster.primary.query(statement)
    hba = cluster.primary.data / "pg_hba.conf"
    for node in cluster.nodes:
        (node.data / "pg_hba.conf").write_text("host all md5er 127.0.0.1/32 md5\n" + hba.read_text().replace(
            "host all md5er 127.0.0.1/32 md5\n", ""))
        node.reload()
    wait_for_replicas(cluster)


def sqlstate_of(port, **options):
    with wire.Client(port) as client:
        outcome = client.login(**options)
        return "in" if outcome is client else outcome["C"]


@pytest.mark.parametrize("method", METHODS)
def test_a_stored_password_lets_in_and_a_wrong_one_does_not(make_gateway, method):
    gateway = make_gateway(pool_hba=f"host all all 127.0.0.1/32 {method}\n")
    assert sqlstate_of(gateway.port, password=PASSWORD) == "in"
    assert sqlstate_of(gateway.port, password="wrong") == "28P01"
    assert sqlstate_of(gateway.port, user="nobody", password=PASSWORD) == "28P01"
    assert gateway.query("SELECT current_user") == [("app",)]


def test_a_scram_verifier_is_enough_to_log_in_to_the_servers(cluster, make_gateway):
    gateway = make_gateway(pool_passwd=f"app:{verifier(cluster, 'app')}\nhowdah:TEXT{PASSWORD}\n")
    assert sqlstate_of(gateway.port, password="wrong") == "28P01"
    assert gateway.query("SELECT current_user") == [("app",)]
    assert gateway.query("CREATE TABLE by_verifier (a int); DROP TABLE by_verifier; SELECT current_user") == [("app",)]
    assert PASSWORD not in gateway.conf.with_name("pool_passwd").read_text().split("\n")[0]


def test_an_md5_hash_is_enough_where_the_server_asks_for_md5(cluster, make_gateway):
    gateway = make_gateway(pool_passwd=f"md5er:{verifier(cluster, 'md5er')}\nhowdah:TEXT{PASSWORD}\napp:TEXT{PASSWORD}\n",
                           pool_hba="host all all 127.0.0.1/32 md5\n")
    assert gateway.query("SELECT current_user", user="md5er") == [("md5er",)]
    assert sqlstate_of(gateway.port, user="md5er", password="wrong") == "28P01"


def test_a_password_beyond_ascii_works(make_gateway):
    gateway = make_gateway(pool_passwd=f"app:TEXT{PASSWORD}\nhowdah:TEXT{PASSWORD}\nother:TEXTother password ü\n")
    assert gateway.query("SELECT current_user", user="other", password="other password ü") == [("other",)]


@pytest.mark.parametrize("line, expected", [
    ("host all all 127.0.0.1/32 reject", "28000"),
    ("host otherdb all 127.0.0.1/32 scram-sha-256", "28000"),
    ("host all somebody 127.0.0.1/32 scram-sha-256", "28000"),
    ("host all all 10.0.0.0/8 scram-sha-256", "28000"),
    ("hostssl all all 127.0.0.1/32 scram-sha-256", "28000"),
    ("host sameuser app 127.0.0.1 255.255.255.255 trust", "in"),
    ('host "app" "app" 127.0.0.0/8 trust', "in"),
    ("host all all samehost trust", "in"),
    ("host all all localhost trust", "in"),
    ("host all all elsewhere.example trust", "28000"),
])
def test_pool_hba_decides(make_gateway, line, expected):
    gateway = make_gateway(pool_hba="host app howdah 127.0.0.1/32 trust\n" + line + "\n", wait=False)
    pg.wait_until("Howdah answers", lambda: answers_as(gateway, "howdah"))
    assert sqlstate_of(gateway.port, password=PASSWORD) == expected


def answers_as(gateway, user):
    with contextlib.suppress(psycopg2.Error):
        return gateway.query("SELECT 1", user=user)


def test_a_database_that_does_not_exist_is_named_as_by_the_server(cluster, gateway):
    with wire.Client(gateway.port) as through, wire.Client(cluster.primary.port) as direct:
        seen, expected = (client.login(database="nowhere", password=PASSWORD) for client in (through, direct))
    assert (seen["S"], seen["C"], seen["M"]) == (expected["S"], expected["C"], expected["M"])


def test_a_name_cannot_write_lines_of_its_own_into_the_log(make_gateway):
    gateway = make_gateway()
    for tail in ("\nfake line", "\n\tno fake line", "\r\x1b[2Jfake", "\x7f"):
        assert sqlstate_of(gateway.port, user="nobody" + tail, password="x") == "28P01"
    log = gateway.log.read_bytes()
    assert b"\n\tfake line" in log and b"\nfake line" not in log and b"\n\tno fake" in log
    assert b"\\x0d\\x1b[2Jfake" in log and b"\x1b" not in log and b"\\x7f" in log


def test_a_refused_login_says_which_line_is_missing(make_gateway):
    gateway = make_gateway(pool_hba="host app howdah 127.0.0.1/32 trust\n", wait=False)
    pg.wait_until("Howdah answers", lambda: answers_as(gateway, "howdah"))
    with wire.Client(gateway.port) as client:
        fields = client.login(password=PASSWORD)
    assert fields["S"] == "FATAL" and 'user "app"' in fields["M"] and "127.0.0.1" in fields["M"]
