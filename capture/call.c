/*
 * call.c - system calls at their entry and at their return.
 */
#include "capture/call.h"

#include <linux/sched.h>

#include "capture/call_job.h"

#define WHY_UNSEEN "kernel access"

bool pw_call_fetch(const struct pw_call_job *job, uint64_t address,
		   void *buffer, size_t bytes)
{
	return address != 0 &&
	       job->ops->read(job->state, address, buffer, bytes) == bytes;
}

bool pw_call_is_error(const struct pw_call_job *job, unsigned number)
{
	return job->call->result == 0 - (uint64_t)number;
}

bool pw_call_interrupted(uint64_t result)
{
	uint64_t error = 0 - result;

	return error == PW_CALL_EINTR || error == 512 || error == 513 ||
	       error == 514 || error == 516;
}

/* How many of @bytes can be read, at most a page. */
static uint64_t readable(const struct pw_call_job *job, uint64_t address,
			 uint64_t bytes)
{
	char buffer[256];
	uint64_t most = bytes < 4096 ? bytes : 4096;
	uint64_t done = 0;

	while (done < most) {
		size_t want = most - done < sizeof(buffer)
				      ? (size_t)(most - done)
				      : sizeof(buffer);
		size_t got = job->ops->read(job->state, address + done, buffer,
					    want);

		done += got;
		if (got < want)
			break;
	}
	return done;
}

void pw_call_load(const struct pw_call_job *job, uint64_t address,
		  uint64_t bytes)
{
	if (address == 0)
		return;
	if (pw_call_failed(job->call->result))
		bytes = readable(job, address, bytes);
	if (bytes != 0)
		job->ops->access(job->state, address, bytes, false);
}

void pw_call_store(const struct pw_call_job *job, uint64_t address,
		   uint64_t bytes)
{
	if (address != 0 && bytes != 0)
		job->ops->access(job->state, address, bytes, true);
}

void pw_call_load_string(const struct pw_call_job *job, uint64_t address,
			 uint64_t most)
{
	char buffer[256];
	uint64_t bytes = 0;
	bool ended = address == 0;

	while (!ended && bytes < most) {
		size_t want = most - bytes < sizeof(buffer)
				      ? (size_t)(most - bytes)
				      : sizeof(buffer);
		size_t got = job->ops->read(job->state, address + bytes, buffer,
					    want);
		const char *nul = memchr(buffer, '\0', got);

		bytes += nul ? (uint64_t)(nul - buffer) + 1 : got;
		ended = nul != NULL || got < want;
	}
	if (bytes != 0)
		job->ops->access(job->state, address, bytes, false);
}

void pw_call_scatter(const struct pw_call_job *job, uint64_t iovec,
		     uint64_t count, uint64_t limit, bool store)
{
	for (uint64_t i = 0; i < count && i < PW_CALL_IOVECS_MAX && limit > 0;
	     i++) {
		uint64_t buffer[2]; /* struct iovec: where, how many */

		if (!pw_call_fetch(job, iovec + i * PW_CALL_IOVEC_BYTES, buffer,
				   sizeof(buffer)))
			return;
		if (buffer[1] > limit)
			buffer[1] = limit;
		limit -= buffer[1];
		if (store)
			pw_call_store(job, buffer[0], buffer[1]);
		else
			pw_call_load(job, buffer[0], buffer[1]);
	}
}

void pw_call_tell_as(const struct pw_call_job *job, enum pw_event_kind kind,
		     uint64_t result, const uint64_t *arg, size_t count)
{
	struct pw_event event = {.kind = kind, .result = result};

	memcpy(event.arg, arg, count * sizeof(arg[0]));
	job->ops->event(job->state, &event);
}

void pw_call_tell(const struct pw_call_job *job, enum pw_event_kind kind,
		  const uint64_t *arg, size_t count, const char *text)
{
	struct pw_event event = {
		.kind = kind, .result = job->call->result, .text = text};

	if (count > 0)
		memcpy(event.arg, arg, count * sizeof(arg[0]));
	job->ops->event(job->state, &event);
}

