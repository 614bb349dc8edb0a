/*
 * oracle_replay.h - the slow, obvious twin of replay/.
 *
 * Written from replay/MODEL.md and from nothing else: one access at a time,
 * linear searches, time stamps for recency, plain arrays for pages and
 * mappings. It never sees a touch.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_REPLAY_H
#define PW_TESTS_ORACLE_ORACLE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"
#include "formats/event.h"
#include "formats/trace.h"
#include "tests/oracle/oracle_mmu.h"
#include "tests/oracle/oracle_space.h"
#include "tests/oracle/oracle_tlb.h"
#include "tests/oracle/oracle_vma.h"
#include "tests/oracle/oracle_walk.h"

#define PW_ORACLE_PROCESSES_MAX PW_ORACLE_HOLDERS
#define PW_ORACLE_THREADS_MAX 16

/* Who decides how large pages are. */
enum pw_oracle_page_size {
	PW_ORACLE_BASE,
	PW_ORACLE_HUGE,
	PW_ORACLE_MADVISE,
	PW_ORACLE_HUGETLB,
};

/* What takes time, in ns; an instruction takes 1. */
struct pw_oracle_costs {
	uint64_t minor, zero_page, file, cow, forked, major;
	uint64_t call, unmapped, fork_copy;
};

struct pw_oracle_machine {
	struct pw_oracle_shape shape;
	enum pw_oracle_page_size page_size;
	unsigned page_size_max; /* log2 of bytes */
	struct pw_oracle_mmu_machine tlb;
	struct pw_oracle_walk_machine walk;
	uint64_t fault_around_pages;
	bool no_zero_page;
	int overcommit; /* 0 as recorded, 1 heuristic, 2 always, 3 never */
	uint64_t commit_limit; /* bytes */
	bool cache_recorded;
	uint64_t cache_percent;
	uint64_t read_ahead, read_request; /* bytes */
	unsigned kernel;		   /* 601, 612 or 618 */
	bool mappings_known;   /* the trace has address-space events */
	uint64_t memory_pages; /* 0: without end */
	uint64_t dirty_ratio, dirty_background_ratio;
	uint64_t dirty_bytes, dirty_background_bytes;
	uint64_t dirty_expire, dirty_writeback; /* ns */
	struct pw_oracle_costs cost;
};

/* How an open file was read. */
struct pw_oracle_reading {
	uint64_t start, size, marked; /* the last window, in pages */
	uint64_t next;		      /* page after the last call's last byte */
	unsigned order, misses;
	unsigned advice; /* 1 random, 2 sequential */
};

/* The open runs of a thread, to count touches. */
struct pw_oracle_runs {
	bool open[2];
	uint64_t page[2];
};

/* What is added up; oracle_replay.c tells the names. */
struct pw_oracle_counts {
	uint64_t accesses, loads, stores, modifies, fetches;
	uint64_t instructions, touches, events;
	uint64_t data, instruction; /* references */
	uint64_t dtlb_hits, dtlb_misses, itlb_hits, itlb_misses;
	uint64_t stlb_hits, stlb_misses;
	uint64_t invalidations, flushes, switches;
	struct pw_oracle_walk_counts walk;
	uint64_t minor, major, zero_page, file, cow, forked, assumed;
	uint64_t copies, reuses; /* of forked */
	uint64_t large, splits;	 /* large pages, and entries that map them */
	uint64_t calls, unmapped, fork_copies;
	uint64_t forbidden, refused; /* calls */
	uint64_t fatal, fatal_unmapped, fatal_forbidden, fatal_bus;
	uint64_t fatal_other, unlike; /* of signals */
	uint64_t peak_pages, peak_table_bytes, peak_memory;
	uint64_t in, out; /* KiB of files */
	uint64_t written; /* pages */
};

struct pw_oracle_thread {
	uint32_t process, tid, pid;
	bool begun; /* has run, or is the child of a clone event */
	bool gone;
};

struct pw_oracle_replay {
	struct pw_oracle_machine machine;
	size_t threads;
	struct pw_oracle_thread thread[PW_ORACLE_THREADS_MAX];
	/* By process; NULL before it begins and after its end. */
	struct pw_oracle_space *space[PW_ORACLE_PROCESSES_MAX];
	bool over[PW_ORACLE_PROCESSES_MAX]; /* the process has ended */
	struct pw_oracle_runs runs[PW_ORACLE_THREADS_MAX];
	struct pw_oracle_objects objects;
	struct pw_oracle_mmu mmu;
	struct pw_oracle_guest guest;
	struct pw_oracle_walks walks;
	/* Numbers of spaces: those given up, the last one last, and the next.
	 */
	uint32_t unused[PW_ORACLE_PROCESSES_MAX];
	size_t unused_count;
	uint32_t next_number;
	const struct pw_oracle_space *running; /* that of the last process */
	struct pw_oracle_counts counts;
	struct pw_oracle_use peak[PW_ORACLE_LEVELS]; /* of tables, by height */
	struct pw_oracle_things things;
	struct pw_oracle_reading *reading; /* by thing */
	size_t readings;
	struct pw_oracle_phys *lazy[31]; /* that MADV_FREE gave up */
	size_t lazies;
	uint32_t process; /* whose event it is */
};

