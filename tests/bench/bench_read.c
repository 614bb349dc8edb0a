/*
 * bench_read.c - how fast recordings are read.
 *
 * bench_read NAME TRACE ... prints rows of name, value, unit for each trace,
 * medians of five. In user CPU time of one thread: accesses that have an
 * address of their own (data) and all of them, brought in batches; touches and
 * the accesses that they stand for, stored or made. In time on the clock:
 * opening; all accesses when one worker and when two take segments in any
 * order, and how much faster two are. And a sum over all that came, so that two
 * forms of a trace can be compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/bits.h"
#include "formats/trace.h"
#include "tests/bench/timing.h"

#define ROUNDS 5

struct reading {
	uint64_t accesses;
	uint64_t fetches;
	uint64_t sum;
	uint64_t touches; /* records */
};

static double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Add up a batch so that order and every field matter. */
static uint64_t add_up(uint64_t sum, const struct pw_batch *batch)
{
	const struct pw_accesses *a = &batch->accesses;

	for (size_t i = 0; i < a->count; i++)
		sum = sum * 3 + (a->address[i] ^ a->pc[i] << 20) +
		      ((uint64_t)a->size_bytes[i] << 8 | a->kind[i]) +
		      batch->thread;
	for (size_t i = 0; i < batch->events.count; i++)
		sum = sum * 3 + batch->events.kind[i] +
		      pw_mix64(batch->events.result[i]);
	return sum;
}

static enum pw_status read_trace(const char *path, enum pw_trace_needs needs,
				 bool summed, struct reading *reading,
				 struct pw_error *err)
{
	const struct pw_trace_options options = {.needs = needs, .workers = 1};
	const struct pw_batch *batch;
	struct pw_totals totals;
	struct pw_trace *trace;
	enum pw_status st = pw_trace_open(&trace, path, &options, err);

	if (st != PW_OK)
		return st;
	reading->sum = 0;
	reading->touches = 0;
	do {
		st = pw_trace_next(trace, &batch, err);
		if (st == PW_OK && batch)
			reading->touches += batch->touches.count;
		if (st == PW_OK && batch && summed)
			reading->sum = add_up(reading->sum, batch);
	} while (st == PW_OK && batch);
	pw_trace_totals(trace, &totals);
	reading->accesses = totals.accesses;
	reading->fetches = totals.fetches;
	pw_trace_close(trace);
	return st;
}

/* The median of the seconds that reading takes. */
static enum pw_status time_reading(const char *path, enum pw_trace_needs needs,
				   struct reading *reading, double *median,
				   struct pw_error *err)
{
	double seconds[ROUNDS];
	enum pw_status st = PW_OK;

	for (int i = 0; i < ROUNDS && st == PW_OK; i++) {
		double before = user_s();

		st = read_trace(path, needs, false, reading, err);
		seconds[i] = user_s() - before;
	}
	if (st != PW_OK)
		return st;
	*median = median_of(seconds, ROUNDS);
	return PW_OK;
}

/* Add up nothing: the accesses are made all the same. */
static enum pw_status take(void *argument, unsigned worker, uint64_t segment,
			   const struct pw_batch *batch, struct pw_error *err)
{
	(void)argument;
	(void)worker;
	(void)segment;
	(void)batch;
	(void)err;
	return PW_OK;
}

/* Median seconds that opening takes, and then taking all segments. */
static enum pw_status time_workers(const char *path, unsigned workers,
				   double *open_s, double *take_s,
				   struct pw_error *err)
{
	const struct pw_trace_taker taker = {workers, NULL, take};
	double opened[ROUNDS], taken[ROUNDS];
	enum pw_status st = PW_OK;

	for (int i = 0; i < ROUNDS && st == PW_OK; i++) {
		double begin = clock_s();
		struct pw_trace *trace;

		st = pw_trace_open(&trace, path, NULL, err);
		opened[i] = clock_s() - begin;
		if (st != PW_OK)
			break;
		begin = clock_s();
		st = pw_trace_each(trace, &taker, err);
		taken[i] = clock_s() - begin;
		pw_trace_close(trace);
	}
	if (st != PW_OK)
		return st;
	*open_s = median_of(opened, ROUNDS);
	*take_s = median_of(taken, ROUNDS);
	return PW_OK;
}

static enum pw_status measure_workers(const char *name, const char *path,
				      uint64_t accesses, struct pw_error *err)
{
	double open_s, one_s, two_s;
	enum pw_status st = time_workers(path, 1, &open_s, &one_s, err);

	if (st == PW_OK)
		st = time_workers(path, 2, &open_s, &two_s, err);
	if (st != PW_OK)
		return st;
	printf("%s.open,%.2f,ms\n", name, open_s * 1e3);
	printf("%s.one_worker,%.1f,M accesses/s\n", name,
	       (double)accesses / one_s / 1e6);
	printf("%s.two_workers,%.1f,M accesses/s\n", name,
	       (double)accesses / two_s / 1e6);
	printf("%s.two_to_one,%.2f,ratio\n", name, one_s / two_s);
	return PW_OK;
}

static enum pw_status measure_accesses(const char *name, const char *path,
				       struct pw_error *err)
{
	struct reading reading;
	double seconds;
	enum pw_status st =
		read_trace(path, PW_NEED_ACCESSES, true, &reading, err);
	uint64_t sum = reading.sum;

	if (st == PW_OK)
		st = time_reading(path, PW_NEED_ACCESSES, &reading, &seconds,
				  err);
	if (st != PW_OK)
		return st;
	printf("%s.data,%.1f,M loads and stores/s\n", name,
	       (double)(reading.accesses - reading.fetches) / seconds / 1e6);
	printf("%s.all,%.1f,M accesses/s\n", name,
	       (double)reading.accesses / seconds / 1e6);
	printf("%s.sum,%llu,of all fields\n", name, (unsigned long long)sum);
	return measure_workers(name, path, reading.accesses, err);
}

/* Touches as they come: stored ones, or made of accesses. */
static enum pw_status measure_touches(const char *name, const char *path,
				      struct pw_error *err)
{
	struct reading reading;
	double seconds;
	enum pw_status st =
		time_reading(path, PW_NEED_TOUCHES, &reading, &seconds, err);

	if (st != PW_OK)
		return st;
	printf("%s.touches,%.1f,M records/s\n", name,
	       (double)reading.touches / seconds / 1e6);
	printf("%s.touched,%.1f,M accesses/s\n", name,
	       (double)reading.accesses / seconds / 1e6);
	return PW_OK;
}

/* A trace of touches alone has no accesses to measure. */
static enum pw_status measure(const char *name, const char *path,
			      struct pw_error *err)
{
	enum pw_status st = measure_touches(name, path, err);

	if (st == PW_OK)
		st = measure_accesses(name, path, err);
	return st == PW_ERR_USAGE ? PW_OK : st;
}

int main(int count, char **words)
{
	struct pw_error err = {.status = PW_OK};

	for (int i = 1; i + 1 < count; i += 2) {
		if (measure(words[i], words[i + 1], &err) == PW_OK)
			continue;
		fprintf(stderr, "bench_read: %s\n", err.message);
		return (int)err.status;
	}
	return 0;
}
