/*
 * test_trace.c - reading native traces: cut, damaged, in parallel, in epochs.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/layout.h"
#include "tests/support/shape_script.h"
#include "tests/support/trace_script.h"

#define SEGMENT 20

static char folder[] = "/tmp/pw_test_trace_XXXXXX";
static char path[64], cut[64];
static int cut_fd;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/t.pwt", folder);
	/* Rewritten tens of thousands of times: keep it off the disk. */
	cut_fd = memfd_create("cut", MFD_CLOEXEC);
	snprintf(cut, sizeof(cut), "/proc/self/fd/%d", cut_fd);
	return cut_fd < 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static int remove_folder(void **state)
{
	close(cut_fd);
	remove_files(state);
	return rmdir(folder);
}

struct image {
	uint8_t *bytes;
	size_t count;
};

static struct image load(const char *from)
{
	struct image image = {NULL, 0};
	struct stat found = {0};
	int fd = open(from, O_RDONLY);

	assert_true(fd >= 0 && fstat(fd, &found) == 0);
	image.count = (size_t)found.st_size;
	image.bytes = malloc(image.count + 1);
	assert_int_equal(read(fd, image.bytes, image.count), image.count);
	close(fd);
	return image;
}

/* Make the file at cut hold these bytes. */
static void store(const void *bytes, size_t count)
{
	assert_int_equal(ftruncate(cut_fd, 0), 0);
	assert_int_equal(pwrite(cut_fd, bytes, count, 0), count);
}

typedef void write_function(const struct pw_script *script, const char *path,
			    const struct pw_writer_options *options);

/* The same script with plain accesses only, with shapes, and merged ones. */
static write_function *const writers[] = {
	pw_script_write, pw_shape_script_write, pw_dense_script_write};

static void write_with(write_function *writer, struct pw_script *script,
		       size_t items, uint32_t threads)
{
	struct pw_writer_options options = {.segment_accesses = SEGMENT};

	unlink(path);
	pw_script_make(script, 11, threads, items, true);
	writer(script, path, &options);
}

static void write_numbered(struct pw_script *script, size_t items,
			   uint32_t threads)
{
	write_with(pw_script_write, script, items, threads);
}

/* Segments whose TIMELINE, the last chunk of each, is in the first bytes. */
static size_t segments_within(const struct image *image, size_t bytes)
{
	size_t at = PW_FILE_HEADER_BYTES, segments = 0;
	struct pw_chunk chunk;

	while (at + PW_CHUNK_HEADER_BYTES <= bytes &&
	       pw_chunk_decode(&chunk, image->bytes + at) == PW_HEADER_GOOD) {
		at += pw_chunk_span(&chunk);
		if (at <= bytes && chunk.kind == PW_CHUNK_TIMELINE)
			segments++;
	}
	return segments;
}

/* Cut the file at @bytes: exactly the whole segments are delivered. */
static void check_cut(const struct image *image, const struct pw_script *want,
		      size_t bytes, unsigned workers)
{
	struct pw_trace_options options = {.workers = workers};
	size_t segments = segments_within(image, bytes);
	struct pw_script_result result;
	struct pw_script got;

	store(image->bytes, bytes);
	pw_script_read(&got, cut, &options, &result);
	if (result.opened == PW_OK) {
		assert_true(result.damaged);
		assert_non_null(strstr(result.damage, cut));
	} else {
		assert_true(bytes < PW_FILE_MAGIC_BYTES);
	}
	assert_int_equal(got.count,
			 pw_script_segment_end(want, segments, SEGMENT));
	pw_script_assert_prefix(&got, want, got.count);
	pw_script_free(&got);
}

static void cut_small(write_function *writer)
{
	struct pw_script script;
	struct image image;

	write_with(writer, &script, 60, 2);
	image = load(path);
	for (size_t bytes = 0; bytes < image.count; bytes++)
		check_cut(&image, &script, bytes, 1);
	free(image.bytes);
	pw_script_free(&script);
}

static void a_small_file_cut_at_any_byte_gives_its_whole_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(writers); i++)
		cut_small(writers[i]);
}

static void cut_larger(write_function *writer)
{
	struct pw_random random;
	struct pw_script script;
	struct image image;

	write_with(writer, &script, 6000, 5);
	image = load(path);
	pw_random_seed(&random, 3);
	for (unsigned i = 0; i < 200; i++)
		check_cut(&image, &script,
			  pw_random_below(&random, image.count), 1 + i % 3);
	free(image.bytes);
	pw_script_free(&script);
}

static void a_larger_file_cut_anywhere_gives_its_whole_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(writers); i++)
		cut_larger(writers[i]);
}

