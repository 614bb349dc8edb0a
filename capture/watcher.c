/*
 * watcher.c - a thread that waits for signals or the clock.
 */
#include "capture/watcher.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/assert.h"

#define NUDGE_NS 20000000L
#define SLICE_NS 100000000L /* a wait of this length takes long */
#define SECOND_NS INT64_C(1000000000)
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

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Wait for one of the signals until @limit_ns, nudging a wait that takes long.
 */
static enum pw_watch await(struct pw_watcher *watcher, int64_t limit_ns)
{
	const struct timespec slice = {0, SLICE_NS};
	uint_fast64_t seen = atomic_load(&watcher->progress);
	sigset_t awaited = watcher->awaited;

	sigaddset(&awaited, nudge_signal());
	/* "ended" is set before the signal is sent: none is missed. */
	while (!atomic_load(&watcher->ended)) {
		int got = sigtimedwait(&awaited, NULL, &slice);
		uint_fast64_t progress = atomic_load(&watcher->progress);

		if (got > 0 && got != nudge_signal())
			return PW_WATCH_SIGNAL;
		if (limit_ns && clock_ns() >= limit_ns)
			return PW_WATCH_TIME;
		if (got < 0 && errno == EAGAIN && progress == seen)
			pthread_kill(watcher->watched, nudge_signal());
		seen = progress;
	}
	return PW_WATCH_NOTHING;
}

static void *watch(void *argument)
{
	struct pw_watcher *watcher = argument;
	const struct timespec pause = {0, NUDGE_NS};
	sigset_t own = watcher->awaited;
	int64_t limit_ns = 0;

	sigaddset(&own, nudge_signal());
	pthread_sigmask(SIG_BLOCK, &own, NULL);
	if (watcher->seconds && watcher->seconds < FOREVER_S)
		limit_ns = clock_ns() + (int64_t)watcher->seconds * SECOND_NS;
	atomic_store(&watcher->reason, (int)await(watcher, limit_ns));
	while (!atomic_load(&watcher->ended)) {
		pthread_kill(watcher->watched, nudge_signal());
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void choose_signals(sigset_t *set, bool terminal)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	if (!terminal)
		return;
	sigaddset(set, SIGINT);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGHUP);
}

enum pw_status pw_watcher_start(struct pw_watcher *watcher, uint64_t seconds,
				bool terminal, struct pw_error *err)
{
	struct sigaction action = {.sa_handler = nothing};
	int error;

	*watcher = (struct pw_watcher){.watched = pthread_self(),
				       .seconds = seconds};
	choose_signals(&watcher->awaited, terminal);
	pthread_sigmask(SIG_BLOCK, &watcher->awaited, &watcher->before);
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

	PW_ASSERT(!watcher->running);
	if (!watcher->blocking)
		return false;
	while (sigtimedwait(&watcher->awaited, NULL, &now) > 0)
		came = true;
	watcher->blocking = false;
	pthread_sigmask(SIG_SETMASK, &watcher->before, NULL);
	return came;
}
