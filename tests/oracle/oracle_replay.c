/*
 * oracle_replay.c - one access after the other through fault, TLBs and walk.
 *
 * Source: replay/MODEL.md, "References" and "Walk and page-walk caches".
 */
#include "tests/oracle/oracle_replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/status.h"

void pw_oracle_replay_open(struct pw_oracle_replay **out,
			   const struct pw_oracle_machine *machine,
			   const struct pw_thread *thread, size_t threads)
{
	struct pw_oracle_replay *oracle = calloc(1, sizeof(*oracle));

	PW_ASSERT(oracle);
	PW_ASSERT(threads <= PW_ORACLE_THREADS_MAX);
	oracle->machine = *machine;
	oracle->threads = threads;
	for (size_t i = 0; i < threads; i++) {
		PW_ASSERT(thread[i].process < PW_ORACLE_PROCESSES_MAX);
		oracle->thread[i].process = thread[i].process;
		oracle->thread[i].tid = thread[i].tid;
	}
	pw_oracle_mmu_init(&oracle->mmu, &machine->tlb);
	pw_oracle_tlb_init(&oracle->pml4, machine->pml4);
	pw_oracle_tlb_init(&oracle->pdpt, machine->pdpt);
	pw_oracle_tlb_init(&oracle->pd, machine->pd);
	*out = oracle;
}

void pw_oracle_replay_close(struct pw_oracle_replay *oracle)
{
	if (!oracle)
		return;
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		struct pw_oracle_space *space = oracle->space[i];

		if (space && --space->users == 0) {
			pw_oracle_space_clear(space);
			free(space);
		}
	}
	pw_oracle_mmu_free(&oracle->mmu);
	pw_oracle_tlb_free(&oracle->pml4);
	pw_oracle_tlb_free(&oracle->pdpt);
	pw_oracle_tlb_free(&oracle->pd);
	free(oracle);
}

static void empty_walk_caches(struct pw_oracle_replay *oracle)
{
	pw_oracle_tlb_flush(&oracle->pml4);
	pw_oracle_tlb_flush(&oracle->pdpt);
	pw_oracle_tlb_flush(&oracle->pd);
}

void pw_oracle_invalidate(struct pw_oracle_replay *oracle,
			  const struct pw_oracle_space *space,
			  const struct pw_oracle_page *page)
{
	unsigned order = pw_oracle_order(space->shape, page->height);

	pw_oracle_mmu_invalidate(&oracle->mmu, 0, page->page,
				 (uint64_t)1 << order);
	empty_walk_caches(oracle);
	oracle->counts.invalidations++;
}

void pw_oracle_flush(struct pw_oracle_replay *oracle)
{
	pw_oracle_mmu_flush(&oracle->mmu);
	empty_walk_caches(oracle);
}

/* Let a process run in @space. */
static void run_in(struct pw_oracle_replay *oracle,
		   const struct pw_oracle_space *space)
{
	if (oracle->running && oracle->running != space) {
		oracle->counts.switches++;
		oracle->counts.flushes++;
		pw_oracle_flush(oracle);
	}
	oracle->running = space;
}

/* The space of process @i, unless one before it uses the same. */
static const struct pw_oracle_space *
distinct_space(const struct pw_oracle_replay *oracle, size_t i)
{
	static const struct pw_oracle_space empty;

	for (size_t j = 0; j < i; j++) {
		if (oracle->space[j] == oracle->space[i])
			return &empty;
	}
	return oracle->space[i] ? oracle->space[i] : &empty;
}

static uint64_t sum_resident(const struct pw_oracle_replay *oracle)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++)
		sum += pw_oracle_resident(distinct_space(oracle, i));
	return sum;
}

void pw_oracle_replay_use(const struct pw_oracle_replay *oracle,
			  struct pw_oracle_use use[PW_ORACLE_LEVELS])
{
	memset(use, 0, PW_ORACLE_LEVELS * sizeof(*use));
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = distinct_space(oracle, i);

		if (space->pages > 0)
			pw_oracle_add_use(space, use);
	}
}

