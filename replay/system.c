/*
 * system.c - the memory of simulated machines: processes and their pages.
 */
#include "replay/system.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/fault.h"
#include "replay/pages.h"

void pw_system_make(struct pw_system *system, const struct pw_machine *machine,
		    struct pw_outlet *outlet, struct pw_arena *arena)
{
	memset(system, 0, sizeof(*system));
	system->machine = machine;
	system->arena = arena;
	system->tables.slab.arena = arena;
	system->spaces = (struct pw_array)PW_ARRAY(struct pw_space *);
	system->mappings_known = true;
	system->outlet = outlet;
	system->shift = machine->geometry.page_shift - PW_PAGE_SHIFT;
	for (size_t i = 0; i < PW_SIDES; i++)
		pw_filter_init(&system->filter[i], 0, false);
}

void pw_system_filter(struct pw_system *system,
		      const struct pw_machine *const *machines, size_t count,
		      uint64_t classes_max)
{
	uint64_t classes[PW_SIDES] = {classes_max, classes_max};

	PW_ASSERT(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct pw_tlb_choice *l1[PW_SIDES] = {&machines[i]->l1d,
							    &machines[i]->l1i};

		for (size_t side = 0; side < PW_SIDES; side++) {
			uint64_t sets =
				l1[side]->ops->filter_sets(&l1[side]->config);

			if (sets < classes[side])
				classes[side] = sets;
		}
	}
	for (size_t side = 0; side < PW_SIDES; side++)
		pw_filter_init(&system->filter[side], classes[side], true);
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
	system->current = NULL;
}