/* Read a damaged copy: all that comes is whole, right and in order. */
static void check_damaged(const struct image *image,
			  const struct pw_script *want, bool must_show)
{
	struct pw_trace_options options = {.workers = 1};
	struct pw_script_result result;
	struct pw_script got;

	store(image->bytes, image->count);
	pw_script_read(&got, cut, &options, &result);
	if (must_show)
		assert_true(result.opened == PW_ERR_FORMAT || result.damaged);
	pw_script_assert_segments(&got, want, SEGMENT);
	pw_script_free(&got);
}

static void flip_bits(write_function *writer)
{
	struct pw_script script;
	struct image image;

	write_with(writer, &script, 45, 2);
	image = load(path);
	for (size_t bit = 0; bit < image.count * 8; bit++) {
		image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		check_damaged(&image, &script, true);
		image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(image.bytes);
	pw_script_free(&script);
}

static void every_flipped_bit_of_a_file_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(writers); i++)
		flip_bits(writers[i]);
}

static void spoil_blocks(write_function *writer)
{
	struct pw_random random;
	struct pw_script script;
	struct image image;

	write_with(writer, &script, 3000, 3);
	image = load(path);
	pw_random_seed(&random, 4);
	for (int i = 0; i < 100; i++) {
		size_t bytes = 1 + pw_random_below(&random, 600);
		size_t at =
			PW_FILE_HEADER_BYTES +
			pw_random_below(&random, image.count - bytes -
							 PW_FILE_HEADER_BYTES);
		uint8_t *saved = malloc(bytes);

		memcpy(saved, image.bytes + at, bytes);
		for (size_t j = 0; j < bytes; j++)
			image.bytes[at + j] =
				i % 2 ? 0 : (uint8_t)pw_random_next(&random);
		check_damaged(&image, &script, false);
		memcpy(image.bytes + at, saved, bytes);
		free(saved);
	}
	free(image.bytes);
	pw_script_free(&script);
}

static void blocks_of_zeros_and_garbage_lose_only_their_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(writers); i++)
		spoil_blocks(writers[i]);
}

/*
 * Segment 1 of several is damaged: the others come, and the message names it.
 */
static void a_damaged_segment_is_named_and_the_rest_delivered(void **state)
{
	struct pw_trace_options options = {.workers = 2};
	size_t at = PW_FILE_HEADER_BYTES, end;
	struct pw_script script, got;
	struct pw_script_result result;
	struct pw_chunk chunk;
	struct image image;
	char where[64];

	(void)state;
	write_numbered(&script, 100, 1);
	image = load(path);
	for (;; at += pw_chunk_span(&chunk)) {
		assert_int_equal(pw_chunk_decode(&chunk, image.bytes + at),
				 PW_HEADER_GOOD);
		if (chunk.kind == PW_CHUNK_ACCESSES && chunk.segment == 1)
			break;
	}
	image.bytes[at + PW_CHUNK_HEADER_BYTES + 40] ^= 1;
	store(image.bytes, image.count);
	pw_script_read(&got, cut, &options, &result);
	assert_true(result.damaged);
	snprintf(where, sizeof(where), "offset %zu: ACCESSES", at);
	assert_non_null(strstr(result.damage, where));
	assert_non_null(strstr(result.damage, "segment 1 is left out"));
	pw_script_assert_segments(&got, &script, SEGMENT);
	end = pw_script_segment_end(&script, 2, SEGMENT) -
	      pw_script_segment_end(&script, 1, SEGMENT);
	assert_int_equal(got.count, script.count - end);
	pw_script_free(&got);
	pw_script_free(&script);
	free(image.bytes);
}

static void the_number_of_workers_changes_nothing(void **state)
{
	struct pw_trace_options options = {.epoch_accesses = 33};
	struct pw_script script, one, many;
	struct pw_script_result first, other;

	(void)state;
	write_with(pw_shape_script_write, &script, 5000, 4);
	options.workers = 1;
	pw_script_read(&one, path, &options, &first);
	for (options.workers = 2; options.workers <= 8; options.workers += 3) {
		pw_script_read(&many, path, &options, &other);
		assert_int_equal(many.count, one.count);
		assert_int_equal(other.batches, first.batches);
		pw_script_assert_prefix(&many, &one, one.count);
		pw_script_free(&many);
	}
	pw_script_free(&one);
	pw_script_free(&script);
}

static void closing_early_stops_the_workers(void **state)
{
	struct pw_trace_options options = {.workers = 4, .needs = PW_NEED_BOTH};
	const struct pw_batch *batch;
	struct pw_error err = {0};
	struct pw_script script;
	struct pw_trace *trace;

	(void)state;
	write_numbered(&script, 5000, 4);
	for (int i = 0; i < 20; i++) {
		PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
		for (int j = 0; j < i; j++)
			PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		pw_trace_close(trace);
	}
	pw_script_free(&script);
}

