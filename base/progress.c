/*
 * progress.c - one line on stderr, rewritten at most five times a second.
 */
#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/units.h"

#define FIRST_SHOWN_S 0.5
#define SHOWN_EVERY_S 0.2

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A terminal that knows how to wipe a line. */
static bool has_terminal(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO);
}

void pw_progress_start(struct pw_progress *progress, const char *label,
		       const char *unit, bool quiet)
{
	PW_ASSERT(label && unit);
	progress->label = label;
	progress->unit = unit;
	progress->visible = false;
	progress->enabled = !quiet && has_terminal();
	progress->started_s = progress->enabled ? now_s() : 0;
	progress->shown_s = progress->started_s;
}

/* "1:05" or "1:02:05". */
static void format_left(char *buffer, size_t bytes, double left_s)
{
	uint64_t s = left_s < 359999 ? (uint64_t)left_s : 359999;

	if (s >= 3600)
		snprintf(buffer, bytes, "%u:%02u:%02u", (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		snprintf(buffer, bytes, "%u:%02u", (unsigned)(s / 60),
			 (unsigned)(s % 60));
}

void pw_progress_update(struct pw_progress *progress, uint64_t done,
			double fraction)
{
	char amount[32];
	char rate[48];
	char left[32];
	double elapsed_s;
	double now;

	if (!progress->enabled)
		return;
	now = now_s();
	elapsed_s = now - progress->started_s;
	if (elapsed_s < FIRST_SHOWN_S ||
	    now - progress->shown_s < SHOWN_EVERY_S)
		return;
	PW_ASSERT(elapsed_s > 0 && progress->label);
	progress->shown_s = now;
	progress->visible = true;
	pw_format_u64(amount, sizeof(amount), done, PW_UNIT_COUNT);
	pw_format_u64(rate, sizeof(rate), (uint64_t)((double)done / elapsed_s),
		      PW_UNIT_COUNT);
	fprintf(stderr, "\r\033[K%s: %s %s, %s/s", progress->label, amount,
		progress->unit, rate);
	if (fraction > 0 && fraction <= 1) {
		format_left(left, sizeof(left),
			    elapsed_s * (1 - fraction) / fraction);
		fprintf(stderr, ", %u%%, %s left", (unsigned)(fraction * 100),
			left);
	}
	fflush(stderr);
}

void pw_progress_end(struct pw_progress *progress)
{
	if (progress->visible)
		fputs("\r\033[K", stderr);
	progress->visible = false;
	progress->enabled = false;
}
