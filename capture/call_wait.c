/*
 * call_wait.c - the memory of calls that wait: futexes, sleep, descriptors,
 * children.
 */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include <time.h>

#include "capture/call_job.h"

#define FUTEX_WORD_BYTES 4
#define WAITV_BYTES 24 /* struct futex_waitv */
#define POLLFD_BYTES 8
#define POLLFD_REVENTS 6 /* offset, two bytes */
#define EPOLL_CTL_DEL 2
#define RSEQ_UNREGISTER 1
#define RSEQ_POINTER 8	/* offset of rseq_cs, in the middle */
#define RSEQ_WRITTEN 28 /* cpu_id_start to mm_cid */

static void load_word(const struct pw_call_job *job, uint64_t address)
{
	pw_call_load(job, address, FUTEX_WORD_BYTES);
}

/* Compared and written at once: a fault is one of a write. */
static void exchange_word(const struct pw_call_job *job, uint64_t address)
{
	if (pw_call_failed(job->call->result))
		load_word(job, address);
	else
		pw_call_store(job, address, FUTEX_WORD_BYTES);
}

/*
 * The page of a shared word is looked up, to be written to; a private one is
 * not.
 *
 * Source: Linux 6.18 kernel/futex/core.c get_futex_key.
 */
static void look_up_word(const struct pw_call_job *job, uint64_t address)
{
	if (!(job->call->arg[1] & FUTEX_PRIVATE_FLAG))
		pw_call_store(job, address, FUTEX_WORD_BYTES);
}

void pw_call_do_futex(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (pw_call_is_error(job, PW_CALL_EFAULT))
		return;
	switch ((int)arg[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
		look_up_word(job, arg[0]);
		load_word(job, arg[0]);
		pw_call_load(job, arg[3], PW_CALL_TIME_BYTES);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_REQUEUE:
		look_up_word(job, arg[0]);
		break;
	case FUTEX_CMP_REQUEUE:
		look_up_word(job, arg[0]);
		load_word(job, arg[0]);
		break;
	case FUTEX_CMP_REQUEUE_PI:
		load_word(job, arg[0]);
		exchange_word(job, arg[4]);
		break;
	case FUTEX_WAKE_OP:
		exchange_word(job, arg[4]);
		break;
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		pw_call_load(job, arg[3], PW_CALL_TIME_BYTES);
		exchange_word(job, arg[0]);
		break;
	case FUTEX_UNLOCK_PI:
		load_word(job, arg[0]);
		exchange_word(job, arg[0]);
		break;
	case FUTEX_TRYLOCK_PI:
		exchange_word(job, arg[0]);
		break;
	default:
		break;
	}
}

/* An array of struct futex_waitv and the words that they point to. */
static void load_waiters(const struct pw_call_job *job, uint64_t address,
			 uint64_t count, uint64_t compared)
{
	uint64_t waiter[3]; /* value, address, size and flags */

	pw_call_load(job, address, count * WAITV_BYTES);
	for (uint64_t i = 0; i < compared; i++)
		if (pw_call_fetch(job, address + i * WAITV_BYTES, waiter,
				  sizeof(waiter)))
			load_word(job, waiter[1]);
}

void pw_call_do_futex_waitv(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t count = arg[1] & UINT32_MAX;

	if (count > FUTEX_WAITV_MAX || pw_call_is_error(job, PW_CALL_EFAULT))
		return;
	load_waiters(job, arg[0], count, count);
	pw_call_load(job, arg[3], PW_CALL_TIME_BYTES);
}

void pw_call_do_futex_requeue(const struct pw_call_job *job)
{
	if (!pw_call_is_error(job, PW_CALL_EFAULT))
		load_waiters(job, job->call->arg[0], 2, 1);
}

void pw_call_do_nanosleep(const struct pw_call_job *job)
{
	if (pw_call_interrupted(job->call->result))
		pw_call_store(job, job->call->arg[1], PW_CALL_TIME_BYTES);
}

void pw_call_do_clock_nanosleep(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (pw_call_interrupted(job->call->result) && !(arg[1] & TIMER_ABSTIME))
		pw_call_store(job, arg[3], PW_CALL_TIME_BYTES);
}

/* The kernel writes what it found, also when a signal ends the wait. */
void pw_call_do_pollfds(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	uint64_t count = arg[1] & UINT32_MAX;

	if (pw_call_failed(job->call->result) &&
	    !pw_call_interrupted(job->call->result))
		return;
	for (uint64_t i = 0; i < count; i++)
		pw_call_store(job, arg[0] + i * POLLFD_BYTES + POLLFD_REVENTS,
			      POLLFD_BYTES - POLLFD_REVENTS);
}

void pw_call_do_epoll_ctl(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;

	if ((int)call->arg[1] != EPOLL_CTL_DEL &&
	    !pw_call_is_error(job, PW_CALL_EFAULT))
		pw_call_load(job, call->arg[3],
			     call->machine == PW_CALL_X86_64 ? 12 : 16);
}

/*
 * The siginfo is written field by field, with zeros when there is no child;
 * si_signo says whether there is one, and then the usage was written too.
 */
void pw_call_do_waitid(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;
	int32_t signo = 0;

	if (pw_call_is_error(job, PW_CALL_EFAULT))
		return;
	pw_call_store(job, arg[2], 12);
	if (arg[2] != 0)
		pw_call_store(job, arg[2] + 16, 12);
	if (!pw_call_failed(job->call->result) &&
	    pw_call_fetch(job, arg[2], &signo, sizeof(signo)) && signo != 0)
		pw_call_store(job, arg[4], 144);
}

void pw_call_note_rseq(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;

	if (call->result == 0 || pw_call_is_error(job, PW_CALL_ENOSYS))
		job->scratch->rseq =
			call->arg[2] & RSEQ_UNREGISTER ? 0 : call->arg[0];
}

static bool futex_waited(const struct pw_call *call)
{
	int command = (int)call->arg[1] & FUTEX_CMD_MASK;

	return (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) &&
	       call->result == 0;
}

/* Children are waited for: they seldom end before their parent asks. */
static bool has_waited(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	bool done = !pw_call_failed(call->result);

	switch (call->id) {
	case PW_SYSCALL_wait4:
		return done && call->result != 0 && !(call->arg[2] & WNOHANG);
	case PW_SYSCALL_waitid:
		return done && !(call->arg[3] & WNOHANG);
	case PW_SYSCALL_nanosleep:
	case PW_SYSCALL_clock_nanosleep:
	case PW_SYSCALL_pause:
	case PW_SYSCALL_rt_sigsuspend:
		return done || pw_call_interrupted(call->result);
	case PW_SYSCALL_futex:
		return futex_waited(call);
	case PW_SYSCALL_vfork:
	case PW_SYSCALL_clone:
	case PW_SYSCALL_clone3:
		return done && call->result != 0 &&
		       pw_call_child_flags(call, job->ops, job->state) &
			       CLONE_VFORK;
	default:
		return false;
	}
}

void pw_call_resume(const struct pw_call_job *job)
{
	uint64_t area = job->scratch->rseq;

	if (area == 0 || !has_waited(job))
		return;
	pw_call_load(job, area + RSEQ_POINTER, sizeof(uint64_t));
	pw_call_store(job, area, RSEQ_WRITTEN);
}
