/* SPDX-License-Identifier: MIT */
/*
 * Checks of Postfix's services: whether and when the policy service is asked,
 * and what is accepted before. Every smtpd that offers logins has to ask.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-facts.h"

#define BLANKS " \t,"
#define INET "/inet/"
#define MAIL_TRANSFER_PORT 25

/* In the order in which Postfix walks them. */
enum list { LIST_CLIENT = 0, LIST_HELO, LIST_SENDER, LIST_RELAY, LIST_RECIPIENT, LIST_DATA };
#define LISTS 6
static const char *const lists[LISTS] = {
    "smtpd_client_restrictions", "smtpd_helo_restrictions",      "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",  "smtpd_recipient_restrictions", "smtpd_data_restrictions",
};

int
postfix_next(const struct doctor_postfix *postfix, size_t *at, char name_r[POSTFIX_NAME])
{
    static const char command[] = INET "command";

    while (postfix->there && *at < postfix->settings.count) {
        const struct setting *setting = &postfix->settings.items[(*at)++];
        size_t size = strlen(setting->name);

        if (setting->value == NULL || size < sizeof(command) || size >= POSTFIX_NAME ||
            strcmp(setting->name + size - (sizeof(command) - 1), command) != 0 ||
            strncmp(setting->value, "smtpd", 5) != 0 ||
            (setting->value[5] != '\0' && setting->value[5] != ' '))
            continue;
        snprintf(name_r, POSTFIX_NAME, "%.*s", (int)(size - strlen("command")), setting->name);
        return 1;
    }
    return 0;
}

const char *
postfix_get(const struct doctor_postfix *postfix, const char *service, const char *name)
{
    char own[2 * POSTFIX_NAME];
    const char *value;

    snprintf(own, sizeof(own), "%s%s", service, name);
    value = settings_get(&postfix->settings, SETTINGS_TOP, own);
    return value == NULL ? settings_get(&postfix->settings, SETTINGS_TOP, name) : value;
}

/* The first column of a service: "submission", "127.0.0.1:465". */
static const char *
title(const char *service, char name_r[POSTFIX_NAME])
{
    snprintf(name_r, POSTFIX_NAME, "%.*s", (int)(strlen(service) - strlen(INET)), service);
    return name_r;
}

unsigned
postfix_port(const char *service)
{
    static const struct {
        const char *name;
        unsigned port;
    } names[] = {{"submission", 587}, {"submissions", 465}, {"smtps", 465}, {"smtp", 25}};
    char port[POSTFIX_NAME];
    const char *colon;

    title(service, port);
    colon = strrchr(port, ':');
    colon = colon == NULL ? port : colon + 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, colon) == 0)
            return names[i].port;
    }
    return (unsigned)atoi(colon);
}

int
postfix_offers_logins(const struct doctor_postfix *postfix, const char *service)
{
    return settings_is_yes(postfix_get(postfix, service, "smtpd_sasl_auth_enable"));
}

/* The next service that offers logins. */
static int
next_with_logins(const struct doctor_postfix *postfix, size_t *at, char name_r[POSTFIX_NAME])
{
    while (postfix_next(postfix, at, name_r)) {
        if (postfix_offers_logins(postfix, name_r))
            return 1;
    }
    return 0;
}

/* --- lists of restrictions --- */

/* Takes a word, or what is in braces as one, off a list; empty at its end. */
static struct tlsfloor_text
next_word(const char **list)
{
    const char *start = *list + strspn(*list, BLANKS), *end = start;
    int depth = 0;

    for (; *end != '\0' && (depth > 0 || strchr(BLANKS, *end) == NULL); end++) {
        depth += *end == '{';
        depth -= *end == '}';
    }
    *list = end;
    return (struct tlsfloor_text){start, (size_t)(end - start)};
}

/* "unix:tlsfloor/policy" of "{ unix:tlsfloor/policy, timeout=5s }", or of itself. */
static struct tlsfloor_text
endpoint(struct tlsfloor_text word)
{
    const char *start = word.data;
    size_t size = word.size;

    while (size > 0 && (*start == '{' || strchr(BLANKS, *start) != NULL)) {
        start++;
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (start[i] == '}' || strchr(BLANKS, start[i]) != NULL)
            return (struct tlsfloor_text){start, i};
    }
    return (struct tlsfloor_text){start, size};
}

/* What a list says of us. */
struct asked {
    int ours;                     /* 1: the policy service is asked */
    struct tlsfloor_text permits; /* what stands before it and may skip it */
    struct tlsfloor_text where;   /* "unix:tlsfloor/policy" */
};

static int
begins(struct tlsfloor_text word, const char *with)
{
    size_t size = strlen(with);

    return word.size >= size && memcmp(word.data, with, size) == 0;
}

