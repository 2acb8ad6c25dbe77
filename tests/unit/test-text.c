/* SPDX-License-Identifier: MIT */
/*
 * Pieces of text: what is equal, with and without case, for every byte, for
 * missing data and without a step beyond the piece. Pieces live in memory of
 * exactly their size, so that a sanitizer sees such a step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

#define PIECE(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static const struct {
    const char *name;
    struct tlsfloor_text a, b;
    int equal, fold;
} cases[] = {
    {"both missing", {NULL, 0}, {NULL, 0}, 1, 1},
    {"missing and empty", {NULL, 0}, PIECE(""), 1, 1},
    {"empty pieces at different places", {"a", 0}, {"b", 0}, 1, 1},
    {"missing and something", {NULL, 0}, PIECE("a"), 0, 0},
    {"the same", PIECE("TLSv1.2"), PIECE("TLSv1.2"), 1, 1},
    {"other case", PIECE("Ann@Example.ORG"), PIECE("aNN@eXAMPLE.org"), 0, 1},
    {"last byte differs", PIECE("TLSv1.2"), PIECE("TLSv1.3"), 0, 0},
    {"first byte differs", PIECE("ann"), PIECE("bnn"), 0, 0},
    {"a beginning", PIECE("TLSv1"), PIECE("TLSv1.2"), 0, 0},
    {"a piece of a longer text", {"TLSv1.2", 5}, PIECE("TLSv1"), 1, 1},
    {"the same behind a NUL", PIECE("a\0b"), PIECE("a\0b"), 1, 1},
    {"differs behind a NUL", PIECE("a\0b"), PIECE("a\0c"), 0, 0},
    {"case differs behind a NUL", PIECE("a\0b"), PIECE("a\0B"), 0, 1},
    {"a NUL more", PIECE("a"), PIECE("a\0"), 0, 0},
    {"neighbours of A", PIECE("@"), PIECE("`"), 0, 0},
    {"neighbours of Z", PIECE("["), PIECE("{"), 0, 0},
    {"a digit and what 0x20 makes of it", PIECE("1"), PIECE("\x11"), 0, 0},
    {"Latin-1 A and a with dots", PIECE("\xc4"), PIECE("\xe4"), 0, 0},
    {"UTF-8 A and a with dots", PIECE("\xc3\x84"), PIECE("\xc3\xa4"), 0, 0},
    {"Kelvin sign and k", PIECE("\xe2\x84\xaa"), PIECE("k"), 0, 0},
};

/* A copy in memory of exactly its size; NULL stays NULL. */
static struct tlsfloor_text
copy_text(struct tlsfloor_text text)
{
    char *data = NULL;

    if (text.data != NULL) {
        data = malloc(text.size == 0 ? 1 : text.size);
        assert_non_null(data);
        memcpy(data, text.data, text.size);
    }
    return (struct tlsfloor_text){data, text.size};
}

static void
test_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tlsfloor_text a = copy_text(cases[i].a), b = copy_text(cases[i].b);

        if (tlsfloor_text_equal(a, b) != cases[i].equal ||
            tlsfloor_text_equal(b, a) != cases[i].equal ||
            tlsfloor_text_equal_fold(a, b) != cases[i].fold ||
            tlsfloor_text_equal_fold(b, a) != cases[i].fold)
            fail_msg("%s", cases[i].name);
        free((char *)a.data);
        free((char *)b.data);
    }
}

static void
test_from(void **state)
{
    static const char word[] = "mail\0more";
    struct tlsfloor_text text = tlsfloor_text_from(word);

    (void)state;
    assert_ptr_equal(text.data, word);
    assert_int_equal(text.size, 4);
    assert_int_equal(tlsfloor_text_from("").size, 0);
    assert_int_equal(tlsfloor_text_from(NULL).size, 0);
    assert_null(tlsfloor_text_from(NULL).data);
}

static void
test_number(void **state)
{
    static const struct {
        struct tlsfloor_text text;
        int result;
        unsigned number;
    } numbers[] = {
        {PIECE("0"), 0, 0},         {PIECE("00007"), 0, 7},    {PIECE("65535"), 0, 65535},
        {PIECE("99999"), 0, 99999}, {{"123456", 5}, 0, 12345}, {PIECE("123456"), -1, 0},
        {PIECE("000001"), -1, 0},   {PIECE(""), -1, 0},        {{NULL, 0}, -1, 0},
        {PIECE("-1"), -1, 0},       {PIECE("+1"), -1, 0},      {PIECE(" 1"), -1, 0},
        {PIECE("1 "), -1, 0},       {PIECE("1\0"), -1, 0},     {PIECE("1/"), -1, 0},
        {PIECE("1:"), -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct tlsfloor_text text = copy_text(numbers[i].text);
        unsigned number = 0;

        assert_int_equal(tlsfloor_text_number(text, 5, &number), numbers[i].result);
        assert_int_equal(number, numbers[i].number);
        free((char *)text.data);
    }
}

/* Only the 26 ASCII capitals change, and only to their own small letters. */
static void
test_fold_every_byte(void **state)
{
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char small[] = "abcdefghijklmnopqrstuvwxyz";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *capital = byte == 0 ? NULL : strchr(capitals, byte);
        int want = capital == NULL ? byte : small[capital - capitals];

        assert_int_equal(tlsfloor_text_fold((unsigned char)byte), want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_fold_every_byte),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
