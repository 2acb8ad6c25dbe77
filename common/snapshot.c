/* SPDX-License-Identifier: MIT */
/*
 * The only user of libcdb, which checks every offset against the size of the
 * file. What it finds is checked once more: sizes, checksum, each value.
 *
 * A key is what WHO means, in lower case: "user@domain", "user", "@domain" or
 * "*"; a key of its own, of no bytes, says what the file is. A value is
 *
 *   1  allow (low half), services (high half, imap is the lowest bit)
 *   1  number of networks (low six bits), 0x40 from=any, 0x80 ciphers=any
 *   3  the last day, counted from 1970, or 0xffffff: never; little-endian
 *   n  networks
 *   n  WHO as written, if its bytes are not those of the key
 *   4  checksum of key and value
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cdb.h>

#include "bytes.h"
#include "hash.h"
#include "snapshot.h"
#include "time-text.h"

#define FORMAT_VERSION 1
#define MAGIC "tlsfloor"
#define ABOUT_SIZE 44U

#define VALUE_HEAD 5U
#define CHECKSUM_SIZE 4U
#define NEVER_DAY 0xffffffU
#define COUNT_MASK 0x3fU
#define FROM_ANY 0x40U
#define CIPHERS_ANY 0x80U
#define VALUE_SIZE                                                                               \
    (VALUE_HEAD + TLSFLOOR_EXCEPTION_NETWORKS * TLSFLOOR_NETWORK_BYTES + TLSFLOOR_SNAPSHOT_WHO + \
     CHECKSUM_SIZE)

/* What a cdb file needs besides keys and values: its table, and for each record. */
#define TABLE_SIZE 2048U
#define RECORD_SIZE 24U

struct tlsfloor_snapshot {
    struct cdb cdb;
    int fd;
    off_t size;
    struct tlsfloor_snapshot_about about;
};

/* A key, as long as it can stand in a snapshot; size 0: it cannot. */
struct key {
    char data[TLSFLOOR_SNAPSHOT_KEY];
    size_t size;
};

/* --- checksums --- */

/* FNV-1a over both and the size of the one, mixed, because half of its bits must do. */
static uint32_t
checksum(const char *key, size_t key_size, const unsigned char *value, size_t size)
{
    unsigned char border = (unsigned char)key_size;
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, key, key_size);

    hash = tlsfloor_hash_add(hash, &border, 1);
    hash = tlsfloor_hash_add(hash, value, size);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)(hash >> 32);
}

static void
put_checksum(const struct key *key, unsigned char *value, size_t size)
{
    tlsfloor_bytes_put(value + size, checksum(key->data, key->size, value, size), CHECKSUM_SIZE);
}

static int
is_intact(const char *key, size_t key_size, const unsigned char *value, size_t size)
{
    return size >= CHECKSUM_SIZE &&
           checksum(key, key_size, value, size - CHECKSUM_SIZE) ==
               tlsfloor_bytes_get(value + size - CHECKSUM_SIZE, CHECKSUM_SIZE);
}

/* --- keys --- */

static void
add_folded(struct key *key, struct tlsfloor_text text)
{
    for (size_t i = 0; i < text.size; i++)
        key->data[key->size++] = (char)tlsfloor_text_fold((unsigned char)text.data[i]);
}

/* "local@domain", "local" if domain.data is NULL, "@domain" if local is empty. */
static void
make_key(struct tlsfloor_text local, struct tlsfloor_text domain, struct key *key_r)
{
    size_t at = domain.data == NULL ? 0 : 1;

    key_r->size = 0;
    if (local.size > sizeof(key_r->data) || domain.size > sizeof(key_r->data) ||
        local.size + at + domain.size > sizeof(key_r->data))
        return;
    add_folded(key_r, local);
    add_folded(key_r, (struct tlsfloor_text){"@", at});
    add_folded(key_r, domain);
}

