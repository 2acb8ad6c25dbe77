/* SPDX-License-Identifier: MIT */
/*
 * Addresses, networks and lists. What a list says is compared with a model
 * that tries every network bit by bit, over many made-up lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network.h"

#define PIECE(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define COUNT(table) (sizeof(table) / sizeof(table[0]))

#define NO_NETWORK "is not an IP address or network (write 192.0.2.0/24 or 2001:db8::/32)"
#define BAD_PREFIX "has a bad prefix length (0 to 32 for IPv4, 0 to 128 for IPv6)"
#define HOST_BITS "has bits set beyond its prefix length"

/* A copy in memory of exactly its size, so that a sanitizer sees a step beyond. */
static struct tlsfloor_text
copy_text(struct tlsfloor_text text)
{
    char *data = malloc(text.size == 0 ? 1 : text.size);

    assert_non_null(data);
    if (text.size > 0)
        memcpy(data, text.data, text.size);
    return (struct tlsfloor_text){data, text.size};
}

static struct tlsfloor_address
address(const char *string)
{
    struct tlsfloor_address parsed;

    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(string), &parsed), 0);
    return parsed;
}

static struct tlsfloor_network
network(const char *string)
{
    struct tlsfloor_network parsed;
    const char *error = NULL;

    if (tlsfloor_network_parse(tlsfloor_text_from(string), &parsed, &error) != 0)
        fail_msg("%s %s", string, error);
    return parsed;
}

static void
test_addresses(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want;
        enum tlsfloor_family family;
    } cases[] = {
        {"IPv4", "192.0.2.7", "192.0.2.7", TLSFLOOR_FAMILY_IPV4},
        {"all zeros", "0.0.0.0", "0.0.0.0", TLSFLOOR_FAMILY_IPV4},
        {"all ones", "255.255.255.255", "255.255.255.255", TLSFLOOR_FAMILY_IPV4},
        {"IPv6", "2001:db8::7", "2001:db8::7", TLSFLOOR_FAMILY_IPV6},
        {"capitals", "2001:DB8::A", "2001:db8::a", TLSFLOOR_FAMILY_IPV6},
        {"written out", "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7",
         TLSFLOOR_FAMILY_IPV6},
        {"unspecified", "::", "::", TLSFLOOR_FAMILY_IPV6},
        {"loopback", "::1", "::1", TLSFLOOR_FAMILY_IPV6},
        {"mapped", "::ffff:192.0.2.7", "192.0.2.7", TLSFLOOR_FAMILY_IPV4},
        {"mapped, capitals", "::FFFF:192.0.2.7", "192.0.2.7", TLSFLOOR_FAMILY_IPV4},
        {"mapped, hexadecimal", "::ffff:c000:207", "192.0.2.7", TLSFLOOR_FAMILY_IPV4},
        {"mapped, written out", "0000:0000:0000:0000:0000:ffff:192.168.100.200", "192.168.100.200",
         TLSFLOOR_FAMILY_IPV4},
        {"mapped, all zeros", "::ffff:0:0", "0.0.0.0", TLSFLOOR_FAMILY_IPV4},
        {"compatible is not mapped", "::192.0.2.7", "::192.0.2.7", TLSFLOOR_FAMILY_IPV6},
        {"next to mapped", "::fffe:c000:207", "::fffe:c000:207", TLSFLOOR_FAMILY_IPV6},
        {"NAT64 is not mapped", "64:ff9b::192.0.2.7", "64:ff9b::c000:207", TLSFLOOR_FAMILY_IPV6},
        {"zone", "fe80::1%eth0", "fe80::1", TLSFLOOR_FAMILY_IPV6},
        {"long zone", "fe80::1%a-very-long-interface-name-that-is-longer-than-any-address",
         "fe80::1", TLSFLOOR_FAMILY_IPV6},
        {"mapped with zone", "::ffff:192.0.2.7%eth0", "192.0.2.7", TLSFLOOR_FAMILY_IPV4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_text text = copy_text(tlsfloor_text_from(cases[i].text));
        struct tlsfloor_address parsed;
        char back[TLSFLOOR_ADDRESS_TEXT];

        memset(&parsed, 0xa5, sizeof(parsed));
        if (tlsfloor_address_parse(text, &parsed) != 0 || parsed.family != cases[i].family)
            fail_msg("%s", cases[i].name);
        free((char *)text.data);
        tlsfloor_address_format(&parsed, back);
        assert_string_equal(back, cases[i].want);
        /* the list search compares all sixteen bytes */
        for (size_t b = parsed.family == TLSFLOOR_FAMILY_IPV4 ? 4 : 16; b < 16; b++)
            assert_int_equal(parsed.bytes[b], 0);
    }
}

