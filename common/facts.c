/* SPDX-License-Identifier: MIT */
/*
 * Names of services, and the split of a login name. Copies nothing.
 */
#include "facts.h"
#include "hash.h"

static const char *const service_names[TLSFLOOR_SERVICES] = {
    [TLSFLOOR_SERVICE_NONE] = "none",
    [TLSFLOOR_SERVICE_IMAP] = "imap",
    [TLSFLOOR_SERVICE_POP3] = "pop3",
    [TLSFLOOR_SERVICE_SIEVE] = "sieve",
    [TLSFLOOR_SERVICE_SUBMISSION] = "submission",
};

const char *
tlsfloor_service_name(enum tlsfloor_service service)
{
    return service_names[service];
}

enum tlsfloor_service
tlsfloor_service_parse(struct tlsfloor_text name)
{
    for (int service = TLSFLOOR_SERVICE_IMAP; service < TLSFLOOR_SERVICES; service++) {
        if (tlsfloor_text_equal(name, tlsfloor_text_from(service_names[service])))
            return (enum tlsfloor_service)service;
    }
    return TLSFLOOR_SERVICE_NONE;
}

struct tlsfloor_user
tlsfloor_user_named(struct tlsfloor_text name, struct tlsfloor_text default_domain)
{
    struct tlsfloor_user user = {.state = TLSFLOOR_USER_NAMED, .local = name};

    for (size_t i = name.size; i > 0; i--) {
        if (name.data[i - 1] == '@') {
            user.local.size = i - 1;
            user.domain.data = name.data + i;
            user.domain.size = name.size - i;
            return user;
        }
    }
    if (default_domain.size > 0)
        user.domain = default_domain;
    return user;
}

uint64_t
tlsfloor_user_hash(uint64_t hash, const struct tlsfloor_user *user)
{
    const struct tlsfloor_text parts[] = {
        user->local, {"@", user->domain.data == NULL ? 0 : 1}, user->domain};

    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        for (size_t i = 0; i < parts[part].size; i++) {
            unsigned char byte = tlsfloor_text_fold((unsigned char)parts[part].data[i]);

            hash = tlsfloor_hash_add(hash, &byte, 1);
        }
    }
    return hash;
}
