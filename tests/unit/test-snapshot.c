/* SPDX-License-Identifier: MIT */
/*
 * What is built is found again, by the names that the text means and by no
 * other; and whatever becomes of the file, no look-up gives what the text does
 * not give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"
#include "time-text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define DAMAGED ": is damaged or of another release: run tlsfloor apply"
#define BUILT INT64_C(1800000000)
#define DAY_OF_TEST INT64_C(1806000000) /* 2027-03-25 */

static const char *const list[] = {
    "ann@example.org allow=TLSv1.1 until=2027-03-31 service=imap",
    "ann@example.org allow=TLSv1 until=2027-12-31 from=192.0.2.0/28",
    "Bob@Example.ORG allow=TLSv1 until=never service=pop3,sieve ciphers=any note=\"left out\"",
    "carl allow=SSLv3 until=2027-03-31 service=imap",
    "@old.example.net allow=TLSv1 until=2027-03-31 service=imap,pop3",
    "* allow=cleartext until=2027-03-31 from=198.51.100.0/28,2001:db8::/32,203.0.113.9",
    "scan@example.org allow=cleartext until=2027-03-31 service=submission from=any",
    "\"quoted allow=TLSv1 until=2027-03-31 service=imap", /* no exception */
    "a@b@c allow=TLSv1 until=2027-03-31 service=imap",
};

static char directory[256], path[300];

static int
set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof(directory), "%s/tlsfloor-snapshot-XXXXXX",
             tmp == NULL || strlen(tmp) > 200 ? "/tmp" : tmp);
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/exceptions.cdb", directory);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    return rmdir(directory);
}

/* --- building --- */

struct lines {
    const char *const *lines;
    size_t count;
    size_t next;
    const char *domain;
};

static int
parse(const char *line, const char *domain, struct tlsfloor_exception *exception_r)
{
    char error[256];

    return tlsfloor_exception_parse(tlsfloor_text_from(line), tlsfloor_text_from(domain),
                                    exception_r, error, sizeof(error));
}

static int
next_line(void *context, struct tlsfloor_exception *exception_r)
{
    struct lines *lines = context;

    while (lines->next < lines->count) {
        if (parse(lines->lines[lines->next++], lines->domain, exception_r) == 1)
            return 1;
    }
    return 0;
}

static struct tlsfloor_snapshot_about
build(const char *const *lines, size_t count, const char *domain)
{
    struct lines source = {lines, count, 0, domain};
    struct tlsfloor_snapshot_about about;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    if (tlsfloor_snapshot_build(fd, next_line, &source, BUILT, &about) != 0)
        fail_msg("build: %s", strerror(errno));
    close(fd);
    return about;
}

static struct tlsfloor_snapshot *
open_good(void)
{
    struct tlsfloor_snapshot *snapshot;
    char error[TLSFLOOR_ERROR_TEXT];

    if (tlsfloor_snapshot_open(path, &snapshot, NULL, error) != 1)
        fail_msg("%s", error);
    return snapshot;
}

/* want: what stands behind the path. */
static void
assert_not_opened(const char *want)
{
    struct tlsfloor_snapshot *snapshot = NULL;
    char error[TLSFLOOR_ERROR_TEXT], sentence[TLSFLOOR_ERROR_TEXT];

    assert_int_equal(tlsfloor_snapshot_open(path, &snapshot, NULL, error), -1);
    snprintf(sentence, sizeof(sentence), "%s%s", path, want);
    assert_string_equal(error, sentence);
    assert_null(snapshot);
}

/* --- asking --- */

static struct tlsfloor_facts
session(enum tlsfloor_service service, const char *tls, const char *client, const char *user)
{
    struct tlsfloor_facts facts = {.service = service};

    facts.tls = tlsfloor_tls_parse(tlsfloor_text_from(tls));
    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(client), &facts.client), 0);
    facts.user.state = TLSFLOOR_USER_NONE;
    if (user != NULL)
        facts.user = tlsfloor_user_named(tlsfloor_text_from(user), tlsfloor_text_from(NULL));
    return facts;
}

