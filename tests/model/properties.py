# SPDX-License-Identifier: MIT
"""Properties of the decision, of what the core says rather than the model.

Each is a function that yields the cases that break it, in words: of the driver and the suites, or
of the ladders, on which nothing but the TLS version changes.
"""

import itertools

import model
from cases import (
    ABSENT, ACTIONS, ANSWERS, BOUND, BROWNOUT, Block, CASE, DAY, FINE, FLOORS, KINDS, LOOKUPS,
    LOOPBACK, MODES, NEW_SUITE, NOW, NULL, ONE, ONE_NETWORK, PROFILES, REASONS, SERVICES,
    STATIC_RSA, TLS13, TLS_NAMES, TWO, USERS, VERSIONS, combine, decisions, drive, found,
    session, shuffled)
from model import NOT_YET, Policy

LOW_TO_HIGH = [name for name in TLS_NAMES if name not in ("proxied", "cleartext")]
LET_IN = ("accept", "tag")


def any_policies(seed, count):
    """Policies of all sorts, of the product of their classes."""
    return shuffled(seed, combine(
        Policy, mode=MODES, floor=FLOORS, cipher_profile=PROFILES, weak_ciphers=ANSWERS[:2],
        unknown_cipher=ANSWERS[:2], unknown_tls=ANSWERS, rollout_from=(None, NOW + 1),
        rollout_percent=(0, 50, 100), brownout=((), BROWNOUT), legacy_networks=((ONE_NETWORK,),),
        trusted_networks=(("127.0.0.0/8",),)), count)


def cases_of(driver, block):
    """Every case of a block with what the core says: action and reason."""
    got = decisions(driver, block).decode()
    if len(got) != CASE * block.size():
        raise ValueError("the driver answered %d letters" % len(got))
    for index, case in enumerate(itertools.product(*block)):
        yield case, ACTIONS[ord(got[CASE * index]) - 97], REASONS[ord(got[CASE * index + 1]) - 97]


def version_ladders(driver, suites):
    """For one case each: what the core says as nothing but the TLS version gets newer."""
    for cipher in KINDS + (STATIC_RSA, TLS13):
        versions = LOW_TO_HIGH
        if cipher in (FINE, TLS13):  # no TLS has no suite: comparable with a suite that is fine
            versions = ["cleartext"] + versions
        sessions = [session(suites, tls=tls, cipher=cipher, user=user, client=client)
                    for user in USERS for client in (ONE, TWO) for tls in versions]
        block = Block(any_policies(cipher, 60), sessions, LOOKUPS, [NOW])
        said = list(cases_of(driver, block))
        steps, rungs = len(LOOKUPS), len(versions)
        for first in range(0, len(said), steps * rungs):
            for lookup in range(steps):
                yield said[first + lookup:first + steps * rungs:steps]


def in_words(case, action, reason):
    return "%s %s for %s" % (action, reason, case)


def newer_never_worse(ladders):
    """Refuse and defer, then undecided, then tag and accept: never back."""
    rank = {"refuse": 0, "defer": 0, "undecided": 1, "tag": 2, "accept": 2}
    for ladder in ladders:
        ranks = [rank[action] for _, action, _ in ladder]
        if ranks != sorted(ranks):
            yield " / ".join(in_words(*step) for step in ladder)


def exception_goes_up(ladders):
    """What an exception lets in at a version gets in at newer ones, by it or by right."""
    good = ("exception", "compliant", "weak-cipher", "unknown-cipher")
    seen = 0
    for ladder in ladders:
        reasons = [reason for _, _, reason in ladder]
        if "exception" not in reasons:
            continue
        seen += 1
        for case, action, reason in ladder[reasons.index("exception"):]:
            if action not in LET_IN or reason not in good:
                yield in_words(case, action, reason)
    if not seen:
        yield "no exception applied at all"


