/*
 * mbind.c - memory policies of parts of an address space, and of shared memory.
 *
 * Source: Linux 6.18 mm/mempolicy.c mbind_range, vma_replace_policy,
 *         set_mempolicy_home_node; mm/shmem.c shmem_set_policy.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/event_call.h"
#include "replay/memory/policy.h"

#define UNSUPPORTED ((uint64_t)-95)

static enum pw_status number_of(const struct pw_call_context *ctx,
				struct pw_policy policy, uint32_t *number,
				struct pw_error *err)
{
	const struct pw_backing backing = {
		.kind = PW_BACKING_POLICY,
		.device = policy.mode,
		.inode = policy.nodes,
		.handle = policy.home,
	};

	*number = 0;
	if (policy.mode == 0)
		return PW_OK;
	return pw_backings_number(&ctx->system->backings, &backing, number,
				  err);
}

/* Shared memory keeps the policy itself, for all that map it. */
static enum pw_status tell_object(const struct pw_call_context *ctx,
				  struct pw_range part,
				  const struct pw_mapping *mapping,
				  uint32_t number, struct pw_error *err)
{
	uint64_t first, end;
	struct pw_object *object;

	if (!mapping->object || mapping->hugetlb_shift)
		return PW_OK;
	object = pw_object_at(&ctx->system->objects, mapping->object);
	if (object->kind != PW_OBJECT_SHMEM)
		return PW_OK;
	first = pw_cache_index(ctx->space, mapping, part.first);
	end = first + (part.end - part.first);
	if (end > pw_cache_end(ctx->system))
		end = pw_cache_end(ctx->system);
	return number ? pw_intervals_set(&object->policies, first, end, number,
					 err)
		      : pw_intervals_clear(&object->policies, first, end, err);
}

/* Let @part of @mapping have the policy @number. */
static enum pw_status give(const struct pw_call_context *ctx,
			   struct pw_range part,
			   const struct pw_mapping *mapping, uint32_t number,
			   struct pw_error *err)
{
	struct pw_mapping changed = *mapping;
	enum pw_status st;

	if (mapping->policy == number)
		return PW_OK;
	st = tell_object(ctx, part, mapping, number, err);
	changed.policy = number;
	return st == PW_OK ? pw_call_modify(ctx, part, &changed, err) : st;
}

enum pw_status pw_call_mbind(const struct pw_call_context *ctx,
			     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	const struct pw_mapping *mapping;
	struct pw_range part;
	uint32_t number;
	enum pw_status st =
		number_of(ctx, pw_policy_of(arg[2], arg[3]), &number, err);

	while (st == PW_OK &&
	       (mapping = pw_space_part(ctx->space, &range, &part)))
		st = give(ctx, part, mapping, number, err);
	return st;
}

/* The first policy that can have no home ends the call. */
enum pw_status pw_call_home_node(const struct pw_call_context *ctx,
				 struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	const struct pw_mapping *mapping;
	struct pw_range part;
	enum pw_status st = PW_OK;

	if (pw_event_failed(ctx->event) && ctx->event->result != UNSUPPORTED)
		return PW_OK;
	while (st == PW_OK &&
	       (mapping = pw_space_part(ctx->space, &range, &part))) {
		struct pw_policy policy =
			pw_policy_at(&ctx->system->backings, mapping->policy);
		uint32_t number;

		if (policy.mode == 0)
			continue;
		if (!pw_policy_may_have_home(&policy))
			return PW_OK;
		policy.home = arg[2] + 1;
		st = number_of(ctx, policy, &number, err);
		if (st == PW_OK)
			st = give(ctx, part, mapping, number, err);
	}
	return st;
}
