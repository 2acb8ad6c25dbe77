# SPDX-License-Identifier: MIT
"""What a client of Dovecot is told, and what is logged of it; for the tests of Dovecot."""

import base64
import contextlib
import re

from lab.dovecot_release import RELEASE

ANN, PASSWORD = "ann@example.org", "secret"
OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
GOOD = "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"
FUTURE, ALWAYS = "2099-01-01", "Sun-Sat 00:00-24:00"

SAID = "Here %{version} is too old, use %{floor}: %{help_url}"
URL = "https://example.org/tls"
HOSTNAME = "mail.example.org"
# From here to 127.0.0.1 cleartext is cleartext: the same address would be safe to Dovecot.
ELSEWHERE = "127.0.0.2"

# By service: after the handshake, and of an attempt to log in; for good, and for now.
AFTER_HANDSHAKE = {
    "imap": {"refuse": "* BYE {}", "defer": "* BYE [UNAVAILABLE] {}"},
    "pop3": {"refuse": "-ERR [SYS/PERM] {}", "defer": "-ERR [SYS/TEMP] {}"},
    "sieve": {"refuse": 'BYE "{}"', "defer": 'BYE (TRYLATER) "{}"'},
    "submission": {"refuse": "421 4.0.0 " + HOSTNAME + " {}",
                   "defer": "421 4.3.2 " + HOSTNAME + " {}"},
}
OF_ATTEMPT = {
    "imap": {"refuse": "a NO [PRIVACYREQUIRED] {}", "defer": "a NO [UNAVAILABLE] {}"},
    "pop3": {"refuse": "-ERR [SYS/PERM] {}", "defer": "-ERR [SYS/TEMP] {}"},
    "sieve": {"refuse": 'NO (ENCRYPT-NEEDED) "{}"', "defer": 'NO (TRYLATER) "{}"'},
    "submission": {"refuse": "530 5.7.0 {}", "defer": "454 4.7.0 {}"},
}
# A wrong password, in Dovecot's own words.
WRONG = {
    "imap": "a NO [AUTHENTICATIONFAILED] Authentication failed.",
    "pop3": "-ERR [AUTH] Authentication failed.",
    "sieve": 'NO "Authentication failed."',
    "submission": "535 5.7.8 Authentication failed.",
}


def said(version, floor="TLSv1.2"):
    return f"Here {version} is too old, use {floor}: {URL}"


def greeting(client):
    """What the server says by itself before the client's first command."""
    return client.greet() if expects_greeting(client) else None


def expects_greeting(client):
    """ManageSieve tells its capabilities again after STARTTLS."""
    return not hasattr(client, "greeting") or client.service == "sieve"


# Where the TLS behind STARTTLS is judged when the client speaks again.
JUDGED_WHEN_IT_SPEAKS = {"submission"}


def provoke_refusal(client, listener):
    """What a client has to say to be refused for its TLS."""
    if listener in JUDGED_WHEN_IT_SPEAKS:
        client.send_line(client.CAPABILITY)


def refusal_read(client, want):
    """All that a client reads until it is disconnected.

    One that speaks before the greeting may have lost its refusal to a reset of the connection:
    then it is what is wanted.
    """
    with contextlib.suppress(OSError):
        if text := client.rest():
            return text
    return "" if hasattr(client, "greeting") else want


def stage_of_refusal(listener):
    """For its TLS, in the audit line."""
    return "helo" if listener in JUDGED_WHEN_IT_SPEAKS else "connect"


def credentials(service, user=ANN, password=PASSWORD):
    """The bytes of a login without waiting for replies."""
    plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    return {"imap": f"a LOGIN {user} {password}\r\n",
            "pop3": f"USER {user}\r\nPASS {password}\r\n",
            "sieve": f'AUTHENTICATE "PLAIN" "{plain}"\r\n',
            "submission": f"EHLO client.example.net\r\nAUTH PLAIN {plain}\r\n"}[service].encode()


# --- Dovecot's log ---

# How our passdbs are called, in our own lines.
OUR_PASSDB = {"2.3": "passdb { driver = tlsfloor }", "2.4": "passdb tlsfloor { }"}[RELEASE]
OUR_MASTER_PASSDB = {
    "2.3": "passdb { driver = tlsfloor, master = yes }",
    "2.4": "passdb tlsfloor-master { driver = tlsfloor, master = yes }"}[RELEASE]
# Of a connection that ends without a login.
ENDED = {"2.3": "Disconnected", "2.4": "Login aborted"}[RELEASE]
# Of an error in the auth process.
AUTH_ERROR = r"^auth(\(.*\)(<.*>)?)?: Error: "


def at_work(driver, user="[^,()]*"):
    """The lines of a passdb or userdb at work for a user."""
    return {"2.3": rf"\b{driver}\({user},", "2.4": rf"\({user},.*: {driver}-\d+: "}[RELEASE]


# The same, whoever it is.
DRIVER_AT_WORK = re.compile({
    "2.3": r"\b(?P<driver>[\w-]+)\([^()]*<(?P<session>[\w/+]+)>\): ",
    "2.4": r"\([^()]*\)<(?P<session>[\w/+]+)>: \w+: (?P<driver>[a-z-]+?)(-\d+)?: ",
}[RELEASE])


# --- the audit line ---

PROGRAMS = {"imap": "imap-login", "pop3": "pop3-login", "sieve": "managesieve-login",
            "submission": "submission-login"}


def bits(cipher):
    return 0 if "NULL" in cipher or cipher == "-" else 128 if "128" in cipher else 256


def tail(client, session, name="", method="", protection="TLS", **changes):
    """What Dovecot adds to each line about a login."""
    elements = [f"user=<{name}>", method and f"method={method}",
                f"rip={changes.get('client', client.client_address)}",
                f"lip={changes.get('local', '127.0.0.1')}", protection, f"session=<{session}>"]
    return ", ".join(element for element in elements if element)


def session_of(line):
    """Dovecot's id of the session that one of its lines is about."""
    return line.rsplit(" session=<", 1)[1].rstrip(">")


def audit(line, client, tls, action, reason, rule, stage, user="-", method="", **changes):
    """The whole message that the audit line `line`, whose session id is believed, has to be.

    tls: version and cipher suite. changes: other values of the audit line;
    protection: Dovecot's word for the TLS; name: Dovecot's user, if not user.
    """
    session = session_of(line)
    protection = changes.pop("protection", "TLS")
    name = changes.pop("name", "" if user == "-" else user)
    end = tail(client, session, name, method, protection, **changes)
    values = {"action": action, "reason": reason, "rule": rule, "service": client.service,
              "stage": stage, "user": user, "client": client.client_address,
              "port": client.client_port, "tls": tls[0], "cipher": tls[1], "bits": bits(tls[1]),
              "floor": "TLSv1.2", "mode": "enforce", "exception": "-", "session": session,
              **{key: value for key, value in changes.items() if key != "local"}}
    fields = " ".join(f"{key}={value}" for key, value in values.items())
    return f"{PROGRAMS[client.service]}: Info: tlsfloor: {fields}: {end}"
