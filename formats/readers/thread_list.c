/*
 * thread_list.c - the threads of a foreign trace, found by their ids.
 */
#include "formats/readers/thread_list.h"

enum pw_status pw_thread_list_open(struct pw_thread_list *list,
				   struct pw_error *err)
{
	enum pw_status st;

	*list = (struct pw_thread_list){
		.threads = PW_ARRAY(struct pw_thread),
		.first = PW_ARRAY(uint32_t),
	};
	st = pw_pagemap_open(&list->by_tid, 0, err);
	if (st == PW_OK)
		st = pw_pagemap_open(&list->by_process, 0, err);
	return st;
}

void pw_thread_list_free(struct pw_thread_list *list)
{
	pw_array_free(&list->threads);
	pw_array_free(&list->first);
	pw_pagemap_close(list->by_tid);
	pw_pagemap_close(list->by_process);
	list->by_tid = NULL;
	list->by_process = NULL;
}

/* The process of @key, whose first thread is the next one if it is new. */
static enum pw_status find_process(struct pw_thread_list *list, uint64_t key,
				   uint32_t *process, struct pw_error *err)
{
	uint32_t next = (uint32_t)list->threads.count;
	uint64_t *index;
	bool added;
	enum pw_status st =
		pw_pagemap_insert(list->by_process, key, &index, &added, err);

	if (st == PW_OK && added) {
		*index = list->first.count;
		st = pw_array_push(&list->first, &next, err);
	}
	if (st == PW_OK)
		*process = (uint32_t)*index;
	return st;
}

enum pw_status pw_thread_list_find(struct pw_thread_list *list,
				   const struct pw_thread *thread,
				   uint64_t process_key, uint32_t *index,
				   struct pw_error *err)
{
	struct pw_thread added = *thread;
	uint64_t *found = pw_pagemap_find(list->by_tid, thread->tid);
	enum pw_status st;
	bool is_new;

	if (found) {
		*index = (uint32_t)*found;
		return PW_OK;
	}
	*index = (uint32_t)list->threads.count;
	st = find_process(list, process_key, &added.process, err);
	if (st != PW_OK)
		return st;
	added.parent = PW_ARRAY_AT(&list->first, uint32_t, added.process);
	st = pw_array_push(&list->threads, &added, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(list->by_tid, thread->tid, &found,
				       &is_new, err);
	if (st == PW_OK)
		*found = *index;
	return st;
}

void pw_thread_list_show(const struct pw_thread_list *list,
			 struct pw_trace_info *info)
{
	info->threads = list->threads.data;
	info->thread_count = list->threads.count;
}
