-- Every function of PostgreSQL's own that is not volatile and can be called without thinking of arguments, every setting,
-- every view of the server: what is called a read must be answered alike by every node.
SELECT format('SELECT pg_catalog.%I()', proname) FROM pg_proc
 WHERE pronargs = 0 AND provolatile <> 'v' AND prokind = 'f' AND pronamespace = 'pg_catalog'::regnamespace
   AND prorettype <> ALL (ARRAY['trigger', 'event_trigger', 'internal', 'cstring']::regtype[])
 ORDER BY proname \gexec
SELECT DISTINCT format('SELECT * FROM pg_catalog.%I()', proname) FROM pg_proc
 WHERE pronargs = 0 AND proretset AND pronamespace = 'pg_catalog'::regnamespace \gexec
SELECT DISTINCT format('SELECT %I(%L)', proname, CASE proargtypes[0]::regtype::text WHEN 'text' THEN 'postgres' WHEN 'name' THEN 'postgres' WHEN 'pg_lsn' THEN '0/1' WHEN 'bytea' THEN '' WHEN 'boolean' THEN 't' WHEN 'regclass' THEN 'pg_class' ELSE '1' END)
  FROM pg_proc
 WHERE pronargs = 1 AND provolatile <> 'v' AND prokind = 'f' AND pronamespace = 'pg_catalog'::regnamespace
   AND proargtypes[0] = ANY (ARRAY['text', 'name', 'oid', 'regclass', 'integer', 'bigint', 'boolean', 'pg_lsn', 'xid', 'xid8']::regtype[])
   AND prorettype <> ALL (ARRAY['trigger', 'event_trigger', 'internal', 'cstring']::regtype[])
 ORDER BY 1 \gexec
SELECT format('SHOW %s', name) FROM pg_settings ORDER BY name \gexec
SELECT format('SELECT current_setting(%L)', name) FROM pg_settings WHERE name NOT IN ('port', 'cluster_name') ORDER BY name \gexec
SELECT format('SELECT * FROM %s', oid::regclass) FROM pg_class WHERE relkind = 'v' ORDER BY oid \gexec
SHOW ALL;
SELECT current_database(), current_user, session_user, current_schema, current_schemas(true), version();
EXPLAIN SELECT 1;
SHOW TRANSACTION ISOLATION LEVEL;
