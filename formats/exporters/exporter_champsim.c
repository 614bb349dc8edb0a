/*
 * exporter_champsim.c - instructions for the simulator ChampSim, packed by xz.
 *
 * A record holds four loads and two stores; an instruction that makes more goes
 * on in another record of the same address. The format has neither sizes nor
 * registers here. A branch is what the next instruction does not follow, so
 * that untaken ones are not seen, and where sizes are unknown none is. The
 * kernel's accesses are left out.
 *
 * Source: ChampSim, inc/trace_instruction.h, struct input_instr.
 */
#include <lzma.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/crew.h"
#include "formats/exporter.h"

#define RECORD_BYTES 64
#define BRANCH_OFFSET 8
#define STORE_OFFSET 16
#define LOAD_OFFSET 32
#define STORES_MAX 2
#define LOADS_MAX 4
#define BUFFER_BYTES ((size_t)1 << 16)
#define RECORDS_HELD 1024
#define BLOCK_BYTES ((uint64_t)32 << 20)
/*
 * The best preset without long searches, which take twenty times as long; a
 * larger dictionary than it has makes up for them.
 */
#define PRESET 3
#define DICTIONARY_BYTES ((uint32_t)16 << 20)

struct state {
	FILE *out;
	lzma_stream xz;
	struct pw_export_totals totals;
	uint64_t pc; /* of the instruction being put together; 0: none */
	uint32_t size_bytes; /* 0: unknown */
	unsigned loads;
	unsigned stores;
	uint8_t record[RECORD_BYTES];
	size_t held; /* records, not yet packed */
	uint8_t hold[RECORDS_HELD * RECORD_BYTES];
	uint8_t buffer[BUFFER_BYTES];
};

/* Pack the records that are held. */
static enum pw_status pack(struct state *state, lzma_action action,
			   struct pw_error *err)
{
	lzma_stream *xz = &state->xz;
	lzma_ret result;

	xz->next_in = state->hold;
	xz->avail_in = state->held * RECORD_BYTES;
	state->held = 0;
	do {
		xz->next_out = state->buffer;
		xz->avail_out = sizeof(state->buffer);
		result = lzma_code(xz, action);
		if (result != LZMA_OK && result != LZMA_STREAM_END)
			return pw_fail_memory(err, "the packer");
		fwrite(state->buffer, 1, sizeof(state->buffer) - xz->avail_out,
		       state->out);
	} while (xz->avail_in > 0 ||
		 (action == LZMA_FINISH && result != LZMA_STREAM_END));
	return PW_OK;
}

static enum pw_status open_state(void **out, FILE *stream, struct pw_error *err)
{
	lzma_options_lzma options;
	const lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options},
				       {LZMA_VLI_UNKNOWN, NULL}};
	/* Blocks of a fixed size: the bytes do not depend on the threads. */
	const lzma_mt how = {
		.threads = pw_crew_workers(0),
		.block_size = BLOCK_BYTES,
		.filters = filters,
		.check = LZMA_CHECK_CRC64,
	};
	struct state *state = calloc(1, sizeof(*state));

	*out = state;
	if (!state)
		return pw_fail_memory(err, "an exporter");
	state->out = stream;
	if (!lzma_lzma_preset(&options, PRESET)) {
		options.dict_size = DICTIONARY_BYTES;
		if (lzma_stream_encoder_mt(&state->xz, &how) == LZMA_OK)
			return PW_OK;
	}
	free(state);
	*out = NULL;
	return pw_fail_memory(err, "the packer");
}

/* Write the record that is being put together, if there is one. */
static enum pw_status flush(struct state *state, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (state->pc == 0)
		return PW_OK;
	pw_store64(state->record, state->pc);
	memcpy(state->hold + state->held++ * RECORD_BYTES, state->record,
	       RECORD_BYTES);
	if (state->held == RECORDS_HELD)
		st = pack(state, LZMA_RUN, err);
	memset(state->record, 0, RECORD_BYTES);
	state->loads = state->stores = 0;
	state->totals.records++;
	return st;
}

/* An instruction begins at @pc; of unknown size unless it is fetched. */
static enum pw_status begin(struct state *state, uint64_t pc, uint32_t size,
			    struct pw_error *err)
{
	enum pw_status st;

	if (state->size_bytes > 0 && pc != state->pc + state->size_bytes)
		state->record[BRANCH_OFFSET] =
			state->record[BRANCH_OFFSET + 1] = 1;
	st = flush(state, err);
	state->pc = pc;
	state->size_bytes = size;
	return st;
}

static enum pw_status put_operand(struct state *state, bool store,
				  uint64_t address, struct pw_error *err)
{
	unsigned *count = store ? &state->stores : &state->loads;
	enum pw_status st = PW_OK;

	if (*count == (store ? STORES_MAX : LOADS_MAX))
		st = flush(state, err);
	pw_store64(state->record + (store ? STORE_OFFSET : LOAD_OFFSET) +
			   (size_t)8 * *count,
		   address);
	++*count;
	return st;
}

static enum pw_status write_access(struct state *state, uint64_t pc,
				   uint64_t address, uint32_t size,
				   unsigned kind, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	/* An address or pc of 0 would be no operand and no instruction. */
	if ((kind & PW_ACCESS_KERNEL) || pc == 0 || address == 0) {
		state->totals.left_out++;
		return PW_OK;
	}
	if (PW_ACCESS_KIND(kind) == PW_ACCESS_FETCH)
		return begin(state, pc, size, err);
	if ((kind & PW_ACCESS_FIRST) || pc != state->pc)
		st = begin(state, pc, 0, err);
	if (st == PW_OK && (kind & PW_ACCESS_LOAD))
		st = put_operand(state, false, address, err);
	if (st == PW_OK && (kind & PW_ACCESS_STORE))
		st = put_operand(state, true, address, err);
	return st;
}

static enum pw_status write_batch(void *opaque,
				  const struct pw_trace_info *info,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	const struct pw_accesses *a = &batch->accesses;
	enum pw_status st = PW_OK;

	(void)info;
	for (size_t i = 0; st == PW_OK && i < a->count; i++)
		st = write_access(opaque, a->pc[i], a->address[i],
				  a->size_bytes[i], a->kind[i], err);
	return st;
}

static enum pw_status end(void *opaque, struct pw_export_totals *totals,
			  struct pw_error *err)
{
	struct state *state = opaque;
	enum pw_status st = flush(state, err);

	if (st == PW_OK)
		st = pack(state, LZMA_FINISH, err);
	*totals = state->totals;
	return st;
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	if (state)
		lzma_end(&state->xz);
	free(state);
}

const struct pw_exporter_ops pw_exporter_champsim = {
	.name = "champsim",
	.summary = "instructions for the simulator ChampSim, packed by xz",
	.source = "ChampSim, inc/trace_instruction.h, struct input_instr",
	.suffix = ".champsimtrace.xz",
	.needs = PW_UNKNOWN_PCS,
	.one_thread = true,
	.open = open_state,
	.write = write_batch,
	.end = end,
	.close = close_state,
};