static enum pw_status add_space(struct pw_system *system, uint32_t number,
				struct pw_space **out, struct pw_error *err)
{
	const struct pw_page_table_config config = {
		.levels = system->machine->page_table_levels,
		.page_shift = system->machine->geometry.page_shift,
		.arena = system->arena,
		.store = &system->tables,
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

static void clear_filters(struct pw_system *system)
{
	for (size_t i = 0; i < PW_SIDES; i++)
		pw_filter_clear(&system->filter[i]);
}

enum pw_status pw_system_switch(struct pw_system *system, uint32_t thread,
				uint32_t number, struct pw_error *err)
{
	struct pw_space *space;
	enum pw_status st;

	if (system->current && system->current->number == number &&
	    system->thread == thread && !system->ended)
		return PW_OK;
	st = pw_system_space(system, number, &space, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(space && space->number == number);
	system->current = space;
	system->thread = thread;
	system->ended = false;
	clear_filters(system);
	*pw_system_tell(system) = (struct pw_operation){
		.kind = PW_OPERATION_RUN, .value = thread, .space = number};
	return PW_OK;
}

void pw_system_invalidate(struct pw_system *system,
			  const struct pw_space *space, uint64_t first,
			  uint64_t count)
{
	PW_ASSERT(count > 0 && first + count <= space->page_end);
	*pw_system_tell(system) =
		(struct pw_operation){.kind = PW_OPERATION_INVALIDATE,
				      .page = first,
				      .value = count,
				      .space = space->number};
	for (size_t i = 0; i < PW_SIDES && space == system->current; i++)
		pw_filter_drop(&system->filter[i], first, count);
}

void pw_system_empty(struct pw_system *system)
{
	const struct pw_range all = {0, system->current->page_end};

	(void)pw_pages_remove(system, system->current, all);
	pw_space_clear(system->current);
	PW_ASSERT(pw_pages_count(system, system->current, all) == 0);
	*pw_system_tell(system) = (struct pw_operation){
		.kind = PW_OPERATION_FORGET, .space = system->current->number};
	system->ended = true;
	clear_filters(system);
	pw_system_note_peaks(system);
}

void pw_system_place(struct pw_system *system, uint32_t thread, uint64_t cpu)
{
	*pw_system_tell(system) = (struct pw_operation){
		.kind = PW_OPERATION_PLACE, .page = cpu, .value = thread};
	/* It may be on another CPU now. */
	clear_filters(system);
}

void pw_system_moment(struct pw_system *system, const char *mark,
		      uint32_t thread)
{
	struct pw_operation *operation = pw_system_tell(system);
	struct pw_outlet *outlet = system->outlet;
	struct pw_operations *all = outlet->operations;

	PW_ASSERT(all->moment_count < PW_MOMENTS_MAX);
	*operation = (struct pw_operation){.kind = PW_OPERATION_MOMENT,
					   .value = all->moment_count};
	all->moments[all->moment_count++] =
		(struct pw_moment){system->counters, mark, thread};
	if (all->moment_count == PW_MOMENTS_MAX)
		outlet->drain(outlet);
}

void pw_system_skip(struct pw_system *system, const struct pw_touches *touches)
{
	PW_ASSERT(touches->count == 0 || touches->flags);
	for (size_t i = 0; i < touches->count; i++)
		system->counters.touches +=
			(touches->flags[i] & PW_TOUCH_NOT_COUNTED) == 0;
}

/* Make @page ready for a reference; *leaf is what maps it then. */
static enum pw_status prepare(struct pw_system *system, uint64_t page,
			      bool write, struct pw_leaf *leaf,
			      struct pw_error *err)
{
	struct pw_space *space = system->current;
	uint64_t wanted = write ? PW_PTE_WRITABLE : PW_PTE_PRESENT;
	enum pw_status st;

	if (space->table_ops->find(space->table, page, leaf) &&
	    (leaf->pte & wanted))
		return PW_OK;
	st = pw_fault(system, space, page, write, err);
	if (st == PW_OK)
		(void)space->table_ops->find(space->table, page, leaf);
	PW_DEBUG_ASSERT(st != PW_OK || (leaf->pte & wanted));
	return st;
}

/* The references of one record. */
struct references {
	uint64_t page;
	enum pw_side side;
	uint8_t flags; /* enum pw_operation_flag bits */
	uint8_t how;   /* enum pw_filter_how bits */
	bool write;    /* the first of them is a store */
};

/* References that the filter does not know. */
static __attribute__((noinline)) enum pw_status
refer(struct pw_system *system, const struct references *r,
      struct pw_error *err)
{
	struct pw_filter *filter = &system->filter[r->side];
	uint64_t how = r->how;
	uint64_t count;
	struct pw_leaf leaf;
	enum pw_status st = prepare(system, r->page, r->write, &leaf, err);

	if (st != PW_OK)
		return st;
	*pw_system_tell(system) = (struct pw_operation){
		.page = r->page,
		.value = leaf.pte,
		.space = system->current->number,
		.kind = r->side == PW_SIDE_DATA ? PW_OPERATION_DATA
						: PW_OPERATION_INSTRUCTION,
		.flags = r->flags,
		.height = (uint8_t)leaf.height,
		.probes = (uint16_t)leaf.probes,
	};
	if (system->split_stores)
		how |= pw_filter_how(filter, r->page);
	else
		how = PW_FILTER_READ |
		      (leaf.pte & PW_PTE_WRITABLE ? PW_FILTER_WRITE : 0);
	count = (uint64_t)1
		<< pw_geometry_order(&system->machine->geometry, leaf.height);
	pw_filter_note(filter, r->page, leaf.first, count, how);
	return PW_OK;
}

/* What the record @i of @touches refers to, and how. */
static inline struct references read_record(const struct pw_system *system,
					    const struct pw_touches *touches,
					    size_t i)
{
	unsigned flags = touches->flags[i];
	bool loads = touches->loads[i] != 0;
	bool stores = touches->stores[i] != 0;
	bool load_first = (flags & PW_TOUCH_LOAD_FIRST) != 0;
	struct references r = {
		.page = pw_page_fold(touches->page[i]) >> system->shift,
		.side = (flags & PW_TOUCH_FETCH) ? PW_SIDE_INSTRUCTION
						 : PW_SIDE_DATA,
		.flags = (uint8_t)(loads * PW_OPERATION_LOADS |
				   stores * PW_OPERATION_STORES |
				   load_first * PW_OPERATION_LOAD_FIRST),
		.write = stores && !load_first,
	};

	r.how = r.write ? PW_FILTER_WRITE : PW_FILTER_READ;
	if (system->split_stores && r.side == PW_SIDE_DATA)
		r.how = (uint8_t)(loads * PW_FILTER_READ |
				  stores * PW_FILTER_WRITE);
	return r;
}

enum pw_status pw_system_touches(struct pw_system *system,
				 const struct pw_touches *touches,
				 struct pw_error *err)
{
	uint64_t references[PW_SIDES] = {0, 0};
	uint64_t touched = 0;

	PW_ASSERT(system->current);
	for (size_t i = 0; i < touches->count; i++) {
		struct references r = read_record(system, touches, i);
		uint64_t count = (uint64_t)touches->loads[i] +
				 touches->stores[i] + touches->fetches[i];
		enum pw_status st;

		touched += (touches->flags[i] & PW_TOUCH_NOT_COUNTED) == 0;
		references[r.side] += count;
		if (count == 0 ||
		    pw_filter_knows(&system->filter[r.side], r.page, r.how))
			continue;
		st = refer(system, &r, err);
		if (st != PW_OK)
			return st;
	}
	system->counters.touches += touched;
	system->counters.reference_data += references[PW_SIDE_DATA];
	system->counters.reference_instruction +=
		references[PW_SIDE_INSTRUCTION];
	return PW_OK;
}

static void keep_max(uint64_t *peak, uint64_t value)
{
	if (*peak < value)
		*peak = value;
}

void pw_system_note_peaks(struct pw_system *system)
{
	const struct pw_geometry *geometry = &system->machine->geometry;
	struct pw_counters *counters = &system->counters;
	uint64_t tables = 0;
	uint64_t bytes = 0;

	for (unsigned h = 0; h < geometry->levels; h++) {
		const struct pw_table_use *use = &system->tables.use[h];
		struct pw_table_use *peak = &system->table_peak[h];

		keep_max(&peak->tables, use->tables);
		keep_max(&peak->bytes, use->bytes);
		keep_max(&peak->entries, use->entries);
		keep_max(&peak->lines, use->lines);
		if (h < geometry->counted) {
			tables += use->tables;
			bytes += use->bytes;
		}
	}
	counters->pagetable_tables = tables;
	counters->pagetable_bytes = bytes;
	keep_max(&counters->pagetable_peak_bytes, counters->pagetable_bytes);
	keep_max(&counters->rss_peak_bytes, counters->rss_bytes);
}

void pw_system_settle(struct pw_system *system)
{
	struct pw_counters *counters = &system->counters;
	uint64_t pages = 0;

	for (size_t i = 0; i < system->spaces.count; i++)
		if (space_at(system, i))
			pages += pw_space_pages(space_at(system, i));
	counters->vsz_bytes = pages << system->machine->geometry.page_shift;
}
