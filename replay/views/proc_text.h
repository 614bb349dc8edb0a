/*
 * proc_text.h - simulated memory in the words of /proc, for programs that read
 * them: names, order, widths and units are the kernel's.
 */
#ifndef PW_REPLAY_PROC_TEXT_H
#define PW_REPLAY_PROC_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "base/table.h"
#include "replay/memory/tasks.h"
#include "replay/views/snapshot.h"

enum pw_proc_view {
	PW_PROC_NONE,
	PW_PROC_SMAPS,
	PW_PROC_SMAPS_ROLLUP,
	PW_PROC_MAPS,
	PW_PROC_STATUS,
	PW_PROC_STAT,
	PW_PROC_NUMA_MAPS,
	PW_PROC_PAGEMAP,
	PW_PROC_MEMINFO,
	PW_PROC_VMSTAT,
};
#define PW_PROC_VIEWS                                                          \
	"tables|smaps|smaps_rollup|maps|status|stat|numa_maps|pagemap|meminfo" \
	"|vmstat"

/* Whether the view is of one process, not of the machine. */
static inline bool pw_proc_is_of_process(enum pw_proc_view view)
{
	return view != PW_PROC_MEMINFO && view != PW_PROC_VMSTAT;
}

/* Lines, kept until it is known what stands around them. */
struct pw_proc_text {
	struct pw_arena *arena;
	struct pw_array lines; /* const char * */
	bool failed;	       /* no memory for a line */
};

struct pw_proc_process {
	uint32_t pid;
	uint32_t parent_pid;
	struct pw_task_view task;
	struct pw_process_faults faults;
	const struct pw_space *space;
};

/*
 * Add the lines of @view, one of a process.
 *
 * Errors: text->failed.
 * Source: Linux 6.18 fs/proc/task_mmu.c, fs/proc/array.c.
 */
void pw_proc_text_process(struct pw_proc_text *text, enum pw_proc_view view,
			  const struct pw_system *system,
			  const struct pw_proc_process *process);

/*
 * Add the lines of @view, one of the machine; @counters are those of @system's.
 *
 * Errors: text->failed.
 * Source: Linux 6.18 fs/proc/meminfo.c, mm/vmstat.c.
 */
void pw_proc_text_machine(struct pw_proc_text *text, enum pw_proc_view view,
			  const struct pw_system *system,
			  const struct pw_counters *counters);

/*
 * Add a line.
 *
 * Errors: text->failed.
 */
void pw_proc_text_put(struct pw_proc_text *text, const char *fmt, ...)
	PW_PRINTF(2, 3);

/*
 * A table of lines of text, added to @out.
 *
 * Owns: the document.
 */
struct pw_table *pw_proc_text_table(struct pw_tables *out);

#endif
