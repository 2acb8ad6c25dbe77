#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor doctor: a good set-up of Dovecot and Postfix, with one thing wrong at a time.

doveconf and postconf are the real ones; each change of their files has to be found, and nothing
else. With --live real servers are tried.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "lib"),
                str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib")]

from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.dovecot_text import block, settings  # noqa: E402
from lab.host import host  # noqa: E402
from lab.policyd import Policyd, Site, USER, build_tree  # noqa: E402
from lab.workspace import Workspace, answers  # noqa: E402
from policyd_client import own_dev  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

TLSFLOOR = build_tree() / "admin" / "tlsfloor"
STATUS = {"error": 2, "warning": 1, "note": 0}
ALL = "Dovecot imap, pop3, sieve, submission"
ACCEPTS_OLD = f"note dovecot-tls {ALL}"
EXCEPTION = "ann allow=TLSv1 until=2097-03-31 service=imap,submission from=192.0.2.0/28\n"


def contents(site):
    """Of all that doctor looks at: path, mode, change of content or mode."""
    paths = [site.conf, site.state, *site.state.iterdir()]
    return [(path, path.stat().st_mode, path.stat().st_ctime_ns) for path in paths]


def doctor(site, *arguments, prefix=(), **environment):
    """(status, the object that it prints); nothing is changed."""
    before = contents(site)
    done = subprocess.run([*prefix, TLSFLOOR, "-c", site.conf, "-S", site.state, "doctor", "--json",
                           *arguments], capture_output=True, text=True, timeout=300, check=False,
                          env=dict(os.environ, **environment))
    expect_true(done.stdout, f"no output: {done.stderr}")
    expect(contents(site), before, "files")
    return done.returncode, json.loads(done.stdout)


def told(found):
    """As "SEVERITY CHECK WHO", without the log of this machine, which may have none."""
    return [f"{one['severity']} {one['check']}{' ' + one['who'] if one['who'] else ''}"
            for one in found["findings"] if "no system log" not in one["what"]]


def expect_findings(got, want, what=""):
    status, found = got
    expect(told(found), want, f"{what}{json.dumps(found['findings'], indent=1)}\nfound")
    if "no system log" not in json.dumps(found):
        worst = max((STATUS[line.split()[0]] for line in want), default=0)
        expect(status, worst, "status")


PASSDB_LINES = {"2.3": """\
         passdb {
           driver = tlsfloor
         }
""", "2.4": """\
         passdb tlsfloor {
         }
"""}[RELEASE]
AS_TEXT = f"""\
error: dovecot_passdb = yes, and there is no passdb tlsfloor: no exception counts
  where: CONF: passdb
  mend:  before all others, new:
{PASSDB_LINES}
note: Dovecot pop3, sieve: finishes handshakes from TLSv1 on, and no exception needs that: it \
serves to tell users why they are refused
  where: CONF: ssl_min_protocol, ssl_cipher_list
  mend:  when nobody is refused any more: ssl_min_protocol = TLSv1.2, and no @SECLEVEL=0 in \
ssl_cipher_list

looked at Dovecot VERSION (CONF)
errors: 1, warnings: 0, notes: 1
"""


def check_text(site, conf):
    done = subprocess.run([TLSFLOOR, "-c", site.conf, "-S", site.state, "doctor",
                           "--dovecot-config", conf, "--postfix-config", "none"],
                          capture_output=True, text=True, check=False)
    text = re.sub(r"Dovecot [0-9.-]+ ", "Dovecot VERSION ", done.stdout.replace(str(conf), "CONF"))
    expect(text, AS_TEXT, "output")
    expect((done.returncode, done.stderr), (2, ""), "status and errors")


# --- Dovecot ---

def replaced(pattern, by):
    def change(text):
        changed, count = re.subn(pattern, by, text, flags=re.M)
        expect_true(count, f"nothing to change: {pattern}")
        return changed
    return change


def added(text):
    return lambda before: before + text


USUAL_PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "sieve": 4190,
               "submission": 587, **({"submissions": 465} if RELEASE == "2.4" else {})}
OUR_PASSDB = r"^passdb(?: \S+)? \{\n *driver = tlsfloor\n\}\n"
NO_PLUGIN = {"2.3": "login_plugins =\n", "2.4": "login_plugins =\n"}[RELEASE]
IN_POP3 = block("protocol pop3", {"2.3": "login_plugins = other\n",
                                  "2.4": "login_plugins =\n"}[RELEASE])