static const struct {
    const char *name;
    enum tlsfloor_service service;
    const char *tls, *client, *user, *want; /* want: WHO as written, or NULL */
} questions[] = {
    {"first line of two", TLSFLOOR_SERVICE_IMAP, "TLSv1.1", "192.0.2.99", "ann@example.org",
     "ann@example.org"},
    {"second line of two", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.7", "ann@example.org",
     "ann@example.org"},
    {"neither line", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "ann@example.org", NULL},
    {"case of the session", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.7", "ANN@Example.Org",
     "ann@example.org"},
    {"case of the list", TLSFLOOR_SERVICE_SIEVE, "TLSv1", "192.0.2.7", "bob@example.org",
     "Bob@Example.ORG"},
    {"other service", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "bob@example.org", NULL},
    {"no domain", TLSFLOOR_SERVICE_IMAP, "SSLv3", "192.0.2.99", "Carl", "carl"},
    {"a domain too many", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "carl@example.org", NULL},
    {"whole domain", TLSFLOOR_SERVICE_POP3, "TLSv1", "192.0.2.99", "x@OLD.example.net",
     "@old.example.net"},
    {"subdomain", TLSFLOOR_SERVICE_POP3, "TLSv1", "192.0.2.99", "x@a.old.example.net", NULL},
    {"anybody", TLSFLOOR_SERVICE_POP3, "cleartext", "198.51.100.3", "x@example.com", "*"},
    {"anybody, no user", TLSFLOOR_SERVICE_POP3, "cleartext", "2001:db8::3", NULL, "*"},
    {"anybody, last network", TLSFLOOR_SERVICE_POP3, "cleartext", "203.0.113.9", NULL, "*"},
    {"anybody, from elsewhere", TLSFLOOR_SERVICE_POP3, "cleartext", "203.0.113.8", NULL, NULL},
    {"the user before anybody", TLSFLOOR_SERVICE_SUBMISSION, "TLSv1", "198.51.100.3",
     "scan@example.org", "scan@example.org"},
    {"several @", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "a@b@c", "a@b@c"},
    {"empty name", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "", NULL},
    {"@ alone", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "@", NULL},
    {"* as a name", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "*", NULL},
    {"* as a name, from there", TLSFLOOR_SERVICE_IMAP, "TLSv1", "198.51.100.3", "*", "*"},
    {"nobody of a domain", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "@old.example.net",
     "@old.example.net"},
    {"odd bytes", TLSFLOOR_SERVICE_IMAP, "TLSv1", "192.0.2.99", "\x01\xff\n@\x80", NULL},
};

static void
test_questions(void **state)
{
    struct tlsfloor_snapshot_about about = build(list, COUNT(list), NULL);
    struct tlsfloor_snapshot *snapshot = open_good();
    const struct tlsfloor_snapshot_about *read = tlsfloor_snapshot_about(snapshot);

    (void)state;
    assert_int_equal(about.count, 8);
    assert_int_equal(read->count, about.count);
    assert_int_equal(read->built, about.built);
    assert_int_equal(read->id, about.id);
    for (size_t i = 0; i < COUNT(questions); i++) {
        struct tlsfloor_facts facts =
            session(questions[i].service, questions[i].tls, questions[i].client, questions[i].user);
        struct tlsfloor_snapshot_record record;
        int found = tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record);

        if (found != (questions[i].want != NULL))
            fail_msg("%s: found %d", questions[i].name, found);
        if (found &&
            !tlsfloor_text_equal(record.exception.who, tlsfloor_text_from(questions[i].want)))
            fail_msg("%s: found %.*s", questions[i].name, (int)record.exception.who.size,
                     record.exception.who.data);
    }
    tlsfloor_snapshot_close(snapshot);
}

/* Until the last second of its last day, and never is never. */
static void
test_end(void **state)
{
    struct tlsfloor_facts carl = session(TLSFLOOR_SERVICE_IMAP, "SSLv3", "192.0.2.1", "carl");
    struct tlsfloor_facts bob =
        session(TLSFLOOR_SERVICE_POP3, "TLSv1", "192.0.2.1", "bob@example.org");
    struct tlsfloor_snapshot *snapshot;
    struct tlsfloor_snapshot_record record;
    int64_t day;

    (void)state;
    build(list, COUNT(list), NULL);
    snapshot = open_good();
    assert_int_equal(tlsfloor_date_parse(tlsfloor_text_from("2027-04-01"), &day), 0);
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &carl, day - 1, &record), 1);
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &carl, day, &record), 0);
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &bob, INT64_MAX, &record), 1);
    tlsfloor_snapshot_close(snapshot);
}

