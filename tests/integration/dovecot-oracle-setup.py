#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A passdb that stands at the wrong place or is told nothing lets nobody in below the floor.

Each such Dovecot says what is wrong in its log, and compliant users are served
where the login plugin is there. What is forged is not believed, and Postfix's
logins at the same auth service are none of the passdb's business.
"""

import base64
import concurrent.futures
import contextlib
import itertools
import pathlib
import re
import socket
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_oracle import (EXCEPTED, EXCEPTIONS, MECHANISMS, NOBODY, USERS, WAYS,  # noqa: E402
                            WRONG_PASSWORD, connect)
from dovecot_passdbs import BOSS, masters  # noqa: E402
from dovecot_words import (AFTER_HANDSHAKE, ANN, AUTH_ERROR, OF_ATTEMPT, OLD,  # noqa: E402
                           OUR_MASTER_PASSDB, OUR_PASSDB, PASSWORD, SAID, URL, at_work, said)
from lab import sasl  # noqa: E402
from lab.dovecot_release import syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

PLAIN = [way for way in WAYS if way.name == "PLAIN"]
CHANNELS = {"cleartext": None, "TLSv1": "TLSv1"}
AT_A_TIME = 50
# A trusted front end, which may say who the client is.
PEER = "127.0.0.3"
NO_PASSDB = f"{OUR_PASSDB} is not the first passdb"
NO_MASTER_PASSDB = f"{OUR_MASTER_PASSDB} is not the first master passdb"
NO_FACTS = "nothing is known of the TLS of this session: set login_plugins = tlsfloor"
SWITCHED_OFF = "judges nobody here: set dovecot_passdb = yes in tlsfloor.conf"
DATABASE_ASKED = at_work("passwd-file") + ".*Performing passdb lookup"
# What an XCLIENT or ID may say, the last in its own right; tlsfloor_verdict is what the login
# plugin believes.
FORGED = {"tlsfloor_tls": "TLSv1.3", "tlsfloor_cipher": "TLS_AES_256_GCM_SHA384",
          "tlsfloor_bits": "256", "tlsfloor_connection": "203.0.113.9",
          "tlsfloor_verdict": f"accept exception {EXCEPTED} {EXCEPTED}", "other": "field"}
SOCKET = """\
service auth {
  unix_listener auth-postfix {
    mode = 0666
  }
}
"""


class Tests:
    def __init__(self, tap):
        self.tap = tap
        self.pool = concurrent.futures.ThreadPoolExecutor(AT_A_TIME)

    @contextlib.contextmanager
    def server(self, policy=None, **options):
        """A Dovecot of its own. policy: of its tlsfloor.conf; options: of DovecotServer."""
        with Workspace() as workspace:
            site = Site(workspace, **{
                "reject_text": SAID, "help_url": URL, "dovecot_passdb": "yes",
                "exceptions": workspace.write("exceptions", EXCEPTIONS), **(policy or {})})
            site.apply()
            options = {name: value(workspace) if callable(value) else value
                       for name, value in options.items()}
            server = DovecotServer(workspace, site, USERS,
                                   **{"passdb": True, "mechanisms": MECHANISMS, **options})
            yield server
            with self.tap.case("nothing crashed"):
                expect(server.find(r"Panic|Fatal|core dumped|killed with signal"), [])

    def expect_denied(self, server, title, users, passwords=(PASSWORD, WRONG_PASSWORD)):
        """All at once: failures wait half a second for each other."""
        results = {(way, channel, *names): self.pool.submit(log_in, server, way,
                                                            CHANNELS[channel], *names)
                   for names in itertools.product(users, passwords)
                   for way, channel in itertools.product(PLAIN, CHANNELS)}
        for (way, channel, user, password), result in results.items():
            kind = "right" if password == PASSWORD else "wrong"
            with self.tap.case(f"{title}: {user}, {kind} password, {channel}, {way.service}:"
                               " denied"):
                expect(result.result(),
                       (False, OF_ATTEMPT[way.service]["refuse"].format(said(channel))))

    def expect_served(self, server, title, user=ANN):
        for way in PLAIN:
            with self.tap.case(f"{title}: {user}, TLS 1.2, {way.service}: served"):
                good, reply = log_in(server, way, "TLSv1.2", user, PASSWORD)
                expect_true(good, reply)


def log_in(server, way, version, user, password):
    """Whether a login succeeds, and the reply."""
    with connect(server, way, version) as client:
        reply = way.log_in(client, user, password)
        return client.is_good(reply), reply


# --- at the wrong place ---

def other_users(workspace):
    """A passdb before ours that knows nobody who logs in here."""
    return syntax.passwd_file(workspace.write("others", f"somebody:{PASSWORD}\n"))


def same_users(workspace):
    """One that knows them: our passdb is not asked when the password is right."""
    return syntax.passwd_file(workspace.write(
        "same", "".join(f"{user}:{password}\n" for user, password in USERS.items())))


def masters_first(workspace):
    return masters(workspace, passed=False)


def test_misplaced(tests):
    for title, before, line in (
            ("behind another passdb", other_users, NO_PASSDB),
            ("behind one that knows the users", same_users, NO_PASSDB),
            ("behind the master passdb", masters_first, NO_MASTER_PASSDB)):
        with tests.server(before_passdb=before) as server:
            tests.expect_denied(server, title, (EXCEPTED, ANN, NOBODY))
            if before is masters_first:
                tests.expect_denied(server, title, (f"{EXCEPTED}*{BOSS}", f"{ANN}*{BOSS}"))
                tests.expect_served(server, title, f"{ANN}*{BOSS}")
            tests.expect_served(server, title)
            with tests.tap.case(f"{title}: the log says so"):
                errors = server.wait_for(AUTH_ERROR)
                expect([error for error in errors if line not in error], [])
                expect_true("logins below the floor are denied" in errors[0], errors[0])


# --- told nothing ---

def test_without_plugin(tests):
    title, users = "without the login plugin", ((ANN, PASSWORD), (ANN, WRONG_PASSWORD),
                                                (NOBODY, PASSWORD), (EXCEPTED, PASSWORD))
    with tests.server(plugin=False) as server:
        results = {(version, way): [tests.pool.submit(log_in, server, way, version, *names)
                                    for names in users]
                   for version, way in itertools.product((None, "TLSv1", "TLSv1.2"), PLAIN)}
        for (version, way), of_users in results.items():
            with tests.tap.case(f"{title}: {way.service}, {version or 'cleartext'}:"
                                " nobody gets in, and all hear the same"):
                replies = [result.result() for result in of_users]
                expect(replies[0][0], False, replies[0][1])
                expect(replies, replies[:1] * len(users))
        with tests.tap.case(f"{title}: the log says so, once for each login"):
            errors = server.find(AUTH_ERROR)
            expect([error for error in errors if NO_FACTS not in error], [])
            expect(len(errors), len(users) * len(results), "error lines")
        with tests.tap.case(f"{title}: no password database was asked"):
            expect(server.find(DATABASE_ASKED), [])


def test_switched_off(tests):
    """The login plugin refuses by itself whoever is below the floor."""
    title = "dovecot_passdb = no"
    with tests.server({"dovecot_passdb": "no"}) as server:
        for listener in ("imaps", "pop3s", "submissions"):
            with tests.tap.case(f"{title}: {listener}: refused at the handshake"), \
                    server.connect(listener, *OLD) as client:
                expect(client.rest(), AFTER_HANDSHAKE[client.service]["refuse"].format(
                    said(OLD[0])))
        for way in PLAIN:
            with tests.tap.case(f"{title}: {way.service}, cleartext: denied without asking"), \
                    connect(server, way, None) as client:
                expect(way.log_in(client, EXCEPTED, PASSWORD),
                       OF_ATTEMPT[way.service]["refuse"].format(said("cleartext")))
                expect(server.sessions_in_auth(), set(), "sessions in the auth process")
        tests.expect_served(server, title)
        with tests.tap.case(f"{title}: the log says so, once for each login"):
            errors = server.find(AUTH_ERROR)
            expect([error for error in errors if SWITCHED_OFF not in error], [])
            expect(len(errors), len(PLAIN), "error lines")


# --- forged ---

def speak(client):
    """Says, as a trusted front end can, what the auth process is to be told."""
    if client.service == "imap":
        pairs = " ".join(f'"x-forward-{name}" "{value}"' for name, value in FORGED.items())
        return client.command(f"ID ({pairs})")
    fields = "\t".join(f"{name}={value}" for name, value in FORGED.items())
    forward = base64.b64encode(fields.encode()).decode()
    if client.service == "submission":
        # RFC 3461's xtext.
        forward = re.sub("[+=]", lambda match: f"+{ord(match[0]):02X}", forward)
    return client.command(f"XCLIENT FORWARD={forward}")


def is_heard(client, reply):
    return client.is_good(reply) or reply.startswith("220 ")


def test_forged(tests):
    """Said before each attempt; but IMAP's ID is heard once."""
    with tests.server(extra=f"login_trusted_networks = {PEER}\n") as server:
        for way, channel in itertools.product(PLAIN, CHANNELS):
            want = OF_ATTEMPT[way.service]["refuse"].format(said(channel))
            with tests.tap.case(f"{way.service}, {channel}: what is forged is not believed"), \
                    connect(server, way, CHANNELS[channel], PEER) as client:
                for attempt, password in enumerate((PASSWORD, WRONG_PASSWORD)):
                    if attempt == 0 or way.service != "imap":
                        expect_true(is_heard(client, speak(client)), "the forged fields")
                        client.capabilities()
                    expect(way.log_in(client, ANN, password), want)
        with tests.tap.case("ours have taken the place of the forged fields"):
            requests = server.find("client in: AUTH\t.*=(.*\1t)?other=field\1t")
            expect(len(requests), 2 * len(PLAIN) * len(CHANNELS), "attempts")
            for request in requests:
                facts = re.findall(r"tlsfloor_tls=([\w.]+)", request)
                expect_true(len(facts) == 1 and facts[0] in CHANNELS, f"{facts} in {request}")
        with tests.tap.case("a name is only a name"), \
                connect(server, PLAIN[0], "TLSv1") as client:
            for name in (f"{ANN}\tforward_tlsfloor_tls=TLSv1.3", f"{ANN} {EXCEPTED}"):
                mechanism = sasl.Plain(name, PASSWORD)
                expect_true(not client.is_good(client.authenticate(mechanism)), name)


