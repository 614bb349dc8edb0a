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
#include "replay/memory/slab.h"
#include "replay/mmu/tlb_arrays.h"

/* What makes the number of a set of a page number n and 2^k sets. */
enum pw_tlb_index {
	PW_TLB_MODULO, /* n modulo sets, of any number */
	PW_TLB_XOR,    /* the lowest k bits of n, XOR the k bits above them */
};

/* Size and kind of a TLB or of a page-walk cache. */
struct pw_tlb_config {
	uint64_t entries;
	uint64_t ways; /* 0: fully associative */
	enum pw_tlb_index index;
	uint64_t seed; /* of random choices */
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
	/*
	 * How many of the pages touched last among those equal modulo S are
	 * there, at least, if none was removed. Touches of these may be left
	 * out if, before any other page equal to them is touched, each of the
	 * pages left out is touched once, in the order of their last touches.
	 * At least 1; no meaning where S is 0.
	 */
	size_t (*filter_depth)(const struct pw_tlb_config *config);
	/* Whether @page is there; a hit makes it the most recent. */
	bool (*lookup)(void *state, uint64_t page);
	/* Whether @page is there; nothing changes. */
	bool (*holds)(const void *state, uint64_t page);
	/* Put in @page, which is not there. */
	void (*insert)(void *state, uint64_t page);
	/* Look up @count pages in order, and put each in that is not there;
	 * hit[i] says whether page[i] was. */
	void (*refer)(void *state, const uint64_t *page, size_t count,
		      uint8_t *hit);
	/* Remove pages [first, first + count), those that are there. */
	void (*invalidate)(void *state, uint64_t first, uint64_t count);
	/* Remove all; the state is as after init. */
	void (*flush)(void *state);
};

/*
 * What a page-table entry says, below the number of the frame that it maps; 0
 * is an absent page. PRESENT and WRITABLE say what the memory manager has no
 * part in: a page that MADV_COLD made old lacks both until the next reference,
 * and one that may be written lacks WRITABLE until the write that makes it
 * dirty. To the CPU it is there all the same.
 */
enum pw_pte_flag {
	PW_PTE_PRESENT = 1,    /* a read changes nothing of the entry */
	PW_PTE_WRITABLE = 2,   /* a write changes nothing of the entry */
	PW_PTE_ZERO = 4,       /* the zero page: not in RSS, no frame */
	PW_PTE_FILE = 8,       /* a page of a file or of shared memory */
	PW_PTE_DIRTY = 16,     /* written through this entry */
	PW_PTE_MAY_WRITE = 32, /* a write needs no fault */
	PW_PTE_SHMEM = 64,     /* with FILE: of shared memory */
	PW_PTE_GUARD = 128,    /* nothing may be mapped here: a guard page */
	PW_PTE_HUGETLB = 256,  /* in a mapping of MAP_HUGETLB: not in RSS */
};

#define PW_PTE_FRAME_SHIFT 9
#define PW_PTE_FRAME_BITS 32
#define PW_PTE_FLAGS (((uint64_t)1 << PW_PTE_FRAME_SHIFT) - 1)

/* The number of the frame that the entry maps; see frame.h. */
static inline uint32_t pw_pte_frame(uint64_t pte)
{
	return (uint32_t)(pte >> PW_PTE_FRAME_SHIFT);
}

/* The entry that maps @frame with these flags. */
static inline uint64_t pw_pte_make(uint32_t frame, uint64_t flags)
{
	return (uint64_t)frame << PW_PTE_FRAME_SHIFT | flags;
}

/* Most levels that a page table may have. */
#define PW_LEVELS_MAX 6

/* Heights at which leaves may be contiguous. */
#define PW_CONTIGUOUS_HEIGHTS 2

/*
 * The shape of a page table. A *height* counts levels from the leaf tables,
 * which are at 0. An entry at height h stands for 2^(bits[0] + ... +
 * bits[h - 1]) base pages.
 */
