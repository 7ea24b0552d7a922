# Reading and writing rows.

== SELECT in its forms [pins]
SELECT
SELECT 1 AS a, 'x', NULL, ''
TABLE pg_catalog.pg_am
VALUES (1, 'a'), (2, NULL)
SELECT * FROM generate_series(1, 5) g WHERE g % 2 = 1 ORDER BY g DESC LIMIT 2 OFFSET 1
SELECT a, count(*) FILTER (WHERE b > 1), sum(b) OVER (ORDER BY a) FROM (VALUES (1, 1), (1, 2), (2, 3)) v (a, b) GROUP BY a, b ORDER BY 1, 2
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT array_agg(n) FROM r
SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 EXCEPT SELECT 3 ORDER BY 1
SELECT DISTINCT ON (a) a, b FROM (VALUES (1, 2), (1, 1)) v (a, b) ORDER BY a, b
SELECT x FROM LATERAL (SELECT 1 AS x) l CROSS JOIN ROWS FROM (generate_series(1, 2), generate_series(3, 5)) r
SELECT GROUPING(a), a FROM (VALUES (1), (2)) v (a) GROUP BY ROLLUP (a) ORDER BY 1, 2
SELECT 'a' FETCH FIRST ROW WITH TIES
SELECT 1/0
SELECT nobody
SELEC 1
SELECT 'unterminated
SELECT $1

== types
SELECT 1::int2, 2::int4, 3::int8, 1.5::numeric, 1.5::float4, 2.5::float8, true, 'x'::char, 'name'::name
SELECT '{1,2}'::int[], '{"a": [1]}'::jsonb, '<a/>'::xml, '10.0.0.1/8'::cidr, '(1,2)'::point, '[1,5)'::int4range, B'101', '\x41'::bytea
SELECT 'a'::text || NULL, repeat('long', 5000), E'tab\there', U&'\0041', $tag$dollar$tag$
SELECT ROW(1, 'a'), ARRAY[[1, 2], [3, 4]], '2026-11-25'::date, '10:00'::time, '1 day'::interval, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid
SELECT 'grüße', '€', '🐘', length('🐘')
SELECT pg_typeof('now'::timestamptz), 'nan'::float8, '-infinity'::date

== writing
CREATE TABLE written{n} (a int PRIMARY KEY, b text DEFAULT 'none' CHECK (b <> 'bad'))
INSERT INTO written{n} VALUES (1, 'one'), (2, 'two') RETURNING *
INSERT INTO written{n} (a) VALUES (3)
INSERT INTO written{n} DEFAULT VALUES
INSERT INTO written{n} VALUES (1, 'again')
INSERT INTO written{n} VALUES (1, 'again') ON CONFLICT (a) DO UPDATE SET b = excluded.b || written{n}.b RETURNING b
INSERT INTO written{n} VALUES (1, 'x') ON CONFLICT DO NOTHING
INSERT INTO written{n} VALUES (9, 'bad')
UPDATE written{n} SET b = upper(b) WHERE a > 1 RETURNING a, b
UPDATE written{n} SET b = 'x' FROM (VALUES (2)) v (k) WHERE a = k
DELETE FROM written{n} WHERE a = 2 RETURNING b
WITH gone AS (DELETE FROM written{n} WHERE a = 3 RETURNING *) INSERT INTO written{n} SELECT a + 10, b FROM gone RETURNING a
MERGE INTO written{n} t USING (VALUES (1, 'm'), (20, 'n')) s (a, b) ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)
SELECT * FROM written{n} ORDER BY a
SELECT a INTO selected{n} FROM written{n}
SELECT count(*) FROM selected{n}
TRUNCATE written{n}
SELECT count(*) FROM written{n}
TRUNCATE TABLE ONLY written{n}, selected{n} CASCADE
DROP TABLE written{n}, selected{n}

== COPY
CREATE TABLE copied{n} (a int, b text)
COPY copied{n} FROM STDIN <<< 1\tone\n2\t\\N\n3\tthree\n
COPY copied{n} TO STDOUT
COPY (SELECT a, b FROM copied{n} ORDER BY a DESC) TO STDOUT WITH (FORMAT csv, HEADER)
COPY copied{n} (a) FROM STDIN WITH (FORMAT csv) <<< 4\n5\n
COPY copied{n} FROM STDIN <<< x\ty\n
COPY copied{n} FROM STDIN <<< 6
COPY copied{n} FROM STDIN <<<
SELECT count(*), sum(a) FROM copied{n}
BEGIN
COPY copied{n} FROM STDIN <<< 7\tseven\n
SELECT count(*) FROM copied{n}
ROLLBACK
COPY nobody{n} TO STDOUT
COPY copied{n} TO '/nowhere/file'
COPY (SELECT 1) TO PROGRAM 'true'
COPY copied{n} TO STDOUT (FORMAT nonsense)
DROP TABLE copied{n}

== EXPLAIN
EXPLAIN (COSTS OFF) SELECT 1
EXPLAIN (COSTS OFF, FORMAT json) SELECT generate_series(1, 2)
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1
CREATE TABLE explained{n} (a int)
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO explained{n} VALUES (1)
SELECT count(*) FROM explained{n}
EXPLAIN (COSTS OFF) DELETE FROM explained{n}
EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR SELECT 1
EXPLAIN (COSTS OFF) CREATE TABLE never{n} AS SELECT 1
EXPLAIN nonsense
DROP TABLE explained{n}

== large objects
BEGIN
SELECT lo_from_bytea(40000{n}, '\x414243')
SELECT lo_open(40000{n}, 393216)
SELECT loread(0, 2)
SELECT lowrite(0, 'x')
SELECT lo_lseek(0, 0, 0)
SELECT loread(0, 9)
SELECT lo_close(0)
COMMIT
SELECT lo_get(40000{n})
SELECT lo_put(40000{n}, 1, 'zz')
SELECT lo_get(40000{n}, 0, 3)
COMMENT ON LARGE OBJECT 40000{n} IS 'mine'
ALTER LARGE OBJECT 40000{n} OWNER TO app
GRANT SELECT ON LARGE OBJECT 40000{n} TO scene_a
SELECT lo_unlink(40000{n})
SELECT lo_get(40000{n})

== several in one string
SELECT 1; SELECT 2, 3; SELECT 'x' WHERE false
SELECT 1; SELECT 1/0; SELECT 2
BEGIN; SELECT 1; COMMIT; SELECT 2
SELECT 1; BEGIN; SELECT 2
ROLLBACK; SELECT 3
BEGIN; SELECT 1/0; COMMIT
ROLLBACK
SELECT 1; COMMIT; SELECT 1/0
CREATE TABLE strung{n} (a int); INSERT INTO strung{n} VALUES (1); SELECT * FROM strung{n}; DROP TABLE strung{n}
INSERT INTO nobody{n} VALUES (1); SELECT 1
;
;;SELECT 1;;
-- a comment
/* a /* nested */ comment */ SELECT 'seen' -- to the end

== comments and odd spellings
/* lead */ select 1
sElEcT/**/2
	 SELECT 3  ;
SELECT 1 AS "Quoted ""Name"""
SELECT E'\x41\u00e4', 'a' 'b'
(SELECT 1) UNION ALL (SELECT 2)
SELECT 'it''s', $$a'b$$
