"""SQL made to hurt: nested without end, huge, full of parameters, no text at all. Howdah answers as PostgreSQL does, lives on,
and needs no more memory than its limits say."""

import contextlib
import pathlib
import random
import struct

import pytest

import cluster as pg
import wire

# Parsing a text of max_parse_size (1 MB) takes about a hundred times its size for a moment.
MOST_MEMORY_KB = 250 * 1024
SANITIZERS_SHARE = 4  # they surround each of the parser's small pieces and keep freed memory for a while
DEPTH = 100_000
SLOW = 4_000  # PostgreSQL's own scanner takes quadratic time for these


@pytest.fixture(scope="module")
def servers():
    with pg.Cluster(replicas=1, max_stack_depth="2MB") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def howdah(servers, build):
    with pg.Howdah(servers, build) as running:
        yield running
        assert running.process.poll() is None, running.tail()


@pytest.fixture
def client(howdah):
    with wire.Client(howdah.port, timeout=120) as connected:
        yield connected.login(password=pg.PASSWORD)


@pytest.fixture
def direct(servers):
    with wire.Client(servers.primary.port, timeout=120) as connected:
        yield connected.login(password=pg.PASSWORD)


def allowed_kb(process, kilobytes):
    is_sanitized = "libasan" in pathlib.Path(f"/proc/{process.pid}/maps").read_text()
    return kilobytes * (SANITIZERS_SHARE if is_sanitized else 1)


def memory_kb(process, name):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name + ":")))


def outcome(client, sql):
    """Message types and SQLSTATE of a simple query, rows counted as one."""
    body = sql if isinstance(sql, bytes) else sql.encode()
    found = []
    for tag, body in client.ask(wire.message(b"Q", body + b"\0")):
        code = wire.error_fields(body.decode("utf-8", "replace").encode())["C"] if tag == b"E" else ""
        if tag not in b"SN" and (tag, code) not in found:
            found.append((tag, code))
    return found


