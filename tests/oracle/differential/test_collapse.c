/*
 * test_collapse.c - the collapser against the oracle, reference by reference.
 *
 * From the counts of the records follows which reference each of them begins
 * with; so every field of every record is compared with what the oracle knows
 * of that reference, and two LRU stacks, one fed with all references and one
 * with the records, are compared after each record. Where sides are two, the
 * oracle says which references need a record instead.
 */
#include "tests/support/pw_test.h"

#include "base/array.h"
#include "base/bits.h"
#include "base/random.h"
#include "formats/collapse.h"
#include "tests/oracle/oracle_collapse.h"

#define STACK_PAGES 4096

/* Pages, the most recent first. */
struct stack {
	size_t count;
	uint64_t page[STACK_PAGES];
};

/* Move @page to the top; the depth at which it was, or SIZE_MAX. */
static size_t use(struct stack *stack, uint64_t page)
{
	size_t depth = 0;
	size_t found;

	while (depth < stack->count && stack->page[depth] != page)
		depth++;
	found = depth < stack->count ? depth : SIZE_MAX;
	if (found == SIZE_MAX) {
		assert_true(stack->count < STACK_PAGES);
		stack->count++;
	}
	for (; depth > 0; depth--)
		stack->page[depth] = stack->page[depth - 1];
	stack->page[0] = page;
	return found;
}

/* A stream and how it is cut. */
struct shape {
	uint64_t seed;
	size_t batches;
	size_t batch_accesses; /* at most */
	uint32_t threads;
	uint32_t limit; /* of counts; 0: none */
	uint64_t pages;
	uint64_t stay;	/* in 16: next access in the page of the last one */
	uint64_t cross; /* in 64: access at a page's end */
	bool wraps;	/* the pages are the last of the address space */
	bool split;	/* pw_collapse_split */
	bool far;	/* pw_collapse_far_stores */
};

struct bench {
	struct pw_random random;
	struct shape shape;
	struct pw_collapse *collapse;
	struct oracle_collapse oracle;
	struct stack all;	  /* fed with every reference */
	struct stack recorded;	  /* fed with records */
	uint64_t at[2];		  /* page a side was in last */
	struct pw_array accesses; /* struct oracle_access, of a batch */
	uint64_t touches;
	uint64_t total[3]; /* loads, stores, fetches of all records */
	struct pw_error err;
};

static void open_bench(struct bench *b, const struct shape *shape)
{
	memset(b, 0, sizeof(*b));
	b->shape = *shape;
	pw_random_seed(&b->random, shape->seed);
	oracle_collapse_init(&b->oracle);
	b->accesses = (struct pw_array)PW_ARRAY(struct oracle_access);
	PW_TEST_OK(pw_collapse_open(&b->collapse, &b->err), &b->err);
	if (shape->limit)
		pw_collapse_limit_counts(b->collapse, shape->limit);
	if (shape->split)
		pw_collapse_split(b->collapse);
	if (shape->far)
		pw_collapse_far_stores(b->collapse);
}

static void close_bench(struct bench *b)
{
	pw_collapse_close(b->collapse);
	oracle_collapse_free(&b->oracle);
	pw_array_free(&b->accesses);
}

static struct oracle_access draw_access(struct bench *b, uint32_t thread)
{
	static const uint8_t data_kind[] = {
		PW_ACCESS_LOAD,	  PW_ACCESS_LOAD,
		PW_ACCESS_LOAD,	  PW_ACCESS_STORE,
		PW_ACCESS_MODIFY, PW_ACCESS_STORE | PW_ACCESS_KERNEL,
	};
	static const uint32_t sizes[] = {0, 1, 2, 4, 8, 16, 32, 64};
	struct pw_random *r = &b->random;
	bool fetch = pw_random_below(r, 2) != 0;
	struct oracle_access a = {.thread = thread};
	uint64_t offset = pw_random_below(r, 4000);

	if (pw_random_below(r, 16) >= b->shape.stay)
		b->at[fetch] = pw_random_below(r, b->shape.pages);
	a.kind = fetch ? PW_ACCESS_FETCH
		       : data_kind[pw_random_below(r, PW_COUNT(data_kind))];
	if (fetch || pw_random_below(r, 8) == 0)
		a.kind |= PW_ACCESS_FIRST;
	a.size_bytes = sizes[pw_random_below(r, PW_COUNT(sizes))];
	if (pw_random_below(r, 64) < b->shape.cross) {
		offset = 4096 - pw_random_below(r, 70);
		offset = offset == 4096 ? 4095 : offset;
		if (pw_random_below(r, 8) == 0)
			a.size_bytes = (uint32_t)pw_random_below(r, 20000);
	}
	a.address = (b->at[fetch] << PW_PAGE_SHIFT) + offset;
	if (b->shape.wraps)
		a.address -= b->shape.pages << PW_PAGE_SHIFT;
	return a;
}

