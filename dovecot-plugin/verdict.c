/* SPDX-License-Identifier: MIT */
/*
 * Parses fields that a passdb gave; knows nothing of Dovecot.
 */
#include <string.h>

#include "verdict.h"

/* Takes the word before the next blank off the text. 0, or -1: there is no blank, or no word. */
static int
take_word(struct tlsfloor_text *text, struct tlsfloor_text *word_r)
{
    const char *blank = text->size == 0 ? NULL : memchr(text->data, ' ', text->size);

    if (blank == NULL || blank == text->data)
        return -1;
    word_r->data = text->data;
    word_r->size = (size_t)(blank - text->data);
    text->data += word_r->size + 1;
    text->size -= word_r->size + 1;
    return 0;
}

static int
parse(struct tlsfloor_text value, struct tlsfloor_verdict *verdict_r)
{
    struct tlsfloor_text action, reason;

    if (take_word(&value, &action) != 0 || tlsfloor_action_parse(action, &verdict_r->action) != 0 ||
        verdict_r->action == TLSFLOOR_UNDECIDED || take_word(&value, &reason) != 0 ||
        tlsfloor_reason_parse(reason, &verdict_r->reason) != 0 ||
        take_word(&value, &verdict_r->who) != 0 || value.size == 0)
        return -1;
    if (tlsfloor_text_equal(verdict_r->who, tlsfloor_text_from("-")))
        verdict_r->who = tlsfloor_text_from(NULL);
    verdict_r->user = value;
    return 0;
}

int
tlsfloor_verdict_find(const char *const *fields, struct tlsfloor_verdict *verdict_r)
{
    static const char name[] = TLSFLOOR_VERDICT_FIELD "=";
    const char *value = NULL;

    for (; fields != NULL && *fields != NULL; fields++) {
        if (strncmp(*fields, name, sizeof(name) - 1) != 0)
            continue;
        if (value != NULL)
            return 0;
        value = *fields + sizeof(name) - 1;
    }
    return value != NULL && parse(tlsfloor_text_from(value), verdict_r) == 0;
}
