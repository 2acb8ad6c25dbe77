#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""dovecot_passdb = yes: who is below the floor gets in on the auth process's word only.

Verdicts come as a passdb's extra fields here, as our own passdb will give
them. The facts arrive there anew on each attempt, however many there are.
"""

import base64
import hashlib
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_passdbs import BLANKS, BOSS, masters, verdict  # noqa: E402
from dovecot_words import (ANN, ELSEWHERE, GOOD, OF_ATTEMPT, OLD, PASSWORD, SAID,  # noqa: E402
                           URL, WRONG, audit, bits, greeting, said)
from lab import sasl  # noqa: E402
from lab.dovecot_release import syntax  # noqa: E402
from lab.dovecot_server import DovecotServer, begin_tls  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

MECHANISMS = "plain login cram-md5 scram-sha-256 oauthbearer apop anonymous"
KINDS = sasl.Plain, sasl.Login, sasl.CramMd5, sasl.ScramSha256, sasl.OauthBearer
CLEARTEXT = "cleartext", "-"
NEW = "TLSv1.3", "TLS_AES_256_GCM_SHA384"

# Whose word of clients Dovecot takes.
PEER = "127.0.0.3"
EXTRA = BLANKS + f"login_trusted_networks = {PEER}\n"


def user(name):
    return f"{name}@example.org"


EXCEPTED, TAGGED, SILENT = user("excepted"), user("tagged"), user("silent")
# Name -> verdict. These come with the right password ...
REFUSED = {user("refused"): f"refuse version - {user('refused')}",
           user("deferred"): f"defer version - {user('deferred')}"}
# ... and these, which say nothing ...
MALFORMED = {
    user("empty"): "",
    user("short"): "accept exception @example.org",
    user("misspelt"): f"Accept exception @example.org {user('misspelt')}",
    user("unknown"): f"accept because @example.org {user('unknown')}",
    user("undecided"): f"undecided exception @example.org {user('undecided')}",
}
# ... and these whatever the password.
DENIED = {user("never"): f"refuse version - {user('never')}",
          user("later"): f"defer version - {user('later')}"}
USERS = {
    ANN: PASSWORD,
    EXCEPTED: (PASSWORD, verdict(f"accept exception @example.org {EXCEPTED}")),
    TAGGED: (PASSWORD, verdict(f"tag version - {TAGGED}")),
    SILENT: PASSWORD,
    **{name: (PASSWORD, verdict(text)) for name, text in {**REFUSED, **MALFORMED}.items()},
    **{name: PASSWORD for name in DENIED},
}


class Anonymous:
    name, first = "ANONYMOUS", b"trace"


class Tests:
    def __init__(self, workspace, tap):
        self.tap = tap
        # Of nobody who logs in here; but for it, who is below the floor would not get this far.
        exceptions = workspace.write(
            "exceptions", "zoe@example.org allow=cleartext until=2099-01-01 from=any\n")
        self.site = Site(workspace, reject_text=SAID, help_url=URL, dovecot_passdb="yes",
                         exceptions=exceptions)
        self.site.apply()
        denied = workspace.write("denied", "".join(
            f"{name}:::::::{verdict(text)}\n" for name, text in DENIED.items())
            + f"{user('locked')}:::::::\n")
        self.server = DovecotServer(
            workspace, self.site, USERS, mechanisms=MECHANISMS, extra=EXTRA,
            passdbs=masters(workspace) + syntax.passwd_file(denied, deny=True))

    def connect(self, listener, tls=OLD, source=None):
        """A client who has been greeted."""
        if tls == CLEARTEXT:
            client = self.server.open(listener, ELSEWHERE)
        else:
            client = self.server.open(listener, source)
            begin_tls(client, listener, tls[0], "DEFAULT" if tls == NEW else tls[1])
        greeting(client)
        client.capabilities()
        return client

    def expect_audit(self, client, *arguments, number=1, **changes):
        """The last of so many lines."""
        lines = self.server.audit(client, number)
        expect(len(lines), number, "audit lines")
        expect(lines[-1], audit(lines[-1], client, *arguments, **changes))

    def logs_in(self, client, reply, alert=None):
        expect_true(client.is_good(reply), reply)
        if client.service == "imap":
            alerts = [line for line in reply.split("\n") if line.startswith("* OK [ALERT]")]
            expect(alerts, [f"* OK [ALERT] {alert}"] if alert else [], "alerts")

    def forwarded(self, client):
        """The forward fields of each attempt of a session, as the auth process got them."""
        return [re.search(r"\tforward_fields=(\S*)", line)[1]
                for line in self.server.auth_requests(client)]


def facts(client, tls):
    # Between two fields stands an escaped tab.
    return "\1t".join([f"tlsfloor_tls={tls[0]}", f"tlsfloor_cipher={tls[1]}",
                       f"tlsfloor_bits={bits(tls[1])}",
                       f"tlsfloor_connection={client.client_address}"])


def test_grants(tests):
    for listener in tests.server.ports:
        with tests.tap.case(f"{listener}: an exception lets TLS 1.0 in"), \
                tests.connect(listener) as client:
            tests.logs_in(client, client.login(EXCEPTED, PASSWORD), said("TLSv1"))
            tests.expect_audit(client, OLD, "accept", "exception", "RFC8314-4.1", "auth", EXCEPTED,
                               "PLAIN", exception="@example.org")
        with tests.tap.case(f"{listener}: a tag lets TLS 1.0 in"), \
                tests.connect(listener) as client:
            tests.logs_in(client, client.login(TAGGED, PASSWORD), said("TLSv1"))
            tests.expect_audit(client, OLD, "tag", "version", "RFC8997", "auth", TAGGED, "PLAIN")
        for kind in KINDS:
            with tests.tap.case(f"{listener}: an exception lets {kind.name} in"), \
                    tests.connect(listener) as client:
                tests.logs_in(client, client.authenticate(kind(EXCEPTED, PASSWORD)), said("TLSv1"))
                tests.expect_audit(client, OLD, "accept", "exception", "RFC8314-4.1", "auth",
                                   EXCEPTED, kind.name, exception="@example.org")
    for listener in ("imap", "pop3", "sieve", "submission"):
        with tests.tap.case(f"{listener}: an exception lets cleartext in"), \
                tests.connect(listener, CLEARTEXT) as client:
            tests.logs_in(client, client.login(EXCEPTED, PASSWORD), said("cleartext"))
            tests.expect_audit(client, CLEARTEXT, "accept", "exception", "RFC8314-4.1", "auth",
                               EXCEPTED, "PLAIN", exception="@example.org", protection="")


def test_no_grant(tests):
    """The password is right, and nobody has allowed it."""
    for listener in tests.server.ports:
        for name in (SILENT, *REFUSED, *MALFORMED):
            action = "defer" if name == user("deferred") else "refuse"
            with tests.tap.case(f"{listener}: {name} is denied, {action}"), \
                    tests.connect(listener) as client:
                want = OF_ATTEMPT[client.service][action].format(said("TLSv1"))
                expect(client.login(name, PASSWORD), want)
                tests.expect_audit(client, OLD, action, "version", "RFC8997", "auth", name, "PLAIN")
                if name == SILENT:
                    expect(client.login(name, "wrong"), WRONG[client.service], "a wrong password")
                    expect(len(tests.server.audit_so_far(client)), 1, "audit lines")
                tests.logs_in(client, client.login(EXCEPTED, PASSWORD), said("TLSv1"))
                tests.expect_audit(client, OLD, "accept", "exception", "RFC8314-4.1", "auth",
                                   EXCEPTED, "PLAIN", exception="@example.org", number=2)
        for kind in KINDS:
            with tests.tap.case(f"{listener}: {kind.name} is denied too"), \
                    tests.connect(listener) as client:
                want = OF_ATTEMPT[client.service]["refuse"].format(said("TLSv1"))
                # Without initial response first: Pigeonhole does not ask for it a second time.
                expect(client.authenticate(kind(SILENT, PASSWORD), initial=False), want)
                expect(client.authenticate(kind(SILENT, PASSWORD)), want)
                expect(len(tests.server.audit(client, 2)), 2, "audit lines")


def test_denials(tests):
    """Before the password is looked at: the same for right and wrong ones."""
    for listener in tests.server.ports:
        for name, text in DENIED.items():
            action = text.split()[0]
            with tests.tap.case(f"{listener}: {name} is denied, {action}, whatever the password"), \
                    tests.connect(listener) as client:
                want = OF_ATTEMPT[client.service][action].format(said("TLSv1"))
                for number, password in enumerate((PASSWORD, "wrong"), 1):
                    expect(client.login(name, password), want)
                    tests.expect_audit(client, OLD, action, "version", "RFC8997", "auth", name,
                                       "PLAIN", number=number)
        with tests.tap.case(f"{listener}: a denial that is no policy's has Dovecot's words"), \
                tests.connect(listener) as client:
            expect(client.login(user("locked"), PASSWORD), WRONG[client.service])


def test_compliant(tests):
    """Needs no verdict; but one that is there is the word of a newer policy, and is followed."""
    for listener in tests.server.ports:
        for name in (ANN, SILENT, *MALFORMED):
            with tests.tap.case(f"{listener}: {name} logs in with TLS 1.2"), \
                    tests.connect(listener, GOOD) as client:
                tests.logs_in(client, client.login(name, PASSWORD))
                tests.expect_audit(client, GOOD, "accept", "compliant", "RFC8997", "auth", name,
                                   "PLAIN")
        with tests.tap.case(f"{listener}: an exception is named with TLS 1.2"), \
                tests.connect(listener, GOOD) as client:
            tests.logs_in(client, client.login(EXCEPTED, PASSWORD), said("TLSv1.2"))
            tests.expect_audit(client, GOOD, "accept", "exception", "RFC8314-4.1", "auth",
                               EXCEPTED, "PLAIN", exception="@example.org")
        for name, text in {**REFUSED, **DENIED}.items():
            action = text.split()[0]
            with tests.tap.case(f"{listener}: {name} is denied with TLS 1.2"), \
                    tests.connect(listener, GOOD) as client:
                expect(client.login(name, PASSWORD),
                       OF_ATTEMPT[client.service][action].format(said("TLSv1.2")))
                tests.logs_in(client, client.login(ANN, PASSWORD))
                expect(len(tests.server.audit(client, 2)), 2, "audit lines")


def test_master(tests):
    """The user whose mail is read is judged, not the master."""
    for listener in tests.server.ports:
        with tests.tap.case(f"{listener}: a master user gets in for an excepted user only"), \
                tests.connect(listener) as client:
            expect(client.login(f"{SILENT}*{BOSS}", PASSWORD),
                   OF_ATTEMPT[client.service]["refuse"].format(said("TLSv1")))
            tests.logs_in(client, client.login(f"{EXCEPTED}*{BOSS}", PASSWORD), said("TLSv1"))
            line = tests.server.audit(client, 2)[-1]
            expect_true(f" action=accept reason=exception rule=RFC8314-4.1 service={client.service}"
                        f" stage=auth user={EXCEPTED} " in line, line)


def apop(client, name):
    """The reply to POP3's own login."""
    challenge = re.search("<.*>", client.greeting)[0]
    digest = hashlib.md5(f"{challenge}{PASSWORD}".encode()).hexdigest()
    return client.command(f"APOP {name} {digest}")


