/*
 * cmd_calibrate.c - pagewalk calibrate: the costs of the machine at hand.
 *
 * A chain of loads with a page for each costs more than one with as many lines
 * in few pages; the difference is what translations cost. It has a step where
 * the first-level TLB is full, and one where the second is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/file.h"
#include "base/progress.h"
#include "replay/machine/cpuid.h"
#include "replay/machine/machine.h"
#include "replay/machine/machine_options.h"
#include "replay/machine/machine_text.h"
#include "replay/machine/measure.h"
#include "replay/machine/measure_events.h"
#include "replay/machine/predict.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

struct args {
	struct pw_text_list none;
	const char *machine;
	const char *save;
};

static const struct pw_option options[] = {
	{
		.name = "machine",
		.key = 'm',
		.argument = "MACHINE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, machine),
		.help = "Take what is not measured from this preset or file "
			"(default: from CPUID)",
	},
	{
		.name = "save",
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, save),
		.help = "Write the machine with the measured costs, for -m",
	},
	{0},
};

static const struct pw_table_spec found_spec = {
	.name = "calibration",
	.title = "Calibration",
	.help = "Measured in CPU time; the pages of a TLB are where the cost "
		"of a load steps up.",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static const struct pw_table_spec chase_spec = {
	.name = "chase",
	.title = "Chain of loads",
	.help = "The time of a load that goes round so many pages, without "
		"that of as many lines in few pages, and what the machine "
		"predicts with the measured costs, by itself and with the "
		"lines.",
	.form = PW_FORM_ROWS,
	.chart = {.kind = PW_CHART_LINE,
		  .x = "pages",
		  .y = {"load_ns", "predicted_load_ns"},
		  .y_title = "ns a load",
		  .log_x = true,
		  .log_y = true},
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_COUNT},
		   {"load_ns", "Load", PW_CELL_F64, PW_UNIT_NS},
		   {"data_ns", "Lines alone", PW_CELL_F64, PW_UNIT_NS},
		   {"translation_ns", "Translation", PW_CELL_F64, PW_UNIT_NS},
		   {"predicted_ns", "Predicted", PW_CELL_F64, PW_UNIT_NS},
		   {"predicted_load_ns", "Predicted load", PW_CELL_F64,
		    PW_UNIT_NS}},
};

static const uint64_t sizes[] = {
	16,   24,   32,	  48,	56,   64,    72,    80,	   96,	  112,	 128,
	192,  256,  384,  512,	768,  1024,  1280,  1536,  2048,  2560,	 3072,
	4096, 5120, 6144, 8192, 9216, 12288, 16384, 24576, 32768, 49152, 65536,
};
#define SIZES PW_COUNT(sizes)

struct job {
	struct pw_arena *arena;
	const char *text; /* of the machine */
	struct pw_machine *machine;
	double clock_hz;
	double load_ns[SIZES];
	double data_ns[SIZES];
	struct pw_prediction predicted[SIZES];
	struct pw_measured_faults faults;
	struct pw_measured_events events;
	double stlb_ns; /* of a load that misses the L1 TLB only */
	double walk_ns; /* of a table entry that a walk reads */
};

/* ---- the machine ---- */

static enum pw_status read_text(struct job *job, const char *name,
				struct pw_error *err)
{
	const struct pw_embedded *preset = pw_machine_preset(name);
	enum pw_status st;
	size_t bytes;
	char *text;

	if (preset) {
		job->text = preset->text;
		return PW_OK;
	}
	st = pw_file_read(name, FILE_BYTES_MAX, &text, &bytes, err);
	if (st != PW_OK)
		return st;
	job->text = pw_arena_copy(job->arena, text);
	free(text);
	return job->text ? PW_OK : pw_fail_memory(err, "a machine");
}

/* The machine to begin with: as asked for, by CPUID, or the default one. */
static enum pw_status choose_machine(struct job *job, const struct args *args,
				     struct pw_tables *out,
				     struct pw_error *err)
{
	struct pw_cpuid *cpuid =
		pw_arena_alloc(job->arena, 1, sizeof(struct pw_cpuid));
	struct pw_error why;
	enum pw_status st;

	if (!cpuid)
		return pw_fail_memory(err, "a machine");
	if (args->machine)
		return read_text(job, args->machine, err);
	st = pw_cpuid_ask(cpuid, &why);
	if (st == PW_OK)
		st = pw_cpuid_machine(cpuid, "here", &job->text, job->arena,
				      &why);
	if (st == PW_OK)
		return PW_OK;
	pw_tables_note(out, "%s; sizes are those of " PW_DEFAULT_MACHINE,
		       why.message);
	return read_text(job, PW_DEFAULT_MACHINE, err);
}

