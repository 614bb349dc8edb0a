/*
 * machine.h - one configuration of everything below the program.
 *
 * Described in YAML (see pagewalk-machines(1)), shipped as presets under
 * replay/machines. Every value is checked when it is read.
 */
#ifndef PW_REPLAY_MACHINE_H
#define PW_REPLAY_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/embed.h"
#include "base/option.h"
#include "base/status.h"
#include "base/table.h"
#include "replay/mmu/placement.h"
#include "replay/mmu/tlb_arrays.h"
#include "replay/models.h"

#define PW_PWC_MAX 4	 /* heights that page-walk caches may be for */
#define PW_LINE_CACHES 3 /* l1d, l2, llc */

/* The page-walk caches of one page table; each may be absent. */
struct pw_pwc_choice {
	struct pw_tlb_choice split[PW_PWC_MAX]; /* [0]: entries at height 1 */
	struct pw_tlb_choice unified; /* for all heights without their own */
	bool in_stlb;  /* entries at height 1 are kept in the STLB */
	bool by_range; /* an invalidation drops what leads to its pages only */
};

/* Where walks find page-table entries. */
struct pw_line_choice {
	bool cached; /* false: each costs cost.walk_reference */
	struct pw_tlb_choice cache[PW_LINE_CACHES]; /* each may be absent */
	uint64_t cycles[PW_LINE_CACHES + 1];	    /* the last: of memory */
};

/* The host of a virtual machine. */
struct pw_nested_choice {
	const struct pw_page_table_ops *page_table; /* NULL: no nested paging */
	struct pw_geometry geometry;
	unsigned height;	  /* of the entries that map its pages */
	struct pw_tlb_choice tlb; /* may be absent */
	struct pw_pwc_choice pwc;
};

struct pw_page_size_ops;

/*
 * Whose memory manager is simulated: what changed after 6.1 is told by
 * comparing these; see MODEL.md, "Kernels".
 */
enum pw_kernel { PW_KERNEL_6_1, PW_KERNEL_6_12, PW_KERNEL_6_18 };

struct pw_machine_cost {
	uint64_t clock_hz;
	double base_cpi; /* cycles an instruction when translation is free */
	uint64_t stlb_hit_cycles; /* of an L1 TLB miss that hits the STLB */
	uint64_t walk_reference_cycles; /* of each table entry read by a walk */
	uint64_t minor_fault_ns;	/* of those of no other kind */
#define PW_COST(name, counter, class, fallback, help) uint64_t name##_ns;
#include "replay/machine/costs.def"
#undef PW_COST
};

/* The CPUs and how threads and address spaces share them. */
struct pw_machine_cpu {
	const struct pw_placement_ops *placement;
	uint64_t count;
	uint64_t smt;		/* CPUs of a core, which share its TLBs */
	uint64_t asids;		/* of a CPU; 1: a switch flushes */
	uint64_t flush_ceiling; /* more pages flush all; 0: never. Pages */
};

/* What is counted as a call that the machine would have refused. */
enum pw_overcommit {
	PW_OVERCOMMIT_RECORDED,	 /* none: what the recording says */
	PW_OVERCOMMIT_HEURISTIC, /* one that asks for more than the limit */
	PW_OVERCOMMIT_ALWAYS,	 /* none */
	PW_OVERCOMMIT_NEVER,	 /* one that goes beyond the limit */
};

struct pw_machine {
	const char *name;
	const char *summary;
	const char *source; /* "" when not said */
	const struct pw_page_table_ops *page_table;
	uint64_t page_table_levels;
	struct pw_geometry geometry; /* of its page tables */
	bool contiguous; /* TLBs hold contiguous leaves as one entry */
	const struct pw_page_size_ops *page_size;
	unsigned page_size_max_shift; /* of the largest page it may map */
	bool prefetch_next;  /* an STLB miss brings in the next page too */
	bool cache_recorded; /* the page cache begins as recorded, if it was */
	bool no_zero_page;   /* reads of absent memory get pages of their own */
	union {		     /* by number and by name; most may be absent */
		struct pw_tlb_choice tlb[PW_TLB_ARRAYS];
		struct {
#define PW_TLB_ARRAY(name, need, base, height) struct pw_tlb_choice name;
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
		};
	};
	struct pw_machine_cpu cpu;
	struct pw_pwc_choice pwc;
	struct pw_line_choice lines;
	struct pw_nested_choice nested;
	enum pw_kernel kernel;
	enum pw_overcommit overcommit;
	uint64_t memory_frames;	     /* 0: without end */
	uint64_t cache_percent;	     /* of pages that begin in it, else */
	uint64_t read_ahead_bytes;   /* where the recording does not tell */
	uint64_t read_request_bytes; /* that the device takes at most */
	uint64_t fault_around_pages;
	uint64_t commit_limit_bytes;
	uint64_t dirty_ratio; /* of memory that files may have, in per cent */
	uint64_t dirty_background_ratio;
	uint64_t dirty_bytes; /* in place of the ratio; 0: that counts */
	uint64_t dirty_background_bytes;
	uint64_t dirty_expire_ns;
	uint64_t dirty_writeback_ns; /* 0: the flusher has no clock */
	struct pw_machine_cost cost;
	void *document; /* the file as read, behind the texts */
};

/* The presets, ended by a NULL name. */
extern const struct pw_embedded pw_machine_files[];

/*
 * The preset called @name, or NULL.
 *
 * Owns: static.
 */
const struct pw_embedded *pw_machine_preset(const char *name);

/*
 * Make a machine from YAML. @name is what messages call the text; @overrides
 * are texts "key=value" and may be NULL.
 *
 * Owns:   *out is the caller's; free it with pw_machine_close. NULL on failure.
 * Errors: PW_ERR_USAGE a key or a value is wrong, with line and column where
 *         the YAML is at fault; PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_parse(struct pw_machine **out, const char *name,
				const char *text,
				const struct pw_text_list *overrides,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Make a machine from a preset, or from a file when @name_or_path has a slash
 * or ends in ".yaml".
 *
 * Owns:   as pw_machine_parse.
 * Errors: as pw_machine_parse; PW_ERR_USAGE no such preset or file.
 */
enum pw_status pw_machine_load(struct pw_machine **out,
			       const char *name_or_path,
			       const struct pw_text_list *overrides,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the machine. NULL is allowed.
 */
void pw_machine_close(struct pw_machine *machine);

/*
 * Whether the memory of both is configured alike, so that both take the same
 * faults of a trace.
 */
bool pw_machine_same_memory(const struct pw_machine *a,
			    const struct pw_machine *b);

/*
 * List its effective values in @table (pairs): dotted key, value.
 */
void pw_machine_list(const struct pw_machine *machine, struct pw_table *table);

#endif
