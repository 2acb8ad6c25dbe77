/* SPDX-License-Identifier: MIT */
/*
 * Splits the exceptions file into lines; exception.c understands them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exceptions-text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Makes room for one more record. 0, or -1: no memory. */
static int
grow(struct exceptions *exceptions)
{
    size_t count = exceptions->count;
    void *items;

    /* Full at every power of two. */
    if (count != 0 && (count & (count - 1)) != 0)
        return 0;
    items = reallocarray(exceptions->items, count == 0 ? 1 : 2 * count, sizeof(*exceptions->items));
    if (items == NULL)
        return -1;
    exceptions->items = items;
    return 0;
}

static int
add_line(struct exceptions *exceptions, struct tlsfloor_text line, unsigned number,
         struct tlsfloor_text default_domain, tlsfloor_problem_fn *problem, void *context)
{
    char sentence[TLSFLOOR_ERROR_TEXT];
    struct exceptions_item item = {.line = number};
    int result =
        tlsfloor_exception_parse(line, default_domain, &item.exception, sentence, sizeof(sentence));

    if (result < 0)
        problem(context, TLSFLOOR_ERROR, number, sentence);
    if (result != 1)
        return 0;
    if (item.exception.until == TLSFLOOR_NEVER)
        problem(context, TLSFLOOR_WARNING, number,
                "until=never: nobody will be asked again whether this is still needed");
    if (grow(exceptions) != 0)
        return -1;
    exceptions->items[exceptions->count++] = item;
    return 0;
}

int
exceptions_load(const char *path, struct tlsfloor_text default_domain, tlsfloor_problem_fn *problem,
                void *context, struct exceptions *exceptions_r, char error[TLSFLOOR_ERROR_TEXT])
{
    size_t size;
    int found = tlsfloor_file_read(path, &exceptions_r->data, &size, NULL, error);
    const char *data = exceptions_r->data, *end;
    unsigned number = 0;

    if (found != 1)
        return found;
    if (size >= 3 && memcmp(data, BYTE_ORDER_MARK, 3) == 0) {
        problem(context, TLSFLOOR_ERROR, 1,
                "the file begins with a byte order mark: save it as UTF-8 without one");
        data += 3;
        size -= 3;
    }
    for (; size > 0; size -= (size_t)(end - data), data = end) {
        const char *newline = memchr(data, '\n', size);
        struct tlsfloor_text line = {data, newline == NULL ? size : (size_t)(newline - data)};

        end = newline == NULL ? data + size : newline + 1;
        if (add_line(exceptions_r, line, ++number, default_domain, problem, context) != 0) {
            snprintf(error, TLSFLOOR_ERROR_TEXT, "%s: no memory for its exceptions", path);
            return -1;
        }
    }
    return 1;
}

void
exceptions_free(struct exceptions *exceptions)
{
    free(exceptions->items);
    free(exceptions->data);
    memset(exceptions, 0, sizeof(*exceptions));
}
