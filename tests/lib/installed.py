# SPDX-License-Identifier: MIT
"""The Dovecot, Postfix and tlsfloor-policyd of this machine, on their own ports and paths.

For a root directory and a network that are thrown away: /etc is written to. The classes have
what the sessions of scripts/quickstart need.
"""

import os
import pathlib
import re
import socket
import subprocess
import threading

from lab.dovecot_configuration import NO_PENALTY
from lab.dovecot_release import syntax
from lab.dovecot_server import DovecotServer, LogLines, Options
from lab.dovecot_text import block, settings
from lab.host import PASSWORD, Host
from lab.policyd import Launcher, Logged
from lab.postfix import Postfix
from lab.workspace import answers, certificate

RELAY = 2525
DOVECOT_LOG = pathlib.Path("/var/log/dovecot.log")
DOVECOT_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110, "sieve": 4190,
                 "submission": 1587}
POSTFIX_PORTS = {"smtp": 25, "submission": 587, "submissions": 465}
POSTFIX_MAIN = """\
compatibility_level = 3.6
maillog_file = /var/log/mail.log
myhostname = mail.example.org
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
alias_maps =
notify_classes =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {mail}
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_security_level = may
smtpd_tls_key_file = {key}
smtpd_tls_cert_file = {cert}
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
"""
POSTFIX_MASTER = """\
submission inet n - y - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=
  -o smtpd_helo_restrictions=
  -o smtpd_sender_restrictions=
  -o smtpd_relay_restrictions=
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
submissions inet n - y - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
"""


# --- what admins have before they hear of tlsfloor ---

def set_up_dovecot(workspace, users):
    key, cert = certificate(workspace)
    home = workspace.directory("home", 0o700, "nobody", "nogroup")
    users_file = workspace.write("users", "".join(f"{user}:{PASSWORD}\n" for user in users))
    sasl = block("unix_listener /var/spool/postfix/private/auth",
                 settings(mode="0660", user="postfix", group="postfix"))
    submission = "".join(block(f"inet_listener {name}", f"port = {port}")
                         for name, port in (("submission", DOVECOT_PORTS["submission"]),
                                            ("submissions", 0)))
    pathlib.Path("/etc/dovecot/local.conf").write_text(
        settings(listen="127.0.0.1", log_path=DOVECOT_LOG, auth_mechanisms="plain login",
                 auth_failure_delay=0, ssl=True, submission_relay_host="127.0.0.1",
                 submission_relay_port=RELAY) +
        syntax.certificate(key, cert) + syntax.MAILDIR + syntax.passwd_file(users_file) +
        syntax.one_user(f"{home}/%{{user}}" if syntax.BEGIN else f"{home}/%u") +
        block("service auth", sasl) + block("service submission-login", submission) + NO_PENALTY)
    auth = pathlib.Path("/etc/dovecot/conf.d/10-auth.conf")
    auth.write_text(auth.read_text().replace("\n!include auth-system", "\n#!include auth-system"))


def set_up_postfix(workspace):
    key, cert = certificate(workspace)
    mail = workspace.directory("mail")
    workspace.directory("mail/inbox", 0o700, 65534, 65534)
    pathlib.Path("/etc/postfix/main.cf").write_text(
        POSTFIX_MAIN.format(mail=mail, key=key, cert=cert))
    with open("/etc/postfix/master.cf", "a") as master:
        master.write(POSTFIX_MASTER)


# --- tlsfloor-policyd, as systemd starts it ---

def unit_values(name):
    """NAME -> value of an installed unit; the last one of a name."""
    path, = (path for root in ("/lib", "/usr/lib") if not os.path.islink(root)
             for path in pathlib.Path(root).glob(f"systemd/system/{name}"))
    return dict(re.findall(r"^(\w+)=(.*)$", path.read_text(), re.M))


class SystemLog(Logged):
    """/dev/log: keeps the messages in a file."""

    def __init__(self, workspace):
        self.log = workspace.path / "syslog"
        self.log.touch()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        workspace.cleanup.callback(os.unlink, "/dev/log")
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            message = self.socket.recv(65536)
            with open(self.log, "ab") as log:
                log.write(message.rstrip(b"\n\0") + b"\n")


def start_policyd(workspace):
    """On a socket like the installed one, as the user and with the command of the service."""
    listening, service = unit_values("tlsfloor-policyd.socket"), unit_values(
        "tlsfloor-policyd.service")
    path = listening["ListenStream"]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    workspace.cleanup.callback(pathlib.Path(path).unlink, missing_ok=True)
    subprocess.run(["chown", f"{listening['SocketUser']}:{listening['SocketGroup']}", path],
                   check=True)
    os.chmod(path, int(listening["SocketMode"], 8))
    listener.listen(int(listening["Backlog"]))
    user = service["User"]
    script = f"{Launcher.SCRIPT} 3<&{listener.fileno()}"
    return workspace.start(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all",
         "--no-new-privs", "sh", "-c", script, "sh", *service["ExecStart"].split()],
        "policyd.out", pass_fds=[listener.fileno()])


# --- the servers ---

class InstalledDovecot(DovecotServer):
    def __init__(self, workspace):
        self.workspace, self.options = workspace, Options()
        self.log, self.ports = DOVECOT_LOG, DOVECOT_PORTS
        self.log_lines = LogLines(self.log)
        self.client_certificate = None
        DOVECOT_LOG.unlink(missing_ok=True)
        relay = workspace.start(["smtp-sink", "-u", "nobody", f"127.0.0.1:{RELAY}", "100"],
                                "relay.out")
        workspace.wait_for(relay, lambda: answers(RELAY), "smtp-sink")
        self.process = workspace.start(["dovecot", "-F"], "dovecot.out")
        for port in DOVECOT_PORTS.values():
            workspace.wait_for(self.process, lambda port=port: answers(port), "Dovecot")


class InstalledPostfix(Postfix):
    def __init__(self, workspace):
        self.inbox = workspace.path / "mail/inbox/new"
        subprocess.run(["postfix", "start"], check=True, capture_output=True)
        workspace.cleanup.callback(subprocess.run, ["postfix", "stop"], capture_output=True)


class InstalledHost(Host):
    def __init__(self, workspace):
        self.ports = POSTFIX_PORTS
        self.policyd = SystemLog(workspace)
        self.postfix = InstalledPostfix(workspace)
