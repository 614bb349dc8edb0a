/*
 * system.c - the memory of simulated machines: processes and their pages.
 */
#include "replay/memory/system.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/fault.h"
#include "replay/memory/holders.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/page_advice.h"
#include "replay/memory/pages.h"
#include "replay/memory/signals.h"
#include "replay/mmu/mmu.h"
#include "replay/mmu/touch_window.h"

void pw_system_make(struct pw_system *system, const struct pw_machine *machine,
		    struct pw_outlet *outlet, struct pw_arena *arena)
{
	memset(system, 0, sizeof(*system));
	system->machine = machine;
	system->arena = arena;
	system->tables.slab.arena = arena;
	system->spaces = (struct pw_array)PW_ARRAY(struct pw_space *);
	system->faults = (struct pw_array)PW_ARRAY(struct pw_process_faults);
	system->signals = (struct pw_array)PW_ARRAY(struct pw_signal_row);
	pw_objects_make(&system->objects, arena);
	pw_holders_make(&system->holders);
	system->read_states = (struct pw_array)PW_ARRAY(struct pw_read_state);
	pw_backings_init(&system->backings, arena);
	pw_memory_make(&system->memory, machine->memory_frames, arena);
	system->mappings_known = true;
	system->outlet = outlet;
	system->shift = machine->geometry.page_shift - PW_PAGE_SHIFT;
	for (size_t i = 0; i < PW_SIDES; i++)
		pw_filter_init(&system->filter[i], 0, 1, false);
}

void pw_system_filter(struct pw_system *system,
		      const struct pw_machine *const *machines, size_t count,
		      uint64_t classes_max)
{
	PW_ASSERT(count > 0);
	for (size_t side = 0; side < PW_SIDES; side++) {
		struct pw_mmu_notice all = {
			.classes = classes_max,
			.depth = classes_max > 1 ? PW_FILTER_DEPTH : 1,
		};

		memset(all.held, 0xff, sizeof(all.held));
		for (size_t i = 0; i < count; i++) {
			struct pw_mmu_notice one = pw_mmu_notices(
				machines[i], side == PW_SIDE_INSTRUCTION);

			if (one.classes < all.classes)
				all.classes = one.classes;
			if (one.depth < all.depth)
				all.depth = one.depth;
			all.group_mask |= one.group_mask;
			for (size_t h = 0; h < PW_TLB_HEIGHTS; h++)
				if (one.held[h] < all.held[h])
					all.held[h] = one.held[h];
		}
		pw_filter_init(&system->filter[side], all.classes, all.depth,
			       true);
		system->filter[side].group_mask = all.group_mask;
		memcpy(system->held[side], all.held, sizeof(all.held));
	}
	system->flush_ceiling = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		uint64_t ceiling = machines[i]->cpu.flush_ceiling;

		if (ceiling > 0 && ceiling < system->flush_ceiling)
			system->flush_ceiling = ceiling;
		system->split_stores |= pw_tlb_is_declared(&machines[i]->l1s);
		system->wants |= pw_mmu_wants(machines[i]);
	}
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
	pw_array_free(&system->signals);
	pw_array_free(&system->faults);
	pw_objects_free(&system->objects);
	pw_holders_free(&system->holders);
	pw_array_free(&system->read_states);
	pw_backings_free(&system->backings);
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
	st = pw_space_make(space, number, &system->backings,
			   system->machine->page_table, &config, err);
	if (st != PW_OK)
		return st;
	PW_ARRAY_AT(&system->spaces, struct pw_space *, number) = space;
	*out = space;
	return PW_OK;
}

void pw_system_warn(struct pw_system *system, enum pw_warning_kind kind,
		    uint64_t address)
{
	pw_warn(&system->warnings, kind,
		&(struct pw_warning){.count = 1,
				     .address = address,
				     .accesses = system->counters.accesses,
				     .events = system->counters.events,
				     .thread = system->runner.thread});
}

