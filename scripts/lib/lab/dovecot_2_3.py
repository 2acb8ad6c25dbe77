# SPDX-License-Identifier: MIT
"""The configuration of a DovecotServer, in the words of Dovecot 2.3."""

import re

from .policyd import STATE_GROUP

# All the suites that OpenSSL has, those that nobody should use too: what
# Dovecot accepts, tlsfloor can judge.
MAIN = """\
base_dir = {server.run}
state_dir = {server.libdir}
log_path = {server.log}
import_environment = $import_environment TLSFLOOR_STATE={server.tlsfloor_state}
protocols = {protocols}
listen = 127.0.0.1
hostname = {hostname}
login_plugin_dir = {server.plugin_directory}
login_plugins = {plugins}
haproxy_trusted_networks = 127.0.0.0/8

ssl = yes
ssl_cert = <{server.certificate[1]}
ssl_key = <{server.certificate[0]}
ssl_dh = </usr/share/dovecot/dh.pem
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL:COMPLEMENTOFALL:@SECLEVEL=0

disable_plaintext_auth = no
auth_mechanisms = {options.mechanisms}
auth_failure_delay = {options.failure_delay}
auth_verbose = yes
auth_debug = yes
mail_location = maildir:~/Maildir
mail_max_userip_connections = 0
submission_relay_host = 127.0.0.1
submission_relay_port = {server.relay_port}
"""

PASSDB = """\
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {server.users_file}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={server.home}/%u
}}
"""

CLIENT_CERTIFICATES = """\
ssl_ca = <{server.client_certificate[1]}
ssl_require_crl = no
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
auth_ssl_username_from_cert = yes
"""

# One process, which stays.
HIGH_PERFORMANCE = """\
  service_count = 0
  process_min_avail = 1
  process_limit = 1
  client_limit = 2000
"""

# Without the waits that failed logins earn their address.
NO_PENALTY = """\
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""

# Our auth passdb, and the right to read the exceptions.
FIRST_PASSDB = """\
passdb {
  driver = tlsfloor
}
"""
FIRST_MASTER_PASSDB = """\
passdb {
  driver = tlsfloor
  master = yes
}
"""
READER_OF_EXCEPTIONS = """\
service auth {{
  extra_groups = {group}
}}
"""
MASTER_PASSDB = re.compile(r"^\s*master\s*=\s*yes\s*$", re.M)

HOSTNAME = "mail.example.org"


def listener(name, port, implicit, haproxy):
    return (f"  inet_listener {name} {{\n    port = {port}\n"
            f"    ssl = {'yes' if implicit else 'no'}\n"
            f"    haproxy = {'yes' if haproxy else 'no'}\n  }}\n")


def login_service(program, listeners, server):
    text = f"service {program} {{\n"
    for name, implicit, haproxy in listeners:
        text += listener(name, server.ports[name], implicit, haproxy)
    return text + (HIGH_PERFORMANCE if server.options.high_performance else "") + "}\n"


def our_passdb(options):
    """First in each of the two lists that there are, unless something is to be before it."""
    masters = MASTER_PASSDB.search(options.before_passdb + options.passdbs + options.extra)
    return (options.before_passdb + READER_OF_EXCEPTIONS.format(group=STATE_GROUP) +
            (FIRST_MASTER_PASSDB if masters else "") + FIRST_PASSDB)


def configuration(server, listeners):
    """listeners: program -> (name, whether TLS begins at once, whether HAProxy is before it)."""
    options = server.options
    text = (MAIN + (CLIENT_CERTIFICATES if options.client_certificate else "")).format(
        server=server, options=options, hostname=HOSTNAME, protocols=" ".join(options.protocols),
        plugins="tlsfloor" if options.plugin else "")
    for program, of_program in listeners.items():
        text += login_service(program, of_program, server)
    text += "" if options.penalty else NO_PENALTY
    text += our_passdb(options) if options.passdb else ""
    return text + options.passdbs + PASSDB.format(server=server) + options.extra
