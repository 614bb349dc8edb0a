/*
 * page_advice.c - madvise that concerns pages: FREE, COLD, PAGEOUT, REMOVE and
 * WILLNEED.
 *
 * Pages that MADV_FREE has seen are marked when a batch of them is full, or
 * emptied because somebody wants the lists in order.
 *
 * Source: Linux 6.18 mm/madvise.c, mm/swap.c folio_mark_lazyfree,
 *         mm/vmscan.c shrink_folio_list.
 */
#include "replay/memory/page_advice.h"

#include "base/assert.h"
#include "replay/memory/cache.h"
#include "replay/memory/pages.h"
#include "replay/memory/readahead.h"

void pw_lazy_drain(struct pw_system *system)
{
	for (unsigned i = 0; i < system->lazy_count; i++) {
		struct pw_frame *frame =
			pw_frame_at(&system->memory, system->lazy[i]);

		if (frame->maps > 0)
			frame->flags |= PW_FRAME_LAZYFREE;
		pw_frame_put(&system->memory, system->lazy[i]);
	}
	system->lazy_count = 0;
}

static void add_lazy(struct pw_system *system, uint32_t frame)
{
	pw_frame_at(&system->memory, frame)->refs++;
	system->lazy[system->lazy_count++] = frame;
	if (system->lazy_count == PW_LAZY_BATCH)
		pw_lazy_drain(system);
}

typedef enum pw_status (*page_work)(const struct pw_call_context *ctx,
				    struct pw_leaf leaf, bool *changed,
				    struct pw_error *err);

/* Do @work for each entry of @range that has a frame. */
static enum pw_status for_each(const struct pw_call_context *ctx,
			       struct pw_range range, page_work work,
			       struct pw_error *err)
{
	struct pw_range rest = range;
	struct pw_leaf leaf;
	uint64_t page;
	enum pw_status st = pw_pages_cut(ctx->system, ctx->space, range, err);

	while (st == PW_OK &&
	       ctx->space->table_ops->next(ctx->space->table, rest.first,
					   rest.end, &page, &leaf)) {
		bool one = false;

		rest.first = pw_pages_end(ctx->system, &leaf);
		if (pw_pte_frame(leaf.pte))
			st = work(ctx, leaf, &one, err);
		if (st == PW_OK)
			pw_pages_invalidate(
				ctx->system, ctx->space,
				(struct pw_range){leaf.first, rest.first}, one);
	}
	return st;
}

/* madvise_free_pte_range. */
static enum pw_status free_page(const struct pw_call_context *ctx,
				struct pw_leaf leaf, bool *changed,
				struct pw_error *err)
{
	const uint64_t flags = PW_PTE_PRESENT | PW_PTE_DIRTY | PW_PTE_WRITABLE;
	uint32_t number = pw_pte_frame(leaf.pte);
	struct pw_frame *frame = pw_frame_at(&ctx->system->memory, number);
	enum pw_status st;

	PW_ASSERT(!(leaf.pte & PW_PTE_FILE));
	if (leaf.height > 0 && frame->maps > 1)
		return PW_OK;
	*changed = leaf.pte & (PW_PTE_PRESENT | PW_PTE_DIRTY);
	leaf.pte &= ~flags;
	st = pw_pages_set(ctx->system, ctx->space, &leaf, err);
	if (st != PW_OK || (frame->flags & PW_FRAME_LAZYFREE))
		return st;
	add_lazy(ctx->system, number);
	if (leaf.height > 0)
		pw_lazy_drain(ctx->system);
	return PW_OK;
}

/* madvise_cold_or_pageout_pte_range, of pages that nobody else maps. */
static enum pw_status cool_page(const struct pw_call_context *ctx,
				struct pw_leaf leaf, bool *changed,
				struct pw_error *err)
{
	const struct pw_frame *frame =
		pw_frame_at(&ctx->system->memory, pw_pte_frame(leaf.pte));

	if (frame->maps > 1 || !(leaf.pte & PW_PTE_PRESENT))
		return PW_OK;
	*changed = true;
	/* A write shall be noticed, too. */
	leaf.pte &= ~(uint64_t)(PW_PTE_PRESENT | PW_PTE_WRITABLE);
	return pw_pages_set(ctx->system, ctx->space, &leaf, err);
}

/*
 * There is no swap: pages of their own stay, but for those that MADV_FREE gave
 * up. Pages of the cache are unmapped, and forgotten if they are clean.
 */
static enum pw_status evict_page(const struct pw_call_context *ctx,
				 struct pw_leaf leaf, bool *changed,
				 struct pw_error *err)
{
	const struct pw_frame *frame =
		pw_frame_at(&ctx->system->memory, pw_pte_frame(leaf.pte));
	const struct pw_mapping *mapping =
		pw_space_find(ctx->space, leaf.first, NULL);
	bool dirty =
		(leaf.pte & PW_PTE_DIRTY) || (frame->flags & PW_FRAME_DIRTY);
	bool cached = leaf.pte & PW_PTE_FILE;
	uint64_t index;

	if (frame->maps > 1 ||
	    (!cached && (dirty || !(frame->flags & PW_FRAME_LAZYFREE))))
		return PW_OK;
	*changed = true;
	(void)pw_pages_remove(
		ctx->system, ctx->space,
		(struct pw_range){leaf.first,
				  pw_pages_end(ctx->system, &leaf)});
	if (!cached || dirty || (leaf.pte & PW_PTE_SHMEM))
		return PW_OK;
	index = pw_cache_index(ctx->space, mapping, leaf.first);
	return pw_cache_drop(ctx->system, mapping->object, index, index + 1,
			     err);
}

static enum pw_status want(const struct pw_call_context *ctx,
			   struct pw_range part,
			   const struct pw_mapping *mapping,
			   struct pw_error *err)
{
	struct pw_reader reader;
	enum pw_status st;

	if (!mapping->object ||
	    pw_object_at(&ctx->system->objects, mapping->object)->kind ==
		    PW_OBJECT_SHMEM)
		return PW_OK;
	st = pw_reader_of(ctx->system, mapping->object, mapping->backing,
			  &reader, err);
	if (st != PW_OK)
		return st;
	return pw_read_wanted(&reader,
			      pw_cache_index(ctx->space, mapping, part.first),
			      part.end - part.first, err);
}

enum pw_status pw_page_advice(const struct pw_call_context *ctx,
			      struct pw_range part,
			      const struct pw_mapping *mapping,
			      enum pw_page_advice advice, struct pw_error *err)
{
	unsigned shift = ctx->space->page_shift;

	if (advice != PW_ADVICE_WILLNEED)
		pw_lazy_drain(ctx->system);
	switch (advice) {
	case PW_ADVICE_WILLNEED:
		return want(ctx, part, mapping, err);
	case PW_ADVICE_FREE:
		if (mapping->object || mapping->hugetlb_shift)
			return PW_OK;
		return for_each(ctx, part, free_page, err);
	case PW_ADVICE_COLD:
		return for_each(ctx, part, cool_page, err);
	case PW_ADVICE_PAGEOUT:
		return for_each(ctx, part, evict_page, err);
	case PW_ADVICE_REMOVE:
	default:
		if (!mapping->object)
			return PW_OK;
		return pw_call_punch(
			ctx, mapping->object,
			pw_cache_index(ctx->space, mapping, part.first)
				<< shift,
			(part.end - part.first) << shift, err);
	}
}