enum pw_status pw_system_space(struct pw_system *system, uint32_t number,
			       struct pw_space **out, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	*out = NULL;
	if (number >= PW_SPACES_MAX)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "of processes that run at a time, no more than "
			       "%d can be simulated (pagewalk cut --process)",
			       PW_SPACES_MAX);
	while (system->spaces.count <= number && st == PW_OK)
		st = pw_array_push(&system->spaces, NULL, err);
	if (st != PW_OK)
		return st;
	*out = space_at(system, number);
	return *out ? PW_OK : add_space(system, number, out, err);
}

static const uint8_t reading[PW_SIDES] = {PW_OPERATION_LOAD,
					  PW_OPERATION_FETCH};

/* Tell processors what is overdue of a class of pages. */
static void catch_up(struct pw_system *system, size_t side, uint64_t class)
{
	uint64_t pages[PW_FILTER_DEPTH];
	size_t count;

	if (!pw_filter_has_overdue(&system->filter[side], class))
		return;
	count = pw_filter_overdue(&system->filter[side], class, pages);
	for (size_t i = 0; i < count; i++)
		*pw_system_tell(system) = (struct pw_operation){
			.page = pages[i],
			.value = PW_PTE_PRESENT,
			.space = system->current->number,
			.kind = reading[side],
		};
}

static void catch_up_all(struct pw_system *system, size_t side)
{
	for (uint64_t i = 0; i <= system->filter[side].mask; i++)
		catch_up(system, side, i);
}

static void clear_filters(struct pw_system *system)
{
	for (size_t i = 0; i < PW_SIDES; i++) {
		catch_up_all(system, i);
		pw_filter_clear(&system->filter[i]);
	}
}

/* Give the runner's process the faults since it began to run. */
static enum pw_status give_faults(struct pw_system *system,
				  struct pw_error *err)
{
	static const struct pw_process_faults none;
	const struct pw_process_faults now = {system->counters.fault_minor,
					      system->counters.fault_major};
	struct pw_process_faults *faults;
	enum pw_status st = PW_OK;

	while (system->faults.count <= system->runner.process && st == PW_OK)
		st = pw_array_push(&system->faults, &none, err);
	if (st != PW_OK)
		return st;
	faults = &PW_ARRAY_AT(&system->faults, struct pw_process_faults,
			      system->runner.process);
	faults->minor += now.minor - system->faults_given.minor;
	faults->major += now.major - system->faults_given.major;
	system->faults_given = now;
	return PW_OK;
}

struct pw_process_faults pw_system_faults(struct pw_system *system,
					  uint32_t process)
{
	struct pw_process_faults faults = {0};

	if (process < system->faults.count)
		faults = PW_ARRAY_AT(&system->faults, struct pw_process_faults,
				     process);
	if (process == system->runner.process) {
		faults.minor += system->counters.fault_minor -
				system->faults_given.minor;
		faults.major += system->counters.fault_major -
				system->faults_given.major;
	}
	return faults;
}

enum pw_status pw_system_switch(struct pw_system *system,
				const struct pw_runner *runner,
				struct pw_error *err)
{
	struct pw_space *space;
	enum pw_status st;

