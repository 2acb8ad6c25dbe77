/* SPDX-License-Identifier: MIT */
/*
 * Each check of doctor by what doveconf and postconf print: a good set-up, in
 * which nothing is found, with one thing wrong in each case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doctor-facts.h"
#include "doctor-restrictions.h"
#include "policy-text.h"

#define NOW INT64_C(1789983000)

/* --- good set-ups --- */

#define DOVECOT_23                                                 \
    "disable_plaintext_auth = yes\n"                               \
    "login_plugin_dir = /modules/login\n"                          \
    "login_plugins = tlsfloor\n"                                   \
    "passdb {\n  args = \n  driver = tlsfloor\n  master = no\n}\n" \
    "passdb {\n  driver = passwd-file\n  master = no\n}\n"         \
    "protocols = imap pop3\n"                                      \
    "service auth {\n  extra_groups = _tlsfloor\n}\n"              \
    "ssl = yes\nssl_cipher_list = DEFAULT:@SECLEVEL=0\nssl_min_protocol = TLSv1\n"
#define DOVECOT_24                                                                 \
    "auth_allow_cleartext = no\n"                                                  \
    "login_plugin_dir = /modules/login\n"                                          \
    "login_plugins {\n  tlsfloor = yes\n}\n"                                       \
    "protocols {\n  imap = yes\n  pop3 = yes\n}\n"                                 \
    "ssl = yes\nssl_cipher_list = DEFAULT:@SECLEVEL=0\nssl_min_protocol = TLSv1\n" \
    "passdb tlsfloor {\n}\n"                                                       \
    "passdb passwd-file {\n}\n"                                                    \
    "service auth {\n  extra_groups = _tlsfloor\n}\n"
#define POLICY_SERVICE \
    "check_policy_service { unix:tlsfloor/policy, timeout=5s, { default_action = 451 no } }"
#define POSTFIX                                                                              \
    "queue_directory = /queue\n"                                                             \
    "smtpd_tls_mandatory_protocols = >=TLSv1\nsmtpd_tls_protocols = >=TLSv1\n"               \
    "smtpd_tls_security_level = may\nsmtpd_tls_wrappermode = no\nsmtpd_tls_auth_only = no\n" \
    "smtpd_tls_req_ccert = no\nsmtpd_delay_reject = yes\nsmtpd_helo_required = no\n"         \
    "smtpd_sasl_auth_enable = no\n"                                                          \
    "smtp/inet/command = smtpd\nsmtp/inet/chroot = y\n"                                      \
    "submission/inet/command = smtpd -o x=y\nsubmission/inet/chroot = y\n"                   \
    "submission/inet/smtpd_sasl_auth_enable = yes\n"                                         \
    "submission/inet/smtpd_tls_security_level = encrypt\n"                                   \
    "submission/inet/smtpd_delay_reject = no\n"                                              \
    "submission/inet/smtpd_helo_required = yes\n"                                            \
    "submission/inet/smtpd_helo_restrictions = " POLICY_SERVICE "\n"                         \
    "submission/inet/smtpd_sender_restrictions = " POLICY_SERVICE "\n"                       \
    "submission/inet/smtpd_relay_restrictions = permit_sasl_authenticated, reject\n"         \
    "qmgr/unix/command = qmgr\n"

struct bench {
    struct doctor_facts facts;
    struct findings findings;
};

static void
excepted(struct bench *bench)
{
    bench->facts.oldest[TLSFLOOR_SERVICE_IMAP] = TLSFLOOR_TLS_1_1;
    bench->facts.oldest[TLSFLOOR_SERVICE_SUBMISSION] = TLSFLOOR_TLS_1_1;
}

static void
excepted_cleartext(struct bench *bench)
{
    bench->facts.cleartext[TLSFLOOR_SERVICE_IMAP] = 1;
    bench->facts.cleartext[TLSFLOOR_SERVICE_SUBMISSION] = 1;
}

static void
no_module(struct bench *bench)
{
    bench->facts.dovecot.module_missing = 1;
}

static void
no_passdb(struct bench *bench)
{
    bench->facts.dovecot.passdb_missing = 1;
}