/* What the batch check knows while it goes through the records. */
struct walk {
	const struct oracle_reference *reference; /* of the batch */
	size_t count;
	const struct pw_touches *touches;
	size_t next[2]; /* by side: first reference not yet accounted for */
	bool seen[2];	/* by side: a record has come */
	bool *first;	/* by reference: it begins a record */
};

static size_t next_of_side(const struct walk *w, bool fetch, size_t from)
{
	while (from < w->count && w->reference[from].fetch != fetch)
		from++;
	return from;
}

static void check_flags(const struct bench *b, const struct walk *w,
			const struct oracle_reference *r, unsigned flags)
{
	bool fetch = (flags & PW_TOUCH_FETCH) != 0;
	bool data_load = !r->fetch && !r->store;
	bool first_load = r->first_load && !b->shape.split;

	assert_int_equal(fetch, r->fetch);
	assert_int_equal((flags & PW_TOUCH_LOAD_FIRST) != 0, data_load);
	/* Counts that are limited may begin another record with a store. */
	if (!b->shape.split || !b->shape.limit)
		assert_int_equal((flags & PW_TOUCH_UPGRADE) != 0,
				 r->first_store || first_load);
	else if (r->first_store)
		assert_true(flags & PW_TOUCH_UPGRADE);
	assert_int_equal((flags & PW_TOUCH_NOT_COUNTED) == 0, r->begins);
	if (!b->shape.limit)
		assert_int_equal((flags & PW_TOUCH_CONTINUED) != 0,
				 !r->begins && !w->seen[fetch]);
	else if (!r->begins && !w->seen[fetch])
		assert_true(flags & PW_TOUCH_CONTINUED);
}

/* Compare record @i with the references that it stands for. */
static void check_record(struct bench *b, struct walk *w, size_t i)
{
	const struct pw_touches *t = w->touches;
	bool fetch = (t->flags[i] & PW_TOUCH_FETCH) != 0;
	uint32_t counted = t->loads[i] + t->stores[i] + t->fetches[i];
	size_t at = next_of_side(w, fetch, w->next[fetch]);
	uint32_t count[3] = {0};

	assert_true(at < w->count);
	assert_int_not_equal(counted, 0);
	if (b->shape.limit)
		assert_true(counted <= b->shape.limit);
	assert_int_equal(t->page[i], w->reference[at].page);
	assert_int_equal(t->instruction[i], w->reference[at].instruction);
	check_flags(b, w, &w->reference[at], t->flags[i]);
	w->first[at] = true;
	w->seen[fetch] = true;
	for (uint32_t k = 0; k < counted; k++) {
		const struct oracle_reference *r;

		at = next_of_side(w, fetch, at);
		assert_true(at < w->count);
		r = &w->reference[at++];
		assert_int_equal(r->page, t->page[i]);
		if (k > 0)
			assert_false(r->begins || r->first_store ||
				     (r->first_load && !b->shape.split));
		count[r->fetch ? 2 : r->store]++;
	}
	w->next[fetch] = at;
	assert_int_equal(count[0], t->loads[i]);
	assert_int_equal(count[1], t->stores[i]);
	assert_int_equal(count[2], t->fetches[i]);
	for (size_t k = 0; k < PW_COUNT(count); k++)
		b->total[k] += count[k];
	b->touches += (t->flags[i] & PW_TOUCH_NOT_COUNTED) == 0;
}

/* Equal depths from 2 on: equal misses at every size from 2 pages. */
static void check_order(struct bench *b, const struct walk *w)
{
	for (size_t i = 0; i < w->count; i++) {
		uint64_t page = w->reference[i].page;
		size_t depth = use(&b->all, page);

		if (w->first[i]) {
			size_t got = use(&b->recorded, page);

			assert_true(got == depth || (got < 2 && depth < 2));
			assert_int_equal(b->recorded.count, b->all.count);
			assert_memory_equal(b->recorded.page, b->all.page,
					    b->all.count * sizeof(uint64_t));
		} else {
			assert_true(depth < 2);
		}
	}
	assert_memory_equal(b->recorded.page, b->all.page,
			    b->all.count * sizeof(uint64_t));
}

