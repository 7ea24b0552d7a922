"""Real PostgreSQL servers on loopback, and a Howdah in front of them: for the demo, the benchmark and the tests.

Servers run as a user who is not root (PostgreSQL refuses root): the caller, or `postgres` when the caller is root.
Every process that is started here is ended by its own pid; nothing else is touched.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
PROJECT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "secret-of-the-demo"  # one password for all roles of a throw-away cluster


class Failed(Exception):
    """Something did not happen as told."""


def server_user():
    return "postgres" if os.getuid() == 0 else None


def as_server_user(argv):
    user = server_user()
    if user is None:
        return [str(a) for a in argv]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] + [str(a) for a in argv]


def server_environment():
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": "/tmp", "PGPASSWORD": PASSWORD}


_port_locks = []  # open files: a port stays this process's own until it ends


def free_port():
    """A free loopback port below 32768: higher ones collide with outgoing connections. Tests that run at the same time never
    get the same one, also not between asking and listening."""
    locks = pathlib.Path(f"/var/tmp/howdah-ports-{os.getuid()}")
    locks.mkdir(exist_ok=True)
    for _ in range(500):
        port = random.SystemRandom().randint(20000, 32000)
        lock = open(locks / str(port), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.closing(socket.socket()) as probe:
                probe.bind(("127.0.0.1", port))
            _port_locks.append(lock)
            return port
        except OSError:
            lock.close()
    raise Failed("no free port between 20000 and 32000")


def wait_until(what, condition, timeout=90.0, interval=0.05):
    """Waits for `condition()` to be true and returns its value; says what did not happen otherwise. The limit is for machines that are
    busy with much else: it costs nothing when all is well."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(interval)


def server_directory(prefix="howdah-"):
    """A fresh directory that the servers' user can reach and own."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp"))
    path.chmod(0o755)
    return path


def process_tree(pid):
    """pid and all its descendants, parents first."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in pathlib.Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def state_of(pid):
    """The kernel's letter; "Z" also for who is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def is_running(pid):
    return state_of(pid) != "Z"


def halt(pids):
    """Stops processes, and waits until none of them does anything any more."""
    signal_all(pids, signal.SIGSTOP)
    wait_until("they have stopped", lambda: all(state_of(pid) in "TZ" for pid in pids), interval=0.001)


def whole_tree(pid):
    """pid and all its descendants. It is stopped first: a child that it makes meanwhile would be missing."""
    halt([pid])
    return process_tree(pid)


def signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def run(argv, **options):
    """Runs a command to its end; raises Failed with its output when it fails."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(a) for a in argv)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def connect(port, user="app", database="app", password=PASSWORD, host="127.0.0.1", **options):
    connection = psycopg2.connect(host=host, port=port, user=user, dbname=database, password=password,
                                  connect_timeout=options.pop("connect_timeout", 60), **options)
    connection.autocommit = True
    return connection


