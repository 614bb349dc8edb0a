/*
 * oracle_space.h - an address space as two plain arrays: pages and mappings.
 *
 * Pages are base pages of the machine; a large page is an item that has many.
 * Every search is linear, and every sum is counted anew when asked for.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_SPACE_H
#define PW_TESTS_ORACLE_ORACLE_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/oracle/oracle_memory.h"

enum pw_oracle_frame {
	PW_ORACLE_ZERO,	   /* the zero page, read-only */
	PW_ORACLE_OWN,	   /* a page of the mapping's own, writable */
	PW_ORACLE_FORKED,  /* the same, read-only since a fork */
	PW_ORACLE_PRIVATE, /* the file's page in a private mapping, read-only */
	PW_ORACLE_SHARED,  /* the file's page in a shared mapping, read-only */
	PW_ORACLE_WRITTEN, /* the same after a write: writable */
	PW_ORACLE_COMMON,  /* shared memory that may be written but was not */
};

#define PW_ORACLE_LEVELS 6

/* What the page tables of a machine are. */
struct pw_oracle_shape {
	unsigned page_shift;		 /* of a base page */
	unsigned levels;		 /* [0] are the leaf tables */
	unsigned bits[PW_ORACLE_LEVELS]; /* of an index, by height */
	unsigned leaves;		 /* lowest heights that map pages */
	bool hashed;			 /* one table of lines, by hash */
};

/* Tables in use at a height. */
struct pw_oracle_use {
	uint64_t tables, bytes, entries, lines;
};

struct pw_oracle_page {
	uint64_t page; /* the first one, of a large page */
	unsigned height;
	enum pw_oracle_frame frame;
	bool old;     /* not used since it was mapped by a fork, or made old */
	bool clean;   /* not written since MADV_FREE gave it up */
	bool shmem;   /* of shared memory */
	bool hugetlb; /* of a mapping of MAP_HUGETLB: not resident */
	struct pw_oracle_phys *phys; /* NULL: the zero page */
};

struct pw_oracle_mapping {
	uint64_t first, end; /* pages; end is the first behind it */
	uint64_t flags;	     /* oracle_vma.h */
	uint64_t offset; /* of the first page, bytes; that of private anonymous
			    memory is the address it was made at */
	struct pw_oracle_object *object; /* that it maps, or NULL */
	bool anonymous, shared, attached;
	unsigned owner; /* private, ever had a page of its own: since when it is
			   one with others; or 0 */
	bool inherited; /* those came from a fork */
	unsigned thing, label, policy; /* oracle_vma.h; 0: none */
	unsigned hugetlb;	       /* log2 of the page's bytes, or 0 */
};

/* A page table that the kernel keeps; oracle_tables.h. */
struct pw_oracle_table {
	unsigned height;
	uint64_t number; /* of its first page, shifted by the pages it has */
};

struct pw_oracle_space {
	const struct pw_oracle_shape *shape;
	struct pw_oracle_page *page; /* in order */
	size_t pages, page_room;
	struct pw_oracle_mapping *mapping; /* in no order */
	size_t mappings, mapping_room;
	bool break_known;
	uint64_t program_break; /* bytes */
	uint64_t heap;		/* its first page */
	uint64_t future_lock;	/* flags of new mappings */
	unsigned owners;	/* numbers given */
	uint64_t *guard;	/* pages, in no order */
	size_t guards, guard_room;
	struct pw_oracle_table *table; /* in no order */
	size_t tables, table_room;
	bool reads_execute;
	bool small, small_unasked; /* PR_SET_THP_DISABLE: no large pages, or
				      only where they are asked for */
	uint64_t stack_limit, size_limit, lock_limit; /* bytes */
	uint64_t data_limit, data_hard;
	uint64_t leaked;      /* locked pages that are not */
	uint64_t most_mapped; /* pages, after any event */
	unsigned users;	      /* processes */
	uint64_t most_lines;  /* of 8 pages, since it was empty */
	uint32_t number;
};

/*
 * Free the arrays; the space is empty and usable afterwards.
 */
void pw_oracle_space_clear(struct pw_oracle_space *space);

/*
 * The page or the mapping that holds it, or NULL.
 *
 * Owns: the space; good until it changes.
 */
struct pw_oracle_page *pw_oracle_page_at(const struct pw_oracle_space *space,
					 uint64_t page);
struct pw_oracle_mapping *
pw_oracle_mapping_at(const struct pw_oracle_space *space, uint64_t page);

/*
 * Base pages of a page at @height, as a power of two.
 */
unsigned pw_oracle_order(const struct pw_oracle_shape *shape, unsigned height);

/*
 * Base pages that addresses of 57 bits have.
 */
uint64_t pw_oracle_pages(const struct pw_oracle_shape *shape);

/*
 * Map an absent page of @height to @phys.
 */
void pw_oracle_page_add(struct pw_oracle_space *space, uint64_t page,
			unsigned height, enum pw_oracle_frame frame,
			struct pw_oracle_phys *phys);

/*
 * Map a present page to @phys and not to what it was mapped to.
 */
void pw_oracle_page_turn(struct pw_oracle_page *page,
			 enum pw_oracle_frame frame,
			 struct pw_oracle_phys *phys);

/*
 * Unmap a present page.
 */
void pw_oracle_page_remove(struct pw_oracle_space *space, uint64_t page);

/*
 * Add a mapping where there is none.
 */
void pw_oracle_mapping_add(struct pw_oracle_space *space,
			   struct pw_oracle_mapping mapping);

/*
 * Cut the mapping around @page in two there, if it does not begin there.
 */
void pw_oracle_cut(struct pw_oracle_space *space, uint64_t page);

/*
 * Remove the mappings of [first, end), cut at both; pages stay.
 */
void pw_oracle_unmap(struct pw_oracle_space *space, uint64_t first,
		     uint64_t end);

/*
 * Make of @page a guard, or none; and whether it is one.
 */
void pw_oracle_guard_set(struct pw_oracle_space *space, uint64_t page,
			 bool guard);
bool pw_oracle_guard_at(const struct pw_oracle_space *space, uint64_t page);

/* Of resident pages. */
enum pw_oracle_rss {
	PW_ORACLE_ANON,
	PW_ORACLE_FILE,
	PW_ORACLE_SHMEM,
	PW_ORACLE_APART, /* hugetlb pages */
};

/*
 * Pages in memory of this kind, the zero page not counted.
 */
uint64_t pw_oracle_resident(const struct pw_oracle_space *space,
			    enum pw_oracle_rss kind);

/*
 * Heights whose tables are counted: all but the root; of a hash table, it.
 */
unsigned pw_oracle_counted(const struct pw_oracle_shape *shape);

/*
 * Lines that a walk to the present page @page reads in a hash table.
 */
uint64_t pw_oracle_probes(const struct pw_oracle_space *space, uint64_t page);

/*
 * Add to *use, by height, what the page table has: distinct prefixes of the
 * mapped pages.
 */
void pw_oracle_add_use(const struct pw_oracle_space *space,
		       struct pw_oracle_use *use);

#endif
