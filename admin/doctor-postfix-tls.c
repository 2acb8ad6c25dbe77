/* SPDX-License-Identifier: MIT */
/*
 * What Postfix accepts before it is asked: old TLS, and none.
 */
#include <stdio.h>
#include <string.h>

#include "doctor-postfix.h"
#include "doctor-restrictions.h"

static int
is_mandatory(const struct doctor_postfix *postfix, const char *service)
{
    const char *level = postfix_get(postfix, service, "smtpd_tls_security_level");

    return settings_is_yes(postfix_get(postfix, service, "smtpd_tls_wrappermode")) ||
           (level != NULL && strcmp(level, "encrypt") == 0);
}

/* 1 if a list of smtpd_tls_protocols has the version: ">=TLSv1", "!SSLv2, !TLSv1", "TLSv1.2". */
static int
has_version(const char *list, enum tlsfloor_tls tls)
{
    int positive = 0, named = 0;

    while (list != NULL) {
        struct tlsfloor_text word = restrictions_next(&list);
        int least = restrictions_begins(word, ">="), most = restrictions_begins(word, "<="),
            not = restrictions_begins(word, "!");
        size_t skip = least || most ? 2 : not ? 1 : 0;
        enum tlsfloor_tls version;

        if (word.size == 0)
            break;
        version = tlsfloor_tls_parse((struct tlsfloor_text){word.data + skip, word.size - skip});
        if ((least && tls < version) || (most && tls > version) || (not &&tls == version))
            return 0;
        positive |= skip == 0;
        named |= skip == 0 && tls == version;
    }
    return !positive || named;
}

enum tlsfloor_tls
postfix_oldest_tls(const struct doctor_postfix *postfix, const char *service)
{
    const char *level = postfix_get(postfix, service, "smtpd_tls_security_level");
    int mandatory = is_mandatory(postfix, service);
    const char *list = postfix_get(
        postfix, service, mandatory ? "smtpd_tls_mandatory_protocols" : "smtpd_tls_protocols");
    int tls = TLSFLOOR_TLS_1_0;

    if (!mandatory && (level == NULL || strcmp(level, "may") != 0))
        return TLSFLOOR_TLS_NEWER;
    if (settings_is_yes(postfix_get(postfix, service, "smtpd_tls_req_ccert")))
        tls = TLSFLOOR_TLS_1_2;
    while (tls < TLSFLOOR_TLS_NEWER && !has_version(list, (enum tlsfloor_tls)tls))
        tls++;
    return (enum tlsfloor_tls)tls;
}

void
doctor_check_postfix_tls(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME], name[POSTFIX_NAME], where[TLSFLOOR_PATH + 60], accept[80], end[80];

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        const char *protocols = is_mandatory(postfix, service) ? "smtpd_tls_mandatory_protocols"
                                                               : "smtpd_tls_protocols";
        int certificates = settings_is_yes(postfix_get(postfix, service, "smtpd_tls_req_ccert"));
        const struct doctor_handshake handshake = {
            .service = TLSFLOOR_SERVICE_SUBMISSION,
            .program = "Postfix",
            .name = postfix_title(service, name),
            .where = where,
            .oldest = postfix_oldest_tls(postfix, service),
            .accept =
                certificates ? "-o smtpd_tls_req_ccert=no -o smtpd_tls_ask_ccert=yes" : accept,
            .end = end,
        };

        snprintf(where, sizeof(where), "%s/master.cf: %s", postfix->conf,
                 certificates ? "smtpd_tls_req_ccert" : protocols);
        snprintf(accept, sizeof(accept), "-o %s=>=TLSv1", protocols);
        snprintf(end, sizeof(end), "-o %s=>=TLSv1.2", protocols);
        doctor_judge_handshake(facts, &handshake, findings);
    }
}

void
doctor_check_postfix_cleartext(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];
    struct finding *finding;

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        if (is_mandatory(postfix, service) || facts->cleartext[TLSFLOOR_SERVICE_SUBMISSION] ||
            settings_is_yes(postfix_get(postfix, service, "smtpd_tls_auth_only")))
            continue;
        finding = find(findings, FINDING_WARNING,
                       "offers logins without TLS, and no exception needs it: the "
                       "password has crossed the wire in the clear when it is refused");
        postfix_find(finding, postfix, service, "smtpd_tls_auth_only");
        find_mend(finding, "-o smtpd_tls_auth_only=yes");
    }
}