/* Tables without the roots. */
static uint64_t sum_tables(const struct pw_oracle_replay *oracle)
{
	struct pw_oracle_use use[PW_ORACLE_LEVELS];
	uint64_t sum = 0;

	pw_oracle_replay_use(oracle, use);
	for (unsigned h = 0; h < pw_oracle_counted(&oracle->machine.shape); h++)
		sum += use[h].tables;
	return sum;
}

static uint64_t sum_table_bytes(const struct pw_oracle_replay *oracle)
{
	struct pw_oracle_use use[PW_ORACLE_LEVELS];
	uint64_t sum = 0;

	pw_oracle_replay_use(oracle, use);
	for (unsigned h = 0; h < pw_oracle_counted(&oracle->machine.shape); h++)
		sum += use[h].bytes;
	return sum;
}

static uint64_t sum_mapped(const struct pw_oracle_replay *oracle)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = distinct_space(oracle, i);

		for (size_t j = 0; j < space->mappings; j++)
			sum += space->mapping[j].end - space->mapping[j].first;
	}
	return sum;
}

static void keep_max(uint64_t *peak, uint64_t value)
{
	if (value > *peak)
		*peak = value;
}

/* Keep the peaks after something may have been mapped. */
static void note_peaks(struct pw_oracle_replay *oracle)
{
	struct pw_oracle_use use[PW_ORACLE_LEVELS];
	uint64_t bytes = 0;

	pw_oracle_replay_use(oracle, use);
	for (unsigned h = 0; h < oracle->machine.shape.levels; h++) {
		keep_max(&oracle->peak[h].tables, use[h].tables);
		keep_max(&oracle->peak[h].bytes, use[h].bytes);
		keep_max(&oracle->peak[h].entries, use[h].entries);
		keep_max(&oracle->peak[h].lines, use[h].lines);
		if (h < pw_oracle_counted(&oracle->machine.shape))
			bytes += use[h].bytes;
	}
	keep_max(&oracle->counts.peak_table_bytes, bytes);
	keep_max(&oracle->counts.peak_pages, sum_resident(oracle));
}

/* The cache of entries at @height; none above three. */
static struct pw_oracle_tlb *walk_cache(struct pw_oracle_replay *oracle,
					unsigned height)
{
	static struct pw_oracle_tlb none;
	struct pw_oracle_tlb *const cache[] = {&none, &oracle->pd,
					       &oracle->pdpt, &oracle->pml4};

	return height < PW_COUNT(cache) ? cache[height] : &none;
}

/* A walk to the entry of @page. */
static void walk(struct pw_oracle_replay *oracle,
		 const struct pw_oracle_space *space, uint64_t page)
{
	const struct pw_oracle_shape *shape = &oracle->machine.shape;
	unsigned leaf = pw_oracle_page_at(space, page)->height;
	unsigned h = leaf + 1;

	oracle->counts.walks++;
	if (shape->hashed) {
		oracle->counts.walk_references += pw_oracle_probes(space, page);
		return;
	}
	while (h < shape->levels &&
	       !pw_oracle_tlb_hit(walk_cache(oracle, h),
				  page >> pw_oracle_order(shape, h)))
		h++;
	oracle->counts.pwc_hits += h < shape->levels;
	oracle->counts.walk_references += h - leaf;
	for (unsigned read = h - 1; read > leaf; read--)
		pw_oracle_tlb_fill(walk_cache(oracle, read),
				   page >> pw_oracle_order(shape, read));
}

/* What the TLBs ask of the page tables. */
static bool find_mapping(void *context, uint64_t page,
			 struct pw_oracle_mapping_entry *entry)
{
	const struct pw_oracle_page *found = pw_oracle_page_at(context, page);

	if (!found)
		return false;
	entry->height = found->height;
	entry->flags = found->frame;
	if (found->frame == PW_ORACLE_SHARED)
		entry->flags = PW_ORACLE_PRIVATE;
	entry->zero = found->frame == PW_ORACLE_ZERO;
	return true;
}

