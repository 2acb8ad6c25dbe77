/* SPDX-License-Identifier: MIT */
/*
 * What all live exceptions together could allow, in one small block: who is
 * outside of it can be refused before anybody is named and a password sent
 * (RFC 8314 section 4.1). It may say too much, never too little. Reads no clock
 * and no file, allocates nothing.
 */
#ifndef TLSFLOOR_ENVELOPE_H
#define TLSFLOOR_ENVELOPE_H

#include <stdint.h>

#include "exception.h"

/* So many different allowances are told apart; further ones are put together. */
#define TLSFLOOR_ENVELOPE_ROWS 160

/* Somebody may come to these services, with this version and newer ones, from this network. */
struct tlsfloor_envelope_row {
    unsigned services; /* bit (1U << enum tlsfloor_service) */
    enum tlsfloor_tls allow;
    int ciphers_any;
    int anywhere;                 /* 1: from any network */
    struct tlsfloor_network from; /* all zero if anywhere */
    int64_t until;                /* first second that is not covered, or TLSFLOOR_NEVER */
};

/* All zero: nobody has an exception. */
struct tlsfloor_envelope {
    struct tlsfloor_envelope_row rows[TLSFLOOR_ENVELOPE_ROWS];
    size_t count;
    size_t hint; /* the row that the last exception was in already */
};

/* Widens the envelope by what one exception allows from now on. */
void tlsfloor_envelope_add(struct tlsfloor_envelope *envelope,
                           const struct tlsfloor_exception *exception, int64_t now);

/* Widens the envelope by another one. */
void tlsfloor_envelope_join(struct tlsfloor_envelope *envelope,
                            const struct tlsfloor_envelope *other);

/* Widens the envelope to everything, for ever. */
void tlsfloor_envelope_open_all(struct tlsfloor_envelope *envelope);

/*
 * 1 if some exception could cover the session now, whoever its user is; 0: none
 * does. now: seconds since 1970, UTC.
 */
int tlsfloor_envelope_match(const struct tlsfloor_envelope *envelope,
                            const struct tlsfloor_facts *facts, int64_t now);

/* The block as it stands in a file, bytes. */
#define TLSFLOOR_ENVELOPE_SIZE 4096

void tlsfloor_envelope_encode(const struct tlsfloor_envelope *envelope,
                              unsigned char block_r[TLSFLOOR_ENVELOPE_SIZE]);

/* 0, or -1: not a whole and undamaged block of this release; then *envelope_r is everything. */
int tlsfloor_envelope_decode(const unsigned char *block, size_t size,
                             struct tlsfloor_envelope *envelope_r);

#endif
