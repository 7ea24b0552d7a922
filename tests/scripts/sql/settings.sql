# SET, RESET, SHOW and set_config(): a session's own, whoever uses the connection in between.

== set, show, reset
SET work_mem = '{n}MB'
SHOW work_mem
SET SESSION work_mem TO 7000
SHOW work_mem
SET work_mem TO DEFAULT
SHOW work_mem
SET work_mem = '5MB'
RESET work_mem
SHOW work_mem
SET work_mem = 'much'
SET nobody_knows_it = 1
SET port = 1
SHOW nobody_knows_it
RESET nobody_knows_it

== lists and quotes
SET search_path TO "A b", public, '$user', pg_catalog
SHOW search_path
SET search_path = ''
SHOW search_path
SELECT current_schemas(false)
SET search_path TO DEFAULT
SHOW search_path
SET SCHEMA 'public'
SHOW search_path
RESET search_path

== names of one's own
SET my.own = 'client {n}'
SHOW my.own
SELECT current_setting('my.own'), current_setting('my.other', true)
SET "my"."Own" = 'it''s \ quoted'
SHOW my.own
SELECT set_config('my.own', 'local', true)
SHOW my.own
BEGIN
SELECT set_config('my.own', 'in {n}', false)
SHOW my.own
ROLLBACK
SHOW my.own
RESET my.own

== local ones end with the transaction
BEGIN
SET LOCAL work_mem = '{n}MB'
SHOW work_mem
SAVEPOINT a
SET LOCAL work_mem = '9MB'
ROLLBACK TO a
SHOW work_mem
COMMIT
SHOW work_mem

== undone with the transaction, and with the savepoint
BEGIN
SET work_mem = '5MB'
SAVEPOINT a
SET work_mem = '6MB'
ROLLBACK TO a
SHOW work_mem
SAVEPOINT b
SET work_mem = '7MB'
RELEASE b
COMMIT
SHOW work_mem
BEGIN
SET work_mem = '8MB'
ROLLBACK
SHOW work_mem
BEGIN
RESET work_mem
SHOW work_mem
ROLLBACK
SHOW work_mem
RESET ALL
SHOW work_mem

== time and its forms
SET TIME ZONE 'Asia/Tokyo'
SHOW TimeZone
SELECT '2026-02-03 04:05:06+00'::timestamptz
SET DateStyle TO SQL, DMY
SELECT '2026-02-03'::date
SET DateStyle TO Postgres
SELECT '2026-02-03 04:05:06+00'::timestamptz
SET IntervalStyle TO sql_standard
SELECT interval '1 year 2 hours'
SET TIME ZONE LOCAL
SHOW TimeZone
SET TIME ZONE -7
SHOW TimeZone
SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE
SELECT '2026-02-03 04:05:06+00'::timestamptz
RESET ALL
SELECT '2026-02-03 04:05:06+00'::timestamptz

== forms of output
SET bytea_output = 'escape'
SELECT '\x0001ff'::bytea
SET extra_float_digits = -3
SELECT 1/3.0::float8
SET xmlbinary = hex
SHOW xmlbinary
SET lc_monetary = 'C'
SELECT 12.5::numeric::money
SET array_nulls = off
SELECT '{NULL}'::text[]
SET quote_all_identifiers = on
SELECT quote_ident('a')
SET escape_string_warning = off
SELECT 'a\b'
DISCARD ALL
SELECT quote_ident('a')

== encodings
SET client_encoding TO 'LATIN1'
SHOW client_encoding
SELECT chr(252)
SET NAMES 'UTF8'
SHOW client_encoding
SELECT chr(252)
SET client_encoding = 'nobody'
RESET client_encoding
SHOW client_encoding

== messages wanted
SET client_min_messages = error
DROP TABLE IF EXISTS nobody{n}
RESET client_min_messages
DROP TABLE IF EXISTS nobody{n}
DO $$ BEGIN RAISE NOTICE 'said %', {n}; END $$
DO $$ BEGIN RAISE WARNING USING MESSAGE = 'warned', DETAIL = 'so', HINT = 'do', ERRCODE = '01234'; END $$
SELECT set_config('client_min_messages', 'warning', false)
DO $$ BEGIN RAISE NOTICE 'not heard'; END $$

== limits of time
SET statement_timeout = '50ms'
SELECT pg_sleep(5)
SET statement_timeout = 0
SELECT 'slow enough' FROM pg_sleep(0.1)
SET lock_timeout = '10s'
SHOW lock_timeout
SET idle_in_transaction_session_timeout = '1min'
SHOW idle_in_transaction_session_timeout
RESET ALL
SHOW lock_timeout