static void translate(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, uint64_t page, bool write,
		      bool fetch)
{
	const struct pw_oracle_mapper mapper = {space, find_mapping};
	struct pw_oracle_outcome outcome;
	char how = 'R';

	if (fetch)
		how = 'F';
	else if (write)
		how = 'W';
	outcome = pw_oracle_mmu_refer(&oracle->mmu, how, 0, page, mapper);
	oracle->counts.itlb_hits += fetch && outcome.hit;
	oracle->counts.itlb_misses += fetch && !outcome.hit;
	oracle->counts.dtlb_hits += !fetch && outcome.hit;
	oracle->counts.dtlb_misses += !fetch && !outcome.hit;
	if (outcome.hit)
		return;
	oracle->counts.stlb_hits += outcome.second_hit;
	oracle->counts.stlb_misses += outcome.second && !outcome.second_hit;
	if (!outcome.second_hit)
		walk(oracle, space, page);
}

static void count_touch(struct pw_oracle_replay *oracle, uint32_t thread,
			uint64_t page, bool fetch)
{
	struct pw_oracle_runs *runs = &oracle->runs[thread];

	if (runs->open[fetch] && runs->page[fetch] == page)
		return;
	runs->open[fetch] = true;
	runs->page[fetch] = page;
	oracle->counts.touches++;
}

static void refer(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, uint64_t page, bool write,
		  bool fetch)
{
	uint64_t faults = oracle->counts.minor;

	oracle->counts.instruction += fetch;
	oracle->counts.data += !fetch;
	pw_oracle_fault(oracle, space, page, write);
	if (oracle->counts.minor != faults)
		note_peaks(oracle);
	translate(oracle, space, page, write, fetch);
}

void pw_oracle_replay_access(struct pw_oracle_replay *oracle, uint32_t thread,
			     const struct pw_accesses *accesses, size_t index)
{
	uint64_t address = accesses->address[index];
	uint64_t bytes = accesses->size_bytes[index];
	unsigned kind = accesses->kind[index];
	bool fetch = kind & PW_ACCESS_FETCH;
	bool write = kind & PW_ACCESS_STORE;
	uint64_t last = address + (bytes > 0 ? bytes - 1 : 0);
	struct pw_oracle_space *space = pw_oracle_run_thread(oracle, thread);

	if (last < address)
		last = UINT64_MAX;
	if (space)
		run_in(oracle, space);
	oracle->counts.accesses++;
	oracle->counts.instructions += (kind & PW_ACCESS_FIRST) != 0;
	oracle->counts.loads += (kind & PW_ACCESS_LOAD) != 0;
	oracle->counts.stores += write;
	oracle->counts.modifies += (kind & 3) == PW_ACCESS_MODIFY;
	oracle->counts.fetches += fetch;
	for (uint64_t page = address >> PW_PAGE_SHIFT;
	     page <= last >> PW_PAGE_SHIFT; page++) {
		count_touch(oracle, thread, page, fetch);
		if (space)
			refer(oracle, space,
			      page * PW_PAGE_BYTES % ((uint64_t)1 << 57) >>
				      oracle->machine.shape.page_shift,
			      write, fetch);
	}
}

void pw_oracle_replay_event(struct pw_oracle_replay *oracle, uint32_t thread,
			    const struct pw_event *event)
{
	uint32_t process = oracle->thread[thread].process;
	struct pw_oracle_space *space = pw_oracle_run_thread(oracle, thread);

	oracle->counts.events++;
	for (size_t i = 0; i < oracle->threads; i++) {
		uint32_t other = oracle->thread[i].process;

		if (other == process ||
		    (space && oracle->space[other] == space))
			oracle->runs[i] = (struct pw_oracle_runs){0};
	}
	if (!space)
		return;
	run_in(oracle, space);
	pw_oracle_process_event(oracle, thread, event);
	space = oracle->space[process];
	if (space) {
		run_in(oracle, space);
		pw_oracle_event(oracle, space, event);
	}
	note_peaks(oracle);
}

