"""For files of tests that need no replicas: `from one_server import cluster`."""

import pytest

import cluster as pg


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster(replicas=0) as running:
        yield running
