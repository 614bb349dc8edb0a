/*
 * predict.c - what a machine would make of a chain of loads.
 */
#include "replay/machine/predict.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/random.h"
#include "replay/replay.h"

#define FIRST_PAGE (UINT64_C(1) << 24)
#define RECORDS 4096 /* of a batch */

/* A load of each page, as a batch has it. */
struct chain {
	uint64_t *page;
	uint64_t count;
	uint64_t instruction[RECORDS];
	uint32_t loads[RECORDS], none[RECORDS];
	uint8_t flags[RECORDS];
};

static enum pw_status make_chain(struct chain *chain, uint64_t pages,
				 struct pw_error *err)
{
	struct pw_random random;

	chain->count = pages;
	chain->page = calloc(pages, sizeof(*chain->page));
	if (!chain->page)
		return pw_fail_memory(err, "a chain of loads");
	for (size_t i = 0; i < RECORDS; i++) {
		chain->loads[i] = 1;
		chain->flags[i] = PW_TOUCH_LOAD_FIRST;
	}
	for (uint64_t i = 0; i < pages; i++)
		chain->page[i] = FIRST_PAGE + i;
	pw_random_seed(&random, pages);
	for (uint64_t i = pages - 1; i > 0; i--) {
		uint64_t j = pw_random_below(&random, i + 1);
		uint64_t other = chain->page[j];

		chain->page[j] = chain->page[i];
		chain->page[i] = other;
	}
	return PW_OK;
}

/* One round of the chain. */
static enum pw_status go_round(struct pw_replay *replay,
			       const struct chain *chain, struct pw_error *err)
{
	static const struct pw_thread thread;
	const struct pw_trace_info info = {.threads = &thread,
					   .thread_count = 1,
					   .unknown = PW_UNKNOWN_MAPPINGS};
	enum pw_status st = PW_OK;

	for (uint64_t i = 0; i < chain->count && st == PW_OK; i += RECORDS) {
		uint64_t left = chain->count - i;
		size_t count = (size_t)(left < RECORDS ? left : RECORDS);
		const struct pw_batch batch = {
			.instruction_count = count,
			.access_count = count,
			.tally = {.loads = count},
			.touches = {count, chain->page + i, chain->instruction,
				    chain->loads, chain->none, chain->none,
				    chain->flags}};

		st = pw_replay_batch(replay, &info, &batch, err);
	}
	return st;
}

static enum pw_status run(struct pw_replay *replay, const struct chain *chain,
			  const struct pw_machine_cost *cost,
			  struct pw_prediction *out, struct pw_error *err)
{
	double loads = (double)chain->count;
	struct pw_counters before;
	enum pw_status st = go_round(replay, chain, err);
	const struct pw_counters *now;

	if (st == PW_OK)
		st = go_round(replay, chain, err);
	if (st != PW_OK)
		return st;
	before = *pw_replay_counters(replay, 0);
	st = go_round(replay, chain, err);
	if (st != PW_OK)
		return st;
	now = pw_replay_counters(replay, 0);
	out->stlb_hits = (double)(now->stlb_hits - before.stlb_hits) / loads;
	out->walk_references =
		(double)(now->walk_references - before.walk_references) / loads;
	out->cycles = out->stlb_hits * (double)cost->stlb_hit_cycles +
		      (double)(now->walk_cycles - before.walk_cycles) / loads;
	return PW_OK;
}

enum pw_status pw_predict_chase(const struct pw_machine *machine,
				uint64_t pages, struct pw_prediction *out,
				struct pw_error *err)
{
	const struct pw_replay_options options = {.machines = &machine,
						  .machine_count = 1};
	struct chain *chain = calloc(1, sizeof(*chain));
	struct pw_replay *replay = NULL;
	enum pw_status st;

	PW_ASSERT(pages > 1);
	*out = (struct pw_prediction){0};
	if (!chain)
		return pw_fail_memory(err, "a chain of loads");
	st = make_chain(chain, pages, err);
	if (st == PW_OK)
		st = pw_replay_open(&replay, &options, err);
	if (st == PW_OK)
		st = run(replay, chain, &machine->cost, out, err);
	pw_replay_close(replay);
	free(chain->page);
	free(chain);
	return st;
}
