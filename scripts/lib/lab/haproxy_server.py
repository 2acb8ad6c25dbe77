# SPDX-License-Identifier: MIT
"""A real HAProxy of our own, in front of servers on high ports of 127.0.0.1."""

from .workspace import answers, certificate, free_ports

# TLS 1.0 needs OpenSSL's level 0.
GLOBAL = """\
global
    ssl-default-bind-options ssl-min-ver TLSv1.0
    ssl-default-bind-ciphers ALL:@SECLEVEL=0
    tune.ssl.default-dh-param 2048
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
"""

FRONT_END = """\
listen {name}
    bind 127.0.0.1:{port}{tls}
    server server 127.0.0.1:{server_port} {options}
"""


class HaproxyServer:
    """front_ends: name -> (server's port, whether TLS ends here, options of the server's line).

    Their own ports are in self.ports.
    """

    def __init__(self, workspace, front_ends):
        key, cert = certificate(workspace)
        pem = workspace.write("haproxy.pem", cert.read_text() + key.read_text(), 0o600)
        self.ports = dict(zip(front_ends, free_ports(len(front_ends))))
        text = GLOBAL
        for name, (server_port, ends_tls, options) in front_ends.items():
            text += FRONT_END.format(name=name, port=self.ports[name], server_port=server_port,
                                     tls=f" ssl crt {pem}" if ends_tls else "", options=options)
        conf = workspace.write("haproxy.cfg", text)
        self.process = workspace.start(["haproxy", "-db", "-f", str(conf)], "haproxy.out")
        for port in self.ports.values():
            workspace.wait_for(self.process, lambda port=port: answers(port), "HAProxy")
