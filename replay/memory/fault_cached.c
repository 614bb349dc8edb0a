/*
 * fault_cached.c - faults of pages of files and of shared memory.
 *
 * Source: Linux 6.18 mm/memory.c do_read_fault, do_cow_fault, do_shared_fault,
 *         do_fault_around, finish_fault; mm/filemap.c filemap_fault,
 *         filemap_map_pages; mm/shmem.c shmem_fault.
 */
#include "replay/memory/fault_job.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/pages.h"
#include "replay/memory/readahead.h"

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t leaf_pages(const struct pw_fault_job *job)
{
	return (uint64_t)1 << job->system->machine->geometry.bits[0];
}

/* Pages that a read fault looks at; names as in MODEL.md. */
static struct pw_range find_window(const struct pw_fault_job *job)
{
	uint64_t n = job->system->machine->fault_around_pages;
	uint64_t t = job->page % leaf_pages(job);
	uint64_t o = job->page - job->extent.first;
	uint64_t l = job->extent.end - job->extent.first;
	uint64_t from = t - min(t % n, min(t, o));
	uint64_t to = min(min(from + n, leaf_pages(job)), t + l - o);
	uint64_t table = job->page - t;

	PW_ASSERT(pw_is_pow2(n) && n <= leaf_pages(job));
	PW_ASSERT(from <= t && t < to);
	return (struct pw_range){table + from, table + to};
}

static const struct pw_object *object_of(const struct pw_fault_job *job)
{
	return pw_object_at(&job->system->objects, job->mapping.object);
}

static bool is_past_end(const struct pw_fault_job *job, uint64_t page)
{
	uint64_t offset =
		(page << job->space->page_shift) + job->mapping.file_bias;
	uint64_t bytes = object_of(job)->bytes;

	/* A page may begin before the file does: offsets are signed. */
	return bytes && (int64_t)(offset - bytes) >= 0;
}

static uint64_t index_of(const struct pw_fault_job *job, uint64_t page)
{
	return pw_cache_index(job->space, &job->mapping, page);
}

static struct pw_cached look(const struct pw_fault_job *job, uint64_t page)
{
	return pw_cache_look(job->system, job->mapping.object,
			     index_of(job, page));
}

enum pw_status pw_fault_soil(const struct pw_fault_job *job, uint64_t page,
			     struct pw_error *err)
{
	return pw_cache_soil(job->system, job->mapping.object,
			     index_of(job, page), err);
}

enum pw_status pw_fault_map_cached(const struct pw_fault_job *job,
				   uint64_t page, bool write,
				   struct pw_error *err)
{
	struct pw_leaf leaf = {.first = page};
	uint64_t flags = PW_ENTRY_CACHED | pw_fault_hugetlb(job);
	uint32_t frame;
	enum pw_status st = pw_cache_frame(job->system, job->mapping.object,
					   index_of(job, page), &frame, err);

	if (st == PW_OK && write)
		st = pw_fault_soil(job, page, err);
	if (st != PW_OK)
		return st;
	if (job->shmem)
		flags |= PW_PTE_SHMEM;
	/* Shared memory is not written back, so nobody asks when it is. */
	if (job->shmem && job->mapping.shared)
		flags |= PW_PTE_MAY_WRITE;
	if (write)
		flags |= PW_ENTRY_OWN;
	leaf.pte = pw_pte_make(frame, flags);
	return pw_pages_add(job->system, job->space, &leaf, err);
}

/* The pages of the folio of @page that are mapped with it: all, if it lies in
 * the file, the mapping and one page table; else those in @window. */
static struct pw_range folio_around(const struct pw_fault_job *job,
				    uint64_t page, unsigned order,
				    struct pw_range window)
{
	uint64_t count = (uint64_t)1 << order;
	uint64_t inside = index_of(job, page) & (count - 1);
	uint64_t t = page % leaf_pages(job);
	struct pw_range whole = {page - inside, page - inside + count};

	if (job->system->machine->kernel >= PW_KERNEL_6_18 && inside <= t &&
	    t - inside + count <= leaf_pages(job) &&
	    page - job->extent.first >= inside &&
	    whole.end <= job->extent.end &&
	    (job->shmem || !is_past_end(job, whole.end - 1)))
		return whole;
	whole.first = page;
	whole.end = min(whole.end, window.end);
	return whole;
}

/* Map what @part lacks; *found if that gives the page of the fault an entry. */
static enum pw_status map_part(struct pw_fault_job *job, struct pw_range part,
			       bool *found, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (uint64_t p = part.first; st == PW_OK && p < part.end; p++) {
		if (pw_pages_find(job->space, p))
			continue;
		st = pw_fault_map_cached(job, p, false, err);
		*found = *found || p == job->page;
	}
	return st;
}

