/*
 * map.c - mmap, shmat, brk, and the mappings that were there at the start.
 *
 * Source: Linux 6.18 mm/mmap.c do_mmap, mm/vma.c mmap_region, do_brk_flags;
 *         ipc/shm.c do_shmat.
 */
#include "replay/memory/event_call.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/commit.h"
#include "replay/memory/holders.h"
#include "replay/memory/pages.h"
#include "replay/memory/populate.h"
#include "replay/memory/space_merge.h"

/* Linux include/uapi/asm-generic/mman-common.h, mman.h. */
#define MAP_TYPE 0xf
#define MAP_TYPE_SHARED 1
#define MAP_TYPE_SHARED_VALIDATE 3
#define MAP_TYPE_DROPPABLE 8
#define MAP_FLAG_FIXED 0x10
#define MAP_FLAG_ANONYMOUS 0x20
#define MAP_FLAG_GROWSDOWN 0x100
#define MAP_FLAG_LOCKED 0x2000
#define MAP_FLAG_NORESERVE 0x4000
#define MAP_FLAG_POPULATE 0x8000
#define MAP_FLAG_NONBLOCK 0x10000
#define MAP_FLAG_STACK 0x20000
#define MAP_FLAG_HUGETLB 0x40000
#define MAP_FLAG_SYNC 0x80000
#define MAP_FLAG_FIXED_NOREPLACE 0x100000
#define MAP_HUGE_SHIFT 26
#define MAP_HUGE_MASK 63
#define HUGETLB_DEFAULT 21 /* 2 MiB */

/* Linux include/uapi/linux/shm.h. */
#define SHM_FLAG_RDONLY 0x1000
#define SHM_FLAG_EXEC 0x8000

#define ADDRESS_MASK (((uint64_t)1 << PW_ADDRESS_BITS) - 1)
#define NO_DESCRIPTOR UINT64_MAX
#define SHMEM_DEVICE 1 /* 00:01, the mount that the kernel has for itself */

/* The arguments that map and mmap share. */
struct map_call {
	uint64_t address;
	uint64_t length;
	uint64_t prot;
	uint64_t flags;
	uint64_t descriptor;
	uint64_t offset;
	uint64_t device;
	uint64_t inode;
	uint64_t file_bytes;
};

static bool is_shared(uint64_t flags)
{
	uint64_t type = flags & MAP_TYPE;

	return type == MAP_TYPE_SHARED || type == MAP_TYPE_SHARED_VALIDATE;
}

/* /dev/zero is anonymous memory; a private mapping keeps its name. */
static bool is_anonymous(const struct map_call *call, const char *text)
{
	return (call->flags & MAP_FLAG_ANONYMOUS) ||
	       (call->inode == 0 && text[0] != '/') ||
	       strcmp(text, "/dev/zero") == 0;
}

static uint64_t call_flags(const struct map_call *call)
{
	static const struct {
		uint64_t map;
		uint64_t vm;
	} rows[] = {
		{MAP_FLAG_GROWSDOWN, PW_VM_GROWSDOWN},
		{MAP_FLAG_LOCKED, PW_VM_LOCKED},
		{MAP_FLAG_NORESERVE, PW_VM_NORESERVE},
		{MAP_FLAG_STACK, PW_VM_NOHUGEPAGE},
		{MAP_FLAG_HUGETLB, PW_VM_HUGETLB | PW_VM_DONTEXPAND},
	};
	uint64_t flags = 0;

	for (size_t i = 0; i < PW_COUNT(rows); i++)
		flags |= call->flags & rows[i].map ? rows[i].vm : 0;
	if ((call->flags & MAP_TYPE) == MAP_TYPE_DROPPABLE)
		flags |= PW_VM_DROPPABLE | PW_VM_NORESERVE | PW_VM_WIPEONFORK |
			 PW_VM_DONTDUMP;
	if ((call->flags & MAP_TYPE) == MAP_TYPE_SHARED_VALIDATE &&
	    (call->flags & MAP_FLAG_SYNC))
		flags |= PW_VM_SYNC;
	return flags;
}

