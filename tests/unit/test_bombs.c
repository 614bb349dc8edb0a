/*
 * test_bombs.c - small files that ask for much: what they get is a clear error
 * or, where they are valid, an answer, and never more than 256 MiB of memory.
 *
 * PW_LONG=1 unpacks 10 GiB where otherwise more than the memory is enough.
 */
#include "tests/support/pw_test.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "formats/confine.h"
#include "formats/dense_wire.h"
#include "formats/fast_wire.h"
#include "formats/shape_wire.h"
#include "formats/trace.h"
#include "formats/writer.h"
#include "tests/support/pack.h"
#include "tests/support/raw_trace.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define MEMORY_KIB_MAX (256 << 10)
#define SECONDS_MAX 600

static char path[] = "/tmp/pw_test_bombs_XXXXXX";

/* What became of reading a file in a process of its own. */
struct outcome {
	enum pw_status status;
	bool damaged;
	uint64_t accesses;
	uint64_t events;
	char message[2300];
};

static uint64_t much(void)
{
	return getenv("PW_LONG") ? 10 * GIB : 300 * MIB;
}

static void read_all(const char *format, struct outcome *outcome)
{
	struct pw_trace_options options = {
		.needs = PW_NEED_TOUCHES, .format = format, .workers = 4};
	const struct pw_batch *batch = NULL;
	struct pw_error err = {0};
	struct pw_trace *trace;
	struct pw_totals totals;

	outcome->status = pw_trace_open(&trace, path, &options, &err);
	while (outcome->status == PW_OK) {
		outcome->status = pw_trace_next(trace, &batch, &err);
		if (!batch)
			break;
	}
	memcpy(outcome->message, err.message, sizeof(err.message));
	if (!trace)
		return;
	pw_trace_totals(trace, &totals);
	outcome->accesses = totals.accesses;
	outcome->events = totals.events;
	outcome->damaged = pw_trace_damage(trace) != NULL;
	if (outcome->damaged)
		snprintf(outcome->message, sizeof(outcome->message), "%s",
			 pw_trace_damage(trace));
	pw_trace_close(trace);
}

static enum pw_status count_accesses(void *argument, unsigned worker,
				     uint64_t segment,
				     const struct pw_batch *batch,
				     struct pw_error *err)
{
	(void)argument;
	(void)worker;
	(void)segment;
	(void)batch;
	(void)err;
	return PW_OK;
}

/* Read the file on many processors, in no order. */
static void read_each(const char *format, struct outcome *outcome)
{
	const struct pw_trace_options options = {.format = format};
	const struct pw_trace_taker taker = {.workers = 16,
					     .take = count_accesses};
	struct pw_totals totals;
	struct pw_error err = {0};
	struct pw_trace *trace;

	outcome->status = pw_trace_open(&trace, path, &options, &err);
	if (outcome->status == PW_OK)
		outcome->status = pw_trace_each(trace, &taker, &err);
	memcpy(outcome->message, err.message, sizeof(err.message));
	if (!trace)
		return;
	pw_trace_totals(trace, &totals);
	outcome->accesses = totals.accesses;
	outcome->damaged = pw_trace_damage(trace) != NULL;
	pw_trace_close(trace);
}

typedef void read_function(const char *format, struct outcome *outcome);

/* Read the file at path; the process must end, and not by a signal. */
static struct outcome measure_reading(const char *what, const char *format,
				      read_function *reading)
{
	struct outcome *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct outcome outcome;
	struct rusage usage;
	pid_t child;
	int status;

	assert_true(shared != MAP_FAILED);
	child = fork();
	if (child == 0) {
		alarm(SECONDS_MAX);
		reading(format, shared);
		_exit(0);
	}
	assert_int_equal(wait4(child, &status, 0, &usage), child);
	outcome = *shared;
	munmap(shared, sizeof(*shared));
	print_message("%s, %s: %ld MiB, %llu accesses, %s\n", what,
		      format ? format : "-", usage.ru_maxrss >> 10,
		      (unsigned long long)outcome.accesses, outcome.message);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: status %#x", what, (unsigned)status);
	/* Sanitizers have memory of their own. */
	if (pw_confine_is_whole())
		assert_true(usage.ru_maxrss < MEMORY_KIB_MAX);
	return outcome;
}

