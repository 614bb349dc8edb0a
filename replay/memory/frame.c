/*
 * frame.c - physical memory: a buddy allocator with migrate types.
 *
 * Memory that was never used is a row of free blocks of the largest order, told
 * by its first frame only. A block is split by putting its upper halves into
 * the free lists.
 */
#include "replay/memory/frame.h"

#include <string.h>

#define CHUNK_FRAMES ((uint32_t)1 << PW_FRAME_CHUNK_BITS)
#define BLOCK_FRAMES ((uint32_t)1 << PW_FRAME_ORDER_MAX)
#define FIRST_ROOM 16

/* mm/page_alloc.c fallbacks[]. */
static const enum pw_migrate_type fallbacks[PW_MIGRATE_TYPES][2] = {
	[PW_MIGRATE_UNMOVABLE] = {PW_MIGRATE_RECLAIMABLE, PW_MIGRATE_MOVABLE},
	[PW_MIGRATE_MOVABLE] = {PW_MIGRATE_RECLAIMABLE, PW_MIGRATE_UNMOVABLE},
	[PW_MIGRATE_RECLAIMABLE] = {PW_MIGRATE_UNMOVABLE, PW_MIGRATE_MOVABLE},
};

void pw_memory_make(struct pw_memory *memory, uint64_t frames,
		    struct pw_arena *arena)
{
	memset(memory, 0, sizeof(*memory));
	memory->arena = arena;
	memory->limit = frames;
	memory->next = BLOCK_FRAMES; /* so that no block has the number 0 */
}

/* Let the frame at @place be there. */
static bool reach(struct pw_memory *memory, struct pw_frame_list *list,
		  uint32_t place)
{
	size_t chunk = place >> PW_FRAME_CHUNK_BITS;

	if (chunk >= list->room) {
		size_t room = list->room ? 2 * list->room : FIRST_ROOM;
		struct pw_frame **grown;

		while (chunk >= room)
			room *= 2;
		grown = pw_arena_alloc(memory->arena, room,
				       sizeof(struct pw_frame *));
		if (!grown)
			return false;
		if (list->room > 0)
			memcpy(grown, list->chunk,
			       list->room * sizeof(struct pw_frame *));
		list->chunk = grown;
		list->room = room;
	}
	if (!list->chunk[chunk])
		list->chunk[chunk] = pw_arena_alloc(memory->arena, CHUNK_FRAMES,
						    sizeof(struct pw_frame));
	return list->chunk[chunk] != NULL;
}

static void push_free(struct pw_memory *memory, uint32_t frame, unsigned order,
		      enum pw_migrate_type type)
{
	uint32_t *head = &memory->free[type][order];

	*pw_frame_at(memory, frame) = (struct pw_frame){
		.maps = *head,
		.flags = PW_FRAME_FREE,
		.order = (uint8_t)order,
		.type = (uint8_t)type,
	};
	if (*head)
		pw_frame_at(memory, *head)->refs = frame;
	*head = frame;
	memory->free_blocks[order]++;
}

static void pull_free(struct pw_memory *memory, uint32_t frame)
{
	const struct pw_frame *at = pw_frame_at(memory, frame);

	PW_ASSERT(at->flags == PW_FRAME_FREE);
	if (at->refs)
		pw_frame_at(memory, at->refs)->maps = at->maps;
	else
		memory->free[at->type][at->order] = at->maps;
	if (at->maps)
		pw_frame_at(memory, at->maps)->refs = at->refs;
	memory->free_blocks[at->order]--;
}

/*
 * Put what is left of the open block into the lists, as if it had been split
 * frame by frame: the largest piece lies last.
 */
static void close_block(struct pw_memory *memory)
{
	uint32_t at = memory->open_next;

	memory->open_next = memory->open_end;
	while (at < memory->open_end) {
		unsigned order = (unsigned)__builtin_ctz(at);

		push_free(memory, at, order, memory->open_type);
		at += (uint32_t)1 << order;
	}
}

