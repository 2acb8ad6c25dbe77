/* SPDX-License-Identifier: MIT */
/*
 * What postconf prints of the services of master.cf: their parameters are their
 * own, or those of main.cf.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-postfix.h"

#define INET "/inet/"

const char *const postfix_lists[POSTFIX_LISTS] = {
    "smtpd_client_restrictions", "smtpd_helo_restrictions",      "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",  "smtpd_recipient_restrictions", "smtpd_data_restrictions",
};

int
postfix_next(const struct doctor_postfix *postfix, size_t *at, char name_r[POSTFIX_NAME])
{
    static const char command[] = INET "command";

    while (postfix->there && *at < postfix->settings.count) {
        const struct setting *setting = &postfix->settings.items[(*at)++];
        size_t size = strlen(setting->name);

        if (setting->value == NULL || size < sizeof(command) || size >= POSTFIX_NAME ||
            strcmp(setting->name + size - (sizeof(command) - 1), command) != 0 ||
            strncmp(setting->value, "smtpd", 5) != 0 ||
            (setting->value[5] != '\0' && setting->value[5] != ' '))
            continue;
        snprintf(name_r, POSTFIX_NAME, "%.*s", (int)(size - strlen("command")), setting->name);
        return 1;
    }
    return 0;
}

const char *
postfix_get(const struct doctor_postfix *postfix, const char *service, const char *name)
{
    char own[2 * POSTFIX_NAME];
    const char *value;

    snprintf(own, sizeof(own), "%s%s", service, name);
    value = settings_get(&postfix->settings, SETTINGS_TOP, own);
    return value == NULL ? settings_get(&postfix->settings, SETTINGS_TOP, name) : value;
}

const char *
postfix_title(const char *service, char name_r[POSTFIX_NAME])
{
    snprintf(name_r, POSTFIX_NAME, "%.*s", (int)(strlen(service) - strlen(INET)), service);
    return name_r;
}

unsigned
postfix_port(const char *service)
{
    static const struct {
        const char *name;
        unsigned port;
    } names[] = {{"submission", 587}, {"submissions", 465}, {"smtps", 465}, {"smtp", 25}};
    char port[POSTFIX_NAME];
    const char *colon;

    postfix_title(service, port);
    colon = strrchr(port, ':');
    colon = colon == NULL ? port : colon + 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, colon) == 0)
            return names[i].port;
    }
    return (unsigned)atoi(colon);
}

int
postfix_offers_logins(const struct doctor_postfix *postfix, const char *service)
{
    return settings_is_yes(postfix_get(postfix, service, "smtpd_sasl_auth_enable"));
}

int
postfix_next_with_logins(const struct doctor_postfix *postfix, size_t *at,
                         char name_r[POSTFIX_NAME])
{
    while (postfix_next(postfix, at, name_r)) {
        if (postfix_offers_logins(postfix, name_r))
            return 1;
    }
    return 0;
}

void
postfix_find(struct finding *finding, const struct doctor_postfix *postfix, const char *service,
             const char *setting)
{
    char name[POSTFIX_NAME];

    find_who(finding, "Postfix", postfix_title(service, name));
    if (setting != NULL)
        find_where(finding, "%s/master.cf: %s", postfix->conf, setting);
}
