/*
 * regroup.c - find groups, look them up, execute them.
 *
 * The memory of known groups is bounded: from then on accesses of others are
 * written as they are.
 */
#include "formats/regroup.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"
#include "formats/lane.h"

#define SLOTS_MAX 48 /* of a group */
#define PLACES_FIRST 4096
#define SHAPES_MAX ((size_t)1 << 21)
#define SLOTS_ALL_MAX ((size_t)1 << 23)

/* A known group. */
struct known {
	uint64_t hash;
	uint32_t first; /* of its slots */
	uint32_t count;
};

/* A group that was found: its slots, and addresses that are not at the pc. */
struct group {
	size_t count;
	size_t stored;
	const uint64_t *pc;
	const uint32_t *size;
	uint8_t kind[SLOTS_MAX];
	uint64_t address[SLOTS_MAX];
};

struct pw_regroup {
	struct pw_writer *writer;
	struct pw_lane *lane;  /* open, or NULL */
	uint32_t thread;       /* of the lane and the pending accesses */
	struct pw_array known; /* struct known, by shape */
	struct pw_array pc;    /* uint64_t: of all of them, and so on */
	struct pw_array size;  /* uint32_t */
	struct pw_array kind;  /* uint8_t, with PW_SHAPE_AT_PC */
	uint32_t *place;       /* hash table of shapes, plus 1; 0: empty */
	size_t places;	       /* a power of two */
	size_t pending;	       /* accesses that may go on, copied: */
	uint64_t pending_address[SLOTS_MAX];
	uint64_t pending_pc[SLOTS_MAX];
	uint32_t pending_size[SLOTS_MAX];
	uint8_t pending_kind[SLOTS_MAX];
};

enum pw_status pw_regroup_open(struct pw_regroup **out,
			       struct pw_writer *writer, struct pw_error *err)
{
	struct pw_regroup *regroup = calloc(1, sizeof(*regroup));

	*out = regroup;
	if (regroup)
		regroup->place = calloc(PLACES_FIRST, sizeof(*regroup->place));
	if (!regroup || !regroup->place) {
		free(regroup);
		*out = NULL;
		return pw_fail_memory(err, "a table of shapes");
	}
	regroup->writer = writer;
	regroup->known = (struct pw_array)PW_ARRAY(struct known);
	regroup->pc = (struct pw_array)PW_ARRAY(uint64_t);
	regroup->size = (struct pw_array)PW_ARRAY(uint32_t);
	regroup->kind = (struct pw_array)PW_ARRAY(uint8_t);
	regroup->places = PLACES_FIRST;
	return PW_OK;
}

void pw_regroup_close(struct pw_regroup *regroup)
{
	if (!regroup)
		return;
	pw_array_free(&regroup->known);
	pw_array_free(&regroup->pc);
	pw_array_free(&regroup->size);
	pw_array_free(&regroup->kind);
	free(regroup->place);
	free(regroup);
}

/* ---- known groups ---- */

static uint64_t hash_of(const struct group *group)
{
	uint64_t kinds = pw_load64(group->kind);

	return pw_mix64(group->pc[0] ^ group->pc[group->count - 1] << 20 ^
			(uint64_t)group->count << 56 ^
			(uint64_t)group->stored << 48 ^ kinds * 0x9e3779b9);
}

static bool is_alike(const struct pw_regroup *regroup,
		     const struct known *known, const struct group *group)
{
	size_t count = group->count;

	return known->count == count &&
	       memcmp((const uint64_t *)regroup->pc.data + known->first,
		      group->pc, count * 8) == 0 &&
	       memcmp((const uint8_t *)regroup->kind.data + known->first,
		      group->kind, count) == 0 &&
	       memcmp((const uint32_t *)regroup->size.data + known->first,
		      group->size, count * 4) == 0;
}

static enum pw_status grow(struct pw_regroup *regroup, struct pw_error *err)
{
	const struct known *known = regroup->known.data;
	size_t places = regroup->places * 2;
	uint32_t *place = calloc(places, sizeof(*place));

	if (!place)
		return pw_fail_memory(err, "a table of shapes");
	for (size_t i = 0; i < regroup->known.count; i++) {
		size_t at = (size_t)known[i].hash & (places - 1);

		while (place[at] != 0)
			at = (at + 1) & (places - 1);
		place[at] = (uint32_t)i + 1;
	}
	free(regroup->place);
	regroup->place = place;
	regroup->places = places;
	return PW_OK;
}

