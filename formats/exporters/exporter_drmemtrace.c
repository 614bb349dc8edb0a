/*
 * exporter_drmemtrace.c - a memory trace as DynamoRIO keeps it, in one file.
 *
 * A read-modify-write is a read and a write, and an access longer than a
 * record can say is several. Data of an instruction whose fetch does not stand
 * right before it follow a record that gives the program counter alone. What a
 * thread does follows a record with its id; all stamps are the same, so that
 * the order of the file is the order of the trace.
 *
 * Source: DynamoRIO, clients/drcachesim/common/trace_entry.h.
 */
#include <stdlib.h>

#include "base/bits.h"
#include "formats/exporter.h"
#include "formats/readers/drmem_record.h"

#define VERSION 6	     /* 7 promises that nothing is speculative */
#define CORE_SHARDED 0x10000 /* threads take turns in the file */
#define STAMP UINT64_C(11644473600000000) /* 1970, in microseconds */
#define PIECE_BYTES 32768

struct state {
	FILE *out;
	struct pw_export_totals totals;
	bool begun;
	uint32_t thread; /* that did what was written last */
	uint64_t pc;	 /* that data records have now */
	bool has_pc;
	bool kernel; /* between the markers of a system call */
};

static enum pw_status open_state(void **out, FILE *stream, struct pw_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	*out = state;
	if (!state)
		return pw_fail_memory(err, "an exporter");
	state->out = stream;
	return PW_OK;
}

static void put(struct state *state, unsigned type, uint32_t size,
		uint64_t address)
{
	uint8_t record[PW_DRMEM_BYTES];

	pw_store16(record, (uint16_t)type);
	pw_store16(record + 2, (uint16_t)size);
	pw_store64(record + 4, address);
	fwrite(record, sizeof(record), 1, state->out);
	state->totals.records++;
}

static void begin(struct state *state)
{
	put(state, PW_DRMEM_HEADER, 0, VERSION);
	put(state, PW_DRMEM_MARKER, PW_DRMEM_VERSION, VERSION);
	put(state, PW_DRMEM_MARKER, PW_DRMEM_FILETYPE, CORE_SHARDED);
	state->begun = true;
}

/* Ids that are not known are numbers of threads and processes, from 1 on. */
static void go_to_thread(struct state *state, const struct pw_thread *thread,
			 uint32_t index)
{
	bool first = !state->begun;

	if (!first && state->thread == index)
		return;
	if (state->kernel)
		put(state, PW_DRMEM_MARKER, PW_DRMEM_SYSCALL_END, 0);
	if (first)
		begin(state);
	put(state, PW_DRMEM_THREAD, 4, thread->tid ? thread->tid : index + 1);
	put(state, PW_DRMEM_PID, 4,
	    thread->pid ? thread->pid : thread->process + 1);
	if (first)
		put(state, PW_DRMEM_MARKER, PW_DRMEM_TIMESTAMP, STAMP);
	state->thread = index;
	state->has_pc = false;
	state->kernel = false;
}

static void go_to_mode(struct state *state, bool kernel)
{
	if (state->kernel == kernel)
		return;
	put(state, PW_DRMEM_MARKER,
	    kernel ? PW_DRMEM_SYSCALL_BEGIN : PW_DRMEM_SYSCALL_END, 0);
	state->kernel = kernel;
}

static void put_fetch(struct state *state, uint64_t pc, uint64_t address,
		      uint32_t size)
{
	if (size == 0 || size > UINT16_MAX || address != pc) {
		state->totals.left_out++;
		return;
	}
	put(state, PW_DRMEM_INSTR_FIRST, size, pc);
	state->pc = pc;
	state->has_pc = true;
}

static void put_data(struct state *state, enum pw_drmem_type type,
		     uint64_t address, uint32_t size)
{
	while (size > UINT16_MAX) {
		put(state, type, PIECE_BYTES, address);
		address += PIECE_BYTES;
		size -= PIECE_BYTES;
	}
	put(state, type, size, address);
}

static void write_access(struct state *state, const struct pw_accesses *a,
			 size_t i)
{
	unsigned kind = PW_ACCESS_KIND(a->kind[i]);

	go_to_mode(state, a->kind[i] & PW_ACCESS_KERNEL);
	if (kind == PW_ACCESS_FETCH) {
		put_fetch(state, a->pc[i], a->address[i], a->size_bytes[i]);
		return;
	}
	if (!state->has_pc || state->pc != a->pc[i])
		put(state, PW_DRMEM_NO_FETCH, 0, a->pc[i]);
	state->pc = a->pc[i];
	state->has_pc = true;
	if (kind & PW_ACCESS_LOAD)
		put_data(state, PW_DRMEM_READ, a->address[i], a->size_bytes[i]);
	if (kind & PW_ACCESS_STORE)
		put_data(state, PW_DRMEM_WRITE, a->address[i],
			 a->size_bytes[i]);
}

static enum pw_status write_batch(void *opaque,
				  const struct pw_trace_info *info,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	struct state *state = opaque;

	(void)err;
	if (batch->accesses.count == 0)
		return PW_OK;
	go_to_thread(state, &info->threads[batch->thread], batch->thread);
	for (size_t i = 0; i < batch->accesses.count; i++)
		write_access(state, &batch->accesses, i);
	return PW_OK;
}

static enum pw_status end(void *opaque, struct pw_export_totals *totals,
			  struct pw_error *err)
{
	struct state *state = opaque;

	(void)err;
	if (!state->begun)
		begin(state);
	go_to_mode(state, false);
	put(state, PW_DRMEM_FOOTER, 0, 0);
	*totals = state->totals;
	return PW_OK;
}

const struct pw_exporter_ops pw_exporter_drmemtrace = {
	.name = "drmemtrace",
	.summary = "a memory trace of DynamoRIO, in one file",
	.source = "DynamoRIO, clients/drcachesim/common/trace_entry.h",
	.suffix = ".drmemtrace",
	.open = open_state,
	.write = write_batch,
	.end = end,
	.close = free,
};
