/*
 * ptrace_prepare.c - from a task's registers to its next accesses.
 */
#include "capture/ptrace_session.h"

#include <sys/mman.h>

#include "base/assert.h"
#include "base/bits.h"

#define XRSTOR_FORMAT_OFFSET 520 /* XCOMP_BV in an xsave area */

/*
 * Writable or shared code can change without a call that tells us. So can all
 * but files once unrecorded tasks make calls in the same address space; then
 * what maps said is also looked up anew for each further page.
 */
static enum pw_status may_change(struct pw_task *task, uint64_t pc, bool *out,
				 struct pw_error *err)
{
	struct pw_traced_space *space = task->space;
	uint64_t page = pc & ~(PW_PAGE_BYTES - 1);
	const struct pw_maps *maps;
	const struct pw_map *map;
	enum pw_status st;

	if (space->shared && page != space->decoded_page)
		space->mappings.stale = true;
	space->decoded_page = page;
	space->mappings.pid = task->tid;
	st = pw_address_space_maps(&space->mappings, &maps, err);
	if (st != PW_OK)
		return st;
	map = pw_maps_find(maps, pc);
	*out = !map || (map->prot & PROT_WRITE) || (map->flags & MAP_SHARED) ||
	       (space->shared && map->inode == 0);
	return PW_OK;
}

/* Not in the cache, or in it but perhaps out of date. */
static enum pw_status look_up_slowly(struct pw_task *task, uint64_t pc,
				     struct pw_insn_entry **entry,
				     struct pw_error *err)
{
	uint8_t bytes[PW_X86_LENGTH_MAX];
	size_t got = pw_tracee_read_code(task->tid, pc, bytes, sizeof(bytes));
	enum pw_status st;

	if (*entry && got >= (*entry)->insn.length &&
	    (*entry)->byte_count >= (*entry)->insn.length &&
	    memcmp((*entry)->bytes, bytes, (*entry)->insn.length) == 0)
		return PW_OK;
	st = pw_insn_cache_insert(task->space->cache, pc, bytes, got, entry,
				  err);
	if (st != PW_OK)
		return st;
	return may_change(task, pc, &(*entry)->may_change, err);
}

static void load_vectors(struct pw_session *session, const struct pw_task *task)
{
	size_t bytes = pw_tracee_xstate(task->tid, session->xstate,
					sizeof(session->xstate));

	PW_ASSERT(bytes <= sizeof(session->xstate));
	pw_x86_vectors_load(&session->layout, session->xstate, bytes,
			    &session->vectors);
}

static uint64_t area_format(const struct pw_task *task,
			    const struct pw_x86_insn *insn)
{
	uint64_t address = pw_x86_address(insn, 0, &task->now);
	uint64_t format = 0;

	PW_ASSERT(insn->form == PW_X86_XRSTOR && insn->operand_count > 0);
	pw_tracee_read(task->tid, address + XRSTOR_FORMAT_OFFSET, &format,
		       sizeof(format));
	return format;
}

enum pw_status pw_task_prepare(struct pw_session *session, struct pw_task *task,
			       struct pw_error *err)
{
	uint64_t pc = task->now.rip;
	struct pw_insn_entry *entry =
		pw_insn_cache_find(task->space->cache, pc);
	struct pw_pending *pending = &task->pending;
	struct pw_x86_state state = {
		.regs = &task->before,
		.vectors = &session->vectors,
		.layout = &session->layout,
		.repeated = task->repeat_pc == pc && pc != 0,
	};

	if (!entry || entry->may_change) {
		enum pw_status st = look_up_slowly(task, pc, &entry, err);

		if (st != PW_OK)
			return st;
	}
	PW_DEBUG_ASSERT(entry->insn.pc == pc);
	task->before = task->now;
	if (entry->insn.flags & PW_X86_VECTORS)
		load_vectors(session, task);
	if (entry->insn.form == PW_X86_XRSTOR)
		state.area_format = area_format(task, &entry->insn);
	/* The entry itself may go before the instruction is done. */
	pending->flags = entry->insn.flags;
	pending->form = entry->insn.form;
	pending->count = pw_x86_evaluate(&entry->insn, &state, pending->access);
	pending->ready = true;
	pending->recorded = false;
	pending->reported = false;
	if (pending->flags & PW_X86_SYSCALL)
		return pw_task_enter_call(session, task, err);
	return PW_OK;
}
