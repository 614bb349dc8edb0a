/*
 * thread_list.h - the threads of a foreign trace, found by their ids.
 *
 * Such a trace tells ids, but not who created whom: a thread's parent is the
 * first of its process.
 */
#ifndef PW_FORMATS_READERS_THREAD_LIST_H
#define PW_FORMATS_READERS_THREAD_LIST_H

#include "base/array.h"
#include "base/pagemap.h"
#include "formats/trace.h"

struct pw_thread_list {
	struct pw_array threads;       /* struct pw_thread */
	struct pw_array first;	       /* uint32_t by process: its first */
	struct pw_pagemap *by_tid;     /* index of the thread */
	struct pw_pagemap *by_process; /* the caller's key to its index */
};

/*
 * Begin, with no threads.
 *
 * Owns:   @list holds memory; end it with pw_thread_list_free, also after a
 *         failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_thread_list_open(struct pw_thread_list *list,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what @list holds.
 */
void pw_thread_list_free(struct pw_thread_list *list);

/*
 * The index of the thread with the tid of @thread. A new one is added as
 * @thread says (pid 0: unknown), in the process that @process_key stands for.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_thread_list_find(struct pw_thread_list *list,
				   const struct pw_thread *thread,
				   uint64_t process_key, uint32_t *index,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @info show the threads found so far.
 *
 * Owns: the list; good until the next thread is found.
 */
void pw_thread_list_show(const struct pw_thread_list *list,
			 struct pw_trace_info *info);

#endif
