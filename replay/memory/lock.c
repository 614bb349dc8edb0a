/*
 * lock.c - mlock, munlock and their relatives for whole processes.
 */
#include "replay/memory/lock.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/page_advice.h"
#include "replay/memory/populate.h"

/* Linux include/uapi/asm-generic/mman.h. */
#define FLAG_ONFAULT 1 /* of mlock2 */
#define FLAG_CURRENT 1 /* of mlockall */
#define FLAG_FUTURE 2
#define FLAG_FUTURE_ONFAULT 4

/* Let the mappings in @range have the flags @lock. */
static enum pw_status lock_range(const struct pw_call_context *ctx,
				 struct pw_range range, uint64_t lock,
				 struct pw_error *err)
{
	const struct pw_mapping *mapping;
	struct pw_range part;

	PW_ASSERT(range.end <= ctx->space->page_end);
	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		struct pw_mapping changed = *mapping;
		enum pw_status st;

		changed.flags = (changed.flags & ~PW_VM_LOCKED_MASK) | lock;
		if (changed.flags == mapping->flags ||
		    (changed.flags & (PW_VM_SPECIAL | PW_VM_DROPPABLE)))
			continue;
		/* Linux mm/mlock.c mlock_vma_pages_range. */
		if ((changed.flags ^ mapping->flags) & PW_VM_LOCKED)
			pw_lazy_drain(ctx->system);
		st = pw_call_modify(ctx, part, &changed, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* Up to the first gap, or with @with_closed to what nobody can use. */
static uint64_t find_stop(const struct pw_call_context *ctx,
			  struct pw_range range, bool with_closed)
{
	const struct pw_space *space = ctx->space;
	uint64_t at = range.first;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part))) {
		uint64_t usable;

		if (part.first != at ||
		    (with_closed && !(mapping->flags & PW_VM_ACCESS)))
			return at;
		usable = with_closed ? pw_populate_end(ctx->system, space,
						       mapping, part)
				     : part.end;
		if (usable < part.end)
			return usable;
		at = part.end;
	}
	return at;
}

/* Whether locking @range would go beyond RLIMIT_MEMLOCK. */
static bool is_beyond_limit(const struct pw_space *space, struct pw_range range)
{
	uint64_t pages = space->use.locked;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part)))
		if (!pw_vma_has(mapping, PW_VM_LOCKED))
			pages += part.end - part.first;
	return pages > space->limit_bytes[PW_LIMIT_MEMLOCK] >>
	       space->page_shift;
}

/*
 * mlock: a gap ends it before pages come; pages come as far as they can. It
 * fails with one error in both cases, and at the limit, where nothing happens.
 */
static enum pw_status lock(const struct pw_call_context *ctx,
			   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	uint64_t gap = find_stop(ctx, range, false);
	uint64_t closed = find_stop(ctx, range, true);
	uint64_t how = PW_VM_LOCKED;
	bool failed = pw_event_failed(ctx->event);
	bool has_gap = gap < range.end;
	enum pw_status st;

	if (arg[2] & FLAG_ONFAULT)
		how |= PW_VM_LOCKONFAULT;
	if (failed && (ctx->event->result != PW_CALL_ENOMEM ||
		       (!has_gap && closed == range.end &&
			is_beyond_limit(ctx->space, range))))
		return PW_OK;
	if (!failed && has_gap)
		pw_call_forbidden(ctx);
	if (failed)
		range.end = gap;
	st = lock_range(ctx, range, how, err);
	if (st != PW_OK || (arg[2] & FLAG_ONFAULT) || (failed && has_gap))
		return st;
	if (failed && closed < range.end)
		range.end = closed + 1; /* where it fails */
	return pw_populate(ctx->system, ctx->space, range,
			   PW_POPULATE_BY_MAPPING, err);
}

static enum pw_status unlock(const struct pw_call_context *ctx,
			     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	uint64_t gap = find_stop(ctx, range, false);

	if (gap < range.end && !pw_event_failed(ctx->event))
		pw_call_forbidden(ctx);
	if (pw_event_failed(ctx->event))
		range.end = gap < range.end ? gap : range.first;
	return lock_range(ctx, range, 0, err);
}

static enum pw_status lock_all(const struct pw_call_context *ctx,
			       struct pw_error *err)
{
	const struct pw_range all = {0, ctx->space->page_end};
	uint64_t flags = ctx->event->arg[0];
	uint64_t how = PW_VM_LOCKED;
	enum pw_status st;

	if (flags & FLAG_FUTURE_ONFAULT)
		how |= PW_VM_LOCKONFAULT;
	ctx->space->future_lock = flags & FLAG_FUTURE ? how : 0;
	if (!(flags & FLAG_CURRENT))
		return PW_OK;
	st = lock_range(ctx, all, how, err);
	if (st != PW_OK || how != PW_VM_LOCKED)
		return st;
	return pw_populate(ctx->system, ctx->space, all, PW_POPULATE_BY_MAPPING,
			   err);
}

enum pw_status pw_call_lock(const struct pw_call_context *ctx,
			    struct pw_error *err)
{
	const struct pw_range all = {0, ctx->space->page_end};

	switch ((unsigned)ctx->event->kind) {
	case PW_EVENT_mlock:
		return lock(ctx, err);
	case PW_EVENT_munlock:
		return unlock(ctx, err);
	case PW_EVENT_mlockall:
		return pw_event_failed(ctx->event) ? PW_OK : lock_all(ctx, err);
	default:
		PW_ASSERT(ctx->event->kind == PW_EVENT_munlockall);
		if (pw_event_failed(ctx->event))
			return PW_OK;
		ctx->space->future_lock = 0;
		return lock_range(ctx, all, 0, err);
	}
}
