/*
 * test_repack.c - a recording, or a dense trace, that is repacked stays the
 * same, access by access, through the reader and through the slow one made from
 * FORMAT.md, and the bytes do not depend on who works.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "formats/chunk_sink.h"
#include "formats/lane.h"
#include "formats/layout.h"
#include "formats/pwt_list.h"
#include "formats/repack.h"
#include "formats/timeline.h"
#include "tests/oracle/oracle_fast.h"
#include "tests/support/command.h"
#include "tests/support/shape_script.h"

static char source[] = "/tmp/pw_test_repack_a_XXXXXX";
static char target[] = "/tmp/pw_test_repack_b_XXXXXX";
static char other[] = "/tmp/pw_test_repack_c_XXXXXX";

/* Repack the source; false when it is not for repacking. */
static bool repack(const char *path, unsigned workers)
{
	struct pw_writer_options options = {
		.replace = true, .dense = true, .zstd_level = 3};
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_repack *repack;
	bool more = true;

	PW_TEST_OK(pw_repack_open(&repack, source, &err), &err);
	if (!repack)
		return false;
	pw_repack_describe(repack, &options);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_repack_begin(repack, writer, &options, workers, &err),
		   &err);
	while (more)
		PW_TEST_OK(pw_repack_next(repack, &more, &err), &err);
	assert_true(pw_repack_progress(repack) == 1);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_repack_close(repack);
	return true;
}

static char *read_all(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	char *data;
	long end;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	end = ftell(file);
	assert_true(end > 0);
	rewind(file);
	data = malloc((size_t)end);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)end, file), end);
	fclose(file);
	*bytes = (size_t)end;
	return data;
}

static void assert_same_bytes(const char *a, const char *b)
{
	size_t left_bytes, right_bytes;
	char *left = read_all(a, &left_bytes);
	char *right = read_all(b, &right_bytes);

	assert_int_equal(left_bytes, right_bytes);
	assert_memory_equal(left, right, left_bytes);
	free(left);
	free(right);
}

/* All of @path is the same as in the source, totals included. */
static void assert_read_back(const char *path)
{
	struct pw_trace_options options = {.workers = 2};
	struct pw_script_result want_result, result;
	struct pw_script want, got;

	pw_script_read(&want, source, &options, &want_result);
	pw_script_read(&got, path, &options, &result);
	if (result.damaged)
		fail_msg("%s", result.damage);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, got.count);
	assert_int_equal(result.totals.accesses, want_result.totals.accesses);
	assert_int_equal(result.totals.loads, want_result.totals.loads);
	assert_int_equal(result.totals.stores, want_result.totals.stores);
	assert_int_equal(result.totals.modifies, want_result.totals.modifies);
	assert_int_equal(result.totals.fetches, want_result.totals.fetches);
	assert_int_equal(result.totals.instructions,
			 want_result.totals.instructions);
	assert_int_equal(result.totals.events, want_result.totals.events);
	pw_script_free(&want);
	pw_script_free(&got);
}

/* The accesses of a thread in the order of its chunks. */
static struct pw_array of_thread(const struct pw_oracle_fast *slow,
				 uint32_t thread)
{
	struct pw_array all = PW_ARRAY(struct pw_oracle_access);
	struct pw_error err = {0};

	for (size_t c = 0; c < slow->chunk.count; c++) {
		const struct pw_oracle_chunk *chunk =
			&PW_ARRAY_AT(&slow->chunk, struct pw_oracle_chunk, c);

		if (chunk->thread != thread)
			continue;
		assert_int_equal(chunk->first_access, all.count);
		assert_int_equal(chunk->access_count, chunk->count);
		for (size_t i = 0; i < chunk->count; i++)
			PW_TEST_OK(pw_array_push(
					   &all,
					   &PW_ARRAY_AT(&slow->access,
							struct pw_oracle_access,
							chunk->first + i),
					   &err),
				   &err);
	}
	return all;
}

