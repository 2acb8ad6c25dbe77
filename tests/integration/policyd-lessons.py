#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What has gone wrong in other policy services and mail servers must not in tlsfloor-policyd.

Each case has the name of what it was, and where.
"""

import contextlib
import os
import pathlib
import pwd
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import (  # noqa: E402
    ATTRIBUTES, OLD, Client, Daemon, apply_state, request)
from policyd_load import Load  # noqa: E402
from tap import expect, expect_true, skip_unless_root  # noqa: E402

PRECIOUS = "precious"
FORMATS = "%s%n%x%99999d%*.*s%"


@case
def long_fields_postsrsd_cve_2021_35525(directory):
    """Many addresses in one field made its process hang."""
    apply_state(directory + "/state")
    with Daemon(directory + "/state", listeners=[directory + "/policy"]) as daemon, \
            Load(daemon.listeners[0]) as load:
        for attribute in ATTRIBUTES:
            if attribute in ("request", "protocol_state", "encryption_protocol", "server_port"):
                continue
            for count in (100, 1000, 1700):
                with Client(daemon.listeners[0]) as client:
                    answer = client.ask(**{**OLD, attribute: "<ann@example.org>," * count})
                    expect(answer.split()[0], "530", f"{count} addresses in {attribute}")
            with Client(daemon.listeners[0]) as client:
                try:
                    client.send(request(**{attribute: "<ann@example.org>," * 4000}))
                except ConnectionError:
                    pass
                expect(client.is_closed(), True, f"4000 addresses in {attribute}: closed")
        load.expect_untouched()
        expect(daemon.stop(), 0, "exit status")


@case
def one_bad_client_among_good_ones_dovecot_cve_2025_59028(directory):
    """Nonsense of one client ended the attempts of all others."""
    apply_state(directory + "/state")
    with Daemon(directory + "/state", listeners=[directory + "/policy"]) as daemon, \
            Load(daemon.listeners[0]) as load:
        for nonsense in (b"\n" * 3, b"=\n\n", b"request\n\n", b"\0\n", os.urandom(9000),
                         request()[:-1] + b"x", b"\xff" * 40000) * 20:
            with Client(daemon.listeners[0]) as client:
                try:
                    client.send(nonsense)
                    client.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                while client.answer() is not None:
                    pass
        load.expect_untouched()
        expect(daemon.stop(), 0, "exit status")


@case
def format_strings_postgrey_cve_2005_1127(directory):
    """A sender's address was the format of a log line."""
    apply_state(directory + "/state", "reject_text = 100%s%n sure")
    with Daemon(directory + "/state", listeners=[directory + "/policy"]) as daemon:
        for attribute in ATTRIBUTES:
            if attribute in ("request", "protocol_state", "encryption_protocol", "server_port"):
                continue
            with Client(daemon.listeners[0]) as client:
                answer = client.ask(**{**OLD, "protocol_state": "MAIL", attribute: FORMATS})
                expect(answer, "530 5.7.10 100%s%n sure", attribute)
        for attribute in ("user", "cipher", "session"):
            expect_true(f"{attribute}={FORMATS}" in daemon.log().replace('"', ""), attribute)
        expect_true(f'policy_context "{FORMATS}"' in daemon.log(), "the warning")
        with Client(daemon.listeners[0]) as client:
            client.send(FORMATS.encode() + b"\n\n")
            expect(client.is_closed(), True, "closed")
        expect(daemon.stop(), 0, "exit status")


@case
def user_names_of_8_bits_dovecot_cve_2019_10691(directory):
    """A name that was no UTF-8 crashed what wrote it to the log."""
    exceptions = pathlib.Path(directory, "exceptions")
    exceptions.write_text("ann@example.org allow=TLSv1 until=2099-12-31 from=192.0.2.0/24\n")
    apply_state(directory + "/state", f"exceptions = {exceptions}")
    names = [bytes([byte]) for byte in range(0x80, 0x100)]
    names += [b"\xc3", b"\xc3(", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80",
              b"\xc0\x80", bytes(range(0x80, 0x100)), "\u00e4".encode()]
    with Daemon(directory + "/state", listeners=[directory + "/policy"]) as daemon:
        with Client(daemon.listeners[0]) as client:
            for number, name in enumerate(names):
                for user in (name, b"ann" + name + b"@example.org", b"ann@" + name):
                    answer = client.ask(protocol_state="MAIL", sasl_username=user,
                                        client_port=str(1024 + number), **OLD)
                    expect(answer.split()[0], "530", repr(user))
        expect_true(daemon.log().isascii(), "8 bits in the log")
        expect(daemon.stop(), 0, "exit status")