def test_rare_mechanisms(tests):
    """Logins that our passdb sees in a way of its own, or never."""
    with tests.tap.case("pop3: APOP needs a grant too"), tests.connect("pop3") as client:
        expect(apop(client, SILENT), OF_ATTEMPT["pop3"]["refuse"].format(said("TLSv1")))
        tests.logs_in(client, apop(client, EXCEPTED))
        tests.expect_audit(client, OLD, "accept", "exception", "RFC8314-4.1", "auth", EXCEPTED,
                           "APOP", exception="@example.org", number=2)
    for listener in ("imap", "imaps", "pop3", "pop3s"):
        with tests.tap.case(f"{listener}: nobody can grant it to ANONYMOUS"), \
                tests.connect(listener) as client:
            expect(client.authenticate(Anonymous(), initial=False),
                   OF_ATTEMPT[client.service]["refuse"].format(said("TLSv1")))
            tests.expect_audit(client, OLD, "refuse", "version", "RFC8997", "auth", "anonymous",
                               "ANONYMOUS")
        with tests.tap.case(f"{listener}: ANONYMOUS is let in with TLS 1.2"), \
                tests.connect(listener, GOOD) as client:
            tests.logs_in(client, client.authenticate(Anonymous()))


def test_facts(tests):
    """What the auth process is told, below the floor and above."""
    for listener in tests.server.ports:
        versions = [OLD, GOOD, NEW, *([] if listener[-1] == "s" else [CLEARTEXT])]
        for tls in versions:
            with tests.tap.case(f"{listener}: the auth process is told of {tls[0]}"), \
                    tests.connect(listener, tls) as client:
                client.login(SILENT, "wrong")
                client.login(EXCEPTED, PASSWORD)
                tests.server.audit(client)
                expect(tests.forwarded(client), [facts(client, tls)] * 2, "forward fields")


