/*
 * oracle_walk.h - the slow, obvious twin of page walks: caches as lists of
 * entries, a guest's memory as a list of blocks.
 *
 * Written from replay/MODEL.md, "Walk".
 */
#ifndef PW_TESTS_ORACLE_ORACLE_WALK_H
#define PW_TESTS_ORACLE_ORACLE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/oracle/oracle_space.h"
#include "tests/oracle/oracle_tlb.h"

#define PW_ORACLE_LEVELS_MAX 5
#define PW_ORACLE_LINE_CACHES 3

struct pw_oracle_pwc {
	/* By height; [0] is not used. 0 entries: none. */
	struct pw_oracle_geometry split[PW_ORACLE_LEVELS_MAX];
	struct pw_oracle_geometry unified;
	bool in_stlb, by_range;
};

struct pw_oracle_walk_machine {
	struct pw_oracle_shape guest;
	struct pw_oracle_pwc pwc;
	bool lines_cached;
	struct pw_oracle_geometry line[PW_ORACLE_LINE_CACHES];
	uint64_t line_cycles[PW_ORACLE_LINE_CACHES + 1];
	uint64_t fixed_cycles;
	bool nested;
	struct pw_oracle_shape host;
	unsigned host_height;
	struct pw_oracle_geometry nested_tlb;
	struct pw_oracle_pwc host_pwc;
};

struct pw_oracle_walk_counts {
	uint64_t walks, references, cycles, pwc_hits;
	uint64_t height[PW_ORACLE_LEVELS_MAX];
	uint64_t served[PW_ORACLE_LINE_CACHES + 1];
	uint64_t nested_references, nested_walks, nested_pwc_hits;
	uint64_t nested_tlb_hits, nested_tlb_misses;
	uint64_t guest_bytes, guest_peak_bytes;
};

/* The caches for the entries of one page table. */
struct pw_oracle_walk_caches {
	struct pw_oracle_shape shape;
	struct pw_oracle_pwc choice;
	struct pw_oracle_tlb split[PW_ORACLE_LEVELS_MAX];
	struct pw_oracle_tlb unified;
};

/* A block of the guest's memory and whose it is. */
struct pw_oracle_block {
	uint32_t space;
	bool is_page;
	unsigned height;
	uint64_t index;
	uint64_t first, frames; /* 4 KiB each */
};

/* The memory of a guest, which all cores that run it share. */
struct pw_oracle_guest {
	struct pw_oracle_block *block;
	size_t blocks, block_room;
};

struct pw_oracle_walks {
	struct pw_oracle_walk_machine machine;
	struct pw_oracle_walk_caches guest, host;
	struct pw_oracle_tlb line[PW_ORACLE_LINE_CACHES];
	struct pw_oracle_tlb nested_tlb;
	struct pw_oracle_guest *guest_memory;
	struct pw_oracle_walk_counts *counts;
};

/* A page and what maps it. */
struct pw_oracle_target {
	uint32_t asid, space;
	uint64_t page;
	unsigned height;
	unsigned probes; /* of a hashed table; 0: the table is a tree */
};

/*
 * Make empty caches for walks in @guest, whose memory begins all zero; both
 * count into @counts.
 *
 * Owns:   *walks holds memory until pw_oracle_walks_free, *guest until
 *         pw_oracle_guest_free.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_walks_init(struct pw_oracle_walks *walks,
			  const struct pw_oracle_walk_machine *machine,
			  struct pw_oracle_guest *guest,
			  struct pw_oracle_walk_counts *counts);

/*
 * Free what the caches hold.
 */
void pw_oracle_walks_free(struct pw_oracle_walks *walks);

/*
 * Free what the guest's memory holds.
 */
void pw_oracle_guest_free(struct pw_oracle_guest *guest);

/*
 * Walk to @target. @stlb is the second-level TLB.
 */
void pw_oracle_walk(struct pw_oracle_walks *walks, struct pw_oracle_tlb *stlb,
		    const struct pw_oracle_target *target);

/*
 * Pages [first, end) of @asid are mapped otherwise.
 */
void pw_oracle_walks_invalidate(struct pw_oracle_walks *walks,
				struct pw_oracle_tlb *stlb, uint32_t asid,
				uint64_t first, uint64_t end);

/*
 * Empty the caches of the guest's entries.
 */
void pw_oracle_walks_flush(struct pw_oracle_walks *walks);

/*
 * @space ends.
 */
void pw_oracle_walks_end(struct pw_oracle_walks *walks, uint32_t space);

#endif
