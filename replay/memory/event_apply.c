/*
 * event_apply.c - what the events of a trace do to an address space.
 *
 * A table of handlers by kind of event. To handle a further kind, write its
 * handler and put it into the table.
 *
 * Source: Linux mm/mmap.c, mm/mremap.c, mm/mprotect.c, mm/madvise.c.
 */
#include "replay/memory/event_apply.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/event_call.h"
#include "replay/memory/fault.h"
#include "replay/memory/huge_pool.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/lock.h"
#include "replay/memory/pages.h"
#include "replay/memory/remap.h"
#include "replay/memory/rmap.h"
#include "replay/memory/signals.h"
#include "replay/memory/space_merge.h"

#define READ_IMPLIES_EXEC                                   \
	0x0400000 /* Linux include/uapi/linux/personality.h \
		   */
#define PERSONALITY_QUERY UINT32_MAX

typedef enum pw_status (*handler)(const struct pw_call_context *ctx,
				  struct pw_error *err);

/* What is done for a kind of event. */
struct row {
	handler handle;
	bool failed_too; /* a call that failed may have done a part */
};

void pw_call_forbidden(const struct pw_call_context *ctx)
{
	ctx->system->counters.call_forbidden++;
	pw_system_warn(ctx->system, PW_WARNING_FORBIDDEN_CALL,
		       ctx->event->arg[0]);
}

enum pw_status pw_call_unmap(const struct pw_call_context *ctx,
			     struct pw_range range, struct pw_error *err)
{
	enum pw_status st;

	if (range.first >= range.end)
		return PW_OK;
	st = pw_pages_drop(ctx->system, ctx->space, range, err);
	if (st == PW_OK)
		st = pw_space_unmap(ctx->space, range, err);
	return st == PW_OK ? pw_kept_tables_free(ctx->system, ctx->space, range,
						 err)
			   : st;
}

enum pw_status pw_call_modify(const struct pw_call_context *ctx,
			      struct pw_range part,
			      const struct pw_mapping *mapping,
			      struct pw_error *err)
{
	enum pw_status st = pw_pages_cut(ctx->system, ctx->space, part, err);

	PW_ASSERT(part.first < part.end);
	return st == PW_OK ? pw_space_modify(ctx->space, part, mapping, err)
			   : st;
}

static enum pw_status apply_present(const struct pw_call_context *ctx,
				    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_call_range(ctx, arg[0], arg[1]);
	struct pw_range part;

	while (pw_space_part(ctx->space, &range, &part)) {
		for (uint64_t page = part.first; page < part.end; page++) {
			enum pw_status st = pw_fault_present(
				ctx->system, ctx->space, page, arg[2], err);

			if (st != PW_OK)
				return st;
		}
	}
	return PW_OK;
}

static enum pw_status apply_munmap(const struct pw_call_context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;

	if (arg[1] == 0 && ctx->event->kind == PW_EVENT_munmap)
		pw_call_forbidden(ctx);
	return pw_call_unmap(ctx, pw_call_range(ctx, arg[0], arg[1]), err);
}

static enum pw_status apply_limit(const struct pw_call_context *ctx,
				  struct pw_error *err)
{
	/* Linux include/uapi/asm-generic/resource.h. */
	static const uint64_t resource[PW_LIMITS] = {
		[PW_LIMIT_DATA] = 2,
		[PW_LIMIT_STACK] = 3,
		[PW_LIMIT_MEMLOCK] = 8,
		[PW_LIMIT_AS] = 9,
	};
	const uint64_t *arg = ctx->event->arg;

	(void)err;
	for (size_t i = 0; i < PW_LIMITS; i++)
		if (resource[i] == arg[0])
			ctx->space->limit_bytes[i] = arg[1];
	if (resource[PW_LIMIT_DATA] == arg[0])
		ctx->space->data_hard_bytes = arg[2];
	return PW_OK;
}

static enum pw_status apply_personality(const struct pw_call_context *ctx,
					struct pw_error *err)
{
	uint64_t persona = ctx->event->arg[0];

	(void)err;
	if (persona != PERSONALITY_QUERY)
		ctx->space->reads_execute = persona & READ_IMPLIES_EXEC;
	return PW_OK;
}

static enum pw_status apply_exec(const struct pw_call_context *ctx,
				 struct pw_error *err)
{
	uint64_t large_off = ctx->space->large_off;

	(void)err;
	PW_ASSERT(ctx->space == ctx->system->current);
	pw_system_empty(ctx->system);
	ctx->system->current->large_off = large_off;
	return PW_OK;
}