# What is changed, and what is found; the note on TLS that a good set-up has is in all of them.
DOVECOT = (
    ("no plugin", added(NO_PLUGIN), [f"error dovecot-plugin {ALL}"], False),
    ("no plugin, and no old TLS",
     added(NO_PLUGIN + "ssl_min_protocol = TLSv1.2\n"), [f"note dovecot-plugin {ALL}"], False),
    ("the plugin is not there", added("login_plugin_dir = /nonexistent\n"),
     ["error dovecot-plugin"], True),
    ("no passdb", replaced(OUR_PASSDB, ""), ["error dovecot-passdb"], True),
    ("another passdb before", lambda text: syntax.any_name("x").join(
        re.split(f"(?=(?:{OUR_PASSDB[1:]}))", text, maxsplit=1)), ["error dovecot-passdb"], True),
    ("a master passdb without ours",
     added(syntax.passwd_file("/nonexistent", master=True)), ["error dovecot-passdb"], True),
    ("a group that cannot read the exceptions",
     replaced(r"extra_groups = \w+", "extra_groups = mail"), ["error exceptions-access"], True),
    ("old TLS ends in the handshake", added("ssl_min_protocol = TLSv1.2\n"),
     ["error dovecot-tls Dovecot imap, submission"], False),
    ("OpenSSL's level forbids old TLS", added("ssl_cipher_list = DEFAULT\n"),
     ["error dovecot-tls Dovecot imap, submission"], False),
    ("passwords without TLS", added(syntax.cleartext(True)),
     [f"warning dovecot-cleartext {ALL}"], True),
    ("one protocol is not judged", added(IN_POP3), ["error dovecot-plugin Dovecot pop3"], None)
    if RELEASE == "2.3" else ("no protocols", added("protocols =\n"), [], False),
    ("other settings for some clients", added("remote 192.0.2.0/24 {\n  ssl = no\n}\n"),
     ["note dovecot-tls Dovecot pop3, sieve", "note dovecot-addresses"], False),
    ("a log that goes nowhere", added("log_path = /dev/null\n"), ["warning log"], True),
)


def check_dovecot(server, site, text, want, with_note):
    conf = server.workspace.write("changed.conf", text)
    notes = {True: ["note dovecot-tls Dovecot pop3, sieve"], False: [],
             None: ["note dovecot-tls Dovecot sieve"]}[with_note]
    expect_findings(doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none"),
                    want + notes, f"{conf}\n")


def site_with_exception(workspace, **values):
    exceptions = workspace.write("exceptions", EXCEPTION)
    site = Site(workspace, exceptions=exceptions, dovecot_passdb="yes", **values)
    site.apply()
    return site


def of_another_build(module, server, name):
    """A module that names another build-id of that file."""
    ids = (server.plugin_directory / "dovecot-build-ids.h").read_text()
    right = re.search(rf'#define {name}_BUILD_ID "(\w+)"', ids)[1].encode()
    expect_true(right in module, f"no build-id of {name}")
    return module.replace(right, b"0" * len(right))


def test_modules(tap, workspace, site, server):
    good = server.conf.read_text()
    with tap.case("Dovecot: a plugin of another build"):
        modules = workspace.directory("modules")
        plugin = (server.plugin_directory / "tlsfloor.so").read_bytes()
        (modules / "lib95_tlsfloor.so").write_bytes(of_another_build(plugin, server, "LIBDOVECOT"))
        check_dovecot(server, site, good + f"login_plugin_dir = {modules}\n",
                      ["error dovecot-build"], True)
        (modules / "lib95_tlsfloor.so").write_bytes(plugin)
        check_dovecot(server, site, good + f"login_plugin_dir = {modules}\n", [], True)
    with tap.case("Dovecot: a passdb that is not there"):
        login = workspace.directory("dovecot-modules/login")
        auth = workspace.directory("dovecot-modules/auth")
        shutil.copy(server.plugin_directory / "tlsfloor.so", login)
        text = good + f"login_plugin_dir = {login}\n"
        check_dovecot(server, site, text, ["error dovecot-passdb"], True)
        passdb = pathlib.Path(shutil.copy(server.plugin_directory / "libauthdb_tlsfloor.so", auth))
        check_dovecot(server, site, text, [], True)
    for name, file in (("LIBDOVECOT", "libdovecot.so.0"), ("AUTH", "auth")):
        with tap.case(f"Dovecot: a passdb of another build, of {file}"):
            whole = passdb.read_bytes()
            passdb.write_bytes(of_another_build(whole, server, name))
            check_dovecot(server, site, text, ["error dovecot-build"], True)
            check_dovecot(server, site, replaced(OUR_PASSDB, "")(text), ["error dovecot-passdb"],
                          True)
            passdb.write_bytes(whole)


