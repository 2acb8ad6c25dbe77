/* SPDX-License-Identifier: MIT */
/*
 * Which applied state Dovecot's processes read: the one of the build, or what
 * dovecot.conf hands on by import_environment, for hosts with several.
 */
#ifndef TLSFLOOR_STATE_DIRECTORY_H
#define TLSFLOOR_STATE_DIRECTORY_H

/* $TLSFLOOR_STATE, if it is set and not empty, else the directory of the build. */
const char *tlsfloor_state_directory(void);

#endif