def query(port, sql, **options):
    """One statement over a connection of its own; its rows, or [] if it gives none."""
    with contextlib.closing(connect(port, **options)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


class Node:
    """One PostgreSQL server. `enter`: what to put before its commands, where it runs on a host of its own (network.py)."""

    def __init__(self, number, directory, host="127.0.0.1", enter=()):
        self.number, self.host, self.enter = number, host, list(enter)
        self.name = f"node{number}"
        self.data = directory / self.name
        self.log = directory / f"{self.name}.log"
        self.port = free_port()

    def configure(self, **extra):
        settings = {
            "port": self.port, "listen_addresses": self.host, "unix_socket_directories": "", "fsync": "off",
            "shared_buffers": "32MB", "max_connections": 200, "wal_keep_size": "256MB", "max_wal_senders": 10,
            "hot_standby": "on", "wal_log_hints": "on", "log_min_messages": "warning", "log_line_prefix": "%m [%p] %q%u@%d ",
            "wal_receiver_timeout": "2s", "wal_retrieve_retry_interval": "200ms", "password_encryption": "scram-sha-256",
            "cluster_name": self.name, "autovacuum_naptime": "1d", **extra,
        }
        lines = "".join(f"{key} = '{value}'\n" for key, value in settings.items())
        (self.data / "postgresql.conf").write_text(lines)

    def pid(self):
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return None

    def start(self):
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            process = subprocess.Popen(self.enter + as_server_user([PG_BIN / "postgres", "-D", self.data]), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env=server_environment(), start_new_session=True, cwd="/")
        finally:
            os.close(log)

        def answers():
            if process.poll() is not None:
                raise Failed(f"{self.name} ended with {process.returncode}:\n{self.log.read_text(errors='replace')[-2000:]}")
            return self.answers()
        wait_until(f"{self.name} answers (its log: {self.log})", answers, timeout=180)

    def answers(self):
        return subprocess.run([PG_BIN / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)]).returncode == 0

    def stop(self, mode="fast"):
        pid = self.pid()
        if pid is None or not is_running(pid):
            return
        tree = process_tree(pid)
        signal_all(tree, signal.SIGCONT)
        os.kill(pid, {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
        try:
            wait_until(f"{self.name} stops", lambda: not is_running(pid), timeout=60)
        except Failed:
            self.kill()

    def kill(self):
        """kill -9 of every process of the server at once, as when a machine dies."""
        pid = self.pid()
        if pid is None:
            return
        tree = whole_tree(pid)
        signal_all(tree, signal.SIGKILL)
        wait_until(f"{self.name} is gone", lambda: not any(is_running(p) for p in tree))
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def crash(self, pid):
        """kill -9 of one of its processes: the server ends all others and recovers. It has ended them when this returns."""
        def times():
            return self.log.read_text(errors="replace").count("all server processes terminated")
        before = times()
        os.kill(pid, signal.SIGKILL)
        wait_until(f"{self.name} begins anew", lambda: times() > before)

    def freeze(self):
        signal_all(whole_tree(self.pid()), signal.SIGSTOP)

    def thaw(self):
        signal_all(process_tree(self.pid()), signal.SIGCONT)

    def query(self, sql, user="postgres", database="postgres"):
        return query(self.port, sql, user=user, database=database, host=self.host)

    def is_primary(self):
        return self.query("SELECT NOT pg_is_in_recovery()")[0][0]

    def reload(self):
        """Reads its files again; who connects from now on has what stands in them."""
        loaded = self.query("SELECT pg_conf_load_time()")
        self.query("SELECT pg_reload_conf()")
        wait_until(f"{self.name} has read its files", lambda: self.query("SELECT pg_conf_load_time()") != loaded)


class Cluster:
    """A primary (node 0) and streaming replicas, SCRAM passwords, a database `app` owned by the role `app`."""

    def __init__(self, replicas=2, directory=None, hosts=None, **settings):
        self.directory = pathlib.Path(directory) if directory else server_directory()
        self.settings = settings
        self.nodes = [Node(number, self.directory, **(hosts[number] if hosts else {})) for number in range(replicas + 1)]

    @property
    def primary(self):
        return self.nodes[0]

    def start(self):
        if server_user():
            shutil.chown(self.directory, server_user(), server_user())
        self._make_primary()
        for node in self.nodes[1:]:
            self._make_replica(node)
        for node in self.nodes[1:]:
            try:
                wait_until(f"{node.name} streams", lambda n=node: self._streams(n), timeout=180)
            except Failed as failure:
                raise Failed(f"{failure}; its log:\n{node.log.read_text(errors='replace')[-2000:]}") from None
        return self

    def stop(self):
        for node in self.nodes:
            node.stop("immediate")

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.remove()

    def _make_primary(self):
        node = self.primary
        password_file = self.directory / "initdb-password"
        password_file.write_text(PASSWORD)
        if server_user():
            shutil.chown(password_file, server_user(), server_user())
        run(as_server_user([PG_BIN / "initdb", "-D", node.data, "-U", "postgres", "--auth=scram-sha-256",
                            f"--pwfile={password_file}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]),
            env=server_environment(), cwd="/")
        (node.data / "pg_hba.conf").write_text("".join(f"host {what} all {where} scram-sha-256\n" for what in ("all", "replication")
                                                       for where in ("127.0.0.1/32", "samenet")))
        node.configure(**self.settings)
        node.start()
        for statement in ROLES:
            node.query(statement)

    def rebuild(self, node, primary):
        """The node as a fresh standby of `primary`, whatever it was."""
        node.kill()
        shutil.rmtree(node.data, ignore_errors=True)
        self._make_replica(node, primary)

    def _make_replica(self, node, primary=None):
        primary = primary or self.primary
        source = f"host={primary.host} port={primary.port} user=replicator password={PASSWORD}"
        run(node.enter + as_server_user([PG_BIN / "pg_basebackup", "-D", node.data, "-X", "stream", "-c", "fast", "--no-sync", "-d",
                                         source]), env=server_environment(), cwd="/")
        node.configure(**self.settings)
        with open(node.data / "postgresql.auto.conf", "a", encoding="ascii") as conf:
            conf.write(f"primary_conninfo = '{source} application_name={node.name}'\n")
        (node.data / "standby.signal").touch()
        if server_user():
            shutil.chown(node.data / "standby.signal", server_user(), server_user())
        node.start()

    def _streams(self, node):
        return self.primary.query("SELECT count(*) FROM pg_stat_replication "
                                  f"WHERE state = 'streaming' AND application_name = '{node.name}'")[0][0] > 0


# Howdah's own role needs no superuser; these are the grants that failover/README.md and agent/README.md list.
ROLES = (
    f"CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{PASSWORD}'",
    f"CREATE ROLE howdah LOGIN REPLICATION PASSWORD '{PASSWORD}'",
    "GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO howdah",
    "GRANT EXECUTE ON FUNCTION pg_promote(boolean,integer), pg_reload_conf(), pg_wal_replay_pause(), "
    "pg_wal_replay_resume(), pg_switch_wal() TO howdah",
    "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, primary_slot_name, default_transaction_read_only, "
    "synchronous_standby_names, wal_receiver_timeout, wal_retrieve_retry_interval, recovery_min_apply_delay TO howdah",
    "GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text), "
    "pg_read_binary_file(text, bigint, bigint, boolean) TO howdah",  # pg_rewind
    f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'",
    "CREATE DATABASE app OWNER app",
)


class Agent:
    """`howdah agent` beside a node, as the servers' user. `program` and the certificate files are within that user's reach."""

    def __init__(self, node, program, cert, key, ca, **parameters):
        self.node, self.program = node, program
        self.port = free_port()
        self.conf = node.data.parent / f"{node.name}.agent.conf"
        self.log = node.data.parent / f"{node.name}.agent.log"
        login = f"user=replicator password={PASSWORD} application_name={node.name}"
        self.parameters = {
            "agent_listen_addresses": "127.0.0.1", "agent_port": self.port, "agent_data_directory": node.data,
            "agent_bin_directory": PG_BIN, "agent_server_log": node.data.parent / f"{node.name}.restarted.log", "agent_server_timeout": 90,
            "agent_ssl_cert": cert, "agent_ssl_key": key, "agent_ssl_ca_cert": ca,
            "agent_replication_conninfo": login, "agent_rewind_conninfo": f"user=howdah password={PASSWORD}", **parameters}
        self.process = None

    def start(self):
        self.conf.write_text("".join(f"{key} = '{value}'\n" for key, value in self.parameters.items()))
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.fchmod(log, 0o666)
        try:
            self.process = subprocess.Popen(as_server_user([self.program, "agent", "-f", self.conf]), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=server_environment(), start_new_session=True, cwd="/")
        finally:
            os.close(log)

        def listens():
            if self.process.poll() is not None:
                raise Failed(f"the agent ended with {self.process.returncode}:\n{self.log.read_text()}")
            with contextlib.closing(socket.socket()) as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_until("the agent listens", listens)
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failed(f"the agent did not stop:\n{self.log.read_text()}") from None
        return self.process.returncode if self.process else None


class Howdah:
    """One gateway in front of a cluster, configured by Pgpool's files."""

    def __init__(self, cluster, build, directory=None, pool_passwd=None, pool_hba=None, **parameters):
        self.cluster = cluster
        self.build = pathlib.Path(build)
        self.directory = pathlib.Path(directory) if directory else cluster.directory / "howdah"
        self.port = free_port()
        self.pcp_port = free_port()
        self.conf = self.directory / "pgpool.conf"
        self.log = self.directory / "howdah.log"
        self.process = None
        self.parameters = parameters
        self.pool_passwd = pool_passwd
        self.pool_hba = pool_hba

    def write_files(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.directory,
            "pcp_listen_addresses": "127.0.0.1", "pcp_port": self.pcp_port, "pcp_socket_dir": self.directory,
            "pid_file_name": self.directory / "howdah.pid", "work_dir": self.directory,
            "enable_pool_hba": "on", "pool_passwd": self.directory / "pool_passwd",
            "sr_check_user": "howdah", "sr_check_password": PASSWORD, "sr_check_period": 1,
            "health_check_user": "howdah", "health_check_password": PASSWORD, "health_check_period": 1,
            "health_check_timeout": 3, "health_check_max_retries": 1, "health_check_retry_delay": 1,
            "auto_failback": "on", "auto_failback_interval": 1, "failover_mode": "native",
            "pcp_compatibility": "4.3",  # Debian's own pcp_* read the older records
            "worker_threads": 2,  # several also on a small machine
            "primary_wait_timeout": "90s",  # a failover takes long on a busy one
        }
        for node in self.cluster.nodes:
            settings[f"backend_hostname{node.number}"] = node.host
            settings[f"backend_port{node.number}"] = node.port
            settings[f"backend_weight{node.number}"] = 0 if node.number == 0 and len(self.cluster.nodes) > 1 else 1
            settings[f"backend_application_name{node.number}"] = node.name
        settings.update(self.parameters)
        self.conf.write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items() if value is not None))
        passwd = self.pool_passwd
        if passwd is None:
            passwd = "".join(f"{user}:TEXT{PASSWORD}\n" for user in ("app", "postgres", "howdah"))
        hba = self.pool_hba
        if hba is None:
            hba = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
        self._write_secret("pool_passwd", passwd)
        (self.directory / "pool_hba.conf").write_text(hba)
        self._write_secret("pcp.conf", f"pcpadmin:{hashlib.md5(PASSWORD.encode()).hexdigest()}\n")
        self._write_secret("pcppass", f"127.0.0.1:{self.pcp_port}:pcpadmin:{PASSWORD}\n")

    def _write_secret(self, name, text):
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)

    def arguments(self):
        d = self.directory
        return [self.build / "howdah", "-n", "-f", self.conf, "-a", d / "pool_hba.conf", "-F", d / "pcp.conf"]

    def start(self, wait=True):
        if not self.conf.exists():
            self.write_files()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(a) for a in self.arguments()], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        if wait:
            try:
                wait_until(f"Howdah answers (its log: {self.log})", self.answers, timeout=180)
            except Failed as failure:
                raise Failed(f"{failure}\n{self.tail()}") from None
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise Failed(f"Howdah ended with {self.process.returncode}")
        with contextlib.suppress(psycopg2.Error):
            return query(self.port, "SELECT 1", connect_timeout=5) == [(1,)]

    def wait_for_nodes(self):
        """It answers as soon as it knows the primary; until it knows the others, too."""
        def uses_all():
            with contextlib.suppress(psycopg2.Error):
                return all(node["status"] in ("up", "waiting") for node in self.pool_nodes())
        wait_until("Howdah uses every node", uses_all)
        return self

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, number=signal.SIGINT, timeout=60):
        """Ends the gateway; its exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failed(f"Howdah did not stop within {timeout} s\n{self.tail()}") from None
        return self.process.returncode

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            with contextlib.suppress(Failed):
                self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def query(self, sql, **options):
        return query(self.port, sql, **options)

    def connect(self, **options):
        return connect(self.port, **options)

    def pool_nodes(self):
        """SHOW POOL_NODES as a list of dictionaries."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW POOL_NODES")
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def pcp(self, tool, *arguments, directory=None):
        """Runs a pcp_* tool (ours, or Debian's in /usr/sbin) against this gateway."""
        process = self.pcp_start(tool, *arguments, directory=directory)
        try:
            out, err = process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def pcp_start(self, tool, *arguments, directory=None):
        """The same, without waiting for its end."""
        return subprocess.Popen(self.pcp_argv(tool, *arguments, directory=directory), text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.pcp_environment())

    def pcp_argv(self, tool, *arguments, directory=None):
        argv = [pathlib.Path(directory or self.build) / tool, "-h", "127.0.0.1", "-p", self.pcp_port, "-U", "pcpadmin", "-w", *arguments]
        return [str(a) for a in argv]

    def pcp_environment(self):
        return {**os.environ, "PCPPASSFILE": str(self.directory / "pcppass")}
