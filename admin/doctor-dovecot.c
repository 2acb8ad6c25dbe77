/* SPDX-License-Identifier: MIT */
/*
 * Checks of Dovecot's configuration, in the words of 2.3 and of 2.4.
 */
#include <stdio.h>
#include <string.h>

#include "doctor-dovecot.h"

#define REINSTALL "apt install dovecot-tlsfloor, or configure --with-dovecot-moduledir"

const struct dovecot_service dovecot_services[DOVECOT_SERVICES] = {
    {TLSFLOOR_SERVICE_IMAP, "imap", "imap-login"},
    {TLSFLOOR_SERVICE_POP3, "pop3", "pop3-login"},
    {TLSFLOOR_SERVICE_SIEVE, "sieve", "managesieve-login"},
    {TLSFLOOR_SERVICE_SUBMISSION, "submission", "submission-login"},
};

static int
is_2_3(const struct doctor_dovecot *dovecot)
{
    return strncmp(dovecot->version, "2.3.", 4) == 0;
}

/* The block "protocol NAME", or -1. */
static int
protocol_block(const struct doctor_dovecot *dovecot, const char *protocol)
{
    int block = -1;

    do {
        block = settings_block(&dovecot->settings, SETTINGS_TOP, "protocol", (size_t)(block + 1));
    } while (block >= 0 && strcmp(settings_block_name(&dovecot->settings, block), protocol) != 0);
    return block;
}

/* 1 if a list has a word: "name = word ...", or of 2.4 also "name { word = yes }". */
static int
list_has(const struct doctor_dovecot *dovecot, int parent, const char *name, const char *word)
{
    int block = settings_block(&dovecot->settings, parent, name, 0);

    return settings_has_word(settings_get(&dovecot->settings, parent, name), word) ||
           (block >= 0 && settings_is_yes(settings_get(&dovecot->settings, block, word)));
}

const char *
dovecot_get(const struct doctor_dovecot *dovecot, const struct dovecot_service *service,
            const char *name)
{
    int block = protocol_block(dovecot, service->protocol);
    const char *value = block < 0 ? NULL : settings_get(&dovecot->settings, block, name);

    return value == NULL ? settings_get(&dovecot->settings, SETTINGS_TOP, name) : value;
}

int
dovecot_has(const struct doctor_dovecot *dovecot, const struct dovecot_service *service)
{
    return dovecot->there && list_has(dovecot, SETTINGS_TOP, "protocols", service->protocol);
}

/* In 2.3 a protocol's list takes the place of the common one, in 2.4 it adds to it. */
int
dovecot_loads_plugin(const struct doctor_dovecot *dovecot, const struct dovecot_service *service)
{
    int block = protocol_block(dovecot, service->protocol);

    if (block >= 0 && list_has(dovecot, block, "login_plugins", "tlsfloor"))
        return 1;
    if (block >= 0 && is_2_3(dovecot) &&
        settings_get(&dovecot->settings, block, "login_plugins") != NULL)
        return 0;
    return list_has(dovecot, SETTINGS_TOP, "login_plugins", "tlsfloor");
}

/* 1 if Dovecot leaves the oldest version to OpenSSL. */
static int
leaves_version(const struct doctor_dovecot *dovecot, const struct dovecot_service *service)
{
    const char *oldest = dovecot_get(dovecot, service, "ssl_min_protocol");

    return oldest != NULL && strcmp(oldest, "ANY") == 0;
}

/* Versions that OpenSSL is told to forbid are not looked at. */
static enum tlsfloor_tls
oldest_by_settings(const struct doctor_facts *facts, const struct dovecot_service *service)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    const char *ssl = dovecot_get(dovecot, service, "ssl");
    int level = doctor_security_level(dovecot_get(dovecot, service, "ssl_cipher_list"),
                                      facts->openssl.level);
    enum tlsfloor_tls tls =
        tlsfloor_tls_parse(tlsfloor_text_from(dovecot_get(dovecot, service, "ssl_min_protocol")));

    if (ssl != NULL && strcmp(ssl, "no") == 0)
        return TLSFLOOR_TLS_NEWER;
    if (leaves_version(dovecot, service))
        tls = facts->openssl.oldest;
    if (tls == TLSFLOOR_TLS_UNKNOWN || (tls < TLSFLOOR_TLS_1_2 && level > DOCTOR_LEVEL_OF_OLD_TLS))
        return TLSFLOOR_TLS_1_2;
    return tls;
}

