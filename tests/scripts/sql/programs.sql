# Functions, procedures, triggers, and what is built of them.

== functions [pins]
CREATE FUNCTION added{n}(a int, b int DEFAULT {n}) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b
SELECT added{n}(1), added{n}(1, 1), added{n}(b => 2, a => 3)
CREATE OR REPLACE FUNCTION added{n}(a int, b int DEFAULT {n}) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a - b; END $$
SELECT added{n}(1)
ALTER FUNCTION added{n} COST 5
ALTER FUNCTION added{n} RENAME TO taken{n}
SELECT added{n}(1)
SELECT taken{n}(1)
ALTER ROUTINE taken{n} STABLE
CREATE FUNCTION rows{n}() RETURNS TABLE (x int, y text) LANGUAGE sql AS $$ VALUES (1, 'a'), ({n}, 'b') $$
SELECT * FROM rows{n}()
CREATE FUNCTION fails{n}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = 'P0{n}23', DETAIL = 'd', HINT = 'h'; END $$
SELECT fails{n}()
CREATE FUNCTION broken{n}() RETURNS int LANGUAGE sql AS $$ SELECT nobody $$
DROP FUNCTION taken{n}
DROP ROUTINE rows{n}
DROP FUNCTION fails{n}()
DROP FUNCTION nobody{n}

