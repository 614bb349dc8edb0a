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
#include "tests/oracle/oracle_tables.h"

void pw_oracle_replay_open(struct pw_oracle_replay **out,
			   const struct pw_oracle_machine *machine,
			   const struct pw_thread *thread, size_t threads)
{
	struct pw_oracle_replay *oracle = calloc(1, sizeof(*oracle));

	PW_ASSERT(oracle);
	PW_ASSERT(threads <= PW_ORACLE_THREADS_MAX);
	oracle->machine = *machine;
	oracle->threads = threads;
	oracle->objects.recorded = machine->cache_recorded;
	oracle->objects.percent = machine->cache_percent;
	oracle->objects.interval = machine->dirty_writeback;
	oracle->objects.end = pw_oracle_pages(&machine->shape);
	for (size_t i = 0; i < threads; i++) {
		PW_ASSERT(thread[i].process < PW_ORACLE_PROCESSES_MAX);
		oracle->thread[i].process = thread[i].process;
		oracle->thread[i].tid = thread[i].tid;
		oracle->thread[i].pid = thread[i].pid;
	}
	pw_oracle_mmu_init(&oracle->mmu, &machine->tlb);
	pw_oracle_walks_init(&oracle->walks, &machine->walk, &oracle->guest,
			     &oracle->counts.walk);
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
	pw_oracle_drain(oracle);
	pw_oracle_objects_free(&oracle->objects);
	free(oracle->reading);
	pw_oracle_mmu_free(&oracle->mmu);
	pw_oracle_walks_free(&oracle->walks);
	free(oracle->things.list);
	pw_oracle_guest_free(&oracle->guest);
	free(oracle);
}

/* Base pages that @page has. */
static uint64_t size_of(const struct pw_oracle_replay *oracle,
			const struct pw_oracle_page *page)
{
	return (uint64_t)1 << pw_oracle_order(&oracle->machine.shape,
					      page->height);
}

void pw_oracle_invalidate(struct pw_oracle_replay *oracle,
			  const struct pw_oracle_page *page)
{
	pw_oracle_invalidate_in(oracle, page, page->page,
				page->page + size_of(oracle, page));
}

void pw_oracle_invalidate_in(struct pw_oracle_replay *oracle,
			     const struct pw_oracle_page *page, uint64_t first,
			     uint64_t end)
{
	pw_oracle_mmu_invalidate(&oracle->mmu, 0, page->page,
				 size_of(oracle, page));
	pw_oracle_walks_invalidate(&oracle->walks,
				   &oracle->mmu.tlb[PW_ORACLE_STLB], 0, first,
				   end);
	oracle->counts.invalidations++;
}

void pw_oracle_note_change(struct pw_oracle_replay *oracle,
			   const struct pw_oracle_space *space,
			   const struct pw_oracle_page *page)
{
	if (space == oracle->running)
		pw_oracle_invalidate(oracle, page);
	else
		oracle->counts.invalidations++;
}

void pw_oracle_flush(struct pw_oracle_replay *oracle)
{
	pw_oracle_mmu_flush(&oracle->mmu);
	pw_oracle_walks_flush(&oracle->walks);
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

static uint64_t sum_of(const struct pw_oracle_replay *oracle,
		       enum pw_oracle_rss kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++)
		sum += pw_oracle_resident(distinct_space(oracle, i), kind);
	return sum;
}

static uint64_t sum_resident(const struct pw_oracle_replay *oracle)
{
	return sum_of(oracle, PW_ORACLE_ANON) + sum_of(oracle, PW_ORACLE_FILE) +
	       sum_of(oracle, PW_ORACLE_SHMEM);
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
	keep_max(&oracle->counts.peak_memory, pw_oracle_memory(oracle, true));
}

/* What the TLBs ask of the page tables. */
static bool find_mapping(void *context, uint64_t page,
			 struct pw_oracle_mapping_entry *entry)
{
	const struct pw_oracle_replay *oracle = context;
	const struct pw_oracle_page *found =
		pw_oracle_page_at(oracle->running, page);

	if (!found)
		return false;
	entry->height = found->height;
	/* Present, writable, file. */
	entry->flags = found->old ? 0 : 1;
	if (!found->old && !found->clean &&
	    (found->frame == PW_ORACLE_OWN ||
	     found->frame == PW_ORACLE_WRITTEN))
		entry->flags |= 2;
	if (found->frame != PW_ORACLE_OWN && found->frame != PW_ORACLE_FORKED)
		entry->flags |= 4;
	entry->zero = found->frame == PW_ORACLE_ZERO;
	return true;
}