/* Of the pages that are asked for, or 0. */
static unsigned hugetlb_shift(uint64_t flags)
{
	unsigned shift = (unsigned)(flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;

	if (!(flags & MAP_FLAG_HUGETLB))
		return 0;
	return shift ? shift : HUGETLB_DEFAULT;
}

uint64_t pw_call_mmap_bytes(const struct pw_event *event)
{
	unsigned shift = hugetlb_shift(event->arg[3]);
	uint64_t mask = ((uint64_t)1 << shift) - 1;

	PW_ASSERT(event->kind == PW_EVENT_mmap);
	if (shift == 0 || shift >= PW_ADDRESS_BITS)
		return event->arg[1];
	return event->arg[1] + (-event->arg[1] & mask);
}

static struct pw_mapping describe(const struct pw_call_context *ctx,
				  const struct map_call *call)
{
	struct pw_mapping mapping = {
		.flags = (call->prot & PW_PROT_MASK) | call_flags(call),
		.anonymous = is_anonymous(call, ctx->text),
		.shared = is_shared(call->flags),
	};

	if (ctx->space->reads_execute && (call->prot & PW_VM_READ))
		mapping.flags |= PW_VM_EXEC;
	mapping.flags |= PW_VM_MAY;
	if (mapping.shared)
		mapping.flags |= PW_VM_SHARED | PW_VM_MAYSHARE;
	if (ctx->system->machine->overcommit == PW_OVERCOMMIT_NEVER &&
	    !(mapping.flags & PW_VM_DROPPABLE))
		mapping.flags &= ~PW_VM_NORESERVE;
	if (pw_vma_is_accountable(mapping.flags))
		mapping.flags |= PW_VM_ACCOUNT;
	/* What a file is mapped from; shared memory begins with the mapping. */
	if (!mapping.anonymous || mapping.shared)
		mapping.file_bias = (mapping.anonymous ? 0 : call->offset) -
				    (call->address & ADDRESS_MASK);
	mapping.hugetlb_shift = hugetlb_shift(call->flags);
	return mapping;
}

/* Who maps a file shared has it open for reading only, unless it is known to
 * be open for writing. */
static void limit_rights(const struct pw_call_context *ctx,
			 struct pw_mapping *mapping)
{
	const struct pw_backing *backing =
		pw_backings_at(&ctx->system->backings, mapping->backing);

	if (mapping->shared && !mapping->anonymous && backing &&
	    !backing->writable)
		mapping->flags &= ~(PW_VM_MAYWRITE | PW_VM_SHARED);
}

/* Say of what it is a mapping: its object, and its name. */
static enum pw_status attach(const struct pw_call_context *ctx,
			     const struct map_call *call,
			     struct pw_mapping *mapping, struct pw_error *err)
{
	const struct pw_object name = {.device = call->device,
				       .inode = call->inode,
				       .bytes = call->file_bytes};
	struct pw_backing backing = {
		.kind = PW_BACKING_FILE,
		.device = call->device,
		.inode = call->inode,
		.handle = call->descriptor,
		.name = ctx->text,
		.writable = mapping->shared && pw_vma_has(mapping, PW_VM_WRITE),
	};
	enum pw_status st;

	st = pw_object_attach(&ctx->system->objects, &name, ctx->text, mapping,
			      err);
	if (st != PW_OK)
		return st;
	/* A mapping may grow, but its memory does not. */
	if (mapping->anonymous && mapping->shared && !name.device &&
	    !name.inode)
		pw_object_at(&ctx->system->objects, mapping->object)
			->memory_bytes = call->length;
	if (mapping->anonymous && mapping->shared) {
		backing.kind = PW_BACKING_SHARED;
		backing.device = SHMEM_DEVICE;
		backing.inode = 0;
		backing.name = "/dev/zero (deleted)";
	}
	if (mapping->hugetlb_shift && mapping->anonymous) {
		backing.kind = PW_BACKING_SHARED;
		backing.name = "/anon_hugepage (deleted)";
	}
	if (backing.kind == PW_BACKING_FILE && mapping->anonymous &&
	    ctx->text[0] != '/')
		return PW_OK;
	st = pw_backings_number(&ctx->system->backings, &backing,
				&mapping->backing, err);
	if (st != PW_OK)
		return st;
	limit_rights(ctx, mapping);
	if (mapping->anonymous || !mapping->object ||
	    ctx->event->kind != PW_EVENT_mmap)
		return PW_OK;
	return pw_hold(ctx->system, ctx->system->runner.process,
		       mapping->object, err);
}

/* Warn if there is a mapping where the kernel would not have made one. */
static void check_free(const struct pw_call_context *ctx, struct pw_range range)
{
	uint64_t address = range.first << ctx->space->page_shift;
	struct pw_range part;

	if (pw_space_part(ctx->space, &range, &part))
		pw_system_warn(ctx->system, PW_WARNING_OVERLAP, address);
}

/* A mapping made by a call of the process, locked if its mlockall said so. */
static enum pw_status make_new(const struct pw_call_context *ctx,
			       struct pw_range range,
			       struct pw_mapping *mapping, bool populate,
			       struct pw_error *err)
{
	enum pw_status st;

	if (!pw_vma_has(mapping, PW_VM_LOCKONFAULT))
		mapping->flags |= ctx->space->future_lock;
	if (mapping->flags & PW_VM_SPECIAL)
		mapping->flags &= ~PW_VM_LOCKED_MASK;
	if (range.first == range.end)
		return PW_OK;
	st = pw_call_unmap(ctx, range, err);
	if (st != PW_OK)
		return st;
	pw_commit_check(ctx, mapping, range.end - range.first);
	st = pw_space_add(ctx->space, range, mapping,
			  ctx->event->kind == PW_EVENT_brk, err);
	if (st != PW_OK || !(populate || pw_vma_is_locked_now(mapping)))
		return st;
	return pw_populate(ctx->system, ctx->space, range,
			   PW_POPULATE_BY_MAPPING, err);
}

/* What the kernel maps into each program; the flags are its own. */
static uint64_t special_flags(const char *text)
{
	if (strncmp(text, "[vvar", 5) == 0)
		return PW_VM_PFNMAP | PW_VM_IO | PW_VM_DONTEXPAND |
		       PW_VM_DONTDUMP | PW_VM_MAYREAD;
	if (strcmp(text, "[vdso]") == 0)
		return PW_VM_DONTEXPAND | PW_VM_MAY;
	return 0;
}

/* What a mapping of the start tells of the process. */
static void note_start(const struct pw_call_context *ctx,
		       const struct pw_mapping *mapping, struct pw_range range)
{
	struct pw_space *space = ctx->space;
	bool code = pw_vma_has(mapping, PW_VM_EXEC) &&
		    !pw_vma_has(mapping, PW_VM_WRITE);

	if (strcmp(ctx->text, "[heap]") == 0) {
		space->break_known = true;
		space->break_first = range.first;
		space->break_page = range.end;
	}
	if (strcmp(ctx->text, "[stack]") == 0 && !space->stack_page)
		space->stack_page = range.end - 1;
	if (mapping->anonymous)
		return;
	if (!space->program)
		space->program = mapping->backing;
	if (!code || mapping->backing != space->program)
		return;
	if (space->code_first == space->code_end)
		space->code_first = range.first;
	space->code_end = range.end;
}

enum pw_status pw_call_map(const struct pw_call_context *ctx,
			   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct map_call call = {
		.address = arg[0],
		.length = arg[1],
		.prot = arg[2],
		.flags = arg[3],
		.descriptor = NO_DESCRIPTOR,
		.offset = arg[4],
		.device = arg[5],
		.inode = arg[6],
		.file_bytes = arg[7],
	};
	struct pw_range range = pw_call_range(ctx, call.address, call.length);
	struct pw_mapping mapping = describe(ctx, &call);
	bool bracket = ctx->text[0] == '[';
	uint64_t special = special_flags(ctx->text);
	struct pw_backing name = {.kind = PW_BACKING_FILE, .name = ctx->text};
	enum pw_status st;

	if (range.first == range.end)
		return PW_OK;
	if (strcmp(ctx->text, "[stack]") == 0)
		mapping.flags |= PW_VM_GROWSDOWN;
	if (special)
		mapping.flags = (mapping.flags & PW_VM_ACCESS) | special;
	st = attach(ctx, &call, &mapping, err);
	/* Names of the heap and the stack follow from where they are. */
	if (st == PW_OK && bracket && strcmp(ctx->text, "[heap]") != 0 &&
	    strcmp(ctx->text, "[stack]") != 0)
		st = pw_backings_number(&ctx->system->backings, &name,
					&mapping.backing, err);
	if (st != PW_OK)
		return st;
	check_free(ctx, range);
	note_start(ctx, &mapping, range);
	st = pw_call_unmap(ctx, range, err);
	return st == PW_OK ? pw_space_map(ctx->space, range, &mapping, err)
			   : st;
}

enum pw_status pw_call_mmap(const struct pw_call_context *ctx,
			    struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct map_call call = {
		.address = ctx->event->result,
		.length = pw_call_mmap_bytes(ctx->event),
		.prot = arg[2],
		.flags = arg[3],
		.descriptor = arg[4],
		.offset = arg[5],
		.device = arg[6],
		.inode = arg[7],
		.file_bytes = arg[8],
	};
	const uint64_t how = MAP_FLAG_POPULATE | MAP_FLAG_NONBLOCK;
	const struct pw_range range =
		pw_call_range(ctx, call.address, call.length);
	struct pw_mapping mapping = describe(ctx, &call);
	enum pw_status st;

	if (call.length == 0)
		pw_call_forbidden(ctx);
	if (range.first == range.end)
		return PW_OK;
	if (!(call.flags & (MAP_FLAG_FIXED | MAP_FLAG_FIXED_NOREPLACE)))
		check_free(ctx, range);
	st = attach(ctx, &call, &mapping, err);
	if (st != PW_OK)
		return st;
	return make_new(ctx, range, &mapping,
			(call.flags & how) == MAP_FLAG_POPULATE, err);
}

/* Whether all of @range is of one file and has the flags of its beginning. */
static bool is_alike(const struct pw_space *space, struct pw_range range)
{
	const struct pw_mapping *first =
		pw_space_find(space, range.first, NULL);
	const struct pw_mapping *mapping;
	uint64_t at = range.first, end = range.end;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part)) &&
	       part.first == at && mapping->backing == first->backing &&
	       mapping->flags == first->flags)
		at = part.end;
	return first && at == end;
}

