# Tables and what belongs to them.

== tables and columns
CREATE TABLE columns{n} (a int NOT NULL, b text COLLATE "C", c numeric(5, 2) GENERATED ALWAYS AS (a * 2) STORED, UNIQUE (a, b))
CREATE TABLE IF NOT EXISTS columns{n} (a int)
CREATE TABLE columns{n} (a int)
INSERT INTO columns{n} VALUES (1, 'x') RETURNING c
ALTER TABLE columns{n} ADD COLUMN d date DEFAULT '2026-01-01', ALTER b SET DEFAULT 'b', ALTER a TYPE bigint
SELECT * FROM columns{n}
ALTER TABLE columns{n} RENAME COLUMN d TO e
ALTER TABLE columns{n} DROP COLUMN e
ALTER TABLE columns{n} ADD CONSTRAINT positive CHECK (a > 0) NOT VALID
ALTER TABLE columns{n} VALIDATE CONSTRAINT positive
INSERT INTO columns{n} VALUES (-1, 'x')
ALTER TABLE columns{n} DROP CONSTRAINT positive
ALTER TABLE columns{n} RENAME TO renamed{n}
COMMENT ON TABLE renamed{n} IS 'of client {n}'
COMMENT ON COLUMN renamed{n}.a IS NULL
SELECT obj_description('renamed{n}'::regclass)
ALTER TABLE nobody{n} ADD a int
DROP TABLE renamed{n}
DROP TABLE renamed{n}
DROP TABLE IF EXISTS renamed{n}

== keys
CREATE TABLE parent{n} (id int PRIMARY KEY)
CREATE TABLE child{n} (id int REFERENCES parent{n} ON DELETE CASCADE, x int)
INSERT INTO child{n} VALUES (1, 1)
INSERT INTO parent{n} VALUES (1)
INSERT INTO child{n} VALUES (1, 1)
DELETE FROM parent{n}
SELECT count(*) FROM child{n}
DROP TABLE parent{n}
DROP TABLE parent{n} CASCADE
DROP TABLE child{n}

== partitions and inheritance
CREATE TABLE parted{n} (a int, b text) PARTITION BY RANGE (a)
CREATE TABLE parted{n}_1 PARTITION OF parted{n} FOR VALUES FROM (0) TO (10)
CREATE TABLE parted{n}_2 (a int, b text)
ALTER TABLE parted{n} ATTACH PARTITION parted{n}_2 FOR VALUES FROM (10) TO (20)
INSERT INTO parted{n} VALUES (5, 'x'), (15, 'y')
INSERT INTO parted{n} VALUES (25, 'z')
SELECT tableoid::regclass, a FROM parted{n} ORDER BY a
ALTER TABLE parted{n} DETACH PARTITION parted{n}_1
SELECT count(*) FROM parted{n}
CREATE TABLE heir{n} (c int) INHERITS (parted{n}_1)
SELECT count(*) FROM ONLY parted{n}_1
DROP TABLE heir{n}, parted{n}_1, parted{n}

== indexes
CREATE TABLE indexed{n} (a int, b text)
INSERT INTO indexed{n} SELECT g, g::text FROM generate_series(1, 20) g
CREATE INDEX indexed{n}_a ON indexed{n} (a)
CREATE UNIQUE INDEX CONCURRENTLY indexed{n}_b ON indexed{n} USING btree (lower(b)) WHERE a > 0
CREATE INDEX IF NOT EXISTS indexed{n}_a ON indexed{n} (a)
ALTER INDEX indexed{n}_a RENAME TO indexed{n}_c
ALTER INDEX indexed{n}_c SET (fillfactor = 70)
CLUSTER indexed{n} USING indexed{n}_c
REINDEX INDEX indexed{n}_c
REINDEX TABLE CONCURRENTLY indexed{n}
BEGIN
CREATE INDEX CONCURRENTLY nope{n} ON indexed{n} (a)
ROLLBACK
CREATE STATISTICS stat{n} (dependencies) ON a, b FROM indexed{n}
ALTER STATISTICS stat{n} SET STATISTICS 10
ANALYZE indexed{n}
VACUUM indexed{n}
VACUUM (FULL, ANALYZE) indexed{n}
BEGIN
VACUUM indexed{n}
ROLLBACK
SELECT count(*) FROM indexed{n} WHERE a = 5
DROP STATISTICS stat{n}
DROP INDEX CONCURRENTLY indexed{n}_b
DROP INDEX indexed{n}_c
DROP TABLE indexed{n}

