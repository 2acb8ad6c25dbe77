/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a against its published test vectors, and taken in pieces. The rollout
 * and the applied policy rest on these numbers for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hash.h"

/* From the FNV reference vectors (draft-eastlake-fnv), 64-bit FNV-1a. */
static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    uint64_t want;
} cases[] = {
    {"empty", "", 0, UINT64_C(0xcbf29ce484222325)},
    {"a", "a", 1, UINT64_C(0xaf63dc4c8601ec8c)},
    {"foobar", "foobar", 6, UINT64_C(0x85944171f73967e8)},
    {"foobar with its NUL", "foobar", 7, UINT64_C(0x34531ca7168b8f38)},
    {"byte 0xff", "\xff", 1, UINT64_C(0xaf64724c8602eb6e)},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        if (tlsfloor_hash_add(TLSFLOOR_HASH_START, cases[i].bytes, cases[i].size) != cases[i].want)
            fail_msg("%s", cases[i].name);
    }
}

static void
test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        for (size_t cut = 0; cut <= cases[i].size; cut++) {
            uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, cases[i].bytes, cut);

            hash = tlsfloor_hash_add(hash, cases[i].bytes + cut, cases[i].size - cut);
            assert_true(hash == cases[i].want);
        }
    }
}

static void
test_nothing(void **state)
{
    (void)state;
    assert_true(tlsfloor_hash_add(42, NULL, 0) == 42);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
