/*
 * timing.h - what benchmarks have in common: processor time, medians, and ends.
 */
#ifndef PW_TESTS_BENCH_TIMING_H
#define PW_TESTS_BENCH_TIMING_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/status.h"

/* User CPU seconds of this process so far. */
static inline double user_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec +
	       (double)usage.ru_utime.tv_usec * 1e-6;
}

static inline int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median of @count values, which it sorts. */
static inline double median_of(double *value, size_t count)
{
	qsort(value, count, sizeof(*value), by_value);
	return value[count / 2];
}

static inline void die_unless(enum pw_status st, const struct pw_error *err)
{
	if (st == PW_OK)
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name,
		err->message);
	exit(1);
}

#endif
