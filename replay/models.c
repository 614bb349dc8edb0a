/*
 * models.c - the registries of models.def.
 *
 * Each kind's list is made by including models.def with the macros of the
 * other kinds empty.
 */
#include "replay/models.h"

#include "base/assert.h"
#include "replay/memory/page_size.h"
#include "replay/mmu/placement.h"

#define PW_TLB(model) extern const struct pw_tlb_ops pw_tlb_##model;
#define PW_PAGE_TABLE(model) \
	extern const struct pw_page_table_ops pw_page_table_##model;
#define PW_PAGE_SIZE(model) \
	extern const struct pw_page_size_ops pw_page_size_##model;
#define PW_PLACEMENT(model) \
	extern const struct pw_placement_ops pw_placement_##model;
#include "replay/models.def"
#undef PW_TLB
#undef PW_PAGE_TABLE
#undef PW_PAGE_SIZE
#undef PW_PLACEMENT

#define PW_TLB(model)
#define PW_PAGE_TABLE(model)
#define PW_PAGE_SIZE(model)
#define PW_PLACEMENT(model)

static const struct pw_tlb_ops *const tlbs[] = {
#undef PW_TLB
#define PW_TLB(model) &pw_tlb_##model,
#include "replay/models.def"
#undef PW_TLB
#define PW_TLB(model)
};

static const struct pw_page_table_ops *const page_tables[] = {
#undef PW_PAGE_TABLE
#define PW_PAGE_TABLE(model) &pw_page_table_##model,
#include "replay/models.def"
#undef PW_PAGE_TABLE
#define PW_PAGE_TABLE(model)
};

static const struct pw_page_size_ops *const page_sizes[] = {
#undef PW_PAGE_SIZE
#define PW_PAGE_SIZE(model) &pw_page_size_##model,
#include "replay/models.def"
#undef PW_PAGE_SIZE
#define PW_PAGE_SIZE(model)
};

static const struct pw_placement_ops *const placements[] = {
#undef PW_PLACEMENT
#define PW_PLACEMENT(model) &pw_placement_##model,
#include "replay/models.def"
#undef PW_PLACEMENT
#define PW_PLACEMENT(model)
};

/* The functions of a kind of models: the one at an index, and by its name. */
#define REGISTRY(kind, list)                                             \
	const struct pw_##kind##_ops *pw_##kind##_at(size_t index)       \
	{                                                                \
		return index < PW_COUNT(list) ? (list)[index] : NULL;    \
	}                                                                \
	const struct pw_##kind##_ops *pw_##kind##_find(const char *name) \
	{                                                                \
		for (size_t i = 0; i < PW_COUNT(list); i++) {            \
			if (strcmp((list)[i]->name, name) == 0)          \
				return (list)[i];                        \
		}                                                        \
		return NULL;                                             \
	}

REGISTRY(tlb, tlbs)
REGISTRY(page_table, page_tables)
REGISTRY(page_size, page_sizes)
REGISTRY(placement, placements)

enum pw_status pw_tlb_make(struct pw_tlb *tlb,
			   const struct pw_tlb_choice *choice,
			   struct pw_arena *arena, struct pw_error *err)
{
	*tlb = (struct pw_tlb){choice->ops, NULL};
	if (!choice->ops)
		return PW_OK;
	tlb->state = pw_arena_alloc(arena, 1,
				    choice->ops->state_bytes(&choice->config));
	if (!tlb->state)
		return pw_fail_memory(err, "a TLB");
	PW_ASSERT((uintptr_t)tlb->state % sizeof(uint64_t) == 0);
	choice->ops->init(tlb->state, &choice->config);
	return PW_OK;
}