static void
make_key_of(const struct tlsfloor_exception *exception, struct key *key_r)
{
    const struct tlsfloor_text none = {NULL, 0};

    switch (exception->kind) {
    case TLSFLOOR_WHO_USER:
        make_key(exception->local, exception->domain, key_r);
        return;
    case TLSFLOOR_WHO_DOMAIN:
        make_key(none, exception->domain, key_r);
        return;
    case TLSFLOOR_WHO_ANYBODY:
        make_key(exception->who, none, key_r);
        return;
    }
    key_r->size = 0;
}

/* --- one exception to bytes --- */

/* The last day of an exception that the format can hold, or -1. */
static int64_t
last_day(int64_t until)
{
    if (until == TLSFLOOR_NEVER)
        return NEVER_DAY;
    if (until <= 0 || until % TLSFLOOR_DAY != 0 || until / TLSFLOOR_DAY > NEVER_DAY)
        return -1;
    return until / TLSFLOOR_DAY - 1;
}

/* The size of the value with its checksum, or 0: no text gives such an exception. */
static size_t
encode(const struct tlsfloor_exception *exception, const struct key *key,
       unsigned char value_r[VALUE_SIZE])
{
    const struct tlsfloor_text whole = {key->data, key->size};
    int64_t day = last_day(exception->until);
    size_t size = VALUE_HEAD;

    if (day < 0 || key->size == 0 || exception->from_count > TLSFLOOR_EXCEPTION_NETWORKS ||
        exception->who.size > TLSFLOOR_SNAPSHOT_WHO || (exception->services & ~0x1eU) != 0)
        return 0;
    value_r[0] = (unsigned char)((exception->services << 3 & 0xf0U) | exception->allow);
    value_r[1] = (unsigned char)(exception->from_count | (exception->from_any ? FROM_ANY : 0) |
                                 (exception->ciphers_any ? CIPHERS_ANY : 0));
    tlsfloor_bytes_put(value_r + 2, (uint64_t)day, 3);
    for (size_t i = 0; i < exception->from_count; i++)
        size += tlsfloor_network_encode(&exception->from[i], value_r + size);
    if (!tlsfloor_text_equal(exception->who, whole)) {
        memcpy(value_r + size, exception->who.data, exception->who.size);
        size += exception->who.size;
    }
    put_checksum(key, value_r, size);
    return size + CHECKSUM_SIZE;
}

/* --- bytes to one exception --- */

static void
decode_who(const struct key *key, struct tlsfloor_snapshot_record *record)
{
    const struct tlsfloor_text whole = {record->key, key->size};
    struct tlsfloor_exception *exception = &record->exception;

    memcpy(record->key, key->data, key->size);
    exception->who = whole;
    exception->kind = TLSFLOOR_WHO_ANYBODY;
    if (tlsfloor_text_equal(whole, tlsfloor_text_from("*")))
        return;
    exception->local = tlsfloor_user_named(whole, tlsfloor_text_from(NULL)).local;
    exception->domain = tlsfloor_user_named(whole, tlsfloor_text_from(NULL)).domain;
    exception->kind = exception->local.size == 0 ? TLSFLOOR_WHO_DOMAIN : TLSFLOOR_WHO_USER;
}

/* The bytes that the networks take; *failed is set if one is not right. */
static size_t
decode_networks(const unsigned char *bytes, size_t size, struct tlsfloor_exception *exception,
                int *failed)
{
    size_t used = 0;

    for (size_t i = 0; i < exception->from_count; i++) {
        size_t step = tlsfloor_network_decode(bytes + used, size - used, &exception->from[i]);

        if (step == 0)
            *failed = 1;
        used += step;
    }
    return used;
}

/* The number of the last day, as until= has it: the first second that is not covered. */
static int64_t
until_of(uint64_t day)
{
    return day == NEVER_DAY ? TLSFLOOR_NEVER : ((int64_t)day + 1) * TLSFLOOR_DAY;
}

static int
is_sensible(const struct tlsfloor_exception *exception)
{
    int from = exception->from_any || exception->from_count > 0;

    return exception->services != 0 && !(exception->from_any && exception->from_count > 0) &&
           (exception->allow == TLSFLOOR_TLS_CLEARTEXT ||
            (exception->allow >= TLSFLOOR_TLS_SSLV3 && exception->allow <= TLSFLOOR_TLS_1_3)) &&
           (from || exception->kind != TLSFLOOR_WHO_ANYBODY);
}

