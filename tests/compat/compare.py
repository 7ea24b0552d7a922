"""`./dev compat`: the cases of cases.py against PostgreSQL itself, Debian's pgpool2 and Howdah, over the same servers. Writes what
was measured into docs/compared.md."""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path[:0] = [str(PROJECT / "tools"), str(HERE)]

import cluster as pg  # noqa: E402  (needs the path above)
from bench import Peers  # noqa: E402
from cases import CASES  # noqa: E402
from play import play  # noqa: E402

HEAD = """# Compared

Small sessions that a read/write splitter may answer wrongly. Measured by `./dev compat`, not asserted: each was run
directly on PostgreSQL, through Debian's pgpool2 and through Howdah, over the same primary and replica, all reads sent to the replica
where the gateway allows it. What PostgreSQL answers is right. The statements are in
[tests/compat/cases.py](../tests/compat/cases.py); in the cases marked *, the replica received and did not replay.

Versions: {versions}.

| case | PostgreSQL | pgpool2 | Howdah |
|---|---|---|---|
{rows}

pgpool2 answered {pgpool} of {all} cases as PostgreSQL did, Howdah {howdah}. Settings: the defaults of both, with `load_balance_mode = on` and weight 0
for the primary.

What goes wrong where an answer differs:

| case | |
|---|---|
{reasons}
"""


def version_of(*argv):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip().splitlines()[0]


def shown(answer, right):
    return answer if answer == right else f"**{answer}**"


def measure(servers, ports):
    """For each case what each answers, in the order of `ports`."""
    results = []
    for case in CASES:
        answers = [play(case, servers, port) for port in ports]
        results.append((case, answers))
        print(f"  {case.name:45}" + "  ".join(f"{answer:20}" for answer in answers), flush=True)
    return results


def write(results, versions, path):
    rows = "\n".join(f"| {case.name}{' *' if case.is_paused else ''} | " +
                     " | ".join([answers[0]] + [shown(answer, answers[0]) for answer in answers[1:]]) + " |"
                     for case, answers in results)
    reasons = "\n".join(f"| {case.name} | {case.why} |" for case, answers in results if len(set(answers)) > 1)
    right = [sum(answers[i] == answers[0] for _, answers in results) for i in (1, 2)]
    path.write_text(HEAD.format(versions=versions, rows=rows, reasons=reasons, pgpool=right[0], howdah=right[1],
                                all=len(results)), encoding="utf-8")


def main():
    build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "build" / "release"
    with pg.Cluster(replicas=1) as servers:
        peers = Peers(servers)
        try:
            with pg.Howdah(servers, build) as howdah:
                pgpool = peers.pgpool()
                results = measure(servers, [servers.primary.port, pgpool.port, howdah.port])
        finally:
            peers.stop()
    versions = "; ".join([version_of(pg.PG_BIN / "postgres", "--version"), version_of("/usr/sbin/pgpool", "--version"),
                          re.search(r"howdah [\d.]+", version_of(build / "howdah", "--version")).group()])
    write(results, versions, PROJECT / "docs" / "compared.md")
    wrong = [case.name for case, answers in results if answers[2] != answers[0]]
    if wrong:
        sys.exit(f"compat: Howdah differs from PostgreSQL in: {', '.join(wrong)}")


if __name__ == "__main__":
    try:
        main()
    except pg.Failed as failure:
        sys.exit(f"compat: {failure}")
