/*
 * call_job.h - what the handlers of calls.def work with.
 */
#ifndef PW_CAPTURE_CALL_JOB_H
#define PW_CAPTURE_CALL_JOB_H

#include <string.h>

#include "base/status.h"
#include "capture/call_table.h"

#define PW_CALL_IOVEC_BYTES 16
#define PW_CALL_IOVECS_MAX 1024 /* the kernel takes no more */
#define PW_CALL_TIME_BYTES 16	/* struct timespec, struct timeval */

/* Error numbers, the same on both machines. */
#define PW_CALL_EINTR 4
#define PW_CALL_EBADF 9
#define PW_CALL_EFAULT 14
#define PW_CALL_EINVAL 22
#define PW_CALL_ENOSYS 38
#define PW_CALL_ENOTSOCK 88

/* A call between its entry and its return. */
struct pw_call_job {
	const struct pw_call *call;
	struct pw_call_scratch *scratch;
	const struct pw_call_ops *ops;
	void *state;
};

/*
 * Read all of [address, address + bytes); false if some cannot be read.
 */
bool pw_call_fetch(const struct pw_call_job *job, uint64_t address,
		   void *buffer, size_t bytes);

/*
 * The kernel has read this for the call. After a failure only what can be
 * read is reported, up to a page. Nothing lies at address 0.
 */
void pw_call_load(const struct pw_call_job *job, uint64_t address,
		  uint64_t bytes);

/*
 * The kernel has read a string, with its NUL, of at most @most bytes.
 */
void pw_call_load_string(const struct pw_call_job *job, uint64_t address,
			 uint64_t most);

/*
 * The kernel has written this. Nothing lies at address 0.
 */
void pw_call_store(const struct pw_call_job *job, uint64_t address,
		   uint64_t bytes);

/*
 * The kernel has read or written the first @limit bytes of the buffers of
 * @count iovecs at @iovec.
 */
void pw_call_scatter(const struct pw_call_job *job, uint64_t iovec,
		     uint64_t count, uint64_t limit, bool store);

/*
 * Whether the result is the error @number, or stands for it.
 */
bool pw_call_is_error(const struct pw_call_job *job, unsigned number);

/*
 * Whether a signal interrupted the call: EINTR, or one of the numbers that the
 * kernel keeps for itself.
 *
 * Source: Linux include/linux/errno.h (ERESTARTSYS ... ERESTART_RESTARTBLOCK).
 */
bool pw_call_interrupted(uint64_t result);

/*
 * Report the memory of the call.
 */
void pw_call_memory(const struct pw_call_job *job,
		    const struct pw_call_row *row);

/*
 * Keep what the call's memory needs to be known by.
 */
void pw_call_memory_keep(const struct pw_call_job *job,
			 const struct pw_call_row *row);

/*
 * Report an event with the call's result and these arguments, and @text.
 */
void pw_call_tell(const struct pw_call_job *job, enum pw_event_kind kind,
		  const uint64_t *arg, size_t count, const char *text);

/*
 * The same with another result and without a text.
 */
void pw_call_tell_as(const struct pw_call_job *job, enum pw_event_kind kind,
		     uint64_t result, const uint64_t *arg, size_t count);

/*
 * Report that the call did something that nothing else says.
 */
void pw_call_tell_why(const struct pw_call_job *job, const char *why);

/*
 * Note what rseq registers, also where it is unknown: the kernel that is
 * simulated knows it.
 */
void pw_call_note_rseq(const struct pw_call_job *job);

/*
 * Report what the kernel writes into the registered area when a thread goes on
 * that was not running, if the call has waited for certain.
 *
 * Source: Linux 6.18 kernel/rseq.c __rseq_handle_notify_resume.
 */
void pw_call_resume(const struct pw_call_job *job);

/*
 * Report the strings that a program is started with.
 */
void pw_call_exec(const struct pw_call_job *job);

/*
 * Whether prctl or arch_prctl with these arguments maps or moves something in
 * ways that no event says.
 */
bool pw_call_prctl_unknown(const struct pw_call *call);
bool pw_call_arch_prctl_unknown(const struct pw_call *call);

/*
 * DO of calls.def: report the memory of one call.
 */
