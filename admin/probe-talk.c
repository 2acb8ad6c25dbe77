/* SPDX-License-Identifier: MIT */
/*
 * From the greeting to the offer of a login, one step after the other; each
 * that goes wrong ends the talk and says why.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "network.h"
#include "probe-talk.h"
#include "probe-wire.h"

#define UNABLE "this OpenSSL cannot speak it"

struct talker {
    struct wire wire;
    SSL_CTX *context;
    struct probe_talk *talk;
};

static void
end_talk(struct talker *talker, enum probe_end end, const char *why)
{
    talker->talk->end = end;
    probe_printable(tlsfloor_text_from(why), talker->talk->why, sizeof(talker->talk->why));
}

/* Says why no reply came. */
static void
end_without_reply(struct talker *talker, enum probe_end end, int how)
{
    const char *why = strerror(errno);

    if (how == WIRE_CLOSED)
        why = talker->wire.size == 0 ? "closed without a word" : "closed in the middle of a reply";
    else if (errno == ETIMEDOUT)
        why = "no whole reply in time";
    else if (errno == EMSGSIZE)
        why = "a reply without an end";
    else if (errno == EPROTO)
        why = "broken TLS";
    end_talk(talker, end, why);
}

/* One reply: 0, or -1: the talk has ended, as end. */
static int
read_reply(struct talker *talker, enum probe_moment moment, enum probe_end end,
           struct probe_reply *reply_r)
{
    struct probe_talk *talk = talker->talk;
    char why[PROBE_TEXT + 40];
    int used = 0, got = 1;

    do {
        if (talk->protocol == PROBE_UNKNOWN)
            talk->protocol = probe_reply_protocol(talker->wire.in, talker->wire.size);
        used =
            probe_reply_parse(talk->protocol, moment, talker->wire.in, talker->wire.size, reply_r);
        if (used != 0)
            break;
        got = wire_read(&talker->wire);
    } while (got > 0);
    if (used == 0) {
        end_without_reply(talker, end, got);
        return -1;
    }
    if (used < 0) {
        snprintf(why, sizeof(why), "%s%s: %s",
                 talk->protocol == PROBE_UNKNOWN ? "no greeting of a mail server"
                                                 : "not a reply of ",
                 talk->protocol == PROBE_UNKNOWN ? "" : probe_protocol_title(talk->protocol),
                 reply_r->text);
        end_talk(talker, end, why);
        return -1;
    }
    wire_use(&talker->wire, (size_t)used);
    return 0;
}

/* RFC 5321 4.1.3: who has no name says its address. */
static void
send_ehlo(struct talker *talker)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    char host[TLSFLOOR_ADDRESS_TEXT] = "127.0.0.1", line[TLSFLOOR_ADDRESS_TEXT + 20];
    struct tlsfloor_address address = {TLSFLOOR_FAMILY_NONE, {0}};

    if (getsockname(talker->wire.fd, (struct sockaddr *)&own, &size) == 0 &&
        getnameinfo((struct sockaddr *)&own, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) ==
            0 &&
        tlsfloor_address_parse(tlsfloor_text_from(host), &address) == 0)
        tlsfloor_address_format(&address, host);
    snprintf(line, sizeof(line), "EHLO [%s%s]\r\n",
             address.family == TLSFLOOR_FAMILY_IPV6 ? "IPv6:" : "", host);
    wire_send(&talker->wire, line);
}

static int
ask_capabilities(struct talker *talker, enum probe_end end, struct probe_reply *reply_r)
{
    if (talker->talk->protocol == PROBE_SMTP)
        send_ehlo(talker);
    else
        wire_send(&talker->wire, probe_protocol_capability(talker->talk->protocol));
    return read_reply(talker, PROBE_CAPABILITIES, end, reply_r);
}

/* From the greeting to the capabilities; those of ManageSieve are in its greeting. */
static int
be_greeted(struct talker *talker, enum probe_end end, struct probe_reply *reply_r)
{
    if (read_reply(talker, PROBE_GREETING, end, reply_r) != 0)
        return -1;
    if (!reply_r->good || talker->talk->protocol == PROBE_SIEVE)
        return 0;
    return ask_capabilities(talker, end, reply_r);
}

/* Whatever the server says between its yes and the handshake, nobody protects. */
static int
start_tls(struct talker *talker, const struct probe_reply *capabilities)
{
    struct probe_reply reply;

    if (!capabilities->good || !capabilities->starttls) {
        end_talk(talker, PROBE_END_NO_STARTTLS,
                 capabilities->good ? "STARTTLS is not offered" : capabilities->text);
        return -1;
    }
    wire_send(&talker->wire, probe_protocol_starttls(talker->talk->protocol));
    if (read_reply(talker, PROBE_STARTTLS, PROBE_END_FAILED, &reply) != 0)
        return -1;
    if (!reply.good) {
        end_talk(talker, PROBE_END_NO_STARTTLS, reply.text);
        return -1;
    }
    if (talker->wire.size > 0) {
        end_talk(talker, PROBE_END_INJECTED,
                 "data behind the reply to STARTTLS, before the handshake: it may come from "
                 "anybody on the way");
        return -1;
    }
    return 0;
}

/* --- TLS --- */

/*
 * A client of today looks at the certificate. Old versions and suites need
 * OpenSSL's level 0, for TLS 1.0 signs with SHA-1, and every version, whatever
 * the system's openssl.cnf forbids.
 */
