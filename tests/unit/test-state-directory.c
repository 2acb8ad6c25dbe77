/* SPDX-License-Identifier: MIT */
/*
 * Which applied state Dovecot's processes read: TLSFLOOR_STATE as it stands,
 * and the directory of the build where it is not set or empty.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "state-directory.h"

#define VARIABLE "TLSFLOOR_STATE"

static void
test_of_the_build(void **state)
{
    (void)state;
    assert_int_equal(unsetenv(VARIABLE), 0);
    assert_string_equal(tlsfloor_state_directory(), TLSFLOOR_STATEDIR);
    assert_int_equal(setenv(VARIABLE, "", 1), 0);
    assert_string_equal(tlsfloor_state_directory(), TLSFLOOR_STATEDIR);
}

static void
test_of_the_environment(void **state)
{
    static const char *const cases[] = {"/srv/tlsfloor", "relative", " ", "/with blanks/", "."};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(setenv(VARIABLE, cases[i], 1), 0);
        assert_string_equal(tlsfloor_state_directory(), cases[i]);
    }
    /* Nothing is remembered, and no other name counts. */
    assert_int_equal(unsetenv(VARIABLE), 0);
    assert_int_equal(setenv(VARIABLE "DIR", "/other", 1), 0);
    assert_string_equal(tlsfloor_state_directory(), TLSFLOOR_STATEDIR);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_build),
        cmocka_unit_test(test_of_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
