"""A frontend of the PostgreSQL protocol that sends exactly the bytes a test wants (manual, "Frontend/Backend Protocol")."""

import base64
import hashlib
import hmac
import os
import socket
import struct

PROTOCOL_3_0 = 3 << 16
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102


def message(tag, body=b""):
    return tag + struct.pack("!i", len(body) + 4) + body


def cstring(text):
    return text.encode() + b"\0"


def startup(version=PROTOCOL_3_0, **parameters):
    body = struct.pack("!i", version) + b"".join(cstring(k) + cstring(v) for k, v in parameters.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def query(sql):
    return message(b"Q", cstring(sql))


def parse(sql, name="", types=()):
    return message(b"P", cstring(name) + cstring(sql) + struct.pack(f"!h{len(types)}i", len(types), *types))


def bind(values=(), portal="", statement=""):
    body = cstring(portal) + cstring(statement) + struct.pack("!hH", 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return message(b"B", body + struct.pack("!h", 0))


def describe(kind=b"P", name=""):
    return message(b"D", kind + cstring(name))


def execute(portal="", limit=0):
    return message(b"E", cstring(portal) + struct.pack("!i", limit))


def close(kind=b"S", name=""):
    return message(b"C", kind + cstring(name))


def function_call(oid, *arguments):
    body = struct.pack("!ihh", oid, 0, len(arguments))
    return message(b"F", body + b"".join(struct.pack("!i", len(one)) + one for one in arguments) + struct.pack("!h", 0))


SYNC = message(b"S")
FLUSH = message(b"H")
TERMINATE = message(b"X")
COPY_DONE = message(b"c")


def copy_data(data):
    return message(b"d", data)


def copy_fail(reason):
    return message(b"f", cstring(reason))


def error_fields(body):
    """ErrorResponse and NoticeResponse: field letter to text."""
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\0") if part}


def row_values(body):
    (count,), at, values = struct.unpack("!h", body[:2]), 2, []
    for _ in range(count):
        (length,) = struct.unpack("!i", body[at:at + 4])
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode())
        at += max(length, 0)
    return values


class Closed(Exception):
    """The other side closed the connection."""


class Client:
    def __init__(self, port, host="127.0.0.1", timeout=120):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.key = None
        self.parameters = {}
        self.negotiated = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def start_tls(self, context, asks_first=True):
        """From here on the connection is encrypted; without asking first, as PostgreSQL 17's sslnegotiation=direct."""
        if asks_first:
            self.send(struct.pack("!ii", 8, SSL_REQUEST))
            assert self.socket.recv(1) == b"S"
        self.socket = context.wrap_socket(self.socket)

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def read_bytes(self, count):
        parts, size = [self.buffer], len(self.buffer)
        while size < count:
            parts.append(self.socket.recv(1 << 16))
            size += len(parts[-1])
            if not parts[-1]:
                raise Closed(b"".join(parts))
        found = b"".join(parts)
        self.buffer = found[count:]
        return found[:count]

    def read(self):
        """The next message: (tag, body)."""
        head = self.read_bytes(5)
        return head[:1], self.read_bytes(struct.unpack("!i", head[1:])[0] - 4)

    def is_closed(self):
        """Reads to the end; True when the other side closed in order."""
        try:
            while True:
                self.read()
        except Closed:
            return True
        except ConnectionResetError:
            return True

    def until(self, last=b"Z"):
        """All messages up to and with the first one of this tag."""
        found = []
        while not found or found[-1][0] != last:
            found.append(self.read())
        return found

    def ask(self, *parts, last=b"Z"):
        self.send(*parts)
        return self.until(last)

    def tags(self, *parts, last=b"Z"):
        return b"".join(tag for tag, _ in self.ask(*parts, last=last) if tag not in b"SN").decode()

    def rows(self, sql):
        answers = self.ask(query(sql))
        errors = [error_fields(body) for tag, body in answers if tag == b"E"]
        assert not errors, errors
        return [row_values(body) for tag, body in answers if tag == b"D"]

    def login(self, user="app", database="app", password=None, version=PROTOCOL_3_0, **parameters):
        """Logs in; returns self at ReadyForQuery. An ErrorResponse is returned as its fields instead."""
        self.send(startup(version, user=user, database=database, **parameters))
        return self.finish_login(user, password)

    def finish_login(self, user, password):
        while True:
            tag, body = self.read()
            if tag == b"R":
                self._authenticate(body, user, password)
            elif tag == b"S":
                name, value = body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            elif tag == b"K":
                self.key = body
            elif tag == b"v":
                self.negotiated = body
            elif tag == b"E":
                return error_fields(body)
            elif tag == b"Z":
                return self

    def _authenticate(self, body, user, password):
        (kind,) = struct.unpack("!i", body[:4])
        if kind == 3:
            self.send(message(b"p", cstring(password)))
        elif kind == 5:
            inner = hashlib.md5((password + user).encode()).hexdigest().encode()
            self.send(message(b"p", b"md5" + hashlib.md5(inner + body[4:8]).hexdigest().encode() + b"\0"))
        elif kind == 10:
            self.nonce = base64.b64encode(os.urandom(18)).decode()
            first = f"n,,n=,r={self.nonce}".encode()
            self.send(message(b"p", cstring("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first))
        elif kind == 11:
            self.send(message(b"p", self._scram_final(body[4:].decode(), password)))

    def _scram_final(self, server_first, password):
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        bare = f"c=biws,r={fields['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(), f"n=,r={self.nonce},{server_first},{bare}".encode(), "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()


def cancel(port, key):
    """A CancelRequest over a connection of its own; waits until the other side closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        body = struct.pack("!i", CANCEL_REQUEST) + key
        connection.sendall(struct.pack("!i", len(body) + 4) + body)
        connection.recv(1)
