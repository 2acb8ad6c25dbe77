/* SPDX-License-Identifier: MIT */
/*
 * Rows, none inside another. When there is no more room, rows that differ only
 * in their networks are put together, the nearest first; if that does not
 * help, rows of different services. A block is, numbers little-endian:
 *
 *   8  "tlsfl-en"
 *   4  format version
 *   4  number of rows
 *   8  checksum: FNV-1a over the 16 bytes before it and the rows
 *   of each row
 *   1  allow (low half), services (high half, imap is the lowest bit)
 *   1  0x40 anywhere, 0x80 ciphers=any
 *   3  the last day, counted from 1970, or 0xffffff: never
 *  17  the network, or zeros
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "envelope.h"
#include "hash.h"
#include "time-text.h"

#define MAGIC "tlsfl-en"
#define FORMAT_VERSION 1
#define HEAD_SIZE 24U
#define SUMMED_HEAD 16U
#define ROW_SIZE (5U + TLSFLOOR_NETWORK_BYTES)
#define NEVER_DAY 0xffffffU
#define ANYWHERE 0x40U
#define CIPHERS_ANY 0x80U
#define ALL_SERVICES 0x1eU

/* How many rows are left after some were put together, so that this is seldom needed. */
#define ROWS_LEFT (TLSFLOOR_ENVELOPE_ROWS * 3 / 4)

/* --- rows --- */

/* 1 if a session that inner lets through is let through by outer. */
static int
covers(const struct tlsfloor_envelope_row *outer, const struct tlsfloor_envelope_row *inner)
{
    return (outer->services & inner->services) == inner->services && outer->allow <= inner->allow &&
           outer->ciphers_any >= inner->ciphers_any && outer->until >= inner->until &&
           (outer->anywhere ||
            (!inner->anywhere && tlsfloor_network_contains(&outer->from, &inner->from)));
}

static int
compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Rows that can be put together first, then by address. */
static int
compare_kinds(const struct tlsfloor_envelope_row *a, const struct tlsfloor_envelope_row *b)
{
    int order = compare_numbers(a->services, b->services);

    if (order == 0)
        order = compare_numbers(a->allow, b->allow);
    if (order == 0)
        order = compare_numbers(a->ciphers_any, b->ciphers_any);
    if (order == 0)
        order = compare_numbers(a->anywhere, b->anywhere);
    return order != 0 ? order : compare_numbers(a->from.address.family, b->from.address.family);
}

static int
compare_rows(const void *a, const void *b)
{
    const struct tlsfloor_envelope_row *x = a, *y = b;
    int order = compare_kinds(x, y);

    return order != 0 ? order
                      : memcmp(x->from.address.bytes, y->from.address.bytes,
                               sizeof(x->from.address.bytes));
}

/* How little putting two rows together would widen: more is better; -1: it cannot be done. */
static int
nearness(const struct tlsfloor_envelope_row *a, const struct tlsfloor_envelope_row *b)
{
    struct tlsfloor_network both;

    if (compare_kinds(a, b) != 0)
        return -1;
    if (a->anywhere)
        return 128;
    tlsfloor_network_join(&a->from, &b->from, &both);
    return (int)both.prefix + (both.address.family == TLSFLOOR_FAMILY_IPV4 ? 96 : 0);
}

/* Puts the second of two rows of one kind into the first. */
static void
merge(struct tlsfloor_envelope_row *a, const struct tlsfloor_envelope_row *b)
{
    struct tlsfloor_network both;

    if (!a->anywhere) {
        tlsfloor_network_join(&a->from, &b->from, &both);
        a->from = both;
    }
    if (b->until > a->until)
        a->until = b->until;
}

static void
remove_row(struct tlsfloor_envelope *envelope, size_t row)
{
    envelope->count--;
    memmove(envelope->rows + row, envelope->rows + row + 1,
            (envelope->count - row) * sizeof(envelope->rows[0]));
}