def forge(client):
    """Forwards a fact of its own and another field, as a Dovecot proxy may."""
    if client.service == "imap":
        return client.command('ID ("x-forward-tlsfloor_tls" "TLSv1.3" "x-forward-other" "field")')
    fields = base64.b64encode(b"tlsfloor_tls=TLSv1.3\tother=field").decode()
    if client.service == "submission":
        fields = fields.replace("=", "+3D")
    reply = client.command(f"XCLIENT FORWARD={fields}")
    client.capabilities()
    return reply


def test_forged(tests):
    """Ours stand in the place of those, also if a trusted peer speaks between two attempts."""
    for listener in tests.server.ports:
        with tests.tap.case(f"{listener}: facts that are forged between two attempts"), \
                tests.connect(listener, source=PEER) as client:
            client.login(SILENT, "wrong")
            for _ in range(2):
                forge(client)
                client.login(SILENT, PASSWORD)
            expect(len(tests.server.audit(client, 2)), 2, "audit lines")
            forwarded = tests.forwarded(client)
            expect(forwarded[0], facts(client, OLD))
            expect(forwarded[1:], [f"other=field\1t{facts(client, OLD)}"] * 2)


def test_rollout(tests):
    """A user whom a partial rollout does not bind needs the auth process's word as well."""
    for percent in (1, 99):
        tests.site.apply(rollout_percent=percent)
        for listener in tests.server.ports:
            with tests.tap.case(f"{listener}: rollout_percent = {percent}, no verdict"), \
                    tests.connect(listener) as client:
                want = OF_ATTEMPT[client.service]["defer"].format(said("TLSv1"))
                expect(client.login(SILENT, PASSWORD), want)
                tests.expect_audit(client, OLD, "defer", "version", "RFC8997", "auth", SILENT,
                                   "PLAIN")
                tests.logs_in(client, client.login(TAGGED, PASSWORD), said("TLSv1"))
    tests.site.apply()


