/*
 * nested.c - the second dimension of walks in a virtual machine.
 */
#include "replay/mmu/nested.h"

#include "base/assert.h"
#include "replay/memory/frames.h"
#include "replay/mmu/tlb_key.h"

#define ASID 0 /* there is one guest */

enum pw_status pw_nested_make(struct pw_nested *nested,
			      const struct pw_machine *machine,
			      struct pw_walk_lines *lines,
			      struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_nested_choice *choice = &machine->nested;
	enum pw_status st;

	PW_ASSERT(choice->page_table && lines->counters);
	PW_ASSERT(choice->height < choice->geometry.levels);
	PW_ASSERT(choice->geometry.page_shift >= PW_FRAME_SHIFT);
	nested->height = choice->height;
	nested->base_order = choice->geometry.page_shift - PW_FRAME_SHIFT;
	nested->lines = lines;
	nested->counters = lines->counters;
	st = pw_tlb_make(&nested->tlb, &choice->tlb, arena, err);
	if (st == PW_OK)
		st = pw_walk_cache_make(&nested->caches, &choice->pwc,
					&choice->geometry, NULL, arena, err);
	return st;
}

static void walk(struct pw_nested *nested, uint64_t page)
{
	struct pw_walk_cache *caches = &nested->caches;
	unsigned from = pw_walk_cache_start(caches, ASID, page, nested->height);
	uint64_t references = from - nested->height + 1;

	for (unsigned height = from + 1; height-- > nested->height;)
		pw_walk_lines_read(nested->lines, PW_LINE_HOST, height,
				   page >> caches->order[height]);
	pw_walk_cache_fill(caches, ASID, page, from, nested->height);
	nested->counters->walk_references += references;
	nested->counters->nested_references += references;
	nested->counters->nested_pwc_hits += from < caches->top;
}

void pw_nested_translate(struct pw_nested *nested, uint64_t frame)
{
	const struct pw_tlb *tlb = &nested->tlb;
	uint64_t page = frame >> nested->base_order;
	uint64_t key = pw_tlb_key(ASID, nested->height,
				  page >> nested->caches.order[nested->height]);

	if (tlb->ops && tlb->ops->lookup(tlb->state, key)) {
		nested->counters->nested_tlb_hits++;
		return;
	}
	nested->counters->nested_tlb_misses += tlb->ops != NULL;
	nested->counters->nested_walks++;
	walk(nested, page);
	if (tlb->ops)
		tlb->ops->insert(tlb->state, key);
}
