/*
 * bench_fast.c - how fast executions of shapes are written and read back.
 *
 * bench_fast FOLDER prints rows of name, value, unit for two synthetic
 * streams, in user CPU time, median of five:
 *   interpreter  300 shapes of 5 or 6 instructions and 2 or 3 data accesses,
 *                in loops that are left now and then; of the slots 6 in 10
 *                have one address, 3 or 4 stride, 1 in 30 is anywhere in 4 KiB
 *   compiler     50,000 shapes of 1 to 12 instructions and 0 to 6 data
 *                accesses in functions of 16, which are called with
 *                probability 1/rank and run 8 in a row; slots of a stack
 *                frame that depends on the function, and of objects: 17 in 20
 *                as the last time, 2 one of 64 recent ones, 1 anywhere in 16
 *                MiB
 * Both take three to four times as many bytes an access as recordings of such
 * programs. Every instruction is fetched at its pc, so there are more accesses
 * than data accesses. What is to be written is made before the clock starts.
 */
#include <math.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/lane.h"
#include "tests/bench/timing.h"

#define ROUNDS 5
#define DATA_ACCESSES ((size_t)12 << 20)
#define SLOTS_MAX 24
#define PATH_MAX_ADDRESSES (8 * 6)
#define ANYWHERE 12 /* in place of a step */
#define STACK UINT64_C(0x7ffff0000000)
#define HEAP UINT64_C(0x555555800000)

struct block {
	uint32_t count;
	uint32_t stored;
	uint64_t pc[SLOTS_MAX];
	uint32_t size[SLOTS_MAX];
	uint8_t kind[SLOTS_MAX];
	uint64_t address[SLOTS_MAX]; /* the next ones */
	uint64_t step[SLOTS_MAX];
};

struct stream {
	const char *name;
	struct pw_random random;
	struct block *block;
	size_t blocks;
	uint32_t *symbol; /* the executions */
	size_t symbols;
	uint64_t *address; /* of all of them */
	size_t addresses;
	uint64_t accesses;
	uint64_t recent[64]; /* objects */
};

static uint64_t below(struct stream *stream, uint64_t bound)
{
	return pw_random_below(&stream->random, bound);
}

static void add_slot(struct block *block, uint64_t pc, uint32_t size,
		     unsigned kind)
{
	block->pc[block->count] = pc;
	block->size[block->count] = size;
	block->kind[block->count] = (uint8_t)kind;
	block->count++;
}

/* A block of @instructions, @data of which access memory. */
static void make_block(struct stream *stream, struct block *block, uint64_t pc,
		       uint64_t instructions, uint64_t data)
{
	for (uint64_t i = 0; i < instructions; i++) {
		uint32_t bytes = (uint32_t)(2 + below(stream, 6));

		add_slot(block, pc, bytes,
			 PW_ACCESS_FETCH | PW_ACCESS_FIRST | PW_SHAPE_AT_PC);
		if (block->stored < data) {
			uint64_t dice = below(stream, 30);

			add_slot(block, pc, 8, below(stream, 3) ? 1 : 2);
			block->address[block->stored] =
				HEAP + below(stream, 1 << 20) * 8;
			block->step[block->stored] = dice < 18 ? 0 : dice - 17;
			block->stored++;
		}
		pc += bytes;
	}
}

static void execute(struct stream *stream, uint32_t symbol)
{
	stream->symbol[stream->symbols++] = symbol;
	stream->addresses += stream->block[symbol].stored;
	stream->accesses += stream->block[symbol].count;
}

/* The addresses of the next execution of an interpreter's block. */
static void step_interpreter(struct stream *stream, uint32_t symbol)
{
	struct block *block = &stream->block[symbol];
	uint64_t *address = stream->address + stream->addresses;

	for (uint32_t i = 0; i < block->stored; i++) {
		address[i] = block->address[i];
		if (block->step[i] == ANYWHERE)
			address[i] += below(stream, 512) * 8;
		else
			block->address[i] += block->step[i] * 8;
	}
	execute(stream, symbol);
}

