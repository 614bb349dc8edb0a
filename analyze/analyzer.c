/*
 * analyzer.c - the registry of analyses, and a trace shown to one of them.
 */
#include "analyze/analyzer.h"

#include "base/assert.h"
#include "base/progress.h"
#include "formats/trace.h"

#define PW_ANALYZER(name) \
	extern const struct pw_analyzer_ops pw_analyzer_##name;
#include "analyze/analyzers.def"
#undef PW_ANALYZER

static const struct pw_analyzer_ops *const analyzers[] = {
#define PW_ANALYZER(name) &pw_analyzer_##name,
#include "analyze/analyzers.def"
#undef PW_ANALYZER
};

const struct pw_analyzer_ops *pw_analyzer_at(size_t index)
{
	return index < PW_COUNT(analyzers) ? analyzers[index] : NULL;
}

const struct pw_analyzer_ops *pw_analyzer_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(analyzers); i++)
		if (strcmp(analyzers[i]->name, name) == 0)
			return analyzers[i];
	return NULL;
}

static enum pw_status feed(const struct pw_analyzer_ops *ops, void *state,
			   struct pw_trace *trace, bool quiet,
			   struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	enum pw_status st;

	pw_progress_start(&progress, ops->name, "accesses", quiet);
	for (;;) {
		st = pw_trace_next(trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		pw_progress_update(&progress, batch->first_access,
				   pw_trace_progress(trace));
		st = ops->batch(state, batch, err);
		if (st != PW_OK)
			break;
	}
	pw_progress_end(&progress);
	return st;
}

enum pw_status pw_analyze(const struct pw_analyzer_ops *ops, const void *args,
			  const char *path, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct pw_trace_options options = {
		.every_access = !ops->takes_samples,
	};
	struct pw_trace *trace = NULL;
	void *state = NULL;
	enum pw_status st;

	st = ops->begin(&state, args, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(state);
	st = pw_trace_open(&trace, path, &options, err);
	if (st != PW_OK)
		goto out;
	st = feed(ops, state, trace, pw_tables_quiet(out), err);
	if (st != PW_OK)
		goto out;
	if (pw_trace_damage(trace))
		pw_tables_mark_partial(out, "%s", pw_trace_damage(trace));
	st = ops->end(state, out, err);
out:
	pw_trace_close(trace);
	ops->close(state);
	return st;
}
