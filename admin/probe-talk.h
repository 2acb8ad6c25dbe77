/* SPDX-License-Identifier: MIT */
/*
 * One connection to a mail server: capabilities and STARTTLS, a TLS handshake
 * with the versions and suites of choice, and what the server says then. Logs
 * in only where it is told to, with a name that nobody has. A connection ends
 * with its time, whatever the server does.
 */
#ifndef TLSFLOOR_PROBE_TALK_H
#define TLSFLOOR_PROBE_TALK_H

#include <sys/socket.h>

#include "probe-certificate.h"
#include "probe-reply.h"

struct probe_peer {
    struct sockaddr_storage address;
    socklen_t size;
    enum probe_protocol protocol; /* UNKNOWN: the greeting tells; not with starttls */
    int starttls;                 /* 1: TLS begins by command, 0: at once */
    const char *name;             /* host or address that the certificate is to be for */
    const char *domain;           /* whose SRV record led here: for that instead; NULL: none */
    const char *srv_id;           /* or for this: "_imaps.example.org"; NULL: none */
    const char *ca;               /* PEM file of those who are trusted; NULL: the system's */
    unsigned timeout;             /* of a whole connection, seconds */
};

/* What the client offers. */
struct probe_offer {
    int least, most;    /* TLS versions as OpenSSL numbers them, 0: as OpenSSL has it */
    const char *suites; /* up to TLS 1.2, OpenSSL's syntax; NULL: a client of today, who also
                           looks whether the certificate is trusted */
    int plain;          /* 1: no TLS at all */
    int login;          /* 1: also try to log in */
};

/* How far it came; what is better has the greater value. */
enum probe_end {
    PROBE_END_FAILED = 0,  /* no connection, no answer in time, or not this protocol */
    PROBE_END_INJECTED,    /* data before the handshake that a client would take for protected */
    PROBE_END_NO_STARTTLS, /* not offered, or refused */
    PROBE_END_UNABLE,      /* this OpenSSL cannot offer that */
    PROBE_END_HANDSHAKE,   /* the server does not finish it */
    PROBE_END_SILENT,      /* TLS is up, and nothing sensible follows */
    PROBE_END_REFUSED,     /* TLS is up, and the server refuses to go on, in its protocol */
    PROBE_END_NO_LOGIN,    /* it goes on and offers no way to log in */
    PROBE_END_LOGIN        /* a login is offered */
};

struct probe_talk {
    enum probe_end end;
    int connected;                /* 0: there is no connection at all */
    unsigned port;                /* our own; 0: none */
    char why[PROBE_TEXT];         /* in words: of FAILED to SILENT; of REFUSED the server's line */
    enum probe_protocol protocol; /* as it turned out */
    char version[16];             /* as OpenSSL names them; empty: no TLS */
    char suite[64];
    struct probe_certificate certificate;
    struct probe_reply login; /* the reply to the login that was tried; text empty: none */
};

/* Talks once, and says how far it came. Needs SIGPIPE to be ignored. */
void probe_talk(const struct probe_peer *peer, const struct probe_offer *offer,
                struct probe_talk *talk_r);

#endif
