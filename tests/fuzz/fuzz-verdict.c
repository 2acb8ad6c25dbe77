/* SPDX-License-Identifier: MIT */
/*
 * Fields that a passdb gave, each ending at a NUL: a verdict is found exactly
 * when one single field is one, word for word; nothing else lets anybody in.
 */
#include <string.h>

#include "fuzz.h"
#include "verdict.h"

#define FIELDS 64
#define NAME TLSFLOOR_VERDICT_FIELD "="

/* The value of the only field that has the name, or NULL: none or several. */
static const char *
only_value(const char *const *fields)
{
    const char *value = NULL;

    for (; *fields != NULL; fields++) {
        if (strncmp(*fields, NAME, strlen(NAME)) != 0)
            continue;
        if (value != NULL)
            return NULL;
        value = *fields + strlen(NAME);
    }
    return value;
}

/* The verdict as the auth process writes it, to be freed. */
static char *
format(const struct tlsfloor_verdict *verdict)
{
    char *text;
    struct tlsfloor_text who = verdict->who;

    if (who.size == 0)
        who = tlsfloor_text_from("-");
    REQUIRE(asprintf(&text, "%s %s %.*s %.*s", tlsfloor_action_name(verdict->action),
                     tlsfloor_reason_name(verdict->reason), (int)who.size, who.data,
                     (int)verdict->user.size, verdict->user.data) > 0);
    return text;
}

/* 1 if the value is what some verdict is written as: each of them is tried. */
static int
is_verdict(const char *value)
{
    for (int action = TLSFLOOR_REFUSE; action <= TLSFLOOR_ACCEPT; action++) {
        for (int reason = 0; reason < TLSFLOOR_REASONS; reason++) {
            char begin[64];
            const char *who, *blank;
            int size = snprintf(begin, sizeof(begin), "%s %s ",
                                tlsfloor_action_name((enum tlsfloor_action)action),
                                tlsfloor_reason_name((enum tlsfloor_reason)reason));

            if (action == TLSFLOOR_UNDECIDED || strncmp(value, begin, (size_t)size) != 0)
                continue;
            who = value + size;
            blank = strchr(who, ' ');
            return blank != NULL && blank > who && blank[1] != '\0';
        }
    }
    return 0;
}

static void
try_fields(const char *const *fields)
{
    struct tlsfloor_verdict verdict;
    const char *value = only_value(fields);
    char *text;

    REQUIRE(tlsfloor_verdict_find(fields, &verdict) == (value != NULL && is_verdict(value)));
    if (value == NULL || !is_verdict(value))
        return;
    text = format(&verdict);
    REQUIRE(strcmp(text, value) == 0);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    const char *fields[FIELDS + 1];
    size_t count = 0;

    REQUIRE(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    for (size_t at = 0; at <= size && count < FIELDS; at += strlen(copy + at) + 1)
        fields[count++] = copy + at;
    fields[count] = NULL;
    try_fields(fields);
    free(copy);
    return 0;
}
