/*
 * machine.c - machines from YAML: texts become checked values.
 */
#include "replay/machine.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "replay/guest.h"
#include "replay/machine_file.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define PRESETS_MAX 64
#define MICRO 1e6

/* What is being read, for messages and the first failure. */
struct reading {
	const char *name;
	const char *text;
	const struct pw_text_list *overrides;
	struct pw_error *err;
	enum pw_status status;
};

/* Put the place and the key before the message of a value's own error. */
static void blame(struct reading *reading, const char *key,
		  const struct pw_error *why)
{
	struct pw_error cause = *why;
	char place[300];

	PW_ASSERT(cause.status != PW_OK && reading->status == PW_OK);
	pw_yaml_place(reading->name, reading->text, reading->overrides, key,
		      place, sizeof(place));
	reading->status = pw_fail(reading->err, cause.status, "%s: %s: %.600s",
				  place, key, cause.message);
	if (cause.hint[0])
		reading->status = pw_hint(reading->err, "%s", cause.hint);
}

static void refuse(struct reading *reading, const char *key, const char *text,
		   const char *expected)
{
	struct pw_error why;

	(void)pw_fail(&why, PW_ERR_USAGE, "\"%.60s\" is not %s", text,
		      expected);
	blame(reading, key, &why);
}

struct bounds {
	uint64_t min;
	uint64_t max;
	const char *expected; /* what the bounds mean, for the message */
};

typedef enum pw_status (*parser)(const char *text, uint64_t *value,
				 struct pw_error *err);

static uint64_t read_value(struct reading *reading, const char *key,
			   const char *text, parser parse,
			   const struct bounds *bounds)
{
	struct pw_error why;
	uint64_t value = 0;

	PW_ASSERT(bounds->min < bounds->max && text);
	if (reading->status != PW_OK)
		return 0;
	if (parse(text, &value, &why) != PW_OK)
		blame(reading, key, &why);
	else if (value < bounds->min || value > bounds->max)
		refuse(reading, key, text, bounds->expected);
	return value;
}

static enum pw_status parse_clock(const char *text, uint64_t *hz,
				  struct pw_error *err)
{
	size_t length = strlen(text);
	char number[32];

	if (length < 3 || length >= sizeof(number) ||
	    strcmp(text + length - 2, "Hz") != 0)
		return pw_fail(err, PW_ERR_USAGE,
			       "\"%.60s\" is not a clock such as \"2.6GHz\"",
			       text);
	memcpy(number, text, length - 2);
	number[length - 2] = '\0';
	return pw_parse_count(number, hz, err);
}

/* A decimal number in millionths. */
static enum pw_status parse_micro(const char *text, uint64_t *micro,
				  struct pw_error *err)
{
	struct pw_error why;
	char number[32];
	int length = snprintf(number, sizeof(number), "%sM", text);

	if (length < 0 || (size_t)length >= sizeof(number) ||
	    pw_parse_count(number, micro, &why) != PW_OK)
		return pw_fail(err, PW_ERR_USAGE,
			       "\"%.60s\" is not a number such as \"0.5\"",
			       text);
	return PW_OK;
}

static enum pw_status parse_ways(const char *text, uint64_t *ways,
				 struct pw_error *err)
{
	if (strcmp(text, "full") == 0) {
		*ways = 0;
		return PW_OK;
	}
	return pw_parse_count(text, ways, err);
}

static void name_tlb_models(struct pw_error *err)
{
	char list[256] = "";
	size_t used = 0;

	for (size_t i = 0; pw_tlb_at(i); i++) {
		int wrote = snprintf(list + used, sizeof(list) - used, " %s",
				     pw_tlb_at(i)->name);

		if (wrote < 0 || (size_t)wrote >= sizeof(list) - used)
			break;
		used += (size_t)wrote;
	}
	(void)pw_hint(err, "the TLB models are:%s", list);
}

/* @absence: whether 0 entries are allowed and mean that there is none. */
static void read_tlb(struct reading *reading, const char *key,
		     const struct pw_file_tlb *file, bool absence,
		     struct pw_tlb_choice *out)
{
	static const struct bounds entries = {0, UINT32_MAX,
					      "below 4294967296"};
	static const struct bounds ways = {0, UINT32_MAX, "below 4294967296"};
	struct pw_error why;
	char part[64];