static void
test_default_domain(void **state)
{
    static const char *const lines[] = {"Carl allow=SSLv3 until=2027-03-31 service=imap"};
    struct tlsfloor_facts facts =
        session(TLSFLOOR_SERVICE_IMAP, "SSLv3", "192.0.2.1", "carl@example.org");
    struct tlsfloor_snapshot_record record;
    struct tlsfloor_snapshot *snapshot;

    (void)state;
    build(lines, 1, "Example.org");
    snapshot = open_good();
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), 1);
    /* the audit line is to show what the list has */
    assert_true(tlsfloor_text_equal(record.exception.who, tlsfloor_text_from("Carl")));
    facts = session(TLSFLOOR_SERVICE_IMAP, "SSLv3", "192.0.2.1", "carl");
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), 0);
    tlsfloor_snapshot_close(snapshot);
}

static int
count_one(void *context, const struct tlsfloor_exception *exception)
{
    (void)exception;
    return ++*(int *)context == 3;
}

static void
test_each(void **state)
{
    static const char *const lines[] = {
        "* allow=SSLv3 until=2027-03-31 from=any",
        "ann allow=SSLv3 until=2027-03-31 from=any",
        "ann allow=TLSv1 until=2020-03-31 from=any",
        "bob allow=TLSv1 until=2020-03-31 from=any",
    };
    struct tlsfloor_user ann =
        tlsfloor_user_named(tlsfloor_text_from("ann"), tlsfloor_text_from(NULL));
    struct tlsfloor_user nobody = {.state = TLSFLOOR_USER_NOT_YET};
    struct tlsfloor_snapshot *snapshot;
    int count = 0;

    (void)state;
    build(lines, COUNT(lines), NULL);
    snapshot = open_good();
    assert_int_equal(tlsfloor_snapshot_each(snapshot, &ann, count_one, &count), 0);
    assert_int_equal(count, 3);
    count = 2;
    assert_int_equal(tlsfloor_snapshot_each(snapshot, &ann, count_one, &count), 0);
    assert_int_equal(count, 3);
    count = 0;
    assert_int_equal(tlsfloor_snapshot_each(snapshot, &nobody, count_one, &count), 0);
    assert_int_equal(count, 1);
    tlsfloor_snapshot_close(snapshot);
}

/* Equal lists have equal identities, others have not. */
static void
test_identity(void **state)
{
    uint64_t all = build(list, COUNT(list), NULL).id;
    uint64_t fewer = build(list, COUNT(list) - 1, NULL).id;
    struct lines source = {list, COUNT(list), 0, NULL};
    struct tlsfloor_snapshot_about about;

    (void)state;
    assert_int_equal(build(list, COUNT(list), NULL).id, all);
    assert_int_equal(tlsfloor_snapshot_measure(next_line, &source, BUILT, &about), 0);
    assert_int_equal(about.id, all);
    assert_int_equal(about.count, 8);
    assert_int_not_equal(fewer, all);
    assert_int_not_equal(build(list, COUNT(list), "example.com").id, all);
}

/* --- sizes --- */

static void
test_longest(void **state)
{
    char line[TLSFLOOR_EXCEPTION_LINE], domain[256], name[TLSFLOOR_SNAPSHOT_KEY + 2];
    const char *const lines[] = {line};
    struct tlsfloor_snapshot_record record;
    struct tlsfloor_snapshot *snapshot;
    struct tlsfloor_facts facts;
    int used;

    (void)state;
    memset(domain, 'd', 255);
    domain[255] = '\0';
    memset(name, 'U', sizeof(name));
    used =
        snprintf(line, sizeof(line), "%.512s allow=SSLv3 until=2027-03-31 from=2001:db8::", name);
    for (unsigned i = 0; i < TLSFLOOR_EXCEPTION_NETWORKS - 1; i++)
        used += snprintf(line + used, sizeof(line) - (size_t)used, ",2001:db8::%x", i + 1);
    build(lines, 1, domain);
    snapshot = open_good();
    facts = session(TLSFLOOR_SERVICE_IMAP, "SSLv3", "2001:db8::f", NULL);
    for (size_t size = 510; size < sizeof(name); size++) {
        facts.user =
            tlsfloor_user_named((struct tlsfloor_text){name, size}, tlsfloor_text_from(domain));
        assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record),
                         size == 512);
    }
    tlsfloor_snapshot_close(snapshot);
}

