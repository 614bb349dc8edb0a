/*
 * touch_wire.h - what both sides of the touch codec agree on.
 *
 * Symbol 0 ends a piece, what lies between two cuts (touch_cut.h). Symbols
 * 1..D are the distinct records of a chunk, those above are rules: two symbols
 * one after the other. A record names its page by the number of one that the
 * chunk lists, or says that the next of the literals is it.
 */
#ifndef PW_FORMATS_TOUCH_WIRE_H
#define PW_FORMATS_TOUCH_WIRE_H

#include "formats/streams.h"

enum pw_touch_stream {
	PW_TOUCH_PAGES,	   /* pages that are touched often */
	PW_TOUCH_RECORDS,  /* distinct records, a column after the other */
	PW_TOUCH_RULES,	   /* the two symbols of each rule */
	PW_TOUCH_SYMBOLS,  /* records, and ends of pieces */
	PW_TOUCH_LITERALS, /* pages that are touched seldom */
	PW_TOUCH_PIECES,   /* what the pieces stand for */
	PW_TOUCH_STREAMS,
};

#define PW_TOUCH_TABLE_BYTES (PW_TOUCH_STREAMS * PW_STREAM_ENTRY_BYTES)

/* The columns of the distinct records, and of the pieces. */
#define PW_TOUCH_COLUMNS 5

/* Limits of a chunk: records, and ends of pieces with them; */
#define PW_TOUCH_RECORDS_MAX ((size_t)1 << 23)
#define PW_TOUCH_SYMBOLS_MAX ((size_t)1 << 24)
/* distinct records, rules, and records of all symbols that occur; */
#define PW_TOUCH_DISTINCT_MAX ((size_t)1 << 20)
#define PW_TOUCH_RULES_MAX ((size_t)1 << 20)
#define PW_TOUCH_SLOTS_ALL_MAX ((size_t)1 << 22)
/* and records of a piece. */
#define PW_TOUCH_PIECE_MAX ((size_t)1 << 22)

/* Records of a rule. */
#define PW_TOUCH_SLOTS_MAX 65536

#endif
