"""What a client of the random sessions may say next: a function for each kind of session state. What it gives is a text, to be
said in any form, or a Request whose messages matter. No answer may hang on time, on chance, or on who else is connected."""

import scenes
import wire


def messages(text, *parts):
    return scenes.Request([*parts, wire.SYNC], [scenes.Statement(text)])


def several(chance, makers):
    """Of [(how often, what)]."""
    return chance.choices([what for _, what in makers], [often for often, _ in makers])[0]


# What shows the most of what settings do.
READING = ("SELECT date '2020-02-03', interval '1 day 2 hours', timestamptz '2020-01-01 00:00:00+00', 1::float8 / 3, '\\x01ff'::bytea, "
           "'é', '{NULL}'::text[]")
VALUES = {
    "work_mem": ["'3MB'", "4096", "'bad'"], "search_path": ["''", "public", "pg_catalog, public", "'a b', \"C\", public", "nowhere"],
    "DateStyle": ["'SQL'", "'ISO, DMY'", "'German'", "DMY", "'Postgres, MDY'"], "TimeZone": ["'UTC'", "'Asia/Tokyo'", "'Nowhere'", "-3"],
    "IntervalStyle": ["iso_8601", "'sql_standard'"], "application_name": ["'a'", "''", "'it''s'"], "extra_float_digits": ["0", "-3", "9"],
    "client_encoding": ["'LATIN1'", "UTF8", "'nonsense'"], "bytea_output": ["escape", "hex"], "client_min_messages": ["warning", "debug1"],
    "statement_timeout": ["'10min'", "0"], "array_nulls": ["off", "on"], "row_security": ["off"], "lock_timeout": ["'9min'"],
    "plan_cache_mode": ["force_generic_plan"], "quote_all_identifiers": ["on"], "escape_string_warning": ["off"], "xmloption": ["document"],
    "default_text_search_config": ["'simple'"], "gin_fuzzy_search_limit": ["7"], "check_function_bodies": ["off"],
    "transform_null_equals": ["on"], "my.own": ["'x'", "'y'"], "my.second": ["1"], "server_version": ["1"], "no_such": ["1"],
}


def settings(chance, speaker):
    name = chance.choice(sorted(VALUES))
    value = chance.choice(VALUES[name])
    # A name that another client has given is not unknown on its connection, but empty.
    show = f"SELECT coalesce(current_setting('{name}', true), '')" if "." in name else f"SHOW {name}"
    as_text = value if value.startswith("'") else "'" + value.replace('"', '""').replace("'", "''") + "'"
    return several(chance, [
        (5, f"SET {name} TO {value}"), (2, f"SET LOCAL {name} TO {value}"), (2, f"RESET {name}"), (1, f"SET {name} TO DEFAULT"),
        (3, show), (1, f"SELECT coalesce(current_setting('{name}', true), '')"), (1, "RESET ALL"), (3, READING),
        (1, f"SELECT set_config('{name}', {as_text}, {chance.choice(['true', 'false'])})"), (1, show if speaker.startup else f"SELECT set_config('{name}', NULL, false)"),
        (1, chance.choice(["SET TIME ZONE LOCAL", "SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE", "SET NAMES 'LATIN1'", "SET NAMES DEFAULT"])),
        (1, "SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'search_path', 'DateStyle', 'TimeZone') ORDER BY 1"),
        (1, bound_set_config(chance, name.replace("_timeout", "_padding"), [b"1", b"UTC"] + [None] * (not speaker.startup))), (1, "SELECT limited()"),
    ])


def bound_set_config(chance, name, values):
    value = chance.choice(values)
    return messages(f"set_config({name}, {value})", wire.parse("SELECT set_config($1, $2, false)"),
                    wire.bind([name.encode(), value]), wire.execute())


def characteristics(chance, _):
    """Not SERIALIZABLE READ ONLY DEFERRABLE, which waits for others."""
    mode = chance.choice(["READ ONLY", "READ WRITE", "ISOLATION LEVEL SERIALIZABLE", "ISOLATION LEVEL REPEATABLE READ", "NOT DEFERRABLE",
                          "ISOLATION LEVEL READ COMMITTED, READ ONLY"])
    return several(chance, [
        (2, f"SET SESSION CHARACTERISTICS AS TRANSACTION {mode}"), (2, f"SET TRANSACTION {mode}"), (2, f"BEGIN TRANSACTION {mode}"),
        (1, "SET default_transaction_read_only TO on"), (1, "SET LOCAL transaction_read_only TO on"), (1, "RESET ALL"),
        (2, "SHOW transaction_isolation"), (2, "SHOW transaction_read_only"), (1, "SHOW default_transaction_deferrable"),
        (2, "SELECT count(*) FROM journal"), (1, "RESET default_transaction_read_only"), (1, "SET default_transaction_isolation TO 'serializable'"),
    ])


