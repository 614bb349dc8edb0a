/*
 * call_event.c - the events that system calls are.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>

#include "capture/call_job.h"

#define NAME_BYTES 16	  /* the kernel's TASK_COMM_LEN, with the NUL */
#define VMA_NAME_BYTES 80 /* ANON_VMA_NAME_MAX_LEN, with the NUL */
#define RING_NAME "/[aio]"
#define STOPPED (0 - (uint64_t)12) /* ENOMEM, mostly */

static bool failed(const struct pw_call_job *job)
{
	return pw_call_failed(job->call->result);
}

/* What is behind the descriptor in argument @index. */
static const struct pw_call_file *file_of(const struct pw_call_job *job,
					  uint64_t fd)
{
	struct pw_call_file *file = &job->scratch->file;

	file->device = file->inode = file->bytes = 0;
	file->regular = false;
	file->path[0] = '\0';
	if ((int)fd >= 0)
		job->ops->file(job->state, (int)fd, file);
	return file;
}

/* The first word of a mask of @bits bits. */
static uint64_t first_word(const struct pw_call_job *job, uint64_t address,
			   uint64_t bits)
{
	uint64_t word = 0;

	if (bits < 64)
		pw_call_fetch(job, address, &word, (size_t)(bits + 7) / 8);
	else
		pw_call_fetch(job, address, &word, sizeof(word));
	return bits < 64 ? word & ((UINT64_C(1) << bits) - 1) : word;
}

/* Masks of nodes are one bit shorter than their argument says. */
static uint64_t nodes(const struct pw_call_job *job, uint64_t address,
		      uint64_t maxnode)
{
	uint64_t word = 0;

	if (maxnode <= 1 || !pw_call_fetch(job, address, &word, sizeof(word)))
		return 0;
	return maxnode > 64 ? word
			    : word & ((UINT64_C(1) << (maxnode - 1)) - 1);
}

void pw_call_tell_mmap(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	uint64_t arg[9] = {call->arg[0], call->arg[1], call->arg[2],
			   call->arg[3], call->arg[4], call->arg[5]};
	const struct pw_call_file *file;
	const char *path = NULL;

	if (!(arg[3] & MAP_ANONYMOUS)) {
		file = file_of(job, arg[4]);
		arg[6] = file->device;
		arg[7] = file->inode;
		arg[8] = file->bytes;
		path = file->path;
	}
	pw_call_tell(job, PW_EVENT_mmap, arg, PW_COUNT(arg), path);
}

/* Whose memory process_madvise is about; the kernel has two numbers for the
 * caller itself: PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP. */
static uint64_t pid_of(const struct pw_call_job *job, uint64_t pidfd)
{
	int fd = (int)pidfd;

	if (fd == -10000 || fd == -20000)
		return job->ops->pid(job->state, -1);
	return fd < 0 ? 0 : job->ops->pid(job->state, fd);
}

/*
 * The call does one range after the other, and tells how many bytes those have
 * that it did; why it stopped then, it does not tell.
 */
void pw_call_tell_process_madvise(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	uint64_t left = failed(job) ? 0 : call->result;
	uint64_t result = call->result;
	uint64_t range[2];

	for (uint64_t i = 0; i < call->arg[2] && i < PW_CALL_IOVECS_MAX; i++) {
		if (!pw_call_fetch(job, call->arg[1] + i * PW_CALL_IOVEC_BYTES,
				   range, sizeof(range)))
			return;
		if (!failed(job))
			result = range[1] <= left ? range[1] : STOPPED;
		left -= range[1] <= left ? range[1] : left;
		pw_call_tell_as(job, PW_EVENT_process_madvise, result,
				(uint64_t[]){call->arg[0], range[0], range[1],
					     call->arg[3],
					     pid_of(job, call->arg[0])},
				5);
		if (pw_call_failed(result))
			return;
	}
}

void pw_call_tell_unrecorded(const struct pw_call_job *job)
{
	if (!failed(job))
		pw_call_tell_why(job, pw_call_name(job->call->id));
}

/* The inode of a System V segment is its identifier (ipc/shm.c, newseg). */
void pw_call_tell_shmat(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	uint64_t arg[6] = {call->arg[0], call->arg[1], call->arg[2]};

	if (!failed(job)) {
		arg[3] = job->ops->mapping_bytes(job->state, call->result);
		arg[5] = call->arg[0] & UINT32_MAX;
	}
	pw_call_tell(job, PW_EVENT_shmat, arg, PW_COUNT(arg), NULL);
}

