# SPDX-License-Identifier: MIT
"""The decision of tlsfloor, a second time.

An independent model of tlsfloor_policy_decide(), tlsfloor_exception_match() and their helpers,
written from the documents and the RFCs, not from the C.  It is meant to be read as the
specification: compare.py proves that the C says the same of every class of input.  Suites are
judged from nothing but their IANA names.
"""

import datetime
import functools
import ipaddress
import re
from typing import NamedTuple, Optional, Tuple

# --- Versions -----------------------------------------------------------------------------------

UNKNOWN = "unknown"  # TLS that ended at a proxy: on no scale
CLEARTEXT = "cleartext"
VERSIONS = (CLEARTEXT, "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "newer")
RANK = {name: rank for rank, name in enumerate(VERSIONS)}


def version_of(reported: str) -> str:
    """The version that a reported name means.  "TLSv1" is exactly 1.0."""
    if reported in VERSIONS[:-1]:
        return reported
    match = re.fullmatch(r"TLSv([1-9][0-9]*)(?:\.(0|[1-9][0-9]*))?", reported)
    if not match:
        return UNKNOWN
    version = int(match[1]), int(match[2] or 0)
    if version == (1, 0):
        return "TLSv1"
    return "newer" if version > (1, 3) else "TLSv1.%d" % version[1]


def older(version: str, than: str) -> bool:
    return RANK[version] < RANK[than]


# --- Cipher suites ------------------------------------------------------------------------------


class Suite(NamedTuple):
    tls13: bool  # the name says nothing about key exchange
    key_exchange: str  # "static RSA", "DHE", "static DH", "static ECDH", "ephemeral" or "other"
    anonymous: bool
    export: bool
    encryption: str  # the first word: "NULL", "RC4", "AES" ...
    strength: int  # bits
    cbc: bool
    md5: bool


# Ciphers whose names do not say their strength; 3DES is worth 112 bits, not 168.
STRENGTH = {"NULL": 0, "DES40": 40, "DES": 56, "3DES": 112, "IDEA": 128, "SEED": 128,
            "28147": 256, "KUZNYECHIK": 256, "MAGMA": 256, "CHACHA20": 256, "SM4": 128}
GOST = ("28147", "KUZNYECHIK", "MAGMA")

# Private code points without an IANA name: what their names would be.
NAMELESS = {"GOST-GOST89MAC": "TLS_RSA_WITH_28147_CNT_IMIT",
            "GOST-GOST89STREAM": "TLS_RSA_WITH_28147_CNT_STREAM",
            "GOST2012-GOST8912-GOST8912": "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT",
            "GOST2012-NULL-GOST12": "TLS_GOSTR341112_256_WITH_NULL_GOSTR3411"}


def key_exchange_of(words: list) -> str:
    """words: what stands before _WITH_."""
    words = [word for word in words if word not in ("EXPORT", "EXPORT1024", "FIPS", "OLDFIPS")]
    if words in (["RSA"], ["RSA", "PSK"], ["GOSTR341094", "RSA"]):  # a secret under the RSA key
        return "static RSA"
    if words[0] == "DHE" or words == ["PSK", "DHE"]:
        return "DHE"
    return {"DH": "static DH", "ECDH": "static ECDH", "ECDHE": "ephemeral", "CECPQ1": "ephemeral",
            "ECCPWD": "ephemeral"}.get(words[0], "other")


def strength_of(words: list) -> int:
    """words: what stands after _WITH_.  A number among them is a key length."""
    if words[0] == "DES" and "40" in words:
        return 40
    if words[0] in STRENGTH:
        return STRENGTH[words[0]]
    return next(int(word) for word in words[1:] if word.isdigit())


@functools.lru_cache(maxsize=None)
def suite_of(iana: str) -> Suite:
    """The properties of a suite, read from TLS_<key exchange>_WITH_<cipher>_<MAC or hash>."""
    before, with_, after = NAMELESS.get(iana, iana).partition("_WITH_")
    if not with_:  # TLS 1.3: TLS_<cipher>_<hash>, and NULL encryption where the cipher is a hash
        words = iana.split("_")[1:]
        if words[0].startswith("SHA"):
            words[0] = "NULL"
        return Suite(True, "ephemeral", False, False, words[0], strength_of(words), False, False)
    kx, words = before.split("_")[1:], after.split("_")
    return Suite(
        tls13=words[-1] in ("L", "S") and "MGM" in words,
        key_exchange=key_exchange_of(kx),
        anonymous="anon" in kx or kx == ["NULL"],
        export=any(word.startswith("EXPORT") for word in kx),
        encryption=words[0],
        strength=strength_of(words),
        cbc="CBC" in words,
        md5=words[-1] == "MD5",
    )


@functools.lru_cache(maxsize=None)
def judge_cipher(profile: str, iana: Optional[str]) -> str:
    """How a profile judges a suite (None: a name that nobody knows, or no name)."""
    if profile == "none":  # judges versions only
        return "fine"
    if iana is None:
        return "unknown"
    suite = suite_of(iana)
    if (suite.encryption in ("NULL", "RC4") or suite.export or suite.strength < 112
            or suite.anonymous):
        return "violation"
    if suite.tls13:
        return "fine"
    if profile == "rfc10015" and suite.key_exchange in ("static RSA", "static DH", "DHE"):
        return "violation"
    if suite.key_exchange != "ephemeral":  # a key that leaks opens old sessions; or DHE
        return "weak"
    if suite.strength < 128 or suite.cbc or suite.md5 or suite.encryption in GOST:
        return "weak"
    return "fine"


@functools.lru_cache(maxsize=None)
def needs_ciphers_any(iana: Optional[str]) -> bool:
    """Suites that no exception covers unless it says ciphers=any."""
    if iana is None:
        return True
    suite = suite_of(iana)
    return suite.encryption == "NULL" or suite.anonymous or suite.export


# --- Sessions, policies, exceptions -------------------------------------------------------------

NOT_YET, NONE = "?", "-"  # users: a later moment names one; this session names nobody


class Session(NamedTuple):
    service: str  # none, imap, pop3, sieve, submission
    tls: str  # as reported
    version: str  # version_of(tls)
    cipher: str  # as reported, empty if none
    suite: Optional[str]  # its IANA name, None if unknown or none
    user: str  # NOT_YET, NONE or a name
    connection: str  # address, for trusted_networks
    client: str  # address, for legacy_networks and from=


class Policy(NamedTuple):  # of the session's service
    mode: str = "enforce"
    floor: str = "TLSv1.2"
    cipher_profile: str = "rfc9325"
    weak_ciphers: str = "tag"
    unknown_cipher: str = "tag"
    unknown_tls: str = "tag"
    rollout_from: Optional[int] = None  # seconds since 1970, UTC
    rollout_percent: int = 100
    brownout: Tuple[Tuple[str, int, int], ...] = ()  # ("Mon Tue", first minute, minute after)
    trusted_networks: Tuple[str, ...] = ()
    legacy_networks: Tuple[str, ...] = ("0.0.0.0/0", "::/0")
    audit: str = "all"


class Record(NamedTuple):  # one exception
    who: str  # "user@domain", "user", "@domain" or "*"
    allow: str
    until: Optional[int]  # the first second that is not covered; None: never ends
    services: Tuple[str, ...] = ("imap", "pop3", "sieve", "submission")
    ciphers_any: bool = False
    networks: Tuple[str, ...] = ()  # from=; none: from anywhere


class Lookup(NamedTuple):
    result: str  # error, absent, found
    exception: Optional[Record]
    may_cover: bool  # some exception could cover this session for some user


class Decision(NamedTuple):
    action: str
    reason: str
    rule: str
    exception: Optional[Record] = None


@functools.lru_cache(maxsize=None)
def in_networks(address: str, networks: Tuple[str, ...]) -> bool:
    if not address:  # not an address: in no network
        return False
    ip = ipaddress.ip_address(address)
    return any(ip in ipaddress.ip_network(network) for network in networks)


def fold(text: str) -> str:
    """Lower case, ASCII letters only."""
    return re.sub("[A-Z]", lambda letter: chr(ord(letter[0]) + 32), text)


@functools.lru_cache(maxsize=None)
def who_matches(who: str, user: str) -> bool:
    if who == "*":
        return True
    if user in (NOT_YET, NONE):
        return False
    if who.startswith("@"):
        _, at, domain = fold(user).rpartition("@")
        return at + domain == fold(who)
    return fold(who) == fold(user)


def match(record: Record, session: Session, now: int) -> str:
    """Why an exception does not cover a session (the first reason), or "yes"."""
    if record.until is not None and now >= record.until:
        return "expired"
    if session.service not in record.services:
        return "service"
    if record.networks and not in_networks(session.client, record.networks):
        return "network"
    if record.allow != CLEARTEXT:  # which covers everything, whatever the version and the cipher
        if session.version == UNKNOWN or older(session.version, record.allow):
            return "version"
        if not record.ciphers_any and needs_ciphers_any(session.suite):
            return "cipher"
    return "yes" if who_matches(record.who, session.user) else "who"


# --- The rollout --------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def bucket(user: str) -> int:
    """0..99, the same for ever: FNV-1a, mixed, of the name in lower case."""
    h = 0xCBF29CE484222325
    for byte in fold(user).encode("latin-1"):
        h = (h ^ byte) * 0x100000001B3 % 2**64
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD % 2**64
    h ^= h >> 33
    return h % 100


@functools.lru_cache(maxsize=None)
def in_brownout(windows: tuple, now: int) -> bool:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=now)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    minute = 60 * moment.hour + moment.minute
    return any(day in days.split() and start <= minute < end for days, start, end in windows)


