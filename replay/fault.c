/*
 * fault.c - page faults: what Linux does, as a decision tree.
 *
 * Source: Linux 6.x mm/memory.c.
 */
#include "replay/fault.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/page_size.h"
#include "replay/pages.h"

#define OWN_PAGE (PW_PTE_PRESENT | PW_PTE_WRITABLE)
#define ZERO_PAGE (PW_PTE_PRESENT | PW_PTE_ZERO)
#define FILE_PAGE (PW_PTE_PRESENT | PW_PTE_FILE)

/* One fault while it is handled. */
struct fault {
	struct pw_system *system;
	struct pw_space *space;
	uint64_t page;
	struct pw_range extent; /* of the mapping */
	struct pw_mapping mapping;
};

/* Map @page alone. */
static enum pw_status set(const struct fault *fault, uint64_t page,
			  uint64_t pte, struct pw_error *err)
{
	const struct pw_leaf leaf = {.first = page, .pte = pte};

	return pw_pages_set(fault->system, fault->space, &leaf, err);
}

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

/* A write to a present, read-only page, which @leaf maps. */
static enum pw_status upgrade(struct fault *fault, struct pw_leaf leaf,
			      struct pw_error *err)
{
	struct pw_counters *counters = &fault->system->counters;
	struct pw_range range;
	unsigned height = leaf.height;
	enum pw_status st = PW_OK;

	PW_ASSERT(leaf.pte && !(leaf.pte & PW_PTE_WRITABLE));
	if ((leaf.pte & PW_PTE_FILE) && fault->mapping.shared) {
		leaf.pte = FILE_PAGE | PW_PTE_WRITABLE;
	} else {
		bool forked = !(leaf.pte & (PW_PTE_FILE | PW_PTE_ZERO));

		counters->fault_cow += (leaf.pte & PW_PTE_FILE) != 0;
		counters->fault_fork += forked;
		if (forked && height > 0)
			height = choose(fault, true, height);
		leaf.pte = OWN_PAGE;
	}
	for (; leaf.height > height && st == PW_OK; leaf.height--)
		st = pw_pages_split(fault->system, fault->space, fault->page,
				    err);
	if (st != PW_OK)
		return st;
	if (height == 0)
		leaf.first = fault->page;
	range = (struct pw_range){leaf.first,
				  pw_pages_end(fault->system, &leaf)};
	st = pw_pages_set(fault->system, fault->space, &leaf, err);
	if (st == PW_OK)
		pw_pages_invalidate(fault->system, fault->space, range, 1);
	return st;
}

static enum pw_status fill_anonymous(struct fault *fault, bool write,
				     struct pw_error *err)
{
	unsigned height = choose(fault, false, 0);
	unsigned order =
		pw_geometry_order(&fault->system->machine->geometry, height);
	struct pw_leaf leaf = {
		.first = fault->page >> order << order,
		.pte = OWN_PAGE,
		.height = height,
	};

	if (!write && !fault->mapping.shared &&
	    fault->mapping.hugetlb_shift == 0) {
		leaf.pte = ZERO_PAGE;
		fault->system->counters.fault_zero_page++;
	}
	return pw_pages_set(fault->system, fault->space, &leaf, err);
}

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
	return fault->mapping.file_bytes &&
	       (int64_t)(offset - fault->mapping.file_bytes) >= 0;
}

static enum pw_status read_file(struct fault *fault, struct pw_error *err)
{
	struct pw_range window = find_window(fault);

	for (uint64_t p = window.first; p < window.end; p++) {
		enum pw_status st;

		if (p != fault->page &&
		    (is_past_end(fault, p) || pw_pages_find(fault->space, p)))
			continue;
		st = set(fault, p, FILE_PAGE, err);
		if (st != PW_OK)
			return st;
	}
	fault->system->counters.fault_file++;
	return PW_OK;
}

static enum pw_status fill_file(struct fault *fault, bool write,
				struct pw_error *err)
{
	if (!write)
		return read_file(fault, err);
	if (fault->mapping.shared) {
		fault->system->counters.fault_file++;
		return set(fault, fault->page, FILE_PAGE | PW_PTE_WRITABLE,
			   err);
	}
	fault->system->counters.fault_cow++;
	return set(fault, fault->page, OWN_PAGE, err);
}

/* The mapping of the page; one is assumed where the trace has none. */
static void find_mapping(struct fault *fault, bool absent)
{
	static const struct pw_mapping assumed = {.prot = 3, .anonymous = true};
	const struct pw_mapping *found =
		pw_space_find(fault->space, fault->page, &fault->extent);

	if (!found && absent && pw_space_grow_down(fault->space, fault->page))
		found = pw_space_find(fault->space, fault->page,
				      &fault->extent);
	if (found) {
		fault->mapping = *found;
		return;
	}
	fault->mapping = assumed;
	fault->extent = (struct pw_range){fault->page, fault->page + 1};
	if (absent && fault->system->mappings_known)
		fault->system->counters.fault_assumed++;
}

/* Whether a reference can go on. */
static bool is_ready(const struct pw_space *space, uint64_t page, bool write)
{
	uint64_t wanted = write ? PW_PTE_WRITABLE : PW_PTE_PRESENT;

	return (pw_pages_find(space, page) & wanted) != 0;
}

enum pw_status pw_fault(struct pw_system *system, struct pw_space *space,
			uint64_t page, bool write, struct pw_error *err)
{
	struct fault fault = {.system = system, .space = space, .page = page};
	struct pw_leaf leaf;
	bool present = space->table_ops->find(space->table, page, &leaf);
	enum pw_status st;

	PW_ASSERT(page < space->page_end);
	system->counters.fault_minor++;
	find_mapping(&fault, !present);
	PW_ASSERT(write || !present);
	write |= !present && fault.mapping.anonymous &&
		 (system->machine->no_zero_page || !system->mappings_known);
	PW_ASSERT(page >= fault.extent.first && page < fault.extent.end);
	if (present)
		st = upgrade(&fault, leaf, err);
	else if (fault.mapping.anonymous)
		st = fill_anonymous(&fault, write, err);
	else
		st = fill_file(&fault, write, err);
	PW_ASSERT(st != PW_OK || is_ready(space, page, write));
	if (st == PW_OK && !fault.mapping.shared && !fault.mapping.owns_pages &&
	    pw_pages_find(space, page) == OWN_PAGE)
		st = pw_space_own_page(space, page, err);
	pw_system_note_peaks(system);
	return st;
}
