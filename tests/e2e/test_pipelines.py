"""Seeded random pipelines of reads and writes, over replicas that replay late: each answer is the one PostgreSQL itself gives,
in its order. So reads see the writes before them, an error skips to the Sync, and an implicit transaction is undone whole."""

import contextlib
import random

import pytest

from lag import caught_up, delayed, wait_for_replicas
import cluster as pg
import scene_plays
import scenes
import wire
from scene_plays import cluster  # noqa: F401 (fixture)

CLIENTS = 2
PIPELINES = 60
READS = ["SELECT count(*), coalesce(sum(n), 0) FROM {t}", "SELECT id, n FROM {t} ORDER BY id LIMIT 3", "SHOW transaction_isolation",
         "TABLE {t}", "VALUES (1, 'x')", "SELECT n FROM {v}", "EXPLAIN (COSTS OFF) SELECT 1"]
WRITES = ["INSERT INTO {t} (n) VALUES (7) RETURNING id", "UPDATE {t} SET n = n + 1 RETURNING n", "DELETE FROM {t} WHERE id % 3 = 0",
          "SELECT note('{t}')", "WITH w AS (INSERT INTO {t} (n) VALUES (1) RETURNING n) SELECT n FROM w", "SELECT id FROM {t} FOR UPDATE"]
ERRORS = ["SELECT 1/0", "SELEC 1", "SELECT nobody FROM {t}", "INSERT INTO {t} VALUES (1, 1), (1, 2)", "SELECT n/0 FROM {t} UNION SELECT 1/0"]
CONTROLS = ["BEGIN", "BEGIN READ ONLY", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "COMMIT AND CHAIN",
            "SET LOCAL work_mem = '3MB'", "SHOW work_mem"]


@pytest.fixture(scope="module", autouse=True)
def tables(cluster):  # noqa: F811
    for database in ("app", scene_plays.DIRECT):
        for client in range(CLIENTS):
            pg.query(cluster.primary.port, f"CREATE TABLE piped_{client} (id serial PRIMARY KEY, n int); "
                     f"CREATE VIEW piped_view_{client} AS SELECT n FROM piped_{client} ORDER BY id", database=database)
        pg.query(cluster.primary.port, "CREATE FUNCTION note(t regclass) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE c bigint; BEGIN "
                 "EXECUTE format('INSERT INTO %s (n) VALUES (100)', t); EXECUTE format('SELECT count(*) FROM %s', t) INTO c; RETURN c; END $$",
                 database=database)
    wait_for_replicas(cluster)
    with delayed(cluster.nodes[1:], cluster, "100ms"):
        yield


class Author:
    """Writes the pipelines of one client."""

    def __init__(self, chance, number):
        self.chance = chance
        self.names = {"t": f"piped_{number}", "v": f"piped_view_{number}"}
        self.is_named = False

    def text(self):
        kinds, weights = (READS, WRITES, ERRORS, CONTROLS), (9, 6, 1, 3)
        return self.chance.choice(self.chance.choices(kinds, weights)[0]).format(**self.names)

    def said(self, sql):
        """As drivers say it: unnamed, by a portal in pieces, or described first."""
        form = self.chance.random()
        if form < 0.15 and sql.startswith(("SELECT", "TABLE", "VALUES")):
            return [wire.parse(sql), wire.bind(portal="p"), wire.execute("p", 1), wire.execute("p"), wire.close(b"P", "p")]
        if form < 0.5:
            return scenes.run(sql)
        return [wire.parse(sql), wire.bind(), wire.execute()]

    def prepared(self):
        """One Parse for many, as executemany does."""
        parts = []
        if not self.is_named:
            self.is_named = True
            parts = [wire.parse("INSERT INTO {t} VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = $2 RETURNING n".format(**self.names), "many"),
                     wire.parse("SELECT n FROM {t} WHERE id = $1".format(**self.names), "one"), wire.SYNC]
        for key in self.chance.choices(range(1, 9), k=3):
            value = self.chance.choice([b"1", b"22", b"x"]) if self.chance.random() < 0.2 else b"5"
            parts += [wire.bind([str(key).encode(), value], statement="many"), wire.execute(), wire.bind([str(key).encode()], statement="one"),
                      wire.execute()]
        return parts

    def batch(self):
        parts = []
        for _ in range(self.chance.randint(1, 5)):
            parts += self.prepared() if self.chance.random() < 0.15 else self.said(self.text())
            if self.chance.random() < 0.1:
                parts.append(wire.FLUSH)
        return [*parts, wire.SYNC]

    def read_only(self):
        """A transaction, with the Syncs before its beginning and behind its end that it needs to begin and end on a replica."""
        inside = [part for _ in range(self.chance.randint(1, 3)) for part in self.said(self.chance.choice(READS).format(**self.names))]
        return [wire.query("ROLLBACK"), wire.query("BEGIN READ ONLY"), *inside, wire.SYNC, wire.query(self.chance.choice(["COMMIT", "ROLLBACK"]))]

    def pipeline(self, is_read_only):
        parts = self.read_only() if is_read_only or self.chance.random() < 0.15 else []
        for _ in range(self.chance.randint(1, 4)):
            parts += [wire.query(self.text())] if self.chance.random() < 0.15 else self.batch()
        count = sum(part[:1] in (b"S", b"Q") for part in parts)
        return scenes.Request(parts, [], count=count)


