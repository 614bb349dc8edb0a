/*
 * exporter_lackey.c - the text that Valgrind's lackey writes.
 *
 * The kernel's accesses are left out: Valgrind sees the program's only.
 *
 * Source: Valgrind 3.19, lackey/lk_main.c.
 */
#include <stdlib.h>

#include "formats/exporter.h"

struct state {
	FILE *out;
	struct pw_export_totals totals;
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

static const char *prefix_of(uint8_t kind)
{
	switch (PW_ACCESS_KIND(kind)) {
	case PW_ACCESS_LOAD:
		return " L ";
	case PW_ACCESS_STORE:
		return " S ";
	case PW_ACCESS_MODIFY:
		return " M ";
	default:
		return "I  ";
	}
}

static enum pw_status write_batch(void *opaque,
				  const struct pw_trace_info *info,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	const struct pw_accesses *a = &batch->accesses;
	struct state *state = opaque;

	(void)info;
	(void)err;
	for (size_t i = 0; i < a->count; i++) {
		if (a->kind[i] & PW_ACCESS_KERNEL) {
			state->totals.left_out++;
			continue;
		}
		fprintf(state->out, "%s%08llx,%u\n", prefix_of(a->kind[i]),
			(unsigned long long)a->address[i], a->size_bytes[i]);
		state->totals.records++;
	}
	return PW_OK;
}

static enum pw_status end(void *opaque, struct pw_export_totals *totals,
			  struct pw_error *err)
{
	const struct state *state = opaque;

	(void)err;
	*totals = state->totals;
	return PW_OK;
}

const struct pw_exporter_ops pw_exporter_lackey = {
	.name = "lackey",
	.summary = "text as Valgrind's lackey writes it",
	.source = "Valgrind 3.19, lackey/lk_main.c",
	.suffix = ".lackey",
	.needs = PW_UNKNOWN_SIZES,
	.one_thread = true,
	.open = open_state,
	.write = write_batch,
	.end = end,
	.close = free,
};