void pw_call_tell_why(const struct pw_call_job *job, const char *why)
{
	struct pw_event event = {.kind = PW_EVENT_unrecorded,
				 .arg = {job->call->number & UINT32_MAX},
				 .text = why};

	job->ops->event(job->state, &event);
}

unsigned pw_call_traits(const struct pw_call *call)
{
	const struct pw_call_row *row = pw_call_row(call->id);
	unsigned traits = row ? row->traits : 0;

	if ((call->id == PW_SYSCALL_prctl && pw_call_prctl_unknown(call)) ||
	    (call->id == PW_SYSCALL_arch_prctl &&
	     pw_call_arch_prctl_unknown(call)))
		traits |= PW_CALL_SPACE | PW_CALL_UNKNOWN;
	return traits;
}

uint64_t pw_call_child_flags(const struct pw_call *call,
			     const struct pw_call_ops *ops, void *state)
{
	uint64_t flags = 0;

	if (call->id == PW_SYSCALL_clone)
		return call->arg[0];
	if (call->id == PW_SYSCALL_vfork)
		return CLONE_VM | CLONE_VFORK;
	if (call->id == PW_SYSCALL_clone3 &&
	    ops->read(state, call->arg[0], &flags, sizeof(flags)) !=
		    sizeof(flags))
		return 0;
	return flags;
}

void pw_call_inherit(struct pw_call_scratch *child,
		     const struct pw_call_scratch *creator, uint64_t flags)
{
	child->rseq = flags & CLONE_VM ? 0 : creator->rseq;
}

void pw_call_enter(const struct pw_call *call, struct pw_call_scratch *scratch,
		   const struct pw_call_ops *ops, void *state)
{
	const struct pw_call job_call = {.machine = call->machine,
					 .id = call->id,
					 .number = call->number,
					 .arg = {call->arg[0], call->arg[1],
						 call->arg[2], call->arg[3],
						 call->arg[4], call->arg[5]}};
	const struct pw_call_job job = {&job_call, scratch, ops, state};
	const struct pw_call_row *row = pw_call_row(call->id);

	scratch->detached_bytes = 0;
	scratch->parting[0] = scratch->parting[1] = 0;
	if (!row)
		return;
	if (row->traits & PW_CALL_EXEC) {
		pw_call_exec(&job);
		scratch->rseq = 0;
	}
	if (row->traits & PW_CALL_ENDS)
		pw_call_tell(&job,
			     call->id == PW_SYSCALL_exit ? PW_EVENT_exit
							 : PW_EVENT_exit_group,
			     call->arg, 1, NULL);
	if (row->keep)
		row->keep(&job);
	pw_call_memory_keep(&job, row);
}

void pw_call_leave(const struct pw_call *call, struct pw_call_scratch *scratch,
		   const struct pw_call_ops *ops, void *state)
{
	const struct pw_call_job job = {call, scratch, ops, state};
	const struct pw_call_row *row = pw_call_row(call->id);

	if (!row) {
		if (!pw_call_failed(call->result))
			pw_call_tell_why(&job, WHY_UNSEEN);
		return;
	}
	if (call->id == PW_SYSCALL_rseq)
		pw_call_note_rseq(&job);
	if (pw_call_is_error(&job, PW_CALL_ENOSYS))
		return;
	pw_call_memory(&job, row);
	if (row->tell)
		row->tell(&job);
	else if (row->same_kind != 0)
		pw_call_tell(&job, (enum pw_event_kind)row->same_kind,
			     call->arg, row->same_args, NULL);
	for (const struct pw_call_memory *m = row->memory;
	     m->when != PW_CALL_END; m++)
		if (m->when == PW_CALL_UNSEEN && !pw_call_failed(call->result))
			pw_call_tell_why(&job, WHY_UNSEEN);
	pw_call_resume(&job);
}