def shown(request):
    return [part[:90] for part in request.parts]


@pytest.mark.parametrize("settings", [
    {}, {"load_balance_transactions": "on"}, {"read_consistency": "global", "statement_level_load_balance": "on"},
    {"disable_load_balance_on_write": "dml_adaptive", "default_pool_size": 2,
     "dml_adaptive_object_relationship_list": "piped_0:piped_view_0,piped_1:piped_view_1"}, {"pool_mode": "session"},
    {"commit_safety": "strict", "statement_level_load_balance": "on"},
], ids=lambda settings: "-".join(settings) or "defaults")
@pytest.mark.parametrize("seed", range(2))
def test_random_pipelines_are_answered_as_by_postgresql(cluster, make_gateway, settings, seed):  # noqa: F811
    gateway = make_gateway(**settings)
    chance = random.Random(f"{settings} {seed}")
    for database in ("app", scene_plays.DIRECT):
        pg.query(cluster.primary.port, "TRUNCATE " + ", ".join(f"piped_{client}" for client in range(CLIENTS)) + " RESTART IDENTITY",
                 database=database)
    with contextlib.ExitStack() as stack:
        open_one = lambda port, database: stack.enter_context(contextlib.closing(scenes.Actor(port, database=database)))  # noqa: E731
        people = [(Author(chance, number), open_one(cluster.primary.port, scene_plays.DIRECT), open_one(gateway.port, "app"))
                  for number in range(CLIENTS)]
        told = []
        for turn in range(PIPELINES):
            author, direct, mine = people[turn % CLIENTS]
            is_for_replica = turn % 20 < CLIENTS  # however late the replicas are on a busy machine
            if is_for_replica or chance.random() < 0.2:
                pg.wait_until("replicas caught up", lambda: caught_up(cluster) and is_known_to(gateway))
            request = author.pipeline(is_read_only=is_for_replica)
            told.append(shown(request))
            assert mine.ask(request) == direct.ask(request), (turn, told[-2:])
        for author, direct, mine in people:
            look = scenes.Request([wire.query("ROLLBACK"), wire.query("SELECT * FROM {t} ORDER BY id".format(**author.names))], [], count=2)
            assert mine.ask(look) == direct.ask(look)
    assert used_replicas(gateway), "no read went to a replica: nothing was tested"


def is_known_to(gateway):
    """Else reads that must see everybody's writes hardly ever leave the primary."""
    return all(node["replication_delay"] == "0" for node in gateway.pool_nodes())


def used_replicas(gateway):
    with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW POOL_STATEMENTS")
        column = [c.name for c in cursor.description].index("nodes")
        return any(not part.startswith("0:") for row in cursor.fetchall() for part in row[column].split())
