/*
 * test_cut.c - cuts of random traces hold what a walk over the plain list of
 * accesses and events picks, item by item.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "base/bits.h"
#include "base/command.h"
#include "base/random.h"
#include "tests/support/shape_script.h"
#include "tests/support/trace_script.h"

#define THREADS 5
#define WORDS_MAX 24
#define MARK_BYTES 15

static char source[] = "/tmp/pw_cut_XXXXXX";
static char output[] = "/tmp/pw_cut_out_XXXXXX";

/* What is asked for, as the oracle understands it. */
struct wish {
	bool by_accesses;
	uint64_t from, to; /* to 0: the end */
	const char *mark;
	const char *from_mark, *to_mark;
	uint64_t thread;     /* THREADS: all */
	uint64_t process;    /* THREADS: all */
	uint64_t start, end; /* addresses; end 0: all */
};

static const char *const mark_names[] = {"gt+load", "gt-load", "phase",
					 "gt+a-very-long-", "other"};

/* Give the marks names that windows begin and end at. */
static void name_marks(struct pw_script *script, struct pw_random *random)
{
	for (size_t i = 0; i < script->count; i++) {
		struct pw_script_item *item = &script->item[i];
		const char *name = mark_names[pw_random_below(
			random, PW_COUNT(mark_names))];

		if (!item->event)
			continue;
		if (pw_random_below(random, 3) == 0)
			item->kind = PW_EVENT_mark;
		if (item->kind != PW_EVENT_mark)
			continue;
		memset(item->text, 0, sizeof(item->text));
		memcpy(item->text, name, strlen(name));
	}
}

static struct wish make_wish(struct pw_random *random, uint64_t accesses)
{
	static const char *const phases[] = {"load", "a-very-long-name",
					     "nowhere"};
	struct wish wish = {.thread = THREADS, .process = THREADS};

	switch (pw_random_below(random, 4)) {
	case 0:
		wish.mark = phases[pw_random_below(random, PW_COUNT(phases))];
		break;
	case 1:
		wish.from_mark = pw_random_below(random, 3) ? "phase" : NULL;
		wish.to_mark = pw_random_below(random, 3) || !wish.from_mark
				       ? "other"
				       : "phase";
		break;
	default:
		wish.by_accesses = pw_random_below(random, 2);
		wish.from = pw_random_below(random, accesses / 2);
		if (pw_random_below(random, 4) > 0)
			wish.to = wish.from + 1 +
				  pw_random_below(random, accesses / 3);
		break;
	}
	if (pw_random_below(random, 4) == 0)
		wish.thread = pw_random_below(random, THREADS);
	if (pw_random_below(random, 4) == 0)
		wish.process = pw_random_below(random, THREADS / 2);
	if (pw_random_below(random, 3) == 0) {
		wish.start = 0x7f0000001000 + pw_random_below(random, 30000);
		wish.end = wish.start + 1 + pw_random_below(random, 9000);
	}
	return wish;
}

/* ---- the oracle ---- */

struct walk {
	const struct wish *wish;
	struct pw_script *out;
	uint64_t accesses, instructions;
	uint64_t clock[THREADS];
	int phase; /* 0 before, 1 inside, 2 after */
};

static void emit(struct walk *walk, const struct pw_script_item *item)
{
	walk->out->item[walk->out->count++] = *item;
}

static void open_window(struct walk *walk)
{
	walk->phase = 1;
	for (uint32_t t = 0; t < THREADS; t++) {
		struct pw_script_item gap = {.event = true,
					     .thread = t,
					     .kind = PW_EVENT_gap,
					     .arg = {walk->clock[t]}};

		if (walk->clock[t] > 0)
			emit(walk, &gap);
	}
}

static bool is_name(const char *wanted, const char *text)
{
	return wanted && strncmp(wanted, text, MARK_BYTES) == 0;
}

