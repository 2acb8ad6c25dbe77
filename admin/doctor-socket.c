/* SPDX-License-Identifier: MIT */
/*
 * Can Postfix reach the socket of the policy service?
 */
#include <string.h>

#include "doctor-postfix.h"
#include "doctor-restrictions.h"

/* 1 if smtpd, which has no groups but its own, may use this: mode bit 1 search, 2 write. */
static int
may(const struct doctor_postfix *postfix, unsigned mode, unsigned user, unsigned group,
    unsigned bit)
{
    if (user == postfix->user)
        return (mode >> 6 & bit) != 0;
    return ((group == postfix->group ? mode >> 3 : mode) & bit) != 0;
}

static const char *
socket_fault(const struct doctor_postfix *postfix, const struct doctor_file *socket)
{
    if (!socket->there)
        return "is not there";
    if (!socket->is_socket)
        return "is no socket";
    if (!may(postfix, socket->folder_mode, socket->folder_user, socket->folder_group, 1))
        return "is in a folder that Postfix may not enter";
    if (!may(postfix, socket->mode, socket->user, socket->group, 2))
        return "may not be written to by Postfix";
    return NULL;
}

/* Debian's smtpd is chrooted to the queue, and finds nothing outside of it. */
static void
check_chroot(const struct doctor_postfix *postfix, const char *service, struct findings *findings)
{
    const char *chroot = postfix_get(postfix, service, "chroot");
    const char *queue = settings_get(&postfix->settings, SETTINGS_TOP, "queue_directory");
    char path[TLSFLOOR_PATH];
    struct finding *finding;

    for (int list = 0; list < POSTFIX_LISTS; list++) {
        if (!restrictions_policy_path(postfix_get(postfix, service, postfix_lists[list]), path) ||
            path[0] != '/' || queue == NULL || chroot == NULL || strcmp(chroot, "y") != 0)
            continue;
        finding = find(findings, FINDING_ERROR,
                       "is chrooted to %s, where there is no %s: everybody is put "
                       "off",
                       queue, path);
        postfix_find(finding, postfix, service, postfix_lists[list]);
        find_mend(finding, "unix:tlsfloor/policy, which is relative to the queue directory");
        return;
    }
}

void
doctor_check_socket(const struct doctor_facts *facts, struct findings *findings)
{
    const struct doctor_postfix *postfix = &facts->postfix;
    char service[POSTFIX_NAME];
    struct finding *finding;

    for (size_t i = 0; i < postfix->socket_count; i++) {
        const char *fault = socket_fault(postfix, &postfix->sockets[i]);

        if (fault == NULL)
            continue;
        finding = find(findings, FINDING_ERROR,
                       "the socket of tlsfloor-policyd %s: everybody is put off", fault);
        find_where(finding, "%s", postfix->sockets[i].path);
        find_mend(finding, postfix->sockets[i].there
                               ? "systemd-tmpfiles --create: folder root:postfix 0750, socket "
                                 "root:postfix 0660"
                               : "systemctl enable --now tlsfloor-policyd.socket");
    }
    for (size_t at = 0; postfix_next(postfix, &at, service);)
        check_chroot(postfix, service, findings);
}
