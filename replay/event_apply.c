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
#include "replay/pages.h"
#include "replay/remap.h"

/* Linux include/uapi/asm-generic/mman-common.h, mman.h. */
#define MAP_TYPE 0xf
#define MAP_TYPE_SHARED 1
#define MAP_TYPE_SHARED_VALIDATE 3
#define MAP_FLAG_ANONYMOUS 0x20
#define MAP_FLAG_GROWSDOWN 0x100
#define MAP_FLAG_LOCKED 0x2000
#define MAP_FLAG_POPULATE 0x8000
#define ADVICE_DONTNEED 4
#define ADVICE_POPULATE_READ 22
#define ADVICE_POPULATE_WRITE 23

#define ERRNO_MAX 4095

enum populate { POPULATE_READ, POPULATE_WRITE, POPULATE_BY_MAPPING };

struct context {
	struct pw_system *system;
	struct pw_space *space;
	const struct pw_event *event;
	const char *text; /* never NULL */
};

typedef enum pw_status (*handler)(const struct context *ctx,
				  struct pw_error *err);

/* Handle faults for the pages of @extent that need one. */
static enum pw_status populate_one(const struct context *ctx,
				   struct pw_range extent, bool write,
				   struct pw_error *err)
{
	PW_ASSERT(extent.end <= PW_PAGE_END);
	for (uint64_t page = extent.first; page < extent.end; page++) {
		uint64_t pte = pw_pages_find(ctx->space, page);
		enum pw_status st;

		if (write ? (pte & PW_PTE_WRITABLE) != 0 : pte != 0)
			continue;
		st = pw_fault(ctx->system, ctx->space, page, write, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* The next part of a mapping in @range, from its first page on. */
static const struct pw_mapping *next_part(const struct context *ctx,
					  struct pw_range *range,
					  struct pw_range *part)
{
	const struct pw_mapping *mapping;

	if (range->first >= range->end)
		return NULL;
	mapping = pw_space_next(ctx->space, range->first, part);
	if (!mapping || part->first >= range->end)
		return NULL;
	if (part->first < range->first)
		part->first = range->first;
	if (part->end > range->end)
		part->end = range->end;
	PW_ASSERT(part->first < part->end);
	range->first = part->end;
	return mapping;
}

static enum pw_status populate(const struct context *ctx, struct pw_range range,
			       enum populate how, struct pw_error *err)
{
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = next_part(ctx, &range, &part))) {
		bool write = how == POPULATE_WRITE ||
			     (how == POPULATE_BY_MAPPING && !mapping->shared &&
			      (mapping->prot & PW_PROT_WRITE));
		enum pw_status st = populate_one(ctx, part, write, err);

		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* The arguments that map and mmap share. */
struct map_call {
	uint64_t address;
	uint64_t length;
	uint64_t prot;
	uint64_t flags;
	uint64_t offset;
	uint64_t inode;
	uint64_t file_bytes;
};

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
		.file_bias =
			call->offset - (call->address & ~(PW_PAGE_BYTES - 1)),
		.file_bytes = call->file_bytes,
	};

	return mapping;
}

static enum pw_status make_mapping(const struct context *ctx,
				   const struct map_call *call,
				   struct pw_error *err)
{
	struct pw_range range = pw_range_of(call->address, call->length);
	struct pw_mapping mapping = describe(call, ctx->text);

	if (range.first == range.end)
		return PW_OK;
	pw_pages_drop(ctx->system, ctx->space, range);
	return pw_space_map(ctx->space, range, &mapping, err);
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
		.inode = arg[6],
		.file_bytes = arg[7],
	};

	if (strcmp(ctx->text, "[heap]") == 0) {
		ctx->space->break_known = true;
		ctx->space->break_page = pw_range_of(arg[0], arg[1]).end;
	}
	return make_mapping(ctx, &call, err);
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
		.inode = arg[7],
		.file_bytes = arg[8],
	};
	enum pw_status st = make_mapping(ctx, &call, err);

	if (st != PW_OK ||
	    !(call.flags & (MAP_FLAG_POPULATE | MAP_FLAG_LOCKED)))
		return st;
	return populate(ctx, pw_range_of(call.address, call.length),
			POPULATE_BY_MAPPING, err);
}

static enum pw_status apply_present(const struct context *ctx,
				    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_range_of(arg[0], arg[1]);
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = next_part(ctx, &range, &part))) {
		uint64_t pte =
			PW_PTE_PRESENT |
			(mapping->anonymous ? PW_PTE_WRITABLE : PW_PTE_FILE);

		for (uint64_t page = part.first; page < part.end; page++) {
			enum pw_status st;

			if (pw_pages_find(ctx->space, page))
				continue;
			st = pw_pages_set(ctx->system, ctx->space, page, pte,
					  err);
			if (st != PW_OK)
				return st;
		}
	}
	return PW_OK;
}

static enum pw_status unmap(const struct context *ctx, struct pw_range range,
			    struct pw_error *err)
{
	pw_pages_drop(ctx->system, ctx->space, range);
	return pw_space_unmap(ctx->space, range, err);
}

static enum pw_status apply_munmap(const struct context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;

	return unmap(ctx, pw_range_of(arg[0], arg[1]), err);
}

static enum pw_status apply_mremap(const struct context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct pw_remap remap = {
		.from = pw_range_of(arg[0], arg[1]),
		.to = pw_range_of(ctx->event->result, arg[2]),
		.flags = arg[3],
	};

	return pw_remap(ctx->system, ctx->space, &remap, err);
}

static enum pw_status apply_brk(const struct context *ctx, struct pw_error *err)
{
	static const struct pw_mapping heap = {.prot = 3, .anonymous = true};
	struct pw_space *space = ctx->space;
	uint64_t old = space->break_page;
	uint64_t wanted = pw_range_of(0, ctx->event->result).end;
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
	pw_pages_drop(ctx->system, space, growth);
	return pw_space_map(space, growth, &heap, err);
}

static enum pw_status apply_mprotect(const struct context *ctx,
				     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_range range = pw_range_of(arg[0], arg[1]);
	uint64_t prot = arg[2] & PW_PROT_MASK;
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = next_part(ctx, &range, &part))) {
		struct pw_mapping changed = *mapping;
		enum pw_status st;

		if (mapping->prot == prot)
			continue;
		PW_ASSERT((prot & ~(uint64_t)PW_PROT_MASK) == 0);
		changed.prot = prot;
		pw_pages_invalidate(ctx->system, ctx->space, part,
				    pw_pages_count(ctx->space, part));
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
	struct pw_range range = pw_range_of(arg[0], arg[1]);

	switch (arg[2]) {
	case ADVICE_DONTNEED:
		pw_pages_drop(ctx->system, ctx->space, range);
		return PW_OK;
	case ADVICE_POPULATE_READ:
		return populate(ctx, range, POPULATE_READ, err);
	case ADVICE_POPULATE_WRITE:
		return populate(ctx, range, POPULATE_WRITE, err);
	default:
		return PW_OK;
	}
}

static enum pw_status apply_exec(const struct context *ctx,
				 struct pw_error *err)
{
	(void)err;
	(void)pw_pages_remove(ctx->system, ctx->space,
			      (struct pw_range){0, PW_PAGE_END});
	pw_space_clear(ctx->space);
	PW_ASSERT(pw_pages_count(ctx->space,
				 (struct pw_range){0, PW_PAGE_END}) == 0);
	pw_mmu_flush(&ctx->system->mmu);
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
	    event->result < (uint64_t)0 - ERRNO_MAX)
		st = handlers[event->kind](&ctx, err);
	pw_system_note_peaks(system);
	return st;
}
