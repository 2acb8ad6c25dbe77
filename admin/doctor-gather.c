/* SPDX-License-Identifier: MIT */
/*
 * Settings come from the programs that read them, never from their files.
 */
#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "doctor-dovecot.h"
#include "doctor-elf.h"
#include "doctor-gather.h"
#include "doctor-openssl.h"
#include "doctor-proxies.h"
#include "doctor-restrictions.h"
#include "envelope-file.h"
#include "state.h"

#define NOT_LOOKED_AT "none"
#define SYSTEM_LOG "/dev/log"

/* --- the applied state --- */

static void
take_exceptions(const char *state, struct doctor_facts *facts)
{
    struct tlsfloor_envelope envelope;
    int fd = tlsfloor_envelope_open(state);
    int readable = tlsfloor_envelope_read(fd, &envelope) == 0;

    if (fd >= 0)
        close(fd);
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
        facts->oldest[i] = TLSFLOOR_TLS_NEWER;
    for (size_t i = 0; readable && i < envelope.count; i++) {
        const struct tlsfloor_envelope_row *row = &envelope.rows[i];

        for (size_t service = 0; service < TLSFLOOR_SERVICES && row->until > facts->now;
             service++) {
            if ((row->services & (1U << service)) == 0)
                continue;
            if (row->allow == TLSFLOOR_TLS_CLEARTEXT)
                facts->cleartext[service] = 1;
            else if (row->allow < facts->oldest[service])
                facts->oldest[service] = row->allow;
        }
    }
}

/* The group that may read the exceptions, unless everybody may. */
static void
take_readers(const char *state, char readers_r[64])
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct stat status;
    const struct group *group;

    if (tlsfloor_state_path(state, TLSFLOOR_STATE_SNAPSHOT, path, error) != 0 ||
        stat(path, &status) != 0 || (status.st_mode & S_IROTH) != 0)
        return;
    group = getgrgid(status.st_gid);
    snprintf(readers_r, 64, "%s", group == NULL ? "unknown" : group->gr_name);
}

/* --- Dovecot --- */

/* "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf" */
static void
take_head(const char *text, struct doctor_dovecot *dovecot)
{
    const char *colon = strchr(text, ':');

    if (strncmp(text, "# ", 2) != 0 || colon == NULL || colon[1] != ' ')
        return;
    snprintf(dovecot->version, sizeof(dovecot->version), "%.*s", (int)strcspn(text + 2, " \n"),
             text + 2);
    snprintf(dovecot->conf, sizeof(dovecot->conf), "%.*s", (int)strcspn(colon + 2, "\n"),
             colon + 2);
}