/* Check one batch against the running state of an epoch test. */
static void check_epoch(const struct pw_batch *batch, uint64_t epoch,
			uint64_t *accesses, uint64_t *clock)
{
	size_t count = batch->accesses.count;
	uint64_t instructions = 0;

	assert_int_equal(batch->first_access, *accesses);
	assert_int_equal(batch->first_instruction, clock[batch->thread]);
	for (size_t i = 0; i < count; i++)
		if (batch->accesses.kind[i] & PW_ACCESS_FIRST)
			instructions++;
	assert_int_equal(batch->instruction_count, instructions);
	clock[batch->thread] += instructions;
	if (count > 0)
		assert_int_equal(*accesses / epoch,
				 (*accesses + count - 1) / epoch);
	*accesses += count;
}

/* Read the trace at path, of 3 threads, in epochs. */
static void read_epochs(uint64_t epoch)
{
	struct pw_trace_options options = {.epoch_accesses = epoch};
	uint64_t clock[3] = {0}, accesses = 0;
	const struct pw_batch *batch;
	struct pw_error err = {0};
	struct pw_totals totals;
	struct pw_trace *trace;

	PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
	for (;;) {
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		check_epoch(batch, epoch, &accesses, clock);
	}
	pw_trace_totals(trace, &totals);
	assert_int_equal(accesses, totals.accesses);
	assert_int_equal(clock[0] + clock[1] + clock[2], totals.instructions);
	assert_true(pw_trace_progress(trace) >= 1);
	pw_trace_close(trace);
}

static void no_batch_spans_an_epoch_and_clocks_go_on(void **state)
{
	static const uint64_t epochs[] = {1, 7, 20, 64, 1000000};
	struct pw_script script;

	(void)state;
	write_numbered(&script, 2000, 3);
	for (size_t e = 0; e < PW_COUNT(epochs); e++)
		read_epochs(epochs[e]);
	pw_script_free(&script);
}

/* What the touches of a trace at path add up to. */
struct seen {
	size_t batches;
	size_t longest; /* accesses in a batch */
	uint64_t touches;
	uint64_t references;
};

static void add_touches(struct seen *seen, const struct pw_touches *touches)
{
	for (size_t i = 0; i < touches->count; i++) {
		if (!(touches->flags[i] & PW_TOUCH_NOT_COUNTED))
			seen->touches++;
		seen->references += (uint64_t)touches->loads[i] +
				    touches->stores[i] + touches->fetches[i];
	}
}

static struct seen read_touches(void)
{
	struct pw_trace_options options = {.needs = PW_NEED_BOTH};
	const struct pw_batch *batch;
	struct pw_error err = {0};
	struct pw_trace *trace;
	struct seen seen = {0};

	PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
	for (;;) {
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		seen.batches++;
		if (batch->accesses.count > seen.longest)
			seen.longest = batch->accesses.count;
		add_touches(&seen, &batch->touches);
	}
	pw_trace_close(trace);
	return seen;
}

