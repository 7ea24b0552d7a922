"""Servers that die, hang, restart and are cut off, roles rotating, under clients that write and read: `./dev chaos`.

Every fault is measured from the clients' side, and at the end every row is audited: what was acknowledged is there, nothing
is there twice. The table goes into docs/failover.md. As root the hosts are network namespaces, so that networks can be cut;
else everything is on loopback and those faults are left out, which is said.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

import cluster as pg
import load
import network
from cluster import Cluster, Failed, Howdah, PROJECT, wait_until

GATEWAY = "gateway"
HOSTS = ["pg0", "pg1", "pg2", GATEWAY]
PAGE = PROJECT / "docs" / "failover.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HANG, CUT, SATURATED = "hang (SIGSTOP)", "network cut", "all CPUs saturated"
STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})")


@dataclasses.dataclass
class Event:
    fault: str
    node: int
    at: float = 0.0       # monotonic, as the clients' clock
    wall: float = 0.0
    over: float = 0.0     # monotonic: everything follows again
    is_false_failover: bool = False
    fenced: float = None  # seconds from the old primary's return until it was fenced


class Bed:
    """Three servers, a gateway, clients. One `with` for all of it."""

    def __init__(self, build, clients, is_synchronous=False, net=None, saturated_for=20, **parameters):
        self.build, self.clients, self.is_synchronous, self.net = build, clients, is_synchronous, net
        self.saturated_for = saturated_for  # seconds
        self.parameters = {"health_check_timeout": None, "health_check_max_retries": None, "health_check_retry_delay": None,
                           "health_check_period": None, "detection_profile": "fast", **parameters}
        if is_synchronous:
            self.parameters["synchronous_standbys"] = "strict"
            self.parameters["commit_safety"] = "strict"
        self.events = []
        self.log = ""  # kept when the clients have ended
        self.operations = []

    def __enter__(self):
        hosts = [{"host": self.net.hosts[f"pg{number}"], "enter": self.net.enter(f"pg{number}")} for number in range(3)] if self.net else None
        self.stack = contextlib.ExitStack()
        with self.stack:
            self.cluster = self.stack.enter_context(Cluster(replicas=2, hosts=hosts, wal_receiver_timeout="60s",
                                                            wal_retrieve_retry_interval="5s"))
            if self.is_synchronous:
                self.cluster.primary.query("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (node1, node2)'")
                self.cluster.primary.query("SELECT pg_reload_conf()")
            self.gateway = self.stack.enter_context(Howdah(self.cluster, self.build, **self.parameters))
            self.gateway.query(load.TABLE)
            self.process = subprocess.Popen(
                [sys.executable, str(pathlib.Path(load.__file__)), "--port", str(self.gateway.port), "--password", pg.PASSWORD,
                 "--clients", str(self.clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.stack.callback(self.end_load)
            assert self.process.stdout.readline() == "ready\n"
            self.settle()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def end_load(self):
        if self.process.poll() is None:
            output, _ = self.process.communicate()
            self.operations = [load.Operation(**json.loads(line)) for line in output.splitlines()]

    def finish(self):
        """Ends the clients; what the audit finds."""
        self.end_load()
        self.log = self.gateway.log.read_text(errors="replace")
        rows = self.primary.query("SELECT client, seq FROM audit", database="app")
        return load.audit(self.operations, rows)

    # ---- who is who

    @property
    def primary(self):
        return self.cluster.nodes[self.primary_number()]

    def primary_number(self):
        return next(number for number, node in enumerate(self.gateway.pool_nodes()) if node["role"] == "primary")

    def a_standby(self):
        number = self.primary_number()
        return self.cluster.nodes[(number + 1) % 3]

    def follows(self, node, primary):
        with contextlib.suppress(Exception):
            return primary.query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = "
                                 f"'{node.name}'") == [(1,)]

    def settle(self):
        """Everybody is up and follows, and has done so for a moment."""
        def is_settled():
            nodes = self.gateway.pool_nodes()
            return all(node["status"] in ("up", "waiting") for node in nodes) and [n["role"] for n in nodes].count("primary") == 1
        wait_until("every node is used", is_settled)
        time.sleep(0.7)

    # ---- faults

    def strike(self, fault, node, act):
        """Notes the moment and does it."""
        event = Event(fault, node.number)
        tree = pg.process_tree(node.pid())
        event.at, event.wall = time.monotonic(), time.time()
        act(tree)
        self.events.append(event)
        return event

    def recover(self, event, is_failover):
        """Waits until the gateway writes again, makes the struck node a standby again, and waits for calm."""
        old = self.cluster.nodes[event.node]
        if is_failover:
            wait_until(f"{event.fault}: another primary", lambda: self._another_primary(old))
        wait_until("the gateway writes", self.writes)
        if is_failover:
            self.watch_return(event, old)
            self.cluster.rebuild(old, self.primary)
        elif old.pid() is None or not pg.is_running(old.pid()):
            old.start()
        self.settle()
        event.over = time.monotonic()

    def writes(self):
        with contextlib.suppress(pg.psycopg2.Error):
            self.gateway.query("CREATE TEMP TABLE try (a int)")
            return True

    def watch_return(self, event, old):
        """A primary that only hung, or was cut off, is there again: how soon is it fenced?"""
        back = Event("return", old.number, wall=time.time())
        if event.fault == CUT:
            self.net.heal()
        elif event.fault == HANG:
            old.thaw()
        else:
            return
        line = f"false primary fenced node={old.number} "
        wait_until("the old primary is fenced", lambda: self.log_time(back, line) is not None)
        event.fenced = self.log_time(back, line)

    def _another_primary(self, old):
        with contextlib.suppress(StopIteration, Exception):
            return self.primary_number() != old.number

    # ---- what the log says

    def log_time(self, event, text):
        """Seconds from the event to the log line; None if there is none."""
        for line in (self.log or self.gateway.log.read_text(errors="replace")).splitlines():
            stamp = STAMP.match(line)
            if stamp and text in line:
                at = datetime.datetime.strptime(stamp.group(1), "%Y-%m-%d %H:%M:%S.%f").timestamp()
                if at >= event.wall - 0.002:
                    return max(0.0, at - event.wall)
        return None


# ---- the faults, each a row: who is struck, what is done, whether another node must become primary

def kill_all(bed, tree):
    pg.signal_all(pg.whole_tree(tree[0]), signal.SIGKILL)


def signal_postmaster(number):
    return lambda bed, tree: os.kill(tree[0], number)


def freeze(bed, tree):
    pg.signal_all(pg.whole_tree(tree[0]), signal.SIGSTOP)


def pause(seconds):
    def act(bed, tree):
        pg.signal_all(tree, signal.SIGSTOP)
        time.sleep(seconds)
        pg.signal_all(tree, signal.SIGCONT)
    return act


def crash_a_backend(bed, tree):
    pid = bed.primary.query("SELECT pid FROM pg_stat_activity WHERE usename = 'app' LIMIT 1")
    os.kill(pid[0][0] if pid else tree[-1], signal.SIGKILL)


def cut_gateway_for_a_while(bed, tree):
    bed.net.cut(GATEWAY, f"pg{bed.struck}")
    time.sleep(6)
    bed.net.heal()


def saturate(bed, tree):
    """More busy loops than the CPUs can give a turn to within a probe's deadline, were it not for the scheduler's fairness."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8 * os.cpu_count())]
    try:
        time.sleep(bed.saturated_for)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@dataclasses.dataclass
