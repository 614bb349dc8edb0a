/*
 * ptrace_host.c - signals and processors of the recorder.
 */
#include "capture/ptrace_host.h"

#include "base/assert.h"
#include "base/status.h"

/* Those behind SIGCHLD are the terminal's. */
static const int changed_signals[] = {SIGXFSZ, SIGCHLD, SIGINT, SIGQUIT,
				      SIGHUP};

_Static_assert(PW_COUNT(changed_signals) == PW_CHANGED_SIGNALS, "as declared");

#define OWN_SIGNALS 2

void pw_host_pin(struct pw_host *host)
{
	cpu_set_t set;

	PW_ASSERT(!host->pinned);
	host->cpu = sched_getcpu();
	if (host->cpu < 0 || host->cpu >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(host->original), &host->original) != 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)host->cpu, &set);
	host->pinned = sched_setaffinity(0, sizeof(set), &set) == 0;
}

void pw_host_change_signals(struct pw_host *host, bool terminal)
{
	PW_ASSERT(!host->changed);
	for (size_t i = 0; i < PW_COUNT(changed_signals); i++) {
		int number = changed_signals[i];
		const struct sigaction action = {
			.sa_handler = number == SIGCHLD ? SIG_DFL : SIG_IGN,
		};

		sigaction(number, i < OWN_SIGNALS || terminal ? &action : NULL,
			  &host->before[i]);
	}
	host->changed = true;
}

void pw_host_follow(struct pw_host *host, pid_t tid)
{
	cpu_set_t wanted, one;

	PW_ASSERT(tid > 0);
	if (sched_getaffinity(tid, sizeof(wanted), &wanted) != 0 ||
	    (host->cpu >= 0 && CPU_ISSET((size_t)host->cpu, &wanted)))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET((size_t)cpu, &wanted))
			continue;
		CPU_ZERO(&one);
		CPU_SET((size_t)cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			host->cpu = cpu;
		return;
	}
}

void pw_host_restore(struct pw_host *host)
{
	for (size_t i = 0; host->changed && i < PW_COUNT(changed_signals); i++)
		sigaction(changed_signals[i], &host->before[i], NULL);
	if (host->pinned)
		sched_setaffinity(0, sizeof(host->original), &host->original);
	host->changed = false;
	host->pinned = false;
}
