/* SPDX-License-Identifier: MIT */
/*
 * Whether and when the policy service is asked. Every smtpd that offers logins
 * has to ask.
 */
#include <stdio.h>
#include <string.h>

#include "doctor-postfix.h"
#include "doctor-restrictions.h"

#define MAIL_TRANSFER_PORT 25

struct timing {
    struct restrictions lists[POSTFIX_LISTS];
    int delay, helo_required;
    int early; /* 1: at EHLO, before AUTH */
    int late;  /* 1: once the user is known */
};

static struct timing
time_service(const struct doctor_postfix *postfix, const char *service)
{
    struct timing timing = {.early = 0};

    timing.delay = settings_is_yes(postfix_get(postfix, service, "smtpd_delay_reject"));
    timing.helo_required = settings_is_yes(postfix_get(postfix, service, "smtpd_helo_required"));
    for (int list = 0; list < POSTFIX_LISTS; list++) {
        timing.lists[list] = restrictions_read(postfix_get(postfix, service, postfix_lists[list]));
        if (!timing.lists[list].ours)
            continue;
        if (list == LIST_HELO && !timing.delay)
            timing.early = 1;
        if (list >= LIST_SENDER || timing.delay)
            timing.late = 1;
    }
    return timing;
}

int
postfix_refuses_early(const struct doctor_postfix *postfix, const char *service)
{
    return time_service(postfix, service).early;
}

static const char *
line_that_asks(const char *service, const struct timing *timing)
{
    if (timing->early)
        return "-o smtpd_sender_restrictions=$mua_sender_restrictions";
    if (postfix_port(service) == MAIL_TRANSFER_PORT)
        return "-o smtpd_sasl_auth_enable=no, as mail programs have ports of their own";
    return "the options of /usr/share/tlsfloor/postfix/master.cf.recommended";
}

void
doctor_check_policy_service(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];
    struct finding *finding;

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        struct timing timing = time_service(postfix, service);

        if (timing.late)
            continue;
        if (timing.early)
            finding = find(findings, FINDING_ERROR,
                           "asks at EHLO alone, when no user is known: what an "
                           "exception or a partial rollout leaves open is never decided");
        else
            finding = find(findings, FINDING_ERROR,
                           "offers logins and does not ask tlsfloor-policyd: nobody "
                           "is judged there, nobody refused");
        postfix_find(finding, postfix, service, postfix_lists[LIST_SENDER]);
        find_mend(finding, "%s", line_that_asks(service, &timing));
    }
}

static void
find_permit(const struct doctor_postfix *postfix, const char *service, enum postfix_list list,
            const struct restrictions *asked, struct findings *findings)
{
    struct finding *finding;

    if (asked->permits.size > 0)
        finding = find(findings, FINDING_ERROR,
                       "asks tlsfloor-policyd behind %.*s, which lets clients past it",
                       (int)asked->permits.size, asked->permits.data);
    else if (asked->tables.size > 0)
        finding = find(findings, FINDING_NOTE,
                       "asks tlsfloor-policyd behind %.*s, whose entries were not looked at: whom "
                       "one permits is not judged",
                       (int)asked->tables.size, asked->tables.data);
    else
        return;
    postfix_find(finding, postfix, service, postfix_lists[list]);
    find_mend(finding, "put check_policy_service $tlsfloor_policy first");
}

void
doctor_check_permit(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        struct timing timing = time_service(postfix, service);

        for (int list = 0; list < POSTFIX_LISTS; list++) {
            if (timing.lists[list].ours)
                find_permit(postfix, service, (enum postfix_list)list, &timing.lists[list],
                            findings);
        }
    }
}

/* The EHLO refusal takes smtpd_delay_reject=no and smtpd_helo_required=yes. */
void
doctor_check_helo(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];
    struct finding *finding;

    for (size_t at = 0; postfix_next_with_logins(postfix, &at, service);) {
        struct timing timing = time_service(postfix, service);

        if (timing.early && !timing.helo_required) {
            finding = find(findings, FINDING_ERROR,
                           "refuses at EHLO, and goes on without one: a refused "
                           "client can log in all the same");
            postfix_find(finding, postfix, service, "smtpd_helo_required");
            find_mend(finding, "-o smtpd_helo_required=yes");
        } else if (timing.lists[LIST_HELO].ours && timing.delay) {
            finding = find(findings, FINDING_WARNING,
                           "is to be refused at EHLO, and restrictions wait until "
                           "RCPT: the password has crossed the wire by then");
            postfix_find(finding, postfix, service, "smtpd_delay_reject");
            find_mend(finding, "-o smtpd_delay_reject=no");
        } else if (timing.late && !timing.early) {
            finding = find(findings, FINDING_NOTE,
                           "refuses after the login (the conservative form): the "
                           "password has crossed the wire by then");
            postfix_find(finding, postfix, service, postfix_lists[LIST_HELO]);
            find_mend(finding, "the options of /usr/share/tlsfloor/postfix/master.cf.recommended");
        }
    }
}

/* --- ports --- */

/* A context of the service's own outranks the port. */
static int
has_context(const struct timing *timing, const struct doctor_postfix *postfix, const char *service)
{
    for (int list = 0; list < POSTFIX_LISTS; list++) {
        const char *value = postfix_get(postfix, service, postfix_lists[list]);

        if (timing->lists[list].ours && value != NULL && strstr(value, "policy_context=") != NULL)
            return 1;
    }
    return 0;
}

static void
check_port(const struct doctor_facts *facts, const char *service, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    struct timing timing = time_service(postfix, service);
    unsigned port = postfix_port(service);
    int judged = tlsfloor_policy_has_port(facts->policy, port);
    struct finding *finding;

    if (port == 0 || has_context(&timing, postfix, service) || !(timing.early || timing.late))
        return;
    if (!postfix_offers_logins(postfix, service) && judged) {
        finding = find(findings, FINDING_ERROR,
                       "takes mail from other servers, and its port is judged: who "
                       "sends with old TLS or none is refused");
        postfix_find(finding, postfix, service, NULL);
        find_where(finding, "tlsfloor.conf: submission_ports");
        find_mend(finding, "take %u out of submission_ports", port);
    } else if (!postfix_offers_logins(postfix, service)) {
        finding = find(findings, FINDING_NOTE,
                       "takes mail from other servers, and asks tlsfloor-policyd for "
                       "nothing: its mail waits whenever the daemon does");
        postfix_find(finding, postfix, service, "smtpd_..._restrictions");
        find_mend(finding, "take check_policy_service $tlsfloor_policy out");
    } else if (!judged) {
        finding = find(findings, FINDING_WARNING,
                       "offers logins, and its port is not judged: who is below the "
                       "floor is refused only after the password");
        postfix_find(finding, postfix, service, NULL);
        find_where(finding, "tlsfloor.conf: submission_ports");
        find_mend(finding, "submission_ports = ... %u", port);
    }
}

void
doctor_check_ports(const struct doctor_facts *facts, struct findings *findings)
{
    char service[POSTFIX_NAME];

    for (size_t at = 0; facts->policy != NULL && postfix_next(&facts->postfix, &at, service);)
        check_port(facts, service, findings);
}
