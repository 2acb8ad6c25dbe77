/* SPDX-License-Identifier: MIT */
/*
 * The applied state with its exceptions: what is applied is looked up; what is
 * missing, damaged, of another time or not for us is an error, and what no
 * exception could cover is known without them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope-file.h"
#include "state-apply.h"
#include "store.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define NOW INT64_C(1806000000) /* 2027-03-25 */

#define ANN "ann allow=TLSv1 until=2027-03-31 from=192.0.2.0/24\n"
#define BOB "bob allow=TLSv1 until=2027-03-31 from=192.0.2.0/24\n"
#define ALL "* allow=SSLv3 until=2027-03-31 from=198.51.100.7\n"

static char directory[256], snapshot[300], old_snapshot[300], envelope[300], aside[300];
static struct tlsfloor_store *store;

static int
set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof(directory), "%s/tlsfloor-store-XXXXXX",
             tmp == NULL || strlen(tmp) > 200 ? "/tmp" : tmp);
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(snapshot, sizeof(snapshot), "%s/exceptions.cdb", directory);
    snprintf(old_snapshot, sizeof(old_snapshot), "%s/exceptions.old", directory);
    snprintf(envelope, sizeof(envelope), "%s/envelope", directory);
    snprintf(aside, sizeof(aside), "%s/aside", directory);
    store = tlsfloor_store_new(directory);
    return store == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;

    (void)state;
    tlsfloor_store_free(store);
    if (entries == NULL)
        return -1;
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(entries), entry->d_name, 0) != 0)
            unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
    }
    closedir(entries);
    return rmdir(directory);
}

/* --- applying --- */

static int
next_line(void *context, struct tlsfloor_exception *exception_r)
{
    const char **text = context;
    size_t size = strcspn(*text, "\n");
    const struct tlsfloor_text line = {*text, size};
    char error[256];

    if (size == 0)
        return 0;
    if (tlsfloor_exception_parse(line, tlsfloor_text_from(NULL), exception_r, error,
                                 sizeof(error)) != 1)
        fail_msg("%s", error);
    *text += size + 1;
    return 1;
}

static struct tlsfloor_state_result
apply_for(const char *group, const char *exceptions)
{
    struct tlsfloor_policy *policy = tlsfloor_policy_new();
    const struct tlsfloor_state_new new = {
        .policy = policy, .next = next_line, .context = &exceptions, .now = NOW, .group = group};
    struct tlsfloor_state_result result;
    char error[TLSFLOOR_ERROR_TEXT];
    int lock = tlsfloor_state_lock(directory, error);

    assert_true(lock >= 0);
    if (tlsfloor_state_apply(lock, directory, &new, &result, error) != 0)
        fail_msg("%s", error);
    close(lock);
    tlsfloor_policy_free(policy);
    return result;
}

static uint64_t
apply(const char *exceptions)
{
    return apply_for(NULL, exceptions).about.id;
}

static uint64_t
in_force(void)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *policy = tlsfloor_state_load(directory, NULL, error);
    uint64_t id;

    if (policy == NULL)
        fail_msg("%s", error);
    id = policy->snapshot;
    tlsfloor_policy_free(policy);
    return id;
}

/* --- asking --- */

static int64_t now = NOW;

static struct tlsfloor_lookup
get(uint64_t id, const char *user, const char *client)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP, .tls = TLSFLOOR_TLS_1_0};

    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(client), &facts.client), 0);
    if (user != NULL)
        facts.user = tlsfloor_user_named(tlsfloor_text_from(user), tlsfloor_text_from(NULL));
    return tlsfloor_store_get(store, id, &facts, now);
}

static void
assert_result(uint64_t id, const char *user, enum tlsfloor_lookup_result want)
{
    assert_int_equal(get(id, user, "192.0.2.1").result, want);
}

static void
assert_problem(const char *want)
{
    int mended;
    const char *problem = tlsfloor_store_problem(store, &mended);

    assert_int_equal(mended, 0);
    assert_non_null(problem);
    if (strncmp(problem, directory, strlen(directory)) != 0 ||
        strcmp(problem + strlen(directory), want) != 0)
        fail_msg("%s", problem);
    assert_null(tlsfloor_store_problem(store, &mended));
}

