"""Prepared statements of SQL and of the protocol: clients that share one server connection in turns see what they would see
on connections of their own."""

import contextlib
import itertools

import psycopg2
import pytest

import cluster as pg
import wire
from wire import Client

Q = wire.query
SYNC = wire.SYNC


def run(sql):
    return [wire.parse(sql), wire.bind(), wire.describe(), wire.execute(), SYNC]


def say(sql):
    return [wire.parse(sql), wire.bind(), wire.execute(), SYNC]


def use(statement):
    return [wire.bind(statement=statement), wire.describe(), wire.execute(), SYNC]


# Each step: which client, what it sends, up to one ReadyForQuery.
SCENES = {
    "the same name, different statements": [
        ("a", Q("PREPARE p AS SELECT 'a'")), ("b", Q("PREPARE p AS SELECT 'b', 2")), ("c", Q("EXECUTE p")),
        ("a", Q("EXECUTE p")), ("b", Q("EXECUTE p")), ("a", Q("EXECUTE p")), ("c", Q("DEALLOCATE p")),
        ("a", Q("DEALLOCATE p")), ("a", Q("EXECUTE p")), ("b", Q("EXECUTE p")), ("b", Q("PREPARE p AS SELECT 3")),
    ],
    "parameters and types": [
        ("a", Q("PREPARE p (int, text) AS SELECT $1 + 1, $2 || '!'")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE p(41, 'x')")),
        ("a", Q("EXECUTE p(41)")), ("a", Q("EXECUTE p(-1, 'y'::text)")), ("a", Q("EXECUTE p(1/0, 'y')")),
        ("a", Q("EXECUTE p(length('abc'), upper('z'))")), ("b", Q("EXECUTE p(1, 'x')")),
    ],
    "names that need quotes": [
        ("a", Q('PREPARE "My ""p""" AS SELECT 1')), ("b", Q("SELECT 1")), ("a", Q('EXECUTE "My ""p"""')),
        ("a", Q('EXECUTE my')), ("a", Q('DEALLOCATE "My ""p"""')), ("a", Q('EXECUTE "My ""p"""')),
    ],
    "errors speak as the server does": [
        ("a", Q("PREPARE p AS SELECT nonsense FROM nowhere")), ("a", Q("PREPARE p AS SELECT $1::int + 'x'::int")),
        ("a", Q("PREPARE p AS SELECT")), ("a", Q("PREPARE p AS SELEC")), ("a", Q("DEALLOCATE nobody")), ("a", Q("EXECUTE nobody")),
        ("a", Q("DEALLOCATE ALL")), ("a", Q("DEALLOCATE PREPARE ALL")),
    ],
    "not undone by a rollback": [
        ("a", Q("BEGIN")), ("a", Q("PREPARE p AS SELECT 1")), ("a", Q("ROLLBACK")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE p")),
        ("a", Q("BEGIN")), ("a", Q("DEALLOCATE p")), ("a", Q("ROLLBACK")), ("a", Q("EXECUTE p")),
    ],
    "in a failed transaction": [
        ("a", Q("PREPARE p AS SELECT 1")), ("b", Q("SELECT 1")), ("a", Q("BEGIN")), ("a", Q("SELECT 1/0")), ("a", Q("EXECUTE p")),
        ("a", Q("DEALLOCATE p")), ("a", Q("DEALLOCATE ALL")), ("a", Q("ROLLBACK")), ("b", Q("SELECT 2")), ("a", Q("EXECUTE p")),
    ],
    "all given up in the middle of a batch": [
        ("a", Q("PREPARE p AS SELECT 'a'")), ("a", Q("EXECUTE p")),
        ("a", [wire.parse("SELECT 1"), wire.bind(), wire.execute(), *say("DEALLOCATE ALL")[:-1], *say("SELECT 2")]),
        ("a", Q("EXECUTE p")), ("b", Q("EXECUTE p")), ("b", Q("PREPARE p AS SELECT 'b'")), ("b", Q("EXECUTE p")), ("a", Q("EXECUTE p")),
    ],
    "inside transactions": [
        ("a", Q("PREPARE p AS SELECT 1")), ("b", Q("SELECT 1")), ("a", Q("BEGIN")), ("a", Q("EXECUTE p")), ("a", Q("EXECUTE q")),
        ("a", Q("EXECUTE p")), ("a", Q("COMMIT")),
    ],
    "the protocol binds what PREPARE made": [
        ("a", Q("PREPARE p (int) AS SELECT $1 * 2")), ("b", Q("PREPARE p AS SELECT 'b'")),
        ("a", [wire.bind([b"21"], statement="p"), wire.describe(), wire.execute(), SYNC]), ("b", use("p")),
        ("a", [wire.describe(b"S", "p"), SYNC]), ("a", [wire.parse("SELECT 1", "p"), SYNC]), ("a", [wire.close(b"S", "p"), SYNC]),
        ("a", Q("EXECUTE p(1)")), ("a", [wire.parse("SELECT 7", "p"), SYNC]), ("b", Q("EXECUTE p")), ("a", Q("EXECUTE p")),
    ],
    "EXECUTE of what Parse made": [
        ("a", [wire.parse("SELECT $1::int + 1", "s"), SYNC]), ("b", [wire.parse("SELECT 'b'", "s"), SYNC]), ("a", Q("EXECUTE s(1)")),
        ("b", Q("EXECUTE s")), ("a", Q("EXECUTE s(2)")), ("a", Q("PREPARE s AS SELECT 1")), ("a", Q("DEALLOCATE s")),
        ("a", Q("EXECUTE s(1)")), ("b", use("s")), ("c", Q("EXECUTE s")),
    ],
    "everything in the extended protocol": [
        ("a", run("PREPARE p AS SELECT 1")), ("b", run("PREPARE p AS SELECT 2")), ("a", run("EXECUTE p")), ("b", run("EXECUTE p")),
        ("a", run("PREPARE p AS SELECT 3")), ("a", run("DEALLOCATE p")), ("a", run("EXECUTE p")), ("b", run("EXECUTE p")),
        ("b", run("DEALLOCATE ALL")), ("b", run("EXECUTE p")),
    ],
    "in one batch": [
        ("a", run("PREPARE p AS SELECT 1")[:-1] + run("EXECUTE p")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE p")),
        ("a", run("SELECT 5")[:-1] + run("DEALLOCATE p")), ("a", Q("EXECUTE p")),
        ("a", run("PREPARE q AS SELECT 1")[:-1] + run("SELECT 1/0")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE q")),
    ],
    "what is shown is the client's own": [
        ("b", Q("PREPARE others AS SELECT 1")), ("a", [wire.parse("SELECT $1::int", "proto"), SYNC]),
        ("a", Q("PREPARE own (text) AS SELECT $1")),
        ("a", Q("SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY 1")),
        ("b", Q("SELECT name, statement FROM pg_prepared_statements")), ("c", Q("SELECT name FROM pg_prepared_statements")),
        ("a", Q("BEGIN")), ("a", Q("SELECT name FROM pg_prepared_statements ORDER BY 1")), ("a", Q("EXECUTE own('x')")),
        ("a", [wire.bind([b"5"], statement="proto"), wire.execute(), SYNC]), ("a", Q("COMMIT")), ("b", Q("EXECUTE others")),
        ("a", run("SELECT name FROM pg_prepared_statements ORDER BY 1")), ("a", [wire.bind([b"5"], statement="proto"), wire.execute(), SYNC]),
    ],
    "several in one string": [
        ("a", [wire.parse("SELECT 'before'", "before"), SYNC]), ("a", Q("PREPARE p AS SELECT 1; EXECUTE p")), ("a", Q("EXECUTE p")),
        ("a", use("before")), ("a", Q("EXECUTE before")), ("a", [wire.parse("SELECT 'later'", "later"), SYNC]), ("a", Q("EXECUTE later")),
        ("a", [wire.parse("SELECT 'later'", "later"), SYNC]), ("a", Q("DEALLOCATE p; SELECT 1/0")), ("a", Q("EXECUTE p")),
        ("a", Q("DEALLOCATE ALL")), ("b", Q("SELECT 1")), ("a", use("before")), ("a", Q("EXECUTE later")),
        ("a", Q("PREPARE p AS SELECT 9")), ("b", Q("EXECUTE p")), ("a", Q("EXECUTE p; EXECUTE p")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE p")),
    ],
    "DEALLOCATE ALL in a string of several": [
        ("a", [wire.parse("SELECT 1", "s"), SYNC]), ("a", Q("DEALLOCATE ALL; LISTEN nothing")), ("a", use("s")),
        ("a", [wire.parse("SELECT 1", "s"), SYNC]), ("a", use("s")), ("a", Q("UNLISTEN *")), ("a", Q("DISCARD ALL")), ("a", use("s")),
    ],
    "DISCARD": [
        ("a", Q("PREPARE p AS SELECT 1")), ("a", Q("DISCARD PLANS")), ("a", Q("EXECUTE p")), ("a", Q("DISCARD ALL")), ("a", Q("EXECUTE p")),
        ("a", Q("PREPARE p AS SELECT 2")), ("b", Q("SELECT 1")), ("a", Q("EXECUTE p")),
    ],
    "what executes inside another statement": [
        ("a", Q("PREPARE p AS SELECT 1 AS one")), ("b", Q("PREPARE p AS SELECT 'b'")), ("a", Q("EXPLAIN (COSTS OFF) EXECUTE p")),
        ("a", Q("CREATE TABLE made_by_execute AS EXECUTE p")), ("a", Q("SELECT * FROM made_by_execute")),
        ("a", Q("DROP TABLE made_by_execute")), ("b", Q("EXPLAIN (COSTS OFF) EXECUTE p")), ("c", Q("EXPLAIN EXECUTE p")),
    ],
    "what cannot be prepared any more": [
        ("a", Q("CREATE TABLE lost (a int)")), ("a", Q("PREPARE p AS SELECT * FROM lost")), ("a", Q("EXECUTE p")),
        ("a", [wire.parse("EXECUTE p", "e"), SYNC]), ("b", Q("PREPARE p AS SELECT 'b'")), ("b", Q("EXECUTE p")), ("a", Q("DROP TABLE lost")),
        ("a", say("EXECUTE p")), ("a", [wire.bind(), wire.execute(), SYNC]), ("b", say("EXECUTE p")), ("a", [wire.bind(statement="e"), wire.execute(), SYNC]),
        ("b", say("EXECUTE p")), ("a", [*say("SELECT 1")[:-1], *say("EXECUTE p")]), ("b", say("EXECUTE p")), ("a", Q("BEGIN")), ("a", say("EXECUTE p")),
        ("a", Q("ROLLBACK")), ("b", say("EXECUTE p")), ("a", [wire.bind(statement="p"), wire.execute(), SYNC]), ("a", Q("EXECUTE p")),
    ],
    "the schema changes": [
        ("a", Q("DROP TABLE IF EXISTS shape")), ("a", Q("CREATE TABLE shape (a int)")), ("a", [wire.parse("SELECT * FROM shape", "s"), SYNC]),
        ("a", use("s")), ("b", Q("ALTER TABLE shape ADD b text")), ("b", [wire.parse("SELECT * FROM shape", "s"), SYNC]), ("b", use("s")),
        ("c", Q("PREPARE s AS SELECT * FROM shape")), ("c", Q("EXECUTE s")), ("a", use("s")), ("a", [wire.describe(b"S", "s"), SYNC]),
        ("a", [wire.close(b"S", "s"), SYNC]), ("a", [wire.parse("SELECT * FROM shape", "s"), SYNC]), ("a", use("s")),
        ("b", Q("BEGIN")), ("b", Q("ALTER TABLE shape DROP b")), ("b", [wire.parse("SELECT * FROM shape", "t"), SYNC]), ("b", use("t")),
        ("b", Q("COMMIT")), ("c", [wire.parse("SELECT * FROM shape", "t"), SYNC]), ("c", use("t")), ("b", use("t")), ("b", Q("DROP TABLE shape")),
        ("c", use("t")),
    ],
}


def without_chance(tag, body):
    """Without what differs each time: the numbers of tables in a RowDescription, the places in PostgreSQL's source."""
    if tag == b"E":
        return tag, {letter: text for letter, text in wire.error_fields(body).items() if letter not in "FLR"}
    if tag != b"T":
        return tag, body
    at, fields = 2, []
    while at < len(body):
        end = body.index(b"\0", at) + 1
        fields.append((body[at:end], body[end + 4:end + 18]))
        at = end + 18
    return tag, fields


def play(port, scene):
    with contextlib.ExitStack() as stack:
        clients = {}
        answers = []
        for who, parts in scene:
            if who not in clients:
                clients[who] = stack.enter_context(Client(port))
                clients[who].login(password=pg.PASSWORD)
            parts = parts if isinstance(parts, list) else [parts]
            got = clients[who].ask(*parts)
            answers.append([without_chance(tag, body) for tag, body in got if tag not in b"SN"])
        return answers


@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("name", SCENES)
def test_clients_that_take_turns_see_only_their_own_statements(cluster, make_gateway, name, size):
    gateway = make_gateway(default_pool_size=size, load_balance_mode="off")
    direct = play(cluster.primary.port, SCENES[name])
    through = play(gateway.port, SCENES[name])
    for step, (one, other) in enumerate(zip(through, direct)):
        assert one == other, SCENES[name][step]


def test_execute_of_a_read_goes_to_a_replica_and_of_a_write_to_the_primary(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS executed (a int)")
        cursor.execute("PREPARE r AS SELECT current_setting('cluster_name') FROM executed LIMIT $1")
        cursor.execute("PREPARE w AS INSERT INTO executed VALUES ($1)")
        cursor.execute("EXECUTE w(1)")

        def is_read_on_a_replica():
            cursor.execute("EXECUTE r(1)")
            return cursor.fetchone()[0] != "node0"
        pg.wait_until("EXECUTE reads from a replica", is_read_on_a_replica)
        cursor.execute("EXECUTE w(1)")
        assert cursor.rowcount == 1
        cursor.execute("EXPLAIN ROUTE EXECUTE w(1)")
        assert "primary" in str(cursor.fetchall())


def test_a_table_dropped_since_is_the_error_of_execute(make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    with contextlib.closing(gateway.connect()) as one, contextlib.closing(gateway.connect()) as other:
        with one.cursor() as cursor, other.cursor() as second:
            cursor.execute("CREATE TABLE gone (a int)")
            cursor.execute("PREPARE p AS SELECT * FROM gone")
            second.execute("PREPARE p AS SELECT 2")
            second.execute("DROP TABLE gone")
            for _ in range(2):
                with pytest.raises(psycopg2.errors.UndefinedTable):
                    cursor.execute("EXECUTE p")
            second.execute("EXECUTE p")
            assert second.fetchone() == (2,)


def test_a_change_of_columns_behind_the_gateways_back_is_no_error_for_who_prepares_afterwards(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    cluster.primary.query("DROP TABLE IF EXISTS altered; CREATE TABLE altered (a int); GRANT ALL ON altered TO app", database="app")
    named = [wire.parse("SELECT * FROM altered", "s"), SYNC]
    with Client(gateway.port) as before, Client(gateway.port) as after:
        for client in (before, after):
            client.login(password=pg.PASSWORD)
        before.ask(*named)
        before.ask(*use("s"))
        cluster.primary.query("ALTER TABLE altered ADD b text", database="app")
        after.ask(*named)
        tags = [tag for tag, _ in after.ask(*use("s"))]
        assert tags == [b"2", b"T", b"C", b"Z"]


@pytest.fixture(scope="module")
def one_connection(cluster, build, tmp_path_factory):
    cluster.primary.query("CREATE TABLE beside (a int); GRANT ALL ON beside TO app", database="app")
    with contextlib.ExitStack() as stack:
        yield {safety: stack.enter_context(pg.Howdah(cluster, build, directory=tmp_path_factory.mktemp(safety), default_pool_size=1,
                                                     load_balance_mode="off", commit_safety=safety)) for safety in ("off", "strict")}


CHANGES = ["INSERT INTO {t} (a) VALUES (1) RETURNING *", "UPDATE {t} SET a = a + 1 RETURNING *", "DELETE FROM {t} WHERE a < 0 RETURNING *",
           "WITH w AS (INSERT INTO {t} (a) VALUES (2) RETURNING *) SELECT * FROM w", "SELECT * FROM {t} FOR UPDATE"]
SITUATIONS = {"alone": [], "first in a transaction": [Q("BEGIN")], "later in a transaction": [Q("BEGIN"), Q("INSERT INTO beside VALUES (1)")],
              "in a pinned session": [Q("LISTEN nothing")]}
numbers = itertools.count()


@pytest.mark.parametrize("safety", ["off", "strict"])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("is_whole", [False, True])
def test_nor_is_it_for_what_changes_rows_and_it_changes_them_once(cluster, one_connection, situation, is_whole, safety):
    for text in CHANGES:
        table = f"changed{next(numbers)}"
        text = text.format(t=table)
        cluster.primary.query(f"CREATE TABLE {table} (a int); GRANT ALL ON {table} TO app; INSERT INTO {table} VALUES (7)", database="app")
        again = [wire.bind(statement="s"), wire.describe(), wire.execute(), SYNC]
        with Client(one_connection[safety].port) as before, Client(one_connection[safety].port) as after, Client(cluster.primary.port) as direct:
            for client in (before, after, direct):
                client.login(password=pg.PASSWORD)
            assert before.tags(wire.parse(text, "s"), SYNC) == "1Z"
            before.ask(*again)
            cluster.primary.query(f"ALTER TABLE {table} ADD b text", database="app")
            count = len(cluster.primary.query(f"SELECT * FROM {table}", database="app"))
            told = []
            for client in (after, direct):
                tags = [client.tags(part) for part in SITUATIONS[situation]]
                tags += [client.tags(wire.parse(text, "s"), *again)] if is_whole else [client.tags(wire.parse(text, "s"), SYNC), client.tags(*again)]
                told.append([*tags, client.tags(*again), client.tags(Q("COMMIT"))])
            assert told[0] == told[1], text
            added = 4 if "INSERT" in text else 0
            assert len(cluster.primary.query(f"SELECT * FROM {table}", database="app")) == count + added


def test_a_function_called_by_its_number_finds_the_statements_of_its_caller(cluster, make_gateway):
    gateway = make_gateway(default_pool_size=1, load_balance_mode="off")
    cluster.primary.query("CREATE OR REPLACE FUNCTION runs_p() RETURNS int LANGUAGE plpgsql AS "
                          "$$ DECLARE x int; BEGIN EXECUTE 'EXECUTE p' INTO x; RETURN x; END $$", database="app")
    number = int(cluster.primary.query("SELECT 'runs_p()'::regprocedure::oid", database="app")[0][0])
    with Client(gateway.port) as one, Client(gateway.port) as other:
        for client in (one, other):
            client.login(password=pg.PASSWORD)
        one.ask(Q("PREPARE p AS SELECT 1"))
        one.ask(Q("EXECUTE p"))
        other.ask(Q("PREPARE p AS SELECT 2"))
        answers = dict(other.ask(wire.function_call(number)))
        assert answers[b"V"] == b"\0\0\0\1" + b"2"