== what steers the planner
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SHOW plan_cache_mode
SET random_page_cost = 1.1
SHOW random_page_cost
SET jit = off
SET geqo_seed = 0.5
SHOW geqo_seed
SET default_statistics_target TO '7'
SHOW default_statistics_target
SET constraint_exclusion = on
SHOW constraint_exclusion
RESET ALL
SHOW enable_seqscan

== set_config
SELECT set_config('work_mem', '{n}MB', false)
SHOW work_mem
SELECT pg_catalog.set_config('work_mem', NULL, false)
SHOW work_mem
SELECT set_config('work_mem', '6MB', true), current_setting('work_mem')
SHOW work_mem
SELECT set_config('work_mem', '5MB', 'f'), set_config('my.own', 'x', false)
SELECT current_setting('work_mem'), current_setting('my.own')
SELECT set_config('work_mem', 'much', false)
SELECT set_config('nobody_knows', 'x', false)
SELECT set_config('search_path', 'a, "B c"', false)
SHOW search_path
RESET ALL

== set_config whose value is made as it runs [pins]
SELECT set_config('work_mem', (4 + {n}) || 'MB', false)
SHOW work_mem
SELECT set_config('my.own', current_user, false)
SHOW my.own
SELECT set_config('work_mem', x, false) FROM (VALUES ('5MB'), ('6MB')) v (x)
SHOW work_mem
DISCARD ALL
SHOW work_mem

== roles
SET ROLE scene_a
SELECT current_user, session_user
SHOW role
BEGIN
SET LOCAL ROLE scene_b
SELECT current_user
COMMIT
SELECT current_user
SET ROLE NONE
SELECT current_user
SET SESSION ROLE 'scene_b'
SELECT current_user
RESET ROLE
SELECT current_user
SET ROLE nobody_knows
BEGIN
SET ROLE scene_a
ROLLBACK
SELECT current_user
SELECT set_config('role', 'scene_a', false)
SELECT current_user
SET ROLE scene_a
DISCARD ALL
SELECT current_user
SET ROLE scene_a
RESET ALL
SELECT current_user

== session authorization [pins]
SET SESSION AUTHORIZATION app
SELECT session_user, current_user
SET SESSION AUTHORIZATION scene_a
RESET SESSION AUTHORIZATION
SELECT session_user, current_user
SET SESSION AUTHORIZATION DEFAULT

== session authorization of a superuser [superuser pins]
SET SESSION AUTHORIZATION scene_a
SELECT session_user, current_user
SET ROLE scene_b
BEGIN
SET LOCAL SESSION AUTHORIZATION scene_b
SELECT session_user
ROLLBACK
SELECT session_user
RESET SESSION AUTHORIZATION
SELECT session_user, current_user
SET SESSION AUTHORIZATION scene_b
SET SESSION AUTHORIZATION DEFAULT
SELECT session_user

== strings read otherwise [pins]
SET standard_conforming_strings = off
SELECT 'a\nb'
SET escape_string_warning = off
SELECT 'a\\b'
RESET standard_conforming_strings
SELECT 'a\nb'
SET backslash_quote = off
SHOW backslash_quote
DISCARD ALL

== settings a function makes for itself
CREATE FUNCTION with_own{n}() RETURNS text LANGUAGE sql STABLE SET work_mem = '9MB' AS $$ SELECT current_setting('work_mem') $$
SELECT with_own{n}()
SHOW work_mem
DROP FUNCTION with_own{n}()

== settings a function leaves [pins]
CREATE FUNCTION leaves{n}() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET work_mem = '9MB'; RETURN 'left'; END $$
SELECT leaves{n}()
SHOW work_mem
RESET ALL
SHOW work_mem
DROP FUNCTION leaves{n}()

== all that is shown
SHOW server_version
SHOW server_encoding
SHOW is_superuser
SHOW session_authorization
SHOW integer_datetimes
SHOW transaction_isolation
SHOW max_connections
SELECT name FROM pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction%' ORDER BY 1

== what pg_settings tells of a session [pins]
SET work_mem = '5MB'
SELECT setting, source, reset_val FROM pg_settings WHERE name = 'work_mem'
UPDATE pg_settings SET setting = '6144' WHERE name = 'work_mem'
SHOW work_mem
RESET work_mem
SELECT setting, source FROM pg_settings WHERE name = 'work_mem'

== seeds of random numbers [pins]
SELECT setseed(0.5)
SELECT random() = random()
SELECT setseed(0.25), random()
SELECT random()
SET seed = 0.25
SELECT random()

== DISCARD
SET work_mem = '5MB'
DISCARD PLANS
DISCARD SEQUENCES
DISCARD TEMP
DISCARD TEMPORARY
SHOW work_mem
BEGIN
DISCARD ALL
ROLLBACK
SHOW work_mem
DISCARD ALL
SHOW work_mem
