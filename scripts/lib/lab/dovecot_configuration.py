# SPDX-License-Identifier: MIT
"""The configuration of a DovecotServer. What releases say differently is in dovecot_2_3, _2_4."""

import re

from .dovecot_release import syntax
from .dovecot_text import block, settings
from .policyd import STATE_GROUP

HOSTNAME = "mail.example.org"

# All the suites that OpenSSL has, those that nobody should use too: what
# Dovecot accepts, tlsfloor can judge.
MAIN = """\
base_dir = {server.run}
state_dir = {server.libdir}
log_path = {server.log}
protocols = {protocols}
listen = 127.0.0.1
hostname = {hostname}
login_plugin_dir = {server.plugin_directory}
login_plugins = {plugins}
haproxy_trusted_networks = 127.0.0.0/8

ssl = yes
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL:COMPLEMENTOFALL:@SECLEVEL=0

auth_mechanisms = {options.mechanisms}
auth_failure_delay = {options.failure_delay}
auth_verbose = yes
auth_debug = yes
mail_max_userip_connections = 0
submission_relay_host = 127.0.0.1
submission_relay_port = {server.relay_port}
"""

# One process, which stays.
HIGH_PERFORMANCE = syntax.MANY_CONNECTIONS + settings(process_min_avail=1, process_limit=1,
                                                      client_limit=2000)

# Without the waits that failed logins earn their address.
NO_PENALTY = block("service anvil", block("unix_listener anvil-auth-penalty", "mode = 0"))

# The right to read the exceptions.
READER_OF_EXCEPTIONS = block("service auth", f"extra_groups = {STATE_GROUP}")
MASTER_PASSDB = re.compile(r"^\s*master\s*=\s*yes\s*$", re.M)


def login_service(program, listeners, server):
    text = "".join(block(f"inet_listener {name}", settings(port=server.ports[name], ssl=implicit,
                                                           haproxy=haproxy))
                   for name, implicit, haproxy in listeners)
    return block(f"service {program}",
                 text + (HIGH_PERFORMANCE if server.options.high_performance else ""))


def our_passdb(options):
    """First in each of the two lists that there are, unless something is to be before it."""
    masters = MASTER_PASSDB.search(options.before_passdb + options.passdbs + options.extra)
    return (options.before_passdb + READER_OF_EXCEPTIONS +
            (syntax.tlsfloor(master=True) if masters else "") + syntax.tlsfloor())


def configuration(server, listeners):
    """listeners: program -> (name, whether TLS begins at once, whether HAProxy is before it)."""
    options = server.options
    text = syntax.BEGIN + MAIN.format(
        server=server, options=options, hostname=HOSTNAME, protocols=" ".join(options.protocols),
        plugins="tlsfloor" if options.plugin else "")
    text += syntax.environment(TLSFLOOR_STATE=server.tlsfloor_state)
    text += syntax.cleartext(allowed=True) + syntax.MAILDIR + syntax.certificate(
        *server.certificate)
    if options.client_certificate:
        text += syntax.client_certificates(server.client_certificate[1])
    if "oauth" in options.mechanisms:
        text += syntax.tokens(server.directory, server.passwords)
    for program, of_program in listeners.items():
        text += login_service(program, of_program, server)
    text += "" if options.penalty else NO_PENALTY
    text += our_passdb(options) if options.passdb else ""
    return (text + options.passdbs + syntax.passwd_file(server.users_file) +
            syntax.one_user(f"{server.home}/%{{user}}") + options.extra)
