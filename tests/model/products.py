# SPDX-License-Identifier: MIT
"""The products of the inputs' classes, and how each is compared.

Why products and not one product.  All classes of all inputs together are some 10^8 cases, most of
which ask the same question again.  The order of judgement has a waist: what version, cipher, floor,
profile, weak_ciphers, unknown_cipher and unknown_tls say is one answer (accept, tag or reject) with
one reason, and what comes after sees that answer and, of these inputs, only version and suite (an
exception covers them) and version and profile (they name the rule).  So:

  suites    every known suite by both names x versions x floors x profiles x weak_ciphers x
            unknown_cipher, without and with an exception: all ways into the waist, for each suite
  routes    all settings that lead into the waist, with one suite of each kind, x the courses that
            can follow it (refuse, defer, tag, undecided, store-error, exception, trusted)
  course    everything that comes after the waist, complete, for all versions and kinds of suite,
            with the settings that let the most violations through to it
  edges, time, addresses, percent, match, who, audit
            what the products above have as "yes, no, edge": complete in themselves
  sample    the product that was split, at random with a fixed seed: it would show a dependence
            that the splitting overlooked
"""

import functools
import itertools
import random

from cases import (
    ABSENT, ANSWERS, AUDITS, BOUND, BROWNOUT, Block, DAY, FINE, FLOORS, FREE, KINDS,
    LATER_BROWNOUT, LOOKUPS, LOOPBACK, MODES, NEW_SUITE, NOW, NO_SUITE, NULL, ONE, ONE_NETWORK,
    PROFILES, RESULTS, SERVICES, START, TLS_NAMES, TWO, TWO_NETWORK, USERS, combine,
    compare_decisions, compare_matches, expected, expected_match, found, lines, session,
    shuffled, user_in)
from model import Lookup, NONE, NOT_YET, Policy


def suites_product(suites):
    make = functools.partial(session, suites)
    names = list(suites) + [NO_SUITE, NEW_SUITE, FINE.lower(), FINE[:-1], FINE + "x"]
    policies = combine(Policy, floor=FLOORS, cipher_profile=PROFILES,
                       weak_ciphers=("tag", "reject"), unknown_cipher=("tag", "reject"),
                       unknown_tls=("reject",))
    for first in range(0, len(names), 20):
        sessions = combine(make, cipher=names[first:first + 20], tls=TLS_NAMES)
        yield Block(policies, sessions, [ABSENT, found(allow="TLSv1")], [NOW])


def routes_product(suites):
    make = functools.partial(session, suites)
    sessions = combine(make, service=("none", "imap", "submission"), tls=TLS_NAMES, cipher=KINDS,
                       user=(NOT_YET, NONE), connection=(ONE, LOOPBACK))
    lookups = [ABSENT, Lookup("error", None, True), found(allow="TLSv1")]
    for floor, profile in itertools.product(FLOORS, PROFILES):
        for course in (dict(mode=["enforce"], rollout_percent=(50, 100)), dict(mode=["tag"])):
            policies = combine(Policy, floor=[floor], cipher_profile=[profile],
                               weak_ciphers=("tag", "reject"), unknown_cipher=("tag", "reject"),
                               unknown_tls=("accept", "tag", "reject"),
                               trusted_networks=[("127.0.0.0/8",)], **course)
            yield Block(policies, sessions, lookups, [NOW])


# No start; not yet started; started; each outside and inside of a brown-out window.
TIMES = tuple(dict(rollout_from=start, brownout=windows)
              for start in (None, NOW + 1, NOW) for windows in (LATER_BROWNOUT, BROWNOUT))


def course_product(suites):
    make = functools.partial(session, suites)
    sessions = combine(make, service=("imap", "submission"), tls=TLS_NAMES, cipher=KINDS[1:],
                       user=USERS, connection=(ONE, LOOPBACK), client=(ONE, TWO))
    policies = [Policy(mode=mode, rollout_percent=percent, weak_ciphers="reject",
                       unknown_cipher="reject", unknown_tls="reject",
                       trusted_networks=("127.0.0.0/8",), legacy_networks=(ONE_NETWORK,), **time)
                for mode in MODES for percent in (0, 50, 100) for time in TIMES]
    for policy in policies:
        yield Block([policy], sessions, LOOKUPS, [NOW])


WINDOWS = ((), BROWNOUT, (("Sun Sat", 0, 1440), ("Wed", 1439, 1440)),
           (("Mon Tue Wed Thu Fri", 540, 570), ("Fri", 570, 600), ("Thu", 0, 1)))