class Fault:
    name: str
    act: object
    of_primary: bool = True
    is_failover: bool = True
    needs_network: bool = False


FAULTS = {fault.name: fault for fault in (
    Fault("kill -9 of the whole server", kill_all),
    Fault("kill -9 of the postmaster", signal_postmaster(signal.SIGKILL)),
    Fault(HANG, freeze),
    Fault("fast shutdown", signal_postmaster(signal.SIGINT)),
    Fault("immediate shutdown", signal_postmaster(signal.SIGQUIT)),
    Fault(CUT, lambda bed, tree: bed.net.cut_off(f"pg{bed.struck}"), needs_network=True),
    Fault("gateway alone cut off for 6 s", cut_gateway_for_a_while, is_failover=False, needs_network=True),
    Fault("pause of 1 s", pause(1), is_failover=False),
    Fault(SATURATED, saturate, is_failover=False),
    Fault("crash of a backend", crash_a_backend, is_failover=False),
    Fault("kill -9 of a replica", kill_all, of_primary=False, is_failover=False),
    Fault("switchover", None),
)}


def run_fault(bed, fault):
    if fault.name == "switchover":
        return run_switchover(bed)
    node = bed.primary if fault.of_primary else bed.a_standby()
    bed.struck = node.number
    event = bed.strike(fault.name, node, lambda tree: fault.act(bed, tree))
    if fault.act is kill_all:
        (node.data / "postmaster.pid").unlink(missing_ok=True)
    if not fault.of_primary:
        wait_until("the replica is given up", lambda: bed.gateway.pool_nodes()[node.number]["status"] == "down")
    bed.recover(event, fault.is_failover)
    if not fault.is_failover and bed.primary.number != node.number and fault.of_primary:
        event.is_false_failover = True
    return event


