/* SPDX-License-Identifier: MIT */
/*
 * The tables of a tally: users by hash, persons and their rows. For tally.c
 * alone.
 */
#ifndef TLSFLOOR_TALLY_STORE_H
#define TLSFLOOR_TALLY_STORE_H

#include "tally.h"

/* One login. */
struct tally_login {
    const struct tlsfloor_audit_record *record;
    enum tally_class class;
    int64_t time;
    uint16_t kind;
    const struct tlsfloor_exception *exception; /* EXCEPTED */
};

/* Copies what a log calls something, as far as there is room, so that it can be printed. */
void tally_copy_text(char *text_r, size_t room, struct tlsfloor_text text);

/* 0, or -1: no memory. */
int tally_store_init(struct tally *tally);

/* The same service, version and suite, always. */
uint16_t tally_store_kind(struct tally *tally, const struct tlsfloor_audit_record *record);

/* Notes what class of login a user had. 0, or -1: no memory. */
int tally_store_user(struct tally *tally, uint64_t hash, enum tally_class class);

/* The person of that hash, or NULL; user: makes one if there is none, and room. */
struct tally_person *tally_store_person(struct tally *tally, uint64_t hash,
                                        const struct tlsfloor_audit_record *record,
                                        enum tally_class class);

/* Adds a login to its row; person NULL: one for which there was no room. 0, or -1: no memory. */
int tally_store_row(struct tally *tally, struct tally_person *person,
                    const struct tally_login *login);

void tally_store_free(struct tally *tally);

#endif
