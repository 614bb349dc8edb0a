/*
 * bench_memory.c - what the memory manager adds to a replay of a trace.
 *
 * bench_memory NAME TRACE prints rows of name, value, unit: user CPU time of
 * reading and replaying it on a plain machine, median of five, as it is, and as
 * if it told of nothing but touches: then each page is memory of the program's
 * own that comes with its first touch, and nothing else happens to memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "formats/trace.h"
#include "replay/replay.h"
#include "tests/bench/timing.h"

#define ROUNDS 5

/* Seconds of a replay of the trace at @path, with or without its events. */
static double run(const char *path, bool events)
{
	const struct pw_trace_options reading = {.needs = PW_NEED_TOUCHES,
						 .workers = 1};
	struct pw_replay_options options = {.machine_count = 1};
	const struct pw_batch *batch;
	struct pw_machine *machine;
	struct pw_replay *replay;
	struct pw_trace *trace;
	struct pw_error err;
	double start = user_s();

	die_unless(pw_machine_load(&machine, "generic-x86-64", NULL, &err),
		   &err);
	options.machines = (const struct pw_machine *const *)&machine;
	die_unless(pw_replay_open(&replay, &options, &err), &err);
	die_unless(pw_trace_open(&trace, path, &reading, &err), &err);
	die_unless(pw_trace_next(trace, &batch, &err), &err);
	while (batch) {
		struct pw_trace_info info = *pw_trace_info(trace);
		struct pw_batch given = *batch;

		if (!events) {
			info.unknown |= PW_UNKNOWN_MAPPINGS;
			given.events.count = 0;
		}
		die_unless(pw_replay_batch(replay, &info, &given, &err), &err);
		die_unless(pw_trace_next(trace, &batch, &err), &err);
	}
	die_unless(pw_replay_finish(replay, &err), &err);
	pw_trace_close(trace);
	pw_replay_close(replay);
	pw_machine_close(machine);
	return user_s() - start;
}

int main(int argc, char **argv)
{
	double s[2][ROUNDS], touches, all;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_memory NAME TRACE\n");
		return 2;
	}
	/* One after the other, so that what else runs is the same for both. */
	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < 2; j++)
			s[j][i] = run(argv[2], j > 0);
	touches = median_of(s[0], ROUNDS);
	all = median_of(s[1], ROUNDS);
	printf("memory.%s.touches,%.3f,s\n", argv[1], touches);
	printf("memory.%s.all,%.3f,s\n", argv[1], all);
	printf("memory.%s.added,%.1f,%%\n", argv[1], 100 * (all / touches - 1));
	return 0;
}
