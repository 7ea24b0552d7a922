"""A test that hangs is ended, and tells what everybody was waiting for: its gateways are looked into and killed, so that who waits
for them fails; later the servers, too."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import traceback

import cluster as pg

LIMIT = 600.0  # seconds: many times what any test takes on a busy machine, and below what ctest gives its file
GRACE = 60.0  # for the test to end once its gateways are gone
PROGRAMS = ("howdah", "postgres")

found = []  # lines for the end of the output


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def children(program):
    """The processes of that name which this one has started, with their commands."""
    commands = {pid: command_of(pid) for pid in pg.process_tree(os.getpid())[1:]}
    return {pid: command for pid, command in commands.items() if command and pathlib.Path(command[0]).name == program}


def asked(conf, user, database, sql):
    """The rows as text; the settings say where to ask."""
    settings = dict(line.split(" = ", 1) for line in pathlib.Path(conf).read_text().splitlines() if " = " in line)
    argv = ["psql", "-h", "127.0.0.1", "-p", settings["port"].strip("'"), "-U", user, "-d", database, "-XAtc", sql]
    try:
        done = subprocess.run(argv, env=pg.server_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    except subprocess.TimeoutExpired:
        return ["no answer in 10 s"]
    return (done.stdout or done.stderr).splitlines()


def look_into(program, command):
    """What its sessions are at."""
    if program == "howdah" and "-f" in command:
        return asked(command[command.index("-f") + 1], "app", "app", "SHOW POOL_PROCESSES")
    if program == "postgres" and "-D" in command:
        return asked(pathlib.Path(command[command.index("-D") + 1]) / "postgresql.conf", "postgres", "postgres",
                     "SELECT pid, usename, state, wait_event, left(query, 60) FROM pg_stat_activity "
                     "WHERE backend_type = 'client backend' AND application_name NOT IN ('howdah', 'psql')")
    return []


def stacks():
    """The innermost line of each thread within the tests."""
    for thread, frame in sys._current_frames().items():
        lines = [entry for entry in traceback.extract_stack(frame) if "/tests/" in entry.filename or "/tools/" in entry.filename]
        if lines and thread != threading.get_ident():
            yield " < ".join(f"{pathlib.Path(entry.filename).name}:{entry.lineno} {entry.name}" for entry in reversed(lines[-3:]))


def report(test):
    """What matters most comes last: of a long output often only the end is kept."""
    for program in reversed(PROGRAMS):
        for pid, command in children(program).items():
            found.extend(f"{program} {pid} {pg.state_of(pid)}: {line}" for line in look_into(program, command) or ["no sessions"])
    found.extend(stacks())
    found.append(f"{test} hung")


class Watchdog:
    """From guard() to release() at most LIMIT seconds may pass."""

    def __init__(self):
        self.timer = None

    def guard(self, test, limit=LIMIT):
        self._call(limit, self._bark, test)

    def release(self):
        self.timer.cancel()

    def _bark(self, test):
        try:
            report(test)
        finally:
            self._end(PROGRAMS)

    def _end(self, programs):
        pg.signal_all(children(programs[0]), signal.SIGKILL)
        if programs[1:]:
            self._call(GRACE, self._end, programs[1:])

    def _call(self, seconds, function, *arguments):
        self.timer = threading.Timer(seconds, function, arguments)
        self.timer.daemon = True
        self.timer.start()
