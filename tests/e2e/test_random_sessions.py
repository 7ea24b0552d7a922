"""Seeded random sessions with every kind of session state, interleaved on few server connections: each client's answers are
those of a session of its own on the server. (Settings alone, and more of them: test_session_state.py.)
HOWDAH_SESSION_SEEDS="10:1000" plays these seeds."""

import contextlib
import functools
import os
import random

import pytest

import cluster as pg
import scene_plays
import scenes
import wire

CLIENTS = 4
SEEDS = range(*map(int, os.environ.get("HOWDAH_SESSION_SEEDS", "0:10").split(":")))


def sql(text):
    return scenes.Request([wire.query(text)], [scenes.Statement(text)], is_extended=False)


def extended(text):
    return scenes.Request([*scenes.run(text), wire.SYNC], [scenes.Statement(text)])


def messages(text, *parts):
    return scenes.Request([*parts, wire.SYNC], [scenes.Statement(text)])


def prepared(chance):
    name = chance.choice("pqr")
    text = chance.choice(["SELECT 1", "SELECT current_setting('work_mem')", "SELECT $1::int + 1", "INSERT INTO journal VALUES (1)",
                          "SELECT count(*) FROM journal", "VALUES (1, 'x')"])
    return chance.choice([
        sql(f"PREPARE {name} AS {text}"), sql(f"EXECUTE {name}"), sql(f"EXECUTE {name}(41)"), sql(f"DEALLOCATE {name}"),
        sql(chance.choice(["DEALLOCATE ALL", "SELECT name, from_sql FROM pg_prepared_statements ORDER BY 1"])),
        messages(f"Parse {name} {text}", wire.parse(text, name)),
        messages(f"Bind {name}", wire.bind(statement=name), wire.describe(), wire.execute()),
        messages(f"Bind {name} with 41", wire.bind([b"41"], statement=name), wire.execute()),
        messages(f"Describe {name}", wire.describe(b"S", name)), messages(f"Close {name}", wire.close(b"S", name)),
        messages(f"Parse unnamed {text}", wire.parse(text)), messages("Bind unnamed", wire.bind(), wire.execute()),
    ])


def cursors(chance):
    name = chance.choice("cd")
    hold = chance.choice(["", "", "WITH HOLD"])
    return chance.choice([
        sql(f"DECLARE {name} CURSOR {hold} FOR SELECT generate_series(1, 6)"), sql(f"FETCH {chance.randint(1, 3)} FROM {name}"),
        sql(f"MOVE {name}"), sql(f"CLOSE {name}"), sql(chance.choice(["CLOSE ALL", "SELECT name FROM pg_cursors WHERE name <> '' ORDER BY 1"])),
        messages(f"portal {name}", wire.parse("SELECT generate_series(1, 5)"), wire.bind(portal=name), wire.execute(name, 2)),
        messages(f"Execute portal {name}", wire.execute(name, 2)), messages(f"Close portal {name}", wire.close(b"P", name)),
    ])


def temporary(chance):
    name = chance.choice(["t1", "t2"])
    drop = chance.choice(["", "", "ON COMMIT DROP", "ON COMMIT DELETE ROWS"])
    return sql(chance.choice([f"CREATE TEMP TABLE {name} (a int) {drop}", f"INSERT INTO {name} VALUES ({chance.randint(1, 9)})",
                              f"SELECT sum(a) FROM {name}", f"DROP TABLE {name}", f"DROP TABLE IF EXISTS {name}",
                              chance.choice(["DISCARD TEMP", f"SELECT a INTO TEMP {name} FROM generate_series(1, 3) a"])]))


def locks(chance):
    key = chance.randint(1, 3)
    return chance.choice([sql, extended])(chance.choice([
        f"SELECT pg_try_advisory_lock({key})", f"SELECT pg_advisory_unlock({key})", f"SELECT pg_try_advisory_lock_shared({key})",
        f"SELECT pg_advisory_unlock_shared({key})", f"SELECT pg_try_advisory_xact_lock({key})",
        chance.choice(["SELECT pg_advisory_unlock_all()", f"SELECT tries({key})"]),
        "SELECT objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2"]))


def listening(chance):
    name = chance.choice(["news", "mail"])
    return chance.choice([sql, extended])(chance.choice([
        f"LISTEN {name}", f"UNLISTEN {name}", f"NOTIFY {name}, '{chance.randint(1, 99)}'", f"SELECT pg_notify('{name}', 'f')",
        chance.choice(["UNLISTEN *", "SELECT pg_listening_channels() ORDER BY 1"])]))


def roles(chance):
    return chance.choice([sql, extended])(chance.choice([
        "SET ROLE scene_a", "SET ROLE scene_b", "SET ROLE none", "RESET ROLE", "SELECT current_user, session_user", "SET LOCAL ROLE scene_a",
        "SET ROLE nobody"]))


