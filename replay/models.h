/*
 * models.h - what a TLB and a page table are, and which there are.
 *
 * To add one: write replay/models/<kind>_<name>.c with a
 * "const struct pw_<kind>_ops pw_<kind>_<name>" and one line in models.def.
 * Machine files can then name it and the conformance tests check it. State
 * lives in memory of the caller; no model has a destructor.
 */
#ifndef PW_REPLAY_MODELS_H
#define PW_REPLAY_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/pool.h"

/* Size of a TLB or of a page-walk cache. */
struct pw_tlb_config {
	uint64_t entries;
	uint64_t ways; /* 0: fully associative */
};

/*
 * A TLB: a set of page numbers of limited size. Page-walk caches are TLBs of
 * shifted page numbers.
 */
struct pw_tlb_ops {
	const char *name;    /* as in machine files */
	const char *summary; /* a line */
	const char *source;  /* paper, manual or kernel file */
	/* Errors: PW_ERR_USAGE the sizes do not fit the model. */
	enum pw_status (*check)(const struct pw_tlb_config *config,
				struct pw_error *err);
	size_t (*state_bytes)(const struct pw_tlb_config *config);
	/* Make the zeroed @state an empty TLB. */
	void (*init)(void *state, const struct pw_tlb_config *config);
	/*
	 * A power of two S: touching the page touched last among those equal
	 * to it modulo S is a hit that changes nothing. 0: never so.
	 */
	uint64_t (*filter_sets)(const struct pw_tlb_config *config);
	/* Whether @page is there; a hit makes it the most recent. */
	bool (*lookup)(void *state, uint64_t page);
	/* Put in @page, which is not there. */
	void (*insert)(void *state, uint64_t page);
	/* Remove pages [first, first + count), those that are there. */
	void (*invalidate)(void *state, uint64_t first, uint64_t count);
	/* Remove all; the state is as after init. */
	void (*flush)(void *state);
};

/* What a page-table entry says; 0 is an absent page. */
enum pw_pte_flag {
	PW_PTE_PRESENT = 1,
	PW_PTE_WRITABLE = 2,
	PW_PTE_ZERO = 4, /* the zero page: not in RSS */
	PW_PTE_FILE = 8, /* a page of the page cache */
};

/* Most levels that a page table may have. */
#define PW_LEVELS_MAX 6

/*
 * The shape of a page table. A *height* counts levels from the leaf tables,
 * which are at 0. An entry at height h stands for 2^(bits[0] + ... +
 * bits[h - 1]) base pages.
 */
struct pw_geometry {
	unsigned page_shift;	      /* of a base page: 12 for 4 KiB */
	unsigned levels;	      /* walk references of a base page */
	unsigned bits[PW_LEVELS_MAX]; /* of a page number, by height */
	unsigned leaves; /* bit h: an entry at height h can map a page */
};

/* Base pages that an entry at @height stands for, as a power of two. */
static inline unsigned pw_geometry_order(const struct pw_geometry *geometry,
					 unsigned height)
{
	unsigned order = 0;

	for (unsigned h = 0; h < height; h++)
		order += geometry->bits[h];
	return order;
}

struct pw_page_table_config {
	uint64_t levels;
	struct pw_arena *arena;
	struct pw_pool *pool; /* tables of all processes, of table_bytes */
};

/* An entry that maps a page, of whatever size. */
struct pw_leaf {
	uint64_t first;	 /* its first base page, a multiple of its size */
	uint64_t pte;	 /* enum pw_pte_flag bits, with PRESENT */
	unsigned height; /* of the table that holds it */
	unsigned probes; /* lines a walk reads, when not told by the height */
};

/* The page table of one address space. Pages are base pages. */
struct pw_page_table_ops {
	const char *name;
	const char *summary;
	const char *source;
	size_t table_bytes; /* host memory of a table */
	/* Errors: PW_ERR_USAGE levels the model does not have. */
	enum pw_status (*check)(const struct pw_page_table_config *config,
				struct pw_error *err);
	/* The shape for a config that was checked. */
	struct pw_geometry (*geometry)(
		const struct pw_page_table_config *config);
	size_t (*state_bytes)(const struct pw_page_table_config *config);
	/* Make the zeroed @state an empty table; false without memory. */
	bool (*init)(void *state, const struct pw_page_table_config *config);
	/* Whether @page is mapped; then *leaf is what maps it. */
	bool (*find)(void *state, uint64_t page, struct pw_leaf *leaf);
	/*
	 * Map, or map anew, @leaf. Nothing of its pages is mapped by an entry
	 * at another height. False without memory.
	 */
	bool (*map)(void *state, const struct pw_leaf *leaf);
	/* Clear the entry that maps @page, and free the tables it leaves
	 * empty. */
	void (*unmap)(void *state, uint64_t page);
	/*
	 * The first mapped page of [first, end), which may lie in the middle of
	 * what maps it, or false. Tables may be changed between calls.
	 */
	bool (*next)(void *state, uint64_t first, uint64_t end, uint64_t *page,
		     struct pw_leaf *leaf);
};

/* A model chosen for a machine; ops NULL when it has none there. */
struct pw_tlb_choice {
	const struct pw_tlb_ops *ops;
	struct pw_tlb_config config;
};

/* A TLB at work; ops NULL when there is none. */
struct pw_tlb {
	const struct pw_tlb_ops *ops;
	void *state;
};

/*
 * Make an empty TLB of @choice, or none.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_tlb_make(struct pw_tlb *tlb,
			   const struct pw_tlb_choice *choice,
			   struct pw_arena *arena,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * The TLB models of models.def, in order; NULL past the last one.
 */
const struct pw_tlb_ops *pw_tlb_at(size_t index);

/*
 * The TLB model called @name, or NULL.
 */
const struct pw_tlb_ops *pw_tlb_find(const char *name);

/*
 * The page-table models of models.def, in order; NULL past the last one.
 */
const struct pw_page_table_ops *pw_page_table_at(size_t index);

/*
 * The page-table model called @name, or NULL.
 */
const struct pw_page_table_ops *pw_page_table_find(const char *name);

#endif
