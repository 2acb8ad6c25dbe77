#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who is let in below the floor has an ordinary login, and denials slow nobody down.

Wrong passwords of excepted users, master users who ask for them, aliases, what
mail processes and scripts are told of a session whatever the user databases,
and a compliant login from where many were denied.
"""

import concurrent.futures
import itertools
import pathlib
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_oracle import (EXCEPTED, MECHANISMS, NO_BOSS, USERS, WAYS,  # noqa: E402
                            WRONG_PASSWORD, connect)
from dovecot_passdbs import BOSS, masters  # noqa: E402
from dovecot_words import ANN, OF_ATTEMPT, PASSWORD, SAID, URL, WRONG, said  # noqa: E402
from lab.dovecot_release import syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

# Two names of the excepted user; the exception is of one of them.
ALIAS, OTHER_ALIAS = "sales@example.org", "info@example.org"
# Users of whom the passdb knows all, so that no userdb is asked; one of them has an exception.
FULL, FULL_WITHOUT = "full@example.org", "fred@example.org"
EXCEPTIONS = "".join(f"{user} allow=cleartext until=2099-01-01 from=any\n"
                     for user in (EXCEPTED, ALIAS, FULL))
CHANNELS = {"cleartext": None, "TLSv1": "TLSv1", "TLSv1.2": "TLSv1.2"}
BELOW = "cleartext", "TLSv1"
PLAINEST, PLAINEST_POP3 = WAYS[:2]
POST_LOGIN = """\
service imap {{
  executable = imap imap-postlogin
}}
service imap-postlogin {{
  executable = script-login {script}
  unix_listener imap-postlogin {{
  }}
}}
service pop3 {{
  executable = pop3 pop3-postlogin
}}
service pop3-postlogin {{
  executable = script-login {script}
  unix_listener pop3-postlogin {{
  }}
}}
"""
AT_A_TIME = 100


def start(workspace, site, users=None, **options):
    return DovecotServer(workspace, site, users or USERS, passdb=True, mechanisms=MECHANISMS,
                         **options)


def make_site(workspace, mode="enforce"):
    site = Site(workspace, reject_text=SAID, help_url=URL, dovecot_passdb="yes",
                exceptions=workspace.write("exceptions", EXCEPTIONS))
    site.apply(mode=mode)
    return site


def log_in(server, way, channel, user, password, **options):
    """Whether a login succeeds, and the reply's last line."""
    with connect(server, way, CHANNELS[channel], **options) as client:
        reply = way.log_in(client, user, password)
        return client.is_good(reply), reply.split("\n")[-1]


# --- excepted users ---

def expect_ordinary(tap, server, pool, title, names, succeeds):
    """By each way to log in an excepted user below the floor hears what a compliant one hears."""
    results = {(channel, way): pool.submit(log_in, server, way, channel, *names)
               for channel in CHANNELS for way in WAYS}
    for channel, way in itertools.product(BELOW, WAYS):
        with tap.case(f"{title}, {channel}, {way.service}, {way.name}: as with TLS 1.2"):
            good, reply = results[channel, way].result()
            expect((good, reply), results["TLSv1.2", way].result())
            expect(good, succeeds, reply)
            # Which of two failures a master login has is Dovecot's to say.
            expect_true(good or BOSS in names[0] or NO_BOSS in names[0] or
                        reply == WRONG[way.service], reply)


def test_excepted(tap):
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        site = make_site(workspace)
        for passed in (True, False):
            server = start(workspace, site, name=f"server-{passed}", high_performance=True,
                           passdbs=masters(workspace, passed))
            of_master = f"a master user{' (passed on)' if passed else ''} for an excepted user"
            for title, user, password in (
                    ("an excepted user", EXCEPTED, PASSWORD),
                    ("an excepted user's wrong password", EXCEPTED, WRONG_PASSWORD),
                    (of_master, f"{EXCEPTED}*{BOSS}", PASSWORD),
                    (f"{of_master}, wrong password", f"{EXCEPTED}*{BOSS}", WRONG_PASSWORD),
                    (f"{of_master}, unknown", f"{EXCEPTED}*{NO_BOSS}", PASSWORD)):
                expect_ordinary(tap, server, pool, title, (user, password),
                                password == PASSWORD and NO_BOSS not in user)
            expect_healthy(tap, server)
            server.stop()


