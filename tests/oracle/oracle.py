#!/usr/bin/env python3
"""Whether what Howdah calls a read is one: PostgreSQL itself is asked, statement by statement.

Each statement of a folder of psql scripts runs through Howdah in front of a primary and a hot standby, in one session for
each script. Before that EXPLAIN ROUTE is asked what the statement is. Called a read, it must not be found to be more:

    refused      the standby refused it, and Howdah ran it again on the primary
    wrote        within a transaction, on the primary, it was given a transaction id
    other answer the standby answered otherwise than the primary did (and the primary twice alike)

What was called no read, though it looks like one, is counted by reason, for people to look at.
"""

import argparse
import collections
import contextlib
import dataclasses
import os
import pathlib
import re
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(PROJECT / "tools"), str(PROJECT / "tests" / "e2e")]

import cluster as pg  # noqa: E402  (needs the path above)
import wire  # noqa: E402
from psql_script import Connect, PsqlScript, Statement  # noqa: E402

DATABASE = "regression"
USER = "postgres"
# Reasons of the router: the text itself was taken for a read.
CALLED_READS = ("read", "read_your_writes", "replica_lag", "no_usable_replica", "only_replica_left", "min_lsn")
# What the catalog may still tell, once it has been read.
NOT_KNOWN = ("unknown_relation", "unknown_function")
QUIET = b"\0"
# The script's own transaction has locked what is asked for.
CUT_SHORT = {"55P03", "57014"}
# What the asker must know to answer as the script's session does.
FOR_ALL_SESSIONS = re.compile(r"\s*(set(?!\s+(local|transaction|session|role|constraints))|reset)\b", re.I)
# Who asks these asks which server answers (sql_router/name_rules.cpp).
ANY_IS_RIGHT = re.compile(r"\s*show\s+(cluster_name|port)\s*$|.*inet_server_port\(\)", re.I)


@dataclasses.dataclass
class Answer:
    """What came back for one statement; `status` is that of ReadyForQuery."""
    messages: list
    status: str = "I"
    sqlstate: str = ""
    text: str = ""

    def is_like(self, other):
        return self.messages == other.messages and self.sqlstate == other.sqlstate


@dataclasses.dataclass
class Finding:
    what: str
    where: str
    sql: str
    detail: str = ""

    def __str__(self):
        detail = f"\n    {self.detail}" if self.detail else ""
        return f"{self.what}: {self.where}: {self.sql}{detail}"


@dataclasses.dataclass
class Report:
    statements: int = 0
    called_reads: int = 0
    on_standby: int = 0
    compared: int = 0
    findings: list = dataclasses.field(default_factory=list)
    kept_back: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    examples: dict = dataclasses.field(default_factory=dict)

    def add(self, finding):
        self.findings.append(finding)
        print(finding, file=sys.stderr, flush=True)

    def print(self, out=sys.stdout):
        print(f"{self.statements} statements, {self.called_reads} called reads, {self.on_standby} answered by the standby, "
              f"{self.compared} of these compared with the primary, {len(self.findings)} findings", file=out)
        for finding in self.findings:
            print(finding, file=out)
        for (reason, because), count in self.kept_back.most_common(60):
            print(f"kept on the primary {count:6} {reason:24} {because:40} {self.examples[reason, because]}", file=out)


class Session:
    """One client. Bytes that are no UTF-8 are sent and compared as they are."""

    def __init__(self, port, database=DATABASE, user=USER, **options):
        self.database, self.user = database, user
        self.client = wire.Client(port, timeout=300)
        if isinstance(failure := self.client.login(user=user, database=database, password=pg.PASSWORD, **options), dict):
            raise pg.Failed(failure["M"])

    def close(self):
        self.client.socket.close()

    def run(self, sql, copy_data=lambda: ""):
        self.client.send(wire.message(b"Q", sql.encode("utf-8", "surrogateescape") + QUIET))
        answer = Answer([])
        while True:
            tag, body = self.client.read()
            if tag == b"Z":
                answer.status = body.decode()
                return answer
            if tag == b"G":
                data = copy_data().encode("utf-8", "surrogateescape")
                self.client.send(wire.copy_data(data) if data else b"", wire.COPY_DONE)
            elif tag == b"S":
                name, value = body.split(QUIET)[:2]
                self.client.parameters[name.decode()] = value.decode()
            elif tag == b"E":
                fields = wire.error_fields(body.decode("utf-8", "replace").encode())
                answer.sqlstate, answer.text = fields.get("C", ""), fields.get("M", "")
            elif tag != b"N":
                answer.messages.append((tag, body))

    def rows(self, sql):
        return [wire.row_values(body) for tag, body in self.run(sql).messages if tag == b"D"]

    def explain(self, sql):
        """EXPLAIN ROUTE as a dictionary; empty if it is not answered, as in a transaction that has failed."""
        answer = self.run("EXPLAIN ROUTE " + sql)
        found = [body for tag, body in answer.messages if tag == b"D"]
        if not found or answer.sqlstate:
            return {}
        return {name: value or "" for name, value in map(_row_text, found)}