static void
stale(struct bench *bench)
{
    strcpy(bench->facts.dovecot.stale, "libdovecot.so.0");
}

static void
stale_passdb(struct bench *bench)
{
    strcpy(bench->facts.dovecot.stale_passdb, "auth");
}

static void
other_readers(struct bench *bench)
{
    strcpy(bench->facts.dovecot.readers, "others");
}

static void
no_readers(struct bench *bench)
{
    bench->facts.dovecot.readers[0] = '\0';
}

static void
no_socket(struct bench *bench)
{
    bench->facts.postfix.sockets[0].there = 0;
}

static void
no_real_socket(struct bench *bench)
{
    bench->facts.postfix.sockets[0].is_socket = 0;
}

static void
closed_socket(struct bench *bench)
{
    bench->facts.postfix.sockets[0].mode = 0600;
}

static void
others_socket(struct bench *bench)
{
    bench->facts.postfix.sockets[0].group = 4711;
}

static void
closed_folder(struct bench *bench)
{
    bench->facts.postfix.sockets[0].folder_mode = 0700;
}

static void
own_socket(struct bench *bench)
{
    bench->facts.postfix.sockets[0].user = bench->facts.postfix.user;
    bench->facts.postfix.sockets[0].group = 4711;
}

static void
proxied(struct bench *bench)
{
    bench->facts.proxies[0] = (struct doctor_proxy){993, "haproxy"};
    bench->facts.proxy_count = 1;
}

static void
no_log(struct bench *bench)
{
    bench->facts.system_log = 0;
}

/* What OpenSSL is told. */

static void
least_1_2(struct bench *bench)
{
    excepted(bench);
    bench->facts.openssl.oldest = TLSFLOOR_TLS_1_2;
}

static void
level_0(struct bench *bench)
{
    excepted(bench);
    bench->facts.openssl.level = 0;
}

static void
forbidden(struct bench *bench)
{
    excepted(bench);
    bench->facts.openssl.forbidden = 1U << TLSFLOOR_TLS_1_0 | 1U << TLSFLOOR_TLS_1_1;
}

static void
forbidden_1_0(struct bench *bench)
{
    excepted(bench);
    bench->facts.openssl.forbidden = 1U << TLSFLOOR_TLS_1_0;
}

/*
 * What is added to dovecot, postfix and policy counts more than what is there
 * before. want: "SEVERITY CHECK WHO" of each finding, sorted as they are.
 */
struct row {
    const char *name, *dovecot, *postfix, *policy;
    void (*change)(struct bench *bench);
    const char *want;
};

