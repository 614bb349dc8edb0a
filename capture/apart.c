/*
 * apart.c - a child process that works on shared memory.
 */
#include "capture/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

/* What both processes see; the state follows. */
struct shared {
	enum pw_status status;
	bool done;
	struct pw_error err;
	_Alignas(16) uint8_t state[];
};

static _Noreturn void
work_apart(struct shared *shared, pid_t parent, const sigset_t *before,
	   enum pw_status (*work)(void *state, struct pw_error *err))
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, before, NULL);
	if (getppid() != parent) /* it has ended already */
		_exit(0);
	shared->status = work(shared->state, &shared->err);
	shared->done = true;
	_exit(0);
}

/* Until the child has ended; other signals are passed on. */
static void await(pid_t child, const sigset_t *awaited)
{
	while (waitpid(child, NULL, WNOHANG) == 0) {
		int signal = sigwaitinfo(awaited, NULL);

		if (signal > 0 && signal != SIGCHLD)
			kill(child, SIGTERM);
	}
}

enum pw_status
pw_apart_run(enum pw_status (*work)(void *state, struct pw_error *err),
	     void *state, size_t state_bytes, struct pw_error *err)
{
	const size_t bytes = sizeof(struct shared) + state_bytes;
	const pid_t parent = getpid();
	struct shared *shared;
	sigset_t awaited, before;
	enum pw_status st;
	pid_t child;

	PW_ASSERT(work && state && state_bytes > 0);
	shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return pw_fail_memory(err, "the recording");
	memcpy(shared->state, state, state_bytes);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGQUIT);
	sigaddset(&awaited, SIGHUP);
	sigprocmask(SIG_BLOCK, &awaited, &before);
	child = fork();
	if (child == 0)
		work_apart(shared, parent, &before, work);
	if (child > 0)
		await(child, &awaited);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (shared->done) {
		st = shared->status;
		*err = shared->err;
		memcpy(state, shared->state, state_bytes);
	} else {
		st = pw_fail(err, PW_ERR_SYSTEM,
			     "the process that records has died");
	}
	munmap(shared, bytes);
	return st;
}
