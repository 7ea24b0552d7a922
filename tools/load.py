"""Clients that write and read all the time, and remember what they were told: `load.py --port P --clients N`.

One process, so that the clients do not compete with whoever breaks servers meanwhile. It starts when it has connected, says
`ready`, stops when its input ends, and prints one JSON line for each operation: what was asked, when, what came of it. What
each client writes is known to nobody else, so an audit can tell what was lost and what was done twice.
"""

import argparse
import collections
import dataclasses
import json
import random
import select
import sys
import time

import psycopg2
import psycopg2.extensions as ext

TABLE = "CREATE TABLE audit (client int, seq int, kind text)"
WHO = "current_setting('cluster_name')"
LOST = "lost"  # the connection ended without an error message
# What these say has certainly not happened: serialization failure, no primary, read-only, statement refused before it was sent.
DENIALS = ("40001", "57P03", "25006", "25P02")
KINDS = ("autocommit", "one_packet", "interactive", "read", "read")


@dataclasses.dataclass
class Operation:
    kind: str
    client: int
    began: float = 0.0
    ended: float = 0.0
    outcome: str = ""  # "ok", a SQLSTATE, or LOST
    error: str = ""    # its first line
    node: str = ""     # who answered; empty: not told
    seqs: list = dataclasses.field(default_factory=list)

    @property
    def seconds(self):
        return self.ended - self.began


class Client:
    """One connection, driven by readiness. Its script yields statements and is sent the rows."""

    def __init__(self, number, kind, options):
        self.number, self.kind, self.options = number, kind, options
        self.seq = 0
        self.done = []
        self.wake_at = 0.0
        self.connect()

    def connect(self):
        self.connection = None
        self.operation, self.script, self.cursor = None, None, None
        try:
            self.connection = psycopg2.connect(async_=1, **self.options)
        except psycopg2.Error:
            self.wake_at = time.monotonic() + 0.05

    def insert(self):
        self.seq += 1
        self.operation.seqs.append(self.seq)
        return f"INSERT INTO audit VALUES ({self.number}, {self.seq}, '{self.kind}') RETURNING {WHO}"

    def statements(self):
        if self.kind == "read":
            yield f"SELECT {WHO}, count(*) FROM audit WHERE client = {self.number}"
        elif self.kind == "autocommit":
            yield self.insert()
        elif self.kind == "one_packet":
            yield f"BEGIN; {self.insert()}; COMMIT"
        else:
            for statement in ("BEGIN", self.insert(), self.insert(), "COMMIT"):
                yield statement

    def begin(self):
        self.operation = Operation(self.kind, self.number, began=time.monotonic())
        self.script = self.statements()
        self.next_statement()

    def next_statement(self):
        statement = next(self.script, None)
        if statement is None:
            return self.end("ok")
        self.cursor = self.connection.cursor()
        self.cursor.execute(statement)

    def end(self, outcome):
        self.operation.ended, self.operation.outcome = time.monotonic(), outcome
        self.done.append(self.operation)
        self.operation = self.script = self.cursor = None
        self.wake_at = time.monotonic() + random.uniform(0.5, 1.5) * THINK

    def fail(self, error):
        code = getattr(error, "pgcode", None) or LOST
        is_open = self.connection is not None and not self.connection.closed
        if self.operation is not None:
            self.operation.error = str(error).split("\n")[0]
            self.end(code)
        if is_open and code != LOST and self.kind == "interactive":
            self.cursor = self.connection.cursor()
            self.cursor.execute("ROLLBACK")
        elif not is_open or code == LOST:
            if self.connection is not None:
                self.connection.close()
            self.connect()

    def advance(self):
        """What the descriptor waits for now: POLLIN, POLLOUT, or nothing."""
        try:
            if self.connection is None:
                if time.monotonic() >= self.wake_at:
                    self.connect()
                return 0
            state = self.connection.poll()
            if state == ext.POLL_READ:
                return select.POLLIN
            if state == ext.POLL_WRITE:
                return select.POLLOUT
            return self.go_on()
        except psycopg2.Error as error:
            self.fail(error)
            return select.POLLIN if self.cursor is not None else 0

    def go_on(self):
        if self.cursor is not None:
            if self.operation is not None and self.cursor.description:
                self.operation.node = self.cursor.fetchone()[0]
            self.cursor = None
            if self.operation is not None:
                self.next_statement()
        elif not STOPPING and time.monotonic() >= self.wake_at:
            self.begin()
        return select.POLLIN if self.cursor is not None else 0

    def is_idle(self):
        return self.operation is None and self.cursor is None


THINK = 0.05
STOPPING = False


def drive(clients, commands):
    """Until the commands end and nothing is open."""
    global STOPPING
    deadline = None
    poller = select.epoll()
    watched = {}
    while deadline is None or (time.monotonic() < deadline and not all(client.is_idle() for client in clients)):
        for client in clients:
            wanted = client.advance() if client.operation is not None or client.cursor is not None or (
                time.monotonic() >= client.wake_at) else 0
            fd = client.connection.fileno() if client.connection is not None and not client.connection.closed else None
            if wanted and fd is not None and watched.get(fd) != wanted:
                (poller.modify if fd in watched else poller.register)(fd, wanted)
                watched[fd] = wanted
        poller.poll(0.003)
        open_fds = {client.connection.fileno() for client in clients if client.connection is not None and not client.connection.closed}
        watched = {fd: wanted for fd, wanted in watched.items() if fd in open_fds}
        if deadline is None and select.select([commands], [], [], 0)[0] and not commands.readline():
            STOPPING, deadline = True, time.monotonic() + 40


def main():
    global THINK
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--password", required=True)
    options.add_argument("--clients", type=int, default=16)
    options.add_argument("--think", type=float, default=THINK, help="seconds between two operations of a client, on average")
    arguments = options.parse_args()
    THINK = arguments.think
    login = {"host": "127.0.0.1", "port": arguments.port, "user": "app", "dbname": "app", "password": arguments.password}
    clients = [Client(number, KINDS[number % len(KINDS)], login) for number in range(arguments.clients)]
    print("ready", flush=True)
    drive(clients, sys.stdin)
    for client in clients:
        for operation in client.done:
            print(json.dumps(dataclasses.asdict(operation)))


def audit(operations, rows):
    """What was promised and is not so, as sentences; and how many outcomes were left open. `rows`: (client, seq) in the table."""
    present = collections.Counter(rows)
    findings, unknown = [], 0
    for operation in operations:
        for seq in operation.seqs:
            count = present.pop((operation.client, seq), 0)
            what = f"{operation.kind} {operation.client}/{seq} ({operation.outcome})"
            if count > 1:
                findings.append(f"done {count} times: {what}")
            if operation.outcome == "ok" and count == 0:
                findings.append(f"lost: {what}")
            if operation.outcome in DENIALS and count > 0:
                findings.append(f"denied and done: {what}")
            unknown += operation.outcome not in ("ok", *DENIALS)
    findings += [f"written by nobody: {key}" for key in present]
    return findings, unknown


if __name__ == "__main__":
    main()