/*
 * remap_file_pages: a new shared mapping of the same file, at another offset,
 * with the rights of the old one.
 *
 * Source: Linux 6.18 mm/mmap.c remap_file_pages.
 */
enum pw_status pw_call_remap_pages(const struct pw_call_context *ctx,
				   struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const uint64_t mask = ~(uint64_t)(PW_PAGE_BYTES - 1);
	const struct pw_range range =
		pw_call_range(ctx, arg[0] & mask, arg[1] & mask);
	const struct pw_mapping *old =
		pw_space_find(ctx->space, range.first, NULL);
	struct pw_mapping mapping;
	enum pw_status st;

	if (range.first == range.end || !old || !old->shared ||
	    !is_alike(ctx->space, range)) {
		pw_call_forbidden(ctx);
		return PW_OK;
	}
	mapping = *old;
	mapping.flags &=
		PW_VM_ACCESS | PW_VM_LOCKED | PW_VM_HUGETLB | PW_VM_DONTEXPAND;
	mapping.flags |= PW_VM_MAY | PW_VM_SHARED | PW_VM_MAYSHARE;
	if (ctx->space->reads_execute && (mapping.flags & PW_VM_READ))
		mapping.flags |= PW_VM_EXEC;
	mapping.label = mapping.policy = 0;
	mapping.file_bias =
		(arg[3] << PW_PAGE_SHIFT) - (arg[0] & mask & ADDRESS_MASK);
	/* Its memory stays, though there may be no mapping in between. */
	pw_backings_map(&ctx->system->backings, &mapping, 1, false);
	st = make_new(ctx, range, &mapping, !(arg[4] & MAP_FLAG_NONBLOCK), err);
	pw_backings_map(&ctx->system->backings, &mapping, 1, true);
	return st;
}

