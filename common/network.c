/* SPDX-License-Identifier: MIT */
/*
 * Addresses and networks. CIDR networks are disjoint or one inside the
 * other, so a sorted list without the inner ones is searched by halving.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

/* What the first byte of an encoded network of IPv6 is counted from. */
#define CODE_OF_IPV6 64U

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void
unmap(struct tlsfloor_address *address)
{
    if (address->family != TLSFLOOR_FAMILY_IPV6 ||
        memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
        return;
    address->family = TLSFLOOR_FAMILY_IPV4;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
}

/* Parses without making an IPv4-mapped address IPv4. */
static int
parse_raw(struct tlsfloor_text text, struct tlsfloor_address *address_r)
{
    char copy[TLSFLOOR_ADDRESS_TEXT];

    memset(address_r, 0, sizeof(*address_r));
    if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL)
        return -1;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET, copy, address_r->bytes) == 1)
        address_r->family = TLSFLOOR_FAMILY_IPV4;
    else if (inet_pton(AF_INET6, copy, address_r->bytes) == 1)
        address_r->family = TLSFLOOR_FAMILY_IPV6;
    else
        return -1;
    return 0;
}

int
tlsfloor_address_parse(struct tlsfloor_text text, struct tlsfloor_address *address_r)
{
    const char *zone = text.size == 0 ? NULL : memchr(text.data, '%', text.size);

    if (zone != NULL)
        text.size = (size_t)(zone - text.data);
    if (parse_raw(text, address_r) != 0) {
        memset(address_r, 0, sizeof(*address_r));
        return -1;
    }
    unmap(address_r);
    return 0;
}

/* As inet_ntop(3), which takes longer for it than the rest of an audit line. */
static void
format_ipv4(const unsigned char bytes[4], char *text_r)
{
    for (size_t i = 0; i < 4; i++) {
        if (bytes[i] >= 100)
            *text_r++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10)
            *text_r++ = (char)('0' + bytes[i] / 10 % 10);
        *text_r++ = (char)('0' + bytes[i] % 10);
        *text_r++ = i < 3 ? '.' : '\0';
    }
}

void
tlsfloor_address_format(const struct tlsfloor_address *address, char *text_r)
{
    switch (address->family) {
    case TLSFLOOR_FAMILY_IPV4:
        format_ipv4(address->bytes, text_r);
        return;
    case TLSFLOOR_FAMILY_IPV6:
        inet_ntop(AF_INET6, address->bytes, text_r, TLSFLOOR_ADDRESS_TEXT);
        return;
    case TLSFLOOR_FAMILY_NONE:
        break;
    }
    strcpy(text_r, "unknown");
}

static unsigned
family_bits(enum tlsfloor_family family)
{
    return family == TLSFLOOR_FAMILY_IPV4 ? 32 : 128;
}

/* Compares the first bits of two addresses like memcmp(). */
static int
compare_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned mask = 0xff00U >> (bits % 8) & 0xffU;
    int order = memcmp(a, b, bits / 8);

    if (order != 0 || bits % 8 == 0)
        return order;
    return (int)(a[bits / 8] & mask) - (int)(b[bits / 8] & mask);
}

/* -1 if text is no number from 0 to most. */
static int
parse_prefix(struct tlsfloor_text text, unsigned most)
{
    unsigned number;

    if (tlsfloor_text_number(text, 3, &number) != 0 || (text.size > 1 && text.data[0] == '0'))
        return -1;
    return number <= most ? (int)number : -1;
}

static int
has_host_bits(const struct tlsfloor_network *network)
{
    for (unsigned bit = network->prefix; bit < family_bits(network->address.family); bit++) {
        if (network->address.bytes[bit / 8] & (0x80U >> bit % 8))
            return 1;
    }
    return 0;
}

int
tlsfloor_network_parse(struct tlsfloor_text text, struct tlsfloor_network *network_r,
                       const char **error_r)
{
    const char *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    struct tlsfloor_text address = text;
    int prefix;

    if (slash != NULL)
        address.size = (size_t)(slash - text.data);
    if (parse_raw(address, &network_r->address) != 0) {
        *error_r = "is not an IP address or network (write 192.0.2.0/24 or 2001:db8::/32)";
        return -1;
    }
    prefix = (int)family_bits(network_r->address.family);
    if (slash != NULL)
        prefix = parse_prefix((struct tlsfloor_text){slash + 1, text.size - address.size - 1},
                              (unsigned)prefix);
    if (prefix < 0) {
        *error_r = "has a bad prefix length (0 to 32 for IPv4, 0 to 128 for IPv6)";
        return -1;
    }
    if (network_r->address.family == TLSFLOOR_FAMILY_IPV6 && prefix >= 96) {
        unmap(&network_r->address);
        if (network_r->address.family == TLSFLOOR_FAMILY_IPV4)
            prefix -= 96;
    }
    network_r->prefix = (unsigned)prefix;
    if (has_host_bits(network_r)) {
        *error_r = "has bits set beyond its prefix length";
        return -1;
    }
    return 0;
}

