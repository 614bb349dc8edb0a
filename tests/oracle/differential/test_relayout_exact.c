/*
 * test_relayout_exact.c - the relayout against a list of pages, and against
 * no relayout at all.
 *
 * Random traces with forks, vforks and execs. Every touch must go where the
 * oracle's list says, and on a machine whose counts do not depend on addresses
 * the moved trace must count what the trace itself does.
 *
 * PW_SEEDS is the number of random traces, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bits.h"
#include "formats/lineage.h"
#include "formats/trace.h"
#include "formats/writer.h"
#include "replay/memory/page_size.h"
#include "replay/memory/relayout.h"
#include "replay/replay.h"
#include "tests/oracle/oracle_layout.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_machine.h"
#include "tests/oracle/random_trace.h"

#define SPACES_MAX 64

static const char metadata[] = "{\"layout\":\"qemu-user\"}";

#define WRONG ((uint64_t)-22) /* EINVAL */

/* Both replays, and the relayout that is looked at page by page. */
struct subject {
	uint64_t seed;
	struct pw_lineage lineage;
	struct pw_relayout *watched, *used;
	struct pw_oracle_layout twin[SPACES_MAX];
	struct pw_replay *moved, *still;
	uint64_t elsewhere; /* touches of pages that moved */
};

/* Nothing grows by itself, and a part of the mappings may go anywhere. */
static void prepare(struct pw_random_trace *trace)
{
	struct pw_event *event = trace->event.data;

	for (size_t i = 0; i < trace->event.count; i++) {
		/* What failed does nothing in the new layout. */
		if (pw_event_failed(&event[i]))
			event[i].arg[1] = 0;
		/* Only shared memory can be mapped twice. */
		if (event[i].kind == PW_EVENT_mremap && event[i].arg[1] == 0)
			event[i].arg[1] = event[i].arg[2];
		if (event[i].kind == PW_EVENT_mmap)
			event[i].arg[3] &= ~(uint64_t)0x100;
		if (event[i].kind == PW_EVENT_mmap && i % 3 == 0)
			event[i].arg[3] &= ~(uint64_t)0x10;
		if (event[i].kind == PW_EVENT_map)
			event[i].arg[3] &= ~(uint64_t)0x100;
		/* Of regions that are none together a part would be done. */
		if (event[i].kind == PW_EVENT_remap_file_pages)
			event[i].result = WRONG;
		/* It matters in which order pages are read ahead. */
		if (event[i].kind == PW_EVENT_file)
			event[i].arg[4] = 0;
		if (event[i].kind == PW_EVENT_map && event[i].text &&
		    strcmp(event[i].text, "[stack]") == 0)
			event[i].text = "[mystack]";
	}
}

/*
 * Half of a mapping that grows in the trace may have to move in the new layout,
 * which cuts the mapping; and at a fork it matters which part owns pages. So
 * traces have forks, or mappings that grow where they are.
 */
static void choose_forks(struct pw_random_trace *trace, bool forks)
{
	struct pw_event *event = trace->event.data;

	for (size_t i = 0; i < trace->event.count; i++) {
		if (!forks && event[i].kind == PW_EVENT_clone)
			event[i].arg[0] |= 0x100;
		if (forks && event[i].kind == PW_EVENT_mremap &&
		    event[i].result == event[i].arg[0])
			event[i].arg[2] = event[i].arg[1];
	}
}

/* Low memory goes to where qemu-user maps programs. */
static void lift(uint64_t *address)
{
	const uint64_t base = UINT64_C(1) << 38;

	if (*address >= 0x100000 && *address < base)
		*address += base;
}

static void lift_all(struct pw_random_trace *trace)
{
	struct pw_event *event = trace->event.data;

	for (size_t i = 0; i < trace->address.count; i++)
		lift(&PW_ARRAY_AT(&trace->address, uint64_t, i));
	for (size_t i = 0; i < trace->event.count; i++) {
		switch ((unsigned)event[i].kind) {
		case PW_EVENT_mremap:
			lift(&event[i].arg[4]);
			lift(&event[i].result);
			lift(&event[i].arg[0]);
			break;
		case PW_EVENT_shmat:
		case PW_EVENT_mmap:
		case PW_EVENT_brk:
			lift(&event[i].result);
			lift(&event[i].arg[0]);
			break;
		case PW_EVENT_clone:
			break;
		case PW_EVENT_process_madvise:
			lift(&event[i].arg[1]);
			break;
		default:
			lift(&event[i].arg[0]);
			break;
		}
	}
}

