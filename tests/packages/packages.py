#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Debian packages: built, installed, used, upgraded, removed and purged.

The commands of doc/install.md are run as they stand there. It needs a root directory that is
thrown away afterwards (scripts/in-debian) and makes itself a network of its own, with a loopback
interface only; there it starts the real servers on the ports that people know.
"""

import contextlib
import filecmp
import fcntl
import io
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(SOURCE / "tests" / "lib"), str(SOURCE / "scripts" / "lib")]

import quickstart  # noqa: E402
from installed import (  # noqa: E402
    InstalledDovecot, InstalledHost, set_up_dovecot, set_up_postfix, start_policyd)
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, comment, expect, expect_true  # noqa: E402

PACKAGES = ["dovecot-tlsfloor", "postfix-tlsfloor", "tlsfloor", "tlsfloor-common"]
CONF = pathlib.Path("/etc/tlsfloor/tlsfloor.conf")
DPKG_LOG = pathlib.Path("/var/log/dpkg.log")
EXCEPTIONS = pathlib.Path("/etc/tlsfloor/exceptions")
ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True,
                              text=True).stdout.strip()
STATE = pathlib.Path("/var/lib/tlsfloor")
NEWCOMER = "erna@example.org"
OLD_SESSION = ["--service", "imap", "--user", NEWCOMER, "--client", "192.0.2.1", "--tls", "TLSv1",
               "--cipher", "ECDHE-RSA-AES256-SHA"]
USERS = [quickstart.USER, quickstart.CARL, quickstart.DORA]
POLICY = """\
mode = enforce
trusted_networks =
dovecot_passdb = yes
"""
RELOADED = "SIGHUP received"
# What comes and goes without us.
PASSING = re.compile(r"/(proc|sys|dev|run|tmp|usr/src)(/|$)|/var/(cache|log|lib/apt|lib/dpkg)/"
                     r"|/var/lib/systemd/deb-systemd-helper-|/var/spool/postfix/|/etc/\.pwd\.lock"
                     r"|/etc/(passwd|group|shadow|gshadow)-$|/var/mail/|__pycache__"
                     r"|/var/lib/(postfix|dovecot)/")


def run(*command, succeeds=True, **options):
    """What a command prints, on both channels."""
    command = [str(word) for word in command]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **options)
    end = "\n".join(result.stdout.splitlines()[-60:])
    expect_true((result.returncode == 0) == succeeds,
                f"{' '.join(command)}: exit status {result.returncode}\n{end}")
    return result.stdout


def prepare():
    """Refuses to work on a machine that somebody needs; a network of loopback only."""
    if not os.path.exists("/run/tlsfloor-private-root"):
        sys.exit("packages.py: only in a root directory of its own: scripts/in-debian 13 "
                 "scripts/test packages")
    if "--in-network" not in sys.argv:
        os.execvp("unshare", ["unshare", "--net", sys.executable, __file__, "--in-network"])
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 1)  # IFF_UP
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    pathlib.Path("/etc/apt/apt.conf.d/99tlsfloor-test").write_text(
        'APT::Get::Assume-Yes "true";\nAPT::Sandbox::User "root";\n')


class Fixture:
    """What one case leaves for the next."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.old = SOURCE / "../tlsfloor-packages"
        self.new, self.again = workspace.path / "new", workspace.path / "again"

    def documented(self, beginning):
        """Runs the one block of doc/install.md that begins so."""
        text = (SOURCE / "doc/install.md").read_text()
        block, = (block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
                  if block.startswith(beginning))
        reloads = len(self.dovecot.find(RELOADED)) if self.dovecot else 0
        said = run("sh", "-e", "-c", block, cwd=SOURCE)
        if "doveadm reload" in block:
            self.dovecot.wait_for(RELOADED, reloads + 1)
        return said

    dovecot = None


def debs(directory):
    return sorted(directory.glob("*.deb"))


def version_of(package):
    return run("dpkg-query", "-W", "-f", "${Version}", package)


def status_of(package):
    return run("dpkg-query", "-W", "-f", "${db:Status-Status}", package)


def owner_of(path):
    return run("stat", "-c", "%a %U:%G", path).strip()


def files():
    """Every file and directory of the root directory that the packages could have left."""
    found = set()
    for directory, names, others in os.walk("/"):
        names[:] = [name for name in names
                    if not PASSING.search(os.path.join(directory, name) + "/")]
        found.update(os.path.join(directory, name) for name in names + others)
    return {path for path in found if not PASSING.search(path)}


def settings_of_servers():
    return run("doveconf", "-n"), run("postconf", "-n"), run("postconf", "-M"), run("postconf",
                                                                                    "-P")


# --- cases, in this order ---