/*
 * Where sides are two, data has a record where a run or its stores begin, and
 * fetches where a run does or a page within 1 GiB has been stored to for the
 * first time since the last one, or with far stores a run's first store has
 * come. There are no others but the first of a batch,
 * unless counts are limited or pages are too many to be remembered.
 */
static void check_need(const struct bench *b, const struct walk *w)
{
	struct stack stored = {.count = 0};
	bool seen[2] = {false, false};
	bool remapped = false;
	uint64_t fetched = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct oracle_reference *r = &w->reference[i];
		bool need = r->begins || !seen[r->fetch] ||
			    (r->fetch ? remapped : r->first_store);

		if (need)
			assert_true(w->first[i]);
		else if (b->shape.split && !b->shape.limit)
			assert_false(w->first[i]);
		seen[r->fetch] = true;
		if (r->fetch) {
			fetched = r->page;
			remapped = false;
		} else if (b->shape.far) {
			remapped |= r->begins ? r->store : r->first_store;
		} else if (r->store && use(&stored, r->page) == SIZE_MAX) {
			remapped |= r->page >> 18 == fetched >> 18;
		}
	}
}

static void check_batch(struct bench *b, size_t before,
			const struct pw_touches *touches)
{
	size_t count = b->oracle.references.count - before;
	struct walk w = {.count = count, .touches = touches};

	if (count == 0) {
		assert_int_equal(touches->count, 0);
		return;
	}
	w.reference = &PW_ARRAY_AT(&b->oracle.references,
				   struct oracle_reference, before);
	w.first = calloc(count, sizeof(bool));
	assert_non_null(w.first);
	for (size_t i = 0; i < touches->count; i++)
		check_record(b, &w, i);
	assert_int_equal(next_of_side(&w, false, w.next[0]), count);
	assert_int_equal(next_of_side(&w, true, w.next[1]), count);
	/* Records come in the order of their first references. */
	for (size_t i = 0, at = 0; i < touches->count; i++, at++) {
		while (!w.first[at])
			at++;
		assert_int_equal(w.reference[at].page, touches->page[i]);
		assert_int_equal(w.reference[at].fetch,
				 (touches->flags[i] & PW_TOUCH_FETCH) != 0);
	}
	if (b->shape.split || b->shape.far)
		check_need(b, &w);
	if (!b->shape.split)
		check_order(b, &w);
	free(w.first);
}

/* Give the accesses drawn for a batch to both, and compare. */
static void feed(struct bench *b, uint32_t thread)
{
	const struct oracle_access *a = b->accesses.data;
	size_t count = b->accesses.count;
	size_t before = b->oracle.references.count;
	uint64_t instruction = b->oracle.begun[thread];
	uint64_t *address = calloc(count + 1, sizeof(*address));
	uint32_t *size_bytes = calloc(count + 1, sizeof(*size_bytes));
	uint8_t *kind = calloc(count + 1, sizeof(*kind));
	struct pw_accesses accesses = {count, address, NULL, size_bytes, kind};
	struct pw_touches touches;

	assert_true(address && size_bytes && kind);
	oracle_collapse_begin_batch(&b->oracle, thread);
	for (size_t i = 0; i < count; i++) {
		address[i] = a[i].address;
		size_bytes[i] = a[i].size_bytes;
		kind[i] = a[i].kind;
		PW_TEST_OK(oracle_collapse_access(&b->oracle, &a[i], &b->err),
			   &b->err);
	}
	PW_TEST_OK(pw_collapse_batch(b->collapse, thread, instruction,
				     &accesses, &touches, &b->err),
		   &b->err);
	check_batch(b, before, &touches);
	free(address);
	free(size_bytes);
	free(kind);
	b->accesses.count = 0;
}

static void draw_batch(struct bench *b, uint32_t thread, uint64_t accesses)
{
	for (uint64_t i = 0; i < accesses; i++) {
		struct oracle_access a = draw_access(b, thread);

		PW_TEST_OK(pw_array_push(&b->accesses, &a, &b->err), &b->err);
	}
}

static void run_shape(struct bench *b, const struct shape *shape)
{
	open_bench(b, shape);
	for (size_t i = 0; i < shape->batches; i++) {
		uint64_t accesses =
			pw_random_below(&b->random, shape->batch_accesses + 1);
		uint32_t thread =
			(uint32_t)pw_random_below(&b->random, shape->threads);

		draw_batch(b, thread, accesses);
		feed(b, thread);
		if (pw_random_below(&b->random, 8) == 0) {
			pw_collapse_end_runs(b->collapse, thread);
			oracle_collapse_end_runs(&b->oracle, thread);
		}
	}
}

