/*
 * processor.c - the processor of a machine: its CPUs, and who runs on them.
 */
#include "replay/mmu/processor.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/lineage.h"
#include "replay/memory/space.h"
#include "replay/mmu/mmu_batch.h"

struct thread {
	bool begun;
	uint32_t space;
	struct pw_placed placed;
};

static enum pw_status make_cpu(struct pw_processor *processor, uint64_t index,
			       struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_machine_cpu *config = &processor->machine->cpu;
	struct pw_cpu *cpu = &processor->cpus[index];

	*cpu = (struct pw_cpu){
		.mmu = &processor->mmus[index / config->smt],
		.running = PW_NO_SPACE,
		.first_asid = (uint32_t)(index % config->smt * config->asids),
		.owner = pw_arena_alloc(arena, config->asids, sizeof(uint32_t)),
		.stale = pw_arena_alloc(arena, config->asids, sizeof(bool)),
		.slots = PW_ARRAY(uint32_t),
	};
	if (!cpu->owner || !cpu->stale)
		return pw_fail_memory(err, "a CPU");
	for (uint64_t i = 0; i < config->asids; i++)
		cpu->owner[i] = PW_NO_SPACE;
	return PW_OK;
}

enum pw_status pw_processor_make(struct pw_processor *processor,
				 const struct pw_machine *machine,
				 struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_machine_cpu *config = &machine->cpu;
	size_t cores =
		(size_t)((config->count + config->smt - 1) / config->smt);
	enum pw_status st = PW_OK;

	PW_ASSERT(config->count > 0 && config->smt > 0 && config->asids > 0);
	PW_ASSERT(config->smt * config->asids <= PW_ASIDS);
	*processor = (struct pw_processor){
		.machine = machine,
		.mmu_count = cores,
		.mmus = pw_arena_alloc(arena, cores, sizeof(struct pw_mmu)),
		.cpus = pw_arena_alloc(arena, (size_t)config->count,
				       sizeof(struct pw_cpu)),
		.threads = PW_ARRAY(struct thread),
	};
	if (!processor->mmus || !processor->cpus)
		return pw_fail_memory(err, "a processor");
	if (machine->nested.page_table)
		pw_guest_make(&processor->guest, &machine->geometry,
			      &processor->counters);
	for (size_t i = 0; i < cores && st == PW_OK; i++)
		st = pw_mmu_make(&processor->mmus[i], machine,
				 machine->nested.page_table ? &processor->guest
							    : NULL,
				 &processor->counters, arena, err);
	for (uint64_t i = 0; i < config->count && st == PW_OK; i++)
		st = make_cpu(processor, i, arena, err);
	return st;
}

enum pw_status pw_processor_sweep(struct pw_processor *processor,
				  enum pw_sweep_of of, struct pw_arena *arena,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	PW_ASSERT(!processor->sweeps && !processor->now);
	if (of == PW_SWEEP_NONE)
		return PW_OK;
	processor->sweep_of = of;
	processor->sweeps = pw_arena_alloc(arena, processor->mmu_count,
					   sizeof(*processor->sweeps));
	if (!processor->sweeps)
		return pw_fail_memory(err, "a sweep");
	for (size_t i = 0; i < processor->mmu_count && st == PW_OK; i++)
		st = pw_sweep_make(&processor->sweeps[i], arena, err);
	return st;
}

void pw_processor_free(struct pw_processor *processor)
{
	for (uint64_t i = 0;
	     processor->cpus && i < processor->machine->cpu.count; i++)
		pw_array_free(&processor->cpus[i].slots);
	pw_array_free(&processor->threads);
	pw_guest_free(&processor->guest);
}

/* The sweep of the core of @cpu, or NULL. */
static struct pw_sweep *sweep_of(const struct pw_processor *processor,
				 const struct pw_cpu *cpu)
{
	return processor->sweeps
		       ? &processor->sweeps[cpu->mmu - processor->mmus]
		       : NULL;
}

/* What TLBs call the identifier @slot of @cpu. */
static uint32_t asid_of(const struct pw_cpu *cpu, uint32_t slot)
{
	return cpu->first_asid + slot;
}

