/*
 * test_shapes.c - shapes declared, written, lost and refused.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/random.h"
#include "formats/lane.h"
#include "formats/layout.h"
#include "formats/pwt_shapes.h"
#include "formats/shape_book.h"
#include "formats/shape_wire.h"
#include "tests/support/trace_script.h"

static char path[] = "/tmp/pw_test_shapes_XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/* Declare a shape of one load at @pc. */
static uint32_t declare(struct pw_writer *writer, uint64_t pc)
{
	const uint32_t size = 4;
	const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_shape shape = {1, &pc, &size, &kind};
	struct pw_error err = {0};
	uint32_t index;

	PW_TEST_OK(pw_writer_shape(writer, &shape, &index, &err), &err);
	return index;
}

static void execute(struct pw_writer *writer, uint32_t thread, uint32_t shape,
		    uint64_t address)
{
	struct pw_error err = {0};
	struct pw_lane *lane;

	PW_TEST_OK(pw_writer_lane_begin(writer, thread, &lane, &err), &err);
	(void)pw_lane_execute(lane, shape, &address);
	PW_TEST_OK(pw_writer_lane_end(writer, &err), &err);
}

static struct pw_writer *begin(uint32_t threads)
{
	struct pw_writer_options options = {.replace = true};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (uint32_t i = 0; i < threads; i++)
		PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	return writer;
}