NESTED = {
    "brackets": "SELECT " + "(" * DEPTH + "1" + ")" * DEPTH,
    "sums": "SELECT 1" + "+1" * DEPTH,
    "sums at the limit": "SELECT 1" + "+1" * 524_000,
    "brackets at the limit": "SELECT " + "(" * 524_000 + ")" * 524_000,
    "negations": "SELECT " + "NOT " * DEPTH + "true",
    "minus signs": "SELECT " + "- " * DEPTH + "1",
    "arrays": "SELECT " + "ARRAY[" * DEPTH + "1" + "]" * DEPTH,
    "subqueries": "SELECT " + "(SELECT " * (DEPTH // 10) + "1" + ")" * (DEPTH // 10),
    "in from": "SELECT 1 FROM " + "(SELECT 1 FROM " * (DEPTH // 10) + "t" + ") AS x" * (DEPTH // 10),
    "cases": "SELECT " + "CASE WHEN true THEN " * (DEPTH // 10) + "1" + " END" * (DEPTH // 10),
    "calls": "SELECT " + "abs(" * DEPTH + "1" + ")" * DEPTH,
    "casts": "SELECT 1" + "::int" * DEPTH,
    "and": "SELECT 1 WHERE true" + " AND true" * (DEPTH // 10),
    "unions": "SELECT 1" + " UNION SELECT 1" * (DEPTH // 10),
    "joins": "SELECT 1 FROM t" + " CROSS JOIN t" * (DEPTH // 10),
    "common tables": "".join(f"WITH a{i} AS (" for i in range(5000)) + "SELECT 1" + ") SELECT 1" * 5000,
    "comments": "SELECT " + "/*" * SLOW + "*/" * SLOW + " 1",
    "open comments": "SELECT 1 " + "/*" * SLOW,
    "operators": "SELECT 1 " + "+" * SLOW + " 1",
    "dollar quotes": "SELECT " + "$a$" * DEPTH,
    "dots": "SELECT a" + ".a" * DEPTH,
    "statements": "SELECT 1;" * (DEPTH // 20),
    "explained": "EXPLAIN " * 1000 + "SELECT 1",
    "explained routes": "EXPLAIN ROUTE " * 1000 + "SELECT 1",
    "execute": "PREPARE p AS " * 1000 + "SELECT 1",
}


@pytest.mark.parametrize("name", [name for name in NESTED if name != "explained routes"])
def test_nested_without_end_it_answers_as_postgresql_does(howdah, client, direct, name):
    assert outcome(client, NESTED[name]) == outcome(direct, NESTED[name])
    assert client.rows("SELECT 1") == [["1"]]
    assert memory_kb(howdah.process, "VmHWM") < allowed_kb(howdah.process, MOST_MEMORY_KB)


@pytest.mark.parametrize("name", NESTED)
def test_nested_without_end_it_can_still_be_explained(client, name):
    client.ask(wire.message(b"Q", b"EXPLAIN ROUTE " + NESTED[name].encode() + b"\0"))
    assert client.rows("SELECT 1") == [["1"]]


def test_a_literal_of_100_mb_passes_by(howdah, client):
    before = memory_kb(howdah.process, "VmRSS")
    literal = b"x" * 100_000_000
    answers = client.ask(wire.message(b"Q", b"SELECT length('" + literal + b"')\0"))
    assert [wire.row_values(body) for tag, body in answers if tag == b"D"] == [["100000000"]]
    answers = client.ask(wire.parse("SELECT length($1)"), wire.bind([literal]), wire.execute(), wire.SYNC)
    assert [wire.row_values(body) for tag, body in answers if tag == b"D"] == [["100000000"]]
    assert memory_kb(howdah.process, "VmRSS") < before + 30_000


def test_an_answer_of_100_mb_passes_by(howdah, client):
    before = memory_kb(howdah.process, "VmRSS")
    answers = client.ask(wire.query("SELECT repeat('x', 100000000)"))
    assert sum(len(body) for tag, body in answers if tag == b"D") > 100_000_000
    assert memory_kb(howdah.process, "VmRSS") < before + 30_000


def test_a_million_parameters(howdah, client, direct):
    many = "SELECT " + ",".join(f"${n}" for n in range(1, 1_000_001))
    for sql in (many, f"EXPLAIN ROUTE {many}", "SELECT $2147483647", "SELECT $99999999999999999999"):
        expected = outcome(direct, sql.removeprefix("EXPLAIN ROUTE ")) if not sql.startswith("EXPLAIN") else None
        assert outcome(client, sql) == (expected or outcome(client, sql))
    for sql in (many, "SELECT $2147483647", "SELECT $70000"):
        message = (wire.message(b"P", b"\0" + sql.encode() + b"\0\0\0"), wire.SYNC)
        assert client.tags(*message) == direct.tags(*message)
    values = [b"1"] * 65535
    most = "SELECT " + "+".join(f"${n}::int" for n in range(1, 1001))
    message = (wire.parse(most), wire.bind(values[:1000]), wire.execute(), wire.SYNC)
    assert client.tags(*message) == "12DCZ"
    listed = "SELECT 1 WHERE 1 IN (" + ",".join(f"${n}" for n in range(1, 65536)) + ")"
    message = (wire.parse(listed), wire.bind(values), wire.execute(), wire.SYNC)
    assert client.tags(*message) == "12DCZ"
    assert memory_kb(howdah.process, "VmHWM") < allowed_kb(howdah.process, MOST_MEMORY_KB)


def test_numbers_beyond_all_bounds_in_a_bind_are_refused_in_step(client, direct):
    for count in (1, 65535):
        message = wire.message(b"B", b"\0\0" + struct.pack("!hH", 0, count) + b"\0\0")
        assert client.tags(wire.parse("SELECT 1"), message, wire.SYNC)[-1] == "Z"
        assert client.rows("SELECT 1") == [["1"]]


def garbage(seed):
    """Bytes of no encoding, and pieces of SQL between them."""
    rng = random.Random(seed)
    pieces = [b"SELECT ", b"'", b'"', b"$$", b"/*", b"*/", b"--", b";", b"(", b")", b"\xff\xfe", b"\xc3", b"E'\\", b"U&'\\",
              b"1e", b"0x", b"$1", b"::", b"BEGIN", b" FROM ", b"INSERT ", b"EXPLAIN ROUTE ", b"SET x = ", b"PGPOOL "]
    return b"".join(rng.choice(pieces) if rng.random() < 0.7 else bytes([rng.randrange(1, 256)]) for _ in range(rng.choice([5, 50, 5000])))


def test_no_text_at_all_is_answered_as_postgresql_does(howdah, client, direct):
    for seed in range(300):
        sql = garbage(seed)
        if b"PGPOOL" in sql or b"ROUTE" in sql:
            client.ask(wire.message(b"Q", sql + b"\0"))
        else:
            assert outcome(client, sql) == outcome(direct, sql), (seed, sql[:200])
    client.ask(wire.query("ROLLBACK"))
    assert client.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("sql", [b"SELECT '\xff\xfe'", b"SELECT 'a\xc3' AS x", b'SELECT 1 AS "\xe4\xf6"', b"SELECT \xed\xa0\x80",
                                 "SELECT '\ufeff\u202e' || U&'\\D83D\\DE00'".encode(), b"SELECT '\xf4\x90\x80\x80'"])
def test_invalid_encodings_are_answered_as_postgresql_does(client, direct, sql):
    assert outcome(client, sql) == outcome(direct, sql)


def test_a_query_with_a_nul_inside_is_answered_as_postgresql_does(client, direct):
    for message in (wire.message(b"Q", b"SELECT 1\0; SELECT 2\0"), wire.message(b"Q", b"SELECT 1")):
        found = []
        for one in (client, direct):
            with contextlib.suppress(wire.Closed, ConnectionError):
                one.send(message)
                found.append(b"".join(tag for tag, _ in one.until() if tag not in b"SN"))
        assert len(set(found)) <= 1


def test_a_long_session_of_new_texts_needs_no_more_memory(howdah, client):
    def ask_many(first):
        for n in range(first, first + 40):
            client.ask(*(wire.query(f"SELECT {n}.{i} AS \"c{n}_{i}\", 'x{'y' * 500}'") for i in range(100)))
            for _ in range(99):
                client.until()
    ask_many(0)
    before = memory_kb(howdah.process, "VmRSS")
    ask_many(40)
    ask_many(80)
    assert memory_kb(howdah.process, "VmRSS") < before + allowed_kb(howdah.process, 20_000)


def test_what_takes_the_scanner_long_is_not_scanned(howdah, client):
    """PostgreSQL would take minutes for these; Howdah has nothing to ask it for."""
    for text in ("/*" * DEPTH, "+" * DEPTH, "+/*" * DEPTH, "<>" * DEPTH):
        client.ask(wire.query("EXPLAIN ROUTE SELECT 1 " + text + " 1"))
    assert client.rows("SELECT 1") == [["1"]]
