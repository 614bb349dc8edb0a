/*
 * fault.c - page faults: what Linux does, as a decision tree.
 *
 * Source: Linux 6.x mm/memory.c.
 */
#include "replay/fault.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/event.h"
#include "replay/cache.h"
#include "replay/page_size.h"
#include "replay/pages.h"

#define OWN_PAGE \
	(PW_PTE_PRESENT | PW_PTE_WRITABLE | PW_PTE_MAY_WRITE | PW_PTE_DIRTY)
#define ZERO_PAGE (PW_PTE_PRESENT | PW_PTE_ZERO)
#define FILE_PAGE (PW_PTE_PRESENT | PW_PTE_FILE)

/* One fault while it is handled. */
struct fault {
	struct pw_system *system;
	struct pw_space *space;
	uint64_t page;
	struct pw_range extent; /* of the mapping */
	struct pw_mapping mapping;
	bool shmem; /* it maps shared memory */
	bool major;
};

static unsigned choose(const struct fault *fault, bool copies, unsigned present)
{
	const struct pw_page_size_fault asked = {
		.page = fault->page,
		.mapping = &fault->mapping,
		.extent = fault->extent,
		.copies = copies,
	};

	return pw_page_size_choose(fault->system, fault->space, &asked,
				   present);
}

/* ---- pages of its own ---- */

/* Map a new page of @leaf's size and place, which is the program's own. */
static enum pw_status set_own(const struct fault *fault, struct pw_leaf leaf,
			      struct pw_error *err)
{
	uint32_t frame;
	enum pw_status st =
		pw_pages_take(fault->system, leaf.height, &frame, err);

	if (st != PW_OK)
		return st;
	leaf.pte = pw_pte_make(frame, OWN_PAGE);
	return pw_pages_set(fault->system, fault->space, &leaf, err);
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
static enum pw_status write_forked(struct fault *fault, struct pw_leaf leaf,
				   struct pw_error *err)
{
	struct pw_counters *counters = &fault->system->counters;
	struct pw_frame *frame =
		pw_frame_at(&fault->system->memory, pw_pte_frame(leaf.pte));

	counters->fault_fork++;
	if (!can_reuse(frame)) {
		counters->fault_copies++;
		return set_own(fault, leaf, err);
	}
	counters->fault_reuses++;
	frame->flags |= PW_FRAME_EXCLUSIVE;
	leaf.pte = pw_pte_make(pw_pte_frame(leaf.pte), OWN_PAGE);
	return pw_pages_set(fault->system, fault->space, &leaf, err);
}

/* The same, of a large one: it is split down to what is copied whole. */
static enum pw_status split_forked(struct fault *fault, struct pw_leaf *leaf,
				   struct pw_error *err)
{
	unsigned height = choose(fault, true, leaf->height);
	enum pw_status st = PW_OK;

	while (st == PW_OK && leaf->height > height) {
		st = pw_pages_split(fault->system, fault->space, fault->page,
				    err);
		(void)fault->space->table_ops->find(fault->space->table,
						    fault->page, leaf);
	}
	return st;
}

/* A write to a page of the cache, through an entry that does not allow it. */
static enum pw_status write_cached(struct fault *fault, struct pw_leaf leaf,
				   struct pw_error *err)
{
	struct pw_system *system = fault->system;

	if (!fault->mapping.shared) {
		system->counters.fault_cow++;
		return set_own(fault, leaf, err);
	}
	pw_frame_at(&system->memory, pw_pte_frame(leaf.pte))->flags |=
		PW_FRAME_DIRTY;
	leaf.pte |= OWN_PAGE;
	return pw_pages_set(system, fault->space, &leaf, err);
}

/* A write to a page that @leaf maps and does not let be written. */
static enum pw_status upgrade(struct fault *fault, struct pw_leaf leaf,
			      struct pw_error *err)
{
	struct pw_range range;
	enum pw_status st = PW_OK;