def expired_never_applies(driver, suites):
    sessions = [session(suites, service, tls, cipher, user) for service in SERVICES[1:]
                for tls in TLS_NAMES for cipher in KINDS for user in USERS]
    ended = [found(who, allow, until, ciphers_any=True) for who in ("*", BOUND, "@example.org")
             for allow in FLOORS[:4] for until in (0, NOW - DAY, NOW - 1, NOW)]
    block = Block(any_policies(1, 30), sessions, ended, [NOW])
    for case, action, reason in cases_of(driver, block):
        if reason == "exception":
            yield in_words(case, action, reason)
    alive = block._replace(lookups=[found("*", "cleartext", NOW + 1)])
    if not any(reason == "exception" for _, _, reason in cases_of(driver, alive)):
        yield "no exception applies in its last second"


def somebody_allowed_it(case, action, reason):
    """Whether a violation that gets in has a reason that names who let it in, and rightly."""
    policy, facts, lookup, now = case
    if action == "accept" and reason == "trusted-network":
        return facts.connection == LOOPBACK
    if action == "accept":
        return reason == "exception" and lookup.result == "found" and facts.client == ONE
    return (policy.mode != "enforce" or policy.rollout_percent < 100
            or (policy.rollout_from == NOW + 1 and policy.brownout != BROWNOUT))


def nobody_slips_in(driver, suites):
    sessions = [session(suites, "imap", tls, cipher, user, connection, client)
                for tls in TLS_NAMES for cipher in KINDS for user in USERS
                for connection in (ONE, LOOPBACK) for client in (ONE, TWO)]
    block = Block(any_policies(2, 40), sessions, LOOKUPS[::3], [NOW])
    for case, action, reason in cases_of(driver, block):
        if (action in LET_IN and model.finding(case[0], case[1])[0] == "reject"
                and not somebody_allowed_it(case, action, reason)):
            yield in_words(case, action, reason)


def undecided_only_before_the_name(driver, suites):
    sessions = [session(suites, "submission", tls, cipher, user)
                for tls in TLS_NAMES for cipher in KINDS for user in USERS]
    seen = 0
    for case, action, reason in cases_of(driver, Block(any_policies(3, 100), sessions, LOOKUPS,
                                                       [NOW])):
        if action == "undecided":
            seen += 1
            if case[1].user != NOT_YET:
                yield in_words(case, action, reason)
    if not seen:
        yield "never undecided"


def buckets(driver, names):
    return [int(line) for line in drive(driver, "".join(map("B {}\n".format, names)))]


# These never change: a user would fall out of the rollout, or into it, by an update.
GOLDEN_BUCKETS = {"ann@example.org": 0, "bob@example.org": 14, "postmaster": 65, "ann@": 38}


def bucket_is_stable(driver, _suites):
    names = ["User%d@Example.ORG" % number for number in range(2000)]
    for other in (map(str.lower, names), map(str.upper, names), map(str.swapcase, names)):
        if buckets(driver, other) != buckets(driver, names):
            yield "the case of a name changes its bucket"
    for name, want in GOLDEN_BUCKETS.items():
        got = buckets(driver, [name])[0]
        if got != want:
            yield "%s: bucket %d, was always %d" % (name, got, want)


def bucket_is_even(driver, _suites):
    found_in = buckets(driver, ["user%d@example.org" % number for number in range(10000)])
    for percent in range(101):
        share = sum(bucket < percent for bucket in found_in) / 100
        if abs(share - percent) > 2:
            yield "%d%% binds %.1f%%" % (percent, share)


def percent_is_monotone(driver, suites):
    """Bound at p: bound at p + 1; at 0 nobody, at 100 everybody; alike for every service."""
    users = ["user%d@example.org" % number for number in range(500)]
    bound = {}
    sessions = [session(suites, service, "TLSv1", user=user)
                for service in ("imap", "submission") for user in users]
    block = Block([Policy(rollout_percent=percent) for percent in range(101)], sessions, [ABSENT],
                  [NOW])
    for (policy, facts, _, _), action, _ in cases_of(driver, block):
        if action not in LET_IN:
            bound.setdefault((policy.rollout_percent, facts.service), set()).add(facts.user)
    for percent in range(101):
        here, other = (bound.get((percent, name), set()) for name in ("imap", "submission"))
        if here != other:
            yield "%d%% binds different users of different services" % percent
        if percent and not bound.get((percent - 1, "imap"), set()) <= here:
            yield "somebody bound at %d%% is not at %d%%" % (percent - 1, percent)
        if percent in (0, 100) and len(here) != percent * len(users) / 100:
            yield "%d%% binds %d of %d" % (percent, len(here), len(users))


