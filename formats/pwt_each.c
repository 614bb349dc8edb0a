/*
 * pwt_each.c - workers that decode segments and hand them on themselves.
 *
 * The workers share the number of the next segment, how much memory all of them
 * have and what is said when it is over, under one mutex; all else is their
 * own.
 */
#include "formats/pwt_each.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/assert.h"
#include "formats/tally.h"

#define WORKERS_MAX 64

/* A segment that was left out, and why. */
struct loss {
	size_t segment;
	char *message;
};

struct pool {
	const struct pw_ring_source *source;
	const struct pw_trace_taker *taker;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	uint64_t bytes;		/* unpacked, of the segments being decoded */
	size_t claimed;		/* segments that workers have taken */
	struct pw_array losses; /* struct loss */
	size_t failed;		/* the first segment that failed for good */
	enum pw_status status;	/* with this */
	struct pw_error err;
};

struct worker {
	struct pool *pool;
	unsigned number;
	pthread_t thread;
	struct pw_segment_decoder decoder;
	struct pw_segment segment;
	struct pw_totals totals;
};

static const struct pw_segment_place *place_at(const struct pool *pool,
					       size_t index)
{
	return &PW_ARRAY_AT(pool->source->places, const struct pw_segment_place,
			    index);
}

static uint64_t raw_bytes_of(const struct pool *pool, size_t index)
{
	return pw_segment_raw_bytes(pool->source->list, place_at(pool, index));
}

static bool is_more(const struct pool *pool)
{
	return pool->status == PW_OK &&
	       pool->claimed < pool->source->places->count;
}

/* Whether the next segment must wait for memory. */
static bool must_wait(const struct pool *pool)
{
	return pool->bytes > 0 &&
	       pool->bytes + raw_bytes_of(pool, pool->claimed) >
		       PW_SEGMENTS_BYTES_MAX;
}

/* The next segment; false when there is none or a worker has failed. */
static bool claim(struct pool *pool, size_t *index)
{
	bool more;

	pthread_mutex_lock(&pool->mutex);
	while (is_more(pool) && must_wait(pool))
		pthread_cond_wait(&pool->freed, &pool->mutex);
	more = is_more(pool);
	if (more) {
		*index = pool->claimed++;
		pool->bytes += raw_bytes_of(pool, *index);
	}
	pthread_mutex_unlock(&pool->mutex);
	return more;
}

/* Keep the failure of the first segment. */
static void fail(struct pool *pool, size_t index, enum pw_status st,
		 const struct pw_error *err)
{
	PW_ASSERT(st != PW_OK);
	pthread_mutex_lock(&pool->mutex);
	if (pool->status == PW_OK || index < pool->failed) {
		pool->failed = index;
		pool->status = st;
		pool->err = *err;
	}
	pthread_mutex_unlock(&pool->mutex);
}

/* Note that a segment is left out. */
static enum pw_status lose(struct pool *pool, size_t index,
			   struct pw_error *err)
{
	struct loss loss = {index, strdup(err->message)};
	enum pw_status st;

	if (!loss.message)
		return pw_fail_memory(err, "a message");
	pthread_mutex_lock(&pool->mutex);
	st = pw_array_push(&pool->losses, &loss, err);
	pthread_mutex_unlock(&pool->mutex);
	if (st != PW_OK)
		free(loss.message);
	return st;
}

/* Hand on accesses and events of @from, a window at a time. */
static enum pw_status take_batch(struct worker *worker, size_t index,
				 const struct pw_segment_batch *from,
				 struct pw_error *err)
{
	const struct pw_trace_taker *taker = worker->pool->taker;
	enum pw_status st = PW_OK;
	size_t taken = 0;

	do {
		struct pw_batch batch = {.thread = from->thread};
		size_t count = from->count - taken;

		if (count > PW_WINDOW_ACCESSES)
			count = PW_WINDOW_ACCESSES;
		pw_segment_accesses(&worker->segment, from, taken, count,
				    &batch.accesses);
		taken += count;
		if (taken == from->count)
			pw_segment_events(&worker->segment, from,
					  &batch.events);
		batch.access_count = count;
		pw_tally_add(&batch.tally, batch.accesses.kind, count);
		pw_tally_total(&worker->totals, &batch.tally, count);
		worker->totals.events += batch.events.count;
		st = taker->take(taker->argument, worker->number, index, &batch,
				 err);
	} while (st == PW_OK && taken < from->count);
	return st;
}

/* Decode one segment and hand it on. */
static enum pw_status take_segment(struct worker *worker, size_t index,
				   struct pw_error *err)
{
	struct pool *pool = worker->pool;
	const struct pw_trace_taker *taker = pool->taker;
	const struct pw_segment_batch *batch;
	enum pw_status st;