static void
assert_mended(int want)
{
    int mended;

    assert_null(tlsfloor_store_problem(store, &mended));
    assert_int_equal(mended, want);
}

/* --- what is applied is found --- */

static void
test_found(void **state)
{
    uint64_t id = apply(ANN ALL);
    struct tlsfloor_lookup lookup;

    (void)state;
    assert_int_equal(in_force(), id);
    assert_int_not_equal(id, 0);
    lookup = get(id, "ann", "192.0.2.1");
    assert_int_equal(lookup.result, TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(lookup.may_cover, 1);
    assert_true(tlsfloor_text_equal(lookup.exception->who, tlsfloor_text_from("ann")));
    lookup = get(id, "bob", "192.0.2.1");
    assert_int_equal(lookup.result, TLSFLOOR_LOOKUP_ABSENT);
    assert_int_equal(lookup.may_cover, 1);
    lookup = get(id, "bob", "203.0.113.1");
    assert_int_equal(lookup.result, TLSFLOOR_LOOKUP_ABSENT);
    assert_int_equal(lookup.may_cover, 0);
    lookup = get(id, NULL, "198.51.100.7");
    assert_int_equal(lookup.result, TLSFLOOR_LOOKUP_FOUND);
    assert_mended(0);
}

/* Without exceptions there is no snapshot, and nothing to go wrong. */
static void
test_none(void **state)
{
    (void)state;
    assert_int_equal(apply(""), 0);
    assert_int_equal(access(snapshot, F_OK), -1);
    assert_result(0, "ann", TLSFLOOR_LOOKUP_ABSENT);
    assert_int_equal(get(0, "ann", "192.0.2.1").may_cover, 0);
    apply(ANN);
    assert_int_equal(access(snapshot, F_OK), 0);
    assert_int_equal(apply(""), 0);
    assert_int_equal(access(snapshot, F_OK), -1);
    assert_int_equal(in_force(), 0);
}

/* A change counts as soon as its policy is known, also within one second. */
static void
test_change(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    id = apply(BOB);
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ABSENT);
    assert_result(id, "bob", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(access(old_snapshot, F_OK), -1);
}

/* All taken away and given again within one second, with a look in between. */
static void
test_there_and_back(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    apply("");
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_int_equal(tlsfloor_store_is_outdated(store), 1);
    assert_result(0, "ann", TLSFLOOR_LOOKUP_ABSENT);
    assert_int_equal(apply(ANN), id);
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(get(id, NULL, "192.0.2.1").may_cover, 1);
}

/* Another list and the first one again within one second, with a look at the other in between. */
static void
test_back_at_once(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    apply(BOB);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_int_equal(tlsfloor_store_is_outdated(store), 1);
    assert_int_equal(apply(ANN), id);
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(tlsfloor_store_is_outdated(store), 0);
}

/* Each look-up that fails may be the fault of a policy that was not read yet. */
static void
test_outdated_as_long_as_it_fails(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    apply(BOB);
    for (int look = 0; look < 2; look++) {
        assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
        assert_int_equal(tlsfloor_store_is_outdated(store), 1);
        assert_int_equal(tlsfloor_store_is_outdated(store), 0);
    }
}

/* Who has not read the new policy yet goes on with the old exceptions. */
static void
test_old_policy(void **state)
{
    uint64_t old = apply(ANN);

    (void)state;
    assert_result(old, "ann", TLSFLOOR_LOOKUP_FOUND);
    apply(BOB);
    assert_result(old, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(tlsfloor_store_is_outdated(store), 0);
    /* ... until he looks again, which tells him that there must be another policy. */
    now++;
    assert_result(old, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_int_equal(tlsfloor_store_is_outdated(store), 1);
    assert_int_equal(tlsfloor_store_is_outdated(store), 0);
}

/* Between the two renames of an apply both snapshots are there. */
static void
test_in_between(void **state)
{
    uint64_t old = apply(ANN), new;

    (void)state;
    assert_int_equal(link(snapshot, aside), 0);
    new = apply(BOB);
    assert_int_equal(rename(aside, old_snapshot), 0);
    assert_result(old, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_result(old, "bob", TLSFLOOR_LOOKUP_ABSENT);
    assert_result(new, "ann", TLSFLOOR_LOOKUP_ABSENT);
    assert_result(new, "bob", TLSFLOOR_LOOKUP_FOUND);
    assert_mended(0);
}

/* --- what can be wrong --- */

static void
test_missing(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(rename(snapshot, aside), 0);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_result(id, "zoe", TLSFLOOR_LOOKUP_ERROR);
    assert_problem("/exceptions.cdb: is missing: run tlsfloor apply");
    assert_int_equal(get(id, "zoe", "192.0.2.1").may_cover, 1);
    assert_int_equal(get(id, "zoe", "203.0.113.1").may_cover, 0);
    assert_int_equal(rename(aside, snapshot), 0);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    assert_mended(1);
    assert_mended(0);
    /* a problem goes away with the exceptions */
    assert_int_equal(unlink(snapshot), 0);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_result(0, "ann", TLSFLOOR_LOOKUP_ABSENT);
    assert_mended(0);
}

/* From a backup: whole, but not what was applied last. */
static void
test_of_another_time(void **state)
{
    uint64_t id;

    (void)state;
    apply(ANN);
    assert_int_equal(rename(snapshot, aside), 0);
    id = apply(BOB);
    assert_result(id, "bob", TLSFLOOR_LOOKUP_FOUND);
    assert_int_equal(rename(aside, snapshot), 0);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_problem("/exceptions.cdb: is not the one that was applied with the policy: "
                   "run tlsfloor apply");
    assert_int_equal(apply(BOB), id);
    now++;
    assert_result(id, "bob", TLSFLOOR_LOOKUP_FOUND);
    assert_mended(1);
}

static void
test_damaged(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
    /* in the same second, while it is mapped */
    assert_int_equal(truncate(snapshot, 0), 0);
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_problem("/exceptions.cdb: is damaged: run tlsfloor apply");
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_problem("/exceptions.cdb: is damaged or of another release: run tlsfloor apply");
    assert_int_equal(unlink(snapshot), 0);
    assert_int_equal(mkdir(snapshot, 0755), 0);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_ERROR);
    assert_problem("/exceptions.cdb: is a directory, not a file");
    assert_int_equal(rmdir(snapshot), 0);
    apply(ANN);
    now++;
    assert_result(id, "ann", TLSFLOOR_LOOKUP_FOUND);
}

/* An identity that was changed by hand is a damaged policy. */
static void
test_identity_is_guarded(void **state)
{
    char path[300], file[32768], error[TLSFLOOR_ERROR_TEXT], *word;
    ssize_t size;
    int fd;

    (void)state;
    apply(ANN);
    snprintf(path, sizeof(path), "%s/policy", directory);
    fd = open(path, O_RDWR | O_CLOEXEC);
    size = read(fd, file, sizeof(file) - 1);
    assert_true(size > 0);
    file[size] = '\0';
    word = strstr(file, ", exceptions ");
    assert_non_null(word);
    for (char *byte = word; *byte != '\n'; byte++) {
        char good = *byte;

        *byte ^= 1;
        assert_int_equal(pwrite(fd, file, (size_t)size, 0), size);
        assert_null(tlsfloor_state_load(directory, NULL, error));
        *byte = good;
    }
    memmove(word, strchr(word, '\n'), strlen(strchr(word, '\n')) + 1);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, file, strlen(file), 0), strlen(file));
    assert_null(tlsfloor_state_load(directory, NULL, error));
    close(fd);
}

/* --- the envelope's file --- */

static int
covered(int fd, const char *client)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP, .tls = TLSFLOOR_TLS_1_0};
    struct tlsfloor_envelope read;

    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from("AES128-SHA"));
    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(client), &facts.client), 0);
    (void)tlsfloor_envelope_read(fd, &read);
    return tlsfloor_envelope_match(&read, &facts, NOW);
}

