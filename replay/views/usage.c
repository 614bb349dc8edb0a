/*
 * usage.c - what /proc/PID/smaps says of a range of an address space.
 */
#include "replay/views/usage.h"

#include "base/assert.h"
#include "replay/memory/pages.h"

/* What is told of one leaf. */
struct page {
	uint64_t bytes; /* of it that are asked for */
	uint64_t share; /* of them, with PW_PSS_SHIFT fraction bits */
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

/* The base pages of @leaf that lie in @range. */
static uint64_t pages_in(const struct pw_system *system,
			 const struct pw_leaf *leaf, struct pw_range range)
{
	uint64_t end = pw_pages_end(system, leaf);
	uint64_t first = leaf->first > range.first ? leaf->first : range.first;

	if (end > range.end)
		end = range.end;
	PW_ASSERT(first < end);
	return end - first;
}

/* Each base page is shared out by itself, and what is left over is lost. */
static struct page look_at(const struct pw_system *system,
			   const struct pw_leaf *leaf, struct pw_range range)
{
	const struct pw_frame *frame =
		pw_frame_at(&system->memory, pw_pte_frame(leaf->pte));
	unsigned shift = system->machine->geometry.page_shift;
	uint64_t pages = pages_in(system, leaf, range);

	PW_ASSERT(frame->maps > 0);
	return (struct page){
		.bytes = pages << shift,
		.share = pages * (((uint64_t)1 << (shift + PW_PSS_SHIFT)) /
				  frame->maps),
		.dirty = (leaf->pte & PW_PTE_DIRTY) ||
			 (frame->flags & PW_FRAME_DIRTY),
		.is_private = frame->maps == 1,
	};
}

/* Which kind of memory it is of. */
static void add_kind(const struct pw_system *system, const struct pw_leaf *leaf,
		     const struct page *page, struct pw_usage *usage)
{
	const struct pw_frame *frame =
		pw_frame_at(&system->memory, pw_pte_frame(leaf->pte));

	if (leaf->pte & PW_PTE_SHMEM) {
		usage->pss_shmem += page->share;
	} else if (leaf->pte & PW_PTE_FILE) {
		usage->pss_file += page->share;
	} else {
		usage->anonymous += page->bytes;
		usage->pss_anon += page->share;
		usage->anon_huge += leaf->height ? page->bytes : 0;
		if ((frame->flags & PW_FRAME_LAZYFREE) && !page->dirty)
			usage->lazyfree += page->bytes;
	}
}

static void add_leaf(const struct pw_system *system,
		     const struct pw_mapping *mapping,
		     const struct pw_leaf *leaf, struct pw_range range,
		     struct pw_usage *usage)
{
	struct page page;

	if (!pw_pte_frame(leaf->pte))
		return;
	page = look_at(system, leaf, range);
	if (mapping && mapping->hugetlb_shift) {
		usage->private_hugetlb += page.is_private ? page.bytes : 0;
		usage->shared_hugetlb += page.is_private ? 0 : page.bytes;
		return;
	}
	usage->rss += page.bytes;
	if ((leaf->pte & PW_PTE_PRESENT) ||
	    (pw_frame_at(&system->memory, pw_pte_frame(leaf->pte))->flags &
	     PW_FRAME_REFERENCED))
		usage->referenced += page.bytes;
	add_kind(system, leaf, &page, usage);
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

uint32_t pw_usage_maps_max(const struct pw_system *system,
			   const struct pw_space *space, struct pw_range range)
{
	uint32_t most = 0;
	struct pw_leaf leaf;
	uint64_t page;

	while (range.first < range.end &&
	       space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		uint32_t frame = pw_pte_frame(leaf.pte);

		if (frame && pw_frame_at(&system->memory, frame)->maps > most)
			most = pw_frame_at(&system->memory, frame)->maps;
		range.first = pw_pages_end(system, &leaf);
	}
	return most;
}
