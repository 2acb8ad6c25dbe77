/* SPDX-License-Identifier: MIT */
/*
 * Version names. "TLSvMAJOR[.MINOR]" beyond 1.3 is newer; any other unknown
 * name is unknown, never a version that might pass for a good one.
 */
#include "tls-names.h"

static const char *const names[] = {
    [TLSFLOOR_TLS_UNKNOWN] = "unknown", [TLSFLOOR_TLS_CLEARTEXT] = "cleartext",
    [TLSFLOOR_TLS_SSLV2] = "SSLv2",     [TLSFLOOR_TLS_SSLV3] = "SSLv3",
    [TLSFLOOR_TLS_1_0] = "TLSv1",       [TLSFLOOR_TLS_1_1] = "TLSv1.1",
    [TLSFLOOR_TLS_1_2] = "TLSv1.2",     [TLSFLOOR_TLS_1_3] = "TLSv1.3",
    [TLSFLOOR_TLS_NEWER] = "newer",
};

/* Reads a number of one or two digits without leading zero; -1 if there is none. */
static int
take_number(struct tlsfloor_text *text)
{
    int number = 0;
    size_t digits = 0;

    while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9') {
        if (digits == 2 || (digits == 1 && number == 0))
            return -1;
        number = number * 10 + (text->data[digits] - '0');
        digits++;
    }
    text->data += digits;
    text->size -= digits;
    return digits == 0 ? -1 : number;
}

/* Versions that OpenSSL cannot name yet, and "TLSv1.0" for "TLSv1". */
static enum tlsfloor_tls
parse_number(struct tlsfloor_text name)
{
    struct tlsfloor_text rest;
    int major, minor = 0;

    if (name.size < 4 ||
        !tlsfloor_text_equal((struct tlsfloor_text){name.data, 4}, tlsfloor_text_from("TLSv")))
        return TLSFLOOR_TLS_UNKNOWN;
    rest = (struct tlsfloor_text){name.data + 4, name.size - 4};
    major = take_number(&rest);
    if (rest.size > 0 && rest.data[0] == '.') {
        rest.data++;
        rest.size--;
        minor = take_number(&rest);
    }
    if (major < 1 || minor < 0 || rest.size > 0)
        return TLSFLOOR_TLS_UNKNOWN;
    if (major == 1 && minor == 0)
        return TLSFLOOR_TLS_1_0;
    return major > 1 || minor > 3 ? TLSFLOOR_TLS_NEWER : TLSFLOOR_TLS_UNKNOWN;
}

enum tlsfloor_tls
tlsfloor_tls_parse(struct tlsfloor_text name)
{
    /* Most sessions have the newest. */
    for (int tls = TLSFLOOR_TLS_1_3; tls >= TLSFLOOR_TLS_CLEARTEXT; tls--) {
        if (tlsfloor_text_equal(name, tlsfloor_text_from(names[tls])))
            return (enum tlsfloor_tls)tls;
    }
    return parse_number(name);
}

const char *
tlsfloor_tls_name(enum tlsfloor_tls tls)
{
    return names[tls];
}
