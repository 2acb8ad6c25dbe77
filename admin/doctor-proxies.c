/* SPDX-License-Identifier: MIT */
/*
 * proc(5): who has the socket that listens.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor-proxies.h"

#define LISTENING 0x0a /* TCP_LISTEN of the kernel */

static const char *const programs[] = {"haproxy", "nginx",   "stunnel4", "stunnel", "hitch",
                                       "envoy",   "traefik", "caddy",    "pound",   "sslh"};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static const unsigned ports[] = {993, 143, 995, 110, 4190, 465, 587};
#define PORTS (sizeof(ports) / sizeof(ports[0]))

#define SOCKETS 64

/* Sockets that listen on the ports of mail. */
struct listeners {
    struct {
        unsigned port;
        unsigned long inode;
    } items[SOCKETS];
    size_t count;
};

static int
is_mail(unsigned port)
{
    for (size_t i = 0; i < PORTS; i++) {
        if (ports[i] == port)
            return 1;
    }
    return 0;
}

static void
read_table(const char *path, struct listeners *listeners)
{
    FILE *file = fopen(path, "re");
    char line[512];
    unsigned port, state;
    unsigned long inode;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL && listeners->count < SOCKETS) {
        if (sscanf(line, " %*[0-9]: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %lu", &port,
                   &state, &inode) != 3 ||
            state != LISTENING || !is_mail(port))
            continue;
        listeners->items[listeners->count].port = port;
        listeners->items[listeners->count++].inode = inode;
    }
    if (file != NULL)
        fclose(file);
}

/* The program of a process if it is one of the table, or NULL. */
static const char *
program_of(const char *pid)
{
    char path[64], name[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    if (fgets(name, sizeof(name), file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
    for (size_t i = 0; i < PROGRAMS; i++) {
        if (strcmp(programs[i], name) == 0)
            return programs[i];
    }
    return NULL;
}

/* The port of a listener that the process has, or 0. */
static unsigned
port_of(const char *pid, const struct listeners *listeners)
{
    char path[64], link[300], target[64];
    const struct dirent *entry;
    unsigned port = 0;
    unsigned long inode;
    ssize_t size;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    folder = opendir(path);
    while (folder != NULL && port == 0 && (entry = readdir(folder)) != NULL) {
        snprintf(link, sizeof(link), "%s/%.200s", path, entry->d_name);
        size = readlink(link, target, sizeof(target) - 1);
        target[size < 0 ? 0 : size] = '\0';
        for (size_t i = 0; i < listeners->count; i++) {
            if (sscanf(target, "socket:[%lu]", &inode) == 1 && inode == listeners->items[i].inode)
                port = listeners->items[i].port;
        }
    }
    if (folder != NULL)
        closedir(folder);
    return port;
}

size_t
doctor_proxies_find(struct doctor_proxy proxies_r[DOCTOR_PROXIES])
{
    struct listeners listeners = {.count = 0};
    const struct dirent *entry;
    size_t count = 0;
    DIR *processes;

    read_table("/proc/net/tcp", &listeners);
    read_table("/proc/net/tcp6", &listeners);
    processes = listeners.count == 0 ? NULL : opendir("/proc");
    while (processes != NULL && count < DOCTOR_PROXIES && (entry = readdir(processes)) != NULL) {
        const char *program =
            entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? program_of(entry->d_name) : NULL;
        unsigned port = program == NULL ? 0 : port_of(entry->d_name, &listeners);

        if (port == 0)
            continue;
        proxies_r[count].port = port;
        snprintf(proxies_r[count++].program, sizeof(proxies_r[0].program), "%s", program);
    }
    if (processes != NULL)
        closedir(processes);
    return count;
}
