# SPDX-License-Identifier: MIT
"""A DNS server of a test's own, and commands that ask it and read other hosts files. For root."""

import contextlib
import socket
import struct
import threading

# $1 in place of /etc/hosts, $2 in place of /etc/resolv.conf, for one command.
IN_NAMESPACE = ["unshare", "-m", "sh", "-c",
                'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && '
                'shift 2 && exec "$@"', "sh"]


def encode(name):
    parts = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def srv(priority, weight, port, host):
    return struct.pack(">HHH", priority, weight, port) + encode(host)


class Names:
    """hosts: text of the hosts file. records: name -> data of its SRV records."""

    def __init__(self, workspace, hosts, records):
        self.records = records
        self.files = [str(workspace.write("hosts", hosts)),
                      str(workspace.write("resolv.conf", "nameserver 127.0.0.1\n"
                                                         "options timeout:1 attempts:1\n"))]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        workspace.cleanup.callback(self.socket.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def command(self, *argv):
        """The same command, with these names."""
        return [*IN_NAMESPACE, *self.files, *map(str, argv)]

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(4096)
                self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        end = query.index(b"\0", 12) + 5
        question, kind = query[12:end], struct.unpack(">H", query[end - 4:end - 2])[0]
        name, at = [], 0
        while question[at]:
            name.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        found = self.records.get(".".join(name), []) if kind == 33 else []
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, 60, len(data)) + data
                           for data in found)
        flags = 0x8180 if found else 0x8183
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + question + records
