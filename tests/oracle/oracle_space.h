/*
 * oracle_space.h - an address space as two plain arrays: pages and mappings.
 *
 * Every search is linear, and every sum is counted anew when asked for.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_SPACE_H
#define PW_TESTS_ORACLE_ORACLE_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pw_oracle_frame {
	PW_ORACLE_ZERO,	   /* the zero page, read-only */
	PW_ORACLE_OWN,	   /* a page of the mapping's own, writable */
	PW_ORACLE_FORKED,  /* the same, read-only since a fork */
	PW_ORACLE_PRIVATE, /* the file's page in a private mapping, read-only */
	PW_ORACLE_SHARED,  /* the file's page in a shared mapping, read-only */
	PW_ORACLE_WRITTEN, /* the same after a write: writable */
};

/* Addresses have 57 bits. */
#define PW_ORACLE_PAGES ((uint64_t)1 << 45)

struct pw_oracle_page {
	uint64_t page;
	enum pw_oracle_frame frame;
};

struct pw_oracle_mapping {
	uint64_t first, end; /* pages; end is the first behind it */
	uint64_t prot;
	uint64_t offset; /* of the first page in the file, bytes */
	uint64_t file_bytes;
	bool anonymous, shared, grows_down;
	bool owns_pages;  /* is private and ever had a page of its own */
	int lock;	  /* 0 not, 1 at once, 2 on fault */
	bool leave, wipe; /* at a fork */
};

struct pw_oracle_space {
	struct pw_oracle_page *page; /* in the order they were mapped */
	size_t pages, page_room;
	struct pw_oracle_mapping *mapping; /* in no order */
	size_t mappings, mapping_room;
	bool break_known;
	uint64_t program_break; /* bytes */
	int future_lock;	/* of new mappings */
	unsigned users;		/* processes */
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
 * Map an absent page.
 */
void pw_oracle_page_add(struct pw_oracle_space *space, uint64_t page,
			enum pw_oracle_frame frame);

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
 * Pages in memory, the zero page not counted.
 */
uint64_t pw_oracle_resident(const struct pw_oracle_space *space);

/*
 * Page-table tables without the root: distinct prefixes of mapped pages.
 */
uint64_t pw_oracle_tables(const struct pw_oracle_space *space);

#endif
