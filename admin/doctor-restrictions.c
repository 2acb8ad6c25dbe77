/* SPDX-License-Identifier: MIT */
/*
 * Words with blanks or commas between; what is in braces is one word.
 */
#include <stdio.h>
#include <string.h>

#include "doctor-restrictions.h"

#define BLANKS " \t,"

struct tlsfloor_text
restrictions_next(const char **list)
{
    const char *start = *list + strspn(*list, BLANKS), *end = start;
    int depth = 0;

    for (; *end != '\0' && (depth > 0 || strchr(BLANKS, *end) == NULL); end++) {
        depth += *end == '{';
        depth -= *end == '}';
    }
    *list = end;
    return (struct tlsfloor_text){start, (size_t)(end - start)};
}

/* "unix:tlsfloor/policy" of "{ unix:tlsfloor/policy, timeout=5s }", or of itself. */
static struct tlsfloor_text
endpoint(struct tlsfloor_text word)
{
    const char *start = word.data;
    size_t size = word.size;

    while (size > 0 && (*start == '{' || strchr(BLANKS, *start) != NULL)) {
        start++;
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (start[i] == '}' || strchr(BLANKS, start[i]) != NULL)
            return (struct tlsfloor_text){start, i};
    }
    return (struct tlsfloor_text){start, size};
}

int
restrictions_begins(struct tlsfloor_text word, const char *with)
{
    size_t size = strlen(with);

    return word.size >= size && memcmp(word.data, with, size) == 0;
}

static int
names_us(struct tlsfloor_text where)
{
    return memmem(where.data, where.size, "tlsfloor", strlen("tlsfloor")) != NULL;
}

/* "check_client_access" and the like, which have a table behind them. */
static int
has_table(struct tlsfloor_text word)
{
    static const char end[] = "_access";
    size_t size = sizeof(end) - 1;

    return restrictions_begins(word, "check_") && word.size > size &&
           memcmp(word.data + word.size - size, end, size) == 0;
}

struct restrictions
restrictions_read(const char *list)
{
    struct restrictions asked = {.ours = 0};

    while (list != NULL && !asked.ours) {
        struct tlsfloor_text word = restrictions_next(&list);

        if (word.size == 0)
            break;
        if (restrictions_begins(word, "permit") && asked.permits.size == 0)
            asked.permits = word;
        if (has_table(word) && asked.tables.size == 0) {
            (void)restrictions_next(&list);
            asked.tables = (struct tlsfloor_text){word.data, (size_t)(list - word.data)};
        }
        if (tlsfloor_text_equal(word, tlsfloor_text_from("check_policy_service"))) {
            asked.where = endpoint(restrictions_next(&list));
            asked.ours = names_us(asked.where);
        }
    }
    return asked;
}

int
restrictions_policy_path(const char *restrictions, char path_r[TLSFLOOR_PATH])
{
    struct restrictions asked = restrictions_read(restrictions);

    if (!asked.ours || !restrictions_begins(asked.where, "unix:"))
        return 0;
    snprintf(path_r, TLSFLOOR_PATH, "%.*s", (int)(asked.where.size - strlen("unix:")),
             asked.where.data + strlen("unix:"));
    return 1;
}
