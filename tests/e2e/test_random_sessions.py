"""Seeded random sessions with every kind of session state, interleaved on few server connections: each client's answers are
those of a session of its own on the server. (Settings alone, one connection for all: test_session_state.py.)
HOWDAH_SESSION_SEEDS="10:1000" plays these seeds. Each begins with a gateway, sessions and a world of its own."""

import contextlib
import os
import random

import pytest

import cluster as pg
import scene_plays
import scenes
import session_habits as habits
import wire

CLIENTS = 4
TURNS = 250
# Ten, and those that have found something.
SEEDS = [*range(*map(int, os.environ.get("HOWDAH_SESSION_SEEDS", "0:10").split(":")))]
if "HOWDAH_SESSION_SEEDS" not in os.environ:
    SEEDS += [298, 269, 2049, 2174, 3138, 3146, 4241, 30333, 30423, 30739]


def without_debugging(answers):
    """What is prepared anew on another connection is planned unseen."""
    return [(tag, body) for tag, body in answers if tag != b"N" or not body["V"].startswith("DEBUG")]


# A failed transaction is told of before or after what is wrong with a Bind. Whether there is no function in the temporary schema
# or no such schema yet is the server connection's.
ALIKE = [{"25P02", "08P01"}, {"42883", "3F000"}]


def is_alike(mine, wanted):
    mine, wanted = without_debugging(mine), without_debugging(wanted)
    both = {body["C"] for answers in (mine, wanted) for tag, body in answers if tag == b"E"}
    return mine == wanted or (mine[-1] == wanted[-1] and (both in ALIKE or is_described_in_vain(mine, wanted)))


def is_described_in_vain(mine, wanted):
    """A statement that returns nothing is described in a failed transaction, too, where it was prepared, and cannot be prepared anew;
    what columns an EXECUTE has that cannot be prepared any more is not known."""
    tags = b"".join(tag for tag, _ in wanted)
    return (tags == b"tnZ" and mine[0][0] == b"E" and mine[0][1]["C"] == "25P02") or (tags == b"12TEZ" and mine == [*wanted[:2], *wanted[3:]])


class Speaker:
    """One client, said twice: to the server and to the gateway."""

    def __init__(self, number, startup, direct, mine):
        self.number, self.startup, self.direct, self.mine = number, startup, direct, mine
        self.is_open = False    # in a transaction
        self.is_seeded = False

    def asks(self, request):
        """Both answers."""
        wanted = self.direct.ask(request)
        return self.mine.ask(request), wanted


class Plan:
    """What a seed stands for."""

    def __init__(self, seed):
        self.chance = chance = random.Random(seed)
        everything = sorted(habits.HABITS)
        self.habits = chance.sample(everything, chance.randint(2, 4)) if seed else everything
        self.is_grouping = chance.random() < 0.5
        pinning = habits.PINNING | ({"prepared"} if self.is_grouping else set())
        self.places = CLIENTS if pinning & set(self.habits) else chance.randint(1, 2)
        # Others' writes are seen at once by direct sessions, too.
        self.options = chance.choice([{"load_balance_mode": "off"}, {"load_balance_mode": "on", "read_consistency": "global"}])
        if self.places == CLIENTS and chance.random() < 0.2:
            self.options["pool_mode"] = "session"
        self.startups = [chance.choice(habits.STARTUPS) for _ in range(CLIENTS)]

    def who(self, speakers):
        """Those in a transaction hold a server connection each; others would wait for them."""
        open_ones = [one for one in speakers if one.is_open]
        return self.chance.choice(open_ones if len(open_ones) >= self.places else speakers)

    def turn(self, speaker):
        something = self.something(speaker)
        return something if isinstance(something, scenes.Request) else self.said(something, speaker)

    def something(self, speaker):
        kind = self.chance.random()
        if kind < 0.12:
            return self.chance.choice(["COMMIT", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN"] if speaker.is_open else ["BEGIN"])
        if kind < 0.20 and speaker.is_open:
            return self.chance.choice(["SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "ROLLBACK TO b", "RELEASE a"])
        if kind < 0.23:
            return "SELECT 1/0"
        if kind < 0.25:
            return self.chance.choice([scenes.simple, scenes.extended])([scenes.Statement("DISCARD ALL")])[0]  # never among others: that pins
        return habits.HABITS[self.chance.choice(self.habits)](self.chance, speaker)

    def said(self, text, speaker):
        form = self.chance.random()
        if form < 0.2 and self.is_grouping:
            others = [self.something(speaker) for _ in range(self.chance.randint(1, 2))]
            group = [scenes.Statement(one) for one in [text, *(one for one in others if isinstance(one, str))]]
            return self.chance.choice([scenes.strings, scenes.batches, scenes.pipelined])(group)[0]
        form = scenes.simple if form < 0.7 else scenes.extended
        return form([scenes.Statement(text)])[0]


@pytest.fixture(scope="module", autouse=True)
def roles(cluster):
    scene_plays.make_world(cluster)
    for database in ("app", scene_plays.DIRECT):  # a refusal would name it
        cluster.primary.query(f"GRANT CREATE ON DATABASE {database} TO PUBLIC")


def make_world(cluster):
    """Nothing is left of an earlier seed."""
    def nobody_is_there():
        return cluster.primary.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")[0][0] == 0
    pg.wait_until("earlier sessions have ended", nobody_is_there)
    for database in ("app", scene_plays.DIRECT):
        cluster.primary.query("DROP OWNED BY app, scene_a, scene_b CASCADE", database=database)
        pg.query(cluster.primary.port, habits.WORLD, database=database)
    position = cluster.primary.query("SELECT pg_current_wal_lsn()")[0][0]
    pg.wait_until("the replicas have the world", lambda: all(
        node.query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'")[0][0] for node in cluster.nodes[1:]))


def play(cluster, gateway, plan, stack):
    def open_one(port, database, startup):
        return stack.enter_context(contextlib.closing(scenes.Actor(port, database=database, **startup)))

    speakers = [Speaker(number, startup, open_one(cluster.primary.port, scene_plays.DIRECT, startup), open_one(gateway.port, "app", startup))
                for number, startup in enumerate(plan.startups)]
    told = []
    for turn in range(TURNS):
        speaker = plan.who(speakers)
        request = plan.turn(speaker)
        told.append((speaker.number, request.text))
        mine, wanted = speaker.asks(request)
        assert is_alike(mine, wanted), (turn, plan.__dict__, told[-20:])
        assert speaker.mine.told() == speaker.direct.told(), (turn, plan.__dict__, told[-20:])
        speaker.is_open = wanted[-1][1] != b"I"
        speaker.is_seeded |= request.text == habits.SEED
    for speaker in sorted(speakers, key=lambda one: not one.is_open):  # who is in a transaction holds a connection
        mine, wanted = speaker.asks(scenes.simple([scenes.Statement("ROLLBACK")])[0])
        assert mine == wanted, speaker.number
    for speaker in speakers:
        def has_heard_the_same(speaker=speaker):
            mine, wanted = speaker.asks(scenes.simple([scenes.Statement("SELECT 1")])[0])
            assert mine == wanted
            return speaker.mine.notifications == speaker.direct.notifications
        pg.wait_until(f"client {speaker.number} hears what it would hear directly", has_heard_the_same)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sessions_answer_as_direct_ones(cluster, build, tmp_path, seed):
    plan = Plan(seed)
    make_world(cluster)
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(pg.Howdah(cluster, build, directory=tmp_path, default_pool_size=plan.places, **plan.options))
        play(cluster, gateway, plan, stack)