/* One past the last base page. */
static uint64_t page_end(const struct pw_processor *processor)
{
	return PW_PAGE_END >>
	       (processor->machine->geometry.page_shift - PW_PAGE_SHIFT);
}

/* The first page of those that all spaces share. */
static uint64_t global_page(const struct pw_processor *processor)
{
	return page_end(processor) / 2;
}

/* Drop all entries of the identifier @slot; if it is the only one, all. */
static void flush(struct pw_processor *processor, struct pw_cpu *cpu,
		  uint32_t slot)
{
	const struct pw_machine_cpu *config = &processor->machine->cpu;
	bool only = config->asids == 1 && config->smt == 1;
	struct pw_sweep *sweep = sweep_of(processor, cpu);

	cpu->stale[slot] = false;
	if (sweep)
		pw_sweep_invalidate(sweep, pw_tlb_key(asid_of(cpu, slot), 0, 0),
				    only ? UINT64_MAX / 2
					 : (uint64_t)1 << PW_KEY_ASID_SHIFT);
	if (only)
		pw_mmu_flush(cpu->mmu);
	else
		pw_mmu_flush_space(cpu->mmu, asid_of(cpu, slot));
}

/* ---- who runs where ---- */

static enum pw_status meet(struct pw_array *array, size_t index,
			   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (array->count <= index && st == PW_OK)
		st = pw_array_push(array, NULL, err);
	return st;
}

/* Give @space an identifier on @cpu; the one whose turn it is. */
static uint32_t give(struct pw_processor *processor, struct pw_cpu *cpu,
		     uint32_t space)
{
	uint32_t *slots = cpu->slots.data;
	uint32_t slot = cpu->next;

	PW_ASSERT(slot < processor->machine->cpu.asids);
	cpu->next = (slot + 1) % (uint32_t)processor->machine->cpu.asids;
	if (cpu->owner[slot] != PW_NO_SPACE) {
		slots[cpu->owner[slot]] = 0;
		processor->counters.tlb_flushes++;
		flush(processor, cpu, slot);
	}
	cpu->owner[slot] = space;
	slots[space] = slot + 1;
	return slot;
}

static enum pw_status run_on(struct pw_processor *processor, struct pw_cpu *cpu,
			     uint32_t space, struct pw_error *err)
{
	enum pw_status st;
	uint32_t slot;

	processor->now = cpu;
	if (cpu->running == space)
		return PW_OK;
	st = meet(&cpu->slots, space, err);
	if (st != PW_OK)
		return st;
	slot = PW_ARRAY_AT(&cpu->slots, uint32_t, space);
	if (cpu->running != PW_NO_SPACE)
		processor->counters.cpu_switches++;
	if (slot == 0)
		cpu->slot = give(processor, cpu, space);
	else
		cpu->slot = slot - 1;
	cpu->running = space;
	if (cpu->stale[cpu->slot]) {
		processor->counters.tlb_flushes++;
		flush(processor, cpu, cpu->slot);
	}
	return PW_OK;
}

static enum pw_status thread_at(struct pw_processor *processor, uint64_t index,
				struct thread **out, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (processor->threads.count <= index && st == PW_OK) {
		const struct thread unknown = {.placed.seen_on =
						       PW_CPU_UNKNOWN};

		st = pw_array_push(&processor->threads, &unknown, err);
	}
	if (st == PW_OK)
		*out = &PW_ARRAY_AT(&processor->threads, struct thread, index);
	return st;
}

static enum pw_status run(struct pw_processor *processor, uint64_t index,
			  struct pw_error *err)
{
	const struct pw_machine_cpu *config = &processor->machine->cpu;
	struct thread *thread;
	enum pw_status st = thread_at(processor, index, &thread, err);
	uint32_t cpu;

	if (st != PW_OK)
		return st;
	if (!thread->begun)
		thread->placed.order = processor->begun++;
	thread->begun = true;
	cpu = config->placement->cpu(&thread->placed, (uint32_t)config->count);
	PW_ASSERT(cpu < config->count);
	processor->thread = (uint32_t)index;
	return run_on(processor, &processor->cpus[cpu], thread->space, err);
}