/* The file of a module of that name in Dovecot's sense: [lib][NN_]NAME.so. 1, or 0: none. */
static int
find_module(const char *directory, const char *name, char path_r[TLSFLOOR_PATH])
{
    DIR *folder = directory == NULL ? NULL : opendir(directory);
    const struct dirent *entry;
    int found = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL && !found) {
        size_t size = strlen(entry->d_name), end = strlen(name);

        found = size >= end && strcmp(entry->d_name + size - end, name) == 0 &&
                strspn(entry->d_name, "lib0123456789_") == size - end;
        if (found)
            snprintf(path_r, TLSFLOOR_PATH, "%.500s/%.255s", directory, entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

/* A module names the build-ids of the files that it was built with. */
static void
compare_builds(const char *module, const char *const files[2], char stale_r[64])
{
    char id[ELF_ID];

    for (size_t i = 0; i < 2 && stale_r[0] == '\0'; i++) {
        if (elf_build_id(files[i], id) == 0 && !elf_mentions(module, id))
            snprintf(stale_r, 64, "%s", strrchr(files[i], '/') + 1);
    }
}

/* Passdbs are in the folder auth beside the folder login, and nowhere else. */
static void
take_passdb(const char *directory, struct doctor_dovecot *dovecot)
{
    static const char login[] = "/login";
    static const char *const files[2] = {DOVECOT_LIBDIR "/libdovecot.so.0",
                                         DOVECOT_LIBEXECDIR "/auth"};
    size_t size = directory == NULL ? 0 : strlen(directory), end = sizeof(login) - 1;
    char path[TLSFLOOR_PATH];

    if (size < end || strcmp(directory + size - end, login) != 0)
        return;
    snprintf(path, sizeof(path), "%.*s/auth/libauthdb_tlsfloor.so", (int)(size - end), directory);
    dovecot->passdb_missing = access(path, F_OK) != 0;
    if (!dovecot->passdb_missing)
        compare_builds(path, files, dovecot->stale_passdb);
}

static void
take_module(struct doctor_dovecot *dovecot)
{
    static const char *const files[2] = {DOVECOT_LIBDIR "/libdovecot.so.0",
                                         DOVECOT_LIBDIR "/libdovecot-login.so.0"};
    const char *directory = settings_get(&dovecot->settings, SETTINGS_TOP, "login_plugin_dir");
    char path[TLSFLOOR_PATH];
    int loaded = 0;

    for (size_t i = 0; i < DOVECOT_SERVICES; i++)
        loaded |= dovecot_has(dovecot, &dovecot_services[i]) &&
                  dovecot_loads_plugin(dovecot, &dovecot_services[i]);
    take_passdb(directory, dovecot);
    if (!loaded)
        return;
    if (find_module(directory, "tlsfloor.so", path))
        compare_builds(path, files, dovecot->stale);
    else
        dovecot->module_missing = 1;
}

/* 1: looked at; 0: not there, or not to be looked at; -1 with a sentence. */
static int
run(char *const argv[], const char *option, const char *given, char **text_r,
    char error[TLSFLOOR_ERROR_TEXT])
{
    size_t size;
    int found;

    if (given != NULL && strcmp(given, NOT_LOOKED_AT) == 0)
        return 0;
    found = child_run(argv, text_r, error);
    if (found < 0 && given == NULL) {
        size = strlen(error);
        snprintf(error + size, TLSFLOOR_ERROR_TEXT - size, " (%s none leaves it out)", option);
    }
    return found == 0 && given != NULL ? -1 : found;
}

static int
gather_dovecot(const struct invocation *invocation, struct doctor_gathered *gathered,
               char error[TLSFLOOR_ERROR_TEXT])
{
    struct doctor_dovecot *dovecot = &gathered->facts.dovecot;
    const char *given = invocation->dovecot_config;
    char *const argv[] = {"doveconf", "-a", given == NULL ? NULL : "-c", (char *)given, NULL};
    int found = run(argv, "--dovecot-config", given, &gathered->texts[0], error);

    if (found != 1)
        return found;
    take_head(gathered->texts[0], dovecot);
    if (dovecot->version[0] == '\0') {
        snprintf(error, TLSFLOOR_ERROR_TEXT, "doveconf: does not say of which Dovecot it is");
        return -1;
    }
    if (settings_parse(&dovecot->settings, gathered->texts[0]) != 0) {
        snprintf(error, TLSFLOOR_ERROR_TEXT, "no memory for Dovecot's settings");
        return -1;
    }
    dovecot->there = 1;
    take_module(dovecot);
    take_readers(invocation->state, dovecot->readers);
    return 1;
}

/* --- Postfix --- */

static void
take_file(const char *path, struct doctor_file *file_r)
{
    char folder[TLSFLOOR_PATH], *slash;
    struct stat status;

    memset(file_r, 0, sizeof(*file_r));
    snprintf(file_r->path, sizeof(file_r->path), "%s", path);
    snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL || stat(path, &status) != 0)
        return;
    *slash = '\0';
    file_r->there = 1;
    file_r->is_socket = S_ISSOCK(status.st_mode);
    file_r->mode = status.st_mode & 07777;
    file_r->user = status.st_uid;
    file_r->group = status.st_gid;
    if (stat(folder, &status) != 0)
        return;
    file_r->folder_mode = status.st_mode & 07777;
    file_r->folder_user = status.st_uid;
    file_r->folder_group = status.st_gid;
}

static void
add_socket(struct doctor_postfix *postfix, const char *path)
{
    const char *queue = settings_get(&postfix->settings, SETTINGS_TOP, "queue_directory");
    char whole[TLSFLOOR_PATH];

    snprintf(whole, sizeof(whole), "%s%s%.500s", path[0] == '/' || queue == NULL ? "" : queue,
             path[0] == '/' ? "" : "/", path);
    for (size_t i = 0; i < postfix->socket_count; i++) {
        if (strcmp(postfix->sockets[i].path, whole) == 0)
            return;
    }
    if (postfix->socket_count < DOCTOR_SOCKETS)
        take_file(whole, &postfix->sockets[postfix->socket_count++]);
}

/* Of every policy service of ours that some service asks. */
static void
take_sockets(struct doctor_postfix *postfix)
{
    static const char end[] = "_restrictions";
    char path[TLSFLOOR_PATH];

    for (size_t i = 0; i < postfix->settings.count; i++) {
        const struct setting *setting = &postfix->settings.items[i];
        size_t size = strlen(setting->name);

        if (strstr(setting->name, "smtpd_") != NULL && size >= sizeof(end) &&
            strcmp(setting->name + size - (sizeof(end) - 1), end) == 0 &&
            restrictions_policy_path(setting->value, path))
            add_socket(postfix, path);
    }
}

/* Runs postconf with one option and adds what it prints. */
static int
ask_postconf(const char *given, const char *option, struct settings *settings, char **text_r,
             char error[TLSFLOOR_ERROR_TEXT])
{
    char *const argv[] = {"postconf", (char *)option, given == NULL ? NULL : "-c", (char *)given,
                          NULL};
    int found = run(argv, "--postfix-config", given, text_r, error);

    if (found == 1 && settings_parse(settings, *text_r) != 0) {
        snprintf(error, TLSFLOOR_ERROR_TEXT, "no memory for Postfix's settings");
        return -1;
    }
    return found;
}

static void
take_postfix(struct doctor_postfix *postfix)
{
    const char *version = settings_get(&postfix->settings, SETTINGS_TOP, "mail_version");
    const char *conf = settings_get(&postfix->settings, SETTINGS_TOP, "config_directory");
    const char *owner = settings_get(&postfix->settings, SETTINGS_TOP, "mail_owner");
    const struct passwd *user = owner == NULL ? NULL : getpwnam(owner);

    postfix->there = 1;
    snprintf(postfix->version, sizeof(postfix->version), "%s", version == NULL ? "" : version);
    snprintf(postfix->conf, sizeof(postfix->conf), "%s", conf == NULL ? "" : conf);
    if (user != NULL) {
        postfix->user = user->pw_uid;
        postfix->group = user->pw_gid;
    }
    take_sockets(postfix);
}

static int
gather_postfix(const struct invocation *invocation, struct doctor_gathered *gathered,
               char error[TLSFLOOR_ERROR_TEXT])
{
    static const char *const options[] = {"-x", "-xP", "-F"};
    struct doctor_postfix *postfix = &gathered->facts.postfix;
    int found = 1;

    for (size_t i = 0; i < 3 && found == 1; i++)
        found = ask_postconf(invocation->postfix_config, options[i], &postfix->settings,
                             &gathered->texts[1 + i], error);
    if (found == 1)
        take_postfix(postfix);
    return found;
}

int
doctor_gather(const struct invocation *invocation, struct doctor_gathered *gathered_r,
              char policy_error[TLSFLOOR_ERROR_TEXT], char error[TLSFLOOR_ERROR_TEXT])
{
    struct doctor_facts *facts = &gathered_r->facts;

    memset(gathered_r, 0, sizeof(*gathered_r));
    policy_error[0] = '\0';
    facts->now = time(NULL);
    gathered_r->policy = tlsfloor_state_load(invocation->state, NULL, policy_error);
    facts->policy = gathered_r->policy;
    take_exceptions(invocation->state, facts);
    if (gather_dovecot(invocation, gathered_r, error) < 0 ||
        gather_postfix(invocation, gathered_r, error) < 0)
        return -1;
    facts->proxy_count = doctor_proxies_find(facts->proxies);
    doctor_openssl_get(&facts->openssl);
    facts->system_log = access(SYSTEM_LOG, F_OK) == 0;
    if (facts->dovecot.there || facts->postfix.there)
        return 0;
    snprintf(error, TLSFLOOR_ERROR_TEXT, "neither Dovecot nor Postfix is to be found here");
    return -1;
}

void
doctor_gathered_free(struct doctor_gathered *gathered)
{
    settings_free(&gathered->facts.dovecot.settings);
    settings_free(&gathered->facts.postfix.settings);
    tlsfloor_policy_free(gathered->policy);
    for (size_t i = 0; i < 4; i++)
        free(gathered->texts[i]);
}
