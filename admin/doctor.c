/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor doctor: what of the set-up of Dovecot and Postfix defeats the
 * policy, and the line that mends it. Changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-gather.h"
#include "doctor-live.h"
#include "json-values.h"
#include "site.h"

struct examination {
    struct doctor_gathered gathered;
    struct findings findings;
    struct doctor_proofs proofs;
};

/* --- what check has to say --- */

static void
take_problem(void *context, enum tlsfloor_severity severity, const char *file, unsigned line,
             const char *sentence)
{
    struct findings *findings = context;
    struct finding *finding = find(
        findings, severity == TLSFLOOR_WARNING ? FINDING_WARNING : FINDING_ERROR, "%s", sentence);

    if (line != 0)
        find_where(finding, "%s:%u", file, line);
    else if (file != NULL)
        find_where(finding, "%s", file);
}

static void
check_files(const struct invocation *invocation, const char *policy_error,
            struct findings *findings)
{
    struct report report = {.tell = take_problem, .context = findings};

    findings->check = "state";
    if (policy_error[0] != '\0') {
        find_mend(find(findings, FINDING_ERROR, "%s", policy_error), "tlsfloor apply");
        return;
    }
    check_site(invocation, &report);
}

/* --- output --- */

/* Lines of a block stand below each other. */
static void
print_lines(const char *text)
{
    for (; *text != '\0'; text++) {
        putchar(*text);
        if (*text == '\n')
            fputs("         ", stdout);
    }
    putchar('\n');
}

static void
print_finding(const struct finding *finding)
{
    printf("%s: %s%s%s\n", finding_severity_name(finding->severity), finding->who,
           finding->who[0] == '\0' ? "" : ": ", finding->what);
    if (finding->where[0] != '\0')
        printf("  where: %s\n", finding->where);
    if (finding->mend[0] != '\0') {
        fputs("  mend:  ", stdout);
        print_lines(finding->mend);
    }
    putchar('\n');
}

static void
print_summary(const struct examination *examination)
{
    const struct doctor_dovecot *dovecot = &examination->gathered.facts.dovecot;
    const struct doctor_postfix *postfix = &examination->gathered.facts.postfix;
    const struct findings *findings = &examination->findings;

    for (size_t i = 0; i < examination->proofs.count; i++)
        printf("proved: %s\n", examination->proofs.items[i]);
    if (examination->proofs.count > 0)
        putchar('\n');
    if (dovecot->there)
        printf("looked at Dovecot %s (%s)\n", dovecot->version, dovecot->conf);
    if (postfix->there)
        printf("looked at Postfix %s (%s)\n", postfix->version, postfix->conf);
    printf("errors: %zu, warnings: %zu, notes: %zu\n", findings_count(findings, FINDING_ERROR),
           findings_count(findings, FINDING_WARNING), findings_count(findings, FINDING_NOTE));
    if (findings->lost > 0)
        printf("and %zu more, for which there was no room\n", findings->lost);
}

static json_t *
json_program(int there, const char *version, const char *conf)
{
    return there ? json_pack("{s:s, s:s}", "version", version, "config", conf) : json_null();
}

static json_t *
json_findings(const struct findings *findings)
{
    json_t *list = json_array();
    int failed = 0;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];

        failed |= json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:s, s:o, s:o}", "check", finding->check, "severity",
                            finding_severity_name(finding->severity), "who",
                            json_text(finding->who), "what", finding->what, "where",
                            json_text(finding->where), "mend", json_text(finding->mend)));
    }
    if (failed) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static int
print_json(const struct examination *examination)
{
    const struct doctor_facts *facts = &examination->gathered.facts;
    json_t *proofs = json_array(), *root;

    for (size_t i = 0; i < examination->proofs.count; i++)
        json_array_append_new(proofs, json_string(examination->proofs.items[i]));
    root = json_pack(
        "{s:o, s:o, s:o, s:o}", "findings", json_findings(&examination->findings), "proved", proofs,
        "dovecot", json_program(facts->dovecot.there, facts->dovecot.version, facts->dovecot.conf),
        "postfix", json_program(facts->postfix.there, facts->postfix.version, facts->postfix.conf));
    return json_print(root);
}

static int
print(const struct invocation *invocation, const struct examination *examination)
{
    if (invocation->json)
        return print_json(examination);
    for (size_t i = 0; i < examination->findings.count; i++)
        print_finding(&examination->findings.items[i]);
    print_summary(examination);
    return 0;
}

/* --- the command --- */

static int
fail(const char *sentence)
{
    fprintf(stderr, "error: doctor: %s\n", sentence);
    return EXIT_ERROR;
}

static int
examine(const struct invocation *invocation, struct examination *examination)
{
    char policy_error[TLSFLOOR_ERROR_TEXT], error[TLSFLOOR_ERROR_TEXT];
    struct findings *findings = &examination->findings;

    if (doctor_gather(invocation, &examination->gathered, policy_error, error) != 0)
        return fail(error);
    check_files(invocation, policy_error, findings);
    if (invocation->live)
        doctor_prove(&examination->gathered.facts, findings, &examination->proofs);
    doctor_check(&examination->gathered.facts, findings);
    if (print(invocation, examination) != 0)
        return fail("no memory to print what was found");
    if (findings_count(findings, FINDING_ERROR) > 0)
        return EXIT_ERROR;
    return findings_count(findings, FINDING_WARNING) > 0 ? EXIT_WARNINGS : EXIT_OK;
}

int
command_doctor(const struct invocation *invocation)
{
    struct examination *examination = calloc(1, sizeof(*examination));
    int status;

    if (examination == NULL)
        return fail("no memory");
    status = examine(invocation, examination);
    doctor_gathered_free(&examination->gathered);
    free(examination);
    return status;
}
