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

/* What keeps old TLS out. */
enum limit { LIMIT_PROTOCOLS = 0, LIMIT_CERTIFICATES, LIMIT_CIPHERS, LIMIT_OPENSSL };

static const char *
protocols_of(const struct doctor_postfix *postfix, const char *service)
{
    return is_mandatory(postfix, service) ? "smtpd_tls_mandatory_protocols" : "smtpd_tls_protocols";
}

/* The list of the grade of ciphers that counts: "tls_medium_cipherlist". */
static const char *
ciphers_of(const struct doctor_postfix *postfix, const char *service, char name_r[POSTFIX_NAME])
{
    const char *grade = postfix_get(postfix, service,
                                    is_mandatory(postfix, service) ? "smtpd_tls_mandatory_ciphers"
                                                                   : "smtpd_tls_ciphers");

    snprintf(name_r, POSTFIX_NAME, "tls_%.50s_cipherlist", grade == NULL ? "medium" : grade);
    return name_r;
}

/* 1 if Postfix, which sets versions and level itself, lets OpenSSL be told what to forbid. */
static int
lets_forbid(const struct doctor_postfix *postfix)
{
    const char *file = settings_get(&postfix->settings, SETTINGS_TOP, "tls_config_file");

    return file == NULL || strcmp(file, "default") == 0;
}

/* 1 if clients may begin TLS. */
static int
offers_tls(const struct doctor_postfix *postfix, const char *service)
{
    const char *level = postfix_get(postfix, service, "smtpd_tls_security_level");

    return is_mandatory(postfix, service) || (level != NULL && strcmp(level, "may") == 0);
}

static enum tlsfloor_tls
oldest_tls(const struct doctor_facts *facts, const char *service, enum limit *limit_r)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    const char *list = postfix_get(postfix, service, protocols_of(postfix, service));
    char ciphers[POSTFIX_NAME];
    enum tlsfloor_tls tls = TLSFLOOR_TLS_1_0, allowed;

    *limit_r = LIMIT_PROTOCOLS;
    if (settings_is_yes(postfix_get(postfix, service, "smtpd_tls_req_ccert"))) {
        *limit_r = LIMIT_CERTIFICATES;
        tls = TLSFLOOR_TLS_1_2;
    } else if (doctor_security_level(
                   postfix_get(postfix, service, ciphers_of(postfix, service, ciphers)),
                   DOCTOR_LEVEL_OF_OLD_TLS) > DOCTOR_LEVEL_OF_OLD_TLS) {
        *limit_r = LIMIT_CIPHERS;
        tls = TLSFLOOR_TLS_1_2;
    }
    while (tls < TLSFLOOR_TLS_NEWER && !has_version(list, tls))
        tls++;
    allowed = lets_forbid(postfix) ? doctor_not_forbidden(facts, tls) : tls;
    if (allowed > tls)
        *limit_r = LIMIT_OPENSSL;
    return offers_tls(postfix, service) ? allowed : TLSFLOOR_TLS_NEWER;
}

enum tlsfloor_tls
postfix_oldest_tls(const struct doctor_facts *facts, const char *service)
{
    enum limit limit;

    return oldest_tls(facts, service, &limit);
}

/* The setting that keeps old TLS out, and the line that lets it in. */
struct remedy {
    char where[TLSFLOOR_PATH + 80], accept[TLSFLOOR_PATH + 80];
};

static struct remedy
find_remedy(const struct doctor_facts *facts, const char *service, enum limit limit)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    const char *protocols = protocols_of(postfix, service), *conf = facts->openssl.conf;
    char ciphers[POSTFIX_NAME], setting[POSTFIX_NAME];
    struct remedy remedy;

    ciphers_of(postfix, service, ciphers);
    snprintf(setting, sizeof(setting), "%s", protocols);
    snprintf(remedy.accept, sizeof(remedy.accept), "-o %s=>=TLSv1", protocols);
    switch (limit) {
    case LIMIT_PROTOCOLS:
        break;
    case LIMIT_CERTIFICATES:
        snprintf(setting, sizeof(setting), "smtpd_tls_req_ccert");
        snprintf(remedy.accept, sizeof(remedy.accept),
                 "-o smtpd_tls_req_ccert=no -o smtpd_tls_ask_ccert=yes");
        break;
    case LIMIT_CIPHERS:
        snprintf(setting, sizeof(setting), "%s", ciphers);
        snprintf(remedy.accept, sizeof(remedy.accept), "no @SECLEVEL in %s", ciphers);
        break;
    case LIMIT_OPENSSL:
        snprintf(remedy.accept, sizeof(remedy.accept),
                 "in %.200s, Protocol without -TLSv1 and -TLSv1.1", conf);
        snprintf(remedy.where, sizeof(remedy.where), "%s: Protocol", conf);
        return remedy;
    }
    snprintf(remedy.where, sizeof(remedy.where), "%s/master.cf: %.60s", postfix->conf, setting);
    return remedy;
}

void
doctor_check_postfix_tls(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME], name[POSTFIX_NAME], end[80];

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        enum limit limit;
        enum tlsfloor_tls oldest = oldest_tls(facts, service, &limit);
        struct remedy remedy = find_remedy(facts, service, limit);
        const struct doctor_handshake handshake = {
            .service = TLSFLOOR_SERVICE_SUBMISSION,
            .program = "Postfix",
            .name = postfix_title(service, name),
            .where = remedy.where,
            .oldest = oldest,
            .accept = remedy.accept,
            .end = end,
        };

        snprintf(end, sizeof(end), "-o %s=>=TLSv1.2", protocols_of(postfix, service));
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