/* The file is damaged or no trace at all, and the message says which file. */
static struct outcome measure(const char *what, const char *format)
{
	return measure_reading(what, format, read_all);
}

static void assert_refused(const char *what, const char *format)
{
	struct outcome outcome = measure(what, format);

	if (!outcome.damaged)
		assert_int_equal(outcome.status, PW_ERR_FORMAT);
	assert_non_null(strstr(outcome.message, path));
	assert_int_equal(outcome.accesses, 0);
}

/* ---- packed foreign files ---- */

/* A file of @bytes zeros, packed. */
static void write_packed(enum pw_packing packing, uint64_t bytes)
{
	const size_t part = 16 * MIB;
	/* pw_pack ends an archive with so much of a directory. */
	size_t tail = packing >= PW_PACK_ZIP ? 33 : 0;
	uint8_t *zeros = calloc(1, part);
	FILE *file = fopen(path, "w");
	struct pw_array unit;

	assert_non_null(zeros);
	assert_non_null(file);
	pw_pack(&unit, packing, zeros, part);
	for (uint64_t done = 0; done < bytes; done += part)
		assert_int_equal(fwrite(unit.data, 1, unit.count - tail, file),
				 unit.count - tail);
	if (tail > 0)
		fwrite((uint8_t *)unit.data + unit.count - tail, 1, tail, file);
	assert_int_equal(fclose(file), 0);
	pw_array_free(&unit);
	free(zeros);
}

static const struct {
	const char *name;
	enum pw_packing packing;
} packings[] = {
	{"gzip", PW_PACK_GZIP}, {"xz", PW_PACK_XZ},
	{"lz4", PW_PACK_LZ4},	{"snappy", PW_PACK_SNAPPY},
	{"zip", PW_PACK_ZIP},	{"zip of unknown sizes", PW_PACK_ZIP_STREAM},
};

static void zeros_in_every_packing_are_no_trace(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(packings); i++) {
		write_packed(packings[i].packing, much());
		assert_refused(packings[i].name, NULL);
	}
}

/* Records of zeros are instructions without accesses to the last two. */
static void zeros_are_damage_to_every_reader(void **state)
{
	static const char *const text[] = {"pinatrace", "lackey", "din", "perf",
					   "drmemtrace"};
	static const char *const records[] = {"champsim", "cloudsuite"};

	(void)state;
	write_packed(PW_PACK_LZ4, much());
	for (size_t i = 0; i < PW_COUNT(text); i++)
		assert_refused("zeros", text[i]);
	for (size_t i = 0; i < PW_COUNT(records); i++)
		(void)measure("zeros", records[i]);
	write_packed(PW_PACK_GZIP, much());
	for (size_t i = 0; i < PW_COUNT(text); i++)
		assert_refused("packed zeros", text[i]);
}

/* A name of 1 MiB in a sample of perf, and in the first line of a log. */
static void a_name_of_a_mebibyte_is_no_trace(void **state)
{
	static const char *const format[] = {"perf", "pinatrace",  "lackey",
					     "din",  "drmemtrace", "champsim"};
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	for (size_t i = 0; i < MIB; i++)
		putc('n', file);
	fputs(" 100 1.0: 1 cpu/mem-loads/: 7f00 0 |OP LOAD| 400000 main (a)\n",
	      file);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < PW_COUNT(format); i++)
		assert_refused("a name of 1 MiB", format[i]);
	assert_refused("a name of 1 MiB", NULL);
}

/* ---- chunks that unpack to more than they say, or say too much ---- */

