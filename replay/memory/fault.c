/*
 * fault.c - page faults: what Linux does, as a decision tree.
 *
 * Source: Linux 6.x mm/memory.c.
 */
#include "replay/memory/fault.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/event.h"
#include "replay/memory/fault_job.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/page_size.h"
#include "replay/memory/pages.h"
#include "replay/memory/writeback.h"

#define ZERO_PAGE (PW_PTE_PRESENT | PW_PTE_ZERO)

static unsigned choose(const struct pw_fault_job *job, bool copies,
		       unsigned present)
{
	const struct pw_page_size_fault asked = {
		.page = job->page,
		.mapping = &job->mapping,
		.extent = job->extent,
		.copies = copies,
	};

	return pw_page_size_choose(job->system, job->space, &asked, present);
}

/* ---- pages of its own ---- */

enum pw_status pw_fault_own(struct pw_fault_job *job, struct pw_leaf leaf,
			    struct pw_error *err)
{
	uint32_t frame;
	enum pw_status st =
		pw_pages_take(job->system, leaf.height, &frame, err);

	if (st != PW_OK)
		return st;
	job->owned = true;
	leaf.pte = pw_pte_make(frame, PW_ENTRY_OWN | pw_fault_hugetlb(job));
	if (leaf.height > 0 && !job->mapping.hugetlb_shift)
		job->system->counters.fault_large++;
	return job->absent ? pw_pages_add(job->system, job->space, &leaf, err)
			   : pw_pages_set(job->system, job->space, &leaf, err);
}

/*
 * Whether an anonymous page that a fork made read-only may become writable: no
 * other entry maps it, and it never was a part of a larger one.
 */
static bool can_reuse(const struct pw_frame *frame)
{
	return (frame->flags & PW_FRAME_EXCLUSIVE) ||
	       (frame->maps == 1 && !(frame->flags & PW_FRAME_PIECE));
}

/* A write to a page of its own that is read-only since a fork. */
static enum pw_status write_forked(struct pw_fault_job *job,
				   struct pw_leaf leaf, struct pw_error *err)
{
	struct pw_counters *counters = &job->system->counters;
	struct pw_frame *frame =
		pw_frame_at(&job->system->memory, pw_pte_frame(leaf.pte));

	counters->fault_fork++;
	if (!can_reuse(frame)) {
		counters->fault_copies++;
		return pw_fault_own(job, leaf, err);
	}
	counters->fault_reuses++;
	frame->flags |= PW_FRAME_EXCLUSIVE;
	job->owned = true;
	leaf.pte = pw_pte_make(pw_pte_frame(leaf.pte),
			       PW_ENTRY_OWN | (leaf.pte & PW_PTE_HUGETLB));
	return pw_pages_set(job->system, job->space, &leaf, err);
}

/* The same, of a large one: unless it becomes writable, it is split down to
 * what is copied whole. */
static enum pw_status split_forked(struct pw_fault_job *job,
				   struct pw_leaf *leaf, struct pw_error *err)
{
	const struct pw_frame *frame =
		pw_frame_at(&job->system->memory, pw_pte_frame(leaf->pte));
	unsigned height = can_reuse(frame) ? leaf->height
					   : choose(job, true, leaf->height);
	enum pw_status st = PW_OK;

	while (st == PW_OK && leaf->height > height) {
		st = pw_pages_split(job->system, job->space, job->page, err);
		(void)job->space->table_ops->find(job->space->table, job->page,
						  leaf);
	}
	return st;
}

/* A write to a page of the cache, through an entry that does not allow it. */
static enum pw_status write_cached(struct pw_fault_job *job,
				   struct pw_leaf leaf, struct pw_error *err)
{
	struct pw_system *system = job->system;
	enum pw_status st;

	if (!job->mapping.shared) {
		system->counters.fault_cow++;
		return pw_fault_own(job, leaf, err);
	}
	st = pw_fault_soil(job, job->page, err);
	leaf.pte |= PW_ENTRY_OWN;
	return st == PW_OK ? pw_pages_set(system, job->space, &leaf, err) : st;
}