	if (!file || reading->status != PW_OK)
		return;
	snprintf(part, sizeof(part), "%s.model", key);
	out->ops = pw_tlb_find(file->model);
	if (!out->ops) {
		refuse(reading, part, file->model, "a TLB model");
		name_tlb_models(reading->err);
		return;
	}
	snprintf(part, sizeof(part), "%s.entries", key);
	out->config.entries = read_value(reading, part, file->entries,
					 pw_parse_count, &entries);
	snprintf(part, sizeof(part), "%s.ways", key);
	out->config.ways =
		read_value(reading, part, file->ways, parse_ways, &ways);
	if (reading->status != PW_OK)
		return;
	if (absence && out->config.entries == 0)
		out->ops = NULL;
	else if (out->ops->check(&out->config, &why) != PW_OK)
		blame(reading, key, &why);
}

static void read_page_table(struct reading *reading,
			    const struct pw_file_page_table *file,
			    struct pw_machine *machine)
{
	static const struct bounds levels = {1, 6, "1 to 6 levels"};
	struct pw_page_table_config config = {0};
	struct pw_error why;

	if (reading->status != PW_OK)
		return;
	machine->page_table = pw_page_table_find(file->model);
	if (!machine->page_table) {
		refuse(reading, "page_table.model", file->model,
		       "a page-table model");
		return;
	}
	config.levels = read_value(reading, "page_table.levels", file->levels,
				   pw_parse_count, &levels);
	machine->page_table_levels = config.levels;
	if (reading->status != PW_OK)
		return;
	if (machine->page_table->check(&config, &why) == PW_OK)
		machine->geometry = machine->page_table->geometry(&config);
	else
		blame(reading, "page_table.levels", &why);
}

/* Whether @text is @yes and not @no, which a missing one stands for. */
static bool read_either(struct reading *reading, const char *key,
			const char *text, const char *no, const char *yes)
{
	char expected[64];

	if (reading->status != PW_OK || !text || strcmp(text, no) == 0)
		return false;
	snprintf(expected, sizeof(expected), "\"%s\" or \"%s\"", no, yes);
	if (strcmp(text, yes) != 0)
		refuse(reading, key, text, expected);
	return true;
}

static void read_pwcs(struct reading *reading, const char *key,
		      const struct pw_file_pwcs *file,
		      struct pw_pwc_choice *out)
{
	const struct {
		const char *name;
		const struct pw_file_tlb *file;
	} heights[PW_PWC_MAX] = {
		{"pde", file->pde},
		{"pdpte", file->pdpte},
		{"pml4e", file->pml4e},
		{"pml5e", file->pml5e},
	};
	char part[64];

	for (size_t i = 0; i < PW_PWC_MAX; i++) {
		snprintf(part, sizeof(part), "%s.%s", key, heights[i].name);
		read_tlb(reading, part, heights[i].file, true, &out->split[i]);
	}
	snprintf(part, sizeof(part), "%s.unified", key);
	read_tlb(reading, part, file->unified, true, &out->unified);
}

static void read_pwc(struct reading *reading, const struct pw_file_pwcs *file,
		     struct pw_machine *machine)
{
	struct pw_pwc_choice *pwc = &machine->pwc;
	const char *in_stlb = "pwc.pde_in_stlb";

	if (!file)
		return;
	read_pwcs(reading, "pwc", file, pwc);
	pwc->by_range = read_either(reading, "pwc.invalidate", file->invalidate,
				    "all", "range");
	pwc->in_stlb =
		read_either(reading, in_stlb, file->pde_in_stlb, "no", "yes");
	if (reading->status != PW_OK || !pwc->in_stlb)
		return;
	if (!machine->stlb.ops)
		refuse(reading, in_stlb, file->pde_in_stlb,
		       "possible without tlb.stlb");
	else if (pwc->split[0].ops)
		refuse(reading, in_stlb, file->pde_in_stlb,
		       "possible beside pwc.pde, which may have 0 entries");
}

static const struct bounds cycle_bounds = {0, 1000000, "at most 1M cycles"};

static void read_lines(struct reading *reading, const struct pw_file_walk *file,
		       struct pw_line_choice *out)
{
	char part[64];

	if (!file)
		return;
	const struct {
		const char *name;
		const struct pw_file_line_cache *file;
	} caches[PW_LINE_CACHES] = {
		{"l1d", file->l1d},
		{"l2", file->l2},
		{"llc", file->llc},
	};

