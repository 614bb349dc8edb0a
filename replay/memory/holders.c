/*
 * holders.c - which processes have descriptors of files, as far as is known.
 *
 * A set of pairs, and for each process a list of the files that it ever held.
 */
#include "replay/memory/holders.h"

#include "base/assert.h"

#define FIRST_PAIRS 64

/* A file that a process held once, or holds. */
struct held {
	uint32_t object;
	uint32_t next; /* of the same process, plus 1; 0: none */
};

void pw_holders_make(struct pw_holders *holders)
{
	*holders = (struct pw_holders){
		.held = PW_ARRAY(struct held),
		.first = PW_ARRAY(uint32_t),
	};
}

void pw_holders_free(struct pw_holders *holders)
{
	pw_pagemap_close(holders->pairs);
	pw_array_free(&holders->held);
	pw_array_free(&holders->first);
}

static uint64_t pair_of(uint32_t process, uint32_t object)
{
	return (uint64_t)process << 32 | object;
}

static uint32_t *first_of(const struct pw_holders *holders, uint32_t process)
{
	return &PW_ARRAY_AT(&holders->first, uint32_t, process);
}

/* Put @object on the list of @process. */
static enum pw_status list(struct pw_holders *holders, uint32_t process,
			   uint32_t object, struct pw_error *err)
{
	struct held held = {.object = object};
	enum pw_status st = PW_OK;

	while (holders->first.count <= process && st == PW_OK)
		st = pw_array_push(&holders->first, NULL, err);
	if (st != PW_OK)
		return st;
	held.next = *first_of(holders, process);
	st = pw_array_push(&holders->held, &held, err);
	if (st == PW_OK)
		*first_of(holders, process) = (uint32_t)holders->held.count;
	return st;
}

enum pw_status pw_hold(struct pw_system *system, uint32_t process,
		       uint32_t object, struct pw_error *err)
{
	struct pw_holders *holders = &system->holders;
	uint64_t *holds;
	bool added;
	enum pw_status st = PW_OK;

	if (!holders->pairs)
		st = pw_pagemap_open(&holders->pairs, FIRST_PAIRS, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(holders->pairs, pair_of(process, object),
				       &holds, &added, err);
	if (st != PW_OK || *holds)
		return st;
	*holds = 1;
	pw_object_at(&system->objects, object)->holders++;
	return added ? list(holders, process, object, err) : PW_OK;
}

enum pw_status pw_hold_not(struct pw_system *system, uint32_t process,
			   uint32_t object, struct pw_error *err)
{
	uint64_t *holds = system->holders.pairs
				  ? pw_pagemap_find(system->holders.pairs,
						    pair_of(process, object))
				  : NULL;

	if (!holds || !*holds)
		return PW_OK;
	*holds = 0;
	PW_ASSERT(pw_object_at(&system->objects, object)->holders > 0);
	pw_object_at(&system->objects, object)->holders--;
	return pw_array_push(&system->objects.parted, &object, err);
}

/* The next file on the list of a process, and whether it is held. */
static bool next(const struct pw_holders *holders, uint32_t process,
		 uint32_t *place, uint32_t *object, bool *holds)
{
	const struct held *held;
	const uint64_t *value;

	if (*place == 0)
		return false;
	held = &PW_ARRAY_AT(&holders->held, struct held, *place - 1);
	value = pw_pagemap_find(holders->pairs, pair_of(process, held->object));
	*object = held->object;
	*holds = value && *value;
	*place = held->next;
	return true;
}

static uint32_t begin(const struct pw_holders *holders, uint32_t process)
{
	return process < holders->first.count ? *first_of(holders, process) : 0;
}

enum pw_status pw_hold_inherited(struct pw_system *system, uint32_t child,
				 uint32_t parent, struct pw_error *err)
{
	const struct pw_holders *holders = &system->holders;
	uint32_t place = begin(holders, parent);
	enum pw_status st = PW_OK;
	uint32_t object;
	bool holds;

	while (st == PW_OK && next(holders, parent, &place, &object, &holds))
		if (holds && pw_object_at(&system->objects, object)->unnamed)
			st = pw_hold(system, child, object, err);
	return st;
}

enum pw_status pw_hold_nothing(struct pw_system *system, uint32_t process,
			       struct pw_error *err)
{
	const struct pw_holders *holders = &system->holders;
	uint32_t place = begin(holders, process);
	enum pw_status st = PW_OK;
	uint32_t object;
	bool holds;

	while (st == PW_OK && next(holders, process, &place, &object, &holds)) {
		st = pw_hold_not(system, process, object, err);
		(void)pw_pagemap_remove(holders->pairs,
					pair_of(process, object));
	}
	if (process < holders->first.count)
		*first_of(holders, process) = 0;
	return st;
}