def abort(client, number):
    """So many attempts that are given up when the server asks for more."""
    for _ in range(number):
        reply = client.command(client.auth_command("LOGIN", None))
        expect(client.challenge(reply), b"Username:", f"the challenge {reply}")
        reply = client.command('"*"' if client.service == "sieve" else "*")
        expect_true(not client.is_good(reply), reply)
        if client.service == "submission":
            # Many errors in a row would end the session.
            client.command("NOOP")


def test_many_attempts(tests):
    """What is forwarded does not grow: the auth process would hang up on all sessions."""
    for listener in ("imaps", "pop3s", "sieve", "submissions"):
        for tls in (OLD, GOOD):
            with tests.tap.case(f"{listener}: 300 attempts given up, {tls[0]}"), \
                    tests.connect(listener, tls) as client, \
                    tests.connect(listener, GOOD) as other:
                abort(client, 300)
                tests.logs_in(other, other.login(ANN, PASSWORD))
                tests.logs_in(client, client.login(EXCEPTED, PASSWORD), said(tls[0]))
                tests.server.audit(client)
                forwarded = tests.forwarded(client)
                expect(len(forwarded), 301, "attempts")
                expect(forwarded[-1], facts(client, tls), "forward fields")


def test_health(tests):
    with tests.tap.case("nothing panicked and nothing is wrong"):
        expect(tests.server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_grants, test_no_grant, test_denials, test_compliant, test_master,
                     test_rare_mechanisms, test_facts, test_forged, test_rollout,
                     test_many_attempts, test_health):
            test(tests)
    return tap.finish()


sys.exit(main())
