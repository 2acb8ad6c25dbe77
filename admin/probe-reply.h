/* SPDX-License-Identifier: MIT */
/*
 * What a mail server says before anybody logs in: greeting, capabilities, the
 * reply to STARTTLS. Bytes in, a few facts out; whatever the server sends is
 * hostile. Keeps nothing, allocates nothing.
 */
#ifndef TLSFLOOR_PROBE_REPLY_H
#define TLSFLOOR_PROBE_REPLY_H

#include "text.h"

enum probe_protocol {
    PROBE_UNKNOWN = 0, /* the greeting is to tell */
    PROBE_IMAP,
    PROBE_POP3,
    PROBE_SIEVE,
    PROBE_SMTP
};

/* What the server is answering. */
enum probe_moment {
    PROBE_GREETING = 0, /* of ManageSieve also the capabilities that follow TLS */
    PROBE_CAPABILITIES,
    PROBE_STARTTLS,
    PROBE_LOGIN
};

#define PROBE_TEXT 200

struct probe_reply {
    int good;              /* 1: yes; 0: it refuses, or says goodbye */
    int starttls;          /* 1: STARTTLS is offered */
    int login;             /* 1: some way to log in is offered */
    int policy;            /* 1: a refusal in the words for TLS that is not good enough */
    char text[PROBE_TEXT]; /* the line that says yes or no, printable ASCII, cut */
};

/*
 * One reply at the beginning of the bytes: how many it takes, 0 if it is not
 * complete yet, or -1: nobody says this in that protocol, the line is in text.
 */
int probe_reply_parse(enum probe_protocol protocol, enum probe_moment moment, const char *bytes,
                      size_t size, struct probe_reply *reply_r);

/* The protocol of a greeting, UNKNOWN if it is of none; needs its first line whole. */
enum probe_protocol probe_reply_protocol(const char *bytes, size_t size);

/* A piece of somebody's text into text_r of room bytes: what is not printable ASCII is '?'. */
void probe_printable(struct tlsfloor_text text, char *text_r, size_t room);

/* "IMAP" ... "SMTP", "unknown protocol". */
const char *probe_protocol_title(enum probe_protocol protocol);

/* The protocol that --starttls calls "imap", "pop3", "sieve" or "smtp"; else UNKNOWN. */
enum probe_protocol probe_protocol_parse(const char *name);

/* Commands, with their line ends; of CAPABILITIES of SMTP what the address goes into. */
const char *probe_protocol_capability(enum probe_protocol protocol);
const char *probe_protocol_starttls(enum probe_protocol protocol);
const char *probe_protocol_goodbye(enum probe_protocol protocol);

/* A login that nobody has. */
const char *probe_protocol_login(enum probe_protocol protocol);

#endif