def roles(chance, _):
    return chance.choice([
        "SET ROLE scene_a", "SET ROLE scene_b", "SET ROLE none", "RESET ROLE", "SELECT current_user, session_user", "SET LOCAL ROLE scene_a",
        "SET ROLE nobody", "SELECT a FROM secret", "SELECT set_config('role', 'scene_b', false)", "SHOW role"])


def authorization(chance, _):
    return chance.choice([
        "SET SESSION AUTHORIZATION app", "SET SESSION AUTHORIZATION DEFAULT", "RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION scene_a",
        "SET LOCAL SESSION AUTHORIZATION app", "SET ROLE scene_a", "SELECT current_user, session_user", "SHOW session_authorization"])


TEXTS = ["SELECT 1", "SELECT current_setting('work_mem')", "SELECT $1::int + 1", "INSERT INTO journal VALUES (1)", "SELECT $1::int, $2::text",
         "SELECT count(*) FROM journal", "VALUES (1, 'x')", "SELECT a FROM nowhere", "SELECT current_user"]


def prepared(chance, _):
    name = chance.choice("pqr")
    text = chance.choice(TEXTS)
    return chance.choice([
        f"PREPARE {name} AS {text}", f"PREPARE {name} (int) AS {text}", f"EXECUTE {name}", f"EXECUTE {name}(41)", f"EXECUTE {name}(1, 'x')",
        f"DEALLOCATE {name}", f"EXPLAIN (COSTS OFF) EXECUTE {name}",
        chance.choice(["DEALLOCATE ALL", "SELECT name, from_sql, parameter_types FROM pg_prepared_statements ORDER BY 1", "DISCARD PLANS"]),
        messages(f"Parse {name} {text}", wire.parse(text, name)), messages(f"Parse {name} (int) {text}", wire.parse(text, name, [23])),
        messages(f"Bind {name}", wire.bind(statement=name), wire.describe(), wire.execute()),
        messages(f"Bind {name} with 41", wire.bind([b"41"], statement=name), wire.execute()),
        messages(f"Bind {name} with 1, x", wire.bind([b"1", b"x"], statement=name), wire.execute()),
        messages(f"Describe {name}", wire.describe(b"S", name)), messages(f"Close {name}", wire.close(b"S", name)),
        messages(f"Parse unnamed {text}", wire.parse(text)), messages("Bind unnamed", wire.bind(), wire.execute()),
        messages("Describe unnamed", wire.describe(b"S")), messages("Close unnamed", wire.close(b"S")),
        messages(f"Parse, Bind, Close {name}", wire.parse(text, name), wire.bind(statement=name), wire.close(b"S", name), wire.execute()),
    ])


def cursors(chance, _):
    name = chance.choice("cd")
    kind = chance.choice(["CURSOR", "CURSOR", "CURSOR WITH HOLD", "SCROLL CURSOR", "BINARY CURSOR", "NO SCROLL CURSOR WITH HOLD"])
    step = chance.choice(["1", "2", "3", "ALL", "BACKWARD 2", "ABSOLUTE 2", "RELATIVE -1", "LAST"])
    return chance.choice([
        f"DECLARE {name} {kind} FOR SELECT generate_series(1, 6)", f"FETCH {step} FROM {name}", f"MOVE {step} IN {name}", f"CLOSE {name}",
        chance.choice(["CLOSE ALL", "SELECT name, is_holdable, is_scrollable FROM pg_cursors WHERE name <> '' ORDER BY 1", "SELECT opens()"]),
        messages(f"portal {name}", wire.parse("SELECT generate_series(1, 5)"), wire.bind(portal=name), wire.execute(name, 2)),
        messages(f"Execute portal {name}", wire.execute(name, 2)), messages(f"Close portal {name}", wire.close(b"P", name)),
        messages(f"Describe portal {name}", wire.describe(b"P", name)),
    ])