static void make_interpreter(struct stream *stream)
{
	uint32_t program[1000];

	stream->blocks = 300;
	stream->block = calloc(stream->blocks, sizeof(*stream->block));
	for (size_t i = 0; i < stream->blocks; i++)
		make_block(stream, &stream->block[i], 0x400000 + i * 64,
			   5 + below(stream, 2), 2 + below(stream, 2));
	for (size_t i = 0; i < PW_COUNT(program); i++)
		program[i] = (uint32_t)below(stream, stream->blocks);
	while (stream->addresses < DATA_ACCESSES) {
		size_t begin = (size_t)below(stream, PW_COUNT(program));
		size_t length = 20 + (size_t)below(stream, 180), at = 0;
		uint64_t steps = length * (10 + below(stream, 100));

		for (uint64_t i = 0; i < steps; i++) {
			step_interpreter(
				stream,
				program[(begin + at) % PW_COUNT(program)]);
			at = (at + 1) % length;
			if (below(stream, 64) == 0)
				at = (size_t)below(stream, length);
			if (stream->addresses >= DATA_ACCESSES)
				return;
		}
	}
}

/* An object that a slot refers to, which was at @before. */
static uint64_t pick_object(struct stream *stream, uint64_t before)
{
	uint64_t *recent = stream->recent;
	uint64_t dice = below(stream, 20);

	if (dice < 17)
		return before;
	if (dice < 19)
		return recent[below(stream, PW_COUNT(stream->recent))];
	before = HEAP + below(stream, 1 << 18) * 64;
	recent[below(stream, PW_COUNT(stream->recent))] = before;
	return before;
}

static void step_compiler(struct stream *stream, uint32_t symbol,
			  uint64_t frame)
{
	struct block *block = &stream->block[symbol];
	uint64_t *address = stream->address + stream->addresses;

	for (uint32_t i = 0; i < block->stored; i++) {
		if (i & 1)
			block->address[i] =
				pick_object(stream, block->address[i]);
		address[i] = (i & 1 ? block->address[i] : frame) + i * 8;
	}
	execute(stream, symbol);
}

static void make_compiler(struct stream *stream)
{
	stream->blocks = 50000;
	stream->block = calloc(stream->blocks, sizeof(*stream->block));
	for (size_t i = 0; i < stream->blocks; i++)
		make_block(stream, &stream->block[i], 0x400000 + i * 64,
			   1 + below(stream, 12), below(stream, 7));
	for (size_t i = 0; i < PW_COUNT(stream->recent); i++)
		stream->recent[i] = HEAP;
	while (stream->addresses < DATA_ACCESSES) {
		double u = (double)(pw_random_next(&stream->random) >> 11) *
			   0x1p-53;
		size_t rank = (size_t)pow((double)(stream->blocks / 16), u) - 1;
		/* Ranks are spread over the functions, of 16 blocks each. */
		size_t function = rank * 617 % (stream->blocks / 16);
		uint64_t frame = STACK - function % 61 * 96;
		size_t begin = (size_t)below(stream, 8);

		/* Some functions are called from several depths. */
		if (function % 4 == 0)
			frame -= below(stream, 4) * 640;
		for (size_t i = begin; i < begin + 8; i++)
			step_compiler(stream, (uint32_t)(function * 16 + i),
				      frame);
	}
}

static enum pw_status declare(const struct stream *stream,
			      struct pw_writer *writer, struct pw_error *err)
{
	const struct pw_thread thread = {0, 1, 1, 0};
	enum pw_status st = pw_writer_thread(writer, &thread, err);

	for (size_t i = 0; i < stream->blocks && st == PW_OK; i++) {
		const struct block *block = &stream->block[i];
		struct pw_shape shape = {block->count, block->pc, block->size,
					 block->kind};
		uint32_t index;

		st = pw_writer_shape(writer, &shape, &index, err);
	}
	return st;
}

static enum pw_status send(const struct stream *stream,
			   struct pw_writer *writer, struct pw_error *err)
{
	const uint64_t *address = stream->address;
	enum pw_status st = PW_OK;
	size_t i = 0;

	while (i < stream->symbols && st == PW_OK) {
		struct pw_lane *lane;
		bool full = false;

		st = pw_writer_lane_begin(writer, 0, &lane, err);
		if (st != PW_OK)
			break;
		for (; i < stream->symbols && !full; i++) {
			uint32_t symbol = stream->symbol[i];

			full = pw_lane_execute(lane, symbol, address);
			address += stream->block[symbol].stored;
		}
		st = pw_writer_lane_end(writer, err);
	}
	return st;
}

