/*
 * test_analyzers.c - what every analyzer of analyzers.def must do.
 */
#include "tests/support/pw_test.h"

#include "analyze/analyzer.h"
#include "base/array.h"
#include "base/random.h"
#include "base/units.h"

enum { ACCESSES = 5000, TURN = 130 };

/*
 * Accesses that fetch, load, store and cross pages, in phases, which two
 * address spaces make by turns when there are to be two.
 */
struct sample {
	uint64_t address[ACCESSES];
	uint64_t pc[ACCESSES];
	uint32_t size_bytes[ACCESSES];
	uint8_t kind[ACCESSES];
	bool two_spaces;
};

static void make_sample(struct sample *sample)
{
	static const uint8_t kinds[] = {
		PW_ACCESS_FETCH | PW_ACCESS_FIRST,
		PW_ACCESS_LOAD,
		PW_ACCESS_STORE,
		PW_ACCESS_MODIFY,
		PW_ACCESS_LOAD | PW_ACCESS_KERNEL,
	};
	struct pw_random random;

	sample->two_spaces = false;
	pw_random_seed(&random, 42);
	for (size_t i = 0; i < ACCESSES; i++) {
		uint64_t page = pw_random_below(&random, 1 + i / 20) + i / 100;

		sample->address[i] =
			page * 4096 + pw_random_below(&random, 4096);
		sample->pc[i] = 0x400000 + i;
		sample->size_bytes[i] = (uint32_t)pw_random_below(&random, 65);
		sample->kind[i] =
			kinds[pw_random_below(&random, PW_COUNT(kinds))];
	}
	sample->size_bytes[ACCESSES / 2] = 5000000;
	sample->address[ACCESSES / 3] = UINT64_MAX - 1;
}

/* Where a batch of at most @cut accesses from @at on ends. */
static size_t batch_end(const struct sample *sample, size_t at, size_t count,
			size_t cut)
{
	const size_t turn = sample->two_spaces ? TURN - at % TURN : count;

	if (cut > turn)
		cut = turn;
	return count - at < cut ? count : at + cut;
}

/* The space of access @i. */
static uint64_t space_at(const struct sample *sample, size_t i)
{
	return sample->two_spaces ? i / TURN % 2 : 0;
}

/* Give the accesses of every second turn pages of their own in one space. */
static void move_apart(struct sample *sample)
{
	for (size_t i = 0; i < ACCESSES; i++)
		if (i / TURN % 2 && i != ACCESSES / 3)
			sample->address[i] += (uint64_t)1 << 46;
}

/* Feed sample[0 .. count - 1] in batches of at most @cut. */
static void feed(const struct pw_analyzer_ops *ops, void *state,
		 const struct sample *sample, size_t count, size_t cut)
{
	struct pw_error err;
	size_t end;

	for (size_t at = 0; at < count; at = end) {
		const struct pw_batch batch = {
			.space = space_at(sample, at),
			.first_access = at,
			.accesses =
				{
					.count = batch_end(sample, at, count,
							   cut) -
						 at,
					.address = sample->address + at,
					.pc = sample->pc + at,
					.size_bytes = sample->size_bytes + at,
					.kind = sample->kind + at,
				},
		};

		PW_TEST_OK(ops->batch(state, &batch, &err), &err);
		end = at + batch.accesses.count;
	}
}

static void put_cell(FILE *out, struct pw_table *table, size_t row,
		     size_t column)
{
	const union pw_cell cell = pw_table_cell(table, row, column);
	char number[40];

	switch (pw_table_cell_type(table, row, column)) {
	case PW_CELL_U64:
		fprintf(out, "%llu,", (unsigned long long)cell.u64);
		break;
	case PW_CELL_F64:
		pw_format_exact(number, sizeof(number), cell.f64);
		fprintf(out, "%s,", number);
		break;
	case PW_CELL_TEXT:
		fprintf(out, "%s,", cell.text);
		break;
	case PW_CELL_BOOL:
		fprintf(out, "%s,", cell.boolean ? "true" : "false");
		break;
	}
}

static void put_table(FILE *out, struct pw_table *table)
{
	struct pw_error err;
	size_t rows;

	fprintf(out, "%s\n", pw_table_spec(table)->name);
	for (;;) {
		PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
		if (rows == 0)
			break;
		for (size_t r = 0; r < rows; r++) {
			for (size_t c = 0; c < pw_table_columns(table); c++)
				put_cell(out, table, r, c);
			fputc('\n', out);
		}
	}
}