struct pw_geometry {
	unsigned page_shift; /* of a base page: 12 for 4 KiB */
	unsigned levels;     /* walk references of a base page */
	unsigned counted;    /* heights below it are in pagetable.bytes */
	unsigned bits[PW_LEVELS_MAX]; /* of a page number, by height */
	unsigned leaves; /* bit h: an entry at height h can map a page */
	/* 2^contiguous[h] leaves at height h may say that they map one run of
	 * memory; 0: they cannot. */
	unsigned contiguous[PW_CONTIGUOUS_HEIGHTS];
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

/* Tables in use at one height. */
struct pw_table_use {
	uint64_t tables;
	uint64_t bytes;	  /* of these tables, in the simulated machine */
	uint64_t entries; /* in use */
	uint64_t lines;	  /* of 64 bytes, with an entry in use */
};

/* What the page tables of all processes of a machine have in common. */
struct pw_table_store {
	struct pw_slab slab;			/* host memory of tables */
	struct pw_table_use use[PW_LEVELS_MAX]; /* by height */
};

#define PW_PTE_BYTES 8
#define PW_LINE_PTES 8 /* of a 64-byte line */

struct pw_page_table_config {
	uint64_t levels;     /* with the model's smallest pages */
	unsigned page_shift; /* of a base page; 0: the model's smallest */
	struct pw_arena *arena;
	struct pw_table_store *store;
};

/* An entry that maps a page, of whatever size. */
struct pw_leaf {
	uint64_t first;	 /* its first base page, a multiple of its size */
	uint64_t pte;	 /* enum pw_pte_flag bits and a frame; not 0 */
	unsigned height; /* of the table that holds it */
	unsigned probes; /* lines a walk reads, when not told by the height */
};

/* The page table of one address space. Pages are base pages. */
struct pw_page_table_ops {
	const char *name;
	const char *summary;
	const char *source;
	/* Errors: PW_ERR_USAGE levels or pages the model does not have. */
	enum pw_status (*check)(const struct pw_page_table_config *config,
				struct pw_error *err);
	/* The shape for a config that was checked. */
	struct pw_geometry (*geometry)(
		const struct pw_page_table_config *config);
	size_t state_bytes;
	/* Make the zeroed @state an empty table; false without memory. */
	bool (*init)(void *state, const struct pw_page_table_config *config);
	/* Whether @page is mapped; then *leaf is what maps it. */
	bool (*find)(void *state, uint64_t page, struct pw_leaf *leaf);
	/* What the entry of @page says, if it is at height 0, is walked to
	 * without probes and is at hand; else 0. Nothing changes. Or NULL. */
	uint64_t (*glance)(const void *state, uint64_t page);
	/* Bring near what find of @page will read; nothing changes. Or NULL. */
	void (*expect)(void *state, uint64_t page);
	/*
	 * Map, or map anew, @leaf. Nothing of its pages is mapped by an entry
	 * at another height. False without memory.
	 */
	bool (*map)(void *state, const struct pw_leaf *leaf);
	/* Clear the entry that maps @page, and free the tables it leaves
	 * empty. */
	void (*unmap)(void *state, uint64_t page);
	/*
	 * Map what the entry of @page, at a height above 0, maps by entries at
	 * the height below. False without memory. NULL if the model has leaves
	 * at no height but 0.
	 */
	bool (*split)(void *state, uint64_t page);
	/*
	 * The first mapped page of [first, end), which may lie in the middle of
	 * what maps it, or false. Tables may be changed between calls.
	 */
	bool (*next)(void *state, uint64_t first, uint64_t end, uint64_t *page,
		     struct pw_leaf *leaf);
};

/*
 * A model chosen for a machine; ops NULL when it has none there. What follows
 * config is for TLBs only.
 */
struct pw_tlb_choice {
	const struct pw_tlb_ops *ops;
	struct pw_tlb_config config;
	bool declared;	      /* the machine says so, if only 0 entries */
	unsigned group_order; /* 2^group_order base pages may share an entry */
	/* Pages above height @largest - 1 are held in pieces of that; 0: not */
	unsigned largest;
	bool base_too; /* some base pages go here, not to the base array */
};

/* Whether the machine has such a TLB, if only one that holds nothing. */
static inline bool pw_tlb_is_declared(const struct pw_tlb_choice *choice)
{
	return choice->declared || choice->ops;
}

/* The height of the largest entry that it holds. */
static inline unsigned pw_tlb_largest(const struct pw_tlb_choice *choice)
{
	return choice->largest ? choice->largest - 1 : PW_TLB_HEIGHTS - 1;
}

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
