# Transaction control: BEGIN to PREPARE TRANSACTION, and what failed statements do to it.

== every way to begin and to end
BEGIN
SELECT 1
COMMIT
BEGIN WORK
ABORT
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
SHOW transaction_isolation
END
START TRANSACTION READ WRITE, ISOLATION LEVEL SERIALIZABLE
SHOW transaction_isolation
COMMIT TRANSACTION
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
SELECT current_setting('transaction_deferrable'), current_setting('transaction_read_only')
ROLLBACK WORK
BEGIN
END WORK
START TRANSACTION
ROLLBACK

== what stands outside a transaction
COMMIT
ROLLBACK
SAVEPOINT a
RELEASE a
ROLLBACK TO a
SET LOCAL work_mem = '5MB'
SET TRANSACTION READ ONLY
LOCK TABLE pg_class
SET CONSTRAINTS ALL DEFERRED
COMMIT AND CHAIN
DECLARE c CURSOR FOR SELECT 1

== begun twice
BEGIN
BEGIN
SELECT 1
BEGIN READ ONLY
COMMIT
COMMIT

== failed transactions
BEGIN
SELECT 1/0
SELECT 1
SHOW work_mem
SAVEPOINT a
SET work_mem = '5MB'
PREPARE p AS SELECT 1
COMMIT
SHOW work_mem
BEGIN
SELECT nonsense
ROLLBACK AND CHAIN
SELECT 'chained'
COMMIT

== savepoints
BEGIN
CREATE TABLE saved{n} (a int)
SAVEPOINT one
INSERT INTO saved{n} VALUES (1)
SAVEPOINT two
INSERT INTO saved{n} VALUES (2)
ROLLBACK TO SAVEPOINT two
INSERT INTO saved{n} VALUES (3)
RELEASE SAVEPOINT two
SELECT 1/0
ROLLBACK TO one
SELECT count(*) FROM saved{n}
ROLLBACK TO nobody
ROLLBACK WORK TO SAVEPOINT one
RELEASE one
RELEASE one
ROLLBACK
SELECT to_regclass('saved{n}')

== chains keep the modes
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
SELECT 1
COMMIT AND CHAIN
SHOW transaction_isolation
SHOW transaction_read_only
ROLLBACK AND CHAIN
SHOW transaction_isolation
COMMIT AND NO CHAIN
SHOW transaction_isolation

== modes of the transaction
BEGIN
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
SHOW transaction_isolation
SELECT 1
SET TRANSACTION READ ONLY
SHOW transaction_read_only
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
ROLLBACK
BEGIN
SELECT 1
SET transaction_read_only = on
CREATE TABLE nope{n} (a int)
ROLLBACK
BEGIN READ ONLY
SET TRANSACTION READ WRITE
SELECT 1
SET TRANSACTION READ WRITE
ROLLBACK
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
SHOW default_transaction_isolation
SHOW transaction_read_only
BEGIN
SHOW transaction_isolation
ROLLBACK
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE
SHOW default_transaction_read_only

== read only
BEGIN READ ONLY
SELECT 1
INSERT INTO pg_temp.nope VALUES (1)
ROLLBACK
BEGIN READ ONLY
CREATE TABLE nope{n} (a int)
ROLLBACK
BEGIN READ ONLY
SELECT nextval('nobody')
ROLLBACK
SET default_transaction_read_only = on
CREATE TABLE nope{n} (a int)
BEGIN READ WRITE
CREATE TABLE nope{n} (a int)
ROLLBACK
RESET default_transaction_read_only

== two-phase commit [single]
CREATE TABLE twice{n} (a int)
BEGIN
INSERT INTO twice{n} VALUES (1)
PREPARE TRANSACTION 'first{n}'
SELECT count(*) FROM twice{n}
COMMIT PREPARED 'first{n}'
SELECT count(*) FROM twice{n}
BEGIN
INSERT INTO twice{n} VALUES (2)
PREPARE TRANSACTION 'second{n}'
SELECT gid FROM pg_prepared_xacts WHERE gid = 'second{n}'
ROLLBACK PREPARED 'second{n}'
SELECT count(*) FROM twice{n}
COMMIT PREPARED 'nobody{n}'
BEGIN
PREPARE TRANSACTION 'empty{n}'
ROLLBACK PREPARED 'empty{n}'
PREPARE TRANSACTION 'outside{n}'
BEGIN
SELECT 1/0
PREPARE TRANSACTION 'failed{n}'
DROP TABLE twice{n}

== deferred constraints
CREATE TABLE deferred{n} (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, b int UNIQUE DEFERRABLE)
INSERT INTO deferred{n} VALUES (1, 1)
BEGIN
INSERT INTO deferred{n} VALUES (1, 2)
SELECT count(*) FROM deferred{n}
COMMIT
BEGIN
SET CONSTRAINTS ALL DEFERRED
INSERT INTO deferred{n} VALUES (2, 1)
SET CONSTRAINTS ALL IMMEDIATE
ROLLBACK
BEGIN
SET CONSTRAINTS deferred{n}_b_key DEFERRED
INSERT INTO deferred{n} VALUES (2, 1)
UPDATE deferred{n} SET b = 2 WHERE a = 2
COMMIT
SELECT * FROM deferred{n} ORDER BY a
INSERT INTO deferred{n} VALUES (1, 7)
DROP TABLE deferred{n}

== locks of tables and rows
CREATE TABLE locked{n} (a int)
INSERT INTO locked{n} VALUES (1), (2)
BEGIN
LOCK TABLE locked{n} IN ACCESS EXCLUSIVE MODE
LOCK locked{n} IN SHARE MODE NOWAIT
SELECT * FROM locked{n} FOR UPDATE
SELECT * FROM locked{n} WHERE a = 1 FOR NO KEY UPDATE SKIP LOCKED
SELECT * FROM locked{n} FOR KEY SHARE NOWAIT
COMMIT
SELECT a FROM locked{n} ORDER BY a FOR SHARE
BEGIN READ ONLY
SELECT a FROM locked{n} FOR UPDATE
ROLLBACK
DROP TABLE locked{n}

== snapshots
BEGIN ISOLATION LEVEL REPEATABLE READ
SELECT length(pg_export_snapshot()) > 5
SELECT pg_current_snapshot() IS NOT NULL
COMMIT
BEGIN ISOLATION LEVEL REPEATABLE READ
SET TRANSACTION SNAPSHOT '00000003-0000001B-1'
ROLLBACK
SET TRANSACTION SNAPSHOT 'outside'

== the time of the transaction stands still
BEGIN
SELECT now() = statement_timestamp()
SELECT pg_sleep(0.01)
SELECT now() = transaction_timestamp(), now() < clock_timestamp(), now() < statement_timestamp()
COMMIT
SELECT now() = statement_timestamp()

== numbers of transactions
CREATE TABLE numbered{n} (a int)
SELECT pg_current_xact_id_if_assigned() IS NULL
BEGIN
SELECT txid_current_if_assigned() IS NULL
INSERT INTO numbered{n} VALUES (1)
SELECT txid_current_if_assigned() IS NOT NULL
SELECT xmin::text = pg_current_xact_id()::text FROM numbered{n}
COMMIT
SELECT txid_status(txid_current()) 
DROP TABLE numbered{n}
