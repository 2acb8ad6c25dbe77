/* SPDX-License-Identifier: MIT */
/*
 * The parameters of tlsfloor.conf: which there are, where each may stand, its
 * default, and how its value is read and written.
 */
#ifndef TLSFLOOR_POLICY_VALUES_H
#define TLSFLOOR_POLICY_VALUES_H

#include "conf.h"

/* In the order of the manual. A parameter has the name of its member in the policy. */
#define TLSFLOOR_EACH_PARAMETER(X) \
    X(mode)                        \
    X(floor)                       \
    X(cipher_profile)              \
    X(weak_ciphers)                \
    X(unknown_cipher)              \
    X(unknown_tls)                 \
    X(proxied_tls)                 \
    X(trusted_networks)            \
    X(legacy_networks)             \
    X(exceptions)                  \
    X(dovecot_passdb)              \
    X(default_domain)              \
    X(rollout_from)                \
    X(rollout_percent)             \
    X(brownout)                    \
    X(reject_text)                 \
    X(help_url)                    \
    X(imap_alert)                  \
    X(tag_header)                  \
    X(audit)                       \
    X(syslog_facility)             \
    X(submission_ports)            \
    X(policy_contexts)

#define TLSFLOOR_PARAMETER_ID(name) TLSFLOOR_PARAMETER_##name,
enum tlsfloor_parameter_id { TLSFLOOR_EACH_PARAMETER(TLSFLOOR_PARAMETER_ID) TLSFLOOR_PARAMETERS };

struct tlsfloor_word {
    const char *name; /* NULL: the end of a table */
    int value;
};

/* A value on its way into the policy. */
struct tlsfloor_assignment {
    const struct tlsfloor_parameter *parameter;
    struct tlsfloor_policy *policy;
    enum tlsfloor_service service; /* the section; NONE: before the first one */
    struct tlsfloor_conf_value value;
    struct tlsfloor_conf_report *report;
};

struct tlsfloor_parameter {
    const char *name;
    int in_sections; /* 1: may stand in a section */
    size_t offset;   /* of the member, in the service's policy if in_sections, else the policy */
    const char *initial; /* the default, as it would be written */

    /* Reads the value; whatever is wrong with it is told to the report. */
    void (*parse)(const struct tlsfloor_assignment *assignment);

    /* Writes the value, with a blank or line end before each item. */
    void (*format)(const struct tlsfloor_parameter *parameter, const struct tlsfloor_policy *policy,
                   enum tlsfloor_service service, struct tlsfloor_conf_output *output);

    const struct tlsfloor_word *words;        /* of a word: those that it may be */
    size_t size;                              /* of a string: its bytes, with the final NUL */
    const char *(*check)(const char *string); /* of a string: NULL, or what is wrong with it */
    int none;                                 /* of a string: 1, the empty one is written "none" */
};

extern const struct tlsfloor_parameter tlsfloor_policy_values[TLSFLOOR_PARAMETERS];

/* The word of a table that is the text, or NULL. */
const struct tlsfloor_word *tlsfloor_policy_find_word(const struct tlsfloor_word *words,
                                                      struct tlsfloor_text text);

/* Tells that the text is none of the words, and which may be meant. */
void tlsfloor_policy_reject_word(const struct tlsfloor_assignment *to, unsigned line,
                                 struct tlsfloor_text text, const struct tlsfloor_word *words);

/* Tells of a bad item; the problem is the sentence behind it, "is no number". */
void tlsfloor_policy_reject_item(const struct tlsfloor_assignment *to,
                                 const struct tlsfloor_conf_item *item, const char *problem);

/* The next item of a list; tells of a comment behind the value. 1, or 0: no more. */
int tlsfloor_policy_next_item(const struct tlsfloor_assignment *to,
                              struct tlsfloor_conf_value *value, struct tlsfloor_conf_item *item_r);

/* One to five digits, and nothing else, up to the largest. 0, or -1. */
int tlsfloor_policy_parse_digits(struct tlsfloor_text text, unsigned largest, unsigned *number_r);

/* policy-brownout.c: the parameter brownout. */
void tlsfloor_policy_parse_brownout(const struct tlsfloor_assignment *to);
void tlsfloor_policy_format_brownout(const struct tlsfloor_parameter *parameter,
                                     const struct tlsfloor_policy *policy,
                                     enum tlsfloor_service service,
                                     struct tlsfloor_conf_output *output);

/*
 * policy-checks.c: NULL, or what is wrong with a full path; an empty or a
 * domain name (RFC 1123 section 2.1); a reject_text; an empty or a URL; a field
 * name that has no other use (RFC 5322 section 3.6.8).
 */
const char *tlsfloor_policy_check_path(const char *string);
const char *tlsfloor_policy_check_domain(const char *string);
const char *tlsfloor_policy_check_reject_text(const char *string);
const char *tlsfloor_policy_check_url(const char *string);
const char *tlsfloor_policy_check_header(const char *string);

#endif
