/*
 * tasks.h - what a trace tells of threads and processes besides their memory.
 *
 * Names: that of a thread is the last one that PR_SET_NAME gave it, else what
 * its maker was called then; exec calls it by the last part of the path. A
 * process that was there at the start is called by that of the first file in
 * it. Its name is that of its first thread, after exec of the one that went on.
 * Threads are those that clone made or that have run, and have not ended. User
 * and group are those of exec, as the auxiliary vector has them.
 *
 * Source: Linux 6.18 kernel/fork.c copy_process, fs/exec.c begin_new_exec.
 */
#ifndef PW_REPLAY_TASKS_H
#define PW_REPLAY_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/pagemap.h"
#include "base/status.h"
#include "formats/lineage.h"
#include "formats/trace.h"
#include "replay/memory/policy.h"

#define PW_TASK_NAME_BYTES 16 /* TASK_COMM_LEN, with the NUL */

/* What the auxiliary vector tells: AT_UID, AT_EUID, AT_GID, AT_EGID. */
enum pw_task_id {
	PW_TASK_UID,
	PW_TASK_EUID,
	PW_TASK_GID,
	PW_TASK_EGID,
	PW_TASK_IDS
};

/* A process as its files in /proc show it. */
struct pw_task_view {
	const char *name; /* "": not known */
	uint32_t threads;
	struct pw_policy policy; /* by set_mempolicy */
	uint64_t id[PW_TASK_IDS];
	unsigned ids_known; /* a bit for each */
};

struct pw_tasks {
	struct pw_array threads;   /* what is known of each thread */
	struct pw_array processes; /* and of each process */
	struct pw_pagemap *pids;   /* the process that had a pid last */
};

/*
 * Begin, with nothing known.
 */
void pw_tasks_init(struct pw_tasks *tasks);

/*
 * Free what it holds.
 */
void pw_tasks_free(struct pw_tasks *tasks);

/*
 * @thread, one of @info, runs.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1).
 */
enum pw_status pw_tasks_run(struct pw_tasks *tasks,
			    const struct pw_trace_info *info, uint32_t thread,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * An event of @thread, which has run and whose process has not ended before;
 * @change is what it does to spaces.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1), but of exec O(threads of the process).
 */
enum pw_status pw_tasks_event(struct pw_tasks *tasks,
			      const struct pw_trace_info *info, uint32_t thread,
			      const struct pw_event *event,
			      const struct pw_lineage_change *change,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * What is known of @process.
 *
 * Owns: the name is @tasks'; good until the next event.
 */
struct pw_task_view pw_tasks_look(const struct pw_tasks *tasks,
				  uint32_t process);

/*
 * Whom an event of @process is about: *about, which is @process if it is not
 * told of another one. *event becomes what it is there: process_madvise is the
 * madvise of a range. False: it is about nobody who is known, or does nothing.
 *
 * Source: Linux 6.18 mm/madvise.c process_madvise_remote_valid.
 */
bool pw_tasks_redirect(const struct pw_tasks *tasks, uint32_t process,
		       struct pw_event *event, uint32_t *about);

#endif
