"""The protocol's edges, byte by byte: negotiation, nonsense, pipelines, portals, COPY, function calls."""

import contextlib
import os
import random
import struct
import time

import pytest

import cluster as pg
import wire
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
                    found.append(without_source_lines(*client.read()))
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
    gateway = make_gateway(authentication_timeout="1s")
    with Client(gateway.port) as idle, Client(gateway.port) as half:
        half.send(wire.startup(user="app", database="app"))
        assert client_ends(idle) and client_ends(half)
    assert still_serves(gateway)


# Simple and extended protocol, against the server's own answers

def without_source_lines(tag, body):
    """Of errors all but the place in PostgreSQL's source: Howdah's own have none."""
    if tag != b"E":
        return tag, body
    return tag, {letter: text for letter, text in wire.error_fields(body).items() if letter not in "FLR"}


def conversation(port, parts, last=b"Z", count=1):
    """What is answered, without what differs by nature (parameter values, keys)."""
    with Client(port) as client:
        client.login(password=pg.PASSWORD)
        client.send(*parts)
        answers = []
        for _ in range(count):
            answers += client.until(last)
        return [without_source_lines(tag, body) for tag, body in answers if tag not in b"SN"]


X = [wire.SYNC]
SCRIPTS = {
    "empty": ([wire.query("")], 1),
    "only a semicolon": ([wire.query(";;")], 1),
    "several statements": ([wire.query("SELECT 1; SELECT 2, 3; SELECT 'x' WHERE false")], 1),
    "error in the middle": ([wire.query("SELECT 1; SELECT 1/0; SELECT 2")], 1),
    "syntax error": ([wire.query("SELEC 1")], 1),
    "transaction in one string": ([wire.query("BEGIN; SELECT 1; COMMIT")], 1),
    "begin and commit": ([wire.query("BEGIN"), wire.query("SELECT 1"), wire.query("COMMIT")], 3),
    "empty transaction": ([wire.query("BEGIN"), wire.query("COMMIT")], 2),
    "failed transaction": ([wire.query("BEGIN"), wire.query("SELECT 1/0"), wire.query("SELECT 1"), wire.query("COMMIT")], 4),
    "failed transaction at once": ([wire.query("BEGIN"), wire.query("nonsense"), wire.query("ROLLBACK")], 3),
    "begin twice": ([wire.query("BEGIN"), wire.query("BEGIN"), wire.query("SELECT 1"), wire.query("ROLLBACK")], 4),
    "commit without begin": ([wire.query("COMMIT")], 1),
    "savepoints": ([wire.query("BEGIN"), wire.query("SAVEPOINT a"), wire.query("SELECT 1/0"), wire.query("ROLLBACK TO a"),
                    wire.query("SELECT 1"), wire.query("COMMIT")], 6),
    "read only": ([wire.query("BEGIN READ ONLY"), wire.query("CREATE TABLE nope (a int)"), wire.query("ROLLBACK")], 3),
    "extended": ([wire.parse("SELECT $1::int + 1", types=[23]), wire.bind([b"41"]), wire.describe(), wire.execute(), *X], 1),
    "describe a statement": ([wire.parse("SELECT $1::text AS a, 2 AS b", "s"), wire.describe(b"S", "s"), *X], 1),
    "describe nothing": ([wire.parse("CREATE TEMP TABLE t (a int)"), wire.describe(b"S"), *X], 1),
    "named statement": ([wire.parse("SELECT 7", "s"), *X, wire.bind(statement="s"), wire.execute(), *X,
                         wire.close(b"S", "s"), *X, wire.bind(statement="s"), *X], 4),
    "duplicate statement": ([wire.parse("SELECT 1", "s"), wire.parse("SELECT 2", "s"), *X], 1),
    "unknown statement": ([wire.bind(statement="nobody"), wire.execute(), *X], 1),
    "unknown portal": ([wire.execute("nobody"), *X], 1),
    "describe an unknown statement": ([wire.describe(b"S", "nobody"), *X], 1),
    "close what is not there": ([wire.close(b"S", "nobody"), wire.close(b"P", "nobody"), *X], 1),
    "row limit": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 5)"), wire.bind(portal="p"), wire.execute("p", 2),
                   wire.execute("p", 2), wire.execute("p", 2), *X, wire.query("COMMIT")], 3),
    "pipeline": ([wire.parse("SELECT 1"), wire.bind(), wire.execute(), *X, wire.parse("SELECT 2"), wire.bind(), wire.execute(), *X,
                  wire.query("SELECT 3")], 3),
    "error skips to the sync": ([wire.parse("SELECT 1/0"), wire.bind(), wire.execute(), wire.parse("SELECT 2"), wire.bind(),
                                 wire.execute(), *X, wire.query("SELECT 4")], 2),
    "error between": ([wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.parse("SELEC"), wire.bind(), wire.execute(),
                       wire.parse("SELECT 2", "kept"), *X, wire.bind(statement="kept"), *X], 2),
    "unnamed statement again": ([wire.parse("SELECT 5"), *X, wire.bind(), wire.execute(), *X, wire.bind(), wire.execute(), *X], 3),
    "a query destroys the unnamed statement": ([wire.parse("SELECT 5"), *X, wire.query("SELECT 6"), wire.bind(), wire.execute(), *X], 3),
    "many syncs": ([*X, *X, *X], 3),
    "write and read in one batch": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("INSERT INTO t VALUES (1)"), wire.bind(),
                                     wire.execute(), wire.parse("SELECT a FROM t"), wire.bind(), wire.execute(), *X], 2),
    "query in an open batch": ([wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.query("SELECT 2"), wire.bind(), wire.execute(), *X], 2),
    "query in an open batch, named": ([wire.parse("SELECT 1", "a"), wire.bind(statement="a", portal="p"), wire.query("SELECT 2"),
                                       wire.bind(statement="a"), wire.execute(), *X, wire.execute("p"), *X], 3),
    "write behind an open read": ([wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.query("CREATE TEMP TABLE t (a int)"),
                                   wire.query("SELECT count(*) FROM t")], 2),
    "query fails in an open batch": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("INSERT INTO t VALUES (1)"), wire.bind(),
                                      wire.execute(), wire.query("SELECT 1/0"), wire.query("SELECT count(*) FROM t")], 3),
    "open batch has failed": ([wire.parse("SELEC"), wire.query("SELECT 1"), wire.FLUSH, *X, wire.query("SELECT 3")], 2),
    "begin in an open batch": ([wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.query("BEGIN"), wire.query("SELECT 2"),
                                wire.query("COMMIT")], 3),
    "function call in an open batch": ([wire.parse("SELECT 1"), wire.function_call(1317, b"hello"), wire.bind(), wire.execute(), *X], 2),
    "function call fails": ([wire.query("BEGIN"), wire.function_call(999999, b"x"), wire.function_call(1317, b"x"), wire.query("ROLLBACK")], 4),
    "portal closed, then run": ([wire.parse("SELECT 1"), wire.bind(portal="p"), wire.close(b"P", "p"), wire.execute("p"), *X], 1),
    "portal over two syncs": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 5)"), wire.bind(portal="p"), *X, wire.execute("p", 2),
                               *X, wire.execute("p"), *X, wire.query("COMMIT")], 5),
    "copy in twice in one string": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN; COPY t FROM STDIN; SELECT sum(a) FROM t"),
                                     wire.copy_data(b"1\n"), wire.COPY_DONE, wire.copy_data(b"2\n"), wire.COPY_DONE], 2),
    "sync and flush inside copy": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("COPY t FROM STDIN"), wire.bind(), wire.execute(), *X,
                                    wire.FLUSH, wire.copy_data(b"1\n"), wire.COPY_DONE, *X, wire.query("SELECT sum(a) FROM t")], 3),
    "chained transactions": ([wire.query(sql) for sql in ("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1", "COMMIT AND CHAIN",
                                                          "SHOW transaction_isolation", "ROLLBACK AND CHAIN", "COMMIT")], 6),
    "copy out": ([wire.query("COPY (SELECT 1, 'a' UNION ALL SELECT 2, 'b') TO STDOUT")], 1),
    "copy in": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.copy_data(b"1\n2\n"), wire.COPY_DONE,
                 wire.query("SELECT sum(a) FROM t")], 3),
    "copy fails half-way": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.copy_data(b"1\nx\n"),
                             wire.copy_data(b"2\n"), wire.COPY_DONE, wire.query("SELECT count(*) FROM t")], 3),
    "copy given up": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.copy_data(b"1\n"),
                       wire.copy_fail("no more"), wire.query("SELECT count(*) FROM t")], 3),
    "copy in, extended": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("COPY t FROM STDIN"), wire.bind(), wire.execute(),
                           wire.copy_data(b"1\n2\n"), wire.COPY_DONE, *X, wire.query("SELECT sum(a) FROM t")], 3),
    "function call": ([wire.message(b"F", struct.pack("!ihhhih", 1598, 0, 0, 0, 0, 0)[:4] + struct.pack("!hhh", 0, 0, 1))], 1),
    "set and show": ([wire.query("SET work_mem = '7MB'"), wire.query("SHOW work_mem"), wire.query("RESET work_mem"),
                      wire.query("DISCARD ALL")], 4),
    "sql prepare": ([wire.query("PREPARE p AS SELECT 9"), wire.query("EXECUTE p"), wire.query("DEALLOCATE p"), wire.query("EXECUTE p")], 4),
    "unicode and nulls": ([wire.query("SELECT 'grüße', NULL, ''")], 1),
}
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
    answers = [without_source_lines(tag, body) for tag, body in answers if tag not in b"SN"]
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
