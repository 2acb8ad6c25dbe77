/* SPDX-License-Identifier: MIT */
/*
 * Guarantees that the same bytes give the same attributes however they are
 * cut, that the work is linear in the bytes, and that no client's byte comes
 * into an error sentence. Allocates nothing, copies nothing, and never looks
 * beyond TLSFLOOR_REQUEST_SIZE.
 */
#include <string.h>

#include "request.h"

/* The bytes that a line with this attribute begins with, if this one does; else 0. */
#define BEGINS_WITH(name) \
    (size >= sizeof(name) && memcmp(line, name "=", sizeof(name)) == 0 ? sizeof(name) : 0)

/*
 * Which attribute a line of size bytes has, and where its value begins. Called
 * for each of some thirty lines, hence by the first byte, and not by where "="
 * is: that costs more to find.
 */
static int
find_attribute(const char *line, size_t size, size_t *value_r)
{
    switch (line[0]) {
    case 'c':
        if ((*value_r = BEGINS_WITH("client_address")) > 0)
            return TLSFLOOR_ATTR_CLIENT_ADDRESS;
        if ((*value_r = BEGINS_WITH("client_port")) > 0)
            return TLSFLOOR_ATTR_CLIENT_PORT;
        break;
    case 'e':
        if ((*value_r = BEGINS_WITH("encryption_protocol")) > 0)
            return TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL;
        if ((*value_r = BEGINS_WITH("encryption_cipher")) > 0)
            return TLSFLOOR_ATTR_ENCRYPTION_CIPHER;
        if ((*value_r = BEGINS_WITH("encryption_keysize")) > 0)
            return TLSFLOOR_ATTR_ENCRYPTION_KEYSIZE;
        break;
    case 'i':
        if ((*value_r = BEGINS_WITH("instance")) > 0)
            return TLSFLOOR_ATTR_INSTANCE;
        break;
    case 'p':
        if ((*value_r = BEGINS_WITH("protocol_state")) > 0)
            return TLSFLOOR_ATTR_PROTOCOL_STATE;
        if ((*value_r = BEGINS_WITH("policy_context")) > 0)
            return TLSFLOOR_ATTR_POLICY_CONTEXT;
        break;
    case 'r':
        if ((*value_r = BEGINS_WITH("request")) > 0)
            return TLSFLOOR_ATTR_REQUEST;
        break;
    case 's':
        if ((*value_r = BEGINS_WITH("server_port")) > 0)
            return TLSFLOOR_ATTR_SERVER_PORT;
        if ((*value_r = BEGINS_WITH("sasl_username")) > 0)
            return TLSFLOOR_ATTR_SASL_USERNAME;
        break;
    }
    return -1;
}

/* Keeps what the line from begin to end (its newline) says. NULL, or what is wrong with it. */
static const char *
take_line(struct tlsfloor_request *request, const char *data, size_t begin, size_t end)
{
    static const char kind[] = "smtpd_access_policy";
    const char *line = data + begin;
    size_t size = end - begin, value;
    int attribute = find_attribute(line, size, &value);

    if (attribute < 0) {
        /* Many values are empty, and that is seen at once. */
        if (line[size - 1] == '=' || memchr(line, '=', size) != NULL)
            return NULL;
        return size == 1 && line[0] == '\r'
                   ? "not the policy protocol: lines end in CR LF instead of LF"
                   : "not the policy protocol: a line without \"=\"";
    }
    if (request->values[attribute].present)
        return NULL;
    size -= value;
    if (attribute == TLSFLOOR_ATTR_REQUEST &&
        (size != sizeof(kind) - 1 || memcmp(line + value, kind, size) != 0))
        return "not the policy protocol: a request other than smtpd_access_policy";
    request->values[attribute].offset = (unsigned short)(begin + value);
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