/* A name of any length is looked for, and just not found. */
static void
test_long_names(void **state)
{
    static char name[40000];
    struct tlsfloor_facts facts = session(TLSFLOOR_SERVICE_IMAP, "SSLv3", "192.0.2.1", NULL);
    struct tlsfloor_snapshot_record record;
    struct tlsfloor_snapshot *snapshot;

    (void)state;
    build(list, COUNT(list), NULL);
    snapshot = open_good();
    memset(name, 'x', sizeof(name));
    for (size_t at = 0; at < sizeof(name); at += 13) {
        name[at] = '@';
        facts.user = tlsfloor_user_named((struct tlsfloor_text){name, sizeof(name) - at},
                                         tlsfloor_text_from(NULL));
        assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), 0);
    }
    tlsfloor_snapshot_close(snapshot);
}

static int
next_user(void *context, struct tlsfloor_exception *exception_r)
{
    static char line[100];
    unsigned *number = context;

    snprintf(line, sizeof(line),
             "user%06u@example.org allow=TLSv1 until=2027-03-31 from=192.0.2.0/28", *number);
    return (*number)++ < 1000 && parse(line, NULL, exception_r) == 1;
}

static void
test_bytes_a_key(void **state)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct tlsfloor_snapshot_about about;
    unsigned number = 0;
    struct stat st;

    (void)state;
    assert_int_equal(tlsfloor_snapshot_build(fd, next_user, &number, BUILT, &about), 0);
    assert_int_equal(fstat(fd, &st), 0);
    close(fd);
    assert_int_equal(about.count, 1000);
    assert_true(st.st_size - 2048 <= 64 * 1000);
}

/* --- damage --- */

static unsigned char whole[8192], damaged[8192];
static size_t whole_size;

static void
write_whole(const unsigned char *bytes, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void
read_whole(void)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, whole, sizeof(whole));

    assert_in_range(size, 2048, sizeof(whole) - 1);
    whole_size = (size_t)size;
    close(fd);
}

/* An exception that was found is one of the list, note aside. */
static void
assert_of_list(const struct tlsfloor_exception *exception)
{
    struct tlsfloor_exception want;

    for (size_t i = 0; i < COUNT(list); i++) {
        if (parse(list[i], NULL, &want) == 1 && tlsfloor_text_equal(want.who, exception->who) &&
            want.kind == exception->kind && want.allow == exception->allow &&
            want.until == exception->until && want.services == exception->services &&
            want.ciphers_any == exception->ciphers_any && want.from_any == exception->from_any &&
            want.from_count == exception->from_count &&
            memcmp(want.from, exception->from, sizeof(want.from)) == 0)
            return;
    }
    fail_msg("%.*s is not what the list has", (int)exception->who.size, exception->who.data);
}

/* All questions to a damaged file: the same answer, none, or an error. How many were no answer. */
static unsigned
ask_damaged(void)
{
    struct tlsfloor_snapshot *snapshot;
    struct tlsfloor_snapshot_record record;
    char error[TLSFLOOR_ERROR_TEXT];
    unsigned missed = 0;

    if (tlsfloor_snapshot_open(path, &snapshot, NULL, error) != 1)
        return COUNT(questions);
    for (size_t i = 0; i < COUNT(questions); i++) {
        struct tlsfloor_facts facts =
            session(questions[i].service, questions[i].tls, questions[i].client, questions[i].user);
        int found = tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record);

        if (found == 1) {
            assert_non_null(questions[i].want);
            assert_of_list(&record.exception);
        } else if (questions[i].want != NULL) {
            missed++;
        }
    }
    tlsfloor_snapshot_close(snapshot);
    return missed;
}

static void
test_flipped_bits(void **state)
{
    unsigned missed = 0;

    (void)state;
    build(list, COUNT(list), NULL);
    read_whole();
    assert_int_equal(ask_damaged(), 0);
    for (size_t bit = 0; bit < 8 * whole_size; bit++) {
        memcpy(damaged, whole, whole_size);
        damaged[bit / 8] ^= (unsigned char)(1U << bit % 8);
        write_whole(damaged, whole_size);
        missed += ask_damaged() > 0;
    }
    /* most of the file is a table of 256 places, of which few are used */
    assert_true(missed > 2000);
}

