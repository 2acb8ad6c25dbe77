# SPDX-License-Identifier: MIT
"""Rows of Postfix: what asking tlsfloor-policyd costs an SMTP session."""

import time

from lab.host import PASSWORD, host
from measure import difference_result, in_turn, row

ANN = "ann@example.org"
# Both ask at DATA, the first one at RCPT, too.
WITH, WITHOUT = "conservative", "data-only"


def measure(mail, service, number):
    """rcpt: ms."""
    with mail.connect(service, "TLSv1.2") as session:
        for reply in (session.command("EHLO client.example.net"), session.auth(ANN, PASSWORD),
                      session.command(f"MAIL FROM:<{ANN}>"), session.command(f"RCPT TO:<{ANN}>")):
            if reply[0] != "2":
                raise RuntimeError(reply)
        start = time.monotonic()
        for _ in range(number):
            session.command(f"RCPT TO:<{ANN}>")
        return {"rcpt": (time.monotonic() - start) / number * 1e3}


@row("rcpt", "RCPT of Postfix that asks tlsfloor-policyd beside one that does not")
def rcpt(effort):
    number = 10 if effort.quick else 100
    with host([WITH, WITHOUT]) as mail:
        results = in_turn(effort, {
            name: lambda service=service: measure(mail, service, number)
            for name, service in (("subject", WITH), ("reference", WITHOUT),
                                  ("control", WITHOUT))})
    yield difference_result("RCPT", results, "rcpt", 0.2, " ms")
