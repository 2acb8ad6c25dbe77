# SPDX-License-Identifier: MIT
"""The sessions of scripts/quickstart, their table, and the audit lines."""

import contextlib
import sys
import textwrap

sys.dont_write_bytecode = True

from lab.host import PASSWORD, Host  # noqa: E402
from lab.policyd import build_tree  # noqa: E402
from lab.smtp import plain  # noqa: E402
from lab.workspace import Workspace  # noqa: E402

USER = "ann@example.org"
FRIEND = "bob@example.org"
WIDTH = 100
SERVICES = {"submission": "587 STARTTLS", "submissions": "465 TLS", "smtp": "25"}

REFUSED, ACCEPTED, TAGGED = "refused", "accepted", "tagged"
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
TRANSFERS = [(None, ""), ("TLSv1", "ECDHE-RSA-AES256-SHA")]
ACTIONS = {REFUSED: ("refuse", "version"), ACCEPTED: ("accept", "compliant"),
           TAGGED: ("tag", "weak-cipher")}


def connect(mail, service, version, cipher):
    # A TLS 1.3 suite is not chosen by the list of ciphers.
    return mail.connect(service, version, "DEFAULT" if version == "TLSv1.3" else cipher)


def tags(mail):
    """The tag headers of the one message that has arrived."""
    message, = mail.postfix.take_messages(1)
    headers = message.split("\n\n", 1)[0].split("\n")
    return [line for line in headers if line.startswith("X-TLS-Floor:")]


def log_in(mail, service, version, cipher):
    """One session of a user: what happened, in words; what it comes to; audit line; last reply."""
    with connect(mail, service, version, cipher) as session:
        greeting = session.command("EHLO laptop.example.net")
        auth = session.auth(USER, PASSWORD)
        if greeting[:3] != "250":
            audit, = mail.audit(session)
            outcome = REFUSED if auth[:3] == "503" else "AUTH works"
            return f"{greeting[:10]} at EHLO, so AUTH gets {auth[:3]}", outcome, audit, greeting
        reply = session.message(USER, [FRIEND])
        audit, = mail.audit(session)
        if reply[:3] != "250":
            return f"{auth[:3]} at AUTH, then {reply[:10]}", "late", audit, reply
    headers = tags(mail)
    said = f"{auth[:3]} at AUTH, {reply[:3]} delivered"
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

    FORMAT = "{:<13} {:<8} {:<28} {:<38} {}"

    def __init__(self, mail):
        self.mail = mail
        self.wrong, self.audits, self.refusal = 0, [], "nobody was refused"
        print(self.FORMAT.format("PORT", "TLS", "CIPHER SUITE", "WHAT THE SERVER SAID", "VERDICT"))

    def row(self, function, service, version, cipher, want):
        try:
            said, outcome, audit, reply = function(self.mail, service, version, cipher)
            right = outcome == want and (audit is None or is_logged(audit, want))
        except Exception as error:  # the other rows are worth seeing
            said, audit, reply, right = f"{error}"[:38], None, "", False
        print(self.FORMAT.format(SERVICES[service], NAMES[version], cipher, said,
                                 "ok" if right else "WRONG"), flush=True)
        self.wrong += not right
        self.audits += [audit] if audit else []
        if want == REFUSED and reply:
            self.refusal = reply


def show_sessions(mail):
    table = Table(mail)
    for service in ("submission", "submissions"):
        for version, cipher, want in LOGINS:
            table.row(log_in, service, version, cipher, want)
    for version, cipher in TRANSFERS:
        table.row(hand_over, "smtp", version, cipher, ACCEPTED)
    return table


def fold(text):
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="      ",
                         break_long_words=False, break_on_hyphens=False)


def show_how_to_connect(mail, stop):
    connect = "openssl s_client -quiet -crlf -cipher ALL@SECLEVEL=0 -connect 127.0.0.1"
    print(f"""
Still running, until {stop} is called
  {connect}:{mail.ports["submission"]} -starttls smtp -tls1
  {connect}:{mail.ports["submissions"]} -tls1_2
  {USER}, password {PASSWORD}: AUTH PLAIN {plain(USER, PASSWORD)}
  logs: {mail.policyd.log}
        {mail.postfix.log}
  to change the policy, edit {mail.site.conf}, and:
  {build_tree()}/admin/tlsfloor \\
    -c {mail.site.conf} -S {mail.site.state} apply""")


def main():
    with contextlib.ExitStack() as stack:
        workspace = stack.enter_context(Workspace())
        mail = Host(workspace, list(SERVICES), [USER])
        print(f"A real Postfix asks tlsfloor-policyd; mode = enforce, floor = TLSv1.2. {USER}\n"
              "logs in and sends a message, and another server delivers to port 25.\n")
        table = show_sessions(mail)
        print(f"\nA refusal in full:\n{fold(table.refusal)}")
        print("\nThe audit lines of port 587 (465 has the same five again, port 25 none):")
        for audit in table.audits[:len(LOGINS)]:
            print(fold(audit))
        if len(mail.policyd.audit_lines()) != 2 * len(LOGINS):
            table.wrong += 1
            print(f"\nWRONG: {len(mail.policyd.audit_lines())} audit lines in all")
        if "--keep" in sys.argv[1:]:
            show_how_to_connect(mail, workspace.keep())
    return 1 if table.wrong else 0


sys.exit(main())
