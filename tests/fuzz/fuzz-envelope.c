/* SPDX-License-Identifier: MIT */
/*
 * An envelope of any bytes: a block of ours, which comes out again as it went
 * in, or everything. So that more inputs are blocks, the checksum is also put
 * right, as far as the block is whole.
 */
#include <string.h>

#include "bytes.h"
#include "envelope.h"
#include "fuzz.h"
#include "hash.h"

#define NOW INT64_C(1806000000)

/* Where a block has what, as envelope.c describes it. */
#define COUNT_AT 12
#define CHECKSUM_AT 16
#define ROWS_AT 24
#define ROW_SIZE 22

static int
covers_anything(const struct tlsfloor_envelope *envelope)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_POP3, .tls = TLSFLOOR_TLS_CLEARTEXT};

    REQUIRE(tlsfloor_address_parse(tlsfloor_text_from("2001:db8::7"), &facts.client) == 0);
    return tlsfloor_envelope_match(envelope, &facts, NOW);
}

static void
require_rows(const struct tlsfloor_envelope *envelope)
{
    static const struct tlsfloor_network zeros;

    REQUIRE(envelope->count <= TLSFLOOR_ENVELOPE_ROWS);
    for (size_t i = 0; i < envelope->count; i++) {
        const struct tlsfloor_envelope_row *row = &envelope->rows[i];

        REQUIRE(row->services != 0 && (row->services & ~0x1eU) == 0);
        REQUIRE(row->allow >= TLSFLOOR_TLS_CLEARTEXT && row->allow <= TLSFLOOR_TLS_1_3);
        REQUIRE(row->until > 0);
        REQUIRE(row->anywhere == (memcmp(&row->from, &zeros, sizeof(zeros)) == 0));
    }
}

static void
try_block(const unsigned char *block, size_t size)
{
    static struct tlsfloor_envelope envelope, again;
    unsigned char out[TLSFLOOR_ENVELOPE_SIZE];

    memset(&envelope, 0x55, sizeof(envelope));
    if (tlsfloor_envelope_decode(block, size, &envelope) != 0) {
        REQUIRE(envelope.count == 1 && covers_anything(&envelope));
        return;
    }
    REQUIRE(size == TLSFLOOR_ENVELOPE_SIZE);
    require_rows(&envelope);
    (void)covers_anything(&envelope);
    tlsfloor_envelope_encode(&envelope, out);
    REQUIRE(tlsfloor_envelope_decode(out, sizeof(out), &again) == 0);
    REQUIRE(memcmp(&again, &envelope, sizeof(again)) == 0);
    tlsfloor_envelope_join(&again, &envelope);
    require_rows(&again);
    REQUIRE(covers_anything(&again) == covers_anything(&envelope));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of exactly its size, so that a step beyond is seen. */
    unsigned char *block = calloc(size == 0 ? 1 : size, 1);
    uint64_t count, hash;

    REQUIRE(block != NULL);
    if (size > 0)
        memcpy(block, data, size);
    try_block(block, size);
    count = size < ROWS_AT ? UINT64_MAX : tlsfloor_bytes_get(block + COUNT_AT, 4);
    if (count <= (size - ROWS_AT) / ROW_SIZE && size >= ROWS_AT) {
        hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, block, CHECKSUM_AT);
        hash = tlsfloor_hash_add(hash, block + ROWS_AT, (size_t)count * ROW_SIZE);
        tlsfloor_bytes_put(block + CHECKSUM_AT, hash, 8);
        try_block(block, size);
    }
    free(block);
    return 0;
}