/* Counters that are added up, and where. */
static const struct {
	const char *name;
	size_t offset;
} added[] = {
	{"accesses", offsetof(struct pw_oracle_counts, accesses)},
	{"loads", offsetof(struct pw_oracle_counts, loads)},
	{"stores", offsetof(struct pw_oracle_counts, stores)},
	{"modifies", offsetof(struct pw_oracle_counts, modifies)},
	{"fetches", offsetof(struct pw_oracle_counts, fetches)},
	{"instructions", offsetof(struct pw_oracle_counts, instructions)},
	{"touches", offsetof(struct pw_oracle_counts, touches)},
	{"events", offsetof(struct pw_oracle_counts, events)},
	{"reference.data", offsetof(struct pw_oracle_counts, data)},
	{"reference.instruction",
	 offsetof(struct pw_oracle_counts, instruction)},
	{"dtlb.hits", offsetof(struct pw_oracle_counts, dtlb_hits)},
	{"dtlb.misses", offsetof(struct pw_oracle_counts, dtlb_misses)},
	{"itlb.hits", offsetof(struct pw_oracle_counts, itlb_hits)},
	{"itlb.misses", offsetof(struct pw_oracle_counts, itlb_misses)},
	{"stlb.hits", offsetof(struct pw_oracle_counts, stlb_hits)},
	{"stlb.misses", offsetof(struct pw_oracle_counts, stlb_misses)},
	{"walk.count", offsetof(struct pw_oracle_counts, walks)},
	{"walk.references", offsetof(struct pw_oracle_counts, walk_references)},
	{"pwc.hits", offsetof(struct pw_oracle_counts, pwc_hits)},
	{"tlb.invalidations", offsetof(struct pw_oracle_counts, invalidations)},
	{"tlb.flushes", offsetof(struct pw_oracle_counts, flushes)},
	{"cpu.switches", offsetof(struct pw_oracle_counts, switches)},
	{"fault.minor", offsetof(struct pw_oracle_counts, minor)},
	{"fault.zero_page", offsetof(struct pw_oracle_counts, zero_page)},
	{"fault.file", offsetof(struct pw_oracle_counts, file)},
	{"fault.cow", offsetof(struct pw_oracle_counts, cow)},
	{"fault.fork", offsetof(struct pw_oracle_counts, forked)},
	{"fault.assumed", offsetof(struct pw_oracle_counts, assumed)},
};

static uint64_t none(const struct pw_oracle_replay *oracle)
{
	(void)oracle;
	return 0;
}

static uint64_t prefetches(const struct pw_oracle_replay *oracle)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PW_ORACLE_ARRAYS; i++)
		for (size_t h = 0; h < PW_ORACLE_HEIGHTS; h++)
			sum += oracle->mmu.row[i][h].prefetches;
	return sum;
}

static uint64_t table_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_table_bytes(oracle);
}

static uint64_t table_peak_bytes(const struct pw_oracle_replay *oracle)
{
	return oracle->counts.peak_table_bytes;
}

static uint64_t resident_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_resident(oracle) << oracle->machine.shape.page_shift;
}

static uint64_t resident_peak_bytes(const struct pw_oracle_replay *oracle)
{
	return oracle->counts.peak_pages << oracle->machine.shape.page_shift;
}

static uint64_t mapped_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_mapped(oracle) << oracle->machine.shape.page_shift;
}

/* Counters that are worked out when asked for. */
static const struct {
	const char *name;
	uint64_t (*value)(const struct pw_oracle_replay *oracle);
} derived[] = {
	{"fault.major", none},
	{"tlb.shootdowns", none},
	{"tlb.shootdown_ipis", none},
	{"tlb.prefetches", prefetches},
	{"pagetable.tables", sum_tables},
	{"pagetable.bytes", table_bytes},
	{"pagetable.peak_bytes", table_peak_bytes},
	{"rss.bytes", resident_bytes},
	{"rss.peak_bytes", resident_peak_bytes},
	{"vsz.bytes", mapped_bytes},
};

const char *pw_oracle_replay_name(size_t index)
{
	if (index < PW_COUNT(added))
		return added[index].name;
	index -= PW_COUNT(added);
	return index < PW_COUNT(derived) ? derived[index].name : NULL;
}

bool pw_oracle_replay_counter(const struct pw_oracle_replay *oracle,
			      const char *name, uint64_t *value)
{
	for (size_t i = 0; i < PW_COUNT(added); i++) {
		if (strcmp(added[i].name, name) == 0) {
			const char *counts = (const char *)&oracle->counts;

			memcpy(value, counts + added[i].offset, sizeof(*value));
			return true;
		}
	}
	for (size_t i = 0; i < PW_COUNT(derived); i++) {
		if (strcmp(derived[i].name, name) == 0) {
			*value = derived[i].value(oracle);
			return true;
		}
	}
	return false;
}
