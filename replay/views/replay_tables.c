/*
 * replay_tables.c - the results of a replay as tables.
 */
#include "replay/views/replay_tables.h"

#include "replay/machine/cost.h"
#include "replay/views/fault_tables.h"
#include "replay/views/interval_tables.h"
#include "replay/views/signal_tables.h"

static const struct pw_table_spec counters_spec = {
	.name = "counters",
	.title = "Counters",
	.help = "Totals of the whole trace; pagewalk-replay(1) defines each.",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static const struct pw_table_spec time_spec = {
	.name = "time",
	.title = "Simulated time",
	.help = "base = instructions x cost.base_cpi, stlb = stlb.hits x "
		"cost.stlb_hit, walk = walk.cycles; fault, call and shootdown "
		"are added up in the table costs; the translation share is "
		"that of stlb and walk.",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec costs_spec = {
	.name = "costs",
	.title = "Costs of events",
	.help = "Each kind is a key of \"cost\" in machine files; minor faults "
		"are of one kind each.",
	.form = PW_FORM_ROWS,
	.column = {{"kind", "Kind", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"count", "Events", PW_CELL_U64, PW_UNIT_COUNT},
		   {"ns", "Each", PW_CELL_U64, PW_UNIT_NS},
		   {"cycles", "Cycles", PW_CELL_U64, PW_UNIT_CYCLES},
		   {"share", "Of all time", PW_CELL_F64, PW_UNIT_RATIO},
		   {"what", "What", PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec tlbs_spec = {
	.name = "tlbs",
	.title = "TLBs",
	.help = "By structure and size of the entry's page; pages of a group "
		"count as single ones. MPKI: misses per 1000 instructions.",
	.form = PW_FORM_ROWS,
	.column = {{"structure", "Structure", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"page_bytes", "Page size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"lookups", "Look-ups", PW_CELL_U64, PW_UNIT_COUNT},
		   {"hits", "Hits", PW_CELL_U64, PW_UNIT_COUNT},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"prefetches", "Prefetches", PW_CELL_U64, PW_UNIT_COUNT},
		   {"mpki", "MPKI", PW_CELL_F64, PW_UNIT_NONE}},
};

static const struct pw_table_spec rates_spec = {
	.name = "rates",
	.title = "Rates",
	.help = "MPKI: misses per 1000 instructions; of walks, what one needs.",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec runtime_spec = {
	.name = "runtime",
	.title = "Run time",
	.help = "A linear model's estimate, and between what the real time "
		"lies "
		"if it is as good as the best or as bad as the worst simple "
		"linear model published; from an error above 100 % follows no "
		"upper limit.",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec machine_spec = {
	.name = "machine",
	.title = "Machine",
	.help = "The effective configuration.",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_DETAIL,
};

static const struct pw_table_spec memory_spec = {
	.name = "memory",
	.title = "Memory over time",
	.help = "Resident set and page tables at the ends of the intervals.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "accesses",
		  .y = {"rss_bytes", "pagetable_bytes"},
		  .y_title = "bytes",
		  .x_ends = true},
	.column = {{"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"rss_bytes", "RSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"pagetable_bytes", "Page tables", PW_CELL_U64,
		    PW_UNIT_BYTES}},
};

static const struct pw_table_spec levels_spec = {
	.name = "pagetables",
	.title = "Page tables",
	.help = "Tables in use by level, from the leaf tables up to the root, "
		"at the end and at most; lines are those of 64 bytes that hold "
		"an entry in use.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"level", "Level", PW_CELL_U64, PW_UNIT_NONE},
		   {"entry_bytes", "An entry maps", PW_CELL_U64, PW_UNIT_BYTES},
		   {"tables", "Tables", PW_CELL_U64, PW_UNIT_COUNT},
		   {"bytes", "Memory", PW_CELL_U64, PW_UNIT_BYTES},
		   {"entries", "Entries", PW_CELL_U64, PW_UNIT_COUNT},
		   {"lines", "Lines", PW_CELL_U64, PW_UNIT_COUNT},
		   {"peak_tables", "Most tables", PW_CELL_U64, PW_UNIT_COUNT},
		   {"peak_bytes", "Most memory", PW_CELL_U64, PW_UNIT_BYTES},
		   {"peak_entries", "Most entries", PW_CELL_U64, PW_UNIT_COUNT},
		   {"peak_lines", "Most lines", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec marks_spec = {
	.name = "marks",
	.title = "Marks",
	.help = "Totals when the program set a thread name; what happened "
		"between two marks is the difference of their rows.",
	.form = PW_FORM_ROWS,
	.column = {{"name", "Mark", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"thread", "Thread", PW_CELL_U64, PW_UNIT_NONE},
		   {"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"instructions", "Instructions", PW_CELL_U64, PW_UNIT_COUNT},
		   {"fault.minor", "Minor faults", PW_CELL_U64, PW_UNIT_COUNT},
		   {"fault.major", "Major faults", PW_CELL_U64, PW_UNIT_COUNT},
		   {"rss.bytes", "RSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"vsz.bytes", "VSZ", PW_CELL_U64, PW_UNIT_BYTES},
		   {"pagetable.bytes", "Page tables", PW_CELL_U64,
		    PW_UNIT_BYTES},
		   {"dtlb.misses", "DTLB misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"stlb.misses", "STLB misses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec sweep_spec = {
	.name = "sweep",
	.title = "Sweep",
	.help = "Misses of LRU TLBs of other sizes in place of the one that "
		"was swept for.",
	.form = PW_FORM_ROWS,
	.column = {{"entries", "Entries", PW_CELL_U64, PW_UNIT_COUNT},
		   {"sets", "Sets", PW_CELL_U64, PW_UNIT_COUNT},
		   {"ways", "Ways", PW_CELL_U64, PW_UNIT_COUNT},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec warnings_spec = {
	.name = "warnings",
	.title = "Warnings",
	.help = "What the trace tells that cannot have been, how often, and "
		"the first of each kind: accesses and events replayed by then.",
	.form = PW_FORM_ROWS,
	.column = {{"kind", "Kind", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"count", "Times", PW_CELL_U64, PW_UNIT_COUNT},
		   {"thread", "Thread", PW_CELL_U64, PW_UNIT_NONE},
		   {"address", "Address", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"events", "Events", PW_CELL_U64, PW_UNIT_COUNT},
		   {"what", "What", PW_CELL_TEXT, PW_UNIT_NONE}},
};

static uint64_t round_cycles(double cycles)
{
	return (uint64_t)(cycles + 0.5);
}

static void add_time(struct pw_tables *out, const struct pw_machine_cost *cost,
		     const struct pw_cost_time *s)
{
	double hz = (double)cost->clock_hz;
	struct pw_table *table = pw_table_add(out, &time_spec);

	pw_pair_u64(table, "base.cycles", round_cycles(s->base),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "stlb.cycles", round_cycles(s->stlb),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "walk.cycles", round_cycles(s->walk),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "fault.cycles", round_cycles(s->fault),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "call.cycles", round_cycles(s->call),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "shootdown.cycles", round_cycles(s->shootdown),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "total.cycles", round_cycles(s->total),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "total.ns", round_cycles(s->total * 1e9 / hz),
		    PW_UNIT_NS);
	pw_pair_f64(table, "translation_share",
		    s->total > 0 ? (s->stlb + s->walk) / s->total : 0,
		    PW_UNIT_RATIO);
	pw_pair_f64(table, "fault_share",
		    s->total > 0 ? s->fault / s->total : 0, PW_UNIT_RATIO);
	pw_pair_f64(table, "cost.base_cpi", cost->base_cpi, PW_UNIT_NONE);
	pw_pair_u64(table, "cost.stlb_hit", cost->stlb_hit_cycles,
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "cost.walk_reference", cost->walk_reference_cycles,
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "cost.minor_fault", cost->minor_fault_ns,
		    PW_UNIT_NS);
	pw_pair_u64(table, "cost.clock_hz", cost->clock_hz, PW_UNIT_COUNT);
}

/* What events cost, kind by kind. */
static void add_costs(struct pw_tables *out, const struct pw_machine_cost *cost,
		      const struct pw_counters *counters, double total)
{
	struct pw_table *table = pw_table_add(out, &costs_spec);
	double cycles = (double)cost->clock_hz / 1e9; /* of a ns */
	struct pw_cost_item item;

	for (size_t i = 0; pw_cost_item_at(cost, counters, i, &item); i++) {
		double all = (double)item.count * (double)item.ns * cycles;

		pw_cell_text(table, item.key);
		pw_cell_u64(table, item.count);
		pw_cell_u64(table, item.ns);
		pw_cell_u64(table, round_cycles(all));
		pw_cell_f64(table, total > 0 ? all / total : 0);
		pw_cell_text(table, item.help);
	}
}

static void add_rates(struct pw_tables *out, const struct pw_counters *counters)
{
	struct pw_table *table = pw_table_add(out, &rates_spec);
	uint64_t instructions = counters->instructions;
	uint64_t walks = counters->walk_count;

	pw_pair_f64(table, "dtlb.mpki",
		    pw_per(1000 * counters->dtlb_misses, instructions),
		    PW_UNIT_NONE);
	pw_pair_f64(table, "itlb.mpki",
		    pw_per(1000 * counters->itlb_misses, instructions),
		    PW_UNIT_NONE);
	pw_pair_f64(table, "stlb.mpki",
		    pw_per(1000 * counters->stlb_misses, instructions),
		    PW_UNIT_NONE);
	pw_pair_f64(table, "walk.references_each",
		    pw_per(counters->walk_references, walks), PW_UNIT_NONE);
	pw_pair_f64(table, "walk.cycles_each",
		    pw_per(counters->walk_cycles, walks), PW_UNIT_NONE);
}

/* A row for every structure, and one for each larger size that it met. */
static void add_tlbs(struct pw_tables *out, const struct pw_machine *machine,
		     const struct pw_counters *counters)
{
	struct pw_table *table = pw_table_add(out, &tlbs_spec);
	const struct pw_geometry *geometry = &machine->geometry;

	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++) {
			const struct pw_tlb_tally *tally = &counters->tlb[i][h];
			bool plain = h == pw_tlb_array_info(i)->height &&
				     machine->tlb[i].ops;

			if (!plain && !tally->lookups && !tally->prefetches)
				continue;
			pw_cell_text(table, pw_tlb_array_info(i)->name);
			pw_cell_u64(table,
				    (uint64_t)1 << (geometry->page_shift +
						    pw_geometry_order(geometry,
								      h)));
			pw_cell_u64(table, tally->lookups);
			pw_cell_u64(table, tally->lookups - tally->misses);
			pw_cell_u64(table, tally->misses);
			pw_cell_u64(table, tally->prefetches);
			pw_cell_f64(table, pw_per(1000 * tally->misses,
						  counters->instructions));
		}
	}
}

/*
 * The largest errors, |estimate - real| / real, of the best and of the worst
 * simple linear model of run time.
 * Source: Agbarya et al., "Predicting execution times with partial simulations
 *         in virtual memory research: why and how" (MICRO 2020): "as high as
 *         25%-192%".
 */
#define LEAST_ERROR 0.25
#define MOST_ERROR 1.92

/* An error of 100 % or more sets no limit above. */
static void add_runtime(struct pw_tables *out,
			const struct pw_machine_cost *cost, double total)
{
	struct pw_table *table = pw_table_add(out, &runtime_spec);

	pw_pair_u64(table, "estimate.cycles", round_cycles(total),
		    PW_UNIT_CYCLES);
	pw_pair_u64(table, "estimate.ns",
		    round_cycles(total * 1e9 / (double)cost->clock_hz),
		    PW_UNIT_NS);
	pw_pair_f64(table, "best.error", LEAST_ERROR, PW_UNIT_RATIO);
	pw_pair_u64(table, "best.low.cycles",
		    round_cycles(total / (1 + LEAST_ERROR)), PW_UNIT_CYCLES);
	pw_pair_u64(table, "best.high.cycles",
		    round_cycles(total / (1 - LEAST_ERROR)), PW_UNIT_CYCLES);
	pw_pair_f64(table, "worst.error", MOST_ERROR, PW_UNIT_RATIO);
	pw_pair_u64(table, "worst.low.cycles",
		    round_cycles(total / (1 + MOST_ERROR)), PW_UNIT_CYCLES);
}

static void add_memory(struct pw_tables *out, const struct pw_replay_row *rows,
		       size_t count)
{
	struct pw_table *table = pw_table_add(out, &memory_spec);

	for (size_t i = 0; i < count; i++) {
		pw_cell_u64(table, rows[i].accesses);
		pw_cell_u64(table, rows[i].rss_bytes);
		pw_cell_u64(table, rows[i].pagetable_bytes);
	}
}

static void add_levels(struct pw_tables *out, const struct pw_machine *machine,
		       const struct pw_table_use *use,
		       const struct pw_table_use *peak)
{
	const struct pw_geometry *geometry = &machine->geometry;
	struct pw_table *table = pw_table_add(out, &levels_spec);

	for (unsigned h = 0; h < geometry->levels; h++) {
		pw_cell_u64(table, h + 1);
		pw_cell_u64(table,
			    (uint64_t)1 << (geometry->page_shift +
					    pw_geometry_order(geometry, h)));
		pw_cell_u64(table, use[h].tables);
		pw_cell_u64(table, use[h].bytes);
		pw_cell_u64(table, use[h].entries);
		pw_cell_u64(table, use[h].lines);
		pw_cell_u64(table, peak[h].tables);
		pw_cell_u64(table, peak[h].bytes);
		pw_cell_u64(table, peak[h].entries);
		pw_cell_u64(table, peak[h].lines);
	}
}

static void add_marks(struct pw_tables *out, const struct pw_replay_mark *marks,
		      size_t count)
{
	struct pw_table *table = pw_table_add(out, &marks_spec);

	for (size_t i = 0; i < count; i++) {
		const struct pw_counters *counters = &marks[i].counters;

		pw_cell_text(table, marks[i].name);
		pw_cell_u64(table, marks[i].thread);
		pw_cell_u64(table, counters->accesses);
		pw_cell_u64(table, counters->instructions);
		pw_cell_u64(table, counters->fault_minor);
		pw_cell_u64(table, counters->fault_major);
		pw_cell_u64(table, counters->rss_bytes);
		pw_cell_u64(table, counters->vsz_bytes);
		pw_cell_u64(table, counters->pagetable_bytes);
		pw_cell_u64(table, counters->dtlb_misses);
		pw_cell_u64(table, counters->stlb_misses);
	}
}

static void add_sweep(struct pw_tables *out, const struct pw_replay *replay,
		      size_t index)
{
	struct pw_table *table = pw_table_add(out, &sweep_spec);

	for (unsigned level = 0; level < PW_SWEEP_LEVELS; level++) {
		for (unsigned ways = 1; ways <= PW_SWEEP_WAYS; ways++) {
			pw_cell_u64(table, (uint64_t)ways << level);
			pw_cell_u64(table, (uint64_t)1 << level);
			pw_cell_u64(table, ways);
			pw_cell_u64(table, pw_replay_sweep_misses(replay, index,
								  level, ways));
		}
	}
}

static void add_warnings(struct pw_tables *out,
			 const struct pw_warnings *warnings)
{
	struct pw_table *table = pw_table_add(out, &warnings_spec);

	for (size_t i = 0; i < PW_WARNINGS; i++) {
		const struct pw_warning *first = &warnings->list[i];

		if (first->count == 0)
			continue;
		pw_cell_text(table, pw_warning_name((enum pw_warning_kind)i));
		pw_cell_u64(table, first->count);
		pw_cell_u64(table, first->thread);
		pw_cell_u64(table, first->address);
		pw_cell_u64(table, first->accesses);
		pw_cell_u64(table, first->events);
		pw_cell_text(table, pw_warning_help((enum pw_warning_kind)i));
	}
}

void pw_replay_tables(struct pw_tables *out, struct pw_replay *replay,
		      const struct pw_machine *machine, size_t index,
		      const struct pw_pids *pids, bool swept)
{
	const struct pw_counters *counters = pw_replay_counters(replay, index);
	const struct pw_system *system = pw_replay_system(replay, index);
	const struct pw_cost_time time =
		pw_cost_add_up(&machine->cost, counters);
	const struct pw_replay_row *rows;
	const struct pw_replay_mark *marks;
	const struct pw_table_use *use;
	const struct pw_table_use *peak;
	size_t row_count;
	size_t mark_count;

	rows = pw_replay_rows(replay, index, &row_count);
	marks = pw_replay_marks(replay, index, &mark_count);
	pw_tables_group(out, "machines", machine->name);
	pw_counters_list(counters, pw_table_add(out, &counters_spec));
	add_time(out, &machine->cost, &time);
	add_costs(out, &machine->cost, counters, time.total);
	add_runtime(out, &machine->cost, time.total);
	add_rates(out, counters);
	add_tlbs(out, machine, counters);
	pw_interval_tables(out, machine, rows, row_count);
	add_memory(out, rows, row_count);
	use = pw_replay_table_use(replay, index, &peak);
	add_levels(out, machine, use, peak);
	add_marks(out, marks, mark_count);
	pw_signal_tables(out, system, pids);
	add_warnings(out, &system->warnings);
	if (system->log)
		pw_fault_tables(out, system, pids);
	if (swept)
		add_sweep(out, replay, index);
	pw_machine_list(machine, pw_table_add(out, &machine_spec));
	pw_tables_group_end(out);
}
