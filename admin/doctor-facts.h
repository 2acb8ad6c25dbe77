/* SPDX-License-Identifier: MIT */
/*
 * All that doctor has found out before it judges: settings of Dovecot and
 * Postfix, the applied policy, and what lies on this host. The checks read it
 * and nothing else, so that tables can test them.
 */
#ifndef TLSFLOOR_DOCTOR_FACTS_H
#define TLSFLOOR_DOCTOR_FACTS_H

#include "doctor-findings.h"
#include "doctor-settings.h"
#include "policy.h"

#define DOCTOR_SOCKETS 8
#define DOCTOR_PROXIES 8

/* A file, and the folder that it is in. */
struct doctor_file {
    char path[TLSFLOOR_PATH];
    int there;     /* 1, or 0: there is none; all that follows is 0 */
    int is_socket; /* 1 or 0 */
    unsigned mode; /* permission bits */
    unsigned user, group;
    unsigned folder_mode, folder_user, folder_group;
};

struct doctor_dovecot {
    int there; /* 1: what follows is set */
    char version[32];
    char conf[TLSFLOOR_PATH];
    struct settings settings;
    int module_missing;    /* 1: a plugin is to be loaded that is not there */
    int passdb_missing;    /* 1: our passdb is not where Dovecot looks for it */
    char stale[64];        /* a file of Dovecot that the plugin was not built with; or empty */
    char stale_passdb[64]; /* the same of our passdb */
    char readers[64];      /* the group that may read the exceptions; empty: everybody */
};

struct doctor_postfix {
    int there;
    char version[32];
    char conf[TLSFLOOR_PATH];
    struct settings settings; /* of postconf -x, -xP and -F */
    unsigned user, group;     /* whom smtpd connects as */
    struct doctor_file sockets[DOCTOR_SOCKETS];
    size_t socket_count;
};

/* What OpenSSL is told by the system, and lets be where a server says nothing. */
struct doctor_openssl {
    char conf[TLSFLOOR_PATH]; /* the file that tells it */
    enum tlsfloor_tls oldest; /* by MinProtocol; TLS 1.0 at least */
    unsigned forbidden;       /* by Protocol: a bit 1 << VERSION for each */
    int level;                /* the security level: of CipherString, else as it was built */
};

/* A program that is neither Dovecot nor Postfix and listens on a port of theirs. */
struct doctor_proxy {
    unsigned port;
    char program[32];
};

struct doctor_facts {
    const struct tlsfloor_policy *policy; /* the applied one; NULL: none */
    int64_t now;                          /* seconds since 1970, UTC */
    /* Of live exceptions: the oldest version allowed, NEWER: none; and whether one is for none. */
    enum tlsfloor_tls oldest[TLSFLOOR_SERVICES];
    int cleartext[TLSFLOOR_SERVICES];
    struct doctor_dovecot dovecot;
    struct doctor_postfix postfix;
    struct doctor_openssl openssl;
    struct doctor_proxy proxies[DOCTOR_PROXIES];
    size_t proxy_count;
    int system_log; /* 1: there is one to write to */
};

/* Runs every check that can be: without a policy few can. Sorts what is found. */
void doctor_check(const struct doctor_facts *facts, struct findings *findings);

/* --- what the checks of several files share --- */

/* 1 if the policy of a service refuses everybody below the floor now. */
int doctor_enforces(const struct doctor_facts *facts, enum tlsfloor_service service);

/* The security level that a list of ciphers sets, or the other one. */
int doctor_security_level(const char *ciphers, int otherwise);
/* OpenSSL forbids TLS 1.0 and 1.1 above this level: they sign with SHA-1. */
#define DOCTOR_LEVEL_OF_OLD_TLS 0

/* The oldest version from this one on that OpenSSL is not told to forbid. */
enum tlsfloor_tls doctor_not_forbidden(const struct doctor_facts *facts, enum tlsfloor_tls tls);

/* How a service accepts old TLS. */
struct doctor_handshake {
    enum tlsfloor_service service;
    const char *program, *name; /* "Dovecot", "imap" */
    const char *where;          /* the setting that says so */
    enum tlsfloor_tls oldest;   /* that it accepts */
    const char *accept, *end;   /* the lines that accept TLS 1.0, and that end old TLS */
};
void doctor_judge_handshake(const struct doctor_facts *facts,
                            const struct doctor_handshake *handshake, struct findings *findings);

#endif
