/*
 * summary.c - how much memory, what translation costs, what would suffice.
 */
#include "analyze/summary.h"

#include "base/assert.h"
#include "base/lookup.h"

static const struct pw_table_spec figures_spec = {
	.name = "summary",
	.title = "Summary",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static const struct pw_table_spec machines_spec = {
	.name = "comparison",
	.title = "Machines compared",
	.help = "mpki: misses per 1000 instructions; translation and "
		"faults as shares of simulated time.",
	.form = PW_FORM_ROWS,
	.column = {{"machine", "Machine", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"dtlb_mpki", "DTLB mpki", PW_CELL_F64, PW_UNIT_NONE},
		   {"itlb_mpki", "ITLB mpki", PW_CELL_F64, PW_UNIT_NONE},
		   {"stlb_mpki", "STLB mpki", PW_CELL_F64, PW_UNIT_NONE},
		   {"walks", "Walks", PW_CELL_U64, PW_UNIT_COUNT},
		   {"references_per_walk", "Refs a walk", PW_CELL_F64,
		    PW_UNIT_NONE},
		   {"translation_share", "Translation", PW_CELL_F64,
		    PW_UNIT_RATIO},
		   {"fault_share", "Fault time", PW_CELL_F64, PW_UNIT_RATIO},
		   {"faults", "Faults", PW_CELL_U64, PW_UNIT_COUNT},
		   {"rss_peak_bytes", "Peak RSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"pagetable_peak_bytes", "Page tables", PW_CELL_U64,
		    PW_UNIT_BYTES}},
};

/* What is said of one machine. */
struct costs {
	uint64_t instructions;
	double dtlb_mpki, itlb_mpki, stlb_mpki;
	uint64_t walks;
	double references_per_walk;
	double translation_share;
	double fault_share;
};

struct pw_summary pw_summary_add(struct pw_tables *out, bool compare)
{
	struct pw_summary summary = {0};

	summary.figures = pw_table_add(out, &figures_spec);
	if (compare)
		summary.machines = pw_table_add(out, &machines_spec);
	return summary;
}

/* A whole number of @table; 0 when it is not there. */
static uint64_t number(struct pw_table *table, const char *name)
{
	struct pw_figure figure;

	if (!pw_lookup_figure(table, name, &figure) ||
	    figure.type != PW_CELL_U64)
		return 0;
	return figure.value.u64;
}

/* A ratio of @table; 0 when it is not there. */
static double ratio(struct pw_table *table, const char *name)
{
	struct pw_figure figure;

	if (!table || !pw_lookup_figure(table, name, &figure) ||
	    figure.type != PW_CELL_F64)
		return 0.0;
	return figure.value.f64;
}

static double per(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

/* @time may be NULL. */
static struct costs read_costs(struct pw_table *counters, struct pw_table *time)
{
	struct costs costs = {0};

	costs.instructions = number(counters, "instructions");
	costs.dtlb_mpki =
		1000 * per(number(counters, "dtlb.misses"), costs.instructions);
	costs.itlb_mpki =
		1000 * per(number(counters, "itlb.misses"), costs.instructions);
	costs.stlb_mpki =
		1000 * per(number(counters, "stlb.misses"), costs.instructions);
	costs.walks = number(counters, "walk.count");
	costs.references_per_walk =
		per(number(counters, "walk.references"), costs.walks);
	costs.translation_share = ratio(time, "translation_share");
	costs.fault_share = ratio(time, "fault_share");
	return costs;
}

/* How the figures are called for people. */
static const struct {
	const char *name;
	const char *title;
} titles[] = {
	{"accesses", "Accesses"},
	{"instructions", "Instructions"},
	{"memory.touched_bytes", "Memory touched"},
	{"memory.working_set_p50_bytes", "Working set, median"},
	{"memory.working_set_p75_bytes", "Working set, 75th percentile"},
	{"memory.working_set_max_bytes", "Working set, largest"},
	{"memory.lru_within_1pct_bytes", "Enough memory (LRU, < 1 % misses)"},
	{"memory.rss_peak_bytes", "Resident set, peak"},
	{"memory.pagetable_peak_bytes", "Page tables, peak"},
	{"fault.minor", "Minor faults"},
	{"fault.major", "Major faults"},
	{"machine", "On the machine"},
	{"dtlb.mpki", "Data TLB misses / 1000 instructions"},
	{"itlb.mpki", "Instruction TLB misses / 1000 instr."},
	{"stlb.mpki", "Page walks / 1000 instructions"},
	{"walk.count", "Page walks"},
	{"walk.references_per_walk", "Table entries read a walk"},
	{"time.translation_share", "Translation's share of time"},
	{"time.fault_share", "Faults' share of time"},
};

/* Call the figure @name, added last to @to, by its title. */
static void entitle(struct pw_table *to, const char *name)
{
	for (size_t i = 0; i < PW_COUNT(titles); i++) {
		if (strcmp(titles[i].name, name) == 0)
			pw_pair_title(to, titles[i].title);
	}
}

/* A figure worked out here. */
static void add(struct pw_table *to, const char *name, double value)
{
	pw_pair_f64(to, name, value, PW_UNIT_NONE);
	entitle(to, name);
}

/* Copy a figure of @table, if there is one, under another name. */
static void copy(struct pw_table *to, const char *as, struct pw_table *table,
		 const char *name)
{
	struct pw_figure figure;

	if (!table || !pw_lookup_figure(table, name, &figure))
		return;
	switch (figure.type) {
	case PW_CELL_U64:
		pw_pair_u64(to, as, figure.value.u64, figure.unit);
		break;
	case PW_CELL_F64:
		pw_pair_f64(to, as, figure.value.f64, figure.unit);
		break;
	case PW_CELL_TEXT:
		pw_pair_text(to, as, figure.value.text);
		break;
	case PW_CELL_BOOL:
		pw_pair_text(to, as, figure.value.boolean ? "yes" : "no");
		break;
	}
	entitle(to, as);
}

/* The first table called @name inside of an element of @group. */
static struct pw_table *first(const struct pw_tables *out, const char *group,
			      const char *name)
{
	size_t cursor = 0;

	return pw_lookup_table(out, &cursor, group, name, NULL);
}

static void fill_machine(struct pw_table *to, struct pw_tables *out)
{
	struct pw_table *counters, *time;
	struct costs costs;
	const char *machine;
	size_t cursor = 0;

	counters =
		pw_lookup_table(out, &cursor, "machines", "counters", &machine);
	if (!counters)
		return;
	time = first(out, "machines", "time");
	costs = read_costs(counters, time);
	pw_pair_text(to, "machine", machine);
	entitle(to, "machine");
	copy(to, "memory.rss_peak_bytes", counters, "rss.peak_bytes");
	copy(to, "memory.pagetable_peak_bytes", counters,
	     "pagetable.peak_bytes");
	copy(to, "fault.minor", counters, "fault.minor");
	copy(to, "fault.major", counters, "fault.major");
	if (costs.instructions) {
		add(to, "dtlb.mpki", costs.dtlb_mpki);
		add(to, "itlb.mpki", costs.itlb_mpki);
		add(to, "stlb.mpki", costs.stlb_mpki);
	}
	copy(to, "walk.count", counters, "walk.count");
	if (costs.walks)
		add(to, "walk.references_per_walk", costs.references_per_walk);
	copy(to, "time.translation_share", time, "translation_share");
	copy(to, "time.fault_share", time, "fault_share");
}

static void fill_figures(struct pw_table *to, struct pw_tables *out)
{
	struct pw_table *set = first(out, "sections", "working_set");
	struct pw_table *lru = first(out, "sections", "lru");
	struct pw_table *counters = first(out, "machines", "counters");

	copy(to, "accesses", counters, "accesses");
	copy(to, "instructions", counters, "instructions");
	copy(to, "memory.touched_bytes", set, "distinct_bytes");
	copy(to, "memory.working_set_p50_bytes", set, "p50_bytes");
	copy(to, "memory.working_set_p75_bytes", set, "p75_bytes");
	copy(to, "memory.working_set_max_bytes", set, "p100_bytes");
	copy(to, "memory.lru_within_1pct_bytes", lru, "within_1pct_bytes");
	fill_machine(to, out);
}

static void fill_comparison(struct pw_table *to, const struct pw_tables *out)
{
	struct pw_table *counters;
	const char *machine;
	size_t cursor = 0;

	while ((counters = pw_lookup_table(out, &cursor, "machines", "counters",
					   &machine))) {
		/* The first one behind these counters is the same machine's. */
		size_t behind = cursor;
		struct pw_table *time =
			pw_lookup_table(out, &behind, "machines", "time", NULL);
		const struct costs costs = read_costs(counters, time);

		pw_cell_text(to, machine);
		pw_cell_f64(to, costs.dtlb_mpki);
		pw_cell_f64(to, costs.itlb_mpki);
		pw_cell_f64(to, costs.stlb_mpki);
		pw_cell_u64(to, costs.walks);
		pw_cell_f64(to, costs.references_per_walk);
		pw_cell_f64(to, costs.translation_share);
		pw_cell_f64(to, costs.fault_share);
		pw_cell_u64(to, number(counters, "fault.minor") +
					number(counters, "fault.major"));
		pw_cell_u64(to, number(counters, "rss.peak_bytes"));
		pw_cell_u64(to, number(counters, "pagetable.peak_bytes"));
	}
}

void pw_summary_fill(const struct pw_summary *summary, struct pw_tables *out)
{
	PW_ASSERT(summary->figures);
	fill_figures(summary->figures, out);
	if (summary->machines)
		fill_comparison(summary->machines, out);
}