def edges_product(suites):
    """The first and last seconds of windows, of the rollout's start and of an exception's end."""
    for windows in WINDOWS:
        edges = {START + number * DAY + 60 * minute + second for _, *minutes in windows
                 for number in range(8) for minute in minutes for second in (-1, 0)}
        policies = combine(Policy, rollout_from=(None, NOW), brownout=[windows])
        yield Block(policies, [session(suites, tls="TLSv1")], [ABSENT, found(until=NOW)],
                    sorted(edges) + [NOW - 1, NOW, NOW + 1])


def time_product(suites):
    """Brown-out windows and the start of the rollout, by the half hour and second."""
    policies = combine(Policy, mode=MODES, rollout_percent=(0, 50, 100), brownout=WINDOWS,
                       rollout_from=(None, START + 3 * DAY + 1800))
    sessions = [session(suites, tls="TLSv1", user=user) for user in USERS]
    halves = range(START, START + 8 * DAY, 1800)
    times = [half + second for half in halves for second in (-1, 0)]
    times += [0, -1, -DAY, -1801, -3 * DAY - 1, 4102444800, 253402300799]
    times += [half + 60 for half in halves[::48]] + [half + 59 for half in halves[::48]]
    for policy in policies:
        yield Block([policy], sessions, [ABSENT], times)


def addresses_product(suites):
    """trusted_networks knows the connection, legacy_networks and from= the client."""
    lists = ((), ("192.0.2.0/24",), ("192.0.2.7/32", "2001:db8::/32"), ("0.0.0.0/0",), ("::/0",),
             ("10.0.0.0/8", "192.0.2.0/29", "198.51.100.0/22", "2001:db8:1::/48"))
    addresses = ("", ONE, "192.0.2.8", TWO, "198.51.104.1", "10.255.255.255", "2001:db8::1",
                 "2001:db8:1::1", "2001:db9::", "::1", "0.0.0.0")
    make = functools.partial(session, suites, tls="TLSv1")
    sessions = combine(make, connection=addresses, client=addresses, user=(NOT_YET, NONE))
    policies = combine(Policy, trusted_networks=lists, legacy_networks=lists)
    lookups = [found(networks=networks) for networks in lists]
    lookups += [Lookup("error", None, True), Lookup("absent", None, True)]
    for policy in policies:
        yield Block([policy], sessions, lookups, [NOW])


def percent_product(suites):
    """Every percentage with every bucket, and with users who are not named."""
    users = [user_in(bucket) for bucket in range(100)]
    users += ["ann", "ann@", "Ann@Example.ORG", "a@b@example.org", "\xe4\xc4@x", NOT_YET, NONE]
    sessions = [session(suites, tls="TLSv1", user=user) for user in users]
    policies = combine(Policy, rollout_percent=range(101))
    yield Block(policies, sessions, [ABSENT, Lookup("error", None, True)], [NOW])


def audit_product(suites):
    """All levels with sessions and policies that give every pair of action and reason."""
    make = functools.partial(session, suites)
    sessions = combine(make, service=("none", "submission"), tls=TLS_NAMES, cipher=KINDS,
                       user=USERS, connection=(ONE, LOOPBACK))
    lookups = [ABSENT, Lookup("error", None, True), found()]
    for answer in ("tag", "reject"):
        policies = combine(Policy, audit=AUDITS, mode=MODES, rollout_percent=(50, 100),
                           weak_ciphers=[answer], unknown_cipher=[answer],
                           unknown_tls=ANSWERS, trusted_networks=[("127.0.0.0/8",)])
        yield Block(policies, sessions, lookups, [NOW])


def sample_product(suites):
    """The product that was split, at random."""
    dice = random.Random(20260302)
    names = list(suites) + [NO_SUITE, NEW_SUITE] * 20 + list(KINDS) * 20
    lists = ((), (ONE_NETWORK,), (TWO_NETWORK,), ("0.0.0.0/0", "::/0"))
    windows = ((), BROWNOUT, LATER_BROWNOUT)

    def policy():
        return Policy(dice.choice(MODES), dice.choice(FLOORS), dice.choice(PROFILES),
                      dice.choice(ANSWERS[:2]), dice.choice(ANSWERS[:2]), dice.choice(ANSWERS),
                      dice.choice((None, NOW, NOW + 1)), dice.choice((0, 1, 50, 99, 100, 100)),
                      dice.choice(windows), dice.choice(lists), dice.choice(lists),
                      dice.choice(AUDITS))

    def facts():
        return session(suites, dice.choice(SERVICES), dice.choice(TLS_NAMES), dice.choice(names),
                       dice.choice(USERS), dice.choice((ONE, TWO, LOOPBACK)),
                       dice.choice((ONE, TWO, "")))

    def lookup():
        if dice.random() < 0.3:
            return Lookup(dice.choice(RESULTS[:2]), None, dice.random() < 0.5)
        return found(dice.choice(("*", BOUND, FREE, "@example.org")), dice.choice(FLOORS),
                     dice.choice((None, NOW, NOW + 1, NOW + DAY)), dice.random() < 0.5,
                     services=tuple(dice.sample(SERVICES[1:], dice.randint(1, 4))),
                     ciphers_any=dice.random() < 0.5, networks=dice.choice(lists))

    for _ in range(40):
        yield Block([policy() for _ in range(25)], [facts() for _ in range(25)],
                    [lookup() for _ in range(10)], [NOW, NOW + DAY])


