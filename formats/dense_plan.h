/*
 * dense_plan.h - a chunk of codec 3 made ready: between the files that make a
 * plan and the one that carries it out.
 *
 * An execution copies the slots of its symbol and then corrects addresses.
 * Values that an address can be a constant away from are in cells: cell 0 is
 * 0, then there is one for the last address of each operand, and then those
 * for the leaders of the symbol that is executed.
 */
#ifndef PW_FORMATS_DENSE_PLAN_H
#define PW_FORMATS_DENSE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/codec_dense.h"
#include "formats/dense_wire.h"
#include "formats/shape_set.h"

/* A symbol that is executed; what it has begins at these places. */
struct pw_dense_entry {
	const uint8_t *row; /* the next execution's numbers */
	uint32_t slot;
	uint32_t slots;
	uint32_t leader;
	uint32_t leaders;
	uint32_t follower;
	uint32_t followers;
	uint32_t keeper;
	uint32_t keepers;
};

/* An address with a number, or that is a constant away from a last one. */
struct pw_dense_leader {
	uint64_t base;
	uint32_t source; /* cell */
	uint16_t slot;
	uint8_t width;
};

/* An address that is a small constant away from a leader of the symbol. */
struct pw_dense_follower {
	int32_t offset;
	uint16_t leader;
	uint16_t slot;
};

/* A last address, in cell @target, that is a constant away from a cell. */
struct pw_dense_keeper {
	uint64_t offset;
	uint32_t source; /* cell */
	uint32_t target;
};

/* What the address of a stored slot is: so far away from a cell. */
struct pw_dense_value {
	uint64_t offset;
	uint32_t cell;
	uint32_t operand;
};

/* A column that is being divided among rows. */
struct pw_dense_feed {
	const uint8_t *next;
	size_t width;
};

struct pw_dense_plan {
	ZSTD_DCtx *zstd;
	struct pw_shape_set set;
	struct pw_dense_operands operands;
	struct pw_array raw;	  /* uint8_t: the streams after unpacking */
	struct pw_array operand;  /* uint32_t: of the set's stored slots */
	struct pw_array rule;	  /* struct pw_dense_rule */
	struct pw_array slots;	  /* uint32_t: by symbol; and so on */
	struct pw_array begun;	  /* uint32_t: instructions */
	struct pw_array uses;	  /* uint32_t: executions */
	struct pw_array entry;	  /* struct pw_dense_entry */
	struct pw_array address;  /* uint64_t: of all executed symbols */
	struct pw_array pc;	  /* uint64_t */
	struct pw_array size;	  /* uint32_t */
	struct pw_array kind;	  /* uint8_t */
	struct pw_array leader;	  /* struct pw_dense_leader */
	struct pw_array follower; /* struct pw_dense_follower */
	struct pw_array keeper;	  /* struct pw_dense_keeper */
	struct pw_array cell;	  /* uint64_t */
	struct pw_array rows;	  /* uint8_t: the columns, by execution */
	struct pw_array feed;	  /* struct pw_dense_feed; while it is made */
	struct pw_array value;	  /* struct pw_dense_value; while it is made */
	struct pw_array latest;	  /* uint32_t */
	struct pw_array wanted;	  /* uint8_t */
	struct pw_array part;	  /* uint32_t */
	struct pw_array stack;	  /* uint32_t */
	struct pw_array rest_address; /* uint64_t: without a shape, and so on */
	struct pw_array rest_pc;
	struct pw_array rest_size;
	struct pw_array rest_kind;
	uint32_t first_cell; /* of leaders */
	size_t slots_max;    /* of one executed symbol */
	size_t slots_all;    /* of all */
	uint64_t instructions;
	bool only_stored;		    /* slots, and no accesses */
	const uint8_t *symbol, *symbol_end; /* the next one */
	uint32_t symbol_bytes;
	const uint8_t *run, *run_end;
	size_t run_left;   /* accesses of the open run */
	size_t rest;	   /* accesses without a shape that were used */
	size_t rest_count; /* all of them */
};

/* The streams of slots while they are read. */
struct pw_dense_streams {
	const uint8_t *mode, *mode_end;
	const uint8_t *base, *base_end;
	const uint8_t *start, *start_end;
	const uint8_t *column, *column_end;
};

/*
 * Turn the executed symbols, whose slots and uses are known and add up, into
 * entries.
 *
 * Errors: PW_ERR_FORMAT the streams are malformed; PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_compile(struct pw_dense_plan *plan,
				struct pw_dense_streams *streams,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Execute @symbol, which is the next one, in a plan of stored slots only: their
 * addresses go to @out. There are as many as its entry has slots.
 */
void pw_dense_plan_execute(struct pw_dense_plan *plan, uint32_t symbol,
			   uint64_t *out);

/*
 * The failure for a stream that is wrong.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_dense_malformed(struct pw_error *err,
				  enum pw_dense_stream stream, const char *how);

#endif