/* 0, or -1: no value that this release writes. size does not count the checksum. */
static int
decode(const struct key *key, const unsigned char *value, size_t size,
       struct tlsfloor_snapshot_record *record_r)
{
    struct tlsfloor_exception *exception = &record_r->exception;
    int failed = 0;
    size_t used;

    memset(exception, 0, sizeof(*exception));
    if (size < VALUE_HEAD || (value[1] & COUNT_MASK) > TLSFLOOR_EXCEPTION_NETWORKS)
        return -1;
    exception->allow = (enum tlsfloor_tls)(value[0] & 0x0fU);
    exception->services = (value[0] & 0xf0U) >> 3;
    exception->ciphers_any = (value[1] & CIPHERS_ANY) != 0;
    exception->from_any = (value[1] & FROM_ANY) != 0;
    exception->from_count = value[1] & COUNT_MASK;
    exception->until = until_of(tlsfloor_bytes_get(value + 2, 3));
    used = VALUE_HEAD + decode_networks(value + VALUE_HEAD, size - VALUE_HEAD, exception, &failed);
    decode_who(key, record_r);
    if (failed || size - used > sizeof(record_r->who) || !is_sensible(exception))
        return -1;
    if (size > used) {
        memcpy(record_r->who, value + used, size - used);
        exception->who = (struct tlsfloor_text){record_r->who, size - used};
    }
    return 0;
}

/* --- building --- */

struct build {
    struct cdb_make *make; /* NULL: nothing is written */
    struct tlsfloor_snapshot_about about;
    uint64_t size; /* of the file, as far as it is known */
};

static int
add_record(struct build *build, const struct key *key, const unsigned char *value, size_t size)
{
    build->size += RECORD_SIZE + key->size + size;
    if (build->size > TLSFLOOR_SNAPSHOT_SIZE) {
        errno = EFBIG;
        return -1;
    }
    if (build->make == NULL)
        return 0;
    return cdb_make_add(build->make, key->data, (unsigned)key->size, value, (unsigned)size);
}

static int
add_exception(struct build *build, const struct tlsfloor_exception *exception)
{
    unsigned char value[VALUE_SIZE];
    struct key key;
    size_t size;

    make_key_of(exception, &key);
    size = encode(exception, &key, value);
    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    build->about.count++;
    build->about.id = tlsfloor_hash_add(build->about.id, key.data, key.size);
    build->about.id = tlsfloor_hash_add(build->about.id, value, size);
    return add_record(build, &key, value, size);
}

static int
add_about(struct build *build)
{
    const struct key key = {.size = 0};
    unsigned char value[ABOUT_SIZE];

    if (build->about.id == 0)
        build->about.id = 1;
    memcpy(value, MAGIC, 8);
    tlsfloor_bytes_put(value + 8, FORMAT_VERSION, 4);
    tlsfloor_bytes_put(value + 12, build->about.count, 4);
    tlsfloor_bytes_put(value + 16, (uint64_t)build->about.built, 8);
    tlsfloor_bytes_put(value + 24, build->about.id, 8);
    tlsfloor_bytes_put(value + 32, build->size + RECORD_SIZE + ABOUT_SIZE, 8);
    put_checksum(&key, value, ABOUT_SIZE - CHECKSUM_SIZE);
    return add_record(build, &key, value, ABOUT_SIZE);
}

static int
add_all(struct build *build, tlsfloor_snapshot_next_fn *next, void *context)
{
    struct tlsfloor_exception exception;

    while (next(context, &exception) == 1) {
        if (add_exception(build, &exception) != 0)
            return -1;
    }
    return add_about(build);
}

int
tlsfloor_snapshot_build(int fd, tlsfloor_snapshot_next_fn *next, void *context, int64_t now,
                        struct tlsfloor_snapshot_about *about_r)
{
    struct cdb_make make;
    struct build build = {&make, {.id = TLSFLOOR_HASH_START, .built = now}, TABLE_SIZE};
    int result, saved;

