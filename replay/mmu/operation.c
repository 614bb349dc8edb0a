/*
 * operation.c - room for what memory tells processors.
 */
#include "replay/mmu/operation.h"

enum pw_status pw_operations_make(struct pw_operations *operations,
				  struct pw_arena *arena, struct pw_error *err)
{
	*operations = (struct pw_operations){
		.list = pw_arena_alloc(arena, PW_OPERATIONS_MAX,
				       sizeof(*operations->list)),
		.moments = pw_arena_alloc(arena, PW_MOMENTS_MAX,
					  sizeof(*operations->moments)),
	};
	if (!operations->list || !operations->moments)
		return pw_fail_memory(err, "operations");
	return PW_OK;
}