	out->cached = read_either(reading, "walk.lines", file->lines, "none",
				  "cached");
	for (size_t i = 0; i < PW_LINE_CACHES; i++) {
		if (!caches[i].file)
			continue;
		snprintf(part, sizeof(part), "walk.%s", caches[i].name);
		read_tlb(reading, part, &caches[i].file->size, true,
			 &out->cache[i]);
		snprintf(part, sizeof(part), "walk.%s.cycles", caches[i].name);
		out->cycles[i] =
			read_value(reading, part, caches[i].file->cycles,
				   pw_parse_cycles, &cycle_bounds);
	}
	out->cycles[PW_LINE_CACHES] =
		read_value(reading, "walk.memory", file->memory,
			   pw_parse_cycles, &cycle_bounds);
}

/* The height at which tables of @geometry map pages of @bytes; false: none. */
static bool find_height(const struct pw_geometry *geometry, uint64_t bytes,
			unsigned *height)
{
	for (unsigned h = 0; h < geometry->levels; h++) {
		unsigned shift =
			geometry->page_shift + pw_geometry_order(geometry, h);

		if ((geometry->leaves >> h & 1) && bytes == (uint64_t)1
								    << shift) {
			*height = h;
			return true;
		}
	}
	return false;
}

/* What the guest's tables must be like: see guest.h. */
static void check_guest(struct reading *reading,
			const struct pw_file_nested *file, uint64_t host_bytes,
			const struct pw_geometry *geometry)
{
	if (reading->status != PW_OK)
		return;
	for (unsigned h = 0; h < geometry->levels; h++) {
		if (pw_guest_table_order(geometry, h) <= PW_FRAMES_ORDER_MAX)
			continue;
		refuse(reading, "nested.model", file->model,
		       "possible with page_table.model, whose tables are too "
		       "large");
		return;
	}
	if (host_bytes < (uint64_t)1 << geometry->page_shift)
		refuse(reading, "nested.page", file->page,
		       "at least the guest's smallest page");
}

static void read_nested(struct reading *reading,
			const struct pw_file_nested *file,
			struct pw_machine *machine)
{
	static const struct bounds levels = {1, 6, "1 to 6 levels"};
	static const struct bounds size = {1, UINT64_MAX, "a size"};
	struct pw_nested_choice *out = &machine->nested;
	struct pw_page_table_config config = {0};
	struct pw_error why;
	uint64_t bytes;

	if (!file || reading->status != PW_OK)
		return;
	out->page_table = pw_page_table_find(file->model);
	if (!out->page_table) {
		refuse(reading, "nested.model", file->model,
		       "a page-table model");
		return;
	}
	config.levels = read_value(reading, "nested.levels", file->levels,
				   pw_parse_count, &levels);
	if (reading->status == PW_OK &&
	    out->page_table->check(&config, &why) != PW_OK)
		blame(reading, "nested.levels", &why);
	bytes = read_value(reading, "nested.page", file->page, pw_parse_size,
			   &size);
	if (reading->status != PW_OK)
		return;
	out->geometry = out->page_table->geometry(&config);
	if (!find_height(&out->geometry, bytes, &out->height))
		refuse(reading, "nested.page", file->page,
		       "a page size of nested.model");
	check_guest(reading, file, bytes, &machine->geometry);
	read_tlb(reading, "nested.tlb", file->tlb, true, &out->tlb);
	if (file->pwc)
		read_pwcs(reading, "nested.pwc", file->pwc, &out->pwc);
}

static void read_memory(struct reading *reading,
			const struct pw_file_memory *file,
			struct pw_machine *machine)
{
	static const struct bounds around = {PW_PAGE_BYTES, 2 << 20,
					     "4K to 2M"};
	uint64_t bytes = read_value(reading, "memory.fault_around",
				    file->fault_around, pw_parse_size, &around);

	if (reading->status == PW_OK && !pw_is_pow2(bytes))
		refuse(reading, "memory.fault_around", file->fault_around,
		       "a power of two");
	machine->fault_around_pages = bytes >> PW_PAGE_SHIFT;
}

static void read_cost(struct reading *reading, const struct pw_file_cost *file,
		      struct pw_machine_cost *out)
{
	static const struct bounds clock = {1000000, UINT64_C(100000000000),
					    "1MHz to 100GHz"};
	static const struct bounds cpi = {1, UINT64_C(1000000000),
					  "above 0, at most 1000"};
	static const struct bounds ns = {0, UINT64_C(10000000000),
					 "at most 10s"};