static int
names_us(struct tlsfloor_text where)
{
    return memmem(where.data, where.size, "tlsfloor", strlen("tlsfloor")) != NULL;
}

static struct asked
read_list(const char *list)
{
    struct asked asked = {0, {NULL, 0}, {NULL, 0}};

    while (list != NULL && !asked.ours) {
        struct tlsfloor_text word = next_word(&list);

        if (word.size == 0)
            break;
        if (begins(word, "permit") && asked.permits.size == 0)
            asked.permits = word;
        if (tlsfloor_text_equal(word, tlsfloor_text_from("check_policy_service"))) {
            asked.where = endpoint(next_word(&list));
            asked.ours = names_us(asked.where);
        }
    }
    return asked;
}

int
postfix_policy_path(const char *restrictions, char path_r[TLSFLOOR_PATH])
{
    struct asked asked = read_list(restrictions);

    if (!asked.ours || !begins(asked.where, "unix:"))
        return 0;
    snprintf(path_r, TLSFLOOR_PATH, "%.*s", (int)(asked.where.size - strlen("unix:")),
             asked.where.data + strlen("unix:"));
    return 1;
}

/* --- when a service asks --- */

struct timing {
    struct asked lists[LISTS];
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
    for (int list = 0; list < LISTS; list++) {
        timing.lists[list] = read_list(postfix_get(postfix, service, lists[list]));
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

static void
find_service(struct finding *finding, const struct doctor_postfix *postfix, const char *service,
             const char *setting)
{
    char name[POSTFIX_NAME];

    find_who(finding, "Postfix", title(service, name));
    if (setting != NULL)
        find_where(finding, "%s/master.cf: %s", postfix->conf, setting);
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

    for (size_t at = 0; next_with_logins(postfix, &at, service);) {
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
        find_service(finding, postfix, service, lists[LIST_SENDER]);
        find_mend(finding, "%s", line_that_asks(service, &timing));
    }
}

static void
find_permit(const struct doctor_postfix *postfix, const char *service, enum list list,
            const struct asked *asked, struct findings *findings)
{
    struct finding *finding = find(findings, FINDING_ERROR,
                                   "asks tlsfloor-policyd behind %.*s, which lets clients past it",
                                   (int)asked->permits.size, asked->permits.data);

    find_service(finding, postfix, service, lists[list]);
    find_mend(finding, "put check_policy_service $tlsfloor_policy first");
}

void
doctor_check_permit(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];

    for (size_t at = 0; next_with_logins(postfix, &at, service);) {
        struct timing timing = time_service(postfix, service);

        for (int list = 0; list < LISTS; list++) {
            if (timing.lists[list].ours && timing.lists[list].permits.size > 0)
                find_permit(postfix, service, (enum list)list, &timing.lists[list], findings);
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

    for (size_t at = 0; next_with_logins(postfix, &at, service);) {
        struct timing timing = time_service(postfix, service);

        if (timing.early && !timing.helo_required) {
            finding = find(findings, FINDING_ERROR,
                           "refuses at EHLO, and goes on without one: a refused "
                           "client can log in all the same");
            find_service(finding, postfix, service, "smtpd_helo_required");
            find_mend(finding, "-o smtpd_helo_required=yes");
        } else if (timing.lists[LIST_HELO].ours && timing.delay) {
            finding = find(findings, FINDING_WARNING,
                           "is to be refused at EHLO, and restrictions wait until "
                           "RCPT: the password has crossed the wire by then");
            find_service(finding, postfix, service, "smtpd_delay_reject");
            find_mend(finding, "-o smtpd_delay_reject=no");
        } else if (timing.late && !timing.early) {
            finding = find(findings, FINDING_NOTE,
                           "refuses after the login (the conservative form): the "
                           "password has crossed the wire by then");
            find_service(finding, postfix, service, lists[LIST_HELO]);
            find_mend(finding, "the options of /usr/share/tlsfloor/postfix/master.cf.recommended");
        }
    }
}

/* --- ports --- */

static int
is_submission_port(const struct tlsfloor_policy *policy, unsigned port)
{
    for (size_t i = 0; i < policy->submission_ports_count; i++) {
        if (policy->submission_ports[i] == port)
            return 1;
    }
    return 0;
}

/* A context of the service's own outranks the port. */
static int
has_context(const struct timing *timing, const struct doctor_postfix *postfix, const char *service)
{
    for (int list = 0; list < LISTS; list++) {
        const char *value = postfix_get(postfix, service, lists[list]);

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
    int judged = is_submission_port(facts->policy, port);
    struct finding *finding;

    if (port == 0 || has_context(&timing, postfix, service) || !(timing.early || timing.late))
        return;
    if (!postfix_offers_logins(postfix, service) && judged) {
        finding = find(findings, FINDING_ERROR,
                       "takes mail from other servers, and its port is judged: who "
                       "sends with old TLS or none is refused");
        find_service(finding, postfix, service, NULL);
        find_where(finding, "tlsfloor.conf: submission_ports");
        find_mend(finding, "take %u out of submission_ports", port);
    } else if (!postfix_offers_logins(postfix, service)) {
        finding = find(findings, FINDING_WARNING,
                       "takes mail from other servers, and asks tlsfloor-policyd for "
                       "nothing: its mail waits whenever the daemon does");
        find_service(finding, postfix, service, "smtpd_..._restrictions");
        find_mend(finding, "take check_policy_service $tlsfloor_policy out");
    } else if (!judged) {
        finding = find(findings, FINDING_WARNING,
                       "offers logins, and its port is not judged: who is below the "
                       "floor is refused only after the password");
        find_service(finding, postfix, service, NULL);
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

/* --- the socket --- */

/* 1 if smtpd, which has no groups but its own, may use this: mode bit 1 search, 2 write. */
static int
may(const struct doctor_postfix *postfix, unsigned mode, unsigned user, unsigned group,
    unsigned bit)
{
    if (user == postfix->user)
        return (mode >> 6 & bit) != 0;
    return ((group == postfix->group ? mode >> 3 : mode) & bit) != 0;
}

static const char *
socket_fault(const struct doctor_postfix *postfix, const struct doctor_file *socket)
{
    if (!socket->there)
        return "is not there";
    if (!socket->is_socket)
        return "is no socket";
    if (!may(postfix, socket->folder_mode, socket->folder_user, socket->folder_group, 1))
        return "is in a folder that Postfix may not enter";
    if (!may(postfix, socket->mode, socket->user, socket->group, 2))
        return "may not be written to by Postfix";
    return NULL;
}

/* Debian's smtpd is chrooted to the queue, and finds nothing outside of it. */
static void
check_chroot(const struct doctor_postfix *postfix, const char *service, struct findings *findings)
{
    const char *chroot = postfix_get(postfix, service, "chroot");
    const char *queue = settings_get(&postfix->settings, SETTINGS_TOP, "queue_directory");
    char path[TLSFLOOR_PATH];
    struct finding *finding;

    for (int list = 0; list < LISTS; list++) {
        if (!postfix_policy_path(postfix_get(postfix, service, lists[list]), path) ||
            path[0] != '/' || chroot == NULL || strcmp(chroot, "y") != 0)
            continue;
        finding = find(findings, FINDING_ERROR,
                       "is chrooted to %s, where there is no %s: everybody is put "
                       "off",
                       queue, path);
        find_service(finding, postfix, service, lists[list]);
        find_mend(finding, "unix:tlsfloor/policy, which is relative to the queue directory");
        return;
    }
}

void
doctor_check_socket(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];
    struct finding *finding;

    for (size_t i = 0; i < postfix->socket_count; i++) {
        const char *fault = socket_fault(postfix, &postfix->sockets[i]);

        if (fault == NULL)
            continue;
        finding = find(findings, FINDING_ERROR,
                       "the socket of tlsfloor-policyd %s: everybody is put off", fault);
        find_where(finding, "%s", postfix->sockets[i].path);
        find_mend(finding, postfix->sockets[i].there
                               ? "systemd-tmpfiles --create: folder root:postfix 0750, socket "
                                 "root:postfix 0660"
                               : "systemctl enable --now tlsfloor-policyd.socket");
    }
    for (size_t at = 0; postfix_next(postfix, &at, service);)
        check_chroot(postfix, service, findings);
}

/* --- TLS --- */

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
        struct tlsfloor_text word = next_word(&list);
        int least = begins(word, ">="), most = begins(word, "<="), not = begins(word, "!");
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

    for (size_t at = 0; next_with_logins(postfix, &at, service);) {
        const char *protocols = is_mandatory(postfix, service) ? "smtpd_tls_mandatory_protocols"
                                                               : "smtpd_tls_protocols";
        int certificates = settings_is_yes(postfix_get(postfix, service, "smtpd_tls_req_ccert"));
        const struct doctor_handshake handshake = {
            .service = TLSFLOOR_SERVICE_SUBMISSION,
            .program = "Postfix",
            .name = title(service, name),
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

    for (size_t at = 0; next_with_logins(postfix, &at, service);) {
        if (is_mandatory(postfix, service) || facts->cleartext[TLSFLOOR_SERVICE_SUBMISSION] ||
            settings_is_yes(postfix_get(postfix, service, "smtpd_tls_auth_only")))
            continue;
        finding = find(findings, FINDING_WARNING,
                       "offers logins without TLS, and no exception needs it: the "
                       "password has crossed the wire in the clear when it is refused");
        find_service(finding, postfix, service, "smtpd_tls_auth_only");
        find_mend(finding, "-o smtpd_tls_auth_only=yes");
    }
}