/* One descriptor shows what is in force, whatever is applied. */
static void
test_envelope_in_place(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(tlsfloor_envelope_open(directory), -1);
    apply("");
    fd = tlsfloor_envelope_open(directory);
    assert_true(fd >= 0);
    assert_int_equal(covered(fd, "192.0.2.1"), 0);
    apply(ANN);
    assert_int_equal(covered(fd, "192.0.2.1"), 1);
    assert_int_equal(covered(fd, "198.51.100.7"), 0);
    apply(ALL);
    assert_int_equal(covered(fd, "192.0.2.1"), 0);
    assert_int_equal(covered(fd, "198.51.100.7"), 1);
    assert_int_equal(tlsfloor_envelope_is_gone(fd), 0);
    close(fd);
}

static void
test_envelope_is_mended(void **state)
{
    struct stat st;
    int fd;

    (void)state;
    apply(ANN);
    fd = tlsfloor_envelope_open(directory);
    assert_int_equal(truncate(envelope, 100), 0);
    assert_int_equal(covered(fd, "203.0.113.1"), 1);
    assert_int_equal(covered(-1, "203.0.113.1"), 1);
    apply(ANN);
    assert_int_equal(tlsfloor_envelope_is_gone(fd), 1);
    close(fd);
    fd = tlsfloor_envelope_open(directory);
    assert_int_equal(covered(fd, "203.0.113.1"), 0);
    assert_int_equal(covered(fd, "192.0.2.1"), 1);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0644);
    assert_int_equal(st.st_size, TLSFLOOR_ENVELOPE_SIZE);
    close(fd);
}

