/* SPDX-License-Identifier: MIT */
/*
 * Guarantees that the same bytes give the same attributes however they are
 * cut, that the work is linear in the bytes, and that no client's byte comes
 * into an error sentence. Allocates nothing, copies nothing, and never looks
 * beyond TLSFLOOR_REQUEST_SIZE.
 */
#include <string.h>

#include "request.h"

#define NAME_IS(literal) (memcmp(name, literal, sizeof(literal) - 1) == 0)

/* The attribute of that name, or -1. Called for each of some thirty lines, hence by size. */
static int
find_attribute(const char *name, size_t size)
{
    switch (size) {
    case sizeof("request") - 1:
        return NAME_IS("request") ? TLSFLOOR_ATTR_REQUEST : -1;
    case sizeof("instance") - 1:
        return NAME_IS("instance") ? TLSFLOOR_ATTR_INSTANCE : -1;
    case sizeof("client_port") - 1:
        return NAME_IS("client_port")   ? TLSFLOOR_ATTR_CLIENT_PORT
               : NAME_IS("server_port") ? TLSFLOOR_ATTR_SERVER_PORT
                                        : -1;
    case sizeof("sasl_username") - 1:
        return NAME_IS("sasl_username") ? TLSFLOOR_ATTR_SASL_USERNAME : -1;
    case sizeof("protocol_state") - 1:
        return NAME_IS("protocol_state")   ? TLSFLOOR_ATTR_PROTOCOL_STATE
               : NAME_IS("client_address") ? TLSFLOOR_ATTR_CLIENT_ADDRESS
               : NAME_IS("policy_context") ? TLSFLOOR_ATTR_POLICY_CONTEXT
                                           : -1;
    case sizeof("encryption_cipher") - 1:
        return NAME_IS("encryption_cipher") ? TLSFLOOR_ATTR_ENCRYPTION_CIPHER : -1;
    case sizeof("encryption_keysize") - 1:
        return NAME_IS("encryption_keysize") ? TLSFLOOR_ATTR_ENCRYPTION_KEYSIZE : -1;
    case sizeof("encryption_protocol") - 1:
        return NAME_IS("encryption_protocol") ? TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL : -1;
    }
    return -1;
}

/* Keeps what the line from begin to end (its newline) says. NULL, or what is wrong with it. */
static const char *
take_line(struct tlsfloor_request *request, const char *data, size_t begin, size_t end)
{
    static const char kind[] = "smtpd_access_policy";
    const char *equals = memchr(data + begin, '=', end - begin);
    size_t value, size;
    int attribute;

    if (equals == NULL)
        return end == begin + 1 && data[begin] == '\r'
                   ? "not the policy protocol: lines end in CR LF instead of LF"
                   : "not the policy protocol: a line without \"=\"";
    value = (size_t)(equals - data) + 1;
    attribute = find_attribute(data + begin, value - 1 - begin);
    if (attribute < 0 || request->values[attribute].present)
        return NULL;
    size = end - value;
    if (attribute == TLSFLOOR_ATTR_REQUEST &&
        (size != sizeof(kind) - 1 || memcmp(data + value, kind, size) != 0))
        return "not the policy protocol: a request other than smtpd_access_policy";
    request->values[attribute].offset = (unsigned short)value;
    request->values[attribute].size = (unsigned short)size;
    request->values[attribute].present = 1;
    return NULL;
}

void
tlsfloor_request_reset(struct tlsfloor_request *request)
{
    memset(request, 0, sizeof(*request));
}

int
tlsfloor_request_parse(struct tlsfloor_request *request, const char *data, size_t size,
                       const char **error_r)
{
    size_t limit = size < TLSFLOOR_REQUEST_SIZE ? size : TLSFLOOR_REQUEST_SIZE;

    while (request->scan < limit) {
        const char *newline = memchr(data + request->scan, '\n', limit - request->scan);

        if (newline == NULL) {
            request->scan = limit;
            break;
        }
        request->scan = (size_t)(newline - data) + 1;
        if (newline == data + request->line)
            return (int)request->scan;
        *error_r = take_line(request, data, request->line, request->scan - 1);
        if (*error_r != NULL)
            return -1;
        request->line = request->scan;
    }
    if (limit < TLSFLOOR_REQUEST_SIZE)
        return 0;
    *error_r = "not the policy protocol: a request of more than 32768 bytes";
    return -1;
}

struct tlsfloor_text
tlsfloor_request_get(const struct tlsfloor_request *request, const char *data,
                     enum tlsfloor_attribute attribute)
{
    struct tlsfloor_text value = {data + request->values[attribute].offset,
                                  request->values[attribute].size};

    return value;
}
