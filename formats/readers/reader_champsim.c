/*
 * reader_champsim.c - traces of the simulator ChampSim.
 *
 * Source: ChampSim, inc/trace_instruction.h, struct input_instr.
 */
#include "formats/readers/instr_trace.h"

static const struct pw_instr_layout layout = {
	.name = "champsim",
	.bytes = 64,
	.stores = 2,
	.loads = 4,
	.store_offset = 16,
	.load_offset = 32,
	.padding = {{0}},
};

static int probe(const uint8_t *head, size_t head_bytes)
{
	return pw_instr_probe(&layout, head, head_bytes);
}

static enum pw_status open_state(void **out, const struct pw_input *input,
				 const struct pw_trace_options *options,
				 struct pw_trace_info *info,
				 struct pw_error *err)
{
	(void)options; /* the caller cuts at epochs */
	return pw_instr_open(out, &layout, input, info, err);
}

const struct pw_reader_ops pw_reader_champsim = {
	.name = "champsim",
	.summary = "instructions of the simulator ChampSim",
	.source = "ChampSim, inc/trace_instruction.h, struct input_instr",
	.probe = probe,
	.open = open_state,
	.next = pw_instr_next,
	.damage = pw_instr_damage,
	.totals = pw_instr_totals,
	.progress = pw_instr_progress,
	.close = pw_instr_close,
};
