"""A switch with hosts of its own, made of network namespaces: so that a cut network is silent, as a pulled cable is. Needs root.

No packet filter is needed: a host is cut off by taking its port off the bridge, two hosts from each other by giving each a
wrong hardware address of the other.
"""

import os
import subprocess

NET = "10.99.0"
NOBODY = "02:00:00:00:00:01"


def is_possible():
    """Whether namespaces can be made here."""
    if os.getuid() != 0:
        return False
    name = f"howdah-try{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return made


class Network:
    def __init__(self, hosts):
        self.hosts = {name: f"{NET}.{11 + number}" for number, name in enumerate(hosts)}
        self.rename(f"hd{os.getpid()}")
        self.undoing = []

    def rename(self, prefix):
        """To use what another process has made."""
        self.prefix, self.switch = prefix, f"{prefix}-switch"

    def _ip(self, *words, host=None):
        enter = ["-n", self.space(host)] if host else []
        subprocess.run(["ip", *enter, *map(str, words)], check=True, capture_output=True)

    def space(self, host):
        return self.switch if host == "switch" else f"{self.prefix}-{host}"

    def enter(self, host):
        """What to put before a command to run it on the host."""
        return ["ip", "netns", "exec", self.space(host)]

    def __enter__(self):
        self._ip("netns", "add", self.switch)
        self._ip("link", "add", "br0", "type", "bridge", host="switch")
        self._ip("link", "set", "br0", "up", host="switch")
        for host, address in self.hosts.items():
            self._ip("netns", "add", self.space(host))
            self._ip("link", "set", "lo", "up", host=host)
            self._ip("link", "add", "name", f"p-{host}", "netns", self.switch, "type", "veth", "peer", "name", "eth0",
                     "netns", self.space(host))
            self._ip("link", "set", f"p-{host}", "master", "br0", "up", host="switch")
            self._ip("addr", "add", f"{address}/24", "dev", "eth0", host=host)
            self._ip("link", "set", "eth0", "up", host=host)
            # A host that is back is found when ARP asks for it again: after 1 s, unless told otherwise.
            subprocess.run([*self.enter(host), "sh", "-c", "echo 100 > /proc/sys/net/ipv4/neigh/eth0/retrans_time_ms"], check=True)
        return self

    def __exit__(self, *_):
        for host in [*self.hosts, "switch"]:
            subprocess.run(["ip", "netns", "del", self.space(host)], capture_output=True)

    def cut_off(self, host):
        self._ip("link", "set", f"p-{host}", "nomaster", host="switch")
        self.undoing.append((("link", "set", f"p-{host}", "master", "br0"), "switch"))

    def cut(self, one, other):
        for here, there in ((one, other), (other, one)):
            address = self.hosts[there]
            self._ip("neigh", "replace", address, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent", host=here)
            self.undoing.append((("neigh", "del", address, "dev", "eth0"), here))

    def heal(self):
        """Undoes the cuts, and nothing else: clocks that measure what comes of it run already."""
        while self.undoing:
            words, host = self.undoing.pop(0)
            self._ip(*words, host=host)
