"""The main job, shown: `./dev demo`, `./dev demo --check`, `./dev demo down`.

Starts a real primary, two replicas and Howdah on loopback, walks through routing and a failover, and leaves the cluster
running (with --check: removes it). Exits non-zero at the first step that is not as told.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

import psycopg2

import cluster as pg
from cluster import Cluster, Failed, Howdah, PASSWORD, PROJECT, wait_until

PLACE = PROJECT / ".demo"
BUILD = pathlib.Path(os.environ.get("HOWDAH_BUILD", PROJECT / "build" / "release"))


class Walk:
    """Prints each step, and what came of it."""

    def __init__(self):
        self.number = 0
        self.started = time.monotonic()

    def step(self, text):
        self.number += 1
        print(f"\n{self.number:2}. {text}", flush=True)

    def say(self, text):
        for line in str(text).rstrip().splitlines():
            print(f"      {line}", flush=True)

    def expect(self, condition, what, seen):
        if not condition:
            raise Failed(f"step {self.number} is not as told: {what}; seen: {seen}")


def make_place(check):
    """The demo's folder; a folder the servers' user cannot reach is only a link to one it can."""
    if check:
        return pg.server_directory("howdah-demo-")
    PLACE.mkdir(mode=0o755)
    if pg.server_user() and subprocess.run(pg.as_server_user(["test", "-x", str(PLACE)]), check=False).returncode != 0:
        PLACE.rmdir()
        PLACE.symlink_to(pg.server_directory("howdah-demo-"))
    return PLACE


def end_process(pid_file):
    """Ends the process a pid file names, if it is still the one that wrote it."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0].strip("\0"))
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        if str(pid_file.parent.resolve()) in command or str(pid_file.parent) in command:
            tree = pg.process_tree(pid)
            pg.signal_all(tree, pg.signal.SIGKILL)
            wait_until(f"process {pid} ends", lambda: not any(pg.is_running(p) for p in tree))


def down():
    if not PLACE.exists() and not PLACE.is_symlink():
        print("No demo is up.")
        return
    end_process(PLACE / "howdah" / "howdah.pid")
    for data in sorted(PLACE.glob("node*/postmaster.pid")):
        end_process(data)
    target = PLACE.resolve()
    if PLACE.is_symlink():
        PLACE.unlink()
    shutil.rmtree(target, ignore_errors=True)
    print("The demo is down and removed.")


def shell_lines(howdah, cluster):
    values = {"PGHOST": "127.0.0.1", "PGPORT": howdah.port, "PGUSER": "app", "PGPASSWORD": PASSWORD, "PGDATABASE": "app",
              "PCP_PORT": howdah.pcp_port, "PCP_USER": "pcpadmin", "PCP_PASSWORD": PASSWORD,
              "PCPPASSFILE": howdah.directory / "pcppass", "CONF": howdah.conf}
    values.update({f"NODE{node.number}_PORT": node.port for node in cluster.nodes})
    return "".join(f"{name}='{value}'\n" for name, value in values.items())


