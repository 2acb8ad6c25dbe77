# SPDX-License-Identifier: MIT
"""A connection of lines, with the TLS version and suite of choice; the base of all clients."""

import contextlib
import ctypes
import socket
import ssl
import warnings

LIBCRYPTO = ctypes.CDLL("libcrypto.so.3")
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def forget_errors():
    """Of a broken connection: else the next one of this thread that reads fails with it.

    So with Python 3.13 and OpenSSL 3.5.
    """
    LIBCRYPTO.ERR_clear_error()


def tls_context(version, cipher="DEFAULT", certificate=None):
    """Exactly this version; OpenSSL's level 0, because TLS 1.0 signs with SHA-1.

    certificate: (key file, certificate file) of the client.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS[version]
        context.maximum_version = VERSIONS[version]
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    if certificate:
        context.load_cert_chain(certificate[1], certificate[0])
    return context


class Connection:
    """source: the client's address. header: bytes before everything, such as those of PROXY.

    certificate: (key file, certificate file), for the TLS to come.
    """

    def __init__(self, port, source=None, header=b"", certificate=None, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout,
                                               (source, 0) if source else None)
        self.client_address, self.client_port = self.socket.getsockname()[:2]
        self.certificate = certificate
        self.buffer = b""
        if header:
            self.socket.sendall(header)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.socket.close()

    def wrap(self, version, cipher="DEFAULT", behind=b"", resume=None):
        """The TLS handshake.

        resume: a connection whose TLS session is taken up again. behind: what is
        sent at once, in one packet with the handshake's end if that end is ours:
        it is in TLS 1.3, and when a session is taken up again.
        """
        self.context = (resume.context if resume else
                        tls_context(version, cipher, self.certificate))
        self.socket = self.context.wrap_socket(self.socket, do_handshake_on_connect=False,
                                               session=resume and resume.socket.session)
        if behind and (resume or version == "TLSv1.3"):
            self.begin_handshake()
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        self.socket.do_handshake()
        if behind:
            with contextlib.suppress(OSError):  # it may have been refused already
                self.send(behind)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        return self.socket.cipher()[0]

    def begin_handshake(self):
        """Sends the first message, and waits for nothing."""
        timeout = self.socket.gettimeout()
        self.socket.setblocking(False)
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.socket.settimeout(timeout)

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except (BrokenPipeError, ConnectionResetError):
            forget_errors()
            raise

    def send_line(self, data):
        """str or bytes, without line end."""
        self.send((data if isinstance(data, bytes) else data.encode()) + b"\r\n")

    def receive(self):
        """More bytes into the buffer; False at the end."""
        try:
            data = self.socket.recv(4096)
        except ConnectionResetError:
            forget_errors()
            data = b""
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\n" not in self.buffer:
            if not self.receive():
                raise ConnectionError(f"closed by the server after {self.buffer!r}")
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("ascii", "backslashreplace")

    def count(self, number):
        """So many bytes."""
        while len(self.buffer) < number:
            if not self.receive():
                raise ConnectionError(f"closed by the server after {self.buffer!r}")
        data, self.buffer = self.buffer[:number], self.buffer[number:]
        return data.decode("ascii", "backslashreplace")

    def rest(self):
        """All lines until the server closes the connection, joined by newlines."""
        while self.receive():
            pass
        data, self.buffer = self.buffer, b""
        return data.decode("ascii", "backslashreplace").replace("\r\n", "\n").removesuffix("\n")
