/*
 * rewrite.h - a trace made from the batches of others.
 *
 * Accesses become executions of shapes, so that what is written is as small as
 * a recording whatever it was made from.
 */
#ifndef PW_FORMATS_REWRITE_H
#define PW_FORMATS_REWRITE_H

#include "base/status.h"
#include "formats/regroup.h"
#include "formats/trace.h"
#include "formats/writer.h"

struct pw_rewrite {
	const char *path;
	struct pw_writer *writer;
	struct pw_regroup *regroup;
	size_t threads; /* declared so far, and so on */
	size_t modules;
};

/*
 * Check the name of an output: it is there, the source can be found and is
 * another file.
 *
 * Errors: PW_ERR_USAGE.
 */
enum pw_status pw_rewrite_names(const char *source, const char *output,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Refuse a trace that is known to be damaged: what is lost must be said in a
 * trace, and an old one does not say it.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_rewrite_whole(const struct pw_trace *trace,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Begin the trace @path, which appears when it is whole. The path is the
 * caller's and must outlive it.
 *
 * Owns:   @rewrite holds resources; end it with pw_rewrite_close or
 *         pw_rewrite_abandon, also after a failure.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_rewrite_open(struct pw_rewrite *rewrite, const char *path,
			       const char *metadata, unsigned unknown,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare a thread or a module.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_rewrite_thread(struct pw_rewrite *rewrite,
				 const struct pw_thread *thread,
				 struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_rewrite_module(struct pw_rewrite *rewrite,
				 const struct pw_module *module,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare the threads and modules of @info that have come up since the last
 * call, as they are.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_rewrite_declare(struct pw_rewrite *rewrite,
				  const struct pw_trace_info *info,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Append accesses, or an event, of a declared thread.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_rewrite_accesses(struct pw_rewrite *rewrite, uint32_t thread,
				   const struct pw_accesses *accesses,
				   struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_rewrite_event(struct pw_rewrite *rewrite, uint32_t thread,
				const struct pw_event *event,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * End the trace and free everything, whatever happens; *totals are those of
 * the file.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_rewrite_close(struct pw_rewrite *rewrite,
				struct pw_totals *totals,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free everything after a failure; there is no output. A closed or empty
 * @rewrite is allowed.
 */
void pw_rewrite_abandon(struct pw_rewrite *rewrite);

/*
 * Event @index of a batch, for those who change it.
 *
 * Owns: the text is the batch's.
 */
struct pw_event pw_rewrite_event_at(const struct pw_events *events,
				    size_t index);

/*
 * Accesses [@from, @to) of @accesses.
 *
 * Owns: the arrays stay those of @accesses.
 */
struct pw_accesses pw_rewrite_part(const struct pw_accesses *accesses,
				   size_t from, size_t to);

#endif
