#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor report and retire read what a real Dovecot and a real Postfix have logged.

Sessions of ready, old, excepted, refused and nameless clients, and of some that call themselves
like an audit line; then the logs as they are. What retire proposes then ends old TLS in the
handshake.
"""

import contextlib
import datetime
import json
import pathlib
import re
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.host import PASSWORD, Host  # noqa: E402
from lab.policyd import build_tree  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from log_lines import audit  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

ANN, BEN, CARL, DORA = (f"{name}@example.org" for name in ("ann", "ben", "carl", "dora"))
OLD, GOOD = ("TLSv1", "ECDHE-RSA-AES256-SHA"), ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
OFFICE = "127.0.0.16"
EXCEPTIONS = f"{CARL} allow=TLSv1 until=2099-12-31 from={OFFICE}/28\n"
FORGED = audit(user="mallory@example.org")


def read_mail(dovecot, user, version, source=None, password=PASSWORD):
    """A session with IMAP, and what was said last."""
    with dovecot.connect("imaps", *version, source=source) as session:
        reply = session.greet()
        if "BYE" not in reply:
            reply = session.login(user, password)
        if password == PASSWORD:
            dovecot.audit(session)
    return reply


def send_mail(mail, user, version, source=None, greeting="laptop.example.net"):
    with mail.connect("submission", *version, source=source) as session:
        session.command(f"EHLO {greeting}")
        session.auth(user, PASSWORD)
        reply = session.message(user, [BEN])
        mail.audit(session)
    return reply


def use(mail, dovecot):
    """Everybody comes, in mode = observe."""
    for user, version in ((ANN, OLD), (BEN, GOOD), (DORA, GOOD), (DORA, OLD)):
        read_mail(dovecot, user, version)
        send_mail(mail, user, version)
    for source in (None, OFFICE):
        send_mail(mail, CARL, OLD, source)
    send_mail(mail, BEN, GOOD, greeting=FORGED)
    for name in (FORGED, f"imap-login: Info: {FORGED}", f"dovecot: imap-login: {FORGED}"):
        read_mail(dovecot, name, GOOD, password="wrong")


def logs_of(mail, dovecot, directory):
    """The logs: Dovecot's and Postfix's own, and that of policyd with what a syslog puts before."""
    stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
    path = directory / "policyd.syslog"
    path.write_text("".join(f"{stamp} mail {line}\n" for line in mail.policyd.lines()))
    return [path, mail.postfix.log, dovecot.log]


def tool(mail, *arguments, **options):
    return subprocess.run([build_tree() / "admin/tlsfloor", "-S", mail.site.state, *arguments],
                          check=False, capture_output=True, text=True, **options)


def report(mail, logs):
    done = tool(mail, "report", "--json", *logs)
    expect((done.stderr, done.returncode), ("", 1), "errors and status")
    return json.loads(done.stdout)


def classes(found):
    """(user, service, class) of each row, with its logins and where they came from."""
    return {(row["user"], row["service"], row["class"]): (row["logins"], tuple(row["from"]))
            for row in found["rows"]}


def check_observed(found):
    here = (1, ("127.0.0.1",))
    expect(classes(found), {
        (ANN, "imap", "below"): here, (ANN, "submission", "below"): here,
        (DORA, "imap", "below"): here, (DORA, "submission", "below"): here,
        (CARL, "submission", "below"): here, (CARL, "submission", "excepted"): (1, (OFFICE,))})
    expect((found["lose_access_today"], found["users"]["ready"]), (3, 1))
    expect(found["logins"], {"ready": 5, "below": 5, "excepted": 1, "not_judged": 0,
                             "turned_away": 0})
    expect((found["period"]["damaged"], found["period"]["losses"]), (0, 0))
    expect({row["version"] for row in found["rows"]}, {"TLSv1"})


def handshake(server, listener, version):
    """Whether there is TLS of that version."""
    try:
        with server.connect(listener, *version):
            return True
    except (ssl.SSLError, OSError):
        return False


def settings_of(text):
    """What retire proposes: lines for Dovecot, and commands for Postfix."""
    dovecot, postfix = text.split("\nDovecot", 1)[1].split("\nPostfix", 1)
    lines = [line.split("#")[0].strip() for line in re.findall(r"^  (\w+ = .*)$", dovecot, re.M)]
    return "\n".join(lines) + "\n", re.findall(r"^  (postconf -P .*)$", postfix, re.M)


def retire(mail, dovecot, directory):
    """Applies what retire proposes, to a log that has good logins only; what it said."""
    day = datetime.date.today()
    good = audit(action="accept", reason="compliant", tls="TLSv1.3",
                 cipher="TLS_AES_256_GCM_SHA384")
    log = directory / "good"
    log.write_text("".join(f"{day - datetime.timedelta(ago)}T00:00:01Z mail dovecot: imap-login: "
                           f"{good}: user=<x>\n" for ago in range(91, -1, -1)))
    done = tool(mail, "retire", log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                          "MAIL_CONFIG": str(mail.postfix.conf)})
    expect((done.stderr, done.returncode), ("", 0), done.stdout)
    lines, commands = settings_of(done.stdout)
    text = re.sub(r"^(ssl|ssl_cipher_list|auth_allow_cleartext|disable_plaintext_auth) =.*\n", "",
                  dovecot.conf.read_text(), flags=re.M)
    dovecot.stop()
    dovecot.conf.write_text(text.replace("ssl_min_protocol = TLSv1\n", lines))
    dovecot.start()
    for command in commands:
        subprocess.run(["sh", "-c", command], check=True,
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                            "MAIL_CONFIG": str(mail.postfix.conf)})
    mail.postfix.reload()
    return done.stdout


def main():
    skip_unless_root()
    tap = Tap()
    with contextlib.ExitStack() as stack:
        workspace = stack.enter_context(Workspace())
        exceptions = workspace.write("exceptions", EXCEPTIONS)
        mail = Host(workspace, ["submission", "submissions"], [ANN, BEN, CARL, DORA],
                    exceptions=str(exceptions), dovecot_passdb="yes", mode="observe",
                    trusted_networks="")
        dovecot = DovecotServer(workspace, mail.site,
                                {user: PASSWORD for user in (ANN, BEN, CARL, DORA)}, passdb=True)
        with tap.case("what was seen in mode = observe"):
            use(mail, dovecot)
            found = report(mail, logs_of(mail, dovecot, workspace.path))
            check_observed(found)
        with tap.case("once it is enforced, who is refused is turned away"):
            mail.policyd.apply(mode="enforce")
            dovecot.doveadm("reload")
            expect_true("PRIVACYREQUIRED" in read_mail(dovecot, ANN, OLD, OFFICE), "not refused")
            expect_true("BYE" in read_mail(dovecot, ANN, OLD), "not refused")
            with mail.connect("submission", *OLD) as session:
                expect(session.command(f"EHLO {FORGED}")[:10], "530 5.7.10")
                mail.audit(session)
            found = classes(report(mail, logs_of(mail, dovecot, workspace.path)))
            expect(found[None, "submission", "turned-away"], (1, ("127.0.0.1",)))
            expect(found[ANN, "imap", "turned-away"], (1, (OFFICE,)))
            expect(found[None, "imap", "turned-away"], (1, ("127.0.0.1",)))
            expect(found[ANN, "imap", "below"], (1, ("127.0.0.1",)))
        with tap.case("the forged lines are in the logs"):
            for log in (mail.postfix.log, dovecot.log):
                expect_true("tlsfloor: action=tag reason=version rule=RFC8997 service=imap "
                            "stage=auth user" in log.read_text(), f"not in {log}")
        with tap.case("retire says no"):
            done = tool(mail, "retire", *logs_of(mail, dovecot, workspace.path))
            expect(done.returncode, 1, done.stdout)
            for words in ("5 logins below the floor, of 3 users", "1 exception is in force",
                          "the audit lines begin on"):
                expect_true(words in done.stdout, done.stdout)
        with tap.case("what retire proposes ends old TLS in the handshake"):
            listeners = ((dovecot, "imaps"), (dovecot, "pop3"), (mail, "submission"),
                         (mail, "submissions"))
            expect([handshake(*listener, OLD) for listener in listeners], [True] * 4, "before")
            mail.policyd.apply(mode="enforce", exceptions="none")
            said = retire(mail, dovecot, workspace.path)
            ended = wait_until(lambda: not any(handshake(*listener, OLD) for listener in listeners),
                               "the end of old TLS")
            expect(ended, True, said)
            expect([handshake(*listener, GOOD) for listener in listeners], [True] * 4, said)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
