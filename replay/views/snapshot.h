/*
 * snapshot.h - the simulated memory as /proc shows that of a real process.
 *
 * All that views of it show is found here, so that a model that learns
 * something new has one place to say it.
 */
#ifndef PW_REPLAY_SNAPSHOT_H
#define PW_REPLAY_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/memory/huge_pool.h"
#include "replay/memory/policy.h"
#include "replay/memory/system.h"
#include "replay/views/usage.h"

/* A mapping as a line of /proc/PID/maps and a paragraph of smaps. */
struct pw_vma {
	uint64_t start; /* addresses */
	uint64_t end;
	char perms[5]; /* "rw-p" */
	uint64_t offset;
	uint64_t device; /* as in the trace: dev_t */
	uint64_t inode;
	const char *name;    /* a path, "[heap]", or "" */
	uint64_t page_bytes; /* of a page that a fault would map, hugetlb's */
	bool shmem;	     /* its pages are shared memory's, not a file's */
	bool hugetlb;
	bool thp_eligible;
	bool locked;		       /* by mlock */
	struct pw_policy policy;       /* of mbind; mode 0: none */
	char flags[PW_VMA_TEXT_BYTES]; /* "rd wr mr mw me ac" */
	struct pw_usage usage;
};

/*
 * The first mapping of @space that ends above address *cursor, which is set
 * behind it; begin with 0. False when there is none.
 *
 * Owns: vma->name points into the space; good until it changes.
 * Cost: that of pw_usage_add.
 */
bool pw_vma_next(const struct pw_system *system, const struct pw_space *space,
		 uint64_t *cursor, struct pw_vma *vma);

#define PW_DEVICE_BYTES 24

/*
 * The number of a device as maps writes it: "fe:00".
 */
void pw_device_text(char text[PW_DEVICE_BYTES], uint64_t device);

/* Units: bytes. */
struct pw_process_sizes {
#define PW_STATUS_FIELD(member, name, help) uint64_t member;
#include "replay/views/status_fields.def"
#undef PW_STATUS_FIELD
};

/*
 * The sizes of a process in @space.
 *
 * Cost: that of pw_usage_add for all of it.
 */
void pw_process_sizes(const struct pw_system *system,
		      const struct pw_space *space,
		      struct pw_process_sizes *sizes);

/*
 * The memory of the machine, as meminfo and vmstat have it.
 *
 * Units: bytes.
 */
struct pw_machine_sizes {
	uint64_t total; /* 64 TiB for a memory without end */
	uint64_t free;
	uint64_t anon;	 /* anonymous pages that are mapped, each once */
	uint64_t mapped; /* those of files and shared memory */
	uint64_t file;	 /* of files, mapped or not */
	uint64_t shmem;	 /* of shared memory, mapped or not */
	uint64_t dirty;	 /* of files, not written back */
	uint64_t writeback;
	uint64_t freed;	 /* frames given back since the start */
	uint64_t tables; /* page tables, with the roots */
	uint64_t locked; /* pages in locked mappings */
	uint64_t anon_huge;
	uint64_t hugetlb;
	struct pw_huge_sizes huge; /* the pool */
	uint64_t committed;
	uint64_t commit_limit;
	unsigned page_order; /* of the machine's page, in pages of 4 KiB */
};

/*
 * The sizes of all memory of @system.
 *
 * Cost: that of pw_usage_add for all spaces.
 */
void pw_machine_sizes(const struct pw_system *system,
		      struct pw_machine_sizes *sizes);

/*
 * Add @more to *sum, member by member.
 */
void pw_usage_merge(struct pw_usage *sum, const struct pw_usage *more);

#endif