/* In both releases. */
static const struct row rows[] = {
    {"a good set-up", "", "", "", NULL, ""},
    {"exceptions in a good set-up", "", "", "", excepted, ""},
    {"a plugin that is not there", "", "", "", no_module, "error dovecot-plugin\n"},
    {"a passdb that is not there", "", "", "", no_passdb, "error dovecot-passdb\n"},
    {"another Dovecot", "", "", "", stale, "error dovecot-build\n"},
    {"a passdb for another Dovecot", "", "", "", stale_passdb, "error dovecot-build\n"},
    {"a group that may not read", "", "", "", other_readers, "error exceptions-access\n"},
    {"exceptions that everybody may read", "", "", "", no_readers, ""},
    {"ours in a master list", "passdb m {\n driver = tlsfloor\n master = yes\n}\n", "", "", NULL,
     ""},
    {"a master passdb", "passdb m {\n driver = x\n master = yes\n}\n", "", "", NULL,
     "error dovecot-passdb\n"},
    {"ours behind a master passdb",
     "passdb m {\n driver = x\n master = yes\n}\npassdb n {\n driver = tlsfloor\n"
     " master = yes\n}\n",
     "", "", NULL, "error dovecot-passdb\n"},
    {"passdb without a parameter", "", "", "dovecot_passdb = no\n", NULL,
     "warning dovecot-passdb\n"},
    {"old TLS not accepted, and nobody needs it", "ssl_min_protocol = TLSv1.2\n", "", "", NULL, ""},
    {"old TLS not accepted, and somebody needs it", "ssl_min_protocol = TLSv1.2\n", "", "",
     excepted, "error dovecot-tls Dovecot imap\n"},
    {"level 2", "ssl_cipher_list = DEFAULT\n", "", "", excepted,
     "error dovecot-tls Dovecot imap\n"},
    {"level 1", "ssl_cipher_list = DEFAULT:@SECLEVEL=1\n", "", "", excepted,
     "error dovecot-tls Dovecot imap\n"},
    {"enough for the exception", "ssl_min_protocol = TLSv1.1\n", "", "", excepted, ""},
    {"any version", "ssl_min_protocol = ANY\n", "", "", excepted, ""},
    {"OpenSSL's oldest version is not Dovecot's nor Postfix's", "", "", "", least_1_2, ""},
    {"OpenSSL's oldest version is Dovecot's", "ssl_min_protocol = ANY\n", "", "", least_1_2,
     "error dovecot-tls Dovecot imap\n"},
    {"OpenSSL's level is Dovecot's", "ssl_cipher_list = DEFAULT\n", "", "", level_0, ""},
    {"OpenSSL's level is not Dovecot's", "ssl_cipher_list = DEFAULT:@SECLEVEL=2\n", "", "", level_0,
     "error dovecot-tls Dovecot imap\n"},
    {"the last level counts", "ssl_cipher_list = @SECLEVEL=1:DEFAULT:@SECLEVEL=0\n", "", "",
     excepted, ""},
    {"a version that OpenSSL forbids, and nobody needs", "", "", "", forbidden_1_0, ""},
    {"what Postfix does not let OpenSSL forbid", "ssl = yes\n", "tls_config_file = none\n", "",
     forbidden_1_0, ""},
    {"old TLS not accepted in observe", "ssl_min_protocol = TLSv1.2\n", "", "mode = observe\n",
     NULL, "warning dovecot-tls Dovecot imap, pop3\nnote mode\n"},
    {"old TLS not accepted in a partial rollout", "ssl_min_protocol = TLSv1.2\n", "",
     "rollout_percent = 50\n", NULL, "warning dovecot-tls Dovecot imap, pop3\n"},
    {"no TLS at all", "ssl = no\n", "", "", excepted, "error dovecot-tls Dovecot imap\n"},
    {"a protocol without TLS 1.0", "protocol imap {\n ssl_min_protocol = TLSv1.3\n}\n", "", "",
     excepted, "error dovecot-tls Dovecot imap\n"},
    {"settings of some clients", "remote 192.0.2.0/24 {\n protocol imap {\n  ssl = no\n }\n}\n", "",
     "", NULL, "note dovecot-addresses\n"},
    {"settings of some clients, which do not matter",
     "local_name mail.example.org {\n ssl_cert = </etc/cert\n}\n", "", "", NULL, ""},
    {"cleartext by an exception alone", "", "", "", excepted_cleartext,
     "error dovecot-cleartext Dovecot imap\n"},
    {"a log that goes nowhere", "info_log_path = /dev/null\n", "", "", NULL, "warning log\n"},
    {"no policy service", "",
     "submission/inet/smtpd_helo_restrictions =\n"
     "submission/inet/smtpd_sender_restrictions =\n",
     "", NULL, "error policy-service Postfix submission\n"},
    {"another policy service", "",
     "submission/inet/smtpd_helo_restrictions = check_policy_service unix:private/greylist\n"
     "submission/inet/smtpd_sender_restrictions = check_policy_service inet:127.0.0.1:10023\n",
     "", NULL, "error policy-service Postfix submission\n"},
    {"a policy service without braces", "",
     "submission/inet/smtpd_sender_restrictions = check_policy_service unix:tlsfloor/policy\n", "",
     NULL, ""},
    {"EHLO alone", "", "submission/inet/smtpd_sender_restrictions =\n", "", NULL,
     "error policy-service Postfix submission\n"},
    {"a permit before it", "",
     "submission/inet/smtpd_sender_restrictions = permit_mynetworks, " POLICY_SERVICE "\n", "",
     NULL, "error permit Postfix submission\n"},
    {"a permit behind it", "",
     "submission/inet/smtpd_sender_restrictions = " POLICY_SERVICE ", permit_mynetworks\n", "",
     NULL, ""},
    {"a table before it", "",
     "submission/inet/smtpd_sender_restrictions = check_client_access "
     "hash:/friends, " POLICY_SERVICE "\n",
     "", NULL, "note permit Postfix submission\n"},
    {"a table behind it", "",
     "submission/inet/smtpd_sender_restrictions = " POLICY_SERVICE
     ", check_client_access hash:/friends\n",
     "", NULL, ""},
    {"a reject before it", "",
     "submission/inet/smtpd_sender_restrictions = reject_unknown_sender_domain " POLICY_SERVICE
     "\n",
     "", NULL, ""},
    {"no HELO needed", "", "submission/inet/smtpd_helo_required = no\n", "", NULL,
     "error helo Postfix submission\n"},
    {"delayed rejects", "", "submission/inet/smtpd_delay_reject = yes\n", "", NULL,
     "warning helo Postfix submission\n"},
    {"delayed rejects, and no HELO needed", "",
     "submission/inet/smtpd_delay_reject = yes\nsubmission/inet/smtpd_helo_required = no\n", "",
     NULL, "warning helo Postfix submission\n"},
    {"the conservative form", "",
     "submission/inet/smtpd_delay_reject = yes\nsubmission/inet/smtpd_helo_restrictions =\n"
     "submission/inet/smtpd_sender_restrictions =\n"
     "submission/inet/smtpd_recipient_restrictions = " POLICY_SERVICE ", reject\n",
     "", NULL, "note helo Postfix submission\n"},
    {"a port that is not judged", "", "", "submission_ports = 465\n", NULL,
     "warning ports Postfix submission\n"},
    {"a context of its own", "",
     "submission/inet/smtpd_helo_restrictions = check_policy_service { unix:tlsfloor/policy, "
     "policy_context=x }\n",
     "submission_ports = 465\npolicy_contexts = x=submission\n", NULL, ""},
    {"mail of others asks", "", "smtp/inet/smtpd_sender_restrictions = " POLICY_SERVICE "\n", "",
     NULL, "note ports Postfix smtp\n"},
    {"mail of others is judged", "", "smtp/inet/smtpd_sender_restrictions = " POLICY_SERVICE "\n",
     "submission_ports = 25 587\n", NULL, "error ports Postfix smtp\n"},
    {"no socket", "", "", "", no_socket, "error policy-socket\n"},
    {"a file for a socket", "", "", "", no_real_socket, "error policy-socket\n"},
    {"a closed socket", "", "", "", closed_socket, "error policy-socket\n"},
    {"a socket of another group", "", "", "", others_socket, "error policy-socket\n"},
    {"a socket of Postfix itself", "", "", "", own_socket, ""},
    {"a closed folder", "", "", "", closed_folder, "error policy-socket\n"},
    {"a socket outside of the chroot", "",
     "submission/inet/smtpd_sender_restrictions = check_policy_service unix:/run/tlsfloor/policy\n",
     "", NULL, "error policy-socket Postfix submission\n"},
    {"the same without a chroot", "",
     "submission/inet/smtpd_sender_restrictions = check_policy_service unix:/run/tlsfloor/policy\n"
     "submission/inet/chroot = n\n",
     "", NULL, ""},
    {"old TLS ends in Postfix's handshake", "",
     "submission/inet/smtpd_tls_mandatory_protocols = >=TLSv1.2\n", "", excepted,
     "error postfix-tls Postfix submission\n"},
    {"in older words", "",
     "submission/inet/smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\n", "",
     excepted, "error postfix-tls Postfix submission\n"},
    {"the versions by name", "",
     "submission/inet/smtpd_tls_mandatory_protocols = TLSv1.1 TLSv1.2\n", "", excepted, ""},
    {"another version by name", "", "submission/inet/smtpd_tls_mandatory_protocols = TLSv1.2\n", "",
     excepted, "error postfix-tls Postfix submission\n"},
    {"what is not mandatory", "", "smtpd_tls_protocols = >=TLSv1.2\n", "", excepted, ""},
    {"client certificates", "", "submission/inet/smtpd_tls_req_ccert = yes\n", "", excepted,
     "error postfix-tls Postfix submission\n"},
    {"a level of Postfix's suites", "",
     "smtpd_tls_mandatory_ciphers = high\ntls_high_cipherlist = HIGH:@SECLEVEL=1\n", "", excepted,
     "error postfix-tls Postfix submission\n"},
    {"a level of suites that do not count", "",
     "smtpd_tls_mandatory_ciphers = high\nsmtpd_tls_ciphers = medium\n"
     "tls_medium_cipherlist = HIGH:@SECLEVEL=1\n",
     "", excepted, ""},
    {"cleartext for Postfix", "", "submission/inet/smtpd_tls_security_level = may\n", "", NULL,
     "warning postfix-cleartext Postfix submission\n"},
    {"TLS before AUTH", "",
     "submission/inet/smtpd_tls_security_level = may\nsubmission/inet/smtpd_tls_auth_only = yes\n",
     "", NULL, ""},
    {"TLS at once", "",
     "submission/inet/smtpd_tls_security_level = may\nsubmission/inet/smtpd_tls_wrappermode = "
     "yes\n",
     "", NULL, ""},
    {"a proxy of this host", "", "", "trusted_networks = 127.0.0.0/8\n", proxied,
     "warning trusted\n"},
    {"a proxy, and this host is not trusted", "", "", "", proxied, ""},
    {"a proxy with the PROXY protocol", "",
     "submission/inet/smtpd_upstream_proxy_protocol = haproxy\n",
     "trusted_networks = 127.0.0.0/8\n", proxied, ""},
    {"everybody trusted", "", "", "trusted_networks = 0.0.0.0/0\n", NULL, "error trusted\n"},
    {"one section trusts everybody", "", "", "[pop3]\ntrusted_networks = ::/0\n", NULL,
     "error trusted\n"},
    {"nothing is logged", "", "", "audit = none\n", NULL, "warning audit\n"},
    {"nothing is logged of one service", "", "", "[pop3]\naudit = none\n", NULL, "warning audit\n"},
    {"nobody is refused", "", "", "mode = tag\n", NULL, "note mode\n"},
    {"nobody is refused in one service", "", "", "[pop3]\nmode = tag\n", NULL, "note mode\n"},
    {"no system log", "", "", "", no_log, "warning log\n"},
};

