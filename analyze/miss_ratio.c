/*
 * miss_ratio.c - references of a trace into a histogram of stack distances.
 */
#include "analyze/miss_ratio.h"

#include "analyze/stack_distance.h"
#include "base/assert.h"

struct pw_miss_ratio {
	struct pw_stack_distance *stack;
	struct pw_reference_cursor cursor;
	struct pw_reference_block block;
};

enum pw_status pw_miss_ratio_open(struct pw_miss_ratio **out,
				  const struct pw_miss_ratio_options *options,
				  struct pw_error *err)
{
	struct pw_miss_ratio *curve = calloc(1, sizeof(*curve));
	enum pw_status st;

	*out = NULL;
	if (!curve)
		return pw_fail_memory(err, "a miss-ratio curve");
	st = pw_references_start(&curve->cursor, options->side,
				 options->page_bytes, err);
	if (st == PW_OK)
		st = pw_stack_distance_open(&curve->stack, options->pages_max,
					    err);
	if (st != PW_OK) {
		pw_miss_ratio_close(curve);
		return st;
	}
	*out = curve;
	return PW_OK;
}

void pw_miss_ratio_close(struct pw_miss_ratio *curve)
{
	if (!curve)
		return;
	pw_stack_distance_close(curve->stack);
	free(curve);
}

enum pw_status pw_miss_ratio_add(struct pw_miss_ratio *curve, uint64_t space,
				 const struct pw_accesses *accesses,
				 struct pw_error *err)
{
	struct pw_reference_block *block = &curve->block;
	enum pw_status st = pw_references_enter(&curve->cursor, space, err);

	if (st != PW_OK)
		return st;
	while (pw_references_next(&curve->cursor, accesses, block)) {
		st = pw_stack_distance_add(curve->stack, block->page,
					   block->count, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

uint64_t pw_miss_ratio_references(const struct pw_miss_ratio *curve)
{
	return pw_stack_distance_references(curve->stack);
}

uint64_t pw_miss_ratio_pages(const struct pw_miss_ratio *curve)
{
	return pw_stack_distance_pages(curve->stack);
}

uint64_t pw_miss_ratio_hits(const struct pw_miss_ratio *curve,
			    uint64_t distance)
{
	return pw_stack_distance_hits(curve->stack, distance);
}

uint64_t pw_miss_ratio_misses(const struct pw_miss_ratio *curve, uint64_t pages)
{
	const uint64_t distinct = pw_miss_ratio_pages(curve);
	uint64_t misses = pw_miss_ratio_references(curve);

	if (pages > distinct)
		pages = distinct;
	for (uint64_t d = 1; d <= pages; d++)
		misses -= pw_miss_ratio_hits(curve, d);
	PW_ASSERT(misses >= distinct);
	return misses;
}