/* All tables the analyzer makes, as one text; free it. */
static char *answer(const struct pw_analyzer_ops *ops,
		    const struct sample *sample, size_t count, size_t cut)
{
	struct pw_tables *tables;
	const struct pw_item *item;
	struct pw_error err;
	void *state = NULL;
	char *text = NULL;
	size_t items, bytes;
	FILE *out;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	PW_TEST_OK(ops->begin(&state, NULL, &err), &err);
	assert_non_null(state);
	feed(ops, state, sample, count, cut);
	PW_TEST_OK(ops->end(state, tables, &err), &err);
	ops->close(state);
	PW_TEST_OK(pw_tables_check(tables, &err), &err);
	out = open_memstream(&text, &bytes);
	assert_non_null(out);
	item = pw_tables_items(tables, &items);
	assert_true(items > 0);
	for (size_t i = 0; i < items; i++)
		if (item[i].kind == PW_ITEM_TABLE)
			put_table(out, item[i].table);
	assert_int_equal(fclose(out), 0);
	pw_tables_close(tables);
	return text;
}

static void each_says_what_it_is(void **state)
{
	const struct pw_analyzer_ops *ops;
	size_t i;

	(void)state;
	for (i = 0; (ops = pw_analyzer_at(i)); i++) {
		assert_non_null(ops->name);
		assert_true(strlen(ops->summary) > 10);
		assert_true(strlen(ops->source) > 10);
		assert_non_null(ops->begin);
		assert_non_null(ops->batch);
		assert_non_null(ops->end);
		assert_non_null(ops->close);
		assert_ptr_equal(pw_analyzer_find(ops->name), ops);
	}
	assert_true(i >= 2);
	assert_null(pw_analyzer_find("no such analysis"));
}

static void the_cuts_between_batches_change_nothing(void **state)
{
	static const size_t cuts[] = {1, 2, 7, 1023, 1024, 4999};
	struct sample *sample = malloc(sizeof(*sample));
	const struct pw_analyzer_ops *ops;

	(void)state;
	assert_non_null(sample);
	make_sample(sample);
	for (size_t i = 0; (ops = pw_analyzer_at(i)); i++) {
		char *whole = answer(ops, sample, ACCESSES, ACCESSES);

		for (size_t c = 0; c < PW_COUNT(cuts); c++) {
			char *cut = answer(ops, sample, ACCESSES, cuts[c]);

			assert_string_equal(cut, whole);
			free(cut);
		}
		free(whole);
	}
	free(sample);
}

/*
 * Two processes at the same addresses need what one at addresses of both needs.
 */
static void the_same_address_in_two_spaces_is_two_pages(void **state)
{
	struct sample *sample = malloc(sizeof(*sample));
	const struct pw_analyzer_ops *ops;

	(void)state;
	assert_non_null(sample);
	for (size_t i = 0; (ops = pw_analyzer_at(i)); i++) {
		char *mixed, *apart, *two;

		make_sample(sample);
		mixed = answer(ops, sample, ACCESSES, ACCESSES);
		sample->two_spaces = true;
		two = answer(ops, sample, ACCESSES, 99);
		sample->two_spaces = false;
		move_apart(sample);
		apart = answer(ops, sample, ACCESSES, ACCESSES);
		assert_string_equal(two, apart);
		assert_string_not_equal(two, mixed);
		free(mixed);
		free(apart);
		free(two);
	}
	free(sample);
}

static void a_trace_of_nothing_or_little_is_fine(void **state)
{
	struct sample *sample = malloc(sizeof(*sample));
	const struct pw_analyzer_ops *ops;

	(void)state;
	assert_non_null(sample);
	make_sample(sample);
	for (size_t i = 0; (ops = pw_analyzer_at(i)); i++) {
		for (size_t count = 0; count < 4; count++) {
			char *text = answer(ops, sample, count, 1);

			assert_true(strlen(text) > 0);
			free(text);
		}
	}
	free(sample);
}

/* begin, and away: nothing leaks (under ASan) or fails. */
static void can_be_closed_before_the_end(void **state)
{
	const struct pw_analyzer_ops *ops;
	struct pw_error err;

	(void)state;
	for (size_t i = 0; (ops = pw_analyzer_at(i)); i++) {
		void *begun = NULL;

		PW_TEST_OK(ops->begin(&begun, NULL, &err), &err);
		ops->close(begun);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_says_what_it_is),
		cmocka_unit_test(the_cuts_between_batches_change_nothing),
		cmocka_unit_test(the_same_address_in_two_spaces_is_two_pages),
		cmocka_unit_test(a_trace_of_nothing_or_little_is_fine),
		cmocka_unit_test(can_be_closed_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