/* Whether a mark is "gt", the sign and the name, cut to 15 bytes. */
static bool is_phase(const char *name, char sign, const char *text)
{
	char whole[64];

	if (!name)
		return false;
	snprintf(whole, sizeof(whole), "gt%c%s", sign, name);
	whole[MARK_BYTES] = '\0';
	return strcmp(whole, text) == 0;
}

static bool is_wanted(const struct wish *wish,
		      const struct pw_script_item *item)
{
	uint64_t last = item->address;

	if (wish->thread < THREADS && item->thread != wish->thread)
		return false;
	/* pw_script_send puts two threads into a process. */
	if (wish->process < THREADS && item->thread / 2 != wish->process)
		return false;
	if (wish->end == 0)
		return true;
	last += item->size_bytes ? item->size_bytes - 1 : 0;
	if (last < item->address)
		last = UINT64_MAX;
	return item->address / PW_PAGE_BYTES <=
		       (wish->end - 1) / PW_PAGE_BYTES &&
	       last / PW_PAGE_BYTES >= wish->start / PW_PAGE_BYTES;
}

static void walk_access(struct walk *walk, const struct pw_script_item *item)
{
	const struct wish *wish = walk->wish;
	bool marks = wish->mark || wish->from_mark || wish->to_mark;
	bool first = item->kind & PW_ACCESS_FIRST;
	bool edge = wish->by_accesses || first;
	uint64_t at = wish->by_accesses ? walk->accesses : walk->instructions;

	if (walk->phase == 0 && !marks && edge && at >= wish->from)
		open_window(walk);
	if (walk->phase == 1 && !marks && edge && wish->to > 0 &&
	    at >= wish->to)
		walk->phase = 2;
	walk->accesses++;
	walk->instructions += first;
	if (walk->phase == 0)
		walk->clock[item->thread] += first;
	if (walk->phase == 1 && is_wanted(wish, item))
		emit(walk, item);
}

static void walk_event(struct walk *walk, const struct pw_script_item *item)
{
	const struct wish *wish = walk->wish;

	if (walk->phase == 2)
		return;
	emit(walk, item);
	if (item->kind != PW_EVENT_mark)
		return;
	if (walk->phase == 0 && (is_name(wish->from_mark, item->text) ||
				 is_phase(wish->mark, '+', item->text)))
		open_window(walk);
	else if (walk->phase == 1 && (is_name(wish->to_mark, item->text) ||
				      is_phase(wish->mark, '-', item->text)))
		walk->phase = 2;
}

/* False when the window never begins. */
static bool cut(const struct wish *wish, const struct pw_script *script,
		struct pw_script *out)
{
	struct walk walk = {.wish = wish, .out = out};

	memset(out, 0, sizeof(*out));
	out->item = calloc(script->count + THREADS, sizeof(*out->item));
	assert_non_null(out->item);
	if (wish->from == 0 && !wish->mark && !wish->from_mark)
		walk.phase = 1;
	for (size_t i = 0; i < script->count && walk.phase < 2; i++) {
		if (script->item[i].event)
			walk_event(&walk, &script->item[i]);
		else
			walk_access(&walk, &script->item[i]);
	}
	return walk.phase > 0;
}

/* ---- the command ---- */

struct line {
	const char *word[WORDS_MAX];
	char text[WORDS_MAX][48];
	size_t count;
};

static void put(struct line *line, const char *word)
{
	assert_true(line->count < WORDS_MAX);
	line->word[line->count++] = word;
}

static void put_number(struct line *line, const char *option, uint64_t number)
{
	char *text = line->text[line->count];

	put(line, option);
	snprintf(text, sizeof(line->text[0]), "%llu",
		 (unsigned long long)number);
	put(line, text);
}

