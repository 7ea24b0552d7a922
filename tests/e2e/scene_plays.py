"""The plays that tests of scenes compare: PostgreSQL itself, one server connection for everybody, and many with routing."""

import contextlib

import pytest

import cluster as pg
import scenes
from lag import wait_for_replicas

# So that a play on the server itself meets nothing of one through the gateway.
DIRECT = "direct"
# Scenes prepare transactions, and make publications that may be subscribed to.
SERVER_SETTINGS = {"max_prepared_transactions": 20, "wal_level": "logical"}


def make_world(cluster):
    cluster.primary.query(f"CREATE DATABASE {DIRECT} OWNER app")
    for role in ("scene_a", "scene_b"):
        cluster.primary.query(f"CREATE ROLE {role}")
        cluster.primary.query(f"GRANT {role} TO app")
    wait_for_replicas(cluster)


class Gateways:
    def __init__(self, cluster, build, directory, stack):
        start = lambda name, **options: stack.enter_context(  # noqa: E731
            pg.Howdah(cluster, build, directory=directory / name, query_wait_timeout="60s", **options))
        self.cluster = cluster
        self.one = start("one", default_pool_size=1, load_balance_mode="off")
        self.three = start("three", default_pool_size=3, load_balance_mode="off")
        self.many = start("many", default_pool_size=20)

    def shared_by(self, scene, form):
        """As few connections as will do: those who pin need one each, and statements sent together may do so where one alone
        would not (an error does not tell what the others have left)."""
        is_pinning = "pins" in scene.flags or form in scenes.TOGETHER
        return self.three if is_pinning else self.one


# Fixtures of the files that import them.

@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster(replicas=2, **SERVER_SETTINGS) as running:
        make_world(running)
        yield running


@pytest.fixture(scope="module")
def gateways(cluster, build, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Gateways(cluster, build, tmp_path_factory.mktemp("gateways"), stack)


def clean(cluster):
    for database in ("app", DIRECT):
        cluster.primary.query("DROP OWNED BY app CASCADE", database=database)


@contextlib.contextmanager
def clean_after_failure(cluster):
    try:
        yield
    except BaseException:
        clean(cluster)
        raise


def check(gateways, scene, form):
    with clean_after_failure(gateways.cluster):
        direct = scenes.play(gateways.cluster.primary.port, scene, form, database=DIRECT)
        for gateway in (gateways.shared_by(scene, form), gateways.many):
            scenes.assert_alike(scenes.play(gateway.port, scene, form), direct)
            if form in scenes.GROUPING:  # not all that it makes has been dropped
                clean(gateways.cluster)
