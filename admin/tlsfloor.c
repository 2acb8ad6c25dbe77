/* SPDX-License-Identifier: MIT */
/*
 * The command line of tlsfloor: a table of commands and one of options. Every
 * option that a command does not know is an error.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlsfloor.h"

/* As many arguments as there may be. */
#define FILES 65536

static const struct {
    const char *name;
    int (*run)(const struct invocation *invocation);
    const char *options; /* letters of the option table */
    int arguments;       /* how many may follow the options */
    const char *usage;
    const char *help;
} commands[] = {
    {"check", command_check, "cS", 0, "", "read configuration, exceptions and state; report"},
    {"apply", command_apply, "cS", 0, "", "check, then put the configuration in force"},
    {"show", command_show, "cSd", 0, "[-d]", "the policy in effect; -d: with defaults"},
    {"decide", command_decide, "cSjsuUiItCa", 0,
     "--service S [--user U | --no-user] --client IP --tls V --cipher C\n"
     "            [--connection IP] [--at TIME] [--json]",
     "how one session would be judged, and why"},
    {"exception", command_exception, "cSjxErf", 9,
     "add WHO allow=VERSION until=DATE [service=LIST] [from=LIST]\n"
     "                 [ciphers=any] [note=TEXT]\n"
     "            remove WHO\n"
     "            list [--expired] [--expiring DAYS] [--json]\n"
     "            show WHO [--json]\n"
     "            import FILE|- [--replace [--force]]\n"
     "            export",
     "who may use old TLS: edit the list, and put it in force"},
    {"doctor", command_doctor, "cSjOPl", 0,
     "[--dovecot-config FILE | none] [--postfix-config DIR | none]\n"
     "            [--live] [--json]",
     "what of Dovecot's and Postfix's set-up defeats the policy"},
    {"probe", command_probe, "jkAno", 1,
     "HOST[:PORT] [--starttls PROTOCOL] [--ca FILE] [--name NAME]\n"
     "            [--timeout SECONDS] [--json]",
     "what a mail server offers to mail programs, old ones too"},
    {"report", command_report, "cSjwaYJbvHLepm", FILES,
     "[--since TIME] [--at TIME] [--year YEAR] [--mask]\n"
     "            [--by service|version|cipher|network|day] [--csv | --json | --html | --users\n"
     "            | --exceptions until=DATE | --password-changes] [--journal | FILE ...]",
     "who is below the floor, from logs; what would break today"},
    {"retire", command_retire, "cSaYJDTj", FILES,
     "[--days DAYS] [--at TIME] [--year YEAR] [--ignore-trusted]\n"
     "            [--json] [--journal | FILE ...]",
     "may the servers refuse old TLS in the handshake? from logs"},
    {"ciphers", command_ciphers, "j", 1, "[--json] [NAME]", "how cipher suites are judged"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {"service", required_argument, NULL, 's'},
    {"user", required_argument, NULL, 'u'},
    {"no-user", no_argument, NULL, 'U'},
    {"client", required_argument, NULL, 'i'},
    {"connection", required_argument, NULL, 'I'},
    {"tls", required_argument, NULL, 't'},
    {"cipher", required_argument, NULL, 'C'},
    {"at", required_argument, NULL, 'a'},
    {"expired", no_argument, NULL, 'x'},
    {"expiring", required_argument, NULL, 'E'},
    {"replace", no_argument, NULL, 'r'},
    {"force", no_argument, NULL, 'f'},
    {"starttls", required_argument, NULL, 'k'},
    {"ca", required_argument, NULL, 'A'},
    {"dovecot-config", required_argument, NULL, 'O'},
    {"postfix-config", required_argument, NULL, 'P'},
    {"live", no_argument, NULL, 'l'},
    {"name", required_argument, NULL, 'n'},
    {"timeout", required_argument, NULL, 'o'},
    {"since", required_argument, NULL, 'w'},
    {"year", required_argument, NULL, 'Y'},
    {"journal", no_argument, NULL, 'J'},
    {"by", required_argument, NULL, 'b'},
    {"csv", no_argument, NULL, 'v'},
    {"html", no_argument, NULL, 'H'},
    {"users", no_argument, NULL, 'L'},
    {"exceptions", required_argument, NULL, 'e'},
    {"password-changes", no_argument, NULL, 'p'},
    {"days", required_argument, NULL, 'D'},
    {"ignore-trusted", no_argument, NULL, 'T'},
    {"mask", no_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static void
print_help(void)
{
    puts("usage: tlsfloor [-c FILE] [-S DIR] COMMAND [OPTION ...]\n\n"
         "Keeps a floor under the TLS version and cipher of mail sessions.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-9s %s%s%s\n", commands[i].name, commands[i].usage,
               commands[i].usage[0] == '\0' ? "" : "\n            ", commands[i].help);
    puts("\n  -c FILE    configuration [" TLSFLOOR_SYSCONFDIR "/tlsfloor.conf]\n"
         "  -S DIR     applied state [" TLSFLOOR_STATEDIR "]\n"
         "  --json     output for programs\n"
         "  --help     this text\n"
         "  --version  the version\n\n"
         "See tlsfloor(8), tlsfloor.conf(5), tlsfloor-exceptions(5).");
}

static int
usage_error(const char *what, const char *name)
{
    fprintf(stderr, "tlsfloor: %s%s: see tlsfloor --help\n", what, name);
    return EXIT_ERROR;
}

/* Where the argument of an option goes, or NULL: it takes none. */
static const char **
find_argument(struct invocation *invocation, int letter)
{
    const struct {
        int letter;
        const char **argument;
    } arguments[] = {
        {'c', &invocation->conf},
        {'S', &invocation->state},
        {'s', &invocation->service},
        {'u', &invocation->user},
        {'i', &invocation->client},
        {'I', &invocation->connection},
        {'t', &invocation->tls},
        {'C', &invocation->cipher},
        {'a', &invocation->at},
        {'w', &invocation->since},
        {'E', &invocation->expiring},
        {'Y', &invocation->year},
        {'b', &invocation->by},
        {'e', &invocation->exceptions},
        {'D', &invocation->days},
        {'k', &invocation->starttls},
        {'A', &invocation->ca},
        {'n', &invocation->name},
        {'o', &invocation->timeout},
        {'O', &invocation->dovecot_config},
        {'P', &invocation->postfix_config},
    };

    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        if (arguments[i].letter == letter)
            return arguments[i].argument;
    }
    return NULL;
}

/* The flag of an option that takes no argument, or NULL: there is none. */
static int *
find_flag(struct invocation *invocation, int letter)
{
    const struct {
        int letter;
        int *flag;
    } flags[] = {
        {'d', &invocation->defaults},       {'j', &invocation->json},
        {'U', &invocation->no_user},        {'x', &invocation->expired},
        {'r', &invocation->replace},        {'f', &invocation->force},
        {'J', &invocation->journal},        {'v', &invocation->csv},
        {'H', &invocation->html},           {'L', &invocation->users},
        {'m', &invocation->mask},           {'p', &invocation->password_changes},
        {'T', &invocation->ignore_trusted}, {'l', &invocation->live},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].letter == letter)
            return flags[i].flag;
    }
    return NULL;
}

