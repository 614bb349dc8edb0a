/*
 * tally.h - how many accesses of each kind there are.
 */
#ifndef PW_FORMATS_TALLY_H
#define PW_FORMATS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"
#include "formats/trace.h"

/* Whether @kind is made of the bits of enum pw_access_kind and has a kind. */
static inline bool pw_access_kind_valid(uint8_t kind)
{
	return (kind & 0xe0) == 0 && PW_ACCESS_KIND(kind) >= 1 &&
	       PW_ACCESS_KIND(kind) <= 4;
}

/*
 * Add what @count valid kinds hold.
 *
 * Cost: eight kinds at a time.
 */
void pw_tally_add(struct pw_tally *tally, const uint8_t *kind, size_t count);

/*
 * Add @count accesses tallied in @tally to @totals.
 */
void pw_tally_total(struct pw_totals *totals, const struct pw_tally *tally,
		    size_t count);

#endif
