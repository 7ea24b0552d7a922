"""Scenes of tests/scripts/sql: what several clients say in turn, played on any port in any form of the protocol, so that two
plays can be compared. Knows nothing of what is right: PostgreSQL is asked."""

import contextlib
import pathlib
import re

import cluster as pg
import wire
from wire import Client

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts" / "sql"


class Scene:
    """One `== title [flags]` and the statements below it, one a line; {n} is the number of the client that says it.

    pins: its clients keep their server connections; superuser: played as postgres; alone: by one client only; single: one
    statement a request, because what an error would leave behind is known beyond its database."""

    def __init__(self, file, title):
        words, _, flags = title.partition("[")
        self.name = f"{file}: {words.strip()}"
        self.flags = set(flags.rstrip("]").split())
        self.statements = []

    def of(self, number):
        return [Statement(text.replace("{n}", str(number))) for text in self.statements]


class Statement:
    def __init__(self, line):
        self.sql, marker, data = line.partition(" <<<")
        self.data = data.lstrip(" ").encode().decode("unicode_escape") if marker else None


def read_scenes():
    scenes = []
    for path in sorted(SCRIPTS.glob("*.sql")):
        for line in path.read_text().splitlines():
            if line.startswith("== "):
                scenes.append(Scene(path.stem, line[3:]))
            elif line.strip() and not line.startswith("#"):
                scenes[-1].statements.append(line)
    return scenes


# ---- forms: how a list of statements is said. A request is answered by `count` ReadyForQuery.

class Request:
    def __init__(self, parts, statements, count=1, is_extended=True, has_data=False):
        self.parts = parts
        self.has_data = has_data  # that of a COPY is among the parts
        self.count = count
        self.text = "; ".join(s.sql for s in statements)
        self.data = next((s.data for s in statements if s.data is not None), None)
        self.is_extended = is_extended


def run(sql):
    return [wire.parse(sql), wire.bind(), wire.describe(), wire.execute()]


def groups_of(statements, size=3):
    """What is said together; a COPY that takes data stands alone."""
    group = []
    for one in statements:
        if one.data is not None or len(group) == size:
            if group:
                yield group
            group = []
        group.append(one)
        if one.data is not None:
            yield group
            group = []
    if group:
        yield group


def simple(statements):
    return [Request([wire.query(s.sql)], [s], is_extended=False) for s in statements]


def strings(statements):
    return [Request([wire.query(";\n".join(s.sql for s in group))], group, is_extended=False) for group in groups_of(statements)]


def extended(statements):
    return [Request([*run(s.sql), wire.SYNC], [s]) for s in statements]


def named(statements):
    """Some are closed at once, the others in the end: pg_prepared_statements does not show those whose objects are gone."""
    requests, kept = [], []
    for number, s in enumerate(statements):
        name = f"s{number}"
        requests += [Request([wire.parse(s.sql, name), wire.describe(b"S", name), wire.SYNC], [Statement("Parse " + s.sql)]),
                     Request([wire.bind(statement=name), wire.describe(), wire.execute(), wire.SYNC], [s])]
        if number % 2:
            requests.append(Request([wire.close(b"S", name), wire.SYNC], [Statement("Close")]))
        else:
            kept.append(wire.close(b"S", name))
    return [*requests, Request([*kept, wire.SYNC], [Statement("Close all")])]


def batches(statements):
    return [Request([*(part for s in group for part in run(s.sql)), wire.SYNC], group) for group in groups_of(statements)]


def pipelined(statements):
    """All at once, each with its own Sync."""
    return [Request([part for s in group for part in [*run(s.sql), wire.SYNC]], group, count=len(group))
            for group in groups_of(statements, size=1000)]


FORMS = {form.__name__: form for form in (simple, strings, extended, named, batches, pipelined)}
# An error takes with it what stands behind it in the same request.
GROUPING = {"strings", "batches"}
TOGETHER = {*GROUPING, "pipelined"}


def can_be_said(scene, form):
    return form not in GROUPING or not scene.flags & {"superuser", "single"}


# ---- what may differ from one play to the next: numbers of objects, temporary schemas, and lines in PostgreSQL's source

FIRST_OWN_OID = 16384


