#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor probe against real servers: Dovecot with the plugin and without, Postfix with policyd.

The whole output is compared, ports, dates and the version of OpenSSL apart.
"""

import json
import os
import re
import subprocess
import sys
import pathlib

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "lib"),
                str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib")]

from authority import Authority  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.host import host  # noqa: E402
from lab.policyd import Site, build_tree  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from names import Names, srv  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

NAME = "mail.example.org"
STARTTLS = {"imap": "imap", "pop3": "pop3", "sieve": "sieve", "submission": "smtp",
            "conservative": "smtp", "smtp": "smtp"}
SUITES = """\
export suites    not tried: this OpenSSL has none of its 13 suites
RC4              not tried: this OpenSSL has none of its 7 suites
3DES, DES, IDEA  not tried: this OpenSSL has none of its 19 suites
static keys      TLSv1.2 AES256-GCM-SHA384 (weak), a login is offered
DHE              TLSv1.2 DHE-RSA-AES256-GCM-SHA384 (weak), a login is offered
CBC              TLSv1.2 ECDHE-RSA-AES256-SHA384 (weak), a login is offered
"""
TODAY = """\
TLSv1.2          TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 (fine), a login is offered
TLSv1.3          TLSv1.3 TLS_AES_256_GCM_SHA384 (fine), a login is offered
"""
HEAD = """\
certificate: for mail.example.org, until DATE
             by /CN=mail.example.org
             trusted
             is for mail.example.org
today:       TLSv1.3 TLS_AES_256_GCM_SHA384 (fine), a login is offered

A CLIENT WITH    GETS
"""
REFUSED = """
Below TLS 1.2, or with a suite that is a violation, no login is offered: where such
a handshake is finished, it is to say why.
"""
OFFERED = """
Below TLS 1.2, or with a suite that is a violation, a login is offered. Either there
is an exception for somebody, or the server refuses only what follows; else
passwords are sent here that nothing protects.
"""
YES = "\nyes: a mail program may call this confidential\n"
WORDS = "Your mail program does not protect this connection well enough (VERSION; needed: TLSv1.2"


def dovecot_refuses(begin):
    """What old clients get where the plugin is, as lines."""
    return [f"{client:16} {version} {suite}, refused: {begin}{WORDS.replace('VERSION', version)}"
            for client, version, suite in (
                ("TLSv1", "TLSv1", "ECDHE-RSA-AES256-SHA (weak)"),
                ("TLSv1.1", "TLSv1.1", "ECDHE-RSA-AES256-SHA (weak)"))]


def expected(title, old, weak, conclusion, plain=""):
    lines = [f"127.0.0.1 port PORT (127.0.0.1), {title}", "", *HEAD.splitlines(), *plain,
             "SSLv3            not tried: this OpenSSL cannot speak it", *old, *TODAY.splitlines(),
             *weak, *SUITES.splitlines(), *conclusion.splitlines(), *YES.splitlines()]
    return "\n".join(lines)


def masked(text):
    """Without what differs from run to run and between releases, long lines cut."""
    text = re.sub(r" port \d+ ", " port PORT ", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:]*Z", "DATE", text)
    text = re.sub(r"\nNot tried with every suite, as OpenSSL [0-9.]+ has not got them: "
                  r"[\w ,()]+\.\n", "", text)
    text = re.sub(r"(needed: TLSv1\.2).*", r"\1", text)
    return text.removesuffix("\n")


def probe(port, *arguments, listener="imaps", command=None, **environment):
    """(status, output) for a listener of the lab's names."""
    options = ["--starttls", STARTTLS[listener]] if listener in STARTTLS else []
    argv = [build_tree() / "admin" / "tlsfloor", "probe", f"127.0.0.1:{port}", *options, *arguments]
    done = subprocess.run(command or argv, capture_output=True, text=True, timeout=120, check=False,
                          env=dict(os.environ, **environment))
    return done.returncode, done.stdout + done.stderr


