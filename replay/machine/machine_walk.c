/*
 * machine_walk.c - machines from YAML: how walks go.
 */
#include "replay/machine/machine_read.h"

#include "base/assert.h"
#include "base/units.h"
#include "replay/memory/page_size.h"
#include "replay/mmu/guest.h"
#include "replay/mmu/walker.h"

/* Whether @text is @yes and not @no, which a missing one stands for. */
static bool read_either(struct pw_reading *reading, const char *key,
			const char *text, const char *no, const char *yes)
{
	char expected[64];

	if (reading->status != PW_OK || !text || strcmp(text, no) == 0)
		return false;
	snprintf(expected, sizeof(expected), "\"%s\" or \"%s\"", no, yes);
	if (strcmp(text, yes) != 0)
		pw_read_refuse(reading, key, text, expected);
	return true;
}

static void read_pwcs(struct pw_reading *reading, const char *key,
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
		pw_read_tlb(reading, part, heights[i].file, true,
			    &out->split[i]);
	}
	snprintf(part, sizeof(part), "%s.unified", key);
	pw_read_tlb(reading, part, file->unified, true, &out->unified);
}

static void read_pwc(struct pw_reading *reading,
		     const struct pw_file_pwcs *file,
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
		pw_read_refuse(reading, in_stlb, file->pde_in_stlb,
			       "possible without tlb.stlb");
	else if (pwc->split[0].ops)
		pw_read_refuse(
			reading, in_stlb, file->pde_in_stlb,
			"possible beside pwc.pde, which may have 0 entries");
}

const struct pw_bounds pw_cycle_bounds = {0, 1000000, "at most 1M cycles"};

static void read_lines(struct pw_reading *reading,
		       const struct pw_file_walk *file,
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
		pw_read_tlb(reading, part, &caches[i].file->size, true,
			    &out->cache[i]);
		snprintf(part, sizeof(part), "walk.%s.cycles", caches[i].name);
		out->cycles[i] =
			pw_read_value(reading, part, caches[i].file->cycles,
				      pw_parse_cycles, &pw_cycle_bounds);
	}
	out->cycles[PW_LINE_CACHES] =
		pw_read_value(reading, "walk.memory", file->memory,
			      pw_parse_cycles, &pw_cycle_bounds);
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

/* Whether tables have a size that a guest's memory can hold; a hashed one that
 * grows has not. */
static bool is_tree(const struct pw_geometry *geometry)
{
	for (unsigned h = 0; h < geometry->levels; h++) {
		if (pw_guest_table_order(geometry, h) > PW_FRAMES_ORDER_MAX)
			return false;
	}
	return true;
}

/* What both dimensions must be like: see guest.h. */
static void check_nested(struct pw_reading *reading,
			 const struct pw_file_nested *file,
			 const struct pw_machine *machine)
{
	const struct pw_nested_choice *host = &machine->nested;
	unsigned guest_shift = machine->geometry.page_shift;
	unsigned host_shift = host->geometry.page_shift +
			      pw_geometry_order(&host->geometry, host->height);

	if (reading->status != PW_OK)
		return;
	if (!is_tree(&machine->geometry))
		pw_read_refuse(reading, "nested.model", file->model,
			       "possible with page_table.model, whose tables "
			       "are too large");
	else if (!is_tree(&host->geometry))
		pw_read_refuse(reading, "nested.model", file->model,
			       "a tree of tables");
	else if (host_shift < guest_shift)
		pw_read_refuse(reading, "nested.page", file->page,
			       "at least the guest's smallest page");
	/* As read_tlbs refuses it of what is held in base pages. */
	else if (machine->l1s.declared &&
		 machine->page_size != pw_page_size_find("base") &&
		 pw_walker_held_height(machine, 1) == 0)
		pw_read_refuse(reading, "nested.page", file->page,
			       "possible beside tlb.l1s, unless it is as large "
			       "as the guest's larger pages");
}

static void read_nested(struct pw_reading *reading,
			const struct pw_file_nested *file,
			struct pw_machine *machine)
{
	static const struct pw_bounds levels = {1, 6, "1 to 6 levels"};
	static const struct pw_bounds size = {1, UINT64_MAX, "a size"};
	struct pw_nested_choice *out = &machine->nested;
	struct pw_page_table_config config = {0};
	struct pw_error why;
	uint64_t bytes;

	if (!file || reading->status != PW_OK)
		return;
	out->page_table = pw_page_table_find(file->model);
	if (!out->page_table) {
		pw_read_refuse(reading, "nested.model", file->model,
			       "a page-table model");
		return;
	}
	config.levels = pw_read_value(reading, "nested.levels", file->levels,
				      pw_parse_count, &levels);
	if (reading->status == PW_OK &&
	    out->page_table->check(&config, &why) != PW_OK)
		pw_read_blame(reading, "nested.levels", &why);
	bytes = pw_read_value(reading, "nested.page", file->page, pw_parse_size,
			      &size);
	if (reading->status != PW_OK)
		return;
	out->geometry = out->page_table->geometry(&config);
	if (!find_height(&out->geometry, bytes, &out->height))
		pw_read_refuse(reading, "nested.page", file->page,
			       "a page size of nested.model");
	check_nested(reading, file, machine);
	pw_read_tlb(reading, "nested.tlb", file->tlb, true, &out->tlb);
	if (file->pwc)
		read_pwcs(reading, "nested.pwc", file->pwc, &out->pwc);
}

void pw_read_walks(struct pw_reading *reading,
		   const struct pw_machine_file *file,
		   struct pw_machine *machine)
{
	read_pwc(reading, file->pwc, machine);
	read_lines(reading, file->walk, &machine->lines);
	read_nested(reading, file->nested, machine);
}
