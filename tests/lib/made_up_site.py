# SPDX-License-Identifier: MIT
"""The log of a made-up site: 50,000 users, two years, every form of log, and what is true of it.

The same every time. What is true is counted here while the lines are made, from what the users
are, and by nothing of what reads the log. The year of 2025 has no February 29; a server was
silent for some days; clients and other programs say what looks like audit lines.
"""

import collections
import datetime
import gzip
import os
import random

USERS = 50000
FIRST, LAST = datetime.date(2024, 12, 1), datetime.date(2026, 11, 28)
SILENT = datetime.date(2026, 3, 2), datetime.date(2026, 3, 5)
UNTIL = datetime.date(2027, 6, 30)
OFFICE = "192.0.2"  # where exceptions are for
HOST = "mx1"
GOOD = (("TLSv1.3", "TLS_AES_256_GCM_SHA384"), ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"))
OLD = (("TLSv1", "ECDHE-RSA-AES256-SHA"), ("TLSv1.1", "ECDHE-RSA-AES256-SHA"),
       ("cleartext", "-"))
PROCESSES = {"imap": "imap-login", "pop3": "pop3-login", "sieve": "managesieve-login"}
SERVICES = ("imap", "imap", "imap", "pop3", "sieve", "submission", "submission")

Login = collections.namedtuple("Login", "time user service version cipher client action reason")


def line_of(login, form):
    """One line of the log of that month."""
    audit = (f"tlsfloor: action={login.action} reason={login.reason} rule=RFC8997 "
             f"service={login.service} stage=auth user={login.user} client={login.client} "
             f"port=40000 tls={login.version} cipher={login.cipher} bits=256 floor=TLSv1.2 "
             "mode=observe exception=- session=Qq54oYN59uas")
    if login.service == "submission":
        program, message = "tlsfloor-policyd", audit
    else:
        program = "dovecot"
        message = (f"{PROCESSES[login.service]}: {audit}: user=<{login.user}>, method=PLAIN, "
                   f"rip={login.client}, lip=192.0.2.1, TLS, session=<Qq54oYN59uas>")
    return head_of(login.time, program, form) + message


def head_of(time, program, form):
    pid = "" if program == "dovecot" else "[4711]"
    if form == "rfc5424":
        return f"<22>1 {time.isoformat()}.123456+00:00 {HOST} {program} 4711 - - "
    stamp = f"{time:%b} {time.day:2} {time:%H:%M:%S}" if form == "rfc3164" else (
        time.isoformat() + "+00:00")
    return f"{stamp} {HOST} {program}{pid}: "


def forged(login):
    """What others log of a client that calls itself like us."""
    text = line_of(login._replace(user="mallory@example.org"), "iso").split(": ", 1)[1]
    return [("postfix/smtpd", f"NOQUEUE: reject: RCPT from unknown[{login.client}]: 504 5.5.2 "
                              f"<{text}>: Helo command rejected; helo=<{text}>"),
            ("dovecot", f"imap-login: Disconnected: Aborted login: user=<{text}>, "
                        f"rip={login.client}"),
            ("dovecot", f"auth: passwd-file({text},{login.client}): unknown user")]


class Site:
    """logins: those that were written, each with its class, as tlsfloor report calls it."""

    def __init__(self, users=USERS):
        self.random = random.Random(20261129)
        self.users, self.logins = users, []
        for number in range(users):
            self.make_user(number)
        self.logins.sort(key=lambda item: item[0].time)

    def make_user(self, number):
        """Of a hundred users: 90 ready, 5 below, 2 excepted, 1 moved, 1 webmail, 1 turned away."""
        name, kind = f"u{number:05}@example.org", number % 100
        good, old = GOOD[number % 2], OLD[number % 3]
        outside = f"198.51.{number // 250 % 100}.{number % 250}"
        for _ in range(1 + number % 2):
            self.log_in(name, good, outside, "ready")
        if kind < 5:
            for _ in range(1 + number % 4):
                self.log_in(name, old, outside, "below")
        elif kind < 7:
            self.log_in(name, OLD[0], f"{OFFICE}.{number % 200}", "excepted", "submission")
            if kind == 6:
                self.log_in(name, OLD[0], outside, "below", "submission")
        elif kind == 7:
            self.log_in(name, OLD[0], outside, "below", until=datetime.date(2025, 10, 1))
        elif kind == 8:
            self.log_in(name, OLD[2], "127.0.0.1", "not-judged")
        elif kind == 9:
            self.log_in(name, OLD[1], outside, "turned-away")

    def log_in(self, name, suite, client, what, service=None, until=LAST):
        days = (until - FIRST).days
        while True:
            date = FIRST + datetime.timedelta(self.random.randrange(days + 1))
            if not SILENT[0] <= date <= SILENT[1]:
                break
        time = datetime.datetime.combine(date, datetime.time()) + datetime.timedelta(
            seconds=self.random.randrange(86400))
        action, reason = {"ready": ("accept", "compliant"),
                          "not-judged": ("accept", "trusted-network"),
                          "turned-away": ("refuse", "version")}.get(what, ("tag", "version"))
        if suite[0] == "cleartext" and reason == "version":
            reason = "cleartext"
        service = service or self.random.choice(SERVICES)
        self.logins.append((Login(time, name, service, *suite, client, action, reason), what))

    # --- what is written ---

    def exceptions(self):
        """The file of exceptions."""
        return "".join(f"u{number:05}@example.org allow=TLSv1 until={UNTIL} service=submission "
                       f"from={OFFICE}.0/24\n"
                       for number in range(self.users) if number % 100 in (5, 6))

    def months(self):
        """(year, month) -> its logins, with their classes."""
        found = collections.defaultdict(list)
        for login, what in self.logins:
            found[login.time.year, login.time.month].append((login, what))
        return found

    def write(self, directory):
        """A file for each month, in one form after the other; their paths, newest first."""
        paths = []
        for number, ((year, month), logins) in enumerate(sorted(self.months().items())):
            form = ("rfc3164", "iso", "rfc5424")[number % 3]
            path = os.path.join(directory, f"mail.log.{year}-{month:02}")
            lines = []
            for at, (login, _) in enumerate(logins):
                lines.append(line_of(login, form))
                if at % 500 == 0:
                    lines += [head_of(login.time, program, form) + message
                              for program, message in forged(login)]
            data = ("\n".join(lines) + "\n").encode()
            if number % 2:
                path += ".gz"
                data = gzip.compress(data, 1)
            with open(path, "wb") as file:
                file.write(data)
            stamp = logins[-1][0].time.replace(tzinfo=datetime.timezone.utc).timestamp()
            os.utime(path, (stamp, stamp))
            paths.append(path)
        return paths[::-1]

    # --- what is true ---

    def since(self, date):
        return [(login, what) for login, what in self.logins if login.time.date() >= date]

    @staticmethod
    def users_by_class(logins):
        """Each user in one class, as the manual orders them."""
        seen = collections.defaultdict(set)
        for login, what in logins:
            seen[login.user].add(what)
        order = ("below", "excepted", "ready", "not-judged", "turned-away")
        return collections.Counter(next(what for what in order if what in classes)
                                   for classes in seen.values())

    @staticmethod
    def rows(logins):
        """(user, service, version, cipher, class) -> number of logins, first and last date."""
        found = {}
        for login, what in logins:
            if what == "ready":
                continue
            key = (login.user, login.service, login.version, login.cipher.strip("-"), what)
            date = login.time.date().isoformat()
            number, first, last = found.get(key, (0, date, date))
            found[key] = number + 1, min(first, date), max(last, date)
        return found
