/*
 * usage.c - what /proc/PID/smaps says of a range of an address space.
 */
#include "replay/usage.h"

#include "base/assert.h"
#include "replay/pages.h"

/* What is told of one leaf. */
struct page {
	const struct pw_frame *frame;
	uint64_t pte;
	uint64_t bytes;
	uint64_t share;
	bool dirty;
};

static void add_shares(struct pw_usage *usage, const struct page *page)
{
	bool is_private = page->frame->maps < 2;

	usage->pss += page->share;
	if (page->dirty) {
		usage->pss_dirty += page->share;
		if (is_private)
			usage->private_dirty += page->bytes;
		else
			usage->shared_dirty += page->bytes;
	} else if (is_private) {
		usage->private_clean += page->bytes;
	} else {
		usage->shared_clean += page->bytes;
	}
}

/* What kind of memory the page is of. */
static void add_kind(struct pw_usage *usage, const struct page *page,
		     unsigned height)
{
	if (page->pte & PW_PTE_SHMEM) {
		usage->pss_shmem += page->share;
		usage->shmem_pmd += height ? page->bytes : 0;
	} else if (page->pte & PW_PTE_FILE) {
		usage->pss_file += page->share;
		usage->file_pmd += height ? page->bytes : 0;
	} else {
		usage->pss_anon += page->share;
		usage->anonymous += page->bytes;
		usage->anon_huge += height ? page->bytes : 0;
		if ((page->frame->flags & PW_FRAME_LAZYFREE) && !page->dirty)
			usage->lazyfree += page->bytes;
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
	struct page page = {.pte = leaf->pte};

	if (!pw_pte_frame(leaf->pte))
		return;
	page.frame = pw_frame_at(&system->memory, pw_pte_frame(leaf->pte));
	page.bytes = bytes_in(system, leaf, range);
	if (mapping && mapping->hugetlb_shift) {
		usage->private_hugetlb += mapping->shared ? 0 : page.bytes;
		usage->shared_hugetlb += mapping->shared ? page.bytes : 0;
		return;
	}
	PW_ASSERT(page.frame->maps > 0);
	page.share = (page.bytes << PW_PSS_SHIFT) / page.frame->maps;
	page.dirty = (leaf->pte & PW_PTE_DIRTY) ||
		     (page.frame->flags & PW_FRAME_DIRTY);
	usage->rss += page.bytes;
	if ((leaf->pte & PW_PTE_PRESENT) ||
	    (page.frame->flags & PW_FRAME_REFERENCED))
		usage->referenced += page.bytes;
	add_kind(usage, &page, leaf->height);
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