void
tlsfloor_network_format(const struct tlsfloor_network *network, char *text_r)
{
    tlsfloor_address_format(&network->address, text_r);
    snprintf(text_r + strlen(text_r), 5, "/%u", network->prefix % 1000);
}

int
tlsfloor_network_match(const struct tlsfloor_network *network,
                       const struct tlsfloor_address *address)
{
    return address->family != TLSFLOOR_FAMILY_NONE && address->family == network->address.family &&
           compare_bits(network->address.bytes, address->bytes, network->prefix) == 0;
}

size_t
tlsfloor_network_encode(const struct tlsfloor_network *network,
                        unsigned char bytes_r[TLSFLOOR_NETWORK_BYTES])
{
    size_t size = (network->prefix + 7) / 8;

    bytes_r[0] = (unsigned char)network->prefix;
    if (network->address.family == TLSFLOOR_FAMILY_IPV6)
        bytes_r[0] = (unsigned char)(CODE_OF_IPV6 + network->prefix);
    memcpy(bytes_r + 1, network->address.bytes, size);
    return 1 + size;
}

size_t
tlsfloor_network_decode(const unsigned char *bytes, size_t size, struct tlsfloor_network *network_r)
{
    size_t used;

    memset(network_r, 0, sizeof(*network_r));
    if (size == 0)
        return 0;
    network_r->address.family =
        bytes[0] < CODE_OF_IPV6 ? TLSFLOOR_FAMILY_IPV4 : TLSFLOOR_FAMILY_IPV6;
    network_r->prefix = bytes[0] < CODE_OF_IPV6 ? bytes[0] : bytes[0] - CODE_OF_IPV6;
    used = (network_r->prefix + 7) / 8;
    if (network_r->prefix > family_bits(network_r->address.family) || used > size - 1)
        return 0;
    memcpy(network_r->address.bytes, bytes + 1, used);
    return has_host_bits(network_r) ? 0 : 1 + used;
}

int
tlsfloor_network_contains(const struct tlsfloor_network *outer,
                          const struct tlsfloor_network *inner)
{
    return outer->prefix <= inner->prefix && tlsfloor_network_match(outer, &inner->address);
}

void
tlsfloor_network_join(const struct tlsfloor_network *a, const struct tlsfloor_network *b,
                      struct tlsfloor_network *both_r)
{
    unsigned prefix = a->prefix < b->prefix ? a->prefix : b->prefix, bit = 0;
    struct tlsfloor_network both = *a;

    while (bit < prefix &&
           !((a->address.bytes[bit / 8] ^ b->address.bytes[bit / 8]) & (0x80U >> bit % 8)))
        bit++;
    both.prefix = bit;
    for (; bit < 8 * sizeof(both.address.bytes); bit++)
        both.address.bytes[bit / 8] &= (unsigned char)~(0x80U >> bit % 8);
    *both_r = both;
}

int
tlsfloor_networks_add(struct tlsfloor_networks *list, const struct tlsfloor_network *network)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 4 : 2 * list->room;
        struct tlsfloor_network *items = reallocarray(list->items, room, sizeof(*items));

        if (items == NULL)
            return -1;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *network;
    return 0;
}

static int
compare_addresses(const struct tlsfloor_address *a, const struct tlsfloor_address *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* An outer network comes before the inner ones that begin with it. */
static int
compare_networks(const void *a, const void *b)
{
    const struct tlsfloor_network *x = a, *y = b;
    int order = compare_addresses(&x->address, &y->address);

    return order != 0 ? order : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

void
tlsfloor_networks_sort(struct tlsfloor_networks *list)
{
    size_t kept = 0;

    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof(*list->items), compare_networks);
    for (size_t i = 1; i < list->count; i++) {
        if (!tlsfloor_network_match(&list->items[kept], &list->items[i].address))
            list->items[++kept] = list->items[i];
    }
    list->count = kept + 1;
}

int
tlsfloor_networks_match(const struct tlsfloor_networks *list,
                        const struct tlsfloor_address *address)
{
    size_t low = 0, high = list->count;

    /* The only network that can hold the address is the last that does not begin after it. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_addresses(&list->items[middle].address, address) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && tlsfloor_network_match(&list->items[low - 1], address);
}

void
tlsfloor_networks_free(struct tlsfloor_networks *list)
{
    free(list->items);
    memset(list, 0, sizeof(*list));
}
