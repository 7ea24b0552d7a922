"""The cases of tests/compat, Howdah's side: each is answered as by PostgreSQL itself, although reads go to a replica."""

import sys

import pytest

from conftest import BUILD, PROJECT
import cluster as pg

sys.path.append(str(PROJECT / "tests" / "compat"))

from cases import CASES  # noqa: E402
from play import play  # noqa: E402


@pytest.fixture(scope="module")
def servers():
    with pg.Cluster(replicas=1) as running:
        yield running


@pytest.fixture(scope="module")
def howdah(servers):
    with pg.Howdah(servers, BUILD) as running:
        yield running.wait_for_nodes()
        assert running.process.poll() is None, running.tail()


def test_reads_do_go_to_the_replica(howdah):
    assert howdah.query("SELECT current_setting('cluster_name')") == [("node1",)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_the_answer_is_postgresqls(case, servers, howdah):
    assert play(case, servers, howdah.port) == play(case, servers, servers.primary.port)