    if (cdb_make_start(&make, fd) != 0)
        return -1;
    result = add_all(&build, next, context);
    saved = errno;
    /* Also after an error: it frees what the library has taken. */
    if (cdb_make_finish(&make) != 0 && result == 0)
        return -1;
    errno = saved;
    *about_r = build.about;
    return result;
}

int
tlsfloor_snapshot_measure(tlsfloor_snapshot_next_fn *next, void *context, int64_t now,
                          struct tlsfloor_snapshot_about *about_r)
{
    struct build build = {NULL, {.id = TLSFLOOR_HASH_START, .built = now}, TABLE_SIZE};
    int result = add_all(&build, next, context);

    *about_r = build.about;
    return result;
}

/* --- reading --- */

/* 1 if as many bytes as were mapped are still there: to touch others would end the process. */
static int
is_whole(const struct tlsfloor_snapshot *snapshot)
{
    return lseek(snapshot->fd, 0, SEEK_END) == snapshot->size;
}

enum { VALUE_FAILED = -1, VALUE_NONE = 0, VALUE_GOOD, VALUE_BAD };

/* Copies the next value of a search; FAILED: the search cannot go on. size_r: without checksum. */
static int
next_value(struct tlsfloor_snapshot *snapshot, struct cdb_find *find, const struct key *key,
           unsigned char value_r[VALUE_SIZE], size_t *size_r)
{
    int found = cdb_findnext(find);
    size_t size;

    if (found <= 0)
        return found < 0 ? VALUE_FAILED : VALUE_NONE;
    size = cdb_datalen(&snapshot->cdb);
    if (size > VALUE_SIZE || cdb_readdata(&snapshot->cdb, value_r) < 0 ||
        !is_intact(key->data, key->size, value_r, size))
        return VALUE_BAD;
    *size_r = size - CHECKSUM_SIZE;
    return VALUE_GOOD;
}

/* What the empty key says. 0, or -1: nothing that can be believed. */
static int
read_about(struct tlsfloor_snapshot *snapshot)
{
    struct tlsfloor_snapshot_about *about = &snapshot->about;
    const struct key key = {.size = 0};
    unsigned char value[VALUE_SIZE];
    struct cdb_find find;
    size_t size;

    if (cdb_findinit(&find, &snapshot->cdb, key.data, 0) < 0 ||
        next_value(snapshot, &find, &key, value, &size) != VALUE_GOOD ||
        size != ABOUT_SIZE - CHECKSUM_SIZE || memcmp(value, MAGIC, 8) != 0 ||
        tlsfloor_bytes_get(value + 8, 4) != FORMAT_VERSION ||
        tlsfloor_bytes_get(value + 32, 8) != (uint64_t)snapshot->size)
        return -1;
    about->count = (uint32_t)tlsfloor_bytes_get(value + 12, 4);
    about->built = (int64_t)tlsfloor_bytes_get(value + 16, 8);
    about->id = tlsfloor_bytes_get(value + 24, 8);
    return about->id == 0 ? -1 : 0;
}

int
tlsfloor_snapshot_map(const char *path, int fd, struct tlsfloor_snapshot **snapshot_r,
                      char error[TLSFLOOR_ERROR_TEXT])
{
    struct tlsfloor_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL || cdb_init(&snapshot->cdb, fd) != 0) {
        int reason = snapshot == NULL ? ENOMEM : errno;

        free(snapshot);
        close(fd);
        return tlsfloor_error_format(error, "%s: %s: run tlsfloor apply", path,
                                     reason == EPROTO ? "is damaged or of another release"
                                                      : strerror(reason));
    }
    snapshot->fd = fd;
    snapshot->size = lseek(fd, 0, SEEK_END);
    if (snapshot->size < 0 || read_about(snapshot) != 0) {
        tlsfloor_snapshot_close(snapshot);
        return tlsfloor_error_format(
            error, "%s: is damaged or of another release: run tlsfloor apply", path);
    }
    *snapshot_r = snapshot;
    return 1;
}

