/*
 * rewrite.c - a writer and what makes shapes of accesses, as one.
 */
#include "formats/rewrite.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/assert.h"

enum pw_status pw_rewrite_names(const char *source, const char *output,
				struct pw_error *err)
{
	struct stat from, to;

	if (!output) {
		pw_fail(err, PW_ERR_USAGE, "there is no name for the output");
		return pw_hint(err, "give one with -o");
	}
	if (stat(source, &from) != 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", source);
	if (stat(output, &to) != 0 || from.st_dev != to.st_dev ||
	    from.st_ino != to.st_ino)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "%s: the output would replace the source",
		source);
	return pw_hint(err, "choose another name with -o");
}

enum pw_status pw_rewrite_whole(const struct pw_trace *trace,
				struct pw_error *err)
{
	const char *damage = pw_trace_damage(trace);
	bool own = strcmp(pw_trace_info(trace)->format, "pwt") == 0;

	if (!damage)
		return PW_OK;
	pw_fail(err, PW_ERR_FORMAT, "%s", damage);
	return pw_hint(err, "make a whole trace of what is left with %s first",
		       own ? "pagewalk verify --repair" : "pagewalk import");
}

enum pw_status pw_rewrite_open(struct pw_rewrite *rewrite, const char *path,
			       const char *metadata, unsigned unknown,
			       struct pw_error *err)
{
	const struct pw_writer_options options = {
		.metadata = metadata,
		.unknown = unknown,
		.replace = true,
	};
	enum pw_status st;

	memset(rewrite, 0, sizeof(*rewrite));
	rewrite->path = path;
	st = pw_writer_open(&rewrite->writer, path, &options, err);
	if (st == PW_OK)
		st = pw_regroup_open(&rewrite->regroup, rewrite->writer, err);
	return st;
}

enum pw_status pw_rewrite_thread(struct pw_rewrite *rewrite,
				 const struct pw_thread *thread,
				 struct pw_error *err)
{
	enum pw_status st = pw_regroup_flush(rewrite->regroup, err);

	if (st != PW_OK)
		return st;
	rewrite->threads++;
	return pw_writer_thread(rewrite->writer, thread, err);
}

enum pw_status pw_rewrite_module(struct pw_rewrite *rewrite,
				 const struct pw_module *module,
				 struct pw_error *err)
{
	enum pw_status st = pw_regroup_flush(rewrite->regroup, err);

	if (st != PW_OK)
		return st;
	rewrite->modules++;
	return pw_writer_module(rewrite->writer, module, err);
}

enum pw_status pw_rewrite_declare(struct pw_rewrite *rewrite,
				  const struct pw_trace_info *info,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && rewrite->threads < info->thread_count)
		st = pw_rewrite_thread(rewrite,
				       &info->threads[rewrite->threads], err);
	while (st == PW_OK && rewrite->modules < info->module_count)
		st = pw_rewrite_module(rewrite,
				       &info->modules[rewrite->modules], err);
	return st;
}

enum pw_status pw_rewrite_accesses(struct pw_rewrite *rewrite, uint32_t thread,
				   const struct pw_accesses *accesses,
				   struct pw_error *err)
{
	PW_ASSERT(thread < rewrite->threads);
	if (accesses->count == 0)
		return PW_OK;
	return pw_regroup_accesses(rewrite->regroup, thread, accesses, err);
}

enum pw_status pw_rewrite_event(struct pw_rewrite *rewrite, uint32_t thread,
				const struct pw_event *event,
				struct pw_error *err)
{
	enum pw_status st = pw_regroup_flush(rewrite->regroup, err);

	PW_ASSERT(thread < rewrite->threads);
	if (st != PW_OK)
		return st;
	return pw_writer_event(rewrite->writer, thread, event, err);
}

enum pw_status pw_rewrite_close(struct pw_rewrite *rewrite,
				struct pw_totals *totals, struct pw_error *err)
{
	struct pw_writer *writer = rewrite->writer;
	struct stat file;
	enum pw_status st = pw_regroup_flush(rewrite->regroup, err);

	if (st == PW_OK)
		st = pw_writer_flush(writer, err);
	if (st == PW_OK) {
		pw_writer_totals(writer, totals);
		rewrite->writer = NULL;
		st = pw_writer_close(writer, err);
	}
	if (st == PW_OK && stat(rewrite->path, &file) == 0)
		totals->file_bytes = (uint64_t)file.st_size;
	pw_rewrite_abandon(rewrite);
	return st;
}

void pw_rewrite_abandon(struct pw_rewrite *rewrite)
{
	pw_regroup_close(rewrite->regroup);
	pw_writer_abandon(rewrite->writer);
	memset(rewrite, 0, sizeof(*rewrite));
}

struct pw_event pw_rewrite_event_at(const struct pw_events *events,
				    size_t index)
{
	struct pw_event event = {
		.kind = (enum pw_event_kind)events->kind[index],
		.result = events->result[index],
		.text = events->text[index],
	};

	PW_ASSERT(index < events->count);
	memcpy(event.arg, events->arg[index], sizeof(event.arg));
	return event;
}

struct pw_accesses pw_rewrite_part(const struct pw_accesses *accesses,
				   size_t from, size_t to)
{
	struct pw_accesses part = {0};

	PW_ASSERT(from <= to && to <= accesses->count);
	if (from == to)
		return part;
	part.count = to - from;
	part.address = accesses->address + from;
	part.pc = accesses->pc + from;
	part.size_bytes = accesses->size_bytes + from;
	part.kind = accesses->kind + from;
	return part;
}