def test_dovecot(tap, workspace):
    site = site_with_exception(workspace)
    server = DovecotServer(workspace, site, {"ann": "secret"}, passdb=True,
                           extra=syntax.cleartext(False))
    good = server.conf.read_text()
    with tap.case("Dovecot: a good set-up"):
        check_dovecot(server, site, good, [], True)
    for name, change, want, with_note in DOVECOT:
        with tap.case(f"Dovecot: {name}"):
            check_dovecot(server, site, change(good), want, with_note)
    with tap.case("Dovecot: the whole text of a finding"):
        check_text(site, workspace.write("text.conf", replaced(OUR_PASSDB, "")(good)))
    test_modules(tap, workspace, site, server)
    with tap.case("Dovecot: each claim is proved on the wire"):
        status, found = doctor(site, "--dovecot-config", str(server.conf), "--postfix-config",
                               "none", "--live")
        expect(status, 0, f"status of {found}")
        refused = [line for line in found["proved"] if "TLSv1 is refused" in line]
        offered = [line for line in found["proved"] if "TLSv1.3 is offered a login" in line]
        expect((len(refused), len(offered)), (7, 7), f"{found}\nproofs of seven listeners")
        expect(found["proved"][-1], f"Dovecot: audit lines arrive in {server.log}", "last proof")
    server.stop()
    with tap.case("Dovecot: nobody listens"):
        status, found = doctor(site, "--dovecot-config", str(server.conf), "--postfix-config",
                               "none", "--live")
        expect(status, 2, "status")
        expect({one["what"] for one in found["findings"] if one["check"] == "live"},
               {"nobody listens: Connection refused"}, "findings")
    with tap.case("Dovecot: the usual ports"):
        conf = workspace.write("usual.conf", replaced(r"^ *port = \d+\n", "")(good))
        _, found = doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none", "--live")
        expect({one["where"] for one in found["findings"] if one["check"] == "live"},
               {f"Dovecot {name}, 127.0.0.1 port {port}" for name, port in USUAL_PORTS.items()},
               "tried")
    test_policies(tap, workspace, good)


def test_policies(tap, workspace, good):
    """The applied state, and what tlsfloor.conf says."""
    conf = str(workspace.write("good.conf", good))
    also = ["note dovecot-tls Dovecot pop3, sieve"]

    def ask(site):
        return doctor(site, "--dovecot-config", conf, "--postfix-config", "none")

    with tap.case("nothing has been applied"):
        site = Site(workspace)
        site.state = workspace.directory("empty")
        site.conf.write_text("exceptions = none\n")
        expect_findings(ask(site), ["error state"])
    site = site_with_exception(workspace)
    with tap.case("tlsfloor.conf is newer than what is applied"):
        site.conf.write_text(site.conf.read_text() + "imap_alert = no\n")
        expect_findings(ask(site), ["warning state", *also])
    with tap.case("so are the exceptions"):
        site.apply()
        workspace.write("exceptions", EXCEPTION.replace("ann", "bob"))
        expect_findings(ask(site), ["warning state", *also])
    with tap.case("the applied exceptions are gone"):
        site.apply()
        (site.state / "exceptions.cdb").unlink()
        expect_findings(ask(site), ["error state", *also])
    for values, want in (({"mode": "observe"}, ["note mode"]),
                         ({"audit": "none"}, ["warning audit"]),
                         ({"trusted_networks": "::/0"}, ["error trusted"]),
                         ({"dovecot_passdb": "no"}, ["warning state", "warning dovecot-passdb"])):
        with tap.case(f"{values}"):
            site.apply(**values)
            expect_findings(ask(site), [*want, *([] if "mode" in values else also)])


def test_live(tap, workspace):
    """Servers that do not do what their configuration says, or say nothing good."""
    site = Site(workspace)
    site.apply()
    with tap.case("live: nobody is judged"):
        server = DovecotServer(workspace, site, {"ann": "secret"}, name="stock", plugin=False,
                               protocols=("imap",), extra=syntax.cleartext(False))
        # As if the plugin had been put there, and Dovecot not restarted.
        text = server.conf.read_text() + {"2.3": "login_plugins = tlsfloor\n",
                                          "2.4": block("login_plugins", "tlsfloor = yes")}[RELEASE]
        conf = workspace.write("not-restarted.conf", text)
        status, found = doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none",
                               "--live")
        expect([one["what"].split(":")[0] for one in found["findings"] if one["check"] == "live"],
               ["TLSv1 is offered a login, and not refused at it"] * 2, "findings")
        expect(status, 2, "status")
    with tap.case("live: this host is trusted"):
        site.apply(trusted_networks="127.0.0.0/8")
        status, found = doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none",
                               "--live")
        expect({(one["severity"], one["check"]) for one in found["findings"]},
               {("note", "live"), ("note", "log"), ("note", "dovecot-tls")}, "findings")
        expect(status, 0, "status")
        site.apply()
    server.stop()
    with tap.case("live: the handshake is not what the settings say"):
        server = DovecotServer(workspace, site, {}, name="strict", protocols=("imap",),
                               extra=syntax.cleartext(False) + "ssl_min_protocol = TLSv1.2\n")
        text = server.conf.read_text() + "ssl_min_protocol = TLSv1\n"
        conf = workspace.write("other-min.conf", text)
        status, found = doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none",
                               "--live")
        expect({one["what"].split(":")[0] for one in found["findings"] if one["check"] == "live"},
               {"the settings accept TLSv1, and the handshake does not"}, "findings")
        expect_true(all("restart it, if settings have changed" in one["mend"]
                        for one in found["findings"] if one["check"] == "live"), "what mends it")
        expect(status, 1, "status")
    server.stop()