def walk_through(walk, cluster, howdah):
    primary, *replicas = cluster.nodes
    ports = {node.port: node for node in cluster.nodes}

    walk.step("A table is made through Howdah: on the primary, like every write.")
    howdah.query("CREATE TABLE visits (id serial PRIMARY KEY, who text, node text DEFAULT current_setting('cluster_name'))")
    howdah.query("INSERT INTO visits (who) VALUES ('first')")
    rows = primary.query("SELECT who, node FROM visits", database="app")
    walk.say(rows)
    walk.expect(rows == [("first", "node0")], "the primary stored the row", rows)

    walk.step("A SELECT is answered by a replica.")
    explained = howdah.query("EXPLAIN ROUTE SELECT count(*) FROM visits")
    for row in explained:
        walk.say(" | ".join(str(value) for value in row))

    def read_from_replica():
        port, name = howdah.query("SELECT inet_server_port(), current_setting('cluster_name') FROM visits")[0]
        return name if ports[port] in replicas else None
    name = wait_until("a SELECT reaches a replica", read_from_replica)
    walk.say(f"answered by {name}")

    walk.step("An INSERT is sent to the primary.")
    row = howdah.query("INSERT INTO visits (who) VALUES ('second') RETURNING who, node")[0]
    walk.say(row)
    walk.expect(row == ("second", "node0"), "node0 took the INSERT", row)

    walk.step("SHOW POOL_NODES tells what Howdah sees.")
    for node in howdah.pool_nodes():
        walk.say("  ".join(f"{key}={node[key]}" for key in ("node_id", "port", "status", "role", "lb_weight", "select_cnt",
                                                            "replication_delay")))
    roles = [node["role"] for node in howdah.pool_nodes()]
    walk.expect(roles == ["primary", "standby", "standby"], "one primary and two standbys", roles)

    walk.step("pcp_node_info tells the same through Pgpool's control port.")
    done = howdah.pcp("pcp_node_info")
    walk.say(done.stdout or done.stderr)
    walk.expect(done.returncode == 0 and done.stdout.count("standby standby") == 2, "two standbys", done.stderr)

    walk.step("A replica is killed; a client in the middle of its work reads on.")
    # Another client than those that have written: it may read what a replica has so far.
    wait_until("the replicas have both rows", lambda: all(
        node.query("SELECT count(*) FROM visits", database="app") == [(2,)] for node in replicas))
    with contextlib.closing(howdah.connect()) as client, client.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM visits")
        replicas[0].kill()
        for _ in range(20):
            cursor.execute("SELECT count(*) FROM visits")
            count = cursor.fetchone()[0]
            walk.expect(count == 2, "every read is answered", count)
    walk.say("20 reads answered, no error")
    wait_until("Howdah calls the killed replica down", lambda: howdah.pool_nodes()[replicas[0].number]["status"] == "down")
    replicas[0].start()
    wait_until("the restarted replica is used again",
               lambda: howdah.pool_nodes()[replicas[0].number]["status"] in ("up", "waiting"))
    walk.say("restarted, and used again")

    walk.step("The primary is killed. The next INSERT waits for the promoted standby instead of failing.")
    with contextlib.closing(howdah.connect()) as client, client.cursor() as cursor:
        primary.kill()
        started = time.monotonic()
        cursor.execute("INSERT INTO visits (who) VALUES ('third') RETURNING who, node")
        row = cursor.fetchone()
        walk.say(f"{row} after {time.monotonic() - started:.2f} s, the client saw no error")
        walk.expect(row[0] == "third" and row[1] in ("node1", "node2"), "a promoted standby took the INSERT", row)
        for node in howdah.pool_nodes():
            walk.say("  ".join(f"{key}={node[key]}" for key in ("node_id", "port", "status", "role")))

        walk.step("The client reads its own write, and nothing that was acknowledged is missing.")
        cursor.execute("SELECT who FROM visits ORDER BY id")
        rows = [who for (who,) in cursor.fetchall()]
        walk.say(rows)
        walk.expect(rows == ["first", "second", "third"], "all three rows are there", rows)


def start(check):
    if not check and (PLACE.exists() or PLACE.is_symlink()):
        print(f"A demo is already there ({PLACE}). Use it: set -a; . .demo/env; set +a. Or end it: ./dev demo down", file=sys.stderr)
        return 1
    place = make_place(check)
    walk = Walk()
    cluster = Cluster(replicas=2, directory=place)
    howdah = Howdah(cluster, BUILD)
    try:
        walk.step("A PostgreSQL primary and two streaming replicas are started (SCRAM passwords).")
        cluster.start()
        walk.say("ports " + ", ".join(f"{node.name}={node.port}" for node in cluster.nodes))
        walk.step("Howdah is started in front of them.")
        howdah.start().wait_for_nodes()
        walk.say(f"clients: port {howdah.port}; control: port {howdah.pcp_port}; configuration: {howdah.conf}")
        walk_through(walk, cluster, howdah)
    except (Failed, psycopg2.Error, subprocess.SubprocessError, KeyboardInterrupt) as failure:
        print(f"\nNot as told: {str(failure) or 'interrupted'}", file=sys.stderr)
        if howdah.log.exists():
            print(f"The last lines of Howdah's log:\n{howdah.tail()}", file=sys.stderr)
        with contextlib.suppress(Failed):
            howdah.stop()
        if check:
            cluster.remove()
        else:
            down()
        return 1
    if check:
        code = howdah.stop()
        cluster.remove()
        if code != 0:
            print(f"Not as told: Howdah ended with exit code {code}", file=sys.stderr)
            return 1
        print("\nAll as told.")
        return 0
    (place / "env").write_text(shell_lines(howdah, cluster))
    print(f"""
The cluster stays up; node0, the primary that was killed, stays dead. To try:
  set -a; . .demo/env; set +a
  psql                                      # through Howdah, as app
  psql -c 'SHOW POOL_NODES'
  psql -c 'EXPLAIN ROUTE SELECT 1'
  build/release/pcp_node_info -h 127.0.0.1 -p $PCP_PORT -U $PCP_USER -w
To end it: ./dev demo down""")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("action", nargs="?", choices=["down"], help="end the demo and remove its files")
    parser.add_argument("--check", action="store_true", help="walk through and clean up; exit non-zero if a step fails")
    options = parser.parse_args()
    if options.action == "down":
        down()
        return 0
    return start(options.check)


if __name__ == "__main__":
    os.chdir(PROJECT)
    sys.exit(main())
