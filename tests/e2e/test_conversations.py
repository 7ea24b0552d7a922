"""Conversations (conversations.py) of three clients that take turns after every transaction, on one server connection and on
many, and broken off at each message: all as on connections of their own."""

import contextlib

import pytest

import scene_plays
import scenes
import wire
from conversations import CONVERSATIONS, turns_of
from scene_plays import cluster, gateways  # noqa: F401 (fixtures)

RANDOM_VALUED = {"function call"}  # pg_catalog.random(): only the kinds of the messages are alike


def pins(parts):
    """Texts that nobody reads pin, too, and function calls."""
    return any(b"CREATE TEMP" in part or b"SELEC\0" in part or part[:1] == b"F" or len(part) > 250000 for part in parts)


def play(port, name, database="app"):
    """Who was answered what, in order."""
    told = []
    with contextlib.ExitStack() as stack:
        people = []
        for number in range(3):
            actor = stack.enter_context(contextlib.closing(scenes.Actor(port, database=database)))
            people.append((number, actor, list(turns_of(*CONVERSATIONS[name]))))
        while any(turns for _, _, turns in people):
            for number, actor, turns in people:
                while turns:
                    parts, count = turns.pop(0)
                    answers = actor.ask(scenes.Request(parts, [], count=count, has_data=True))
                    if name in RANDOM_VALUED:
                        answers = [(tag, b"") for tag, _ in answers]
                    told.append((number, parts[0][:60], answers, actor.told()))
                    if not answers or answers[-1][1] == b"I":
                        break
    return told


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_three_clients_are_answered_as_on_connections_of_their_own(gateways, name):  # noqa: F811
    with scene_plays.clean_after_failure(gateways.cluster):
        direct = play(gateways.cluster.primary.port, name, scene_plays.DIRECT)
        few = gateways.three if pins(CONVERSATIONS[name][0]) else gateways.one
        scenes.assert_alike(play(few.port, name), direct)
        scenes.assert_alike(play(gateways.many.port, name), direct)


def leftovers(port, database="app"):
    """What a new client finds in its session, and whether it is in step."""
    with contextlib.closing(scenes.Actor(port, database=database)) as actor:
        return [actor.ask(scenes.look()), actor.ask(scenes.Request(scenes.run("SELECT 'mine'") + [wire.SYNC], []))]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_next_client_finds_nothing_of_one_that_broke_off_at_any_message(gateways, name):  # noqa: F811
    parts, _ = CONVERSATIONS[name]
    clean = leftovers(gateways.cluster.primary.port, scene_plays.DIRECT)
    for stop_after in range(1, len(parts) + 1):
        with contextlib.closing(scenes.Actor(gateways.one.port)) as actor:
            actor.client.send(*parts[:stop_after])
        assert leftovers(gateways.one.port) == clean, stop_after