def run_switchover(bed):
    old, candidate = bed.primary, bed.a_standby()
    event = Event("switchover", old.number, time.monotonic(), time.time())
    done = bed.gateway.pcp("pcp_promote_node", "--switchover", "-n", candidate.number)
    if done.returncode != 0:
        raise Failed(f"switchover: {done.stderr}")
    bed.events.append(event)
    bed.recover(event, is_failover=True)
    return event


# ---- what came of it

def writes_of(bed):
    return [op for op in bed.operations if op.kind != "read" and op.outcome == "ok" and op.node]


def first_write(bed, event):
    """Seconds from the event to the first write that another node acknowledged."""
    name = f"node{event.node}"
    ends = [op.ended for op in writes_of(bed) if op.node != name and op.ended > event.at]
    return min(ends) - event.at if ends else None


def write_gap(bed, event):
    """Between the last write of the old primary and the first of the new one."""
    name = f"node{event.node}"
    writes = writes_of(bed)
    before = [op.ended for op in writes if op.node == name and event.at < op.ended < event.over]
    after = [op.ended for op in writes if op.node != name and op.ended > event.at]
    return min(after) - max(before, default=event.at) if after else None


def longest_write(bed, since, until):
    """The longest write by one statement that was under way in that time."""
    return max((op.seconds for op in bed.operations if op.kind in ("autocommit", "one_packet") and op.began < until and op.ended > since),
               default=0.0)


def errors_of(bed, event):
    return collections.Counter(f"{op.outcome} {op.kind}" for op in bed.operations
                               if op.outcome != "ok" and event.at <= op.ended <= event.over)


# ---- the report

def ms(seconds):
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"


def spread(values):
    values = sorted(value for value in values if value is not None)
    if not values:
        return "not measured"
    return f"median {ms(statistics.median(values))}, worst {ms(values[-1])} of {len(values)}"


def within(values, median=None, worst=None):
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    is_met = (median is None or statistics.median(values) <= median) and (worst is None or max(values) <= worst)
    return "yes" if is_met else "**missed**"


