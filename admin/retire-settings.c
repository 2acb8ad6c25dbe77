/* SPDX-License-Identifier: MIT */
/*
 * What the mail servers have is read from the output of their own tools. A
 * server that is not on this machine gets the words for any release.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "doctor-postfix.h"
#include "retire-settings.h"

/* What a program prints, to free(); NULL: it is not here, or fails. */
static char *
ask(const char *program, const char *option, const char *name)
{
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)option,
                          (char *)(uintptr_t)name, NULL};
    char error[TLSFLOOR_ERROR_TEXT], *text = NULL;

    (void)child_run(argv, &text, error);
    return text;
}

/* The first word of a program's answer; empty: there is none. */
static void
ask_version(const char *program, const char *option, const char *name, char version_r[32])
{
    char *text = ask(program, option, name);

    snprintf(version_r, 32, "%.*s", text == NULL ? 0 : (int)strcspn(text, " \n"), text);
    free(text);
}

/* --- Dovecot --- */

/* The settings of doveconf -n that old TLS or cleartext may come from. */
static void
show_settings(const struct settings *settings)
{
    static const char *const names[] = {"ssl_min_protocol", "ssl_cipher_list", "ssl",
                                        "disable_plaintext_auth", "auth_allow_cleartext"};

    for (size_t i = 0; i < settings->count; i++) {
        const struct setting *setting = &settings->items[i];

        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (setting->value != NULL && strcmp(setting->name, names[k]) == 0)
                printf("  # now: %s = %s\n", setting->name, setting->value);
        }
    }
}

static void
print_dovecot(const struct tlsfloor_policy *policy)
{
    struct settings settings = {0};
    char version[32], *text;
    enum tlsfloor_tls floor = policy->services[0].floor;

    ask_version("dovecot", "--version", NULL, version);
    printf("\nDovecot%s%s: put these into its configuration, then \"doveadm reload\":\n",
           version[0] == '\0' ? "" : " ", version);
    printf("  ssl_min_protocol = %s\n", tlsfloor_tls_name(floor));
    puts("  ssl = required");
    if (strncmp(version, "2.3", 3) != 0)
        puts("  auth_allow_cleartext = no        # Dovecot 2.4");
    if (strncmp(version, "2.4", 3) != 0)
        puts("  disable_plaintext_auth = yes     # Dovecot 2.3");
    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++) {
        if (policy->services[i].floor != floor)
            printf("  protocol %s {\n    ssl_min_protocol = %s\n  }\n",
                   tlsfloor_service_name((enum tlsfloor_service)i),
                   tlsfloor_tls_name(policy->services[i].floor));
    }
    puts(
        "and take @SECLEVEL=0 out of ssl_cipher_list, and other values of these from wherever they "
        "stand.");
    text = version[0] == '\0' ? NULL : ask("doveconf", "-n", NULL);
    if (settings_parse(&settings, text) == 0)
        show_settings(&settings);
    settings_free(&settings);
    free(text);
}

/* --- Postfix --- */

/* What a Postfix before 3.6 takes for "the floor and newer". */
static void
print_protocols(const char *version, enum tlsfloor_tls floor)
{
    unsigned major, minor;

    if (sscanf(version, "%u.%u", &major, &minor) != 2 || major > 3 || (major == 3 && minor >= 6)) {
        printf(">=%s", tlsfloor_tls_name(floor));
        return;
    }
    fputs("!SSLv2", stdout);
    for (int tls = TLSFLOOR_TLS_SSLV3; tls < (int)floor; tls++)
        printf(",!%s", tlsfloor_tls_name((enum tlsfloor_tls)tls));
}

/* A service as postfix_next() names it: "submission/inet/". */
static void
print_commands(const char *service, const char *version, enum tlsfloor_tls floor)
{
    static const char *const names[] = {"smtpd_tls_mandatory_protocols", "smtpd_tls_protocols"};

    for (size_t i = 0; i < 2; i++) {
        printf("  postconf -P '%s%s=", service, names[i]);
        print_protocols(version, floor);
        puts("'");
    }
    printf("  postconf -P '%ssmtpd_tls_auth_only=yes'\n", service);
}

static void
print_postfix(const struct tlsfloor_policy *policy)
{
    enum tlsfloor_tls floor = policy->services[TLSFLOOR_SERVICE_SUBMISSION].floor;
    struct doctor_postfix postfix = {.there = 1};
    char version[32], service[POSTFIX_NAME], *text;
    unsigned shown = 0;

    ask_version("postconf", "-h", "mail_version", version);
    printf(
        "\nPostfix%s%s: for submission alone, port 25 stays as it is; then \"postfix reload\":\n",
        version[0] == '\0' ? "" : " ", version);
    text = ask("postconf", "-F", NULL);
    if (settings_parse(&postfix.settings, text) == 0) {
        for (size_t at = 0; postfix_next(&postfix, &at, service);) {
            if (!tlsfloor_policy_has_port(policy, postfix_port(service)))
                continue;
            print_commands(service, version, floor);
            shown++;
        }
    }
    if (shown == 0) {
        fputs("  in master.cf, below each smtpd of submission:\n"
              "    -o smtpd_tls_mandatory_protocols=",
              stdout);
        print_protocols(version, floor);
        fputs("\n    -o smtpd_tls_protocols=", stdout);
        print_protocols(version, floor);
        puts("\n    -o smtpd_tls_auth_only=yes");
    }
    settings_free(&postfix.settings);
    free(text);
}

void
retire_print_settings(const struct tlsfloor_policy *policy)
{
    print_dovecot(policy);
    print_postfix(policy);
    printf(
        "\nThen \"tlsfloor doctor --live\" must show, for each port, that every version below %s "
        "ends in\nthe handshake; by hand, this must fail with a TLS alert:\n"
        "  openssl s_client -connect HOST:993 -tls1_1 -cipher DEFAULT@SECLEVEL=0\n",
        tlsfloor_tls_name(policy->services[0].floor));
}