def temporary(chance, _):
    name = chance.choice(["t1", "t2"])
    end = chance.choice(["", "", "ON COMMIT DROP", "ON COMMIT DELETE ROWS"])
    return chance.choice([
        f"CREATE TEMP TABLE {name} (a int) {end}", f"INSERT INTO {name} VALUES ({chance.randint(1, 9)})", f"SELECT sum(a) FROM {name}",
        f"DROP TABLE {name}", f"DROP TABLE IF EXISTS {name}", f"SELECT a INTO TEMP {name} FROM generate_series(1, 3) a",
        chance.choice(["DISCARD TEMP", f"CREATE TEMP VIEW v AS SELECT a FROM {name}", "SELECT count(*) FROM v", "DROP VIEW v", "SELECT makes_temp()",
                       f"ALTER TABLE {name} ADD b int", f"TRUNCATE {name}", f"COPY {name} TO STDOUT", "CREATE TEMP SEQUENCE ts", "SELECT nextval('ts')",
                       f"CREATE TEMP TABLE IF NOT EXISTS {name} AS VALUES (1)", "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 8'",
                       "SELECT pg_temp.f()"])])


def locks(chance, _):
    key = chance.randint(1, 3)
    return chance.choice([
        f"SELECT pg_try_advisory_lock({key})", f"SELECT pg_advisory_unlock({key})", f"SELECT pg_try_advisory_lock_shared({key})",
        f"SELECT pg_advisory_unlock_shared({key})", f"SELECT pg_try_advisory_xact_lock({key})", f"SELECT pg_try_advisory_lock(1, {key})",
        chance.choice(["SELECT pg_advisory_unlock_all()", f"SELECT tries({key})"]),
        "SELECT classid, objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2, 3"])


def listening(chance, _):
    name = chance.choice(["news", "mail"])
    return chance.choice([
        f"LISTEN {name}", f"UNLISTEN {name}", f"NOTIFY {name}, '{chance.randint(1, 99)}'", f"SELECT pg_notify('{name}', 'f')",
        chance.choice(["UNLISTEN *", "SELECT pg_listening_channels() ORDER BY 1", "SELECT listens()"])])


def sequences(chance, _):
    name = chance.choice(["s1", "s2"])
    return chance.choice([
        f"SELECT nextval('{name}')", f"SELECT currval('{name}')", "SELECT lastval()", "INSERT INTO numbered (a) VALUES (1)",
        "INSERT INTO numbered (a) VALUES (1), (2) RETURNING id", "SELECT currval('numbered_id_seq')", "SELECT lastval()",
        chance.choice([f"SELECT setval('{name}', {chance.randint(1, 99)})", "DISCARD SEQUENCES", f"SELECT draws('{name}')"])])


SEED = "setseed"


def seeds(chance, speaker):
    """Only who has set a seed asks for what follows from it."""
    if speaker.is_seeded and chance.random() < 0.7:
        return "SELECT random()"
    if speaker.is_open:  # it may fail, and be skipped
        return "SELECT 1"
    return scenes.Request([wire.query(f"SELECT setseed(0.{chance.randint(1, 9)})")], [scenes.Statement(SEED)], is_extended=False)


def programs(chance, speaker):
    """RESET inside a function goes back to the server's own values, not to the startup packet's."""
    reset = "SELECT runs('RESET ALL')" if not speaker.startup else "SELECT runs('SET work_mem = 2048')"
    return chance.choice([
        "DO $$ BEGIN PERFORM set_config('work_mem', '12MB', false); END $$", "SELECT sets('work_mem', '13MB')", "SHOW work_mem", "CALL ends()",
        "DO $$ BEGIN EXECUTE 'PREPARE made AS SELECT 5'; END $$", "EXECUTE made", "DEALLOCATE made", "SELECT runs('PREPARE made AS SELECT 6')",
        "SELECT runs('LISTEN news')", "NOTIFY news", "SELECT runs('SET search_path = pg_catalog')", "SHOW search_path",
        "SELECT runs('DECLARE held CURSOR WITH HOLD FOR SELECT 7')", "FETCH held", "CLOSE held", "SELECT runs('CREATE TEMP TABLE t1 (a int)')",
        "SELECT count(*) FROM t1", "SELECT runs('DISCARD TEMP')", reset, "UPDATE pg_settings SET setting = '77' WHERE name = 'geqo_effort'",
        "SHOW geqo_effort", "DO $$ BEGIN RAISE NOTICE 'heard'; END $$", "DO $$ BEGIN RAISE 'failed' USING ERRCODE = 'P0099'; END $$",
        "LOAD 'no_such_library'", "SELECT runs('SET ROLE scene_a')", "SELECT current_user", "RESET ROLE"])