/* In the words of 2.3 alone. */
static const struct row rows_23[] = {
    {"no plugin", "login_plugins = \n", "", "", NULL, "error dovecot-plugin Dovecot imap, pop3\n"},
    {"another plugin", "login_plugins = xtlsfloor\n", "", "", NULL,
     "error dovecot-plugin Dovecot imap, pop3\n"},
    {"no plugin in a protocol", "protocol pop3 {\n login_plugins = other\n}\n", "", "", NULL,
     "error dovecot-plugin Dovecot pop3\n"},
    {"the plugin in a protocol",
     "login_plugins =\nprotocol pop3 {\n login_plugins = other tlsfloor\n}\n", "", "", NULL,
     "error dovecot-plugin Dovecot imap\n"},
    {"no plugin and no old TLS", "login_plugins =\nssl_min_protocol = TLSv1.2\n", "", "", NULL,
     "note dovecot-plugin Dovecot imap, pop3\n"},
    {"no plugin, and old TLS by OpenSSL's level", "login_plugins =\nssl_cipher_list = DEFAULT\n",
     "", "", level_0, "error dovecot-plugin Dovecot imap, pop3\n"},
    {"what OpenSSL forbids is Postfix's", "", "", "", forbidden,
     "error postfix-tls Postfix submission\n"},
    {"cleartext", "disable_plaintext_auth = no\n", "", "", NULL,
     "warning dovecot-cleartext Dovecot imap, pop3\n"},
    {"cleartext that is wanted", "disable_plaintext_auth = no\nprotocols = imap\n", "", "",
     excepted_cleartext, ""},
    {"cleartext is no violation", "disable_plaintext_auth = no\n", "", "floor = cleartext\n", NULL,
     ""},
};
static const struct row rows_24[] = {
    {"what OpenSSL forbids is Dovecot's and Postfix's", "", "", "", forbidden,
     "error dovecot-tls Dovecot imap\nerror postfix-tls Postfix submission\n"},
    {"what OpenSSL forbids is Dovecot's", "", "tls_config_file = none\n", "", forbidden,
     "error dovecot-tls Dovecot imap\n"},
    {"a plugin more in a protocol", "protocol pop3 {\n login_plugins {\n other = yes\n }\n}\n", "",
     "", NULL, ""},
    {"cleartext", "auth_allow_cleartext = yes\n", "", "", NULL,
     "warning dovecot-cleartext Dovecot imap, pop3\n"},
    {"cleartext in one protocol", "protocol pop3 {\n auth_allow_cleartext = yes\n}\n", "", "", NULL,
     "warning dovecot-cleartext Dovecot pop3\n"},
};

