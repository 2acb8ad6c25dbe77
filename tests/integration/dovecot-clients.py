#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real mail programs get in with TLS 1.2 and 1.3, and are told why not with TLS 1.0.

Each has a home of its own and no configuration of this machine. It reads a
message from its mailbox, or hands one over for submission.
"""

import collections
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import ANN, credentials, PASSWORD, said, SAID, URL  # noqa: E402
from lab.dovecot_server import DovecotServer, IMPLICIT, service_of  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import certificate, Workspace  # noqa: E402
from tap import comment, Tap, expect, expect_true, skip_unless_root, Unexpected  # noqa: E402

# As the programs name the versions: curl, fetchmail, GnuTLS (msmtp), openssl s_client.
Names = collections.namedtuple("Names", "curl fetchmail gnutls s_client")
VERSIONS = {
    "TLSv1": Names("1.0", "TLS1", "TLS1.0", "-tls1"),
    "TLSv1.2": Names("1.2", "TLS1.2", "TLS1.2", "-tls1_2"),
    "TLSv1.3": Names("1.3", "TLS1.3", "TLS1.3", "-tls1_3"),
}
OLD, *NEW = VERSIONS
TEXT = "This is the text of the message."
MESSAGE = f"From: bob@example.net\nTo: {ANN}\nSubject: test\n\n{TEXT}\n"
BOB = "bob@example.net"
NAME = "mail.example.org"

# What lets OpenSSL's programs, and nobody else, speak TLS 1.0.
OLD_OPENSSL = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
"""

MBSYNC = """\
IMAPAccount account
Host localhost
Port {port}
User {user}
Pass {password}
SSLType {how}
SSLVersions {version}
CertificateFile {ca}

IMAPStore far
Account account

MaildirStore near
Path {mail}/
Inbox {mail}/INBOX

Channel channel
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState {mail}/
"""

FETCHMAIL = """\
poll localhost service {port} protocol {protocol} user "{user}" password "{password}" {how}
  sslproto "{version}" sslcertck sslcertfile "{ca}" sslcommonname "mail.example.org"
  fetchall keep mda "cat >>{mail}"
"""

MSMTP = """\
account default
host 127.0.0.1
port {port}
from {user}
auth plain
user {user}
password {password}
tls on
tls_starttls {how}
tls_trust_file {ca}
tls_host_override mail.example.org
tls_priorities NORMAL:-VERS-ALL:+VERS-{version}:%COMPAT
"""


class Programs:
    """Each method runs a program with one listener and version of TLS.

    It returns the program's result, and what it has read from the mailbox:
    nothing if it sends.
    """

    def __init__(self, workspace, server):
        self.workspace, self.server = workspace, server
        self.ca = server.certificate[1]
        self.openssl = {OLD: workspace.write("old-openssl.cnf", OLD_OPENSSL)}

    @contextlib.contextmanager
    def home(self):
        """An empty one for each run."""
        home = self.workspace.directory("home")
        yield home
        shutil.rmtree(home)

    def run(self, argv, home, version, text=""):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "FETCHMAILHOME": str(home),
            "LC_ALL": "C", "OPENSSL_CONF": str(self.openssl.get(version, "/dev/null")),
            "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null",
        }
        return subprocess.run([str(word) for word in argv], input=text, env=environment, cwd=home,
                              capture_output=True, text=True, timeout=60)

    def configured(self, template, home, listener, how, **more):
        """A configuration file of the program; how: its words for STARTTLS, for TLS at once."""
        path = home / "configuration"
        path.write_text(template.format(
            port=self.server.ports[listener], user=ANN, password=PASSWORD, ca=self.ca,
            how=how[listener in IMPLICIT], mail=home / "mail", **more))
        path.chmod(0o600)
        return path

    def curl(self, listener, version):
        scheme, port = listener.replace("submission", "smtp"), self.server.ports[listener]
        number = VERSIONS[version].curl
        path = {"imap": "INBOX;MAILINDEX=1", "pop3": "1"}.get(service_of(listener), "")
        with self.home() as home:
            message = home / "message"
            message.write_text(MESSAGE)
            mail = ["--mail-from", ANN, "--mail-rcpt", BOB, "--upload-file", message]
            result = self.run(
                ["curl", "--disable", "--verbose", "--ssl-reqd", "--cacert", self.ca,
                 "--resolve", f"{NAME}:{port}:127.0.0.1", f"--tlsv{number}", "--tls-max", number,
                 "--user", f"{ANN}:{PASSWORD}", *([] if path else mail),
                 f"{scheme}://{NAME}:{port}/{path}"], home, version)
        return result, result.stdout

    def mbsync(self, listener, version):
        with self.home() as home:
            mail = home / "mail"
            mail.mkdir()
            conf = self.configured(MBSYNC, home, listener, ("STARTTLS", "IMAPS"), version=version)
            result = self.run(["mbsync", "-c", conf, "channel"], home, version)
            return result, "".join(path.read_text() for path in mail.glob("INBOX/[nc]*/*"))

    def fetchmail(self, listener, version):
        with self.home() as home:
            conf = self.configured(FETCHMAIL, home, listener, ("", "ssl"),
                                   protocol=service_of(listener),
                                   version=VERSIONS[version].fetchmail)
            result = self.run(["fetchmail", "--fetchmailrc", conf, "--nosyslog", "--pidfile",
                               home / "pid", "--idfile", home / "ids"], home, version)
            return result, "".join(path.read_text() for path in home.glob("mail"))

    def msmtp(self, listener, version):
        with self.home() as home:
            conf = self.configured(MSMTP, home, listener, ("on", "off"),
                                   version=VERSIONS[version].gnutls)
            return self.run(["msmtp", "--file", conf, BOB], home, version, MESSAGE), ""

    def s_client(self, listener, version):
        """What somebody types who knows the protocols."""
        service = service_of(listener)
        typed = {"imap": f"a LOGIN {ANN} {PASSWORD}\nb EXAMINE INBOX\nc FETCH 1 BODY[]\nd LOGOUT\n",
                 "pop3": f"USER {ANN}\nPASS {PASSWORD}\nRETR 1\nQUIT\n",
                 "sieve": credentials("sieve").decode() + "LOGOUT\n",
                 "submission": credentials("submission").decode() + "QUIT\n"}[service]
        starttls = ["-starttls", service.replace("submission", "smtp")]
        with self.home() as home:
            result = self.run(
                ["openssl", "s_client", "-quiet", "-crlf", "-connect",
                 f"127.0.0.1:{self.server.ports[listener]}", "-CAfile", self.ca,
                 "-verify_return_error", "-verify_hostname", NAME, VERSIONS[version].s_client,
                 *([] if listener in IMPLICIT else starttls)],
                home, version, typed.replace("\r", ""))
        return result, result.stdout