# --- OpenSSL's own configuration ---

# What is said of a version in force there, and what of those that servers set themselves.
MIN, NO_TLS_1_0, LEVEL_0 = ("MinProtocol = TLSv1.2", "Protocol = -TLSv1",
                            "CipherString = DEFAULT:@SECLEVEL=0")
CANNOT_WORK = ("ends handshakes that are older than {}, and exceptions allow TLSv1: they cannot "
               "work").format
ANY = "ssl_min_protocol = ANY\n"
# Name, what OpenSSL is told, Dovecot's settings, where old TLS ends (None: nowhere), the oldest.
DOVECOT_OPENSSL = (
    ("MinProtocol does not count", MIN, "", None, None),
    ("MinProtocol counts, as Dovecot says ANY", MIN, ANY,
     "{}: MinProtocol, by ssl_min_protocol = ANY", "TLSv1.2"),
    ("the level counts", LEVEL_0, "ssl_cipher_list = DEFAULT\n", None, None),
    ("the level of ssl_cipher_list counts more", LEVEL_0,
     "ssl_cipher_list = DEFAULT:@SECLEVEL=1\n", "{}: ssl_min_protocol, ssl_cipher_list",
     "TLSv1.2"),
    ("a forbidden version", NO_TLS_1_0, "",
     *{"2.3": (None, None), "2.4": ("{}: Protocol", "TLSv1.1")}[RELEASE]),
)
POSTFIX_OPENSSL = (
    ("MinProtocol and level do not count", f"{MIN}\nCipherString = DEFAULT:@SECLEVEL=2", "", None,
     None),
    ("a forbidden version", NO_TLS_1_0, "", "{}: Protocol", "TLSv1.1"),
    ("a forbidden version, in a file that is not read", NO_TLS_1_0, "tls_config_file = none\n",
     None, None),
    ("a level of its own", LEVEL_0, "tls_null_cipherlist = ALL:@SECLEVEL=1\n",
     "{}/master.cf: tls_null_cipherlist", "TLSv1.2"),
)


def openssl_conf(workspace, text):
    return workspace.write("openssl.cnf", "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\n"
                                          f"system_default = tls\n[tls]\n{text}\n")


def expect_as_on_the_wire(found, check, where, oldest):
    """Of the exceptions; and that real handshakes agree."""
    want = [] if where is None else [("error", CANNOT_WORK(oldest), where)]
    expect([(one["severity"], one["what"], one["where"]) for one in found["findings"]
            if one["check"] == check and one["severity"] != "note"], want, f"{found}\n{check}")
    expect([one for one in found["findings"] if one["check"] == "live"], [], "live")
    ended = [line for line in found["proved"] if "TLSv1 ends in the handshake" in line]
    refused = [line for line in found["proved"] if "TLSv1 is refused" in line]
    expect_true(refused if where is None else ended, f"no proof: {found['proved']}")
    expect_true(not (ended if where is None else refused), f"too much: {found['proved']}")


def test_openssl(tap, workspace):
    """What the system's openssl.cnf and servers say, by what handshakes of these servers do."""
    site = site_with_exception(workspace)
    for name, told_openssl, extra, where, oldest in DOVECOT_OPENSSL:
        with tap.case(f"openssl.cnf and Dovecot: {name}"):
            conf = openssl_conf(workspace, told_openssl)
            server = DovecotServer(
                workspace, site, {}, protocols=("imap",), passdb=True,
                extra=syntax.cleartext(False) + extra + syntax.environment(OPENSSL_CONF=conf))
            _, found = doctor(site, "--dovecot-config", str(server.conf), "--postfix-config",
                              "none", "--live", OPENSSL_CONF=str(conf))
            server.stop()
            place = server.conf if where and "cipher_list" in where else conf
            expect_as_on_the_wire(found, "dovecot-tls", where and where.format(place), oldest)


def test_postfix_openssl(tap, workspace):
    exceptions = workspace.write("exceptions", EXCEPTION.replace("imap,", ""))
    for name, told_openssl, main, where, oldest in POSTFIX_OPENSSL:
        conf = openssl_conf(workspace, told_openssl)
        with tap.case(f"openssl.cnf and Postfix: {name}"), \
                host(GOOD_SERVICES[1:], exceptions=exceptions,
                     main=f"import_environment = MAIL_CONFIG OPENSSL_CONF={conf}\n{main}") as mail:
            _, found = doctor(mail.site, "--dovecot-config", "none", "--postfix-config",
                              str(mail.postfix.conf), "--live", OPENSSL_CONF=str(conf))
            place = mail.postfix.conf if where and "master.cf" in where else conf
            expect_as_on_the_wire(found, "postfix-tls", where and where.format(place), oldest)