	if (system->current && system->current->number == runner->space &&
	    system->runner.thread == runner->thread && !system->ended)
		return PW_OK;
	st = give_faults(system, err);
	if (st == PW_OK)
		st = pw_system_space(system, runner->space, &space, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(space && space->number == runner->space);
	clear_filters(system);
	system->current = space;
	system->runner = *runner;
	system->ended = false;
	*pw_system_tell(system) =
		(struct pw_operation){.kind = PW_OPERATION_RUN,
				      .value = runner->thread,
				      .page = runner->process,
				      .space = runner->space};
	return PW_OK;
}

void pw_system_invalidate(struct pw_system *system,
			  const struct pw_space *space, uint64_t first,
			  uint64_t count)
{
	PW_ASSERT(count > 0 && first + count <= space->page_end);
	for (size_t i = 0; i < PW_SIDES; i++)
		catch_up_all(system, i);
	*pw_system_tell(system) =
		(struct pw_operation){.kind = PW_OPERATION_INVALIDATE,
				      .page = first,
				      .value = count,
				      .space = space->number};
	for (size_t i = 0; i < PW_SIDES && space == system->current; i++)
		if (count > system->flush_ceiling)
			pw_filter_clear(&system->filter[i]);
		else
			pw_filter_drop(&system->filter[i], first, count);
}

void pw_system_empty(struct pw_system *system)
{
	const struct pw_range all = {0, system->current->page_end};

	(void)pw_pages_remove(system, system->current, all);
	pw_lazy_drain(system);
	pw_kept_tables_drop(system, system->current);
	pw_space_clear(system->current);
	system->current->rss_peak = 0;
	PW_ASSERT(pw_pages_count(system, system->current, all) == 0);
	clear_filters(system);
	*pw_system_tell(system) = (struct pw_operation){
		.kind = PW_OPERATION_FORGET, .space = system->current->number};
	system->ended = true;
	pw_system_note_peaks(system);
}

void pw_system_place(struct pw_system *system, uint32_t thread, uint64_t cpu)
{
	/* It may be on another CPU then. */
	clear_filters(system);
	*pw_system_tell(system) = (struct pw_operation){
		.kind = PW_OPERATION_PLACE, .page = cpu, .value = thread};
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

/* Count the references of record @index as made in a page of a leaf at @height.
 */
static void count_large(struct pw_system *system,
			const struct pw_touches *touches, size_t index,
			unsigned height)
{
	uint64_t(*large)[PW_TLB_HEIGHTS] = system->counters.reference_large;

	PW_DEBUG_ASSERT(height > 0 && height < PW_TLB_HEIGHTS);
	large[PW_REFERENCE_LOAD][height] += touches->loads[index];
	large[PW_REFERENCE_STORE][height] += touches->stores[index];
	large[PW_REFERENCE_FETCH][height] += touches->fetches[index];
}

/* Let the filter know what processors have taken notice of: a reference to
 * @page, which @leaf at a height above 0 maps, by @how. */
static void note_large(struct pw_system *system, enum pw_side side,
		       uint64_t page, uint64_t how, const struct pw_leaf *leaf)
{
	struct pw_filter *filter = &system->filter[side];
	unsigned held = system->held[side][leaf->height];
	uint64_t count;

	/* Held in base pages, a page would no longer be known as large. */
	if (held == 0) {
		pw_filter_clear(filter);
		return;
	}
	count = (uint64_t)1
		<< pw_geometry_order(&system->machine->geometry, held);
	pw_filter_note_large(
		filter, &(struct pw_filter_large){page & ~(count - 1), count,
						  how, leaf->height});
}

/* How a reference can be made again that is made by @how through @leaf. */
static uint64_t again(const struct pw_system *system, enum pw_side side,
		      uint64_t page, uint64_t how, const struct pw_leaf *leaf)
{
	if (system->split_stores)
		return how | pw_filter_how(&system->filter[side], page);
	return PW_FILTER_READ |
	       (leaf->pte & PW_PTE_WRITABLE ? PW_FILTER_WRITE : 0);
}

/*
 * Page tables of so many pages are more than caches hold, so what record number
 * AHEAD from here may look up is brought near.
 */
#define LARGE_PAGES 16384
#define AHEAD 12

static void expect(const struct pw_system *system,
		   const struct pw_touches *touches, size_t index)
{
	const struct pw_space *space = system->current;
	size_t later = index + AHEAD;

	if (space->rss_peak > LARGE_PAGES && later < touches->count &&
	    space->table_ops->expect)
		space->table_ops->expect(space->table,
					 pw_page_fold(touches->page[later]) >>
						 system->shift);
}

/* Tell processors of the neighbours of what they were told last. */
static void tell_neighbours(struct pw_system *system, uint64_t page,
			    const struct pw_leaf *leaf)
{
	struct pw_space *space = system->current;
	struct pw_operations *all = system->outlet->operations;

	all->list[all->count - 1].neighbours = (uint8_t)pw_neighbours_find(
		space->table_ops, space->table, &system->machine->geometry,
		page, leaf, system->wants);
}

/* Tell processors of a reference to @page by @how, mapped by @leaf. */
static inline void tell(struct pw_system *system, enum pw_side side,
			uint64_t page, uint64_t how, const struct pw_leaf *leaf)
{
	*pw_system_tell(system) = (struct pw_operation){
		.page = page,
		.value = leaf->pte,
		.space = system->current->number,
		.kind = how == PW_FILTER_WRITE ? PW_OPERATION_STORE
					       : reading[side],
		.height = (uint8_t)leaf->height,
		.probes = (uint16_t)leaf->probes,
	};
}

/* The references of record @index to @page, the first made by @how, whatever
 * has to be done for them. */
static __attribute__((noinline)) enum pw_status
refer(struct pw_system *system, const struct pw_touches *touches, size_t index,
      uint64_t page, unsigned kind, struct pw_error *err)
{
	enum pw_side side = kind / PW_TOUCH_HOW_SIDE;
	uint64_t how = kind % PW_TOUCH_HOW_SIDE;
	struct pw_filter *filter = &system->filter[side];
	struct pw_leaf leaf;
	enum pw_status st;

	if (pw_filter_knows_large(filter, page, how)) {
		count_large(system, touches, index, filter->large.height);
		return PW_OK;
	}
	st = prepare(system, page, how == PW_FILTER_WRITE, &leaf, err);
	if (st != PW_OK)
		return st;
	if (leaf.height > 0)
		catch_up_all(system, side);
	else
		catch_up(system, side, page & filter->mask);
	tell(system, side, page, how, &leaf);
	if (system->wants)
		tell_neighbours(system, page, &leaf);
	how = again(system, side, page, how, &leaf);
	if (leaf.height > 0) {
		count_large(system, touches, index, leaf.height);
		note_large(system, side, page, how, &leaf);
	} else {
		pw_filter_note(filter, page, how);
	}
	return PW_OK;
}

_Static_assert((int)PW_FILTER_READ == (int)PW_PTE_PRESENT &&
		       (int)PW_FILTER_WRITE == (int)PW_PTE_WRITABLE,
	       "an entry says how references can be made");

/* The same if nothing has to be done, which is so most often: false when that
 * is not at hand. The filter of the side is @filter. */
static __attribute__((noinline)) bool refer_at_hand(struct pw_system *system,
						    struct pw_filter *filter,
						    uint64_t page,
						    unsigned kind)
{
	const struct pw_space *space = system->current;
	enum pw_side side = kind / PW_TOUCH_HOW_SIDE;
	uint64_t how = kind % PW_TOUCH_HOW_SIDE;
	struct pw_leaf leaf = {.first = page};

	if (system->wants || !space->table_ops->glance)
		return false;
	leaf.pte = space->table_ops->glance(space->table, page);
	if (!(leaf.pte & how))
		return false;
	if (pw_filter_has_overdue(filter, page & filter->mask))
		catch_up(system, side, page & filter->mask);
	tell(system, side, page, how, &leaf);
	pw_filter_note(filter, page, again(system, side, page, how, &leaf));
	return true;
}

enum pw_status pw_system_touches(struct pw_system *system,
				 const struct pw_touches *touches,
				 struct pw_error *err)
{
	struct pw_filter *const filter[PW_SIDES] = {&system->filter[0],
						    &system->filter[1]};
	const uint64_t *page = touches->page;
	const unsigned shift = system->shift;
	const size_t count = touches->count;
	uint8_t how[PW_TOUCH_WINDOW];

	PW_ASSERT(system->current);
	for (size_t first = 0; first < count; first += PW_TOUCH_WINDOW) {
		size_t more = count - first < PW_TOUCH_WINDOW ? count - first
							      : PW_TOUCH_WINDOW;

		pw_touch_window_how(touches, first, more, how);
		pw_touch_window_count(touches, first, more, &system->counters);
		for (size_t i = 0; i < more; i++) {
			unsigned kind = how[i];
			struct pw_filter *known =
				filter[kind / PW_TOUCH_HOW_SIDE];
			uint64_t at = pw_page_fold(page[first + i]) >> shift;
			enum pw_status st;

			if (kind == 0 ||
			    pw_filter_knows(known, at,
					    kind % PW_TOUCH_HOW_SIDE))
				continue;
			expect(system, touches, first + i);
			if (refer_at_hand(system, known, at, kind))
				continue;
			st = refer(system, touches, first + i, at, kind, err);
			if (st != PW_OK)
				return st;
		}
	}
	return PW_OK;
}
