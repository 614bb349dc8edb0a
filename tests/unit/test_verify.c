/*
 * test_verify.c - whatever is done to a trace is found, and what is whole of
 * it becomes a whole trace.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/pwt_segment.h"
#include "formats/repair.h"
#include "formats/verify.h"
#include "tests/support/shape_script.h"
#include "tests/support/trace_script.h"

#define ITEMS 600
#define SEGMENT 50

enum form { PLAIN, SHAPES, DENSE, TOUCHES, FORMS };

static char source[] = "/tmp/pw_verify_XXXXXX";
static char damaged[] = "/tmp/pw_verify_damaged_XXXXXX";
static char mended[] = "/tmp/pw_verify_mended_XXXXXX";

struct bytes {
	uint8_t *data;
	size_t count;
};

static struct bytes load(const char *path)
{
	struct bytes bytes = {0};
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	bytes.count = (size_t)ftell(file);
	rewind(file);
	bytes.data = malloc(bytes.count + 1);
	assert_non_null(bytes.data);
	assert_int_equal(fread(bytes.data, 1, bytes.count, file), bytes.count);
	fclose(file);
	return bytes;
}

static void save(const char *path, const uint8_t *data, size_t count)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, count, file), count);
	assert_int_equal(fclose(file), 0);
}

static void write_script(const struct pw_script *script, enum form form,
			 const char *path)
{
	const struct pw_writer_options options = {
		.metadata = "{\"engine\": \"test\"}",
		.segment_accesses = SEGMENT,
		.keep = form == TOUCHES ? PW_KEEP_ALL : PW_KEEP_ACCESSES,
		.dense = form == DENSE,
		.replace = true,
	};

	if (form == PLAIN)
		pw_script_write(script, path, &options);
	else
		pw_shape_script_write(script, path, &options);
}

/* Huge accesses would have a touch for each of their pages. */
static void tame(struct pw_script *script)
{
	for (size_t i = 0; i < script->count; i++)
		script->item[i].size_bytes %= 40000;
}

static struct pw_verify *verify(const char *path, enum pw_status *st)
{
	struct pw_verify *out = calloc(1, sizeof(*out));
	struct pw_progress progress;
	struct pw_error err;

	assert_non_null(out);
	pw_progress_start(&progress, "verify", "accesses", true);
	*st = pw_verify_run(out, path, &progress, &err);
	return out;
}

static void end(struct pw_verify *done)
{
	pw_verify_free(done);
	free(done);
}

static void assert_whole(const char *path, const struct pw_script *script)
{
	enum pw_status st;
	struct pw_verify *done = verify(path, &st);
	uint64_t accesses = 0;

	for (size_t i = 0; i < script->count; i++)
		accesses += !script->item[i].event;
	assert_int_equal(st, PW_OK);
	if (done->problems > 0)
		fail_msg("%s",
			 PW_ARRAY_AT(&done->findings, struct pw_finding, 0)
				 .text);
	assert_int_equal(done->lost.count, 0);
	assert_int_equal(done->totals.accesses, accesses);
	assert_int_equal(done->totals.events, script->count - accesses);
	end(done);
}

static void what_was_written_is_whole(void **state)
{
	struct pw_script script;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		pw_script_make(&script, seed, 4, ITEMS, false);
		tame(&script);
		for (enum form form = PLAIN; form < FORMS; form++) {
			write_script(&script, form, source);
			assert_whole(source, &script);
		}
		pw_script_free(&script);
	}
}

/*
 * Every byte is under a checksum or is checked itself, so whichever one is
 * changed is found. All of the file headers, then every 13th.
 */