def test_dovecot(tap, workspace, site):
    server = DovecotServer(workspace, site, {"ann@example.org": "secret"})
    trust = ("--ca", server.certificate[1], "--name", NAME)
    null = ("no encryption    TLSv1.2 ECDHE-RSA-NULL-SHA (violation), refused: * BYE "
            f"{WORDS.replace('VERSION', 'TLSv1.2')}")
    anonymous = ("anonymous server TLSv1.2 ADH-AES256-GCM-SHA384 (violation), refused: * BYE "
                 f"{WORDS.replace('VERSION', 'TLSv1.2')}")
    old = dovecot_refuses("* BYE ")
    for listener, title, plain in (
            ("imaps", "IMAP, TLS from the beginning", ()),
            ("imap", "IMAP, TLS by STARTTLS", ("no TLS           no way to log in is offered",))):
        with tap.case(f"Dovecot, {listener}: whole output"):
            status, said = probe(server.ports[listener], *trust, listener=listener)
            expect(masked(said), expected(title, old, (null, anonymous), REFUSED, plain))
            expect(status, 0, "status")
    for listener, begin in (("pop3s", "-ERR [SYS/PERM] "), ("pop3", "-ERR [SYS/PERM] "),
                            ("sieve", 'BYE "'), ("submission", f"421 4.0.0 {NAME} "),
                            ("submissions", f"421 4.0.0 {NAME} ")):
        with tap.case(f"Dovecot, {listener}: old TLS is refused after the handshake"):
            status, said = probe(server.ports[listener], *trust, listener=listener)
            for line in dovecot_refuses(begin):
                expect_true(f"\n{line}\n" in masked(said), f"no line {line} in\n{said}")
            expect(status, 0, "status")
    with tap.case("Dovecot: the certificate of nobody, and for another name"):
        status, said = probe(server.ports["imaps"])
        expect_true("no: the certificate does not verify: self-signed certificate\n"
                    f"no: the certificate is not for 127.0.0.1, but for {NAME}\n" in said, said)
        expect(status, 1, "status")
    with tap.case("JSON says the same"):
        status, said = probe(server.ports["imaps"], "--json", *trust)
        found = json.loads(said)
        clients = {client.pop("client"): client for client in found["clients"]}
        expect(found["confidential"], True, "confidential")
        expect([clients[name]["outcome"] for name in
                ("cleartext", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "RC4", "CBC")],
               ["not-tried", "not-tried", "refused", "refused", "login", "login", "not-tried",
                "login"])
        expect_true(clients["TLSv1"]["text"].startswith("* BYE Your mail program"), said)
        expect(clients["CBC"]["judged"], "weak", "CBC")
    server.stop()


def test_stock(tap, workspace, site):
    """Dovecot as it is: old TLS accepted by settings, or not at all."""
    server = DovecotServer(workspace, site, {}, name="stock", plugin=False, protocols=("imap",))
    with tap.case("Dovecot without the plugin: a login is offered to old TLS"):
        status, said = probe(server.ports["imaps"], "--ca", server.certificate[1], "--name", NAME)
        expect_true("\nTLSv1            TLSv1 ECDHE-RSA-AES256-SHA (weak), a login is offered\n"
                    in said and OFFERED in said, said)
        expect(status, 0, "status")
    with tap.case("what openssl.cnf forbids here is tried all the same"):
        conf = workspace.write("openssl.cnf", "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\n"
                                              "system_default = tls\n[tls]\nProtocol = -TLSv1\n")
        _, strict = probe(server.ports["imaps"], "--ca", server.certificate[1], "--name", NAME,
                          OPENSSL_CONF=str(conf))
        expect(strict, said)
    server.stop()
    server = DovecotServer(workspace, site, {}, name="strict", plugin=False, protocols=("imap",),
                           extra="ssl_min_protocol = TLSv1.2\nssl_cipher_list = ECDHE+AESGCM\n")
    with tap.case("Dovecot that ends old TLS in the handshake"):
        status, said = probe(server.ports["imaps"], "--ca", server.certificate[1], "--name", NAME)
        for line in ("TLSv1            no handshake: ", "CBC              no handshake: ",
                     "Below TLS 1.2 there is no handshake, as far as it was tried.\n"):
            expect_true(f"\n{line}" in said, f"no line {line} in\n{said}")
        expect(status, 0, "status")
    server.stop()