# --- logs ---

NO_SYSTEM_LOG = "there is no journal, no /var/log/mail.log and no /var/log/syslog here"


def own_logs(directory):
    """A command to run doctor with: to it this directory is /var/log, and there is no other log."""
    return ["unshare", "-m", "sh", "-c",
            'mount -t tmpfs tmpfs /run && mount --bind "$0" /var/log && exec "$@"', directory]


def log_findings(found):
    return [(one["severity"], one["what"], one["where"]) for one in found["findings"]
            if one["check"] == "log" and "no system log" not in one["what"]]


def not_checked(program, why):
    return [("note", f"whether audit lines of {program} arrive was not checked: {why}", None)]


def log_proofs(found):
    return [line for line in found["proved"] if "audit lines arrive" in line]


def expect_lost(found, number, by, where):
    """That no line of so many refusals has arrived."""
    (severity, what, place), = log_findings(found)
    expect((severity, place), ("warning", where), "severity and place")
    expect_true(re.fullmatch(
        rf"the audit lines of {number} of {number} refusals by {by} did not arrive within 5 "
        r"seconds, such as that of port \d+ at .* port \d+: who is below the floor stays unknown",
        what), what)
    expect(log_proofs(found), [], "proofs")


def test_dovecot_logs(tap, workspace):
    """The lines are in the log of the server; its configuration names another, or none."""
    site = Site(workspace)
    site.apply()
    server = DovecotServer(workspace, site, {}, protocols=("imap",), extra=syntax.cleartext(False))
    other = workspace.write("other.log", "")
    empty = workspace.directory("var-log")

    def ask(extra="", **options):
        conf = workspace.write("other-log.conf", server.conf.read_text() + extra)
        return doctor(site, "--dovecot-config", str(conf), "--postfix-config", "none", "--live",
                      prefix=own_logs(empty), **options)

    def expect_note(why):
        status, found = got
        expect((status, log_findings(found)), (0, not_checked("Dovecot", why)), "findings")
        expect(log_proofs(found), [], "proofs")

    for name, path in (("another file", other), ("a file that is not there", "/nonexistent/log")):
        with tap.case(f"log: Dovecot's is {name}"):
            status, found = ask(f"log_path = {path}\n")
            expect_lost(found, 2, "Dovecot", f"{path} (log_path)")
            expect(status, 1, "status")
    with tap.case("log: Dovecot's has a file of its own for information"):
        status, found = ask(f"log_path = {other}\ninfo_log_path = {server.log}\n")
        expect((status, log_findings(found), log_proofs(found)),
               (0, [], [f"Dovecot: audit lines arrive in {server.log}"]), "found")
        _, found = ask(f"log_path = {server.log}\ninfo_log_path = {other}\n")
        expect_lost(found, 2, "Dovecot", f"{other} (info_log_path)")
    with tap.case("log: Dovecot's was there before, and lines of other sessions are no proof"):
        old = workspace.write("old.log", server.log.read_text())
        _, found = ask(f"log_path = {old}\n")
        expect_lost(found, 2, "Dovecot", f"{old} (log_path)")
    with tap.case("log: Dovecot's cannot be read again"):
        got = ask("log_path = /dev/full\n")
        expect_note("/dev/full is no file that can be read again")
    with tap.case("log: Dovecot's is the system's, and there is none"):
        got = ask("log_path = syslog\n")
        expect_note(NO_SYSTEM_LOG)
    with tap.case("log: Dovecot's is the system's, which has other lines"):
        (empty / "mail.log").write_text("")
        (empty / "syslog").write_text(server.log.read_text())
        _, found = ask("log_path = syslog\n")
        expect_lost(found, 2, "Dovecot", "/var/log/mail.log, /var/log/syslog")
    with tap.case("log: nobody is refused"):
        site.apply(mode="observe")
        got = ask()
        expect_note("nobody was refused")
    with tap.case("log: nothing is to be logged"):
        site.apply(audit="none")
        _, found = ask()
        expect((log_findings(found), log_proofs(found)), ([], []), "found")