def copying(chance, _):
    data = chance.choice(["1\n2\n", "", "bad\n"])
    return chance.choice([
        "COPY journal TO STDOUT", "COPY (SELECT 1, NULL, 'x') TO STDOUT (FORMAT csv)", "COPY nowhere TO STDOUT", "SELECT count(*), sum(a) FROM journal",
        scenes.Request([wire.query("COPY journal FROM STDIN")], [scenes.Statement(f"COPY journal FROM STDIN <<< {data}")], is_extended=False),
        scenes.Request([wire.query("COPY nowhere FROM STDIN")], [scenes.Statement("COPY nowhere FROM STDIN")], is_extended=False)])


def definitions(chance, speaker):
    name = f"own{speaker.number}"
    return chance.choice([
        f"CREATE TABLE {name} (a int)", f"ALTER TABLE {name} ADD b text", f"SELECT * FROM {name}", f"INSERT INTO {name} (a) VALUES (1)",
        f"DROP TABLE {name}", f"ALTER TABLE {name} RENAME a TO c", f"CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS 'SELECT 3'",
        f"SELECT {name}()", f"DROP FUNCTION {name}", f"CREATE SCHEMA {name}", f"SET search_path TO {name}, public", f"DROP SCHEMA {name} CASCADE",
        f"CREATE VIEW view_of_{name} AS SELECT a FROM {name}", f"SELECT * FROM view_of_{name}", "RESET search_path",
        f"COMMENT ON TABLE {name} IS 'x'", f"ANALYZE {name}", f"VACUUM {name}"])


def constraints(chance, speaker):
    key = speaker.number * 10 + chance.randint(0, 2)
    return chance.choice([
        f"INSERT INTO once VALUES ({key})", f"INSERT INTO once VALUES ({key}), ({key})", "SET CONSTRAINTS ALL IMMEDIATE",
        "SET CONSTRAINTS ALL DEFERRED", f"DELETE FROM once WHERE a = {key}", f"SELECT count(*) FROM once WHERE a / 10 = {speaker.number}"])


def large_objects(chance, speaker):
    """Descriptors live as long as their transaction."""
    number = 4711 + speaker.number  # others would wait for who makes or drops it
    return chance.choice([
        f"SELECT lo_create({number})", f"SELECT lo_unlink({number})", f"SELECT lo_open({number}, 393216)", "SELECT lowrite(0, 'abc')", "SELECT lo_lseek(0, 1, 0)",
        "SELECT loread(0, 2)", "SELECT lo_close(0)", f"SELECT lo_get({number})", "BEGIN", "BEGIN"])


HABITS = {habit.__name__: habit for habit in (settings, characteristics, roles, authorization, prepared, cursors, temporary, locks, listening,
                                              sequences, seeds, programs, copying, definitions, constraints,
                                              large_objects)}
# Who has these keeps a server connection.
PINNING = {"authorization", "cursors", "definitions", "temporary", "locks", "listening", "sequences", "seeds", "programs"}

STARTUPS = [{}, {}, {"application_name": "started"}, {"options": "-c work_mem=7MB --datestyle=German"}, {"TimeZone": "UTC", "DateStyle": "SQL, DMY"},
            {"options": "-c search_path=pg_catalog,public -c extra_float_digits=0"}, {"client_encoding": "LATIN1"}, {"options": "-c role=scene_a"},
            {"options": "-c default_transaction_read_only=on"}, {"options": "-c my.own=started"}]

# In the database where the sessions play.
WORLD = """
CREATE TABLE journal (a int);
CREATE TABLE numbered (id serial, a int);
CREATE TABLE once (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE SEQUENCE s1;
CREATE SEQUENCE s2 INCREMENT 3;
CREATE FUNCTION tries(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN pg_try_advisory_lock($1); END $$;
CREATE FUNCTION draws(regclass) RETURNS bigint LANGUAGE sql AS $$ SELECT nextval($1) $$;
CREATE FUNCTION limited() RETURNS text LANGUAGE sql SET work_mem = '5MB' AS $$ SELECT current_setting('work_mem') $$;
CREATE FUNCTION makes_temp() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE t2 (a int); INSERT INTO t2 VALUES (4); END $$;
CREATE FUNCTION listens() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LISTEN news; END $$;
CREATE FUNCTION opens() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE r refcursor := 'd'; BEGIN OPEN r FOR SELECT 1; RETURN r; END $$;
CREATE FUNCTION sets(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config($1, $2, false); END $$;
CREATE FUNCTION runs(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; END $$;
CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO journal VALUES (5); COMMIT; END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE TABLE secret (a int);
GRANT SELECT ON secret TO scene_a;
"""
