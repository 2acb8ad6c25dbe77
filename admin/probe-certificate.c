/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL has judged the chain already; names are compared here, because two
 * kinds of them may do.
 */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "network.h"
#include "probe-certificate.h"

/* Adds a piece to a list, unless it is full. */
static void
add_name(char *list, size_t room, const unsigned char *data, int size)
{
    char text[PROBE_TEXT];
    size_t used = strlen(list);

    probe_printable((struct tlsfloor_text){(const char *)data, (size_t)size}, text, sizeof(text));
    if (used + strlen(text) + 6 < room)
        snprintf(list + used, room - used, "%s%s", used == 0 ? "" : ", ", text);
    else if (used + 6 < room && list[used - 1] != '.')
        snprintf(list + used, room - used, ", ...");
}

/* The SRV name of an otherName (RFC 4985), or NULL. */
static const ASN1_STRING *
srv_name(const GENERAL_NAME *name)
{
    const ASN1_TYPE *value;

    if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_SRVName)
        return NULL;
    value = name->d.otherName->value;
    return value != NULL && value->type == V_ASN1_IA5STRING ? value->value.ia5string : NULL;
}

static void
add_address(const ASN1_STRING *bytes, struct probe_certificate *certificate)
{
    struct tlsfloor_address address = {TLSFLOOR_FAMILY_NONE, {0}};
    char text[TLSFLOOR_ADDRESS_TEXT];

    if (ASN1_STRING_length(bytes) == 4)
        address.family = TLSFLOOR_FAMILY_IPV4;
    else if (ASN1_STRING_length(bytes) == 16)
        address.family = TLSFLOOR_FAMILY_IPV6;
    else
        return;
    memcpy(address.bytes, ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes));
    tlsfloor_address_format(&address, text);
    add_name(certificate->names, sizeof(certificate->names), (unsigned char *)text,
             (int)strlen(text));
}

/* Lists one name; 1 if it is the SRV name that is looked for. */
static int
take_name(const GENERAL_NAME *name, const char *srv_id, struct probe_certificate *certificate)
{
    const ASN1_STRING *text = name->type == GEN_DNS ? name->d.dNSName : srv_name(name);

    if (name->type == GEN_IPADD)
        add_address(name->d.iPAddress, certificate);
    if (text == NULL)
        return 0;
    add_name(certificate->names, sizeof(certificate->names), ASN1_STRING_get0_data(text),
             ASN1_STRING_length(text));
    return name->type == GEN_OTHERNAME && srv_id != NULL &&
           tlsfloor_text_equal_fold(
               tlsfloor_text_from(srv_id),
               (struct tlsfloor_text){(const char *)ASN1_STRING_get0_data(text),
                                      (size_t)ASN1_STRING_length(text)});
}

/* Lists all names; 1 if one is the SRV name that is looked for. */
static int
take_names(X509 *x509, const char *srv_id, struct probe_certificate *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    char common[PROBE_TEXT] = "";
    int found = 0, size;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        found |= take_name(sk_GENERAL_NAME_value(names, i), srv_id, certificate);
    GENERAL_NAMES_free(names);
    size = X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, common,
                                     sizeof(common));
    if (certificate->names[0] == '\0' && size > 0)
        add_name(certificate->names, sizeof(certificate->names), (unsigned char *)common, size);
    return found;
}

/* A host's name, or an address. */
static int
is_for(X509 *x509, const char *name)
{
    struct tlsfloor_address address;

    if (tlsfloor_address_parse(tlsfloor_text_from(name), &address) == 0)
        return X509_check_ip_asc(x509, name, 0) == 1;
    return X509_check_host(x509, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static void
take_issuer(X509 *x509, char issuer_r[PROBE_TEXT])
{
    char text[PROBE_TEXT] = "";

    X509_NAME_oneline(X509_get_issuer_name(x509), text, sizeof(text));
    probe_printable(tlsfloor_text_from(text), issuer_r, PROBE_TEXT);
}

static void
take_until(X509 *x509, char until_r[24])
{
    struct tm end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &end) != 1 ||
        strftime(until_r, 24, "%Y-%m-%dT%H:%M:%SZ", &end) == 0)
        until_r[0] = '\0';
}

void
probe_certificate_get(SSL *ssl, const struct probe_reference *reference,
                      struct probe_certificate *certificate_r)
{
    X509 *x509 = SSL_get1_peer_certificate(ssl);
    long verdict = SSL_get_verify_result(ssl);
    int by_srv_id;

    memset(certificate_r, 0, sizeof(*certificate_r));
    if (x509 == NULL)
        return;
    certificate_r->given = 1;
    certificate_r->trusted = verdict == X509_V_OK;
    if (!certificate_r->trusted)
        snprintf(certificate_r->why, sizeof(certificate_r->why), "%s",
                 X509_verify_cert_error_string(verdict));
    by_srv_id = take_names(x509, reference->srv_id, certificate_r);
    certificate_r->matches =
        by_srv_id || is_for(x509, reference->domain == NULL ? reference->name : reference->domain);
    take_issuer(x509, certificate_r->issuer);
    take_until(x509, certificate_r->until);
    X509_free(x509);
}
