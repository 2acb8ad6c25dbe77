/* SPDX-License-Identifier: MIT */
/*
 * IP addresses, CIDR networks and lists of them. An IPv4-mapped IPv6 address
 * is an IPv4 address. Looking an address up costs the logarithm of the list.
 */
#ifndef TLSFLOOR_NETWORK_H
#define TLSFLOOR_NETWORK_H

#include "text.h"

enum tlsfloor_family {
    TLSFLOOR_FAMILY_NONE = 0, /* not an address: in no network */
    TLSFLOOR_FAMILY_IPV4,
    TLSFLOOR_FAMILY_IPV6
};

struct tlsfloor_address {
    enum tlsfloor_family family;
    unsigned char bytes[16]; /* network order; IPv4 uses the first four, the rest is 0 */
};

struct tlsfloor_network {
    struct tlsfloor_address address; /* bits beyond the prefix are 0 */
    unsigned prefix;                 /* 0..32 or 0..128 */
};

/* Sorted, none inside another. A zeroed list is empty. */
struct tlsfloor_networks {
    struct tlsfloor_network *items;
    size_t count;
    size_t room;
};

/* Longest text of an address, an IPv6 zone ("%eth0") not counted; and of a network. */
#define TLSFLOOR_ADDRESS_TEXT 46
#define TLSFLOOR_NETWORK_TEXT 50

/* Text to address; a zone ("fe80::1%eth0") is left out. 0, or -1: not an address. */
int tlsfloor_address_parse(struct tlsfloor_text text, struct tlsfloor_address *address_r);

/* Address to text, at least TLSFLOOR_ADDRESS_TEXT bytes; "unknown" for FAMILY_NONE. */
void tlsfloor_address_format(const struct tlsfloor_address *address, char *text_r);

/*
 * "192.0.2.0/24", "2001:db8::/32" or a single address to a network. 0, or -1
 * with a constant sentence in error_r. Bits beyond the prefix are an error.
 */
int tlsfloor_network_parse(struct tlsfloor_text text, struct tlsfloor_network *network_r,
                           const char **error_r);

/* Network to text with its prefix, at least TLSFLOOR_NETWORK_TEXT bytes. */
void tlsfloor_network_format(const struct tlsfloor_network *network, char *text_r);

/* 1 if the address is in the network, else 0. */
int tlsfloor_network_match(const struct tlsfloor_network *network,
                           const struct tlsfloor_address *address);

/*
 * The network as at most TLSFLOOR_NETWORK_BYTES bytes: one that tells family
 * and prefix, then the bytes of the address that the prefix reaches into.
 * Returns how many.
 */
#define TLSFLOOR_NETWORK_BYTES 17
size_t tlsfloor_network_encode(const struct tlsfloor_network *network,
                               unsigned char bytes_r[TLSFLOOR_NETWORK_BYTES]);

/* The network that size bytes begin with. Returns how many it takes, or 0: none that is right. */
size_t tlsfloor_network_decode(const unsigned char *bytes, size_t size,
                               struct tlsfloor_network *network_r);

/* 1 if every address of inner is in outer, else 0. */
int tlsfloor_network_contains(const struct tlsfloor_network *outer,
                              const struct tlsfloor_network *inner);

/* The smallest network with all of two, which are of one family. */
void tlsfloor_network_join(const struct tlsfloor_network *a, const struct tlsfloor_network *b,
                           struct tlsfloor_network *both_r);

/* Adds one network at the end of a list that is not sorted yet. 0, or -1: no memory. */
int tlsfloor_networks_add(struct tlsfloor_networks *list, const struct tlsfloor_network *network);

/* Sorts a list and leaves out networks that lie inside another one. */
void tlsfloor_networks_sort(struct tlsfloor_networks *list);

/* 1 if the address is in a network of the sorted list, else 0. */
int tlsfloor_networks_match(const struct tlsfloor_networks *list,
                            const struct tlsfloor_address *address);

/* Frees what the list holds and empties it. */
void tlsfloor_networks_free(struct tlsfloor_networks *list);

#endif
