"""What a client may expect of a server, and may not get through a read/write splitter. Each case is a few statements of one
session; what PostgreSQL answers is right, whatever it is.

A step is one string sent as one simple Query. "? " in front: its answer counts. "other: ": run by another session, directly on
the primary. "{0}" stands for the first value of the first counted or "= " step, and so on; "= " keeps an answer without comparing it.
"""

import dataclasses


@dataclasses.dataclass
class Case:
    name: str
    why: str                  # what goes wrong where it goes wrong
    steps: list
    is_paused: bool = False   # the replicas receive and do not replay meanwhile


# Run on the primary before each case, and replayed everywhere.
SETUP = """
DROP VIEW IF EXISTS writing, locking, here;
DROP FUNCTION IF EXISTS note();
DROP FUNCTION IF EXISTS lock_it();
DROP OPERATOR IF EXISTS <~~ (int, int);
DROP FUNCTION IF EXISTS note_two(int, int);
DROP DOMAIN IF EXISTS noted;
DROP FUNCTION IF EXISTS check_it(int);
DROP TABLE IF EXISTS t, u, log, hidden, unlogged, fresh;
DROP SEQUENCE IF EXISTS numbers;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
CREATE TABLE log (at timestamptz);
CREATE TABLE hidden AS SELECT 1 AS id;
CREATE UNLOGGED TABLE unlogged AS SELECT 7 AS id;
CREATE FUNCTION note() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO u VALUES (1); RETURN 1; END $$;
CREATE VIEW writing AS SELECT note() AS n;
CREATE VIEW locking AS SELECT * FROM hidden FOR UPDATE;
CREATE VIEW here AS SELECT pg_is_in_recovery() AS in_recovery;
CREATE SEQUENCE numbers;
CREATE FUNCTION lock_it() RETURNS int LANGUAGE sql STABLE AS 'SELECT pg_advisory_lock(7); SELECT 1';
CREATE FUNCTION note_two(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM note(); RETURN true; END $$;
CREATE OPERATOR <~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = note_two);
CREATE FUNCTION check_it(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM note(); RETURN true; END $$;
CREATE DOMAIN noted AS int CHECK (check_it(VALUE));
"""

CASES = [
    Case("own row after ROLLBACK TO", "the transaction's own INSERT is not seen",
         ["BEGIN", "INSERT INTO t VALUES (1)", "SAVEPOINT a", "ROLLBACK TO a", "? SELECT count(*) FROM t", "ROLLBACK"]),
    Case("write hidden in a string of several", "the INSERT behind the SELECT is not noticed",
         ["BEGIN", "SELECT 1; INSERT INTO t VALUES (1)", "? SELECT count(*) FROM t", "ROLLBACK"]),
    Case("transaction begun in a string of several", "BEGIN inside the string is lost sight of",
         ["BEGIN; INSERT INTO t VALUES (1)", "SAVEPOINT a", "? SELECT count(*) FROM t", "ROLLBACK"]),
    Case("one snapshot in REPEATABLE READ", "reads and writes get different snapshots",
         ["SELECT count(*) FROM t", "BEGIN ISOLATION LEVEL REPEATABLE READ", "? SELECT count(*) FROM t", "other: INSERT INTO t VALUES (1)",
          "INSERT INTO u VALUES (1)", "? SELECT count(*) FROM t", "ROLLBACK"]),
    Case("one time in a transaction", "now() is another after the first write",
         ["BEGIN", "= SELECT now()", "INSERT INTO log VALUES (now())", "? SELECT at = '{0}' FROM log", "ROLLBACK"]),
    Case("one server process in a transaction", "pg_backend_pid() is another after the first write",
         ["BEGIN", "= SELECT pg_backend_pid()", "INSERT INTO t VALUES (1)", "? SELECT pg_backend_pid() = {0}", "ROLLBACK"]),
    Case("set_config", "set on one server, read on another",
         ["SELECT set_config('compat.x', 'set', false)", "? SELECT current_setting('compat.x', true)"]),
    Case("set_config, SHOW", "the same, read by SHOW",
         ["SELECT set_config('work_mem', '7MB', false)", "? SHOW work_mem"]),
    Case("view that writes", "sent to a standby, which refuses", ["? SELECT n FROM writing", "? SELECT count(*) FROM u"]),
    Case("view that locks rows", "sent to a standby, which refuses", ["? SELECT id FROM locking"]),
    Case("view of what one server knows", "asked of a standby", ["? SELECT in_recovery FROM here"]),
    Case("advisory lock in a STABLE function", "taken on a standby, where it keeps nobody out",
         ["SELECT lock_it()", "? SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "SELECT pg_advisory_unlock_all()"]),
    Case("operator that writes", "sent to a standby, which refuses", ["? SELECT id <~~ 2 FROM hidden", "? SELECT count(*) FROM u"]),
    Case("domain whose check writes", "sent to a standby, which refuses", ["? SELECT 1::noted", "? SELECT count(*) FROM u"]),
    Case("COPY of a view that writes", "views are not looked into", ["? COPY (SELECT n FROM writing) TO STDOUT", "? SELECT count(*) FROM u"]),
    Case("last value of a sequence", "a standby has it 32 numbers ahead", ["SELECT nextval('numbers')", "? SELECT last_value FROM numbers"]),
    Case("temporary table over a table", "the table behind it is read",
         ["? SELECT id FROM hidden", "CREATE TEMP TABLE hidden AS SELECT 2 AS id", "? SELECT id FROM pg_temp.hidden",
          "? SELECT id FROM hidden"]),
    Case("unlogged table", "sent to a standby, which has none of it", ["? SELECT id FROM unlogged"]),
    Case("COPY of an unlogged table", "the same", ["? COPY unlogged TO STDOUT"]),
    Case("transaction id", "sent to a standby, which gives none", ["? SELECT txid_current() > 0"]),
    Case("read after a write", "the standby is behind", ["INSERT INTO t VALUES (1)", "? SELECT count(*) FROM t"], is_paused=True),
    Case("read after a transaction that wrote", "the standby is behind",
         ["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT", "? SELECT count(*) FROM t"], is_paused=True),
    Case("read in the next transaction", "the standby is behind",
         ["INSERT INTO t VALUES (1)", "BEGIN", "? SELECT count(*) FROM t", "COMMIT"], is_paused=True),
    Case("read after a function that wrote", "the standby is behind",
         ["SELECT note()", "? SELECT count(*) FROM u"], is_paused=True),
    Case("read after DDL", "the standby does not know the table yet",
         ["CREATE TABLE fresh AS SELECT 3 AS id", "? SELECT id FROM fresh"], is_paused=True),
]