def time_binds(policy: Policy, now: int) -> bool:
    return (policy.rollout_from is None or now >= policy.rollout_from
            or in_brownout(policy.brownout, now))


def partial(policy: Policy) -> bool:
    return 1 <= policy.rollout_percent <= 99


def binds_user(policy: Policy, user: str) -> str:
    """yes, no, or "name matters" while nobody is named yet."""
    if user == NOT_YET and partial(policy):
        return "name matters"
    if user in (NOT_YET, NONE):
        return "yes" if policy.rollout_percent > 0 else "no"
    return "yes" if bucket(user) < policy.rollout_percent else "no"


# --- The decision -------------------------------------------------------------------------------


def finding(policy: Policy, session: Session) -> Tuple[str, str]:
    """What version and cipher alone amount to: accept, tag or reject, and the reason."""
    if session.version == UNKNOWN:
        return policy.unknown_tls, "unknown-tls"
    if older(session.version, policy.floor):
        return "reject", "cleartext" if session.version == CLEARTEXT else "version"
    if session.version == CLEARTEXT:  # and no floor: there is no cipher to judge
        return "accept", "compliant"
    verdict = judge_cipher(policy.cipher_profile, session.suite)
    if verdict == "fine":
        return "accept", "compliant"
    if verdict == "unknown":
        return policy.unknown_cipher, "unknown-cipher"
    if verdict == "weak" and policy.weak_ciphers == "tag":
        return "tag", "weak-cipher"
    return "reject", "cipher"


