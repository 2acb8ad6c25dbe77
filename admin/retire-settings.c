/* SPDX-License-Identifier: MIT */
/*
 * What the mail servers have is read from the output of their own tools. A
 * server that is not on this machine gets the words for any release.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "retire-settings.h"

#define LINE 4096

/* Is given each line of a program's output, without its newline. */
typedef void output_line_fn(void *context, char *line);

/* Runs a command of ours; how many lines it has printed, 0 also if there is no such program. */
static unsigned
run(const char *command, output_line_fn *each, void *context)
{
    FILE *output = popen(command, "re");
    char line[LINE];
    unsigned count = 0;

    if (output == NULL)
        return 0;
    while (fgets(line, sizeof(line), output) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        each(context, line);
        count++;
    }
    pclose(output);
    return count;
}

static void
keep_first(void *context, char *line)
{
    char *first = context;

    if (first[0] == '\0')
        snprintf(first, LINE, "%s", line);
}

/* --- Dovecot --- */

/* Lines of doveconf -n that old TLS or cleartext may come from. */
static void
show_setting(void *context, char *line)
{
    static const char *const names[] = {"ssl_min_protocol", "ssl_cipher_list",
                                        "ssl =", "disable_plaintext_auth", "auth_allow_cleartext"};
    (void)context;
    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(line, names[i], strlen(names[i])) == 0)
            printf("  # now: %s\n", line);
    }
}

static void
print_dovecot(const struct tlsfloor_policy *policy)
{
    char version[LINE] = "";
    enum tlsfloor_tls floor = policy->services[0].floor;

    run("dovecot --version 2>/dev/null", keep_first, version);
    version[strcspn(version, " ")] = '\0';
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
    if (version[0] != '\0')
        run("doveconf -n 2>/dev/null", show_setting, NULL);
}

/* --- Postfix --- */

struct master {
    const struct tlsfloor_policy *policy;
    int has_ranges; /* 1: knows ">=TLSv1.2" */
    unsigned shown;
};

/* The port of "submission", "127.0.0.1:587" ...; 0: not known. */
static unsigned
port_of(const char *service)
{
    static const struct {
        const char *name;
        unsigned port;
    } names[] = {{"submission", 587}, {"submissions", 465}, {"smtps", 465}, {"smtp", 25}};
    const char *colon = strrchr(service, ':');

    service = colon == NULL ? service : colon + 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(service, names[i].name) == 0)
            return names[i].port;
    }
    return (unsigned)strtoul(service, NULL, 10);
}

static int
is_judged(const struct tlsfloor_policy *policy, unsigned port)
{
    for (size_t i = 0; i < policy->submission_ports_count; i++) {
        if (policy->submission_ports[i] == port)
            return 1;
    }
    return 0;
}

/* What a Postfix before 3.6 takes for "the floor and newer". */
static void
print_protocols(const struct master *master)
{
    enum tlsfloor_tls floor = master->policy->services[TLSFLOOR_SERVICE_SUBMISSION].floor;

    if (master->has_ranges) {
        printf(">=%s", tlsfloor_tls_name(floor));
        return;
    }
    fputs("!SSLv2", stdout);
    for (int tls = TLSFLOOR_TLS_SSLV3; tls < (int)floor; tls++)
        printf(",!%s", tlsfloor_tls_name((enum tlsfloor_tls)tls));
}

/* A line of postconf -M. */
static void
show_service(void *context, char *line)
{
    struct master *master = context;
    char service[256], type[16], command[64];
    static const char *const names[] = {"smtpd_tls_mandatory_protocols", "smtpd_tls_protocols"};

    if (sscanf(line, "%255s %15s %*s %*s %*s %*s %*s %63s", service, type, command) != 3 ||
        strcmp(type, "inet") != 0 || strcmp(command, "smtpd") != 0 ||
        !is_judged(master->policy, port_of(service)))
        return;
    for (size_t i = 0; i < 2; i++) {
        printf("  postconf -P '%s/inet/%s=", service, names[i]);
        print_protocols(master);
        puts("'");
    }
    printf("  postconf -P '%s/inet/smtpd_tls_auth_only=yes'\n", service);
    master->shown++;
}

static void
print_postfix(const struct tlsfloor_policy *policy)
{
    char version[LINE] = "";
    struct master master = {.policy = policy, .has_ranges = 1};
    unsigned major = 0, minor = 0;

    run("postconf -h mail_version 2>/dev/null", keep_first, version);
    if (sscanf(version, "%u.%u", &major, &minor) == 2)
        master.has_ranges = major > 3 || (major == 3 && minor >= 6);
    printf(
        "\nPostfix%s%s: for submission alone, port 25 stays as it is; then \"postfix reload\":\n",
        version[0] == '\0' ? "" : " ", version);
    run("postconf -M 2>/dev/null", show_service, &master);
    if (master.shown == 0) {
        fputs("  in master.cf, below each smtpd of submission:\n"
              "    -o smtpd_tls_mandatory_protocols=",
              stdout);
        print_protocols(&master);
        fputs("\n    -o smtpd_tls_protocols=", stdout);
        print_protocols(&master);
        puts("\n    -o smtpd_tls_auth_only=yes");
    }
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
