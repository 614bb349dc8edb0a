/*
 * oracle_fast.h - the ACCESSES chunks of a trace, decoded from FORMAT.md.
 *
 * Nothing of formats/ is used: shapes and last addresses are in plain lists,
 * and every access is decoded by itself. Only whole traces are read.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_FAST_H
#define PW_TESTS_ORACLE_ORACLE_FAST_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

struct pw_oracle_access {
	uint64_t address;
	uint64_t pc;
	uint32_t size_bytes;
	uint8_t kind;
};

/* An ACCESSES chunk: its header's words, and its accesses. */
struct pw_oracle_chunk {
	uint32_t codec;
	uint32_t thread;
	uint64_t first_access, access_count;
	uint64_t first_instruction, instruction_count;
	uint64_t min_page, max_page;
	size_t first; /* of the list of accesses */
	size_t count;
};

struct pw_oracle_fast {
	struct pw_array access; /* struct pw_oracle_access */
	struct pw_array chunk;	/* struct pw_oracle_chunk, in file order */
	size_t shapes;
	size_t shape_chunks;
};

/*
 * Decode the trace at @path; what is wrong with it aborts.
 *
 * Owns:   *out holds memory until pw_oracle_fast_free.
 */
void pw_oracle_fast_read(struct pw_oracle_fast *out, const char *path);

/*
 * Free what was decoded.
 */
void pw_oracle_fast_free(struct pw_oracle_fast *fast);

#endif