/* A write to a page that @leaf maps and does not let be written. */
static enum pw_status upgrade(struct pw_fault_job *job, struct pw_leaf leaf,
			      struct pw_error *err)
{
	struct pw_range range;
	enum pw_status st = PW_OK;

	PW_ASSERT(leaf.pte && !(leaf.pte & PW_PTE_MAY_WRITE));
	if (leaf.pte & PW_PTE_FILE) {
		st = write_cached(job, leaf, err);
	} else if (leaf.pte & PW_PTE_ZERO) {
		st = pw_fault_own(job, leaf, err);
	} else {
		if (leaf.height > 0)
			st = split_forked(job, &leaf, err);
		if (st == PW_OK)
			st = write_forked(job, leaf, err);
	}
	range = (struct pw_range){leaf.first, pw_pages_end(job->system, &leaf)};
	if (st == PW_OK)
		pw_pages_invalidate(job->system, job->space, range, 1);
	return st;
}

static enum pw_status fill_anonymous(struct pw_fault_job *job, unsigned height,
				     bool write, struct pw_error *err)
{
	unsigned order =
		pw_geometry_order(&job->system->machine->geometry, height);
	struct pw_leaf leaf = {
		.first = job->page >> order << order,
		.pte = ZERO_PAGE,
		.height = height,
	};

	if (write || job->mapping.shared || job->mapping.hugetlb_shift)
		return pw_fault_own(job, leaf, err);
	job->system->counters.fault_zero_page++;
	return pw_pages_add(job->system, job->space, &leaf, err);
}

/* ---- faults ---- */

static void note_assumed(const struct pw_fault_job *job)
{
	job->system->counters.fault_assumed++;
	pw_system_warn(job->system, PW_WARNING_UNMAPPED_ACCESS,
		       job->page << job->space->page_shift);
}

/* The mapping of the page; one is assumed where the trace has none. */
static enum pw_status find_mapping(struct pw_fault_job *job, bool absent,
				   struct pw_error *err)
{
	static const struct pw_mapping assumed = {
		.flags = PW_VM_READ | PW_VM_WRITE, .anonymous = true};
	const struct pw_mapping *found =
		pw_space_find(job->space, job->page, &job->extent);
	bool grown = false;
	enum pw_status st = PW_OK;

	if (!found && absent)
		st = pw_space_grow_down(job->space, job->page, &grown, err);
	if (st != PW_OK)
		return st;
	if (grown)
		found = pw_space_find(job->space, job->page, &job->extent);
	if (found) {
		job->mapping = *found;
		job->shmem = found->object &&
			     pw_object_at(&job->system->objects, found->object)
					     ->kind == PW_OBJECT_SHMEM;
		return PW_OK;
	}
	job->mapping = assumed;
	job->extent = (struct pw_range){job->page, job->page + 1};
	if (absent && job->system->mappings_known)
		note_assumed(job);
	return PW_OK;
}

/* A fault of a page that no entry maps. */
static enum pw_status fill(struct pw_fault_job *job, bool write,
			   struct pw_error *err)
{
	unsigned height = 0;

	if (job->mapping.anonymous)
		height = choose(job, false, 0);
	if (job->mapping.object && height == 0)
		return pw_fault_cached(job, write, err);
	return fill_anonymous(job, height, write, err);
}

/* What the CPU notes in an entry that allows the reference: no fault. */
static enum pw_status note_use(struct pw_system *system, struct pw_space *space,
			       struct pw_leaf leaf, bool write,
			       struct pw_error *err)
{
	leaf.pte |= PW_PTE_PRESENT;
	if (write)
		leaf.pte |= PW_PTE_DIRTY;
	if ((leaf.pte & PW_PTE_MAY_WRITE) && (leaf.pte & PW_PTE_DIRTY))
		leaf.pte |= PW_PTE_WRITABLE;
	return pw_pages_set(system, space, &leaf, err);
}

static enum pw_status count(const struct pw_fault_job *job, unsigned how,
			    struct pw_error *err)
{
	struct pw_system *system = job->system;
	bool major = job->major && !system->begins_anew;

