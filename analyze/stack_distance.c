/*
 * stack_distance.c - a short list of the most recent pages before slots.
 */
#include "analyze/stack_distance.h"

#include "analyze/live_slots.h"
#include "analyze/page_ids.h"
#include "base/array.h"
#include "base/assert.h"

/* Enough for the pages a loop uses, few enough to be searched in order. */
#define TOP 16

struct pw_stack_distance {
	uint64_t top_page[TOP]; /* most recent first; UINT64_MAX: none */
	uint32_t top_id[TOP];
	uint64_t references;
	struct pw_live_slots slots;
	struct pw_array
		slot; /* uint32_t by page id; PW_SLOT_NONE in the list */
	struct pw_array hits; /* uint64_t by distance - 1 */
	struct pw_page_ids ids;
};

enum pw_status pw_stack_distance_open(struct pw_stack_distance **out,
				      size_t pages_max, struct pw_error *err)
{
	struct pw_stack_distance *stack = calloc(1, sizeof(*stack));
	enum pw_status st;

	*out = NULL;
	if (!stack)
		return pw_fail_memory(err, "stack distances");
	stack->slot = (struct pw_array)PW_ARRAY(uint32_t);
	stack->hits = (struct pw_array)PW_ARRAY(uint64_t);
	for (size_t i = 0; i < TOP; i++)
		stack->top_page[i] = UINT64_MAX;
	st = pw_page_ids_open(&stack->ids, pages_max, err);
	if (st == PW_OK)
		st = pw_live_slots_open(&stack->slots, err);
	if (st != PW_OK) {
		pw_stack_distance_close(stack);
		return st;
	}
	*out = stack;
	return PW_OK;
}

void pw_stack_distance_close(struct pw_stack_distance *stack)
{
	if (!stack)
		return;
	pw_page_ids_close(&stack->ids);
	pw_live_slots_close(&stack->slots);
	pw_array_free(&stack->slot);
	pw_array_free(&stack->hits);
	free(stack);
}

/* Put @page first and move the @depth pages before it down. */
static void move_to_front(struct pw_stack_distance *stack, size_t depth,
			  uint64_t page, uint32_t id)
{
	memmove(stack->top_page + 1, stack->top_page, depth * sizeof(page));
	memmove(stack->top_id + 1, stack->top_id, depth * sizeof(id));
	stack->top_page[0] = page;
	stack->top_id[0] = id;
}

/* The last page of the list becomes the latest one of the slots. */
static enum pw_status drop_last(struct pw_stack_distance *stack,
				struct pw_error *err)
{
	uint32_t *slot = stack->slot.data;
	enum pw_status st;

	if (stack->top_page[TOP - 1] == UINT64_MAX)
		return PW_OK;
	if (pw_live_slots_full(&stack->slots)) {
		st = pw_live_slots_make_room(&stack->slots, slot,
					     stack->slot.count, err);
		if (st != PW_OK)
			return st;
	}
	slot[stack->top_id[TOP - 1]] = pw_live_slots_take(&stack->slots);
	return PW_OK;
}

/* A page used for the first time. */
static enum pw_status add_page(struct pw_stack_distance *stack,
			       struct pw_error *err)
{
	const uint32_t none = PW_SLOT_NONE;
	enum pw_status st = pw_array_push(&stack->slot, &none, err);

	if (st == PW_OK)
		st = pw_array_push(&stack->hits, NULL, err);
	return st;
}

/* A reference to a page that is not in the list. */
static enum pw_status find_deep(struct pw_stack_distance *stack, uint64_t page,
				struct pw_error *err)
{
	enum pw_status st;
	uint32_t id;

	st = pw_page_ids_get(&stack->ids, page, &id, err);
	if (st != PW_OK)
		return st;
	if (id == stack->slot.count) {
		st = add_page(stack, err);
		if (st != PW_OK)
			return st;
	} else {
		uint32_t *slot = &PW_ARRAY_AT(&stack->slot, uint32_t, id);
		size_t later = pw_live_slots_free(&stack->slots, *slot);

		PW_DEBUG_ASSERT(TOP + later < stack->hits.count);
		PW_ARRAY_AT(&stack->hits, uint64_t, TOP + later)++;
		*slot = PW_SLOT_NONE;
	}
	st = drop_last(stack, err);
	if (st != PW_OK)
		return st;
	move_to_front(stack, TOP - 1, page, id);
	return PW_OK;
}

/*
 * A reference to a page that is not the most recent one. @ahead comes a
 * little later: where one page is deep, the others will be too.
 */
static enum pw_status find(struct pw_stack_distance *stack, uint64_t page,
			   uint64_t ahead, struct pw_error *err)
{
	/* Two pages in turn are by far the most common. */
	if (stack->top_page[1] == page) {
		const uint32_t id = stack->top_id[1];

		stack->top_page[1] = stack->top_page[0];
		stack->top_id[1] = stack->top_id[0];
		stack->top_page[0] = page;
		stack->top_id[0] = id;
		PW_ARRAY_AT(&stack->hits, uint64_t, 1)++;
		return PW_OK;
	}
	for (size_t i = 2; i < TOP; i++) {
		if (stack->top_page[i] != page)
			continue;
		PW_ARRAY_AT(&stack->hits, uint64_t, i)++;
		move_to_front(stack, i, page, stack->top_id[i]);
		return PW_OK;
	}
	pw_page_ids_prefetch(&stack->ids, ahead);
	return find_deep(stack, page, err);
}

enum pw_status pw_stack_distance_add(struct pw_stack_distance *stack,
				     const uint64_t *page, size_t count,
				     struct pw_error *err)
{
	uint64_t repeated = 0;
	enum pw_status st;

	for (size_t i = 0; i < count; i++) {
		size_t ahead = pw_page_ids_ahead(i, count);

		PW_DEBUG_ASSERT(page[i] != UINT64_MAX);
		if (page[i] == stack->top_page[0]) {
			repeated++;
			continue;
		}
		st = find(stack, page[i], page[ahead], err);
		if (st != PW_OK)
			return st;
	}
	if (repeated)
		PW_ARRAY_AT(&stack->hits, uint64_t, 0) += repeated;
	stack->references += count;
	return PW_OK;
}

uint64_t pw_stack_distance_references(const struct pw_stack_distance *stack)
{
	return stack->references;
}

uint64_t pw_stack_distance_pages(const struct pw_stack_distance *stack)
{
	return stack->hits.count;
}

uint64_t pw_stack_distance_hits(const struct pw_stack_distance *stack,
				uint64_t distance)
{
	if (distance == 0 || distance > stack->hits.count)
		return 0;
	return PW_ARRAY_AT(&stack->hits, uint64_t, distance - 1);
}
