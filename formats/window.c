/*
 * window.c - the accesses of a chunk, a piece at a time.
 *
 * An execution may go on behind the end of a piece; what is too much is moved
 * to the front and begins the next piece.
 */
#include "formats/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/assert.h"

struct pw_window {
	struct pw_dense_plan *dense; /* NULL before one is shown */
	struct pw_fast_plan *fast;   /* likewise */
	bool shows_dense;
	bool no_pc;		 /* it is left out */
	struct pw_array address; /* uint64_t, and so on */
	struct pw_array pc;	 /* uint64_t */
	struct pw_array size;	 /* uint32_t */
	struct pw_array kind;	 /* uint8_t */
	size_t made;		 /* accesses that are in the arrays */
	size_t used;		 /* those of them that were asked for */
};

enum pw_status pw_window_open(struct pw_window **out, struct pw_error *err)
{
	struct pw_window *window = calloc(1, sizeof(*window));

	*out = window;
	if (!window)
		return pw_fail_memory(err, "a window");
	window->address = (struct pw_array)PW_ARRAY(uint64_t);
	window->pc = (struct pw_array)PW_ARRAY(uint64_t);
	window->size = (struct pw_array)PW_ARRAY(uint32_t);
	window->kind = (struct pw_array)PW_ARRAY(uint8_t);
	return PW_OK;
}

void pw_window_close(struct pw_window *window)
{
	if (!window)
		return;
	pw_dense_plan_close(window->dense);
	pw_fast_plan_close(window->fast);
	pw_array_free(&window->address);
	pw_array_free(&window->pc);
	pw_array_free(&window->size);
	pw_array_free(&window->kind);
	free(window);
}

/* Make the plan of a payload and tell how much it writes at once. */
static enum pw_status make(struct pw_window *window,
			   const struct pw_window_source *source,
			   uint64_t *instructions, size_t *slack,
			   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (window->shows_dense) {
		if (!window->dense)
			st = pw_dense_plan_open(&window->dense, err);
		if (st == PW_OK)
			st = pw_dense_plan_make(window->dense, source->shapes,
						source->generic,
						source->payload, err);
		if (st != PW_OK)
			return st;
		*instructions = pw_dense_plan_instructions(window->dense);
		*slack = pw_dense_plan_slack(window->dense);
		return PW_OK;
	}
	if (!window->fast)
		st = pw_fast_plan_open(&window->fast, err);
	if (st == PW_OK)
		st = pw_fast_plan_make(window->fast, source->shapes,
				       source->generic, source->payload, err);
	if (st != PW_OK)
		return st;
	*instructions = pw_fast_plan_instructions(window->fast);
	*slack = pw_fast_plan_slack(window->fast);
	return PW_OK;
}

enum pw_status pw_window_show(struct pw_window *window, bool dense,
			      const struct pw_window_source *source,
			      uint64_t *instructions, struct pw_error *err)
{
	size_t room = 0;
	enum pw_status st;

	window->shows_dense = dense;
	window->no_pc = dense && source->no_pc;
	window->made = 0;
	window->used = 0;
	st = make(window, source, instructions, &room, err);
	room += PW_WINDOW_ACCESSES;
	if (st == PW_OK)
		st = pw_array_reserve(&window->address, room, err);
	if (st == PW_OK && !window->no_pc)
		st = pw_array_reserve(&window->pc, room, err);
	if (st == PW_OK)
		st = pw_array_reserve(&window->size, room, err);
	if (st == PW_OK)
		st = pw_array_reserve(&window->kind, room, err);
	return st;
}

/* Where accesses from @at on are. */
static struct pw_access_columns columns_at(const struct pw_window *window,
					   size_t at)
{
	struct pw_access_columns columns = {
		.address = (uint64_t *)window->address.data + at,
		.pc = window->no_pc ? NULL : (uint64_t *)window->pc.data + at,
		.size_bytes = (uint32_t *)window->size.data + at,
		.kind = (uint8_t *)window->kind.data + at,
	};

	return columns;
}

/* Move the accesses that were not asked for to the front. */
static void move_left(struct pw_window *window)
{
	struct pw_access_columns to = columns_at(window, 0);
	struct pw_access_columns from = columns_at(window, window->used);
	size_t left = window->made - window->used;

	memmove(to.address, from.address, left * sizeof(*to.address));
	if (!window->no_pc)
		memmove(to.pc, from.pc, left * sizeof(*to.pc));
	memmove(to.size_bytes, from.size_bytes, left * sizeof(*to.size_bytes));
	memmove(to.kind, from.kind, left);
	window->made = left;
	window->used = 0;
}

static size_t make_more(struct pw_window *window, size_t count,
			const struct pw_access_columns *out)
{
	return window->shows_dense
		       ? pw_dense_plan_next(window->dense, count, out)
		       : pw_fast_plan_next(window->fast, count, out);
}

void pw_window_next(struct pw_window *window, size_t count,
		    struct pw_accesses *out)
{
	struct pw_access_columns columns;

	PW_ASSERT(count <= PW_WINDOW_ACCESSES);
	if (window->made - window->used < count) {
		move_left(window);
		columns = columns_at(window, window->made);
		window->made += make_more(
			window, PW_WINDOW_ACCESSES - window->made, &columns);
	}
	columns = columns_at(window, window->used);
	out->count = count;
	out->address = columns.address;
	out->pc = columns.pc;
	out->size_bytes = columns.size_bytes;
	out->kind = columns.kind;
	window->used += count;
	PW_ASSERT(window->used <= window->made);
}