def test_postfix(tap):
    with host(["submission", "submissions", "conservative", "smtp"]) as mail:
        trust = ("--ca", mail.workspace.path / "cert.pem", "--name", NAME)
        for listener in ("submission", "submissions"):
            with tap.case(f"Postfix, {listener}: old TLS is refused at EHLO"):
                status, said = probe(mail.ports[listener], *trust, listener=listener)
                for version in ("TLSv1", "TLSv1.1"):
                    expect_true(f"\n{version:16} {version} ECDHE-RSA-AES256-SHA (weak), refused: "
                                "530 5.7.10 <[127.0.0.1]>: Helo command rejected: "
                                f"{WORDS.replace('VERSION', version)}" in said, said)
                expect_true(REFUSED in said, said)
                expect(status, 0, "status")
        with tap.case("Postfix, conservative: a login is offered"):
            status, said = probe(mail.ports["conservative"], *trust, listener="conservative")
            expect_true(OFFERED in said, said)
            expect(status, 0, "status")
        with tap.case("Postfix, port of other servers: nobody logs in"):
            status, said = probe(mail.ports["smtp"], *trust, listener="smtp")
            expect_true("\nNobody is offered a login here.\n" in said, said)
            expect(status, 0, "status")


def test_bad_names(tap, ask):
    for target, want in (
            ("_imaps._tcp.none.example", "says that there is no such service"),
            ("_imaps._tcp.nowhere.example", "has no SRV record, or the DNS does not answer"),
            ("_http._tcp.example.org", "is for none of the services imaps, imap,"),
            ("_imaps.example.org", "is no name of an SRV record such as ")):
        with tap.case(f"{target} {want}"):
            status, said = ask(target)
            expect_true(want in said, said)
            expect(status, 2, "status")


def test_names(tap, workspace, site):
    """SRV records, and hosts with several addresses."""
    authority = Authority(workspace.directory("authority"))
    files = {name: authority.issue(name, names) for name, names in {
        "host": "DNS:mail.example.org", "domain": "DNS:mail.example.org,DNS:example.org",
        "srv": f"DNS:mail.example.org,{authority.SRV_NAME}_imaps.example.org"}.items()}
    servers = {}
    for name, certificate in files.items():
        servers[name] = DovecotServer(workspace, site, {}, name=f"srv-{name}", protocols=("imap",),
                                      certificate=certificate)
    port = servers["domain"].ports["imaps"]
    names = Names(workspace, "127.0.0.2 mail.example.org\n127.0.0.1 mail.example.org\n", {
        "_imaps._tcp.example.org": [srv(20, 0, 1, "elsewhere.example.org"),
                                    srv(10, 5, 1, "elsewhere.example.org"),
                                    srv(10, 50, port, "mail.example.org")],
        "_imaps._tcp.host.example": [srv(0, 0, servers["host"].ports["imaps"],
                                         "mail.example.org")],
        "_imap._tcp.example.org": [srv(0, 0, servers["srv"].ports["imap"], "mail.example.org")],
        "_imaps._tcp.none.example": [srv(0, 0, 0, ".")],
    })

    def ask(target, *arguments):
        return probe(0, command=names.command(build_tree() / "admin" / "tlsfloor", "probe", target,
                                              "--ca", authority.ca, *arguments))

    with tap.case("the SRV record that is wanted most, and a certificate for the domain"):
        status, said = ask("_imaps._tcp.example.org")
        expect_true(said.startswith(f"mail.example.org port {port} (127.0.0.1), IMAP, TLS from the "
                                    "beginning\nfound by the SRV record of example.org\n"), said)
        expect(status, 0, f"status of {said}")
    with tap.case("a certificate for the host alone, behind an SRV record"):
        status, said = ask("_imaps._tcp.host.example")
        expect_true("\nno: the certificate is not for host.example or _imaps.host.example, but for "
                    "mail.example.org: who came by the SRV record has to ask its user\n" in said,
                    said)
        expect(status, 1, "status")
    with tap.case("a name of one's own, behind an SRV record"):
        status, said = ask("_imaps._tcp.host.example", "--name", "mail.example.org")
        expect(status, 0, f"status of {said}")
    with tap.case("the SRV name of another service, and STARTTLS"):
        status, said = ask("_imap._tcp.example.org")
        expect_true(", IMAP, TLS by STARTTLS\n" in said and "_imaps.example.org" in said and
                    "is not for example.org" in said, said)
        expect(status, 1, "status")
    with tap.case("the SRV name of this service"):
        names.records["_imaps._tcp.example.org"] = [
            srv(0, 0, servers["srv"].ports["imaps"], "mail.example.org")]
        status, said = ask("_imaps._tcp.example.org")
        expect_true("is for example.org" in said, said)
        expect(status, 0, f"status of {said}")
    test_bad_names(tap, ask)
    for server in servers.values():
        server.stop()


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace)
        site.apply()
        test_dovecot(tap, workspace, site)
        test_stock(tap, workspace, site)
        test_names(tap, workspace, site)
    test_postfix(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