/*
 * Make an oracle with nothing mapped and empty TLBs, for these threads.
 *
 * Owns:   *out is the caller's; free it with pw_oracle_replay_close.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_replay_open(struct pw_oracle_replay **out,
			   const struct pw_oracle_machine *machine,
			   const struct pw_thread *thread, size_t threads);

/*
 * Free the oracle. NULL is allowed.
 */
void pw_oracle_replay_close(struct pw_oracle_replay *oracle);

/*
 * Replay access @index of @accesses by @thread.
 */
void pw_oracle_replay_access(struct pw_oracle_replay *oracle, uint32_t thread,
			     const struct pw_accesses *accesses, size_t index);

/*
 * Replay an event of @thread.
 */
void pw_oracle_replay_event(struct pw_oracle_replay *oracle, uint32_t thread,
			    const struct pw_event *event);

/*
 * The present value of the counter called @name; false when the oracle knows
 * no such counter.
 */
bool pw_oracle_replay_counter(const struct pw_oracle_replay *oracle,
			      const char *name, uint64_t *value);

/*
 * Counter @index of those the oracle knows, by name; NULL past the last one.
 */
const char *pw_oracle_replay_name(size_t index);

/*
 * Tables in use now, of all spaces, by height.
 */
void pw_oracle_replay_use(const struct pw_oracle_replay *oracle,
			  struct pw_oracle_use use[PW_ORACLE_LEVELS]);

/* ---- between the oracle's own files ---- */

/*
 * Map by pages of the next smaller size what the large page of @page maps.
 */
void pw_oracle_split(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page);

/*
 * Handle the fault of a reference to @page if there is one.
 */
void pw_oracle_fault(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page, bool write);

/*
 * Whether small pages of @m may become large ones.
 */
bool pw_oracle_may_enlarge(const struct pw_oracle_replay *oracle,
			   const struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m);

/*
 * Handle the fault of @page, which lies behind the end of its file or memory.
 */
void pw_oracle_fault_failed(struct pw_oracle_replay *oracle,
			    struct pw_oracle_space *space, uint64_t page,
			    bool write);

/*
 * Map @page of @height to a new page of the program's own, or to the page of
 * the object that its mapping maps, which nothing writes to.
 */
void pw_oracle_map_own(struct pw_oracle_space *space, uint64_t page,
		       unsigned height);
void pw_oracle_map_cached(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t page);

/*
 * The number of @page of @m in the object that it maps.
 */
uint64_t pw_oracle_index(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page);

/*
 * How the open file @thing was read; good until another one is asked for.
 */
struct pw_oracle_reading *pw_oracle_reading(struct pw_oracle_replay *oracle,
					    unsigned thing);

/*
 * A fault of @page of @m, which is not in the cache; or which is, and then true
 * if more is read.
 */
void pw_oracle_read_missing(struct pw_oracle_replay *oracle,
			    const struct pw_oracle_space *space,
			    const struct pw_oracle_mapping *m, uint64_t page);
bool pw_oracle_read_found(struct pw_oracle_replay *oracle,
			  const struct pw_oracle_space *space,
			  const struct pw_oracle_mapping *m, uint64_t page);

/*
 * A call that reads, or advice that @count pages will be wanted.
 */
void pw_oracle_read_call(struct pw_oracle_replay *oracle,
			 struct pw_oracle_object *object, unsigned thing,
			 uint64_t offset, uint64_t bytes);
void pw_oracle_read_wanted(struct pw_oracle_replay *oracle,
			   struct pw_oracle_object *object,
			   const struct pw_oracle_reading *reading,
			   uint64_t first, uint64_t count);

/*
 * Apply what an event tells of the pages of @object in the cache.
 */
void pw_oracle_told(struct pw_oracle_replay *oracle,
		    const struct pw_event *event,
		    struct pw_oracle_object *object);

/*
 * Apply an event about files, or advice of madvise about the pages of @m.
 */
void pw_oracle_file_event(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space,
			  const struct pw_event *event, uint64_t first,
			  uint64_t end);
void pw_oracle_page_advice(struct pw_oracle_replay *oracle,
			   struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m, uint64_t advice);

/*
 * Give up what MADV_FREE has gathered.
 */
void pw_oracle_drain(struct pw_oracle_replay *oracle);

/*
 * The running process has used a descriptor of @object.
 */
void pw_oracle_hold(const struct pw_oracle_replay *oracle,
		    struct pw_oracle_object *object);

/*
 * The event that a file has no names.
 */
void pw_oracle_unname(struct pw_oracle_replay *oracle,
		      const struct pw_event *event);

/*
 * @child is made by the running process; a process ends; and what nobody has
 * open or maps, and has no names, or never had one, is nowhere in memory.
 */