def match_product(suites):
    """What an exception covers, but for who it is for: first complete, then for every suite."""
    lists = ((), (ONE_NETWORK,), (TWO_NETWORK, "2001:db8::/32"))
    services = (("imap",), ("submission", "sieve"), SERVICES[1:])
    make = functools.partial(session, suites)
    lookups = combine(found, allow=FLOORS, until=(None, NOW - 1, NOW, NOW + 1), services=services,
                      ciphers_any=(False, True), networks=lists, who=("*", "ann@example.org"))
    sessions = combine(make, service=("imap", "pop3", "submission"), tls=TLS_NAMES, cipher=KINDS,
                       client=("", ONE, "2001:db8::7"))
    yield Block([], sessions, lookups, [NOW])
    sessions = combine(make, tls=TLS_NAMES, cipher=list(suites) + [NEW_SUITE])
    yield Block([], sessions, combine(found, allow=FLOORS, ciphers_any=(False, True)), [NOW])


def who_product(suites):
    """Who an exception is for; and that this is judged last."""
    whos = ("*", "ann", "ANN", "ann@example.org", "Ann@Example.ORG", "@example.org",
            "@EXAMPLE.org", "@org", "an@example.org", "ann@example.org.", "a@b@example.org",
            "\xc4@example.org")
    users = (NOT_YET, NONE, "ann", "aNN", "ann@example.org", "ANN@EXAMPLE.ORG", "anna@example.org",
             "ann@example.or", "ann@sub.example.org", "a@b@example.org", "ann@", "b@example.org",
             "\xc4@example.org", "\xe4@example.org", "ann@example.org@")
    sessions = combine(functools.partial(session, suites), user=users, tls=("TLSv1", "SSLv3"),
                       service=("imap", "pop3"), cipher=(FINE, NULL), client=(ONE, TWO))
    lookups = combine(found, who=whos, until=(None, NOW), allow=["TLSv1"], services=[("imap",)],
                      networks=[(ONE_NETWORK,)])
    yield Block([], sessions, lookups, [NOW])


# Products: how they are compared; and their sizes, by the number of suite names.
PRODUCTS = {
    "suites": (suites_product, compare_decisions, lambda names: 1296 * (names + 5)),
    "routes": (routes_product, compare_decisions, lambda _: 1259712),
    "course": (course_product, compare_decisions, lambda _: 2488320),
    "edges": (edges_product, compare_decisions, lambda _: 632),
    "time": (time_product, compare_decisions, lambda _: 227808),
    "addresses": (addresses_product, compare_decisions, lambda _: 69696),
    "percent": (percent_product, compare_decisions, lambda _: 21614),
    "audit": (audit_product, compare_decisions, lambda _: 279936),
    "sample": (sample_product, compare_decisions, lambda _: 500000),
    "match": (match_product, compare_matches, lambda names: 419904 + 108 * (names + 1)),
    "who": (who_product, compare_matches, lambda _: 5760),
}
LEAST_SUITES = 350


# --- The quick sample ---------------------------------------------------------------------------


def thin(block, seed, most):
    """A block of about so many cases at most: the same part of each of its longer lists."""
    longer = sum(len(values) > 3 for values in block)
    share = min(1, (most / block.size()) ** (1 / longer)) if longer else 1

    def some(values):
        return shuffled(seed, values, max(3, round(len(values) * share)))
    return Block(*map(some, block))


def quick_run(suites):
    """Text for the driver and the answer that the model expects: some 100,000 cases."""
    text, answer = [], b""
    for name, (make, compare, _) in PRODUCTS.items():
        for index, block in enumerate(shuffled(name, list(make(suites)), 8)):
            if compare is compare_decisions:
                block = thin(block, index, 1200)
                text += lines(block, "R")
                answer += expected(block) + b"\n"
            else:
                block = thin(block, index, 10000)
                text += lines(block, "M")
                answer += expected_match(block) + b"\n"
    return "".join(text), answer