static void
print_findings(const struct findings *findings, char *text_r, size_t room)
{
    text_r[0] = '\0';
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        size_t used = strlen(text_r);

        snprintf(text_r + used, room - used, "%s %s%s%s\n",
                 finding_severity_name(finding->severity), finding->check,
                 finding->who[0] == '\0' ? "" : " ", finding->who);
        assert_true(finding->what[0] != '\0' && finding->where[0] != '\0' &&
                    finding->mend[0] != '\0');
    }
}

static char *
join(const char *a, const char *b)
{
    char *text = malloc(strlen(a) + strlen(b) + 1);

    assert_non_null(text);
    sprintf(text, "%s%s", a, b);
    return text;
}

/* That old TLS is accepted for nothing is told in a good set-up, and of no interest here. */
static void
forget_notes_on_tls(struct findings *findings)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];

        if (finding->severity != FINDING_NOTE || strstr(finding->check, "-tls") == NULL)
            findings->items[kept++] = *finding;
    }
    findings->count = kept;
}

static void
set_up(struct bench *bench, const char *version)
{
    struct doctor_facts *facts = &bench->facts;

    memset(bench, 0, sizeof(*bench));
    facts->now = NOW;
    facts->system_log = 1;
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
        facts->oldest[i] = TLSFLOOR_TLS_NEWER;
    facts->dovecot.there = facts->postfix.there = 1;
    strcpy(facts->dovecot.version, version);
    strcpy(facts->dovecot.conf, "/dovecot.conf");
    strcpy(facts->dovecot.readers, "_tlsfloor");
    strcpy(facts->postfix.conf, "/postfix");
    facts->openssl =
        (struct doctor_openssl){.conf = "/openssl.cnf", .oldest = TLSFLOOR_TLS_1_0, .level = 2};
    facts->postfix.user = 101;
    facts->postfix.group = 102;
    facts->postfix.sockets[0] =
        (struct doctor_file){"/queue/tlsfloor/policy", 1, 1, 0660, 0, 102, 0750, 0, 102};
    facts->postfix.socket_count = 1;
}

