#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a client sees: a real Postfix asks tlsfloor-policyd about sessions of real TLS clients.

Every TLS version and kind of suite on 587 (STARTTLS) and 465 (TLS at once),
in every mode and stage of a rollout: the exact reply, whether AUTH works, and
the exact audit line.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.host import ANYBODY, PASSWORD, SUBMISSION, host  # noqa: E402
from lab.smtp import plain  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

ANN = "ann@example.org"
HELO = "client.example.net"
SAID = "Here %{version} is too old, use %{floor}: %{help_url}"
URL = "https://example.org/tls"
AUTH_OK = "235 2.7.0 Authentication successful"
NO_HELO = "503 5.5.1 Error: send HELO/EHLO first"
ALWAYS = "Sun-Sat 00:00-24:00"
FUTURE = "2099-01-01"
# Else Postfix 3.9 and later ends, before anybody is asked, a session whose client does not wait.
PIPELINING = "smtpd_forbid_unauth_pipelining = no\n"

EHLO = """\
250-mail.example.org
250-PIPELINING
250-SIZE 10240000
250-VRFY
250-ETRN
250-AUTH PLAIN LOGIN
250-ENHANCEDSTATUSCODES
250-8BITMIME
250-DSN
250-SMTPUTF8
250 CHUNKING"""

# Version, suite; how it is judged with the default policy: reason and rule.
SUITES = [
    ("TLSv1", "NULL-SHA", "version", "RFC8997"),
    ("TLSv1", "AES128-SHA", "version", "RFC8997"),
    ("TLSv1", "DHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1", "ECDHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1.1", "NULL-SHA", "version", "RFC8997"),
    ("TLSv1.1", "AES128-SHA", "version", "RFC8997"),
    ("TLSv1.1", "DHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1.1", "ECDHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1.2", "NULL-SHA", "cipher", "RFC9325-4.1"),
    ("TLSv1.2", "AES128-SHA", "weak-cipher", "RFC9325-4.1"),
    ("TLSv1.2", "DHE-RSA-AES256-SHA", "weak-cipher", "RFC9325-4.1"),
    ("TLSv1.2", "ECDHE-RSA-AES256-SHA", "weak-cipher", "RFC9325-4.1"),
    ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "compliant", "RFC8997"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "compliant", "RFC8997"),
]
OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
GOOD = "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"


def said(version, floor="TLSv1.2"):
    return f"Here {version} is too old, use {floor}: {URL}"


def bits(cipher):
    return 0 if "NULL" in cipher else 128 if "128" in cipher else 256


def audit(session, /, version, cipher, action, reason, rule, stage, user="-", **changes):
    """The line, all of it."""
    values = {"action": action, "reason": reason, "rule": rule, "service": "submission",
              "stage": stage, "user": user, "client": "127.0.0.1", "port": session.client_port,
              "tls": version, "cipher": cipher, "bits": bits(cipher), "floor": "TLSv1.2",
              "mode": "enforce", "exception": "-", "session": "-", **changes}
    return "tlsfloor: " + " ".join(f"{key}={value}" for key, value in values.items())


def connect(mail, service, version, cipher):
    # A TLS 1.3 suite is not chosen by the list of ciphers.
    return mail.connect(service, version, "DEFAULT" if version == "TLSv1.3" else cipher)


def refused_at_ehlo(mail, tap, name, service, version, cipher, text,
                    reason="version", rule="RFC8997", code="530 5.7.10", **changes):
    """Neither EHLO nor AUTH nor MAIL; one audit line."""
    with tap.case(name), connect(mail, service, version, cipher) as session:
        reply = f"{code} <{HELO}>: Helo command rejected: {text}"
        expect(session.command(f"EHLO {HELO}"), reply)
        expect(session.auth(ANN, PASSWORD), NO_HELO)
        expect(session.command(f"MAIL FROM:<{ANN}>"), NO_HELO)
        expect(session.command("QUIT"), "221 2.0.0 Bye")
        action = "refuse" if code[0] == "5" else "defer"
        expect(mail.audit(session), [audit(session, version, cipher, action, reason, rule, "helo",
                                           **changes)])