	PW_ASSERT(leaf.pte && !(leaf.pte & PW_PTE_MAY_WRITE));
	if (leaf.pte & PW_PTE_FILE) {
		st = write_cached(fault, leaf, err);
	} else if (leaf.pte & PW_PTE_ZERO) {
		st = set_own(fault, leaf, err);
	} else {
		if (leaf.height > 0)
			st = split_forked(fault, &leaf, err);
		if (st == PW_OK)
			st = write_forked(fault, leaf, err);
	}
	range = (struct pw_range){leaf.first,
				  pw_pages_end(fault->system, &leaf)};
	if (st == PW_OK)
		pw_pages_invalidate(fault->system, fault->space, range, 1);
	return st;
}

static enum pw_status fill_anonymous(struct fault *fault, unsigned height,
				     bool write, struct pw_error *err)
{
	unsigned order =
		pw_geometry_order(&fault->system->machine->geometry, height);
	struct pw_leaf leaf = {
		.first = fault->page >> order << order,
		.pte = ZERO_PAGE,
		.height = height,
	};

	if (write || fault->mapping.shared || fault->mapping.hugetlb_shift)
		return set_own(fault, leaf, err);
	fault->system->counters.fault_zero_page++;
	return pw_pages_set(fault->system, fault->space, &leaf, err);
}

/* ---- pages of the cache ---- */

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Pages that a read fault of a file maps; names as in MODEL.md. */
static struct pw_range find_window(const struct fault *fault)
{
	uint64_t n = fault->system->machine->fault_around_pages;
	uint64_t leaf_pages = (uint64_t)1
			      << fault->system->machine->geometry.bits[0];
	uint64_t t = fault->page % leaf_pages;
	uint64_t o = fault->page - fault->extent.first;
	uint64_t l = fault->extent.end - fault->extent.first;
	uint64_t from = t - min(t % n, min(t, o));
	uint64_t to = min(min(from + n, leaf_pages), t + l - o);
	uint64_t table = fault->page - t;

	PW_ASSERT(pw_is_pow2(n) && n <= leaf_pages);
	PW_ASSERT(from <= t && t < to);
	return (struct pw_range){table + from, table + to};
}

static bool is_past_end(const struct fault *fault, uint64_t page)
{
	uint64_t offset =
		(page << fault->space->page_shift) + fault->mapping.file_bias;

	/* A page may begin before the file does: offsets are signed. */
	uint64_t bytes =
		pw_object_at(&fault->system->objects, fault->mapping.object)
			->bytes;

	return bytes && (int64_t)(offset - bytes) >= 0;
}

static uint64_t index_of(const struct fault *fault, uint64_t page)
{
	return pw_cache_index(fault->space, &fault->mapping, page);
}

/* Map @page, which is in the cache or comes into it, alone. */
static enum pw_status set_cached(const struct fault *fault, uint64_t page,
				 bool write, struct pw_error *err)
{
	struct pw_leaf leaf = {.first = page};
	uint64_t flags = FILE_PAGE;
	uint32_t frame;
	enum pw_status st = pw_cache_frame(fault->system, fault->mapping.object,
					   index_of(fault, page), &frame, err);

	if (st != PW_OK)
		return st;
	if (fault->shmem)
		flags |= PW_PTE_SHMEM;
	/* Shared memory is not written back, so nobody asks when it is. */
	if (fault->shmem && fault->mapping.shared)
		flags |= PW_PTE_MAY_WRITE;
	if (write) {
		flags |= OWN_PAGE;
		pw_frame_at(&fault->system->memory, frame)->flags |=
			PW_FRAME_DIRTY;
	}
	leaf.pte = pw_pte_make(frame, flags);
	return pw_pages_set(fault->system, fault->space, &leaf, err);
}

static bool is_cached(const struct fault *fault, uint64_t page, unsigned *order)
{
	return pw_cache_holds(fault->system, fault->mapping.object,
			      index_of(fault, page), order);
}

/* Let the page be in the cache; reading it from the device is a major fault. */
static void bring(struct fault *fault)
{
	unsigned order;

	fault->major |= !fault->shmem && !is_past_end(fault, fault->page) &&
			!is_cached(fault, fault->page, &order);
}

static enum pw_status map_around(struct fault *fault, struct pw_error *err)
{
	struct pw_range window = find_window(fault);

