"""Certificates for tests."""

import cluster as pg


class Authority:
    """A CA and the certificates it signs, as files in one directory."""

    def __init__(self, directory, name):
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.cert = directory / f"{name}.crt"
        self.key = directory / f"{name}.key"
        pg.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                "-keyout", self.key, "-out", self.cert])

    def sign(self, name, file=None, alternatives="DNS:localhost,IP:127.0.0.1"):
        """(certificate, key) of a common name."""
        cert, key, request = (self.directory / f"{file or name}.{end}" for end in ("crt", "key", "csr"))
        extensions = self.directory / "extensions"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        pg.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request])
        pg.run(["openssl", "x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                "-days", "30", "-extfile", extensions, "-out", cert])
        key.chmod(0o600)
        return cert, key