def _row_text(body):
    return wire.row_values(body.decode("utf-8", "replace").encode("utf-8")) if body.isascii() else _lossy_row(body)


def _lossy_row(body):
    """Of two columns, the second with other bytes than ASCII."""
    size = int.from_bytes(body[2:6], "big")
    return body[6:6 + size].decode("utf-8", "replace"), body[10 + size:].decode("utf-8", "replace")


class Oracle:
    def __init__(self, cluster, howdah):
        self.primary, self.standby = cluster.nodes[0], cluster.nodes[1]
        self.howdah = howdah
        self.report = Report()
        self.direct = [pg.connect(node.port, user=USER, database="postgres") for node in (self.primary, self.standby)]
        self.asker = self._new_asker()
        self.has_written = True
        self.given_up = set()  # statements that name what does not exist

    def _new_asker(self):
        """Never in a transaction, never pinned: its EXPLAIN ROUTE tells of the text alone, and the standby answers it."""
        return Session(self.howdah.port, options="-c lock_timeout=200ms -c statement_timeout=20s")

    def close(self):
        self.asker.close()
        for connection in self.direct:
            connection.close()

    def run_script(self, path, variables):
        script = PsqlScript(path.read_text(encoding="utf-8", errors="surrogateescape"), variables)
        session = Session(self.howdah.port)
        try:
            for piece in script.pieces():
                if isinstance(piece, Connect):
                    session = self._connect(session, piece)
                    continue
                try:
                    answer = self._try(session, piece, f"{path.name}:{piece.line}", script)
                except (wire.Closed, ConnectionError, TimeoutError) as error:
                    self.report.add(Finding("connection lost", f"{path.name}:{piece.line}", piece.text, repr(error)))
                    session.close()
                    session = Session(self.howdah.port)
                    continue
                script.has_escapes = session.client.parameters.get("standard_conforming_strings") == "off"
                if piece.end == "gset":
                    variables.update(_named_values(answer, piece.argument))
                elif piece.end == "gexec":
                    for row in [wire.row_values(body) for tag, body in answer.messages if tag == b"D"]:
                        for sql in filter(None, row):
                            self._try(session, Statement(sql, piece.line), f"{path.name}:{piece.line}", script)
        finally:
            session.close()

    def _connect(self, session, wanted):
        with contextlib.suppress(pg.Failed):
            new = Session(self.howdah.port, wanted.database or session.database, wanted.user or session.user)
            session.close()
            return new
        return session

    def _run(self, session, sql, script):
        answer = session.run(sql, script.copy_data)
        self.report.statements += 1
        return answer

    def _try(self, session, piece, where, script):
        sql = piece.text
        if piece.is_several:  # EXPLAIN ROUTE explains the first and runs the others
            self.has_written = True
            return self._run(session, sql, script)
        text = self._verdict_of(session, sql)
        is_read = text.get("reason") in CALLED_READS
        if not is_read:
            self.has_written = True
            answer = self._run(session, sql, script)
            self._note_kept_back(text, sql, answer)
            if FOR_ALL_SESSIONS.match(sql) and not answer.sqlstate and session.database == DATABASE:
                self._tell_asker(sql)
            return answer
        self.report.called_reads += 1
        self._wait_for_standby()
        before = session.explain(sql)
        if before.get("target", "").endswith("standby)"):
            return self._try_on_standby(session, sql, where, script)
        answer = self._try_on_primary(session, sql, where, script, before)
        if session.database == DATABASE and not re.match(r"\s*copy\b", sql, re.I):
            self._try_on_standby(self.asker, sql, where, script)
        return answer

    def _tell_asker(self, sql):
        self.asker.run(sql)
        if self.asker.explain("SELECT 1").get("session is pinned") == "no":
            return
        self.asker.close()
        self.asker = self._new_asker()

    def _verdict_of(self, session, sql):
        """What the text alone says, with a catalog that is up to date."""
        asker = self.asker if session.database == DATABASE else session
        deadline = time.monotonic() + 10
        patience = time.monotonic() + 0.4
        while True:
            text = asker.explain(sql)
            catalog = text.get("catalog", "read")
            if text.get("reason") not in CALLED_READS + NOT_KNOWN:
                return text  # no catalog makes a read of it
            is_known = text.get("reason") not in NOT_KNOWN or sql in self.given_up
            if catalog.startswith("read") and (is_known or time.monotonic() > patience):
                if not is_known:
                    self.given_up.add(sql)
                return text
            if time.monotonic() > deadline:  # a transaction of the script has locked something
                return text
            time.sleep(0.01)

    def _wait_for_standby(self):
        """Until it has what was written so far: how fresh reads are is another test's business."""
        if not self.has_written:
            return
        position = self._ask(0, "SELECT pg_current_wal_flush_lsn()")
        pg.wait_until("the standby catches up", lambda: self._ask(1, f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"),
                      interval=0.005, timeout=60)
        self.has_written = False

    def _ask(self, node, sql):
        with self.direct[node].cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    def _try_on_standby(self, session, sql, where, script):
        answer = session.run(sql, script.copy_data)
        self.report.statements += session is not self.asker
        self.report.on_standby += 1
        if session.explain(sql).get("reason") == "refused_by_replica":
            self.report.add(Finding("refused", where, sql))
            return answer
        on_primary = session.run("/*NO LOAD BALANCE*/ " + sql)
        if {answer.sqlstate, on_primary.sqlstate} & CUT_SHORT:
            return answer
        if answer.is_like(on_primary) or ANY_IS_RIGHT.match(sql):
            self.report.compared += 1
        elif session.run("/*NO LOAD BALANCE*/ " + sql).is_like(on_primary) and not session.run(sql).is_like(on_primary):
            self.report.add(Finding("other answer", where, sql, _difference(answer, on_primary)))
        return answer

    def _try_on_primary(self, session, sql, where, script, before):
        """In a transaction, or pinned."""
        is_in_transaction = before.get("transaction", "none") != "none"
        if not before:
            return self._run(session, sql, script)
        own = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
        if not is_in_transaction:
            session.run("BEGIN")
        had_none = session.rows(own) == [["f"]]
        answer = self._run(session, sql, script)
        if had_none and answer.status == "T" and session.rows(own) == [["t"]]:
            self.report.add(Finding("wrote", where, sql))
        if not is_in_transaction:
            session.run("COMMIT")
        elif answer.status == "I":  # that was its end
            self.has_written = True
        return answer

    def _note_kept_back(self, text, sql, answer):
        if not re.match(r"\s*(?:\(|select|values|table|with|explain|show|copy)\b", sql, re.I) or answer.sqlstate:
            return
        key = (text.get("reason", "none"), text.get("because", ""))
        self.report.kept_back[key] += 1
        self.report.examples.setdefault(key, " ".join(sql.split())[:120])


def _named_values(answer, prefix):
    """\\gset: the only row's values by their columns' names."""
    rows = [wire.row_values(body) for tag, body in answer.messages if tag == b"D"]
    columns = [body for tag, body in answer.messages if tag == b"T"]
    if len(rows) != 1 or not columns:
        return {}
    names, at = [], 2
    for _ in range(int.from_bytes(columns[0][:2], "big")):
        end = columns[0].index(QUIET, at)
        names.append(columns[0][at:end].decode())
        at = end + 19
    return {prefix + name: value for name, value in zip(names, rows[0]) if value is not None}


def _difference(answer, other):
    if (answer.sqlstate, answer.text) != (other.sqlstate, other.text):
        return f"standby: {answer.sqlstate} {answer.text}; primary: {other.sqlstate} {other.text}"
    for (tag, body), (_, right) in zip(answer.messages, other.messages):
        if body != right:
            return f"standby: {tag + body!r}; primary: {right!r}"[:600]
    return f"standby: {len(answer.messages)} messages; primary: {len(other.messages)}"


def trusting(cluster):
    """From now on nobody is asked for a password: scripts make roles and log in as them."""
    for node in cluster.nodes:
        (node.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n")
        node.reload()


@contextlib.contextmanager
def servers(build, **parameters):
    """A primary, a hot standby and Howdah."""
    with pg.Cluster(replicas=1, max_prepared_transactions=10, wal_level="logical", max_standby_streaming_delay="-1",
                    timezone="PST8PDT", datestyle="Postgres, MDY") as cluster:
        trusting(cluster)
        with pg.Howdah(cluster, build, read_consistency="eventual", pool_hba="host all all 127.0.0.1/32 trust\n",
                       **parameters) as howdah:
            yield cluster, howdah.wait_for_nodes()


def run_folder(build, folder, names=(), **parameters):
    """Runs the scripts `names` of `folder` (all of it, by name, if none is given), Howdah having these parameters; the Report."""
    paths = [folder / f"{name}.sql" for name in names] or sorted(folder.glob("*.sql"))
    with servers(build, **parameters) as (cluster, howdah):
        cluster.primary.query(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        pg.wait_until("the standby has the database", lambda: cluster.nodes[1].query(
            f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'")[0][0])
        oracle = Oracle(cluster, howdah)
        try:
            for path in paths:
                begun, already = time.monotonic(), oracle.report.statements
                oracle.run_script(path, {"DBNAME": DATABASE})
                print(f"{path.name}: {oracle.report.statements - already} statements, {time.monotonic() - begun:.1f} s",
                      file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            print("interrupted; so far:", file=sys.stderr)
        finally:
            oracle.close()
        return oracle.report


def schedule_of(path):
    """The names in a pg_regress schedule, in order."""
    lines = [line.split(":", 1)[1] for line in path.read_text().splitlines() if line.startswith("test:")]
    return [name for line in lines for name in line.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent / "statements")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(os.environ.get("HOWDAH_BUILD", PROJECT / "build" / "fast")))
    parser.add_argument("--schedule", type=pathlib.Path, help="a pg_regress schedule: which scripts, in which order")
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts, without .sql")
    arguments = parser.parse_args()
    names = arguments.only or (schedule_of(arguments.schedule) if arguments.schedule else [])
    report = run_folder(arguments.build, arguments.folder, names)
    report.print()
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
