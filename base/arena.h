/*
 * arena.h - memory that lives and dies with one run.
 *
 * Whatever a run builds comes from its arena and is freed by one call; models
 * have no destructor. Not for objects that grow: see array.h.
 */
#ifndef PW_BASE_ARENA_H
#define PW_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_arena;

/*
 * Make an empty arena that refuses to hold more than @limit_bytes.
 *
 * Units:  @limit_bytes in bytes; 0 means no limit.
 * Owns:   *out is the caller's; free it with pw_arena_close. NULL on failure.
 * Errors: PW_ERR_SYSTEM no memory.
 */
enum pw_status pw_arena_open(struct pw_arena **out, size_t limit_bytes,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the arena and everything that came from it. NULL is allowed.
 */
void pw_arena_close(struct pw_arena *arena);

/*
 * @count zeroed items of @item_bytes each, aligned to 64 bytes.
 *
 * Owns:   the arena owns the memory.
 * Errors: NULL when the product overflows, the limit is passed or the system
 *         has no memory.
 */
void *pw_arena_alloc(struct pw_arena *arena, size_t count, size_t item_bytes);

/*
 * A copy of @text.
 *
 * Owns:   the arena owns the copy.
 * Errors: NULL when there is no memory.
 */
char *pw_arena_copy(struct pw_arena *arena, const char *text);

/*
 * A formatted string.
 *
 * Owns:   the arena owns the string.
 * Errors: NULL when there is no memory.
 */
char *pw_arena_printf(struct pw_arena *arena, const char *fmt, ...)
	PW_PRINTF(2, 3);

/*
 * Bytes handed out so far, alignment included.
 *
 * Units: bytes.
 */
size_t pw_arena_used_bytes(const struct pw_arena *arena);

#endif
