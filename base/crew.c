/*
 * crew.c - worker threads that take jobs in order.
 *
 * A slot is FREE, then a worker's (BUSY), then the consumer's (READY), then
 * FREE again. The states and the two counters are the only things that threads
 * share, under one mutex.
 */
#include "base/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

#define WORKERS_DEFAULT 4

enum slot_state { FREE, BUSY, READY };

struct worker {
	struct pw_crew *crew;
	unsigned number;
	pthread_t thread;
};

struct pw_crew {
	struct pw_crew_work work;
	enum slot_state slot[PW_CREW_WORKERS_MAX + 1];
	size_t slots;
	struct worker worker[PW_CREW_WORKERS_MAX];
	unsigned running;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	pthread_cond_t readied;
	bool stop;
	size_t claimed;	  /* jobs that workers have taken */
	size_t delivered; /* results that the consumer has asked for */
};

unsigned pw_crew_workers(unsigned wanted)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted > 0)
		return wanted < PW_CREW_WORKERS_MAX ? wanted
						    : PW_CREW_WORKERS_MAX;
	if (processors < 1)
		return 1;
	return processors < WORKERS_DEFAULT ? (unsigned)processors
					    : WORKERS_DEFAULT;
}

/* Wait for a slot to fill; false when there is no more to do. */
static bool claim(struct pw_crew *crew, size_t *job)
{
	bool more;

	pthread_mutex_lock(&crew->mutex);
	while (!crew->stop && crew->claimed < crew->work.jobs &&
	       crew->slot[crew->claimed % crew->slots] != FREE)
		pthread_cond_wait(&crew->freed, &crew->mutex);
	more = !crew->stop && crew->claimed < crew->work.jobs;
	if (more) {
		*job = crew->claimed++;
		crew->slot[*job % crew->slots] = BUSY;
	}
	pthread_mutex_unlock(&crew->mutex);
	return more;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pw_crew *crew = worker->crew;
	size_t job;

	while (claim(crew, &job)) {
		size_t slot = job % crew->slots;

		crew->work.run(crew->work.context, worker->number, job, slot);
		pthread_mutex_lock(&crew->mutex);
		PW_ASSERT(crew->slot[slot] == BUSY);
		crew->slot[slot] = READY;
		pthread_cond_broadcast(&crew->readied);
		pthread_mutex_unlock(&crew->mutex);
	}
	return NULL;
}

/* Start as many of @workers as the system gives; none is fine too. */
static void start(struct pw_crew *crew, unsigned workers)
{
	sigset_t all, before;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (crew->running < workers) {
		struct worker *worker = &crew->worker[crew->running];

		worker->crew = crew;
		worker->number = crew->running;
		if (pthread_create(&worker->thread, NULL, work, worker) != 0)
			break;
		crew->running++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum pw_status pw_crew_open(struct pw_crew **out,
			    const struct pw_crew_work *work, unsigned workers,
			    struct pw_error *err)
{
	struct pw_crew *crew = calloc(1, sizeof(*crew));

	PW_ASSERT(workers >= 1 && workers <= PW_CREW_WORKERS_MAX);
	*out = crew;
	if (!crew)
		return pw_fail_memory(err, "a crew");
	crew->work = *work;
	crew->slots = (size_t)workers + 1;
	pthread_mutex_init(&crew->mutex, NULL);
	pthread_cond_init(&crew->freed, NULL);
	pthread_cond_init(&crew->readied, NULL);
	if (workers > 1)
		start(crew, workers);
	return PW_OK;
}

void pw_crew_close(struct pw_crew *crew)
{
	if (!crew)
		return;
	pthread_mutex_lock(&crew->mutex);
	crew->stop = true;
	pthread_cond_broadcast(&crew->freed);
	pthread_mutex_unlock(&crew->mutex);
	for (unsigned i = 0; i < crew->running; i++)
		pthread_join(crew->worker[i].thread, NULL);
	pthread_cond_destroy(&crew->readied);
	pthread_cond_destroy(&crew->freed);
	pthread_mutex_destroy(&crew->mutex);
	free(crew);
}

/* Give the slot of the result before back to the workers. */
static void give_back(struct pw_crew *crew)
{
	if (crew->delivered == 0)
		return;
	pthread_mutex_lock(&crew->mutex);
	crew->slot[(crew->delivered - 1) % crew->slots] = FREE;
	pthread_cond_broadcast(&crew->freed);
	pthread_mutex_unlock(&crew->mutex);
}

bool pw_crew_next(struct pw_crew *crew, size_t *slot)
{
	give_back(crew);
	if (crew->delivered == crew->work.jobs)
		return false;
	*slot = crew->delivered % crew->slots;
	if (crew->running > 0) {
		pthread_mutex_lock(&crew->mutex);
		while (crew->slot[*slot] != READY)
			pthread_cond_wait(&crew->readied, &crew->mutex);
		pthread_mutex_unlock(&crew->mutex);
	} else {
		crew->work.run(crew->work.context, 0, crew->delivered, *slot);
	}
	crew->delivered++;
	return true;
}
