/*
 * test_cpus_exact.c - processors of several CPUs equal a plain account of them.
 *
 * Random operations of random machines: threads of some address spaces run,
 * move, refer to pages of all sizes, change them and end. The twin keeps a list
 * of spaces for each CPU and the oracle's TLBs and walks for each core, with
 * one guest for all of them, and asks itself for every operation what MODEL.md
 * says, "CPUs".
 *
 * PW_SEEDS is the number of random machines, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/bits.h"
#include "base/random.h"
#include "formats/lineage.h"
#include "replay/mmu/mmu_batch.h"
#include "replay/mmu/processor.h"
#include "tests/oracle/compare_walks.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_machine.h"

#define STEPS 1500
#define SPACES 7
#define THREADS 9
#define CPUS_MAX 8
#define ASIDS_MAX 4
#define PAGES 60

/* An identifier of a CPU. */
struct slot {
	bool taken, stale;
	uint32_t space;
};

struct cpu {
	struct slot slot[ASIDS_MAX];
	uint32_t next;
	bool idle; /* nobody has run, or who did has ended */
	uint32_t running;
};

struct thread {
	bool begun;
	uint64_t order, seen_on;
	bool seen;
	uint32_t space, process;
};

struct counts {
	uint64_t data_misses, fetch_misses, second_hits, second_misses;
	uint64_t flushes, shootdowns, ipis, switches;
};

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_arena *arena;
	struct pw_machine machine;
	struct pw_oracle_machine twin;
	struct pw_page_table_ops table; /* which can find */
	struct pw_processor processor;
	struct pw_operation pending[PW_MMU_BATCH]; /* references, not taken */
	size_t pending_count;
	struct pw_oracle_mmu core[CPUS_MAX];
	struct pw_oracle_walks walks[CPUS_MAX];
	struct pw_oracle_guest guest;
	struct pw_oracle_walk_counts walked;
	struct cpu cpu[CPUS_MAX];
	struct thread thread[THREADS];
	uint64_t begun;
	uint32_t now, runs; /* CPU and thread */
	bool started;
	struct counts counts;
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

/* The size of what is mapped at @page, by the height of its entry. */
static unsigned height_of(const struct subject *s, uint64_t page)
{
	const struct pw_geometry *geometry = &s->machine.geometry;
	unsigned most = 0;

	while (most < 2 && most + 2 < geometry->levels &&
	       geometry->leaves >> (most + 1) & 1)
		most++;
	if (most == 2 && (page >> pw_geometry_order(geometry, 2)) % 3 == 2)
		return 2;
	return most > 0 ? (page >> pw_geometry_order(geometry, 1)) % 2 : 0;
}

/*
 * What maps @page, in all spaces and always: sizes change along the addresses,
 * single pages are missing, read-only or zero pages.
 */
static bool find(void *context, uint64_t page, struct pw_leaf *leaf)
{
	const struct subject *s = context;
	uint64_t noise = pw_mix64(page / 16 + s->seed) >> 60;

	if (page >= 2 * s->twin.tlb.upper_half)
		return false;
	*leaf = (struct pw_leaf){.first = page,
				 .pte = PW_PTE_PRESENT | PW_PTE_WRITABLE,
				 .height = height_of(s, page)};
	if (leaf->height > 0) {
		leaf->first &= ~(uint64_t)0 << pw_geometry_order(
				       &s->machine.geometry, leaf->height);
		return true;
	}
	if (noise < 6 && page % 5 == noise % 5)
		leaf->pte = noise < 2 ? PW_PTE_PRESENT
				      : PW_PTE_PRESENT | PW_PTE_ZERO;
	if (s->twin.shape.hashed)
		leaf->probes = 1 + (unsigned)(page / 8 % 3);
	return noise < 14 || page % 3 != 0;
}

static uint64_t pick_page(struct subject *s)
{
	const struct pw_geometry *geometry = &s->machine.geometry;
	uint64_t page = below(s, PAGES);

	if (geometry->levels > 1)
		page += below(s, 3) << pw_geometry_order(geometry, 1);
	if (geometry->levels > 2 && below(s, 4) == 0)
		page += below(s, 4) << pw_geometry_order(geometry, 2);
	if (below(s, 8) == 0)
		page += s->twin.tlb.upper_half;
	return page;
}