def fails_to_start(directory, **options):
    """What a daemon says that must not start."""
    daemon = Daemon(directory + "/state", listeners=[directory + "/policy"], **options)
    try:
        expect(daemon.process.wait(10), 2, "exit status")
        return daemon.log()
    finally:
        daemon.kill()


@case
def foreign_files_where_the_socket_is_to_be_policyd_weight(directory):
    """Its socket directory let others plant links; here nothing is followed or removed."""
    apply_state(directory + "/state")
    path, target = pathlib.Path(directory, "policy"), pathlib.Path(directory, "target")
    target.write_text(PRECIOUS)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(directory + "/stale")
    for plant in (lambda: path.symlink_to(target), lambda: path.symlink_to("nowhere"),
                  lambda: path.symlink_to("stale"), lambda: path.symlink_to("/"),
                  lambda: os.link(target, path), lambda: os.mkfifo(path)):
        plant()
        before = os.lstat(path)
        said = fails_to_start(directory)
        expect_true(f"{path}: is in the way and not a socket: remove it" in said, said)
        expect(os.lstat(path).st_ino, before.st_ino, "what is in the way")
        expect(target.read_text(), PRECIOUS, "the target of the link")
        expect(os.path.exists(directory + "/stale"), True, "the target of the link")
        path.unlink()


@case
def foreign_files_in_the_state_policyd_weight(directory):
    """A policy of others is not believed, by whatever way it gets there."""
    nobody = pwd.getpwnam("nobody")
    state = pathlib.Path(directory, "state")
    policy, other = state / "policy", pathlib.Path(directory, "other")
    apply_state(directory + "/other-state", "mode = observe")
    apply_state(str(state))
    good = policy.read_bytes()

    def plant_foreign():
        other.write_bytes(pathlib.Path(directory, "other-state/policy").read_bytes())
        os.chown(other, nobody.pw_uid, nobody.pw_gid)
        policy.symlink_to(other)

    with Daemon(str(state), listeners=[directory + "/policy"]) as daemon, \
            Client(daemon.listeners[0]) as client:
        for number, (plant, want) in enumerate((
                (plant_foreign, "belongs to user"),
                (lambda: policy.symlink_to("/etc/passwd"), "state/policy: "),
                (lambda: policy.symlink_to("policy"), "Too many levels of symbolic links"),
                (lambda: os.mkfifo(policy), "is not a regular file"),
                (lambda: policy.symlink_to("/dev/zero"), "is not a regular file"),
                (policy.mkdir, "is a directory"),
                (lambda: (policy.write_bytes(good), policy.chmod(0o666)), "written by others")), 1):
            policy.unlink()
            plant()
            expect(daemon.wait_log("the old policy stays in force", number), True, want)
            expect_true(want in daemon.log().split("\n")[-2], f"{want}: {daemon.log()}")
            expect(client.ask(**OLD).split()[0], "530", want)
            expect_true(want in fails_to_start(directory, log=directory + "/second"), want)
            if policy.is_dir():
                policy.rmdir()
                policy.touch()
        expect(daemon.stop(), 0, "exit status")


@case
def links_where_apply_writes_policyd_weight(directory):
    """Names that apply will use are planted in the state; it writes through none of them."""
    state, target = pathlib.Path(directory, "state"), pathlib.Path(directory, "target")
    exceptions = pathlib.Path(directory, "exceptions")

    def apply(users):
        exceptions.write_text("".join(
            f"user{number}@example.org allow=TLSv1 until=2099-12-31 from=192.0.{number}.0/24\n"
            for number in range(users)))
        apply_state(str(state), f"exceptions = {exceptions}\ntag_header = X-{users}")

    for name in ("policy", "policy.new", "exceptions.cdb", "exceptions.new", "exceptions.old",
                 "exceptions.link", "envelope", "envelope.new"):
        apply(1)
        planted = state / name
        # Where there is something, what would be believed if it were not a link.
        good = planted.read_bytes() if planted.exists() else PRECIOUS.encode()
        target.write_bytes(good)
        planted.unlink(missing_ok=True)
        planted.symlink_to(target)
        with contextlib.suppress(RuntimeError):  # it may refuse
            apply(2)
        expect_true(target.read_bytes() == good, f"wrote behind {name}")
        planted.unlink(missing_ok=True)


def main():
    skip_unless_root()
    return run()


if __name__ == "__main__":
    sys.exit(main())
