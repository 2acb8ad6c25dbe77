/* SPDX-License-Identifier: MIT */
/*
 * The cipher suites of SSLv3 to TLS 1.3 and what is known of each. A constant
 * table: no suite is judged here, that is policy.h.
 */
#ifndef TLSFLOOR_CIPHER_SUITES_H
#define TLSFLOOR_CIPHER_SUITES_H

#include "text.h"
#include "tls-names.h"

enum tlsfloor_key_exchange {
    TLSFLOOR_KX_ANY, /* TLS 1.3: the name does not say */
    TLSFLOOR_KX_NONE,
    TLSFLOOR_KX_RSA,
    TLSFLOOR_KX_DH, /* static */
    TLSFLOOR_KX_DHE,
    TLSFLOOR_KX_ECDH, /* static */
    TLSFLOOR_KX_ECDHE,
    TLSFLOOR_KX_PSK,
    TLSFLOOR_KX_RSA_PSK,
    TLSFLOOR_KX_DHE_PSK,
    TLSFLOOR_KX_ECDHE_PSK,
    TLSFLOOR_KX_SRP,
    TLSFLOOR_KX_KRB5,
    TLSFLOOR_KX_GOST,
    TLSFLOOR_KX_CECPQ1,
    TLSFLOOR_KX_ECCPWD
};

enum tlsfloor_authentication {
    TLSFLOOR_AUTH_ANY,  /* TLS 1.3: the name does not say */
    TLSFLOOR_AUTH_NONE, /* anonymous */
    TLSFLOOR_AUTH_RSA,
    TLSFLOOR_AUTH_DSS,
    TLSFLOOR_AUTH_ECDSA,
    TLSFLOOR_AUTH_PSK,
    TLSFLOOR_AUTH_SRP,
    TLSFLOOR_AUTH_KRB5,
    TLSFLOOR_AUTH_GOST,
    TLSFLOOR_AUTH_ECCPWD
};

enum tlsfloor_encryption {
    TLSFLOOR_ENC_NULL,
    TLSFLOOR_ENC_RC2_CBC,
    TLSFLOOR_ENC_RC4,
    TLSFLOOR_ENC_DES_CBC,
    TLSFLOOR_ENC_3DES_CBC,
    TLSFLOOR_ENC_IDEA_CBC,
    TLSFLOOR_ENC_SEED_CBC,
    TLSFLOOR_ENC_GOST, /* GOST 28147-89, Kuznyechik, Magma */
    TLSFLOOR_ENC_AES_CBC,
    TLSFLOOR_ENC_AES_GCM,
    TLSFLOOR_ENC_AES_CCM,
    TLSFLOOR_ENC_AES_CCM_8,
    TLSFLOOR_ENC_CAMELLIA_CBC,
    TLSFLOOR_ENC_CAMELLIA_GCM,
    TLSFLOOR_ENC_ARIA_CBC,
    TLSFLOOR_ENC_ARIA_GCM,
    TLSFLOOR_ENC_SM4_GCM,
    TLSFLOOR_ENC_SM4_CCM,
    TLSFLOOR_ENC_CHACHA20_POLY1305
};

enum tlsfloor_mac {
    TLSFLOOR_MAC_NONE, /* TLS_NULL_WITH_NULL_NULL only */
    TLSFLOOR_MAC_MD5,
    TLSFLOOR_MAC_SHA1,
    TLSFLOOR_MAC_SHA256,
    TLSFLOOR_MAC_SHA384,
    TLSFLOOR_MAC_GOST,
    TLSFLOOR_MAC_AEAD
};

struct tlsfloor_cipher_suite {
    const char *openssl; /* OpenSSL's name; the IANA name where OpenSSL has none */
    const char *iana;
    unsigned short code;           /* IANA code point */
    unsigned short strength;       /* bits of security; 3DES is 112, not 168; NULL is 0 */
    unsigned char first_version;   /* enum tlsfloor_tls that brought the suite */
    unsigned char key_exchange;    /* enum tlsfloor_key_exchange */
    unsigned char authentication;  /* enum tlsfloor_authentication */
    unsigned char encryption;      /* enum tlsfloor_encryption */
    unsigned char mac;             /* enum tlsfloor_mac */
    unsigned char export_grade;    /* 1: weakened for export, by name */
    unsigned char aead;            /* 1 or 0 */
    unsigned char forward_secrecy; /* 1 or 0; 1 for every TLS 1.3 suite (RFC 8446) */
};

/* All suites, sorted by the member openssl (byte order), and their number. */
extern const struct tlsfloor_cipher_suite tlsfloor_cipher_suites[];
extern const size_t tlsfloor_cipher_suites_count;

/* The suite of this OpenSSL or IANA name (exact case), or NULL. */
const struct tlsfloor_cipher_suite *tlsfloor_cipher_suite_find(struct tlsfloor_text name);

/* What doc and tlsfloor ciphers call the parts: "ECDHE", "RSA", "AES-GCM", "SHA256" ... */
const char *tlsfloor_key_exchange_name(enum tlsfloor_key_exchange kx);
const char *tlsfloor_authentication_name(enum tlsfloor_authentication auth);
const char *tlsfloor_encryption_name(enum tlsfloor_encryption enc);
const char *tlsfloor_mac_name(enum tlsfloor_mac mac);

#endif
