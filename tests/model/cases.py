# SPDX-License-Identifier: MIT
"""Cases for the core and the model: their words, the driver that asks the core, and what the model
expects, in the driver's letters: action, reason, rule, floor, mode, exception, audited.
"""

import functools
import itertools
import random
import subprocess
from typing import NamedTuple

import model
from model import NONE, NOT_YET, Lookup, Policy, Record, Session

# The enumerations of the headers, in their order.
ACTIONS = ("refuse", "defer", "undecided", "tag", "accept")
REASONS = ("store-error", "not-subject", "compliant", "weak-cipher", "trusted-network",
           "unknown-tls", "cleartext", "version", "cipher", "unknown-cipher", "exception")
RULES = ("local", "RFC8997", "RFC8314-4.1", "RFC9325-4.1", "RFC10015")
VERSIONS = (model.UNKNOWN,) + model.VERSIONS
MODES = ("enforce", "tag", "observe")
SERVICES = ("none", "imap", "pop3", "sieve", "submission")
PROFILES = ("rfc9325", "rfc10015", "none")
ANSWERS = ("reject", "tag", "accept")
AUDITS = ("all", "violations", "none")
RESULTS = ("error", "absent", "found")
MATCHES = ("expired", "service", "network", "version", "cipher", "who", "yes")
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")