static void put_wish(struct line *line, const struct wish *wish)
{
	char *text;

	if (wish->from > 0)
		put_number(line, "--from", wish->from);
	if (wish->to > 0)
		put_number(line, "--to", wish->to);
	if (wish->by_accesses) {
		put(line, "--by");
		put(line, "accesses");
	}
	if (wish->mark) {
		put(line, "--mark");
		put(line, wish->mark);
	}
	if (wish->from_mark) {
		put(line, "--from-mark");
		put(line, wish->from_mark);
	}
	if (wish->to_mark) {
		put(line, "--to-mark");
		put(line, wish->to_mark);
	}
	if (wish->thread < THREADS)
		put_number(line, "--thread", wish->thread);
	if (wish->process < THREADS)
		put_number(line, "--process", wish->process);
	if (wish->end == 0)
		return;
	text = line->text[line->count];
	put(line, "--pages");
	snprintf(text, sizeof(line->text[0]), "0x%llx-0x%llx",
		 (unsigned long long)wish->start,
		 (unsigned long long)wish->end);
	put(line, text);
}

static enum pw_status call(const struct wish *wish)
{
	struct line line = {.count = 0};
	struct pw_tables *tables;
	struct pw_error err;
	enum pw_status st;

	put(&line, "-o");
	put(&line, output);
	put_wish(&line, wish);
	put(&line, source);
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	st = pw_command_call("cut", line.count, line.word, tables, &err);
	pw_tables_close(tables);
	return st;
}

static void check_unknown(const struct wish *wish)
{
	struct pw_trace *trace;
	struct pw_error err;
	unsigned unknown;

	PW_TEST_OK(pw_trace_open(&trace, output, NULL, &err), &err);
	unknown = pw_trace_info(trace)->unknown;
	assert_int_equal(pw_trace_info(trace)->thread_count, THREADS);
	pw_trace_close(trace);
	assert_int_equal((unknown & PW_UNKNOWN_ACCESSES) != 0,
			 wish->thread < THREADS || wish->end > 0);
	assert_int_equal((unknown & PW_UNKNOWN_INSTRUCTIONS) != 0,
			 wish->end > 0);
}

static bool check(const struct wish *wish, const struct pw_script *script)
{
	struct pw_script want, got;
	struct pw_script_result result;
	bool found = cut(wish, script, &want);
	enum pw_status st = call(wish);

	assert_int_equal(st, found ? PW_OK : PW_ERR_USAGE);
	if (found) {
		pw_script_read(&got, output, NULL, &result);
		assert_false(result.damaged);
		assert_int_equal(got.count, want.count);
		pw_script_assert_prefix(&got, &want, want.count);
		check_unknown(wish);
		pw_script_free(&got);
	}
	free(want.item);
	return found;
}

static void cuts_hold_what_a_walk_over_the_list_picks(void **state)
{
	struct pw_random random;
	size_t found = 0, missing = 0;

	(void)state;
	pw_random_seed(&random, 5);
	for (uint64_t seed = 1; seed <= 60; seed++) {
		const struct pw_writer_options options = {
			.segment_accesses = 200 + seed,
			.dense = seed % 3 == 2,
			.replace = true,
		};
		struct pw_script script;

		pw_script_make(&script, seed, THREADS, 1500, false);
		name_marks(&script, &random);
		if (seed % 3 == 0)
			pw_script_write(&script, source, &options);
		else
			pw_shape_script_write(&script, source, &options);
		for (int i = 0; i < 8; i++) {
			struct wish wish = make_wish(&random, script.count);

			if (check(&wish, &script))
				found++;
			else
				missing++;
		}
		pw_script_free(&script);
	}
	assert_true(found > 200 && missing > 5);
}

static int make_files(void **state)
{
	(void)state;
	close(mkstemp(source));
	close(mkstemp(output));
	return 0;
}

static int remove_files(void **state)
{
	char partial[sizeof(output) + 16];

	(void)state;
	snprintf(partial, sizeof(partial), "%s.partial", output);
	unlink(source);
	unlink(output);
	unlink(partial);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_hold_what_a_walk_over_the_list_picks),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