/* The access chunk of a segment that has one load in a shape of one slot. */
static void write_accesses(const struct pw_array *payload, unsigned codec,
			   uint64_t raw_bytes, uint64_t count,
			   uint64_t segments)
{
	const uint64_t pc = 0x400000;
	const uint32_t size = 8;
	const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_shape shape = {1, &pc, &size, &kind};
	struct pw_array raw = PW_ARRAY(uint8_t), packed = PW_ARRAY(uint8_t);
	struct pw_chunk chunk = {.kind = PW_CHUNK_SHAPES,
				 .codec = PW_CODEC_ZSTD};
	struct pw_raw_trace trace;
	struct pw_error err = {0};

	PW_TEST_OK(pw_shape_put(&raw, &shape, &err), &err);
	PW_TEST_OK(pw_frame_pack(&raw, 1, &packed, &err), &err);
	chunk.raw_bytes = raw.count;
	pw_raw_begin(&trace, path);
	pw_raw_chunk(&trace, &chunk, packed.data, packed.count);
	for (uint64_t i = 0; i < segments; i++) {
		chunk = (struct pw_chunk){.kind = PW_CHUNK_ACCESSES,
					  .flags = PW_CHUNK_CRITICAL,
					  .codec = codec,
					  .segment = i,
					  .raw_bytes = raw_bytes,
					  .access_count = count};
		pw_raw_chunk(&trace, &chunk, payload->data, payload->count);
		pw_raw_timeline(&trace, i, count);
	}
	pw_raw_end(&trace);
	pw_array_free(&raw);
	pw_array_free(&packed);
}

static size_t streams_of(unsigned codec)
{
	return codec == PW_CODEC_DENSE	? PW_DENSE_STREAMS
	       : codec == PW_CODEC_FAST ? PW_FAST_STREAMS
					: 4;
}

/* Stream @bomb says 64 MiB and unpacks to as many zeros as @holds. */
static void write_stream_bomb(unsigned codec, size_t bomb, uint64_t count,
			      uint64_t holds)
{
	size_t streams = streams_of(codec);
	struct pw_array payload = PW_ARRAY(uint8_t);
	uint8_t table[PW_DENSE_TABLE_BYTES] = {0};
	struct pw_array frame = PW_ARRAY(uint8_t);

	pw_raw_run_frame(&frame, 0, holds);
	pw_store32(table + bomb * 8, (uint32_t)(64 * MIB));
	pw_store32(table + bomb * 8 + 4, (uint32_t)frame.count);
	pw_raw_append(&payload, table, streams * 8);
	pw_raw_append(&payload, frame.data, frame.count);
	write_accesses(&payload, codec, 64 * MIB, count, 8);
	pw_array_free(&payload);
	pw_array_free(&frame);
}

/* The most accesses that may be in such a chunk, and few. */
static void try_stream(unsigned codec, size_t stream)
{
	const uint64_t counts[] = {1000, codec == PW_CODEC_DENSE
						 ? PW_SEGMENT_DENSE_MAX
						 : PW_SEGMENT_ACCESSES_MAX};
	static const uint64_t holds[] = {64 * MIB, 10 * GIB};
	char what[64];

	for (size_t i = 0; i < PW_COUNT(counts) * PW_COUNT(holds); i++) {
		snprintf(what, sizeof(what), "codec %u, stream %zu", codec,
			 stream);
		write_stream_bomb(codec, stream, counts[i / 2], holds[i % 2]);
		assert_refused(what, NULL);
	}
}

static void a_payload_of_10_gib_is_damage(void **state)
{
	(void)state;
	for (unsigned codec = PW_CODEC_ZSTD; codec <= PW_CODEC_DENSE; codec++)
		for (size_t s = 0; s < streams_of(codec); s++)
			try_stream(codec, s);
}

static void shapes_and_timelines_of_10_gib_are_damage(void **state)
{
	static const uint16_t kinds[] = {PW_CHUNK_SHAPES, PW_CHUNK_TIMELINE};
	static const uint64_t holds[] = {64 * MIB, 10 * GIB};
	struct pw_array frame = PW_ARRAY(uint8_t);
	struct pw_raw_trace trace;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(kinds) * PW_COUNT(holds); i++) {
		struct pw_chunk chunk = {.kind = kinds[i / 2],
					 .codec = PW_CODEC_ZSTD,
					 .raw_bytes = 64 * MIB};

		frame.count = 0;
		pw_raw_run_frame(&frame, 0, holds[i % 2]);
		pw_raw_begin(&trace, path);
		for (int j = 0; j < 3; j++)
			pw_raw_chunk(&trace, &chunk, frame.data, frame.count);
		pw_raw_end(&trace);
		assert_refused(pw_chunk_name(chunk.kind), NULL);
	}
	pw_array_free(&frame);
}