/* Numbers at their limits in place of every four bytes: offsets, sizes, positions. */
static void
test_wild_numbers(void **state)
{
    static const uint32_t numbers[] = {
        0, 1, 2047, 2048, 4096, 65536, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffc, 0xffffffff};

    (void)state;
    build(list, COUNT(list), NULL);
    read_whole();
    for (size_t at = 0; at + 4 <= whole_size; at++) {
        for (size_t i = 0; i < COUNT(numbers); i++) {
            memcpy(damaged, whole, whole_size);
            for (unsigned byte = 0; byte < 4; byte++)
                damaged[at + byte] = (unsigned char)(numbers[i] >> 8 * byte);
            write_whole(damaged, whole_size);
            ask_damaged();
        }
        if (at > 200 && at < 1848) /* the same place of another table */
            at += 52;
    }
}

static void
test_cut_and_grown(void **state)
{
    (void)state;
    build(list, COUNT(list), NULL);
    read_whole();
    for (size_t size = 0; size < whole_size; size++) {
        write_whole(whole, size);
        assert_not_opened(DAMAGED);
    }
    whole[whole_size] = 0;
    write_whole(whole, whole_size + 1);
    assert_not_opened(DAMAGED);
}

/* A file that is cut after it was opened must not end the process. */
static void
test_cut_while_open(void **state)
{
    struct tlsfloor_facts facts =
        session(TLSFLOOR_SERVICE_IMAP, "TLSv1.1", "192.0.2.99", "ann@example.org");
    struct tlsfloor_snapshot_record record;
    struct tlsfloor_snapshot *snapshot;

    (void)state;
    build(list, COUNT(list), NULL);
    snapshot = open_good();
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), 1);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), -1);
    tlsfloor_snapshot_close(snapshot);
}

/* What was replaced or removed stays readable for who has it open. */
static void
test_removed_while_open(void **state)
{
    struct tlsfloor_facts facts =
        session(TLSFLOOR_SERVICE_IMAP, "TLSv1.1", "192.0.2.99", "ann@example.org");
    struct tlsfloor_snapshot_record record;
    struct tlsfloor_snapshot *snapshot;

    (void)state;
    build(list, COUNT(list), NULL);
    snapshot = open_good();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tlsfloor_snapshot_get(snapshot, &facts, DAY_OF_TEST, &record), 1);
    tlsfloor_snapshot_close(snapshot);
}

static void
test_other_files(void **state)
{
    struct tlsfloor_snapshot *snapshot;
    char error[TLSFLOOR_ERROR_TEXT];

    (void)state;
    assert_int_equal(tlsfloor_snapshot_open(path, &snapshot, NULL, error), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_not_opened(": is a directory, not a file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_not_opened(": is not a regular file");
    assert_int_equal(unlink(path), 0);
    build(list, COUNT(list), NULL);
    assert_int_equal(chmod(path, 0666), 0);
    assert_not_opened(": can be written by others (mode 0666): chmod go-w");
    assert_int_equal(chmod(path, 0600), 0);
    memset(damaged, 0xff, sizeof(damaged));
    write_whole(damaged, sizeof(damaged));
    assert_not_opened(DAMAGED);
    memset(damaged, 0, sizeof(damaged));
    write_whole(damaged, sizeof(damaged));
    assert_not_opened(DAMAGED);
}

/* --- building goes wrong --- */

static int
next_copy(void *context, struct tlsfloor_exception *exception_r)
{
    const struct tlsfloor_exception **given = context;

    if (*given == NULL)
        return 0;
    *exception_r = **given;
    *given = NULL;
    return 1;
}

static void
test_no_exceptions(void **state)
{
    struct tlsfloor_exception good, bad;
    const struct tlsfloor_exception *given;
    struct tlsfloor_snapshot_about about;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_int_equal(parse(list[0], NULL, &good), 1);
    for (unsigned i = 0; i < 4; i++) {
        bad = good;
        bad.until += i == 0;
        bad.until = i == 1 ? 0 : bad.until;
        bad.services |= i == 2 ? 0x20U : 0;
        bad.from_count = i == 3 ? TLSFLOOR_EXCEPTION_NETWORKS + 1 : bad.from_count;
        given = &bad;
        errno = 0;
        assert_int_equal(tlsfloor_snapshot_build(fd, next_copy, &given, 0, &about), -1);
        assert_int_equal(errno, EINVAL);
    }
    close(fd);
    fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    given = &good;
    assert_int_equal(tlsfloor_snapshot_build(fd, next_copy, &given, 0, &about), -1);
    assert_true(errno == ENOSPC || errno == ESPIPE || errno == EINVAL);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_default_domain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_identity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_a_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wild_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_and_grown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_while_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removed_while_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_files, set_up, tear_down),
        cmocka_unit_test(test_no_exceptions),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