/* A free block of @order or more of @type itself, or 0. */
static uint32_t find_own(const struct pw_memory *memory, unsigned order,
			 enum pw_migrate_type type)
{
	for (; order <= PW_FRAME_ORDER_MAX; order++)
		if (memory->free[type][order])
			return memory->free[type][order];
	return PW_NO_FRAME;
}

/* The largest one of another type, or 0. */
static uint32_t find_other(const struct pw_memory *memory, unsigned order,
			   enum pw_migrate_type type)
{
	for (unsigned o = PW_FRAME_ORDER_MAX + 1; o-- > order;)
		for (size_t i = 0; i < 2; i++)
			if (memory->free[fallbacks[type][i]][o])
				return memory->free[fallbacks[type][i]][o];
	return PW_NO_FRAME;
}

/* Make a block that was never used free. False without host memory. */
static bool add_block(struct pw_memory *memory)
{
	if (!reach(memory, &memory->ordinary, memory->next))
		return false;
	push_free(memory, memory->next, PW_FRAME_ORDER_MAX, PW_MIGRATE_MOVABLE);
	memory->next += BLOCK_FRAMES;
	return true;
}

static bool has_unused(const struct pw_memory *memory)
{
	return memory->next < PW_FRAME_GIANT &&
	       (memory->limit == 0 || memory->next <= memory->limit);
}

static enum pw_status fail_full(const struct pw_memory *memory,
				struct pw_error *err)
{
	unsigned long long taken = memory->used + memory->unplaced;

	return pw_fail(err, PW_ERR_USAGE,
		       "memory is full: %llu frames are in use; give the "
		       "machine more by memory.size",
		       taken);
}

/* Whether there are as many frames besides those that are taken. */
static bool has_room(const struct pw_memory *memory, uint64_t frames)
{
	uint64_t taken = memory->used + memory->unplaced;

	return memory->limit == 0 ||
	       (taken <= memory->limit && frames <= memory->limit - taken);
}

bool pw_frame_is_free(struct pw_memory *memory, unsigned order,
		      enum pw_migrate_type type)
{
	close_block(memory);
	return has_room(memory, (uint64_t)1 << order) &&
	       (has_unused(memory) || find_own(memory, order, type) ||
		find_other(memory, order, type));
}

static enum pw_status take_giant(struct pw_memory *memory, unsigned order,
				 uint32_t *frame, struct pw_error *err)
{
	uint32_t *head = &memory->free_giant[order];
	uint32_t place = *head ? *head - 1 : memory->giants;

	if (!has_room(memory, (uint64_t)1 << order))
		return fail_full(memory, err);
	if (place >= PW_FRAME_GIANT || !reach(memory, &memory->giant, place))
		return pw_fail_memory(err, "frames");
	*frame = place | PW_FRAME_GIANT;
	if (*head)
		*head = pw_frame_at(memory, *frame)->maps;
	else
		memory->giants++;
	*pw_frame_at(memory, *frame) = (struct pw_frame){
		.order = (uint8_t)order, .type = PW_MIGRATE_MOVABLE};
	memory->used += (uint64_t)1 << order;
	return PW_OK;
}

enum pw_status pw_frame_take(struct pw_memory *memory, unsigned order,
			     enum pw_migrate_type type, uint32_t *frame,
			     struct pw_error *err)
{
	uint32_t found;

