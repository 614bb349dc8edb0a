/*
 * instr_trace.h - ChampSim's traces: instructions of a fixed size, no header.
 *
 * Two layouts exist, and neither says which it is. A record is believed when
 * its flags are 0 or 1, its padding is 0 and its addresses are canonical.
 */
#ifndef PW_FORMATS_READERS_INSTR_TRACE_H
#define PW_FORMATS_READERS_INSTR_TRACE_H

#include "formats/reader.h"

#define PW_INSTR_BYTES_MAX 96

/* Where things are in a record; memory operands of 0 are none. */
struct pw_instr_layout {
	const char *name;
	size_t bytes;
	size_t stores; /* operands written */
	size_t loads;
	size_t store_offset;
	size_t load_offset;
	size_t padding[2][2]; /* first byte, and behind the last */
};

/*
 * As struct pw_reader_ops says of probe.
 */
int pw_instr_probe(const struct pw_instr_layout *layout, const uint8_t *head,
		   size_t head_bytes);

/*
 * As struct pw_reader_ops says of open.
 *
 * Owns:   *out is the caller's; free it with pw_instr_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_instr_open(void **out, const struct pw_instr_layout *layout,
			     const struct pw_input *input,
			     struct pw_trace_info *info,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * As struct pw_reader_ops says of next.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_instr_next(void *opaque, struct pw_trace_info *info,
			     struct pw_batch *batch, bool *more,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * As struct pw_reader_ops says of damage.
 *
 * Owns: the state.
 */
const char *pw_instr_damage(const void *opaque);

/*
 * As struct pw_reader_ops says of totals: nothing is stored.
 */
bool pw_instr_totals(const void *opaque, struct pw_totals *out);

/*
 * As struct pw_reader_ops says of progress.
 */
double pw_instr_progress(const void *opaque);

/*
 * Free the state.
 */
void pw_instr_close(void *opaque);

#endif
