/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's settings as they count for a service, and the checks of them.
 */
#ifndef TLSFLOOR_DOCTOR_DOVECOT_H
#define TLSFLOOR_DOCTOR_DOVECOT_H

#include "doctor-facts.h"

/* A service that has logins. */
struct dovecot_service {
    enum tlsfloor_service service;
    const char *protocol, *program; /* "imap", "imap-login" */
};
#define DOVECOT_SERVICES 4
extern const struct dovecot_service dovecot_services[DOVECOT_SERVICES];

/* 1 if it is among Dovecot's protocols. */
int dovecot_has(const struct doctor_dovecot *dovecot, const struct dovecot_service *service);
int dovecot_loads_plugin(const struct doctor_dovecot *dovecot,
                         const struct dovecot_service *service);
/* The setting as it counts for a service. */
const char *dovecot_get(const struct doctor_dovecot *dovecot, const struct dovecot_service *service,
                        const char *name);
enum tlsfloor_tls dovecot_oldest_tls(const struct doctor_facts *facts,
                                     const struct dovecot_service *service);

void doctor_check_plugin(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_build(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_passdb(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_readers(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_addresses(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_dovecot_tls(const struct doctor_facts *facts, struct findings *findings);
void doctor_check_dovecot_cleartext(const struct doctor_facts *facts, struct findings *findings);

#endif
