/*
 * event_apply.c - what the events of a trace do to an address space.
 *
 * A table of handlers by kind of event. To handle a further kind, write its
 * handler and put it into the table.
 *
 * Source: Linux mm/mmap.c, mm/mremap.c, mm/mprotect.c, mm/madvise.c.
 */
#include "replay/event_apply.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/fault.h"
#include "replay/lock.h"
#include "replay/pages.h"
#include "replay/populate.h"
#include "replay/remap.h"

/* Linux include/uapi/asm-generic/mman-common.h, mman.h. */
#define MAP_TYPE 0xf
#define MAP_TYPE_SHARED 1
#define MAP_TYPE_SHARED_VALIDATE 3
#define MAP_FLAG_ANONYMOUS 0x20
#define MAP_FLAG_GROWSDOWN 0x100
#define MAP_FLAG_LOCKED 0x2000
#define MAP_FLAG_POPULATE 0x8000
#define MAP_FLAG_NONBLOCK 0x10000
#define MAP_FLAG_HUGETLB 0x40000
#define MAP_HUGE_SHIFT 26
#define MAP_HUGE_MASK 63
#define HUGETLB_DEFAULT 21 /* 2 MiB */
#define ADVICE_DONTNEED 4
#define ADVICE_DONTFORK 10
#define ADVICE_DOFORK 11
#define ADVICE_HUGEPAGE 14
#define ADVICE_NOHUGEPAGE 15
#define ADVICE_WIPEONFORK 18
#define ADVICE_KEEPONFORK 19
#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23
#define ADVICE_DONTNEED_LOCKED 24

/* Linux include/uapi/linux/shm.h. */
#define SHM_FLAG_RDONLY 0x1000
#define SHM_FLAG_EXEC 0x8000

#define ADDRESS_MASK (((uint64_t)1 << PW_ADDRESS_BITS) - 1)

struct context {
	struct pw_system *system;
	struct pw_space *space;
	const struct pw_event *event;
	const char *text; /* never NULL */
};

typedef enum pw_status (*handler)(const struct context *ctx,
				  struct pw_error *err);

/* The arguments that map and mmap share. */
struct map_call {
	uint64_t address;
	uint64_t length;
	uint64_t prot;
	uint64_t flags;
	uint64_t offset;
	uint64_t device;
	uint64_t inode;
	uint64_t file_bytes;
};

/* The pages that have a byte of the range, as all calls are taken here. */
static struct pw_range range_of(const struct context *ctx, uint64_t address,
				uint64_t length)
{
	return pw_space_range(ctx->space, address, length);
}

static struct pw_mapping describe(const struct map_call *call, const char *text)
{
	uint64_t type = call->flags & MAP_TYPE;
	struct pw_mapping mapping = {
		.prot = call->prot & PW_PROT_MASK,
		.anonymous = (call->flags & MAP_FLAG_ANONYMOUS) ||
			     (call->inode == 0 && text[0] != '/'),
		.shared = type == MAP_TYPE_SHARED ||
			  type == MAP_TYPE_SHARED_VALIDATE,
		.grows_down = (call->flags & MAP_FLAG_GROWSDOWN) ||
			      strcmp(text, "[stack]") == 0,
		.file_bias = call->offset - (call->address & ADDRESS_MASK),
		.file_bytes = call->file_bytes,
	};

	if (call->flags & MAP_FLAG_HUGETLB) {
		mapping.hugetlb_shift =
			(unsigned)(call->flags >> MAP_HUGE_SHIFT) &
			MAP_HUGE_MASK;
		if (mapping.hugetlb_shift == 0)
			mapping.hugetlb_shift = HUGETLB_DEFAULT;
	}
	return mapping;
}

static enum pw_status attach(const struct context *ctx,
			     const struct map_call *call,
			     struct pw_mapping *mapping, struct pw_error *err)
{
	const struct pw_object name = {.device = call->device,
				       .inode = call->inode,
				       .bytes = call->file_bytes};

	return pw_object_attach(&ctx->system->objects, &name, ctx->text,
				mapping, err);
}

static enum pw_status make_mapping(const struct context *ctx,
				   struct pw_range range,
				   const struct pw_mapping *mapping,
				   struct pw_error *err)
{
	enum pw_status st;

	if (range.first == range.end)
		return PW_OK;
	st = pw_pages_drop(ctx->system, ctx->space, range, err);
	if (st == PW_OK)
		st = pw_space_map(ctx->space, range, mapping, err);
	return st;
}

/* A mapping made by a call of the process, locked if its mlockall said so. */
static enum pw_status make_new(const struct context *ctx, struct pw_range range,
			       struct pw_mapping *mapping, bool populate,
			       struct pw_error *err)
{
	enum pw_status st;