	for (uint64_t p = window.first; p < window.end; p++) {
		enum pw_status st;
		unsigned order;

		if (pw_pages_find(fault->space, p))
			continue;
		if (p != fault->page &&
		    (is_past_end(fault, p) || !is_cached(fault, p, &order)))
			continue;
		st = set_cached(fault, p, false, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

static enum pw_status fill_file(struct fault *fault, bool write,
				struct pw_error *err)
{
	const struct pw_leaf leaf = {.first = fault->page};

	bring(fault);
	if (write && !fault->mapping.shared) {
		fault->system->counters.fault_cow++;
		return set_own(fault, leaf, err);
	}
	fault->system->counters.fault_file += !fault->shmem;
	if (write)
		return set_cached(fault, fault->page, true, err);
	return map_around(fault, err);
}

/* ---- faults ---- */

/* The mapping of the page; one is assumed where the trace has none. */
static enum pw_status find_mapping(struct fault *fault, bool absent,
				   struct pw_error *err)
{
	static const struct pw_mapping assumed = {
		.flags = PW_VM_READ | PW_VM_WRITE, .anonymous = true};
	const struct pw_mapping *found =
		pw_space_find(fault->space, fault->page, &fault->extent);
	bool grown = false;
	enum pw_status st = PW_OK;

	if (!found && absent)
		st = pw_space_grow_down(fault->space, fault->page, &grown, err);
	if (st != PW_OK)
		return st;
	if (grown)
		found = pw_space_find(fault->space, fault->page,
				      &fault->extent);
	if (found) {
		fault->mapping = *found;
		fault->shmem =
			found->object &&
			pw_object_at(&fault->system->objects, found->object)
					->kind == PW_OBJECT_SHMEM;
		return PW_OK;
	}
	fault->mapping = assumed;
	fault->extent = (struct pw_range){fault->page, fault->page + 1};
	if (absent && fault->system->mappings_known)
		fault->system->counters.fault_assumed++;
	return PW_OK;
}

/* A fault of a page that no entry maps. */
static enum pw_status fill(struct fault *fault, bool write,
			   struct pw_error *err)
{
	unsigned height = 0;

	if (fault->mapping.anonymous)
		height = choose(fault, false, 0);
	if (fault->mapping.object && height == 0)
		return fill_file(fault, write, err);
	return fill_anonymous(fault, height, write, err);
}

/* Whether a reference can go on. */
static bool is_ready(const struct pw_space *space, uint64_t page, bool write)
{
	uint64_t wanted = write ? PW_PTE_WRITABLE : PW_PTE_PRESENT;

	return (pw_pages_find(space, page) & wanted) != 0;
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

static enum pw_status count(const struct fault *fault, unsigned how,
			    struct pw_error *err)
{
	struct pw_system *system = fault->system;

	if (fault->major)
		system->counters.fault_major++;
	else
		system->counters.fault_minor++;
	if (!system->log)
		return PW_OK;
	how |= fault->major ? PW_FAULT_MAJOR : 0;
	return pw_fault_log_add(system->log, system->runner.process,
				fault->page, how, err);
}

static enum pw_status handle(struct fault *fault, const struct pw_leaf *leaf,
			     bool write, struct pw_error *err)
{
	struct pw_system *system = fault->system;
	bool absent = !leaf->pte || (leaf->pte & PW_PTE_GUARD);
	enum pw_status st;

	st = find_mapping(fault, absent, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(write || absent);
	PW_ASSERT(fault->page >= fault->extent.first &&
		  fault->page < fault->extent.end);
	write |= absent && fault->mapping.anonymous &&
		 system->machine->no_zero_page;
	st = absent ? fill(fault, write, err) : upgrade(fault, *leaf, err);
	if (st == PW_OK)
		st = count(fault, system->in_call ? PW_FAULT_IN_CALL : 0, err);
	PW_ASSERT(st != PW_OK || is_ready(fault->space, fault->page, write));
	if (st == PW_OK && !fault->mapping.shared && !fault->mapping.anon_vma &&
	    (pw_pages_find(fault->space, fault->page) &
	     (PW_PTE_FILE | PW_PTE_ZERO)) == 0)
		st = pw_space_own_page(fault->space, fault->page, err);
	return st;
}

enum pw_status pw_fault(struct pw_system *system, struct pw_space *space,
			uint64_t page, bool write, struct pw_error *err)
{
	struct fault fault = {.system = system, .space = space, .page = page};
	uint64_t allowing = write ? PW_PTE_MAY_WRITE : PW_PTE_FLAGS;
	struct pw_leaf leaf;
	enum pw_status st;

	PW_ASSERT(page < space->page_end);
	(void)space->table_ops->find(space->table, page, &leaf);
	if ((leaf.pte & allowing) && !(leaf.pte & PW_PTE_GUARD))
		return note_use(system, space, leaf, write, err);
	st = handle(&fault, &leaf, write, err);
	pw_system_note_peaks(system);
	return st;
}

enum pw_status pw_fault_present(struct pw_system *system,
				struct pw_space *space, uint64_t page,
				uint64_t flags, struct pw_error *err)
{
	struct fault fault = {.system = system, .space = space, .page = page};
	const struct pw_leaf leaf = {.first = page};
	bool own;
	enum pw_status st;

	if (pw_pages_find(space, page))
		return PW_OK;
	st = find_mapping(&fault, false, err);
	if (st != PW_OK)
		return st;
	own = !fault.mapping.object ||
	      ((flags & PW_PRESENT_OWN) && !fault.mapping.shared);
	/* The arguments of a program are put onto its stack page by page. */
	if (flags & PW_PRESENT_FAULTED)
		st = count(&fault,
			   pw_vma_has(&fault.mapping, PW_VM_GROWSDOWN)
				   ? PW_FAULT_IN_CALL
				   : 0,
			   err);
	if (st != PW_OK)
		return st;
	if (!own)
		return set_cached(&fault, page, false, err);
	st = set_own(&fault, leaf, err);
	return st == PW_OK ? pw_space_own_page(space, page, err) : st;
}
