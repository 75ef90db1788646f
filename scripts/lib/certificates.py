"""Certificates for tests and benchmarks of TLS, made by the program `openssl`."""

import os
import pathlib
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Files:
    """A certificate, its key, and the authority that its owner trusts."""

    def __init__(self, ca, certificate, key):
        self.ca = pathlib.Path(ca)
        self.certificate = pathlib.Path(certificate)
        self.key = pathlib.Path(key)

    @property
    def options(self):
        """The options of a program that uses them."""
        return ("--worker-tls-ca", self.ca, "--worker-tls-cert", self.certificate, "--worker-tls-key", self.key)


class Authority:
    """A certificate authority whose files are in `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.ca = self.folder / f"{name}.pem"
        self._key = self.folder / f"{name}.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                 "-subj", f"/CN={name} of {self.folder.name}", "-keyout", self._key, "-out", self.ca)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", days=30, trusts=None):
        """Makes NAME.pem and NAME.key, or replaces them, each at once. A certificate with negative `days` has
        expired. Its owner trusts this authority, or `trusts`."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        new_certificate, new_key = self.folder / f"{name}.pem.new", self.folder / f"{name}.key.new"
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", new_key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-days", days,
                 "-extfile", extensions, "-out", new_certificate)
        os.chmod(new_key, 0o600)
        new_certificate.replace(certificate)
        new_key.replace(key)
        return Files((trusts or self).ca, certificate, key)
