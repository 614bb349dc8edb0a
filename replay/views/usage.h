/*
 * usage.h - what /proc/PID/smaps says of a range of an address space.
 */
#ifndef PW_REPLAY_USAGE_H
#define PW_REPLAY_USAGE_H

#include <stdint.h>

#include "replay/memory/system.h"

/* Fraction bits of proportional shares, as in fs/proc/task_mmu.c. */
#define PW_PSS_SHIFT 12

/*
 * Sums over present pages, zero pages not among them. The shares, all of pss
 * and swap_pss and locked, have PW_PSS_SHIFT fraction bits, which are dropped
 * only where a sum is shown.
 *
 * Units: bytes.
 */
struct pw_usage {
	uint64_t rss;
	uint64_t pss;
	uint64_t pss_dirty;
	uint64_t pss_anon;
	uint64_t pss_file;
	uint64_t pss_shmem;
	uint64_t shared_clean;
	uint64_t shared_dirty;
	uint64_t private_clean;
	uint64_t private_dirty;
	uint64_t referenced;
	uint64_t anonymous;
	uint64_t lazyfree;
	uint64_t anon_huge; /* mapped by large entries */
	uint64_t shmem_pmd;
	uint64_t file_pmd;
	uint64_t shared_hugetlb; /* hugetlb pages are in no other sum */
	uint64_t private_hugetlb;
	uint64_t swap;
	uint64_t swap_pss;
	uint64_t locked; /* shares of what is in locked mappings */
};

/*
 * Add what lies in @range of @space to *usage. What lies in no mapping counts
 * as private anonymous memory.
 *
 * Source: Linux fs/proc/task_mmu.c smaps_account, smaps_page_accumulate.
 * Cost:   O(leaves + leaf tables).
 */
void pw_usage_add(const struct pw_system *system, const struct pw_space *space,
		  struct pw_range range, struct pw_usage *usage);

/*
 * By how many entries, of whatever process, a page in @range of @space is
 * mapped at most; zero pages do not count.
 *
 * Source: Linux fs/proc/task_mmu.c gather_stats.
 * Cost:   that of pw_usage_add.
 */
uint32_t pw_usage_maps_max(const struct pw_system *system,
			   const struct pw_space *space, struct pw_range range);

#endif