class LoggingPolicyd(Policyd):
    """The daemon with a system log of its own, which keeps lines as long as self.keep is true."""

    def start(self):
        self.logs, dev = self.workspace.directory("var-log"), self.workspace.directory("dev")
        self.log, self.journal = self.logs / "mail.log", self.workspace.path / "journal.json"
        self.keep = True
        self.log.touch()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(dev / "log"))
        (dev / "log").chmod(0o666)
        self.workspace.cleanup.callback(self.socket.close)
        threading.Thread(target=self.run, daemon=True).start()
        self.process = self.workspace.start(
            [*own_dev(str(dev)), build_tree() / "postfix-policyd" / "tlsfloor-policyd", "-S",
             self.site.state, "-u", USER, "-l", f"unix:{self.path}"], "policyd.out")
        self.workspace.wait_for(self.process, lambda: answers(self.path), "tlsfloor-policyd")

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                time, ident, pid, message = re.fullmatch(
                    r"<\d+>(.{15}) ([\w-]+)\[(\d+)\]: (.*)",
                    self.socket.recv(65536).decode()).groups()
                entry = {"__REALTIME_TIMESTAMP": "1700000000000000", "SYSLOG_IDENTIFIER": ident,
                         "MESSAGE": message}
                with open(self.journal, "a", encoding="ascii") as journal:
                    journal.write(json.dumps(entry) + "\n")
                if self.keep:
                    with open(self.log, "a", encoding="ascii") as log:
                        log.write(f"{time} mail {ident}[{pid}]: {message}\n")


def test_policyd_logs(tap):
    with host(GOOD_SERVICES, policyd=LoggingPolicyd) as mail:
        policyd = mail.policyd

        def ask(**options):
            return doctor(mail.site, "--dovecot-config", "none", "--postfix-config",
                          str(mail.postfix.conf), "--live", prefix=own_logs(policyd.logs),
                          **options)[1]

        with tap.case("log: tlsfloor-policyd's lines are in a file of the system log"):
            found = ask()
            expect((log_findings(found), log_proofs(found)),
                   ([], ["tlsfloor-policyd: audit lines arrive in /var/log/mail.log"]), "found")
        policyd.keep = False
        with tap.case("log: tlsfloor-policyd's lines are in no file of the system log"):
            expect_lost(ask(), 2, "tlsfloor-policyd", "/var/log/mail.log")
        (policyd.logs / "journal").mkdir()
        programs = mail.workspace.directory("programs")

        def ask_with_journal(script):
            mail.workspace.write("programs/journalctl", f"#!/bin/sh\n{script}\n", 0o755)
            return ask(PATH=f"{programs}:{os.environ['PATH']}")

        with tap.case("log: tlsfloor-policyd's lines are in the journal"):
            found = ask_with_journal(f"cat {policyd.journal}")
            expect((log_findings(found), log_proofs(found)),
                   ([], ["tlsfloor-policyd: audit lines arrive in the journal"]), "found")
        with tap.case("log: tlsfloor-policyd's lines are not in the journal either"):
            expect_lost(ask_with_journal("exit 0"), 2, "tlsfloor-policyd",
                        "the journal, /var/log/mail.log")
        with tap.case("log: the journal cannot be read, so tlsfloor-policyd's lines may be there"):
            found = ask_with_journal("exit 1")
            expect(log_findings(found), not_checked(
                "tlsfloor-policyd", "the journal: journalctl could not read all of it, so nothing "
                "is told"), "findings")
        with tap.case("log: there is no place for tlsfloor-policyd's lines"):
            shutil.rmtree(policyd.logs / "journal")
            policyd.log.unlink()
            expect(log_findings(ask()), not_checked("tlsfloor-policyd", NO_SYSTEM_LOG), "findings")


# --- Postfix ---

GOOD_SERVICES = ["submission", "submissions"]


class Changed:
    """A copy of Postfix's configuration with some text replaced."""

    def __init__(self, mail):
        self.mail = mail

    def ask(self, main="", master=(), options=()):
        directory = self.mail.workspace.path / "changed-postfix"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.mail.postfix.conf, directory)
        with open(directory / "main.cf", "a", encoding="ascii") as file:
            file.write(main)
        text = (directory / "master.cf").read_text()
        for pattern, by in master:
            text, count = re.subn(pattern, by, text)
            expect_true(count, f"nothing to change: {pattern}")
        (directory / "master.cf").write_text(text)
        return doctor(self.mail.site, "--dovecot-config", "none", "--postfix-config",
                      str(directory), *options)


