/*
 * arena.c - blocks of memory filled from the front.
 */
#include "base/arena.h"

#include "base/assert.h"

#define ALIGN_BYTES 64
#define BLOCK_BYTES ((size_t)64 << 10)

struct block {
	struct block *next;
	size_t used_bytes;
	size_t capacity_bytes;
};

struct pw_arena {
	struct block *blocks; /* newest first */
	size_t used_bytes;
	size_t limit_bytes;
};

/* Room for the block's own header, kept aligned. */
#define HEADER_BYTES \
	((sizeof(struct block) + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES)

enum pw_status pw_arena_open(struct pw_arena **out, size_t limit_bytes,
			     struct pw_error *err)
{
	struct pw_arena *arena = calloc(1, sizeof(*arena));

	*out = arena;
	if (!arena)
		return pw_fail_memory(err, "an arena");
	arena->limit_bytes = limit_bytes ? limit_bytes : SIZE_MAX;
	return PW_OK;
}

void pw_arena_close(struct pw_arena *arena)
{
	struct block *block;

	if (!arena)
		return;
	while ((block = arena->blocks)) {
		arena->blocks = block->next;
		free(block);
	}
	free(arena);
}

static struct block *add_block(struct pw_arena *arena, size_t need_bytes)
{
	size_t capacity = need_bytes > BLOCK_BYTES ? need_bytes : BLOCK_BYTES;
	struct block *block;

	if (capacity > SIZE_MAX - HEADER_BYTES)
		return NULL;
	block = aligned_alloc(ALIGN_BYTES, HEADER_BYTES + capacity);
	if (!block)
		return NULL;
	PW_ASSERT(capacity % ALIGN_BYTES == 0);
	block->used_bytes = 0;
	block->capacity_bytes = capacity;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *pw_arena_alloc(struct pw_arena *arena, size_t count, size_t item_bytes)
{
	struct block *block = arena->blocks;
	size_t bytes;
	char *memory;

	if (__builtin_mul_overflow(count, item_bytes, &bytes) ||
	    bytes > SIZE_MAX - ALIGN_BYTES)
		return NULL;
	bytes = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
	if (bytes == 0)
		bytes = ALIGN_BYTES;
	if (bytes > arena->limit_bytes - arena->used_bytes)
		return NULL;
	if (!block || block->capacity_bytes - block->used_bytes < bytes)
		block = add_block(arena, bytes);
	if (!block)
		return NULL;
	PW_ASSERT(block->capacity_bytes - block->used_bytes >= bytes);
	memory = (char *)block + HEADER_BYTES + block->used_bytes;
	block->used_bytes += bytes;
	arena->used_bytes += bytes;
	PW_ASSERT(arena->used_bytes <= arena->limit_bytes);
	memset(memory, 0, bytes);
	PW_ASSERT((uintptr_t)memory % ALIGN_BYTES == 0);
	return memory;
}

char *pw_arena_copy(struct pw_arena *arena, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = pw_arena_alloc(arena, bytes, 1);

	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}

char *pw_arena_printf(struct pw_arena *arena, const char *fmt, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		return NULL;
	text = pw_arena_alloc(arena, (size_t)length + 1, 1);
	if (!text)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}

size_t pw_arena_used_bytes(const struct pw_arena *arena)
{
	return arena->used_bytes;
}