def version_names(driver, suites):
    names = {"SSLv2": "SSLv2", "SSLv3": "SSLv3", "TLSv1": "TLSv1", "TLSv1.0": "TLSv1",
             "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3", "TLSv1.4": "newer",
             "TLSv1.10": "newer", "TLSv2": "newer", "TLSv2.0": "newer", "cleartext": "cleartext",
             "tlsv1.2": "unknown", "TLS1.2": "unknown", "TLSv": "unknown", "TLSv1.": "unknown",
             "TLSv1.2x": "unknown", "DTLSv1.2": "unknown", "SSLv23": "unknown",
             "TLSv0.9": "unknown", "TLSv-1": "unknown", "\xff": "unknown", "proxied": "unknown"}
    got = drive(driver, "".join(map("V {}\n".format, names)))
    for (name, want), line in zip(names.items(), got):
        if VERSIONS[int(line)] != want or model.version_of(name) != want:
            yield "%s is %s, not %s" % (name, VERSIONS[int(line)], want)
    want = [(TLS, floor, "refuse" if floor == "TLSv1.1" else "accept")
            for floor in ("TLSv1", "TLSv1.1") for TLS in ("TLSv1", "TLSv1.0")]
    block = Block([Policy(floor=floor) for floor in ("TLSv1", "TLSv1.1")],
                  [session(suites, tls=tls) for tls in ("TLSv1", "TLSv1.0")], [ABSENT], [NOW])
    got = [(facts.tls, policy.floor, action)
           for (policy, facts, _, _), action, _ in cases_of(driver, block)]
    if got != want:
        yield str(got)


def unknown_goes_where_configured(driver, suites):
    table = (  # policy, reported version, cipher: action, reason
        (dict(unknown_tls="accept"), "proxied", FINE, "accept", "unknown-tls"),
        (dict(unknown_tls="tag"), "proxied", FINE, "tag", "unknown-tls"),
        (dict(unknown_tls="reject"), "proxied", FINE, "refuse", "unknown-tls"),
        (dict(unknown_tls="accept"), "proxied", NULL, "accept", "unknown-tls"),
        (dict(unknown_tls="reject", floor="cleartext"), "proxied", "", "refuse", "unknown-tls"),
        (dict(unknown_cipher="tag"), "TLSv1.2", NEW_SUITE, "tag", "unknown-cipher"),
        (dict(unknown_cipher="tag"), "TLSv1.3", "", "tag", "unknown-cipher"),
        (dict(unknown_cipher="reject"), "TLSv1.2", NEW_SUITE, "refuse", "unknown-cipher"),
        (dict(unknown_cipher="reject"), "TLSv1.4", "", "refuse", "unknown-cipher"),
        (dict(unknown_cipher="tag"), "TLSv1.1", NEW_SUITE, "refuse", "version"),
        (dict(unknown_cipher="reject", floor="cleartext"), "cleartext", "", "accept", "compliant"),
        (dict(), "TLSv1.4", FINE, "accept", "compliant"))
    for policy, tls, cipher, *want in table:
        block = Block([Policy(**policy)], [session(suites, tls=tls, cipher=cipher)], [ABSENT],
                      [NOW])
        for case, *got in cases_of(driver, block):
            if got != want:
                yield in_words(case, *got)


PROPERTIES = (
    ("an expired exception never applies", expired_never_applies),
    ("no violation gets in without a reason that names who allowed it", nobody_slips_in),
    ("undecided only while a later moment will name the user", undecided_only_before_the_name),
    ("the bucket of a user is the same for ever, whatever the case", bucket_is_stable),
    ("p percent bind about p percent of the users", bucket_is_even),
    ("who is bound at p percent is bound at p + 1", percent_is_monotone),
    ("TLSv1 is 1.0, and every other name means what it says", version_names),
    ("unknown versions and ciphers go where configured", unknown_goes_where_configured),
)
LADDER_PROPERTIES = (
    ("a newer TLS version never turns accept or tag into anything worse", newer_never_worse),
    ("what an exception accepts it accepts at every newer version", exception_goes_up),
)
