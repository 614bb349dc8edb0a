/*
 * name_table.h - numbers for things, in the order in which they come.
 */
#ifndef PW_FORMATS_NAME_TABLE_H
#define PW_FORMATS_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

/* A hash table of byte strings. */
struct pw_name_table {
	struct pw_array bytes; /* uint8_t: all of them */
	struct pw_array names; /* where each is, and its hash */
	uint32_t *place;       /* number; 0: empty */
	size_t places;	       /* a power of two, or 0 */
};

/*
 * Begin, with no name known.
 */
void pw_name_table_init(struct pw_name_table *table);

/*
 * Free what it holds.
 */
void pw_name_table_free(struct pw_name_table *table);

/*
 * The number of @bytes bytes at @name: 1 for the first, 2 for the first other
 * one and so on.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_name_table_number(struct pw_name_table *table,
				    const void *name, size_t bytes,
				    uint64_t *number,
				    struct pw_error *err) PW_MUST_CHECK;

#endif