/*
 * As many rules as a stream holds, and all of them right: rule s executes
 * shape 1 twice. None of them is used.
 */
static void millions_of_rules_are_damage(void **state)
{
	struct pw_array payload = PW_ARRAY(uint8_t);
	uint8_t table[PW_DENSE_TABLE_BYTES] = {0};
	size_t at = 0;

	(void)state;
	pw_raw_append(&payload, table, sizeof(table));
	for (size_t s = 0; s < PW_DENSE_STREAMS; s++) {
		/* One shape, and one symbol of four bytes that executes it. */
		static const uint64_t raw[PW_DENSE_STREAMS] = {1, 63 * MIB, 4};
		static const uint8_t byte[PW_DENSE_STREAMS] = {0, 1, 0};
		size_t before = payload.count;

		if (raw[s] > 0)
			pw_raw_run_frame(&payload, byte[s], raw[s]);
		pw_store32(table + s * 8, (uint32_t)raw[s]);
		pw_store32(table + s * 8 + 4,
			   (uint32_t)(payload.count - before));
		at += raw[s];
	}
	memcpy(payload.data, table, sizeof(table));
	write_accesses(&payload, PW_CODEC_DENSE, at, 1, 6);
	assert_refused("rules", NULL);
	pw_array_free(&payload);
}

/* ---- declarations ---- */

static void write_meta(const struct pw_array *json)
{
	struct pw_chunk chunk = {.kind = PW_CHUNK_META,
				 .flags = PW_CHUNK_CRITICAL};
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_raw_trace trace;
	const uint8_t head[8] = {0};

	pw_raw_append(&payload, head, sizeof(head));
	pw_raw_append(&payload, json->data, json->count);
	pw_raw_begin(&trace, path);
	pw_raw_chunk(&trace, &chunk, payload.data, payload.count);
	pw_raw_end(&trace);
	pw_array_free(&payload);
}

/* Metadata of 15 MiB: @begin, @part again and again, and @end. */
static void write_much_meta(const char *begin, const char *part,
			    const char *end)
{
	struct pw_array json = PW_ARRAY(uint8_t);

	pw_raw_append(&json, begin, strlen(begin));
	while (json.count < 15 * MIB)
		pw_raw_append(&json, part, strlen(part));
	pw_raw_append(&json, end, strlen(end));
	write_meta(&json);
	pw_array_free(&json);
}

static void metadata_of_millions_of_values_is_damage(void **state)
{
	(void)state;
	write_much_meta("{\"a\":[", "{},", "0]}");
	assert_refused("objects", NULL);
	write_much_meta("{\"a\":[", "0,", "0]}");
	assert_refused("numbers", NULL);
	write_much_meta("{", "\"\":0,", "\"b\":0}");
	assert_refused("members", NULL);
	write_much_meta("{\"a\":", "[", "");
	assert_refused("brackets", NULL);
	write_much_meta("{\"a\":\"", "\\\"[,{", "\"}");
	assert_non_null(strstr(measure("a string", NULL).message,
			       "the recording did not end"));
}

static void a_million_threads_are_read_and_one_more_is_damage(void **state)
{
	struct pw_chunk chunk = {.kind = PW_CHUNK_THREADS,
				 .flags = PW_CHUNK_CRITICAL,
				 .thread = 1};
	size_t count = PW_THREADS_MAX - 1;
	uint8_t *threads = calloc(count + 1, 16);
	struct pw_raw_trace trace;
	struct outcome outcome;

	(void)state;
	assert_non_null(threads);
	for (size_t i = 0; i <= count; i++)
		pw_store32(threads + i * 16, (uint32_t)(i + 1));
	for (size_t more = 0; more < 2; more++) {
		pw_raw_begin(&trace, path);
		pw_raw_chunk(&trace, &chunk, threads, (count + more) * 16);
		pw_raw_end(&trace);
		outcome = measure("threads", NULL);
		assert_int_equal(strstr(outcome.message, "malformed") != NULL,
				 more > 0);
	}
	free(threads);
}