/* Every count by the definition, over all references. */
static void check_totals(struct bench *b)
{
	uint64_t touches = 0;
	uint64_t total[3] = {0};

	for (size_t i = 0; i < b->oracle.references.count; i++) {
		const struct oracle_reference *r = &PW_ARRAY_AT(
			&b->oracle.references, struct oracle_reference, i);

		touches += r->begins;
		total[r->fetch ? 2 : r->store]++;
	}
	assert_int_equal(b->touches, touches);
	assert_memory_equal(b->total, total, sizeof(total));
}

static void agrees_with_the_oracle_on_random_streams(void **state)
{
	struct bench *b = *state;

	for (uint64_t seed = 0; seed < 1200; seed++) {
		struct shape shape = {
			.seed = seed,
			.batches = 24,
			.batch_accesses = 1 + seed * 7 % 90,
			.threads = 1 + (uint32_t)(seed % 4),
			.limit = seed % 5 == 4 ? 1 + (uint32_t)(seed % 6) : 0,
			.pages = 1 + seed % 11,
			.stay = seed * 5 % 16,
			.cross = seed % 3 * 6,
			.wraps = seed % 7 == 3,
			.split = seed >= 600,
			.far = seed % 9 == 5,
		};

		run_shape(b, &shape);
		check_totals(b);
		close_bench(b);
	}
}

/* Longer than any internal cut, with every page wide of the top. */
static void agrees_with_the_oracle_on_a_long_batch(void **state)
{
	struct bench *b = *state;
	struct shape shape = {
		.seed = 1,
		.batches = 2,
		.batch_accesses = 150000,
		.threads = 1,
		.pages = 12,
		.stay = 12,
		.cross = 1,
	};

	for (int split = 0; split < 2; split++) {
		shape.split = split;
		run_shape(b, &shape);
		assert_true(b->oracle.references.count > 100000);
		check_totals(b);
		close_bench(b);
	}
}

/* The touches of one stream cut into batches of @step accesses. */
static struct pw_array cut(struct bench *b, size_t step, bool split)
{
	const struct shape shape = {
		.seed = 9, .pages = 6, .stay = 11, .split = split};
	struct pw_array touches = PW_ARRAY(uint64_t);

	open_bench(b, &shape);
	for (size_t i = 0; i < 5040; i += step) {
		draw_batch(b, 0, step);
		feed(b, 0);
	}
	PW_TEST_OK(pw_array_push(&touches, &b->touches, &b->err), &b->err);
	for (size_t i = 0; i < PW_COUNT(b->total); i++)
		PW_TEST_OK(pw_array_push(&touches, &b->total[i], &b->err),
			   &b->err);
	close_bench(b);
	return touches;
}

static void touches_do_not_depend_on_how_a_stream_is_cut(void **state)
{
	static const size_t steps[] = {1, 2, 7, 72, 1008};
	struct pw_array whole = cut(*state, 5040, false);

	assert_int_not_equal(PW_ARRAY_AT(&whole, uint64_t, 0), 0);
	for (size_t i = 0; i < 2 * PW_COUNT(steps); i++) {
		struct pw_array parts = cut(*state, steps[i / 2], i % 2);

		assert_int_equal(parts.count, whole.count);
		assert_memory_equal(parts.data, whole.data,
				    whole.count * sizeof(uint64_t));
		pw_array_free(&parts);
	}
	pw_array_free(&whole);
}

#define F PW_ACCESS_FETCH
#define R PW_ACCESS_LOAD
#define W PW_ACCESS_STORE

struct record {
	uint64_t page;
	uint64_t instruction;
	uint32_t loads, stores, fetches;
	unsigned flags;
};

static void expect(struct pw_collapse *collapse,
		   const struct pw_accesses *accesses,
		   const struct record *want, size_t count)
{
	struct pw_error err;
	struct pw_touches got;

	PW_TEST_OK(pw_collapse_batch(collapse, 0, 100, accesses, &got, &err),
		   &err);
	assert_int_equal(got.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(got.page[i], want[i].page);
		assert_int_equal(got.instruction[i], want[i].instruction);
		assert_int_equal(got.loads[i], want[i].loads);
		assert_int_equal(got.stores[i], want[i].stores);
		assert_int_equal(got.fetches[i], want[i].fetches);
		assert_int_equal(got.flags[i], want[i].flags);
	}
}