/* A trace of one thread with these accesses. */
static void write_accesses(const struct pw_accesses *accesses,
			   uint64_t segment_accesses)
{
	struct pw_writer_options options = {.segment_accesses =
						    segment_accesses};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_accesses(writer, 0, accesses, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

/*
 * 200,000 accesses of one thread to one page: batches of at most 8,192, one
 * touch in all however they are cut.
 */
static void long_runs_come_in_pieces_and_stay_one_touch(void **state)
{
	size_t n = 200000;
	uint64_t *address = calloc(n, sizeof(*address));
	uint32_t *size = calloc(n, sizeof(*size));
	uint8_t *kind = malloc(n);
	struct pw_accesses accesses = {n, address, address, size, kind};
	struct seen seen;

	(void)state;
	memset(kind, PW_ACCESS_LOAD, n);
	write_accesses(&accesses, 150000);
	seen = read_touches();
	/* 150,000 = 18 * 8,192 + 2,544, and 50,000 = 6 * 8,192 + 848. */
	assert_int_equal(seen.batches, 26);
	assert_int_equal(seen.longest, 8192);
	assert_int_equal(seen.touches, 1);
	assert_int_equal(seen.references, n);
	free(address);
	free(size);
	free(kind);
}

/*
 * 5 stores of 4 GiB less a byte at 0, each to pages 0..1048575: 5 * 1048576
 * touches, in batches of one access.
 */
static void huge_accesses_come_one_by_one(void **state)
{
	const uint64_t address[5] = {0};
	const uint32_t size[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
				 UINT32_MAX};
	const uint8_t kind[] = {2, 2, 2, 2, 2};
	struct pw_accesses accesses = {5, address, address, size, kind};
	struct seen seen;

	(void)state;
	write_accesses(&accesses, 0);
	seen = read_touches();
	assert_int_equal(seen.batches, 5);
	assert_int_equal(seen.longest, 1);
	assert_int_equal(seen.touches, (uint64_t)5 << 20);
}

/*
 * Two loads of a page by thread 0, an event of thread 1 of the same process,
 * and a third load by thread 0: without the event one touch, with it two.
 */
static void an_event_ends_the_runs_of_its_process(void **state)
{
	struct pw_script_item load = {
		.address = 4096, .size_bytes = 1, .kind = PW_ACCESS_LOAD};
	struct pw_script_item event = {
		.event = true, .thread = 1, .kind = PW_EVENT_munmap};
	struct pw_script_item items[] = {load, load, event, load};
	struct pw_script script = {items, 4, 4, 2};
	struct pw_writer_options options = {0};

	(void)state;
	pw_script_write(&script, path, &options);
	assert_int_equal(read_touches().touches, 2);
	items[2] = load;
	unlink(path);
	pw_script_write(&script, path, &options);
	assert_int_equal(read_touches().touches, 1);
}

static void assert_refused(const char *name, enum pw_status want,
			   const char *message, const char *hint)
{
	struct pw_error err = {0};
	struct pw_trace *trace;

	assert_int_equal(pw_trace_open(&trace, name, NULL, &err), want);
	assert_null(trace);
	if (!strstr(err.message, message) || !strstr(err.hint, hint))
		fail_msg("%s (%s)", err.message, err.hint);
}

static void what_is_no_trace_is_refused(void **state)
{
	(void)state;
	assert_refused("/nonexistent.pwt", PW_ERR_USAGE,
		       "/nonexistent.pwt: cannot open: No such file or "
		       "directory",
		       "");
	assert_refused(folder, PW_ERR_USAGE, "cannot open: Is a directory", "");
	assert_refused("/dev/null", PW_ERR_USAGE, "not a regular file", "");
	store("", 0);
	assert_refused(cut, PW_ERR_FORMAT, "an empty file", "pwt, ");
	store("\x7f"
	      "ELF\0\0\0\0\0\0\0",
	      11);
	assert_refused(cut, PW_ERR_FORMAT, "not a trace of a known format",
		       "pinatrace");
}

/* Change a header field and make its checksum right again. */
static void newer_files_are_refused(void **state)
{
	size_t chunk = PW_FILE_HEADER_BYTES;
	struct pw_script script;
	struct image image;

	(void)state;
	write_numbered(&script, 30, 1);
	image = load(path);
	image.bytes[8] = 2;
	pw_store64(image.bytes + 56, pw_hash(image.bytes, 56));
	store(image.bytes, image.count);
	assert_refused(cut, PW_ERR_FORMAT, "version 2.4", "newer pagewalk");
	image.bytes[8] = 1;
	pw_store64(image.bytes + 56, pw_hash(image.bytes, 56));
	/* A cut file is scanned, so that the changed header is looked at. */
	image.count -= 1;
	image.bytes[chunk + 4] = 200;
	pw_store64(image.bytes + chunk + 120,
		   pw_hash(image.bytes + chunk, 120));
	store(image.bytes, image.count);
	assert_refused(cut, PW_ERR_FORMAT, "needs a newer pagewalk",
		       "version 1.4");
	/* Not critical: skipped. The metadata is then missing. */
	image.bytes[chunk + 6] = 0;
	pw_store64(image.bytes + chunk + 120,
		   pw_hash(image.bytes + chunk, 120));
	check_damaged(&image, &script, true);
	free(image.bytes);
	pw_script_free(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_files)
		TEST(a_small_file_cut_at_any_byte_gives_its_whole_segments),
		TEST(a_larger_file_cut_anywhere_gives_its_whole_segments),
		TEST(every_flipped_bit_of_a_file_is_noticed),
		TEST(blocks_of_zeros_and_garbage_lose_only_their_segments),
		TEST(a_damaged_segment_is_named_and_the_rest_delivered),
		TEST(the_number_of_workers_changes_nothing),
		TEST(closing_early_stops_the_workers),
		TEST(no_batch_spans_an_epoch_and_clocks_go_on),
		TEST(long_runs_come_in_pieces_and_stay_one_touch),
		TEST(huge_accesses_come_one_by_one),
		TEST(an_event_ends_the_runs_of_its_process),
		TEST(what_is_no_trace_is_refused),
		TEST(newer_files_are_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