/*
 * Each event ends the runs of all threads of the process: if each thread were
 * told so each time, this would take minutes.
 */
static void many_events_of_a_process_of_many_threads_are_read(void **state)
{
	const struct pw_event event = {.kind = PW_EVENT_munmap};
	struct pw_writer_options options = {.replace = true};
	const uint64_t address = 4096, pc = 0;
	const uint32_t size_bytes = 1, threads = 1 << 15, events = 1 << 20;
	const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_accesses load = {1, &address, &pc, &size_bytes, &kind};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct outcome outcome;
	struct pw_writer *writer;

	(void)state;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (uint32_t i = 0; i < threads; i++) {
		thread.tid = i;
		PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	}
	for (uint32_t i = 0; i < threads; i++)
		PW_TEST_OK(pw_writer_accesses(writer, i, &load, &err), &err);
	for (uint32_t i = 0; i < events; i++)
		PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	outcome = measure("events", NULL);
	assert_int_equal(outcome.status, PW_OK);
	assert_int_equal(outcome.events, events);
}

/*
 * Segments that unpack to some 50 MiB, of few bytes: as many as there are
 * workers must not be in memory at a time.
 */
static void segments_of_much_are_few_at_a_time(void **state)
{
	struct pw_writer_options options = {.segment_accesses = 2 * MIB,
					    .replace = true};
	const size_t count = MIB, parts = 16;
	uint64_t *address = calloc(count, sizeof(*address));
	uint64_t *pc = calloc(count, sizeof(*pc));
	uint32_t *size_bytes = calloc(count, sizeof(*size_bytes));
	uint8_t *kind = malloc(count);
	const struct pw_accesses accesses = {count, address, pc, size_bytes,
					     kind};
	const struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	assert_true(address && pc && size_bytes && kind);
	memset(kind, PW_ACCESS_LOAD, count);
	for (size_t i = 0; i < count; i++) {
		address[i] = i % 2 ? UINT64_C(1) << 62 : 0;
		pc[i] = i % 3 ? UINT64_C(1) << 62 : 0;
		size_bytes[i] = i % 2 ? UINT32_MAX : 1;
	}
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	for (size_t i = 0; i < parts; i++)
		PW_TEST_OK(pw_writer_accesses(writer, 0, &accesses, &err),
			   &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	free(address);
	free(pc);
	free(size_bytes);
	free(kind);
	assert_int_equal(measure_reading("segments", NULL, read_each).accesses,
			 count * parts);
}

/* Names as long as the format has them, a hundred of each. */
static void long_names_are_read(void **state)
{
	struct pw_event event = {.kind = PW_EVENT_mark};
	struct pw_writer_options options = {.replace = true};
	struct pw_module module = {.path = NULL};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct outcome outcome;
	char *name = malloc(MIB + 1);

	(void)state;
	assert_non_null(name);
	memset(name, 'n', MIB);
	name[MIB] = '\0';
	event.text = name;
	module.path = name + MIB - 65536;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	for (int i = 0; i < 100; i++) {
		PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
		PW_TEST_OK(pw_writer_module(writer, &module, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	outcome = measure("names of 1 MiB", NULL);
	assert_int_equal(outcome.status, PW_OK);
	assert_false(outcome.damaged);
	assert_int_equal(outcome.events, 100);
	free(name);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros_in_every_packing_are_no_trace),
		cmocka_unit_test(zeros_are_damage_to_every_reader),
		cmocka_unit_test(a_name_of_a_mebibyte_is_no_trace),
		cmocka_unit_test(a_payload_of_10_gib_is_damage),
		cmocka_unit_test(shapes_and_timelines_of_10_gib_are_damage),
		cmocka_unit_test(millions_of_rules_are_damage),
		cmocka_unit_test(metadata_of_millions_of_values_is_damage),
		cmocka_unit_test(
			a_million_threads_are_read_and_one_more_is_damage),
		cmocka_unit_test(segments_of_much_are_few_at_a_time),
		cmocka_unit_test(
			many_events_of_a_process_of_many_threads_are_read),
		cmocka_unit_test(long_names_are_read),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