	if (ctx->space->future_lock != PW_LOCK_NONE &&
	    mapping->lock != PW_LOCK_ON_FAULT)
		mapping->lock = ctx->space->future_lock;
	if (range.first == range.end)
		return PW_OK;
	st = pw_pages_drop(ctx->system, ctx->space, range, err);
	if (st == PW_OK)
		st = pw_space_unmap(ctx->space, range, err);
	if (st == PW_OK)
		st = pw_space_merge(ctx->space, range, mapping, err);
	if (st != PW_OK || !(populate || mapping->lock == PW_LOCK_NOW))
		return st;
	return pw_populate(ctx->system, ctx->space, range,
			   PW_POPULATE_BY_MAPPING, err);
}

static enum pw_status apply_map(const struct context *ctx, struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct map_call call = {
		.address = arg[0],
		.length = arg[1],
		.prot = arg[2],
		.flags = arg[3],
		.offset = arg[4],
		.device = arg[5],
		.inode = arg[6],
		.file_bytes = arg[7],
	};
	struct pw_mapping mapping;
	enum pw_status st;

	if (strcmp(ctx->text, "[heap]") == 0) {
		ctx->space->break_known = true;
		ctx->space->break_page = range_of(ctx, arg[0], arg[1]).end;
	}
	mapping = describe(&call, ctx->text);
	st = attach(ctx, &call, &mapping, err);
	if (st != PW_OK)
		return st;
	return make_mapping(ctx, range_of(ctx, call.address, call.length),
			    &mapping, err);
}

static enum pw_status apply_mmap(const struct context *ctx,
				 struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct map_call call = {
		.address = ctx->event->result,
		.length = arg[1],
		.prot = arg[2],
		.flags = arg[3],
		.offset = arg[5],
		.device = arg[6],
		.inode = arg[7],
		.file_bytes = arg[8],
	};
	const uint64_t how = MAP_FLAG_POPULATE | MAP_FLAG_NONBLOCK;
	struct pw_mapping mapping = describe(&call, ctx->text);
	enum pw_status st = attach(ctx, &call, &mapping, err);

	if (st != PW_OK)
		return st;
	if (call.flags & MAP_FLAG_LOCKED)
		mapping.lock = PW_LOCK_NOW;
	return make_new(ctx, range_of(ctx, call.address, call.length), &mapping,
			(call.flags & how) == MAP_FLAG_POPULATE, err);
}

static enum pw_status apply_present(const struct context *ctx,
				    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = range_of(ctx, arg[0], arg[1]);
	struct pw_range part;

	while (pw_space_part(ctx->space, &range, &part)) {
		for (uint64_t page = part.first; page < part.end; page++) {
			enum pw_status st = pw_fault_present(
				ctx->system, ctx->space, page, err);

			if (st != PW_OK)
				return st;
		}
	}
	return PW_OK;
}

static enum pw_status unmap(const struct context *ctx, struct pw_range range,
			    struct pw_error *err)
{
	enum pw_status st = pw_pages_drop(ctx->system, ctx->space, range, err);

	return st == PW_OK ? pw_space_unmap(ctx->space, range, err) : st;
}

static enum pw_status apply_munmap(const struct context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;

	return unmap(ctx, range_of(ctx, arg[0], arg[1]), err);
}

static enum pw_status apply_mremap(const struct context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct pw_remap remap = {
		.from = range_of(ctx, arg[0], arg[1]),
		.to = range_of(ctx, ctx->event->result, arg[2]),
		.flags = arg[3],
	};

	return pw_remap(ctx->system, ctx->space, &remap, err);
}

static enum pw_status apply_brk(const struct context *ctx, struct pw_error *err)
{
	struct pw_mapping heap = {.prot = 3, .anonymous = true};
	struct pw_space *space = ctx->space;
	uint64_t old = space->break_page;
	uint64_t wanted = range_of(ctx, 0, ctx->event->result).end;
	struct pw_range growth = {old, wanted};

	if (!space->break_known) {
		space->break_known = true;
		space->break_page = wanted;
		return PW_OK;
	}
	space->break_page = wanted;
	if (wanted < old)
		return unmap(ctx, (struct pw_range){wanted, old}, err);
	if (wanted == old)
		return PW_OK;
	return make_new(ctx, growth, &heap, false, err);
}

/* Give what @part of @mapping is another protection. */
static enum pw_status protect(const struct context *ctx, struct pw_range part,
			      struct pw_mapping mapping, uint64_t prot,
			      struct pw_error *err)
{
	bool becomes_writable =
		!(mapping.prot & PW_PROT_WRITE) && (prot & PW_PROT_WRITE);
	enum pw_status st;

	PW_ASSERT((prot & ~(uint64_t)PW_PROT_MASK) == 0);
	mapping.prot = prot;
	st = pw_pages_cut(ctx->system, ctx->space, part, err);
	if (st != PW_OK)
		return st;
	pw_pages_invalidate(ctx->system, ctx->space, part,
			    pw_pages_count(ctx->system, ctx->space, part));
	st = pw_space_map(ctx->space, part, &mapping, err);
	if (st != PW_OK || !becomes_writable || mapping.shared ||
	    mapping.lock != PW_LOCK_NOW)
		return st;
	return pw_populate(ctx->system, ctx->space, part,
			   PW_POPULATE_BY_MAPPING, err);
}

