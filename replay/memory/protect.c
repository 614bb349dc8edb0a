/*
 * protect.c - mprotect: mappings get other rights.
 *
 * Source: Linux 6.18 mm/mprotect.c.
 */
#include "base/assert.h"
#include "replay/memory/commit.h"
#include "replay/memory/event_call.h"
#include "replay/memory/pages.h"
#include "replay/memory/populate.h"

#define PROT_FLAG_GROWSDOWN 0x01000000

/* What @mapping's flags become; rights that were asked for, before charges. */
static uint64_t with_rights(const struct pw_space *space,
			    const struct pw_mapping *mapping, uint64_t prot)
{
	if (space->reads_execute && (prot & PW_VM_READ) &&
	    pw_vma_has(mapping, PW_VM_MAYEXEC))
		prot |= PW_VM_EXEC;
	return (mapping->flags & ~PW_VM_ACCESS) | prot;
}

/* A mapping that becomes writable is charged; an unused one gets it back. */
static uint64_t with_charge(const struct pw_mapping *mapping, uint64_t flags)
{
	const uint64_t never = PW_VM_ACCOUNT | PW_VM_WRITE | PW_VM_HUGETLB |
			       PW_VM_SHARED | PW_VM_NORESERVE;

	if ((flags & PW_VM_WRITE) && !(mapping->flags & never))
		return flags | PW_VM_ACCOUNT;
	if (!(flags & PW_VM_WRITE) && mapping->anonymous && !mapping->shared &&
	    !mapping->anon_vma)
		return flags & ~PW_VM_ACCOUNT;
	return flags;
}

/* Whether the mapping cannot be given the rights @flags has. */
static bool is_denied(uint64_t flags)
{
	return (flags & ~(flags >> 4) & PW_VM_ACCESS) != 0;
}

/* Source: Linux 6.18 mm/internal.h is_data_mapping. */
static bool is_data(uint64_t flags)
{
	return (flags & (PW_VM_WRITE | PW_VM_SHARED | PW_VM_GROWSDOWN)) ==
	       PW_VM_WRITE;
}

/*
 * Whether @data pages of data are too many, with @pages that become some. A
 * soft limit of 0 is none below the hard one, which Valgrind needs.
 */
static bool is_too_much(const struct pw_space *space, uint64_t data,
			uint64_t pages)
{
	unsigned shift = space->page_shift;
	uint64_t limit = space->limit_bytes[PW_LIMIT_DATA];

	if (space->use.total + pages > space->limit_bytes[PW_LIMIT_AS] >> shift)
		return false; /* as much as before */
	if (limit == 0)
		limit = space->data_hard_bytes;
	return data > limit >> shift;
}

/* Up to where a call that succeeds comes: a gap. */
static uint64_t find_gap(const struct pw_space *space, struct pw_range range)
{
	uint64_t at = range.first;
	struct pw_range part;

	while (pw_space_part(space, &range, &part) && part.first == at)
		at = part.end;
	return at;
}

/*
 * Up to where a call that failed has come: a gap, a right that cannot be given,
 * or RLIMIT_DATA.
 *
 * Source: Linux 6.18 mm/mprotect.c mprotect_fixup, mm/vma.c may_expand_vm.
 */
static uint64_t find_stop(const struct pw_call_context *ctx,
			  struct pw_range range, uint64_t prot)
{
	const struct pw_space *space = ctx->space;
	uint64_t data = space->use.data;
	uint64_t at = range.first;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part))) {
		uint64_t flags = with_rights(space, mapping, prot);
		uint64_t pages = part.end - part.first;
		bool was = is_data(mapping->flags);

		if (part.first != at)
			return at;
		if (is_denied(flags))
			return part.first;
		if (is_data(flags) && !was)
			data += pages;
		if (was && !is_data(flags))
			data -= pages;
		if (is_data(flags) && !was &&
		    ctx->event->result == PW_CALL_ENOMEM &&
		    is_too_much(space, data, pages))
			return part.first;
		at = part.end;
	}
	return at;
}

/* Give what @part of @mapping is other flags. */
static enum pw_status protect(const struct pw_call_context *ctx,
			      struct pw_range part, struct pw_mapping mapping,
			      uint64_t flags, struct pw_error *err)
{
	const uint64_t old = mapping.flags;
	uint64_t pages = part.end - part.first;
	enum pw_status st;

	/* The file was open for writing after all. */
	if (is_denied(flags) && mapping.shared)
		flags |= PW_VM_MAYWRITE | PW_VM_SHARED;
	mapping.flags = with_charge(&mapping, flags);
	if ((mapping.flags & PW_VM_ACCOUNT) && !(old & PW_VM_ACCOUNT))
		pw_commit_check(ctx, &mapping, pages);
	st = pw_call_modify(ctx, part, &mapping, err);
	if (st != PW_OK)
		return st;
	pw_pages_invalidate(ctx->system, ctx->space, part,
			    pw_pages_count(ctx->system, ctx->space, part));
	if ((old & (PW_VM_WRITE | PW_VM_SHARED | PW_VM_LOCKED)) !=
		    PW_VM_LOCKED ||
	    !(mapping.flags & PW_VM_WRITE))
		return st;
	return pw_populate(ctx->system, ctx->space, part,
			   PW_POPULATE_BY_MAPPING, err);
}

enum pw_status pw_call_mprotect(const struct pw_call_context *ctx,
				struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	uint64_t prot = arg[2] & PW_PROT_MASK;
	const struct pw_mapping *mapping;
	struct pw_range part;
	uint64_t stop;

	if ((arg[2] & PROT_FLAG_GROWSDOWN) && range.first < range.end &&
	    pw_space_find(ctx->space, range.first, &part))
		range.first = part.first;
	stop = pw_event_failed(ctx->event) ? find_stop(ctx, range, prot)
					   : find_gap(ctx->space, range);
	if (pw_event_failed(ctx->event)) {
		/* Another reason: nothing has been done. */
		if (stop == range.end)
			return PW_OK;
		range.end = stop;
	} else if (stop < range.end) {
		pw_call_forbidden(ctx);
	}
	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		uint64_t flags = with_rights(ctx->space, mapping, prot);
		enum pw_status st = PW_OK;

		if (mapping->flags != flags)
			st = protect(ctx, part, *mapping, flags, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}
