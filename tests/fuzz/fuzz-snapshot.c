/* SPDX-License-Identifier: MIT */
/*
 * A snapshot file of any bytes: it is opened or refused, and what is looked up
 * in it is an exception as a text could give it, none, or an error. A step
 * beyond the last page of the mapping ends the process. So that more is looked
 * at than checksums, what begins with "records:" is put into a file that is
 * right but for what its records say.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cdb.h>

#include "bytes.h"
#include "fuzz.h"
#include "hash.h"
#include "snapshot.h"
#include "time-text.h"

#define NOW INT64_C(1806000000)

/* Of a cdb file, and of snapshot.c in it. */
#define HEAD_SIZE 2048U
#define RECORD_SIZE 24U
#define ABOUT_SIZE 40U
#define CHECKSUM_SIZE 4U
#define VALUE_SIZE 1024U

static const char *const names[] = {"ann@example.org",
                                    "ANN@example.ORG",
                                    "carl",
                                    "x@example.org",
                                    "",
                                    "@",
                                    "*",
                                    "@example.org",
                                    "a@b@c"};

/* What is found is as a text could give it. */
static int
check(void *context, const struct tlsfloor_exception *exception)
{
    char line[TLSFLOOR_EXCEPTION_LINE];

    REQUIRE(context != NULL);
    REQUIRE(exception->who.size <= TLSFLOOR_SNAPSHOT_WHO);
    REQUIRE(exception->services != 0 && (exception->services & ~0x1eU) == 0);
    REQUIRE(exception->from_count <= TLSFLOOR_EXCEPTION_NETWORKS);
    REQUIRE(exception->allow == TLSFLOOR_TLS_CLEARTEXT ||
            (exception->allow >= TLSFLOOR_TLS_SSLV3 && exception->allow <= TLSFLOOR_TLS_1_3));
    REQUIRE(exception->until > 0 && !(exception->from_any && exception->from_count > 0));
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

/* Looks everybody up in a file, which is closed. */
static void
try_file(int fd)
{
    struct tlsfloor_snapshot *snapshot = NULL;
    char error[TLSFLOOR_ERROR_TEXT];

    if (tlsfloor_snapshot_map("seed", fd, &snapshot, error) != 1) {
        REQUIRE(strncmp(error, "seed: ", 6) == 0);
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ask(snapshot, names[i]);
    tlsfloor_snapshot_close(snapshot);
}

/* --- files of any records --- */

struct file {
    struct cdb_make make;
    size_t size;
};

/* Puts the checksum behind the value, which has room for it. */
static void
add_record(struct file *file, const unsigned char *key, size_t key_size, unsigned char *value,
           size_t size)
{
    unsigned char border = (unsigned char)key_size;
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, key, key_size);

    hash = tlsfloor_hash_add(hash, &border, 1);
    hash = tlsfloor_hash_add(hash, value, size);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    tlsfloor_bytes_put(value + size, hash >> 32, CHECKSUM_SIZE);
    size += CHECKSUM_SIZE;
    REQUIRE(cdb_make_add(&file->make, key, (unsigned)key_size, value, (unsigned)size) == 0);
    file->size += RECORD_SIZE + key_size + size;
}

/* The record of the empty key, which says what the file is. */
static void
add_about(struct file *file)
{
    unsigned char value[ABOUT_SIZE + CHECKSUM_SIZE] = "tlsfloor";

    tlsfloor_bytes_put(value + 8, 1, 4);
    tlsfloor_bytes_put(value + 24, 1, 8);
    tlsfloor_bytes_put(value + 32, file->size + RECORD_SIZE + sizeof(value), 8);
    add_record(file, value, 0, value, ABOUT_SIZE);
}

/* A byte with the size of a key, two with that of a value, both; and so on. */
static void
try_records(const uint8_t *data, size_t size)
{
    int fd = memfd_create("records", MFD_CLOEXEC);
    struct file file = {.size = HEAD_SIZE};

    REQUIRE(fd >= 0 && cdb_make_start(&file.make, fd) == 0);
    while (size >= 3) {
        size_t key_size = data[0], value_size = (size_t)tlsfloor_bytes_get(data + 1, 2);
        unsigned char value[VALUE_SIZE + CHECKSUM_SIZE];

        data += 3;
        size -= 3;
        if (key_size > size || value_size > size - key_size || value_size > VALUE_SIZE)
            break;
        memcpy(value, data + key_size, value_size);
        add_record(&file, data, key_size, value, value_size);
        data += key_size + value_size;
        size -= key_size + value_size;
    }
    add_about(&file);
    REQUIRE(cdb_make_finish(&file.make) == 0);
    try_file(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char records[] = "records:";
    const size_t begin = sizeof(records) - 1;
    int fd;

    if (size >= begin && memcmp(data, records, begin) == 0) {
        try_records(data + begin, size - begin);
        return 0;
    }
    fd = memfd_create("snapshot", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE(tlsfloor_file_write(fd, data, size) == 0);
    try_file(fd);
    return 0;
}
