/* SPDX-License-Identifier: MIT */
/*
 * The bucket of a user is from 0 to 99, whatever the hash; and what is hashed
 * is the name in lower case and nothing else: the case of a name, and
 * everything else of a session, counts for nothing. For names of up to
 * NAME_SIZE bytes in each part.
 */
#include <stddef.h>

#include "hash.h"
#include "inputs.h"

#define NAME_SIZE 4

struct tlsfloor_user nondet_user(void);
uint64_t nondet_hash(void);
char nondet_char(void);

static char local[NAME_SIZE], domain[NAME_SIZE];
static unsigned char hashed[2 * NAME_SIZE + 1];
static size_t hashed_size;

/* In place of hash.c: notes what it is given. */
uint64_t
tlsfloor_hash_add(uint64_t hash, const void *data, size_t size)
{
    (void)hash;
    ALWAYS(size == 1 && hashed_size < sizeof(hashed));
    hashed[hashed_size++] = *(const unsigned char *)data;
    return nondet_hash();
}

static unsigned char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

/* The text ends where its array does, so that a step beyond it is seen. */
static struct tlsfloor_text
any_text(char *array, size_t size)
{
    ASSUME(size <= NAME_SIZE);
    for (size_t i = 0; i < NAME_SIZE; i++)
        array[i] = nondet_char();
    return (struct tlsfloor_text){array + NAME_SIZE - size, size};
}

int
main(void)
{
    struct tlsfloor_user user = nondet_user();
    size_t at = 0;

    user.local = any_text(local, user.local.size);
    if (user.domain.data == NULL)
        user.domain.size = 0;
    else
        user.domain = any_text(domain, user.domain.size);

    ALWAYS(tlsfloor_policy_bucket(&user) < 100);
    for (size_t i = 0; i < user.local.size; i++, at++)
        ALWAYS(hashed[at] == lower(user.local.data[i]));
    if (user.domain.data != NULL)
        ALWAYS(hashed[at++] == '@');
    for (size_t i = 0; i < user.domain.size; i++, at++)
        ALWAYS(hashed[at] == lower(user.domain.data[i]));
    ALWAYS(hashed_size == at);

    REACHES(hashed_size == sizeof(hashed) && local[0] == 'A' && hashed[0] == 'a');
    REACHES(hashed_size == 0);
}