/* 2.3 takes back what OpenSSL is told to forbid. */
enum tlsfloor_tls
dovecot_oldest_tls(const struct doctor_facts *facts, const struct dovecot_service *service)
{
    enum tlsfloor_tls tls = oldest_by_settings(facts, service);

    return is_2_3(&facts->dovecot) ? tls : doctor_not_forbidden(facts, tls);
}

static int
allows_cleartext(const struct doctor_dovecot *dovecot, const struct dovecot_service *service)
{
    const char *disabled = dovecot_get(dovecot, service, "disable_plaintext_auth");

    return is_2_3(dovecot) ? disabled != NULL && !settings_is_yes(disabled)
                           : settings_is_yes(dovecot_get(dovecot, service, "auth_allow_cleartext"));
}

/* --- the checks --- */

static const char *
plugin_lines(const struct doctor_dovecot *dovecot)
{
    return is_2_3(dovecot) ? "login_plugins = $login_plugins tlsfloor"
                           : "login_plugins {\n  tlsfloor = yes\n}";
}

static void
miss_plugin(const struct doctor_facts *facts, const struct dovecot_service *service,
            struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    enum tlsfloor_tls oldest = dovecot_oldest_tls(facts, service);
    struct finding *finding;

    if (oldest < TLSFLOOR_TLS_1_2 || allows_cleartext(dovecot, service))
        finding = find(findings, FINDING_ERROR,
                       "does not load the login plugin, and accepts %s: nobody is judged there, "
                       "nobody refused",
                       oldest < TLSFLOOR_TLS_1_2 ? tlsfloor_tls_name(oldest) : "cleartext");
    else
        finding = find(findings, FINDING_NOTE,
                       "does not load the login plugin: the handshake alone ends old TLS, and no "
                       "exception counts there");
    find_who(finding, "Dovecot", service->protocol);
    find_where(finding, "%s: login_plugins", dovecot->conf);
    find_mend(finding, "%s", plugin_lines(dovecot));
}

void
doctor_check_plugin(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    struct finding *finding;

    for (size_t i = 0; i < DOVECOT_SERVICES; i++) {
        if (dovecot_has(dovecot, &dovecot_services[i]) &&
            !dovecot_loads_plugin(dovecot, &dovecot_services[i]))
            miss_plugin(facts, &dovecot_services[i], findings);
    }
    if (!dovecot->module_missing)
        return;
    finding = find(findings, FINDING_ERROR,
                   "Dovecot is to load the login plugin, and it is not there: login processes do "
                   "not start, and nobody can log in");
    find_where(finding, "%s: login_plugin_dir", dovecot->conf);
    find_mend(finding, REINSTALL);
}

/* --- passdbs --- */

struct passdbs {
    int ours, our_master; /* 1: there is one */
    int first;            /* 1: ours is the first of the ordinary ones */
    int masters;          /* how many there are */
    int first_master;     /* 1: ours is the first of those */
};

static int
is_ours(const struct settings *settings, int block)
{
    const char *driver = settings_get(settings, block, "driver");

    if (driver == NULL)
        driver = settings_block_name(settings, block);
    return strcmp(driver, "tlsfloor") == 0;
}

static struct passdbs
list_passdbs(const struct settings *settings)
{
    struct passdbs passdbs = {0, 0, 0, 0, 0};
    int ordinary = 0;

    for (int block = settings_block(settings, SETTINGS_TOP, "passdb", 0); block >= 0;
         block = settings_block(settings, SETTINGS_TOP, "passdb", (size_t)block + 1)) {
        int ours = is_ours(settings, block);

        if (settings_is_yes(settings_get(settings, block, "master"))) {
            passdbs.our_master |= ours;
            passdbs.first_master |= ours && passdbs.masters == 0;
            passdbs.masters++;
        } else {
            passdbs.ours |= ours;
            passdbs.first |= ours && ordinary == 0;
            ordinary++;
        }
    }
    return passdbs;
}

static const char *
passdb_lines(const struct doctor_dovecot *dovecot, int master)
{
    if (is_2_3(dovecot))
        return master ? "passdb {\n  driver = tlsfloor\n  master = yes\n}"
                      : "passdb {\n  driver = tlsfloor\n}";
    return master ? "passdb tlsfloor-master {\n  driver = tlsfloor\n  master = yes\n}"
                  : "passdb tlsfloor {\n}";
}

