/*
 * lanes.c - threads that take operations to the machines of a replay.
 *
 * Buffers go round: the memory fills one while lanes take those before it. A
 * buffer is free again when all lanes have taken it. The counters of buffers
 * filled and taken are the only things that threads share, under one mutex.
 */
#include "replay/mmu/lanes.h"

#include <pthread.h>
#include <signal.h>

#include "base/assert.h"

#define LANES_MAX 64
#define BUFFERS 8 /* with threads */

struct lane {
	struct pw_lanes *lanes;
	size_t first; /* of its runs: every lane_count-th from here on */
	uint64_t taken;
	pthread_t thread;
};

struct pw_lanes {
	struct pw_outlet outlet; /* first: drain gets a pointer to it */
	struct pw_run **runs;
	size_t run_count;
	struct lane lane[LANES_MAX];
	size_t lane_count;
	size_t started; /* threads */
	struct pw_operations buffer[BUFFERS];
	size_t buffer_count;
	uint64_t filled;
	bool stop;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
};

static void empty(struct pw_operations *operations)
{
	operations->count = 0;
	operations->moment_count = 0;
}

/* The runs of @lane take @operations. */
static void take(const struct lane *lane,
		 const struct pw_operations *operations)
{
	const struct pw_lanes *lanes = lane->lanes;

	for (size_t i = lane->first; i < lanes->run_count;
	     i += lanes->lane_count)
		pw_run_take(lanes->runs[i], operations);
}

static void *work(void *argument)
{
	struct lane *lane = argument;
	struct pw_lanes *lanes = lane->lanes;

	pthread_mutex_lock(&lanes->mutex);
	while (!lanes->stop) {
		if (lane->taken == lanes->filled) {
			pthread_cond_wait(&lanes->changed, &lanes->mutex);
			continue;
		}
		pthread_mutex_unlock(&lanes->mutex);
		take(lane, &lanes->buffer[lane->taken % BUFFERS]);
		pthread_mutex_lock(&lanes->mutex);
		lane->taken++;
		pthread_cond_broadcast(&lanes->changed);
	}
	pthread_mutex_unlock(&lanes->mutex);
	return NULL;
}

/* Buffers that not all lanes have taken; under the mutex. */
static uint64_t count_in_use(const struct pw_lanes *lanes)
{
	uint64_t taken = lanes->filled;

	for (size_t i = 0; i < lanes->lane_count; i++)
		if (lanes->lane[i].taken < taken)
			taken = lanes->lane[i].taken;
	return lanes->filled - taken;
}

/* Wait until no more than @most buffers are in use. */
static void wait_for(struct pw_lanes *lanes, uint64_t most)
{
	pthread_mutex_lock(&lanes->mutex);
	while (count_in_use(lanes) > most)
		pthread_cond_wait(&lanes->changed, &lanes->mutex);
	pthread_mutex_unlock(&lanes->mutex);
}

static void drain(struct pw_outlet *outlet)
{
	struct pw_lanes *lanes = (struct pw_lanes *)(void *)outlet;

	if (lanes->started == 0) {
		take(&lanes->lane[0], outlet->operations);
		empty(outlet->operations);
		return;
	}
	pthread_mutex_lock(&lanes->mutex);
	lanes->filled++;
	pthread_cond_broadcast(&lanes->changed);
	pthread_mutex_unlock(&lanes->mutex);
	wait_for(lanes, BUFFERS - 1);
	outlet->operations = &lanes->buffer[lanes->filled % BUFFERS];
	empty(outlet->operations);
}

/* Start the threads; what the system does not give is done without. */
static void start(struct pw_lanes *lanes)
{
	sigset_t all, before;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (lanes->started < lanes->lane_count) {
		struct lane *lane = &lanes->lane[lanes->started];

		if (pthread_create(&lane->thread, NULL, work, lane) != 0)
			break;
		lanes->started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end_threads(struct pw_lanes *lanes)
{
	pthread_mutex_lock(&lanes->mutex);
	lanes->stop = true;
	pthread_cond_broadcast(&lanes->changed);
	pthread_mutex_unlock(&lanes->mutex);
	for (size_t i = 0; i < lanes->started; i++)
		pthread_join(lanes->lane[i].thread, NULL);
	lanes->started = 0;
}

enum pw_status pw_lanes_open(struct pw_lanes **out, struct pw_run **runs,
			     size_t count, unsigned threads,
			     struct pw_arena *arena, struct pw_error *err)
{
	struct pw_lanes *lanes =
		pw_arena_alloc(arena, 1, sizeof(struct pw_lanes));
	size_t wanted = threads < count ? threads : count;
	enum pw_status st = PW_OK;

	*out = NULL;
	PW_ASSERT(count > 0);
	if (!lanes)
		return pw_fail_memory(err, "a replay");
	lanes->runs = runs;
	lanes->run_count = count;
	lanes->lane_count = wanted < 2		 ? 1
			    : wanted < LANES_MAX ? wanted
						 : LANES_MAX;
	lanes->buffer_count = lanes->lane_count > 1 ? BUFFERS : 1;
	for (size_t i = 0; i < lanes->buffer_count && st == PW_OK; i++)
		st = pw_operations_make(&lanes->buffer[i], arena, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < lanes->lane_count; i++)
		lanes->lane[i] = (struct lane){.lanes = lanes, .first = i};
	lanes->outlet = (struct pw_outlet){&lanes->buffer[0], drain};
	pthread_mutex_init(&lanes->mutex, NULL);
	pthread_cond_init(&lanes->changed, NULL);
	if (lanes->lane_count > 1)
		start(lanes);
	if (lanes->started < lanes->lane_count) {
		end_threads(lanes);
		lanes->lane_count = 1;
	}
	*out = lanes;
	return PW_OK;
}

void pw_lanes_close(struct pw_lanes *lanes)
{
	if (!lanes)
		return;
	end_threads(lanes);
	pthread_cond_destroy(&lanes->changed);
	pthread_mutex_destroy(&lanes->mutex);
}

struct pw_outlet *pw_lanes_outlet(struct pw_lanes *lanes)
{
	PW_ASSERT(lanes->outlet.operations);
	return &lanes->outlet;
}

enum pw_status pw_lanes_settle(struct pw_lanes *lanes, struct pw_error *err)
{
	if (lanes->outlet.operations->count > 0)
		drain(&lanes->outlet);
	if (lanes->started)
		wait_for(lanes, 0);
	for (size_t i = 0; i < lanes->run_count; i++) {
		if (lanes->runs[i]->status != PW_OK) {
			*err = lanes->runs[i]->err;
			return lanes->runs[i]->status;
		}
	}
	return PW_OK;
}