static void any_changed_byte_is_found(void **state)
{
	struct pw_script script;
	struct bytes bytes;

	(void)state;
	pw_script_make(&script, 7, 3, ITEMS / 4, false);
	tame(&script);
	for (enum form form = PLAIN; form < FORMS; form++) {
		write_script(&script, form, source);
		bytes = load(source);
		for (size_t i = 0; i < bytes.count; i += i < 192 ? 1 : 13) {
			struct pw_verify *done;
			enum pw_status st;

			bytes.data[i] ^= (uint8_t)(1 + i % 255);
			save(damaged, bytes.data, bytes.count);
			bytes.data[i] ^= (uint8_t)(1 + i % 255);
			done = verify(damaged, &st);
			assert_int_equal(st, PW_OK);
			if (done->problems == 0)
				fail_msg("byte %zu is not looked at", i);
			end(done);
		}
		free(bytes.data);
	}
	pw_script_free(&script);
}

/* Change, overwrite, cut out, insert or cut off bytes somewhere. */
static void spoil(struct bytes *bytes, struct pw_random *random)
{
	size_t at = pw_random_below(random, bytes->count);
	size_t length = 1 + pw_random_below(random, 400);
	size_t left = bytes->count - at;

	length = length < left ? length : left;
	switch (pw_random_below(random, 5)) {
	case 0:
		bytes->data[at] ^= (uint8_t)(1 + pw_random_below(random, 255));
		break;
	case 1:
		memset(bytes->data + at, 0, length);
		break;
	case 2:
		memmove(bytes->data + at, bytes->data + at + length,
			left - length);
		bytes->count -= length;
		break;
	case 3: /* a piece of the file a second time */
		bytes->data = realloc(bytes->data, bytes->count + length + 1);
		assert_non_null(bytes->data);
		memmove(bytes->data + at + length, bytes->data + at, left);
		bytes->count += length;
		break;
	default:
		bytes->count = at;
		break;
	}
}

static bool leaves_out(const char *path)
{
	struct pw_error err;
	struct pw_trace *trace;
	bool out;

	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	out = pw_trace_info(trace)->unknown & PW_UNKNOWN_ACCESSES;
	pw_trace_close(trace);
	return out;
}