static enum pw_status parse(struct job *job, struct pw_error *err)
{
	pw_machine_close(job->machine);
	return pw_machine_parse(&job->machine, "the machine", job->text, NULL,
				err);
}

/* ---- measuring ---- */

static enum pw_status measure(struct job *job, bool quiet, struct pw_error *err)
{
	struct pw_progress progress;
	const size_t count = SIZES;
	enum pw_status st = PW_OK;

	job->clock_hz = pw_measure_clock();
	pw_progress_start(&progress, "calibrate", "chains", quiet);
	for (size_t i = 0; i < SIZES && st == PW_OK; i++) {
		st = pw_measure_chase(sizes[i], false, &job->load_ns[i], err);
		if (st == PW_OK)
			st = pw_measure_chase(sizes[i], true, &job->data_ns[i],
					      err);
		pw_progress_update(&progress, i, (double)i / (double)count);
	}
	pw_progress_end(&progress);
	if (st == PW_OK)
		st = pw_measure_faults(&job->faults, err);
	return st == PW_OK ? pw_measure_events(&job->events, err) : st;
}

static enum pw_status predict(struct job *job, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < SIZES && st == PW_OK; i++)
		st = pw_predict_chase(job->machine, sizes[i],
				      &job->predicted[i], err);
	return st;
}

/* What translations cost, as measured; noise may be below nothing. */
static double translation(const struct job *job, size_t i)
{
	double ns = job->load_ns[i] - job->data_ns[i];

	return ns > 0 ? ns : 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/*
 * The costs, from the sizes at which the machine predicts nothing else. Far
 * above the size of the TLBs table entries are no longer in caches, and walks
 * cost more.
 */
static void find_costs(struct job *job)
{
	double stlb[SIZES], walk[SIZES];
	size_t stlbs = 0, walks = 0;
	uint64_t near = 4 * job->machine->stlb.config.entries;

	for (size_t i = 0; i < SIZES; i++)
		if (job->predicted[i].stlb_hits > 0.95 &&
		    job->predicted[i].walk_references < 0.05)
			stlb[stlbs++] = translation(job, i);
	job->stlb_ns = median(stlb, stlbs);
	for (size_t i = 0; i < SIZES; i++) {
		const struct pw_prediction *p = &job->predicted[i];

		if (p->walk_references > 0.9 && sizes[i] <= near)
			walk[walks++] = (translation(job, i) -
					 p->stlb_hits * job->stlb_ns) /
					p->walk_references;
	}
	job->walk_ns = median(walk, walks);
	if (job->walk_ns < 0)
		job->walk_ns = 0;
}

/* The most pages that cost less than @ns each, before the first that do not. */
static uint64_t find_step(const struct job *job, double ns)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < SIZES && translation(job, i) < ns; i++)
		pages = sizes[i];
	return pages;
}

/* ---- the machine's file ---- */

static enum pw_status set_cost(struct job *job, const char *key, double value,
			       const char *unit, struct pw_error *err)
{
	char text[48];

	if (value <= 0)
		return PW_OK;
	snprintf(text, sizeof(text), "%.0f%s", value, unit);
	return pw_machine_text_set(
		&job->text,
		&(struct pw_machine_setting){"cost", key, text,
					     "measured by pagewalk calibrate"},
		job->arena, err);
}

static enum pw_status set_costs(struct job *job, struct pw_error *err)
{
	double cycles = job->clock_hz / 1e9; /* of a ns */
	const struct {
		const char *key;
		double ns;
	} events[] = {
		{"minor_fault", job->faults.write},
		{"zero_page_fault", job->faults.zero_page},
		{"file_fault", job->events.file_fault},
		{"cow_fault", job->events.cow_fault},
		{"fork_fault", job->faults.fork},
		{"call", job->events.call},
		{"unmap_page", job->events.unmap_page},
		{"fork_page", job->events.fork_page},
		{"shootdown_ipi", job->events.shootdown_ipi},
	};
	enum pw_status st =
		set_cost(job, "clock", job->clock_hz / 1e6, "MHz", err);

	if (st == PW_OK)
		st = set_cost(job, "stlb_hit", job->stlb_ns * cycles, " cycles",
			      err);
	if (st == PW_OK)
		st = set_cost(job, "walk_reference", job->walk_ns * cycles,
			      " cycles", err);
	for (size_t i = 0; i < PW_COUNT(events) && st == PW_OK; i++)
		st = set_cost(job, events[i].key, events[i].ns, "ns", err);
	return st == PW_OK ? parse(job, err) : st;
}