== views
CREATE VIEW viewed{n} AS SELECT {n} AS a
CREATE OR REPLACE VIEW viewed{n} AS SELECT {n} AS a, 'b'::text AS b
SELECT * FROM viewed{n}
ALTER VIEW viewed{n} ALTER COLUMN b SET DEFAULT 'x'
ALTER VIEW viewed{n} RENAME TO reviewed{n}
CREATE RULE viewing AS ON INSERT TO reviewed{n} DO INSTEAD NOTIFY nobody
INSERT INTO reviewed{n} VALUES (1, 'x')
ALTER RULE viewing ON reviewed{n} RENAME TO viewing2
DROP RULE viewing2 ON reviewed{n}
INSERT INTO reviewed{n} VALUES (1, 'x')
CREATE MATERIALIZED VIEW kept{n} AS SELECT a FROM reviewed{n} WITH NO DATA
SELECT * FROM kept{n}
REFRESH MATERIALIZED VIEW kept{n}
SELECT * FROM kept{n}
CREATE UNIQUE INDEX ON kept{n} (a)
REFRESH MATERIALIZED VIEW CONCURRENTLY kept{n}
ALTER MATERIALIZED VIEW kept{n} RENAME TO kept_{n}
DROP MATERIALIZED VIEW kept_{n}
DROP VIEW reviewed{n}

== CREATE TABLE AS
CREATE TABLE as{n} AS SELECT generate_series(1, 3) AS a
CREATE TABLE like{n} (LIKE as{n} INCLUDING ALL)
CREATE TABLE values{n} (x) AS VALUES (1), (2)
SELECT count(*) FROM as{n}, values{n}
CREATE UNLOGGED TABLE unlogged{n} AS TABLE as{n} WITH NO DATA
SELECT count(*) FROM unlogged{n}
DROP TABLE as{n}, like{n}, values{n}, unlogged{n}

== schemas
CREATE SCHEMA schema{n} CREATE TABLE t (a int) CREATE VIEW v AS SELECT a FROM t
INSERT INTO schema{n}.t VALUES (1)
SELECT * FROM schema{n}.v
SET search_path = schema{n}
SELECT * FROM t
ALTER SCHEMA schema{n} RENAME TO other{n}
SELECT * FROM t
SET search_path = other{n}
SELECT a FROM t
ALTER TABLE t SET SCHEMA public
SELECT a FROM t
RESET search_path
DROP TABLE t CASCADE
DROP SCHEMA other{n} CASCADE

== sequences as objects
CREATE SEQUENCE IF NOT EXISTS counted{n} INCREMENT 5 START 10 OWNED BY NONE
ALTER SEQUENCE counted{n} INCREMENT BY 2 CYCLE
SELECT last_value, is_called FROM counted{n}
ALTER SEQUENCE counted{n} RENAME TO recounted{n}
DROP SEQUENCE recounted{n}

== row security
CREATE TABLE secured{n} (who text)
INSERT INTO secured{n} VALUES ('scene_a'), ('scene_b')
ALTER TABLE secured{n} ENABLE ROW LEVEL SECURITY
CREATE POLICY own{n} ON secured{n} FOR SELECT USING (who = current_user)
ALTER POLICY own{n} ON secured{n} RENAME TO own_{n}
GRANT SELECT ON secured{n} TO scene_a, scene_b
SET ROLE scene_a
SELECT * FROM secured{n}
SET ROLE scene_b
SELECT * FROM secured{n}
SET row_security = off
SELECT * FROM secured{n}
RESET ALL
RESET ROLE
DROP POLICY own_{n} ON secured{n}
DROP TABLE secured{n}

== publications
CREATE TABLE published{n} (a int)
CREATE PUBLICATION pub{n} FOR TABLE published{n}
ALTER PUBLICATION pub{n} SET (publish = 'insert')
DROP PUBLICATION pub{n}
DROP TABLE published{n}

== privileges
CREATE TABLE granted{n} (a int, b int)
GRANT SELECT (a), INSERT ON granted{n} TO scene_a
SET ROLE scene_a
SELECT a FROM granted{n}
SELECT b FROM granted{n}
RESET ROLE
REVOKE ALL ON granted{n} FROM scene_a
SET ROLE scene_a
SELECT a FROM granted{n}
RESET ROLE
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO scene_a
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM scene_a
DROP TABLE granted{n}
