/* SPDX-License-Identifier: MIT */
/*
 * A list of Postfix's restrictions, as far as it is about us: is our policy
 * service asked, and what stands before it.
 */
#ifndef TLSFLOOR_DOCTOR_RESTRICTIONS_H
#define TLSFLOOR_DOCTOR_RESTRICTIONS_H

#include "policy.h"
#include "text.h"

struct restrictions {
    int ours;                     /* 1: the policy service is asked */
    struct tlsfloor_text permits; /* what stands before it and may skip it; empty: nothing does */
    struct tlsfloor_text tables;  /* the first table before it: "check_client_access hash:..." */
    struct tlsfloor_text where;   /* "unix:tlsfloor/policy" */
};

/* What a list says; NULL says nothing. */
struct restrictions restrictions_read(const char *list);

/* Takes a word, or what is in braces as one, off a list; empty at its end. */
struct tlsfloor_text restrictions_next(const char **list);

/* 1 if the list asks a policy service of ours at a path, which goes into path_r; else 0. */
int restrictions_policy_path(const char *list, char path_r[TLSFLOOR_PATH]);

/* 1 if the text begins so, else 0. */
int restrictions_begins(struct tlsfloor_text text, const char *with);

#endif