static const struct row rows[] = {
	[PW_EVENT_map] = {pw_call_map, false},
	[PW_EVENT_present] = {apply_present, false},
	[PW_EVENT_mmap] = {pw_call_mmap, false},
	[PW_EVENT_munmap] = {apply_munmap, false},
	[PW_EVENT_mremap] = {pw_call_mremap, false},
	[PW_EVENT_brk] = {pw_call_brk, false},
	[PW_EVENT_mprotect] = {pw_call_mprotect, true},
	[PW_EVENT_madvise] = {pw_call_madvise, true},
	[PW_EVENT_signal] = {pw_call_signal, false},
	[PW_EVENT_unreached] = {pw_call_unreached, false},
	[PW_EVENT_exec] = {apply_exec, false},
	[PW_EVENT_mlock] = {pw_call_lock, true},
	[PW_EVENT_munlock] = {pw_call_lock, true},
	[PW_EVENT_mlockall] = {pw_call_lock, false},
	[PW_EVENT_munlockall] = {pw_call_lock, false},
	[PW_EVENT_mbind] = {pw_call_mbind, false},
	[PW_EVENT_home_node] = {pw_call_home_node, true},
	[PW_EVENT_prctl] = {pw_call_prctl, false},
	[PW_EVENT_setrlimit] = {apply_limit, false},
	[PW_EVENT_personality] = {apply_personality, false},
	[PW_EVENT_memfd_create] = {pw_call_file, false},
	[PW_EVENT_ftruncate] = {pw_call_file, false},
	[PW_EVENT_fallocate] = {pw_call_file, false},
	[PW_EVENT_msync] = {pw_call_file, false},
	[PW_EVENT_fsync] = {pw_call_file, false},
	[PW_EVENT_file_read] = {pw_call_file, false},
	[PW_EVENT_file_write] = {pw_call_file, false},
	[PW_EVENT_fadvise] = {pw_call_file, false},
	[PW_EVENT_file] = {pw_call_file, false},
	[PW_EVENT_unnamed] = {pw_call_file, false},
	[PW_EVENT_remap_file_pages] = {pw_call_remap_pages, false},
	[PW_EVENT_resident] = {pw_call_file, false},
	[PW_EVENT_folio] = {pw_call_file, false},
	[PW_EVENT_shmat] = {pw_call_shmat, false},
	[PW_EVENT_shmdt] = {apply_munmap, false},
	[PW_EVENT_limit] = {apply_limit, false},
	[PW_EVENT_setting] = {pw_call_setting, false},
};

bool pw_event_is_memory_call(enum pw_event_kind kind)
{
	switch ((unsigned)kind) {
	case PW_EVENT_mmap:
	case PW_EVENT_munmap:
	case PW_EVENT_mremap:
	case PW_EVENT_brk:
	case PW_EVENT_mprotect:
	case PW_EVENT_madvise:
	case PW_EVENT_process_madvise:
	case PW_EVENT_mlock:
	case PW_EVENT_munlock:
	case PW_EVENT_mlockall:
	case PW_EVENT_munlockall:
	case PW_EVENT_mbind:
	case PW_EVENT_msync:
	case PW_EVENT_remap_file_pages:
	case PW_EVENT_shmat:
	case PW_EVENT_shmdt:
		return true;
	default:
		return false;
	}
}

/* Whether a length is what a negative number becomes. */
static bool is_negative(const struct pw_event *event)
{
	const uint64_t *arg = event->arg;

	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
	case PW_EVENT_present:
	case PW_EVENT_mmap:
	case PW_EVENT_munmap:
	case PW_EVENT_mprotect:
	case PW_EVENT_madvise:
	case PW_EVENT_mlock:
	case PW_EVENT_munlock:
	case PW_EVENT_mbind:
	case PW_EVENT_home_node:
	case PW_EVENT_remap_file_pages:
	case PW_EVENT_shmdt:
		return arg[1] >> 63;
	case PW_EVENT_mremap:
		return (arg[1] | arg[2]) >> 63;
	case PW_EVENT_prctl:
	case PW_EVENT_shmat:
		return arg[3] >> 63;
	default:
		return false;
	}
}

enum pw_status pw_event_apply(struct pw_system *system,
			      const struct pw_event *event, uint32_t about,
			      struct pw_error *err)
{
	struct pw_call_context ctx = {system, system->current, event,
				      event->text ? event->text : ""};
	const struct row *row = (size_t)event->kind < PW_COUNT(rows)
					? &rows[event->kind]
					: NULL;
	enum pw_status st = PW_OK;

	PW_ASSERT(ctx.space);
	if (is_negative(event)) {
		if (!pw_event_failed(event))
			pw_system_warn(system, PW_WARNING_NEGATIVE_LENGTH,
				       event->arg[0]);
		return PW_OK;
	}
	if (about != PW_NO_SPACE)
		st = pw_system_space(system, about, &ctx.space, err);
	if (st == PW_OK && row && row->handle &&
	    (!pw_event_failed(event) || row->failed_too))
		st = row->handle(&ctx, err);
	if (st == PW_OK)
		st = pw_rmap_drop_gone(system, err);
	pw_space_note_peak(system->current);
	pw_system_note_peaks(system);
	return st;
}