def comparable(tag, body):
    if tag in b"EN":
        fields = {letter: text if letter == "C" else re.sub(r"\b\d{5,}\b|(?<=pg_temp_)\d+", "#", text)
                  for letter, text in wire.error_fields(body).items()}
        return tag, {letter: text for letter, text in fields.items() if letter not in "FLR"}
    if tag == b"t":
        return tag, [min(int.from_bytes(body[at:at + 4], "big"), FIRST_OWN_OID) for at in range(2, len(body), 4)]
    if tag != b"T":
        return tag, body
    at, fields = 2, []
    while at < len(body):
        end = body.index(b"\0", at) + 1
        has_table = body[end:end + 4] != bytes(4)
        kind = min(int.from_bytes(body[end + 6:end + 10], "big"), FIRST_OWN_OID)
        fields.append((body[at:end - 1].decode(), has_table, body[end + 4:end + 6], kind, body[end + 10:end + 18]))
        at = end + 18
    return tag, fields


class Actor:
    """A client that remembers what it was told beside the answers."""

    def __init__(self, port, user="app", database="app", **startup):
        self.client = Client(port)
        assert self.client.login(user=user, database=database, password=pg.PASSWORD, **startup) is self.client
        self.notifications = []
        self.is_closed = False

    def close(self):
        self.client.socket.close()

    def ask(self, request):
        """The answers, and the transaction's status after them."""
        answers, left = [], request.count
        self.client.send(*request.parts)
        try:
            while left > 0:
                tag, body = self.client.read()
                if tag == b"S":
                    name, value = body.split(b"\0")[:2]
                    self.client.parameters[name.decode()] = value.decode()
                elif tag == b"A":
                    self.notifications.append(body[4:])
                else:
                    answers.append(comparable(tag, body))
                if tag == b"G" and not request.has_data:
                    self.send_data(request)
                left -= tag == b"Z"
        except wire.Closed:
            self.is_closed = True
            answers.append((b"", "closed"))
        return answers

    def send_data(self, request):
        data = (request.data or "").encode()
        parts = [wire.copy_data(data)] if data else []
        self.client.send(*parts, wire.COPY_DONE, *([wire.SYNC] if request.is_extended else []))

    def told(self):
        return {k: v for k, v in self.client.parameters.items() if k != "in_hot_standby"}


# What is left in a session that may be compared.
LOOKS = ["SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction%' ORDER BY 1",
         "SELECT name, statement, parameter_types::text[], from_sql FROM pg_prepared_statements ORDER BY 1",
         "SELECT name FROM pg_cursors WHERE name <> '' ORDER BY 1", "SELECT pg_listening_channels()",
         "SELECT current_user, session_user",
         "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"]


def is_starved(answers):
    """Somebody else keeps the connection: the play need not go on."""
    return any(tag == b"E" and body["M"].startswith("query_wait_timeout") for tag, body in answers)


def look():
    return Request([wire.query(sql) for sql in LOOKS], [Statement("look")], count=len(LOOKS), is_extended=False)


def play(port, scene, form, database="app"):
    """What each step was and how it was answered: clients take turns after every transaction."""
    user = "postgres" if "superuser" in scene.flags else "app"
    told = []
    with contextlib.ExitStack() as stack:
        actors = [stack.enter_context(contextlib.closing(Actor(port, user, database)))
                  for _ in range(1 if "alone" in scene.flags else 3)]
        end = simple([Statement("ROLLBACK")])
        plans = [[*FORMS[form](scene.of(number)), *end, look()] for number in range(1, len(actors) + 1)]
        while any(plans):
            for number, (actor, plan) in enumerate(zip(actors, plans), 1):
                while plan:
                    request = plan.pop(0)
                    answers = actor.ask(request)
                    told.append((number, request.text, answers, actor.told()))
                    if actor.is_closed:
                        plan.clear()
                    if is_starved(answers):
                        return told
                    if answers[-1][1] == b"I":
                        break
        told += [(number, "notifications", actor.notifications, {}) for number, actor in enumerate(actors, 1)]
    return told


def assert_alike(through, direct):
    for step, (one, other) in enumerate(zip(through, direct)):
        assert one == other, f"step {step} of {other[:2]}"
    assert len(through) == len(direct)