static int
equip(SSL_CTX *context, const struct probe_peer *peer, const struct probe_offer *offer)
{
    if (offer->suites == NULL)
        return peer->ca == NULL ? SSL_CTX_set_default_verify_paths(context)
                                : SSL_CTX_load_verify_file(context, peer->ca);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_clear_options(context, SSL_OP_NO_SSL_MASK);
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
say_handshake(struct talker *talker, int how)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_PROTOCOLS_AVAILABLE) {
        end_talk(talker, PROBE_END_UNABLE, UNABLE);
        return;
    }
    if (how == WIRE_CLOSED)
        reason = "closed without a word";
    else if (errno == ETIMEDOUT)
        reason = "not in time";
    else if (reason == NULL)
        reason = strerror(errno);
    end_talk(talker, PROBE_END_HANDSHAKE, reason);
}

static void
take_session(struct talker *talker, const struct probe_peer *peer)
{
    const struct probe_reference reference = {peer->name, peer->domain, peer->srv_id};
    struct probe_talk *talk = talker->talk;

    snprintf(talk->version, sizeof(talk->version), "%s", SSL_get_version(talker->wire.ssl));
    snprintf(talk->suite, sizeof(talk->suite), "%s", SSL_get_cipher_name(talker->wire.ssl));
    probe_certificate_get(talker->wire.ssl, &reference, &talk->certificate);
}

static int
begin_tls(struct talker *talker, const struct probe_peer *peer)
{
    struct tlsfloor_address address;
    SSL *ssl = SSL_new(talker->context);
    int how;

    if (ssl == NULL) {
        end_talk(talker, PROBE_END_UNABLE, "no memory");
        return -1;
    }
    if (tlsfloor_address_parse(tlsfloor_text_from(peer->name), &address) != 0)
        SSL_set_tlsext_host_name(ssl, peer->name);
    how = wire_begin_tls(&talker->wire, ssl);
    if (how != 1) {
        say_handshake(talker, how);
        return -1;
    }
    take_session(talker, peer);
    return 0;
}

/* --- the whole of it --- */

/* Without a reply all is as it was before. */
static void
try_login(struct talker *talker)
{
    struct probe_talk before = *talker->talk;
    struct probe_reply reply;

    wire_send(&talker->wire, probe_protocol_login(before.protocol));
    if (read_reply(talker, PROBE_LOGIN, PROBE_END_SILENT, &reply) == 0)
        before.login = reply;
    *talker->talk = before;
}

/* What the last capabilities say of logging in. */
static void
conclude(struct talker *talker, const struct probe_offer *offer, const struct probe_reply *reply)
{
    if (!reply->good)
        end_talk(talker, PROBE_END_REFUSED, reply->text);
    else if (!reply->login)
        end_talk(talker, PROBE_END_NO_LOGIN, "no way to log in is offered");
    else
        end_talk(talker, PROBE_END_LOGIN, "a login is offered");
    /* A refused EHLO alone keeps nobody from logging in. */
    if (offer->login && (reply->good || talker->talk->protocol == PROBE_SMTP))
        try_login(talker);
    wire_send(&talker->wire, probe_protocol_goodbye(talker->talk->protocol));
}

/* After STARTTLS there is no greeting, but for ManageSieve's capabilities. */
static int
look_again(struct talker *talker, struct probe_reply *reply_r)
{
    if (talker->talk->protocol == PROBE_SIEVE)
        return read_reply(talker, PROBE_GREETING, PROBE_END_SILENT, reply_r);
    return ask_capabilities(talker, PROBE_END_SILENT, reply_r);
}

static unsigned
own_port(const struct wire *wire)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);

    if (getsockname(wire->fd, (struct sockaddr *)&own, &size) != 0)
        return 0;
    return ntohs(own.ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)&own)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)&own)->sin_port);
}

static void
converse(struct talker *talker, const struct probe_peer *peer, const struct probe_offer *offer)
{
    struct probe_reply reply;

    if (wire_open(&talker->wire, &peer->address, peer->size, peer->timeout) != 0) {
        end_talk(talker, PROBE_END_FAILED, strerror(errno));
        return;
    }
    talker->talk->connected = 1;
    talker->talk->port = own_port(&talker->wire);
    if (offer->plain || peer->starttls) {
        if (be_greeted(talker, PROBE_END_FAILED, &reply) != 0)
            return;
        if (offer->plain) {
            conclude(talker, offer, &reply);
            return;
        }
        if (start_tls(talker, &reply) != 0)
            return;
    }
    if (begin_tls(talker, peer) == 0 &&
        (peer->starttls ? look_again(talker, &reply)
                        : be_greeted(talker, PROBE_END_SILENT, &reply)) == 0)
        conclude(talker, offer, &reply);
}

void
probe_talk(const struct probe_peer *peer, const struct probe_offer *offer,
           struct probe_talk *talk_r)
{
    struct talker talker = {.wire = {.fd = -1}, .talk = talk_r};

    memset(talk_r, 0, sizeof(*talk_r));
    talk_r->protocol = peer->protocol;
    talker.context = make_context(peer, offer);
    if (talker.context == NULL)
        end_talk(&talker, PROBE_END_UNABLE, UNABLE);
    else
        converse(&talker, peer, offer);
    wire_close(&talker.wire);
    SSL_CTX_free(talker.context);
}
