/* SPDX-License-Identifier: MIT */
/*
 * Programs of this host that end TLS for others, on the ports of mail.
 */
#ifndef TLSFLOOR_DOCTOR_PROXIES_H
#define TLSFLOOR_DOCTOR_PROXIES_H

#include "doctor-facts.h"

/* How many there are, DOCTOR_PROXIES at most. Whose descriptors may not be read is not seen. */
size_t doctor_proxies_find(struct doctor_proxy proxies_r[DOCTOR_PROXIES]);

#endif