static bool is_marked(const struct pw_fault_job *job, uint64_t page,
		      unsigned order)
{
	uint64_t index = index_of(job, page);

	return pw_cache_look(job->system, job->mapping.object,
			     index >> order << order)
		.marked;
}

/*
 * Whether fault-around gives up at @page, the first one that it finds: since
 * 6.18 the leaf table comes with a folio only if the file goes on behind it.
 */
static bool lacks_table(const struct pw_fault_job *job, uint64_t page,
			unsigned order)
{
	uint64_t inside = index_of(job, page) & (((uint64_t)1 << order) - 1);

	return job->system->machine->kernel >= PW_KERNEL_6_18 && !job->shmem &&
	       is_past_end(job, page - inside + ((uint64_t)1 << order)) &&
	       !pw_kept_tables_has_leaf(job->system, job->space, page);
}

/* Fault-around; *found: the page of the fault was there. */
static enum pw_status map_around(struct pw_fault_job *job,
				 const struct pw_reader *reader, bool *found,
				 struct pw_error *err)
{
	struct pw_range window = find_window(job);
	uint64_t passed = 0;
	enum pw_status st = PW_OK;

	*found = false;
	for (uint64_t p = window.first; st == PW_OK && p < window.end;) {
		struct pw_cached page = look(job, p);
		struct pw_range part;

		if (!page.there || is_past_end(job, p) ||
		    is_marked(job, p, page.order)) {
			p++;
			continue;
		}
		if (passed == 0 && lacks_table(job, p, page.order))
			break;
		part = folio_around(job, p, page.order, window);
		passed += part.end - part.first;
		st = map_part(job, part, found, err);
		p = part.end;
	}
	if (!job->shmem)
		pw_read_passed(reader, passed);
	return st;
}

/* filemap_fault: let the page be in the cache. *retry: the fault is begun
 * again afterwards. */
static enum pw_status fetch(struct pw_fault_job *job,
			    const struct pw_reader *reader, bool *retry,
			    struct pw_error *err)
{
	uint64_t index = index_of(job, job->page);

	*retry = false;
	if (job->shmem || is_past_end(job, job->page))
		return PW_OK;
	if (look(job, job->page).there)
		return pw_read_found(reader, index, job->mapping.flags, retry,
				     err);
	*retry = true;
	job->major = true;
	return pw_read_missing(reader, index, job->mapping.flags,
			       index + (job->extent.end - job->page), err);
}

/* finish_fault: map the page, and all of a large folio that has no entry yet.
 */
static enum pw_status map_found(struct pw_fault_job *job, bool write,
				struct pw_error *err)
{
	const struct pw_range alone = {job->page, job->page + 1};
	struct pw_range part =
		folio_around(job, job->page, look(job, job->page).order, alone);
	enum pw_status st = PW_OK;

	for (uint64_t p = part.first; p < part.end; p++)
		if (pw_pages_find(job->space, p))
			part = alone;
	for (uint64_t p = part.first; st == PW_OK && p < part.end; p++)
		st = pw_fault_map_cached(job, p, write, err);
	return st;
}

/* Linux ipc/shm.c shm_vm_ops has no map_pages. */
static bool has_around(const struct pw_fault_job *job)
{
	return !job->mapping.attached &&
	       job->system->machine->fault_around_pages > 1;
}

enum pw_status pw_fault_around(struct pw_fault_job *job, struct pw_error *err)
{
	struct pw_reader reader;
	enum pw_status st;
	bool found;

	if (!has_around(job))
		return PW_OK;
	st = pw_reader_of(job->system, job->mapping.object,
			  job->mapping.backing, &reader, err);
	return st == PW_OK ? map_around(job, &reader, &found, err) : st;
}

enum pw_status pw_fault_cached(struct pw_fault_job *job, bool write,
			       struct pw_error *err)
{
	bool around = !write && has_around(job);
	bool found = false;
	bool retry = false;
	struct pw_reader reader;
	enum pw_status st;

	st = pw_reader_of(job->system, job->mapping.object,
			  job->mapping.backing, &reader, err);
	if (st == PW_OK && around)
		st = map_around(job, &reader, &found, err);
	if (st == PW_OK && !found)
		st = fetch(job, &reader, &retry, err);
	if (st == PW_OK && retry && around)
		st = map_around(job, &reader, &found, err);
	if (st != PW_OK)
		return st;
	if (write && !job->mapping.shared) {
		job->system->counters.fault_cow++;
		return pw_fault_own(job, (struct pw_leaf){.first = job->page},
				    err);
	}
	job->system->counters.fault_file += !job->shmem;
	return found ? PW_OK : map_found(job, write, err);
}
