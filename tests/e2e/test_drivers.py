"""Drivers that prepare, pipeline and introspect by themselves: asyncpg, psycopg 3, Perl's DBD::Pg. Each plays a scene
directly and through the gateway, with fewer server connections than the scene has clients; both must tell the same."""

import asyncio
import contextlib
import datetime
import decimal
import os
import subprocess
import threading

import asyncpg
import psycopg
import pytest

import cluster as pg
from cluster import PASSWORD

CLIENTS = 6


@pytest.fixture(scope="module")
def ports(cluster, build):
    """Of the primary, and of a gateway that has two server connections for each node."""
    with pg.Howdah(cluster, build, default_pool_size=2) as gateway:
        yield cluster.primary.port, gateway.port


class Undone(Exception):
    """Makes a driver roll back."""


def all_at_once(client, port):
    """What each of CLIENTS threads has to tell of its part of the scene."""
    told = [None] * CLIENTS

    def run(number):
        told[number] = client(port, number)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


# ---- asyncpg: binary formats, one Parse for many Binds, types looked up in the catalog

ASYNCPG_VALUES = [
    ("int8", 2**40), ("numeric", decimal.Decimal("12.50")), ("text", "täxt"), ("bytea", b"\0\1"), ("bool", True),
    ("timestamptz", datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)), ("int4[]", [1, None, 3]),
    ("jsonb", '{"a": 1}'), ("interval", datetime.timedelta(days=3, seconds=7)),
]


