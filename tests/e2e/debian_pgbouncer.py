"""Debian's pgbouncer, to compare with."""

import shutil
import subprocess

import cluster as pg
from cluster import PASSWORD


class Pgbouncer:
    """Runs with the pgbouncer.ini of a directory; listens on `port`, as that file says."""

    def __init__(self, directory, port):
        self.directory = directory
        self.port = port
        self.process = None

    @classmethod
    def before(cls, cluster, directory, databases=None, **settings):
        """In front of the cluster's primary, with the users of the tests' gateways."""
        directory.mkdir()
        port = pg.free_port()
        users = directory / "users"
        users.write_text("".join(f'"{user}" "{PASSWORD}"\n' for user in ("app", "postgres", "howdah")))
        keys = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "scram-sha-256", "auth_file": users,
                "pool_mode": "transaction", "admin_users": "app", "stats_users": "howdah",
                "ignore_startup_parameters": "extra_float_digits", **settings}
        (directory / "pgbouncer.ini").write_text(
            f"[databases]\n{databases or f'* = host=127.0.0.1 port={cluster.primary.port}'}\n[pgbouncer]\n"
            + "".join(f"{key} = {value}\n" for key, value in keys.items()))
        give_to_servers_user(directory)
        return cls(directory, port)

    def __enter__(self):
        log = self.directory / "pgbouncer.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(pg.as_server_user(["/usr/sbin/pgbouncer", self.directory / "pgbouncer.ini"]),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/")
        pg.wait_until("pgbouncer listens", lambda: "process up" in log.read_text())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def give_to_servers_user(directory):
    if pg.server_user():
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, pg.server_user(), pg.server_user())