/*
 * Instructions of page 1 work on page 9: fetch, load, fetch, store, fetch.
 * The store upgrades the run of page 9, in each batch. The last fetch makes
 * page 1 the most recent one, but page 9 has the newest record: an ORDER record
 * ends the batch.
 */
static void a_run_is_upgraded_once_and_a_batch_ends_in_order(void **state)
{
	const uint64_t address[] = {0x1000, 0x9000, 0x1004, 0x9008, 0x1008};
	const uint32_t size_bytes[] = {4, 8, 4, 8, 4};
	const uint8_t kind[] = {F | PW_ACCESS_FIRST, R, F | PW_ACCESS_FIRST, W,
				F | PW_ACCESS_FIRST};
	const struct pw_accesses accesses = {5, address, NULL, size_bytes,
					     kind};
	const struct record want[] = {
		{1, 100, 0, 0, 2, PW_TOUCH_FETCH},
		{9, 100, 1, 0, 0, PW_TOUCH_LOAD_FIRST},
		{9, 101, 0, 1, 0, PW_TOUCH_UPGRADE},
		{1, 102, 0, 0, 1, PW_TOUCH_FETCH | PW_TOUCH_ORDER},
	};
	const struct record again[] = {
		{1, 100, 0, 0, 2, PW_TOUCH_FETCH | PW_TOUCH_CONTINUED},
		{9, 100, 1, 0, 0, PW_TOUCH_LOAD_FIRST | PW_TOUCH_CONTINUED},
		{9, 101, 0, 1, 0, PW_TOUCH_UPGRADE},
		{1, 102, 0, 0, 1, PW_TOUCH_FETCH | PW_TOUCH_ORDER},
	};
	const struct record fresh[] = {
		{1, 100, 0, 0, 2, PW_TOUCH_FETCH},
		{9, 100, 1, 0, 0, PW_TOUCH_LOAD_FIRST},
		{9, 101, 0, 1, 0, PW_TOUCH_UPGRADE},
		{1, 102, 0, 0, 1, PW_TOUCH_FETCH | PW_TOUCH_ORDER},
	};
	struct pw_collapse *collapse;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_collapse_open(&collapse, &err), &err);
	expect(collapse, &accesses, want, PW_COUNT(want));
	expect(collapse, &accesses, again, PW_COUNT(again));
	pw_collapse_end_runs(collapse, 0);
	expect(collapse, &accesses, fresh, PW_COUNT(fresh));
	pw_collapse_close(collapse);
}

/*
 * Two loads in page 8 end in page 9; then page 8's neighbour 9 goes on. The
 * fetch page 1 has sunk below 8 and 9, so its next fetch is an ORDER record.
 */
static void a_page_that_sank_to_third_place_is_recorded_again(void **state)
{
	const uint64_t address[] = {0x1000, 0x8000, 0x8ffc, 0x9010, 0x1004};
	const uint32_t size_bytes[] = {4, 8, 8, 0, 4};
	const uint8_t kind[] = {F, R, R, R, F};
	const struct pw_accesses accesses = {5, address, NULL, size_bytes,
					     kind};
	const struct record want[] = {
		{1, 99, 0, 0, 1, PW_TOUCH_FETCH},
		{8, 99, 2, 0, 0, PW_TOUCH_LOAD_FIRST},
		{9, 99, 2, 0, 0, PW_TOUCH_LOAD_FIRST},
		{1, 99, 0, 0, 1, PW_TOUCH_FETCH | PW_TOUCH_ORDER},
	};
	struct pw_collapse *collapse;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_collapse_open(&collapse, &err), &err);
	expect(collapse, &accesses, want, PW_COUNT(want));
	pw_collapse_close(collapse);
}

static int open_state(void **state)
{
	*state = malloc(sizeof(struct bench));
	return *state ? 0 : -1;
}

static int close_state(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_run_is_upgraded_once_and_a_batch_ends_in_order),
		cmocka_unit_test(
			a_page_that_sank_to_third_place_is_recorded_again),
		cmocka_unit_test(agrees_with_the_oracle_on_random_streams),
		cmocka_unit_test(agrees_with_the_oracle_on_a_long_batch),
		cmocka_unit_test(touches_do_not_depend_on_how_a_stream_is_cut),
	};

	return cmocka_run_group_tests(tests, open_state, close_state);
}