def expect_healthy(tap, server):
    with tap.case("nothing is wrong"):
        expect(server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


# --- denials slow nobody down ---

def seconds_of_login(server, source):
    """From the greeting on; of the right password, with TLS 1.2."""
    with connect(server, PLAINEST, "TLSv1.2", source) as client:
        start_time = time.monotonic()
        reply = client.login(ANN, PASSWORD)
        expect_true(client.is_good(reply), reply)
        return time.monotonic() - start_time


def test_penalty(tap):
    """Dovecot makes an address wait that has sent wrong passwords."""
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(20) as pool:
        server = start(workspace, make_site(workspace), penalty=True, failure_delay="2 secs")

        def fail(number, channel, password, source):
            return set(pool.map(lambda _: log_in(server, PLAINEST, channel, ANN, password,
                                                 source=source), range(number)))

        with tap.case("20 denials, then a compliant login from there: not slower than elsewhere"):
            for channel, password in (("TLSv1", WRONG_PASSWORD), ("cleartext", PASSWORD)):
                denial = OF_ATTEMPT["imap"]["refuse"].format(said(channel))
                expect(fail(10, channel, password, "127.5.5.1"), {(False, denial)})
            usual, here = (seconds_of_login(server, source)
                           for source in ("127.5.5.2", "127.5.5.1"))
            expect_true(abs(here - usual) < 0.5, f"{here:.2f} s, elsewhere {usual:.2f} s")
        with tap.case("wrong passwords do slow logins from there down in this Dovecot"):
            expect(fail(2, "TLSv1.2", WRONG_PASSWORD, "127.5.5.3"), {(False, WRONG["imap"])})
            here = seconds_of_login(server, "127.5.5.3")
            expect_true(here - usual > 0.5, f"{here:.2f} s, elsewhere {usual:.2f} s")


# --- names that the passdb changes ---

def test_alias(tap):
    users = {**USERS, ALIAS: (PASSWORD, f"user={EXCEPTED}"),
             OTHER_ALIAS: (PASSWORD, f"user={EXCEPTED}")}
    with Workspace() as workspace:
        server = start(workspace, make_site(workspace), users)
        for channel, way in itertools.product(BELOW, (PLAINEST, PLAINEST_POP3)):
            listener = way.listener(CHANNELS[channel])
            with tap.case(f"{listener}: an alias with an exception gets in, logged as both"), \
                    server.connect(listener, CHANNELS[channel], source="127.0.0.2") as client:
                client.greet()
                reply = client.login(ALIAS, PASSWORD)
                expect_true(client.is_good(reply), reply)
                line, = server.audit(client)
                for words in ("action=accept", "reason=exception", f"user={ALIAS}",
                              f"exception={ALIAS}", f"login={EXCEPTED}:"):
                    expect_true(f" {words}" in line, f"{words} in {line}")
            with tap.case(f"{listener}: the exception of the user is not the alias's"), \
                    server.connect(listener, CHANNELS[channel], source="127.0.0.2") as client:
                client.greet()
                expect(client.login(OTHER_ALIAS, PASSWORD),
                       OF_ATTEMPT[way.service]["refuse"].format(said(channel)))
                line, = server.audit(client)
                expect_true(f" user={OTHER_ALIAS} " in line and " login=" not in line, line)
        with tap.case("with TLS 1.2 both are let in and logged as both"):
            for alias in (ALIAS, OTHER_ALIAS):
                with server.connect("imaps", "TLSv1.2") as client:
                    client.greet()
                    expect_true(client.is_good(client.login(alias, PASSWORD)), alias)
                    line, = server.audit(client)
                    expect_true(f" user={alias} " in line and f" login={EXCEPTED}:" in line, line)
        expect_healthy(tap, server)


# --- what mail processes are told ---

# Mode and channel -> the userdb field tlsfloor, of a user with an exception and one without.
TOLD = {
    "enforce": {"cleartext": ("exception", None), "TLSv1": ("exception", None),
                "TLSv1.2": ("-", "-")},
    "tag": {"cleartext": ("exception", "cleartext"), "TLSv1": ("exception", "version"),
            "TLSv1.2": ("-", "-")},
    "observe": {"cleartext": ("exception", "-"), "TLSv1": ("exception", "-"),
                "TLSv1.2": ("-", "-")},
}


class PostLogin:
    """A script that Dovecot runs between login and mail process."""

    def __init__(self, workspace):
        self.told = workspace.write("told", "", 0o666)
        self.script = workspace.write(
            "postlogin", f'#!/bin/sh\necho "$USER ${{TLSFLOOR:--}}" >>{self.told}\nexec "$@"\n',
            0o755)
        self.configuration = POST_LOGIN.format(script=self.script)

    def take(self):
        text = self.told.read_text()
        self.told.write_text("")
        return text.splitlines()


def test_userdb(tap, mode):
    """userdb prefetch with another one behind it, for users of both; and without it."""
    with Workspace() as workspace:
        site, post_login = make_site(workspace, mode), PostLogin(workspace)
        fields = f"userdb_uid=nobody userdb_gid=nogroup userdb_home={workspace.path}/server/home/f"
        users = {**USERS, FULL: (PASSWORD, fields), FULL_WITHOUT: (PASSWORD, fields)}
        for prefetch in (True, False):
            server = start(workspace, site, users, name="server" if prefetch else "plain",
                           passdbs=masters(workspace) + syntax.PREFETCH * prefetch,
                           extra=post_login.configuration)
            for channel, way in itertools.product(CHANNELS, (PLAINEST, PLAINEST_POP3)):
                for user in (EXCEPTED, FULL, ANN, FULL_WITHOUT, f"{EXCEPTED}*{BOSS}",
                             f"{FULL}*{BOSS}"):
                    name = user.split("*")[0]
                    want = TOLD[mode][channel][name in (ANN, FULL_WITHOUT)]
                    told = f"is told {want}" if want else "is denied"
                    with tap.case(f"{mode}, {'with' if prefetch else 'without'} prefetch,"
                                  f" {channel}, {way.service}, {user}: {told}"):
                        good, reply = log_in(server, way, channel, user, PASSWORD)
                        expect(good, want is not None, reply)
                        expect(post_login.take(), [f"{name} {want}"] if want else [])
            expect_healthy(tap, server)
            server.stop()


def main():
    skip_unless_root()
    tap = Tap()
    for test in (test_excepted, test_penalty, test_alias):
        test(tap)
    for mode in TOLD:
        test_userdb(tap, mode)
    return tap.finish()


sys.exit(main())
