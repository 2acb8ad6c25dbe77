/* SPDX-License-Identifier: MIT */
/*
 * A socket that never blocks, with one deadline for all that is done with it,
 * and a buffer that is larger than any reply of a sane server.
 */
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "network.h"
#include "probe-talk.h"

#define LONGEST_REPLY 16384 /* bytes */
#define UNABLE "this OpenSSL cannot speak it"

struct wire {
    int fd;
    SSL_CTX *context;
    SSL *ssl;         /* once TLS is up */
    int64_t deadline; /* milliseconds of the monotonic clock */
    char in[LONGEST_REPLY];
    size_t size;
    struct probe_talk *talk;
};

/* How a transfer ended, if not well. */
enum { WIRE_CLOSED = 0, WIRE_FAILED = -1 };

static int64_t
milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
end_talk(struct wire *wire, enum probe_end end, const char *why)
{
    wire->talk->end = end;
    probe_printable(tlsfloor_text_from(why), wire->talk->why, sizeof(wire->talk->why));
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

static int
dial(struct wire *wire, const struct probe_peer *peer)
{
    int error = 0;
    socklen_t size = sizeof(error);

    wire->fd = socket(peer->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return -1;
    if (connect(wire->fd, (const struct sockaddr *)&peer->address, peer->size) == 0)
        return 0;
    if (errno != EINPROGRESS || wait_for(wire, POLLOUT) != 0 ||
        getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/*
 * What is to be done after an operation of TLS that returned result: 1: again;
 * else how it ended, with errno.
 */
static int
wait_for_tls(struct wire *wire, SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
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
        result = SSL_read(wire->ssl, wire->in + wire->size, (int)(LONGEST_REPLY - wire->size));
        again = result > 0 ? 0 : wait_for_tls(wire, wire->ssl, result);
    } while (again == 1);
    return result > 0 ? result : again;
}

/* Reads more: how many bytes, WIRE_CLOSED, or WIRE_FAILED with errno. */
static int
read_more(struct wire *wire)
{
    ssize_t got;

    if (wire->size == LONGEST_REPLY) {
        errno = EMSGSIZE;
        return WIRE_FAILED;
    }
    if (wire->ssl != NULL)
        return read_tls(wire);
    if (wait_for(wire, POLLIN) != 0)
        return WIRE_FAILED;
    got = recv(wire->fd, wire->in + wire->size, LONGEST_REPLY - wire->size, 0);
    if (got < 0 && errno == EAGAIN)
        return read_more(wire);
    return got >= 0 ? (int)got : errno == ECONNRESET ? WIRE_CLOSED : WIRE_FAILED;
}

/* Commands are short and few: the socket has room for them. */
static void
send_text(struct wire *wire, const char *text)
{
    ERR_clear_error();
    if (wire->ssl != NULL)
        (void)SSL_write(wire->ssl, text, (int)strlen(text));
    else
        (void)send(wire->fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Says why no reply came. */
static void
end_without_reply(struct wire *wire, enum probe_end end, int how)
{
    const char *why = strerror(errno);

    if (how == WIRE_CLOSED)
        why = wire->size == 0 ? "closed without a word" : "closed in the middle of a reply";
    else if (errno == ETIMEDOUT)
        why = "no whole reply in time";
    else if (errno == EMSGSIZE)
        why = "a reply without an end";
    else if (errno == EPROTO)
        why = "broken TLS";
    end_talk(wire, end, why);
}

/* One reply: 0, or -1: the talk has ended, as end. */
static int
read_reply(struct wire *wire, enum probe_moment moment, enum probe_end end,
           struct probe_reply *reply_r)
{
    struct probe_talk *talk = wire->talk;
    char why[PROBE_TEXT + 40];
    int used = 0, got = 1;

    do {
        if (talk->protocol == PROBE_UNKNOWN)
            talk->protocol = probe_reply_protocol(wire->in, wire->size);
        used = probe_reply_parse(talk->protocol, moment, wire->in, wire->size, reply_r);
        if (used != 0)
            break;
        got = read_more(wire);
        wire->size += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (used == 0) {
        end_without_reply(wire, end, got);
        return -1;
    }
    if (used < 0) {
        snprintf(why, sizeof(why), "%s%s: %s",
                 talk->protocol == PROBE_UNKNOWN ? "no greeting of a mail server"
                                                 : "not a reply of ",
                 talk->protocol == PROBE_UNKNOWN ? "" : probe_protocol_title(talk->protocol),
                 reply_r->text);
        end_talk(wire, end, why);
        return -1;
    }
    wire->size -= (size_t)used;
    memmove(wire->in, wire->in + used, wire->size);
    return 0;
}

/* RFC 5321 4.1.3: who has no name says its address. */
static void
send_ehlo(struct wire *wire)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    char host[TLSFLOOR_ADDRESS_TEXT] = "127.0.0.1", line[TLSFLOOR_ADDRESS_TEXT + 20];
    struct tlsfloor_address address = {TLSFLOOR_FAMILY_NONE, {0}};

    if (getsockname(wire->fd, (struct sockaddr *)&own, &size) == 0 &&
        getnameinfo((struct sockaddr *)&own, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) ==
            0 &&
        tlsfloor_address_parse(tlsfloor_text_from(host), &address) == 0)
        tlsfloor_address_format(&address, host);
    snprintf(line, sizeof(line), "EHLO [%s%s]\r\n",
             address.family == TLSFLOOR_FAMILY_IPV6 ? "IPv6:" : "", host);
    send_text(wire, line);
}

static int
ask_capabilities(struct wire *wire, enum probe_end end, struct probe_reply *reply_r)
{
    if (wire->talk->protocol == PROBE_SMTP)
        send_ehlo(wire);
    else
        send_text(wire, probe_protocol_capability(wire->talk->protocol));
    return read_reply(wire, PROBE_CAPABILITIES, end, reply_r);
}

/* From the greeting to the capabilities; those of ManageSieve are in its greeting. */
static int
be_greeted(struct wire *wire, enum probe_end end, struct probe_reply *reply_r)
{
    if (read_reply(wire, PROBE_GREETING, end, reply_r) != 0)
        return -1;
    if (!reply_r->good || wire->talk->protocol == PROBE_SIEVE)
        return 0;
    return ask_capabilities(wire, end, reply_r);
}

/* Whatever the server says between its yes and the handshake, nobody protects. */
static int
start_tls(struct wire *wire, const struct probe_reply *capabilities)
{
    struct probe_reply reply;

    if (!capabilities->good || !capabilities->starttls) {
        end_talk(wire, PROBE_END_NO_STARTTLS,
                 capabilities->good ? "STARTTLS is not offered" : capabilities->text);
        return -1;
    }
    send_text(wire, probe_protocol_starttls(wire->talk->protocol));
    if (read_reply(wire, PROBE_STARTTLS, PROBE_END_FAILED, &reply) != 0)
        return -1;
    if (!reply.good) {
        end_talk(wire, PROBE_END_NO_STARTTLS, reply.text);
        return -1;
    }
    if (wire->size > 0) {
        end_talk(wire, PROBE_END_INJECTED,
                 "data behind the reply to STARTTLS, before the handshake: it may come from "
                 "anybody on the way");
        return -1;
    }
    return 0;
}

/* --- TLS --- */

/*
 * A client of today looks at the certificate. Old versions and suites need
 * OpenSSL's level 0: TLS 1.0 signs with SHA-1.
 */
static int
equip(SSL_CTX *context, const struct probe_peer *peer, const struct probe_offer *offer)
{
    if (offer->suites == NULL)
        return peer->ca == NULL ? SSL_CTX_set_default_verify_paths(context)
                                : SSL_CTX_load_verify_file(context, peer->ca);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
    return SSL_CTX_set_cipher_list(context, offer->suites);
}

/* A client that offers this, or NULL: OpenSSL has not got it. */
static SSL_CTX *
make_context(const struct probe_peer *peer, const struct probe_offer *offer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context != NULL && equip(context, peer, offer) == 1 &&
        SSL_CTX_set_min_proto_version(context, offer->least) == 1 &&
        SSL_CTX_set_max_proto_version(context, offer->most) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static void
say_handshake(struct wire *wire, int how)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_PROTOCOLS_AVAILABLE) {
        end_talk(wire, PROBE_END_UNABLE, UNABLE);
        return;
    }
    if (how == WIRE_CLOSED)
        reason = "closed without a word";
    else if (errno == ETIMEDOUT)
        reason = "not in time";
    else if (reason == NULL)
        reason = strerror(errno);
    end_talk(wire, PROBE_END_HANDSHAKE, reason);
}

static int
shake_hands(struct wire *wire, SSL *ssl)
{
    int result, again;

    do {
        ERR_clear_error();
        errno = 0;
        result = SSL_connect(ssl);
        again = result == 1 ? 0 : wait_for_tls(wire, ssl, result);
    } while (again == 1);
    if (result == 1)
        return 0;
    say_handshake(wire, again);
    return -1;
}

static void
take_session(struct wire *wire, const struct probe_peer *peer)
{
    const struct probe_reference reference = {peer->name, peer->domain, peer->srv_id};
    struct probe_talk *talk = wire->talk;

    snprintf(talk->version, sizeof(talk->version), "%s", SSL_get_version(wire->ssl));
    snprintf(talk->suite, sizeof(talk->suite), "%s", SSL_get_cipher_name(wire->ssl));
    probe_certificate_get(wire->ssl, &reference, &talk->certificate);
}

static int
begin_tls(struct wire *wire, const struct probe_peer *peer)
{
    struct tlsfloor_address address;
    SSL *ssl = SSL_new(wire->context);

    if (ssl == NULL || SSL_set_fd(ssl, wire->fd) != 1) {
        SSL_free(ssl);
        end_talk(wire, PROBE_END_UNABLE, "no memory");
        return -1;
    }
    if (tlsfloor_address_parse(tlsfloor_text_from(peer->name), &address) != 0)
        SSL_set_tlsext_host_name(ssl, peer->name);
    if (shake_hands(wire, ssl) != 0) {
        SSL_free(ssl);
        return -1;
    }
    wire->ssl = ssl;
    take_session(wire, peer);
    return 0;
}

/* --- the whole of it --- */

/* Without a reply all is as it was before. */
static void
try_login(struct wire *wire)
{
    struct probe_talk before = *wire->talk;
    struct probe_reply reply;

    send_text(wire, probe_protocol_login(before.protocol));
    if (read_reply(wire, PROBE_LOGIN, PROBE_END_SILENT, &reply) == 0)
        before.login = reply;
    *wire->talk = before;
}

/* What the last capabilities say of logging in. */
static void
conclude(struct wire *wire, const struct probe_offer *offer, const struct probe_reply *reply)
{
    if (!reply->good)
        end_talk(wire, PROBE_END_REFUSED, reply->text);
    else if (!reply->login)
        end_talk(wire, PROBE_END_NO_LOGIN, "no way to log in is offered");
    else
        end_talk(wire, PROBE_END_LOGIN, "a login is offered");
    /* A refused EHLO alone keeps nobody from logging in. */
    if (offer->login && (reply->good || wire->talk->protocol == PROBE_SMTP))
        try_login(wire);
    send_text(wire, probe_protocol_goodbye(wire->talk->protocol));
}

/* After STARTTLS there is no greeting, but for ManageSieve's capabilities. */
static int
look_again(struct wire *wire, struct probe_reply *reply_r)
{
    if (wire->talk->protocol == PROBE_SIEVE)
        return read_reply(wire, PROBE_GREETING, PROBE_END_SILENT, reply_r);
    return ask_capabilities(wire, PROBE_END_SILENT, reply_r);
}

static void
converse(struct wire *wire, const struct probe_peer *peer, const struct probe_offer *offer)
{
    struct probe_reply reply;

    if (dial(wire, peer) != 0) {
        end_talk(wire, PROBE_END_FAILED, strerror(errno));
        return;
    }
    wire->talk->connected = 1;
    if (offer->plain || peer->starttls) {
        if (be_greeted(wire, PROBE_END_FAILED, &reply) != 0)
            return;
        if (offer->plain) {
            conclude(wire, offer, &reply);
            return;
        }
        if (start_tls(wire, &reply) != 0)
            return;
    }
    if (begin_tls(wire, peer) == 0 &&
        (peer->starttls ? look_again(wire, &reply) : be_greeted(wire, PROBE_END_SILENT, &reply)) ==
            0)
        conclude(wire, offer, &reply);
}

void
probe_talk(const struct probe_peer *peer, const struct probe_offer *offer,
           struct probe_talk *talk_r)
{
    struct wire wire = {.fd = -1, .talk = talk_r};

    memset(talk_r, 0, sizeof(*talk_r));
    talk_r->protocol = peer->protocol;
    wire.context = make_context(peer, offer);
    wire.deadline = milliseconds() + (int64_t)peer->timeout * 1000;
    if (wire.context == NULL)
        end_talk(&wire, PROBE_END_UNABLE, UNABLE);
    else
        converse(&wire, peer, offer);
    if (wire.ssl != NULL)
        SSL_shutdown(wire.ssl);
    SSL_free(wire.ssl);
    SSL_CTX_free(wire.context);
    if (wire.fd >= 0)
        close(wire.fd);
}