	out->clock_hz = read_value(reading, "cost.clock", file->clock,
				   parse_clock, &clock);
	out->base_cpi = (double)read_value(reading, "cost.base_cpi",
					   file->base_cpi, parse_micro, &cpi) /
			MICRO;
	out->stlb_hit_cycles =
		read_value(reading, "cost.stlb_hit", file->stlb_hit,
			   pw_parse_cycles, &cycle_bounds);
	out->walk_reference_cycles =
		read_value(reading, "cost.walk_reference", file->walk_reference,
			   pw_parse_cycles, &cycle_bounds);
	out->minor_fault_ns = read_value(reading, "cost.minor_fault",
					 file->minor_fault, pw_parse_ns, &ns);
}

static enum pw_status read_machine(struct pw_machine *machine,
				   const struct reading *from)
{
	struct reading reading = *from;
	const struct pw_machine_file *file = machine->document;

	if (!file->name[0])
		refuse(&reading, "name", file->name, "a name");
	machine->name = file->name;
	machine->summary = file->summary;
	machine->source = file->source ? file->source : "";
	read_page_table(&reading, &file->page_table, machine);
	read_tlb(&reading, "tlb.l1d", &file->tlb.l1d, false, &machine->l1d);
	read_tlb(&reading, "tlb.l1i", &file->tlb.l1i, false, &machine->l1i);
	read_tlb(&reading, "tlb.stlb", file->tlb.stlb, true, &machine->stlb);
	read_pwc(&reading, file->pwc, machine);
	read_lines(&reading, file->walk, &machine->lines);
	read_nested(&reading, file->nested, machine);
	read_memory(&reading, &file->memory, machine);
	read_cost(&reading, &file->cost, &machine->cost);
	return reading.status;
}

enum pw_status pw_machine_parse(struct pw_machine **out, const char *name,
				const char *text,
				const struct pw_text_list *overrides,
				struct pw_error *err)
{
	static const struct pw_text_list none;
	const struct reading reading = {
		.name = name,
		.text = text,
		.overrides = overrides ? overrides : &none,
		.err = err,
	};
	struct pw_machine *machine = calloc(1, sizeof(*machine));
	enum pw_status st;

	*out = NULL;
	if (!machine)
		return pw_fail_memory(err, "a machine");
	st = pw_yaml_load(name, text, &pw_machine_schema, reading.overrides,
			  &machine->document, err);
	if (st == PW_OK)
		st = read_machine(machine, &reading);
	if (st != PW_OK) {
		pw_machine_close(machine);
		return st;
	}
	*out = machine;
	return PW_OK;
}

const struct pw_embedded *pw_machine_preset(const char *name)
{
	for (const struct pw_embedded *file = pw_machine_files; file->name;
	     file++) {
		if (strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

static enum pw_status fail_unknown(const char *name, struct pw_error *err)
{
	const char *words[PRESETS_MAX + 1];
	const char *nearest;
	size_t count = 0;

	PW_ASSERT(pw_machine_files[0].name);
	while (count < PRESETS_MAX && pw_machine_files[count].name) {
		words[count] = pw_machine_files[count].name;
		count++;
	}
	words[count] = NULL;
	(void)pw_fail(err, PW_ERR_USAGE, "%s: no machine of this name", name);
	nearest = pw_text_nearest(name, words);
	if (nearest)
		return pw_hint(err, "did you mean %s?", nearest);
	return pw_hint(err, "\"pagewalk machines\" lists them; a file is named "
			    "with a slash or as NAME.yaml");
}

static bool is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') ||
	       (length > 5 && strcmp(name + length - 5, ".yaml") == 0);
}

enum pw_status pw_machine_load(struct pw_machine **out,
			       const char *name_or_path,
			       const struct pw_text_list *overrides,
			       struct pw_error *err)
{
	const struct pw_embedded *preset;
	enum pw_status st;
	char *text;
	size_t bytes;

	*out = NULL;
	if (!is_path(name_or_path)) {
		preset = pw_machine_preset(name_or_path);
		if (!preset)
			return fail_unknown(name_or_path, err);
		return pw_machine_parse(out, preset->name, preset->text,
					overrides, err);
	}
	st = pw_file_read(name_or_path, FILE_BYTES_MAX, &text, &bytes, err);
	if (st != PW_OK)
		return st;
	st = pw_machine_parse(out, name_or_path, text, overrides, err);
	free(text);
	return st;
}

void pw_machine_close(struct pw_machine *machine)
{
	if (!machine)
		return;
	pw_yaml_free(&pw_machine_schema, machine->document);
	free(machine);
}

void pw_machine_list(const struct pw_machine *machine, struct pw_table *table)
{
	PW_ASSERT(machine->document);
	pw_yaml_list(&pw_machine_schema, machine->document, table);
}