/* Write the trace; *seconds is what executions took, to the closed file. */
static enum pw_status write_trace(const struct stream *stream, const char *path,
				  double *seconds, struct pw_error *err)
{
	const struct pw_writer_options options = {.replace = true};
	struct pw_writer *writer;
	enum pw_status st = pw_writer_open(&writer, path, &options, err);
	double before;

	if (st == PW_OK)
		st = declare(stream, writer, err);
	before = user_s();
	if (st == PW_OK)
		st = send(stream, writer, err);
	if (st == PW_OK)
		st = pw_writer_close(writer, err);
	*seconds = user_s() - before;
	return st;
}

static enum pw_status read_trace(const char *path, double *seconds,
				 struct pw_totals *totals, struct pw_error *err)
{
	const struct pw_trace_options options = {.workers = 1};
	const struct pw_batch *batch;
	double before = user_s();
	struct pw_trace *trace;
	enum pw_status st = pw_trace_open(&trace, path, &options, err);

	if (st != PW_OK)
		return st;
	do {
		st = pw_trace_next(trace, &batch, err);
	} while (st == PW_OK && batch);
	pw_trace_totals(trace, totals);
	pw_trace_close(trace);
	*seconds = user_s() - before;
	return st;
}

static void row(const struct stream *stream, const char *what, double value,
		const char *unit)
{
	printf("fast.%s.%s,%.3f,%s\n", stream->name, what, value, unit);
}

static void print_rates(const struct stream *stream, const char *what,
			double seconds)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.data", what);
	row(stream, name, (double)stream->addresses / seconds / 1e6,
	    "M data accesses/s");
	snprintf(name, sizeof(name), "%s.all", what);
	row(stream, name, (double)stream->accesses / seconds / 1e6,
	    "M accesses/s");
}

static enum pw_status measure(const struct stream *stream, const char *folder,
			      struct pw_error *err)
{
	double writing[ROUNDS], reading[ROUNDS];
	struct pw_totals totals = {0};
	enum pw_status st = PW_OK;
	char path[4096];

	snprintf(path, sizeof(path), "%s/fast_%s.pwt", folder, stream->name);
	for (size_t i = 0; i < ROUNDS && st == PW_OK; i++) {
		st = write_trace(stream, path, &writing[i], err);
		if (st == PW_OK)
			st = read_trace(path, &reading[i], &totals, err);
	}
	if (st != PW_OK)
		return st;
	PW_ASSERT(totals.accesses == stream->accesses);
	print_rates(stream, "write", median_of(writing, ROUNDS));
	print_rates(stream, "read", median_of(reading, ROUNDS));
	row(stream, "bytes_per_data_access",
	    (double)totals.file_bytes / (double)stream->addresses, "B");
	return PW_OK;
}

static enum pw_status bench(const char *name, void (*make)(struct stream *),
			    const char *folder, struct pw_error *err)
{
	struct stream stream = {.name = name};
	enum pw_status st;

	pw_random_seed(&stream.random, 1);
	stream.symbol = calloc(DATA_ACCESSES * 2, sizeof(uint32_t));
	stream.address =
		calloc(DATA_ACCESSES + PATH_MAX_ADDRESSES, sizeof(uint64_t));
	PW_ASSERT(stream.symbol && stream.address);
	make(&stream);
	PW_ASSERT(stream.symbols <= DATA_ACCESSES * 2);
	st = measure(&stream, folder, err);
	free(stream.block);
	free(stream.symbol);
	free(stream.address);
	return st;
}

int main(int count, char **words)
{
	struct pw_error err = {.status = PW_OK};

	if (count != 2) {
		fputs("usage: bench_fast FOLDER\n", stderr);
		return PW_ERR_USAGE;
	}
	if (bench("interpreter", make_interpreter, words[1], &err) != PW_OK ||
	    bench("compiler", make_compiler, words[1], &err) != PW_OK) {
		fprintf(stderr, "bench_fast: %s\n", err.message);
		return (int)err.status;
	}
	return 0;
}
