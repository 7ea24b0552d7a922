"""The protocol's edges, byte by byte: negotiation, nonsense, pipelines, portals, COPY, function calls."""

import contextlib
import os
import random
import struct
import time

import pytest

import cluster as pg
import wire
from conversations import CONVERSATIONS as SCRIPTS
from scenes import comparable
from wire import Client


@pytest.fixture
def client(gateway):
    with Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        yield client


def still_serves(gateway):
    return gateway.query("SELECT 1") == [(1,)]


# Negotiation

def test_a_client_of_3_0_is_not_negotiated_with(client):
    assert client.negotiated is None
    assert len(client.key) == 8


@pytest.mark.parametrize("minor, options, newest, unknown", [
    (2, {}, None, []),
    (9999, {}, 2, []),
    (0, {"_pq_.nobody_knows": "1"}, 0, ["_pq_.nobody_knows"]),
    (2, {"_pq_.a": "1", "_pq_.b": "2"}, 2, ["_pq_.a", "_pq_.b"]),
])
def test_versions_are_negotiated(gateway, minor, options, newest, unknown):
    with Client(gateway.port) as client:
        assert client.login(password=pg.PASSWORD, version=wire.PROTOCOL_3_0 | minor, **options) is client
        if newest is None:
            assert client.negotiated is None
        else:
            version, count = struct.unpack("!ii", client.negotiated[:8])
            assert version & 0xffff == newest
            assert count == len(unknown)
            assert [name.decode() for name in client.negotiated[8:].split(b"\0")[:-1]] == unknown
        assert client.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("request_code", [wire.SSL_REQUEST, wire.GSSENC_REQUEST])
def test_encryption_that_is_not_offered_is_refused_with_n_and_login_goes_on(gateway, request_code):
    with Client(gateway.port) as client:
        client.send(struct.pack("!ii", 8, request_code))
        assert client.read_bytes(1) == b"N"
        assert client.login(password=pg.PASSWORD) is client


def test_endless_negotiation_is_ended(gateway):
    with Client(gateway.port) as client:
        with contextlib.suppress(OSError):
            for _ in range(100):
                client.send(struct.pack("!ii", 8, wire.SSL_REQUEST))
        assert client_ends(client)
    assert still_serves(gateway)


def client_ends(client):
    try:
        while client.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("nonsense", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    struct.pack("!i", 0),
    struct.pack("!i", 4),
    struct.pack("!ii", 2 ** 31 - 1, wire.PROTOCOL_3_0),
    struct.pack("!ii", 10001, wire.PROTOCOL_3_0),
    struct.pack("!ii", 9, wire.PROTOCOL_3_0) + b"x",
    struct.pack("!ii", 8, 0x00020000),
    struct.pack("!ii", 8, 0x00040000),
    struct.pack("!ii", 8, 0xffffffff - 2 ** 32),
    struct.pack("!i", 12) + struct.pack("!i", wire.PROTOCOL_3_0) + b"user",
    os.urandom(64),
])
def test_nonsense_instead_of_a_startup_packet_only_ends_its_own_connection(gateway, nonsense):
    with Client(gateway.port) as client:
        client.send(nonsense)
        client.socket.shutdown(1)
        assert client_ends(client)
    assert still_serves(gateway)


def test_a_startup_packet_without_a_user_is_refused_with_28000(gateway):
    with Client(gateway.port) as client:
        client.send(wire.startup(database="app"))
        tag, body = client.read()
        assert tag == b"E" and wire.error_fields(body)["C"] == "28000"
        assert client.is_closed()


def test_an_unknown_message_type_is_a_protocol_violation(gateway, client):
    client.send(wire.message(b"\x01", b"abc"))
    tag, body = client.read()
    fields = wire.error_fields(body)
    assert tag == b"E" and fields["S"] == "FATAL" and fields["C"] == "08P01"
    assert client.is_closed()
    assert still_serves(gateway)


@pytest.mark.parametrize("length", [0, 3, -1, 2 ** 31 - 1])
def test_an_impossible_message_length_ends_the_connection_with_08p01(gateway, client, length):
    client.send(b"P" + struct.pack("!i", length))
    if length > 4:  # a length PostgreSQL would wait for: nothing may be allocated for it
        client.socket.shutdown(1)
        assert client_ends(client)
    else:
        tag, body = client.read()
        assert tag == b"E" and wire.error_fields(body)["C"] == "08P01"
    assert still_serves(gateway)


def test_a_statement_inside_copy_ends_the_connection_in_the_servers_words(cluster, gateway):
    def told(port):
        with Client(port) as client:
            client.login(password=pg.PASSWORD)
            client.send(wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.query("SELECT 1"))
            found = []
            with contextlib.suppress(wire.Closed, ConnectionResetError):
                while True:
                    found.append(comparable(*client.read()))
            return [message for message in found if message[0] not in b"SN"]
    assert told(gateway.port) == told(cluster.primary.port)


def test_random_bytes_after_login_never_disturb_others(gateway):
    chance = random.Random(20261121)
    for _ in range(60):
        with Client(gateway.port) as client:
            client.login(password=pg.PASSWORD)
            with contextlib.suppress(OSError):
                client.send(chance.randbytes(chance.randint(1, 300)))
                client.socket.shutdown(1)
            client_ends(client)
        assert still_serves(gateway)


def test_a_client_that_never_logs_in_is_sent_away(make_gateway):
    gateway = make_gateway(authentication_timeout="3s")
    with Client(gateway.port) as idle, Client(gateway.port) as half:
        half.send(wire.startup(user="app", database="app"))
        assert client_ends(idle) and client_ends(half)
    assert still_serves(gateway)