void pw_call_do_arch_prctl(const struct pw_call_job *job);
void pw_call_do_capget(const struct pw_call_job *job);
void pw_call_do_capset(const struct pw_call_job *job);
void pw_call_do_clock_nanosleep(const struct pw_call_job *job);
void pw_call_do_clone(const struct pw_call_job *job);
void pw_call_do_clone3(const struct pw_call_job *job);
void pw_call_do_epoll_ctl(const struct pw_call_job *job);
void pw_call_do_fcntl(const struct pw_call_job *job);
void pw_call_do_futex(const struct pw_call_job *job);
void pw_call_do_futex_requeue(const struct pw_call_job *job);
void pw_call_do_futex_waitv(const struct pw_call_job *job);
void pw_call_do_io_getevents(const struct pw_call_job *job);
void pw_call_do_io_submit(const struct pw_call_job *job);
void pw_call_do_ioctl(const struct pw_call_job *job);
void pw_call_do_msgctl(const struct pw_call_job *job);
void pw_call_do_nanosleep(const struct pw_call_job *job);
void pw_call_do_pollfds(const struct pw_call_job *job);
void pw_call_do_prctl(const struct pw_call_job *job);
void pw_call_do_recvmmsg(const struct pw_call_job *job);
void pw_call_do_recvmsg(const struct pw_call_job *job);
void pw_call_do_seccomp(const struct pw_call_job *job);
void pw_call_do_semctl(const struct pw_call_job *job);
void pw_call_do_sendmmsg(const struct pw_call_job *job);
void pw_call_do_sendmsg(const struct pw_call_job *job);
void pw_call_do_shmctl(const struct pw_call_job *job);
void pw_call_do_waitid(const struct pw_call_job *job);

/*
 * DO_KEPT and TELL_KEPT: keep in the scratch what the return destroys.
 */
void pw_call_keep_close(const struct pw_call_job *job);
void pw_call_keep_dup(const struct pw_call_job *job);
void pw_call_keep_prlimit(const struct pw_call_job *job);
void pw_call_keep_recvmmsg(const struct pw_call_job *job);
void pw_call_keep_recvmsg(const struct pw_call_job *job);
void pw_call_keep_rename(const struct pw_call_job *job);
void pw_call_keep_renameat(const struct pw_call_job *job);
void pw_call_keep_ring_end(const struct pw_call_job *job);
void pw_call_keep_shmdt(const struct pw_call_job *job);
void pw_call_keep_unlink(const struct pw_call_job *job);
void pw_call_keep_unlinkat(const struct pw_call_job *job);

/*
 * TELL of calls.def: report the event of one call.
 */
void pw_call_tell_affinity(const struct pw_call_job *job);
void pw_call_tell_arch_prctl(const struct pw_call_job *job);
void pw_call_tell_clone(const struct pw_call_job *job);
void pw_call_tell_close(const struct pw_call_job *job);
void pw_call_tell_creat(const struct pw_call_job *job);
void pw_call_tell_dup(const struct pw_call_job *job);
void pw_call_tell_fadvise(const struct pw_call_job *job);
void pw_call_tell_fallocate(const struct pw_call_job *job);
void pw_call_tell_fdatasync(const struct pw_call_job *job);
void pw_call_tell_fsync(const struct pw_call_job *job);
void pw_call_tell_ftruncate(const struct pw_call_job *job);
void pw_call_tell_mbind(const struct pw_call_job *job);
void pw_call_tell_memfd_create(const struct pw_call_job *job);
void pw_call_tell_migrate_pages(const struct pw_call_job *job);
void pw_call_tell_mmap(const struct pw_call_job *job);
void pw_call_tell_open(const struct pw_call_job *job);
void pw_call_tell_openat(const struct pw_call_job *job);
void pw_call_tell_openat2(const struct pw_call_job *job);
void pw_call_tell_prctl(const struct pw_call_job *job);
void pw_call_tell_pread(const struct pw_call_job *job);
void pw_call_tell_prlimit(const struct pw_call_job *job);
void pw_call_tell_process_madvise(const struct pw_call_job *job);
void pw_call_tell_pwrite(const struct pw_call_job *job);
void pw_call_tell_read(const struct pw_call_job *job);
void pw_call_tell_readahead(const struct pw_call_job *job);
void pw_call_tell_rename(const struct pw_call_job *job);
void pw_call_tell_renameat(const struct pw_call_job *job);
void pw_call_tell_ring(const struct pw_call_job *job);
void pw_call_tell_ring_end(const struct pw_call_job *job);
void pw_call_tell_sendfile(const struct pw_call_job *job);
void pw_call_tell_set_mempolicy(const struct pw_call_job *job);
void pw_call_tell_setrlimit(const struct pw_call_job *job);
void pw_call_tell_shadow_stack(const struct pw_call_job *job);
void pw_call_tell_shmat(const struct pw_call_job *job);
void pw_call_tell_shmctl(const struct pw_call_job *job);
void pw_call_tell_shmdt(const struct pw_call_job *job);
void pw_call_tell_splice(const struct pw_call_job *job);
void pw_call_tell_truncate(const struct pw_call_job *job);
void pw_call_tell_unlink(const struct pw_call_job *job);
void pw_call_tell_unlinkat(const struct pw_call_job *job);
void pw_call_tell_unrecorded(const struct pw_call_job *job);
void pw_call_tell_write(const struct pw_call_job *job);

#endif
