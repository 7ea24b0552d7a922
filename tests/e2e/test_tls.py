"""TLS on both sides: who is let in, what is bound to the certificate, and that nothing is lost on the way."""

import contextlib
import hashlib
import io
import shutil
import socket
import ssl
import struct
import threading

import psycopg2
import pytest

import cluster as pg
import wire
from certificates import Authority
from cluster import PASSWORD


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "our-ca")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("theirs"), "their-ca")


@pytest.fixture(scope="module")
def gateway_identity(ours):
    return ours.sign("localhost")


@pytest.fixture(scope="module", autouse=True)
def servers_with_tls(cluster, ours):
    """TLS on every server, and roles that can only be used over it."""
    cert, key = ours.sign("database", file="database")
    for node in cluster.nodes:
        for file, name in ((cert, "server.crt"), (key, "server.key"), (ours.cert, "ca.crt")):
            shutil.copy(file, node.data / name)
            (node.data / name).chmod(0o600)
            if pg.server_user():
                shutil.chown(node.data / name, pg.server_user(), pg.server_user())
        node.configure(ssl="on", ssl_ca_file="ca.crt")
        (node.data / "pg_hba.conf").write_text("hostnossl all tlsonly 127.0.0.1/32 reject\n"
                                               "hostssl all certified 127.0.0.1/32 cert\n"
                                               "host all all 127.0.0.1/32 scram-sha-256\n"
                                               "host replication all 127.0.0.1/32 scram-sha-256\n")
        node.stop()
        node.start()
    cluster.primary.query(f"CREATE ROLE tlsonly LOGIN PASSWORD '{PASSWORD}'")
    cluster.primary.query("CREATE ROLE certified LOGIN")
    lsn = cluster.primary.query("SELECT pg_current_wal_lsn()")[0][0]
    pg.wait_until("replicas know the roles", lambda: all(
        node.query(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'")[0][0] for node in cluster.nodes[1:]))


@pytest.fixture
def make_tls_gateway(make_gateway, gateway_identity):
    def make(**options):
        cert, key = gateway_identity
        passwd = "".join(f"{user}:TEXT{PASSWORD}\n" for user in ("app", "howdah", "tlsonly"))
        return make_gateway(**{"ssl": "on", "ssl_cert": cert, "ssl_key": key, "pool_passwd": passwd, **options})
    return make


def trusting(authority, alpn=False, identity=None):
    context = ssl.create_default_context(cafile=authority.cert)
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(["postgresql"])
    if identity:
        context.load_cert_chain(*identity)
    return context


def refusal(gateway, **options):
    """What a client is told that is not let in."""
    with pytest.raises(psycopg2.OperationalError) as raised:
        gateway.connect(**options).close()
    return str(raised.value)


# ---- clients

def test_clients_can_insist_on_the_certificate(make_tls_gateway, ours, theirs):
    gateway = make_tls_gateway()
    for mode in ("prefer", "require", "verify-ca", "verify-full"):
        with contextlib.closing(gateway.connect(sslmode=mode, sslrootcert=ours.cert)) as connection:
            assert connection.info.ssl_in_use and connection.info.ssl_attribute("protocol") == "TLSv1.3"
    with contextlib.closing(gateway.connect(sslmode="disable")) as connection:
        assert not connection.info.ssl_in_use
    assert "certificate verify failed" in refusal(gateway, sslmode="verify-ca", sslrootcert=theirs.cert)
    assert "does not match host name" in refusal(gateway, sslmode="verify-full", sslrootcert=ours.cert,
                                                 host="elsewhere.example", hostaddr="127.0.0.1")


def test_without_a_certificate_clients_are_told_that_there_is_no_tls(make_gateway):
    gateway = make_gateway()
    assert "does not support SSL" in refusal(gateway, sslmode="require")
    with contextlib.closing(gateway.connect(sslmode="prefer")) as connection:
        assert not connection.info.ssl_in_use


@pytest.mark.parametrize("line, over_tls, in_clear", [("hostssl", True, False), ("hostnossl", False, True)])
def test_pool_hba_tells_tls_from_none(make_tls_gateway, line, over_tls, in_clear):
    gateway = make_tls_gateway(pool_hba=f"host app howdah 127.0.0.1/32 trust\n{line} all all 127.0.0.1/32 scram-sha-256\n",
                               wait=False)
    pg.wait_until("Howdah answers", lambda: answers(gateway, user="howdah"))
    for mode, expected, words in (("require", over_tls, "SSL encryption"), ("disable", in_clear, "no encryption")):
        if expected:
            gateway.connect(sslmode=mode).close()
        else:
            assert words in refusal(gateway, sslmode=mode)


def answers(gateway, **options):
    with contextlib.suppress(psycopg2.Error):
        return gateway.query("SELECT 1", **options)


def test_the_gateway_can_insist_on_tls(make_tls_gateway):
    gateway = make_tls_gateway(client_tls_sslmode="require")
    gateway.connect(sslmode="require").close()
    assert "TLS is required" in refusal(gateway, sslmode="disable")


CERT_LINES = "hostssl all all 127.0.0.1/32 cert\nhostnossl all howdah 127.0.0.1/32 trust\n"


def test_a_client_certificate_logs_in_its_common_name(make_tls_gateway, ours, theirs):
    gateway = make_tls_gateway(ssl_ca_cert=ours.cert, pool_hba=CERT_LINES, wait=False)
    pg.wait_until("Howdah answers", lambda: answers(gateway, user="howdah", sslmode="disable"))
    cert, key = ours.sign("app")
    foreign_cert, foreign_key = theirs.sign("app")
    assert gateway.query("SELECT current_user", sslmode="require", sslcert=cert, sslkey=key) == [("app",)]
    assert "certificate authentication failed" in refusal(gateway, user="tlsonly", sslmode="require", sslcert=cert, sslkey=key)
    assert "certificate authentication failed" in refusal(gateway, sslmode="require", sslcert="", sslkey="")
    assert "unknown ca" in refusal(gateway, sslmode="require", sslcert=foreign_cert, sslkey=foreign_key)


def test_verify_full_admits_only_clients_with_a_certificate(make_tls_gateway, ours):
    gateway = make_tls_gateway(ssl_ca_cert=ours.cert, client_tls_sslmode="verify-full", wait=False)
    cert, key = ours.sign("anybody")
    shown = {"sslmode": "require", "sslcert": cert, "sslkey": key}
    pg.wait_until("Howdah answers", lambda: answers(gateway, **shown))
    assert gateway.query("SELECT current_user", **shown) == [("app",)]
    assert "certificate required" in refusal(gateway, sslmode="require", sslcert="", sslkey="")


# ---- channel binding

def test_scram_is_bound_to_the_certificate(make_tls_gateway):
    gateway = make_tls_gateway()
    assert gateway.query("SELECT 1", sslmode="require", channel_binding="require") == [(1,)]
    assert "channel binding" in refusal(gateway, sslmode="disable", channel_binding="require")
    # The wire client knows no channel binding, and is let in without.
    with wire.Client(gateway.port) as client:
        client.start_tls(ssl._create_unverified_context())
        assert client.login(password=PASSWORD) is client


def test_a_verifier_passes_on_with_channel_binding_on_both_sides(cluster, make_tls_gateway):
    verifier = cluster.primary.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")[0][0]
    gateway = make_tls_gateway(pool_passwd=f"app:{verifier}\nhowdah:TEXT{PASSWORD}\n")
    sql = "SELECT ssl, current_user FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert gateway.query(sql, sslmode="require", channel_binding="require") == [(True, "app")]


# ---- servers

@pytest.mark.parametrize("mode, expected", [("disable", False), ("prefer", True), ("require", True), ("verify-ca", True),
                                            ("verify-full", True)])
def test_server_connections_use_tls_as_told(make_gateway, ours, mode, expected):
    gateway = make_gateway(server_tls_sslmode=mode, server_tls_ca_file=ours.cert)
    assert gateway.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(expected,)]
    assert gateway.query("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity USING (pid) WHERE usename = 'howdah' "
                         f"AND ssl <> {expected}", user="howdah") == [(0,)]
    assert {node["status"] for node in gateway.pool_nodes()} <= {"up", "waiting"}


def test_a_server_whose_certificate_is_not_trusted_gets_no_client(make_gateway, theirs):
    gateway = make_gateway(server_tls_sslmode="verify-ca", server_tls_ca_file=theirs.cert, wait=False,
                           primary_wait_timeout=1)
    pg.wait_until("Howdah judges the servers", lambda: "certificate verify failed" in gateway.tail(200))
    assert answers(gateway) is None


def test_a_certificate_logs_the_gateway_in(make_gateway, ours):
    cert, key = ours.sign("certified")
    gateway = make_gateway(server_tls_sslmode="require", server_tls_cert_file=cert, server_tls_key_file=key,
                           pool_hba="host all certified 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    assert gateway.query("SELECT current_user", user="certified", database="postgres") == [("certified",)]


# ---- what travels over it

def test_cancel_requests_travel_over_tls(make_tls_gateway):
    gateway = make_tls_gateway(server_tls_sslmode="require")
    with wire.Client(gateway.port) as client:
        client.start_tls(ssl._create_unverified_context())
        client.login(password=PASSWORD)
        client.send(wire.query("SELECT pg_sleep(60)"))
        pg.wait_until("the statement runs", lambda: gateway.query(
            "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'", user="howdah")
            or any(node.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'")
                   for node in gateway.cluster.nodes))
        with wire.Client(gateway.port) as other:
            other.start_tls(ssl._create_unverified_context())
            other.send(struct.pack("!ii", 12 + len(client.key) - 4, wire.CANCEL_REQUEST) + client.key)
            assert other.is_closed()
        errors = [wire.error_fields(body)["C"] for tag, body in client.until() if tag == b"E"]
        assert errors == ["57014"]
        assert client.rows("SELECT 1") == [["1"]]


def test_large_results_and_copies_arrive_whole(make_tls_gateway):
    gateway = make_tls_gateway(server_tls_sslmode="require")
    rows = 200_000
    with contextlib.closing(gateway.connect(sslmode="require")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT g, repeat(md5(g::text), 4) FROM generate_series(1, {rows}) g")
        digest = hashlib.md5()
        for number, text in cursor.fetchall():
            digest.update(f"{number}\t{text}\n".encode())
        cursor.execute("CREATE TABLE copied (a int, b text)")
        lines = "".join(f"{g}\t{hashlib.md5(str(g).encode()).hexdigest() * 4}\n" for g in range(1, rows + 1)).encode()
        assert hashlib.md5(lines).digest() == digest.digest()
        cursor.copy_expert("COPY copied FROM STDIN", io.BytesIO(lines))
        out = io.BytesIO()
        cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY a) TO STDOUT", out)
        assert out.getvalue() == lines
        cursor.execute("SELECT length(%s), length(repeat('x', 30000000))", ("y" * 20_000_000,))
        assert cursor.fetchall() == [(20_000_000, 30_000_000)]
        cursor.execute("DROP TABLE copied")


def test_a_client_that_reads_slowly_gets_everything(make_tls_gateway):
    gateway = make_tls_gateway(server_tls_sslmode="require")
    with wire.Client(gateway.port) as client:
        client.start_tls(ssl._create_unverified_context())
        client.login(password=PASSWORD)
        client.send(*[wire.query("SELECT g, repeat('x', 1000) FROM generate_series(1, 5000) g")] * 4)
        # Others are served meanwhile.
        assert gateway.query("SELECT 1", sslmode="require") == [(1,)]
        for _ in range(4):
            answers_of_one = client.until()
            assert [wire.row_values(body)[0] for tag, body in answers_of_one if tag == b"D"] == [
                str(g) for g in range(1, 5001)]


def test_pgbench_runs_over_tls(make_tls_gateway, tmp_path):
    gateway = make_tls_gateway(server_tls_sslmode="require")
    script = tmp_path / "script.sql"
    script.write_text("SELECT :client_id;\nBEGIN;\nSELECT repeat('x', 20000);\nCOMMIT;\n")
    for mode in ("simple", "extended", "prepared"):
        out = pg.run([pg.PG_BIN / "pgbench", "-n", "-c", 8, "-j", 2, "-t", 50, "-M", mode, "-f", script,
                      f"host=127.0.0.1 port={gateway.port} user=app dbname=app password={PASSWORD} sslmode=require"])
        assert "number of failed transactions: 0" in out


# ---- hostile ends

SSL_REQUEST = struct.pack("!ii", 8, wire.SSL_REQUEST)


def hello():
    """The first bytes of a TLS handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_handshakes_that_break_off_leave_nothing_behind(make_tls_gateway):
    gateway = make_tls_gateway(max_client_conn=30)
    first = hello()
    for sent in (b"", first[:1], first[:40], first, b"\x16\x03\x01garbage" * 20, wire.startup(user="app")):
        for _ in range(10):  # together more than may be in at once
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
                client.sendall(SSL_REQUEST)
                assert client.recv(1) == b"S"
                client.sendall(sent)
    pg.wait_until("broken-off clients are forgotten", lambda: answers(gateway, sslmode="require"))
    assert gateway.query("SELECT 1", sslmode="require") == [(1,)]


def test_a_silent_handshake_ends_with_the_login_time(make_tls_gateway):
    gateway = make_tls_gateway(authentication_timeout=1)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
        client.sendall(SSL_REQUEST)
        assert client.recv(1) == b"S"
        client.sendall(hello()[:40])
        assert client.recv(1 << 16) == b""


def test_clear_text_after_the_request_for_tls_is_refused(make_tls_gateway):
    gateway = make_tls_gateway()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
        client.sendall(SSL_REQUEST + wire.startup(user="app", database="app"))
        answer = client.recv(1 << 16)
    assert answer[:1] == b"E" and wire.error_fields(answer[5:])["C"] == "08P01"


def test_tls_may_begin_at_once_with_postgresqls_alpn_only(make_tls_gateway, ours):
    gateway = make_tls_gateway()
    with wire.Client(gateway.port) as client:
        client.start_tls(trusting(ours, alpn=True), asks_first=False)
        assert client.login(password=PASSWORD) is client
        assert client.rows("SELECT 1") == [["1"]]
    with wire.Client(gateway.port) as client:
        client.start_tls(trusting(ours), asks_first=False)
        client.send(wire.startup(user="app"))
        assert client.is_closed()


def test_many_at_once_get_through(make_tls_gateway):
    gateway = make_tls_gateway()
    failures = []

    def use():
        try:
            for _ in range(5):
                assert gateway.query("SELECT 1", sslmode="require") == [(1,)]
        except Exception as failure:  # told by the assertion below
            failures.append(failure)
    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