static void
demand_passdb(const struct doctor_dovecot *dovecot, int there, int master,
              struct findings *findings)
{
    struct finding *finding =
        find(findings, FINDING_ERROR,
             there ? "the passdb tlsfloor is not the first %spassdb: no exception counts, and "
                     "logins below the floor are denied"
                   : "dovecot_passdb = yes, and there is no %spassdb tlsfloor: no exception counts",
             master ? "master " : "");

    find_where(finding, "%s: %s", dovecot->conf, "passdb");
    find_mend(finding, "%s%s", there ? "before all others:\n" : "before all others, new:\n",
              passdb_lines(dovecot, master));
}

/* 1 if anybody logs in to Dovecot itself: its SASL for others is not judged. */
static int
has_logins(const struct doctor_dovecot *dovecot)
{
    int has = 0;

    for (size_t i = 0; i < DOVECOT_SERVICES; i++)
        has |= dovecot_has(dovecot, &dovecot_services[i]);
    return has;
}

static void
find_stale(const struct doctor_dovecot *dovecot, const char *module, const char *file,
           const char *processes, const char *setting, struct findings *findings)
{
    struct finding *finding =
        find(findings, FINDING_ERROR,
             "the %s was built with another %s than the one that is installed: %s not start, and "
             "nobody can log in",
             module, file, processes);

    find_where(finding, "%s: %s", dovecot->conf, setting);
    find_mend(finding, "rebuild and install tlsfloor for this dovecot-core");
}

/* A passdb that is in no list is not loaded. */
void
doctor_check_build(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    struct passdbs passdbs = list_passdbs(&dovecot->settings);

    if (dovecot->stale[0] != '\0')
        find_stale(dovecot, "login plugin", dovecot->stale, "login processes do",
                   "login_plugin_dir", findings);
    if (dovecot->stale_passdb[0] != '\0' && (passdbs.ours || passdbs.our_master))
        find_stale(dovecot, "passdb tlsfloor", dovecot->stale_passdb, "the auth process does",
                   "passdb", findings);
}

void
doctor_check_passdb(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    struct finding *finding;
    struct passdbs passdbs;

    if (!has_logins(dovecot) || facts->policy == NULL)
        return;
    passdbs = list_passdbs(&dovecot->settings);
    if (dovecot->passdb_missing && (passdbs.ours || passdbs.our_master)) {
        finding = find(findings, FINDING_ERROR,
                       "Dovecot is to have the passdb tlsfloor, and it is not there: the auth "
                       "process does not start, and nobody can log in");
        find_where(finding, "%s: passdb", dovecot->conf);
        find_mend(finding, REINSTALL);
    }
    if (!facts->policy->dovecot_passdb && (passdbs.ours || passdbs.our_master)) {
        finding = find(findings, FINDING_WARNING,
                       "the passdb tlsfloor judges nobody: dovecot_passdb = no");
        find_where(finding, "tlsfloor.conf: dovecot_passdb");
        find_mend(finding, "dovecot_passdb = yes");
    }
    if (!facts->policy->dovecot_passdb)
        return;
    if (!passdbs.first)
        demand_passdb(dovecot, passdbs.ours, 0, findings);
    if (passdbs.masters > 0 && !passdbs.first_master)
        demand_passdb(dovecot, passdbs.our_master, 1, findings);
}

/* Dovecot gives the auth process the groups of this list, and no other. */
void
doctor_check_readers(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    struct finding *finding;
    int block = -1;

    if (!has_logins(dovecot) || facts->policy == NULL || !facts->policy->dovecot_passdb ||
        dovecot->readers[0] == '\0')
        return;
    do {
        block = settings_block(&dovecot->settings, SETTINGS_TOP, "service", (size_t)(block + 1));
    } while (block >= 0 && strcmp(settings_block_name(&dovecot->settings, block), "auth") != 0);
    if (block >= 0 && list_has(dovecot, block, "extra_groups", dovecot->readers))
        return;
    finding = find(findings, FINDING_ERROR,
                   "Dovecot's auth process cannot read the exceptions, whose group is %s: who "
                   "could have one is put off",
                   dovecot->readers);
    find_where(finding, "%s: service auth: extra_groups", dovecot->conf);
    find_mend(finding, "service auth {\n  extra_groups = %s\n}", dovecot->readers);
}

