"""A primary whose disk hangs: it answers questions and logins, only commits wait."""

import contextlib
import shutil
import threading

import pytest

import cluster as pg
from cluster import Howdah, wait_until
from lag import wait_for_replicas

# Writes and syncs wait while the flag is there. (By the system's calls: there is nothing to look up.)
HANGING = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static void wait_for_disk(void) {
  const char* flag = getenv("HUNG_DISK_FLAG");
  while (flag && syscall(SYS_faccessat, AT_FDCWD, flag, F_OK) == 0) usleep(10000);
}
int fsync(int fd) { wait_for_disk(); return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { wait_for_disk(); return syscall(SYS_fdatasync, fd); }
ssize_t pwrite(int fd, const void* from, size_t count, off_t at) { wait_for_disk(); return syscall(SYS_pwrite64, fd, from, count, at); }
ssize_t pwrite64(int fd, const void* from, size_t count, off_t at) { wait_for_disk(); return syscall(SYS_pwrite64, fd, from, count, at); }
"""


@pytest.fixture
def hanging():
    """Servers of which the first has a disk that hangs while `flag` is there."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler to make a hanging disk with")
    place = pg.server_directory()
    try:
        (place / "hanging.c").write_text(HANGING)
        pg.run([compiler, "-shared", "-fPIC", "-o", place / "hanging.so", place / "hanging.c"])
        place.chmod(0o755)
        flag = place / "flag"
        enter = ["env", f"LD_PRELOAD={place / 'hanging.so'}", f"HUNG_DISK_FLAG={flag}"]
        with pg.Cluster(replicas=2, hosts=[{"enter": enter}, {}, {}]) as running:
            try:
                yield running, flag
            finally:
                flag.unlink(missing_ok=True)
    finally:
        shutil.rmtree(place)


def test_a_hung_disk_is_told_and_is_no_failover(hanging, build):
    cluster, flag = hanging
    with Howdah(cluster, build, hung_disk_timeout="1s") as gateway:
        gateway.query("CREATE TABLE hung (a int)")
        done = threading.Event()

        def write():
            gateway.query("INSERT INTO hung VALUES (1)")
            done.set()
        flag.touch()
        writer = threading.Thread(target=write)
        writer.start()
        wait_until("the alarm is raised", lambda: "disk hangs node=0" in gateway.log.read_text())
        assert not done.is_set()
        with contextlib.closing(gateway.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("/*NO LOAD BALANCE*/ SELECT current_setting('cluster_name')")
            assert cursor.fetchall() == [("node0",)]
        assert gateway.pool_nodes()[0]["role"] == "primary"
        flag.unlink()
        writer.join()
        assert done.is_set()
        wait_until("it is taken back", lambda: "disk writes again node=0" in gateway.log.read_text())
        assert gateway.log.read_text().count("primary adopted") == 1
        assert not any(node.is_primary() for node in cluster.nodes[1:])


def test_a_primary_with_a_hung_disk_is_left_where_that_is_wanted(hanging, build):
    cluster, flag = hanging
    with Howdah(cluster, build, hung_disk_timeout="1s", failover_on_hung_disk="on", commit_safety="strict") as gateway:
        gateway.query("CREATE TABLE hung (a int)")
        wait_for_replicas(cluster)
        outcome = []
        flag.touch()
        writer = threading.Thread(target=lambda: outcome.append(gateway.query("INSERT INTO hung VALUES (1) RETURNING a")))
        writer.start()
        wait_until("another is promoted", lambda: any(node.is_primary() for node in cluster.nodes[1:]))
        writer.join()
        assert outcome == [[(1,)]], "what hung there was made again"
        assert gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM hung") == [(1,)]
        flag.unlink()
        wait_until("it is fenced", lambda: "false primary fenced node=0" in gateway.log.read_text())
        assert gateway.query("/*NO LOAD BALANCE*/ SELECT count(*) FROM hung") == [(1,)]
