/* SPDX-License-Identifier: MIT */
/*
 * Postfix's services as master.cf and main.cf make them, and the checks of
 * them. A service is named as postconf -F does: "submission/inet/".
 */
#ifndef TLSFLOOR_DOCTOR_POSTFIX_H
#define TLSFLOOR_DOCTOR_POSTFIX_H

#include "doctor-facts.h"

/* The next service of smtpd from index *at on: its prefix "NAME/inet/" into name_r, or 0: none. */
#define POSTFIX_NAME 128
int postfix_next(const struct doctor_postfix *postfix, size_t *at, char name_r[POSTFIX_NAME]);
/* The next that offers logins. */
int postfix_next_with_logins(const struct doctor_postfix *postfix, size_t *at,
                             char name_r[POSTFIX_NAME]);
/* A parameter as it counts for a service. */
const char *postfix_get(const struct doctor_postfix *postfix, const char *service,
                        const char *name);
/* The first column of a service: "submission", "127.0.0.1:465". */
const char *postfix_title(const char *service, char name_r[POSTFIX_NAME]);
int postfix_offers_logins(const struct doctor_postfix *postfix, const char *service);
/* 1 if the policy service is asked at EHLO, and heard. */
int postfix_refuses_early(const struct doctor_postfix *postfix, const char *service);
/* The port of a service, 0: not known. */
unsigned postfix_port(const char *service);
enum tlsfloor_tls postfix_oldest_tls(const struct doctor_facts *facts, const char *service);

/* Says of a finding which service it is about, and the setting in master.cf; NULL: none there. */
void postfix_find(struct finding *finding, const struct doctor_postfix *postfix,
                  const char *service, const char *setting);

/* The lists of restrictions in the order in which Postfix walks them. */
enum postfix_list {
    LIST_CLIENT = 0,
    LIST_HELO,
    LIST_SENDER,
    LIST_RELAY,
    LIST_RECIPIENT,
    LIST_DATA
};
#define POSTFIX_LISTS 6
extern const char *const postfix_lists[POSTFIX_LISTS];

void doctor_check_policy_service(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_permit(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_helo(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_ports(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_socket(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_postfix_tls(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_postfix_cleartext(const struct doctor_facts *facts, struct findings *findings);

#endif