FLOORS = ("cleartext", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
# One reported name of each version, as the classes of the products.
TLS_NAMES = ("proxied", "cleartext", "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3",
             "TLSv1.4")

# One suite of each kind: how it is judged, and what an exception needs to cover it.
FINE = "ECDHE-RSA-AES128-GCM-SHA256"
WEAK = "ECDHE-RSA-AES128-SHA"
RC4 = "RC4-SHA"  # a violation that any exception covers
NULL = "NULL-SHA256"  # one that needs ciphers=any
STATIC_RSA = "AES128-GCM-SHA256"  # weak, and a violation with rfc10015
TLS13 = "TLS_AES_256_GCM_SHA384"
NO_SUITE, NEW_SUITE = "", "TLS_NEW_WITH_BETTER_512"
KINDS = (NO_SUITE, NEW_SUITE, FINE, WEAK, RC4, NULL)

# Monday 2026-03-02, 09:30 UTC, and the classes of time around it.
START = 1772409600
NOW = START + 9 * 3600 + 1800
DAY = 86400
BROWNOUT = (("Mon", 540, 600),)
LATER_BROWNOUT = (("Tue", 540, 600),)

ONE, TWO, LOOPBACK = "192.0.2.7", "198.51.100.7", "127.0.0.1"
ONE_NETWORK, TWO_NETWORK = "192.0.2.0/24", "198.51.100.0/24"


def user_in(bucket):
    """A user name of that rollout bucket."""
    return next(name for name in map("ann%d@example.org".__mod__, itertools.count())
                if model.bucket(name) == bucket)


BOUND, FREE = user_in(49), user_in(50)  # at rollout_percent = 50: the edge on both sides


class Block(NamedTuple):
    """A product: every policy with every session, look-up and time."""
    policies: list
    sessions: list
    lookups: list
    times: list

    def size(self):
        """In cases; a block without policies is for matching."""
        return (len(self.policies or [None]) * len(self.sessions) * len(self.lookups)
                * len(self.times))


def combine(make, **values):
    """make() of every combination of the values."""
    return [make(**dict(zip(values, chosen))) for chosen in itertools.product(*values.values())]


ABSENT = Lookup("absent", None, False)
USERS = (NOT_YET, NONE, BOUND, FREE)


def found(who="*", allow="SSLv3", until=None, may_cover=True, **record):
    return Lookup("found", Record(who, allow, until, **record), may_cover)


LOOKUPS = [Lookup(result, record, cover) for cover in (False, True) for result, record in (
    [("error", None), ("absent", None), ("found", None), ("absent", Record("*", "SSLv3", None))]
    + [("found", record) for record in (
        Record("*", "cleartext", None),
        Record(BOUND, "SSLv3", None),
        Record(FREE, "SSLv3", None),
        Record("@example.org", "TLSv1", None),
        Record("@example.net", "TLSv1", None),
        Record("*", "SSLv3", NOW - 100 * DAY),
        Record("*", "SSLv3", NOW),
        Record("*", "TLSv1.2", NOW + 100 * DAY),
        Record("*", "SSLv3", None, ciphers_any=True),
        Record("*", "SSLv3", None, networks=(ONE_NETWORK,)),
        Record("*", "cleartext", None, networks=("203.0.113.0/24",)),
        Record("*", "SSLv3", None, services=("pop3", "submission")))])]


def shuffled(seed, values, count):
    """So many of the values, the same for the same seed."""
    return random.Random(seed).sample(values, min(count, len(values)))


# --- The driver ---------------------------------------------------------------------------------


def word(values):
    return ",".join(values) or "-"


@functools.lru_cache(maxsize=None)
def policy_line(policy):
    windows = ["%d:%d:%d" % (sum(1 << DAYS.index(day) for day in days.split()), start, end)
               for days, start, end in policy.brownout]
    return "P %d %d %d %d %d %d %s %d %d %s %s %s\n" % (
        MODES.index(policy.mode), VERSIONS.index(policy.floor),
        PROFILES.index(policy.cipher_profile), ANSWERS.index(policy.weak_ciphers),
        ANSWERS.index(policy.unknown_cipher), ANSWERS.index(policy.unknown_tls),
        "-" if policy.rollout_from is None else policy.rollout_from, policy.rollout_percent,
        AUDITS.index(policy.audit), word(policy.trusted_networks), word(policy.legacy_networks),
        word(windows))


@functools.lru_cache(maxsize=None)
def session_line(session):
    return "S %d %s %s %s %s %s\n" % (
        SERVICES.index(session.service), session.tls, session.cipher or "-", session.user,
        session.connection or "-", session.client or "-")


@functools.lru_cache(maxsize=None)
def lookup_line(lookup):
    line = "L %d %d" % (RESULTS.index(lookup.result), lookup.may_cover)
    if lookup.exception:
        record = lookup.exception
        line += " %d %s %d %s %d %d %s" % (
            2 if record.who == "*" else 1 if record.who[0] == "@" else 0, record.who,
            VERSIONS.index(record.allow), "-" if record.until is None else record.until,
            sum(1 << SERVICES.index(service) for service in record.services),
            record.ciphers_any, word(record.networks))
    return line + "\n"


def lines(block, verb):
    yield from map(policy_line, block.policies)
    yield from map(session_line, block.sessions)
    yield from map(lookup_line, block.lookups)
    yield from map("N %d\n".__mod__, block.times)
    yield verb + "\n"


def drive(driver, text):
    """What the driver says to that text: a list of lines, as bytes."""
    run = subprocess.run([driver], input=text.encode("latin-1"), stdout=subprocess.PIPE,
                         check=True, timeout=60)
    return run.stdout.split(b"\n")[:-1]


def known_suites(driver):
    """Every suite's names, to its IANA name."""
    suites = {}
    for line in drive(driver, "K\n")[:-1]:
        openssl, iana = line.decode().split(" ")
        suites[openssl] = suites[iana] = iana
    return suites


def session(suites, service="imap", tls="TLSv1.2", cipher=FINE, user=NONE, connection=ONE,
            client=None):
    return Session(service, tls, model.version_of(tls), cipher, suites.get(cipher), user,
                   connection, connection if client is None else client)


# --- What the model expects ---------------------------------------------------------------------


def letters(names, first="a"):
    return {name: chr(ord(first) + index) for index, name in enumerate(names)}


ACTION, REASON, RULE = letters(ACTIONS), letters(REASONS), letters(RULES)
FLOOR, MODE, MATCH = letters(VERSIONS), letters(MODES), letters(MATCHES, "0")
CASE = 7  # letters


def expected_case(policy, facts, lookup, now):
    decision = model.decide(policy, facts, lookup, now)
    return (ACTION[decision.action] + REASON[decision.reason] + RULE[decision.rule]
            + FLOOR[policy.floor] + MODE[policy.mode] + ("x" if decision.exception else "-")
            + ("l" if model.audits(policy, facts, decision) else "-"))


def expected(block):
    return "".join(expected_case(*case) for case in itertools.product(*block)).encode()


def expected_match(block):
    return "".join(MATCH[model.match(lookup.exception, facts, now)] for lookup, facts, now in
                   itertools.product(block.lookups, block.sessions, block.times)).encode()


def readable(case):
    """Letters to words."""
    if len(case) < CASE:
        return case
    try:
        return "%s %s %s floor=%s mode=%s exception=%s audited=%s" % (
            ACTIONS[ord(case[0]) - 97], REASONS[ord(case[1]) - 97], RULES[ord(case[2]) - 97],
            VERSIONS[ord(case[3]) - 97], MODES[ord(case[4]) - 97], case[5], case[6])
    except IndexError:
        return case


def changed(record, plain):
    return " ".join("%s=%s" % (name, value) for name, value, usual in
                    zip(record._fields, record, plain) if value != usual)


def describe(case, want, got):
    policy, facts, lookup, now = case
    return "\n".join((
        "policy: " + (changed(policy, Policy()) if policy else "-"),
        "session: " + changed(facts, [object()] * len(facts)),
        "lookup: %s may_cover=%d %s" % (lookup.result, lookup.may_cover, lookup.exception or ""),
        "now: %d (%s)" % (now, "brown-out" if policy and model.in_brownout(policy.brownout, now)
                          else "no brown-out"),
        "model: " + readable(want), "core:  " + readable(got), ""))


def differences(cases, want, got, width, most=10):
    """The number of cases that differ, and the first of them in words."""
    if want == got:
        return 0, []
    if len(want) != len(got):
        return 1, ["%d letters instead of %d" % (len(got), len(want))]
    count, words = 0, []
    for index, case in enumerate(cases):
        here = slice(index * width, index * width + width)
        if want[here] != got[here]:
            count += 1
            if len(words) < most:
                words.append(describe(case, want[here].decode(), got[here].decode()))
    return count, words


def decisions(driver, block):
    return drive(driver, "".join(lines(block, "R")))[0]


def compare_decisions(driver, block):
    got = decisions(driver, block)
    return (len(got) // CASE,) + differences(itertools.product(*block), expected(block), got, CASE)


def compare_matches(driver, block):
    got = drive(driver, "".join(lines(block, "M")))[0]
    cases = ((None, facts, lookup, now) for lookup, facts, now in
             itertools.product(block.lookups, block.sessions, block.times))
    return (len(got),) + differences(cases, expected_match(block), got, 1)
