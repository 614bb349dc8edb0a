/*
 * machine_file.h - a machine file as libcyaml reads it: texts in a tree.
 *
 * Private to machine.c, which turns the texts into checked values.
 */
#ifndef PW_REPLAY_MACHINE_FILE_H
#define PW_REPLAY_MACHINE_FILE_H

#include "base/yaml.h"

/*
 * One TLB or page-walk cache; optional ones may be missing, and so may what
 * follows ways. Page-walk caches and a host's TLB have nothing after seed.
 */
struct pw_file_tlb {
	const char *model;
	const char *entries;
	const char *ways;
	const char *index;
	const char *seed;
	const char *coalesce;
	const char *largest;
	const char *also_4k;
};

struct pw_file_page_table {
	const char *model;
	const char *levels;
	const char *page;	/* or NULL */
	const char *contiguous; /* or NULL */
};

struct pw_file_page_size {
	const char *model;
	const char *max;
};

struct pw_file_tlbs {
#define PW_TLB_ARRAY(name, need, base, height) struct pw_file_tlb *name;
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
	const char *prefetch;
};

/* By height; the names are those of x86-64. */
struct pw_file_pwcs {
	struct pw_file_tlb *pml5e;
	struct pw_file_tlb *pml4e;
	struct pw_file_tlb *pdpte;
	struct pw_file_tlb *pde;
	struct pw_file_tlb *unified;
	const char *pde_in_stlb; /* optional; not of a host */
	const char *invalidate;	 /* likewise */
};

struct pw_file_line_cache {
	struct pw_file_tlb size; /* entries are lines */
	const char *cycles;
};

struct pw_file_walk {
	const char *lines;
	struct pw_file_line_cache *l1d;
	struct pw_file_line_cache *l2;
	struct pw_file_line_cache *llc;
	const char *memory;
};

struct pw_file_nested {
	const char *model;
	const char *levels;
	const char *page;
	struct pw_file_tlb *tlb;
	struct pw_file_pwcs *pwc;
};

/* Each may be missing. */
struct pw_file_cpu {
	const char *count;
	const char *smt;
	const char *placement;
	const char *asids;
	const char *flush_ceiling;
};

struct pw_file_memory {
	const char *fault_around;
	const char *zero_page; /* optional, as are those below */
	const char *overcommit;
	const char *commit_limit;
	const char *size;
	const char *cache;
	const char *read_ahead;
	const char *read_request;
	const char *dirty_ratio;
	const char *dirty_background_ratio;
	const char *dirty_bytes;
	const char *dirty_background_bytes;
	const char *dirty_expire;
	const char *dirty_writeback;
};

struct pw_file_cost {
	const char *clock;
	const char *base_cpi;
	const char *stlb_hit;
	const char *walk_reference;
	const char *minor_fault;
	/* Optional. */
#define PW_COST(name, counter, class, fallback, help) const char *name;
#include "replay/machine/costs.def"
#undef PW_COST
};

struct pw_machine_file {
	const char *name;
	const char *summary;
	const char *source;
	const char *kernel; /* or NULL */
	struct pw_file_page_table page_table;
	struct pw_file_page_size *page_size; /* or NULL */
	struct pw_file_tlbs tlb;
	struct pw_file_pwcs *pwc;
	struct pw_file_cpu *cpu;
	struct pw_file_walk *walk;
	struct pw_file_nested *nested;
	struct pw_file_memory memory;
	struct pw_file_cost cost;
};

/* The schema of the whole file. */
extern const cyaml_schema_value_t pw_machine_schema;

#endif
