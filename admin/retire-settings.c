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
#include "json-values.h"
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

void
retire_settings_find(const struct tlsfloor_policy *policy, struct retire_settings *settings_r)
{
    struct doctor_postfix *postfix = &settings_r->postfix;

    *settings_r = (struct retire_settings){.policy = policy};
    ask_version("dovecot", "--version", NULL, settings_r->dovecot);
    if (settings_r->dovecot[0] != '\0')
        settings_r->texts[0] = ask("doveconf", "-n", NULL);
    if (settings_parse(&settings_r->now, settings_r->texts[0]) != 0)
        settings_free(&settings_r->now);
    ask_version("postconf", "-h", "mail_version", postfix->version);
    settings_r->texts[1] = ask("postconf", "-F", NULL);
    postfix->there = settings_parse(&postfix->settings, settings_r->texts[1]) == 0;
}

void
retire_settings_free(struct retire_settings *settings)
{
    settings_free(&settings->now);
    settings_free(&settings->postfix.settings);
    free(settings->texts[0]);
    free(settings->texts[1]);
}

/* --- Dovecot --- */

struct line {
    const char *name, *value;
    const char *release; /* that has this setting; NULL: both have */
};
#define DOVECOT_LINES 4

static size_t
dovecot_lines(const struct retire_settings *settings, struct line lines_r[DOVECOT_LINES])
{
    size_t count = 0;

    lines_r[count++] = (struct line){"ssl_min_protocol",
                                     tlsfloor_tls_name(settings->policy->services[0].floor), NULL};
    lines_r[count++] = (struct line){"ssl", "required", NULL};
    if (strncmp(settings->dovecot, "2.3", 3) != 0)
        lines_r[count++] = (struct line){"auth_allow_cleartext", "no", "Dovecot 2.4"};
    if (strncmp(settings->dovecot, "2.4", 3) != 0)
        lines_r[count++] = (struct line){"disable_plaintext_auth", "yes", "Dovecot 2.3"};
    return count;
}

/* The next service from *at on, the floor of which is not that of all. 1, or 0: there is none. */
static int
next_protocol(const struct tlsfloor_policy *policy, int *at, struct line *line_r)
{
    while (*at < TLSFLOOR_SERVICES) {
        int i = (*at)++;

        if (policy->services[i].floor == policy->services[0].floor)
            continue;
        *line_r = (struct line){tlsfloor_service_name((enum tlsfloor_service)i),
                                tlsfloor_tls_name(policy->services[i].floor), NULL};
        return 1;
    }
    return 0;
}

/* The next of the settings in force that old TLS or cleartext may come from, or NULL. */
static const struct setting *
next_now(const struct settings *settings, size_t *at)
{
    static const char *const names[] = {"ssl_min_protocol", "ssl_cipher_list", "ssl",
                                        "disable_plaintext_auth", "auth_allow_cleartext"};

    while (*at < settings->count) {
        const struct setting *setting = &settings->items[(*at)++];

        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (setting->value != NULL && strcmp(setting->name, names[k]) == 0)
                return setting;
        }
    }
    return NULL;
}

static void
print_dovecot(const struct retire_settings *settings)
{
    const char *version = settings->dovecot;
    struct line lines[DOVECOT_LINES], line;
    size_t count = dovecot_lines(settings, lines), at = 0;
    const struct setting *now;

    printf("\nDovecot%s%s: put these into its configuration, then \"doveadm reload\":\n",
           version[0] == '\0' ? "" : " ", version);
    for (size_t i = 0; i < count; i++) {
        int size = printf("  %s = %s", lines[i].name, lines[i].value);

        if (lines[i].release != NULL)
            printf("%*s# %s", 35 - size, "", lines[i].release);
        putchar('\n');
    }
    for (int i = TLSFLOOR_SERVICE_IMAP; next_protocol(settings->policy, &i, &line);)
        printf("  protocol %s {\n    ssl_min_protocol = %s\n  }\n", line.name, line.value);
    puts(
        "and take @SECLEVEL=0 out of ssl_cipher_list, and other values of these from wherever they "
        "stand.");
    while ((now = next_now(&settings->now, &at)) != NULL)
        printf("  # now: %s = %s\n", now->name, now->value);
}

