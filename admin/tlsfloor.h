/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands of tlsfloor get: the command line, taken apart.
 */
#ifndef TLSFLOOR_ADMIN_H
#define TLSFLOOR_ADMIN_H

/* Exit codes of every command; decide has its own besides. */
enum tlsfloor_exit { EXIT_OK = 0, EXIT_WARNINGS = 1, EXIT_ERROR = 2 };

struct invocation {
    const char *conf;                                                     /* -c, or the default */
    int conf_given;                                                       /* 1: -c was there */
    const char *state;                                                    /* -S, or the default */
    int defaults;                                                         /* show -d */
    int json;                                                             /* --json */
    const char *service, *user, *client, *connection, *tls, *cipher, *at; /* decide; NULL: absent */
    int no_user;
    int expired, replace, force; /* exception */
    const char *expiring;
    const char *dovecot_config, *postfix_config; /* doctor; NULL: absent */
    int live;
    const char *starttls, *ca, *name, *timeout; /* probe; NULL: absent */
    const char *since, *year, *by, *exceptions; /* report; NULL: absent */
    const char *days;                           /* retire */
    int ignore_trusted;
    int journal, csv, html, users, password_changes, mask;
    int argc; /* what stands behind the command's name */
    char **argv;
};

int command_apply(const struct invocation *invocation);
int command_check(const struct invocation *invocation);
int command_ciphers(const struct invocation *invocation);
int command_decide(const struct invocation *invocation);
int command_doctor(const struct invocation *invocation);
int command_exception(const struct invocation *invocation);
int command_probe(const struct invocation *invocation);
int command_report(const struct invocation *invocation);
int command_retire(const struct invocation *invocation);
int command_show(const struct invocation *invocation);

#endif
