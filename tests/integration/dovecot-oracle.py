#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whom policy denies learns nothing of the password, whatever the way (S6 and S7 of RFC 8314).

Right password, wrong password, no such user, the same for master users: every
byte of the replies is the same, and no password database is asked, nor its
cache. With TLS 1.2 the same attempts do reach them, and are told apart.
"""

import concurrent.futures
import itertools
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_oracle import (CACHE, EXCEPTIONS, MECHANISMS, NO_BOSS, NOBODY, USERS,  # noqa: E402
                            WAYS, WRONG_PASSWORD, Way, askers, connect, heard, record,
                            sessions_with)
from dovecot_passdbs import BOSS, masters, sql_passdb  # noqa: E402
from dovecot_words import ANN, OF_ATTEMPT, PASSWORD, SAID, URL, said  # noqa: E402
from lab import sasl  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

CHANNELS = {"cleartext": None, "TLSv1": "TLSv1"}
# Name -> user and password; the first is right.
ORDINARY = {"right": (ANN, PASSWORD), "wrong": (ANN, WRONG_PASSWORD), "unknown": (NOBODY, PASSWORD)}
OF_MASTER = {"right": (f"{ANN}*{BOSS}", PASSWORD), "wrong": (f"{ANN}*{BOSS}", WRONG_PASSWORD),
             "unknown master": (f"{ANN}*{NO_BOSS}", PASSWORD),
             "unknown user": (f"{NOBODY}*{BOSS}", PASSWORD)}
GROUPS = {"ordinary": ORDINARY, "master": OF_MASTER}
# Password database, and whether there is a cache: Dovecot does not cache passwd-file.
DATABASES = ("passwd-file", False), ("sql", False), ("sql", True)
AT_A_TIME = 100


def as_somebody_else(client, names, password):
    user, master = names.split("*")
    return client.authenticate(sasl.Plain(master, password, asking=user))


ASKING = [Way("PLAIN for somebody else", service, as_somebody_else)
          for service in ("imap", "pop3", "sieve", "submission")]


def ways_of(group):
    return WAYS + (ASKING if group == "master" else [])


class Setup:
    """One Dovecot, by database, cache and master passdb."""

    def __init__(self, workspace, site, database, cache, passed, **options):
        self.database, self.cache, self.passed = database, cache, passed
        self.name = (f"{database}, {'with' if cache else 'without'} cache,"
                     f" masters {'passed on' if passed else 'at once'}")
        sql = database == "sql"
        self.server = DovecotServer(
            workspace, site, {} if sql else USERS, passdb=True, mechanisms=MECHANISMS,
            name=f"{database}-{cache}-{passed}",
            passdbs=masters(workspace, passed) +
            (sql_passdb(workspace, USERS) if sql else ""),
            extra=CACHE if cache else "", **options)

    def denied(self, way, version, user, password):
        """The replies to the two attempts of one session, and all that was heard in it."""
        with connect(self.server, way, version) as client:
            record(client)
            replies = [way.log_in(client, user, password) for _ in range(2)]
            client.command("LOGOUT" if way.service in ("imap", "sieve") else "QUIT")
            expect(client.rest(), "", "behind the last reply")
            return replies, heard(client)

    def compliant(self, way, _version, user, password):
        """Whether the one attempt of a session succeeds, and the reply."""
        with connect(self.server, way, "TLSv1.2") as client:
            reply = way.log_in(client, user, password)
            return client.is_good(reply), reply

    def expects_success(self, name):
        """If it is not passed on nobody asks for the user; the static userdb knows everybody."""
        return name == "right" or name == "unknown user" and not self.passed


class Sessions:
    """Many at a time, as each failure waits for the others: what became of each, or its error."""

    def __init__(self, pool, method, channels):
        self.futures = {
            (channel, group, way, name): pool.submit(method, way, channels[channel], *names)
            for channel in channels for group in GROUPS for way in ways_of(group)
            for name, names in GROUPS[group].items()}

    def __len__(self):
        return len(self.futures)

    def cases(self):
        """(channel, group, way), and the results by name."""
        for key, by_name in itertools.groupby(self.futures, lambda key: key[:3]):
            yield key, {key[3]: self.futures[key] for key in list(by_name)}


def test_replies(tap, setup, pool):
    sessions = Sessions(pool, setup.denied, CHANNELS)
    setup.attempts = 2 * len(sessions)
    for (channel, group, way), results in sessions.cases():
        with tap.case(f"{setup.name}: {channel}, {way.service}, {way.name}, {group}:"
                      " the same bytes for all"):
            want = OF_ATTEMPT[way.service]["refuse"].format(said(channel))
            bytes_of_right = results["right"].result()[1]
            for name, future in results.items():
                replies, all_bytes = future.result()
                expect(replies, [want, want], name)
                expect(all_bytes, bytes_of_right, name)


def test_compliant(tap, setup, pool):
    """Who is not below the floor is answered by the databases."""
    for (_, group, way), results in Sessions(pool, setup.compliant, {"TLSv1.2": None}).cases():
        with tap.case(f"{setup.name}: TLS 1.2, {way.service}, {way.name}, {group}:"
                      " each gets his due"):
            for name, future in results.items():
                good, reply = future.result()
                expect(good, setup.expects_success(name), f"{name}: {reply}")
                # Which of two failures a master login has is Dovecot's to say.
                expect_true(good or re.search(r"A(uthentic|uthoriz)ation failed", reply), reply)


def test_never_asked(tap, setup):
    server = setup.server
    by_session = askers(server)
    with tap.case(f"{setup.name}: each denial is tlsfloor's, and no password database was asked"):
        sessions = sessions_with(server, "(?:TLSv1|cleartext)")
        expect(len(sessions), setup.attempts, "attempts in the auth process")
        asked = {session: by_session[session] for session in sessions
                 if not {"tlsfloor"} <= by_session[session] <= {"tlsfloor", "auth"}}
        expect(asked, {}, "sessions that others worked for")
    with tap.case(f"{setup.name}: compliant sessions show what asking looks like in this log"):
        drivers = set().union(*(by_session[session]
                                for session in sessions_with(server, "TLSv1.2")))
        expect(drivers & {"tlsfloor", "passwd-file", "sql", "cache"},
               {"tlsfloor", "passwd-file", *({"sql"} & {setup.database}),
                *({"cache"} if setup.cache else ())})
    with tap.case(f"{setup.name}: nothing is wrong"):
        expect(server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        site = Site(workspace, reject_text=SAID, help_url=URL, dovecot_passdb="yes",
                    exceptions=workspace.write("exceptions", EXCEPTIONS))
        site.apply()
        for (database, cache), passed in itertools.product(DATABASES, (True, False)):
            setup = Setup(workspace, site, database, cache, passed, high_performance=True)
            for test in (test_compliant, test_replies):
                test(tap, setup, pool)
            # Of many at a time each may have been the first to ask.
            setup.compliant(WAYS[0], None, *ORDINARY["right"])
            test_never_asked(tap, setup)
            setup.server.stop()
    return tap.finish()


sys.exit(main())