async def asyncpg_client(port, number):
    connection = await asyncpg.connect(host="127.0.0.1", port=port, user="app", password=PASSWORD, database="app")
    table, mood = f"asyncpg_{number}", f"asyncpg_mood_{number}"
    told = [await connection.fetchval(f"SELECT $1::{name}", value) for name, value in ASYNCPG_VALUES]
    product = await connection.prepare("SELECT g, g * $1::int4 AS product FROM generate_series(1, $2::int4) g")
    told.append([attribute.name for attribute in product.get_attributes()])
    told += [[tuple(row) for row in await product.fetch(number, limit)] for limit in (3, 1, 2)]

    named = await connection.prepare(f"SELECT {number} AS number, 'x'", name="named")  # the same name for all, of other things
    told.append([tuple(row) for row in await connection.fetch("EXECUTE named")] + [named.get_query()])

    await connection.execute(f"CREATE TYPE {mood} AS ENUM ('sad', 'happy'); "
                             f"CREATE TABLE {table} (id int PRIMARY KEY, mood {mood}, note text)")
    await connection.executemany(f"INSERT INTO {table} VALUES ($1, $2, $3)", [(i, "happy", f"n{i}") for i in range(20)])
    with pytest.raises(asyncpg.UniqueViolationError):  # one batch, one implicit transaction
        await connection.executemany(f"INSERT INTO {table} VALUES ($1, $2, $3)", [(i, "sad", "") for i in (50, 51, 7, 52)])
    told.append(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    told.append(await connection.copy_records_to_table(table, records=[(100, "sad", None)]))
    with contextlib.suppress(Undone):
        async with connection.transaction():
            await connection.execute(f"UPDATE {table} SET note = 'changed'")
            try:
                async with connection.transaction():  # a savepoint
                    await connection.execute(f"INSERT INTO {table} VALUES (100)")
            except asyncpg.UniqueViolationError as error:
                told.append((error.sqlstate, error.constraint_name))
            told.append(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE note = 'changed'"))
            raise Undone
    async with connection.transaction():
        told.append([tuple(row) async for row in connection.cursor(f"SELECT id, mood FROM {table} ORDER BY id", prefetch=4)])
    told.append(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE note = 'changed'"))

    await connection.execute("SET application_name = 'driver'")
    told.append(await connection.fetchval("SHOW application_name"))
    await connection.reset()
    told.append(await connection.fetchval("SHOW application_name"))
    with pytest.raises(asyncio.TimeoutError):  # it sends a cancel request
        await connection.fetchval("SELECT pg_sleep(60)", timeout=0.2)
    told.append(await connection.fetchval("SELECT 'still here'"))
    await connection.execute(f"DROP TABLE {table}; DROP TYPE {mood}")
    await connection.close()
    return told


def test_asyncpg_tells_no_difference(ports):
    async def scene(port):
        return await asyncio.gather(*(asyncpg_client(port, number) for number in range(CLIENTS)))
    direct, through = (asyncio.run(scene(port)) for port in ports)
    assert through == direct


# ---- psycopg 3: prepares what is repeated, pipelines, streams

def psycopg_client(port, number):
    table = f"psycopg_{number}"
    dsn = f"host=127.0.0.1 port={port} user=app password={PASSWORD} dbname=app"
    with psycopg.connect(dsn, prepare_threshold=1, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, t text)")
        told = [connection.execute("SELECT %s::int + %s::int", (i, number), binary=True).fetchone() for i in range(8)]
        with connection.pipeline(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s) RETURNING id", [(i, "x" * i) for i in range(30)],
                               returning=True)
            told.append(cursor.fetchone())
            told.append(connection.execute(f"SELECT count(*) FROM {table}").fetchone())
        try:
            with connection.pipeline():
                connection.execute(f"INSERT INTO {table} VALUES (1000)")
                connection.execute(f"INSERT INTO {table} VALUES (1)")
        except psycopg.errors.UniqueViolation as error:
            told.append((error.sqlstate, error.diag.constraint_name))
        told.append(connection.execute(f"SELECT count(*) FROM {table} WHERE id = 1000").fetchone())
        with connection.pipeline() as pipeline:  # reads between writes, in two implicit transactions and an explicit one
            steps = [connection.execute(f"UPDATE {table} SET t = t || 'y' WHERE id < 5 RETURNING t"),
                     connection.execute(f"SELECT t FROM {table} WHERE id < 5 ORDER BY id")]
            pipeline.sync()
            steps.append(connection.execute(f"SELECT count(*) FROM {table} WHERE t LIKE '%y'"))
            with connection.transaction():
                steps.append(connection.execute(f"DELETE FROM {table} WHERE id = 4"))
                steps.append(connection.execute(f"SELECT count(*) FROM {table}"))
            steps.append(connection.execute(f"SELECT max(id) FROM {table}"))
            told += [sorted(cursor.fetchall()) if cursor.description else cursor.statusmessage for cursor in steps]
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write_row((2000, "copied"))
        with connection.cursor().copy(f"COPY (SELECT * FROM {table} ORDER BY id) TO STDOUT") as copy:
            told.append(list(copy.rows())[-1])
        with connection.transaction(), connection.cursor(name="walk") as cursor:
            cursor.execute(f"SELECT id FROM {table} ORDER BY id")
            told += [cursor.fetchmany(5), cursor.fetchmany(5)]
            connection.execute("SAVEPOINT s")
        told.append([row for row in connection.cursor().stream("SELECT generate_series(1, 5)")])
        connection.execute(f"DROP TABLE {table}")
    return told


def test_psycopg_3_tells_no_difference(ports):
    direct, through = (all_at_once(psycopg_client, port) for port in ports)
    assert None not in direct and through == direct


# ---- DBD::Pg: names its statements itself, asks for lastval()

PERL = r"""
use strict; use warnings; use DBI;
my ($port, $number) = @ARGV;
my $db = DBI->connect("dbi:Pg:host=127.0.0.1;port=$port;dbname=app", "app", $ENV{PGPASSWORD},
                      {RaiseError => 1, PrintError => 0, AutoCommit => 1});
my $table = "perl_$number";
$db->do("CREATE TABLE $table (id serial PRIMARY KEY, t text)");
my $insert = $db->prepare("INSERT INTO $table (t) VALUES (?)");
$db->begin_work;
for my $word (qw(one two three)) { $insert->execute($word); }
print "last ", $db->last_insert_id(undef, undef, $table, undef), "\n";
$db->commit;
my $select = $db->prepare("SELECT id, t FROM $table WHERE id >= ? ORDER BY id");
for my $from (1, 2, 3) {
  $select->execute($from);
  print join(",", map { "@$_" } @{$select->fetchall_arrayref}), "\n";
}
$db->begin_work;
$insert->execute("four");
$db->pg_savepoint("s");
eval { $db->do("INSERT INTO $table VALUES (1, 'again')"); };
print "state ", $db->state, "\n";
$db->pg_rollback_to("s");
$db->rollback;
print "count ", $db->selectrow_array("SELECT count(*) FROM $table"), "\n";
print "columns ", join(",", map { $_->[3] } @{$db->column_info(undef, undef, $table, undef)->fetchall_arrayref}), "\n";
$db->do("DROP TABLE $table");
"""


def perl_client(port, number):
    done = subprocess.run(["perl", "-e", PERL, str(port), str(number)], text=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={**os.environ, "PGPASSWORD": PASSWORD})
    return done.stdout + done.stderr


def test_perl_dbd_pg_tells_no_difference(ports):
    direct, through = (all_at_once(perl_client, port) for port in ports)
    assert "count 3" in direct[0] and through == direct
