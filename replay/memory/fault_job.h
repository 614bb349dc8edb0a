/*
 * fault_job.h - between the files that handle faults: one that is handled.
 */
#ifndef PW_REPLAY_FAULT_JOB_H
#define PW_REPLAY_FAULT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/* Flags of entries. */
#define PW_ENTRY_OWN \
	(PW_PTE_PRESENT | PW_PTE_WRITABLE | PW_PTE_MAY_WRITE | PW_PTE_DIRTY)
#define PW_ENTRY_CACHED (PW_PTE_PRESENT | PW_PTE_FILE)

struct pw_fault_job {
	struct pw_system *system;
	struct pw_space *space;
	uint64_t page;
	struct pw_range extent; /* of the mapping */
	struct pw_mapping mapping;
	bool shmem;  /* it maps shared memory */
	bool absent; /* no entry maps the page */
	bool major;
	bool owned; /* it has been given a page of its own */
};

/*
 * What an entry says of the kind of mapping that it is in.
 */
static inline uint64_t pw_fault_hugetlb(const struct pw_fault_job *job)
{
	return job->mapping.hugetlb_shift ? PW_PTE_HUGETLB : 0;
}

/*
 * Map a new page of @leaf's size and place, which is the program's own.
 *
 * Errors: as pw_fault.
 */
enum pw_status pw_fault_own(struct pw_fault_job *job, struct pw_leaf leaf,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * A reference to a page of an object that no entry maps.
 *
 * Errors: as pw_fault.
 */
enum pw_status pw_fault_cached(struct pw_fault_job *job, bool write,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * What a read fault of a page leaves that its object does not have: pages
 * around it are mapped.
 *
 * Errors: as pw_fault.
 */
enum pw_status pw_fault_around(struct pw_fault_job *job,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Map @page, which is in the cache or comes into it, alone; with @write by an
 * entry that was written through.
 *
 * Errors: as pw_fault.
 */
enum pw_status pw_fault_map_cached(const struct pw_fault_job *job,
				   uint64_t page, bool write,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Let the page of the cache that the entry of @page maps be dirty, as a write
 * to it has it.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fault_soil(const struct pw_fault_job *job, uint64_t page,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