	if (major)
		system->counters.fault_major++;
	else
		system->counters.fault_minor++;
	if (!system->log)
		return PW_OK;
	how |= major ? PW_FAULT_MAJOR : 0;
	return pw_fault_log_add(system->log, system->runner.process, job->page,
				how, err);
}

static enum pw_status handle(struct pw_fault_job *job,
			     const struct pw_leaf *leaf, bool write,
			     struct pw_error *err)
{
	struct pw_system *system = job->system;
	bool absent = !leaf->pte || (leaf->pte & PW_PTE_GUARD);
	enum pw_status st;

	job->absent = absent;
	st = find_mapping(job, absent, err);
	if (st == PW_OK && write && job->mapping.shared && job->mapping.object)
		st = pw_writeback_throttle(system, job->mapping.object, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(write || absent);
	PW_ASSERT(job->page >= job->extent.first &&
		  job->page < job->extent.end);
	write |= absent && job->mapping.anonymous &&
		 (system->machine->no_zero_page || !system->mappings_known);
	st = absent ? fill(job, write, err) : upgrade(job, *leaf, err);
	if (st == PW_OK)
		st = count(job, system->in_call ? PW_FAULT_IN_CALL : 0, err);
	PW_DEBUG_ASSERT(st != PW_OK ||
			(pw_pages_find(job->space, job->page) &
			 (write ? PW_PTE_WRITABLE : PW_PTE_PRESENT)));
	if (st == PW_OK && job->owned && !job->mapping.shared &&
	    !job->mapping.anon_vma)
		st = pw_space_own_page(job->space, job->page, err);
	return st;
}

enum pw_status pw_fault(struct pw_system *system, struct pw_space *space,
			uint64_t page, bool write, struct pw_error *err)
{
	struct pw_fault_job job = {
		.system = system, .space = space, .page = page};
	uint64_t allowing = write ? PW_PTE_MAY_WRITE : UINT64_MAX;
	struct pw_leaf leaf;
	enum pw_status st;

	PW_ASSERT(page < space->page_end);
	(void)space->table_ops->find(space->table, page, &leaf);
	if ((leaf.pte & allowing) && !(leaf.pte & PW_PTE_GUARD))
		return note_use(system, space, leaf, write, err);
	st = handle(&job, &leaf, write, err);
	pw_system_note_peaks(system);
	return st;
}

enum pw_status pw_fault_present(struct pw_system *system,
				struct pw_space *space, uint64_t page,
				uint64_t flags, struct pw_error *err)
{
	struct pw_fault_job job = {
		.system = system, .space = space, .page = page};
	const struct pw_leaf leaf = {.first = page};
	bool own;
	enum pw_status st;

	if (pw_pages_find(space, page))
		return PW_OK;
	job.absent = true;
	st = find_mapping(&job, false, err);
	if (st != PW_OK)
		return st;
	own = !job.mapping.object ||
	      ((flags & PW_PRESENT_OWN) && !job.mapping.shared);
	/* The arguments of a program are put onto its stack page by page. */
	if (flags & PW_PRESENT_FAULTED)
		st = count(&job,
			   pw_vma_has(&job.mapping, PW_VM_GROWSDOWN)
				   ? PW_FAULT_IN_CALL
				   : 0,
			   err);
	if (st != PW_OK)
		return st;
	if (!own)
		return pw_fault_map_cached(&job, page, false, err);
	st = pw_fault_own(&job, leaf, err);
	return st == PW_OK ? pw_space_own_page(space, page, err) : st;
}

enum pw_status pw_fault_failed(struct pw_system *system, struct pw_space *space,
			       uint64_t page, bool write, struct pw_error *err)
{
	struct pw_fault_job job = {
		.system = system, .space = space, .page = page, .absent = true};
	enum pw_status st = find_mapping(&job, true, err);

	PW_ASSERT(st != PW_OK || job.mapping.object);
	if (st == PW_OK)
		st = pw_kept_tables_need(system, space, page, 1, err);
	if (st != PW_OK)
		return st;
	if (!write)
		return pw_fault_around(&job, err);
	return job.mapping.shared || job.mapping.anon_vma
		       ? PW_OK
		       : pw_space_own_page(space, page, err);
}