static enum pw_status append(struct pw_array *array, const void *items,
			     size_t count, struct pw_error *err)
{
	size_t wanted = array->count + count;
	enum pw_status st = PW_OK;

	if (wanted > array->capacity)
		st = pw_array_reserve(array, wanted * 2, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)array->data + array->count * array->item_bytes, items,
	       count * array->item_bytes);
	array->count = wanted;
	return PW_OK;
}

static enum pw_status end_lane(struct pw_regroup *regroup, struct pw_error *err)
{
	if (!regroup->lane)
		return PW_OK;
	regroup->lane = NULL;
	return pw_writer_lane_end(regroup->writer, err);
}

/* Declare a new shape; its hash goes to @place. */
static enum pw_status declare(struct pw_regroup *regroup,
			      const struct group *group, uint64_t hash,
			      uint32_t *place, struct pw_error *err)
{
	struct known known = {hash, (uint32_t)regroup->pc.count,
			      (uint32_t)group->count};
	struct pw_shape shape = {group->count, group->pc, group->size,
				 group->kind};
	enum pw_status st = end_lane(regroup, err);
	uint32_t index = 0;

	if (st == PW_OK)
		st = pw_writer_shape(regroup->writer, &shape, &index, err);
	if (st == PW_OK)
		st = append(&regroup->pc, group->pc, group->count, err);
	if (st == PW_OK)
		st = append(&regroup->size, group->size, group->count, err);
	if (st == PW_OK)
		st = append(&regroup->kind, group->kind, group->count, err);
	if (st == PW_OK)
		st = pw_array_push(&regroup->known, &known, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(index + 1 == regroup->known.count);
	*place = index + 1;
	if (regroup->known.count * 2 > regroup->places)
		st = grow(regroup, err);
	return st;
}

/* The shape of a group, plus 1; 0 when it is new and too much. */
static enum pw_status look_up(struct pw_regroup *regroup,
			      const struct group *group, uint32_t *shape,
			      struct pw_error *err)
{
	const struct known *known = regroup->known.data;
	uint64_t hash = hash_of(group);
	size_t at = (size_t)hash & (regroup->places - 1);

	while (regroup->place[at] != 0) {
		const struct known *found = &known[regroup->place[at] - 1];

		*shape = regroup->place[at];
		if (found->hash == hash && is_alike(regroup, found, group))
			return PW_OK;
		at = (at + 1) & (regroup->places - 1);
	}
	*shape = 0;
	if (regroup->known.count >= SHAPES_MAX ||
	    regroup->pc.count + group->count > SLOTS_ALL_MAX)
		return PW_OK;
	*shape = (uint32_t)regroup->known.count + 1;
	return declare(regroup, group, hash, &regroup->place[at], err);
}

/* ---- groups ---- */

/* Whether access @i goes on with the group of the one before it. */
static inline bool goes_on(const struct pw_accesses *a, size_t i,
			   uint64_t next_pc)
{
	if (!(a->kind[i] & PW_ACCESS_FIRST))
		return a->pc[i] == a->pc[i - 1];
	return PW_ACCESS_KIND(a->kind[i]) == PW_ACCESS_FETCH &&
	       a->pc[i] == next_pc;
}

/* Where the group that begins at @from ends; *ended when that is known. */
static size_t find_end(const struct pw_accesses *a, size_t from, bool *ended)
{
	size_t most = a->count - from < SLOTS_MAX ? a->count : from + SLOTS_MAX;
	uint64_t next_pc = 0;
	size_t i = from;

	do {
		if (PW_ACCESS_KIND(a->kind[i]) == PW_ACCESS_FETCH)
			next_pc = a->pc[i] + a->size_bytes[i];
		i++;
	} while (i < most && goes_on(a, i, next_pc));
	*ended = i < a->count || i - from == SLOTS_MAX;
	return i;
}

/* Write a group as it is. */
static enum pw_status write_plain(struct pw_regroup *regroup,
				  const struct pw_accesses *a,
				  struct pw_error *err)
{
	enum pw_status st = end_lane(regroup, err);

	if (st != PW_OK)
		return st;
	return pw_writer_accesses(regroup->writer, regroup->thread, a, err);
}

/* Execute the group that @a is. */
static enum pw_status execute(struct pw_regroup *regroup,
			      const struct pw_accesses *a, struct pw_error *err)
{
	struct group group;
	enum pw_status st;
	uint32_t shape;

	group.count = a->count;
	group.pc = a->pc;
	group.size = a->size_bytes;
	group.stored = 0;
	memset(group.kind, 0, sizeof(uint64_t));
	memset(group.address, 0, 2 * sizeof(uint64_t)); /* never read unset */
	for (size_t i = 0; i < a->count; i++) {
		bool at_pc = PW_ACCESS_KIND(a->kind[i]) == PW_ACCESS_FETCH &&
			     a->address[i] == a->pc[i];

		group.kind[i] =
			(uint8_t)(a->kind[i] | (at_pc ? PW_SHAPE_AT_PC : 0));
		group.address[group.stored] = a->address[i];
		group.stored += !at_pc;
	}
	st = look_up(regroup, &group, &shape, err);
	if (st == PW_OK && shape == 0)
		return write_plain(regroup, a, err);
	if (st == PW_OK && !regroup->lane)
		st = pw_writer_lane_begin(regroup->writer, regroup->thread,
					  &regroup->lane, err);
	if (st == PW_OK &&
	    pw_lane_execute(regroup->lane, shape - 1, group.address))
		st = end_lane(regroup, err);
	return st;
}

static struct pw_accesses part_of(const struct pw_accesses *a, size_t from,
				  size_t end)
{
	struct pw_accesses part = {
		.count = end - from,
		.address = a->address + from,
		.pc = a->pc + from,
		.size_bytes = a->size_bytes + from,
		.kind = a->kind + from,
	};

	return part;
}

/* ---- the pending group ---- */

/* Copy @count accesses behind those that are pending. */
static void add_pending(struct pw_regroup *regroup, const struct pw_accesses *a,
			size_t from, size_t count)
{
	size_t at = regroup->pending;

	PW_ASSERT(at + count <= SLOTS_MAX);
	memcpy(regroup->pending_address + at, a->address + from, count * 8);
	memcpy(regroup->pending_pc + at, a->pc + from, count * 8);
	memcpy(regroup->pending_size + at, a->size_bytes + from, count * 4);
	memcpy(regroup->pending_kind + at, a->kind + from, count);
	regroup->pending += count;
}

static struct pw_accesses pending(const struct pw_regroup *regroup)
{
	struct pw_accesses accesses = {
		.count = regroup->pending,
		.address = regroup->pending_address,
		.pc = regroup->pending_pc,
		.size_bytes = regroup->pending_size,
		.kind = regroup->pending_kind,
	};

	return accesses;
}

/* End the pending group with the first of @a; *from are those it takes. */
static enum pw_status finish_pending(struct pw_regroup *regroup,
				     const struct pw_accesses *a, size_t *from,
				     struct pw_error *err)
{
	size_t before = regroup->pending, room = SLOTS_MAX - before;
	struct pw_accesses all;
	enum pw_status st;
	bool ended;
	size_t end;

	*from = 0;
	if (before == 0)
		return PW_OK;
	add_pending(regroup, a, 0, a->count < room ? a->count : room);
	all = pending(regroup);
	end = find_end(&all, 0, &ended);
	PW_ASSERT(end >= before);
	regroup->pending = end;
	*from = end - before;
	if (!ended)
		return PW_OK;
	all.count = end;
	st = execute(regroup, &all, err);
	regroup->pending = 0;
	return st;
}

enum pw_status pw_regroup_accesses(struct pw_regroup *regroup, uint32_t thread,
				   const struct pw_accesses *accesses,
				   struct pw_error *err)
{
	enum pw_status st = PW_OK;
	size_t from = 0;

	if (regroup->thread != thread)
		st = pw_regroup_flush(regroup, err);
	regroup->thread = thread;
	if (st == PW_OK && accesses->count > 0)
		st = finish_pending(regroup, accesses, &from, err);
	while (from < accesses->count && st == PW_OK) {
		bool ended;
		size_t end = find_end(accesses, from, &ended);
		struct pw_accesses group = part_of(accesses, from, end);

		if (ended)
			st = execute(regroup, &group, err);
		else
			add_pending(regroup, accesses, from, end - from);
		from = end;
	}
	return st;
}

enum pw_status pw_regroup_flush(struct pw_regroup *regroup,
				struct pw_error *err)
{
	struct pw_accesses all = pending(regroup);
	enum pw_status st = PW_OK;

	regroup->pending = 0;
	if (all.count > 0)
		st = execute(regroup, &all, err);
	return st == PW_OK ? end_lane(regroup, err) : st;
}
