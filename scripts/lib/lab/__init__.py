# SPDX-License-Identifier: MIT
"""A private mail host on loopback: Postfix, Dovecot's auth, tlsfloor-policyd, and SMTP clients.

Everything lives in one temporary directory, on high ports, and is stopped and
removed at the end. The machine's own mail setup is never read or touched.
"""
