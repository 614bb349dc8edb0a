/*
 * system.h - the memory of simulated machines: processes and their pages.
 *
 * Machines whose memory is alike share one system. What their processors must
 * know of goes into operations, in order; see operation.h.
 */
#ifndef PW_REPLAY_SYSTEM_H
#define PW_REPLAY_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "replay/backing.h"
#include "replay/counters.h"
#include "replay/fault_log.h"
#include "replay/filter.h"
#include "replay/frame.h"
#include "replay/machine.h"
#include "replay/object.h"
#include "replay/operation.h"
#include "replay/space.h"
#include "replay/warnings.h"

/* How an open file was read: struct file_ra_state; see readahead.h. */
struct pw_read_state {
	uint64_t start; /* of the window that was read last, in pages */
	uint64_t size;
	uint64_t async; /* at its end, behind the mark */
	uint64_t next;	/* the page after the last call's last byte */
	unsigned order;
	unsigned misses;
	unsigned advice; /* of posix_fadvise, as far as it is about reading */
};

/* Pages that MADV_FREE has seen but not marked yet; see page_advice.c. */
#define PW_LAZY_BATCH 31 /* PAGEVEC_SIZE */

/* The flusher; see writeback.h. */
struct pw_writeback {
	uint64_t now_ns;  /* of the last event */
	uint64_t wake_ns; /* when it wakes by itself; 0: it does not */
};

/* Who runs. */
struct pw_runner {
	uint32_t thread;
	uint32_t process;
	uint32_t space;
};

/* Where operations go; a full buffer is taken by drain, and replaced. */
struct pw_outlet {
	struct pw_operations *operations;
	void (*drain)(struct pw_outlet *outlet);
};

/* Address spaces at a time: Linux has 32768 processes unless told otherwise. */
#define PW_SPACES_MAX 65536

/* Of references; PW_TOUCH_FETCH tells it of records. */
enum pw_side { PW_SIDE_DATA, PW_SIDE_INSTRUCTION, PW_SIDES };

/* What getrusage says of a process. */
struct pw_process_faults {
	uint64_t minor;
	uint64_t major;
};

struct pw_system {
	const struct pw_machine *machine; /* one of those that share it */
	struct pw_arena *arena;
	struct pw_counters counters; /* what memory counts; pw_system_settle */
	struct pw_outlet *outlet;
	struct pw_filter filter[PW_SIDES];
	/* By height: that of the least piece that any TLB holds. */
	unsigned held[PW_SIDES][PW_TLB_HEIGHTS];
	/* A change of more pages may be a flush on some machine. */
	uint64_t flush_ceiling;
	unsigned wants; /* of neighbours: enum pw_neighbour bits */
	unsigned shift; /* of page numbers of the trace */
	struct pw_runner runner;
	bool ended;	   /* the runner's space has, or begins anew */
	bool split_stores; /* stores have a TLB of their own */
	struct pw_table_store tables; /* page tables of all processes */
	struct pw_table_use table_peak[PW_LEVELS_MAX]; /* by height */
	struct pw_array spaces; /* struct pw_space * by number, or NULL */
	struct pw_array faults; /* struct pw_process_faults by process */
	struct pw_process_faults faults_given; /* to a process, of counters */
	struct pw_array signals; /* struct pw_signal_row, of faults */
	struct pw_warnings warnings;
	struct pw_objects objects;
	struct pw_writeback writeback;
	struct pw_array read_states; /* struct pw_read_state by open file */
	uint32_t lazy[PW_LAZY_BATCH];
	unsigned lazy_count;
	struct pw_backings backings;
	struct pw_memory memory;
	uint64_t table_frames;	  /* of it, that page tables have */
	struct pw_space *current; /* of the thread that runs; or NULL */
	bool mappings_known;	  /* the trace has address-space events */
	struct pw_fault_log *log; /* of all faults; or NULL */
	bool in_call;		  /* faults are a system call's doing */
};

/*
 * Make the empty system of the memory of @machine, which outlives it, as does
 * @outlet. Its filter is unused: see pw_system_filter.
 *
 * Owns:   @system stays where it is; free it with pw_system_free. What it
 *         builds is mostly the arena's.
 */
void pw_system_make(struct pw_system *system, const struct pw_machine *machine,
		    struct pw_outlet *outlet, struct pw_arena *arena);

/*
 * Tell processors what neighbours their machines want to know of, and leave out
 * references that the processor of no machine takes notice of, with at most
 * @classes_max classes of pages (filter.h), a power of two.
 */
void pw_system_filter(struct pw_system *system,
		      const struct pw_machine *const *machines, size_t count,
		      uint64_t classes_max);

/*
 * The next operation to be filled in.
 *
 * Owns: the outlet; good until the next call.
 */
static inline struct pw_operation *pw_system_tell(struct pw_system *system)
{
	struct pw_outlet *outlet = system->outlet;

	if (outlet->operations->count == PW_OPERATIONS_MAX)
		outlet->drain(outlet);
	return &outlet->operations->list[outlet->operations->count++];
}

/*
 * Free what the system holds outside of the arena.
 */
void pw_system_free(struct pw_system *system);

/*
 * Warn of something that the runner did at @address.
 */
void pw_system_warn(struct pw_system *system, enum pw_warning_kind kind,
		    uint64_t address);

/*
 * Find the space of this number, made empty if there was none. Numbers begin
 * with 0, and memory goes with the highest one.
 *
 * Owns:   the system.
 * Errors: PW_ERR_SYSTEM, also for PW_SPACES_MAX and more.
 */
enum pw_status pw_system_space(struct pw_system *system, uint32_t number,
			       struct pw_space **out,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @runner run.
 *
 * Errors: as pw_system_space.
 */
enum pw_status pw_system_switch(struct pw_system *system,
				const struct pw_runner *runner,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The faults of @process so far. Threads fault for their process, also where
 * processes share a space.
 */
struct pw_process_faults pw_system_faults(struct pw_system *system,
					  uint32_t process);

/*
 * Say that pages [first, first + count) of @space are mapped otherwise or no
 * more. @count is not 0.
 */
void pw_system_invalidate(struct pw_system *system,
			  const struct pw_space *space, uint64_t first,
			  uint64_t count);

/*
 * Say that @thread was seen on @cpu.
 */
void pw_system_place(struct pw_system *system, uint32_t thread, uint64_t cpu);

/*
 * Say that the time has come to look at the counters. @mark and @thread are
 * those of a mark event; @mark NULL: there is none.
 */
void pw_system_moment(struct pw_system *system, const char *mark,
		      uint32_t thread);

/*
 * Free all pages and mappings of the running process.
 */
void pw_system_empty(struct pw_system *system);

/*
 * Count the touches of a process that has ended; it makes no references.
 */
void pw_system_skip(struct pw_system *system, const struct pw_touches *touches);

/*
 * Let the running process make the references of @touches.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   a few instructions for a touch of a recent page; then O(ways), then
 *         a page-table look-up.
 */
enum pw_status pw_system_touches(struct pw_system *system,
				 const struct pw_touches *touches,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Bring peaks and the page-table gauges up to date: after every reference that
 * faulted and every event.
 */
void pw_system_note_peaks(struct pw_system *system);

/*
 * Bring the counters that follow from others up to date (VSZ).
 */
void pw_system_settle(struct pw_system *system);

#endif
