/*
 * usage.c - what /proc/PID/smaps says of a range of an address space.
 */
#include "replay/usage.h"

#include "base/assert.h"
#include "replay/pages.h"

/* What is told of one leaf. */
struct page {
	uint64_t bytes;
	uint64_t share;
	bool dirty;
	bool is_private;
};

static void add_shares(struct pw_usage *usage, const struct page *page)
{
	usage->pss += page->share;
	if (page->dirty) {
		usage->pss_dirty += page->share;
		if (page->is_private)
			usage->private_dirty += page->bytes;
		else
			usage->shared_dirty += page->bytes;
	} else if (page->is_private) {
		usage->private_clean += page->bytes;
	} else {
		usage->shared_clean += page->bytes;
	}
}

/* The bytes of @leaf that lie in @range. */
static uint64_t bytes_in(const struct pw_system *system,
			 const struct pw_leaf *leaf, struct pw_range range)
{
	uint64_t end = pw_pages_end(system, leaf);
	uint64_t first = leaf->first > range.first ? leaf->first : range.first;

	if (end > range.end)
		end = range.end;
	PW_ASSERT(first < end);
	return (end - first) << system->machine->geometry.page_shift;
}

static void add_leaf(const struct pw_system *system,
		     const struct pw_mapping *mapping,
		     const struct pw_leaf *leaf, struct pw_range range,
		     struct pw_usage *usage)
{
	bool shared = mapping && mapping->shared;
	struct page page = {
		.bytes = bytes_in(system, leaf, range),
		.dirty = !(leaf->pte & PW_PTE_FILE) ||
			 (leaf->pte & PW_PTE_WRITABLE),
		.is_private = true,
	};

	if (leaf->pte & PW_PTE_ZERO)
		return;
	if (mapping && mapping->hugetlb_shift) {
		usage->private_hugetlb += shared ? 0 : page.bytes;
		usage->shared_hugetlb += shared ? page.bytes : 0;
		return;
	}
	page.share = page.bytes << PW_PSS_SHIFT;
	usage->rss += page.bytes;
	usage->referenced += page.bytes;
	if (leaf->pte & PW_PTE_FILE) {
		usage->pss_file += page.share;
	} else if (shared) {
		usage->pss_shmem += page.share;
	} else {
		usage->anonymous += page.bytes;
		usage->pss_anon += page.share;
		usage->anon_huge += leaf->height ? page.bytes : 0;
	}
	if (mapping && pw_vma_has(mapping, PW_VM_LOCKED))
		usage->locked += page.share;
	add_shares(usage, &page);
}

static void add_part(const struct pw_system *system,
		     const struct pw_space *space, struct pw_range range,
		     const struct pw_mapping *mapping, struct pw_usage *usage)
{
	struct pw_leaf leaf;
	uint64_t page;

	while (range.first < range.end &&
	       space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		add_leaf(system, mapping, &leaf, range, usage);
		range.first = pw_pages_end(system, &leaf);
	}
}

void pw_usage_add(const struct pw_system *system, const struct pw_space *space,
		  struct pw_range range, struct pw_usage *usage)
{
	const struct pw_mapping *mapping;
	struct pw_range part;
	uint64_t at = range.first;

	PW_ASSERT(range.end <= space->page_end);
	while ((mapping = pw_space_part(space, &range, &part))) {
		add_part(system, space, (struct pw_range){at, part.first}, NULL,
			 usage);
		add_part(system, space, part, mapping, usage);
		at = part.end;
	}
	add_part(system, space, (struct pw_range){at, range.end}, NULL, usage);
}
