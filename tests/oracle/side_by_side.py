#!/usr/bin/env python3
"""Whether psql scripts print through Howdah, pooling and routing, what they print on PostgreSQL itself. One script after the
other in one database of each; what differs is shown."""

import argparse
import contextlib
import difflib
import os
import pathlib
import re
import subprocess
import sys

from oracle import DATABASE, PROJECT, USER, schedule_of, trusting

import cluster as pg  # by the path that oracle has set

# What PostgreSQL's own regression tests ask for (pg_regress.c).
ENVIRONMENT = {"PGTZ": "PST8PDT", "PGDATESTYLE": "Postgres, MDY", "PGOPTIONS": "-c intervalstyle=postgres_verbose", "LC_ALL": "C"}
SETTINGS = {"max_prepared_transactions": 10, "wal_level": "logical", "max_standby_streaming_delay": "-1"}


def output_of(script, port):
    environment = {**os.environ, **ENVIRONMENT, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": USER, "PGDATABASE": DATABASE}
    with open(script, encoding="utf-8", errors="surrogateescape") as text:
        done = subprocess.run([pg.PG_BIN / "psql", "-X", "-a", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"],
                              stdin=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, timeout=600)
    return re.sub(r"\bPID \d+", "PID", done.stdout.decode(errors="replace")).splitlines()


@contextlib.contextmanager
def ports(build):
    """Of PostgreSQL itself and of a Howdah in front of other servers."""
    with pg.Cluster(replicas=0, **SETTINGS) as alone, pg.Cluster(replicas=1, **SETTINGS) as behind:
        for cluster in (alone, behind):
            trusting(cluster)
            cluster.primary.query(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        with pg.Howdah(behind, build, pool_hba="host all all 127.0.0.1/32 trust\n") as howdah:
            yield alone.primary.port, howdah.port


def differences(build, scripts):
    """For each script the lines of a diff: what PostgreSQL prints (-), what comes through Howdah (+)."""
    with ports(build) as (direct, through):
        for script in scripts:
            lines = difflib.unified_diff(output_of(script, direct), output_of(script, through), "PostgreSQL", "Howdah", lineterm="")
            yield script, list(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=PROJECT / "build" / "release")
    parser.add_argument("--schedule", type=pathlib.Path, help="a pg_regress schedule: which scripts, in which order")
    arguments = parser.parse_args()
    names = schedule_of(arguments.schedule) if arguments.schedule else sorted(path.stem for path in arguments.folder.glob("*.sql"))
    found = 0
    for script, lines in differences(arguments.build, [arguments.folder / f"{name}.sql" for name in names]):
        found += bool(lines)
        print("\n".join([f"{script.name}: {'as PostgreSQL' if not lines else 'differs'}", *lines]), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
