/*
 * machine_file.c - the schema of machine files.
 */
#include "replay/machine_file.h"

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
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t page_size_fields[] = {
	TEXT(struct pw_file_page_size, model),
	TEXT(struct pw_file_page_size, max),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t tlb_fields[] = {
	TEXT(struct pw_file_tlb, model),
	TEXT(struct pw_file_tlb, entries),
	TEXT(struct pw_file_tlb, ways),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t tlbs_fields[] = {
	SECTION(struct pw_file_tlbs, l1d, tlb_fields),
	SECTION(struct pw_file_tlbs, l1i, tlb_fields),
	OPTIONAL(struct pw_file_tlbs, stlb, tlb_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t pwcs_fields[] = {
	OPTIONAL(struct pw_file_pwcs, pml4e, tlb_fields),
	OPTIONAL(struct pw_file_pwcs, pdpte, tlb_fields),
	OPTIONAL(struct pw_file_pwcs, pde, tlb_fields),
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

static const cyaml_schema_field_t memory_fields[] = {
	TEXT(struct pw_file_memory, fault_around),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cost_fields[] = {
	TEXT(struct pw_file_cost, clock),
	TEXT(struct pw_file_cost, base_cpi),
	TEXT(struct pw_file_cost, stlb_hit),
	TEXT(struct pw_file_cost, walk_reference),
	TEXT(struct pw_file_cost, minor_fault),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t machine_fields[] = {
	TEXT(struct pw_machine_file, name),
	TEXT(struct pw_machine_file, summary),
	MAYBE_TEXT(struct pw_machine_file, source),
	SECTION(struct pw_machine_file, page_table, page_table_fields),
	OPTIONAL(struct pw_machine_file, page_size, page_size_fields),
	SECTION(struct pw_machine_file, tlb, tlbs_fields),
	OPTIONAL(struct pw_machine_file, pwc, pwcs_fields),
	OPTIONAL(struct pw_machine_file, cpu, cpu_fields),
	SECTION(struct pw_machine_file, memory, memory_fields),
	SECTION(struct pw_machine_file, cost, cost_fields),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t pw_machine_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pw_machine_file,
			    machine_fields),
};