static void open_subject(struct subject *s, uint64_t seed)
{
	struct pw_error err;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, seed);
	pw_random_machine(&s->random, &s->machine, &s->twin);
	pw_random_cpus(&s->random, &s->machine, CPUS_MAX, ASIDS_MAX);
	s->table.find = find;
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	PW_TEST_OK(
		pw_processor_make(&s->processor, &s->machine, s->arena, &err),
		&err);
	for (size_t i = 0; i < CPUS_MAX; i++) {
		pw_oracle_mmu_init(&s->core[i], &s->twin.tlb);
		pw_oracle_walks_init(&s->walks[i], &s->twin.walk, &s->guest,
				     &s->walked);
		s->cpu[i].idle = true;
	}
	for (uint32_t i = 0; i < THREADS; i++)
		s->thread[i].space = s->thread[i].process = i % SPACES;
}

static void close_subject(struct subject *s)
{
	for (size_t i = 0; i < CPUS_MAX; i++) {
		pw_oracle_mmu_free(&s->core[i]);
		pw_oracle_walks_free(&s->walks[i]);
	}
	pw_oracle_guest_free(&s->guest);
	pw_processor_free(&s->processor);
	pw_arena_close(s->arena);
}

/* Let the processor take the references that it was not given yet. */
static void settle(struct subject *s)
{
	struct pw_error err;

	PW_TEST_OK(pw_processor_refer(&s->processor, s->pending,
				      s->pending_count, &err),
		   &err);
	s->pending_count = 0;
}

static void take(struct subject *s, struct pw_operation operation)
{
	struct pw_error err;

	if (operation.kind <= PW_OPERATION_FETCH && operation.height == 0) {
		s->pending[s->pending_count++] = operation;
		if (s->pending_count == PW_MMU_BATCH || below(s, 50) == 0)
			settle(s);
		return;
	}
	if (s->pending_count > 0)
		settle(s);
	PW_TEST_OK(pw_processor_take(&s->processor, &operation, &err), &err);
}

/* ---- the twin ---- */

static struct pw_oracle_mmu *core_of(struct subject *s, uint32_t cpu)
{
	return &s->core[cpu / s->machine.cpu.smt];
}

static struct pw_oracle_walks *walks_of(struct subject *s, uint32_t cpu)
{
	return &s->walks[cpu / s->machine.cpu.smt];
}

/* The CPUs of a core have different identifiers. */
static uint32_t name_of(const struct subject *s, uint32_t cpu, uint32_t slot)
{
	return (uint32_t)(cpu % s->machine.cpu.smt * s->machine.cpu.asids +
			  slot);
}

/* Pages of @slot of @cpu are mapped otherwise: walks keep less of them. */
static void drop_walks(struct subject *s, uint32_t cpu, uint32_t slot,
		       uint64_t first, uint64_t end)
{
	pw_oracle_walks_invalidate(walks_of(s, cpu),
				   &core_of(s, cpu)->tlb[PW_ORACLE_STLB],
				   name_of(s, cpu, slot), first, end);
}

static void flush(struct subject *s, uint32_t cpu, uint32_t slot, bool counted)
{
	s->counts.flushes += counted;
	s->cpu[cpu].slot[slot].stale = false;
	if (s->machine.cpu.asids == 1 && s->machine.cpu.smt == 1) {
		pw_oracle_mmu_flush(core_of(s, cpu));
		pw_oracle_walks_flush(walks_of(s, cpu));
	} else {
		pw_oracle_mmu_flush_space(core_of(s, cpu),
					  name_of(s, cpu, slot));
		drop_walks(s, cpu, slot, 0, 2 * s->twin.tlb.upper_half);
	}
}

/* The identifier of @space on @cpu; ASIDS_MAX: it has none. */
static uint32_t slot_of(const struct subject *s, uint32_t cpu, uint32_t space)
{
	for (uint32_t i = 0; i < ASIDS_MAX; i++)
		if (s->cpu[cpu].slot[i].taken &&
		    s->cpu[cpu].slot[i].space == space)
			return i;
	return ASIDS_MAX;
}

static void switch_to(struct subject *s, uint32_t number, uint32_t space)
{
	struct cpu *cpu = &s->cpu[number];
	uint32_t slot;

	if (!cpu->idle && cpu->running == space)
		return;
	s->counts.switches += !cpu->idle;
	slot = slot_of(s, number, space);
	if (slot == ASIDS_MAX) {
		slot = cpu->next;
		cpu->next = (slot + 1) % (uint32_t)s->machine.cpu.asids;
		if (cpu->slot[slot].taken)
			flush(s, number, slot, true);
		cpu->slot[slot].taken = true;
		cpu->slot[slot].space = space;
	}
	cpu->idle = false;
	cpu->running = space;
	if (cpu->slot[slot].stale)
		flush(s, number, slot, true);
}

