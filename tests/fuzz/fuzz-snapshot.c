/* SPDX-License-Identifier: MIT */
/*
 * A snapshot file of any bytes: it is opened or refused, and what is looked up
 * in it is an exception as a text could give it, none, or an error. A step
 * beyond the last page of the mapping ends the process. So that more is looked
 * at than checksums, they are also put right.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "fuzz.h"
#include "hash.h"
#include "snapshot.h"
#include "time-text.h"

#define NOW INT64_C(1806000000)

/* Of a cdb file, and of snapshot.c in it. */
#define HEAD_SIZE 2048U
#define CHECKSUM_SIZE 4U

static const char *const names[] = {"ann@example.org",
                                    "ANN@example.ORG",
                                    "carl",
                                    "x@example.org",
                                    "",
                                    "@",
                                    "*",
                                    "@example.org",
                                    "a@b@c"};

/* What is found reads back from its own text to the same. */
static int
check(void *context, const struct tlsfloor_exception *exception)
{
    char line[TLSFLOOR_EXCEPTION_LINE];

    REQUIRE(context != NULL);
    REQUIRE(exception->who.size <= TLSFLOOR_SNAPSHOT_WHO);
    REQUIRE(exception->services != 0 && (exception->services & ~0x1eU) == 0);
    REQUIRE(exception->from_count <= TLSFLOOR_EXCEPTION_NETWORKS);
    REQUIRE(exception->until > 0);
    REQUIRE(exception->kind != TLSFLOOR_WHO_ANYBODY || exception->from_any ||
            exception->from_count > 0);
    tlsfloor_exception_format(exception, line);
    return 0;
}

static void
ask(struct tlsfloor_snapshot *snapshot, const char *name)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP, .tls = TLSFLOOR_TLS_1_0};
    struct tlsfloor_snapshot_record record;
    int result;

    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    REQUIRE(tlsfloor_address_parse(tlsfloor_text_from("192.0.2.7"), &facts.client) == 0);
    facts.user = tlsfloor_user_named(tlsfloor_text_from(name), tlsfloor_text_from(NULL));
    result = tlsfloor_snapshot_get(snapshot, &facts, NOW, &record);
    REQUIRE(result >= -1 && result <= 1);
    if (result == 1) {
        check(&record, &record.exception);
        REQUIRE(tlsfloor_exception_match(&record.exception, &facts, NOW) == TLSFLOOR_MATCH_YES);
    }
    result = tlsfloor_snapshot_each(snapshot, &facts.user, check, &facts);
    REQUIRE(result == 0 || result == -1);
}

static void
try_file(const uint8_t *data, size_t size)
{
    struct tlsfloor_snapshot *snapshot = NULL;
    char error[TLSFLOOR_ERROR_TEXT];
    int fd = memfd_create("snapshot", MFD_CLOEXEC);

    REQUIRE(fd >= 0);
    REQUIRE(tlsfloor_file_write(fd, data, size) == 0);
    if (tlsfloor_snapshot_map("seed", fd, &snapshot, error) != 1) {
        REQUIRE(strncmp(error, "seed: ", 6) == 0);
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ask(snapshot, names[i]);
    tlsfloor_snapshot_close(snapshot);
}

/* The last bytes of a value are the checksum of its key and of what is before them. */
static void
repair_record(const unsigned char *key, size_t key_size, unsigned char *value, size_t size)
{
    unsigned char border = (unsigned char)key_size;
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, key, key_size);

    if (size < CHECKSUM_SIZE)
        return;
    hash = tlsfloor_hash_add(hash, &border, 1);
    hash = tlsfloor_hash_add(hash, value, size - CHECKSUM_SIZE);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    tlsfloor_bytes_put(value + size - CHECKSUM_SIZE, hash >> 32, CHECKSUM_SIZE);
}

/* Each record is the sizes of key and value, then both; behind the last are tables. */
static void
repair(unsigned char *file, size_t size)
{
    size_t at = HEAD_SIZE, end = size;

    for (size_t table = 0; table < HEAD_SIZE && size >= HEAD_SIZE; table += 8) {
        size_t begin = (size_t)tlsfloor_bytes_get(file + table, 4);

        end = begin < end ? begin : end;
    }
    while (at + 8 <= end) {
        size_t key = (size_t)tlsfloor_bytes_get(file + at, 4);
        size_t value = (size_t)tlsfloor_bytes_get(file + at + 4, 4);

        at += 8;
        if (key > end - at || value > end - at - key)
            return;
        repair_record(file + at, key, file + at + key, value);
        at += key + value;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *file = calloc(size == 0 ? 1 : size, 1);

    REQUIRE(file != NULL);
    if (size > 0)
        memcpy(file, data, size);
    try_file(file, size);
    repair(file, size);
    try_file(file, size);
    free(file);
    return 0;
}