def rule_of(policy: Policy, session: Session, reason: str) -> str:
    """The text that an action can point to."""
    if reason == "version":
        return "RFC8997" if older(session.version, "TLSv1.2") else "local"
    if reason == "compliant":
        return "local" if older(session.version, "TLSv1.2") else "RFC8997"
    if reason in ("cleartext", "exception"):
        return "RFC8314-4.1"
    if reason in ("cipher", "weak-cipher"):
        return "RFC10015" if policy.cipher_profile == "rfc10015" else "RFC9325-4.1"
    return "local"


def decide(policy: Policy, session: Session, lookup: Lookup, now: int) -> Decision:
    def decision(action, reason, exception=None):
        return Decision(action, reason, rule_of(policy, session, reason), exception)

    # 1. Mail transfer between servers is none of our business.
    if session.service == "none":
        return decision("accept", "not-subject")
    answer, reason = finding(policy, session)
    # 2. Good enough.
    if answer != "reject" and reason != "unknown-tls":
        return decision(answer, reason)
    # 3. The connection comes from a trusted network.
    if in_networks(session.connection, policy.trusted_networks):
        return decision("accept", "trusted-network")
    # 4. TLS that ended at a proxy, as configured.
    if answer != "reject":
        return decision(answer, reason)
    # 5. A violation.  a. An exception applies ...
    legacy = in_networks(session.client, policy.legacy_networks)
    if (lookup.result == "found" and lookup.exception and legacy
            and match(lookup.exception, session, now) == "yes"):
        return decision("accept", "exception", lookup.exception)
    # ... b. or the policy does not bind this user at this time.
    bound = binds_user(policy, session.user)
    if policy.mode != "enforce" or not time_binds(policy, now) or bound == "no":
        return decision("tag", reason)
    # c. Nobody can say whether an exception applies.
    some_exception = lookup.may_cover and legacy
    if lookup.result == "error" and some_exception:
        return decision("defer", "store-error")
    # d. The name that a later moment brings may change the answer.
    if session.user == NOT_YET and (bound == "name matters" or some_exception):
        return decision("undecided", reason)
    # e. Refused; for now, while a later attempt may fare better.
    if partial(policy) or in_brownout(policy.brownout, now):
        return decision("defer", reason)
    return decision("refuse", reason)


def audits(policy: Policy, session: Session, decision: Decision) -> bool:
    """Whether the decision gets an audit line."""
    if policy.audit == "none" or decision.reason == "not-subject":
        return False
    if session.user == NOT_YET:  # whatever else there is to say comes with the name
        return decision.action in ("refuse", "defer")
    if decision.reason == "compliant":
        return policy.audit == "all" and session.user != NONE
    return True
