"""Records in which order the gateway notices and does things when real servers fail: `./dev record`.

Each fault strikes a fresh cluster of a primary and two standbys a few times; the lines of the gateway's log, without times and
words, go to tests/sim/orders, beside those recorded before. The simulation must be able to produce each order (tests/sim/orders_test.cpp).
"""

import argparse
import os
import pathlib
import re
import signal
import sys

import cluster as pg
from cluster import Cluster, Howdah, PROJECT, wait_until

ORDERS = PROJECT / "tests" / "sim" / "orders"
PHRASES = ("node changed", "failover phase changed", "primary adopted", "standby stopped receiving", "standby pointed at primary",
           "false primary fenced", "switchover begins", "switchover given up")
LINE = re.compile(r"\b(" + "|".join(PHRASES) + r") (.*)$")
KEPT = re.compile(r"\b(?:node|from|to|old|new|primary|epoch)=[-\w]+")


def kill(gateway, node):
    pg.signal_all(pg.process_tree(node.pid()), signal.SIGKILL)


def kill_postmaster(gateway, node):
    os.kill(node.pid(), signal.SIGKILL)


def hang(gateway, node):
    node.freeze()
    wait_until("another primary", lambda: "primary adopted node=" in new_text(gateway), timeout=60)
    wait_until("calm", lambda: "to=steady" in new_text(gateway), timeout=60)
    node.thaw()
    wait_until("the fence", lambda: "false primary fenced" in new_text(gateway), timeout=60)


def switch_over(gateway, node):
    done = gateway.pcp("pcp_promote_node", "--switchover", "-n", 1)
    if done.returncode != 0:
        raise pg.Failed(f"switchover: {done.stderr}")


FAULTS = {"kill": kill, "kill_postmaster": kill_postmaster, "hang": hang, "switchover": switch_over}


def new_text(gateway):
    return gateway.log.read_text(errors="replace")[gateway.recorded_from:]


def lines_of(text):
    found = (LINE.search(line) for line in text.splitlines())
    return [f"{match[1]} {' '.join(KEPT.findall(match[2]))}" for match in found if match]


def is_over(lines):
    adopted = [at for at, line in enumerate(lines) if line.startswith("primary adopted")]
    return adopted and any("to=steady" in line for line in lines[adopted[0]:])


def record(build, name):
    with Cluster(replicas=2, wal_receiver_timeout="60s", wal_retrieve_retry_interval="5s") as cluster, \
         Howdah(cluster, build, health_check_timeout=None, health_check_max_retries=None, health_check_retry_delay=None,
                health_check_period=None, detection_profile="fast", auto_failback="off") as gateway:
        wait_until("every node is used", lambda: all(node["status"] in ("up", "waiting") for node in gateway.pool_nodes()), timeout=60)
        wait_until("replication", lambda: len(cluster.primary.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")) == 2)
        gateway.recorded_from = len(gateway.log.read_text(errors="replace"))
        FAULTS[name](gateway, cluster.primary)
        wait_until("the new primary", lambda: is_over(lines_of(new_text(gateway))), timeout=60)
        return lines_of(new_text(gateway))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("faults", nargs="*", default=list(FAULTS))
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--build", type=pathlib.Path, default=PROJECT / "build" / "release")
    given = options.parse_args()
    ORDERS.mkdir(exist_ok=True)
    for name in given.faults:
        file = ORDERS / f"{name}.txt"
        known = set(file.read_text().strip().split("\n\n")) if file.exists() else set()
        orders = {"\n".join(record(given.build, name)) for _ in range(given.runs)}
        file.write_text("\n\n".join(sorted(known | orders)) + "\n")
        print(f"{name}: {len(orders)} different orders in {given.runs} runs, {len(orders - known)} of them new")


if __name__ == "__main__":
    sys.exit(main())
