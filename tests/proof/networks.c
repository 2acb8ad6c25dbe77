/* SPDX-License-Identifier: MIT */
/*
 * An address is in a list exactly if it is in one of its networks, and in a
 * network exactly if it has its family and the bits of its prefix. For sorted
 * lists of up to LIST_SIZE networks, none inside another (network.h).
 */
#include <stddef.h>

#include "inputs.h"

#define LIST_SIZE 3

struct tlsfloor_address nondet_address(void);
struct tlsfloor_network nondet_network(void);
size_t nondet_size(void);

static struct tlsfloor_network items[LIST_SIZE];

/* The bits of that byte of an address that a prefix takes in. */
static unsigned
mask(unsigned prefix, unsigned byte)
{
    unsigned bits = prefix <= 8 * byte ? 0 : prefix - 8 * byte;

    return bits >= 8 ? 0xff : 0xff & ~(0xffU >> bits);
}

static int
expected(const struct tlsfloor_network *network, const struct tlsfloor_address *address)
{
    int same =
        address->family != TLSFLOOR_FAMILY_NONE && address->family == network->address.family;

    for (unsigned i = 0; i < sizeof(address->bytes); i++)
        same &= !((network->address.bytes[i] ^ address->bytes[i]) & mask(network->prefix, i));
    return same;
}

static int
is_before(const struct tlsfloor_address *a, const struct tlsfloor_address *b)
{
    if (a->family != b->family)
        return a->family < b->family;
    for (unsigned i = 0; i < sizeof(a->bytes); i++) {
        if (a->bytes[i] != b->bytes[i])
            return a->bytes[i] < b->bytes[i];
    }
    return 0;
}

static void
assume_network(struct tlsfloor_network *network)
{
    int family = network->address.family;

    ASSUME(family == TLSFLOOR_FAMILY_IPV4 || family == TLSFLOOR_FAMILY_IPV6);
    ASSUME(network->prefix <= (family == TLSFLOOR_FAMILY_IPV4 ? 32U : 128U));
    for (unsigned i = 0; i < sizeof(network->address.bytes); i++)
        ASSUME(!(network->address.bytes[i] & ~mask(network->prefix, i)));
}

int
main(void)
{
    struct tlsfloor_address address = nondet_address();
    size_t count = nondet_size();
    struct tlsfloor_networks list;
    int want = 0, got;

    ASSUME_ENUM(address.family, TLSFLOOR_FAMILY_IPV6);
    ASSUME(count <= LIST_SIZE);
    /* The list ends where the array does, so that a step beyond it is seen. */
    list = (struct tlsfloor_networks){&items[LIST_SIZE - count], count, count};
    for (size_t i = 0; i < LIST_SIZE; i++) {
        items[i] = nondet_network();
        assume_network(&items[i]);
        if (i > LIST_SIZE - count) {
            ASSUME(is_before(&items[i - 1].address, &items[i].address));
            ASSUME(!expected(&items[i - 1], &items[i].address));
        }
        want |= i >= LIST_SIZE - count && expected(&items[i], &address);
    }
    got = tlsfloor_networks_match(&list, &address);
    ALWAYS(got == want);
    ALWAYS(tlsfloor_network_match(&items[0], &address) == expected(&items[0], &address));

    REACHES(got && count == LIST_SIZE && items[1].prefix == 9 && want);
    REACHES(!got && count == LIST_SIZE);
    REACHES(!got && count == 0);
}