class Report:
    """Rows of the table, from everything that was seen in all beds."""

    def __init__(self):
        self.runs = []  # (bed, findings, unknown)

    def events(self, *faults, profile="fast", synchronous=None):
        return [(bed, event) for bed, _, _ in self.runs for event in bed.events
                if event.fault in faults and bed.parameters["detection_profile"] == profile
                and (synchronous is None or bed.is_synchronous == synchronous)]

    def errors(self, events):
        return sum((errors_of(bed, event) for bed, event in events), collections.Counter())

    def findings(self, synchronous):
        return [finding for bed, findings, _ in self.runs if bed.is_synchronous == synchronous for finding in findings]

    def table(self):
        dead = self.events("kill -9 of the whole server", "kill -9 of the postmaster", "kill -9 of a replica")
        killed = [first_write(*pair) for pair in self.events("kill -9 of the whole server")]
        switched = self.events("switchover")
        switch_errors = sum(self.errors(switched).values())
        replicas = self.events("kill -9 of a replica")
        replica_errors = sum(self.errors(replicas).values())
        noticed = [bed.log_time(event, f"node changed node={event.node} ") for bed, event in dead]
        rows = [("process death noticed", "<= 50 ms", spread(noticed), within(noticed, worst=0.05)),
                ("kill -9 of the primary to the first write", "median <= 150 ms, p99 <= 600 ms", spread(killed),
                 within(killed, 0.15, 0.6))]
        for profile, goal in (("fast", 1.5), ("calm", 4)):
            for fault in (HANG, CUT):
                silent = [first_write(*pair) for pair in self.events(fault, profile=profile)]
                rows.append((f"{fault} to the first write, `{profile}`", f"<= {goal} s", spread(silent), within(silent, worst=goal)))
        gaps = [write_gap(*pair) for pair in switched]
        ok = within(gaps, 0.2, 1) if not switch_errors else "**missed**"
        rows.append(("switchover: no writes for", "median <= 200 ms, max 1 s, 0 errors", f"{spread(gaps)}; {switch_errors} errors", ok))
        stalls = [longest_write(bed, event.at, event.at + 1) for bed, event in replicas]
        before = [longest_write(bed, event.at - 1, event.at) for bed, event in replicas]
        ok = within(stalls, worst=0.05) if not replica_errors else "**missed**"
        rows.append(("replica dies: longest write of anyone in the second after it", "<= 50 ms, 0 errors",
                     f"{spread(stalls)}, in the second before it {spread(before)}; {replica_errors} errors", ok))
        fenced = [event.fenced for bed, _, _ in self.runs for event in bed.events]
        rows.append(("an old primary that returns is fenced", "<= 200 ms", spread(fenced), within(fenced, worst=0.2)))
        rows += self.safety_rows()
        return rows

    def safety_rows(self):
        rows = []
        for synchronous in (True, False):
            beds = [bed for bed, _, _ in self.runs if bed.is_synchronous == synchronous]
            if not beds:
                continue
            findings = self.findings(synchronous)
            lost = sum(finding.startswith("lost") for finding in findings)
            twice = len(findings) - lost
            acknowledged = sum(len(op.seqs) for bed in beds for op in bed.operations if op.outcome == "ok")
            said = f"{lost} lost, {twice} wrong otherwise, of {acknowledged} acknowledged rows"
            if synchronous:
                rows.append(("unplanned, synchronous, strict", "0 lost, 0 duplicated", said, "yes" if not findings else "**missed**"))
                rows.append(self.error_row(beds))
            else:
                rows.append(("unplanned, asynchronous", "0 duplicated; loss bounded and reported", said, "yes" if not twice else "**missed**"))
        false = sum(event.is_false_failover for bed, _, _ in self.runs for event in bed.events)
        tries = sum(not FAULTS[event.fault].is_failover and FAULTS[event.fault].of_primary for bed, _, _ in self.runs for event in bed.events
                    if event.fault in FAULTS)
        rows.append(("false failovers", "0", f"{false} of {tries} temptations", "yes" if not false else "**missed**"))
        return rows

    def error_row(self, beds):
        unplanned = [(bed, event) for bed in beds for event in bed.events if event.fault != "switchover"]
        errors = self.errors(unplanned)
        plain = sum(count for what, count in errors.items() if not what.endswith(" interactive"))
        told = ", ".join(f"{count} x {what}" for what, count in sorted(errors.items())) or "none"
        return ("its errors", "0 but 40001 of open interactive transactions", told,
                "yes" if not plain and all(what == "40001 interactive" for what in errors) else "**missed**")

    def text(self):
        lines = [f"Measured on {datetime.date.today()}: {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.0f}, "
                 f"{max(bed.clients for bed, _, _ in self.runs)} clients, "
                 f"{sum(len(bed.events) for bed, _, _ in self.runs)} faults, {'hosts in network namespaces' if self.runs[0][0].net else 'loopback'}.", "",
                 "| what | goal | measured | met |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in self.table()]
        missing = sorted(name for name, fault in FAULTS.items() if not self.events(name) and not self.events(name, profile="calm"))
        if missing:
            lines += ["", f"Not tried in this run: {', '.join(missing)}."]
        per_fault = sorted({event.fault for bed, _, _ in self.runs for event in bed.events})
        lines += ["", "| fault | times | first write elsewhere | errors |", "|---|---|---|---|"]
        for fault in per_fault:
            pairs = self.events(fault) + self.events(fault, profile="calm")
            firsts = [first_write(*pair) for pair in pairs] if FAULTS[fault].is_failover else []
            errors = self.errors(pairs)
            told = ", ".join(f"{count} x {what}" for what, count in sorted(errors.items())) or "none"
            lines.append(f"| {fault} | {len(pairs)} | {spread(firsts) if firsts else '–'} | {told} |")
        unusual = sorted({f"{op.outcome}: {op.error}" for bed, _, _ in self.runs for op in bed.operations
                          if op.outcome not in ("ok", "40001", "08007")})
        lines += ["", *(f"Also seen: {text}" for text in unusual)]
        return "\n".join(lines)


def write_page(text):
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


# ---- which faults, how often

FULL = {"kill -9 of the whole server": 6, "kill -9 of the postmaster": 2, HANG: 3, CUT: 3, "fast shutdown": 1, "immediate shutdown": 1,
        "crash of a backend": 1, "pause of 1 s": 3, SATURATED: 1, "gateway alone cut off for 6 s": 1, "kill -9 of a replica": 3, "switchover": 4}
SYNCHRONOUS = {"kill -9 of the whole server": 5, "kill -9 of the postmaster": 2, HANG: 2, "kill -9 of a replica": 1, "switchover": 2}
CALM = {HANG: 2, CUT: 1, "pause of 1 s": 1}


def run_bed(report, faults, build, clients, net, **options):
    """The faults in turns, so that every node plays every part."""
    with Bed(build, clients, net=net, **options) as bed:
        left = collections.Counter(faults)
        while +left:
            for name in list(+left):
                fault = FAULTS[name]
                left[name] -= 1
                if fault.needs_network and not net:
                    continue
                event = run_fault(bed, fault)
                print(f"{name}: node {event.node} struck, calm after {event.over - event.at:.1f} s", flush=True)
        findings, unknown = bed.finish()
        report.runs.append((bed, findings, unknown))
        for finding in findings:
            print(f"AUDIT: {finding}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", default=PROJECT / "build" / "release", help="where the programs are")
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--short", action="store_true", help="each fault once, asynchronous only; prints, writes nothing")
    options.add_argument("--only", action="append", choices=FAULTS, help="this fault, asynchronous; prints, writes nothing")
    options.add_argument("--saturate", type=float, default=20, metavar="SECONDS", help="how long the CPUs are kept busy, by that fault")
    options.add_argument("--no-network", action="store_true", help="on loopback even as root")
    options.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    can_cut = network.is_possible() and not arguments.no_network
    if not can_cut:
        print("no network namespaces here (they need root): network cuts are left out")
    if can_cut and not arguments.inside:
        with network.Network(HOSTS) as net:
            done = subprocess.run([*net.enter(GATEWAY), sys.executable, *sys.argv, "--inside", net.prefix])
        return done.returncode
    net = network.Network(HOSTS) if can_cut else None
    if net:
        net.rename(arguments.inside)
    report = Report()
    run = lambda faults, **more: run_bed(report, faults, arguments.build, arguments.clients, net,
                                         saturated_for=arguments.saturate, **more)
    is_partial = arguments.short or arguments.only
    if is_partial:
        run({name: 1 for name in FAULTS} if arguments.short else collections.Counter(arguments.only))
    else:
        run(FULL)
        run(SYNCHRONOUS, is_synchronous=True)
        run(CALM, detection_profile="calm")
    print(report.text())
    if not is_partial:
        write_page(report.text())
    return 1 if report.findings(True) or any("twice" in f or "times" in f for f in report.findings(False)) else 0


if __name__ == "__main__":
    sys.exit(main())
