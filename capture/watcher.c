/*
 * watcher.c - a thread that waits for SIGTERM or the clock.
 */
#include "capture/watcher.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/assert.h"

#define NUDGE_NS 20000000L
#define FOREVER_S 31536000U

static void nothing(int signal)
{
	(void)signal;
}

/* Its handler does nothing: that a system call ends is all it is for. */
static int nudge_signal(void)
{
	return SIGRTMIN;
}

static void *watch(void *argument)
{
	struct pw_watcher *watcher = argument;
	const struct timespec pause = {0, NUDGE_NS};
	struct timespec limit = {.tv_sec = FOREVER_S};
	sigset_t awaited;
	int got = -1;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, nudge_signal());
	pthread_sigmask(SIG_BLOCK, &awaited, NULL);
	if (watcher->seconds && watcher->seconds < FOREVER_S)
		limit.tv_sec = (time_t)watcher->seconds;
	/* "ended" is set before the signal is sent: none is missed. */
	while (!atomic_load(&watcher->ended) && got < 0) {
		got = sigtimedwait(&awaited, NULL, &limit);
		if (got < 0 && errno == EAGAIN)
			break;
	}
	if (atomic_load(&watcher->ended))
		return NULL;
	atomic_store(&watcher->reason,
		     got == SIGTERM ? PW_WATCH_TERM : PW_WATCH_TIME);
	while (!atomic_load(&watcher->ended)) {
		pthread_kill(watcher->watched, nudge_signal());
		nanosleep(&pause, NULL);
	}
	return NULL;
}

enum pw_status pw_watcher_start(struct pw_watcher *watcher, uint64_t seconds,
				struct pw_error *err)
{
	struct sigaction action = {.sa_handler = nothing};
	sigset_t term;
	int error;

	*watcher = (struct pw_watcher){.watched = pthread_self(),
				       .seconds = seconds};
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &watcher->before);
	sigaction(nudge_signal(), &action, NULL);
	error = pthread_create(&watcher->thread, NULL, watch, watcher);
	if (error) {
		pthread_sigmask(SIG_SETMASK, &watcher->before, NULL);
		return pw_fail_errno(err, PW_ERR_SYSTEM, error, "a thread");
	}
	watcher->running = true;
	watcher->blocking = true;
	return PW_OK;
}

void pw_watcher_stop(struct pw_watcher *watcher)
{
	PW_ASSERT(!watcher->running ||
		  !pthread_equal(watcher->thread, pthread_self()));
	if (!watcher->running)
		return;
	atomic_store(&watcher->ended, true);
	pthread_kill(watcher->thread, nudge_signal());
	pthread_join(watcher->thread, NULL);
	watcher->running = false;
	signal(nudge_signal(), SIG_DFL);
}

bool pw_watcher_release(struct pw_watcher *watcher)
{
	const struct timespec now = {0};
	bool came = false;
	sigset_t term;

	PW_ASSERT(!watcher->running);
	if (!watcher->blocking)
		return false;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	while (sigtimedwait(&term, NULL, &now) == SIGTERM)
		came = true;
	watcher->blocking = false;
	pthread_sigmask(SIG_SETMASK, &watcher->before, NULL);
	return came;
}