# --- Postfix ---

class AuthClient:
    """Asks Dovecot's auth service as Postfix does."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw", encoding="ascii", newline="\n")
        self.say("VERSION\t1\t1", "CPID\t4711")
        while self.file.readline() != "DONE\n":
            pass

    def say(self, *lines):
        self.file.write("".join(f"{line}\n" for line in lines))
        self.file.flush()

    def ask(self, number, service, user, password):
        """The reply, without the number of the request."""
        response = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.say(f"AUTH\t{number}\tPLAIN\tservice={service}\tnologin\tlip=127.0.0.1"
                 f"\trip=127.0.0.2\tresp={response}")
        kind, _, *fields = self.file.readline().rstrip("\n").split("\t")
        return kind, fields


def answers(server, service, users):
    client = AuthClient(server.run / "auth-postfix")
    replies = [client.ask(number, service, *names) for number, names in enumerate(users, 1)]
    client.socket.close()
    return replies


def test_postfix(tests):
    users = ((ANN, PASSWORD), (EXCEPTED, PASSWORD), (ANN, WRONG_PASSWORD), (NOBODY, PASSWORD))
    with tests.server(extra=SOCKET) as server, tests.server(extra=SOCKET, passdb=False) as stock:
        with tests.tap.case("service smtp: every reply is as without the passdb"):
            replies = answers(server, "smtp", users)
            expect([kind for kind, _ in replies], ["OK", "OK", "FAIL", "FAIL"])
            expect(replies, answers(stock, "smtp", users))
        with tests.tap.case("service smtp: the passdb had its turn, and nothing to complain of"):
            lookup = at_work("tlsfloor") + ".*Finished passdb lookup"
            expect(len(server.wait_for(lookup, len(users))), len(users), "lookups")
            expect(server.find("Error"), [])
        with tests.tap.case("service imap from there: nobody gets in, as nothing is known"):
            expect({kind for kind, _ in answers(server, "imap", users)}, {"FAIL"})
            expect_true(NO_FACTS in server.wait_for(AUTH_ERROR)[0], "no error line")


def main():
    skip_unless_root()
    tap = Tap()
    tests = Tests(tap)
    for test in (test_misplaced, test_without_plugin, test_switched_off, test_forged, test_postfix):
        test(tests)
    return tap.finish()


sys.exit(main())
