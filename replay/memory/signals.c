/*
 * signals.c - faults that end in a signal.
 */
#include "replay/memory/signals.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/fault.h"
#include "replay/memory/guard.h"
#include "replay/memory/huge_pool.h"
#include "replay/memory/pages.h"

/* Linux include/uapi/asm-generic/signal.h, siginfo.h. */
#define SIGNAL_BUS 7
#define SIGNAL_SEGV 11
#define CODE_MAPERR 1
#define CODE_ACCERR 2
#define CODE_BUS_ADDRESS 2 /* BUS_ADRERR */
#define ACCESS_LOAD 1	   /* of the event */
#define CODE_KERNEL 128	   /* of an address that is none */

/* Whether bits 56 to 63 are alike. */
static bool is_canonical(uint64_t address)
{
	uint64_t high = address >> (PW_ADDRESS_BITS - 1);

	return high == 0 || high == UINT64_MAX >> (PW_ADDRESS_BITS - 1);
}

bool pw_signal_past_end(const struct pw_system *system,
			const struct pw_space *space,
			const struct pw_mapping *mapping, uint64_t page)
{
	const struct pw_object *object;
	uint64_t offset;

	if (!mapping->object || mapping->hugetlb_shift)
		return false;
	object = pw_object_at(&system->objects, mapping->object);
	offset = pw_cache_index(space, mapping, page) << space->page_shift;
	if (object->memory_bytes)
		return offset >= object->memory_bytes;
	return object->bytes > 0 ? offset >= object->bytes : object->emptied;
}

struct pw_signal pw_signal_expect(const struct pw_system *system,
				  const struct pw_space *space,
				  uint64_t address)
{
	const struct pw_signal none = {0, 0};
	const struct pw_signal unmapped = {SIGNAL_SEGV, CODE_MAPERR};
	const struct pw_signal forbidden = {SIGNAL_SEGV, CODE_ACCERR};
	uint64_t page = pw_page_fold(address >> PW_PAGE_SHIFT) >>
			(space->page_shift - PW_PAGE_SHIFT);
	const struct pw_mapping *mapping;

	if (!is_canonical(address))
		return (struct pw_signal){SIGNAL_SEGV, CODE_KERNEL};
	mapping = pw_space_find(space, page, NULL);
	if (!mapping)
		return pw_space_may_grow(space, page) ? none : unmapped;
	if (!(mapping->flags & PW_VM_ACCESS))
		return forbidden;
	if (pw_guard_holds(space, page))
		return unmapped;
	if (pw_signal_past_end(system, space, mapping, page) ||
	    (pw_vma_has(mapping, PW_VM_WRITE) && !pw_pages_find(space, page) &&
	     pw_huge_pool_lacks(system, space, mapping)))
		return (struct pw_signal){SIGNAL_BUS, CODE_BUS_ADDRESS};
	return pw_vma_has(mapping, PW_VM_WRITE | PW_VM_EXEC) ? none : forbidden;
}

static bool is_read_only(const struct pw_call_context *ctx, uint64_t address)
{
	const struct pw_space *space = ctx->space;
	uint64_t page = pw_page_fold(address >> PW_PAGE_SHIFT) >>
			(space->page_shift - PW_PAGE_SHIFT);
	const struct pw_mapping *mapping = pw_space_find(space, page, NULL);

	return mapping && !(mapping->flags & PW_VM_WRITE);
}

/* A fault behind the end of a file has come a part of its way. */
static enum pw_status leave(const struct pw_call_context *ctx,
			    const struct pw_signal_row *row, uint64_t access,
			    struct pw_error *err)
{
	uint64_t page = pw_page_fold(row->address >> PW_PAGE_SHIFT) >>
			(ctx->space->page_shift - PW_PAGE_SHIFT);

	if (row->seen.number != SIGNAL_BUS ||
	    row->expected.number != SIGNAL_BUS || !access ||
	    !pw_signal_past_end(ctx->system, ctx->space,
				pw_space_find(ctx->space, page, NULL), page) ||
	    pw_pages_find(ctx->space, page))
		return PW_OK;
	return pw_fault_failed(ctx->system, ctx->space, page,
			       access != ACCESS_LOAD, err);
}

static void count(struct pw_counters *counters, const struct pw_signal *signal)
{
	counters->fault_fatal++;
	if (signal->number == SIGNAL_BUS)
		counters->fault_fatal_bus++;
	else if (signal->code == CODE_MAPERR)
		counters->fault_fatal_unmapped++;
	else if (signal->code == CODE_ACCERR)
		counters->fault_fatal_forbidden++;
	else
		counters->fault_fatal_other++;
}

enum pw_status pw_call_signal(const struct pw_call_context *ctx,
			      struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_system *system = ctx->system;
	struct pw_signal_row row = {
		.process = system->runner.process,
		.thread = system->runner.thread,
		.address = arg[2],
		.seen = {(unsigned)arg[0], (unsigned)arg[1]},
	};
	int64_t code = (int64_t)arg[1];
	enum pw_status st;

	/* Others are sent by programs, or of what the model knows nothing of:
	 * protection keys, alignment, bad memory. */
	if (!(arg[0] == SIGNAL_SEGV &&
	      (code == CODE_MAPERR || code == CODE_ACCERR ||
	       code == CODE_KERNEL)) &&
	    !(arg[0] == SIGNAL_BUS && code == CODE_BUS_ADDRESS))
		return PW_OK;
	/* Of such an address nothing is told. */
	if (code == CODE_KERNEL && row.address == 0)
		row.expected = row.seen;
	else
		row.expected =
			pw_signal_expect(system, ctx->space, row.address);
	/* Writes to what may not be written get neither to the file's end nor
	 * to a guard. */
	if ((row.expected.number == SIGNAL_BUS ||
	     row.expected.code == CODE_MAPERR) &&
	    row.seen.code == CODE_ACCERR && row.seen.number == SIGNAL_SEGV &&
	    is_read_only(ctx, row.address))
		row.expected = row.seen;
	if (row.expected.number)
		count(&system->counters, &row.expected);
	if (row.expected.number != row.seen.number ||
	    row.expected.code != row.seen.code) {
		system->counters.signal_unlike++;
		pw_system_warn(system, PW_WARNING_SIGNAL, row.address);
	}
	st = leave(ctx, &row, arg[3], err);
	if (st != PW_OK)
		return st;
	return system->signals.count < PW_SIGNALS_MAX
		       ? pw_array_push(&system->signals, &row, err)
		       : PW_OK;
}

enum pw_status pw_call_unreached(const struct pw_call_context *ctx,
				 struct pw_error *err)
{
	const uint64_t *arg = ctx->event->arg;
	struct pw_signal expected =
		pw_signal_expect(ctx->system, ctx->space, arg[0]);
	const struct pw_signal_row row = {
		.address = arg[0], .seen = expected, .expected = expected};

	if (expected.number != SIGNAL_BUS ||
	    (arg[1] != ACCESS_LOAD && is_read_only(ctx, arg[0])))
		return PW_OK;
	return leave(ctx, &row, arg[1], err);
}
