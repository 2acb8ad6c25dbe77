/* SPDX-License-Identifier: MIT */
/*
 * What audit lines add up to. Each login is judged again, by the policy of
 * today as it would be if it were enforced for everybody now, and by the
 * exceptions of today; so the tally says what would break, and not what was
 * judged then. Every view of a report is one of this.
 *
 * Memory is bounded: see the limits. What does not fit is still counted.
 */
#ifndef TLSFLOOR_TALLY_H
#define TLSFLOOR_TALLY_H

#include "judge.h"
#include "log-line.h"

/* Limits: users told apart; those of them with rows; rows; services with version and suite. */
#define TALLY_USERS 3145728U
#define TALLY_PERSONS 120000U
#define TALLY_ROWS 150000U
#define TALLY_KINDS 512U
/* Names that were turned away and never let in: anybody can invent them. */
#define TALLY_STRANGERS 20000U
#define TALLY_NETWORKS 4U
#define TALLY_SOURCES 64U
/* Days since 1970 that are told apart (to 2099), and weeks, the last of which is this one. */
#define TALLY_DAYS 47482U
#define TALLY_WEEKS 128

/* What a login is to the policy of today. */
enum tally_class {
    TALLY_READY = 0,
    TALLY_BELOW,       /* was let in, and would be refused */
    TALLY_EXCEPTED,    /* would be refused but for an exception */
    TALLY_NOT_JUDGED,  /* trusted_networks, or a version that is not known */
    TALLY_TURNED_AWAY, /* was refused or put off then */
    TALLY_CLASSES
};

/* A service, TLS version and cipher suite, and its logins by class. */
struct tally_kind {
    uint64_t hash;
    enum tlsfloor_service service;
    enum tlsfloor_tls tls;
    char tls_name[25];
    char cipher[81];
    uint64_t logins[TALLY_CLASSES];
};

/* Where the logins of a row came from; a network once there were too many addresses. */
struct tally_network {
    struct tlsfloor_network network;
    uint32_t logins;
};

/* The logins of one user, kind and class; class is never READY. */
struct tally_row {
    uint32_t person;
    uint32_t next; /* of the same person, 0: none */
    uint16_t kind;
    uint8_t class;
    uint8_t network_count;
    uint32_t logins;
    uint32_t elsewhere; /* logins from networks that are too far from these */
    int64_t first, last;
    int64_t until; /* EXCEPTED: end of the exception that lasts longest */
    struct tlsfloor_text who;
    struct tally_network networks[TALLY_NETWORKS];
};

/* Somebody with a row. Person 0 is whoever named no user. */
struct tally_person {
    uint64_t hash;
    struct tlsfloor_text name; /* as it came first */
    int name_cut;
    uint32_t row;                        /* the first, 0: none */
    uint32_t weeks[2][TALLY_WEEKS / 32]; /* with a login BELOW, and EXCEPTED */
    int64_t secure; /* first READY login since the last one without TLS, 0: none */
};

/* A server whose lines there are. */
struct tally_source {
    char name[80]; /* "Dovecot on mail" */
    uint64_t hash;
    int64_t first, last;
    unsigned char *days; /* a bit for each of TALLY_DAYS */
};

struct tally {
    struct judge *judge;
    struct tlsfloor_policy enforced; /* shares the networks of the judge's */
    struct report *report;
    int64_t now, since;

    int64_t first, last; /* of the lines that count; last 0: none */
    uint64_t lines, damaged, losses;
    uint64_t logins[TALLY_CLASSES];
    uint64_t trusted; /* of NOT_JUDGED: by trusted_networks */
    uint32_t (*days)[TALLY_CLASSES];
    struct tally_source sources[TALLY_SOURCES];
    size_t source_count;
    struct tally_kind kinds[TALLY_KINDS];
    size_t kind_count;

    struct tally_users *users; /* tally-store.c */
    struct tally_person *persons;
    struct tally_row *rows; /* from 1 */
    uint32_t person_count, row_count, stranger_count;
    uint64_t left_out; /* logins without a row, because there was no room */
};

/* 0, or -1: no memory. since: lines before then do not count. */
int tally_init(struct tally *tally_r, struct judge *judge, int64_t now, int64_t since,
               struct report *report);

/* Takes a line that is not OTHER, of that time. 0, or -1: no memory. */
int tally_take(struct tally *tally, const struct tlsfloor_log_line *line, int64_t time);

/* Users by what the policy of today means to them; each is in one of the first four. */
struct tally_users_count {
    uint64_t ready, below, excepted, not_judged;
    uint64_t turned_away; /* named, and never let in */
    int is_least;         /* 1: there were too many, so there may be more */
};
struct tally_users_count tally_count_users(const struct tally *tally);

/* Persons with a row of that class whose last such login is at or after then. */
uint64_t tally_count_since(const struct tally *tally, enum tally_class class, int64_t then);

/* Is told each stretch of days, first to last, without lines of a source that had some before. */
typedef void tally_gap_fn(void *context, const struct tally_source *source, int64_t first,
                          int64_t last);
/* Tells so many of them at most; returns how many there are. */
size_t tally_each_gap(const struct tally *tally, size_t most, tally_gap_fn *gap, void *context);

/* 1 if there is a line of any source on that day since 1970. */
int tally_has_day(const struct tally *tally, int64_t day);
/* On how many days there is. */
unsigned tally_count_days(const struct tally *tally);

/* When a week of persons' weeks begins: a Monday, seconds since 1970. */
int64_t tally_week_begin(const struct tally *tally, int week);

/* The facts of a row as they are judged. */
struct tlsfloor_facts tally_row_facts(const struct tally *tally, const struct tally_row *row);

/* Whose row this is. */
const struct tally_person *tally_person(const struct tally *tally, const struct tally_row *row);
const struct tally_kind *tally_kind(const struct tally *tally, const struct tally_row *row);

/* "below", "excepted" ... */
const char *tally_class_name(enum tally_class class);

void tally_free(struct tally *tally);

#endif