/* ---- answers ---- */

static void add_found(struct pw_tables *out, const struct job *job)
{
	struct pw_table *table = pw_table_add(out, &found_spec);
	double cycles = job->clock_hz / 1e9;
	double stlb = job->stlb_ns;

	pw_pair_f64(table, "clock_hz", job->clock_hz, PW_UNIT_NONE);
	pw_pair_f64(table, "stlb_hit.cycles", stlb * cycles, PW_UNIT_NONE);
	pw_pair_f64(table, "walk_reference.cycles", job->walk_ns * cycles,
		    PW_UNIT_NONE);
	pw_pair_u64(table, "l1d.pages", find_step(job, stlb / 2),
		    PW_UNIT_PAGES);
	pw_pair_u64(table, "l1d.pages_expected",
		    job->machine->l1d.config.entries, PW_UNIT_PAGES);
	pw_pair_u64(table, "stlb.pages",
		    find_step(job, stlb + job->walk_ns / 2), PW_UNIT_PAGES);
	pw_pair_u64(table, "stlb.pages_expected",
		    job->machine->stlb.ops ? job->machine->stlb.config.entries
					   : 0,
		    PW_UNIT_PAGES);
	pw_pair_f64(table, "fault.write_ns", job->faults.write, PW_UNIT_NONE);
	pw_pair_f64(table, "fault.zero_page_ns", job->faults.zero_page,
		    PW_UNIT_NONE);
	pw_pair_f64(table, "fault.file_ns", job->events.file_fault,
		    PW_UNIT_NONE);
	pw_pair_f64(table, "fault.cow_ns", job->events.cow_fault, PW_UNIT_NONE);
	pw_pair_f64(table, "fault.fork_ns", job->faults.fork, PW_UNIT_NONE);
	pw_pair_f64(table, "call_ns", job->events.call, PW_UNIT_NONE);
	pw_pair_f64(table, "unmap.page_ns", job->events.unmap_page,
		    PW_UNIT_NONE);
	pw_pair_f64(table, "fork.page_ns", job->events.fork_page, PW_UNIT_NONE);
	pw_pair_f64(table, "shootdown.ipi_ns", job->events.shootdown_ipi,
		    PW_UNIT_NONE);
}

static void add_chase(struct pw_tables *out, const struct job *job)
{
	struct pw_table *table = pw_table_add(out, &chase_spec);
	double hz = (double)job->machine->cost.clock_hz;

	for (size_t i = 0; i < SIZES; i++) {
		double predicted = job->predicted[i].cycles * 1e9 / hz;

		pw_cell_u64(table, sizes[i]);
		pw_cell_f64(table, job->load_ns[i]);
		pw_cell_f64(table, job->data_ns[i]);
		pw_cell_f64(table, translation(job, i));
		pw_cell_f64(table, predicted);
		pw_cell_f64(table, job->data_ns[i] + predicted);
	}
}

static enum pw_status calibrate(struct job *job, const struct args *args,
				struct pw_tables *out, struct pw_error *err)
{
	enum pw_status st = choose_machine(job, args, out, err);

	if (st == PW_OK)
		st = parse(job, err);
	if (st == PW_OK)
		st = measure(job, pw_tables_quiet(out), err);
	if (st == PW_OK)
		st = predict(job, err);
	if (st != PW_OK)
		return st;
	find_costs(job);
	st = set_costs(job, err);
	/* Once more, with the costs as they are in the file. */
	if (st == PW_OK)
		st = predict(job, err);
	if (st != PW_OK)
		return st;
	add_found(out, job);
	add_chase(out, job);
	st = pw_machine_text_show(job->text, out, err);
	if (st == PW_OK && args->save)
		st = pw_machine_text_save(job->text, args->save, err);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct job *job =
		pw_arena_alloc(pw_tables_arena(out), 1, sizeof(struct job));
	enum pw_status st;

	PW_ASSERT(args->none.count == 0);
	if (!job)
		return pw_fail_memory(err, "a calibration");
	job->arena = pw_tables_arena(out);
	st = calibrate(job, args, out, err);
	pw_machine_close(job->machine);
	return st;
}

const struct pw_command pw_command_calibrate = {
	.name = "calibrate",
	.summary = "measure what translations and faults cost on this machine",
	.operands_doc = "",
	.example = {"pagewalk calibrate", "pagewalk calibrate --save here.yaml",
		    "pagewalk calibrate -m zen4 --format json"},
	.operands = PW_OPERANDS_NONE,
	.operands_offset = offsetof(struct args, none),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