/* Flip a bit in the payload of SHAPES chunk @number. */
static void spoil_shapes(unsigned number)
{
	uint8_t header[PW_CHUNK_HEADER_BYTES], byte;
	off_t at = PW_FILE_HEADER_BYTES;
	int fd = open(path, O_RDWR);
	struct pw_chunk chunk;

	for (;; at += (off_t)pw_chunk_span(&chunk)) {
		assert_int_equal(pread(fd, header, sizeof(header), at),
				 sizeof(header));
		assert_int_equal(pw_chunk_decode(&chunk, header),
				 PW_HEADER_GOOD);
		if (chunk.kind == PW_CHUNK_SHAPES && number-- == 0)
			break;
	}
	at += PW_CHUNK_HEADER_BYTES + 10;
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/*
 * Shape 0 is declared before segment 0, shape 1 before segment 1, shape 2
 * before segment 2. Segments 0 and 3 execute shape 0, 1 executes 1, 2
 * executes 2. With the second SHAPES chunk only segment 1 is lost.
 */
static void a_lost_shape_loses_the_segments_that_need_it(void **state)
{
	static const uint32_t used[] = {0, 1, 2, 0};
	struct pw_writer *writer = begin(1);
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_script got;

	(void)state;
	for (uint32_t i = 0; i < PW_COUNT(used); i++) {
		if (i < 3)
			assert_int_equal(declare(writer, 0x1000 + i), i);
		execute(writer, 0, used[i], 0x9000 + i);
		PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	spoil_shapes(1);
	pw_script_read(&got, path, NULL, &result);
	assert_non_null(strstr(result.damage, "SHAPES: its payload"));
	assert_non_null(strstr(result.damage, "its shape 1 is lost, so "
					      "segment 1 is left out"));
	assert_int_equal(got.count, 3);
	assert_int_equal(got.item[0].address, 0x9000);
	assert_int_equal(got.item[1].address, 0x9002);
	assert_int_equal(got.item[1].pc, 0x1002);
	assert_int_equal(got.item[2].address, 0x9003);
	assert_int_equal(got.item[2].pc, 0x1000);
	/* Workers without an order leave the same out and say the same. */
	for (unsigned workers = 1; workers <= 4; workers++) {
		struct pw_script_result each_result;
		struct pw_script each;

		pw_script_read_each(&each, path, workers, &each_result);
		assert_int_equal(each.count, 3);
		pw_script_assert_prefix(&each, &got, 3);
		assert_string_equal(each_result.damage, result.damage);
		assert_int_equal(each_result.totals.accesses, 3);
		assert_int_equal(each_result.totals.loads, 3);
		pw_script_free(&each);
	}
	pw_script_free(&got);
}

/* Shapes are read when they are needed, and what is left at the end. */
static void lost_shapes_that_no_segment_needs_are_reported_too(void **state)
{
	struct pw_writer *writer = begin(1);
	const struct pw_batch *batch;
	struct pw_error err = {0};
	struct pw_trace *trace;

	(void)state;
	declare(writer, 0x1000);
	execute(writer, 0, 0, 0x9000);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	declare(writer, 0x2000);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	spoil_shapes(1);
	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	assert_int_equal(batch->accesses.count, 1);
	assert_int_equal(batch->accesses.pc[0], 0x1000);
	assert_null(pw_trace_damage(trace));
	PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	assert_null(batch);
	assert_non_null(pw_trace_damage(trace));
	assert_non_null(strstr(pw_trace_damage(trace), "SHAPES: its payload"));
	pw_trace_close(trace);
}

/* META, THREADS, SHAPES, two segments of 2 chunks, INDEX, END: 9 chunks. */
static void a_shape_is_written_once(void **state)
{
	struct pw_writer *writer = begin(1);
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_script got;

	(void)state;
	declare(writer, 0x1000);
	execute(writer, 0, 0, 1);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	execute(writer, 0, 0, 2);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_false(result.damaged);
	assert_int_equal(result.totals.chunks, 9);
	assert_int_equal(got.count, 2);
	pw_script_free(&got);
}

/* A stretch without an execution leaves nothing behind. */
static void an_empty_stretch_is_no_access(void **state)
{
	struct pw_writer *writer = begin(2);
	struct pw_error err = {0};
	struct pw_script_result result;
	struct pw_script got;
	struct pw_lane *lane;

	(void)state;
	declare(writer, 0x1000);
	PW_TEST_OK(pw_writer_lane_begin(writer, 0, &lane, &err), &err);
	PW_TEST_OK(pw_writer_lane_end(writer, &err), &err);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_false(result.damaged);
	assert_int_equal(got.count, 0);
	/* META, THREADS, SHAPES, INDEX, END. */
	assert_int_equal(result.totals.chunks, 5);
	pw_script_free(&got);
}

/*
 * 600 threads execute three shapes each in one segment, by turns, and again
 * in the next segment.
 */
static void hundreds_of_threads_execute_in_one_segment(void **state)
{
	const uint32_t threads = 600;
	struct pw_writer *writer = begin(threads);
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_script got;
	uint64_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 3; i++)
		declare(writer, 0x1000 + i);
	for (uint32_t segment = 0; segment < 2; segment++) {
		for (uint32_t shape = 0; shape < 3; shape++)
			for (uint32_t t = 0; t < threads; t++)
				execute(writer, t, shape, n++);
		PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_false(result.damaged);
	assert_int_equal(got.count, n);
	for (uint64_t i = 0; i < n; i++) {
		assert_int_equal(got.item[i].address, i);
		assert_int_equal(got.item[i].thread, i % threads);
		assert_int_equal(got.item[i].pc, 0x1000 + i / threads % 3);
	}
	pw_script_free(&got);
}

/* 40 shapes of 65,536 slots pass 2^21 accesses, which no segment may. */
static void the_longest_shapes_keep_the_bound_of_a_segment(void **state)
{
	const size_t slots = PW_SHAPE_SLOTS_MAX;
	uint64_t *pc = calloc(slots, sizeof(*pc));
	uint32_t *size = calloc(slots, sizeof(*size));
	uint8_t *kind = malloc(slots);
	struct pw_shape shape = {slots, pc, size, kind};
	struct pw_writer_options options = {.replace = true,
					    .segment_accesses = UINT64_MAX};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_trace *trace;
	struct pw_totals totals;
	uint32_t index;

	(void)state;
	memset(kind, PW_ACCESS_LOAD | PW_SHAPE_AT_PC, slots);
	kind[slots - 1] = PW_ACCESS_STORE;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_shape(writer, &shape, &index, &err), &err);
	for (uint64_t i = 0; i < 40; i++)
		execute(writer, 0, index, i);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	for (;;) {
		const struct pw_batch *batch;

		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
	}
	assert_null(pw_trace_damage(trace));
	pw_trace_totals(trace, &totals);
	assert_int_equal(totals.accesses, 40 * slots);
	assert_int_equal(totals.stores, 40);
	pw_trace_close(trace);
	free(pc);
	free(size);
	free(kind);
}

static void shapes_that_cannot_be_are_refused(void **state)
{
	static const struct {
		uint64_t first;
		const char *bytes;
		size_t count;
	} bad[] = {
		{0, "\x00", 1},			    /* no slot */
		{0, "\x02\x01\x01\x04\x04\x00", 6}, /* a pc short */
		{0, "\x01\x01\x04\x80", 4},	    /* a cut pc */
		{0, "\x01\x00\x04\x00", 4},	    /* no kind */
		{0, "\x01\x05\x04\x00", 4},	    /* no kind */
		{0, "\x01\x21\x04\x00", 4},	    /* an unknown flag */
		{0, "\x01\x01\xff\x81\x80\x80\x80\x10\x00", 9}, /* a size */
		{0, "\xff\xff\xff\xff\x0f\x01\x01\x01", 8},	/* many slots */
		{1, "\x01\x01\x04\x00", 4}, /* there already */
		{PW_SHAPES_MAX + 1, "\x01\x01\x04\x00", 4},
		{PW_SHAPES_MAX, "\x01\x01\x04\x00", 4},
	};
	struct pw_pwt_shapes shapes = PW_PWT_SHAPES;
	const uint8_t one[] = {1, PW_ACCESS_LOAD, 4, 0};
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_pwt_shapes_add(&shapes, 1, one, sizeof(one), &err), &err);
	assert_int_equal(shapes.offset.count, 2);
	assert_int_equal(pw_pwt_shapes_find(&shapes, 0), PW_SHAPE_LOST);
	assert_int_equal(pw_pwt_shapes_find(&shapes, 1), 0);
	assert_int_equal(pw_pwt_shapes_find(&shapes, 2), PW_SHAPE_LOST);
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		uint64_t first = bad[i].first ? bad[i].first : 2;

		assert_int_equal(
			pw_pwt_shapes_add(&shapes, first,
					  (const uint8_t *)bad[i].bytes,
					  bad[i].count, &err),
			PW_ERR_FORMAT);
		assert_int_equal(shapes.bytes.count, sizeof(one));
	}
	pw_pwt_shapes_free(&shapes);
}

