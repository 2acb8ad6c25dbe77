# SPDX-License-Identifier: MIT
"""Audit lines as they stand in logs, and tlsfloor report of them."""

import os
import pathlib
import subprocess

TLSFLOOR = os.path.join(os.environ["TLSFLOOR_BUILD"], "admin/tlsfloor")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROCESSES = {"imap": "imap-login", "pop3": "pop3-login", "sieve": "managesieve-login",
             "submission": "submission-login"}
OLD = {"tls": "TLSv1", "cipher": "ECDHE-RSA-AES256-SHA"}
GOOD = {"tls": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "action": "accept",
        "reason": "compliant"}
NOON = "2026-11-20T12:00:00+00:00"


def audit(service="imap", user="ann@example.org", client="192.0.2.7", action="tag",
          reason="version", tls="TLSv1", cipher="ECDHE-RSA-AES256-SHA"):
    return (f"tlsfloor: action={action} reason={reason} rule=RFC8997 service={service} stage=auth "
            f"user={user} client={client} port=50312 tls={tls} cipher={cipher} bits=256 "
            "floor=TLSv1.2 mode=observe exception=- session=Qq54oYN59uas")


def dovecot(time=NOON, host="mail", service="imap", **values):
    return (f"{time} {host} dovecot: {PROCESSES[service]}: {audit(service, **values)}: "
            "user=<x>, rip=192.0.2.7, session=<Qq54oYN59uas>\n")


def dovecot_own(time="Nov 20 12:00:00", service="imap", **values):
    """In Dovecot's own log file."""
    return (f"{time} {PROCESSES[service]}: Info: {audit(service, **values)}: user=<x>, "
            "rip=192.0.2.7, session=<Qq54oYN59uas>\n")


def policyd(time=NOON, host="mail", **values):
    return f"{time} {host} tlsfloor-policyd[77]: {audit('submission', **values)}\n"


class Logs:
    """Logs and the configuration that they are judged by, in a directory."""

    AT = "2026-11-29"

    def __init__(self, directory, conf="mode = observe\ndovecot_passdb = yes\n", exceptions=""):
        self.directory = pathlib.Path(directory)
        self.conf, self.exceptions = self.directory / "conf", self.directory / "exceptions"
        self.exceptions.write_text(exceptions)
        self.configure(conf)

    def configure(self, text):
        self.conf.write_text(f"exceptions = {self.exceptions}\n{text}")

    def write(self, name, lines, changed=None):
        """A log that was changed last at that time, seconds since 1970."""
        path = self.directory / name
        text = "".join(lines)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))
        if changed is not None:
            os.utime(path, (changed, changed))
        return path

    def run(self, *arguments, command="report", at=AT, **options):
        """Output, errors and exit status."""
        when = ["--at", at] if at else []
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        done = subprocess.run([TLSFLOOR, "-c", self.conf, command, *when, *arguments], check=False,
                              capture_output=True, **options)
        return (done.stdout.decode("latin-1"), done.stderr.decode("latin-1"), done.returncode)
