/*
 * advice.c - madvise, as far as mappings and their present pages go.
 *
 * Source: Linux 6.18 mm/madvise.c.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/enlarge.h"
#include "replay/memory/event_call.h"
#include "replay/memory/guard.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/page_advice.h"
#include "replay/memory/pages.h"
#include "replay/memory/populate.h"

/* Linux include/uapi/asm-generic/mman-common.h. */
enum {
	ADVICE_NORMAL = 0,
	ADVICE_RANDOM = 1,
	ADVICE_SEQUENTIAL = 2,
	ADVICE_DONTNEED = 4,
	ADVICE_DONTFORK = 10,
	ADVICE_DOFORK = 11,
	ADVICE_MERGEABLE = 12,
	ADVICE_UNMERGEABLE = 13,
	ADVICE_HUGEPAGE = 14,
	ADVICE_NOHUGEPAGE = 15,
	ADVICE_DONTDUMP = 16,
	ADVICE_DODUMP = 17,
	ADVICE_WIPEONFORK = 18,
	ADVICE_KEEPONFORK = 19,
	ADVICE_POPULATE_READ = 22,
	ADVICE_POPULATE_WRITE = 23,
	ADVICE_DONTNEED_LOCKED = 24,
	ADVICE_COLLAPSE = 25,
	ADVICE_GUARD_INSTALL = 102,
	ADVICE_GUARD_REMOVE = 103,
};

/* Advice that only changes flags: what it takes away and gives. */
struct flag_advice {
	uint8_t advice;
	uint64_t clear;
	uint64_t set;
};

static const struct flag_advice flag_advices[] = {
	{ADVICE_NORMAL, PW_VM_RAND_READ | PW_VM_SEQ_READ, 0},
	{ADVICE_RANDOM, PW_VM_SEQ_READ, PW_VM_RAND_READ},
	{ADVICE_SEQUENTIAL, PW_VM_RAND_READ, PW_VM_SEQ_READ},
	{ADVICE_DONTFORK, 0, PW_VM_DONTCOPY},
	{ADVICE_DOFORK, PW_VM_DONTCOPY, 0},
	{ADVICE_MERGEABLE, 0, PW_VM_MERGEABLE},
	{ADVICE_UNMERGEABLE, PW_VM_MERGEABLE, 0},
	{ADVICE_HUGEPAGE, PW_VM_NOHUGEPAGE, PW_VM_HUGEPAGE},
	{ADVICE_NOHUGEPAGE, PW_VM_HUGEPAGE, PW_VM_NOHUGEPAGE},
	{ADVICE_DONTDUMP, 0, PW_VM_DONTDUMP},
	{ADVICE_DODUMP, PW_VM_DONTDUMP, 0},
	{ADVICE_WIPEONFORK, 0, PW_VM_WIPEONFORK},
	{ADVICE_KEEPONFORK, PW_VM_WIPEONFORK, 0},
};

static const struct flag_advice *find_flag_advice(uint64_t advice)
{
	for (size_t i = 0; i < PW_COUNT(flag_advices); i++)
		if (flag_advices[i].advice == advice)
			return &flag_advices[i];
	return NULL;
}

/* Memory that is neither a file's nor shared, as vma_is_anonymous has it. */
static bool is_plain(const struct pw_mapping *mapping)
{
	return mapping->anonymous && !mapping->shared &&
	       !mapping->hugetlb_shift;
}

/* Whether @mapping makes the call end with an error. */
static bool is_refused(const struct pw_mapping *mapping, uint64_t advice)
{
	uint64_t flags = mapping->flags;

	switch (advice) {
	case ADVICE_DONTNEED:
		return (flags & (PW_VM_LOCKED | PW_VM_PFNMAP)) != 0;
	case ADVICE_DONTNEED_LOCKED:
		return (flags & PW_VM_PFNMAP) != 0;
	case PW_ADVICE_FREE:
		return !is_plain(mapping) ||
		       (flags & (PW_VM_LOCKED | PW_VM_PFNMAP));
	case PW_ADVICE_COLD:
	case PW_ADVICE_PAGEOUT:
		return (flags &
			(PW_VM_LOCKED | PW_VM_PFNMAP | PW_VM_HUGETLB)) != 0;
	case PW_ADVICE_REMOVE:
		return (flags & PW_VM_LOCKED) ||
		       (flags & (PW_VM_SHARED | PW_VM_WRITE)) !=
			       (PW_VM_SHARED | PW_VM_WRITE);
	case ADVICE_DOFORK:
		return (flags & PW_VM_SPECIAL) != 0;
	case ADVICE_WIPEONFORK:
		return !is_plain(mapping) || mapping->backing;
	case ADVICE_KEEPONFORK:
		return (flags & PW_VM_DROPPABLE) != 0;
	case ADVICE_DODUMP:
		return (!(flags & PW_VM_HUGETLB) && (flags & PW_VM_SPECIAL)) ||
		       (flags & PW_VM_DROPPABLE);
	case ADVICE_GUARD_INSTALL:
		return (flags &
			(PW_VM_SPECIAL | PW_VM_HUGETLB | PW_VM_LOCKED)) != 0;
	case ADVICE_GUARD_REMOVE:
		return (flags & (PW_VM_SPECIAL | PW_VM_HUGETLB)) != 0;
	default:
		return false;
	}
}

