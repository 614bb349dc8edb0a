/*
 * exporter_pages.c - the numbers of the pages referred to, one a line.
 *
 * An access that crosses into other pages is a reference in each.
 *
 * Source: the plain-text request streams that cache simulators read, as
 *         libCacheSim's "txt".
 */
#include <stdlib.h>

#include "base/bits.h"
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
		uint64_t last =
			pw_access_last_byte(a->address[i], a->size_bytes[i]) >>
			PW_PAGE_SHIFT;

		for (uint64_t page = a->address[i] >> PW_PAGE_SHIFT;
		     page <= last; page++) {
			fprintf(state->out, "%llu\n", (unsigned long long)page);
			state->totals.records++;
		}
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

const struct pw_exporter_ops pw_exporter_pages = {
	.name = "pages",
	.summary = "numbers of 4 KiB pages, one a line",
	.source = "libCacheSim, doc/quickstart_cachesim.md, txt traces",
	.suffix = ".pages",
	.open = open_state,
	.write = write_batch,
	.end = end,
	.close = free,
};
