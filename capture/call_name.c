/*
 * call_name.c - names of files: what is cut short when it is opened or by its
 * path, and what loses its last name or descriptor.
 */
#include <fcntl.h>

#include "capture/call_job.h"

#define COMMAND_REMOVE 0 /* IPC_RMID */
#define COMMAND_MASK 0xff
#define EXCHANGE 2 /* RENAME_EXCHANGE */

static bool failed(const struct pw_call_job *job)
{
	return pw_call_failed(job->call->result);
}

/* What the path in argument @path leads to, from the folder @dirfd on. */
static const struct pw_call_file *path_of(const struct pw_call_job *job,
					  int dirfd, size_t path, bool follow)
{
	struct pw_call_file *file = &job->scratch->file;
	char *name = job->scratch->text;

	name[job->ops->read(job->state, job->call->arg[path], name,
			    PW_CALL_TEXT_BYTES)] = '\0';
	job->ops->path(job->state, dirfd, name, follow, file);
	return file;
}

static int folder_of(const struct pw_call_job *job, size_t dirfd)
{
	return (int)job->call->arg[dirfd];
}

/* ---- cut short ---- */

static void tell_cut(const struct pw_call_job *job, uint64_t fd, uint64_t bytes,
		     const struct pw_call_file *file)
{
	if (file->regular)
		pw_call_tell_as(
			job, PW_EVENT_ftruncate, 0,
			(uint64_t[]){fd, bytes, file->device, file->inode}, 4);
}

void pw_call_tell_truncate(const struct pw_call_job *job)
{
	if (!failed(job))
		tell_cut(job, UINT64_MAX, job->call->arg[1],
			 path_of(job, AT_FDCWD, 0, true));
}

static void tell_opened(const struct pw_call_job *job, uint64_t flags)
{
	struct pw_call_file *file = &job->scratch->file;

	if (failed(job) || !(flags & O_TRUNC) || (flags & O_PATH))
		return;
	file->regular = false;
	job->ops->file(job->state, (int)job->call->result, file);
	tell_cut(job, job->call->result, 0, file);
}

void pw_call_tell_open(const struct pw_call_job *job)
{
	tell_opened(job, job->call->arg[1]);
}

void pw_call_tell_openat(const struct pw_call_job *job)
{
	tell_opened(job, job->call->arg[2]);
}

void pw_call_tell_creat(const struct pw_call_job *job)
{
	tell_opened(job, O_TRUNC);
}

/* The flags are the first word of its structure. */
void pw_call_tell_openat2(const struct pw_call_job *job)
{
	uint64_t flags;

	if (pw_call_fetch(job, job->call->arg[2], &flags, sizeof(flags)))
		tell_opened(job, flags);
}

/* ---- the last name, the last descriptor ---- */

/* Keep which file it is, if it has @links names. */
static void keep(const struct pw_call_job *job, const struct pw_call_file *file,
		 uint64_t links)
{
	if (!file->regular || file->links != links)
		return;
	job->scratch->parting[0] = file->device;
	job->scratch->parting[1] = file->inode;
}

/* What was kept has no name now; it may be open still. */
static void tell_parted(const struct pw_call_job *job, bool if_open)
{
	const uint64_t *file = job->scratch->parting;
	bool open;

	if (failed(job) || file[1] == 0)
		return;
	open = job->ops->open(job->state, file[0], file[1]);
	if (if_open || !open)
		pw_call_tell_as(job, PW_EVENT_unnamed, 0,
				(uint64_t[]){file[0], file[1], open}, 3);
}

void pw_call_keep_unlink(const struct pw_call_job *job)
{
	keep(job, path_of(job, AT_FDCWD, 0, false), 1);
}

void pw_call_tell_unlink(const struct pw_call_job *job)
{
	tell_parted(job, true);
}

void pw_call_keep_unlinkat(const struct pw_call_job *job)
{
	keep(job, path_of(job, folder_of(job, 0), 1, false), 1);
}

void pw_call_tell_unlinkat(const struct pw_call_job *job)
{
	tell_parted(job, true);
}

/* A file that goes where one is replaces it. */
static void tell_replaced(const struct pw_call_job *job, int dirfd, size_t path)
{
	const struct pw_call_file *now;

	if (failed(job) || job->scratch->parting[1] == 0)
		return;
	now = path_of(job, dirfd, path, false);
	if (now->device != job->scratch->parting[0] ||
	    now->inode != job->scratch->parting[1])
		tell_parted(job, true);
}

void pw_call_keep_rename(const struct pw_call_job *job)
{
	keep(job, path_of(job, AT_FDCWD, 1, false), 1);
}

void pw_call_tell_rename(const struct pw_call_job *job)
{
	tell_replaced(job, AT_FDCWD, 1);
}

void pw_call_keep_renameat(const struct pw_call_job *job)
{
	keep(job, path_of(job, folder_of(job, 2), 3, false), 1);
}

void pw_call_tell_renameat(const struct pw_call_job *job)
{
	bool exchanged = job->call->id == PW_SYSCALL_renameat2 &&
			 (job->call->arg[4] & EXCHANGE);

	if (!exchanged)
		tell_replaced(job, folder_of(job, 2), 3);
}

static void keep_descriptor(const struct pw_call_job *job, size_t fd)
{
	struct pw_call_file *file = &job->scratch->file;

	file->regular = false;
	job->ops->file(job->state, (int)job->call->arg[fd], file);
	keep(job, file, 0);
}

void pw_call_keep_close(const struct pw_call_job *job)
{
	keep_descriptor(job, 0);
}

void pw_call_tell_close(const struct pw_call_job *job)
{
	tell_parted(job, false);
}

/* What the new descriptor was before is closed. */
void pw_call_keep_dup(const struct pw_call_job *job)
{
	keep_descriptor(job, 1);
}

void pw_call_tell_dup(const struct pw_call_job *job)
{
	tell_parted(job, false);
}

/* The inode of a segment is its identifier. */
void pw_call_tell_shmctl(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (!failed(job) && (arg[1] & COMMAND_MASK) == COMMAND_REMOVE)
		pw_call_tell_as(job, PW_EVENT_unnamed, 0,
				(uint64_t[]){0, arg[0] & UINT32_MAX}, 2);
}
