/*
 * call_file.c - what calls read from regular files and write to them.
 *
 * Offsets are those before the transfer: as given, or where the descriptor is
 * now less what was transferred.
 */
#include <stdlib.h>

#include "capture/call_job.h"

#define SETTING_BYTES 24 /* of a number and the end of its line */

static bool moved(const struct pw_call_job *job)
{
	return job->call->result != 0 && !pw_call_failed(job->call->result);
}

static void tell_at(const struct pw_call_job *job, enum pw_event_kind kind,
		    uint64_t fd, uint64_t offset)
{
	struct pw_call_file *file = &job->scratch->file;

	file->regular = false;
	job->ops->file(job->state, (int)fd, file);
	if (file->regular)
		pw_call_tell(job, kind,
			     (uint64_t[]){fd & UINT32_MAX, offset,
					  job->call->result, file->device,
					  file->inode},
			     5, NULL);
}

/* The transfer moved the offset of the descriptor. */
static void tell_moved(const struct pw_call_job *job, enum pw_event_kind kind,
		       uint64_t fd)
{
	uint64_t end = job->ops->offset(job->state, (int)fd);

	tell_at(job, kind, fd,
		end == UINT64_MAX ? end : end - job->call->result);
}

/* The transfer moved the offset at @address, if there is one. */
static void tell_pointed(const struct pw_call_job *job, enum pw_event_kind kind,
			 uint64_t fd, uint64_t address)
{
	uint64_t end;

	if (pw_call_fetch(job, address, &end, sizeof(end)))
		tell_at(job, kind, fd, end - job->call->result);
	else
		tell_moved(job, kind, fd);
}

void pw_call_tell_read(const struct pw_call_job *job)
{
	if (moved(job))
		tell_moved(job, PW_EVENT_file_read, job->call->arg[0]);
}

/* The pool of huge pages, which a program may set for itself. */
static void tell_setting(const struct pw_call_job *job)
{
	static const char folder[] = "/proc/sys/vm/", pool[] = "nr_hugepages";
	const struct pw_call_file *file = &job->scratch->file;
	const struct pw_call *call = job->call;
	char text[SETTING_BYTES + 1] = {0};
	uint64_t bytes = call->result;
	char *end;

	if (call->id != PW_SYSCALL_write || !file->regular ||
	    strncmp(file->path, folder, sizeof(folder) - 1) != 0 ||
	    strcmp(file->path + sizeof(folder) - 1, pool) != 0 ||
	    bytes > SETTING_BYTES ||
	    !pw_call_fetch(job, call->arg[1], text, bytes))
		return;
	bytes = strtoull(text, &end, 10);
	if (end > text)
		pw_call_tell(job, PW_EVENT_setting, &bytes, 1, pool);
}

void pw_call_tell_write(const struct pw_call_job *job)
{
	if (!moved(job))
		return;
	tell_moved(job, PW_EVENT_file_write, job->call->arg[0]);
	tell_setting(job);
}

/* preadv2 and pwritev2 take -1 for the descriptor's own offset. */
static void tell_given(const struct pw_call_job *job, enum pw_event_kind kind)
{
	const uint64_t *arg = job->call->arg;

	if (!moved(job))
		return;
	if (arg[3] == UINT64_MAX)
		tell_moved(job, kind, arg[0]);
	else
		tell_at(job, kind, arg[0], arg[3]);
}

void pw_call_tell_pread(const struct pw_call_job *job)
{
	tell_given(job, PW_EVENT_file_read);
}

void pw_call_tell_pwrite(const struct pw_call_job *job)
{
	tell_given(job, PW_EVENT_file_write);
}

void pw_call_tell_sendfile(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (!moved(job))
		return;
	tell_pointed(job, PW_EVENT_file_read, arg[1], arg[2]);
	tell_moved(job, PW_EVENT_file_write, arg[0]);
}

void pw_call_tell_splice(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (!moved(job))
		return;
	tell_pointed(job, PW_EVENT_file_read, arg[0], arg[1]);
	tell_pointed(job, PW_EVENT_file_write, arg[2], arg[3]);
}
