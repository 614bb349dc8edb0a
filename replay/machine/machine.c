/*
 * machine.c - machines from YAML: texts become checked values.
 */
#include "replay/machine/machine.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "replay/machine/machine_file.h"
#include "replay/machine/machine_read.h"
#include "replay/memory/page_size.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define PRESETS_MAX 64
#define MICRO 1e6

/* Put the place and the key before the message of a value's own error. */
void pw_read_blame(struct pw_reading *reading, const char *key,
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

void pw_read_refuse(struct pw_reading *reading, const char *key,
		    const char *text, const char *expected)
{
	struct pw_error why;

	(void)pw_fail(&why, PW_ERR_USAGE, "\"%.60s\" is not %s", text,
		      expected);
	pw_read_blame(reading, key, &why);
}

uint64_t pw_read_value(struct pw_reading *reading, const char *key,
		       const char *text, pw_parser parse,
		       const struct pw_bounds *bounds)
{
	struct pw_error why;
	uint64_t value = 0;

	PW_ASSERT(bounds->min < bounds->max && text);
	if (reading->status != PW_OK)
		return 0;
	if (parse(text, &value, &why) != PW_OK)
		pw_read_blame(reading, key, &why);
	else if (value < bounds->min || value > bounds->max)
		pw_read_refuse(reading, key, text, bounds->expected);
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

/* A word of a list that ends with NULL, as its place there; the first one when
 * there is no text. */
unsigned pw_read_word(struct pw_reading *reading, const char *key,
		      const char *text, const char *const *words,
		      const char *expected)
{
	if (!text || reading->status != PW_OK)
		return 0;
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	pw_read_refuse(reading, key, text, expected);
	return 0;
}

static const char *part_of(char *buffer, size_t buffer_bytes, const char *key,
			   const char *part)
{
	snprintf(buffer, buffer_bytes, "%s.%s", key, part);
	return buffer;
}

void pw_read_tlb(struct pw_reading *reading, const char *key,
		 const struct pw_file_tlb *file, bool absence,
		 struct pw_tlb_choice *out)
{
	static const struct pw_bounds size = {0, UINT32_MAX,
					      "below 4294967296"};
	static const char *const indices[] = {"modulo", "xor", NULL};
	struct pw_error why;
	char part[64];

	if (!file || reading->status != PW_OK)
		return;
	out->declared = true;
	out->ops = pw_tlb_find(file->model);
	if (!out->ops) {
		pw_read_refuse(reading,
			       part_of(part, sizeof(part), key, "model"),
			       file->model, "a TLB model");
		name_tlb_models(reading->err);
		return;
	}
	out->config.entries = pw_read_value(
		reading, part_of(part, sizeof(part), key, "entries"),
		file->entries, pw_parse_count, &size);
	out->config.ways =
		pw_read_value(reading, part_of(part, sizeof(part), key, "ways"),
			      file->ways, parse_ways, &size);
	out->config.index =
		pw_read_word(reading, part_of(part, sizeof(part), key, "index"),
			     file->index, indices, "\"modulo\" or \"xor\"");
	out->config.seed = pw_read_value(
		reading, part_of(part, sizeof(part), key, "seed"),
		file->seed ? file->seed : "0", pw_parse_count, &size);
	if (reading->status != PW_OK)
		return;
	if (absence && out->config.entries == 0)
		out->ops = NULL;
	else if (out->ops->check(&out->config, &why) != PW_OK)
		pw_read_blame(reading, key, &why);
}

/* The base page as a power of two; 0 when it is not said. */
static unsigned read_page(struct pw_reading *reading, const char *text)
{
	static const struct pw_bounds sizes = {PW_PAGE_BYTES, 1 << 30,
					       "4K to 1G"};
	uint64_t bytes;

	if (!text)
		return 0;
	bytes = pw_read_value(reading, "page_table.page", text, pw_parse_size,
			      &sizes);
	if (reading->status == PW_OK && !pw_is_pow2(bytes))
		pw_read_refuse(reading, "page_table.page", text,
			       "a power of two");
	return reading->status == PW_OK ? pw_log2(bytes) : 0;
}

/* What TLBs have and page-walk caches have not. */
static void read_extras(struct pw_reading *reading, const char *key,
			const struct pw_file_tlb *file,
			const struct pw_tlb_array_info *info,
			struct pw_tlb_choice *out)
{
	static const char *const groups[] = {"1", "4", "8", NULL};
	static const unsigned orders[] = {0, 2, 3};
	static const char *const sizes[] = {"1G", "4K", "2M", NULL};
	static const char *const answers[] = {"no", "yes", NULL};
	char part[64];

	out->group_order = orders[pw_read_word(
		reading, part_of(part, sizeof(part), key, "coalesce"),
		file->coalesce, groups, "1, 4 or 8")];
	out->base_too = pw_read_word(
		reading, part_of(part, sizeof(part), key, "also_4k"),
		file->also_4k, answers, "\"yes\" or \"no\"");
	if (out->base_too && (info->height == 0 || !strstr(key, "stlb")))
		pw_read_refuse(
			reading, part, file->also_4k,
			"for an array of the second level for larger pages");
	out->largest = pw_read_word(
		reading, part_of(part, sizeof(part), key, "largest"),
		file->largest, sizes, "\"4K\", \"2M\" or \"1G\"");
	if (out->largest == 1 && info->height > 0)
		pw_read_refuse(reading, part, file->largest,
			       "what an array for larger pages can hold");
}

static void read_tlbs(struct pw_reading *reading,
		      const struct pw_file_tlbs *file,
		      struct pw_machine *machine)
{
	static const char *const prefetches[] = {"none", "next", NULL};
	const struct pw_file_tlb *const files[PW_TLB_ARRAYS] = {
#define PW_TLB_ARRAY(name, need, base, height) file->name,
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
	};

	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		const struct pw_tlb_array_info *info = pw_tlb_array_info(i);
		bool first = strncmp(info->name, "l1", 2) == 0;
		char key[32];

		snprintf(key, sizeof(key), "tlb.%s", info->name);
		pw_read_tlb(reading, key, files[i], !first, &machine->tlb[i]);
		if (files[i] && reading->status == PW_OK)
			read_extras(reading, key, files[i], info,
				    &machine->tlb[i]);
	}
	/* A record may have loads and stores, and the filter, which sees only
	 * one of their TLBs, knows single base pages by no other size. */
	if (reading->status == PW_OK && machine->l1s.declared &&
	    machine->l1s.largest == 1)
		pw_read_refuse(reading, "tlb.l1s.largest", file->l1s->largest,
			       "possible for stores with a TLB of their own");
	if (reading->status == PW_OK && machine->l1s.declared &&
	    machine->l1d.largest == 1)
		pw_read_refuse(reading, "tlb.l1d.largest", file->l1d->largest,
			       "possible beside tlb.l1s");
	machine->prefetch_next =
		pw_read_word(reading, "tlb.prefetch", file->prefetch,
			     prefetches, "\"none\" or \"next\"");
}

static void read_contiguous(struct pw_reading *reading, const char *text,
			    struct pw_machine *machine)
{
	static const char *const answers[] = {"no", "yes", NULL};

	machine->contiguous = pw_read_word(reading, "page_table.contiguous",
					   text, answers, "\"yes\" or \"no\"");
	if (machine->contiguous && machine->geometry.contiguous[0] == 0)
		pw_read_refuse(reading, "page_table.contiguous", text,
			       "possible with such page tables");
}

static void read_page_table(struct pw_reading *reading,
			    const struct pw_file_page_table *file,
			    struct pw_machine *machine)
{
	static const struct pw_bounds levels = {1, 6, "1 to 6 levels"};
	struct pw_page_table_config config = {0};
	struct pw_error why;

	if (reading->status != PW_OK)
		return;
	machine->page_table = pw_page_table_find(file->model);
	if (!machine->page_table) {
		pw_read_refuse(reading, "page_table.model", file->model,
			       "a page-table model");
		return;
	}
	config.levels = pw_read_value(reading, "page_table.levels",
				      file->levels, pw_parse_count, &levels);
	machine->page_table_levels = config.levels;
	config.page_shift = read_page(reading, file->page);
	if (reading->status != PW_OK)
		return;
	if (machine->page_table->check(&config, &why) != PW_OK) {
		pw_read_blame(reading, "page_table", &why);
		return;
	}
	machine->geometry = machine->page_table->geometry(&config);
	read_contiguous(reading, file->contiguous, machine);
}

static void read_page_size(struct pw_reading *reading,
			   const struct pw_file_page_size *file,
			   struct pw_machine *machine)
{
	static const struct pw_bounds sizes = {PW_PAGE_BYTES, 1 << 30,
					       "4K to 1G"};
	uint64_t bytes;

	machine->page_size = pw_page_size_find(file ? file->model : "base");
	if (reading->status != PW_OK || !file)
		return;
	if (!machine->page_size) {
		pw_read_refuse(reading, "page_size.model", file->model,
			       "a page-size policy");
		return;
	}
	bytes = pw_read_value(reading, "page_size.max", file->max,
			      pw_parse_size, &sizes);
	if (reading->status == PW_OK && !pw_is_pow2(bytes))
		pw_read_refuse(reading, "page_size.max", file->max,
			       "a power of two");
	if (reading->status == PW_OK)
		machine->page_size_max_shift = pw_log2(bytes);
}

static void read_placement(struct pw_reading *reading, const char *text,
			   struct pw_machine_cpu *out)
{
	out->placement = pw_placement_find(text);
	if (!out->placement && reading->status == PW_OK)
		pw_read_refuse(reading, "cpu.placement", text,
			       "a placement of threads");
}

/* What is missing is as on a machine with one CPU and no identifiers. */
static void read_cpu(struct pw_reading *reading, const struct pw_file_cpu *file,
		     struct pw_machine_cpu *out)
{
	static const struct pw_file_cpu none;
	static const struct pw_bounds cpus = {1, 1024, "1 to 1024 CPUs"};
	static const struct pw_bounds smt = {1, 8, "1 to 8 CPUs of a core"};
	static const struct pw_bounds asids = {1, 4095,
					       "1 to 4095 identifiers"};
	static const struct pw_bounds ceiling = {0, UINT32_MAX,
						 "a number of pages"};
	const struct {
		const char *key, *text, *fallback;
		const struct pw_bounds *bounds;
		uint64_t *value;
	} values[] = {
		{"cpu.count", (file ? file : &none)->count, "1", &cpus,
		 &out->count},
		{"cpu.smt", (file ? file : &none)->smt, "1", &smt, &out->smt},
		{"cpu.asids", (file ? file : &none)->asids, "1", &asids,
		 &out->asids},
		{"cpu.flush_ceiling", (file ? file : &none)->flush_ceiling, "0",
		 &ceiling, &out->flush_ceiling},
	};

	for (size_t i = 0; i < PW_COUNT(values); i++)
		*values[i].value = pw_read_value(
			reading, values[i].key,
			values[i].text ? values[i].text : values[i].fallback,
			pw_parse_count, values[i].bounds);
	read_placement(reading,
		       file && file->placement ? file->placement : "single",
		       out);
}

static const struct pw_bounds event_bounds = {0, UINT64_C(10000000000),
					      "at most 10s"};

/* What is missing costs what it does where it was measured. */
static uint64_t read_event(struct pw_reading *reading, const char *key,
			   const char *text, uint64_t fallback)
{
	if (!text)
		return fallback;
	return pw_read_value(reading, key, text, pw_parse_ns, &event_bounds);
}

static void read_cost(struct pw_reading *reading,
		      const struct pw_file_cost *file,
		      struct pw_machine_cost *out)
{
	static const struct pw_bounds clock = {1000000, UINT64_C(100000000000),
					       "1MHz to 100GHz"};
	static const struct pw_bounds cpi = {1, UINT64_C(1000000000),
					     "above 0, at most 1000"};

	out->clock_hz = pw_read_value(reading, "cost.clock", file->clock,
				      parse_clock, &clock);
	out->base_cpi =
		(double)pw_read_value(reading, "cost.base_cpi", file->base_cpi,
				      parse_micro, &cpi) /
		MICRO;
	out->stlb_hit_cycles =
		pw_read_value(reading, "cost.stlb_hit", file->stlb_hit,
			      pw_parse_cycles, &pw_cycle_bounds);
	out->walk_reference_cycles = pw_read_value(
		reading, "cost.walk_reference", file->walk_reference,
		pw_parse_cycles, &pw_cycle_bounds);
	out->minor_fault_ns =
		read_event(reading, "cost.minor_fault", file->minor_fault, 0);
#define PW_COST(name, counter, class, fallback, help) \
	out->name##_ns =                              \
		read_event(reading, "cost." #name, file->name, fallback);
#include "replay/machine/costs.def"
#undef PW_COST
}

static enum pw_status read_machine(struct pw_machine *machine,
				   const struct pw_reading *from)
{
	struct pw_reading reading = *from;
	const struct pw_machine_file *file = machine->document;

	if (!file->name[0])
		pw_read_refuse(&reading, "name", file->name, "a name");
	machine->name = file->name;
	machine->summary = file->summary;
	machine->source = file->source ? file->source : "";
	read_page_table(&reading, &file->page_table, machine);
	read_page_size(&reading, file->page_size, machine);
	read_tlbs(&reading, &file->tlb, machine);
	pw_read_walks(&reading, file, machine);
	read_cpu(&reading, file->cpu, &machine->cpu);
	pw_read_memory(&reading, &file->memory, machine);
	pw_read_kernel(&reading, file->kernel, machine);
	read_cost(&reading, &file->cost, &machine->cost);
	return reading.status;
}

enum pw_status pw_machine_parse(struct pw_machine **out, const char *name,
				const char *text,
				const struct pw_text_list *overrides,
				struct pw_error *err)
{
	static const struct pw_text_list none;
	const struct pw_reading reading = {
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

/* Whether time passes alike for the memory manager. */
static bool same_pace(const struct pw_machine_cost *a,
		      const struct pw_machine_cost *b)
{
	bool same = a->clock_hz == b->clock_hz && a->base_cpi == b->base_cpi &&
		    a->minor_fault_ns == b->minor_fault_ns;

#define PW_COST(name, counter, class, fallback, help) \
	same = same && a->name##_ns == b->name##_ns;
#include "replay/machine/costs.def"
#undef PW_COST
	return same;
}

bool pw_machine_same_memory(const struct pw_machine *a,
			    const struct pw_machine *b)
{
	PW_ASSERT(a->page_table && b->page_table);
	return a->page_table == b->page_table &&
	       a->page_table_levels == b->page_table_levels &&
	       a->geometry.page_shift == b->geometry.page_shift &&
	       a->page_size == b->page_size &&
	       a->page_size_max_shift == b->page_size_max_shift &&
	       a->no_zero_page == b->no_zero_page && a->kernel == b->kernel &&
	       a->overcommit == b->overcommit &&
	       a->commit_limit_bytes == b->commit_limit_bytes &&
	       a->memory_frames == b->memory_frames &&
	       a->cache_recorded == b->cache_recorded &&
	       a->cache_percent == b->cache_percent &&
	       a->read_ahead_bytes == b->read_ahead_bytes &&
	       a->read_request_bytes == b->read_request_bytes &&
	       a->fault_around_pages == b->fault_around_pages &&
	       a->dirty_ratio == b->dirty_ratio &&
	       a->dirty_background_ratio == b->dirty_background_ratio &&
	       a->dirty_bytes == b->dirty_bytes &&
	       a->dirty_background_bytes == b->dirty_background_bytes &&
	       a->dirty_expire_ns == b->dirty_expire_ns &&
	       a->dirty_writeback_ns == b->dirty_writeback_ns &&
	       (a->dirty_writeback_ns == 0 || same_pace(&a->cost, &b->cost));
}

void pw_machine_list(const struct pw_machine *machine, struct pw_table *table)
{
	PW_ASSERT(machine->document);
	pw_yaml_list(&pw_machine_schema, machine->document, table);
}
