/* SPDX-License-Identifier: MIT */
/*
 * Build-ids of loaded files, tried on the C library of this very process and
 * on the program itself, which is linked with the build-id OWN: another one, a
 * cut one, none, and a file that is not loaded are all told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "build-identity.h"

#define LIBC "libc.so.6"
#define OTHER "0123456789abcdef0123456789abcdef01234567"
#define PROGRAM "" /* as Dovecot's auth is named */
#define OWN "746c73666c6f6f72"
#define REBUILD "): rebuild tlsfloor for this dovecot-core"

static char error[300];

static int
check(const char *file, const char *id)
{
    const struct tlsfloor_build_id wanted[] = {{file, id}};

    error[0] = '\0';
    return tlsfloor_build_identity_check(wanted, 1, error, sizeof(error));
}

/* The build-id of the C library, as the module itself tells it of a wrong one. */
static void
get_id(char id_r[128])
{
    static const char before[] = LIBC " is not the one that tlsfloor was built with (build-id ";

    assert_int_equal(check(LIBC, OTHER), -1);
    assert_memory_equal(error, before, sizeof(before) - 1);
    assert_int_equal(sscanf(error + sizeof(before) - 1, "%127[0-9a-f],", id_r), 1);
    assert_non_null(strstr(error, ", built with " OTHER REBUILD));
}

static void
test_loaded(void **state)
{
    char id[128], longer[130];

    (void)state;
    get_id(id);
    assert_int_equal(strlen(id) % 2, 0);
    assert_true(strlen(id) >= 16);
    assert_int_equal(check(LIBC, id), 0);
    assert_string_equal(error, "");
    assert_int_equal(check("so.6", id), -1);
    snprintf(longer, sizeof(longer), "%s0", id);
    assert_int_equal(check(LIBC, longer), -1);
    id[strlen(id) - 1] = '\0';
    assert_int_equal(check(LIBC, id), -1);
    assert_int_equal(check(LIBC, ""), -1);
}

static void
test_not_loaded(void **state)
{
    (void)state;
    assert_int_equal(check("libnone.so.0", OTHER), -1);
    assert_string_equal(error,
                        "libnone.so.0 is not loaded (build-id none, built with " OTHER REBUILD);
    assert_int_equal(check("libnone.so.0", ""), -1);
}

static void
test_program(void **state)
{
    (void)state;
    assert_int_equal(check(PROGRAM, OWN), 0);
    assert_string_equal(error, "");
    assert_int_equal(check(PROGRAM, OTHER), -1);
    assert_string_equal(error, "this program is not the one that tlsfloor was built with "
                               "(build-id " OWN ", built with " OTHER REBUILD);
    assert_int_equal(check(PROGRAM, OWN "00"), -1);
    assert_int_equal(check(PROGRAM, "746c73666c6f6f"), -1);
    assert_int_equal(check(PROGRAM, ""), -1);
    /* Only the whole name of a library, and no path to the program, means it. */
    assert_int_equal(check(LIBC, OWN), -1);
    assert_int_equal(check("test-build-identity", OWN), -1);
    assert_memory_equal(error, "test-build-identity is not loaded ", 34);
}

static void
test_first_of_several(void **state)
{
    char id[128];
    struct tlsfloor_build_id wanted[] = {{LIBC, id}, {"libnone.so.0", OTHER}};

    (void)state;
    get_id(id);
    assert_int_equal(tlsfloor_build_identity_check(wanted, 2, error, sizeof(error)), -1);
    assert_memory_equal(error, "libnone.so.0 ", 13);
    assert_int_equal(tlsfloor_build_identity_check(wanted, 1, error, sizeof(error)), 0);
    wanted[1] = (struct tlsfloor_build_id){PROGRAM, OTHER};
    assert_int_equal(tlsfloor_build_identity_check(wanted, 2, error, sizeof(error)), -1);
    assert_memory_equal(error, "this program ", 13);
    wanted[1].id = OWN;
    assert_int_equal(tlsfloor_build_identity_check(wanted, 2, error, sizeof(error)), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loaded),
        cmocka_unit_test(test_not_loaded),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_first_of_several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
