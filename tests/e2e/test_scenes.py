"""Scenes of tests/scripts/sql: on shared connections and on many with routing they go as on the server itself.
HOWDAH_SCENE_FORMS="strings named batches pipelined" plays them in further forms, which are not all alike yet."""

import os

import pytest

import scene_plays
import scenes
from scene_plays import cluster, gateways  # noqa: F401 (fixtures)

SCENES = {scene.name: scene for scene in scenes.read_scenes()}
FORMS = os.environ.get("HOWDAH_SCENE_FORMS", "simple extended").split()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_the_same_on_shared_connections(gateways, name, form):  # noqa: F811
    scene_plays.check(gateways, SCENES[name], form)