def refused_at_mail(mail, tap, name, service, version, cipher, user, reply, **changes):
    """The user's name mattered, so EHLO and AUTH had to work."""
    with tap.case(name), connect(mail, service, version, cipher) as session:
        expect(session.command(f"EHLO {HELO}"), EHLO)
        expect(session.auth(user, ANYBODY), AUTH_OK)
        expect(session.command("MAIL FROM:<sender@example.org>"), reply)
        action = "refuse" if reply[0] == "5" else "defer"
        expect(mail.audit(session), [audit(session, version, cipher, action, "version", "RFC8997",
                                           "mail", user, **changes)])


def accepted(mail, tap, name, service, version, cipher, reason, rule, user=ANN, **changes):
    """A message goes through."""
    with tap.case(name), connect(mail, service, version, cipher) as session:
        expect(session.command(f"EHLO {HELO}"), EHLO)
        expect(session.auth(user, ANYBODY), AUTH_OK)
        reply = session.message("sender@example.org", ["bob@example.org"])
        expect(reply[:9], "250 2.0.0", reply)
        action = changes.pop("action", "accept" if reason == "compliant" else "tag")
        expect(mail.audit(session), [audit(session, version, cipher, action, reason, rule, "mail",
                                           user, **changes)])


def test_suites(mail, tap):
    mail.policyd.apply()
    for service in ("submission", "submissions"):
        for version, cipher, reason, rule in SUITES:
            name = f"{service}: {version} with {cipher}"
            if reason in ("version", "cipher"):
                refused_at_ehlo(mail, tap, f"{name} is refused", service, version, cipher,
                                said(version), reason, rule)
            else:
                accepted(mail, tap, f"{name} is accepted", service, version, cipher, reason, rule)


