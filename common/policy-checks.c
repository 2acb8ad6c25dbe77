/* SPDX-License-Identifier: MIT */
/*
 * What a string of tlsfloor.conf has to be, one function for each parameter.
 * Looks at the string only: whether there is such a file, host or page is not
 * asked.
 */
#include <string.h>

#include "policy-values.h"
#include "reply.h"

/*
 * Header fields that mean something to mail programs and servers; a name that
 * ends in '-' stands for all that begin with it.
 */
static const char *const taken_headers[] = {
    "ARC-",
    "Authentication-Results",
    "Auto-Submitted",
    "Bcc",
    "Cc",
    "Comments",
    "Content-",
    "Date",
    "Delivered-To",
    "Disposition-Notification-",
    "DKIM-",
    "Errors-To",
    "From",
    "In-Reply-To",
    "Keywords",
    "List-",
    "Message-ID",
    "MIME-Version",
    "Precedence",
    "Received",
    "Received-SPF",
    "References",
    "Reply-To",
    "Resent-",
    "Return-Path",
    "Return-Receipt-To",
    "Sender",
    "Subject",
    "To",
    "X-Original-To",
};

static int
is_printable(const char *string)
{
    while (*string > ' ' && *string <= '~')
        string++;
    return *string == '\0';
}

static int
begins_with(const char *string, const char *prefix)
{
    struct tlsfloor_text text = tlsfloor_text_from(prefix);

    return strlen(string) >= text.size &&
           tlsfloor_text_equal_fold(text, (struct tlsfloor_text){string, text.size});
}

const char *
tlsfloor_policy_check_path(const char *string)
{
    if (string[0] != '/' || !is_printable(string))
        return "is not none, or a file's full path without blanks";
    return NULL;
}

static int
is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

const char *
tlsfloor_policy_check_domain(const char *string)
{
    const char *label = string;

    for (const char *next = string; string[0] != '\0'; next++) {
        if (is_letter_or_digit(*next) || *next == '-')
            continue;
        if ((*next != '.' && *next != '\0') || next == label || next - label > 63 ||
            label[0] == '-' || next[-1] == '-' || next - string > 253)
            return "is not a domain name such as example.org";
        if (*next == '\0')
            break;
        label = next + 1;
    }
    return NULL;
}

const char *
tlsfloor_policy_check_reject_text(const char *string)
{
    const char *problem;

    return tlsfloor_reply_check(string, &problem) == 0 ? NULL : problem;
}

const char *
tlsfloor_policy_check_url(const char *string)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:"};

    if (string[0] == '\0')
        return NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (begins_with(string, schemes[i]) && string[strlen(schemes[i])] != '\0' &&
            is_printable(string) && strpbrk(string, "\"\\") == NULL)
            return NULL;
    return "is not https://..., http://... or mailto:... without blanks";
}

const char *
tlsfloor_policy_check_header(const char *string)
{
    if (string[0] == '\0' || !is_printable(string) || strchr(string, ':') != NULL)
        return "is not none, or the name of a header field without colon";
    for (size_t i = 0; i < sizeof taken_headers / sizeof *taken_headers; i++) {
        size_t size = strlen(taken_headers[i]);

        if (begins_with(string, taken_headers[i]) &&
            (taken_headers[i][size - 1] == '-' || string[size] == '\0'))
            return "is a header field that has a meaning already; one such as X-TLS-Floor has not";
    }
    return NULL;
}
