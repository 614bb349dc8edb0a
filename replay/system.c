/*
 * system.c - one simulated machine at work: processor, memory, processes.
 */
#include "replay/system.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/fault.h"
#include "replay/pages.h"

enum pw_status pw_system_make(struct pw_system *system,
			      const struct pw_machine *machine,
			      struct pw_arena *arena, struct pw_error *err)
{
	memset(system, 0, sizeof(*system));
	system->machine = machine;
	system->arena = arena;
	system->tables.arena = arena;
	system->tables.item_bytes = machine->page_table->table_bytes;
	system->spaces = (struct pw_array)PW_ARRAY(struct pw_space *);
	system->mappings_known = true;
	return pw_processor_make(&system->processor, machine, &system->counters,
				 arena, err);
}

/* The address space of this number, or NULL when there is none yet. */
static struct pw_space *space_at(const struct pw_system *system, size_t number)
{
	PW_ASSERT(number < system->spaces.count);
	return PW_ARRAY_AT(&system->spaces, struct pw_space *, number);
}

void pw_system_free(struct pw_system *system)
{
	for (size_t i = 0; i < system->spaces.count; i++)
		if (space_at(system, i))
			pw_space_free(space_at(system, i));
	pw_array_free(&system->spaces);
	pw_processor_free(&system->processor);
	system->current = NULL;
}

static enum pw_status add_space(struct pw_system *system, uint32_t number,
				struct pw_space **out, struct pw_error *err)
{
	const struct pw_page_table_config config = {
		.levels = system->machine->page_table_levels,
		.arena = system->arena,
		.pool = &system->tables,
	};
	struct pw_space *space =
		pw_arena_alloc(system->arena, 1, sizeof(*space));
	enum pw_status st;

	PW_ASSERT(!space_at(system, number));
	if (!space)
		return pw_fail_memory(err, "an address space");
	st = pw_space_make(space, number, system->machine->page_table, &config,
			   err);
	if (st != PW_OK)
		return st;
	PW_ARRAY_AT(&system->spaces, struct pw_space *, number) = space;
	*out = space;
	return PW_OK;
}

enum pw_status pw_system_space(struct pw_system *system, uint32_t number,
			       struct pw_space **out, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (system->spaces.count <= number && st == PW_OK)
		st = pw_array_push(&system->spaces, NULL, err);
	if (st != PW_OK)
		return st;
	*out = space_at(system, number);
	return *out ? PW_OK : add_space(system, number, out, err);
}

enum pw_status pw_system_switch(struct pw_system *system, uint32_t number,
				struct pw_error *err)
{
	struct pw_space *space;
	enum pw_status st;

	if (system->current && system->current->number == number)
		return PW_OK;
	st = pw_system_space(system, number, &space, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(space && space->number == number);
	pw_processor_run(&system->processor, number);
	system->current = space;
	return PW_OK;
}

void pw_system_empty(struct pw_system *system)
{
	const struct pw_range all = {0, PW_PAGE_END};

	PW_ASSERT(system->current);
	(void)pw_pages_remove(system, system->current, all);
	pw_space_clear(system->current);
	PW_ASSERT(pw_pages_count(system->current, all) == 0);
	pw_processor_end(&system->processor, system->current->number);
	pw_system_note_peaks(system);
}

void pw_system_skip(struct pw_system *system, const struct pw_touches *touches)
{
	PW_ASSERT(touches->count == 0 || touches->flags);
	for (size_t i = 0; i < touches->count; i++)
		system->counters.touches +=
			(touches->flags[i] & PW_TOUCH_NOT_COUNTED) == 0;
}

/*
 * One reference that the filter cannot answer: first the fault, if there is
 * one, and then the translation.
 */
static __attribute__((noinline)) enum pw_status
reference(struct pw_system *system, enum pw_tlb_side side, uint64_t page,
	  bool write, struct pw_error *err)
{
	struct pw_space *space = system->current;
	uint64_t wanted = write ? PW_PTE_WRITABLE : PW_PTE_PRESENT;
	struct pw_leaf leaf;

	if (!space->table_ops->find(space->table, page, &leaf) ||
	    !(leaf.pte & wanted)) {
		enum pw_status st = pw_fault(system, space, page, write, err);

		if (st != PW_OK)
			return st;
		(void)space->table_ops->find(space->table, page, &leaf);
	}
	PW_DEBUG_ASSERT(leaf.pte & wanted);
	pw_processor_refer(&system->processor, side, page, &leaf);
	return PW_OK;
}

enum pw_status pw_system_touches(struct pw_system *system,
				 const struct pw_touches *touches,
				 struct pw_error *err)
{
	uint64_t references[PW_TLB_SIDES] = {0, 0};
	uint64_t touched = 0;

	PW_ASSERT(system->current);
	for (size_t i = 0; i < touches->count; i++) {
		unsigned flags = touches->flags[i];
		uint64_t page = pw_page_fold(touches->page[i]);
		uint64_t stores = touches->stores[i];
		uint64_t count =
			stores + touches->loads[i] + touches->fetches[i];
		enum pw_tlb_side side = flags & PW_TOUCH_FETCH;
		bool write = stores && !(flags & PW_TOUCH_LOAD_FIRST);
		enum pw_status st;

		touched += (flags & PW_TOUCH_NOT_COUNTED) == 0;
		references[side] += count;
		if (count == 0 || pw_processor_is_recent(&system->processor,
							 side, page, write))
			continue;
		st = reference(system, side, page, write, err);
		if (st != PW_OK)
			return st;
	}
	system->counters.touches += touched;
	system->counters.reference_data += references[PW_TLB_DATA];
	system->counters.reference_instruction +=
		references[PW_TLB_INSTRUCTION];
	if (pw_processor_failed(&system->processor))
		return pw_fail_memory(err, "the memory of a guest");
	return PW_OK;
}

static void keep_max(uint64_t *peak, uint64_t value)
{
	if (*peak < value)
		*peak = value;
}

void pw_system_note_peaks(struct pw_system *system)
{
	struct pw_counters *counters = &system->counters;

	PW_ASSERT(counters->rss_bytes % PW_PAGE_BYTES == 0);
	counters->pagetable_tables = system->tables.used;
	counters->pagetable_bytes = system->tables.used * PW_PAGE_BYTES;
	keep_max(&counters->pagetable_peak_bytes, counters->pagetable_bytes);
	keep_max(&counters->rss_peak_bytes, counters->rss_bytes);
}

void pw_system_settle(struct pw_system *system)
{
	struct pw_counters *counters = &system->counters;
	uint64_t pages = 0;

	PW_ASSERT(counters->dtlb_misses <= counters->reference_data);
	PW_ASSERT(counters->itlb_misses <= counters->reference_instruction);
	counters->dtlb_hits = counters->reference_data - counters->dtlb_misses;
	counters->itlb_hits =
		counters->reference_instruction - counters->itlb_misses;
	for (size_t i = 0; i < system->spaces.count; i++)
		if (space_at(system, i))
			pages += pw_space_pages(space_at(system, i));
	counters->vsz_bytes = pages * PW_PAGE_BYTES;
}
