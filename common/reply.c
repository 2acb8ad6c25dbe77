/* SPDX-License-Identifier: MIT */
/*
 * Reply texts. Only the site's own words and our version names go in; never
 * anything that the client sent.
 */
#include <string.h>

#include "reply.h"

#define HELP_URL "%{help_url}"

static const char later[] = "The server cannot check your connection right now. Try again later.";

static const struct {
    const char *name;
    size_t longest; /* bytes that can take its place */
} placeholders[] = {
    {"%{version}", sizeof("cleartext") - 1},
    {"%{floor}", sizeof("cleartext") - 1},
    {HELP_URL, TLSFLOOR_HELP_URL - 1},
};
#define PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

/* The placeholder that text begins with, or PLACEHOLDERS. */
static size_t
find_placeholder(const char *text)
{
    size_t i = 0;

    if (text[0] != '%')
        return PLACEHOLDERS;
    while (i < PLACEHOLDERS &&
           strncmp(text, placeholders[i].name, strlen(placeholders[i].name)) != 0)
        i++;
    return i;
}

int
tlsfloor_reply_check(const char *reject_text, const char **error_r)
{
    size_t size = 0;

    *error_r = NULL;
    if (reject_text[0] == '\0')
        *error_r = "must not be empty";
    else if (reject_text[0] == '[')
        *error_r = "must not begin with [, which IMAP and POP3 clients take for a response code";
    else if (strncmp(reject_text, HELP_URL, sizeof(HELP_URL) - 1) == 0)
        *error_r = "must not begin with " HELP_URL ", which may be empty";
    for (const char *text = reject_text; *text != '\0' && *error_r == NULL;) {
        size_t i = find_placeholder(text);

        if (i < PLACEHOLDERS) {
            size += placeholders[i].longest;
            text += strlen(placeholders[i].name);
            continue;
        }
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            *error_r = "must be one line of printable ASCII without \" and \\";
        else if (text[0] == '%' && text[1] == '{')
            *error_r = "may hold %{version}, %{floor} and %{help_url}, and no other %{...}";
        size++;
        text++;
    }
    if (*error_r == NULL && size >= TLSFLOOR_REPLY_TEXT)
        *error_r = "is too long once its %{...} are filled in";
    return *error_r == NULL ? 0 : -1;
}

void
tlsfloor_reply_format(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
                      const struct tlsfloor_decision *decision, char *text_r)
{
    const struct tlsfloor_service_policy *service = &policy->services[facts->service];
    const char *values[PLACEHOLDERS] = {
        tlsfloor_tls_name(facts->tls),
        tlsfloor_tls_name(decision->floor),
        service->help_url,
    };
    const char *text =
        decision->reason == TLSFLOOR_REASON_STORE_ERROR ? later : service->reject_text;
    size_t used = 0;

    while (*text != '\0' && used < TLSFLOOR_REPLY_TEXT - 1) {
        size_t i = find_placeholder(text), room = TLSFLOOR_REPLY_TEXT - 1 - used;
        const char *piece = i < PLACEHOLDERS ? values[i] : text;
        /* Words, up to the next '%', can be cut; a '%' of its own begins them. */
        size_t size = i < PLACEHOLDERS ? strlen(values[i]) : 1 + strcspn(text + 1, "%");

        if (i == PLACEHOLDERS && size > room)
            size = room;
        if (size > room)
            break;
        memcpy(text_r + used, piece, size);
        used += size;
        text += i < PLACEHOLDERS ? strlen(placeholders[i].name) : size;
    }
    while (used > 0 && text_r[used - 1] == ' ')
        used--;
    text_r[used] = '\0';
}
