/*
 * interval_tables.c - what happened when, as tables.
 */
#include "replay/views/interval_tables.h"

static const struct pw_table_spec intervals_spec = {
	.name = "intervals",
	.title = "Intervals",
	.help = "What happened between the row before and \"accesses\"; RSS "
		"and page tables are those at its end. MPKI: misses per 1000 "
		"instructions.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "accesses",
		  .y = {"dtlb_misses", "itlb_misses", "stlb_misses"},
		  .y_title = "misses per interval",
		  .x_ends = true},
	.column = {{"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"instructions", "Instructions", PW_CELL_U64, PW_UNIT_COUNT},
		   {"touches", "Touches", PW_CELL_U64, PW_UNIT_COUNT},
		   {"dtlb_misses", "DTLB misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"itlb_misses", "ITLB misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"stlb_misses", "STLB misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"dtlb_mpki", "DTLB MPKI", PW_CELL_F64, PW_UNIT_NONE},
		   {"itlb_mpki", "ITLB MPKI", PW_CELL_F64, PW_UNIT_NONE},
		   {"stlb_mpki", "STLB MPKI", PW_CELL_F64, PW_UNIT_NONE},
		   {"walk_count", "Walks", PW_CELL_U64, PW_UNIT_COUNT},
		   {"walk_references", "Walk references", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"walk_references_each", "References of a walk", PW_CELL_F64,
		    PW_UNIT_NONE},
		   {"walk_cycles", "Walk cycles", PW_CELL_U64, PW_UNIT_CYCLES},
		   {"walk_served_l1d", "Walks served by L1D", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"walk_served_l2", "By L2", PW_CELL_U64, PW_UNIT_COUNT},
		   {"walk_served_llc", "By LLC", PW_CELL_U64, PW_UNIT_COUNT},
		   {"walk_served_memory", "By memory", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"shootdowns", "Shootdowns", PW_CELL_U64, PW_UNIT_COUNT},
		   {"faults", "Faults", PW_CELL_U64, PW_UNIT_COUNT},
		   {"rss_bytes", "RSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"pagetable_bytes", "Page tables", PW_CELL_U64,
		    PW_UNIT_BYTES}},
};

static const struct pw_table_spec tlb_intervals_spec = {
	.name = "tlb_intervals",
	.title = "TLBs over time",
	.help = "As \"tlbs\", for each row of \"intervals\"; what did not "
		"happen in one has no row.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"structure", "Structure", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"page_bytes", "Page size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"lookups", "Look-ups", PW_CELL_U64, PW_UNIT_COUNT},
		   {"hits", "Hits", PW_CELL_U64, PW_UNIT_COUNT},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"prefetches", "Prefetches", PW_CELL_U64, PW_UNIT_COUNT},
		   {"mpki", "MPKI", PW_CELL_F64, PW_UNIT_NONE}},
};

double pw_per(uint64_t many, uint64_t each)
{
	return each ? (double)many / (double)each : 0;
}

static void add_row(struct pw_table *table, const struct pw_replay_row *row,
		    uint64_t instructions)
{
	pw_cell_u64(table, row->accesses);
	pw_cell_u64(table, row->instructions);
	pw_cell_u64(table, row->touches);
	pw_cell_u64(table, row->dtlb_misses);
	pw_cell_u64(table, row->itlb_misses);
	pw_cell_u64(table, row->stlb_misses);
	pw_cell_f64(table, pw_per(1000 * row->dtlb_misses, instructions));
	pw_cell_f64(table, pw_per(1000 * row->itlb_misses, instructions));
	pw_cell_f64(table, pw_per(1000 * row->stlb_misses, instructions));
	pw_cell_u64(table, row->walk_count);
	pw_cell_u64(table, row->walk_references);
	pw_cell_f64(table, pw_per(row->walk_references, row->walk_count));
	pw_cell_u64(table, row->walk_cycles);
	pw_cell_u64(table, row->walk_served_l1d);
	pw_cell_u64(table, row->walk_served_l2);
	pw_cell_u64(table, row->walk_served_llc);
	pw_cell_u64(table, row->walk_served_memory);
	pw_cell_u64(table, row->shootdowns);
	pw_cell_u64(table, row->faults);
	pw_cell_u64(table, row->rss_bytes);
	pw_cell_u64(table, row->pagetable_bytes);
}

static void add_tlbs(struct pw_table *table, const struct pw_machine *machine,
		     const struct pw_replay_row *row, uint64_t instructions)
{
	const struct pw_geometry *geometry = &machine->geometry;

	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++) {
			const struct pw_tlb_tally *tally = &row->tlb[i][h];

			if (!tally->lookups && !tally->prefetches)
				continue;
			pw_cell_u64(table, row->accesses);
			pw_cell_text(table, pw_tlb_array_info(i)->name);
			pw_cell_u64(table,
				    (uint64_t)1 << (geometry->page_shift +
						    pw_geometry_order(geometry,
								      h)));
			pw_cell_u64(table, tally->lookups);
			pw_cell_u64(table, tally->lookups - tally->misses);
			pw_cell_u64(table, tally->misses);
			pw_cell_u64(table, tally->prefetches);
			pw_cell_f64(table,
				    pw_per(1000 * tally->misses, instructions));
		}
	}
}

void pw_interval_tables(struct pw_tables *out, const struct pw_machine *machine,
			const struct pw_replay_row *rows, size_t count)
{
	struct pw_table *all = pw_table_add(out, &intervals_spec);
	struct pw_table *tlbs = pw_table_add(out, &tlb_intervals_spec);
	uint64_t before = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t instructions = rows[i].instructions - before;

		add_row(all, &rows[i], instructions);
		add_tlbs(tlbs, machine, &rows[i], instructions);
		before = rows[i].instructions;
	}
}
