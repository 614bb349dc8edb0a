/*
 * pids.c - the numbers by which people know the processes of a trace.
 */
#include "formats/pids.h"

enum pw_status pw_pids_of(const struct pw_trace_info *info,
			  struct pw_arena *arena, struct pw_pids *pids,
			  struct pw_error *err)
{
	uint64_t *list;

	*pids = (struct pw_pids){0};
	for (size_t i = 0; i < info->thread_count; i++)
		if (info->threads[i].process >= pids->count)
			pids->count = (size_t)info->threads[i].process + 1;
	list = pw_arena_alloc(arena, pids->count + 1, sizeof(*list));
	if (!list)
		return pw_fail_memory(err, "the numbers of processes");
	for (size_t i = 0; i < pids->count; i++)
		list[i] = i;
	/* That of the first thread counts: last in this order. */
	for (size_t i = info->thread_count; i > 0; i--)
		if (info->threads[i - 1].pid)
			list[info->threads[i - 1].process] =
				info->threads[i - 1].pid;
	pids->list = list;
	return PW_OK;
}
