/*
 * lock.c - mlock, munlock and their relatives for whole processes.
 */
#include "replay/lock.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/pages.h"
#include "replay/populate.h"

/* Linux include/uapi/asm-generic/mman.h. */
#define FLAG_ONFAULT 1 /* of mlock2 */
#define FLAG_CURRENT 1 /* of mlockall */
#define FLAG_FUTURE 2
#define FLAG_FUTURE_ONFAULT 4

enum pw_status pw_lock_range(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, enum pw_lock lock,
			     struct pw_error *err)
{
	const struct pw_mapping *mapping;
	struct pw_range part;

	PW_ASSERT(range.end <= space->page_end);
	while ((mapping = pw_space_part(space, &range, &part))) {
		struct pw_mapping changed = *mapping;
		enum pw_status st;

		if (mapping->lock == lock)
			continue;
		changed.lock = lock;
		st = pw_pages_cut(system, space, part, err);
		if (st == PW_OK)
			st = pw_space_map(space, part, &changed, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* Lock @range and bring its pages, unless they shall come by faults. */
static enum pw_status lock_now(struct pw_system *system, struct pw_space *space,
			       struct pw_range range, enum pw_lock lock,
			       struct pw_error *err)
{
	enum pw_status st = pw_lock_range(system, space, range, lock, err);

	if (st != PW_OK || lock != PW_LOCK_NOW)
		return st;
	return pw_populate(system, space, range, PW_POPULATE_BY_MAPPING, err);
}

enum pw_status pw_lock_event(struct pw_system *system, struct pw_space *space,
			     const struct pw_event *event, struct pw_error *err)
{
	const struct pw_range all = {0, space->page_end};
	const uint64_t *arg = event->arg;
	struct pw_range range = pw_space_range(space, arg[0], arg[1]);
	enum pw_lock lock;

	switch ((unsigned)event->kind) {
	case PW_EVENT_mlock:
		lock = arg[2] & FLAG_ONFAULT ? PW_LOCK_ON_FAULT : PW_LOCK_NOW;
		return lock_now(system, space, range, lock, err);
	case PW_EVENT_munlock:
		return pw_lock_range(system, space, range, PW_LOCK_NONE, err);
	case PW_EVENT_mlockall:
		lock = arg[0] & FLAG_FUTURE_ONFAULT ? PW_LOCK_ON_FAULT
						    : PW_LOCK_NOW;
		space->future_lock = arg[0] & FLAG_FUTURE ? lock : PW_LOCK_NONE;
		if (!(arg[0] & FLAG_CURRENT))
			return PW_OK;
		return lock_now(system, space, all, lock, err);
	default:
		PW_ASSERT(event->kind == PW_EVENT_munlockall);
		space->future_lock = PW_LOCK_NONE;
		return pw_lock_range(system, space, all, PW_LOCK_NONE, err);
	}
}
