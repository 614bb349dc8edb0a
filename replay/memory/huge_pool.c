/*
 * huge_pool.c - the pool of huge pages that MAP_HUGETLB takes from.
 *
 * Source: Linux 6.18 mm/hugetlb.c hugetlb_acct_memory, hugetlb_report_meminfo.
 */
#include "replay/memory/huge_pool.h"

#include <string.h>

#include "base/assert.h"
#include "replay/memory/page_size.h"
#include "replay/memory/pages.h"

#define DEFAULT_SHIFT 21
#define SHARE (UINT64_C(1) << 20) /* of a page that one entry maps */

/* Whether faults of @mapping map pages of the pool. */
static bool is_of_pool(const struct pw_system *system,
		       const struct pw_space *space,
		       const struct pw_mapping *mapping)
{
	const struct pw_page_size_fault fault = {.mapping = mapping};
	unsigned height = 1;

	return mapping->hugetlb_shift == DEFAULT_SHIFT &&
	       system->machine->page_size_max_shift >= DEFAULT_SHIFT &&
	       system->machine->page_size->wanted_shift(&fault) ==
		       DEFAULT_SHIFT &&
	       (system->machine->geometry.leaves >> height & 1) &&
	       pw_geometry_order(&system->machine->geometry, height) ==
		       DEFAULT_SHIFT - space->page_shift;
}

enum pw_status pw_call_setting(const struct pw_call_context *ctx,
			       struct pw_error *err)
{
	struct pw_huge_pool *pool = &ctx->system->huge_pool;

	(void)err;
	if (strcmp(ctx->text, "nr_hugepages") != 0)
		return PW_OK;
	pool->known = true;
	pool->pages = ctx->event->arg[0];
	return PW_OK;
}

/* Of a pool: pages that are taken, in shares, and those that are promised. */
struct use {
	uint64_t shares;
	uint64_t promised;
};

/* A fork's child has no promise for what it has not. */
static bool has_promise(const struct pw_mapping *mapping)
{
	return !mapping->forked && !pw_vma_has(mapping, PW_VM_NORESERVE);
}

static void add_mapping(const struct pw_system *system,
			const struct pw_space *space,
			const struct pw_mapping *mapping,
			struct pw_range extent, struct use *use)
{
	uint64_t count = (extent.end - extent.first) >>
			 (DEFAULT_SHIFT - space->page_shift);
	uint64_t page;
	struct pw_leaf leaf;

	while (space->table_ops->next(space->table, extent.first, extent.end,
				      &page, &leaf)) {
		const struct pw_frame *frame =
			pw_frame_at(&system->memory, pw_pte_frame(leaf.pte));

		PW_ASSERT(count > 0 && frame->maps > 0);
		use->shares += SHARE / frame->maps;
		count--;
		extent.first = pw_pages_end(system, &leaf);
	}
	use->promised += has_promise(mapping) ? count : 0;
}

static struct use add_up(const struct pw_system *system)
{
	struct use use = {0, 0};

	for (size_t i = 0; i < system->spaces.count; i++) {
		const struct pw_space *space =
			PW_ARRAY_AT(&system->spaces, struct pw_space *, i);
		const struct pw_mapping *mapping;
		struct pw_range extent = {0, 0};

		while (space &&
		       (mapping = pw_space_next(space, extent.end, &extent)))
			if (is_of_pool(system, space, mapping))
				add_mapping(system, space, mapping, extent,
					    &use);
	}
	return use;
}

void pw_huge_pool_sizes(const struct pw_system *system,
			struct pw_huge_sizes *sizes)
{
	const struct pw_huge_pool *pool = &system->huge_pool;
	struct use use = add_up(system);
	uint64_t used = (use.shares + SHARE / 2) / SHARE;

	*sizes = (struct pw_huge_sizes){.total = used};
	if (!pool->known)
		return;
	if (sizes->total < pool->pages)
		sizes->total = pool->pages;
	sizes->free = sizes->total - used;
	sizes->reserved = use.promised;
}

bool pw_huge_pool_lacks(const struct pw_system *system,
			const struct pw_space *space,
			const struct pw_mapping *mapping)
{
	struct pw_huge_sizes sizes;

	if (!system->huge_pool.known || has_promise(mapping) ||
	    !is_of_pool(system, space, mapping))
		return false;
	pw_huge_pool_sizes(system, &sizes);
	return sizes.free <= sizes.reserved;
}
