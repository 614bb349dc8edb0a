/*
 * replay.h - a trace through simulated machines.
 *
 * Open with the machines, give every batch of the trace in order (opened with
 * touches, and with pw_replay_epoch as its epoch_accesses), finish, and read
 * the results. MODEL.md says what they mean.
 */
#ifndef PW_REPLAY_REPLAY_H
#define PW_REPLAY_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/trace.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/memory/relayout.h"
#include "replay/memory/tasks.h"
#include "replay/mmu/processor.h"
#include "replay/views/row_series.h"

struct pw_replay;
struct pw_system;

/* Where a replay stops to be looked at. */
enum pw_stop_kind {
	PW_STOP_MARK, /* after a mark */
	PW_STOP_STEP, /* at the end of an epoch of accesses */
	PW_STOP_END,  /* a process is about to end, and with it its memory */
};

struct pw_stop {
	enum pw_stop_kind kind;
	const char *mark; /* its name; MARK */
	uint32_t thread;  /* that runs */
	uint32_t process; /* of that thread */
	uint32_t space;	  /* of that process, or PW_NO_SPACE */
	uint64_t accesses;
	const struct pw_trace_info *info;
};

/* Who looks. */
struct pw_replay_watch {
	void *argument;
	bool steps; /* at PW_STOP_STEP too */
	enum pw_status (*look)(void *argument, struct pw_replay *replay,
			       const struct pw_stop *stop,
			       struct pw_error *err);
};

struct pw_replay_options {
	enum pw_sweep_of sweep;			  /* on all machines */
	const struct pw_machine *const *machines; /* outlive the replay */
	size_t machine_count;
	/*
	 * Accesses in a row of the interval series. 0: begin with 16384 and
	 * merge pairs of rows whenever there are 256.
	 */
	uint64_t interval_accesses;
	size_t memory_limit_bytes; /* for all state; 0: no limit */
	unsigned threads; /* that simulate processors; below 2: the caller's */
	struct pw_relayout *relayout;	     /* NULL: addresses as recorded */
	const struct pw_replay_watch *watch; /* outlives the replay; or NULL */
	bool log_faults;		     /* of each process, in order */
};

/* A mark event and all counters when it happened. */
struct pw_replay_mark {
	const char *name;
	uint32_t thread;
	struct pw_counters counters;
};

/*
 * Make a replay on empty machines.
 *
 * Owns:   *out is the caller's; free it with pw_replay_close. NULL on failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_replay_open(struct pw_replay **out,
			      const struct pw_replay_options *options,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the replay and its results. NULL is allowed.
 */
void pw_replay_close(struct pw_replay *replay);

/*
 * The memory of machine @index, up to date with the last batch or stop. To be
 * looked at only.
 *
 * Owns: the replay.
 */
struct pw_system *pw_replay_system(struct pw_replay *replay, size_t index);

/*
 * The number of the address space of @process, or PW_NO_SPACE before it has run
 * and after its end.
 */
uint32_t pw_replay_space(const struct pw_replay *replay, uint32_t process);

/*
 * What is known of @process besides its memory.
 *
 * Owns: as pw_tasks_look.
 */
struct pw_task_view pw_replay_task(const struct pw_replay *replay,
				   uint32_t process);

/*
 * Whether touches may be as struct pw_trace_options.split says: no machine has
 * a TLB for stores.
 */
bool pw_replay_takes_split(const struct pw_replay *replay);

/*
 * Whether touches must be as struct pw_trace_options.far_stores says: a store
 * on some machine may change how pages are mapped that are far from it.
 */
bool pw_replay_has_far_stores(const struct pw_replay *replay);

/*
 * What struct pw_trace_options.epoch_accesses shall be, so that rows end
 * exactly.
 *
 * Units: accesses.
 */
uint64_t pw_replay_epoch(const struct pw_replay *replay);

/*
 * Replay one batch: its touches, then its events. @info is that of its trace
 * (threads and unknown are looked at).
 *
 * Errors: PW_ERR_FORMAT the batch is of a thread that @info does not have;
 *         PW_ERR_SYSTEM. The replay can then only be closed.
 * Cost:   O(touches) with a small constant where pages stay in their TLB.
 */
enum pw_status pw_replay_batch(struct pw_replay *replay,
			       const struct pw_trace_info *info,
			       const struct pw_batch *batch,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * End the last row. No batch may follow.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_replay_finish(struct pw_replay *replay,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The counters of machine @index, as of the last batch. A failure of a machine
 * is told by the next batch or by pw_replay_finish.
 *
 * Owns: the replay; good until the next call for this machine.
 */
const struct pw_counters *pw_replay_counters(struct pw_replay *replay,
					     size_t index);

/*
 * Misses of TLBs with 2^@level sets of @ways ways in place of the one that
 * machine @index was swept for. The replay is finished.
 */
uint64_t pw_replay_sweep_misses(const struct pw_replay *replay, size_t index,
				unsigned level, unsigned ways);

/*
 * The interval series of machine @index, and how many rows it has. The replay
 * is finished.
 *
 * Owns: the replay.
 */
const struct pw_replay_row *pw_replay_rows(const struct pw_replay *replay,
					   size_t index, size_t *count);

/*
 * The page tables in use on machine @index at each height of its geometry now,
 * and by number the most there were after any reference or event.
 *
 * Owns: the replay.
 */
const struct pw_table_use *
pw_replay_table_use(const struct pw_replay *replay, size_t index,
		    const struct pw_table_use **peak);

/*
 * The marks seen by machine @index, and how many there are. The replay is
 * finished.
 *
 * Owns: the replay.
 */
const struct pw_replay_mark *pw_replay_marks(const struct pw_replay *replay,
					     size_t index, size_t *count);

#endif
