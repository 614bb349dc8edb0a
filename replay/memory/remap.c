/*
 * remap.c - mremap: mappings and their pages move, shrink, grow or double.
 *
 * Source: Linux 6.18 mm/mremap.c, mm/vma.c copy_vma.
 */
#include "replay/memory/remap.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/commit.h"
#include "replay/memory/guard.h"
#include "replay/memory/pages.h"
#include "replay/memory/populate.h"
#include "replay/memory/space_merge.h"

#define FLAG_DONTUNMAP 4 /* Linux include/uapi/linux/mman.h */

/* One call; ranges are what is left to do of a move of many mappings. */
struct remap {
	const struct pw_call_context *ctx;
	struct pw_range from; /* old address and length */
	struct pw_range to;   /* result and new length */
	bool stays;	      /* MREMAP_DONTUNMAP, or an old length of 0 */
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t pages_of(struct pw_range range)
{
	return range.end - range.first;
}

/* New pages of a locked mapping come at once. */
static enum pw_status fill(const struct remap *remap, struct pw_range growth,
			   struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	const struct pw_mapping *mapping =
		pw_space_find(ctx->space, growth.first, NULL);

	if (growth.first >= growth.end || !mapping ||
	    !pw_vma_is_locked_now(mapping))
		return PW_OK;
	return pw_populate(ctx->system, ctx->space, growth,
			   PW_POPULATE_BY_MAPPING, err);
}

static enum pw_status resize(const struct remap *remap, struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	struct pw_range change = {min(remap->from.end, remap->to.end),
				  max(remap->from.end, remap->to.end)};
	const struct pw_mapping *mapping;
	enum pw_status st = pw_call_unmap(ctx, change, err);

	if (st != PW_OK || remap->to.end <= remap->from.end)
		return st;
	mapping = pw_space_find(ctx->space, change.first - 1, NULL);
	if (mapping)
		pw_commit_check(ctx, mapping, pages_of(change));
	st = pw_space_extend(ctx->space, change, err);
	return st == PW_OK ? fill(remap, change, err) : st;
}

/* What @mapping is after it moved from @part to @target. */
static struct pw_mapping displace(const struct remap *remap,
				  struct pw_mapping mapping,
				  struct pw_range part, struct pw_range target)
{
	uint64_t shift = remap->ctx->space->page_shift;

	/* Memory without pages takes the offset of its new place. */
	if (mapping.anonymous && !mapping.shared && !mapping.anon_vma &&
	    !mapping.hugetlb_shift)
		mapping.file_bias = 0;
	else
		mapping.file_bias -= (target.first - part.first) << shift;
	return mapping;
}

/* MREMAP_DONTUNMAP: the whole mapping is no longer locked, and if all of it
 * has moved, has no pages of its own. */
static enum pw_status leave(const struct remap *remap, struct pw_range part,
			    struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	struct pw_range extent;
	const struct pw_mapping *found =
		pw_space_find(ctx->space, part.first, &extent);
	struct pw_mapping mapping;

	PW_ASSERT(found);
	mapping = *found;
	/* The kernel forgets to count it as locked no more. */
	if (pw_vma_has(found, PW_VM_LOCKED))
		ctx->space->use.locked += pages_of(extent);
	mapping.flags &= ~PW_VM_LOCKED_MASK;
	if (extent.first == part.first && extent.end == part.end) {
		mapping.anon_vma = 0;
		mapping.forked = false;
	}
	return pw_space_map(ctx->space, extent, &mapping, err);
}

/* Move @part, which lies in @mapping, to @target, which may be longer. */
static enum pw_status move_part(const struct remap *remap, struct pw_range part,
				const struct pw_mapping *mapping,
				struct pw_range target, struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	struct pw_mapping moved = displace(remap, *mapping, part, target);
	struct pw_range pages = part;
	enum pw_status st;

	PW_ASSERT(part.first < part.end && target.first < target.end);
	pages.end = min(part.end, part.first + pages_of(target));
	pw_commit_check(ctx, &moved, pages_of(target));
	st = pw_space_add(ctx->space, target, &moved, false, err);
	if (st == PW_OK)
		st = pw_pages_move(ctx->system, ctx->space, pages, target.first,
				   err);
	if (st == PW_OK)
		st = pw_guard_move(ctx->space, pages, target.first, err);
	if (st != PW_OK)
		return st;
	if (remap->stays)
		return leave(remap, part, err);
	return pw_call_unmap(ctx, part, err);
}

/*
 * Several mappings move one after the other, each to where it lies from the
 * first one; what is at the target between them stays. A single one may
 * become longer.
 */
static enum pw_status move(const struct remap *remap, struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	bool resized = pages_of(remap->from) != pages_of(remap->to);
	struct pw_range rest = remap->from, part;
	const struct pw_mapping *mapping;
	enum pw_status st = PW_OK;

	if (resized)
		st = pw_call_unmap(ctx, remap->to, err);
	if (st == PW_OK && pages_of(remap->to) < pages_of(remap->from)) {
		rest.end = rest.first + pages_of(remap->to);
		st = pw_call_unmap(
			ctx, (struct pw_range){rest.end, remap->from.end}, err);
	}
	while (st == PW_OK &&
	       (mapping = pw_space_part(ctx->space, &rest, &part))) {
		struct pw_mapping copy = *mapping;
		struct pw_range target = {
			remap->to.first + (part.first - remap->from.first),
			remap->to.first + (part.end - remap->from.first)};

		if (part.end == remap->from.end)
			target.end = remap->to.end;
		if (!resized)
			st = pw_call_unmap(ctx, target, err);
		if (st == PW_OK)
			st = move_part(remap, part, &copy, target, err);
		if (st == PW_OK)
			st = fill(
				remap,
				(struct pw_range){target.first + pages_of(part),
						  target.end},
				err);
	}
	return st;
}

/* An old length of 0: a second mapping of the same shared memory. */
static enum pw_status duplicate(const struct remap *remap, struct pw_error *err)
{
	const struct pw_call_context *ctx = remap->ctx;
	const struct pw_range at = {remap->from.first, remap->from.first};
	const struct pw_mapping *found =
		pw_space_find(ctx->space, at.first, NULL);
	struct pw_mapping copy;
	enum pw_status st;

	if (!found || !found->shared ||
	    (remap->to.first <= at.first && at.first < remap->to.end)) {
		pw_call_forbidden(ctx);
		return PW_OK;
	}
	if (pages_of(remap->to) == 0)
		return PW_OK;
	copy = displace(remap, *found, at, remap->to);
	st = pw_call_unmap(ctx, remap->to, err);
	if (st == PW_OK)
		st = pw_space_add(ctx->space, remap->to, &copy, false, err);
	return st == PW_OK ? fill(remap, remap->to, err) : st;
}

enum pw_status pw_call_mremap(const struct pw_call_context *ctx,
			      struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct remap remap = {
		.ctx = ctx,
		.from = pw_call_range(ctx, arg[0], arg[1]),
		.to = pw_call_range(ctx, ctx->event->result, arg[2]),
		.stays = arg[3] & FLAG_DONTUNMAP,
	};
	const struct pw_range *from = &remap.from;
	const struct pw_range *to = &remap.to;

	PW_ASSERT(from->first <= from->end && to->first <= to->end);
	if (from->first == from->end)
		return duplicate(&remap, err);
	if (from->first == to->first)
		return resize(&remap, err);
	if (to->first == to->end ||
	    max(from->first, to->first) < min(from->end, to->end)) {
		pw_call_forbidden(ctx);
		return PW_OK;
	}
	return move(&remap, err);
}