# Simple and extended protocol, against the server's own answers

def conversation(port, parts, last=b"Z", count=1):
    """What is answered, without what differs by nature (parameter values, keys)."""
    with Client(port) as client:
        client.login(password=pg.PASSWORD)
        client.send(*parts)
        answers = []
        for _ in range(count):
            answers += client.until(last)
        return [comparable(tag, body) for tag, body in answers if tag not in b"SN"]


RANDOM_VALUED = {"function call"}  # pg_catalog.random(): only the message kinds are alike


@pytest.mark.parametrize("name", SCRIPTS)
def test_answers_are_those_of_postgresql(cluster, gateway, name):
    parts, count = SCRIPTS[name]
    through = conversation(gateway.port, parts, count=count)
    direct = conversation(cluster.primary.port, parts, count=count)
    if name in RANDOM_VALUED:
        through, direct = ([tag for tag, _ in side] for side in (through, direct))
    assert through == direct


@pytest.mark.parametrize("name", [n for n in SCRIPTS if "transaction" not in n])
def test_answers_are_the_same_when_bytes_come_one_by_one(cluster, gateway, name):
    parts, count = SCRIPTS[name]
    whole = b"".join(parts)
    bytewise = conversation(gateway.port, parts, count=count)
    with Client(gateway.port) as client:
        client.login(password=pg.PASSWORD)
        for at in range(len(whole)):
            client.send(whole[at:at + 1])
        answers = []
        for _ in range(count):
            answers += client.until()
    answers = [comparable(tag, body) for tag, body in answers if tag not in b"SN"]
    if name in RANDOM_VALUED:
        answers, bytewise = ([tag for tag, _ in side] for side in (answers, bytewise))
    assert answers == bytewise


def test_flush_gets_answers_before_the_sync(client):
    client.send(wire.parse("SELECT 1"), wire.describe(b"S"), wire.FLUSH)
    assert [tag for tag, _ in client.until(b"T")] == [b"1", b"t", b"T"]
    client.send(wire.bind(), wire.execute(), wire.FLUSH)
    assert [tag for tag, _ in client.until(b"C")] == [b"2", b"D", b"C"]
    assert client.tags(wire.SYNC) == "Z"


def test_a_flushed_read_and_a_write_in_one_batch_keep_their_order(gateway, client):
    client.ask(wire.query("CREATE TABLE IF NOT EXISTS flushed (a int)"))
    time.sleep(0)
    client.send(wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.FLUSH)
    client.until(b"C")
    assert client.tags(wire.parse("INSERT INTO flushed VALUES (1)"), wire.bind(), wire.execute(), wire.SYNC) == "12CZ"
    assert client.rows("SELECT count(*) > 0 FROM flushed") == [["t"]]


@pytest.mark.parametrize("before", [[], [wire.query("BEGIN")], [wire.query("BEGIN READ ONLY"), wire.query("SELECT 1")]])
def test_an_error_is_heard_before_the_end_of_its_batch(client, before):
    for part in before:
        client.ask(part)
    client.send(wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.parse("SELEC 1"))
    assert [tag for tag, _ in client.until(b"E")] == [b"1", b"2", b"D", b"C", b"E"]
    client.send(wire.parse("SELECT 2"), wire.bind())
    assert client.tags(wire.execute(), wire.SYNC) == "Z"
    assert client.tags(wire.query("ROLLBACK")) == "CZ"


def test_a_query_ends_a_batch_whose_answers_were_flushed(client):
    """As asyncpg copies records into a table: it describes the table, and never sends the Sync."""
    client.ask(wire.query("CREATE TEMP TABLE t (a int)"))
    for _ in range(2):
        client.send(wire.parse("SELECT a FROM t", ""), wire.describe(b"S"), wire.FLUSH)
        assert [tag for tag, _ in client.until(b"T")] == [b"1", b"t", b"T"]
        client.send(wire.query("COPY t FROM STDIN"))
        client.until(b"G")
        assert client.tags(wire.copy_data(b"1\n"), wire.COPY_DONE) == "CZ"
    assert client.rows("SELECT sum(a) FROM t") == [["2"]]


def test_parameter_status_reports_what_the_client_set(client):
    answers = client.ask(wire.query("SET application_name = 'renamed'"))
    assert (b"S", b"application_name\0renamed\0") in answers


def test_startup_parameters_hold_in_every_transaction(gateway):
    with Client(gateway.port) as client:
        client.login(password=pg.PASSWORD, application_name="mine", TimeZone="Asia/Tokyo", options="-c work_mem=9MB")
        assert client.parameters["TimeZone"] == "Asia/Tokyo" and client.parameters["application_name"] == "mine"
        for _ in range(3):
            gateway.query("SELECT 1")
            assert client.rows("SELECT current_setting('TimeZone'), current_setting('work_mem'), "
                               "current_setting('application_name')") == [["Asia/Tokyo", "9MB", "mine"]]
    with Client(gateway.port) as other:
        other.login(password=pg.PASSWORD)
        assert other.rows("SELECT current_setting('work_mem')") == [["4MB"]]


def test_a_bad_startup_parameter_is_refused_as_postgresql_does(cluster, gateway):
    answers = []
    for port in (cluster.primary.port, gateway.port):
        with Client(port) as client:
            fields = client.login(password=pg.PASSWORD, TimeZone="No/Where")
            answers.append((fields["S"], fields["C"], fields["M"]))
    assert answers[0] == answers[1]