enum pw_status pw_call_shmat(const struct pw_call_context *ctx,
			     struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	const struct pw_backing backing = {.kind = PW_BACKING_SEGMENT,
					   .device = SHMEM_DEVICE,
					   .inode = arg[5],
					   .handle = arg[0],
					   .name = "/SYSV00000000 (deleted)"};
	const struct pw_object name = {.device = arg[4], .inode = arg[5]};
	const uint64_t bias = 0 - (ctx->event->result & ADDRESS_MASK);
	const struct pw_range range =
		pw_call_range(ctx, ctx->event->result, arg[3]);
	struct pw_mapping mapping = {
		.flags = PW_VM_READ | PW_VM_MAY | PW_VM_MAYSHARE,
		.anonymous = true,
		.shared = true,
		.attached = true,
		.file_bias = bias,
	};
	enum pw_status st;

	if (range.first == range.end)
		return PW_OK;
	st = pw_object_attach(&ctx->system->objects, &name, ctx->text, &mapping,
			      err);
	if (arg[2] & SHM_FLAG_RDONLY)
		mapping.flags &= ~PW_VM_MAYWRITE;
	else
		mapping.flags |= PW_VM_WRITE | PW_VM_SHARED;
	if (arg[2] & SHM_FLAG_EXEC)
		mapping.flags |= PW_VM_EXEC;
	if (st == PW_OK)
		st = pw_backings_number(&ctx->system->backings, &backing,
					&mapping.backing, err);
	if (st != PW_OK)
		return st;
	pw_object_at(&ctx->system->objects, mapping.object)->segment =
		mapping.backing;
	return make_new(ctx, range, &mapping, false, err);
}

enum pw_status pw_call_brk(const struct pw_call_context *ctx,
			   struct pw_error *err)
{
	struct pw_mapping heap = {.flags = PW_VM_READ | PW_VM_WRITE |
					   PW_VM_MAY | PW_VM_ACCOUNT,
				  .anonymous = true};
	struct pw_space *space = ctx->space;
	uint64_t old = space->break_page;
	uint64_t wanted = pw_call_range(ctx, 0, ctx->event->result).end;
	struct pw_range growth = {old, wanted};

	if (space->reads_execute)
		heap.flags |= PW_VM_EXEC;
	if (!space->break_known) {
		space->break_known = true;
		space->break_first = wanted;
	} else if (wanted < space->break_first)
		pw_call_forbidden(ctx);
	space->break_page = wanted;
	if (old == 0 || wanted == old)
		return PW_OK;
	if (wanted < old)
		return pw_call_unmap(ctx, (struct pw_range){wanted, old}, err);
	return make_new(ctx, growth, &heap, false, err);
}