static void
test_no_addresses(void **state)
{
    static const struct tlsfloor_text cases[] = {
        {NULL, 0},
        PIECE(""),
        PIECE("unknown"),
        PIECE("localhost"),
        PIECE("192.0.2"),
        PIECE("192.0.2.7.1"),
        PIECE("192.0.2.256"),
        PIECE("192.0.2.007"),
        PIECE("192.0.2.-1"),
        PIECE("0xc0.0.2.7"),
        PIECE("3221225991"),
        PIECE("192.0.2.7 "),
        PIECE(" 192.0.2.7"),
        PIECE("192.0.2.7\n"),
        PIECE("192.0.2.7\0"),
        PIECE("192.0.2.7\0.1"),
        PIECE("192.0.2.7/32"),
        PIECE("192.0.2.7:25"),
        PIECE("[2001:db8::7]"),
        PIECE("IPv6:2001:db8::7"),
        PIECE("2001:db8::7::"),
        PIECE("2001:db8:::7"),
        PIECE("2001:db8:0:0:0:0:0:0:7"),
        PIECE("2001:db8::g"),
        PIECE("2001:db8::12345"),
        PIECE(":"),
        PIECE("%eth0"),
        PIECE("%"),
        PIECE("::ffff:192.0.2"),
        PIECE("0000:0000:0000:0000:0000:ffff:255.255.255.2555"), /* one byte over the longest */
        PIECE("00000000000000000000000000000000000000000000000000000000000000192.0.2.7"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_text text = copy_text(cases[i]);
        struct tlsfloor_address parsed;

        memset(&parsed, 0xa5, sizeof(parsed));
        if (cases[i].data == NULL) {
            free((char *)text.data);
            text.data = NULL;
        }
        if (tlsfloor_address_parse(text, &parsed) != -1)
            fail_msg("case %zu: %.*s", i, (int)cases[i].size, cases[i].data);
        assert_int_equal(parsed.family, TLSFLOOR_FAMILY_NONE);
        free((char *)text.data);
    }
}

static void
test_address_none(void **state)
{
    const struct tlsfloor_address none = {0};
    char text[TLSFLOOR_ADDRESS_TEXT];

    (void)state;
    tlsfloor_address_format(&none, text);
    assert_string_equal(text, "unknown");
}

static void
test_networks_parse(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"192.0.2.7", "192.0.2.7/32"},
        {"192.0.2.7/32", "192.0.2.7/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"128.0.0.0/1", "128.0.0.0/1"},
        {"10.0.0.0/9", "10.0.0.0/9"},
        {"255.255.255.254/31", "255.255.255.254/31"},
        {"2001:db8::/32", "2001:db8::/32"},
        {"2001:db8::7", "2001:db8::7/128"},
        {"::/0", "::/0"},
        {"8000::/1", "8000::/1"},
        {"2001:db8::8/125", "2001:db8::8/125"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
        {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
        {"::ffff:192.0.2.7", "192.0.2.7/32"},
        {"::ffff:192.0.2.7/128", "192.0.2.7/32"},
        {"::ffff:0:0/96", "0.0.0.0/0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_network parsed = network(cases[i].text), again;
        char text[TLSFLOOR_NETWORK_TEXT];

        tlsfloor_network_format(&parsed, text);
        assert_string_equal(text, cases[i].want);
        again = network(text);
        assert_memory_equal(&again.address, &parsed.address, sizeof(parsed.address));
        assert_int_equal(again.prefix, parsed.prefix);
    }
}

static void
test_no_networks(void **state)
{
    static const struct {
        struct tlsfloor_text text;
        const char *want;
    } cases[] = {
        {{NULL, 0}, NO_NETWORK},
        {PIECE(""), NO_NETWORK},
        {PIECE("/24"), NO_NETWORK},
        {PIECE("any"), NO_NETWORK},
        {PIECE("192.0.2/24"), NO_NETWORK},
        {PIECE("192.0.2.0\0/24"), NO_NETWORK},
        {PIECE("fe80::1%eth0"), NO_NETWORK},
        {PIECE("fe80::%eth0/64"), NO_NETWORK},
        {PIECE("[2001:db8::]/32"), NO_NETWORK},
        {PIECE("192.0.2.0/"), BAD_PREFIX},
        {PIECE("192.0.2.0/33"), BAD_PREFIX},
        {PIECE("192.0.2.0/024"), BAD_PREFIX},
        {PIECE("192.0.2.0/00"), BAD_PREFIX},
        {PIECE("192.0.2.0/-1"), BAD_PREFIX},
        {PIECE("192.0.2.0/+24"), BAD_PREFIX},
        {PIECE("192.0.2.0/ 24"), BAD_PREFIX},
        {PIECE("192.0.2.0/24 "), BAD_PREFIX},
        {PIECE("192.0.2.0/2a"), BAD_PREFIX},
        {PIECE("192.0.2.0/24/24"), BAD_PREFIX},
        {PIECE("192.0.2.0/4294967320"), BAD_PREFIX},
        {PIECE("192.0.2.0/255.255.255.0"), BAD_PREFIX},
        {PIECE("192.0.2.0/24\0"), BAD_PREFIX},
        {PIECE("2001:db8::/129"), BAD_PREFIX},
        {PIECE("2001:db8::/999"), BAD_PREFIX},
        {PIECE("::ffff:192.0.2.0/129"), BAD_PREFIX},
        {PIECE("192.0.2.7/24"), HOST_BITS},
        {PIECE("192.0.2.1/31"), HOST_BITS},
        {PIECE("128.0.0.0/0"), HOST_BITS},
        {PIECE("2001:db8::7/64"), HOST_BITS},
        {PIECE("2001:db8::1/127"), HOST_BITS},
        {PIECE("::1/0"), HOST_BITS},
        {PIECE("::ffff:192.0.2.7/120"), HOST_BITS},
        {PIECE("::ffff:0:0/95"), HOST_BITS},
        {PIECE("::ffff:192.0.2.0/24"), HOST_BITS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_text text = copy_text(cases[i].text);
        struct tlsfloor_network parsed;
        const char *error = NULL;

        if (tlsfloor_network_parse(text, &parsed, &error) != -1)
            fail_msg("case %zu: %.*s", i, (int)cases[i].text.size, cases[i].text.data);
        free((char *)text.data);
        assert_non_null(error);
        assert_string_equal(error, cases[i].want);
    }
}

static void
test_match(void **state)
{
    static const struct {
        const char *network, *address;
        int want;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.0", 1},
        {"192.0.2.0/24", "192.0.2.255", 1},
        {"192.0.2.0/24", "192.0.1.255", 0},
        {"192.0.2.0/24", "192.0.3.0", 0},
        {"192.0.2.0/24", "::ffff:192.0.2.9", 1},
        {"192.0.2.0/24", "::192.0.2.9", 0},
        {"192.0.2.8/29", "192.0.2.15", 1},
        {"192.0.2.8/29", "192.0.2.16", 0},
        {"192.0.2.8/29", "192.0.2.7", 0},
        {"192.0.2.7/32", "192.0.2.7", 1},
        {"192.0.2.7/32", "192.0.2.6", 0},
        {"0.0.0.0/0", "255.255.255.255", 1},
        {"0.0.0.0/0", "2001:db8::7", 0},
        {"0.0.0.0/0", "::", 0},
        {"::/0", "2001:db8::7", 1},
        {"::/0", "192.0.2.7", 0},
        {"::/0", "::ffff:192.0.2.7", 0},
        {"::/96", "::192.0.2.7", 1},
        {"2001:db8::/33", "2001:db8:7fff::", 1},
        {"2001:db8::/33", "2001:db8:8000::", 0},
        {"2001:db8::7/128", "2001:db8::7", 1},
        {"2001:db8::7/128", "2001:db8::8", 0},
        {"fe80::/64", "fe80::1%eth0", 1},
    };
    const struct tlsfloor_address none = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_network one = network(cases[i].network);
        struct tlsfloor_address other = address(cases[i].address);

        if (tlsfloor_network_match(&one, &other) != cases[i].want)
            fail_msg("%s in %s", cases[i].address, cases[i].network);
        assert_int_equal(tlsfloor_network_match(&one, &none), 0);
    }
    /* a network that was never filled in holds nothing, not even no address */
    assert_int_equal(tlsfloor_network_match(&(struct tlsfloor_network){0}, &none), 0);
}

/* --- lists --- */

static void
add(struct tlsfloor_networks *list, const char *text)
{
    struct tlsfloor_network one = network(text);

    assert_int_equal(tlsfloor_networks_add(list, &one), 0);
}

/* The sorted list as one text. */
static void
assert_list(const struct tlsfloor_networks *list, const char *want)
{
    char all[1024] = "";

    for (size_t i = 0; i < list->count; i++) {
        char text[TLSFLOOR_NETWORK_TEXT];

        tlsfloor_network_format(&list->items[i], text);
        strcat(strcat(all, i == 0 ? "" : " "), text);
    }
    assert_string_equal(all, want);
}

static void
test_list_sort(void **state)
{
    static const struct {
        const char *networks[8];
        const char *want;
    } cases[] = {
        {{NULL}, ""},
        {{"10.0.0.0/8"}, "10.0.0.0/8"},
        {{"10.0.0.0/8", "10.0.0.0/8"}, "10.0.0.0/8"},
        {{"10.0.0.0/16", "10.0.0.0/8"}, "10.0.0.0/8"},
        {{"10.255.0.0/16", "10.0.0.0/8", "10.1.2.3", "11.0.0.0/8"}, "10.0.0.0/8 11.0.0.0/8"},
        {{"10.0.0.0/9", "10.128.0.0/9"}, "10.0.0.0/9 10.128.0.0/9"},
        {{"::/0", "0.0.0.0/0"}, "0.0.0.0/0 ::/0"},
        {{"2001:db8::1", "10.1.1.1", "::/0", "0.0.0.0/0", "255.255.255.255"}, "0.0.0.0/0 ::/0"},
        {{"2001:db8::/48", "2001:db8::/32", "2001:db9::", "::1"},
         "::1/128 2001:db8::/32 2001:db9::/128"},
        /* an inner network within an inner one, then one behind them all */
        {{"10.0.0.5", "10.0.0.0/24", "10.0.0.0/8", "10.200.0.0/16", "12.0.0.0/8"},
         "10.0.0.0/8 12.0.0.0/8"},
        {{"::ffff:10.0.0.0/104", "10.0.0.0/8"}, "10.0.0.0/8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_networks list = {0};

        for (size_t k = 0; k < 8 && cases[i].networks[k] != NULL; k++)
            add(&list, cases[i].networks[k]);
        tlsfloor_networks_sort(&list);
        assert_list(&list, cases[i].want);
        tlsfloor_networks_sort(&list);
        assert_list(&list, cases[i].want);
        tlsfloor_networks_free(&list);
        assert_null(list.items);
        assert_int_equal(list.count, 0);
    }
}

static void
test_list_match(void **state)
{
    static const char *const hit[] = {
        "10.0.0.0",        "10.255.255.255", "10.1.2.3",        "192.0.2.7",
        "::ffff:10.9.9.9", "2001:db8::",     "2001:db8:ffff::1"};
    static const char *const miss[] = {
        "9.255.255.255",   "11.0.0.0", "192.0.2.6", "192.0.2.8",
        "255.255.255.255", "0.0.0.0",  "::",        "2001:db7:ffff::",
        "2001:db9::",      "ffff::",   "::10.1.2.3"};
    struct tlsfloor_networks list = {0};
    const struct tlsfloor_address none = {0};

    (void)state;
    add(&list, "192.0.2.7");
    add(&list, "2001:db8::/32");
    add(&list, "10.0.0.0/24");
    add(&list, "10.0.0.0/8");
    add(&list, "10.1.2.3");
    tlsfloor_networks_sort(&list);
    for (size_t i = 0; i < COUNT(hit); i++) {
        struct tlsfloor_address one = address(hit[i]);

        if (tlsfloor_networks_match(&list, &one) != 1)
            fail_msg("%s is not in the list", hit[i]);
    }
    for (size_t i = 0; i < COUNT(miss); i++) {
        struct tlsfloor_address one = address(miss[i]);

        if (tlsfloor_networks_match(&list, &one) != 0)
            fail_msg("%s is in the list", miss[i]);
    }
    assert_int_equal(tlsfloor_networks_match(&list, &none), 0);
    tlsfloor_networks_free(&list);
}

static void
test_list_of_nothing_and_everything(void **state)
{
    static const char *const addresses[] = {"0.0.0.0",
                                            "255.255.255.255",
                                            "192.0.2.7",
                                            "::",
                                            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                            "::ffff:1.2.3.4"};
    struct tlsfloor_networks empty = {0}, all = {0};
    const struct tlsfloor_address none = {0};

    (void)state;
    add(&all, "::/0");
    add(&all, "0.0.0.0/0");
    tlsfloor_networks_sort(&all);
    tlsfloor_networks_sort(&empty);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct tlsfloor_address one = address(addresses[i]);

        assert_int_equal(tlsfloor_networks_match(&empty, &one), 0);
        assert_int_equal(tlsfloor_networks_match(&all, &one), 1);
    }
    assert_int_equal(tlsfloor_networks_match(&empty, &none), 0);
    assert_int_equal(tlsfloor_networks_match(&all, &none), 0);
    tlsfloor_networks_free(&all);
    tlsfloor_networks_free(&empty);
}

/* xorshift64*, with a fixed seed: the same lists on every run. */
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static unsigned
random_below(unsigned limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)(random_state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % limit;
}

/* Few different bytes, so that networks nest and addresses hit. */
static struct tlsfloor_address
random_address(void)
{
    static const unsigned char bytes[] = {0, 1, 0x7f, 0x80, 0xc0, 0xff};
    struct tlsfloor_address made = {0};
    size_t size;

    made.family = random_below(2) ? TLSFLOOR_FAMILY_IPV4 : TLSFLOOR_FAMILY_IPV6;
    size = made.family == TLSFLOOR_FAMILY_IPV4 ? 4 : 16;
    for (size_t i = 0; i < size; i++)
        made.bytes[i] = bytes[random_below(i < 4 ? 6 : 2)];
    return made;
}

static int
bit_of(const struct tlsfloor_address *one, unsigned bit)
{
    return one->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static struct tlsfloor_network
random_network(void)
{
    struct tlsfloor_network made = {.address = random_address()};
    unsigned bits = made.address.family == TLSFLOOR_FAMILY_IPV4 ? 32 : 128;

    made.prefix = random_below(4) ? random_below(33) : random_below(bits + 1);
    for (unsigned bit = made.prefix; bit < bits; bit++)
        made.address.bytes[bit / 8] &= (unsigned char)~(0x80U >> bit % 8);
    return made;
}

static int
model_match(const struct tlsfloor_network *networks, size_t count,
            const struct tlsfloor_address *one)
{
    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;

        if (networks[i].address.family != one->family)
            continue;
        while (bit < networks[i].prefix && bit_of(&networks[i].address, bit) == bit_of(one, bit))
            bit++;
        if (bit == networks[i].prefix)
            return 1;
    }
    return 0;
}

/* Sorted, disjoint, and nothing more or less in it than was put in. */
static void
test_list_against_model(void **state)
{
    unsigned hits = 0, misses = 0;

    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        struct tlsfloor_network networks[40];
        struct tlsfloor_networks list = {0};
        size_t count = random_below(COUNT(networks) + 1);

        for (size_t i = 0; i < count; i++) {
            networks[i] = random_network();
            assert_int_equal(tlsfloor_networks_add(&list, &networks[i]), 0);
        }
        tlsfloor_networks_sort(&list);
        for (unsigned i = 0; i < 200; i++) {
            struct tlsfloor_address one = random_address();
            int want = model_match(networks, count, &one);

            assert_int_equal(tlsfloor_networks_match(&list, &one), want);
            *(want ? &hits : &misses) += 1;
        }
        for (size_t i = 0; i < list.count; i++)
            for (size_t k = 0; k < list.count; k++)
                assert_int_equal(tlsfloor_network_match(&list.items[i], &list.items[k].address),
                                 i == k);
        tlsfloor_networks_free(&list);
    }
    /* the comparison means something only with enough of both */
    assert_true(hits > 10000 && misses > 10000);
}

/* --- as bytes --- */

static void
test_bytes(void **state)
{
    static const struct {
        const char *network;
        size_t size;
        unsigned char bytes[TLSFLOOR_NETWORK_BYTES];
    } cases[] = {
        {"0.0.0.0/0", 1, {0}},
        {"192.0.2.7", 5, {32, 192, 0, 2, 7}},
        {"192.0.2.0/24", 4, {24, 192, 0, 2}},
        {"192.0.2.128/25", 5, {25, 192, 0, 2, 128}},
        {"::/0", 1, {64}},
        {"2001:db8::/32", 5, {96, 0x20, 1, 0x0d, 0xb8}},
        {"2001:db8::1", 17, {192, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_network want = network(cases[i].network), got;
        unsigned char bytes[TLSFLOOR_NETWORK_BYTES];

        assert_int_equal(tlsfloor_network_encode(&want, bytes), cases[i].size);
        assert_memory_equal(bytes, cases[i].bytes, cases[i].size);
        assert_int_equal(tlsfloor_network_decode(bytes, cases[i].size, &got), cases[i].size);
        assert_memory_equal(&got, &want, sizeof(want));
        for (size_t size = 0; size < cases[i].size; size++)
            assert_int_equal(tlsfloor_network_decode(bytes, size, &got), 0);
    }
}

/* Whatever the bytes are: a network that gives the same bytes again, or none. */
static void
test_bad_bytes(void **state)
{
    unsigned good = 0;

    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        for (unsigned fill = 0; fill < 256; fill += 51) {
            unsigned char bytes[TLSFLOOR_NETWORK_BYTES], again[TLSFLOOR_NETWORK_BYTES];
            struct tlsfloor_network got;
            size_t size;

            memset(bytes, (int)fill, sizeof(bytes));
            bytes[0] = (unsigned char)code;
            size = tlsfloor_network_decode(bytes, sizeof(bytes), &got);
            if (size == 0)
                continue;
            good++;
            assert_true(code <= 32 || (code >= 64 && code <= 192));
            assert_int_equal(tlsfloor_network_encode(&got, again), size);
            assert_memory_equal(again, bytes, size);
        }
    }
    assert_true(good > 200);
}

static void
test_contains(void **state)
{
    static const struct {
        const char *outer, *inner;
        int want;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.0/24", 1},
        {"192.0.2.0/24", "192.0.2.7", 1},
        {"192.0.2.7", "192.0.2.0/24", 0},
        {"192.0.2.0/24", "192.0.3.0/28", 0},
        {"0.0.0.0/0", "192.0.2.7", 1},
        {"0.0.0.0/0", "::1", 0},
        {"::/0", "192.0.2.7", 0},
        {"2001:db8::/32", "2001:db8:1::/48", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_network outer = network(cases[i].outer), inner = network(cases[i].inner);

        assert_int_equal(tlsfloor_network_contains(&outer, &inner), cases[i].want);
    }
}

static void
test_join(void **state)
{
    static const struct {
        const char *a, *b, *want;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", "192.0.2.7/32"},
        {"192.0.2.6", "192.0.2.7", "192.0.2.6/31"},
        {"192.0.2.0/24", "192.0.2.7", "192.0.2.0/24"},
        {"192.0.2.7", "192.0.2.0/25", "192.0.2.0/25"},
        {"10.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0"},
        {"2001:db8::1", "2001:db8:8000::1", "2001:db8::/32"},
        {"::1", "8000::", "::/0"},
    };
    char text[TLSFLOOR_NETWORK_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_network a = network(cases[i].a), b = network(cases[i].b), both;

        tlsfloor_network_join(&a, &b, &both);
        tlsfloor_network_format(&both, text);
        assert_string_equal(text, cases[i].want);
        tlsfloor_network_join(&b, &a, &a);
        assert_memory_equal(&a, &both, sizeof(both));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_no_addresses),
        cmocka_unit_test(test_address_none),
        cmocka_unit_test(test_networks_parse),
        cmocka_unit_test(test_no_networks),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_list_sort),
        cmocka_unit_test(test_list_match),
        cmocka_unit_test(test_list_of_nothing_and_everything),
        cmocka_unit_test(test_list_against_model),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