HELO = r"-o smtpd_helo_restrictions=\$mua_helo_restrictions"
SENDER = r"-o smtpd_sender_restrictions=\$mua_sender_restrictions"
POLICY = "check_policy_service $tlsfloor_policy"
# Name, changes of master.cf, lines for main.cf, findings ("who" is of both services).
POSTFIX = (
    ("nobody is asked", [(HELO, "-o smtpd_helo_restrictions="),
                         (SENDER, "-o smtpd_sender_restrictions=")], "", ["error policy-service"]),
    ("asked at EHLO alone", [(SENDER, "-o smtpd_sender_restrictions=")], "",
     ["error policy-service"]),
    ("behind a permit", [(SENDER, f"-o {{ smtpd_sender_restrictions = permit_mynetworks, {POLICY} "
                                  "}")], "", ["error permit"]),
    ("behind a table", [(SENDER, "-o { smtpd_sender_restrictions = check_client_access "
                                 f"static:OK, {POLICY} }}")], "", ["note permit"]),
    ("no EHLO needed", [("-o smtpd_helo_required=yes", "-o smtpd_helo_required=no")], "",
     ["error helo"]),
    ("rejects are delayed", [("-o smtpd_delay_reject=no", "-o smtpd_delay_reject=yes")], "",
     ["warning helo"]),
    ("old TLS ends in the handshake", [], "smtpd_tls_mandatory_protocols = >=TLSv1.2\n",
     ["error postfix-tls"]),
    ("client certificates are demanded", [], "smtpd_tls_req_ccert = yes\n", ["error postfix-tls"]),
    ("a socket that is not there", [(HELO, "-o { smtpd_helo_restrictions = check_policy_service "
                                           "unix:tlsfloor/nothing }")], "",
     ["error policy-socket"]),
    ("a socket outside of the chroot",
     [(HELO, "-o { smtpd_helo_restrictions = check_policy_service unix:/proc/tlsfloor }")], "",
     ["error policy-socket", "error policy-socket"]),
)


def test_postfix(tap):
    with Workspace() as scratch:
        exceptions = scratch.write("exceptions", EXCEPTION.replace("imap,", ""))
        with host(GOOD_SERVICES + ["smtp", "no-helo"], exceptions=exceptions) as mail:
            changed = Changed(mail)
            names = {name: f"127.0.0.1:{port}" for name, port in mail.ports.items()}
            both = f"Postfix {names['submission']}, {names['submissions']}"
            # Out with what is not good by itself.
            rest = [(rf"{re.escape(names[name])} inet(?:.*\n)(?:  .*\n)*", "")
                    for name in ("smtp", "no-helo")]
            with tap.case("Postfix: a good set-up"):
                expect_findings(changed.ask(master=rest), [])
            for name, master, main, want in POSTFIX:
                with tap.case(f"Postfix: {name}"):
                    found = changed.ask(main, rest + master)
                    want = [line if index == 0 and "socket" in line else f"{line} {both}"
                            for index, line in enumerate(want)]
                    expect_findings(found, want)
            test_postfix_more(tap, mail, changed, names, rest)


def test_postfix_more(tap, mail, changed, names, rest):
    with tap.case("Postfix: ports of logins, and of other servers"):
        smtp, no_helo = rest
        expect_findings(changed.ask(master=[no_helo]), [f"note ports Postfix {names['smtp']}"])
        judged = " ".join(str(port) for port in mail.ports.values())
        mail.policyd.apply(submission_ports=judged)
        expect_findings(changed.ask(master=[no_helo]), [f"error ports Postfix {names['smtp']}"])
        mail.policyd.apply(submission_ports="587")
        expect_findings(changed.ask(master=[smtp, no_helo]),
                        [f"warning ports Postfix {names[name]}" for name in GOOD_SERVICES])
        mail.policyd.apply()
    socket = mail.postfix.policy_directory / "policy"
    with tap.case("Postfix: a socket that it may not use"):
        mode = socket.stat().st_mode
        socket.chmod(0o600)
        expect_findings(changed.ask(master=rest), ["error policy-socket"])
        socket.chmod(mode)
        mail.postfix.policy_directory.chmod(0o700)
        expect_findings(changed.ask(master=rest), ["error policy-socket"])
        mail.postfix.policy_directory.chmod(0o750)
        shutil.chown(socket, "root", "postfix")
        socket.chmod(0o660)
        expect_findings(changed.ask(master=rest), [])
    with tap.case("Postfix: passwords without TLS"):
        found = changed.ask(master=[*rest, ("-o smtpd_tls_security_level=encrypt",
                                            "-o smtpd_tls_security_level=may"),
                                    ("-o smtpd_tls_auth_only=yes", "-o smtpd_tls_auth_only=no")])
        expect_findings(found, [f"warning postfix-cleartext Postfix {names['submission']}"])
    for interfaces, address in (("localhost", "127.0.0.1"), ("loopback-only", "127.0.0.1"),
                                ("127.0.0.9, 127.0.0.1", "127.0.0.9")):
        with tap.case(f"Postfix: a service on {interfaces}"):
            master = [*rest, (re.escape(names["submission"]), "submission"),
                      (re.escape(names["submissions"]), "[::1]:465")]
            _, found = changed.ask(f"inet_interfaces = {interfaces}\n", master, ("--live",))
            expect([one["where"] for one in found["findings"] if one["check"] == "live"],
                   [f"Postfix submission, {address} port 587",
                    "Postfix [::1]:465, ::1 port 465"], "tried")
    with tap.case("Postfix: each claim is proved on the wire"):
        status, found = doctor(mail.site, "--dovecot-config", "none", "--postfix-config",
                               str(mail.postfix.conf), "--live")
        expect(status, 2, "status")
        for name in GOOD_SERVICES:
            expect_true(any(names[name] in line and "TLSv1 is refused: 530 5.7.10" in line
                            for line in found["proved"]), f"{name}: {found}")
        expect([(one["what"].split(":")[0], one["where"].split(",")[0])
                for one in found["findings"] if one["check"] == "live"],
               [("TLSv1 is refused, and may log in all the same", f"Postfix {names['no-helo']}")],
               "findings")


