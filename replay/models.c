/*
 * models.c - the registries of models.def.
 */
#include "replay/models.h"

#include "base/assert.h"
#include "replay/page_size.h"

#define PW_TLB(model) extern const struct pw_tlb_ops pw_tlb_##model;
#define PW_PAGE_TABLE(model) \
	extern const struct pw_page_table_ops pw_page_table_##model;
#define PW_PAGE_SIZE(model) \
	extern const struct pw_page_size_ops pw_page_size_##model;
#include "replay/models.def"
#undef PW_TLB
#undef PW_PAGE_TABLE
#undef PW_PAGE_SIZE

static const struct pw_tlb_ops *const tlbs[] = {
#define PW_TLB(model) &pw_tlb_##model,
#define PW_PAGE_TABLE(model)
#define PW_PAGE_SIZE(model)
#include "replay/models.def"
#undef PW_TLB
#undef PW_PAGE_TABLE
#undef PW_PAGE_SIZE
};

static const struct pw_page_table_ops *const page_tables[] = {
#define PW_TLB(model)
#define PW_PAGE_TABLE(model) &pw_page_table_##model,
#define PW_PAGE_SIZE(model)
#include "replay/models.def"
#undef PW_TLB
#undef PW_PAGE_TABLE
#undef PW_PAGE_SIZE
};

static const struct pw_page_size_ops *const page_sizes[] = {
#define PW_TLB(model)
#define PW_PAGE_TABLE(model)
#define PW_PAGE_SIZE(model) &pw_page_size_##model,
#include "replay/models.def"
#undef PW_TLB
#undef PW_PAGE_TABLE
#undef PW_PAGE_SIZE
};

const struct pw_tlb_ops *pw_tlb_at(size_t index)
{
	return index < PW_COUNT(tlbs) ? tlbs[index] : NULL;
}

const struct pw_tlb_ops *pw_tlb_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(tlbs); i++) {
		if (strcmp(tlbs[i]->name, name) == 0)
			return tlbs[i];
	}
	return NULL;
}

const struct pw_page_table_ops *pw_page_table_at(size_t index)
{
	return index < PW_COUNT(page_tables) ? page_tables[index] : NULL;
}

const struct pw_page_table_ops *pw_page_table_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(page_tables); i++) {
		if (strcmp(page_tables[i]->name, name) == 0)
			return page_tables[i];
	}
	return NULL;
}

const struct pw_page_size_ops *pw_page_size_at(size_t index)
{
	return index < PW_COUNT(page_sizes) ? page_sizes[index] : NULL;
}

const struct pw_page_size_ops *pw_page_size_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(page_sizes); i++) {
		if (strcmp(page_sizes[i]->name, name) == 0)
			return page_sizes[i];
	}
	return NULL;
}

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
