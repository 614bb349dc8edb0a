/*
 * ptrace_host.h - the recorder's own signals and processor while it traces.
 *
 * Recorder and target share one processor: a stop costs several times less
 * there.
 */
#ifndef PW_CAPTURE_PTRACE_HOST_H
#define PW_CAPTURE_PTRACE_HOST_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define PW_CHANGED_SIGNALS 5

struct pw_host {
	bool changed; /* signals */
	bool pinned;
	int cpu;	    /* -1 when unknown */
	cpu_set_t original; /* where the recorder may run otherwise */
	struct sigaction before[PW_CHANGED_SIGNALS];
};

/*
 * Stay on the processor the caller runs on. What is forked from now on stays
 * there too.
 */
void pw_host_pin(struct pw_host *host);

/*
 * Change the signals: SIGXFSZ is ignored, so that writing the trace fails
 * instead, and SIGCHLD gets its default action, so that no exit status is
 * thrown away. With @terminal SIGINT, SIGQUIT and SIGHUP are ignored too, since
 * a terminal sends them to the target, which the recorder outlives.
 */
void pw_host_change_signals(struct pw_host *host, bool terminal);

/*
 * Go where task @tid, which has chosen its processors, may run.
 */
void pw_host_follow(struct pw_host *host, pid_t tid);

/*
 * Go back to the signals and processors of before.
 */
void pw_host_restore(struct pw_host *host);

#endif
