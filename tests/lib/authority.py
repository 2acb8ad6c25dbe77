# SPDX-License-Identifier: MIT
"""A certificate authority of a test, and certificates by it with faults of choice."""

import datetime
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)


class Authority:
    """ca: the PEM file to trust. Everything is in a directory, which is a pathlib.Path."""

    SRV_NAME = "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:"

    def __init__(self, directory):
        self.directory = directory
        self.key, self.ca = directory / "ca-key.pem", directory / "ca.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                "/CN=An authority", "-keyout", self.key, "-out", self.ca)
        (directory / "index.txt").write_text("")
        (directory / "serial").write_text("01\n")
        (directory / "ca.conf").write_text(
            f"[ca]\ndefault_ca = d\n[d]\ndatabase = {directory}/index.txt\n"
            f"serial = {directory}/serial\nnew_certs_dir = {directory}\ndefault_md = sha256\n"
            "policy = p\nunique_subject = no\ncopy_extensions = copy\n[p]\ncommonName = supplied\n")

    def issue(self, name, alternatives="DNS:mail.example.org", common="a server", days=(-1, 20)):
        """(key file, certificate file) for subject alternative names, or none. days: from now."""
        key, request, cert = (self.directory / f"{name}{end}" for end in
                              ("-key.pem", ".csr", ".pem"))
        names = ["-addext", f"subjectAltName={alternatives}"] if alternatives else []
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={common}", *names, "-keyout",
                key, "-out", request)
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = (f"{now + datetime.timedelta(days=day):%y%m%d%H%M%SZ}" for day in days)
        openssl("ca", "-batch", "-config", self.directory / "ca.conf", "-cert", self.ca, "-keyfile",
                self.key, "-in", request, "-out", cert, "-startdate", start, "-enddate", end,
                "-notext")
        return key, cert
