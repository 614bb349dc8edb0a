/*
 * touch_plan.h - a TOUCHES chunk that has been read, between the two files
 * that make and use it.
 */
#ifndef PW_FORMATS_TOUCH_PLAN_H
#define PW_FORMATS_TOUCH_PLAN_H

#include "base/bits.h"
#include "formats/codec_touch.h"
#include "formats/touch_wire.h"

/* Copies of records come in blocks of so many. */
#define PW_TOUCH_SLACK 8

/* A symbol that the chunk uses. */
struct pw_touch_entry {
	uint32_t first; /* of its records in the columns of the plan */
	uint32_t count;
	uint32_t instructions; /* begun in all of them */
	uint32_t literal;      /* the first of its literals' places */
	uint32_t literals;
};

/*
 * A distinct record in two words. Fetches come without loads and stores, so
 * one number is enough for loads or fetches.
 */
struct pw_touch_packed {
	uint64_t where;	 /* page, then flags, then whether it is a literal */
	uint64_t counts; /* loads or fetches, stores, instructions */
};

#define PW_TOUCH_FLAGS_SHIFT (64 - PW_PAGE_SHIFT) /* of where */
#define PW_TOUCH_LITERAL_SHIFT 63		  /* likewise */
#define PW_TOUCH_COUNT_BITS 20			  /* of each of counts */

/* Columns of records. */
struct pw_touch_columns {
	struct pw_array page;	     /* uint64_t */
	struct pw_array instruction; /* uint64_t */
	struct pw_array loads;	     /* uint32_t */
	struct pw_array stores;	     /* uint32_t */
	struct pw_array fetches;     /* uint32_t */
	struct pw_array flags;	     /* uint8_t */
};

struct pw_touch_plan {
	ZSTD_DCtx *zstd;
	struct pw_array raw;	  /* uint8_t: a stream */
	struct pw_array pages;	  /* uint64_t, from 1 on */
	struct pw_array value;	  /* uint32_t: columns of distinct records */
	struct pw_array flags;	  /* uint8_t: of them */
	struct pw_array rule;	  /* struct pw_dense_rule */
	struct pw_array entry;	  /* struct pw_touch_entry, by symbol */
	struct pw_array symbols;  /* uint32_t */
	struct pw_array literals; /* uint64_t: pages; one more can be read */
	struct pw_array pieces;	  /* struct pw_touch_piece */
	struct pw_array place;	  /* uint32_t: of literals in their symbols */
	struct pw_array part;	  /* uint32_t: of a symbol */
	struct pw_array stack;	  /* uint32_t */
	struct pw_array packed;	  /* struct pw_touch_packed: distinct records */
	struct pw_touch_columns made; /* the records of rules */
	struct pw_touch_columns out;  /* of a piece */
	uint32_t codec;		      /* enum pw_codec */
	size_t distinct;	      /* records */
	size_t piece_max;	      /* records of a piece */
	size_t symbol;		      /* that comes next */
	size_t literal;		      /* likewise */
};

/* A distinct record, of flags and columns. */
struct pw_touch_record {
	uint32_t loads, stores, fetches, instructions, page;
	uint8_t flags;
};

static inline struct pw_touch_record
pw_touch_record_at(const struct pw_touch_plan *plan, size_t i)
{
	const uint32_t *value = plan->value.data;
	size_t n = plan->distinct;

	return (struct pw_touch_record){
		.loads = value[i],
		.stores = value[n + i],
		.fetches = value[2 * n + i],
		.instructions = value[3 * n + i],
		.page = value[4 * n + i],
		.flags = PW_ARRAY_AT(&plan->flags, uint8_t, i),
	};
}

/*
 * Make empty columns.
 */
void pw_touch_columns_init(struct pw_touch_columns *columns);

/*
 * Free the columns.
 */
void pw_touch_columns_free(struct pw_touch_columns *columns);

/*
 * Make room for @count records, and for what copies write behind them.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_columns_reserve(struct pw_touch_columns *columns,
					size_t count,
					struct pw_error *err) PW_MUST_CHECK;

/*
 * Make the records of all symbols that occur in the plan.
 *
 * Errors: PW_ERR_FORMAT they are too many; PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_make_symbols(struct pw_touch_plan *plan,
				     struct pw_error *err) PW_MUST_CHECK;

#endif
