# SPDX-License-Identifier: MIT
"""The sessions of scripts/quickstart, their table, and the audit lines."""

import contextlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True

from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.host import PASSWORD, Host  # noqa: E402
from lab.policyd import build_tree  # noqa: E402
from lab.smtp import plain  # noqa: E402
from lab.workspace import Workspace  # noqa: E402

USER = "ann@example.org"
FRIEND = "bob@example.org"
WIDTH = 100
# Listeners of the two servers, as people know them.
DOVECOT = {"imaps": "IMAP 993", "imap": "IMAP 143 STARTTLS", "pop3s": "POP3 995",
           "pop3": "POP3 110 STLS", "sieve": "ManageSieve 4190",
           "submission": "Dovecot submission"}
POSTFIX = {"submission": "Postfix 587", "submissions": "Postfix 465", "smtp": "Postfix 25"}

# Users with TLS 1.0 while exceptions are in force, and where they come from.
INSIDE, OUTSIDE = "127.0.0.16", "127.0.0.1"
CARL, DORA = "carl@example.org", "dora@example.org"
NETWORK = "service=imap,pop3,sieve,submission from=127.0.0.16/28"
EXCEPTIONS = f"""\
{CARL} allow=TLSv1 until=2099-12-31 {NETWORK}
{DORA} allow=TLSv1 until=2020-12-31 {NETWORK}
"""

REFUSED, ACCEPTED, TAGGED = "refused", "accepted", "tagged"
DENIED, EXCEPTED = "denied", "excepted"
NAMES = {None: "no TLS", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2",
         "TLSv1.3": "TLS 1.3"}
# Version, suite, what is right.
LOGINS = [
    ("TLSv1", "ECDHE-RSA-AES256-SHA", REFUSED),
    ("TLSv1.1", "ECDHE-RSA-AES256-SHA", REFUSED),
    ("TLSv1.2", "AES128-SHA", TAGGED),
    ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", ACCEPTED),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384", ACCEPTED),
]
OLD_AND_GOOD = [LOGINS[0], LOGINS[3]]
TRANSFERS = [(None, ""), ("TLSv1", "ECDHE-RSA-AES256-SHA")]
ACTIONS = {REFUSED: ("refuse", "version"), ACCEPTED: ("accept", "compliant"),
           TAGGED: ("tag", "weak-cipher"), DENIED: ("refuse", "version"),
           EXCEPTED: ("accept", "exception")}
USERS = [("ordinary", USER, INSIDE, DENIED), ("excepted", CARL, INSIDE, EXCEPTED),
         ("expired", DORA, INSIDE, DENIED), ("elsewhere", CARL, OUTSIDE, REFUSED)]


def connect(server, listener, version, cipher, source=None):
    # A TLS 1.3 suite is not chosen by the list of ciphers.
    return server.connect(listener, version, "DEFAULT" if version == "TLSv1.3" else cipher,
                          source=source)


def refusal(reply):
    """The beginning of a reply that refuses, or None."""
    found = re.match(r"\* BYE|(a NO|-ERR) \[\S+\]|BYE|NO \(\S+\)|[45]\d\d \S+", reply)
    return found and found[0]


def read_mail(dovecot, listener, version, cipher, user=USER, source=None):
    """One session with Dovecot: what happened, in words; outcome; audit line; last reply."""
    with connect(dovecot, listener, version, cipher, source) as session:
        waits = listener in ("imaps", "pop3s", "sieve", "submissions")
        reply = session.greet() if waits else session.capabilities()
        if refusal(reply):
            return f"{refusal(reply)}, and the end", REFUSED, audit_of(dovecot, session), reply
        if listener == "submissions":
            session.capabilities()
        reply = session.login(user, PASSWORD)
        audit = audit_of(dovecot, session)
    if not session.is_good(reply):
        return f"{refusal(reply)} at the login", DENIED, audit, reply
    if audit.startswith("tlsfloor: action=tag "):
        return "logged in, tagged in the log", TAGGED, audit, reply
    if " reason=exception " in audit:
        alert = ", with an alert" if "* OK [ALERT]" in reply else ""
        return f"logged in{alert}", EXCEPTED, audit, reply
    return "logged in", ACCEPTED, audit, reply


def audit_of(dovecot, session):
    """The audit line of a session, without what Dovecot's log puts before it."""
    line, = dovecot.audit(session)
    return line[line.index("tlsfloor:"):]


def tags(mail):
    """The tag headers of the one message that has arrived."""
    message, = mail.postfix.take_messages(1)
    headers = message.split("\n\n", 1)[0].split("\n")
    return [line for line in headers if line.startswith("X-TLS-Floor:")]


def log_in(mail, service, version, cipher, user=USER, source=None):
    """One session with Postfix, as read_mail()."""
    with connect(mail, service, version, cipher, source) as session:
        greeting = session.command("EHLO laptop.example.net")
        auth = session.auth(user, PASSWORD)
        if greeting[:3] != "250":
            audit, = mail.audit(session)
            outcome = REFUSED if auth[:3] == "503" else "AUTH works"
            return f"{greeting[:10]} at EHLO, AUTH gets {auth[:3]}", outcome, audit, greeting
        reply = session.message(user, [FRIEND])
        audit, = mail.audit(session)
        if reply[:3] != "250":
            return f"{auth[:3]} at AUTH, then {reply[:10]}", DENIED, audit, reply
    headers = tags(mail)
    said = f"{auth[:3]} at AUTH, {reply[:3]} delivered"
    if " reason=exception " in audit:
        return said, EXCEPTED, audit, reply
    if not headers:
        return said, ACCEPTED, audit, reply
    return f"{said}, tagged", TAGGED if len(headers) == 1 else "tags", audit, reply