static void walk(void *context, uint64_t page)
{
	struct pw_oracle_replay *oracle = context;
	const struct pw_oracle_space *space = oracle->running;
	struct pw_oracle_target target = {.space = space->number, .page = page};

	target.height = pw_oracle_page_at(space, page)->height;
	if (space->shape->hashed)
		target.probes = (unsigned)pw_oracle_probes(space, page);
	pw_oracle_walk(&oracle->walks, &oracle->mmu.tlb[PW_ORACLE_STLB],
		       &target);
}

static void translate(struct pw_oracle_replay *oracle, uint64_t page,
		      bool write, bool fetch)
{
	const struct pw_oracle_mapper mapper = {oracle, find_mapping, walk};
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
	uint64_t faults = oracle->counts.minor + oracle->counts.major;

	oracle->counts.instruction += fetch;
	oracle->counts.data += !fetch;
	pw_oracle_fault(oracle, space, page, write);
	if (oracle->counts.minor + oracle->counts.major != faults)
		note_peaks(oracle);
	translate(oracle, page, write, fetch);
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
	pw_oracle_flush_due(oracle);
	oracle->counts.calls += pw_oracle_is_memory_call(event->kind);
	oracle->process = process;
	pw_oracle_process_event(oracle, thread, event);
	space = oracle->space[process];
	if (space) {
		run_in(oracle, space);
		pw_oracle_direct(oracle, space, event);
	}
	pw_oracle_forget_unused(oracle);
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
	{"walk.count", offsetof(struct pw_oracle_counts, walk.walks)},
	{"walk.references", offsetof(struct pw_oracle_counts, walk.references)},
	{"walk.cycles", offsetof(struct pw_oracle_counts, walk.cycles)},
	{"walk.height0", offsetof(struct pw_oracle_counts, walk.height[0])},
	{"walk.height1", offsetof(struct pw_oracle_counts, walk.height[1])},
	{"walk.height2", offsetof(struct pw_oracle_counts, walk.height[2])},
	{"walk.height3", offsetof(struct pw_oracle_counts, walk.height[3])},
	{"walk.height4", offsetof(struct pw_oracle_counts, walk.height[4])},
	{"walk.served.l1d", offsetof(struct pw_oracle_counts, walk.served[0])},
	{"walk.served.l2", offsetof(struct pw_oracle_counts, walk.served[1])},
	{"walk.served.llc", offsetof(struct pw_oracle_counts, walk.served[2])},
	{"walk.served.memory",
	 offsetof(struct pw_oracle_counts, walk.served[3])},
	{"pwc.hits", offsetof(struct pw_oracle_counts, walk.pwc_hits)},
	{"nested.references",
	 offsetof(struct pw_oracle_counts, walk.nested_references)},
	{"nested.tlb_hits",
	 offsetof(struct pw_oracle_counts, walk.nested_tlb_hits)},
	{"nested.tlb_misses",
	 offsetof(struct pw_oracle_counts, walk.nested_tlb_misses)},
	{"nested.walks", offsetof(struct pw_oracle_counts, walk.nested_walks)},
	{"nested.pwc_hits",
	 offsetof(struct pw_oracle_counts, walk.nested_pwc_hits)},
	{"nested.guest_bytes",
	 offsetof(struct pw_oracle_counts, walk.guest_bytes)},
	{"nested.guest_peak_bytes",
	 offsetof(struct pw_oracle_counts, walk.guest_peak_bytes)},
	{"tlb.invalidations", offsetof(struct pw_oracle_counts, invalidations)},
	{"tlb.flushes", offsetof(struct pw_oracle_counts, flushes)},
	{"cpu.switches", offsetof(struct pw_oracle_counts, switches)},
	{"fault.minor", offsetof(struct pw_oracle_counts, minor)},
	{"fault.major", offsetof(struct pw_oracle_counts, major)},
	{"fault.copies", offsetof(struct pw_oracle_counts, copies)},
	{"fault.large", offsetof(struct pw_oracle_counts, large)},
	{"pagetable.splits", offsetof(struct pw_oracle_counts, splits)},
	{"fault.reuses", offsetof(struct pw_oracle_counts, reuses)},
	{"fault.zero_page", offsetof(struct pw_oracle_counts, zero_page)},
	{"fault.file", offsetof(struct pw_oracle_counts, file)},
	{"fault.cow", offsetof(struct pw_oracle_counts, cow)},
	{"fault.fork", offsetof(struct pw_oracle_counts, forked)},
	{"fault.assumed", offsetof(struct pw_oracle_counts, assumed)},
	{"call.count", offsetof(struct pw_oracle_counts, calls)},
	{"unmap.pages", offsetof(struct pw_oracle_counts, unmapped)},
	{"fork.pages", offsetof(struct pw_oracle_counts, fork_copies)},
	{"fault.fatal", offsetof(struct pw_oracle_counts, fatal)},
	{"fault.fatal.unmapped",
	 offsetof(struct pw_oracle_counts, fatal_unmapped)},
	{"fault.fatal.forbidden",
	 offsetof(struct pw_oracle_counts, fatal_forbidden)},
	{"fault.fatal.bus", offsetof(struct pw_oracle_counts, fatal_bus)},
	{"fault.fatal.other", offsetof(struct pw_oracle_counts, fatal_other)},
	{"signal.unlike", offsetof(struct pw_oracle_counts, unlike)},
	{"pgpgin", offsetof(struct pw_oracle_counts, in)},
	{"pgpgout", offsetof(struct pw_oracle_counts, out)},
	{"nr_written", offsetof(struct pw_oracle_counts, written)},
	{"call.forbidden", offsetof(struct pw_oracle_counts, forbidden)},
	{"call.refused", offsetof(struct pw_oracle_counts, refused)},
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

static uint64_t table_kept_bytes(const struct pw_oracle_replay *oracle)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++)
		sum += pw_oracle_tables_bytes(distinct_space(oracle, i));
	return sum;
}

