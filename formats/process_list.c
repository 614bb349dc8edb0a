/*
 * process_list.c - the processes of a trace: what they ran and how they ended.
 */
#include "formats/process_list.h"

#include "base/assert.h"

struct item {
	bool seen; /* it has run */
	uint64_t accesses;
	uint64_t instructions;
	const char *program; /* NULL: not known */
	const char *ended;   /* NULL: not recorded */
};

static const struct pw_table_spec spec = {
	.name = "process_list",
	.title = "Processes",
	.help = "parent is the process that made it; ended is empty when the "
		"end was not recorded.",
	.form = PW_FORM_ROWS,
	.column = {{"process", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"pid", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"parent", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"threads", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"ended", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"program", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

void pw_process_list_init(struct pw_process_list *list)
{
	list->items = (struct pw_array)PW_ARRAY(struct item);
	pw_lineage_init(&list->lineage);
}

void pw_process_list_free(struct pw_process_list *list)
{
	pw_array_free(&list->items);
	pw_lineage_free(&list->lineage);
}

static struct item *item_at(const struct pw_process_list *list, size_t process)
{
	PW_ASSERT(process < list->items.count);
	return &PW_ARRAY_AT(&list->items, struct item, process);
}

/* The item of @process, made with what its parent ran when it is new. */
static enum pw_status meet(struct pw_process_list *list,
			   const struct pw_trace_info *info, uint32_t thread,
			   struct pw_error *err)
{
	uint32_t process = info->threads[thread].process;
	uint32_t creator = info->threads[thread].parent;
	enum pw_status st = PW_OK;

	while (list->items.count <= process && st == PW_OK)
		st = pw_array_push(&list->items, NULL, err);
	if (st != PW_OK || item_at(list, process)->seen)
		return st;
	item_at(list, process)->seen = true;
	if (creator < info->thread_count &&
	    info->threads[creator].process < list->items.count)
		item_at(list, process)->program =
			item_at(list, info->threads[creator].process)->program;
	return PW_OK;
}

/* How an event ended its process. */
static const char *describe_end(const struct pw_event *event,
				struct pw_arena *arena)
{
	unsigned long long number = event->arg[0];

	if (event->kind == PW_EVENT_killed)
		return pw_arena_printf(arena, "signal %llu", number);
	return pw_arena_printf(arena, "exit %llu", number & 0xff);
}

/* What @event tells of the process @item. */
static enum pw_status note_event(struct item *item,
				 const struct pw_event *event,
				 const struct pw_lineage_change *change,
				 struct pw_arena *arena, struct pw_error *err)
{
	bool starts = change->kind == PW_LINEAGE_EXEC ||
		      (event->kind == PW_EVENT_map && !item->program &&
		       event->text[0] == '/');

	PW_ASSERT(event->text);
	if (starts) {
		item->program = pw_arena_copy(arena, event->text);
		if (!item->program)
			return pw_fail_memory(err, "the name of a program");
	}
	if (change->kind == PW_LINEAGE_END) {
		item->ended = describe_end(event, arena);
		if (!item->ended)
			return pw_fail_memory(err, "the end of a process");
	}
	return PW_OK;
}

enum pw_status pw_process_list_note(struct pw_process_list *list,
				    const struct pw_trace_info *info,
				    const struct pw_batch *batch,
				    struct pw_arena *arena,
				    struct pw_error *err)
{
	const struct pw_events *events = &batch->events;
	enum pw_status st = meet(list, info, batch->thread, err);
	struct pw_lineage_change change;
	struct item *item;
	uint32_t space;

	if (st != PW_OK)
		return st;
	item = item_at(list, info->threads[batch->thread].process);
	item->accesses += batch->access_count;
	item->instructions += batch->instruction_count;
	st = pw_lineage_run(&list->lineage, info, batch->thread, &space, err);
	for (size_t i = 0; i < events->count && st == PW_OK; i++) {
		const struct pw_event event = {.kind = events->kind[i],
					       .result = events->result[i],
					       .arg = {events->arg[i][0]},
					       .text = events->text[i]};

		st = pw_lineage_event(&list->lineage, info, batch->thread,
				      &event, &change, err);
		if (st == PW_OK)
			st = note_event(item, &event, &change, arena, err);
	}
	return st;
}

/* The threads of a process. */
struct crew {
	uint64_t threads;
	size_t first;
};

/* Count the threads of each process; NULL without memory. */
static struct crew *count_threads(const struct pw_trace_info *info,
				  struct pw_arena *arena, uint32_t *processes)
{
	struct crew *crew;

	*processes = 0;
	for (size_t i = 0; i < info->thread_count; i++)
		if (info->threads[i].process >= *processes)
			*processes = info->threads[i].process + 1;
	crew = pw_arena_alloc(arena, (size_t)*processes + 1, sizeof(*crew));
	for (size_t i = info->thread_count; crew && i > 0; i--) {
		crew[info->threads[i - 1].process].threads++;
		crew[info->threads[i - 1].process].first = i - 1;
	}
	return crew;
}

enum pw_status pw_process_list_table(const struct pw_process_list *list,
				     const struct pw_trace_info *info,
				     struct pw_tables *out,
				     struct pw_error *err)
{
	static const struct item nothing;
	struct pw_table *table = pw_table_add(out, &spec);
	uint32_t processes;
	const struct crew *crew =
		count_threads(info, pw_tables_arena(out), &processes);

	if (!crew)
		return pw_fail_memory(err, "the list of processes");
	for (uint32_t i = 0; i < processes; i++) {
		const struct item *item =
			i < list->items.count ? item_at(list, i) : &nothing;
		uint64_t threads = crew[i].threads;
		size_t first = crew[i].first;
		uint32_t creator = info->threads[first].parent;

		if (threads == 0)
			continue;
		pw_cell_u64(table, i);
		pw_cell_u64(table, info->threads[first].pid);
		pw_cell_u64(table, creator < info->thread_count
					   ? info->threads[creator].process
					   : i);
		pw_cell_u64(table, threads);
		pw_cell_u64(table, item->accesses);
		pw_cell_u64(table, item->instructions);
		pw_cell_text(table, item->ended ? item->ended : "");
		pw_cell_text(table, item->program ? item->program : "");
	}
	return PW_OK;
}
