# Roles, databases, and the server itself.

== roles [superuser]
CREATE ROLE made{n} LOGIN PASSWORD 'x'
CREATE USER used{n}
CREATE GROUP grouped{n} ROLE made{n}
ALTER ROLE made{n} CONNECTION LIMIT 5
ALTER USER used{n} VALID UNTIL '2030-01-01'
ALTER GROUP grouped{n} ADD USER used{n}
ALTER ROLE made{n} SET work_mem = '9MB'
ALTER ROLE made{n} RESET ALL
ALTER ROLE used{n} RENAME TO reused{n}
GRANT made{n} TO reused{n} WITH ADMIN OPTION
SELECT pg_has_role('reused{n}', 'made{n}', 'member')
REVOKE made{n} FROM reused{n}
CREATE TABLE belongs{n} (a int)
ALTER TABLE belongs{n} OWNER TO made{n}
DROP ROLE made{n}
REASSIGN OWNED BY made{n} TO postgres
DROP OWNED BY made{n}
DROP TABLE belongs{n}
DROP ROLE made{n}
DROP USER reused{n}
DROP GROUP grouped{n}, nobody{n}
DROP GROUP IF EXISTS grouped{n}
CREATE ROLE app

== databases [superuser]
CREATE DATABASE based{n}
CREATE DATABASE based{n}
ALTER DATABASE based{n} SET work_mem = '9MB'
ALTER DATABASE based{n} RENAME TO rebased{n}
ALTER DATABASE rebased{n} WITH CONNECTION LIMIT 5
COMMENT ON DATABASE rebased{n} IS 'of {n}'
CREATE DATABASE copied{n} TEMPLATE rebased{n}
DROP DATABASE copied{n}
DROP DATABASE rebased{n} WITH (FORCE)
DROP DATABASE rebased{n}
DROP DATABASE IF EXISTS rebased{n}
BEGIN
CREATE DATABASE never{n}
ROLLBACK

== tablespaces [superuser alone]
CREATE TABLESPACE spaced LOCATION 'relative'
ALTER TABLESPACE pg_default SET (random_page_cost = 4)
ALTER TABLESPACE pg_default RESET (random_page_cost)
DROP TABLESPACE nobody
CREATE TABLE in_space (a int) TABLESPACE pg_default
DROP TABLE in_space

== the server [superuser alone]
CHECKPOINT
ALTER SYSTEM SET log_min_duration_statement = '10min'
ALTER SYSTEM RESET log_min_duration_statement
BEGIN
ALTER SYSTEM SET work_mem = '5MB'
ROLLBACK
SELECT pg_reload_conf()
VACUUM (DISABLE_PAGE_SKIPPING) pg_catalog.pg_am
ANALYZE pg_catalog.pg_am
REINDEX SYSTEM nobody
REINDEX SCHEMA nobody
CLUSTER
VACUUM ANALYZE pg_catalog.pg_database

== what only others may do [pins]
CREATE ROLE mine{n}
CREATE DATABASE mine{n}
ALTER SYSTEM SET work_mem = '5MB'
CHECKPOINT
LOAD 'auto_explain'
DROP ROLE postgres
COPY pg_class TO '/nowhere/x'
SET SESSION AUTHORIZATION postgres
ALTER ROLE app SUPERUSER
CREATE EXTENSION nobody
CREATE LANGUAGE nobody
SELECT pg_read_file('postgresql.conf')
SELECT count(*) FROM pg_authid