def test_parameters(mail, tap):
    """What decides besides the version."""
    weak = "TLSv1.2", "ECDHE-RSA-AES256-SHA"
    static = "TLSv1.2", "AES128-SHA"
    mail.policyd.apply(weak_ciphers="reject")
    refused_at_ehlo(mail, tap, "weak_ciphers = reject refuses CBC", "submission", *weak,
                    said("TLSv1.2"), "cipher", "RFC9325-4.1")
    mail.policyd.apply(cipher_profile="rfc10015")
    refused_at_ehlo(mail, tap, "cipher_profile = rfc10015 refuses static RSA", "submission",
                    *static, said("TLSv1.2"), "cipher", "RFC10015")
    mail.policyd.apply(cipher_profile="none")
    accepted(mail, tap, "cipher_profile = none accepts static RSA", "submission", *static,
             "compliant", "RFC8997")
    mail.policyd.apply(floor="TLSv1.3")
    refused_at_ehlo(mail, tap, "floor = TLSv1.3 refuses 1.2", "submissions", *GOOD,
                    said("TLSv1.2", "TLSv1.3"), "version", "local", floor="TLSv1.3")
    mail.policyd.apply(trusted_networks="127.0.0.0/8")
    accepted(mail, tap, "trusted_networks lets TLS 1.0 in", "submission", *OLD,
             "trusted-network", "local", action="accept")
    mail.policyd.apply(audit="violations")
    with tap.case("audit = violations is silent about a compliant session"):
        with mail.connect("submissions", "TLSv1.3") as quiet:
            expect(quiet.command(f"EHLO {HELO}"), EHLO)
            expect(quiet.auth(ANN, PASSWORD), AUTH_OK)
            expect(quiet.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")
        with mail.connect("submissions", *OLD) as session:
            session.command(f"EHLO {HELO}")
            expect(len(mail.audit(session)), 1)
        expect(mail.audit_so_far(quiet), [], "audit lines")


def test_modes(mail, tap):
    for mode in ("tag", "observe"):
        mail.policyd.apply(mode=mode)
        for service in ("submission", "submissions"):
            accepted(mail, tap, f"mode = {mode} accepts TLS 1.0, {service}", service, *OLD,
                     "version", "RFC8997", mode=mode)


def test_rollout(mail, tap):
    """Users on both sides of the percentage, and a user whom it just misses and just reaches."""
    in_half, out_of_half = (next(name for name in names() if bucket(name) in half)
                            for half in (range(1, 49), range(50, 100)))
    tag = "version", "RFC8997"
    deferral = f"454 4.7.0 <sender@example.org>: Sender address rejected: {said('TLSv1')}"
    mail.policyd.apply(rollout_percent=0)
    accepted(mail, tap, "rollout_percent = 0 binds nobody", "submission", *OLD, *tag)
    mail.policyd.apply(rollout_percent=50, dovecot_passdb="yes")
    for service in ("submission", "submissions"):
        refused_at_mail(mail, tap, f"rollout_percent = 50 defers the one half, {service}", service,
                        *OLD, in_half, deferral)
        accepted(mail, tap, f"rollout_percent = 50 tags the other half, {service}", service, *OLD,
                 *tag, out_of_half)
    accepted(mail, tap, "rollout_percent = 50 lets compliant sessions alone", "submission", *GOOD,
             "compliant", "RFC8997", in_half)
    mail.policyd.apply(rollout_percent=bucket(in_half), dovecot_passdb="yes")
    accepted(mail, tap, "a percentage that does not reach a user tags", "submission", *OLD, *tag,
             in_half)
    mail.policyd.apply(rollout_percent=bucket(in_half) + 1, dovecot_passdb="yes")
    refused_at_mail(mail, tap, "one more defers", "submission", *OLD, in_half, deferral)
    mail.policyd.apply(rollout_percent=100)
    refused_at_ehlo(mail, tap, "rollout_percent = 100 refuses at EHLO", "submission", *OLD,
                    said("TLSv1"))
    mail.policyd.apply(rollout_from=FUTURE)
    accepted(mail, tap, "before rollout_from everybody is tagged", "submission", *OLD, *tag)
    mail.policyd.apply(rollout_from=FUTURE, brownout=ALWAYS)
    for service in ("submission", "submissions"):
        refused_at_ehlo(mail, tap, f"a brown-out defers at EHLO, {service}", service, *OLD,
                        said("TLSv1"), code="454 4.7.0")
    accepted(mail, tap, "a brown-out lets compliant sessions alone", "submission", *GOOD,
             "compliant", "RFC8997")


def names():
    return (f"user{number}@example.org" for number in range(100))


def bucket(user):
    """As the daemon's: the same user is bound at the same percentage for ever."""
    value = 0xCBF29CE484222325
    for byte in user.lower().encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD % 2**64
    value ^= value >> 33
    return value % 100


def test_gate(mail, tap):
    """After a refusal at EHLO no way leads to AUTH."""
    mail.policyd.apply()
    auth = "AUTH PLAIN " + plain(ANN, PASSWORD)
    refusal = f"530 5.7.10 <{HELO}>: Helo command rejected: {said('TLSv1')}"
    for service in ("submission", "submissions"):
        with tap.case(f"{service}: AUTH stays shut after EHLO, EHLO, HELO, RSET, NOOP"), \
                mail.connect(service, *OLD) as session:
            for command, reply in ((f"EHLO {HELO}", refusal), (auth, NO_HELO),
                                   (f"EHLO {HELO}", refusal), (auth, NO_HELO),
                                   (f"HELO {HELO}", refusal), (auth, NO_HELO),
                                   ("RSET", "250 2.0.0 Ok"), (auth, NO_HELO),
                                   ("NOOP", "250 2.0.0 Ok"), (auth, NO_HELO),
                                   (f"MAIL FROM:<{ANN}>", NO_HELO)):
                expect(session.command(command), reply, command)
            expect(len(mail.audit(session)), 1, "audit lines")
        for greeting in ("EHLO", "HELO"):
            with tap.case(f"{service}: AUTH stays shut when it comes with {greeting} in one "
                          "write"), mail.connect(service, *OLD) as session:
                session.send(f"{greeting} {HELO}\r\n{auth}\r\n")
                expect(session.reply(), refusal)
                expect(session.reply(), NO_HELO)
        with tap.case(f"{service}: the same writes log in with TLS 1.2 (control)"), \
                mail.connect(service, *GOOD) as session:
            session.send(f"EHLO {HELO}\r\n{auth}\r\n")
            expect(session.reply(), EHLO)
            expect(session.reply(), AUTH_OK)
    with tap.case("without smtpd_helo_required AUTH is open after the refusal (control)"), \
            mail.connect("no-helo", *OLD) as session:
        expect(session.command(f"EHLO {HELO}"), refusal)
        expect(session.auth(ANN, PASSWORD), AUTH_OK)
        expect(session.command(f"MAIL FROM:<{ANN}>"),
               f"530 5.7.10 <{ANN}>: Sender address rejected: {said('TLSv1')}")


def test_conservative(mail, tap):
    """Asked at RCPT: the client has logged in by then."""
    mail.policyd.apply()
    for service in ("conservative", "conservative-submissions"):
        for version, cipher, reason, rule in SUITES:
            with tap.case(f"{service}: {version} with {cipher}"), \
                    connect(mail, service, version, cipher) as session:
                expect(session.command(f"EHLO {HELO}"), EHLO)
                expect(session.auth(ANN, PASSWORD), AUTH_OK)
                expect(session.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")
                fine = reason in ("compliant", "weak-cipher")
                expect(session.command("RCPT TO:<bob@example.org>"), "250 2.1.5 Ok" if fine else
                       "530 5.7.10 <bob@example.org>: Recipient address rejected: "
                       + said(version))
                line, = mail.audit(session)
                action = ("accept" if reason == "compliant" else
                          "tag" if reason == "weak-cipher" else "refuse")
                instance = line.rsplit("session=", 1)[1]
                expect_true(len(instance) > 4, f"a session id in {line}")
                expect(line, audit(session, version, cipher, action, reason, rule, "rcpt", ANN,
                                   session=instance))
                expect(session.command("VRFY bob@example.org")[:3], "252" if fine else "530")


def test_cleartext(mail, tap):
    mail.policyd.apply()
    with tap.case("a login without TLS is refused at MAIL"), mail.connect("cleartext") as session:
        expect(session.command(f"EHLO {HELO}").split("\n")[0], "250-mail.example.org")
        expect(session.auth(ANN, PASSWORD), AUTH_OK)
        expect(session.command(f"MAIL FROM:<{ANN}>"),
               f"530 5.7.10 <{ANN}>: Sender address rejected: {said('cleartext')}")
        expect(mail.audit(session), [audit(session, "cleartext", "-", "refuse", "cleartext",
                                           "RFC8314-4.1", "mail", ANN, bits=0)])


def test_default_text(mail, tap):
    with tap.case("the text of an empty configuration is one short line of ASCII"):
        mail.policyd.apply(reject_text=None, help_url=None)
        with mail.connect("submissions", *OLD) as session:
            reply = session.command(f"EHLO {HELO}")
        start = f"530 5.7.10 <{HELO}>: Helo command rejected: "
        expect(reply[:len(start)], start)
        expect_true(reply.isascii() and reply.isprintable() and 20 < len(reply) - len(start) < 300,
                    reply)


def test_s_client(mail, tap):
    """The same with a client that is not ours."""
    mail.policyd.apply()
    for service, options in (("submission", ["-starttls", "smtp"]), ("submissions", [])):
        for version, want in (("-tls1", "530 5.7.10 <x>: Helo command rejected: "
                               + said("TLSv1")), ("-tls1_2", "250-mail.example.org")):
            with tap.case(f"openssl s_client {version}, {service}"):
                result = subprocess.run(
                    ["openssl", "s_client", "-connect", f"127.0.0.1:{mail.ports[service]}",
                     "-quiet", "-crlf", "-cipher", "DEFAULT@SECLEVEL=0", version, *options],
                    input="EHLO x\nQUIT\n", capture_output=True, text=True, timeout=60)
                lines = [line.rstrip("\r") for line in result.stdout.splitlines()]
                expect_true(want in lines, f"{want!r} in {lines}")


def main():
    skip_unless_root()
    tap = Tap()
    with host(list(SUBMISSION), main=PIPELINING, reject_text=SAID, help_url=URL) as mail:
        with tap.case("postconf has no complaint about the snippets"):
            expect(mail.postfix.complaints(), [])
        for test in (test_suites, test_parameters, test_modes, test_rollout, test_gate,
                     test_conservative, test_cleartext, test_s_client, test_default_text):
            test(mail, tap)
        with tap.case("tlsfloor-policyd ends as it should"):
            expect(mail.policyd.stop(), 0, "exit status")
    return tap.finish()


sys.exit(main())