def hand_over(mail, service, version, cipher):
    """One session of another mail server, as log_in(); nothing is logged of it."""
    with connect(mail, service, version, cipher) as session:
        session.command("EHLO mx.example.net")
        reply = session.message("someone@example.net", [FRIEND])
        if reply[:3] != "250":
            return reply[:10], REFUSED, None, reply
    return f"{reply[:3]} delivered", TAGGED if tags(mail) else ACCEPTED, None, reply


def is_logged(audit, outcome):
    action, reason = ACTIONS[outcome]
    return audit.startswith(f"tlsfloor: action={action} reason={reason} ")


class Table:
    """Has the sessions and prints a line for each."""

    FORMAT = "{:<19} {:<7} {:<27} {:<35} {}"

    def __init__(self):
        self.wrong = 0
        print(self.FORMAT.format("SERVICE", "TLS", "CIPHER SUITE", "WHAT THE SERVER SAID",
                                 "VERDICT"))

    def row(self, function, server, listener, login):
        """One session: its audit line and last reply, both of which may be empty."""
        version, cipher, want = login
        try:
            said, outcome, audit, reply = function(server, listener, version, cipher)
            right = outcome == want and (audit is None or is_logged(audit, want))
        except Exception as error:  # the other rows are worth seeing
            said, audit, reply, right = f"{error}"[:35], None, "", False
        name = (DOVECOT if function == read_mail else POSTFIX)[listener]
        print(self.FORMAT.format(name, NAMES[version], cipher, said, "ok" if right else "WRONG"),
              flush=True)
        self.wrong += not right
        return audit or "", reply


def show_sessions(table, mail, dovecot):
    """Returns what users were told and what was logged: (audit line, last reply)s."""
    rows = []
    for listener in DOVECOT:
        for login in LOGINS if listener == "imaps" else OLD_AND_GOOD:
            rows.append(table.row(read_mail, dovecot, listener, login))
    for listener in ("submission", "submissions"):
        for login in LOGINS if listener == "submission" else OLD_AND_GOOD:
            rows.append(table.row(log_in, mail, listener, login))
    for version, cipher in TRANSFERS:
        table.row(hand_over, mail, "smtp", (version, cipher, ACCEPTED))
    return rows


def show_exceptions(table, mail, dovecot):
    """Returns the number of sessions."""
    line = "{:<19} {:<9} {:<16} {:<10} {:<35} {}"
    print(f"\nWith TLS 1.0, while these exceptions are in force:\n\n{EXCEPTIONS}")
    print(line.format("SERVICE", "USER", "", "FROM", "WHAT THE SERVER SAID", "VERDICT"))
    version, cipher, _ = LOGINS[0]
    services = [(read_mail, dovecot, listener, DOVECOT[listener])
                for listener in ("imaps", "pop3s", "sieve", "submission")]
    services.append((log_in, mail, "submission", POSTFIX["submission"]))
    for function, server, listener, name in services:
        for kind, user, source, want in USERS:
            said, outcome, audit, _ = function(server, listener, version, cipher, user, source)
            right = outcome == want and is_logged(audit, want)
            table.wrong += not right
            print(line.format(name, kind, user, source, said, "ok" if right else "WRONG"),
                  flush=True)
    return len(services) * len(USERS)


def fold(text):
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="      ",
                         break_long_words=False, break_on_hyphens=False)


def show_how_to_connect(mail, dovecot, stop):
    client = "openssl s_client -quiet -crlf -cipher ALL@SECLEVEL=0 -connect 127.0.0.1"
    print(f"""
Still running, until {stop} is called
  {client}:{dovecot.ports["imaps"]} -tls1
  {client}:{dovecot.ports["imap"]} -starttls imap -tls1_2
  {client}:{mail.ports["submission"]} -starttls smtp -tls1
  {USER}, password {PASSWORD}: AUTH PLAIN {plain(USER, PASSWORD)}
  logs: {dovecot.log}
        {mail.policyd.log}
        {mail.postfix.log}
  to change the policy, edit {mail.site.conf}, and:
  {build_tree()}/admin/tlsfloor \\
    -c {mail.site.conf} -S {mail.site.state} apply""")


def main():
    with contextlib.ExitStack() as stack:
        workspace = stack.enter_context(Workspace())
        exceptions = workspace.write("exceptions", EXCEPTIONS)
        mail = Host(workspace, list(POSTFIX), [USER, CARL, DORA], exceptions=str(exceptions),
                    dovecot_passdb="yes")
        dovecot = DovecotServer(workspace, mail.site,
                                {user: PASSWORD for user in (USER, CARL, DORA)}, passdb=True)
        print("A real Dovecot with tlsfloor's login plugin and a real Postfix that asks\n"
              f"tlsfloor-policyd; mode = enforce, floor = TLSv1.2. {USER} logs in,\n"
              "sends a message, and another server delivers to port 25.\n")
        table = Table()
        rows = show_sessions(table, mail, dovecot)
        excepted = show_exceptions(table, mail, dovecot)
        print(f"\nA refusal in full:\n{fold(rows[0][1])}")
        print("\nThe audit lines of IMAP on port 993 and of Postfix on port 587:")
        for audit, _ in rows[:len(LOGINS)] + rows[-len(LOGINS) - len(OLD_AND_GOOD):][:len(LOGINS)]:
            print(fold(audit))
        logged = len(mail.policyd.audit_lines()) + len(dovecot.find(" tlsfloor: "))
        if logged != len(rows) + excepted:
            table.wrong += 1
            print(f"\nWRONG: {logged} audit lines in all for {len(rows) + excepted} sessions")
        if "--keep" in sys.argv[1:]:
            show_how_to_connect(mail, dovecot, workspace.keep())
    return 1 if table.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
