#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The drop-ins of packaging/dovecot work as they are, among the files of Debian's conf.d.

Changed is what an admin changes: the comment signs before old TLS are taken
off. Where the passdb of the users stands, in 10-auth.conf, is the lab's.
"""

import dataclasses
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import BOB, OF_ANN  # noqa: E402
from dovecot_words import (AFTER_HANDSHAKE, ANN, GOOD, OF_ATTEMPT, OLD, PASSWORD,  # noqa: E402
                           SAID, URL, said)
from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import STATE_GROUP, Site  # noqa: E402
from lab.workspace import SOURCE, Workspace, wait_until  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

DROP_INS = SOURCE / "packaging" / "dovecot" / RELEASE
DEBIAN = pathlib.Path("/usr/share/dovecot/conf.d")
FROM_DEBIAN = "10-logging.conf", "10-master.conf", "10-ssl.conf", "20-imap.conf"
# Of this machine, which has nothing to do with it.
PRIVATE = re.compile(r"/etc/dovecot/private/dovecot\.(pem|key)")
COUNTED = {"imap_accept_exception_TLSv1", "imap_accept_compliant_TLSv1.2",
           "imap_refuse_version_TLSv1"}


class DebianServer(DovecotServer):
    """The lab's configuration in the place of 10-auth.conf, without a word of tlsfloor."""

    def configuration(self):
        options = self.options
        self.options = dataclasses.replace(options, plugin=False, passdb=False)
        text = super().configuration().removeprefix(syntax.BEGIN)
        self.options = options
        # Here it would be in the way of what 95-tlsfloor.conf says.
        return re.sub(r"^ssl_(min_protocol|cipher_list) = .*\n", "", text, flags=re.M)

    def start(self):
        name = f"{self.directory.name}/conf.d"
        self.workspace.directory(name)
        self.workspace.write(f"{name}/10-auth.conf", self.conf.read_text())
        key, cert = self.certificate
        for file in FROM_DEBIAN:
            text = PRIVATE.sub(lambda found: str(key if found[1] == "key" else cert),
                               (DEBIAN / file).read_text())
            self.workspace.write(f"{name}/{file}", text)
        for file in sorted(DROP_INS.iterdir()):
            text = re.sub(r"^#(?=ssl_)", "", file.read_text(), flags=re.M)
            self.workspace.write(f"{name}/{file.name}", text.replace("_tlsfloor", STATE_GROUP))
        self.conf.write_text(syntax.BEGIN + "!include conf.d/*.conf\n")
        super().start()


def log_in(server, tls, user, source=None):
    """The last words that the client reads."""
    with server.connect("imaps", *tls, source=source) as client:
        greeting = client.greet()
        if greeting.startswith("* BYE"):
            return greeting
        client.capabilities()
        return client.login(user, PASSWORD).split("\n")[-1]


def counted(server):
    """The names of the counters that are not zero."""
    lines = server.doveadm("stats", "dump").splitlines()
    return {line.split("\t")[0].removeprefix("tlsfloor_") for line in lines}


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace, reject_text=SAID, help_url=URL, dovecot_passdb="yes",
                    exceptions=workspace.write("exceptions", f"{OF_ANN} service=imap\n"))
        site.apply()
        server = DebianServer(workspace, site, {ANN: PASSWORD, BOB: PASSWORD}, passdb=True)
        with tap.case("TLS 1.2 gets in"):
            expect_true(log_in(server, GOOD, BOB).startswith("a OK "), "login")
        with tap.case("TLS 1.0 gets as far as the login plugin"), \
                server.connect("pop3s", *OLD) as client:
            expect(client.rest(), AFTER_HANDSHAKE["pop3"]["refuse"].format(said(OLD[0])))
        with tap.case("an exception lets its user in"):
            expect_true(log_in(server, OLD, ANN).startswith("a OK "), "login")
        with tap.case("and nobody else"):
            expect(log_in(server, OLD, BOB), OF_ATTEMPT["imap"]["refuse"].format(said(OLD[0])))
        with tap.case("decisions are counted"):
            wait_until(lambda: COUNTED <= counted(server), f"counters {COUNTED}")
        with tap.case("nothing is wrong"):
            expect(server.find("(Error|Fatal|Panic): "), [])
    return tap.finish()


sys.exit(main())
