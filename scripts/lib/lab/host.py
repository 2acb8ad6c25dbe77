# SPDX-License-Identifier: MIT
"""The whole mail host: Postfix with tlsfloor's services, Dovecot's auth, tlsfloor-policyd."""

import contextlib

from .dovecot import DovecotAuth
from .policyd import Policyd, Recorder, Site
from .postfix import ALL_CIPHERS, Postfix, snippet
from .smtp import Session
from .workspace import Workspace, wait_until

PASSWORD = "secret"
ANYBODY = "everybodys"

RECOMMENDED = snippet("recommended", "submission")
CONSERVATIVE = snippet("conservative", "submission")
POLICY_EVERYWHERE = [
    "-o smtpd_delay_reject=no",
    *(f"-o {{ smtpd_{name}_restrictions = check_policy_service $mx_policy }}"
      for name in ("client", "helo", "sender", "data")),
    "-o { smtpd_recipient_restrictions = check_policy_service $mx_policy,"
    " reject_unauth_destination }",
]


def with_context(name):
    """A service for a trusted front end (XCLIENT) whose sessions are told apart by a context."""
    policy = f"check_policy_service {{ unix:tlsfloor/policy, timeout=5s, policy_context={name} }}"
    return [
        "-o smtpd_authorized_xclient_hosts=127.0.0.1",
        "-o smtpd_sasl_auth_enable=yes",
        "-o smtpd_delay_reject=no",
        f"-o {{ smtpd_helo_restrictions = {policy} }}",
        f"-o {{ smtpd_sender_restrictions = {policy} }}",
        "-o smtpd_recipient_restrictions=permit_sasl_authenticated,reject",
    ]


# Name -> smtpd's options. These are submission by their port ...
SUBMISSION = {
    "submission": RECOMMENDED,
    "submissions": snippet("recommended", "submissions"),
    "conservative": CONSERVATIVE,
    "conservative-submissions": snippet("conservative", "submissions"),
    "both": RECOMMENDED + [line for line in CONSERVATIVE if "recipient" in line or "data" in line],
    "no-helo": RECOMMENDED + ["-o smtpd_helo_required=no"],
    "connect-submissions": [
        *(line for line in snippet("recommended", "submissions") if "client" not in line),
        "-o { smtpd_client_restrictions = check_policy_service $tlsfloor_policy }",
    ],
    "data-only": [
        *(line for line in CONSERVATIVE if "recipient" not in line),
        "-o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject }",
    ],
    "own-floor": RECOMMENDED + ["-o smtpd_tls_mandatory_protocols=>=TLSv1.2"],
    "cleartext": RECOMMENDED + ["-o smtpd_tls_security_level=may", "-o smtpd_tls_auth_only=no"],
}
# ... and these are not.
OTHERS = {
    "smtp": POLICY_EVERYWHERE,
    "xclient-submission": with_context("front-end"),
    "xclient-unknown": with_context("tls-elsewhere"),
}
SERVICES = {**SUBMISSION, **OTHERS}


class Host:
    """services: names of SERVICES. policy: what every tlsfloor.conf of this host says."""

    def __init__(self, workspace, services, users, main="", policyd=Policyd, **policy):
        self.workspace = workspace
        if "smtp" in services and "mx_policy" not in main:
            main += "mx_policy = $tlsfloor_policy\n"
        self.postfix = Postfix(workspace, {name: SERVICES[name] for name in services},
                               ALL_CIPHERS + main)
        self.ports = self.postfix.ports
        self.users = {name: PASSWORD for name in users}
        judged = [str(self.ports[name]) for name in services if name in SUBMISSION]
        contexts = "front-end=submission tls-elsewhere=unknown-tls"
        self.site = Site(workspace, submission_ports=" ".join(judged), policy_contexts=contexts,
                         **policy)
        self.site.apply()
        self.policyd = policyd(workspace, self.site, self.postfix.policy_directory / "policy")
        self.dovecot = DovecotAuth(workspace, self.postfix.queue / "private/auth", self.users,
                                   ANYBODY)
        self.postfix.start()

    @contextlib.contextmanager
    def connect(self, service, version=None, cipher="DEFAULT", source=None):
        """A session at the point where the client is to send EHLO, TLS being up."""
        already = len(self.policyd.audit_lines())
        with Session(self.ports[service], source) as session:
            # Client ports come again: what was logged before is not this session's.
            session.audit_start = already
            if version is None:
                session.greeting = session.reply()
            elif service.endswith("submissions"):
                session.wrap(version, cipher)
                session.greeting = session.reply()
            else:
                session.starttls(version, cipher)
            yield session

    def record(self):
        """A policy service "unix:tlsfloor/recorder" that keeps what it hands on."""
        sockets = self.postfix.policy_directory
        return Recorder(self.workspace, sockets / "recorder", sockets / "policy")

    def audit_so_far(self, session):
        """The audit lines of a session that are there already."""
        return [line for line in self.policyd.audit_lines()[session.audit_start:]
                if f" port={session.client_port} " in line]

    def audit(self, session, number=1):
        """The audit lines of a session; waits for so many."""
        def found():
            lines = self.audit_so_far(session)
            return lines if len(lines) >= number else None

        return wait_until(found, f"{number} audit lines of port {session.client_port}")


@contextlib.contextmanager
def host(services, users=("ann@example.org",), **options):
    with Workspace() as workspace:
        yield Host(workspace, services, users, **options)
