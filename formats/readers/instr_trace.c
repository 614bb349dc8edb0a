/*
 * instr_trace.c - ChampSim's traces: instructions of a fixed size, no header.
 *
 * An instruction is a fetch, then its loads, then its stores. Sizes are not in
 * the format. Offset 0 is the instruction pointer, 8 whether it is a branch, 9
 * whether that was taken; registers follow.
 */
#include "formats/readers/instr_trace.h"

#include "base/bits.h"
#include "formats/damage.h"
#include "formats/source.h"

#define BATCH_ACCESSES ((size_t)65536)
#define BUFFER_RECORDS ((size_t)4096)
#define OPERANDS_MAX 8
/* Instructions are shorter than this. */
#define STEP_BYTES_MAX 16

struct state {
	const struct pw_instr_layout *layout;
	const struct pw_input_file *file;
	struct pw_source *source;
	struct pw_damage damage;
	bool at_end;
	uint64_t records; /* parsed */
	uint64_t bad;	  /* of them */
	uint64_t first_bad;
	size_t begin; /* of what is not yet parsed */
	size_t end;
	size_t count; /* accesses in the batch */
	uint64_t address[BATCH_ACCESSES];
	uint64_t pc[BATCH_ACCESSES];
	uint32_t size_bytes[BATCH_ACCESSES]; /* always 0: unknown */
	uint8_t kind[BATCH_ACCESSES];
	uint8_t buffer[BUFFER_RECORDS * PW_INSTR_BYTES_MAX];
};

static const struct pw_thread only_thread;

/* Bits 47 to 63 are equal. */
static bool is_canonical(uint64_t address)
{
	uint64_t top = address >> 47;

	return top == 0 || top == UINT64_C(0x1ffff);
}

static bool is_plausible(const struct pw_instr_layout *layout, const uint8_t *r)
{
	uint64_t ip = pw_load64(r);

	if (ip == 0 || !is_canonical(ip) || r[8] > 1 || r[9] > 1)
		return false;
	for (size_t i = 0; i < layout->stores; i++)
		if (!is_canonical(pw_load64(r + layout->store_offset + 8 * i)))
			return false;
	for (size_t i = 0; i < layout->loads; i++)
		if (!is_canonical(pw_load64(r + layout->load_offset + 8 * i)))
			return false;
	for (size_t i = 0; i < PW_COUNT(layout->padding); i++)
		for (size_t at = layout->padding[i][0];
		     at < layout->padding[i][1]; at++)
			if (r[at] != 0)
				return false;
	return true;
}

int pw_instr_probe(const struct pw_instr_layout *layout, const uint8_t *head,
		   size_t head_bytes)
{
	size_t records = head_bytes / layout->bytes;
	size_t bad = 0, steps = 0;
	uint64_t last = 0;

	for (size_t i = 0; i < records; i++) {
		const uint8_t *record = head + i * layout->bytes;
		uint64_t ip = pw_load64(record);

		bad += !is_plausible(layout, record);
		steps += ip - last - 1 < STEP_BYTES_MAX;
		last = ip;
	}
	if (records == 0 || bad * 8 > records)
		return 0;
	if (bad > 0)
		return 20;
	/* Most instructions go on with the next one. */
	return steps * 2 >= records ? 70 : 30;
}

enum pw_status pw_instr_open(void **out, const struct pw_instr_layout *layout,
			     const struct pw_input *input,
			     struct pw_trace_info *info, struct pw_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	enum pw_status st;

	*out = NULL;
	if (!state)
		return pw_fail_memory(err, input->path);
	state->layout = layout;
	state->file = &PW_ARRAY_AT(&input->files, struct pw_input_file, 0);
	pw_damage_init(&state->damage, state->file->path);
	st = pw_source_open(&state->source, state->file, err);
	if (st != PW_OK) {
		pw_instr_close(state);
		return st;
	}
	info->format = layout->name;
	info->unknown =
		PW_UNKNOWN_SIZES | PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS;
	info->threads = &only_thread;
	info->thread_count = 1;
	*out = state;
	return PW_OK;
}

