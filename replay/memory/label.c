/*
 * label.c - names of parts of an address space, and what prctl says of all of
 * it.
 *
 * Source: Linux 6.18 mm/madvise.c set_anon_vma_name,
 *         kernel/sys.c prctl_set_thp_disable.
 */
#include <stdio.h>

#include "base/assert.h"
#include "replay/memory/event_call.h"

/* Linux include/uapi/linux/prctl.h. */
#define OPTION_SET_VMA 0x53564d41
#define OPTION_THP_DISABLE 41
#define NAME_BYTES 80

/* Let the mapping of @part have this label, or with "" none. */
static enum pw_status label(const struct pw_call_context *ctx,
			    struct pw_range part,
			    const struct pw_mapping *mapping,
			    struct pw_error *err)
{
	struct pw_mapping changed = *mapping;
	char name[NAME_BYTES + 24];
	const struct pw_backing backing = {.kind = PW_BACKING_LABEL,
					   .name = name};
	enum pw_status st = PW_OK;

	snprintf(name, sizeof(name), "[%s:%.*s]",
		 mapping->shared ? "anon_shmem" : "anon", NAME_BYTES,
		 ctx->text);
	changed.label = 0;
	if (ctx->text[0])
		st = pw_backings_number(&ctx->system->backings, &backing,
					&changed.label, err);
	if (st != PW_OK || changed.label == mapping->label)
		return st;
	return pw_call_modify(ctx, part, &changed, err);
}

static void turn_large_off(const struct pw_call_context *ctx)
{
	const uint64_t *arg = ctx->event->arg;

	ctx->space->large_off =
		!arg[1] ? 0
			: (arg[2] & PW_LARGE_OFF_UNASKED ? PW_LARGE_OFF_UNASKED
							 : PW_LARGE_OFF);
}

/* A file's mapping ends the call; gaps do not. */
enum pw_status pw_call_prctl(const struct pw_call_context *ctx,
			     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[2], arg[3]);
	const struct pw_mapping *mapping;
	struct pw_range part;
	enum pw_status st = PW_OK;

	if (arg[0] == OPTION_THP_DISABLE)
		turn_large_off(ctx);
	if (arg[0] != OPTION_SET_VMA || arg[1] != 0)
		return PW_OK;
	while (st == PW_OK &&
	       (mapping = pw_space_part(ctx->space, &range, &part))) {
		if (!mapping->anonymous)
			return PW_OK;
		st = label(ctx, part, mapping, err);
	}
	return st;
}
