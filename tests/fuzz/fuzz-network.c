/* SPDX-License-Identifier: MIT */
/*
 * Words as addresses, as networks and as one list of networks: what is
 * understood reads back to the same, also from bytes, and the list holds an
 * address exactly when one of its networks does.
 */
#include <string.h>

#include "fuzz.h"
#include "network.h"

#define NETWORKS 64

static unsigned
bits_of(const struct tlsfloor_address *address)
{
    return address->family == TLSFLOOR_FAMILY_IPV4 ? 32 : 128;
}

static void
require_address(const struct tlsfloor_address *address)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[TLSFLOOR_ADDRESS_TEXT];
    struct tlsfloor_address again;

    REQUIRE(address->family != TLSFLOOR_FAMILY_NONE);
    if (address->family == TLSFLOOR_FAMILY_IPV6)
        REQUIRE(memcmp(address->bytes, mapped, sizeof(mapped)) != 0);
    else
        for (size_t i = 4; i < sizeof(address->bytes); i++)
            REQUIRE(address->bytes[i] == 0);
    tlsfloor_address_format(address, text);
    REQUIRE(tlsfloor_address_parse(tlsfloor_text_from(text), &again) == 0);
    REQUIRE(memcmp(&again, address, sizeof(again)) == 0);
}

static void
require_network(const struct tlsfloor_network *network)
{
    char text[TLSFLOOR_NETWORK_TEXT];
    struct tlsfloor_network again;
    const char *error;

    require_address(&network->address);
    REQUIRE(network->prefix <= bits_of(&network->address));
    REQUIRE(tlsfloor_network_match(network, &network->address) == 1);
    tlsfloor_network_format(network, text);
    REQUIRE(tlsfloor_network_parse(tlsfloor_text_from(text), &again, &error) == 0);
    REQUIRE(memcmp(&again.address, &network->address, sizeof(again.address)) == 0);
    REQUIRE(again.prefix == network->prefix);
}

/* As bytes, too; and cut short it is no network. */
static void
require_bytes(const struct tlsfloor_network *network)
{
    unsigned char bytes[TLSFLOOR_NETWORK_BYTES];
    struct tlsfloor_network again;
    size_t size = tlsfloor_network_encode(network, bytes);

    REQUIRE(size >= 1 && size <= sizeof(bytes));
    REQUIRE(tlsfloor_network_decode(bytes, size, &again) == size);
    REQUIRE(memcmp(&again.address, &network->address, sizeof(again.address)) == 0);
    REQUIRE(again.prefix == network->prefix);
    REQUIRE(tlsfloor_network_decode(bytes, size - 1, &again) == 0);
}

/* Any bytes are a network that is written as them, or none. */
static void
try_bytes(const char *data, size_t size)
{
    unsigned char bytes[TLSFLOOR_NETWORK_BYTES];
    struct tlsfloor_network network;
    size_t used = tlsfloor_network_decode((const unsigned char *)data, size, &network);

    REQUIRE(used <= size && used <= sizeof(bytes));
    if (used == 0)
        return;
    REQUIRE(tlsfloor_network_encode(&network, bytes) == used);
    REQUIRE(memcmp(bytes, data, used) == 0);
}

/* The last address of a network, and the one behind it, as far as there is one. */
static struct tlsfloor_address
last_address(const struct tlsfloor_network *network, int beyond)
{
    struct tlsfloor_address last = network->address;
    unsigned size = bits_of(&last) / 8;

    for (unsigned bit = network->prefix; bit < bits_of(&last); bit++)
        last.bytes[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
    while (beyond && size > 0 && ++last.bytes[size - 1] == 0)
        size--;
    return last;
}

static void
require_list_agrees(const struct tlsfloor_networks *list, const struct tlsfloor_network *networks,
                    size_t count, const struct tlsfloor_address *address)
{
    int want = 0;

    for (size_t i = 0; i < count; i++)
        want |= tlsfloor_network_match(&networks[i], address);
    REQUIRE(tlsfloor_networks_match(list, address) == want);
}

/* The smallest network that both are in; one more bit, and it is too small. */
static void
require_join(const struct tlsfloor_network *a, const struct tlsfloor_network *b)
{
    struct tlsfloor_network both;
    struct tlsfloor_address last;

    if (a->address.family != b->address.family)
        return;
    tlsfloor_network_join(a, b, &both);
    REQUIRE(tlsfloor_network_contains(&both, a) && tlsfloor_network_contains(&both, b));
    last = last_address(b, 0);
    REQUIRE(tlsfloor_network_match(&both, &last) == 1);
    REQUIRE(tlsfloor_network_contains(a, b) ==
            (both.prefix == a->prefix && tlsfloor_network_contains(a, &both)));
    if (both.prefix < a->prefix && both.prefix < b->prefix)
        REQUIRE((a->address.bytes[both.prefix / 8] ^ b->address.bytes[both.prefix / 8]) &
                (0x80U >> both.prefix % 8));
}

static void
try_list(const struct tlsfloor_network *networks, size_t count)
{
    struct tlsfloor_networks list = {0};
    const struct tlsfloor_address none = {0};

    for (size_t i = 0; i < count; i++)
        REQUIRE(tlsfloor_networks_add(&list, &networks[i]) == 0);
    tlsfloor_networks_sort(&list);
    REQUIRE(list.count <= count && (count == 0 || list.count > 0));
    for (size_t i = 0; i < count; i++) {
        struct tlsfloor_address last = last_address(&networks[i], 0);
        struct tlsfloor_address beyond = last_address(&networks[i], 1);

        require_list_agrees(&list, networks, count, &networks[i].address);
        require_list_agrees(&list, networks, count, &last);
        require_list_agrees(&list, networks, count, &beyond);
        require_bytes(&networks[i]);
        require_join(&networks[i], &networks[(i + 1) % count]);
    }
    REQUIRE(tlsfloor_networks_match(&list, &none) == 0);
    tlsfloor_networks_free(&list);
}

/* 1 if the word is a network. */
static int
try_word(struct tlsfloor_text word, struct tlsfloor_network *network_r)
{
    char *copy = malloc(word.size == 0 ? 1 : word.size);
    struct tlsfloor_text text = {copy, word.size};
    struct tlsfloor_address address;
    const char *error = NULL;
    int result;

    REQUIRE(copy != NULL);
    memcpy(copy, word.data, word.size);
    if (tlsfloor_address_parse(text, &address) == 0)
        require_address(&address);
    else
        REQUIRE(address.family == TLSFLOOR_FAMILY_NONE);
    try_bytes(text.data, text.size);
    result = tlsfloor_network_parse(text, network_r, &error);
    if (result == 0)
        require_network(network_r);
    else
        REQUIRE(result == -1 && error != NULL);
    free(copy);
    return result == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlsfloor_network networks[NETWORKS];
    size_t count = 0;

    for (size_t at = 0; at < size && count < NETWORKS;) {
        struct tlsfloor_text word = {(const char *)data + at, 0};

        while (at + word.size < size && word.data[word.size] != ' ' && word.data[word.size] != '\n')
            word.size++;
        if (try_word(word, &networks[count]))
            count++;
        at += word.size + 1;
    }
    try_list(networks, count);
    return 0;
}