static json_t *
json_dovecot(const struct retire_settings *settings)
{
    json_t *set = json_object(), *protocols = json_object(), *before = json_array();
    struct line lines[DOVECOT_LINES], line;
    size_t count = dovecot_lines(settings, lines), at = 0;
    const struct setting *now;

    for (size_t i = 0; i < count; i++)
        json_object_set_new(set, lines[i].name, json_string(lines[i].value));
    for (int i = TLSFLOOR_SERVICE_IMAP; next_protocol(settings->policy, &i, &line);)
        json_object_set_new(protocols, line.name,
                            json_pack("{s:s}", "ssl_min_protocol", line.value));
    while ((now = next_now(&settings->now, &at)) != NULL)
        json_array_append_new(before, json_pack("{s:s, s:o}", "name", now->name, "value",
                                                json_from(tlsfloor_text_from(now->value))));
    return json_pack("{s:o, s:o, s:o, s:o}", "version", json_text(settings->dovecot), "settings",
                     set, "protocols", protocols, "now", before);
}

/* --- Postfix --- */

#define PROTOCOLS 80
static const char *const protocol_names[] = {"smtpd_tls_mandatory_protocols",
                                             "smtpd_tls_protocols"};

/* What a Postfix before 3.6 takes for "the floor and newer". */
static void
format_protocols(const struct retire_settings *settings, char text_r[PROTOCOLS])
{
    enum tlsfloor_tls floor = settings->policy->services[TLSFLOOR_SERVICE_SUBMISSION].floor;
    unsigned major, minor;
    int size;

    if (sscanf(settings->postfix.version, "%u.%u", &major, &minor) != 2 || major > 3 ||
        (major == 3 && minor >= 6)) {
        snprintf(text_r, PROTOCOLS, ">=%s", tlsfloor_tls_name(floor));
        return;
    }
    size = snprintf(text_r, PROTOCOLS, "!SSLv2");
    for (int tls = TLSFLOOR_TLS_SSLV3; tls < (int)floor; tls++)
        size += snprintf(text_r + size, (size_t)(PROTOCOLS - size), ",!%s",
                         tlsfloor_tls_name((enum tlsfloor_tls)tls));
}

/* As postfix_next(): of those whose port is judged. */
static int
next_service(const struct retire_settings *settings, size_t *at, char name_r[POSTFIX_NAME])
{
    while (postfix_next(&settings->postfix, at, name_r)) {
        if (tlsfloor_policy_has_port(settings->policy, postfix_port(name_r)))
            return 1;
    }
    return 0;
}

static void
print_postfix(const struct retire_settings *settings)
{
    const char *version = settings->postfix.version;
    char protocols[PROTOCOLS], service[POSTFIX_NAME];
    unsigned shown = 0;

    format_protocols(settings, protocols);
    printf(
        "\nPostfix%s%s: for submission alone, port 25 stays as it is; then \"postfix reload\":\n",
        version[0] == '\0' ? "" : " ", version);
    for (size_t at = 0; next_service(settings, &at, service); shown++) {
        for (size_t i = 0; i < 2; i++)
            printf("  postconf -P '%s%s=%s'\n", service, protocol_names[i], protocols);
        printf("  postconf -P '%ssmtpd_tls_auth_only=yes'\n", service);
    }
    if (shown > 0)
        return;
    puts("  in master.cf, below each smtpd of submission:");
    for (size_t i = 0; i < 2; i++)
        printf("    -o %s=%s\n", protocol_names[i], protocols);
    puts("    -o smtpd_tls_auth_only=yes");
}

static json_t *
json_postfix(const struct retire_settings *settings)
{
    json_t *services = json_array();
    char protocols[PROTOCOLS], service[POSTFIX_NAME];

    format_protocols(settings, protocols);
    for (size_t at = 0; next_service(settings, &at, service);)
        json_array_append_new(services, json_stringn(service, strlen(service) - 1));
    return json_pack("{s:o, s:o, s:{s:s, s:s, s:s}}", "version",
                     json_text(settings->postfix.version), "services", services, "settings",
                     protocol_names[0], protocols, protocol_names[1], protocols,
                     "smtpd_tls_auth_only", "yes");
}

/* --- both --- */

void
retire_settings_print(const struct retire_settings *settings)
{
    print_dovecot(settings);
    print_postfix(settings);
    printf(
        "\nThen \"tlsfloor doctor --live\" must show, for each port, that every version below %s "
        "ends in\nthe handshake; by hand, this must fail with a TLS alert:\n"
        "  openssl s_client -connect HOST:993 -tls1_1 -cipher DEFAULT@SECLEVEL=0\n",
        tlsfloor_tls_name(settings->policy->services[0].floor));
}

json_t *
retire_settings_json(const struct retire_settings *settings)
{
    return json_pack("{s:o, s:o}", "dovecot", json_dovecot(settings), "postfix",
                     json_postfix(settings));
}
