/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as tlsfloor.conf. A text without a policy has an error told, every
 * sentence is one short printable line, and a policy that is written reads back
 * to the same, in both forms.
 */
#include <string.h>

#include "fuzz.h"
#include "policy-text.h"

static void
count_errors(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    unsigned *errors = context;

    (void)line;
    REQUIRE(sentence[0] != '\0' && strlen(sentence) < 511);
    for (; *sentence != '\0'; sentence++)
        REQUIRE(*sentence >= ' ' && *sentence <= '~');
    if (severity == TLSFLOOR_ERROR)
        ++*errors;
}

static struct tlsfloor_policy *
parse(struct tlsfloor_text text)
{
    unsigned errors = 0;
    struct tlsfloor_policy *policy = tlsfloor_policy_parse(text, count_errors, &errors);

    REQUIRE((policy == NULL) == (errors > 0));
    REQUIRE(errors <= 21);
    return policy;
}

static char *
format(const struct tlsfloor_policy *policy, enum tlsfloor_format form)
{
    char *text = tlsfloor_policy_format(policy, form);

    REQUIRE(text != NULL);
    return text;
}

/* What is written in a form reads back to a policy that has the same full text. */
static void
require_round_trip(const struct tlsfloor_policy *policy, enum tlsfloor_format form)
{
    char *full = format(policy, TLSFLOOR_FORMAT_ALL), *text = format(policy, form);
    struct tlsfloor_policy *parsed = parse(tlsfloor_text_from(text));
    char *full_again, *text_again;

    REQUIRE(parsed != NULL);
    full_again = format(parsed, TLSFLOOR_FORMAT_ALL);
    text_again = format(parsed, form);
    REQUIRE(strcmp(full, full_again) == 0);
    REQUIRE(strcmp(text, text_again) == 0);
    tlsfloor_policy_free(parsed);
    free(full);
    free(text);
    free(full_again);
    free(text_again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlsfloor_policy *policy = parse((struct tlsfloor_text){(const char *)data, size});

    if (policy == NULL)
        return 0;
    require_round_trip(policy, TLSFLOOR_FORMAT_ALL);
    require_round_trip(policy, TLSFLOOR_FORMAT_CHANGED);
    tlsfloor_policy_free(policy);
    return 0;
}