int
tlsfloor_snapshot_open(const char *path, struct tlsfloor_snapshot **snapshot_r, struct stat *stat_r,
                       char error[TLSFLOOR_ERROR_TEXT])
{
    int fd, result = tlsfloor_file_open(path, TLSFLOOR_SNAPSHOT_SIZE, &fd, stat_r, error);

    return result == 1 ? tlsfloor_snapshot_map(path, fd, snapshot_r, error) : result;
}

const struct tlsfloor_snapshot_about *
tlsfloor_snapshot_about(const struct tlsfloor_snapshot *snapshot)
{
    return &snapshot->about;
}

/* A search through the records of some keys. */
struct search {
    struct tlsfloor_snapshot *snapshot;
    struct tlsfloor_snapshot_record *record; /* where each is put */
    tlsfloor_snapshot_each_fn *each;
    void *context;
    int damaged;
};

/* Shows the records of one key, which may be none that a snapshot can hold. 1: enough; or 0. */
static int
search_key(struct search *search, const struct key *key)
{
    unsigned char value[VALUE_SIZE];
    struct cdb_find find;
    size_t size = 0;
    int found;

    if (key->size == 0)
        return 0;
    found = cdb_findinit(&find, &search->snapshot->cdb, key->data, (unsigned)key->size);
    while (found > 0) {
        found = next_value(search->snapshot, &find, key, value, &size);
        if (found == VALUE_GOOD && decode(key, value, size, search->record) != 0)
            found = VALUE_BAD;
        if (found == VALUE_GOOD && search->each(search->context, &search->record->exception))
            return 1;
        if (found == VALUE_BAD)
            search->damaged = 1;
    }
    if (found < 0)
        search->damaged = 1;
    return 0;
}

/* The user's own records come first, those for everybody last. */
static void
search_user(struct search *search, const struct tlsfloor_user *user)
{
    const struct tlsfloor_text none = {NULL, 0}, anybody = tlsfloor_text_from("*");
    struct key key;

    if (!is_whole(search->snapshot)) {
        search->damaged = 1;
        return;
    }
    if (user->state == TLSFLOOR_USER_NAMED) {
        /* No name of a user is empty or "*", which are other keys. */
        make_key(user->local, user->domain, &key);
        if (user->local.size > 0 && !tlsfloor_text_equal(user->local, anybody) &&
            search_key(search, &key))
            return;
        make_key(none, user->domain, &key);
        if (user->domain.size > 0 && search_key(search, &key))
            return;
    }
    make_key(anybody, none, &key);
    (void)search_key(search, &key);
}

int
tlsfloor_snapshot_each(struct tlsfloor_snapshot *snapshot, const struct tlsfloor_user *user,
                       tlsfloor_snapshot_each_fn *each, void *context)
{
    struct tlsfloor_snapshot_record record;
    struct search search = {snapshot, &record, each, context, 0};

    search_user(&search, user);
    return search.damaged ? -1 : 0;
}

/* What is asked of each record. */
struct question {
    const struct tlsfloor_facts *facts;
    int64_t now;
    int found;
};

static int
covers(void *context, const struct tlsfloor_exception *exception)
{
    struct question *question = context;

    question->found =
        tlsfloor_exception_match(exception, question->facts, question->now) == TLSFLOOR_MATCH_YES;
    return question->found;
}

int
tlsfloor_snapshot_get(struct tlsfloor_snapshot *snapshot, const struct tlsfloor_facts *facts,
                      int64_t now, struct tlsfloor_snapshot_record *record_r)
{
    struct question question = {facts, now, 0};
    struct search search = {snapshot, record_r, covers, &question, 0};

    search_user(&search, &facts->user);
    if (question.found)
        return 1;
    return search.damaged ? -1 : 0;
}

void
tlsfloor_snapshot_close(struct tlsfloor_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    cdb_free(&snapshot->cdb);
    close(snapshot->fd);
    free(snapshot);
}