	if (order == 0 && memory->open_next < memory->open_end &&
	    type == memory->open_type && has_room(memory, 1)) {
		*frame = memory->open_next++;
		*pw_frame_at(memory, *frame) =
			(struct pw_frame){.type = (uint8_t)type};
		memory->used++;
		return PW_OK;
	}
	PW_ASSERT(order < PW_FRAME_ORDERS && type < PW_MIGRATE_TYPES);
	if (order > PW_FRAME_ORDER_MAX)
		return take_giant(memory, order, frame, err);
	if (!has_room(memory, (uint64_t)1 << order))
		return fail_full(memory, err);
	close_block(memory);
	found = find_own(memory, order, type);
	if (!found && has_unused(memory) && !add_block(memory))
		return pw_fail_memory(err, "frames");
	if (!found)
		found = find_own(memory, order, type);
	if (!found)
		found = find_other(memory, order, type);
	if (!found)
		return fail_full(memory, err);
	pull_free(memory, found);
	if (order == 0) {
		memory->open_next = found + 1;
		memory->open_end =
			found +
			((uint32_t)1 << pw_frame_at(memory, found)->order);
		memory->open_type = type;
	}
	for (unsigned o = pw_frame_at(memory, found)->order; o-- > order;)
		if (order > 0)
			push_free(memory, found + ((uint32_t)1 << o), o, type);
	*pw_frame_at(memory, found) = (struct pw_frame){.order = (uint8_t)order,
							.type = (uint8_t)type};
	memory->used += (uint64_t)1 << order;
	*frame = found;
	return PW_OK;
}

enum pw_status pw_frame_take_row(struct pw_memory *memory, unsigned order,
				 enum pw_migrate_type type, uint32_t *first,
				 struct pw_error *err)
{
	enum pw_status st = pw_frame_take(memory, order, type, first, err);

	for (uint32_t i = 0; st == PW_OK && i < (uint32_t)1 << order; i++)
		*pw_frame_at(memory, *first + i) =
			(struct pw_frame){.type = (uint8_t)type};
	return st;
}

enum pw_status pw_frame_reserve(struct pw_memory *memory, uint64_t before,
				uint64_t count, struct pw_error *err)
{
	memory->unplaced -= before;
	if (!has_room(memory, count)) {
		memory->unplaced += before;
		return fail_full(memory, err);
	}
	memory->unplaced += count;
	return PW_OK;
}

void pw_frame_give(struct pw_memory *memory, uint32_t frame)
{
	const struct pw_frame *at = pw_frame_at(memory, frame);
	enum pw_migrate_type type = (enum pw_migrate_type)at->type;
	unsigned order = at->order;

	PW_ASSERT(!(at->flags & PW_FRAME_FREE));
	PW_ASSERT(at->maps == 0 && at->refs == 0);
	PW_ASSERT(memory->used >= (uint64_t)1 << order);
	memory->used -= (uint64_t)1 << order;
	memory->freed += (uint64_t)1 << order;
	if (frame & PW_FRAME_GIANT) {
		*pw_frame_at(memory, frame) =
			(struct pw_frame){.maps = memory->free_giant[order],
					  .flags = PW_FRAME_FREE};
		memory->free_giant[order] = (frame & ~PW_FRAME_GIANT) + 1;
		return;
	}
	close_block(memory);
	for (; order < PW_FRAME_ORDER_MAX; order++) {
		uint32_t buddy = frame ^ ((uint32_t)1 << order);

		at = pw_frame_at(memory, buddy);
		if (!(at->flags & PW_FRAME_FREE) || at->order != order)
			break;
		pull_free(memory, buddy);
		pw_frame_at(memory, buddy)->flags = 0;
		frame &= buddy;
	}
	push_free(memory, frame, order, type);
}

uint64_t pw_frame_free_blocks(const struct pw_memory *memory, unsigned order)
{
	uint64_t unused = 0;
	uint32_t at = memory->open_next;

	PW_ASSERT(order <= PW_FRAME_ORDER_MAX);
	if (order == PW_FRAME_ORDER_MAX && memory->limit >= memory->next)
		unused = memory->limit / BLOCK_FRAMES -
			 memory->next / BLOCK_FRAMES + 1;
	for (; at < memory->open_end; at += at & -at)
		unused += (unsigned)__builtin_ctz(at) == order;
	return memory->free_blocks[order] + unused;
}
