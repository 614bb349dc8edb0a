/*
 * references.h - accesses to page references, for the analyses.
 *
 * An access makes one reference in each page it covers, lowest first; a size
 * of 0 (unknown) covers one byte, and an access that would pass the end of the
 * address space stops there. A fetch is on the instruction side, everything
 * else on the data side. Time in the analyses counts these references: the
 * first one of the chosen side happens at 1, and an access that crosses into
 * a second page takes two steps.
 *
 * Processes use the same addresses for different memory, so a page is told by
 * its key, which stands for the address space (struct pw_batch) and the number
 * of the page in it: number + space * 2^(57 - page_shift). In the first space
 * that is the number itself. No two pages have the same key if addresses are
 * canonical, that is, if bits 57 to 63 equal bit 56, as those of all user and
 * kernel memory do: then the low 57 - page_shift bits of a key are those of
 * the number and determine it, and the rest, the number known, the space.
 *
 * Source: Intel SDM vol. 1, section 3.3.7.1 "Canonical Addressing", with the
 *         57 bits of 5-level paging.
 */
#ifndef PW_ANALYZE_REFERENCES_H
#define PW_ANALYZE_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"

enum pw_side { PW_SIDE_ALL, PW_SIDE_DATA, PW_SIDE_INSTRUCTION };

/* The sides as the choices of an option, in the order of enum pw_side. */
#define PW_SIDE_CHOICES "all|data|instruction"

#define PW_REFERENCE_BLOCK 1024

/* Some references, in order. */
struct pw_reference_block {
	size_t count;
	uint64_t page[PW_REFERENCE_BLOCK]; /* keys; never UINT64_MAX */
	uint8_t fetch[PW_REFERENCE_BLOCK]; /* 1: the instruction side */
};

/* Where in a batch of accesses we are. */
struct pw_reference_cursor {
	enum pw_side side;
	unsigned page_shift;
	uint64_t space_key;   /* key of page 0 */
	size_t next;	      /* access that comes next */
	uint64_t resume_page; /* inside it: the page that comes next */
	bool resume;
};

/*
 * Prepare to walk batches in pages of @page_bytes.
 *
 * Units:  @page_bytes in bytes; 0 means 4096.
 * Errors: PW_ERR_USAGE not a power of two of at least 4096.
 */
enum pw_status pw_references_start(struct pw_reference_cursor *cursor,
				   enum pw_side side, uint64_t page_bytes,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Say that the accesses to come, up to the next call, are of @space. Without a
 * call they are of the first one. Only between batches.
 *
 * Errors: PW_ERR_SYSTEM it is the half-millionth space or beyond (with larger
 *         pages there can be more): no key is left. The cursor is unchanged.
 */
enum pw_status pw_references_enter(struct pw_reference_cursor *cursor,
				   uint64_t space,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Fill @block with the next references of @accesses. Returns false, with the
 * cursor ready for another batch, when there are none left.
 *
 * Cost: O(references), no allocation.
 */
bool pw_references_next(struct pw_reference_cursor *cursor,
			const struct pw_accesses *accesses,
			struct pw_reference_block *block);

#endif
