/*
 * relayout.c - move the regions of a trace to where Linux would have put them.
 */
#include "replay/memory/relayout.h"

#include <jansson.h>

#include "base/array.h"
#include "base/assert.h"
#include "replay/memory/layout.h"

struct pw_relayout {
	struct pw_array layouts; /* struct pw_layout, by number of the space */
	struct pw_array pages;	 /* uint64_t: of the touches given out */
	struct pw_array events;	 /* struct pw_event: those given out */
};

/* Whether the trace needs a relayout, from its metadata. */
static enum pw_status look_at(const struct pw_trace_info *info, bool *needed,
			      struct pw_error *err)
{
	const char *path = info->path ? info->path : "trace";
	json_error_t why;
	json_t *root = json_loads(info->metadata, 0, &why);
	const char *machine =
		json_string_value(json_object_get(root, "machine"));
	const char *layout = json_string_value(json_object_get(root, "layout"));
	enum pw_status st = PW_OK;

	*needed = layout && strcmp(layout, "native") != 0;
	if (!json_is_object(root))
		st = pw_fail(err, PW_ERR_FORMAT,
			     "%s: the metadata is no JSON object", path);
	else if (machine && strcmp(machine, "x86_64") != 0)
		st = pw_fail(err, PW_ERR_USAGE,
			     "%s: recorded on %s, but --relayout is for x86-64 "
			     "only",
			     path, machine);
	else if (*needed && strcmp(layout, "qemu-user") != 0)
		st = pw_fail(err, PW_ERR_USAGE,
			     "%s: --relayout does not know the layout \"%s\"",
			     path, layout);
	json_decref(root);
	return st;
}

enum pw_status pw_relayout_open(struct pw_relayout **out,
				const struct pw_trace_info *info,
				struct pw_error *err)
{
	struct pw_relayout *relayout;
	bool needed;
	enum pw_status st = look_at(info, &needed, err);

	*out = NULL;
	if (st != PW_OK || !needed)
		return st;
	relayout = calloc(1, sizeof(*relayout));
	if (!relayout)
		return pw_fail_memory(err, "a relayout");
	relayout->layouts = (struct pw_array)PW_ARRAY(struct pw_layout);
	relayout->pages = (struct pw_array)PW_ARRAY(uint64_t);
	relayout->events = (struct pw_array)PW_ARRAY(struct pw_event);
	*out = relayout;
	return PW_OK;
}

void pw_relayout_close(struct pw_relayout *relayout)
{
	if (!relayout)
		return;
	for (size_t i = 0; i < relayout->layouts.count; i++)
		pw_layout_free(
			&PW_ARRAY_AT(&relayout->layouts, struct pw_layout, i));
	pw_array_free(&relayout->layouts);
	pw_array_free(&relayout->pages);
	pw_array_free(&relayout->events);
	free(relayout);
}

/* The layout of @space, made empty when it is new; NULL without memory. */
static struct pw_layout *layout_of(struct pw_relayout *relayout, uint32_t space,
				   struct pw_error *err)
{
	PW_ASSERT(space != PW_NO_SPACE);
	while (relayout->layouts.count <= space) {
		struct pw_layout layout;

		pw_layout_init(&layout);
		if (pw_array_push(&relayout->layouts, &layout, err) != PW_OK)
			return NULL;
	}
	return &PW_ARRAY_AT(&relayout->layouts, struct pw_layout, space);
}

/* The shift of @page, which gets a place if it has none. */
static enum pw_status find(struct pw_layout *layout, uint64_t page,
			   struct pw_shift *found, struct pw_error *err)
{
	enum pw_status st;

	if (pw_shifts_find(&layout->shifts, page, found))
		return PW_OK;
	st = pw_layout_stray(layout, page, err);
	PW_ASSERT(st != PW_OK || pw_shifts_find(&layout->shifts, page, found));
	return st;
}

enum pw_status pw_relayout_touches(struct pw_relayout *relayout, uint32_t space,
				   const struct pw_touches *touches,
				   struct pw_touches *out, struct pw_error *err)
{
	struct pw_shift recent[2] = {0};
	struct pw_layout *layout = layout_of(relayout, space, err);
	uint64_t *page;
	enum pw_status st;

	if (!layout)
		return err->status;
	st = pw_array_reserve(&relayout->pages, touches->count, err);
	if (st != PW_OK)
		return st;
	page = relayout->pages.data;
	for (size_t i = 0; i < touches->count; i++) {
		struct pw_shift *side =
			&recent[touches->flags[i] & PW_TOUCH_FETCH];
		uint64_t from = pw_page_fold(touches->page[i]);

		if (from < side->range.first || from >= side->range.end) {
			st = find(layout, from, side, err);
			if (st != PW_OK)
				return st;
		}
		page[i] = from + side->shift;
	}
	*out = *touches;
	out->page = page;
	return PW_OK;
}

/* What becomes of the layouts themselves; *space is where the event happens. */
static enum pw_status follow(struct pw_relayout *relayout,
			     const struct pw_lineage_change *change,
			     uint32_t *space, struct pw_error *err)
{
	struct pw_layout *other = NULL;

	*space = change->space;
	if (change->other != PW_NO_SPACE) {
		other = layout_of(relayout, change->other, err);
		if (!other)
			return err->status;
	}
	if (change->kind == PW_LINEAGE_FORK && other) {
		/* After the last growth of the array, so both stay. */
		const struct pw_layout *from =
			layout_of(relayout, change->space, err);

		if (!from)
			return err->status;
		other = layout_of(relayout, change->other, err);
		return other ? pw_layout_copy(other, from, err) : err->status;
	}
	if (change->kind == PW_LINEAGE_EXEC) {
		PW_ASSERT(other);
		pw_layout_free(other);
		*space = change->other;
	}
	return PW_OK;
}

enum pw_status pw_relayout_event(struct pw_relayout *relayout,
				 const struct pw_trace_info *info,
				 const struct pw_relayout_event *what,
				 const struct pw_event **out, size_t *count,
				 struct pw_error *err)
{
	const struct pw_lineage_change *change = what->change;
	struct pw_layout *layout;
	uint32_t space;
	enum pw_status st;

	*out = what->event;
	*count = 1;
	if (change->kind == PW_LINEAGE_OVER)
		return PW_OK;
	st = follow(relayout, change, &space, err);
	if (st != PW_OK)
		return st;
	layout = layout_of(relayout, space, err);
	if (!layout)
		return err->status;
	if (change->kind == PW_LINEAGE_END && change->last)
		pw_layout_free(layout);
	if (change->kind != PW_LINEAGE_SAME)
		return PW_OK;
	relayout->events.count = 0;
	st = pw_layout_event(layout,
			     &(struct pw_layout_call){.info = info,
						      .process = what->process,
						      .event = what->event,
						      .out = &relayout->events},
			     err);
	*out = relayout->events.data;
	*count = relayout->events.count;
	return st;
}
