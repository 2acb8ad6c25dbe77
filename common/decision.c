/* SPDX-License-Identifier: MIT */
/*
 * Tokens and sentences of decisions. These tables are the only place that
 * has them.
 */
#include "decision.h"

static const char *const action_names[] = {
    [TLSFLOOR_REFUSE] = "refuse", [TLSFLOOR_DEFER] = "defer",   [TLSFLOOR_UNDECIDED] = "undecided",
    [TLSFLOOR_TAG] = "tag",       [TLSFLOOR_ACCEPT] = "accept",
};

static const struct {
    const char *name;
    const char *sentence;
} reasons[TLSFLOOR_REASONS] = {
    [TLSFLOOR_REASON_STORE_ERROR] = {"store-error",
                                     "the exceptions cannot be read, and one might apply"},
    [TLSFLOOR_REASON_NOT_SUBJECT] = {"not-subject", "mail transfer between servers is not judged"},
    [TLSFLOOR_REASON_COMPLIANT] = {"compliant", "version and cipher suite are good enough"},
    [TLSFLOOR_REASON_WEAK_CIPHER] = {"weak-cipher", "the cipher suite is weak"},
    [TLSFLOOR_REASON_TRUSTED_NETWORK] = {"trusted-network",
                                         "the client is in trusted_networks, which hides a "
                                         "violation"},
    [TLSFLOOR_REASON_UNKNOWN_TLS] = {"unknown-tls",
                                     "TLS ended elsewhere, so its version is not known"},
    [TLSFLOOR_REASON_CLEARTEXT] = {"cleartext", "the session has no TLS"},
    [TLSFLOOR_REASON_VERSION] = {"version", "the TLS version is below the floor"},
    [TLSFLOOR_REASON_CIPHER] = {"cipher", "the cipher suite is not allowed"},
    [TLSFLOOR_REASON_UNKNOWN_CIPHER] = {"unknown-cipher", "the cipher suite is not known"},
    [TLSFLOOR_REASON_EXCEPTION] = {"exception", "an exception allows it"},
};

static const char *const rule_names[] = {
    [TLSFLOOR_RULE_LOCAL] = "local",
    [TLSFLOOR_RULE_RFC8997] = "RFC8997",
    [TLSFLOOR_RULE_RFC8314_4_1] = "RFC8314-4.1",
    [TLSFLOOR_RULE_RFC9325_4_1] = "RFC9325-4.1",
    [TLSFLOOR_RULE_RFC10015] = "RFC10015",
};

static const char *const mode_names[] = {
    [TLSFLOOR_MODE_ENFORCE] = "enforce",
    [TLSFLOOR_MODE_TAG] = "tag",
    [TLSFLOOR_MODE_OBSERVE] = "observe",
};

const char *
tlsfloor_action_name(enum tlsfloor_action action)
{
    return action_names[action];
}

const char *
tlsfloor_reason_name(enum tlsfloor_reason reason)
{
    return reasons[reason].name;
}

const char *
tlsfloor_rule_name(enum tlsfloor_rule rule)
{
    return rule_names[rule];
}

const char *
tlsfloor_mode_name(enum tlsfloor_mode mode)
{
    return mode_names[mode];
}

int
tlsfloor_action_parse(struct tlsfloor_text name, enum tlsfloor_action *action_r)
{
    for (int action = TLSFLOOR_REFUSE; action <= TLSFLOOR_ACCEPT; action++) {
        *action_r = (enum tlsfloor_action)action;
        if (tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_action_name(*action_r))))
            return 0;
    }
    return -1;
}

int
tlsfloor_reason_parse(struct tlsfloor_text name, enum tlsfloor_reason *reason_r)
{
    for (int reason = 0; reason < TLSFLOOR_REASONS; reason++) {
        *reason_r = (enum tlsfloor_reason)reason;
        if (tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_reason_name(*reason_r))))
            return 0;
    }
    return -1;
}

int
tlsfloor_mode_parse(struct tlsfloor_text name, enum tlsfloor_mode *mode_r)
{
    for (int mode = TLSFLOOR_MODE_ENFORCE; mode <= TLSFLOOR_MODE_OBSERVE; mode++) {
        *mode_r = (enum tlsfloor_mode)mode;
        if (tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_mode_name(*mode_r))))
            return 0;
    }
    return -1;
}

int
tlsfloor_decision_shows_tag(const struct tlsfloor_decision *decision)
{
    return decision->action == TLSFLOOR_TAG && decision->mode != TLSFLOOR_MODE_OBSERVE;
}

const char *
tlsfloor_reason_sentence(enum tlsfloor_reason reason)
{
    return reasons[reason].sentence;
}
