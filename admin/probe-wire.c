/* SPDX-License-Identifier: MIT */
/*
 * poll() and what is left of the time, before whatever could block.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe-wire.h"

static int64_t
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 once the socket is ready, or -1 with errno. */
static int
wait_for(struct wire *wire, short events)
{
    struct pollfd poller = {.fd = wire->fd, .events = events};
    int64_t left = wire->deadline - milliseconds();
    int ready = left <= 0 ? 0 : poll(&poller, 1, (int)left);

    if (ready > 0)
        return 0;
    if (ready < 0 && errno == EINTR)
        return wait_for(wire, events);
    if (ready == 0)
        errno = ETIMEDOUT;
    return -1;
}

int
wire_open(struct wire *wire_r, const struct sockaddr_storage *address, socklen_t size,
          unsigned seconds)
{
    int error = 0;
    socklen_t error_size = sizeof(error);

    wire_r->ssl = NULL;
    wire_r->size = 0;
    wire_r->deadline = milliseconds() + (int64_t)seconds * 1000;
    wire_r->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire_r->fd < 0)
        return -1;
    if (connect(wire_r->fd, (const struct sockaddr *)address, size) == 0)
        return 0;
    if (errno != EINPROGRESS || wait_for(wire_r, POLLOUT) != 0 ||
        getsockopt(wire_r->fd, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/*
 * What is to be done after an operation of TLS that returned result: 1: again;
 * else how it ended, with errno.
 */
static int
wait_for_tls(struct wire *wire, int result)
{
    switch (SSL_get_error(wire->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(wire, POLLIN) == 0 ? 1 : WIRE_FAILED;
    case SSL_ERROR_WANT_WRITE:
        return wait_for(wire, POLLOUT) == 0 ? 1 : WIRE_FAILED;
    case SSL_ERROR_ZERO_RETURN:
        return WIRE_CLOSED;
    case SSL_ERROR_SYSCALL:
        return errno == 0 || errno == ECONNRESET || errno == EPIPE ? WIRE_CLOSED : WIRE_FAILED;
    }
    errno = EPROTO;
    return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? WIRE_CLOSED
                                                                                  : WIRE_FAILED;
}

static int
read_tls(struct wire *wire)
{
    int result, again;

    do {
        ERR_clear_error();
        errno = 0;
        result = SSL_read(wire->ssl, wire->in + wire->size, (int)(WIRE_ROOM - wire->size));
        again = result > 0 ? 0 : wait_for_tls(wire, result);
    } while (again == 1);
    return result > 0 ? result : again;
}

static int
read_plain(struct wire *wire)
{
    ssize_t got;

    do {
        if (wait_for(wire, POLLIN) != 0)
            return WIRE_FAILED;
        got = recv(wire->fd, wire->in + wire->size, WIRE_ROOM - wire->size, 0);
    } while (got < 0 && errno == EAGAIN);
    return got >= 0 ? (int)got : errno == ECONNRESET ? WIRE_CLOSED : WIRE_FAILED;
}

int
wire_read(struct wire *wire)
{
    int got;

    if (wire->size == WIRE_ROOM) {
        errno = EMSGSIZE;
        return WIRE_FAILED;
    }
    got = wire->ssl == NULL ? read_plain(wire) : read_tls(wire);
    wire->size += got > 0 ? (size_t)got : 0;
    return got;
}

void
wire_use(struct wire *wire, size_t count)
{
    wire->size -= count;
    memmove(wire->in, wire->in + count, wire->size);
}

void
wire_send(struct wire *wire, const char *text)
{
    ERR_clear_error();
    if (wire->ssl != NULL)
        (void)SSL_write(wire->ssl, text, (int)strlen(text));
    else
        (void)send(wire->fd, text, strlen(text), MSG_NOSIGNAL);
}

/*
 * Ends reading when the time is over. A server that never stops sending what
 * means nothing, such as HelloRequest, would keep OpenSSL reading for ever.
 */
static long
look_at_clock(BIO *bio, int operation, const char *data, size_t size, int number, long value,
              int result, size_t *done)
{
    const struct wire *wire = (const struct wire *)(void *)BIO_get_callback_arg(bio);

    (void)data;
    (void)size;
    (void)number;
    (void)value;
    (void)done;
    if (operation != BIO_CB_READ || milliseconds() < wire->deadline)
        return result;
    BIO_clear_retry_flags(bio);
    errno = ETIMEDOUT;
    return -1;
}

int
wire_begin_tls(struct wire *wire, SSL *ssl)
{
    int result, again;

    wire->ssl = ssl;
    if (SSL_set_fd(ssl, wire->fd) != 1)
        return WIRE_FAILED;
    BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)wire);
    BIO_set_callback_ex(SSL_get_rbio(ssl), look_at_clock);
    do {
        ERR_clear_error();
        errno = 0;
        result = SSL_connect(ssl);
        again = result == 1 ? 1 : wait_for_tls(wire, result);
    } while (result != 1 && again == 1);
    return again;
}

void
wire_close(struct wire *wire)
{
    if (wire->ssl != NULL && SSL_is_init_finished(wire->ssl))
        SSL_shutdown(wire->ssl);
    SSL_free(wire->ssl);
    if (wire->fd >= 0)
        close(wire->fd);
}
