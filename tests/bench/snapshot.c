/* SPDX-License-Identifier: MIT */
/*
 * A million exceptions, or as many as the argument says: time to build, bytes a
 * key, time of a look-up, its memory, and opening and the first one in a new process.
 * Prints what it measures beside what is aimed at; exit 1: something is
 * missed. Not part of "make check", as machines differ:
 *
 *   make -C BUILD/tests bench/snapshot && BUILD/tests/bench/snapshot
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"
#include "timing.h"

#define NOW INT64_C(1806000000)
#define ROUNDS 9
#define LOOK_UPS 1000000U

static unsigned total = 1000000;
static int missed;

static void
report(const char *what, double value, double aim, const char *unit)
{
    printf("%-42s %9.3f %s (aim: %g)%s\n", what, value, unit, aim, value > aim ? " MISSED" : "");
    missed |= value > aim;
}

static void
die(const char *what)
{
    perror(what);
    exit(2);
}

/* --- the exceptions --- */

static int
next_user(void *context, struct tlsfloor_exception *exception_r)
{
    static char line[128];
    unsigned *number = context;
    char error[100];

    snprintf(line, sizeof(line),
             "user%06u@example.org allow=TLSv1 until=2099-03-31 from=192.0.2.%u/28", *number,
             *number % 16 * 16);
    return (*number)++ < total &&
           tlsfloor_exception_parse(tlsfloor_text_from(line), tlsfloor_text_from(NULL), exception_r,
                                    error, sizeof(error)) == 1;
}

static void
build(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct tlsfloor_snapshot_about about;
    double start = bench_seconds();
    unsigned number = 0;
    struct stat st;

    if (fd < 0 || tlsfloor_snapshot_build(fd, next_user, &number, NOW, &about) != 0 ||
        fsync(fd) != 0 || fstat(fd, &st) != 0)
        die(path);
    report("build, with reading the lines", bench_seconds() - start, 5, "s");
    report("size", (double)(st.st_size - 2048) / total, 64, "bytes a key");
    close(fd);
}

/* --- look-ups --- */

static struct tlsfloor_snapshot *
open_snapshot(const char *path)
{
    struct tlsfloor_snapshot *snapshot;
    char error[TLSFLOOR_ERROR_TEXT];

    if (tlsfloor_snapshot_open(path, &snapshot, NULL, error) == 1)
        return snapshot;
    fprintf(stderr, "%s\n", error);
    exit(2);
}

/* step 16: all are found; 1: most are there, but for another network. */
static double
look_up(struct tlsfloor_snapshot *snapshot, unsigned step, unsigned count)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP, .tls = TLSFLOOR_TLS_1_0};
    struct tlsfloor_snapshot_record record;
    uint64_t seed = 1;
    double start = bench_cpu_seconds();
    char name[40];

    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    (void)tlsfloor_address_parse(tlsfloor_text_from("192.0.2.1"), &facts.client);
    for (unsigned i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        snprintf(name, sizeof(name), "user%06u@example.org",
                 (unsigned)(seed >> 33) % total / step * step);
        facts.user = tlsfloor_user_named(tlsfloor_text_from(name), tlsfloor_text_from(NULL));
        if (tlsfloor_snapshot_get(snapshot, &facts, NOW, &record) < (step == 16))
            exit(2);
    }
    return (bench_cpu_seconds() - start) / count * 1e6;
}

/* KiB of memory that this process shares with nobody. */
static unsigned long
private_memory(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    unsigned long size, sum = 0;
    char line[128];

    if (file == NULL)
        die("/proc/self/smaps_rollup");
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Private_Dirty: %lu", &size) == 1)
            sum += size;
    fclose(file);
    return sum;
}

static void
measure_look_ups(const char *path)
{
    unsigned long before = private_memory();
    struct tlsfloor_snapshot *snapshot = open_snapshot(path);
    double found[ROUNDS], absent[ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++) {
        found[round] = look_up(snapshot, 16, LOOK_UPS / 4);
        absent[round] = look_up(snapshot, 1, LOOK_UPS / 4);
    }
    /* The pages of the file are everybody's. */
    report("private memory for it, all names looked up", (double)(private_memory() - before), 64,
           "KiB");
    report("look-up of a user who has one", bench_median(found, ROUNDS), 1.2, "us");
    report("look-up of a user who has none from there", bench_median(absent, ROUNDS), 1.2, "us");
    tlsfloor_snapshot_close(snapshot);
}

int
main(int argc, char **argv)
{
    char directory[] = "/tmp/tlsfloor-bench-XXXXXX", path[64];

    if (argc > 1 && strcmp(argv[1], "-") == 0) {
        total = 16; /* the first one is in every list */
        if (argc > 2)
            (void)look_up(open_snapshot(argv[2]), 16, 1);
        return 0;
    }
    if (argc > 1)
        total = (unsigned)strtoul(argv[1], NULL, 10);
    if (total < 16 || mkdtemp(directory) == NULL)
        die(argv[0]);
    snprintf(path, sizeof(path), "%s/exceptions.cdb", directory);
    build(path);
    measure_look_ups(path);
    report("start: open and first look-up, more than none", bench_start(argv[0], path, NULL), 0.2,
           "ms");
    unlink(path);
    rmdir(directory);
    return missed;
}
