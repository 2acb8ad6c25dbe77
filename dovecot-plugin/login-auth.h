/* SPDX-License-Identifier: MIT */
/*
 * Authentication: which mechanisms a client is shown, whether an attempt may
 * go to the auth process, whether a login goes on, and the words if not
 * (RFC 8314 section 4.1: nothing tells whether a password was right).
 */
#ifndef TLSFLOOR_LOGIN_AUTH_H
#define TLSFLOOR_LOGIN_AUTH_H

#include "login-session.h"

/* Puts our functions into those of a client that is being allocated. */
void tlsfloor_login_auth_hook(struct client_vfuncs *v);

#endif
