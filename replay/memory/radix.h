/*
 * radix.h - page tables that are trees of tables, of any shape.
 *
 * A model of such a page table says its shape and leaves the rest to this: a
 * leaf at any height that the shape allows, tables that go with their last
 * entry, and the tables, entries and lines in use at each height.
 */
#ifndef PW_REPLAY_RADIX_H
#define PW_REPLAY_RADIX_H

#include "replay/memory/table_node.h"
#include "replay/models.h"

/* Levels of tables and, above the root, of what holds roots together. */
#define PW_RADIX_HEIGHTS_MAX (PW_LEVELS_MAX + 2)

/* Leaf tables that are known at once: at first, and when that is too few. */
#define PW_RADIX_RECENT 64
#define PW_RADIX_RECENT_MAX 2048

/* What a model of a radix page table is. */
struct pw_radix_shape {
	const char *name;
	unsigned page_shift; /* of the smallest page */
	unsigned bits;	     /* of an index into every table but the root */
	unsigned leaves;     /* as in struct pw_geometry */
	unsigned contiguous[PW_CONTIGUOUS_HEIGHTS]; /* likewise */
	unsigned levels_min;
	unsigned levels_max;
	unsigned address_bits[PW_LEVELS_MAX + 1]; /* by levels */
};

/* A leaf table, or what maps all of its pages, that was looked up. */
struct pw_radix_recent {
	uint64_t key;	      /* page >> bits of a leaf table */
	const uint64_t *ptes; /* of a leaf table that is an array, or NULL */
	uint64_t word;	      /* what the entry above it says */
	unsigned height;      /* of that entry */
};

/* The page table of one address space; zeroed before it is made. */
struct pw_radix {
	struct pw_slab *slab;
	struct pw_table_use *use; /* by height */
	struct pw_geometry geometry;
	unsigned heights;			  /* of all tables */
	unsigned shift[PW_RADIX_HEIGHTS_MAX + 1]; /* of an entry, by height */
	struct pw_node_kind kind[PW_RADIX_HEIGHTS_MAX];
	uint64_t top; /* what an entry for the topmost table would say */
	struct pw_radix_recent *recent;
	uint64_t recent_mask; /* their number less 1; it is a power of two */
	uint64_t missed;      /* those looked up since there are so many */
	struct pw_radix_recent first_recent[PW_RADIX_RECENT];
};

/*
 * Whether @shape has the levels and the base page of @config.
 *
 * Errors: PW_ERR_USAGE it has not.
 */
enum pw_status pw_radix_check(const struct pw_radix_shape *shape,
			      const struct pw_page_table_config *config,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The geometry of @shape for a config that was checked: larger base pages are
 * leaves of tables that lack the lowest levels.
 */
struct pw_geometry pw_radix_geometry(const struct pw_radix_shape *shape,
				     const struct pw_page_table_config *config);

/*
 * Make the zeroed @radix an empty page table, whose tables are in @slab and are
 * counted in @use, by height.
 */
void pw_radix_init(struct pw_radix *radix, const struct pw_geometry *geometry,
		   struct pw_slab *slab, struct pw_table_use *use);

/*
 * What struct pw_page_table_ops says of them; @state is a struct pw_radix.
 *
 * Cost: two loads for a page of a recent leaf table that is full enough, else
 *       a search in a table of each height.
 */
bool pw_radix_find(void *state, uint64_t page, struct pw_leaf *leaf);
void pw_radix_expect(void *state, uint64_t page);
bool pw_radix_map(void *state, const struct pw_leaf *leaf);
void pw_radix_unmap(void *state, uint64_t page);
bool pw_radix_split(void *state, uint64_t page);
bool pw_radix_next(void *state, uint64_t first, uint64_t end, uint64_t *page,
		   struct pw_leaf *leaf);

/*
 * The glance of such page tables.
 *
 * Cost: two loads.
 */
static inline uint64_t pw_radix_glance(const void *state, uint64_t page)
{
	const struct pw_radix *radix = state;
	uint64_t key = page >> radix->shift[1];
	const struct pw_radix_recent *recent =
		&radix->recent[key & radix->recent_mask];

	if (recent->key != key || !recent->ptes)
		return 0;
	return recent->ptes[page & (((uint64_t)1 << radix->kind[0].bits) - 1)];
}

#endif
