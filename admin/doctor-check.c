/* SPDX-License-Identifier: MIT */
/*
 * The table of checks, and those that belong to neither Dovecot nor Postfix.
 */
#include <string.h>

#include "doctor-dovecot.h"
#include "doctor-postfix.h"

#define ALL_NETWORKS 0 /* prefix of a network with every address */

int
doctor_enforces(const struct doctor_facts *facts, enum tlsfloor_service service)
{
    const struct tlsfloor_service_policy *policy = &facts->policy->services[service];

    return policy->mode == TLSFLOOR_MODE_ENFORCE && policy->rollout_percent == 100 &&
           policy->rollout_from <= facts->now;
}

int
doctor_security_level(const char *ciphers, int otherwise)
{
    static const char word[] = "@SECLEVEL=";
    int level = otherwise;

    while (ciphers != NULL && (ciphers = strstr(ciphers, word)) != NULL) {
        ciphers += sizeof(word) - 1;
        if (*ciphers >= '0' && *ciphers <= '9')
            level = *ciphers - '0';
    }
    return level;
}

enum tlsfloor_tls
doctor_not_forbidden(const struct doctor_facts *facts, enum tlsfloor_tls tls)
{
    while (tls < TLSFLOOR_TLS_NEWER && (facts->openssl.forbidden & 1U << tls) != 0)
        tls++;
    return tls;
}

void
doctor_judge_handshake(const struct doctor_facts *facts, const struct doctor_handshake *handshake,
                       struct findings *findings)
{
    enum tlsfloor_tls needed, oldest = handshake->oldest, floor;
    struct finding *finding;

    if (facts->policy == NULL)
        return;
    needed = facts->oldest[handshake->service];
    floor = facts->policy->services[handshake->service].floor;
    if (needed < oldest && oldest > TLSFLOOR_TLS_1_0) {
        finding = find(findings, FINDING_ERROR,
                       "ends handshakes that are older than %s, and exceptions allow %s: they "
                       "cannot work",
                       tlsfloor_tls_name(oldest), tlsfloor_tls_name(needed));
        find_mend(finding, "%s", handshake->accept);
    } else if (oldest >= floor && !doctor_enforces(facts, handshake->service)) {
        finding = find(findings, FINDING_WARNING,
                       "ends handshakes that are older than %s: nobody below the floor is seen, "
                       "tagged or told why",
                       tlsfloor_tls_name(oldest));
        find_mend(finding, "%s", handshake->accept);
    } else if (oldest < floor && needed > oldest && doctor_enforces(facts, handshake->service)) {
        finding = find(findings, FINDING_NOTE,
                       "finishes handshakes from %s on, and no exception needs that: it serves to "
                       "tell users why they are refused",
                       tlsfloor_tls_name(oldest));
        find_mend(finding, "when nobody is refused any more: %s", handshake->end);
    } else {
        return;
    }
    find_who(finding, handshake->program, handshake->name);
    find_where(finding, "%s", handshake->where);
}

/* --- the policy --- */

static const char *
service_in(enum tlsfloor_service service)
{
    return service == TLSFLOOR_SERVICE_NONE ? "all services" : tlsfloor_service_name(service);
}

/* What sections do not say themselves is told once, for all. */
static int
is_as_for_all(const struct doctor_facts *facts, size_t service)
{
    const struct tlsfloor_service_policy *all = &facts->policy->services[TLSFLOOR_SERVICE_NONE],
                                         *one = &facts->policy->services[service];

    return service != TLSFLOOR_SERVICE_NONE && one->mode == all->mode && one->audit == all->audit &&
           one->trusted_networks == all->trusted_networks;
}

static void
check_mode(const struct doctor_facts *facts, struct findings *findings)
{
    struct finding *finding;

    for (size_t i = 0; facts->policy != NULL && i < TLSFLOOR_SERVICES; i++) {
        enum tlsfloor_mode mode = facts->policy->services[i].mode;

        if (mode == TLSFLOOR_MODE_ENFORCE || is_as_for_all(facts, i))
            continue;
        finding = find(findings, FINDING_NOTE, "nobody is refused: mode = %s for %s",
                       tlsfloor_mode_name(mode), service_in((enum tlsfloor_service)i));
        find_where(finding, "tlsfloor.conf: mode");
        find_mend(finding, "mode = enforce");
    }
}

static void
check_audit(const struct doctor_facts *facts, struct findings *findings)
{
    struct finding *finding;

    for (size_t i = 0; facts->policy != NULL && i < TLSFLOOR_SERVICES; i++) {
        if (facts->policy->services[i].audit != TLSFLOOR_AUDIT_NONE || is_as_for_all(facts, i))
            continue;
        finding = find(findings, FINDING_WARNING,
                       "nothing is logged for %s: who is below the floor stays unknown",
                       service_in((enum tlsfloor_service)i));
        find_where(finding, "tlsfloor.conf: audit");
        find_mend(finding, "audit = all");
    }
}

