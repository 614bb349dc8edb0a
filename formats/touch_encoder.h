/*
 * touch_encoder.h - touches that are being encoded, between the two files that
 * gather and pack them.
 */
#ifndef PW_FORMATS_TOUCH_ENCODER_H
#define PW_FORMATS_TOUCH_ENCODER_H

#include "base/pagemap.h"
#include "formats/codec_touch.h"
#include "formats/dense_merge.h"
#include "formats/touch_cut.h"
#include "formats/touch_wire.h"

/* A distinct record without its page, in the bits of a number. */
#define PW_TOUCH_KEY_BITS 15 /* of each count */
#define PW_TOUCH_KEY_MASK (((uint64_t)1 << PW_TOUCH_KEY_BITS) - 1)
_Static_assert(PW_TOUCH_CUT <= PW_TOUCH_KEY_MASK,
	       "a count of a piece fits its bits");

struct pw_touch_page {
	uint64_t number;
	uint32_t count;		/* records of it */
	uint32_t number_listed; /* in the list, from 1 on */
	bool fetched;		/* it holds instructions */
	bool literal;		/* it is no part of its records */
};

struct pw_touch_numbers {
	uint32_t kind; /* its distinct record without page, plus 1; 0: an end */
	uint32_t page;
};

struct pw_touch_encoder {
	ZSTD_CCtx *zstd;
	struct pw_pagemap *kind_of; /* number of a distinct record by key */
	struct pw_pagemap *page_of; /* number of a page */
	struct pw_array kind;	    /* uint64_t: keys */
	struct pw_array page;	    /* struct pw_touch_page */
	struct pw_array record;	    /* struct pw_touch_numbers */
	struct pw_array piece;	    /* struct pw_touch_piece */
	struct pw_array symbols;    /* uint32_t */
	struct pw_array symbol;	    /* struct pw_touch_numbers, by symbol */
	struct pw_array list;	    /* uint64_t: pages, literals last */
	size_t list_records;	    /* of them that are part of records */
	struct pw_array literals;   /* uint32_t: pages */
	struct pw_dense_merge merge;
	struct pw_array raw;   /* uint8_t: a stream */
	struct pw_array tried; /* uint8_t: streams packed the other way */
	uint32_t codec;
	bool full; /* there were more records than fit */
};

static inline uint8_t pw_touch_key_flags(uint64_t key)
{
	uint8_t bits = (uint8_t)(key >> 4 * PW_TOUCH_KEY_BITS);

	return (uint8_t)((bits & 3) | (bits & 12) << 1);
}

/* The number of a page in its records, or 0 when it is a literal. */
static inline uint32_t pw_touch_page_in_record(const struct pw_touch_page *page)
{
	return page->literal ? 0 : page->number_listed;
}

/*
 * Append the payload of an encoder whose symbols have been made and merged to
 * @out: encoder->codec is then that of differences, or of numbers if these are
 * shorter. *raw_bytes is 0, and nothing appended, when it is too long.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_pack(struct pw_touch_encoder *encoder,
			     struct pw_array *out, uint64_t *raw_bytes,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