/* What the policy of a row does not say itself. */
static struct tlsfloor_policy *
make_policy(const char *text)
{
    char *passdb = join(strstr(text, "dovecot_passdb") == NULL ? "dovecot_passdb = yes\n" : "",
                        strstr(text, "trusted_networks") == NULL ? "trusted_networks =\n" : "");
    char *whole = join(passdb, text);
    struct tlsfloor_policy *policy = tlsfloor_policy_parse(tlsfloor_text_from(whole), NULL, NULL);

    assert_non_null(policy);
    free(passdb);
    free(whole);
    return policy;
}

static void
check_row(const struct row *row, const char *version, const char *good)
{
    char *dovecot = join(good, row->dovecot), *postfix = join(POSTFIX, row->postfix), said[1000];
    struct tlsfloor_policy *policy = make_policy(row->policy);
    struct bench bench;

    set_up(&bench, version);
    bench.facts.policy = policy;
    assert_int_equal(settings_parse(&bench.facts.dovecot.settings, dovecot), 0);
    assert_int_equal(settings_parse(&bench.facts.postfix.settings, postfix), 0);
    if (row->change != NULL)
        row->change(&bench);
    doctor_check(&bench.facts, &bench.findings);
    forget_notes_on_tls(&bench.findings);
    print_findings(&bench.findings, said, sizeof(said));
    if (strcmp(said, row->want) != 0)
        fail_msg("%s, Dovecot %s: found:\n%swant:\n%s", row->name, version, said, row->want);
    settings_free(&bench.facts.dovecot.settings);
    settings_free(&bench.facts.postfix.settings);
    tlsfloor_policy_free(policy);
    free(dovecot);
    free(postfix);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
each_fault_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(&rows[i], "2.3.19.1", DOVECOT_23);
        check_row(&rows[i], "2.4.1-4", DOVECOT_24);
    }
}

