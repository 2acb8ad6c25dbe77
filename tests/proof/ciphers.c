/* SPDX-License-Identifier: MIT */
/*
 * What the profiles say of a suite (RFC 9325 section 4.1, RFC 10015), for any
 * suite that the table of cipher-suites.c could have, and for NULL.
 */
#include <stddef.h>

#include "inputs.h"

struct tlsfloor_cipher_suite nondet_suite(void);
int nondet_int(void);

/* Finite-field Diffie-Hellman in any form, and RSA that encrypts the secret. */
static const unsigned old_key_exchanges = 1U << TLSFLOOR_KX_RSA | 1U << TLSFLOOR_KX_RSA_PSK |
                                          1U << TLSFLOOR_KX_DH | 1U << TLSFLOOR_KX_DHE |
                                          1U << TLSFLOOR_KX_DHE_PSK;

static enum tlsfloor_cipher_class
expected(enum tlsfloor_profile profile, const struct tlsfloor_cipher_suite *suite)
{
    int old = old_key_exchanges >> suite->key_exchange & 1;
    int recommended = !old && suite->strength >= 128 && suite->aead && suite->forward_secrecy;

    if (suite->encryption == TLSFLOOR_ENC_NULL || suite->encryption == TLSFLOOR_ENC_RC4 ||
        suite->export_grade || suite->strength < 112 || suite->authentication == TLSFLOOR_AUTH_NONE)
        return TLSFLOOR_CIPHER_VIOLATION;
    if (suite->first_version == TLSFLOOR_TLS_1_3 || recommended)
        return TLSFLOOR_CIPHER_FINE;
    return old && profile == TLSFLOOR_PROFILE_RFC10015 ? TLSFLOOR_CIPHER_VIOLATION
                                                       : TLSFLOOR_CIPHER_WEAK;
}

int
main(void)
{
    struct tlsfloor_cipher_suite suite = nondet_suite();
    int profile = nondet_int();
    enum tlsfloor_cipher_class class;

    ASSUME(suite.key_exchange <= TLSFLOOR_KX_ECCPWD);
    ASSUME_ENUM(profile, TLSFLOOR_PROFILE_NONE);
    class = tlsfloor_policy_judge_cipher((enum tlsfloor_profile)profile, &suite);

    ALWAYS(class == (profile == TLSFLOOR_PROFILE_NONE
                         ? TLSFLOOR_CIPHER_FINE
                         : expected((enum tlsfloor_profile)profile, &suite)));
    ALWAYS(tlsfloor_policy_judge_cipher((enum tlsfloor_profile)profile, NULL) ==
           (profile == TLSFLOOR_PROFILE_NONE ? TLSFLOOR_CIPHER_FINE : TLSFLOOR_CIPHER_UNKNOWN));

    REACHES(class == TLSFLOOR_CIPHER_VIOLATION && suite.strength >= 128);
    REACHES(class == TLSFLOOR_CIPHER_WEAK && suite.key_exchange == TLSFLOOR_KX_RSA);
    REACHES(class == TLSFLOOR_CIPHER_FINE && suite.first_version != TLSFLOOR_TLS_1_3 &&
            profile == TLSFLOOR_PROFILE_RFC10015);
}