/* Same-page merging leaves what it cannot merge as it is. */
static bool is_ignored(const struct pw_mapping *mapping, uint64_t advice)
{
	return advice == ADVICE_MERGEABLE &&
	       (mapping->flags &
		(PW_VM_SHARED | PW_VM_MAYSHARE | PW_VM_SPECIAL | PW_VM_HUGETLB |
		 PW_VM_DROPPABLE));
}

static enum pw_status change_flags(const struct pw_call_context *ctx,
				   struct pw_range part,
				   const struct pw_mapping *mapping,
				   const struct flag_advice *advice,
				   struct pw_error *err)
{
	struct pw_mapping changed = *mapping;

	changed.flags = (changed.flags & ~advice->clear) | advice->set;
	if (is_ignored(mapping, advice->advice) ||
	    changed.flags == mapping->flags)
		return PW_OK;
	return pw_call_modify(ctx, part, &changed, err);
}

static enum pw_status drop(const struct pw_call_context *ctx,
			   struct pw_range part, struct pw_error *err)
{
	enum pw_status st;

	/* Linux 6.18 zap_page_range_single_batched does not. */
	if (ctx->system->machine->kernel < PW_KERNEL_6_18)
		pw_lazy_drain(ctx->system);
	st = pw_pages_drop(ctx->system, ctx->space, part, err);
	return st == PW_OK ? pw_kept_tables_reclaim(ctx->system, ctx->space,
						    part, err)
			   : st;
}

/* What the call does to a part of one mapping. */
static enum pw_status advise(const struct pw_call_context *ctx,
			     struct pw_range part,
			     const struct pw_mapping *mapping,
			     struct pw_error *err)
{
	uint64_t advice = ctx->event->arg[2];
	const struct flag_advice *flags = find_flag_advice(advice);

	if (flags)
		return change_flags(ctx, part, mapping, flags, err);
	switch (advice) {
	case PW_ADVICE_WILLNEED:
	case PW_ADVICE_FREE:
	case PW_ADVICE_REMOVE:
	case PW_ADVICE_COLD:
	case PW_ADVICE_PAGEOUT:
		return pw_page_advice(ctx, part, mapping,
				      (enum pw_page_advice)advice, err);
	case ADVICE_DONTNEED:
	case ADVICE_DONTNEED_LOCKED:
		return drop(ctx, part, err);
	case ADVICE_POPULATE_READ:
		return pw_populate(ctx->system, ctx->space, part,
				   PW_POPULATE_READ, err);
	case ADVICE_POPULATE_WRITE:
		return pw_populate(ctx->system, ctx->space, part,
				   PW_POPULATE_WRITE, err);
	case ADVICE_COLLAPSE:
		return pw_enlarge(ctx->system, ctx->space, mapping, part, err);
	case ADVICE_GUARD_INSTALL:
		return pw_guard_install(ctx->system, ctx->space, part, err);
	case ADVICE_GUARD_REMOVE:
		return pw_guard_remove(ctx->space, part, err);
	default:
		return PW_OK;
	}
}

/*
 * Up to where a call that failed has populated: a gap, a mapping without
 * @right, or what nobody can have. 0: something else was wrong.
 */
static uint64_t find_populated(const struct pw_call_context *ctx,
			       struct pw_range range, uint64_t right)
{
	const struct pw_space *space = ctx->space;
	uint64_t at = range.first, end = range.end;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part))) {
		uint64_t had =
			pw_populate_end(ctx->system, space, mapping, part);

		if (part.first != at ||
		    (mapping->flags & (PW_VM_IO | PW_VM_PFNMAP)) ||
		    !(mapping->flags & right))
			return at;
		if (had < part.end)
			return had + 1; /* there it fails */
		at = part.end;
	}
	return at < end ? at : 0;
}

/*
 * Up to where a call that failed has come: a mapping that refuses it. Gaps do
 * not end it, but make it fail.
 */
static uint64_t find_stop(const struct pw_call_context *ctx,
			  struct pw_range range, uint64_t advice)
{
	uint64_t at = range.first, end = range.end;
	const struct pw_mapping *mapping;
	struct pw_range part;
	bool gap = false;

	if (advice == ADVICE_POPULATE_READ || advice == ADVICE_POPULATE_WRITE)
		return find_populated(ctx, range,
				      advice == ADVICE_POPULATE_READ
					      ? PW_VM_READ
					      : PW_VM_WRITE);
	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		if (is_refused(mapping, advice))
			return part.first;
		/* Of the mapping that it fails at, it does what it can. */
		if (advice == ADVICE_COLLAPSE)
			return part.end;
		gap = gap || part.first != at;
		at = part.end;
	}
	/* Something else was wrong, before anything was done. */
	return gap || at < end ? end : 0;
}

enum pw_status pw_call_madvise(const struct pw_call_context *ctx,
			       struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	const struct pw_mapping *mapping;
	struct pw_range part;

	if (pw_event_failed(ctx->event)) {
		if (arg[0] % PW_PAGE_BYTES)
			return PW_OK;
		range.end = find_stop(ctx, range, arg[2]);
	}
	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		enum pw_status st;

		if (!pw_event_failed(ctx->event) && is_refused(mapping, arg[2]))
			pw_call_forbidden(ctx);
		st = advise(ctx, part, mapping, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}
