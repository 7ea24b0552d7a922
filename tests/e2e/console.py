"""Asking PgBouncer's console, whichever's it is."""

import contextlib

import psycopg2
import pytest

import cluster as pg

CONSOLE = {"admin_users": "app", "stats_users": "howdah"}


def ask(port, sql, **options):
    """Column names with types, rows, tag."""
    with contextlib.closing(pg.connect(port, database="pgbouncer", **options)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        shape = [(column[0], column[1]) for column in cursor.description or []]
        return shape, cursor.fetchall() if shape else [], cursor.statusmessage


def rows(gateway, sql, **options):
    shape, found, _ = ask(gateway.port, sql, **options)
    return [dict(zip([name for name, _ in shape], row)) for row in found]


def refusal(port, sql, **options):
    with pytest.raises(psycopg2.Error) as caught:
        ask(port, sql, **options)
    return str(caught.value).splitlines()[0], caught.value.pgcode