def build(fixture):
    fixture.documented("scripts/install-deps packages")
    newer = fixture.workspace.path / "newer"
    shutil.copytree(SOURCE, newer)
    configure = newer / "configure.ac"
    configure.write_text(configure.read_text().replace("[0.1.0]", "[0.1.1]"))
    environment = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck"}
    run(newer / "scripts/build-packages", fixture.new, env=environment)
    run(SOURCE / "scripts/build-packages", fixture.again, env=environment)
    for directory in fixture.old, fixture.new:
        expect(sorted(path.name.split("_")[0] for path in debs(directory)), PACKAGES)


def reproducible(fixture):
    for path in debs(fixture.old):
        expect_true(filecmp.cmp(path, fixture.again / path.name, shallow=False),
                    f"{path.name} is not the same again")


def lintian(fixture):
    changes, = fixture.old.glob("*.changes")
    expect(run("lintian", "--allow-root", "--fail-on", "error,warning", changes), "")


def install(fixture):
    set_up_dovecot(fixture.workspace, USERS)
    set_up_postfix(fixture.workspace)
    fixture.mail = InstalledHost(fixture.workspace)
    fixture.dovecot = InstalledDovecot(fixture.workspace)
    before = settings_of_servers()
    fixture.files = files()
    fixture.documented("apt install")
    expect(settings_of_servers(), before)
    for package in PACKAGES:
        expect(status_of(package), "installed", package)
    depends = run("dpkg-query", "-W", "-f", "${Depends}", "dovecot-tlsfloor")
    expect_true(f"dovecot-core (= {version_of('dovecot-core')})" in depends, depends)
    conffiles = run("dpkg-query", "-W", "-f", "${Conffiles}", *PACKAGES)
    expect(re.findall(r"/\S+", conffiles), [str(CONF)])


def modes(_fixture):
    for path, want in ((STATE, "711 root:root"), (STATE / "policy", "644 root:root"),
                       (CONF, "644 root:root"),
                       ("/var/spool/postfix/tlsfloor", "750 root:postfix"),
                       ("/usr/lib/dovecot/modules/login/tlsfloor.so", "644 root:root"),
                       ("/usr/lib/dovecot/modules/auth/libauthdb_tlsfloor.so", "644 root:root")):
        expect(owner_of(path), want, path)
    expect(run("getent", "passwd", "_tlsfloor").split(":")[5:], ["/", "/usr/sbin/nologin\n"])


def applied(_fixture):
    run("tlsfloor", "check")
    shown = run("tlsfloor", "show")
    expect_true("mode = observe\n" in shown and "imap_alert = no\n" in shown, shown)
    run("tlsfloor", "decide", *OLD_SESSION)


def sandbox(_fixture):
    report = run("systemd-analyze", "security", "--offline=yes", "--threshold=15",
                 "tlsfloor-policyd.service")
    comment(report.splitlines()[-1])


def line_to_look_on(fixture):
    start_policyd(fixture.workspace)
    fixture.documented("postconf -e 'smtpd_data")
    audit = quickstart.log_in(fixture.mail, "submission", "TLSv1", "ECDHE-RSA-AES256-SHA")[2]
    expect_true(" stage=data " in audit and " mode=observe " in audit, audit)


def sessions(fixture):
    """The tables of scripts/quickstart."""
    run("postconf", "-X", "smtpd_data_restrictions")
    run("postconf", "-MX", "submission/inet", "submissions/inet")
    CONF.write_text(CONF.read_text().replace("mode = observe\nimap_alert = no\n", POLICY))
    EXCEPTIONS.write_text(quickstart.EXCEPTIONS)
    run("tlsfloor", "apply")
    expect(owner_of(STATE / "exceptions.cdb"), "640 root:_tlsfloor")
    for beginning in ("echo '!include_try /usr/share/tlsfloor/dovecot/95", "cat >>/etc/dovecot",
                      "echo '!include_try /usr/share/tlsfloor/dovecot/09", "cat /usr/share"):
        fixture.documented(beginning)
    with contextlib.redirect_stdout(io.StringIO()) as text:
        table = quickstart.Table()
        quickstart.show_sessions(table, fixture.mail, fixture.dovecot)
        quickstart.show_exceptions(table, fixture.mail, fixture.dovecot)
    comment(text.getvalue())
    expect(table.wrong, 0, "rows that are not as they should be")


def upgrade(fixture):
    """An edited tlsfloor.conf stays, and what people edited comes into force."""
    edited = CONF.read_text()
    with open(EXCEPTIONS, "a") as exceptions:
        exceptions.write(f"{NEWCOMER} allow=TLSv1 until=2099-12-31 service=imap\n")
    run("tlsfloor", "decide", *OLD_SESSION, succeeds=False)
    already = len(DPKG_LOG.read_text())
    run("apt-get", "install", *debs(fixture.new))
    # The new state is made when all that reads it is there.
    log = DPKG_LOG.read_text()[already:]
    steps = re.findall(r" (upgrade|configure) (\S*tlsfloor\S*):", log)
    expect(sorted(steps[:4]), [("upgrade", package) for package in PACKAGES])
    expect_true(steps.index(("configure", "tlsfloor")) <
                min(steps.index(("configure", name)) for name in PACKAGES[:2]), steps)
    expect(run("tlsfloor", "--version").split()[-1], "0.1.1")
    expect(CONF.read_text(), edited, "tlsfloor.conf")
    run("tlsfloor", "decide", *OLD_SESSION)