	st = pw_segment_decode(&worker->decoder, pool->source->file,
			       pool->source->list, place_at(pool, index),
			       &worker->segment, err);
	if (st == PW_ERR_FORMAT)
		return lose(pool, index, err);
	batch = worker->segment.batches.data;
	for (size_t i = 0; i < worker->segment.batches.count && st == PW_OK;
	     i++)
		st = take_batch(worker, index, &batch[i], err);
	if (st == PW_OK)
		st = taker->take(taker->argument, worker->number, index, NULL,
				 err);
	return st;
}

static enum pw_status init_decoder(struct worker *worker, struct pw_error *err)
{
	const struct pw_ring_source *source = worker->pool->source;

	return pw_segment_decoder_init(&worker->decoder, source->threads, false,
				       source->shapes, err);
}

/* Segment @index has been handed on, or failed. */
static enum pw_status release(struct worker *worker, size_t index,
			      struct pw_error *err)
{
	struct pool *pool = worker->pool;
	uint64_t bytes = raw_bytes_of(pool, index);
	enum pw_status st = PW_OK;

	if (bytes > PW_SEGMENT_KEPT_MAX) {
		pw_segment_free(&worker->segment);
		pw_segment_init(&worker->segment);
		pw_segment_decoder_free(&worker->decoder);
		st = init_decoder(worker, err);
	}
	pthread_mutex_lock(&pool->mutex);
	PW_ASSERT(pool->bytes >= bytes);
	pool->bytes -= bytes;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->mutex);
	return st;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;
	struct pw_error err = {0};
	enum pw_status st;
	size_t index = 0;

	pw_segment_init(&worker->segment);
	st = init_decoder(worker, &err);
	if (st != PW_OK)
		fail(pool, index, st, &err);
	while (st == PW_OK && claim(pool, &index)) {
		st = take_segment(worker, index, &err);
		if (st != PW_OK)
			fail(pool, index, st, &err);
		if (release(worker, index, &err) == PW_OK || st != PW_OK)
			continue;
		st = err.status;
		fail(pool, index, st, &err);
	}
	pw_segment_decoder_free(&worker->decoder);
	pw_segment_free(&worker->segment);
	return NULL;
}

static int by_segment(const void *a, const void *b)
{
	const struct loss *left = a, *right = b;

	return (left->segment > right->segment) -
	       (left->segment < right->segment);
}

/* Report what was left out, in the order of the file. */
static void report(struct pool *pool, struct pw_damage *damage)
{
	struct loss *loss = pool->losses.data;

	if (pool->losses.count > 0)
		qsort(loss, pool->losses.count, sizeof(*loss), by_segment);
	for (size_t i = 0; i < pool->losses.count; i++) {
		pw_shape_loader_report(
			pool->source->shapes,
			place_at(pool, loss[i].segment)->timeline, damage);
		pw_damage_add(damage, "%s", loss[i].message);
		free(loss[i].message);
	}
	pw_array_free(&pool->losses);
}

static void add_totals(struct pw_totals *sum, const struct pw_totals *more)
{
	sum->accesses += more->accesses;
	sum->loads += more->loads;
	sum->stores += more->stores;
	sum->modifies += more->modifies;
	sum->fetches += more->fetches;
	sum->instructions += more->instructions;
	sum->events += more->events;
}

/* Run the workers; fewer are fine when the system gives no more threads. */
static void run(struct worker *worker, unsigned workers)
{
	sigset_t all, before;
	unsigned running = 1;

	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (running < workers &&
	       pthread_create(&worker[running].thread, NULL, work,
			      &worker[running]) == 0)
		running++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(&worker[0]);
	for (unsigned i = 1; i < running; i++)
		pthread_join(worker[i].thread, NULL);
}

enum pw_status pw_pwt_each(const struct pw_ring_source *source,
			   const struct pw_trace_taker *taker,
			   struct pw_totals *totals, struct pw_damage *damage,
			   struct pw_error *err)
{
	struct pool pool = {
		.source = source,
		.taker = taker,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.freed = PTHREAD_COND_INITIALIZER,
		.losses = PW_ARRAY(struct loss),
	};
	unsigned workers =
		taker->workers < WORKERS_MAX ? taker->workers : WORKERS_MAX;
	struct worker *worker = calloc(workers, sizeof(*worker));

	if (!worker)
		return pw_fail_memory(err, "workers");
	for (unsigned i = 0; i < workers; i++) {
		worker[i].pool = &pool;
		worker[i].number = i;
	}
	run(worker, workers);
	for (unsigned i = 0; i < workers; i++)
		add_totals(totals, &worker[i].totals);
	report(&pool, damage);
	free(worker);
	pthread_cond_destroy(&pool.freed);
	pthread_mutex_destroy(&pool.mutex);
	if (pool.status != PW_OK)
		*err = pool.err;
	return pool.status;
}