/* A store that has seen the envelope takes the new one with the new policy, or when it is bad. */
static void
test_envelope_of_the_store(void **state)
{
    uint64_t id = apply(ANN);

    (void)state;
    assert_int_equal(get(id, NULL, "203.0.113.1").may_cover, 0);
    assert_int_equal(unlink(envelope), 0);
    now++;
    assert_int_equal(get(id, NULL, "203.0.113.1").may_cover, 0);
    id = apply(BOB);
    assert_int_equal(get(id, NULL, "203.0.113.1").may_cover, 0);
    assert_int_equal(get(id, NULL, "192.0.2.1").may_cover, 1);
    assert_int_equal(truncate(envelope, 0), 0);
    now++;
    assert_int_equal(get(id, NULL, "203.0.113.1").may_cover, 1);
    apply(BOB);
    now++;
    assert_int_equal(get(id, NULL, "203.0.113.1").may_cover, 0);
}

/* --- who may read --- */

static void
test_readers(void **state)
{
    struct group *group = getgrnam("nogroup");
    struct stat st;

    (void)state;
    if (getuid() != 0 || group == NULL)
        skip();
    assert_int_equal(apply_for("nogroup", ANN).no_group, 0);
    assert_int_equal(stat(snapshot, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_gid, group->gr_gid);
    assert_int_equal(apply_for("no-such-group", ANN).no_group, 1);
    assert_int_equal(stat(snapshot, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(apply_for("no-such-group", "").no_group, 0);
    assert_int_equal(chown(directory, 0, 7), 0);
    assert_int_equal(apply_for("no-such-group", ANN).no_group, 0);
    assert_int_equal(stat(snapshot, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_gid, 7);
}

/* --- what a killed apply leaves --- */

static void
test_leavings(void **state)
{
    static const char *const names[] = {"exceptions.new", "exceptions.old", "exceptions.link",
                                        "envelope.new", "policy.new"};
    char path[300];
    uint64_t id;

    (void)state;
    apply(ANN);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    id = apply(BOB);
    assert_result(id, "bob", TLSFLOOR_LOOKUP_FOUND);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        if (access(path, F_OK) == 0)
            fail_msg("%s is left", names[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_back_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outdated_as_long_as_it_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_old_policy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_between, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_another_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_identity_is_guarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_envelope_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_envelope_is_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_envelope_of_the_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leavings, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