/* 1,025 shapes of 65,536 slots are more than 2^26 slots. */
static void more_slots_than_the_format_holds_are_refused(void **state)
{
	const size_t slots = PW_SHAPE_SLOTS_MAX;
	uint64_t *pc = calloc(slots, sizeof(*pc));
	uint32_t *size = calloc(slots, sizeof(*size));
	uint8_t *kind = malloc(slots);
	struct pw_shape shape = {slots, pc, size, kind};
	struct pw_shape_book book = PW_SHAPE_BOOK;
	struct pw_error err = {0};
	size_t shapes = 0;

	(void)state;
	memset(kind, PW_ACCESS_LOAD | PW_SHAPE_AT_PC, slots);
	while (pw_shape_book_add(&book, &shape, &err) == PW_OK) {
		shapes++;
		book.waiting.count = 0;
	}
	assert_int_equal(err.status, PW_ERR_OUTPUT);
	assert_int_equal(shapes, PW_SHAPE_SLOTS_ALL_MAX / slots);
	pw_shape_book_free(&book);
	free(pc);
	free(size);
	free(kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_shape_loses_the_segments_that_need_it),
		cmocka_unit_test(
			lost_shapes_that_no_segment_needs_are_reported_too),
		cmocka_unit_test(a_shape_is_written_once),
		cmocka_unit_test(an_empty_stretch_is_no_access),
		cmocka_unit_test(hundreds_of_threads_execute_in_one_segment),
		cmocka_unit_test(
			the_longest_shapes_keep_the_bound_of_a_segment),
		cmocka_unit_test(shapes_that_cannot_be_are_refused),
		cmocka_unit_test(more_slots_than_the_format_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
