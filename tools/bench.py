"""Howdah beside its peers: `./dev bench`. pgbench directly, through Howdah (routing on and off), Debian's pgbouncer
(transaction mode) and Debian's pgpool2, interleaved round by round, so that a noisy machine disturbs all alike.

Prints throughput, latency and the proxy's own CPU microseconds per transaction, as medians and as ratios to pgbouncer
(for prepared statements, which this pgbouncer cannot pool, to pgpool).
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import cluster as pg
from cluster import Cluster, Failed, Howdah, PASSWORD, PROJECT, wait_until

TICK = os.sysconf("SC_CLK_TCK")
WORKLOADS = {"select-only": ["-S"], "tpc-b": []}


def cpu_seconds(pids):
    """User and system time of the processes, with that of their ended children."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(field) for field in fields[11:15])
    return total / TICK


@dataclasses.dataclass
class Measure:
    tps: float
    latency_ms: float
    cpu_us: float  # of the proxy, per transaction


class Target:
    """Something pgbench can be pointed at."""

    def __init__(self, name, port, pid=None):
        self.name, self.port, self.pid = name, port, pid

    def measure(self, workload, mode, clients, seconds):
        before = cpu_seconds(pg.process_tree(self.pid)) if self.pid else 0
        argv = [pg.PG_BIN / "pgbench", "-n", "-h", "127.0.0.1", "-p", self.port, "-U", "app", "-M", mode, "-c", clients, "-j", 1,
                "-T", seconds, *WORKLOADS[workload], "app"]
        output = pg.run(argv, env={**os.environ, "PGPASSWORD": PASSWORD})
        count = int(re.search(r"number of transactions actually processed: (\d+)", output).group(1))
        failed = re.search(r"number of failed transactions: (\d+)", output)
        if not count or (failed and int(failed.group(1))):
            raise Failed(f"{self.name}: pgbench {workload} {mode} had failures:\n{output}")
        after = cpu_seconds(pg.process_tree(self.pid)) if self.pid else 0
        return Measure(float(re.search(r"tps = ([\d.]+)", output).group(1)),
                       float(re.search(r"latency average = ([\d.]+) ms", output).group(1)), (after - before) / count * 1e6)


class Peers:
    """Debian's pgbouncer and pgpool2, configured for the same cluster."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.processes = []

    def _start(self, name, argv):
        with open(self.cluster.directory / f"{name}.log", "ab") as log:
            process = subprocess.Popen(pg.as_server_user(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True, cwd="/")
        self.processes.append(process)
        return process

    def _directory(self, name):
        path = self.cluster.directory / name
        path.mkdir()
        return path

    def _hand_over(self, path):
        if pg.server_user():
            for entry in [path, *path.iterdir()]:
                shutil.chown(entry, pg.server_user(), pg.server_user())

    def pgbouncer(self):
        place, port = self._directory("pgbouncer"), pg.free_port()
        (place / "users").write_text(f'"app" "{PASSWORD}"\n')
        (place / "pgbouncer.ini").write_text(f"""[databases]
