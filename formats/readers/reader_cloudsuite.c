/*
 * reader_cloudsuite.c - traces of CloudSuite in ChampSim's layout for them.
 *
 * Source: ChampSim, inc/trace_instruction.h, struct cloudsuite_instr.
 */
#include "formats/readers/instr_trace.h"

static const struct pw_instr_layout layout = {
	.name = "cloudsuite",
	.bytes = 96,
	.stores = 4,
	.loads = 4,
	.store_offset = 24,
	.load_offset = 56,
	.padding = {{18, 24}, {91, 96}},
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

const struct pw_reader_ops pw_reader_cloudsuite = {
	.name = "cloudsuite",
	.summary = "instructions in ChampSim's layout for CloudSuite",
	.source = "ChampSim, inc/trace_instruction.h, struct cloudsuite_instr",
	.probe = probe,
	.open = open_state,
	.next = pw_instr_next,
	.damage = pw_instr_damage,
	.totals = pw_instr_totals,
	.progress = pw_instr_progress,
	.close = pw_instr_close,
};