static enum pw_status begin(struct pw_processor *processor,
			    const struct pw_operation *operation,
			    struct pw_error *err)
{
	struct thread *thread;
	enum pw_status st =
		thread_at(processor, operation->value, &thread, err);

	if (st != PW_OK)
		return st;
	thread->space = operation->space;
	thread->placed.process = (uint32_t)operation->page;
	return run(processor, operation->value, err);
}

/* The thread that runs may have to go elsewhere at once. */
static enum pw_status place(struct pw_processor *processor,
			    const struct pw_operation *operation,
			    struct pw_error *err)
{
	struct thread *thread;
	enum pw_status st =
		thread_at(processor, operation->value, &thread, err);

	if (st != PW_OK)
		return st;
	thread->placed.seen_on = (uint32_t)operation->page;
	if (!processor->now || processor->thread != operation->value)
		return PW_OK;
	return run(processor, operation->value, err);
}

/* ---- changes of pages ---- */

/* The identifier of @space on @cpu plus one; 0: it has none. */
static uint32_t slot_of(const struct pw_cpu *cpu, uint32_t space)
{
	return space < cpu->slots.count
		       ? PW_ARRAY_AT(&cpu->slots, uint32_t, space)
		       : 0;
}

/* Drop base pages [first, end), all of all spaces or none, of all sizes. */
static void drop_swept(const struct pw_processor *processor,
		       struct pw_sweep *sweep, uint32_t asid, uint64_t first,
		       uint64_t end)
{
	const struct pw_geometry *geometry = &processor->machine->geometry;

	for (unsigned h = 0; h < geometry->levels && h < PW_TLB_HEIGHTS; h++) {
		unsigned order = pw_geometry_order(geometry, h);
		uint64_t from = first >> order;

		if (geometry->leaves >> h & 1 && first < end)
			pw_sweep_invalidate(sweep, pw_tlb_key(asid, h, from),
					    ((end - 1) >> order) - from + 1);
	}
}

/* Drop @count base pages from @first on. */
static void drop(struct pw_processor *processor, struct pw_cpu *cpu,
		 uint32_t slot, uint64_t first, uint64_t count)
{
	struct pw_sweep *sweep = sweep_of(processor, cpu);
	uint64_t shared = global_page(processor);
	uint64_t end = first + count;
	uint32_t asid = asid_of(cpu, slot);

	pw_mmu_invalidate(cpu->mmu, asid, first, count);
	if (!sweep)
		return;
	drop_swept(processor, sweep, asid, first, end < shared ? end : shared);
	drop_swept(processor, sweep, PW_ASIDS, first > shared ? first : shared,
		   end);
}

static void invalidate(struct pw_processor *processor,
		       const struct pw_operation *operation)
{
	const struct pw_machine_cpu *config = &processor->machine->cpu;
	uint64_t ceiling = config->flush_ceiling;
	uint64_t reached = 0;

	for (uint64_t i = 0; i < config->count; i++) {
		struct pw_cpu *cpu = &processor->cpus[i];
		uint32_t slot = slot_of(cpu, operation->space);

		if (slot == 0)
			continue;
		if (cpu->running != operation->space) {
			cpu->stale[slot - 1] = true;
			continue;
		}
		reached += cpu != processor->now;
		if (operation->value >= page_end(processor) ||
		    (ceiling && operation->value > ceiling)) {
			processor->counters.tlb_flushes++;
			flush(processor, cpu, slot - 1);
		} else {
			drop(processor, cpu, slot - 1, operation->page,
			     operation->value);
		}
	}
	processor->counters.tlb_shootdowns += reached != 0;
	processor->counters.tlb_shootdown_ipis += reached;
}

static void forget(struct pw_processor *processor, uint32_t space)
{
	for (uint64_t i = 0; i < processor->machine->cpu.count; i++) {
		struct pw_cpu *cpu = &processor->cpus[i];
		uint32_t slot = slot_of(cpu, space);

		if (slot == 0)
			continue;
		flush(processor, cpu, slot - 1);
		cpu->owner[slot - 1] = PW_NO_SPACE;
		PW_ARRAY_AT(&cpu->slots, uint32_t, space) = 0;
		if (cpu->running == space)
			cpu->running = PW_NO_SPACE;
	}
	pw_guest_end(&processor->guest, space);
}