app = host=127.0.0.1 port={self.cluster.primary.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {place}/users
pool_mode = transaction
default_pool_size = 50
max_client_conn = 500
log_connections = 0
log_disconnections = 0
""")
        self._hand_over(place)
        process = self._start("pgbouncer", ["/usr/sbin/pgbouncer", place / "pgbouncer.ini"])
        return self._ready("pgbouncer", port, process)

    def pgpool(self):
        place, port = self._directory("pgpool"), pg.free_port()
        settings = {"listen_addresses": "127.0.0.1", "port": port, "pcp_port": pg.free_port(), "socket_dir": place,
                    "pcp_socket_dir": place, "pid_file_name": place / "pgpool.pid", "logdir": place, "num_init_children": 40,
                    "max_pool": 1, "enable_pool_hba": "on", "pool_passwd": place / "pool_passwd", "load_balance_mode": "on",
                    "sr_check_user": "howdah", "sr_check_password": PASSWORD, "sr_check_period": 5, "log_min_messages": "error"}
        for node in self.cluster.nodes:
            settings.update({f"backend_hostname{node.number}": "127.0.0.1", f"backend_port{node.number}": node.port,
                             f"backend_weight{node.number}": 0 if node.number == 0 else 1,
                             f"backend_application_name{node.number}": node.name})
        (place / "pgpool.conf").write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()))
        (place / "pool_passwd").write_text(f"app:TEXT{PASSWORD}\nhowdah:TEXT{PASSWORD}\n")
        (place / "pool_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        (place / "pcp.conf").write_text("")
        self._hand_over(place)
        process = self._start("pgpool", ["/usr/sbin/pgpool", "-n", "-D", "-f", place / "pgpool.conf", "-a",
                                         place / "pool_hba.conf", "-F", place / "pcp.conf"])
        return self._ready("pgpool", port, process)

    def _ready(self, name, port, process):
        def answers():
            if process.poll() is not None:
                log = self.cluster.directory / f"{name}.log"
                raise Failed(f"{name} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
            with contextlib.suppress(pg.psycopg2.Error):
                return pg.query(port, "SELECT 1", connect_timeout=5)
        wait_until(f"{name} answers", answers, timeout=60)
        return Target(name, port, process.pid)

    def stop(self):
        for process in self.processes:
            tree = pg.whole_tree(process.pid)
            pg.signal_all(tree, pg.signal.SIGKILL)
            process.wait()


def median_of(rounds, name, field):
    return statistics.median(getattr(one[name], field) for one in rounds)


def ratio(rounds, name, base, field):
    """Median over the rounds of the ratio within a round: a machine that slows down slows both."""
    return statistics.median(getattr(one[name], field) / max(getattr(one[base], field), 1e-9) for one in rounds)


def print_table(title, rounds, names, base):
    print(f"\n{title}; ratios to {base} within each of {len(rounds)} rounds, medians")
    print(f"  {'':22}{'tps':>10}{'ratio':>8}{'latency ms':>12}{'ratio':>8}{'proxy CPU us/tx':>17}{'ratio':>8}")
    for name in names:
        cells = []
        for field, width in (("tps", 10), ("latency_ms", 12), ("cpu_us", 17)):
            is_proxy = field != "cpu_us" or name != "direct"
            value = median_of(rounds, name, field)
            cells.append(f"{value:>{width}.{0 if field == 'tps' else 2}f}{ratio(rounds, name, base, field):>8.2f}" if is_proxy
                         else f"{'-':>{width}}{'-':>8}")
        print(f"  {name:22}" + "".join(cells))


def measure_all(targets, options):
    for mode in options.modes:
        for workload in WORKLOADS:
            usable = [t for t in targets if mode != "prepared" or t.name != "pgbouncer"]
            rounds = [{t.name: t.measure(workload, mode, options.clients, options.seconds) for t in usable}
                      for _ in range(options.rounds)]
            names = [t.name for t in usable]
            title = f"pgbench {workload}, {mode} protocol, {options.clients} clients, {options.seconds} s"
            print_table(title, rounds, names, "pgbouncer" if "pgbouncer" in names else "pgpool")
            if "pgbouncer" in names:
                print(f"  CPU per transaction to pgpool's: {ratio(rounds, 'howdah', 'pgpool', 'cpu_us'):.2f}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each pgbench run")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--modes", nargs="+", choices=["simple", "extended", "prepared"], default=["simple", "prepared"])
    options = parser.parse_args()
    pool = {"default_pool_size": 50, "max_client_conn": 500, "worker_threads": 0}
    with Cluster(replicas=2) as cluster:
        pg.run([pg.PG_BIN / "pgbench", "-q", "-i", "-s", 10, "-h", "127.0.0.1", "-p", cluster.primary.port, "-U", "app", "app"],
               env={**os.environ, "PGPASSWORD": PASSWORD})
        peers = Peers(cluster)
        build = PROJECT / "build" / "release"
        with Howdah(cluster, build, directory=cluster.directory / "howdah-on", **pool) as routing, \
             Howdah(cluster, build, directory=cluster.directory / "howdah-off", load_balance_mode="off",
                    failover_mode="none", **pool) as plain:
            try:
                targets = [Target("direct", cluster.primary.port), peers.pgbouncer(), Target("howdah", routing.port, routing.process.pid),
                           Target("howdah, routing off", plain.port, plain.process.pid), peers.pgpool()]
                measure_all(targets, options)
            finally:
                peers.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"bench: {failure}")