/* Puts the two nearest rows of sorted ones together. 1, or 0: there are none of one kind. */
static int
merge_nearest(struct tlsfloor_envelope *envelope)
{
    int best = -1, near;
    size_t at = 0;

    for (size_t i = 0; i + 1 < envelope->count; i++) {
        near = nearness(&envelope->rows[i], &envelope->rows[i + 1]);
        if (near > best) {
            best = near;
            at = i;
        }
    }
    if (best < 0)
        return 0;
    merge(&envelope->rows[at], &envelope->rows[at + 1]);
    remove_row(envelope, at + 1);
    return 1;
}

static void
make_room(struct tlsfloor_envelope *envelope)
{
    envelope->hint = 0;
    qsort(envelope->rows, envelope->count, sizeof(envelope->rows[0]), compare_rows);
    while (envelope->count > ROWS_LEFT) {
        if (merge_nearest(envelope))
            continue;
        /* Without services there are few kinds. */
        for (size_t i = 0; i < envelope->count; i++)
            envelope->rows[i].services = ALL_SERVICES;
        qsort(envelope->rows, envelope->count, sizeof(envelope->rows[0]), compare_rows);
    }
}

static void
add_row(struct tlsfloor_envelope *envelope, const struct tlsfloor_envelope_row *row)
{
    if (envelope->hint < envelope->count && covers(&envelope->rows[envelope->hint], row))
        return;
    for (size_t i = 0; i < envelope->count; i++) {
        if (covers(&envelope->rows[i], row)) {
            envelope->hint = i;
            return;
        }
    }
    for (size_t i = envelope->count; i > 0; i--) {
        if (covers(row, &envelope->rows[i - 1]))
            remove_row(envelope, i - 1);
    }
    if (envelope->count == TLSFLOOR_ENVELOPE_ROWS)
        make_room(envelope);
    envelope->rows[envelope->count++] = *row;
}

void
tlsfloor_envelope_add(struct tlsfloor_envelope *envelope,
                      const struct tlsfloor_exception *exception, int64_t now)
{
    struct tlsfloor_envelope_row row = {
        .services = exception->services,
        .allow = exception->allow,
        .ciphers_any = exception->ciphers_any || exception->allow == TLSFLOOR_TLS_CLEARTEXT,
        .anywhere = exception->from_count == 0,
        .until = exception->until,
    };

    if (now >= exception->until && exception->until != TLSFLOOR_NEVER)
        return;
    if (row.anywhere)
        add_row(envelope, &row);
    for (size_t i = 0; i < exception->from_count; i++) {
        row.from = exception->from[i];
        add_row(envelope, &row);
    }
}

void
tlsfloor_envelope_join(struct tlsfloor_envelope *envelope, const struct tlsfloor_envelope *other)
{
    for (size_t i = 0; i < other->count; i++)
        add_row(envelope, &other->rows[i]);
}

void
tlsfloor_envelope_open_all(struct tlsfloor_envelope *envelope)
{
    const struct tlsfloor_envelope_row everything = {
        .services = ALL_SERVICES,
        .allow = TLSFLOOR_TLS_CLEARTEXT,
        .ciphers_any = 1,
        .anywhere = 1,
        .until = TLSFLOOR_NEVER,
    };

    add_row(envelope, &everything);
}

/* --- matching --- */

int
tlsfloor_envelope_match(const struct tlsfloor_envelope *envelope,
                        const struct tlsfloor_facts *facts, int64_t now)
{
    /* The rules of an exception for everybody, so that there is one place that has them. */
    struct tlsfloor_exception exception;

    memset(&exception, 0, sizeof(exception));
    exception.kind = TLSFLOOR_WHO_ANYBODY;
    for (size_t i = 0; i < envelope->count; i++) {
        const struct tlsfloor_envelope_row *row = &envelope->rows[i];

        exception.services = row->services;
        exception.allow = row->allow;
        exception.ciphers_any = row->ciphers_any;
        exception.until = row->until;
        exception.from_count = row->anywhere ? 0 : 1;
        exception.from[0] = row->from;
        if (tlsfloor_exception_match(&exception, facts, now) == TLSFLOOR_MATCH_YES)
            return 1;
    }
    return 0;
}

/* --- as bytes --- */

