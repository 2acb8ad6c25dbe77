/* SPDX-License-Identifier: MIT */
/*
 * Answers policy requests on any number of connections, in one thread that
 * waits for nobody: neither for a client nor for the log. Keeps the policy up
 * to date. An idle connection is never closed and costs less than 1 KB.
 */
#ifndef TLSFLOOR_SERVER_H
#define TLSFLOOR_SERVER_H

#include "audit-syslog.h"
#include "sockets.h"
#include "state.h"

struct tlsfloor_server;

/* What a server works with. */
struct tlsfloor_server_setup {
    const char *directory;            /* of the applied state; looked at once a second */
    struct tlsfloor_policy *policy;   /* in force; the server's to free */
    struct stat identity;             /* of its file */
    struct tlsfloor_syslog *log;      /* not closed by the server */
    struct tlsfloor_sockets *sockets; /* to accept from; closed on SIGTERM */
};

/* A server, which raises the limit of descriptors as far as it may. NULL: no memory. */
struct tlsfloor_server *tlsfloor_server_new(const struct tlsfloor_server_setup *setup);

/*
 * Answers on one connection, read from in and written to out, and stops when
 * that ends. 0, or -1: they are not descriptors that can be waited for.
 */
int tlsfloor_server_attach(struct tlsfloor_server *server, int in, int out);

/*
 * Runs until SIGTERM or SIGINT, then answers what is in flight (a request of
 * which bytes have come, for at most 5 seconds) and empties the log. SIGHUP
 * looks for a new policy at once. 0, or -1: the event loop failed.
 */
int tlsfloor_server_run(struct tlsfloor_server *server);

/* Closes every connection and frees the server, if there is one. */
void tlsfloor_server_free(struct tlsfloor_server *server);

#endif
