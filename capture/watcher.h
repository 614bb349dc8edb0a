/*
 * watcher.h - notices signals that end a recording and the end of the time
 * allowed, also while the recorder waits for a target that sleeps.
 *
 * A thread waits for both; then it sets a word that the recorder looks at
 * after each step, and interrupts its wait until it is stopped. It also
 * interrupts a wait that takes long, so that the recorder can look around.
 */
#ifndef PW_CAPTURE_WATCHER_H
#define PW_CAPTURE_WATCHER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum pw_watch { PW_WATCH_NOTHING, PW_WATCH_TIME, PW_WATCH_SIGNAL };

struct pw_watcher {
	pthread_t thread;
	pthread_t watched;
	sigset_t awaited; /* signals that end the recording */
	sigset_t before;  /* the caller's signal mask */
	uint64_t seconds;
	atomic_int reason;	       /* enum pw_watch */
	atomic_uint_fast64_t progress; /* waits of the recorder that ended */
	atomic_bool ended;	       /* nobody waits any more */
	bool running;
	bool blocking; /* the signals, in the caller */
};

/*
 * Begin. SIGTERM ends the recording, and with @terminal so do SIGINT, SIGQUIT
 * and SIGHUP. They are blocked in the caller until pw_watcher_release.
 *
 * Units:  @seconds, 0 for no limit.
 * Owns:   @watcher stays where it is until pw_watcher_stop.
 * Errors: PW_ERR_SYSTEM no thread can be made.
 */
enum pw_status pw_watcher_start(struct pw_watcher *watcher, uint64_t seconds,
				bool terminal,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Why the recording shall end, or PW_WATCH_NOTHING.
 */
static inline enum pw_watch pw_watcher_reason(struct pw_watcher *watcher)
{
	return (enum pw_watch)atomic_load_explicit(&watcher->reason,
						   memory_order_relaxed);
}

/*
 * A wait has ended: the next one will not be interrupted soon. Only the
 * watched thread calls this.
 */
static inline void pw_watcher_progress(struct pw_watcher *watcher)
{
	uint_fast64_t count =
		atomic_load_explicit(&watcher->progress, memory_order_relaxed);

	atomic_store_explicit(&watcher->progress, count + 1,
			      memory_order_relaxed);
}

/*
 * End the thread; the signals stay blocked. Harmless without a start.
 */
void pw_watcher_stop(struct pw_watcher *watcher);

/*
 * Let the signals through again, now that the trace is whole. One that has
 * come in the meantime does not end the caller: the result is true then.
 * Harmless without a start.
 */
bool pw_watcher_release(struct pw_watcher *watcher);

#endif