def upgrade_with_a_mistake(fixture):
    good = CONF.read_text()
    CONF.write_text(good + "flor = TLSv1.3\n")
    in_force = (STATE / "policy").read_bytes()
    said = run("apt-get", "install", "--allow-downgrades", *debs(fixture.old))
    expect(status_of("postfix-tlsfloor"), "installed")
    expect((STATE / "policy").read_bytes(), in_force, "what is in force")
    expect_true(f"{CONF}:{good.count(chr(10)) + 1}: " in said, said)
    expect_true("what was in force stays in force" in said, said)
    CONF.write_text(good)


def another_dovecot_core(fixture):
    """apt does not install the two together: another point release, or a copy that says so."""
    version = version_of("dovecot-core")
    tree = fixture.workspace.path / "other/DEBIAN"
    tree.mkdir(parents=True)
    (tree / "control").write_text(
        f"Package: dovecot-core\nVersion: {version}+other\nArchitecture: {ARCHITECTURE}\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: another dovecot-core\n")
    other = fixture.workspace.path / "dovecot-core.deb"
    run("dpkg-deb", "--build", tree.parent, other)
    versions = re.findall(r"\| *(\S+) *\|", run("apt-cache", "madison", "dovecot-core"))
    others = [f"dovecot-core={name}" for name in versions if name != version]
    for choice in [other, *others]:
        comment(str(choice))
        said = run("apt-get", "install", "--simulate", "--allow-downgrades", choice,
                   "dovecot-tlsfloor", succeeds=False)
        expect_true(re.search(r"dovecot-tlsfloor : Depends: dovecot-core \(= "
                              + re.escape(version), said), said)


def removal_would_end_all_logins(_fixture):
    """Where somebody named the plugin without the word that makes it safe."""
    copy = pathlib.Path("/etc/dovecot/conf.d/97-copy.conf")
    drop_in = pathlib.Path("/usr/share/tlsfloor/dovecot/95-tlsfloor.conf")
    for text in (drop_in.read_text(), drop_in.with_name("09-tlsfloor-passdb.conf").read_text(),
                 f"!include {drop_in}\n"):
        copy.write_text(text)
        said = run("apt-get", "remove", "dovecot-tlsfloor", succeeds=False)
        expect_true(f"first take tlsfloor out of {copy}" in said, said)
        expect(status_of("dovecot-tlsfloor"), "installed")
    copy.unlink()


def removal_would_end_submission(_fixture):
    said = run("apt-get", "remove", "postfix-tlsfloor", succeeds=False)
    expect_true("first take check_policy_service" in said, said)
    expect(status_of("postfix-tlsfloor"), "installed")
    for name in "main.cf", "master.cf":
        path = pathlib.Path("/etc/postfix") / name
        path.write_text(path.read_text().partition("# tlsfloor: ")[0])
    run("postfix", "reload")


def remove(fixture):
    reloads = len(fixture.dovecot.find(RELOADED))
    fixture.documented("apt remove")
    fixture.dovecot.wait_for(RELOADED, reloads + 1)
    with fixture.dovecot.connect("imaps", "TLSv1.2") as session:
        session.greet()
        reply = session.login(quickstart.USER, quickstart.PASSWORD)
        expect_true(session.is_good(reply), reply)
    ours = re.findall(r"(?m)^login_plugins.*|^passdb tlsfloor.*|^ *driver = tlsfloor",
                      settings_of_servers()[0])
    expect(ours, [], "what Dovecot still knows of us")
    for path in CONF, EXCEPTIONS, STATE / "policy":
        expect_true(path.exists(), f"{path} is gone")


def purge(fixture):
    run("apt-get", "purge", *PACKAGES)
    for path in pathlib.Path("/etc/dovecot/conf.d").glob("*-tlsfloor*.conf"):
        path.unlink()
    expect(sorted(files() - fixture.files), [], "left behind")
    expect(sorted(fixture.files - files()), [], "taken away")
    run("getent", "passwd", "_tlsfloor")


CASES = [build, reproducible, lintian, install, modes, applied, sandbox, line_to_look_on, sessions,
         upgrade, upgrade_with_a_mistake, another_dovecot_core, removal_would_end_all_logins,
         removal_would_end_submission, remove, purge]


def main():
    prepare()
    tap = Tap()
    with Workspace() as workspace:
        fixture = Fixture(workspace)
        for case in CASES:
            with tap.case(case.__name__.replace("_", " ")):
                case(fixture)
            if tap.failed:
                break
    return tap.finish()


sys.exit(main())
