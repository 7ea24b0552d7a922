"""Those with whom a failover is agreed: etcd, and servers that Patroni looks after. Loopback only; each ends what it started."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import cluster as pg
from cluster import PASSWORD, free_port, wait_until


class Program:
    """A process of the servers' user, in its own session, with its output in a file."""

    def __init__(self, name, directory):
        self.name = name
        self.output = pathlib.Path(directory) / f"{name}.log"
        self.process = None

    def launch(self, argv):
        log = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            self.process = subprocess.Popen(pg.as_server_user(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=pg.server_environment(), start_new_session=True, cwd="/")
        finally:
            os.close(log)

    def end(self, number=signal.SIGKILL):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        self.process.wait(60)
        self.process = None


def http(url, body=None, timeout=5, ca_file=None):
    """(status, text) of a GET, or of a POST of `body`; (0, reason) without an answer."""
    data = None if body is None else json.dumps(body).encode()
    trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=timeout, context=trust) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


class Relay:
    """Forwards connections to a port of loopback, until it is cut: then nothing gets through any more, in silence."""

    def __init__(self, target):
        self.target = target
        self.is_cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client = self.listener.accept()[0]
                self.pairs.append(client)
                if self.is_cut.is_set():
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:  # nobody listens there now
                    client.close()
                    continue
                self.pairs.append(server)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.is_cut.is_set():
                    return
                sink.sendall(data)
        if not self.is_cut.is_set():
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.is_cut.set()

    def heal(self):
        """What was cut off ends; new connections get through."""
        self._end_all()
        self.is_cut.clear()

    def close(self):
        self.cut()
        self.listener.close()
        self._end_all()

    def _end_all(self):
        for end in self.pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.pairs.clear()


class Etcd(Program):
    """One etcd, that can be stopped for a while. With `has_tls` it talks https, by a certificate of its own making."""

    def __init__(self, directory, has_tls=False):
        super().__init__("etcd", directory)
        self.data = pathlib.Path(directory) / "etcd"
        self.port, self.peer_port = free_port(), free_port()
        self.certificate = pathlib.Path(directory) / "etcd.crt" if has_tls else None

    @property
    def url(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def ask(self, path, body=None):
        return http(self.url + path, body, timeout=30, ca_file=self.certificate)

    def _tls_arguments(self):
        if self.certificate is None:
            return []
        key = self.certificate.with_suffix(".key")
        if not key.exists():
            pg.run(pg.as_server_user(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.certificate,
                                      "-subj", "/CN=etcd", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]))
        return ["--cert-file", self.certificate, "--key-file", key]

    def require_password(self, password):
        """The user root with this password, and nobody without one."""
        for path, body in (("user/add", {"name": "root", "password": password}), ("role/add", {"name": "root"}),
                           ("user/grant", {"user": "root", "role": "root"}), ("enable", {})):
            status, text = self.ask(f"/v3/auth/{path}", body)
            assert status == 200, text

    def start(self):
        own, peer = self.url, f"http://127.0.0.1:{self.peer_port}"
        self.launch(["etcd", "--name", "only", "--data-dir", self.data, "--listen-client-urls", own,
                     "--advertise-client-urls", own, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", f"only={peer}", "--unsafe-no-fsync", "--log-level", "warn", *self._tls_arguments()])
        wait_until("etcd answers", lambda: self.ask("/health")[0] == 200)
        return self


class Member(pg.Node):
    """One PostgreSQL server with its Patroni."""

    def __init__(self, number, directory, etcd):
        super().__init__(number, directory)
        self.api_port = free_port()
        self.etcd = etcd
        self.patroni = Program(f"patroni{number}", directory)
        self.file = directory / f"patroni{number}.yml"  # JSON is YAML

    @property
    def api(self):
        return f"http://127.0.0.1:{self.api_port}"

    def write_file(self):
        own = f"127.0.0.1:{self.port}"
        settings = {"unix_socket_directories": "", "fsync": "off", "shared_buffers": "32MB", "max_connections": 100,
                    "cluster_name": self.name, "wal_retrieve_retry_interval": "200ms"}
        hba = ["host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"]
        self.file.write_text(json.dumps({
            "scope": "herd", "name": self.name, "etcd3": {"hosts": [f"127.0.0.1:{self.etcd.port}"]},
            "restapi": {"listen": f"127.0.0.1:{self.api_port}", "connect_address": f"127.0.0.1:{self.api_port}"},
            "bootstrap": {
                "dcs": {"ttl": 5, "loop_wait": 1, "retry_timeout": 2, "maximum_lag_on_failover": 1048576,
                        "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on", "wal_keep_size": "256MB"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "no-sync"]},
            "postgresql": {
                "listen": own, "connect_address": own, "data_dir": str(self.data), "bin_dir": str(pg.PG_BIN),
                "pgpass": str(self.file.with_suffix(".pgpass")), "parameters": settings, "pg_hba": hba,
                "basebackup": [{"checkpoint": "fast"}, "no-sync"],
                "authentication": {"superuser": {"username": "postgres", "password": PASSWORD},
                                   "replication": {"username": "replicator", "password": PASSWORD}}}}))

    def start(self):
        self.write_file()
        self.patroni.launch(["patroni", self.file])

    def is_running_as(self, *roles):
        status, text = http(self.api + "/patroni")
        return status in (200, 503) and json.loads(text).get("state") == "running" and json.loads(text).get("role") in roles

    def kill(self):
        """The machine dies: Patroni and every process of the server."""
        self.patroni.end()
        super().kill()


class PatroniCluster(pg.Cluster):
    """Patroni's cluster of three, with etcd; node0 is its first leader."""

    def __init__(self):
        super().__init__(replicas=2)
        self.etcd = Etcd(self.directory)
        self.nodes = [Member(number, self.directory, self.etcd) for number in range(3)]

    def start(self):
        if pg.server_user():
            pg.shutil.chown(self.directory, pg.server_user(), pg.server_user())
        self.etcd.start()
        self.primary.start()
        wait_until("Patroni's first leader", lambda: self.primary.is_running_as("master", "primary"), timeout=180)
        for statement in pg.ROLES[1:]:  # Patroni makes the role replicator
            self.primary.query(statement)
        for node in self.nodes[1:]:
            node.start()
        for node in self.nodes[1:]:
            wait_until(f"{node.name} streams", lambda n=node: n.is_running_as("replica") and self._streams(n), timeout=180)
        return self

    def leader(self):
        """The node Patroni names, or None."""
        for node in self.nodes:
            status, text = http(node.api + "/cluster")
            if status == 200:
                names = [member["name"] for member in json.loads(text)["members"] if member["role"] == "leader"]
                return next((n for n in self.nodes if n.name in names), None)
        return None

    def patronictl(self, *arguments):
        return subprocess.run(pg.as_server_user(["patronictl", "-c", self.nodes[0].file, *arguments]), text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL, env={**pg.server_environment(), "LC_ALL": "C.UTF-8"}, cwd="/")

    def stop(self):
        for node in self.nodes:
            node.patroni.end()
        super().stop()
        self.etcd.end()