== functions that write, by texts made as they run [pins]
CREATE TABLE journal{n} (a int)
CREATE FUNCTION notes{n}(int) RETURNS void LANGUAGE sql AS $$ INSERT INTO journal{n} VALUES ($1) $$
SELECT notes{n}(1)
SELECT count(*) FROM journal{n}
BEGIN READ ONLY
SELECT notes{n}(1)
ROLLBACK
CREATE FUNCTION hides{n}(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN 1; END $$
SELECT hides{n}('INSERT INTO journal{n} VALUES (2)')
SELECT count(*) FROM journal{n}
DROP FUNCTION hides{n}
DROP FUNCTION notes{n}
DROP TABLE journal{n}

== procedures [pins]
CREATE TABLE steps{n} (a int)
CREATE PROCEDURE walks{n}(INOUT x int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO steps{n} VALUES (x); COMMIT; INSERT INTO steps{n} VALUES (x + 1); ROLLBACK; x := x * 2; END $$
CALL walks{n}(5)
SELECT a FROM steps{n}
BEGIN
CALL walks{n}(6)
ROLLBACK
CALL nobody{n}()
ALTER PROCEDURE walks{n} SECURITY DEFINER
CALL walks{n}(7)
SELECT count(*) FROM steps{n}
DROP PROCEDURE walks{n}
DROP TABLE steps{n}

== DO
DO $$ BEGIN PERFORM 1; END $$
DO LANGUAGE plpgsql $$ BEGIN RAISE NOTICE 'client %', {n}; END $$
DO $$ BEGIN RAISE EXCEPTION 'no'; END $$
DO $$ BEGIN CREATE TABLE done{n} (a int); INSERT INTO done{n} VALUES ({n}); END $$
SELECT a FROM done{n}
DO $$ BEGIN DELETE FROM done{n}; COMMIT; INSERT INTO done{n} VALUES (9); ROLLBACK; END $$
SELECT count(*) FROM done{n}
DO $$ nonsense $$
DROP TABLE done{n}

== triggers
CREATE TABLE watched{n} (a int, b int)
CREATE FUNCTION watches{n}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := NEW.a * 10; RETURN NEW; END $$
CREATE TRIGGER watch BEFORE INSERT ON watched{n} FOR EACH ROW EXECUTE FUNCTION watches{n}()
INSERT INTO watched{n} VALUES (1) RETURNING b
ALTER TABLE watched{n} DISABLE TRIGGER watch
INSERT INTO watched{n} VALUES (2) RETURNING b
ALTER TRIGGER watch ON watched{n} RENAME TO watch2
DROP TRIGGER watch2 ON watched{n}
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON watched{n} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION watches{n}()
DROP TABLE watched{n}
DROP FUNCTION watches{n}

== types and domains
CREATE TYPE pair{n} AS (a int, b text)
SELECT (ROW(1, 'x')::pair{n}).b, ROW(2, 'y')::pair{n}
ALTER TYPE pair{n} ADD ATTRIBUTE c int
CREATE TYPE mood{n} AS ENUM ('sad', 'glad')
ALTER TYPE mood{n} ADD VALUE 'mad' BEFORE 'sad'
SELECT 'mad'::mood{n} < 'glad', enum_range(NULL::mood{n})
SELECT 'bad'::mood{n}
CREATE TYPE span{n} AS RANGE (subtype = float8)
SELECT '[1,2)'::span{n}
CREATE DOMAIN positive{n} AS int CHECK (VALUE > 0)
SELECT (-1)::positive{n}
ALTER DOMAIN positive{n} DROP CONSTRAINT positive{n}_check
SELECT (-1)::positive{n}
DROP DOMAIN positive{n}
DROP TYPE pair{n}, mood{n}, span{n}

== aggregates, operators, casts
CREATE AGGREGATE total{n} (int) (sfunc = int4pl, stype = int, initcond = '0')
SELECT total{n}(x) FROM generate_series(1, 4) x
ALTER AGGREGATE total{n}(int) RENAME TO sum{n}
CREATE FUNCTION joined{n}(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1 * 10 + $2 $$
CREATE OPERATOR public.<+{n}+> (leftarg = int, rightarg = int, function = joined{n})
CREATE OPERATOR public.<++> (leftarg = int, rightarg = int, function = joined{n})
DROP AGGREGATE sum{n}(int)
DROP OPERATOR IF EXISTS public.<++> (int, int)
DROP FUNCTION joined{n}
CREATE COLLATION german{n} (provider = libc, locale = 'C')
ALTER COLLATION german{n} RENAME TO deutsch{n}
DROP COLLATION deutsch{n}
CREATE CONVERSION convert{n} FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
ALTER CONVERSION convert{n} RENAME TO converted{n}
DROP CONVERSION converted{n}

== text search
CREATE TEXT SEARCH CONFIGURATION search{n} (COPY = simple)
CREATE TEXT SEARCH DICTIONARY words{n} (TEMPLATE = simple)
ALTER TEXT SEARCH DICTIONARY words{n} (stopwords)
ALTER TEXT SEARCH CONFIGURATION search{n} ALTER MAPPING FOR asciiword WITH words{n}
SELECT to_tsvector('search{n}', 'The Fat Cats')
SET default_text_search_config = 'search{n}'
SELECT to_tsvector('Fat')
RESET default_text_search_config
DROP TEXT SEARCH CONFIGURATION search{n}
DROP TEXT SEARCH DICTIONARY words{n}

== what only a superuser may make [superuser alone]
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq, commutator = ===)
ALTER OPERATOR === (int, int) OWNER TO app
SELECT 1 === 1
CREATE OPERATOR FAMILY family USING btree
ALTER OPERATOR FAMILY family USING btree RENAME TO families
CREATE OPERATOR CLASS class FOR TYPE int USING btree FAMILY families AS OPERATOR 3 ===, FUNCTION 1 btint4cmp(int, int)
ALTER OPERATOR CLASS class USING btree RENAME TO classes
DROP OPERATOR CLASS classes USING btree
DROP OPERATOR FAMILY families USING btree
DROP OPERATOR === (int, int)
CREATE TYPE shell
CREATE FUNCTION shell_in(cstring) RETURNS shell LANGUAGE internal IMMUTABLE STRICT AS 'int4in'
CREATE FUNCTION shell_out(shell) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'
CREATE TYPE shell (input = shell_in, output = shell_out, like = int)
CREATE CAST (shell AS int) WITHOUT FUNCTION AS IMPLICIT
SELECT '7'::shell + 1
DROP CAST (shell AS int)
DROP TYPE shell CASCADE
CREATE LANGUAGE sqlish HANDLER plpgsql_call_handler
ALTER LANGUAGE sqlish RENAME TO sqly
DROP LANGUAGE sqly
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler
CREATE TABLE in_heap2 (a int) USING heap2
DROP TABLE in_heap2
DROP ACCESS METHOD heap2
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'told of %', tg_tag; END $$
CREATE EVENT TRIGGER tells ON ddl_command_end EXECUTE FUNCTION told()
CREATE TABLE told_of (a int)
ALTER EVENT TRIGGER tells DISABLE
DROP TABLE told_of
DROP EVENT TRIGGER tells
DROP FUNCTION told()
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))
DROP TRANSFORM IF EXISTS FOR int LANGUAGE sql
CREATE TEXT SEARCH PARSER parses (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)
ALTER TEXT SEARCH PARSER parses RENAME TO parsed
DROP TEXT SEARCH PARSER parsed
CREATE TEXT SEARCH TEMPLATE plain (LEXIZE = dsimple_lexize)
ALTER TEXT SEARCH TEMPLATE plain RENAME TO plainer
DROP TEXT SEARCH TEMPLATE plainer
SECURITY LABEL ON TABLE pg_class IS 'none'
CREATE EXTENSION pgcrypto
SELECT encode(digest('x', 'md5'), 'hex')
ALTER EXTENSION pgcrypto UPDATE
CREATE EXTENSION IF NOT EXISTS pgcrypto
DROP EXTENSION pgcrypto

== foreign data [superuser alone]
CREATE FOREIGN DATA WRAPPER nothing
ALTER FOREIGN DATA WRAPPER nothing OPTIONS (a 'b')
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing
ALTER SERVER nowhere VERSION '2'
CREATE USER MAPPING FOR app SERVER nowhere OPTIONS (x 'y')
ALTER USER MAPPING FOR app SERVER nowhere OPTIONS (SET x 'z')
CREATE FOREIGN TABLE far (a int) SERVER nowhere
ALTER FOREIGN TABLE far ADD b int
SELECT * FROM far
IMPORT FOREIGN SCHEMA s FROM SERVER nowhere INTO public
DROP FOREIGN TABLE far
DROP USER MAPPING FOR app SERVER nowhere
DROP SERVER nowhere
DROP FOREIGN DATA WRAPPER nothing
CREATE SUBSCRIPTION subscribed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)
ALTER SUBSCRIPTION subscribed SET (slot_name = NONE)
DROP SUBSCRIPTION subscribed