static uint64_t table_peak_bytes(const struct pw_oracle_replay *oracle)
{
	return oracle->counts.peak_table_bytes;
}

static uint64_t resident_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_resident(oracle) << oracle->machine.shape.page_shift;
}

static uint64_t anonymous_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_of(oracle, PW_ORACLE_ANON)
	       << oracle->machine.shape.page_shift;
}

static uint64_t file_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_of(oracle, PW_ORACLE_FILE)
	       << oracle->machine.shape.page_shift;
}

static uint64_t shmem_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_of(oracle, PW_ORACLE_SHMEM)
	       << oracle->machine.shape.page_shift;
}

static uint64_t apart_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_of(oracle, PW_ORACLE_APART)
	       << oracle->machine.shape.page_shift;
}

static uint64_t resident_peak_bytes(const struct pw_oracle_replay *oracle)
{
	return oracle->counts.peak_pages << oracle->machine.shape.page_shift;
}

static uint64_t memory_bytes(const struct pw_oracle_replay *oracle)
{
	return pw_oracle_memory(oracle, true)
	       << oracle->machine.shape.page_shift;
}

static uint64_t memory_peak_bytes(const struct pw_oracle_replay *oracle)
{
	return oracle->counts.peak_memory << oracle->machine.shape.page_shift;
}

static uint64_t mapped_bytes(const struct pw_oracle_replay *oracle)
{
	return sum_mapped(oracle) << oracle->machine.shape.page_shift;
}

static uint64_t committed_bytes(const struct pw_oracle_replay *oracle)
{
	return pw_oracle_committed(oracle) << oracle->machine.shape.page_shift;
}

static uint64_t dirtied_pages(const struct pw_oracle_replay *oracle)
{
	return oracle->objects.dirtied;
}

/* Counters that are worked out when asked for. */
static const struct {
	const char *name;
	uint64_t (*value)(const struct pw_oracle_replay *oracle);
} derived[] = {
	{"nr_dirty", pw_oracle_dirty},
	{"nr_dirtied", dirtied_pages},
	{"nr_writeback", none},
	{"tlb.shootdowns", none},
	{"tlb.shootdown_ipis", none},
	{"tlb.prefetches", prefetches},
	{"pagetable.tables", sum_tables},
	{"pagetable.bytes", table_bytes},
	{"pagetable.peak_bytes", table_peak_bytes},
	{"pagetable.kept_bytes", table_kept_bytes},
	{"rss.bytes", resident_bytes},
	{"rss.anon_bytes", anonymous_bytes},
	{"rss.file_bytes", file_bytes},
	{"rss.shmem_bytes", shmem_bytes},
	{"rss.peak_bytes", resident_peak_bytes},
	{"hugetlb.bytes", apart_bytes},
	{"memory.bytes", memory_bytes},
	{"memory.peak_bytes", memory_peak_bytes},
	{"vsz.bytes", mapped_bytes},
	{"committed.bytes", committed_bytes},
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
