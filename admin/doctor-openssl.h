/* SPDX-License-Identifier: MIT */
/*
 * What the system's configuration of OpenSSL lets a server do that says nothing
 * itself. Asks the library, as Dovecot and Postfix load the same file.
 */
#ifndef TLSFLOOR_DOCTOR_OPENSSL_H
#define TLSFLOOR_DOCTOR_OPENSSL_H

#include "doctor-facts.h"

/* Where OpenSSL has no memory for a context, it is what Debian's build has. */
void doctor_openssl_get(struct doctor_openssl *openssl_r);

#endif
