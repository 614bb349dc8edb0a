/*
 * oracle_tlb.h - a TLB that is obviously right: entries with time stamps.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_TLB_H
#define PW_TESTS_ORACLE_ORACLE_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pw_oracle_geometry {
	uint64_t entries; /* 0: there is none */
	uint64_t ways;
};

struct pw_oracle_entry {
	bool valid;
	uint64_t page;
	uint64_t used; /* the time of the last hit or fill */
};

struct pw_oracle_tlb {
	struct pw_oracle_geometry geometry;
	struct pw_oracle_entry *entry; /* in no order; the page tells the set */
	uint64_t now;
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
 * Look @page up; a hit makes it the most recent, a miss changes nothing. A TLB
 * that does not exist never hits.
 */
bool pw_oracle_tlb_hit(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Put @page in, which is not there, over the least recent of a full set.
 */
void pw_oracle_tlb_fill(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Remove @page if it is there.
 */
void pw_oracle_tlb_invalidate(struct pw_oracle_tlb *tlb, uint64_t page);

/*
 * Remove everything.
 */
void pw_oracle_tlb_flush(struct pw_oracle_tlb *tlb);

#endif