static void keep_mapping(const struct pw_call_job *job)
{
	job->scratch->detached_bytes =
		job->ops->mapping_bytes(job->state, job->call->arg[0]);
}

void pw_call_keep_shmdt(const struct pw_call_job *job)
{
	keep_mapping(job);
}

void pw_call_tell_shmdt(const struct pw_call_job *job)
{
	pw_call_tell(
		job, PW_EVENT_shmdt,
		(uint64_t[]){job->call->arg[0], job->scratch->detached_bytes},
		2, NULL);
}

/* A mapping that the kernel made itself, without a file behind it. */
static void tell_made(const struct pw_call_job *job, uint64_t address,
		      uint64_t flags, const char *path)
{
	struct pw_event event = {
		.kind = PW_EVENT_map,
		.arg = {address, job->ops->mapping_bytes(job->state, address),
			PROT_READ | PROT_WRITE, flags},
		.text = path,
	};

	job->ops->event(job->state, &event);
}

void pw_call_tell_shadow_stack(const struct pw_call_job *job)
{
	if (!failed(job))
		tell_made(job, job->call->result, MAP_PRIVATE | MAP_ANONYMOUS,
			  NULL);
}

/* A context of asynchronous input and output is the address of its ring. */
void pw_call_tell_ring(const struct pw_call_job *job)
{
	uint64_t context;

	if (!failed(job) &&
	    pw_call_fetch(job, job->call->arg[1], &context, sizeof(context)))
		tell_made(job, context, MAP_SHARED, RING_NAME);
}

void pw_call_keep_ring_end(const struct pw_call_job *job)
{
	keep_mapping(job);
}

void pw_call_tell_ring_end(const struct pw_call_job *job)
{
	if (!failed(job))
		pw_call_tell(job, PW_EVENT_munmap,
			     (uint64_t[]){job->call->arg[0],
					  job->scratch->detached_bytes},
			     2, NULL);
}

void pw_call_tell_mbind(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	pw_call_tell(job, PW_EVENT_mbind,
		     (uint64_t[]){arg[0], arg[1], arg[2],
				  nodes(job, arg[3], arg[4]), arg[4], arg[5]},
		     6, NULL);
}

void pw_call_tell_set_mempolicy(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	pw_call_tell(job, PW_EVENT_set_mempolicy,
		     (uint64_t[]){arg[0], nodes(job, arg[1], arg[2]), arg[2]},
		     3, NULL);
}

void pw_call_tell_migrate_pages(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	pw_call_tell(job, PW_EVENT_migrate_pages,
		     (uint64_t[]){arg[0], arg[1], nodes(job, arg[2], arg[1]),
				  nodes(job, arg[3], arg[1])},
		     4, NULL);
}

void pw_call_tell_affinity(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t bytes = arg[1] & UINT32_MAX;

	pw_call_tell(job, PW_EVENT_sched_setaffinity,
		     (uint64_t[]){arg[0], first_word(job, arg[2], bytes * 8)},
		     2, NULL);
}

/* In the child the call returns 0. */
void pw_call_tell_clone(const struct pw_call_job *job)
{
	uint64_t flags;

	if (failed(job) || job->call->result == 0)
		return;
	flags = pw_call_child_flags(job->call, job->ops, job->state);
	pw_call_tell(job, PW_EVENT_clone, &flags, 1,
		     pw_call_name(job->call->id));
}

static void tell_mark(const struct pw_call_job *job)
{
	char *name = job->scratch->text;
	size_t bytes = job->ops->read(job->state, job->call->arg[1], name,
				      NAME_BYTES - 1);

	name[bytes] = '\0';
	if (!failed(job))
		pw_call_tell(job, PW_EVENT_mark, NULL, 0, name);
}

/* The name that PR_SET_VMA gives to memory. */
static const char *vma_name(const struct pw_call_job *job)
{
	char *name = job->scratch->text;
	size_t bytes = 0;

	if (job->call->arg[4] != 0)
		bytes = job->ops->read(job->state, job->call->arg[4], name,
				       VMA_NAME_BYTES - 1);
	name[bytes] = '\0';
	return name;
}

