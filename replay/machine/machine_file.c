/*
 * machine_file.c - the schema of machine files.
 */
#include "replay/machine/machine_file.h"

#define TEXT(structure, member)                                                \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER, structure, member, \
			       0, CYAML_UNLIMITED)
#define MAYBE_TEXT(structure, member)                                    \
	CYAML_FIELD_STRING_PTR(#member,                                  \
			       CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
			       structure, member, 0, CYAML_UNLIMITED)
#define SECTION(structure, member, fields)                                  \
	CYAML_FIELD_MAPPING(#member, CYAML_FLAG_DEFAULT, structure, member, \
			    fields)
#define OPTIONAL(structure, member, fields)                               \
	CYAML_FIELD_MAPPING_PTR(#member,                                  \
				CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
				structure, member, fields)

static const cyaml_schema_field_t page_table_fields[] = {
	TEXT(struct pw_file_page_table, model),
	TEXT(struct pw_file_page_table, levels),
	MAYBE_TEXT(struct pw_file_page_table, page),
	MAYBE_TEXT(struct pw_file_page_table, contiguous),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t page_size_fields[] = {
	TEXT(struct pw_file_page_size, model),
	TEXT(struct pw_file_page_size, max),
	CYAML_FIELD_END,
};

#define SIZES_AND_INDEX                                                     \
	TEXT(struct pw_file_tlb, model), TEXT(struct pw_file_tlb, entries), \
		TEXT(struct pw_file_tlb, ways),                             \
		MAYBE_TEXT(struct pw_file_tlb, index),                      \
		MAYBE_TEXT(struct pw_file_tlb, seed)

static const cyaml_schema_field_t tlb_fields[] = {
	SIZES_AND_INDEX,
	MAYBE_TEXT(struct pw_file_tlb, coalesce),
	MAYBE_TEXT(struct pw_file_tlb, largest),
	MAYBE_TEXT(struct pw_file_tlb, also_4k),
	CYAML_FIELD_END,
};

#define FLAGS_REQUIRED CYAML_FLAG_POINTER
#define FLAGS_OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t tlbs_fields[] = {
#define PW_TLB_ARRAY(name, need, base, height)                            \
	CYAML_FIELD_MAPPING_PTR(#name, FLAGS_##need, struct pw_file_tlbs, \
				name, tlb_fields),
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
	MAYBE_TEXT(struct pw_file_tlbs, prefetch),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cache_fields[] = {
	SIZES_AND_INDEX,
	CYAML_FIELD_END,
};

#define PWC_FIELDS                                                  \
	OPTIONAL(struct pw_file_pwcs, pml5e, cache_fields),         \
		OPTIONAL(struct pw_file_pwcs, pml4e, cache_fields), \
		OPTIONAL(struct pw_file_pwcs, pdpte, cache_fields), \
		OPTIONAL(struct pw_file_pwcs, pde, cache_fields),   \
		OPTIONAL(struct pw_file_pwcs, unified, cache_fields)

static const cyaml_schema_field_t pwcs_fields[] = {
	PWC_FIELDS,
	MAYBE_TEXT(struct pw_file_pwcs, pde_in_stlb),
	MAYBE_TEXT(struct pw_file_pwcs, invalidate),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cpu_fields[] = {
	MAYBE_TEXT(struct pw_file_cpu, count),
	MAYBE_TEXT(struct pw_file_cpu, smt),
	MAYBE_TEXT(struct pw_file_cpu, placement),
	MAYBE_TEXT(struct pw_file_cpu, asids),
	MAYBE_TEXT(struct pw_file_cpu, flush_ceiling),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t host_pwcs_fields[] = {
	PWC_FIELDS,
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t line_cache_fields[] = {
	CYAML_FIELD_STRING_PTR("model", CYAML_FLAG_POINTER,
			       struct pw_file_line_cache, size.model, 0,
			       CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("lines", CYAML_FLAG_POINTER,
			       struct pw_file_line_cache, size.entries, 0,
			       CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("ways", CYAML_FLAG_POINTER,
			       struct pw_file_line_cache, size.ways, 0,
			       CYAML_UNLIMITED),
	TEXT(struct pw_file_line_cache, cycles),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t walk_fields[] = {
	TEXT(struct pw_file_walk, lines),
	OPTIONAL(struct pw_file_walk, l1d, line_cache_fields),
	OPTIONAL(struct pw_file_walk, l2, line_cache_fields),
	OPTIONAL(struct pw_file_walk, llc, line_cache_fields),
	TEXT(struct pw_file_walk, memory),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t nested_fields[] = {
	TEXT(struct pw_file_nested, model),
	TEXT(struct pw_file_nested, levels),
	TEXT(struct pw_file_nested, page),
	OPTIONAL(struct pw_file_nested, tlb, cache_fields),
	OPTIONAL(struct pw_file_nested, pwc, host_pwcs_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t memory_fields[] = {
	TEXT(struct pw_file_memory, fault_around),
	MAYBE_TEXT(struct pw_file_memory, zero_page),
	MAYBE_TEXT(struct pw_file_memory, overcommit),
	MAYBE_TEXT(struct pw_file_memory, commit_limit),
	MAYBE_TEXT(struct pw_file_memory, size),
	MAYBE_TEXT(struct pw_file_memory, cache),
	MAYBE_TEXT(struct pw_file_memory, read_ahead),
	MAYBE_TEXT(struct pw_file_memory, read_request),
	MAYBE_TEXT(struct pw_file_memory, dirty_ratio),
	MAYBE_TEXT(struct pw_file_memory, dirty_background_ratio),
	MAYBE_TEXT(struct pw_file_memory, dirty_bytes),
	MAYBE_TEXT(struct pw_file_memory, dirty_background_bytes),
	MAYBE_TEXT(struct pw_file_memory, dirty_expire),
	MAYBE_TEXT(struct pw_file_memory, dirty_writeback),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cost_fields[] = {
	TEXT(struct pw_file_cost, clock),
	TEXT(struct pw_file_cost, base_cpi),
	TEXT(struct pw_file_cost, stlb_hit),
	TEXT(struct pw_file_cost, walk_reference),
	TEXT(struct pw_file_cost, minor_fault),
#define PW_COST(name, counter, class, fallback, help) \
	MAYBE_TEXT(struct pw_file_cost, name),
#include "replay/machine/costs.def"
#undef PW_COST
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t machine_fields[] = {
	TEXT(struct pw_machine_file, name),
	TEXT(struct pw_machine_file, summary),
	MAYBE_TEXT(struct pw_machine_file, source),
	MAYBE_TEXT(struct pw_machine_file, kernel),
	SECTION(struct pw_machine_file, page_table, page_table_fields),
	OPTIONAL(struct pw_machine_file, page_size, page_size_fields),
	SECTION(struct pw_machine_file, tlb, tlbs_fields),
	OPTIONAL(struct pw_machine_file, pwc, pwcs_fields),
	OPTIONAL(struct pw_machine_file, cpu, cpu_fields),
	OPTIONAL(struct pw_machine_file, walk, walk_fields),
	OPTIONAL(struct pw_machine_file, nested, nested_fields),
	SECTION(struct pw_machine_file, memory, memory_fields),
	SECTION(struct pw_machine_file, cost, cost_fields),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t pw_machine_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pw_machine_file,
			    machine_fields),
};
