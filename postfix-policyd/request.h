/* SPDX-License-Identifier: MIT */
/*
 * Postfix's policy delegation protocol, the request: bytes to attributes,
 * in whatever pieces they come. Keeps offsets, so the bytes may move.
 */
#ifndef TLSFLOOR_REQUEST_H
#define TLSFLOOR_REQUEST_H

#include "text.h"

/* The longest request, bytes, its blank line included. */
#define TLSFLOOR_REQUEST_SIZE 32768

/* The attributes that count; others are skipped. */
enum tlsfloor_attribute {
    TLSFLOOR_ATTR_REQUEST,
    TLSFLOOR_ATTR_PROTOCOL_STATE,
    TLSFLOOR_ATTR_CLIENT_ADDRESS,
    TLSFLOOR_ATTR_CLIENT_PORT,
    TLSFLOOR_ATTR_SERVER_PORT,
    TLSFLOOR_ATTR_INSTANCE,
    TLSFLOOR_ATTR_SASL_USERNAME,
    TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL,
    TLSFLOOR_ATTR_ENCRYPTION_CIPHER,
    TLSFLOOR_ATTR_ENCRYPTION_KEYSIZE,
    TLSFLOOR_ATTR_POLICY_CONTEXT
};
#define TLSFLOOR_ATTRIBUTES 11

struct tlsfloor_request {
    size_t line; /* where the line that is being read begins */
    size_t scan; /* what has been looked at */
    struct {
        unsigned short offset, size, present;
    } values[TLSFLOOR_ATTRIBUTES];
};

/* Forgets everything, for the next request. */
void tlsfloor_request_reset(struct tlsfloor_request *request);

/*
 * Goes on reading data, which holds all bytes of the request so far and
 * perhaps more. >0: complete, its number of bytes; 0: more is needed; -1: this
 * is not the protocol (a sentence in error_r). The first of repeated
 * attributes wins.
 */
int tlsfloor_request_parse(struct tlsfloor_request *request, const char *data, size_t size,
                           const char **error_r);

/* The value of an attribute of a complete request; empty if absent. */
struct tlsfloor_text tlsfloor_request_get(const struct tlsfloor_request *request, const char *data,
                                          enum tlsfloor_attribute attribute);

#endif
