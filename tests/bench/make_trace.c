/*
 * make_trace.c - a synthetic trace for the benchmarks.
 *
 * make_trace PATTERN ACCESSES FILE, PATTERN one of
 *   loop        4 MiB of data swept line by line by a loop of 64 instructions
 *   walk        a random walk over 16 Mi: neighbours, sometimes a jump
 *   random      uniform over 64 MiB, 8 bytes each: 90 % STLB misses
 *   huge        uniform over 4 GiB
 * Half of the accesses are fetches.
 */
#include "base/bits.h"
#include "base/random.h"
#include "base/units.h"
#include "formats/writer.h"

#define BATCH 4096
#define CODE_BASE UINT64_C(0x401000)
#define DATA_BASE UINT64_C(0x7f0000000000)

struct stream {
	struct pw_random random;
	const char *pattern;
	uint64_t step;
	uint64_t cursor;
};

static uint64_t next_offset(struct stream *stream)
{
	uint64_t n = stream->step++;

	switch (stream->pattern[0]) {
	case 'l':
		return n * 64 % ((uint64_t)4 << 20);
	case 'w':
		if (pw_random_below(&stream->random, 64) == 0)
			stream->cursor = pw_random_next(&stream->random);
		stream->cursor += 8;
		return stream->cursor % ((uint64_t)16 << 20);
	case 'r':
		return pw_random_below(&stream->random, 8 << 20) * 8;
	default:
		return pw_random_below(&stream->random, (uint64_t)512 << 20) *
		       8;
	}
}

static void fill(struct stream *stream, struct pw_accesses *accesses)
{
	static uint64_t address[BATCH];
	static uint64_t pc[BATCH];
	static uint32_t size[BATCH];
	static uint8_t kind[BATCH];

	for (size_t i = 0; i < BATCH; i += 2) {
		uint64_t at = CODE_BASE + i / 2 % 64 * 4;

		pc[i] = at;
		pc[i + 1] = at;
		address[i] = at;
		address[i + 1] = DATA_BASE + next_offset(stream);
		size[i] = 4;
		size[i + 1] = 8;
		kind[i] = PW_ACCESS_FETCH | PW_ACCESS_FIRST;
		kind[i + 1] = i % 8 ? PW_ACCESS_LOAD : PW_ACCESS_STORE;
	}
	*accesses = (struct pw_accesses){BATCH, address, pc, size, kind};
}

static enum pw_status make(const char *pattern, uint64_t count,
			   const char *path, struct pw_error *err)
{
	const struct pw_writer_options options = {
		.metadata = "{\"engine\":\"synthetic\"}", .replace = true};
	const struct pw_event code = {
		.kind = PW_EVENT_map,
		.arg = {CODE_BASE, 4096, 5, 2, 0, 1, 1, 4096},
		.text = "/synthetic"};
	const struct pw_event data = {
		.kind = PW_EVENT_map,
		.arg = {DATA_BASE, UINT64_C(4) << 30, 3, 0x22}};
	const struct pw_thread thread = {0, 1, 1, 0};
	struct stream stream = {.pattern = pattern};
	struct pw_writer *writer = NULL;
	struct pw_accesses accesses;
	enum pw_status st;

	pw_random_seed(&stream.random, 1);
	st = pw_writer_open(&writer, path, &options, err);
	if (st == PW_OK)
		st = pw_writer_thread(writer, &thread, err);
	if (st == PW_OK)
		st = pw_writer_event(writer, 0, &code, err);
	if (st == PW_OK)
		st = pw_writer_event(writer, 0, &data, err);
	for (uint64_t done = 0; st == PW_OK && done < count; done += BATCH) {
		fill(&stream, &accesses);
		st = pw_writer_accesses(writer, 0, &accesses, err);
	}
	if (st == PW_OK)
		return pw_writer_close(writer, err);
	pw_writer_abandon(writer);
	return st;
}

int main(int argc, char **argv)
{
	struct pw_error err = {.status = PW_OK};
	uint64_t count;

	if (argc != 4) {
		fputs("usage: make_trace PATTERN ACCESSES FILE\n", stderr);
		return PW_ERR_USAGE;
	}
	if (pw_parse_count(argv[2], &count, &err) != PW_OK ||
	    make(argv[1], count, argv[3], &err) != PW_OK) {
		fprintf(stderr, "make_trace: %s\n", err.message);
		return (int)err.status;
	}
	return 0;
}