static void
check_log(const struct doctor_facts *facts, struct findings *findings)
{
    static const char *const names[] = {"log_path", "info_log_path"};
    const struct settings *settings = &facts->dovecot.settings;
    struct finding *finding;

    for (size_t i = 0; i < 2; i++) {
        const char *path = settings_get(settings, SETTINGS_TOP, names[i]);

        if (path == NULL || strcmp(path, "/dev/null") != 0)
            continue;
        finding =
            find(findings, FINDING_WARNING, "Dovecot's log, and our lines in it, go to /dev/null");
        find_where(finding, "%s: %s", facts->dovecot.conf, names[i]);
        find_mend(finding, "%s = %s", names[i], i == 0 ? "syslog" : "");
    }
    if (!facts->postfix.there || facts->system_log)
        return;
    finding = find(findings, FINDING_WARNING,
                   "there is no system log for the lines of tlsfloor-policyd to go to");
    find_where(finding, "the socket of the system log");
    find_mend(finding, "systemctl start systemd-journald-dev-log.socket");
}

/* --- who is trusted --- */

static int
trusts_everybody(const struct tlsfloor_networks *networks)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (networks->items[i].prefix == ALL_NETWORKS)
            return 1;
    }
    return 0;
}

static int
trusts_localhost(const struct tlsfloor_networks *networks)
{
    static const struct tlsfloor_address localhost = {TLSFLOOR_FAMILY_IPV4, {127, 0, 0, 1}};

    return tlsfloor_networks_match(networks, &localhost);
}

/* 1 if some listener expects the PROXY protocol, by which a proxy names its client. */
static int
expects_proxies(const struct doctor_facts *facts)
{
    const struct settings *dovecot = &facts->dovecot.settings, *postfix = &facts->postfix.settings;
    static const char protocol[] = "smtpd_upstream_proxy_protocol";

    for (size_t i = 0; i < dovecot->count; i++) {
        if (strcmp(dovecot->items[i].name, "haproxy") == 0 &&
            settings_is_yes(dovecot->items[i].value))
            return 1;
    }
    for (size_t i = 0; i < postfix->count; i++) {
        const char *name = postfix->items[i].name, *value = postfix->items[i].value;

        if (value != NULL && value[0] != '\0' && strlen(name) >= sizeof(protocol) - 1 &&
            strcmp(name + strlen(name) - (sizeof(protocol) - 1), protocol) == 0)
            return 1;
    }
    return 0;
}

static void
check_trusted(const struct doctor_facts *facts, struct findings *findings)
{
    const struct tlsfloor_networks *trusted;
    struct finding *finding;

    for (size_t i = 0; facts->policy != NULL && i < TLSFLOOR_SERVICES; i++) {
        trusted = facts->policy->services[i].trusted_networks;
        if (is_as_for_all(facts, i))
            continue;
        if (trusts_everybody(trusted)) {
            finding = find(findings, FINDING_ERROR, "every client is trusted, and let in: %s",
                           service_in((enum tlsfloor_service)i));
            find_where(finding, "tlsfloor.conf: trusted_networks");
            find_mend(finding, "trusted_networks = 127.0.0.0/8 ::1/128");
        }
        if (facts->proxy_count == 0 || !trusts_localhost(trusted) || expects_proxies(facts))
            continue;
        finding = find(findings, FINDING_WARNING,
                       "%s listens on port %u of this host: if it hides who its clients are, all "
                       "of them are this host, which is in trusted_networks, and exempt (%s)",
                       facts->proxies[0].program, facts->proxies[0].port,
                       service_in((enum tlsfloor_service)i));
        find_where(finding, "tlsfloor.conf: trusted_networks");
        find_mend(finding, "have it send the PROXY protocol; or leave this host out of "
                           "trusted_networks");
    }
}

/* --- the table --- */

/* In the order of importance. */
static const struct {
    const char *name;
    void (*run)(const struct doctor_facts *facts, struct findings *findings);
} checks[] = {
    {"dovecot-build", doctor_check_build},
    {"dovecot-plugin", doctor_check_plugin},
    {"policy-service", doctor_check_policy_service},
    {"policy-socket", doctor_check_socket},
    {"helo", doctor_check_helo},
    {"permit", doctor_check_permit},
    {"dovecot-passdb", doctor_check_passdb},
    {"exceptions-access", doctor_check_readers},
    {"ports", doctor_check_ports},
    {"trusted", check_trusted},
    {"dovecot-tls", doctor_check_dovecot_tls},
    {"postfix-tls", doctor_check_postfix_tls},
    {"dovecot-cleartext", doctor_check_dovecot_cleartext},
    {"postfix-cleartext", doctor_check_postfix_cleartext},
    {"dovecot-addresses", doctor_check_addresses},
    {"audit", check_audit},
    {"log", check_log},
    {"mode", check_mode},
};

void
doctor_check(const struct doctor_facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        findings->check = checks[i].name;
        checks[i].run(facts, findings);
    }
    findings_sort(findings);
}