/* ---- operations ---- */

static void refer_and_sweep(struct pw_processor *processor,
			    enum pw_tlb_side side,
			    const struct pw_reference *reference)
{
	const struct pw_counters *counters = &processor->counters;
	uint64_t before = counters->dtlb_misses + counters->itlb_misses;
	unsigned height = processor->now->mmu->held[reference->leaf.height];
	unsigned order =
		pw_geometry_order(&processor->machine->geometry, height);
	bool seen = side == PW_TLB_INSTRUCTION;

	pw_mmu_refer(processor->now->mmu, side, reference);
	if (processor->sweep_of == PW_SWEEP_STLB)
		seen = counters->dtlb_misses + counters->itlb_misses != before;
	else
		seen = seen == (processor->sweep_of == PW_SWEEP_L1I);
	if (seen)
		pw_sweep_refer(
			sweep_of(processor, processor->now),
			pw_tlb_key(reference->page >= global_page(processor)
					   ? PW_ASIDS
					   : reference->asid,
				   height, reference->page >> order));
}

static void refer(struct pw_processor *processor,
		  const struct pw_operation *operation)
{
	const struct pw_cpu *cpu = processor->now;
	struct pw_reference reference =
		pw_mmu_reference(cpu->mmu, operation, asid_of(cpu, cpu->slot));
	enum pw_tlb_side side =
		pw_mmu_side_of(cpu->mmu, operation->kind == PW_OPERATION_FETCH,
			       operation->kind == PW_OPERATION_STORE);

	PW_DEBUG_ASSERT(cpu->running == operation->space);
	if (processor->sweeps)
		refer_and_sweep(processor, side, &reference);
	else
		pw_mmu_refer(cpu->mmu, side, &reference);
}

/* What came of references. */
static enum pw_status check(const struct pw_processor *processor,
			    struct pw_error *err)
{
	return processor->guest.failed
		       ? pw_fail_memory(err, "the memory of a guest")
		       : PW_OK;
}

enum pw_status pw_processor_refer(struct pw_processor *processor,
				  const struct pw_operation *operations,
				  size_t count, struct pw_error *err)
{
	const struct pw_cpu *cpu = processor->now;

	if (cpu->mmu->batch && !processor->sweeps)
		pw_mmu_batch_refer(cpu->mmu, asid_of(cpu, cpu->slot),
				   operations, count);
	else
		for (size_t i = 0; i < count; i++)
			refer(processor, &operations[i]);
	return check(processor, err);
}

enum pw_status pw_processor_take(struct pw_processor *processor,
				 const struct pw_operation *operation,
				 struct pw_error *err)
{
	switch (operation->kind) {
	case PW_OPERATION_LOAD:
	case PW_OPERATION_STORE:
	case PW_OPERATION_FETCH:
		refer(processor, operation);
		return check(processor, err);
	case PW_OPERATION_RUN:
		return begin(processor, operation, err);
	case PW_OPERATION_PLACE:
		return place(processor, operation, err);
	case PW_OPERATION_INVALIDATE:
		invalidate(processor, operation);
		return PW_OK;
	case PW_OPERATION_FORGET:
		forget(processor, operation->space);
		return PW_OK;
	default:
		PW_ASSERT(operation->kind < PW_OPERATION_MOMENT);
		return PW_OK;
	}
}

void pw_processor_add_up(const struct pw_processor *processor,
			 const struct pw_counters *memory,
			 struct pw_counters *out)
{
	*out = *memory;
#define PW_COUNTER(field, name, unit, kind, help) \
	out->field += processor->counters.field;
#include "replay/counters.def"
#undef PW_COUNTER
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		for (size_t h = 0; h < PW_TLB_HEIGHTS; h++)
			out->tlb[i][h] = processor->counters.tlb[i][h];
	pw_mmu_settle(processor->machine, out);
	PW_ASSERT(out->dtlb_misses <= out->reference_data);
	PW_ASSERT(out->itlb_misses <= out->reference_instruction);
	out->dtlb_hits = out->reference_data - out->dtlb_misses;
	out->itlb_hits = out->reference_instruction - out->itlb_misses;
}
