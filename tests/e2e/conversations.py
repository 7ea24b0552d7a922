"""Conversations: messages of the extended and the simple protocol in every order that PostgreSQL's manual tells of ("Message
Flow"). What is right is what PostgreSQL answers."""

import struct

import wire


def said(sql):
    return [wire.parse(sql), wire.bind(), wire.execute()]


def binary_bind(values=(), formats=(), results=()):
    body = wire.cstring("") * 2 + struct.pack(f"!h{len(formats)}hh", len(formats), *formats, len(values))
    for value in values:
        body += struct.pack("!i", len(value)) + value
    return wire.message(b"B", body + struct.pack(f"!h{len(results)}h", len(results), *results))


def function_call(number, values):
    body = struct.pack("!ihh", number, 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return wire.message(b"F", body + struct.pack("!h", 0))


# Name: the messages, and how many ReadyForQuery answer them.
X = [wire.SYNC]
CONVERSATIONS = {
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
    "read only, then what only one server tells": ([wire.query("BEGIN READ ONLY"), wire.query("SELECT count(*) > 1 FROM pg_class"),
                                                   wire.query("SELECT pg_try_advisory_xact_lock(4711) IS NULL"), wire.query("SELECT 2"), wire.query("COMMIT")], 5),
    "read only, then what a standby refuses": ([wire.query("BEGIN READ ONLY"), *said("SELECT 1"), *X, *said("LOCK TABLE pg_catalog.pg_class IN ACCESS SHARE MODE"),
                                                *said("SELECT 2"), *X, wire.query("SELECT 3; NOTIFY nobody; SELECT 4"), wire.query("COMMIT")], 5),
    "read only, then mistyped": ([wire.query("BEGIN READ ONLY"), wire.query("SELECT 1"), wire.query("SELEC 1"), wire.query("ROLLBACK")], 4),
    "read only, then a temporary table": ([wire.query("START TRANSACTION READ ONLY"), wire.query("SELECT 1"), wire.query("CREATE TEMP TABLE t (a int)"),
                                           wire.query("ROLLBACK")], 4),
    "read only, then a vacuum": ([wire.query("BEGIN READ ONLY"), wire.query("SELECT 1"), wire.query("VACUUM pg_class"), wire.query("ROLLBACK")], 4),
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
    "what a query executes fails in an open batch": (
        [wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("SELECT 1 / (count(*) - count(*)) FROM t", "s"), *X,
         *said("INSERT INTO t VALUES (1)"), wire.query("EXECUTE s"), wire.query("SELECT count(*) FROM t")], 4),
    "what a query executes is gone in an open batch": (
        [wire.query("CREATE TEMP TABLE t (a int); CREATE TEMP TABLE u (a int)"), wire.parse("SELECT * FROM u", "s"), *X, wire.query("DROP TABLE u"),
         *said("INSERT INTO t VALUES (1)"), wire.query("EXECUTE s"), wire.query("SELECT count(*) FROM t")], 5),
    "a query executes in an open batch": (
        [wire.parse("SELECT 7", "s"), *X, *said("SELECT 1"), wire.query("EXECUTE s"), wire.query("PREPARE p AS SELECT 8"), *said("SELECT 2"),
         function_call(177, [b"40", b"2"]), *said("SELECT 3"), wire.query("EXECUTE p; EXECUTE s"), *said("SELECT 4"),
         wire.query("SELECT name, statement FROM pg_prepared_statements ORDER BY name")], 6),
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
    # Parameters and formats
    "types given and not given": ([wire.parse("SELECT $1, $2::int, $3", types=[25, 0, 1082]), wire.describe(b"S"), wire.bind([b"a", b"2", b"2026-11-25"]),
                                   wire.describe(), wire.execute(), *X], 1),
    "a type that is none": ([wire.parse("SELECT $1", types=[4711]), *X, wire.query("SELECT 1")], 2),
    "nulls and empty values": ([wire.parse("SELECT $1::text IS NULL, $2::text = ''"), wire.bind([None, b""]), wire.execute(), *X], 1),
    "too few parameters": ([wire.parse("SELECT $1::int, $2::int"), wire.bind([b"1"]), wire.execute(), *X, wire.query("SELECT 2")], 2),
    "too many parameters": ([wire.parse("SELECT 1"), wire.bind([b"1"]), wire.execute(), *X], 1),
    "a parameter that is no number": ([wire.parse("SELECT $1::int"), wire.bind([b"x"]), wire.execute(), *X, wire.query("SELECT 2")], 2),
    "binary parameters": ([wire.parse("SELECT $1::int + 1, $2::text"), binary_bind([struct.pack("!i", 41), b"x"], formats=[1, 0]), wire.execute(), *X], 1),
    "binary results": ([wire.parse("SELECT 258, 'x'::text, true"), binary_bind(results=[1, 0, 1]), wire.describe(), wire.execute(), *X], 1),
    "all results binary": ([wire.parse("SELECT 258, 1.5::float8"), binary_bind(results=[1]), wire.describe(), wire.execute(), *X], 1),
    "wrong number of formats": ([wire.parse("SELECT 1, 2, 3"), binary_bind(results=[1, 0]), wire.execute(), *X], 1),
    "a format that is none": ([wire.parse("SELECT $1::int"), binary_bind([b"1"], formats=[7]), wire.execute(), *X], 1),
    "half a binary number": ([wire.parse("SELECT $1::int"), binary_bind([b"1"], formats=[1]), wire.execute(), *X], 1),
    # Statements
    "several statements in a Parse": ([wire.parse("SELECT 1; SELECT 2"), wire.bind(), wire.execute(), *X], 1),
    "an empty statement": ([wire.parse(""), wire.describe(b"S"), wire.bind(), wire.describe(), wire.execute(), *X], 1),
    "a comment is empty, too": ([wire.parse("-- nothing"), wire.bind(), wire.execute(), *X], 1),
    "unnamed statements replace each other": ([wire.parse("SELECT 1"), wire.parse("SELECT 2"), wire.bind(), wire.execute(), *X], 1),
    "one that fails leaves none": ([wire.parse("SELECT 1"), *X, wire.parse("SELEC"), *X, wire.bind(), wire.execute(), *X], 3),
    "closing the unnamed one": ([wire.parse("SELECT 1"), wire.close(), *X, wire.bind(), wire.execute(), *X], 2),
    "closed in the batch that binds it": ([wire.parse("SELECT 1", "s"), wire.bind(statement="s"), wire.close(b"S", "s"), wire.execute(), *X,
                                           wire.bind(statement="s"), *X], 2),
    "closed and made again": ([wire.parse("SELECT 1", "s"), *X, wire.close(b"S", "s"), wire.parse("SELECT 2", "s"), wire.bind(statement="s"),
                               wire.execute(), *X, wire.bind(statement="s"), wire.execute(), *X], 3),
    "closed in a batch that fails": ([wire.parse("SELECT 1", "s"), *X, wire.close(b"S", "s"), wire.parse("SELEC"), *X, wire.bind(statement="s"),
                                      wire.execute(), *X], 3),
    "made after a failure": ([wire.parse("SELEC"), wire.parse("SELECT 1", "s"), *X, wire.bind(statement="s"), *X], 2),
    "one statement bound twice": ([wire.parse("SELECT $1::int", "s"), wire.bind([b"1"], "a", "s"), wire.bind([b"2"], "b", "s"), wire.execute("b"),
                                   wire.execute("a"), *X], 1),
    "the same text under two names": ([wire.parse("SELECT 7", "a"), wire.parse("SELECT 7", "b"), *X, wire.close(b"S", "a"), *X,
                                       wire.bind(statement="b"), wire.execute(), *X, wire.bind(statement="a"), *X], 4),
    "describing what writes": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("INSERT INTO t VALUES ($1) RETURNING a", "w"),
                                wire.describe(b"S", "w"), *X, wire.bind([b"3"], statement="w"), wire.describe(), wire.execute(), *X], 3),
    "a statement in a failed transaction": ([wire.parse("SELECT 1", "s"), *X, wire.query("BEGIN"), wire.query("SELECT 1/0"), wire.bind(statement="s"),
                                             wire.execute(), *X, wire.parse("SELECT 2", "t"), *X, wire.parse("ROLLBACK"), wire.bind(), wire.execute(), *X,
                                             wire.bind(statement="t"), *X], 7),
    "transactions by Execute": ([wire.parse("BEGIN"), wire.bind(), wire.execute(), *X, wire.parse("SELECT 1"), wire.bind(), wire.execute(), *X,
                                 wire.parse("SELECT 1/0"), wire.bind(), wire.execute(), *X, wire.parse("COMMIT"), wire.bind(), wire.execute(), *X], 4),
    "a whole transaction in a batch": ([*said("BEGIN"), *said("SELECT 1"), *said("COMMIT"), *said("SELECT 2"), *X], 1),
    "an implicit transaction is undone": ([*said("CREATE TABLE undone (a int)"), *said("SELECT 1/0"), *X, wire.query("SELECT to_regclass('undone')")], 2),
    "a savepoint in a batch": ([*said("BEGIN"), *said("SAVEPOINT a"), *said("SELECT 1"), *said("ROLLBACK TO a"), *said("COMMIT"), *X], 1),
    # Portals
    "portals end with the transaction": ([wire.parse("SELECT generate_series(1, 3)"), wire.bind(portal="p"), wire.execute("p", 1), *X, wire.execute("p", 1), *X], 2),
    "portals live in a transaction": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 3)"), wire.bind(portal="p"), wire.execute("p", 1), *X,
                                       wire.execute("p", 1), *X, wire.describe(b"P", "p"), wire.close(b"P", "p"), *X, wire.execute("p"), *X,
                                       wire.query("ROLLBACK")], 6),
    "a portal's name taken twice": ([wire.parse("SELECT 1"), wire.bind(portal="p"), wire.bind(portal="p"), *X], 1),
    "the unnamed portal is replaced": ([wire.parse("SELECT $1::int"), wire.bind([b"1"]), wire.bind([b"2"]), wire.execute(), *X], 1),
    "a portal run to its end and again": ([wire.parse("SELECT generate_series(1, 2)"), wire.bind(portal="p"), wire.execute("p"), wire.execute("p"), *X], 1),
    "a row limit on what writes": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("INSERT INTO t SELECT generate_series(1, 4) RETURNING a"),
                                    wire.bind(portal="p"), wire.execute("p", 2), wire.execute("p", 2), wire.execute("p", 2), *X,
                                    wire.query("SELECT count(*) FROM t")], 3),
    "a cursor is a portal": ([wire.query("BEGIN"), wire.query("DECLARE c CURSOR FOR SELECT generate_series(1, 4)"), wire.describe(b"P", "c"),
                              wire.execute("c", 2), *X, wire.query("FETCH c"), wire.close(b"P", "c"), *X, wire.query("FETCH c"), wire.query("ROLLBACK")], 7),
    "a portal is a cursor": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 4)"), wire.bind(portal="p"), *X, wire.query("FETCH 2 FROM p"),
                              wire.execute("p", 1), *X, wire.query("CLOSE p"), wire.query("COMMIT")], 6),
    "two portals in turn": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 4)", "s"), wire.bind(portal="a", statement="s"),
                             wire.bind(portal="b", statement="s"), wire.execute("a", 1), wire.execute("b", 2), wire.execute("a", 1), *X, wire.query("COMMIT")], 3),
    # Order and errors
    "errors at each step": ([wire.parse("SELEC"), *X, wire.bind(statement="nobody"), *X, wire.describe(b"P", "nobody"), *X, wire.execute("nobody"), *X], 4),
    "an error between answers": ([*said("SELECT 1"), *said("SELECT 1/0"), *said("SELECT 2"), *X, *said("SELECT 3"), *X], 2),
    "notices in between": ([wire.query("DO $$ BEGIN RAISE NOTICE 'a'; END $$; SELECT 1; DO $$ BEGIN RAISE WARNING 'b'; END $$")], 1),
    "settings in a pipeline": ([*said("SET work_mem = '5MB'"), *X, *said("SHOW work_mem"), *X, *said("RESET work_mem"), *X, *said("SHOW work_mem"), *X], 4),
    # COPY
    "copy in and out in one string": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN; SELECT count(*) FROM t; COPY t TO STDOUT"),
                                       wire.copy_data(b"1\n"), wire.COPY_DONE], 2),
    "copy out, extended": ([*said("COPY (SELECT generate_series(1, 3)) TO STDOUT"), *X], 1),
    "copy in pieces": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.copy_data(b"1"), wire.copy_data(b"2\n3"),
                        wire.copy_data(b"\n"), wire.COPY_DONE, wire.query("SELECT sum(a) FROM t")], 3),
    "copy with flushes": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("COPY t FROM STDIN"), wire.FLUSH, wire.copy_data(b"1\n"), wire.FLUSH,
                           wire.COPY_DONE, wire.query("SELECT sum(a) FROM t")], 3),
    "copy fails, extended": ([wire.query("CREATE TEMP TABLE t (a int)"), *said("COPY t FROM STDIN"), wire.copy_data(b"x\n"), wire.COPY_DONE, *X,
                              wire.query("SELECT sum(a) FROM t")], 3),
    "copy messages out of place": ([wire.copy_data(b"1\n"), wire.COPY_DONE, wire.query("SELECT 1"), wire.copy_fail("no"), wire.query("SELECT 2")], 2),
    "copy binary": ([wire.query("COPY (SELECT 258) TO STDOUT (FORMAT binary)")], 1),
    # Function calls
    "adding by number": ([function_call(177, [b"40", b"2"])], 1),
    "a function that is none": ([function_call(4711000, []), wire.query("SELECT 1")], 2),
    "a function called with too little": ([function_call(177, [b"40"]), wire.query("SELECT 1")], 2),
    "a strict function of nothing": ([function_call(177, [b"40", None])], 1),
    "a function in a transaction": ([wire.query("BEGIN"), function_call(177, [b"x", b"2"]), wire.query("SELECT 1"), wire.query("ROLLBACK")], 4),
    # What the manual tells of several statements in one string
    "an error undoes the whole string": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("INSERT INTO t VALUES (1); SELECT 1/0; INSERT INTO t VALUES (2)"),
                                          wire.query("SELECT count(*) FROM t")], 3),
    "an error undoes what follows a COMMIT": ([wire.query("CREATE TEMP TABLE t (a int)"),
                                               wire.query("BEGIN; INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); SELECT 1/0"),
                                               wire.query("SELECT count(*) FROM t")], 3),
    "BEGIN joins what stands before it": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)"),
                                           wire.query("SELECT 1/0; ROLLBACK"), wire.query("ROLLBACK"), wire.query("SELECT count(*) FROM t")], 5),
    "a failed block stays open": ([wire.query("BEGIN; SELECT 1/0; ROLLBACK"), wire.query("SELECT 1"), wire.query("ROLLBACK; SELECT 2")], 3),
    "ROLLBACK without a block": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.query("INSERT INTO t VALUES (1); ROLLBACK; SELECT count(*) FROM t")], 2),
    "not among others": ([wire.query("SELECT 1; VACUUM"), wire.query("SELECT 2; SAVEPOINT a"), wire.query("SELECT 3; CREATE DATABASE nope; SELECT 4")], 3),
    "a syntax error anywhere": ([wire.query("CREATE TEMP TABLE t (a int); SELEC"), wire.query("SELECT to_regclass('t')")], 2),
    "a binary cursor": ([wire.query("BEGIN"), wire.query("DECLARE c BINARY CURSOR FOR SELECT 258"), wire.query("FETCH c"), wire.query("ROLLBACK")], 4),
    "an error at the end of the string": ([wire.query("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)"),
                                           wire.query("INSERT INTO t VALUES (1), (1)"), wire.query("INSERT INTO t VALUES (2); INSERT INTO t VALUES (2)"),
                                           wire.query("SELECT count(*) FROM t")], 4),
    # ... and of the extended protocol
    "an error in Sync": ([wire.query("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)"), *said("INSERT INTO t VALUES (1), (1)"), *X,
                          *said("INSERT INTO t VALUES (2), (2)"), *X, *said("SELECT count(*) FROM t"), *X], 4),
    "an error in Sync of what is bound by name": ([wire.query("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)"),
                                                   wire.parse("INSERT INTO t VALUES ($1)", "s"), wire.bind([b"1"], statement="s"), wire.execute(),
                                                   wire.bind([b"1"], statement="s"), wire.execute(), *X, wire.bind([b"2"], statement="s"), wire.execute(), *X,
                                                   *said("SELECT count(*) FROM t"), *X], 4),
    "parameters for OUT arguments": ([wire.parse("SELECT * FROM pg_control_checkpoint($1)", types=[2278]), *X, wire.parse("SELECT abs($1)", types=[2278]), *X], 2),
    "a query destroys the unnamed portal": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 3)"), wire.bind(), wire.execute(limit=1), *X,
                                             wire.query("SELECT 2"), wire.execute(), *X, wire.query("ROLLBACK")], 5),
    "a row limit where there are no rows": ([wire.query("CREATE TEMP TABLE t (a int)"), wire.parse("INSERT INTO t SELECT generate_series(1, 4)"), wire.bind(),
                                             wire.describe(), wire.execute(limit=2), *X, wire.query("SELECT count(*) FROM t")], 3),
    "closing a statement closes its portals": ([wire.query("BEGIN"), wire.parse("SELECT generate_series(1, 3)", "s"), wire.bind(portal="p", statement="s"),
                                                wire.execute("p", 1), wire.close(b"S", "s"), wire.execute("p", 1), *X, wire.query("ROLLBACK")], 3),
    "Sync does not end a block": ([*said("BEGIN"), *X, *X, *said("SELECT 1"), *X, *said("ROLLBACK"), *X], 4),
    "a block begun in a pipeline": ([*said("BEGIN"), *X, *said("SELECT 1/0"), *X, *said("SELECT 1"), *X, *said("ROLLBACK"), *X, *said("SELECT 2"), *X], 5),
    "not in a pipeline": ([*said("SELECT 1"), *said("VACUUM"), *X, *said("VACUUM"), *said("SELECT 1/0"), *X, wire.query("SELECT 2")], 3),
    "a commit in a pipeline, then an error": ([wire.query("CREATE TEMP TABLE t (a int)"), *said("INSERT INTO t VALUES (1)"), *said("COMMIT"),
                                               *said("INSERT INTO t VALUES (2)"), *said("SELECT 1/0"), *X, wire.query("SELECT count(*) FROM t")], 3),
    # The unnamed statement.
    "a skipped Parse leaves it": ([*said("SELECT 'kept'"), *said("SELECT 1/0"), wire.parse("SELECT 'skipped'"), *X, wire.describe(b"S"), *X], 2),
    "a failed Parse leaves none": ([wire.parse("SELECT 1"), *X, wire.parse("SELEC 2"), *X, wire.bind(), *X], 3),
    "nobody's": ([wire.query("SELECT 1"), wire.describe(b"S"), *X, wire.query("BEGIN"), wire.describe(b"S"), *X, wire.query("ROLLBACK")], 5),
    "any Query drops it": ([wire.parse("SELECT 1"), *X, wire.query("BEGIN"), wire.bind(), wire.execute(), *X, wire.query("ROLLBACK")], 4),
    "DISCARD ALL leaves it": ([*said("DISCARD ALL"), *X, wire.bind(), wire.execute(), *X], 2),
    "a taken name in a failed transaction": ([wire.parse("SELECT 1", "s"), *X, wire.query("BEGIN"), wire.query("SELECT 1/0"), wire.parse("SELECT 2", "s"), *X,
                                              wire.parse("ROLLBACK", "s"), *X, wire.query("ROLLBACK"), wire.close(b"S", "s"), *X], 7),
    "a taken name and a wrong text": ([wire.parse("SELECT 1", "s"), *X, wire.parse("SELECT a FROM nowhere", "s"), *X, wire.parse("SELECT 1", "s"), *X], 3),
    "nothing is prepared in a failed transaction": ([wire.parse("SELECT 1", "s"), *X, wire.query("BEGIN"), wire.query("SELECT 1/0"),
                                                     wire.query("SELECT 1; PREPARE t AS SELECT 2"), wire.query("ROLLBACK"),
                                                     wire.query("PREPARE s AS SELECT 2"), wire.query("EXECUTE t")], 7),
    "names behind a failure in one string": ([wire.query("PREPARE s AS SELECT 1"), wire.query("BEGIN"), wire.query("SAVEPOINT a"), wire.query("SELECT 1/0"),
                                              wire.query("ROLLBACK TO a; EXECUTE s; SELECT nonsense"), wire.query("ROLLBACK TO b; EXECUTE s"),
                                              wire.query("/* é */ COMMIT; EXECUTE s; EXECUTE t")], 7),
    "names behind a failure in one batch": ([wire.query("PREPARE s AS SELECT 1"), wire.query("BEGIN"), wire.query("SELECT 1/0"), *said("ROLLBACK"),
                                             *said("EXECUTE s"), wire.parse("SELECT 1", "t"), wire.parse("SELECT 2", "s"), *X], 4),
    "names behind a failure in a pipeline": ([wire.parse("SELECT 1", "s"), *X, wire.query("BEGIN"), wire.query("SELECT 1/0"), *said("ROLLBACK"), *X,
                                              *said("EXECUTE s"), *X, wire.parse("SELECT 1", "s"), *X, wire.parse("SELECT 1", "t"), *X], 7),
    "two names for one text": ([wire.parse("SELECT 1", "s"), wire.parse("SELECT 1", "t"), *X, wire.bind([b"1"], statement="t"), *X,
                                wire.bind([b"1"], statement="s"), *X], 3),
    # Sizes
    "a large row": ([wire.query("SELECT repeat('x', 300000)")], 1),
    "a large parameter": ([wire.parse("SELECT length($1::text)"), wire.bind([b"y" * 300000]), wire.execute(), *X], 1),
    "a large text": ([wire.query("SELECT '" + "z" * 300000 + "'::text IS NULL")], 1),
    "a large statement": ([wire.parse("SELECT '" + "z" * 300000 + "'::text IS NULL"), wire.bind(), wire.execute(), *X], 1),
    "a large notice": ([wire.query("DO $$ BEGIN RAISE NOTICE '%', repeat('n', 20000); END $$")], 1),
    "many columns": ([wire.query("SELECT " + ", ".join(str(n) for n in range(1000)))], 1),
    "bytes that are no text": ([wire.message(b"Q", b"SELECT '\xff\xfe'\0"), wire.query("SELECT 1")], 2),
}


def turns_of(parts, count):
    """The messages in pieces that end in one ReadyForQuery each, and how many end each; whole where that cannot be told."""
    turns, turn, is_copying = [], [], False
    for part, following in zip(parts, [*parts[1:], b""]):
        turn.append(part)
        is_copying = (is_copying or b"COPY t FROM STDIN" in part) and part[:1] not in (b"c", b"f")
        is_end = part[:1] in (b"Q", b"F", b"S") or (part[:1] in (b"c", b"f") and turn[0][:1] == b"Q")
        if is_end and not is_copying and following[:1] not in (b"d", b"c", b"f"):
            turns.append((turn, 1))
            turn = []
    return turns if len(turns) == count and not turn else [(parts, count)]
