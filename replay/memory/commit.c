/*
 * commit.c - memory that is promised.
 */
#include "replay/memory/commit.h"

#include "base/assert.h"

/* Whether the machine would not promise @pages more. */
static bool is_too_much(const struct pw_call_context *ctx, uint64_t pages)
{
	const struct pw_machine *machine = ctx->system->machine;
	uint64_t limit = machine->commit_limit_bytes >> ctx->space->page_shift;

	switch (machine->overcommit) {
	case PW_OVERCOMMIT_HEURISTIC:
		return pages > limit;
	case PW_OVERCOMMIT_NEVER:
		return ctx->system->backings.committed_pages + pages > limit;
	case PW_OVERCOMMIT_RECORDED:
	case PW_OVERCOMMIT_ALWAYS:
		break;
	}
	return false;
}

void pw_commit_check(const struct pw_call_context *ctx,
		     const struct pw_mapping *mapping, uint64_t pages)
{
	const struct pw_backing *backing =
		pw_backings_at(&ctx->system->backings, mapping->backing);
	bool made = backing && backing->kind != PW_BACKING_FILE &&
		    mapping->shared && backing->charged_pages == 0 &&
		    !(mapping->flags & (PW_VM_NORESERVE | PW_VM_HUGETLB));

	PW_ASSERT(pages > 0);
	if ((made || (mapping->flags & PW_VM_ACCOUNT)) &&
	    is_too_much(ctx, pages))
		ctx->system->counters.call_refused++;
	if (made)
		pw_backings_charge(&ctx->system->backings, mapping->backing,
				   pages);
}
