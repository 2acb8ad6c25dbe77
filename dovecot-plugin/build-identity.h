/* SPDX-License-Identifier: MIT */
/*
 * Is this the Dovecot that the module was built with? Debian changes Dovecot's
 * structures under an unchanged ABI version, so the build-ids of its libraries
 * (NT_GNU_BUILD_ID) are compared before anything of them is used.
 */
#ifndef TLSFLOOR_BUILD_IDENTITY_H
#define TLSFLOOR_BUILD_IDENTITY_H

#include <stddef.h>

struct tlsfloor_build_id {
    const char *file; /* a loaded file without its directory; empty: the program itself */
    const char *id;   /* hexadecimal, lower case */
};

/*
 * 0 if each of these files is loaded and has its build-id, or -1 with a
 * sentence in error (cut at size bytes) that names the first one that has not.
 */
int tlsfloor_build_identity_check(const struct tlsfloor_build_id *wanted, size_t count, char *error,
                                  size_t size);

#endif
