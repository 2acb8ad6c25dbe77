/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: those that a service manager hands over, and those that
 * are opened by name; and the few words that a service manager is told.
 */
#ifndef TLSFLOOR_SOCKETS_H
#define TLSFLOOR_SOCKETS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#define TLSFLOOR_SOCKETS 16
#define TLSFLOOR_SOCKETS_ERROR 256

/* A zeroed set is empty. */
struct tlsfloor_sockets {
    struct tlsfloor_socket {
        int fd;
        char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* ours to remove, else empty */
        dev_t device;
        ino_t inode;
    } items[TLSFLOOR_SOCKETS];
    size_t count;
};

/*
 * Takes the sockets of LISTEN_FDS, if they are meant for this process, and
 * clears these variables. 0, or -1 with a sentence in error.
 */
int tlsfloor_sockets_inherit(struct tlsfloor_sockets *sockets, char error[TLSFLOOR_SOCKETS_ERROR]);

/*
 * Opens "unix:PATH" or "inet:ADDR:PORT" ("inet:[::1]:10045"). A unix socket
 * has mode 0660 and the group of its directory; a stale one is replaced, one
 * that somebody listens on is not. 0, or -1 with a sentence in error.
 */
int tlsfloor_sockets_open(struct tlsfloor_sockets *sockets, const char *name,
                          char error[TLSFLOOR_SOCKETS_ERROR]);

/* Closes all, and removes the unix sockets that were opened by name and are still ours. */
void tlsfloor_sockets_close(struct tlsfloor_sockets *sockets);

/* Tells the service manager ("READY=1"), if there is one that wants to know. */
void tlsfloor_sockets_notify(const char *state);

#endif