/* The mended trace is whole and holds what reading the damaged one brings. */
static void check_mended(const struct pw_verify *done, enum form form)
{
	struct pw_script want, got;
	struct pw_script_result result;
	struct pw_error err;
	uint64_t bytes;

	pw_script_read(&want, damaged, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	if (!result.damaged && done->problems > 0)
		/* Links and counts of headers are of no use to a reader. */
		assert_int_equal(done->lost.count, 0);
	if (result.damaged)
		assert_true(done->problems > 0);
	PW_TEST_OK(pw_repair_write(done, mended, NULL, &bytes, &err), &err);
	assert_whole(mended, &want);
	pw_script_read(&got, mended, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_false(result.damaged);
	assert_int_equal(result.totals.file_bytes, bytes);
	if (got.count != want.count)
		fail_msg("form %d: %zu items, not %zu", form, got.count,
			 want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	assert_int_equal(leaves_out(mended), pw_repair_leaves_out(done));
	pw_script_free(&got);
	pw_script_free(&want);
}

static void what_is_whole_of_a_spoilt_trace_becomes_a_whole_one(void **state)
{
	struct pw_random random;
	size_t lost = 0, kept = 0;

	(void)state;
	pw_random_seed(&random, 11);
	for (uint64_t seed = 1; seed <= 250; seed++) {
		enum form form = (enum form)(seed % FORMS);
		struct pw_script script;
		struct pw_verify *done;
		struct bytes bytes;
		enum pw_status st;

		pw_script_make(&script, seed, 4, ITEMS, true);
		if (form == TOUCHES)
			tame(&script);
		write_script(&script, form, source);
		bytes = load(source);
		for (uint64_t i = pw_random_below(&random, 3) + 1;
		     i > 0 && bytes.count > 0; i--)
			spoil(&bytes, &random);
		/* What is a trace is known by its first bytes. */
		if (bytes.count >= PW_FILE_MAGIC_BYTES &&
		    pw_file_magic_found(bytes.data, bytes.count)) {
			save(damaged, bytes.data, bytes.count);
			done = verify(damaged, &st);
			assert_int_equal(st, PW_OK);
			lost += done->lost.count;
			kept += done->kept.count;
			check_mended(done, form);
			end(done);
		}
		free(bytes.data);
		pw_script_free(&script);
	}
	assert_true(lost > 50 && kept > 500);
}

/*
 * A trace of touches alone: any 7th byte that changes is found, and while
 * nothing is lost before other segments what is whole of it is copied.
 */
static void traces_of_touches_alone_are_verified(void **state)
{
	const struct pw_writer_options options = {.segment_accesses = SEGMENT,
						  .keep = PW_KEEP_TOUCHES,
						  .replace = true};
	struct pw_script script;
	struct bytes bytes;
	size_t copied = 0, refused = 0;

	(void)state;
	pw_script_make(&script, 5, 3, ITEMS / 2, true);
	tame(&script);
	pw_script_write(&script, source, &options);
	assert_whole(source, &script);
	bytes = load(source);
	for (size_t i = 7; i < bytes.count; i += 7) {
		struct pw_error err = {0};
		uint64_t accesses, file_bytes;
		struct pw_verify *done;
		enum pw_status st;

		bytes.data[i] ^= 0x20;
		save(damaged, bytes.data, bytes.count);
		bytes.data[i] ^= 0x20;
		done = verify(damaged, &st);
		assert_int_equal(st, PW_OK);
		assert_true(done->problems > 0);
		accesses = done->totals.accesses;
		st = pw_repair_write(done, mended, NULL, &file_bytes, &err);
		assert_int_equal(st, pw_repair_leaves_out(done) ? PW_ERR_FORMAT
								: PW_OK);
		end(done);
		copied += st == PW_OK;
		refused += st != PW_OK;
		if (st != PW_OK)
			continue;
		done = verify(mended, &st);
		assert_int_equal(done->problems, 0);
		assert_int_equal(done->totals.accesses, accesses);
		end(done);
	}
	assert_true(copied > 100 && refused > 100);
	free(bytes.data);
	pw_script_free(&script);
}

/*
 * The stored trace with a wrong byte in segment 2 of 6: the accesses of 0 and
 * 1 are 100, its own are 50 of threads 1 and 2.
 */
static void what_is_lost_is_told_by_its_place(void **state)
{
	enum pw_status st;
	struct pw_verify *done =
		verify(PW_SOURCE_DIR "/tests/fixtures/pwt/corrupt.pwt", &st);
	const struct pw_lost *lost = done->lost.data;

	(void)state;
	assert_int_equal(st, PW_OK);
	assert_int_equal(done->problems, 1);
	assert_int_equal(done->kept.count, 5);
	assert_int_equal(done->lost.count, 1);
	assert_int_equal(lost->first_segment, 2);
	assert_int_equal(lost->segments, 1);
	assert_int_equal(lost->first_access, 100);
	assert_int_equal(lost->accesses, 50);
	assert_true(lost->exact);
	assert_int_equal(lost->kept_before, 2);
	assert_int_equal(lost->threads, 2);
	assert_int_equal(lost->thread[0], 1);
	assert_int_equal(lost->thread[1], 2);
	assert_true(pw_repair_leaves_out(done));
	end(done);
}

/* The first chunk of @kind in a file that has lost its index and end. */
static size_t find_chunk(const struct bytes *bytes, unsigned kind,
			 struct pw_chunk *chunk)
{
	size_t at = PW_FILE_HEADER_BYTES;

	while (pw_chunk_decode(chunk, bytes->data + at) == PW_HEADER_GOOD &&
	       chunk->kind != kind)
		at += pw_chunk_span(chunk);
	assert_int_equal(chunk->kind, kind);
	return at;
}

static bool is_found(const struct pw_verify *done, const char *text)
{
	for (size_t i = 0; i < done->findings.count; i++)
		if (strcmp(PW_ARRAY_AT(&done->findings, struct pw_finding, i)
				   .text,
			   text) == 0)
			return true;
	return false;
}

/* Headers that lie about the accesses of a chunk, with right checksums. */
static void headers_that_do_not_fit_their_chunks_are_found(void **state)
{
	static const char *const texts[] = {
		"it does not go on where the chunk before it ended",
		"it does not go on where the chunk before it ended",
		"it holds other pages than its header says",
		"it holds other pages than its header says",
		"it points to a wrong chunk before",
	};
	struct pw_script script;
	struct bytes bytes;

	(void)state;
	pw_script_make(&script, 3, 2, ITEMS, true);
	write_script(&script, PLAIN, source);
	for (unsigned i = 0; i < 2 * PW_COUNT(texts); i++) {
		unsigned kind = i % 2 ? PW_CHUNK_TIMELINE : PW_CHUNK_ACCESSES;
		struct pw_chunk chunk, last;
		struct pw_verify *done;
		uint64_t *fields[] = {&chunk.first_access,
				      &chunk.first_instruction, &chunk.min_page,
				      &chunk.max_page, &chunk.previous};
		enum pw_status st;
		size_t at;

		bytes = load(source);
		bytes.count = find_chunk(&bytes, PW_CHUNK_INDEX, &last);
		at = find_chunk(&bytes, kind, &chunk);
		*fields[i / 2] += 8;
		pw_chunk_encode(bytes.data + at, &chunk);
		save(damaged, bytes.data, bytes.count);
		done = verify(damaged, &st);
		assert_int_equal(st, PW_OK);
		if (!is_found(done, texts[i / 2]))
			fail_msg("field %u of %s", i / 2, pw_chunk_name(kind));
		/* It is known how it should be, so nothing is lost. */
		assert_int_equal(done->lost.count, 0);
		check_mended(done, PLAIN);
		end(done);
		free(bytes.data);
	}
	pw_script_free(&script);
}

/* A right checksum over wrong totals. */
static void an_end_with_other_totals_is_found(void **state)
{
	struct pw_script script;
	struct pw_chunk chunk;
	struct pw_verify *done;
	struct bytes bytes;
	enum pw_status st;
	size_t at;

	(void)state;
	pw_script_make(&script, 3, 2, ITEMS / 8, true);
	for (size_t field = 0; field < 7; field++) {
		write_script(&script, PLAIN, source);
		bytes = load(source);
		at = find_chunk(&bytes, PW_CHUNK_END, &chunk);
		pw_store64(bytes.data + at + PW_CHUNK_HEADER_BYTES + 8 * field,
			   1000);
		chunk.payload_hash = pw_hash(
			bytes.data + at + PW_CHUNK_HEADER_BYTES, PW_END_BYTES);
		pw_chunk_encode(bytes.data + at, &chunk);
		save(damaged, bytes.data, bytes.count);
		done = verify(damaged, &st);
		assert_int_equal(st, PW_OK);
		assert_int_equal(done->problems, 1);
		assert_true(is_found(done,
				     "its totals are not those of the trace"));
		check_mended(done, PLAIN);
		end(done);
		free(bytes.data);
	}
	pw_script_free(&script);
}

static int make_files(void **state)
{
	char *const names[] = {source, damaged, mended};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(names); i++) {
		int fd = mkstemp(names[i]);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(source);
	unlink(damaged);
	unlink(mended);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_whole),
		cmocka_unit_test(any_changed_byte_is_found),
		cmocka_unit_test(
			what_is_whole_of_a_spoilt_trace_becomes_a_whole_one),
		cmocka_unit_test(traces_of_touches_alone_are_verified),
		cmocka_unit_test(what_is_lost_is_told_by_its_place),
		cmocka_unit_test(
			headers_that_do_not_fit_their_chunks_are_found),
		cmocka_unit_test(an_end_with_other_totals_is_found),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
