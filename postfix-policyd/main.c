/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor-policyd: options, privileges, start. Whatever is wrong is told in
 * one line before the first connection is taken. Never forks: service
 * managers do that better.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <paths.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "confine.h"
#include "server.h"

#define IDENT "tlsfloor-policyd"
#define EXIT_ERROR 2

struct program {
    const char *directory;
    const char *user; /* NULL: not named */
    const char *listeners[TLSFLOOR_SOCKETS];
    size_t listeners_count;
    int to_stderr; /* -f */
    int on_stdin;  /* -s */
    struct tlsfloor_syslog *log;
    struct tlsfloor_sockets sockets;
    struct tlsfloor_policy *policy;
    struct stat identity;
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: tlsfloor-policyd [-S DIR] [-f] [-l LISTENER]... [-u USER]\n"
    "       tlsfloor-policyd -s [-S DIR] [-f] [-u USER]\n"
    "Keeps a floor under the TLS version of mail sessions: a Postfix policy service.\n"
    "\n"
    "  -S DIR         read the applied state there\n"
    "                 (default: " TLSFLOOR_STATEDIR ")\n"
    "  -l LISTENER    unix:PATH or inet:ADDR:PORT, inet:[ADDR]:PORT for IPv6;\n"
    "                 may be repeated (default: sockets of the service manager, or\n"
    "                 unix:" TLSFLOOR_POLICYD_SOCKET ")\n"
    "  -u USER        started as root, go on as this user (default: " TLSFLOOR_USER ")\n"
    "  -f             log to standard error, not to the system log\n"
    "  -s             one connection on standard input and output, for spawn(8)\n"
    "  -h, --help     print this and exit\n"
    "  -V, --version  print the version and exit\n"
    "\n"
    "It never forks: it stays in the foreground, as service managers want it.\n"
    "A newly applied policy is noticed within a second, on SIGHUP at once.\n"
    "SIGTERM answers what is in flight and ends it.\n";

/*
 * Says why it cannot start; -1. With -s that goes to the log, as spawn(8) has
 * connected standard error to Postfix.
 */
static int __attribute__((format(printf, 2, 3)))
fail(const struct program *program, const char *format, ...)
{
    char sentence[TLSFLOOR_ERROR_TEXT + 100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    if (program->on_stdin && program->log != NULL)
        tlsfloor_syslog_put(program->log, LOG_ERR, sentence);
    else
        fprintf(stderr, IDENT ": %s\n", sentence);
    return -1;
}

/* --- options --- */

static int
add_listener(struct program *program, const char *name)
{
    if (program->listeners_count == TLSFLOOR_SOCKETS)
        return fail(program, "more than %d times -l", TLSFLOOR_SOCKETS);
    program->listeners[program->listeners_count++] = name;
    return 0;
}

/* 0; -1: an error, which has been told; 1: there is no more to do. */
static int
take_option(struct program *program, int option)
{
    switch (option) {
    case 'S':
        program->directory = optarg;
        return 0;
    case 'l':
        return add_listener(program, optarg);
    case 'u':
        program->user = optarg;
        return 0;
    case 'f':
        program->to_stderr = 1;
        return 0;
    case 's':
        program->on_stdin = 1;
        return 0;
    case 'h':
        fputs(help, stdout);
        return 1;
    case 'V':
        printf(IDENT " " PACKAGE_VERSION " (%s)\n", tlsfloor_confine_filter);
        return 1;
    }
    return fail(program, "try --help"); /* getopt_long() has said what is wrong */
}

static int
take_options(struct program *program, int argc, char **argv)
{
    int option, result;

    while ((option = getopt_long(argc, argv, "S:l:u:fshV", long_options, NULL)) != -1) {
        result = take_option(program, option);
        if (result != 0)
            return result;
    }
    if (optind < argc)
        return fail(program, "%s: not an option; try --help", argv[optind]);
    if (program->on_stdin && program->listeners_count > 0)
        return fail(program, "-s and -l exclude each other");
    return 0;
}

/* --- start --- */

/* A descriptor that is opened later must not be taken for a standard one. */
static void
fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open(_PATH_DEVNULL, O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int
open_log(struct program *program)
{
    program->log = tlsfloor_syslog_open(program->to_stderr ? NULL : _PATH_LOG, IDENT, LOG_MAIL);
    return program->log == NULL ? fail(program, "no memory") : 0;
}

static int
load_policy(struct program *program)
{
    char error[TLSFLOOR_ERROR_TEXT];

    tlsfloor_policy_free(program->policy);
    program->policy = tlsfloor_state_load(program->directory, &program->identity, error);
    if (program->policy == NULL)
        return fail(program, "%s", error);
    tlsfloor_syslog_facility(program->log, program->policy->syslog_facility);
    return 0;
}

static int
open_sockets(struct program *program)
{
    char error[TLSFLOOR_SOCKETS_ERROR];

    if (program->on_stdin)
        return 0;
    if (tlsfloor_sockets_inherit(&program->sockets, error) != 0)
        return fail(program, "%s", error);
    if (program->listeners_count == 0 && program->sockets.count == 0)
        add_listener(program, "unix:" TLSFLOOR_POLICYD_SOCKET);
    for (size_t i = 0; i < program->listeners_count; i++) {
        if (tlsfloor_sockets_open(&program->sockets, program->listeners[i], error) != 0)
            return fail(program, "%s", error);
    }
    return 0;
}

/* --- privileges --- */

/* Whom to become. 1: user_r; 0: nobody else; -1: an error, which has been told. */
static int
find_user(const struct program *program, struct passwd *user_r)
{
    const char *name = program->user != NULL ? program->user : TLSFLOOR_USER;
    const struct passwd *user;

    if (geteuid() != 0 && program->user == NULL)
        return 0;
    user = getpwnam(name);
    if (user == NULL)
        return fail(program, "there is no user %s: add it, or name another with -u", name);
    if (geteuid() != 0 && user->pw_uid != geteuid())
        return fail(program, "-u %s: only root can become another user", name);
    *user_r = *user;
    return geteuid() == 0;
}

static int
become(const struct program *program, const struct passwd *user)
{
    tlsfloor_confine_bounds();
    if (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(program, "cannot become user %s: %s", user->pw_name, strerror(errno));
    if (user->pw_uid != 0 && setuid(0) == 0)
        return fail(program, "cannot give up the privileges of root");
    return 0;
}

/* Sockets are opened as root, but what is read later must be readable then. */
static int
start(struct program *program)
{
    struct passwd user;
    int change = find_user(program, &user);

    if (change < 0 || load_policy(program) != 0 || open_sockets(program) != 0)
        return -1;
    if (change == 0)
        return 0;
    return become(program, &user) == 0 ? load_policy(program) : -1;
}

/* --- run --- */

static int
attach(const struct program *program, struct tlsfloor_server *server)
{
    if (!program->on_stdin || tlsfloor_server_attach(server, STDIN_FILENO, STDOUT_FILENO) == 0)
        return 0;
    return fail(program, "standard input and output must be sockets, pipes or a terminal");
}

static int
confine(const struct program *program)
{
    char error[TLSFLOOR_CONFINE_ERROR];

    return tlsfloor_confine(error) == 0 ? 0 : fail(program, "%s", error);
}

static int
run(struct program *program)
{
    const struct tlsfloor_server_setup setup = {
        .directory = program->directory,
        .policy = program->policy,
        .identity = program->identity,
        .log = program->log,
        .sockets = &program->sockets,
    };
    struct tlsfloor_server *server = tlsfloor_server_new(&setup);
    int result;

    program->policy = NULL; /* the server's, which frees it even if it cannot be made */
    if (server == NULL)
        return fail(program, "no memory, or no event loop");
    result = attach(program, server) == 0 ? confine(program) : -1;
    if (result == 0 && !program->on_stdin) {
        tlsfloor_syslog_put(program->log, LOG_INFO, "version " PACKAGE_VERSION " is ready");
        tlsfloor_sockets_notify("READY=1");
    }
    if (result == 0 && tlsfloor_server_run(server) != 0)
        result = fail(program, "the event loop failed: %s", strerror(errno));
    tlsfloor_server_free(server);
    return result;
}

int
main(int argc, char **argv)
{
    struct program program = {.directory = TLSFLOOR_STATEDIR};
    int result = take_options(&program, argc, argv);

    if (result != 0)
        return result > 0 ? EXIT_SUCCESS : EXIT_ERROR;
    fill_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    result = open_log(&program);
    if (result == 0)
        result = start(&program);
    if (result == 0)
        result = run(&program);
    tlsfloor_sockets_close(&program.sockets);
    tlsfloor_policy_free(program.policy);
    tlsfloor_syslog_close(program.log);
    return result == 0 ? EXIT_SUCCESS : EXIT_ERROR;
}
