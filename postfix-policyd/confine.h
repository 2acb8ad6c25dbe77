/* SPDX-License-Identifier: MIT */
/*
 * Takes from the daemon all that it does not need to answer requests, so that
 * whoever should ever take it over has nothing in hand: no capability, no way
 * to gain one, and no system call but those of its work.
 */
#ifndef TLSFLOOR_CONFINE_H
#define TLSFLOOR_CONFINE_H

#define TLSFLOOR_CONFINE_ERROR 256

/* "with seccomp", or "without seccomp": whether the system call filter was built in. */
extern const char tlsfloor_confine_filter[];

/* Empties the capability bounding set, which only root can: before the change of user. */
void tlsfloor_confine_bounds(void);

/*
 * For good: no capabilities, no_new_privs, and the system call filter. What
 * is not on its list ends the process with SIGSYS. To be called when all is
 * open that is ever opened to be written to or listened on. 0, or -1 with a
 * sentence in error.
 */
int tlsfloor_confine(char error[TLSFLOOR_CONFINE_ERROR]);

#endif