/* The words of a header follow from the accesses of its chunk. */
static void assert_header(const struct pw_oracle_fast *slow,
			  const struct pw_oracle_chunk *chunk)
{
	uint64_t min = UINT64_MAX, max = 0, instructions = 0;

	for (size_t i = chunk->first; i < chunk->first + chunk->count; i++) {
		const struct pw_oracle_access *a =
			&PW_ARRAY_AT(&slow->access, struct pw_oracle_access, i);
		uint64_t more = a->size_bytes ? a->size_bytes - 1 : 0;
		uint64_t last = a->address > UINT64_MAX - more
					? UINT64_MAX
					: a->address + more;

		if (a->address / 4096 < min)
			min = a->address / 4096;
		if (last / 4096 > max)
			max = last / 4096;
		instructions += (a->kind & PW_ACCESS_FIRST) != 0;
	}
	assert_int_equal(chunk->instruction_count, instructions);
	assert_int_equal(chunk->min_page, min);
	assert_int_equal(chunk->max_page, max);
}

/* The slow reader finds the same in both; returns the dense chunks. */
static size_t assert_slow(uint32_t threads)
{
	struct pw_oracle_fast before, after;
	size_t dense = 0;

	pw_oracle_fast_read(&before, source);
	pw_oracle_fast_read(&after, target);
	assert_int_equal(before.shapes, after.shapes);
	for (uint32_t t = 0; t < threads; t++) {
		struct pw_array want = of_thread(&before, t);
		struct pw_array got = of_thread(&after, t);

		assert_int_equal(got.count, want.count);
		for (size_t i = 0; i < want.count; i++) {
			const struct pw_oracle_access *a =
				&PW_ARRAY_AT(&want, struct pw_oracle_access, i);
			const struct pw_oracle_access *b =
				&PW_ARRAY_AT(&got, struct pw_oracle_access, i);

			if (a->address != b->address || a->pc != b->pc ||
			    a->size_bytes != b->size_bytes ||
			    a->kind != b->kind)
				fail_msg("thread %u: access %zu differs", t, i);
		}
		pw_array_free(&want);
		pw_array_free(&got);
	}
	for (size_t c = 0; c < after.chunk.count; c++) {
		const struct pw_oracle_chunk *chunk =
			&PW_ARRAY_AT(&after.chunk, struct pw_oracle_chunk, c);

		assert_header(&after, chunk);
		assert_true(chunk->codec != PW_CODEC_FAST);
		dense += chunk->codec == PW_CODEC_DENSE;
	}
	assert_true(after.chunk.count <= before.chunk.count);
	pw_oracle_fast_free(&before);
	pw_oracle_fast_free(&after);
	return dense;
}

/* Programs with events, odd sizes and wild addresses, in any segments. */
static void any_recording_stays_the_same(void **state)
{
	static const uint64_t segment[] = {1, 50, 700, 4000, 1 << 20};
	size_t repacked[2] = {0}, dense = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct pw_writer_options options = {
			.replace = true,
			.dense = seed % 3 == 2,
			.segment_accesses = segment[seed % 5],
		};
		uint32_t threads = (uint32_t)(1 + seed % 7);
		struct pw_script script;

		pw_script_make(&script, seed, threads, 300 + seed % 4 * 1500,
			       false);
		pw_shape_script_write(&script, source, &options);
		pw_script_free(&script);
		if (!repack(target, 1))
			continue;
		repacked[options.dense]++;
		assert_read_back(target);
		dense += assert_slow(threads);
		assert_true(repack(other, 3));
		assert_same_bytes(target, other);
	}
	assert_true(repacked[false] >= 10);
	assert_true(repacked[true] >= 10);
	assert_true(dense >= 20);
}

/*
 * Each of two segments executes a shape once and has a million and a half plain
 * accesses: more than 2^21 together, so the group is divided again.
 */
