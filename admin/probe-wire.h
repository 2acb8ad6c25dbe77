/* SPDX-License-Identifier: MIT */
/*
 * A connection, with TLS from some point on. The socket never blocks, one
 * deadline is for all that is done with it, and what comes goes into a buffer
 * that is larger than any reply of a sane server.
 */
#ifndef TLSFLOOR_PROBE_WIRE_H
#define TLSFLOOR_PROBE_WIRE_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/socket.h>

#define WIRE_ROOM 16384 /* bytes */

struct wire {
    int fd;             /* -1: none */
    SSL *ssl;           /* NULL: no TLS */
    int64_t deadline;   /* milliseconds of the monotonic clock */
    char in[WIRE_ROOM]; /* what has come and is not used yet */
    size_t size;
};

/* How a transfer ended, if not well; errno is set for FAILED. */
enum { WIRE_CLOSED = 0, WIRE_FAILED = -1 };

/* Connects; from now on there are so many seconds. 0, or -1 with errno. */
int wire_open(struct wire *wire_r, const struct sockaddr_storage *address, socklen_t size,
              unsigned seconds);

/*
 * Reads more: how many bytes, or WIRE_CLOSED, or WIRE_FAILED: ETIMEDOUT, no
 * time is left; EMSGSIZE, no room; EPROTO, broken TLS.
 */
int wire_read(struct wire *wire);

/* Forgets what the buffer begins with. */
void wire_use(struct wire *wire, size_t count);

/* Sends a command. These are short and few: the socket has room for them. */
void wire_send(struct wire *wire, const char *text);

/*
 * The handshake of a client; then the wire has TLS, and owns it. 1, or
 * WIRE_CLOSED, or WIRE_FAILED with a reason in OpenSSL's queue, or errno.
 */
int wire_begin_tls(struct wire *wire, SSL *ssl);

/* Closes what there is. */
void wire_close(struct wire *wire);

#endif
