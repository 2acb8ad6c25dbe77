# SPDX-License-Identifier: MIT
"""A real Postfix of our own: its configuration, queue, mailbox, key and log.

The services are the ones of packaging/postfix, moved to loopback and high
ports; what is installed for people is what runs here.
"""

import re
import signal
import subprocess

from .workspace import SOURCE, answers, certificate, free_ports, wait_until

PACKAGING = SOURCE / "packaging" / "postfix"
DAEMONS = "/usr/lib/postfix/sbin"

MAIN = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
daemon_directory = {daemons}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {path}

myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
alias_maps =
alias_database =
notify_classes =
in_flow_delay = 0
smtpd_client_connection_count_limit = 0

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

# Every suite there is, those without encryption too: what Postfix accepts,
# tlsfloor can judge. Postfix itself sets OpenSSL's security level 0.
ALL_CIPHERS = """\
tls_null_cipherlist = ALL:eNULL:!aNULL
smtpd_tls_ciphers = null
smtpd_tls_mandatory_ciphers = null
"""

# What Debian's master.cf has, without services that are not needed here.
MASTER = """\
cleanup   unix  n  -  y  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  y  1000? 1  tlsmgr
rewrite   unix  -  -  y  -     -  trivial-rewrite
bounce    unix  -  -  y  -     0  bounce
defer     unix  -  -  y  -     0  bounce
trace     unix  -  -  y  -     0  bounce
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  y  -     -  smtp
error     unix  -  -  y  -     -  error
retry     unix  -  -  y  -     -  error
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  y  -     1  anvil
postlog   unix-dgram n - n  -  1  postlogd
"""

# What "postfix check" would make, in a tenth of the time.
QUEUE_DIRECTORIES = ("active bounce corrupt defer deferred flush hold incoming private saved "
                     "trace").split()


def snippet(form, entry):
    """The options of one service of packaging/postfix/master.cf.FORM, one a line."""
    lines = iter((PACKAGING / f"master.cf.{form}").read_text().splitlines())
    for line in lines:
        if line.startswith(f"{entry} "):
            break
    options = []
    for line in lines:
        if not line.startswith("  "):
            break
        options.append(line.strip())
    if not options:
        raise ValueError(f"no service {entry} in the {form} form")
    return options


def overridden(text, later):
    """A main.cf with later settings, and without those that they take the place of.

    Of a name that stands twice each process would warn at its start. So many of them at once fill
    the queue of postlogd before it reads, and block it when it warns, too.
    """
    for name in re.findall(r"^(\w+) *=", later, re.M):
        text = re.sub(rf"^{name} *=.*\n(?:[ \t].*\n)*", "", text, flags=re.M)
    return text + later


class Postfix:
    """services: name -> list of smtpd's options ("-o name=value"); each gets a port of its own."""

    def __init__(self, workspace, services, main=""):
        self.path = workspace.path
        self.queue = workspace.directory("queue")
        self.conf = workspace.directory("postfix")
        self.log = self.path / "mail.log"
        mail = workspace.directory("mail")
        self.inbox = workspace.directory("mail/inbox", 0o700, 65534, 65534) / "new"
        self.policy_directory = workspace.directory("queue/tlsfloor", 0o750, "root", "postfix")
        data = workspace.directory("data", 0o700, "postfix")
        key, cert = certificate(workspace)
        self.ports = dict(zip(services, free_ports(len(services))))
        text = MAIN.format(path=self.path, queue=self.queue, data=data, daemons=DAEMONS,
                           log=self.log, mail=mail, key=key, cert=cert)
        text += (PACKAGING / "main.cf").read_text()
        (self.conf / "main.cf").write_text(overridden(text, main))
        (self.conf / "master.cf").write_text(self.master(services))
        for name in QUEUE_DIRECTORIES:
            workspace.directory(f"queue/{name}", 0o700, "postfix")
        workspace.directory("queue/public", 0o710, "postfix", "postdrop")
        workspace.directory("queue/pid", 0o755)
        self.workspace = workspace

    def master(self, services):
        text = MASTER
        for name, options in services.items():
            text += f"127.0.0.1:{self.ports[name]} inet n - y - 100 smtpd\n"
            text += "".join(f"  {option}\n" for option in options)
        return text

    def start(self):
        self.process = self.workspace.start([f"{DAEMONS}/master", "-c", self.conf, "-s"],
                                            "postfix.out")
        for port in self.ports.values():
            self.workspace.wait_for(self.process, lambda port=port: answers(port), "Postfix")

    def reload(self):
        """Has the master read its configuration anew; smtpds that are at work finish first."""
        self.process.send_signal(signal.SIGHUP)

    def log_lines(self, pattern):
        """The lines of Postfix's log that a regular expression is found in."""
        lines = self.log.read_text(errors="surrogateescape").split("\n")
        return [line for line in lines if re.search(pattern, line)]

    def complaints(self):
        """What postconf has to say against the configuration."""
        command = ["postconf", "-c", self.conf]
        return [line for options in (["-n"], ["-M"], ["-P"]) for line in subprocess.run(
            command + options, capture_output=True, text=True).stderr.splitlines()]

    def wait_for_log(self, pattern, number=1):
        """The lines with a pattern, when there are so many."""
        def found():
            lines = self.log_lines(pattern)
            return lines if len(lines) >= number else None

        return wait_until(found, f"{number} of {pattern!r} in Postfix's log")

    def take_messages(self, number):
        """Waits for so many delivered messages and takes them out of the mailbox."""
        def arrived():
            files = sorted(self.inbox.iterdir()) if self.inbox.is_dir() else []
            return files if len(files) >= number else None

        files = wait_until(arrived, f"delivery of {number} messages")
        texts = [file.read_text(errors="surrogateescape") for file in files]
        for file in files:
            file.unlink()
        return texts