def settings(chance):
    return chance.choice([sql, extended])(chance.choice([
        f"SET work_mem = '{chance.randint(1, 9)}MB'", "SHOW work_mem", "RESET work_mem", "SET LOCAL work_mem = '11MB'", "RESET ALL",
        "SET search_path = ''", "RESET search_path", "SET my.own = 'x'", "SELECT current_setting('my.own', true)",
        "SELECT set_config('my.own', 'y', false)"]))


def sequences(chance):
    name = chance.choice(["s1", "s2"])
    return chance.choice([sql, extended])(chance.choice([
        f"SELECT nextval('{name}')", f"SELECT currval('{name}')", "SELECT lastval()", "INSERT INTO numbered (a) VALUES (1)",
        "INSERT INTO numbered (a) VALUES (1), (2) RETURNING id", "SELECT currval('numbered_id_seq')", "SELECT lastval()",
        chance.choice([f"SELECT setval('{name}', {chance.randint(1, 99)})", "DISCARD SEQUENCES", f"SELECT draws('{name}')"])]))


HABITS = {habit.__name__: habit for habit in (prepared, cursors, temporary, locks, listening, roles, settings, sequences)}
PINNING = {"cursors", "temporary", "locks", "listening", "sequences"}


def some_turn(chance, habits, is_open):
    kind = chance.random()
    if kind < 0.12:
        return sql(chance.choice(["COMMIT", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN"]) if is_open else "BEGIN")
    if kind < 0.20 and is_open:
        return sql(chance.choice(["SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a"]))
    if kind < 0.24:
        return sql("SELECT 1/0")
    if kind < 0.26:
        return sql("DISCARD ALL")
    return HABITS[chance.choice(habits)](chance)


@pytest.fixture(scope="module", autouse=True)
def world(cluster):
    scene_plays.make_world(cluster)
    for database in ("app", scene_plays.DIRECT):
        for statement in ("CREATE TABLE journal (a int)",
                          "CREATE FUNCTION tries(int) RETURNS boolean LANGUAGE plpgsql AS "
                          "$$ BEGIN RETURN pg_try_advisory_lock($1); END $$",
                          "CREATE TABLE numbered (id serial, a int)", "CREATE SEQUENCE s1", "CREATE SEQUENCE s2 INCREMENT 3",
                          "CREATE FUNCTION draws(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT nextval($1) $$",
                          "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC", "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC"):
            pg.query(cluster.primary.port, statement, database=database)


@pytest.fixture(scope="module")
def gateway_with(cluster, build, tmp_path_factory):
    """One for each kind."""
    with contextlib.ExitStack() as stack:
        @functools.cache
        def start(places, balancing):
            directory = tmp_path_factory.mktemp(f"places{places}")
            return stack.enter_context(pg.Howdah(cluster, build, directory=directory, default_pool_size=places, load_balance_mode=balancing))
        yield start


def reset(cluster):
    for database in ("app", scene_plays.DIRECT):
        pg.query(cluster.primary.port, "TRUNCATE journal; TRUNCATE numbered RESTART IDENTITY; ALTER SEQUENCE s1 RESTART; "
                                       "ALTER SEQUENCE s2 RESTART", database=database)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sessions_answer_as_direct_ones(cluster, gateway_with, seed):
    reset(cluster)
    chance = random.Random(seed)
    habits = chance.sample(sorted(HABITS), chance.randint(2, 4)) if seed else sorted(HABITS)
    places = CLIENTS if PINNING & set(habits) else chance.randint(1, 2)
    gateway = gateway_with(places, chance.choice(["on", "off"]))
    with contextlib.ExitStack() as stack:
        open_one = lambda port, database: stack.enter_context(contextlib.closing(scenes.Actor(port, database=database)))  # noqa: E731
        pairs = [(open_one(cluster.primary.port, scene_plays.DIRECT), open_one(gateway.port, "app")) for _ in range(CLIENTS)]
        open_ones, told = set(), []
        for turn in range(250):
            # Those in a transaction hold a server connection each; others would wait for them.
            number = chance.choice(sorted(open_ones) if len(open_ones) >= places else range(CLIENTS))
            direct, mine = pairs[number]
            request = some_turn(chance, habits, number in open_ones)
            told.append((number, request.text))
            wanted = direct.ask(request)
            assert mine.ask(request) == wanted, (turn, habits, told[-15:])
            open_ones.discard(number) if wanted[-1][1] == b"I" else open_ones.add(number)
            assert mine.told() == direct.told(), (turn, habits, told[-15:])
        for number, (direct, mine) in enumerate(pairs):
            def has_heard_the_same(direct=direct, mine=mine):
                assert mine.ask(sql("SELECT 1")) == direct.ask(sql("SELECT 1"))
                return mine.notifications == direct.notifications
            pg.wait_until(f"client {number} hears what it would hear directly", has_heard_the_same)
