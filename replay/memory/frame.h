/*
 * frame.h - physical memory: what is known of each frame, and who gets which.
 *
 * Frames have the size of a base page. Blocks of 2^order of them are handed out
 * by a buddy allocator with a free list for each order and migrate type; larger
 * ones stand apart and are no part of it. Frame 0 is none.
 *
 * Of a block only the first frame is looked at: a page that a large entry maps
 * is one block. Host memory is taken when the first frame of 4096 in a row is
 * used. A block that single frames are taken from is split when it matters.
 *
 * Source: Linux mm/page_alloc.c __rmqueue_smallest, expand, __rmqueue_fallback,
 *         __free_one_page; include/linux/mm_types.h struct page.
 */
#ifndef PW_REPLAY_FRAME_H
#define PW_REPLAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/status.h"

#define PW_NO_FRAME 0
#define PW_FRAME_ORDER_MAX 10 /* MAX_PAGE_ORDER, of the buddy allocator */
#define PW_FRAME_ORDERS 64

enum pw_frame_flag {
	PW_FRAME_FREE = 1,	 /* first of a block of a free list */
	PW_FRAME_EXCLUSIVE = 2,	 /* anonymous, and no process ever shared it */
	PW_FRAME_DIRTY = 4,	 /* to be written back */
	PW_FRAME_REFERENCED = 8, /* used by a call, or by a mapping now gone */
	PW_FRAME_LAZYFREE = 16,	 /* MADV_FREE */
	PW_FRAME_PIECE = 32,	 /* was part of a larger page */
	PW_FRAME_CACHED = 64,	 /* of the page cache, which refers to it */
};

/* Linux include/linux/mmzone.h; page tables and the like are not movable. */
enum pw_migrate_type {
	PW_MIGRATE_UNMOVABLE,
	PW_MIGRATE_MOVABLE,
	PW_MIGRATE_RECLAIMABLE,
	PW_MIGRATE_TYPES
};

struct pw_frame {
	uint32_t maps; /* page-table entries; free: the next of its list */
	uint32_t refs; /* others; free: the one before, or 0 */
	uint16_t flags;
	uint8_t order;
	uint8_t type; /* enum pw_migrate_type */
};

#define PW_FRAME_CHUNK_BITS 12

/* Frames by number, in chunks that are there once one of them was used. */
struct pw_frame_list {
	struct pw_frame **chunk;
	size_t room;
};

struct pw_memory {
	struct pw_arena *arena;
	struct pw_frame_list ordinary;
	struct pw_frame_list giant; /* of larger blocks, one number each */
	uint64_t limit;		    /* frames there are; 0: no end */
	uint64_t used;		    /* frames taken */
	uint64_t unplaced;	    /* taken too, but nobody asked which */
	uint64_t freed;		    /* frames given back, ever */
	uint32_t next;		    /* the first that was never free or taken */
	uint32_t giants;	    /* numbers taken */
	uint32_t free[PW_MIGRATE_TYPES][PW_FRAME_ORDER_MAX + 1];
	uint64_t free_blocks[PW_FRAME_ORDER_MAX + 1];
	/* What is left of the block that single frames are taken from: in no
	 * list until somebody looks at them. */
	uint32_t open_next, open_end;
	enum pw_migrate_type open_type;
	uint32_t free_giant[PW_FRAME_ORDERS]; /* by order */
};

#define PW_FRAME_GIANT ((uint32_t)1 << 31) /* in numbers of giant blocks */

/*
 * Make a memory of @frames frames, all free; 0: it never runs short.
 *
 * Owns: what it grows is the arena's.
 */
void pw_memory_make(struct pw_memory *memory, uint64_t frames,
		    struct pw_arena *arena);

/*
 * Take a block of @order with no references and no flags; *frame is its number.
 *
 * Errors: PW_ERR_USAGE the machine has no such block free.
 *         PW_ERR_SYSTEM.
 * Cost:   O(orders).
 */
enum pw_status pw_frame_take(struct pw_memory *memory, unsigned order,
			     enum pw_migrate_type type, uint32_t *frame,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether such a block could be taken.
 */
bool pw_frame_is_free(struct pw_memory *memory, unsigned order,
		      enum pw_migrate_type type);

/*
 * Take a block of @order, which must be free, as single frames in a row.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_frame_take_row(struct pw_memory *memory, unsigned order,
				 enum pw_migrate_type type, uint32_t *first,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @count frames be taken of which it does not matter which they are, as
 * long as nobody asks for them; it was @before.
 *
 * Errors: PW_ERR_USAGE the machine has not so many.
 */
enum pw_status pw_frame_reserve(struct pw_memory *memory, uint64_t before,
				uint64_t count,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Give back the block @frame, which nothing maps or refers to.
 *
 * Cost: O(orders).
 */
void pw_frame_give(struct pw_memory *memory, uint32_t frame);

/*
 * What is known of @frame, whose block was taken.
 *
 * Owns: the memory; it never moves.
 */
static inline struct pw_frame *pw_frame_at(const struct pw_memory *memory,
					   uint32_t frame)
{
	const struct pw_frame_list *list = &memory->ordinary;
	uint32_t place = frame & ~PW_FRAME_GIANT;

	if (frame & PW_FRAME_GIANT)
		list = &memory->giant;
	PW_DEBUG_ASSERT(frame != PW_NO_FRAME);
	return &list->chunk[place >> PW_FRAME_CHUNK_BITS]
			   [place & ((1U << PW_FRAME_CHUNK_BITS) - 1)];
}

/*
 * One entry fewer maps @frame, or one reference fewer is held: the last one
 * gives it back.
 */
static inline void pw_frame_unmap(struct pw_memory *memory, uint32_t frame)
{
	struct pw_frame *at = pw_frame_at(memory, frame);

	PW_ASSERT(at->maps > 0);
	if (--at->maps == 0 && at->refs == 0)
		pw_frame_give(memory, frame);
}

static inline void pw_frame_put(struct pw_memory *memory, uint32_t frame)
{
	struct pw_frame *at = pw_frame_at(memory, frame);

	PW_ASSERT(at->refs > 0);
	if (--at->refs == 0 && at->maps == 0)
		pw_frame_give(memory, frame);
}

/*
 * Free blocks of @order of the buddy allocator, as /proc/buddyinfo counts them;
 * of a memory without end none that was never used.
 */
uint64_t pw_frame_free_blocks(const struct pw_memory *memory, unsigned order);

#endif