static void
each_fault_is_found_in_the_words_of_its_release(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows_23); i++)
        check_row(&rows_23[i], "2.3.19.1", DOVECOT_23);
    for (size_t i = 0; i < COUNT(rows_24); i++)
        check_row(&rows_24[i], "2.4.1-4", DOVECOT_24);
}

/* Before ours in both lists. */
static void
the_order_of_passdbs(void **state)
{
    static const struct row row = {"a passdb before ours",  "", "", "", NULL,
                                   "error dovecot-passdb\n"};

    (void)state;
    check_row(&row, "2.3.19.1", "passdb {\n  driver = pam\n}\n" DOVECOT_23);
    check_row(&row, "2.4.1-4", "passdb pam {\n}\n" DOVECOT_24);
}

/* Without an applied policy what needs none is found, and nothing breaks. */
static void
no_policy_is_needed_to_look(void **state)
{
    char dovecot[] = DOVECOT_23 "login_plugins =\n", postfix[] = POSTFIX;
    char said[1000];
    struct bench bench;

    (void)state;
    set_up(&bench, "2.3.19.1");
    assert_int_equal(settings_parse(&bench.facts.dovecot.settings, dovecot), 0);
    assert_int_equal(settings_parse(&bench.facts.postfix.settings, postfix), 0);
    doctor_check(&bench.facts, &bench.findings);
    print_findings(&bench.findings, said, sizeof(said));
    assert_string_equal(said, "error dovecot-plugin Dovecot imap, pop3\n");
    settings_free(&bench.facts.dovecot.settings);
    settings_free(&bench.facts.postfix.settings);
}

static void
nothing_there_is_nothing_wrong(void **state)
{
    struct bench bench;

    (void)state;
    memset(&bench, 0, sizeof(bench));
    doctor_check(&bench.facts, &bench.findings);
    assert_int_equal(bench.findings.count, 0);
}

/* --- settings --- */

static void
settings_are_read_as_they_are_printed(void **state)
{
    char text[] = "# head: x\na = 1\nb =\nc = x = y\n\nbad line\nservice x {\n  inet_listener y {\n"
                  "    port = 1\n  }\n  a = 2\n}\n}\na = 3\nservice {\n}\nlast = 4";
    struct settings settings = {NULL, 0, 0};
    int block, inner;

    (void)state;
    assert_int_equal(settings_parse(&settings, text), 0);
    assert_string_equal(settings_get(&settings, SETTINGS_TOP, "a"), "3");
    assert_string_equal(settings_get(&settings, SETTINGS_TOP, "b"), "");
    assert_string_equal(settings_get(&settings, SETTINGS_TOP, "c"), "x = y");
    assert_string_equal(settings_get(&settings, SETTINGS_TOP, "last"), "4");
    assert_null(settings_get(&settings, SETTINGS_TOP, "port"));
    block = settings_block(&settings, SETTINGS_TOP, "service", 0);
    assert_string_equal(settings_block_name(&settings, block), "x");
    assert_string_equal(settings_get(&settings, block, "a"), "2");
    inner = settings_block(&settings, block, "inet_listener", 0);
    assert_string_equal(settings_get(&settings, inner, "port"), "1");
    block = settings_block(&settings, SETTINGS_TOP, "service", (size_t)block + 1);
    assert_string_equal(settings_block_name(&settings, block), "");
    assert_int_equal(settings_block(&settings, SETTINGS_TOP, "serv", 0), -1);
    settings_free(&settings);
}