static uint32_t place_of(const struct subject *s, const struct thread *t)
{
	const char *name = s->machine.cpu.placement->name;
	uint64_t cpu = 0;

	if (strcmp(name, "spread") == 0)
		cpu = t->order;
	else if (strcmp(name, "process") == 0)
		cpu = t->process;
	else if (strcmp(name, "recorded") == 0)
		cpu = t->seen ? t->seen_on : t->order;
	return (uint32_t)(cpu % s->machine.cpu.count);
}

static void run(struct subject *s, uint32_t thread)
{
	struct thread *t = &s->thread[thread];

	if (!t->begun)
		t->order = s->begun++;
	t->begun = true;
	s->now = place_of(s, t);
	s->runs = thread;
	s->started = true;
	switch_to(s, s->now, t->space);
}

static bool is_mapped(void *context, uint64_t page,
		      struct pw_oracle_mapping_entry *entry)
{
	struct subject *s = context;
	struct pw_leaf leaf;

	if (!find(s, page, &leaf))
		return false;
	*entry = (struct pw_oracle_mapping_entry){
		.height = leaf.height,
		.flags = leaf.pte,
		.zero = leaf.pte & PW_PTE_ZERO,
	};
	return true;
}

static void walk(void *context, uint64_t page)
{
	struct subject *s = context;
	uint32_t space = s->thread[s->runs].space;
	struct pw_oracle_target target = {.space = space, .page = page};
	struct pw_leaf leaf;

	assert_true(find(s, page, &leaf));
	target.asid = name_of(s, s->now, slot_of(s, s->now, space));
	target.height = leaf.height;
	target.probes = leaf.probes;
	pw_oracle_walk(walks_of(s, s->now),
		       &core_of(s, s->now)->tlb[PW_ORACLE_STLB], &target);
}

static void refer(struct subject *s, char how, uint64_t page)
{
	const struct pw_oracle_mapper mapper = {s, is_mapped, walk};
	uint32_t space = s->thread[s->runs].space;
	uint32_t asid = name_of(s, s->now, slot_of(s, s->now, space));
	struct pw_oracle_outcome outcome = pw_oracle_mmu_refer(
		core_of(s, s->now), how, asid, page, mapper);

	if (outcome.hit)
		return;
	if (how == 'F')
		s->counts.fetch_misses++;
	else
		s->counts.data_misses++;
	s->counts.second_hits += outcome.second_hit;
	s->counts.second_misses += outcome.second && !outcome.second_hit;
}

static void drop(struct subject *s, uint32_t cpu, uint32_t slot, uint64_t first,
		 uint64_t count)
{
	pw_oracle_mmu_invalidate(core_of(s, cpu), name_of(s, cpu, slot), first,
				 count);
	drop_walks(s, cpu, slot, first, first + count);
}

static void change(struct subject *s, uint32_t space, uint64_t first,
		   uint64_t count, bool all)
{
	uint64_t ceiling = s->machine.cpu.flush_ceiling;
	uint64_t reached = 0;

	for (uint32_t i = 0; i < s->machine.cpu.count; i++) {
		uint32_t slot = slot_of(s, i, space);

		if (slot == ASIDS_MAX)
			continue;
		if (s->cpu[i].idle || s->cpu[i].running != space) {
			s->cpu[i].slot[slot].stale = true;
			continue;
		}
		reached += i != s->now;
		if (all || (ceiling && count > ceiling))
			flush(s, i, slot, true);
		else
			drop(s, i, slot, first, count);
	}
	s->counts.shootdowns += reached > 0;
	s->counts.ipis += reached;
}

static void end(struct subject *s, uint32_t space)
{
	for (uint32_t i = 0; i < s->machine.cpu.count; i++) {
		uint32_t slot = slot_of(s, i, space);

		if (slot == ASIDS_MAX)
			continue;
		flush(s, i, slot, false);
		s->cpu[i].slot[slot].taken = false;
		if (s->cpu[i].running == space)
			s->cpu[i].idle = true;
	}
	pw_oracle_walks_end(&s->walks[0], space);
}

/* ---- both ---- */