def test_proxy(tap, workspace):
    """A program of the name of a proxy, on a port of mail."""
    site = site_with_exception(workspace, trusted_networks="127.0.0.0/8")
    conf = workspace.write("plain.conf", syntax.BEGIN + settings(
        protocols="", ssl="no", base_dir=workspace.path))
    program = shutil.copy("/bin/sleep", workspace.path / "haproxy")
    listen = ("import os, socket, sys; s = socket.create_server(('127.0.0.1', 993)); "
              "s.set_inheritable(True); os.execv(sys.argv[1], [sys.argv[1], '1000'])")
    with tap.case("a TLS proxy of this host"):
        process = workspace.start([sys.executable, "-c", listen, program], "proxy.out")
        comm = pathlib.Path(f"/proc/{process.pid}/comm")
        workspace.wait_for(process, lambda: comm.read_text() == "haproxy\n", "the proxy")
        ask = ("--dovecot-config", str(conf), "--postfix-config", "none")
        expect_findings(doctor(site, *ask), ["warning trusted"])
        workspace.stop(process)
        expect_findings(doctor(site, *ask), [])


def test_command(tap, workspace):
    site = site_with_exception(workspace)
    for arguments, want in (
            (("--dovecot-config", "none", "--postfix-config", "none"),
             "neither Dovecot nor Postfix is to be found here"),
            (("--dovecot-config", "/nonexistent", "--postfix-config", "none"),
             "doveconf: Fatal: open(/nonexistent) failed: No such file or directory"),
            (("--dovecot-config", "none", "--postfix-config", "/nonexistent"),
             "postconf: fatal: open /nonexistent/main.cf: No such file or directory")):
        with tap.case(f"{' '.join(arguments)}: cannot look"):
            done = subprocess.run([TLSFLOOR, "-c", site.conf, "-S", site.state, "doctor",
                                   *arguments], capture_output=True, text=True, check=False)
            expect_true(done.stderr.startswith(f"error: doctor: {want}"), done.stderr)
            expect((done.returncode, done.stdout), (2, ""), "status and output")
    # What stands in place of doveconf, and what is said then.
    for name, script, want in (
            ("prints without end", "yes 'a = b'", "error: doctor: doveconf: failed"),
            ("complains without end", "yes complaint >&2", "error: doctor: doveconf: "),
            ("fails without a word", "exit 3", "error: doctor: doveconf: failed"),
            ("prints nothing", "true", "error: doctor: doveconf: does not say of which"),
            ("is killed", "kill -9 $$", "error: doctor: doveconf: failed"),
            ("speaks to the terminal", "printf '\\033[2Jx' >&2; exit 1",
             "error: doctor: doveconf: ?[2Jx"),
            ("prints rubbish", "head -c 100000 /dev/urandom",
             "error: doctor: doveconf: does not say of which"),
            ("prints rubbish of Dovecot", "echo '# 2.3.19: /x'; head -c 100000 /dev/urandom", "")):
        with tap.case(f"a doveconf that {name}"):
            folder = workspace.directory("programs")
            workspace.write("programs/doveconf", f"#!/bin/sh\n{script}\n", 0o755)
            done = subprocess.run([TLSFLOOR, "-c", site.conf, "-S", site.state, "doctor",
                                   "--postfix-config", "none"], capture_output=True, timeout=60,
                                  env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"),
                                  check=False)
            expect_true(done.stderr.decode().startswith(want), done.stderr)
            expect_true(done.returncode == 2 or not want and done.returncode in (0, 1), done)
    with tap.case("neither program is there at all"):
        done = subprocess.run([TLSFLOOR, "-c", site.conf, "-S", site.state, "doctor"],
                              capture_output=True, text=True, check=False,
                              env=dict(os.environ, PATH="/nonexistent"))
        expect_true("neither Dovecot nor Postfix" in done.stderr, done.stderr)
        expect(done.returncode, 2, "status")


def main():
    skip_unless_root()
    tap = Tap()
    for test in (test_dovecot, test_live, test_openssl, test_postfix_openssl, test_dovecot_logs,
                 test_proxy, test_command):
        with contextlib.ExitStack() as stack:
            test(tap, stack.enter_context(Workspace()))
    test_postfix(tap)
    test_policyd_logs(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