static void what_does_not_fit_into_one_segment_becomes_two(void **state)
{
	enum { PLAIN = 1500000 };
	struct pw_writer_options options = {.replace = true,
					    .segment_accesses = UINT64_MAX};
	static uint64_t address[PLAIN], pc[PLAIN];
	static uint32_t size[PLAIN];
	static uint8_t kind[PLAIN];
	const struct pw_accesses plain = {PLAIN, address, pc, size, kind};
	const struct pw_shape shape = {1, pc, size, kind};
	struct pw_thread thread = {0};
	struct pw_oracle_fast slow;
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_lane *lane;
	uint32_t index;

	(void)state;
	for (size_t i = 0; i < PLAIN; i++) {
		address[i] = 0x10000 + i * 8;
		pc[i] = 0x400000;
		size[i] = 8;
		kind[i] = PW_ACCESS_LOAD | PW_ACCESS_FIRST;
	}
	PW_TEST_OK(pw_writer_open(&writer, source, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_shape(writer, &shape, &index, &err), &err);
	for (int i = 0; i < 2; i++) {
		PW_TEST_OK(pw_writer_lane_begin(writer, 0, &lane, &err), &err);
		(void)pw_lane_execute(lane, index, address);
		PW_TEST_OK(pw_writer_lane_end(writer, &err), &err);
		PW_TEST_OK(pw_writer_accesses(writer, 0, &plain, &err), &err);
		PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	assert_true(repack(target, 2));
	pw_oracle_fast_read(&slow, target);
	assert_int_equal(slow.chunk.count, 2);
	assert_int_equal(slow.access.count, 2 * (PLAIN + 1));
	for (size_t i = 0; i < slow.access.count; i++) {
		size_t at = i % (PLAIN + 1);

		if (PW_ARRAY_AT(&slow.access, struct pw_oracle_access, i)
			    .address != address[at > 0 ? at - 1 : 0])
			fail_msg("access %zu differs", i);
	}
	pw_oracle_fast_free(&slow);
}

/*
 * Nine loads of 4 GiB, of which each page is a touch, are more touches than the
 * 2^23 that a chunk can have, whatever is kept besides.
 */
static void touches_that_do_not_fit_are_not_repacked(void **state)
{
	static const enum pw_writer_keep keep[] = {PW_KEEP_TOUCHES,
						   PW_KEEP_ACCESSES};
	const uint64_t at = 0x400000;
	const uint32_t size = UINT32_MAX;
	const uint8_t kind = PW_ACCESS_LOAD | PW_ACCESS_FIRST;
	const struct pw_shape shape = {1, &at, &size, &kind};
	const char *const words[] = {"-o", target, source};
	struct pw_writer_options options = {.replace = true, .dense = true};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_repack *repack;
	struct pw_lane *lane;
	uint32_t index;

	(void)state;
	PW_TEST_OK(pw_writer_open(&writer, source, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_shape(writer, &shape, &index, &err), &err);
	PW_TEST_OK(pw_writer_lane_begin(writer, 0, &lane, &err), &err);
	for (uint64_t i = 0; i < 9; i++) {
		uint64_t address = i << 33;

		assert_false(pw_lane_execute(lane, index, &address));
	}
	PW_TEST_OK(pw_writer_lane_end(writer, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	for (size_t k = 0; k < PW_COUNT(keep); k++) {
		bool more = true;

		options.keep = keep[k];
		PW_TEST_OK(pw_repack_open(&repack, source, &err), &err);
		assert_non_null(repack);
		PW_TEST_OK(pw_writer_open(&writer, target, &options, &err),
			   &err);
		PW_TEST_OK(pw_repack_begin(repack, writer, &options, 1, &err),
			   &err);
		while (more)
			PW_TEST_OK(pw_repack_next(repack, &more, &err), &err);
		assert_int_equal(pw_repack_fits(repack),
				 keep[k] == PW_KEEP_ACCESSES);
		pw_repack_close(repack);
		pw_writer_abandon(writer);
	}
	/* The command has another way for them. */
	pw_tables_close(pw_test_call("compact", PW_COUNT(words), words));
	assert_read_back(target);
}

enum lie {
	NO_LIE,
	RUN_TOO_LONG,
	RUN_TOO_SHORT,
	THREAD_UNKNOWN,
	OTHER_INSTRUCTIONS,
	OTHER_EVENTS,
	LIES,
};

/* Append the records of @raw, the first run of which is not the truth. */
static void copy_records(const struct pw_array *raw, enum lie lie,
			 struct pw_timeline *timeline, struct pw_totals *totals)
{
	struct pw_timeline_cursor cursor = {raw->data, NULL};
	struct pw_timeline_record record;
	struct pw_error err = {0};
	bool first = true;

	cursor.end = cursor.next + raw->count;
	for (;;) {
		struct pw_event event;

		PW_TEST_OK(pw_timeline_next(&cursor, &record, &err), &err);
		if (record.tag == PW_TIMELINE_STOP)
			return;
		if (record.tag == PW_TIMELINE_EVENT) {
			event = (struct pw_event){.kind = record.kind,
						  .text = record.text};
			totals->events++;
			PW_TEST_OK(pw_timeline_event(timeline, record.thread,
						     &event, &err),
				   &err);
			continue;
		}
		if (first && lie == RUN_TOO_LONG)
			record.accesses++;
		if (first && lie == RUN_TOO_SHORT && --record.accesses == 0)
			record.accesses = 2;
		if (first && lie == THREAD_UNKNOWN)
			record.thread = 50;
		first = false;
		PW_TEST_OK(pw_timeline_run(timeline, record.thread,
					   record.accesses, &err),
			   &err);
	}
}

/* Make the timeline in @payload, of @place, one that lies. */
static void change_timeline(const struct pw_chunk_place *place,
			    struct pw_array *payload, struct pw_chunk *chunk,
			    enum lie lie, struct pw_totals *totals)
{
	struct pw_timeline timeline = PW_TIMELINE;
	struct pw_array raw = PW_ARRAY(uint8_t);
	size_t head = payload->count - place->chunk.payload_bytes;
	struct pw_error err = {0};

	PW_TEST_OK(pw_timeline_unpack((uint8_t *)payload->data + head,
				      place->chunk.payload_bytes,
				      place->chunk.raw_bytes, &raw, &err),
		   &err);
	copy_records(&raw, lie, &timeline, totals);
	PW_TEST_OK(pw_timeline_finish(&timeline, &err), &err);
	payload->count = head;
	chunk->raw_bytes = timeline.bytes.count;
	PW_TEST_OK(pw_timeline_pack(&timeline, 3, payload, &err), &err);
	pw_timeline_free(&timeline);
	pw_array_free(&raw);
}

/* Write the chunks of @from, all of them right by their checksums, to @to. */
static void copy_lying(const char *from, const char *to, enum lie lie)
{
	struct pw_pwt_list list = PW_PWT_LIST;
	struct pw_array buffer = PW_ARRAY(uint8_t);
	struct pw_totals totals = {0};
	struct pw_damage damage;
	struct pw_pwt_file file;
	struct pw_chunk_sink sink;
	struct pw_error err = {0};
	uint64_t offset;

	pw_damage_init(&damage, from);
	PW_TEST_OK(pw_pwt_file_open(&file, from, &err), &err);
	PW_TEST_OK(pw_pwt_list_read(&list, &file, &damage, &err), &err);
	PW_TEST_OK(pw_chunk_sink_open(&sink, to, true, &err), &err);
	for (size_t i = 0; i < list.chunks.count; i++) {
		const struct pw_chunk_place *at = pw_pwt_list_at(&list, i);
		struct pw_chunk chunk = at->chunk;
		struct pw_array *out;
		const uint8_t *payload;

		if (chunk.kind == PW_CHUNK_INDEX || chunk.kind == PW_CHUNK_END)
			continue;
		PW_TEST_OK(
			pw_pwt_file_payload(&file, at, &buffer, &payload, &err),
			&err);
		out = pw_chunk_sink_begin(&sink, &err);
		assert_non_null(out);
		PW_TEST_OK(pw_array_reserve(
				   out, out->count + chunk.payload_bytes, &err),
			   &err);
		memcpy((uint8_t *)out->data + out->count, payload,
		       chunk.payload_bytes);
		out->count += chunk.payload_bytes;
		if (chunk.kind == PW_CHUNK_TIMELINE) {
			totals.accesses += chunk.access_count;
			change_timeline(at, out, &chunk, lie, &totals);
		}
		if (chunk.kind == PW_CHUNK_ACCESSES &&
		    lie == OTHER_INSTRUCTIONS)
			chunk.instruction_count++;
		PW_TEST_OK(pw_chunk_sink_write(&sink, &chunk, &offset, &err),
			   &err);
	}
	totals.events += lie == OTHER_EVENTS;
	PW_TEST_OK(pw_chunk_sink_finish(&sink, &totals, list.segments, &err),
		   &err);
	pw_array_free(&buffer);
	pw_pwt_list_free(&list);
	pw_pwt_file_close(&file);
}

/* Repack @source to @target; the first failure. */
static enum pw_status try_to_repack(struct pw_error *err)
{
	struct pw_writer_options options = {
		.replace = true, .dense = true, .zstd_level = 3};
	struct pw_error ignored = {0};
	struct pw_writer *writer;
	struct pw_repack *repack;
	enum pw_status st;
	bool more = true;

	PW_TEST_OK(pw_repack_open(&repack, source, err), err);
	assert_non_null(repack);
	PW_TEST_OK(pw_writer_open(&writer, target, &options, err), err);
	st = pw_repack_begin(repack, writer, &options, 2, err);
	while (st == PW_OK && more)
		st = pw_repack_next(repack, &more, err);
	pw_repack_close(repack);
	if (st == PW_OK)
		PW_TEST_OK(pw_writer_close(writer, &ignored), &ignored);
	else
		pw_writer_abandon(writer);
	return st;
}

/* Checksums are right, and what they are of does not add up. */
static void what_does_not_add_up_is_refused(void **state)
{
	static const char *const message[LIES] = {
		[RUN_TOO_LONG] = "runs past the accesses of a thread",
		[RUN_TOO_SHORT] = "accesses",
		[THREAD_UNKNOWN] = "thread 50 is not declared",
		[OTHER_INSTRUCTIONS] = "another number of instructions",
		[OTHER_EVENTS] = "does not hold what its end says",
	};
	struct pw_writer_options options = {.replace = true,
					    .segment_accesses = 1 << 20};
	struct pw_script script;
	char partial[64];

	(void)state;
	pw_script_make(&script, 8, 3, 2000, false);
	pw_shape_script_write(&script, other, &options);
	pw_script_free(&script);
	snprintf(partial, sizeof(partial), "%s.partial", target);
	for (enum lie lie = NO_LIE; lie < LIES; lie++) {
		struct pw_error err = {0};

		copy_lying(other, source, lie);
		if (lie == NO_LIE) {
			PW_TEST_OK(try_to_repack(&err), &err);
			continue;
		}
		assert_int_equal(try_to_repack(&err), PW_ERR_FORMAT);
		if (!strstr(err.message, message[lie]) ||
		    !strstr(err.message, source))
			fail_msg("lie %d: %s", (int)lie, err.message);
		(void)unlink(partial);
	}
}

static int make_paths(void **state)
{
	char *path[] = {source, target, other};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(path); i++) {
		int fd = mkstemp(path[i]);

		if (fd < 0 || close(fd) != 0)
			return -1;
	}
	return 0;
}

static int remove_paths(void **state)
{
	(void)state;
	return unlink(source) | unlink(target) | unlink(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_recording_stays_the_same),
		cmocka_unit_test(
			what_does_not_fit_into_one_segment_becomes_two),
		cmocka_unit_test(touches_that_do_not_fit_are_not_repacked),
		cmocka_unit_test(what_does_not_add_up_is_refused),
	};

	return cmocka_run_group_tests(tests, make_paths, remove_paths);
}
