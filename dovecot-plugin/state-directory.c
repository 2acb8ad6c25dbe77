/* SPDX-License-Identifier: MIT */
/*
 * Reads the environment, which only the admin's dovecot.conf can set.
 */
#include <stdlib.h>

#include "state-directory.h"

#define STATE_VARIABLE "TLSFLOOR_STATE"

const char *
tlsfloor_state_directory(void)
{
    const char *directory = getenv(STATE_VARIABLE);

    return directory == NULL || directory[0] == '\0' ? TLSFLOOR_STATEDIR : directory;
}
