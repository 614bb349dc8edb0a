/*
 * crew.h - jobs done by several threads, their results taken in order.
 *
 * Jobs are numbered from 0. Job i leaves its result in slot i modulo the number
 * of slots, which is the workers and one more; its slot is free again when the
 * next result is asked for. So what comes out does not depend on how many
 * workers there are.
 */
#ifndef PW_BASE_CREW_H
#define PW_BASE_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define PW_CREW_WORKERS_MAX 64

struct pw_crew;

struct pw_crew_work {
	void *context;
	size_t jobs;
	/*
	 * Do @job and leave its result in @slot. No two calls with the same
	 * @worker or the same @slot run at once.
	 */
	void (*run)(void *context, unsigned worker, size_t job, size_t slot);
};

/*
 * How many workers @wanted stands for: 0 is one for each processor, 4 at most.
 */
unsigned pw_crew_workers(unsigned wanted);

/*
 * Make a crew of @workers, 1..PW_CREW_WORKERS_MAX. A single one is the thread
 * that asks for the results.
 *
 * Owns:   *out is the caller's; free it with pw_crew_close. What @work leads
 *         to must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_crew_open(struct pw_crew **out,
			    const struct pw_crew_work *work, unsigned workers,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Wait for the jobs that run, leave the others, and free the crew. NULL is
 * allowed.
 */
void pw_crew_close(struct pw_crew *crew);

/*
 * The slot of the next result, which is the caller's until the next call; false
 * after the last one.
 */
bool pw_crew_next(struct pw_crew *crew, size_t *slot);

#endif
