"""Fixtures: real servers and a real gateway. HOWDAH_BUILD names the folder of the programs under test."""

import contextlib
import os
import pathlib
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(PROJECT / "tools"), str(PROJECT / "tests" / "e2e")]

import cluster as pg  # noqa: E402  (needs the path above)
import watchdog  # noqa: E402

BUILD = pathlib.Path(os.environ.get("HOWDAH_BUILD", PROJECT / "build" / "dev"))


WATCHDOG = watchdog.Watchdog()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    WATCHDOG.guard(item.nodeid)
    yield
    WATCHDOG.release()


def pytest_terminal_summary(terminalreporter):
    for line in watchdog.found:
        terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def build():
    return BUILD


@pytest.fixture(scope="module")
def cluster():
    """A primary and two replicas, shared by the tests of one file."""
    with pg.Cluster(replicas=2) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(cluster):
    """Howdah in front of them with the defaults of the demo."""
    with pg.Howdah(cluster, BUILD) as running:
        yield running.wait_for_nodes()
        assert running.process.poll() is None, "Howdah ended during the tests:\n" + running.tail()


@pytest.fixture
def make_gateway(cluster, tmp_path):
    """Starts further gateways with settings of the test's own; ends them after it."""
    started = []

    def make(wait=True, **options):
        howdah = pg.Howdah(cluster, BUILD, directory=tmp_path / f"howdah{len(started)}", **options)
        started.append(howdah)
        howdah.start(wait=wait)
        return howdah.wait_for_nodes() if wait else howdah
    yield make
    codes = []
    with contextlib.ExitStack() as stack:  # each, whatever becomes of another
        for howdah in started:
            stack.callback(lambda one=howdah: codes.append(one.stop()))
    assert all(code == 0 for code in codes), [howdah.tail() for howdah in started]


@pytest.fixture
def own_cluster():
    """Servers that a test may break."""
    with pg.Cluster(replicas=2) as running:
        yield running


@pytest.fixture
def own_gateway(own_cluster):
    with pg.Howdah(own_cluster, BUILD) as running:
        yield running.wait_for_nodes()
        assert running.process.poll() is None, "Howdah ended during the test:\n" + running.tail()