void pw_call_tell_prctl(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t option = arg[0] & UINT32_MAX; /* an int */

	switch (option) {
	case PR_SET_NAME:
		tell_mark(job);
		break;
	case PR_SET_VMA:
		pw_call_tell(
			job, PW_EVENT_prctl,
			(uint64_t[]){option, arg[1], arg[2], arg[3], arg[4]}, 5,
			vma_name(job));
		break;
	case PR_SET_MM:
	case PR_SET_THP_DISABLE:
	case 65: /* PR_SET_MDWE */
	case 67: /* PR_SET_MEMORY_MERGE */
		pw_call_tell(
			job, PW_EVENT_prctl,
			(uint64_t[]){option, arg[1], arg[2], arg[3], arg[4]}, 5,
			NULL);
		break;
	default:
		break;
	}
	if (pw_call_prctl_unknown(job->call))
		pw_call_tell_unrecorded(job);
}

void pw_call_tell_arch_prctl(const struct pw_call_job *job)
{
	if (pw_call_arch_prctl_unknown(job->call))
		pw_call_tell_unrecorded(job);
}

static void tell_limit(const struct pw_call_job *job, uint64_t resource,
		       const uint64_t limit[2], uint64_t pid)
{
	pw_call_tell(job, PW_EVENT_setrlimit,
		     (uint64_t[]){resource, limit[0], limit[1], pid}, 4, NULL);
}

void pw_call_tell_setrlimit(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t limit[2];

	if (pw_call_fetch(job, arg[1], limit, sizeof(limit)))
		tell_limit(job, arg[0], limit, 0);
}

/* The old limit may be written where the new one was. */
void pw_call_keep_prlimit(const struct pw_call_job *job)
{
	uint64_t limit[2] = {0, 0};

	pw_call_fetch(job, job->call->arg[2], limit, sizeof(limit));
	memcpy(job->scratch->text, limit, sizeof(limit));
}

void pw_call_tell_prlimit(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t limit[2];

	if (arg[2] == 0)
		return;
	memcpy(limit, job->scratch->text, sizeof(limit));
	tell_limit(job, arg[1], limit, arg[0]);
}

void pw_call_tell_memfd_create(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	uint64_t arg[3] = {call->arg[1]};
	const struct pw_call_file *file;
	char *name = job->scratch->text;

	name[job->ops->read(job->state, call->arg[0], name,
			    PW_CALL_TEXT_BYTES)] = '\0';
	if (!failed(job)) {
		file = file_of(job, call->result);
		arg[1] = file->device;
		arg[2] = file->inode;
	}
	pw_call_tell(job, PW_EVENT_memfd_create, arg, PW_COUNT(arg), name);
}

void pw_call_tell_ftruncate(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	const struct pw_call_file *file = file_of(job, arg[0]);

	pw_call_tell(job, PW_EVENT_ftruncate,
		     (uint64_t[]){arg[0], arg[1], file->device, file->inode}, 4,
		     file->path);
}

void pw_call_tell_fallocate(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	const struct pw_call_file *file = file_of(job, arg[0]);

	pw_call_tell(job, PW_EVENT_fallocate,
		     (uint64_t[]){arg[0], arg[1], arg[2], arg[3], file->device,
				  file->inode},
		     6, file->path);
}

static void tell_advice(const struct pw_call_job *job, uint64_t advice)
{
	const uint64_t *arg = job->call->arg;
	const struct pw_call_file *file = file_of(job, arg[0]);

	if (file->regular)
		pw_call_tell(job, PW_EVENT_fadvise,
			     (uint64_t[]){arg[0], arg[1], arg[2], advice,
					  file->device, file->inode},
			     6, file->path);
}

void pw_call_tell_fadvise(const struct pw_call_job *job)
{
	tell_advice(job, job->call->arg[3] & UINT32_MAX); /* an int */
}

/* It does what that advice does. */
void pw_call_tell_readahead(const struct pw_call_job *job)
{
	tell_advice(job, POSIX_FADV_WILLNEED);
}

static void tell_sync(const struct pw_call_job *job, bool data_only)
{
	uint64_t fd = job->call->arg[0];
	const struct pw_call_file *file = file_of(job, fd);

	pw_call_tell(job, PW_EVENT_fsync,
		     (uint64_t[]){fd, data_only, file->device, file->inode}, 4,
		     file->path);
}

void pw_call_tell_fsync(const struct pw_call_job *job)
{
	tell_sync(job, false);
}

void pw_call_tell_fdatasync(const struct pw_call_job *job)
{
	tell_sync(job, true);
}
