# What lives in one server connection: temporary objects, advisory locks, LISTEN, sequences, libraries.

== temporary tables [pins]
CREATE TEMP TABLE mine (a int)
INSERT INTO mine VALUES ({n})
SELECT a FROM mine
BEGIN
INSERT INTO mine VALUES (0)
ROLLBACK
SELECT count(*) FROM mine
DROP TABLE mine
SELECT a FROM mine
CREATE TEMPORARY TABLE kept AS SELECT {n} AS a
CREATE TEMP VIEW seen AS SELECT a FROM kept
CREATE TEMP SEQUENCE drawn
SELECT a, nextval('drawn') FROM seen
SELECT a INTO TEMP copied FROM kept
SELECT a FROM pg_temp.copied
DISCARD TEMP
SELECT a FROM kept

== what COMMIT AND CHAIN has committed, the end of the next transaction does not undo [pins]
BEGIN
CREATE TEMP TABLE chained (a int)
COMMIT AND CHAIN
SELECT count(*) FROM chained
ROLLBACK
SELECT count(*) FROM chained
BEGIN; LISTEN channel_{n}; COMMIT AND CHAIN
SELECT 1/0
ROLLBACK
SELECT count(*) FROM pg_listening_channels()
BEGIN
CREATE TEMP TABLE undone_later (a int)
ROLLBACK AND CHAIN
COMMIT
SELECT count(*) FROM undone_later
UNLISTEN *
DROP TABLE chained

== temporary tables that end with their transaction [pins]
BEGIN
CREATE TEMP TABLE short (a int) ON COMMIT DROP
INSERT INTO short VALUES ({n})
SELECT a FROM short
COMMIT
SELECT a FROM short
BEGIN
CREATE TEMP TABLE undone (a int)
ROLLBACK
SELECT a FROM undone
CREATE TEMP TABLE emptied (a int) ON COMMIT DELETE ROWS
BEGIN
INSERT INTO emptied VALUES (1)
SELECT count(*) FROM emptied
COMMIT
SELECT count(*) FROM emptied
DROP TABLE emptied

== temporary functions and types [pins]
CREATE FUNCTION pg_temp.twice(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 * 2 $$
SELECT pg_temp.twice({n})
CREATE TYPE pg_temp.pair AS (a int, b int)
SELECT (ROW(1, {n})::pg_temp.pair).b
DISCARD ALL
SELECT pg_temp.twice({n})

== temporary tables made by functions [pins]
CREATE FUNCTION makes{n}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE inner_table (a int); INSERT INTO inner_table VALUES ({n}); RETURN 1; END $$
SELECT makes{n}()
SELECT a FROM inner_table
DROP TABLE inner_table
DROP FUNCTION makes{n}()

== advisory locks [pins]
SELECT pg_advisory_lock({n})
SELECT pg_advisory_lock({n})
SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
SELECT pg_advisory_unlock({n})
SELECT pg_advisory_unlock({n})
SELECT pg_advisory_unlock({n})
SELECT pg_try_advisory_lock(10, {n}), pg_try_advisory_lock_shared(20, {n})
SELECT pg_advisory_unlock_shared(20, {n})
SELECT pg_advisory_unlock(10, {n})
SELECT pg_advisory_lock({n}), pg_advisory_lock(1{n})
SELECT pg_advisory_unlock_all()
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()

== advisory locks of the transaction
BEGIN
SELECT pg_advisory_xact_lock({n})
SELECT pg_try_advisory_xact_lock({n}), pg_try_advisory_xact_lock_shared(1{n})
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
COMMIT
SELECT pg_try_advisory_xact_lock({n})
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()

== advisory locks taken inside functions [pins]
CREATE FUNCTION locks{n}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(77{n}); END $$
SELECT locks{n}()
SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
SELECT pg_advisory_unlock(77{n})
DROP FUNCTION locks{n}()

== listening [pins]
LISTEN channel{n}
NOTIFY channel{n}, 'to client {n}'
SELECT pg_listening_channels()
BEGIN
NOTIFY channel{n}
NOTIFY channel{n}, 'twice'
NOTIFY channel{n}, 'twice'
COMMIT
BEGIN
NOTIFY channel{n}, 'never'
ROLLBACK
SELECT pg_notify('channel{n}', 'by a function')
UNLISTEN channel{n}
SELECT pg_listening_channels()
LISTEN "Other Channel {n}"
UNLISTEN *
SELECT pg_listening_channels()
BEGIN
LISTEN never{n}
ROLLBACK
SELECT pg_listening_channels()

== notifying those who do not listen
NOTIFY nobody
NOTIFY nobody, 'payload'
SELECT pg_notify('nobody', 'payload')
UNLISTEN nobody

== sequences [pins]
CREATE SEQUENCE drawn{n}
SELECT nextval('drawn{n}')
SELECT currval('drawn{n}')
SELECT lastval()
SELECT setval('drawn{n}', 10)
SELECT nextval('drawn{n}'), currval('drawn{n}')
ALTER SEQUENCE drawn{n} RESTART WITH 3
SELECT nextval('drawn{n}')
DISCARD SEQUENCES
SELECT lastval()
DROP SEQUENCE drawn{n}

== identity columns
CREATE TABLE identified{n} (id int GENERATED ALWAYS AS IDENTITY, s serial, a text)
INSERT INTO identified{n} (a) VALUES ('x') RETURNING id, s
INSERT INTO identified{n} (a) VALUES ('y'), ('z') RETURNING id
INSERT INTO identified{n} (id, a) VALUES (7, 'x')
INSERT INTO identified{n} (id, a) OVERRIDING SYSTEM VALUE VALUES (7, 'x') RETURNING s
TRUNCATE identified{n} RESTART IDENTITY
INSERT INTO identified{n} (a) VALUES ('x') RETURNING id
DROP TABLE identified{n}

== libraries [superuser pins]
LOAD 'auto_explain'
SHOW auto_explain.log_min_duration
LOAD 'nobody_knows'

== what a condition has kept from being undone [pins]
LISTEN kept{n}
DO $$ BEGIN IF false THEN EXECUTE 'UNLISTEN *'; END IF; END $$
SELECT pg_listening_channels()
UNLISTEN *
SELECT pg_advisory_lock({n})
SELECT pg_advisory_unlock_all() WHERE false
SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
SELECT pg_advisory_unlock_all()
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()

== statements prepared and deallocated by programs [pins]
DO $$ BEGIN EXECUTE 'PREPARE made AS SELECT {n}'; END $$
EXECUTE made
DO $$ BEGIN EXECUTE 'DEALLOCATE made'; END $$
EXECUTE made
DISCARD ALL