void pw_instr_close(void *opaque)
{
	struct state *state = opaque;

	if (state)
		pw_source_close(state->source);
	free(state);
}

static void put(struct state *state, uint64_t ip, uint64_t address,
		unsigned kind)
{
	size_t i = state->count++;

	state->pc[i] = ip;
	state->address[i] = address;
	state->kind[i] = (uint8_t)kind;
}

static void parse_record(struct state *state, const uint8_t *record)
{
	const struct pw_instr_layout *layout = state->layout;
	uint64_t ip = pw_load64(record);

	if (!is_plausible(layout, record)) {
		if (state->bad++ == 0)
			state->first_bad = state->records;
		return;
	}
	put(state, ip, ip, PW_ACCESS_FETCH | PW_ACCESS_FIRST);
	for (size_t i = 0; i < layout->loads; i++) {
		uint64_t at = pw_load64(record + layout->load_offset + 8 * i);

		if (at)
			put(state, ip, at, PW_ACCESS_LOAD);
	}
	for (size_t i = 0; i < layout->stores; i++) {
		uint64_t at = pw_load64(record + layout->store_offset + 8 * i);

		if (at)
			put(state, ip, at, PW_ACCESS_STORE);
	}
}

/* Read on behind what is left, which moves to the front. */
static enum pw_status fill(struct state *state, struct pw_error *err)
{
	enum pw_status st;
	size_t got;

	state->end -= state->begin;
	memmove(state->buffer, state->buffer + state->begin, state->end);
	state->begin = 0;
	st = pw_source_read(state->source, state->buffer + state->end,
			    BUFFER_RECORDS * state->layout->bytes - state->end,
			    &got, err);
	state->end += got;
	state->at_end = st == PW_OK && got == 0;
	return st;
}

static void describe_damage(struct state *state)
{
	const char *problem = pw_source_problem(state->source);

	if (state->bad > 0)
		pw_damage_add(&state->damage,
			      "record %llu: %llu of %llu records cannot be "
			      "instructions",
			      (unsigned long long)state->first_bad,
			      (unsigned long long)state->bad,
			      (unsigned long long)state->records);
	if (problem)
		pw_damage_add(&state->damage, "%s", problem);
	if (state->begin < state->end)
		pw_damage_add(&state->damage,
			      "record %llu: the file ends inside of it",
			      (unsigned long long)state->records);
	state->begin = state->end;
}

enum pw_status pw_instr_next(void *opaque, struct pw_trace_info *info,
			     struct pw_batch *batch, bool *more,
			     struct pw_error *err)
{
	struct state *state = opaque;
	const size_t bytes = state->layout->bytes;
	bool ended = state->at_end;

	(void)info;
	state->count = 0;
	while (!state->at_end &&
	       state->count + 1 + OPERANDS_MAX <= BATCH_ACCESSES) {
		if (state->end - state->begin < bytes) {
			enum pw_status st = fill(state, err);

			if (st != PW_OK)
				return st;
			continue;
		}
		parse_record(state, state->buffer + state->begin);
		state->begin += bytes;
		state->records++;
	}
	if (state->at_end && !ended)
		describe_damage(state);
	*batch = (struct pw_batch){
		.accesses = {state->count, state->address, state->pc,
			     state->size_bytes, state->kind},
	};
	*more = state->count > 0;
	return PW_OK;
}

const char *pw_instr_damage(const void *opaque)
{
	const struct state *state = opaque;

	return pw_damage_text(&state->damage);
}

bool pw_instr_totals(const void *opaque, struct pw_totals *out)
{
	(void)opaque; /* known only after reading */
	(void)out;
	return false;
}

double pw_instr_progress(const void *opaque)
{
	const struct state *state = opaque;
	uint64_t used = pw_source_used(state->source);

	if (state->at_end || used >= state->file->bytes)
		return state->at_end ? 1 : 0.99;
	return (double)used / (double)state->file->bytes;
}