static void
judge_service(const struct doctor_facts *facts, const struct dovecot_service *service,
              struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    const char *conf = facts->openssl.conf;
    char where[TLSFLOOR_PATH + 80], accept[TLSFLOOR_PATH + 80];
    struct doctor_handshake handshake = {
        .service = service->service,
        .program = "Dovecot",
        .name = service->protocol,
        .where = where,
        .oldest = dovecot_oldest_tls(facts, service),
        .accept = "ssl_min_protocol = TLSv1\nssl_cipher_list = DEFAULT:@SECLEVEL=0",
        .end = "ssl_min_protocol = TLSv1.2, and no @SECLEVEL=0 in ssl_cipher_list",
    };

    snprintf(where, sizeof(where), "%s: ssl_min_protocol, ssl_cipher_list", dovecot->conf);
    if (handshake.oldest > oldest_by_settings(facts, service)) {
        snprintf(where, sizeof(where), "%s: Protocol", conf);
        snprintf(accept, sizeof(accept), "in %s, Protocol without -TLSv1 and -TLSv1.1", conf);
        handshake.accept = accept;
    } else if (leaves_version(dovecot, service) && facts->openssl.oldest > TLSFLOOR_TLS_1_0) {
        snprintf(where, sizeof(where), "%s: MinProtocol, by ssl_min_protocol = ANY", conf);
    }
    doctor_judge_handshake(facts, &handshake, findings);
}

void
doctor_check_dovecot_tls(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;

    for (size_t i = 0; i < DOVECOT_SERVICES; i++) {
        const struct dovecot_service *service = &dovecot_services[i];

        if (dovecot_has(dovecot, service) && dovecot_loads_plugin(dovecot, service))
            judge_service(facts, service, findings);
    }
}

static int
wants_cleartext(const struct doctor_facts *facts, enum tlsfloor_service service)
{
    return facts->cleartext[service] ||
           facts->policy->services[service].floor == TLSFLOOR_TLS_CLEARTEXT;
}

void
doctor_check_dovecot_cleartext(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_dovecot *dovecot = &facts->dovecot;
    const char *name = is_2_3(dovecot) ? "disable_plaintext_auth" : "auth_allow_cleartext";
    struct finding *finding;

    for (size_t i = 0; i < DOVECOT_SERVICES && facts->policy != NULL; i++) {
        const struct dovecot_service *service = &dovecot_services[i];
        int allowed = allows_cleartext(dovecot, service);

        if (!dovecot_has(dovecot, service))
            continue;
        if (allowed && !wants_cleartext(facts, service->service))
            finding = find(findings, FINDING_WARNING,
                           "takes passwords without TLS, and no exception needs it: nothing but "
                           "tlsfloor refuses them");
        else if (!allowed && facts->cleartext[service->service])
            finding = find(findings, FINDING_ERROR,
                           "takes no passwords without TLS, and an exception allows cleartext: it "
                           "cannot work");
        else
            continue;
        find_who(finding, "Dovecot", service->protocol);
        find_where(finding, "%s: %s", dovecot->conf, name);
        find_mend(finding, "%s = %s", name, allowed == is_2_3(dovecot) ? "yes" : "no");
    }
}

/* The block at the top that a setting is in, or SETTINGS_TOP. */
static int
top_block(const struct settings *settings, size_t at)
{
    int block = settings->items[at].parent;

    while (block != SETTINGS_TOP && settings->items[block].parent != SETTINGS_TOP)
        block = settings->items[block].parent;
    return block;
}

/* What counts for some addresses or names alone: in local, local_name and remote. */
void
doctor_check_addresses(const struct doctor_facts *facts, struct findings *findings)
{
    static const char names[] = "ssl ssl_min_protocol ssl_cipher_list login_plugins "
                                "disable_plaintext_auth auth_allow_cleartext";
    const struct settings *settings = &facts->dovecot.settings;
    int told = SETTINGS_TOP;

    for (size_t i = 0; i < settings->count; i++) {
        int block = top_block(settings, i);
        const char *title = block == SETTINGS_TOP ? "" : settings->items[block].name;
        struct finding *finding;

        if (block == told || settings->items[i].value == NULL ||
            !settings_has_word(names, settings->items[i].name) ||
            (strncmp(title, "local", 5) != 0 && strncmp(title, "remote ", 7) != 0))
            continue;
        told = block;
        finding = find(findings, FINDING_NOTE,
                       "%s in \"%.100s\" was not looked at, and counts there in place of what was",
                       settings->items[i].name, title);
        find_where(finding, "%s", facts->dovecot.conf);
        find_mend(finding, "try what counts there by \"tlsfloor probe\" from there");
    }
}