static enum pw_status apply_mprotect(const struct context *ctx,
				     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = range_of(ctx, arg[0], arg[1]);
	uint64_t prot = arg[2] & PW_PROT_MASK;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		enum pw_status st = PW_OK;

		if (mapping->prot != prot)
			st = protect(ctx, part, *mapping, prot, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* What @advice makes of @mapping; others leave it as it is. */
static void take_advice(struct pw_mapping *mapping, uint64_t advice)
{
	switch (advice) {
	case ADVICE_DONTFORK:
		mapping->at_fork = PW_AT_FORK_LEAVE;
		break;
	case ADVICE_WIPEONFORK:
		mapping->at_fork = PW_AT_FORK_WIPE;
		break;
	case ADVICE_DOFORK:
	case ADVICE_KEEPONFORK:
		mapping->at_fork = PW_AT_FORK_COPY;
		break;
	case ADVICE_HUGEPAGE:
		mapping->huge = PW_HUGE_WANTED;
		break;
	case ADVICE_NOHUGEPAGE:
		mapping->huge = PW_HUGE_REFUSED;
		break;
	default:
		break;
	}
}

/* Let the mappings in @range be treated otherwise. */
static enum pw_status advise(const struct context *ctx, struct pw_range range,
			     uint64_t advice, struct pw_error *err)
{
	const struct pw_mapping *mapping;
	struct pw_range part;

	PW_ASSERT(range.end <= ctx->space->page_end);
	while ((mapping = pw_space_part(ctx->space, &range, &part))) {
		struct pw_mapping changed = *mapping;
		enum pw_status st;

		take_advice(&changed, advice);
		if (mapping->at_fork == changed.at_fork &&
		    mapping->huge == changed.huge)
			continue;
		st = pw_pages_cut(ctx->system, ctx->space, part, err);
		if (st == PW_OK)
			st = pw_space_map(ctx->space, part, &changed, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

static enum pw_status apply_madvise(const struct context *ctx,
				    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = range_of(ctx, arg[0], arg[1]);

	switch (arg[2]) {
	case ADVICE_DONTNEED:
	case ADVICE_DONTNEED_LOCKED:
		return pw_pages_drop(ctx->system, ctx->space, range, err);
	case ADVICE_POPULATE_READ:
		return pw_populate(ctx->system, ctx->space, range,
				   PW_POPULATE_READ, err);
	case ADVICE_POPULATE_WRITE:
		return pw_populate(ctx->system, ctx->space, range,
				   PW_POPULATE_WRITE, err);
	default:
		return advise(ctx, range, arg[2], err);
	}
}

static enum pw_status apply_lock(const struct context *ctx,
				 struct pw_error *err)
{
	return pw_lock_event(ctx->system, ctx->space, ctx->event, err);
}

static enum pw_status apply_shmat(const struct context *ctx,
				  struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_mapping mapping = {
		.prot = arg[2] & SHM_FLAG_RDONLY ? 1 : 3,
		.anonymous = true,
		.shared = true,
	};
	const struct map_call call = {.device = arg[4], .inode = arg[5]};
	enum pw_status st = attach(ctx, &call, &mapping, err);

	if (st != PW_OK)
		return st;
	if (arg[2] & SHM_FLAG_EXEC)
		mapping.prot |= 4;
	return make_new(ctx, range_of(ctx, ctx->event->result, arg[3]),
			&mapping, false, err);
}

static enum pw_status apply_exec(const struct context *ctx,
				 struct pw_error *err)
{
	(void)err;
	PW_ASSERT(ctx->space == ctx->system->current);
	pw_system_empty(ctx->system);
	return PW_OK;
}

static const handler handlers[] = {
	[PW_EVENT_map] = apply_map,
	[PW_EVENT_present] = apply_present,
	[PW_EVENT_mmap] = apply_mmap,
	[PW_EVENT_munmap] = apply_munmap,
	[PW_EVENT_mremap] = apply_mremap,
	[PW_EVENT_brk] = apply_brk,
	[PW_EVENT_mprotect] = apply_mprotect,
	[PW_EVENT_madvise] = apply_madvise,
	[PW_EVENT_exec] = apply_exec,
	[PW_EVENT_mlock] = apply_lock,
	[PW_EVENT_munlock] = apply_lock,
	[PW_EVENT_mlockall] = apply_lock,
	[PW_EVENT_munlockall] = apply_lock,
	[PW_EVENT_shmat] = apply_shmat,
	[PW_EVENT_shmdt] = apply_munmap,
};

enum pw_status pw_event_apply(struct pw_system *system,
			      const struct pw_event *event,
			      struct pw_error *err)
{
	const struct context ctx = {system, system->current, event,
				    event->text ? event->text : ""};
	enum pw_status st = PW_OK;

	PW_ASSERT(ctx.space && ctx.space == system->current);
	if ((size_t)event->kind < PW_COUNT(handlers) && handlers[event->kind] &&
	    !pw_event_failed(event))
		st = handlers[event->kind](&ctx, err);
	pw_system_note_peaks(system);
	return st;
}
