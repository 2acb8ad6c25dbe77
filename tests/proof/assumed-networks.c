/* SPDX-License-Identifier: MIT */
/*
 * In place of tlsfloor_networks_match(): any answer, but only to the two
 * questions that doc/ARCHITECTURE.md allows. networks.c proves the real one.
 */
#include "inputs.h"

int
tlsfloor_networks_match(const struct tlsfloor_networks *list,
                        const struct tlsfloor_address *address)
{
    if (list == in.service->trusted_networks) {
        ALWAYS(address == &in.facts.connection);
        return answers.trusted;
    }
    ALWAYS(list == in.service->legacy_networks);
    ALWAYS(address == &in.facts.client);
    return answers.legacy;
}
