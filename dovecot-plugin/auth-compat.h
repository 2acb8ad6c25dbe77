/* SPDX-License-Identifier: MIT */
/*
 * The way to the headers of Dovecot's auth process, as dovecot-compat.h is to
 * those of its login processes. Written for 2.3.
 */
#ifndef TLSFLOOR_AUTH_COMPAT_H
#define TLSFLOOR_AUTH_COMPAT_H

#include "lib.h"

#include "auth-fields.h"
#include "auth-request.h"
#include "auth.h"
#include "ioloop.h"
#include "module-dir.h"
#include "passdb.h"

#endif