/* Takes one option into the invocation; 0, or -1: not an option. */
static int
take_option(struct invocation *invocation, int letter)
{
    const char **argument = find_argument(invocation, letter);
    int *flag = find_flag(invocation, letter);

    if (argument != NULL)
        *argument = optarg;
    if (flag != NULL)
        *flag = 1;
    if (letter == 'c')
        invocation->conf_given = 1;
    return argument != NULL || flag != NULL ? 0 : -1;
}

static size_t
find_command(const char *name)
{
    size_t i = 0;

    while (i < COMMANDS && strcmp(commands[i].name, name) != 0)
        i++;
    return i;
}

/* -d, or --json: as the user has to write it. */
static const char *
option_name(char letter, char text_r[24])
{
    snprintf(text_r, 24, "-%c", letter);
    for (const struct option *option = options; option->name != NULL; option++) {
        if (option->val == letter)
            snprintf(text_r, 24, "--%s", option->name);
    }
    return text_r;
}

static int
run_command(struct invocation *invocation, const char *given)
{
    const char *name = invocation->argv[0];
    size_t command = find_command(name);
    char option[24], what[64];

    if (command == COMMANDS)
        return usage_error("unknown command ", name);
    for (; *given != '\0'; given++) {
        if (strchr(commands[command].options, *given) == NULL) {
            snprintf(what, sizeof(what), "%s takes no ", name);
            return usage_error(what, option_name(*given, option));
        }
    }
    invocation->argc--;
    invocation->argv++;
    if (invocation->argc > commands[command].arguments)
        return usage_error("too many arguments: ", invocation->argv[commands[command].arguments]);
    return commands[command].run(invocation);
}

int
main(int argc, char **argv)
{
    struct invocation invocation = {
        .conf = TLSFLOOR_SYSCONFDIR "/tlsfloor.conf",
        .state = TLSFLOOR_STATEDIR,
    };
    char given[64] = "";
    int letter, status;

    while ((letter = getopt_long(argc, argv, "c:S:dhV", options, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return EXIT_OK;
        }
        if (letter == 'V') {
            puts("tlsfloor " PACKAGE_VERSION);
            return EXIT_OK;
        }
        if (take_option(&invocation, letter) != 0)
            return usage_error("bad option", "");
        if (strchr(given, letter) == NULL)
            given[strlen(given)] = (char)letter;
    }
    invocation.argc = argc - optind;
    invocation.argv = argv + optind;
    if (invocation.argc == 0)
        return usage_error("no command", "");
    status = run_command(&invocation, given);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("tlsfloor: standard output");
        return EXIT_ERROR;
    }
    return status;
}