static void
words_of_lists(void **state)
{
    (void)state;
    assert_int_equal(settings_has_word("imap pop3", "pop3"), 1);
    assert_int_equal(settings_has_word("imap,pop3", "imap"), 1);
    assert_int_equal(settings_has_word("imaps pop3s", "imap"), 0);
    assert_int_equal(settings_has_word("", ""), 0);
    assert_int_equal(settings_has_word(NULL, "imap"), 0);
}

static void
paths_of_policy_services(void **state)
{
    static const struct {
        const char *list, *path; /* NULL: none of ours */
    } cases[] = {
        {POLICY_SERVICE, "tlsfloor/policy"},
        {"reject, check_policy_service unix:/x/tlsfloor", "/x/tlsfloor"},
        {"check_policy_service {unix:tlsfloor/policy}", "tlsfloor/policy"},
        {"check_policy_service unix:private/grey", NULL},
        {"check_policy_service inet:tlsfloor:1", NULL},
        {"check_policy_service", NULL},
        {"check_policy_service {", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    char path[TLSFLOOR_PATH];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(restrictions_policy_path(cases[i].list, path), cases[i].path != NULL);
        if (cases[i].path != NULL)
            assert_string_equal(path, cases[i].path);
    }
}

/* Only findings that differ in nothing but the service are one. */
static void
services_of_one_finding(void **state)
{
    struct findings *findings = calloc(1, sizeof(*findings));
    struct finding *finding;

    (void)state;
    assert_non_null(findings);
    findings->check = "a";
    find_who(find(findings, FINDING_NOTE, "the same"), "Dovecot", "imap");
    find_who(find(findings, FINDING_ERROR, "the same"), "Dovecot", "imap");
    find_who(find(findings, FINDING_NOTE, "another"), "Dovecot", "imap");
    finding = find(findings, FINDING_NOTE, "the same");
    find_who(finding, "Dovecot", "imap");
    find_where(finding, "elsewhere");
    finding = find(findings, FINDING_NOTE, "the same");
    find_who(finding, "Dovecot", "imap");
    find_mend(finding, "otherwise");
    find_who(find(findings, FINDING_NOTE, "the same"), "Postfix", "submission");
    find_who(find(findings, FINDING_NOTE, "the same"), "Dovecot", "pop3");
    findings_sort(findings);
    assert_int_equal(findings->count, 6);
    assert_int_equal(findings->items[0].severity, FINDING_ERROR);
    assert_string_equal(findings->items[1].who, "Dovecot imap, pop3");
    free(findings);
}

/* More than there is room for is counted; the list of services of one finding ends somewhere. */
static void
too_many_findings(void **state)
{
    struct findings *findings = calloc(1, sizeof(*findings));

    (void)state;
    assert_non_null(findings);
    for (int i = 0; i < FINDINGS + 5; i++)
        find(findings, i % 2 == 0 ? FINDING_NOTE : FINDING_ERROR, "number %d", i);
    assert_int_equal(findings->count, FINDINGS);
    assert_int_equal(findings->lost, 5);
    findings_sort(findings);
    assert_int_equal(findings->items[0].severity, FINDING_ERROR);
    assert_string_equal(findings->items[0].what, "number 1");
    assert_int_equal(findings->items[FINDINGS - 1].severity, FINDING_NOTE);
    memset(findings, 0, sizeof(*findings));
    for (int i = 0; i < 40; i++)
        find_who(find(findings, FINDING_NOTE, "the same"), "Postfix", "127.0.0.1:10025");
    findings_sort(findings);
    assert_int_equal(findings->count, 5);
    free(findings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(each_fault_is_found_in_the_words_of_its_release),
        cmocka_unit_test(the_order_of_passdbs),
        cmocka_unit_test(no_policy_is_needed_to_look),
        cmocka_unit_test(nothing_there_is_nothing_wrong),
        cmocka_unit_test(settings_are_read_as_they_are_printed),
        cmocka_unit_test(words_of_lists),
        cmocka_unit_test(paths_of_policy_services),
        cmocka_unit_test(services_of_one_finding),
        cmocka_unit_test(too_many_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
