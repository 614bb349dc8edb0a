/*
 * ptrace_prepare.c - from the target's registers to its next accesses.
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
static enum pw_status may_change(struct pw_session *session, uint64_t pc,
				 bool *out, struct pw_error *err)
{
	uint64_t page = pc & ~(PW_PAGE_BYTES - 1);
	const struct pw_maps *maps;
	const struct pw_map *map;
	enum pw_status st;

	if (session->shared_space && page != session->decoded_page)
		session->space.stale = true;
	session->decoded_page = page;
	st = pw_address_space_maps(&session->space, &maps, err);
	if (st != PW_OK)
		return st;
	map = pw_maps_find(maps, pc);
	*out = !map || (map->prot & PROT_WRITE) || (map->flags & MAP_SHARED) ||
	       (session->shared_space && map->inode == 0);
	return PW_OK;
}

/* Not in the cache, or in it but perhaps out of date. */
static enum pw_status look_up_slowly(struct pw_session *session, uint64_t pc,
				     struct pw_insn_entry **entry,
				     struct pw_error *err)
{
	uint8_t bytes[PW_X86_LENGTH_MAX];
	size_t got = pw_process_read_code(&session->process, pc, bytes,
					  sizeof(bytes));
	enum pw_status st;

	if (*entry && got >= (*entry)->insn.length &&
	    (*entry)->byte_count >= (*entry)->insn.length &&
	    memcmp((*entry)->bytes, bytes, (*entry)->insn.length) == 0)
		return PW_OK;
	st = pw_insn_cache_insert(session->cache, pc, bytes, got, entry, err);
	if (st != PW_OK)
		return st;
	return may_change(session, pc, &(*entry)->may_change, err);
}

static void load_vectors(struct pw_session *session)
{
	size_t bytes = pw_process_xstate(&session->process, session->xstate,
					 sizeof(session->xstate));

	PW_ASSERT(session->process.attached);
	pw_x86_vectors_load(&session->layout, session->xstate, bytes,
			    &session->vectors);
}

static uint64_t area_format(struct pw_session *session,
			    const struct pw_x86_insn *insn)
{
	uint64_t address = pw_x86_address(insn, 0, &session->now);
	uint64_t format = 0;

	PW_ASSERT(insn->form == PW_X86_XRSTOR && insn->operand_count > 0);
	pw_process_read(&session->process, address + XRSTOR_FORMAT_OFFSET,
			&format, sizeof(format));
	return format;
}

enum pw_status pw_session_prepare(struct pw_session *session,
				  struct pw_error *err)
{
	uint64_t pc = session->now.rip;
	struct pw_insn_entry *entry = pw_insn_cache_find(session->cache, pc);
	struct pw_x86_state state = {
		.regs = &session->before,
		.vectors = &session->vectors,
		.layout = &session->layout,
		.repeated = session->repeat_pc == pc && pc != 0,
	};

	if (!entry || entry->may_change) {
		enum pw_status st = look_up_slowly(session, pc, &entry, err);

		if (st != PW_OK)
			return st;
	}
	PW_DEBUG_ASSERT(entry->insn.pc == pc);
	session->before = session->now;
	if (entry->insn.flags & PW_X86_VECTORS)
		load_vectors(session);
	if (entry->insn.form == PW_X86_XRSTOR)
		state.area_format = area_format(session, &entry->insn);
	session->repeat_pc = 0;
	session->pending.insn = &entry->insn;
	session->pending.count =
		pw_x86_evaluate(&entry->insn, &state, session->pending.access);
	return PW_OK;
}
