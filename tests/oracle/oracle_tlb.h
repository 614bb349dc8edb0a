/*
 * oracle_tlb.h - a TLB that is obviously right: entries with time stamps.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_TLB_H
#define PW_TESTS_ORACLE_ORACLE_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum pw_oracle_policy {
	PW_ORACLE_LRU,
	PW_ORACLE_FIFO,
	PW_ORACLE_RANDOM,
	PW_ORACLE_TREE_PLRU,
	PW_ORACLE_BIT_PLRU,
};

struct pw_oracle_geometry {
	uint64_t entries; /* 0: there is none */
	uint64_t ways;
	enum pw_oracle_policy policy;
	bool folded; /* the index is XOR */
	uint64_t seed;
};

/* Entry i is way i modulo ways of set i / ways. */
struct pw_oracle_entry {
	bool valid;
	uint64_t page;
	uint64_t filled; /* the time of the fill */
	/* The time of the last hit or fill of the way, whatever it held. */
	uint64_t used;
	bool marked; /* bit-PLRU's bit */
};

struct pw_oracle_tlb {
	struct pw_oracle_geometry geometry;
	struct pw_oracle_entry *entry;
	uint64_t now;
	struct pw_random random;
};

/*
 * Make an empty TLB.
 *
 * Owns:   *tlb holds memory until pw_oracle_tlb_free.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_tlb_init(struct pw_oracle_tlb *tlb,
			struct pw_oracle_geometry geometry);

/*
 * Free the entries.
 */
void pw_oracle_tlb_free(struct pw_oracle_tlb *tlb);

/*
 * Whether @page is there. Nothing changes.
 */
bool pw_oracle_tlb_holds(const struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Look @page up; a hit counts as a use, a miss changes nothing. A TLB that does
 * not exist never hits. The lowest 45 bits of @page are its number; two that
 * differ above are different pages of one set.
 */
bool pw_oracle_tlb_hit(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Put @page in, which is not there, in a free way of its set or over the one
 * that the policy gives up.
 */
void pw_oracle_tlb_fill(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Remove @page if it is there.
 */
void pw_oracle_tlb_invalidate(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Remove everything and forget all uses.
 */
void pw_oracle_tlb_flush(struct pw_oracle_tlb *tlb);

#endif
