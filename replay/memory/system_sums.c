/*
 * system_sums.c - what the counters of memory come to, now and at most.
 */
#include "replay/memory/system.h"

static void keep_max(uint64_t *peak, uint64_t value)
{
	if (*peak < value)
		*peak = value;
}

static uint64_t memory_bytes(const struct pw_system *system)
{
	return (system->memory.used + system->memory.unplaced)
	       << system->machine->geometry.page_shift;
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
	/* What a call has unmapped goes at its end. */
	if (!system->in_call)
		keep_max(&counters->memory_peak_bytes, memory_bytes(system));
}

void pw_system_settle(struct pw_system *system)
{
	struct pw_counters *counters = &system->counters;
	unsigned shift = system->machine->geometry.page_shift;
	uint64_t rss[PW_RSS_ALL] = {0};
	uint64_t pages = 0;

	for (size_t i = 0; i < system->spaces.count; i++) {
		const struct pw_space *space =
			PW_ARRAY_AT(&system->spaces, struct pw_space *, i);

		pages += space ? pw_space_pages(space) : 0;
		for (size_t k = 0; k < PW_RSS_ALL && space; k++)
			rss[k] += space->rss[k];
	}
	counters->vsz_bytes = pages << shift;
	counters->memory_bytes = memory_bytes(system);
	counters->nr_dirty = system->objects.dirty_pages;
	counters->committed_bytes = system->backings.committed_pages << shift;
	counters->rss_anon_bytes = rss[PW_RSS_ANON] << shift;
	counters->rss_file_bytes = rss[PW_RSS_FILE] << shift;
	counters->rss_shmem_bytes = rss[PW_RSS_SHMEM] << shift;
	counters->hugetlb_bytes = rss[PW_RSS_HUGETLB] << shift;
}