void pw_oracle_hold_inherited(const struct pw_oracle_replay *oracle,
			      uint32_t child);
void pw_oracle_hold_nothing(const struct pw_oracle_replay *oracle,
			    uint32_t process);
void pw_oracle_forget_unused(struct pw_oracle_replay *oracle);

/*
 * Write dirty pages [first, end) of @object back, if it is a file.
 */
void pw_oracle_write_back(struct pw_oracle_replay *oracle,
			  struct pw_oracle_object *object, uint64_t first,
			  uint64_t end);

/*
 * An event happens; or pages of @object are about to become dirty.
 */
void pw_oracle_flush_due(struct pw_oracle_replay *oracle);
void pw_oracle_throttle(struct pw_oracle_replay *oracle,
			const struct pw_oracle_object *object);

/*
 * Dirty pages of files.
 */
uint64_t pw_oracle_dirty(const struct pw_oracle_replay *oracle);

/*
 * Pages that are in use, of whatever; those of files in the page cache only
 * with @files.
 */
uint64_t pw_oracle_memory(const struct pw_oracle_replay *oracle, bool files);

/*
 * Whether call.count counts events of @kind.
 */
bool pw_oracle_is_memory_call(enum pw_event_kind kind);

/*
 * Note that the mapping of @page, if it is private, has a page of its own.
 */
void pw_oracle_own_page(struct pw_oracle_space *space, uint64_t page);

/*
 * What @event of @thread does to threads and processes, before anything else.
 */
void pw_oracle_process_event(struct pw_oracle_replay *oracle, uint32_t thread,
			     const struct pw_event *event);

/*
 * An event of the running process, whose space is @space, happens to it, or to
 * another process that it is about.
 */
void pw_oracle_direct(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event);

/*
 * @thread runs: the address space it runs in, or NULL after its end.
 */
struct pw_oracle_space *pw_oracle_run_thread(struct pw_oracle_replay *oracle,
					     uint32_t thread);

/*
 * Forget the translation of @page, of whatever size, everywhere.
 */
void pw_oracle_invalidate(struct pw_oracle_replay *oracle,
			  const struct pw_oracle_page *page);

/*
 * The same for a page of @space: of processes that do not run entries are
 * counted only.
 */
void pw_oracle_note_change(struct pw_oracle_replay *oracle,
			   const struct pw_oracle_space *space,
			   const struct pw_oracle_page *page);

/*
 * Forget the translation of @page, which changes with all of [first, end).
 */
void pw_oracle_invalidate_in(struct pw_oracle_replay *oracle,
			     const struct pw_oracle_page *page, uint64_t first,
			     uint64_t end);

/*
 * Forget all translations.
 */
void pw_oracle_flush(struct pw_oracle_replay *oracle);

/*
 * Pages that processes have been promised.
 */
uint64_t pw_oracle_committed(const struct pw_oracle_replay *oracle);

/*
 * A call is about to make @pages more pages of @mapping.
 */
void pw_oracle_charge(struct pw_oracle_replay *oracle,
		      const struct pw_oracle_mapping *mapping, uint64_t pages);

/*
 * Remove the mappings, pages and guards of [first, end).
 */
void pw_oracle_remove(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, uint64_t first,
		      uint64_t end);

/*
 * Remove its present pages only.
 */
void pw_oracle_drop(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, uint64_t first,
		    uint64_t end);

/*
 * Split large pages that go across a border of [first, end).
 */
void pw_oracle_cut_pages(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t first,
			 uint64_t end);

/*
 * Let the part of one mapping that @mapping tells of be so; large pages at its
 * ends are cut.
 */
void pw_oracle_modify(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *mapping);

/*
 * Fault in what [first, end) lacks; @by_writes NULL: as mmap and mlock do.
 */
void pw_oracle_populate(struct pw_oracle_replay *oracle,
			struct pw_oracle_space *space, uint64_t first,
			uint64_t end, const bool *by_writes);

/*
 * Whether @page of @m lies behind the end of its file, or of the anonymous
 * memory as it was made.
 */
bool pw_oracle_lies_past(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page);

/*
 * A signal of a fault, or not.
 */
void pw_oracle_signal(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event);
void pw_oracle_unreached(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space,
			 const struct pw_event *event);

/*
 * The part of the lowest mapping in [first, end), or one without pages.
 */
struct pw_oracle_mapping pw_oracle_part(const struct pw_oracle_space *space,
					uint64_t first, uint64_t end);

/*
 * Apply an mremap; or mprotect, madvise, mbind, prctl or one of the mlock
 * family, on [first, end).
 */
void pw_oracle_mremap(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event);
void pw_oracle_call(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, const struct pw_event *event,
		    uint64_t first, uint64_t end);

/*
 * The same for what gives mappings of [first, end) a name or a policy.
 */
void pw_oracle_mark_parts(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space,
			  const struct pw_event *event, uint64_t first,
			  uint64_t end);

/*
 * Apply an event to an address space.
 */
void pw_oracle_event(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space,
		     const struct pw_event *event);

#endif
