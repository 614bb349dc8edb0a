/*
 * measure_time.h - how measurements take time: that of the calling thread.
 *
 * Private to measure.c and measure_events.c.
 */
#ifndef PW_REPLAY_MEASURE_TIME_H
#define PW_REPLAY_MEASURE_TIME_H

#include <time.h>

#define PW_MEASURE_ROUNDS 5

/*
 * CPU time of the calling thread.
 *
 * Units: ns.
 */
static inline double pw_measure_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/*
 * Keep the least of the values seen; *least begins with 0.
 */
static inline void pw_measure_least(double *least, double value)
{
	if (*least == 0 || value < *least)
		*least = value;
}

#endif
