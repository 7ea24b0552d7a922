"""Scenes of tests/scripts/sql: on shared connections and on many with routing they go as on the server itself.
Each is said in the simple and the extended protocol, and in one of the other forms, drawn for it by HOWDAH_SCENE_SEED;
HOWDAH_SCENE_FORMS="strings named batches pipelined" says all of them in these."""

import os
import random

import pytest

import scene_plays
import scenes
from scene_plays import cluster, gateways  # noqa: F401 (fixtures)

SCENES = {scene.name: scene for scene in scenes.read_scenes()}
ALWAYS = ("simple", "extended")


def plays():
    """Which scene in which form."""
    if os.environ.get("HOWDAH_SCENE_FORMS"):
        return [(name, form) for form in os.environ["HOWDAH_SCENE_FORMS"].split() for name in SCENES if scenes.can_be_said(SCENES[name], form)]
    chance = random.Random(int(os.environ.get("HOWDAH_SCENE_SEED", "1")))
    others = [form for form in scenes.FORMS if form not in ALWAYS]
    drawn = [(name, chance.choice([form for form in others if scenes.can_be_said(scene, form)])) for name, scene in SCENES.items()]
    return [(name, form) for form in ALWAYS for name in SCENES] + drawn


@pytest.mark.parametrize(("name", "form"), plays())
def test_a_scene_is_the_same_on_shared_connections(gateways, name, form):  # noqa: F811
    scene_plays.check(gateways, SCENES[name], form)