static void run_both(struct subject *s, uint32_t thread)
{
	take(s, (struct pw_operation){.kind = PW_OPERATION_RUN,
				      .value = thread,
				      .page = s->thread[thread].process,
				      .space = s->thread[thread].space});
	run(s, thread);
}

static void refer_both(struct subject *s)
{
	static const uint8_t kinds[] = {PW_OPERATION_LOAD, PW_OPERATION_STORE,
					PW_OPERATION_FETCH};
	size_t how = below(s, 3);
	uint64_t page = pick_page(s);
	struct pw_leaf leaf;

	if (!find(s, page, &leaf))
		return;
	take(s, (struct pw_operation){.kind = kinds[how],
				      .page = page,
				      .value = leaf.pte,
				      .height = (uint8_t)leaf.height,
				      .probes = (uint16_t)leaf.probes,
				      .neighbours = (uint8_t)pw_neighbours_find(
					      &s->table, s,
					      &s->machine.geometry, page, &leaf,
					      pw_mmu_wants(&s->machine)),
				      .space = s->thread[s->runs].space});
	refer(s, "RWF"[how], page);
}

static void change_both(struct subject *s)
{
	uint32_t space = s->thread[s->runs].space;
	bool all = below(s, 6) == 0;
	uint64_t first = all ? 0 : pick_page(s);
	uint64_t count = all ? 2 * s->twin.tlb.upper_half
			     : 1 + below(s, below(s, 2) ? 3 : 40);

	take(s, (struct pw_operation){.kind = PW_OPERATION_INVALIDATE,
				      .page = first,
				      .value = count,
				      .space = space});
	change(s, space, first, count, all);
}

static void place_both(struct subject *s)
{
	uint32_t thread = (uint32_t)below(s, THREADS);
	uint64_t cpu = below(s, 20);

	take(s, (struct pw_operation){.kind = PW_OPERATION_PLACE,
				      .page = cpu,
				      .value = thread});
	s->thread[thread].seen = true;
	s->thread[thread].seen_on = cpu;
	if (s->started && s->runs == thread)
		run(s, thread);
}

static void end_both(struct subject *s)
{
	uint32_t space = s->thread[s->runs].space;

	take(s, (struct pw_operation){.kind = PW_OPERATION_FORGET,
				      .space = space});
	end(s, space);
	run_both(s, s->runs);
}

static void expect(const struct subject *s, const char *name, uint64_t got,
		   uint64_t want, uint64_t step)
{
	if (got != want)
		fail_msg("seed %ju, step %ju: %s is %ju, not %ju",
			 (uintmax_t)s->seed, (uintmax_t)step, name,
			 (uintmax_t)got, (uintmax_t)want);
}

static void compare(struct subject *s, uint64_t step)
{
	const struct pw_counters *got = &s->processor.counters;
	const struct counts *want = &s->counts;

	settle(s);
	expect(s, "dtlb.misses", got->dtlb_misses, want->data_misses, step);
	expect(s, "itlb.misses", got->itlb_misses, want->fetch_misses, step);
	expect(s, "stlb.hits", got->stlb_hits, want->second_hits, step);
	expect(s, "stlb.misses", got->stlb_misses, want->second_misses, step);
	expect(s, "tlb.flushes", got->tlb_flushes, want->flushes, step);
	expect(s, "tlb.shootdowns", got->tlb_shootdowns, want->shootdowns,
	       step);
	expect(s, "tlb.shootdown_ipis", got->tlb_shootdown_ipis, want->ipis,
	       step);
	expect(s, "cpu.switches", got->cpu_switches, want->switches, step);
	pw_oracle_compare_walks(got, &s->walked, s->seed, step);
}

static void act(struct subject *s)
{
	switch (below(s, 40)) {
	case 0:
		change_both(s);
		break;
	case 1:
		place_both(s);
		break;
	case 2:
		if (below(s, 4) == 0)
			end_both(s);
		break;
	case 3:
	case 4:
		run_both(s, (uint32_t)below(s, THREADS));
		break;
	default:
		refer_both(s);
		break;
	}
}

static void every_processor_does_what_its_twin_does(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject *s = malloc(sizeof(*s));

		assert_non_null(s);
		open_subject(s, first + i);
		run_both(s, 0);
		for (uint64_t j = 0; j < STEPS; j++) {
			act(s);
			if (j % 20 == 0)
				compare(s, j);
		}
		close_subject(s);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_processor_does_what_its_twin_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