/* The last day that is covered at least in part; what no date reaches is never. */
static uint64_t
last_day(int64_t until)
{
    int64_t day = until <= 0 ? 0 : (until - 1) / TLSFLOOR_DAY;

    return day > NEVER_DAY ? NEVER_DAY : (uint64_t)day;
}

static void
encode_row(const struct tlsfloor_envelope_row *row, unsigned char *bytes)
{
    bytes[0] = (unsigned char)((row->services << 3 & 0xf0U) | row->allow);
    bytes[1] =
        (unsigned char)((row->anywhere ? ANYWHERE : 0) | (row->ciphers_any ? CIPHERS_ANY : 0));
    tlsfloor_bytes_put(bytes + 2, last_day(row->until), 3);
    if (!row->anywhere)
        tlsfloor_network_encode(&row->from, bytes + 5);
}

/* 0, or -1: no row that this release writes. */
static int
decode_row(const unsigned char *bytes, struct tlsfloor_envelope_row *row_r)
{
    uint64_t day = tlsfloor_bytes_get(bytes + 2, 3);

    row_r->services = (bytes[0] & 0xf0U) >> 3;
    row_r->allow = (enum tlsfloor_tls)(bytes[0] & 0x0fU);
    row_r->anywhere = (bytes[1] & ANYWHERE) != 0;
    row_r->ciphers_any = (bytes[1] & CIPHERS_ANY) != 0;
    row_r->until = day == NEVER_DAY ? TLSFLOOR_NEVER : ((int64_t)day + 1) * TLSFLOOR_DAY;
    if (row_r->services == 0 || row_r->allow < TLSFLOOR_TLS_CLEARTEXT ||
        row_r->allow > TLSFLOOR_TLS_1_3)
        return -1;
    return row_r->anywhere ||
                   tlsfloor_network_decode(bytes + 5, TLSFLOOR_NETWORK_BYTES, &row_r->from) != 0
               ? 0
               : -1;
}

static uint64_t
checksum(const unsigned char *block, size_t rows)
{
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, block, SUMMED_HEAD);

    return tlsfloor_hash_add(hash, block + HEAD_SIZE, rows * ROW_SIZE);
}

void
tlsfloor_envelope_encode(const struct tlsfloor_envelope *envelope,
                         unsigned char block_r[TLSFLOOR_ENVELOPE_SIZE])
{
    memset(block_r, 0, TLSFLOOR_ENVELOPE_SIZE);
    memcpy(block_r, MAGIC, 8);
    tlsfloor_bytes_put(block_r + 8, FORMAT_VERSION, 4);
    tlsfloor_bytes_put(block_r + 12, envelope->count, 4);
    for (size_t i = 0; i < envelope->count; i++)
        encode_row(&envelope->rows[i], block_r + HEAD_SIZE + i * ROW_SIZE);
    tlsfloor_bytes_put(block_r + SUMMED_HEAD, checksum(block_r, envelope->count), 8);
}

static int
decode_rows(const unsigned char *block, size_t size, struct tlsfloor_envelope *envelope)
{
    uint64_t count;

    if (size != TLSFLOOR_ENVELOPE_SIZE || memcmp(block, MAGIC, 8) != 0 ||
        tlsfloor_bytes_get(block + 8, 4) != FORMAT_VERSION)
        return -1;
    count = tlsfloor_bytes_get(block + 12, 4);
    if (count > TLSFLOOR_ENVELOPE_ROWS ||
        tlsfloor_bytes_get(block + SUMMED_HEAD, 8) != checksum(block, (size_t)count))
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (decode_row(block + HEAD_SIZE + i * ROW_SIZE, &envelope->rows[i]) != 0)
            return -1;
    }
    envelope->count = (size_t)count;
    return 0;
}

int
tlsfloor_envelope_decode(const unsigned char *block, size_t size,
                         struct tlsfloor_envelope *envelope_r)
{
    memset(envelope_r, 0, sizeof(*envelope_r));
    if (decode_rows(block, size, envelope_r) == 0)
        return 0;
    memset(envelope_r, 0, sizeof(*envelope_r));
    tlsfloor_envelope_open_all(envelope_r);
    return -1;
}
