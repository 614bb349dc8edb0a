/*
 * bench_replay.c - how fast machines take touches that are in memory.
 *
 * bench_replay [STREAM] prints rows of name, value, unit in user CPU time,
 * median of five, for loads without locality on a plain machine (64 L1 entries,
 * 1536 STLB entries). Streams: "few", 2000 pages, most often the lower ones, so
 * that 6 % miss the STLB; "small", uniformly random in 64 MiB, 90 %; "large",
 * uniformly random in 4 GiB; "first", each page of 16 GiB once, a store: a
 * fault each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/random.h"
#include "replay/replay.h"
#include "tests/bench/timing.h"

#define ROUNDS 5
#define RECORDS ((size_t)1 << 13)
#define FIRST_PAGES ((uint64_t)4 << 20)

struct stream {
	const char *name;
	uint64_t records;
	uint64_t pages;
	uint64_t often; /* of 1000 references, those to the first 1400 pages */
	bool sweep;
};

struct columns {
	uint64_t page[RECORDS], instruction[RECORDS];
	uint32_t loads[RECORDS], stores[RECORDS], fetches[RECORDS];
	uint8_t flags[RECORDS];
};

static void fill(const struct stream *stream, struct columns *c,
		 struct pw_random *random, uint64_t done)
{
	for (size_t i = 0; i < RECORDS; i++) {
		uint64_t page = done + i;

		if (!stream->sweep)
			page = pw_random_below(random, 1000) < stream->often
				       ? pw_random_below(random, 1400)
				       : pw_random_below(random, stream->pages);
		c->page[i] = (UINT64_C(1) << 24) + page;
		c->loads[i] = !stream->sweep;
		c->stores[i] = stream->sweep;
		c->flags[i] = stream->sweep ? 0 : PW_TOUCH_LOAD_FIRST;
	}
}

/* Seconds of a replay of the whole stream; *misses of its references. */
static double run(const struct stream *stream, struct columns *c,
		  double *misses)
{
	static const struct pw_thread thread;
	const struct pw_trace_info info = {.threads = &thread,
					   .thread_count = 1,
					   .unknown = PW_UNKNOWN_MAPPINGS};
	struct pw_batch batch = {
		.access_count = RECORDS,
		.tally = {.loads = stream->sweep ? 0 : RECORDS,
			  .stores = stream->sweep ? RECORDS : 0},
		.touches = {RECORDS, c->page, c->instruction, c->loads,
			    c->stores, c->fetches, c->flags}};
	struct pw_machine *machine;
	struct pw_replay_options options = {.machine_count = 1};
	struct pw_replay *replay;
	struct pw_random random;
	struct pw_error err;
	double spent = 0;

	die_unless(pw_machine_load(&machine, "generic-x86-64", NULL, &err),
		   &err);
	options.machines = (const struct pw_machine *const *)&machine;
	die_unless(pw_replay_open(&replay, &options, &err), &err);
	pw_random_seed(&random, 1);
	for (uint64_t done = 0; done < stream->records; done += RECORDS) {
		double start;

		fill(stream, c, &random, done);
		start = user_s();
		die_unless(pw_replay_batch(replay, &info, &batch, &err), &err);
		spent += user_s() - start;
		batch.first_access += RECORDS;
	}
	*misses = (double)pw_replay_counters(replay, 0)->stlb_misses /
		  (double)stream->records;
	pw_replay_close(replay);
	pw_machine_close(machine);
	return spent;
}

int main(int argc, char **argv)
{
	static const struct stream streams[] = {
		{"few", 4 << 20, 2000, 900, false},
		{"small", 4 << 20, 16384, 0, false},
		{"large", 4 << 20, 1 << 20, 0, false},
		{"first", FIRST_PAGES, 0, 0, true},
	};
	static struct columns columns;

	for (size_t i = 0; i < PW_COUNT(streams); i++) {
		double s[ROUNDS], misses = 0;

		if (argc > 1 && strcmp(argv[1], streams[i].name) != 0)
			continue;
		for (size_t j = 0; j < ROUNDS; j++)
			s[j] = run(&streams[i], &columns, &misses);
		printf("replay.%s,%.1f,M references/s\n", streams[i].name,
		       (double)streams[i].records / median_of(s, ROUNDS) / 1e6);
		printf("replay.%s.stlb_misses,%.3f,ratio\n", streams[i].name,
		       misses);
	}
	return 0;
}