static void write_trace(const struct pw_random_trace *trace, const char *path)
{
	const struct pw_writer_options options = {
		.metadata = metadata,
		.unknown = trace->unknown,
		.replace = true,
	};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (size_t i = 0; i < trace->threads; i++)
		PW_TEST_OK(pw_writer_thread(writer, &trace->thread[i], &err),
			   &err);
	for (size_t i = 0; i < trace->stretch.count; i++) {
		const struct pw_random_stretch *stretch = &PW_ARRAY_AT(
			&trace->stretch, struct pw_random_stretch, i);
		struct pw_accesses accesses = pw_random_accesses(
			trace, stretch->access, stretch->accesses);

		if (accesses.count > 0)
			PW_TEST_OK(pw_writer_accesses(writer, stretch->thread,
						      &accesses, &err),
				   &err);
		for (size_t j = 0; j < stretch->events; j++)
			PW_TEST_OK(pw_writer_event(
					   writer, stretch->thread,
					   &PW_ARRAY_AT(&trace->event,
							struct pw_event,
							stretch->event + j),
					   &err),
				   &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static struct pw_oracle_layout *twin_of(struct subject *s, uint32_t space)
{
	assert_true(space < SPACES_MAX);
	return &s->twin[space];
}

/* Follow a fork, exec or end; false when nothing more is to be done. */
static bool follow(struct subject *s, const struct pw_lineage_change *change)
{
	if (change->kind == PW_LINEAGE_FORK && change->other != PW_NO_SPACE)
		pw_oracle_layout_copy(twin_of(s, change->other),
				      twin_of(s, change->space));
	if (change->kind == PW_LINEAGE_EXEC)
		pw_oracle_layout_clear(twin_of(s, change->other));
	if (change->kind == PW_LINEAGE_END && change->last)
		pw_oracle_layout_clear(twin_of(s, change->space));
	return change->kind == PW_LINEAGE_SAME;
}

static void watch_events(struct subject *s, const struct pw_trace_info *info,
			 const struct pw_batch *batch)
{
	struct pw_lineage_change change;
	const struct pw_event *out;
	struct pw_error err;
	size_t count;

	for (size_t i = 0; i < batch->events.count; i++) {
		struct pw_event event = {.kind = batch->events.kind[i],
					 .result = batch->events.result[i],
					 .text = batch->events.text[i]};
		const struct pw_relayout_event what = {
			.process = info->threads[batch->thread].process,
			.change = &change,
			.event = &event,
		};

		memcpy(event.arg, batch->events.arg[i], sizeof(event.arg));
		PW_TEST_OK(pw_lineage_event(&s->lineage, info, batch->thread,
					    &event, &change, &err),
			   &err);
		PW_TEST_OK(pw_relayout_event(s->watched, info, &what, &out,
					     &count, &err),
			   &err);
		if (follow(s, &change) && !pw_event_failed(&event))
			pw_oracle_layout_event(twin_of(s, change.space),
					       &event);
	}
}

static void watch_batch(struct subject *s, const struct pw_trace_info *info,
			const struct pw_batch *batch)
{
	struct pw_touches moved;
	struct pw_error err;
	uint32_t space;

	PW_TEST_OK(
		pw_lineage_run(&s->lineage, info, batch->thread, &space, &err),
		&err);
	if (space != PW_NO_SPACE) {
		PW_TEST_OK(pw_relayout_touches(s->watched, space,
					       &batch->touches, &moved, &err),
			   &err);
		for (size_t i = 0; i < moved.count; i++) {
			/* Addresses have 57 bits. */
			uint64_t page =
				batch->touches.page[i] % (UINT64_C(1) << 45);
			uint64_t want =
				pw_oracle_layout_page(twin_of(s, space), page);

			if (moved.page[i] != want)
				fail_msg("seed %ju: page %jx goes to %jx, the "
					 "oracle's to %jx",
					 (uintmax_t)s->seed, (uintmax_t)page,
					 (uintmax_t)moved.page[i],
					 (uintmax_t)want);
			s->elsewhere += want != page;
		}
	}
	watch_events(s, info, batch);
}

/* Every page of a space has a place of its own. */
static void check_one_to_one(const struct subject *s)
{
	for (size_t i = 0; i < SPACES_MAX; i++) {
		const struct pw_oracle_layout *twin = &s->twin[i];

		for (size_t a = 0; a < twin->places; a++)
			for (size_t b = 0; b < a; b++)
				assert_true(twin->place[a].target !=
					    twin->place[b].target);
	}
}

static void compare(const struct subject *s)
{
	static const char *const names[] = {
		"accesses",	   "touches",	    "events",
		"reference.data",  "instructions",  "fault.minor",
		"fault.zero_page", "fault.file",    "fault.cow",
		"fault.fork",	   "fault.assumed", "rss.bytes",
		"rss.peak_bytes",  "vsz.bytes"};
	const struct pw_counters *moved = pw_replay_counters(s->moved, 0);
	const struct pw_counters *still = pw_replay_counters(s->still, 0);

	for (size_t i = 0; i < PW_COUNT(names); i++) {
		const struct pw_counter_info *info = NULL;

		for (size_t j = 0; pw_counter_at(j); j++)
			if (strcmp(pw_counter_at(j)->name, names[i]) == 0)
				info = pw_counter_at(j);
		assert_non_null(info);
		if (pw_counter_value(moved, info) !=
		    pw_counter_value(still, info))
			fail_msg("seed %ju: %s is %ju moved, %ju recorded",
				 (uintmax_t)s->seed, names[i],
				 (uintmax_t)pw_counter_value(moved, info),
				 (uintmax_t)pw_counter_value(still, info));
	}
}

static void run_all(struct subject *s, const char *path)
{
	const struct pw_trace_options how = {
		.needs = PW_NEED_BOTH,
		.workers = 1,
		.epoch_accesses = pw_replay_epoch(s->moved),
	};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err;

	PW_TEST_OK(pw_trace_open(&trace, path, &how, &err), &err);
	for (;;) {
		const struct pw_trace_info *info = pw_trace_info(trace);

		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		watch_batch(s, info, batch);
		PW_TEST_OK(pw_replay_batch(s->moved, info, batch, &err), &err);
		PW_TEST_OK(pw_replay_batch(s->still, info, batch, &err), &err);
	}
	PW_TEST_OK(pw_replay_finish(s->moved, &err), &err);
	PW_TEST_OK(pw_replay_finish(s->still, &err), &err);
	pw_trace_close(trace);
}

/* With small pages only it is no matter where memory lies. */
static void use_small_pages(struct pw_machine *machine)
{
	const struct pw_page_table_config config = {.levels = 4};

	machine->page_table = pw_page_table_find("radix-x86-64");
	machine->page_table_levels = config.levels;
	machine->geometry = machine->page_table->geometry(&config);
	machine->page_size = pw_page_size_find("base");
	machine->fault_around_pages = 1;
	/* Later kernels map what of a folio is in one table with it. */
	machine->kernel = PW_KERNEL_6_12;
	/* Nor in which order pages of files are populated. */
	machine->cache_percent = 100;
	machine->read_ahead_bytes = 0;
	machine->read_request_bytes = 0;
}

static uint64_t try_seed(uint64_t seed, const char *path)
{
	const struct pw_trace_info info = {.metadata = metadata};
	struct subject s = {.seed = seed};
	struct pw_oracle_machine unused;
	struct pw_random_trace trace;
	struct pw_machine machine;
	const struct pw_machine *list = &machine;
	struct pw_replay_options options = {.machines = &list,
					    .machine_count = 1};
	struct pw_random random;
	struct pw_error err;

	pw_random_seed(&random, seed);
	pw_random_machine(&random, &machine, &unused);
	use_small_pages(&machine);
	/* A fork copies zero pages if a mapping has become one with another. */
	machine.no_zero_page |= seed % 3 > 0;
	pw_random_trace_make(&trace, seed, 50 + pw_random_below(&random, 1500));
	prepare(&trace);
	choose_forks(&trace, seed % 3 > 0);
	if (seed % 2)
		lift_all(&trace);
	write_trace(&trace, path);
	pw_lineage_init(&s.lineage);
	PW_TEST_OK(pw_relayout_open(&s.watched, &info, &err), &err);
	PW_TEST_OK(pw_relayout_open(&s.used, &info, &err), &err);
	PW_TEST_OK(pw_replay_open(&s.still, &options, &err), &err);
	options.relayout = s.used;
	PW_TEST_OK(pw_replay_open(&s.moved, &options, &err), &err);
	run_all(&s, path);
	compare(&s);
	check_one_to_one(&s);
	pw_replay_close(s.moved);
	pw_replay_close(s.still);
	pw_relayout_close(s.watched);
	pw_relayout_close(s.used);
	pw_lineage_free(&s.lineage);
	for (size_t i = 0; i < SPACES_MAX; i++)
		pw_oracle_layout_clear(&s.twin[i]);
	pw_random_trace_free(&trace);
	return s.elsewhere;
}

static void a_moved_trace_goes_where_its_oracle_says(void **state)
{
	char path[] = "/tmp/pw_relayout_XXXXXX";
	uint64_t first = pw_oracle_first_seed();
	uint64_t count = pw_oracle_seeds(60);
	uint64_t elsewhere = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (uint64_t seed = first; seed < first + count; seed++)
		elsewhere += try_seed(seed, path);
	unlink(path);
	/* Otherwise nothing was tested. */
	assert_true(elsewhere > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moved_trace_goes_where_its_oracle_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