READERS = ["imap", "imaps", "pop3", "pop3s"]
SENDERS = ["submission", "submissions"]
WHO = {
    "curl": READERS + SENDERS,
    "mbsync": ["imap", "imaps"],
    "fetchmail": READERS,
    "msmtp": SENDERS,
    "s_client": READERS + ["sieve"] + SENDERS,
}
# The others keep it to themselves, or to those who ask for every detail.
SHOWS_REASON = {
    "curl": WHO["curl"],
    "s_client": WHO["s_client"],
    "mbsync": ["imaps"],
    "fetchmail": ["imap", "imaps"],
    "msmtp": ["submissions"],
}


def output_of(result):
    return result.stdout + result.stderr


class Tests:
    def __init__(self, workspace, tap):
        self.tap = tap
        # mbsync has no word for another name than the one that it connects to.
        certificate(workspace, "localhost")
        self.site = Site(workspace, reject_text=SAID, help_url=URL)
        self.site.apply()
        self.server = DovecotServer(workspace, self.site, {ANN: PASSWORD})
        self.programs = Programs(workspace, self.server)
        self.fill_mailbox()

    def fill_mailbox(self):
        mailbox = self.server.home / ANN / "Maildir"
        for folder in ("cur", "tmp", "new"):
            (mailbox / folder).mkdir(parents=True)
        (mailbox / "new" / "1.M1P1.mail").write_text(MESSAGE)
        for path in (self.server.home / ANN, *(self.server.home / ANN).rglob("*")):
            shutil.chown(path, "nobody", "nogroup")

    def run(self, program, listener, version):
        """(result, what was read, the audit line)."""
        start = len(self.server.messages())
        result, read = getattr(self.programs, program)(listener, version)
        try:
            lines = self.server.wait_for(" tlsfloor: ", 1, start)
        except TimeoutError as error:
            raise Unexpected(f"no audit line; {program} says:\n{output_of(result)}") from error
        expect(len(lines), 1, f"audit lines {lines}")
        return result, read, lines[0]


def expect_parts(line, *parts):
    for part in parts:
        expect_true(part in line, f"{part!r} is not in {line}")


def test_new(tests):
    for program, listeners in WHO.items():
        for listener in listeners:
            for version in NEW:
                with tests.tap.case(f"{program}, {listener}, {version}: gets in"):
                    result, read, line = tests.run(program, listener, version)
                    expect(result.returncode, 0, f"{output_of(result)}\nexit status")
                    expect_parts(line, " action=accept reason=compliant ", f" tls={version} ",
                                 f" service={service_of(listener)} ", f" user={ANN} ")
                    if listener in READERS:
                        expect_parts(read, TEXT)
                    elif program == "s_client":
                        expect_parts(read, "Logged in.")


def test_old(tests):
    requests = len(tests.server.find("client in: AUTH"))
    for program, listeners in WHO.items():
        for listener in listeners:
            shows = listener in SHOWS_REASON.get(program, [])
            what = "shows its user the reason" if shows else "does not get in"
            with tests.tap.case(f"{program}, {listener}, {OLD}: {what}"):
                result, read, line = tests.run(program, listener, OLD)
                output = output_of(result)
                if program != "s_client":
                    expect_true(result.returncode != 0, f"{output}\nexit status 0")
                expect_true(TEXT not in read, read)
                expect_parts(line, " action=refuse reason=version ", f" tls={OLD} ")
                if shows:
                    # fetchmail shouts.
                    expect_parts(output.lower(), said(OLD).lower())
                else:
                    comment(f"{program} says: {result.stderr}")
    with tests.tap.case("none of them has sent its password"):
        expect(len(tests.server.find("client in: AUTH")) - requests, 0, "requests")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        test_new(tests)
        test_old(tests)
    return tap.finish()


sys.exit(main())
