/*
 * trace.h - read a trace, of whatever format.
 *
 * pw_trace_open recognises the format by content (see reader.h) and
 * pw_trace_next brings batches until there are none. What is damaged is left
 * out: the rest stays readable, and pw_trace_damage says what was lost.
 */
#ifndef PW_FORMATS_TRACE_H
#define PW_FORMATS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"

struct pw_trace;

struct pw_thread {
	uint32_t process; /* index of the process, from 0 */
	uint32_t pid;	  /* 0 when unknown */
	uint32_t tid;	  /* 0 when unknown */
	uint32_t parent; /* thread index of the creator; itself for the first */
};

#define PW_BUILD_ID_MAX 32

/* An ELF file mapped by a process. */
struct pw_module {
	uint32_t process;
	uint64_t base;	     /* lowest address mapped */
	uint64_t load_bias;  /* address minus ELF virtual address */
	uint64_t span_bytes; /* from base to the end of its last segment */
	uint32_t build_id_bytes;
	uint8_t build_id[PW_BUILD_ID_MAX];
	const char *path;
};

/* Totals, known at open for a complete native trace, else after reading. */
struct pw_totals {
	uint64_t accesses;
	uint64_t loads;	 /* read-modify-writes included */
	uint64_t stores; /* read-modify-writes included */
	uint64_t modifies;
	uint64_t fetches;
	uint64_t instructions;
	uint64_t events;
	uint64_t chunks;
	uint64_t file_bytes;
};

enum pw_trace_unknown {
	PW_UNKNOWN_SIZES = 1,	      /* access sizes */
	PW_UNKNOWN_PCS = 2,	      /* program counters */
	PW_UNKNOWN_FETCHES = 4,	      /* instruction fetches */
	PW_UNKNOWN_THREADS = 8,	      /* which thread made an access */
	PW_UNKNOWN_MAPPINGS = 16,     /* address-space events */
	PW_UNKNOWN_INSTRUCTIONS = 32, /* the instruction clock */
	PW_UNKNOWN_ACCESSES = 64,     /* some accesses: a sample, or filtered */
	PW_UNKNOWN_BUT_TOUCHES = 128  /* accesses: there are touches only */
};

struct pw_trace_info {
	const char *path;
	const char *format;   /* the reader's name */
	const char *metadata; /* JSON object; "{}" when there is none */
	unsigned unknown;     /* enum pw_trace_unknown bits */
	const struct pw_thread *threads;
	size_t thread_count;
	const struct pw_module *modules;
	size_t module_count;
};

/* What a consumer looks at in the batches of a trace. */
enum pw_trace_needs {
	PW_NEED_ACCESSES,
	PW_NEED_TOUCHES, /* and no accesses: they may stay unread */
	PW_NEED_BOTH,	 /* touches of the accesses of the same batch */
	PW_NEED_EVENTS,	 /* and counts; what else a batch has is no matter */
};

struct pw_trace_options {
	enum pw_trace_needs needs;
	unsigned workers; /* decoding threads; 0: one for each processor, 4 at
			     most */
	uint64_t epoch_accesses; /* no batch spans a multiple of this many
				    accesses, so that intervals are exact;
				    0: no such boundaries. Touches are cut
				    at more places (touch_cut.h) */
	bool split;	 /* touches may be as pw_collapse_split says: for models
			    that look at either side apart, and at stores as loads */
	bool far_stores; /* touches are as pw_collapse_far_stores says, unless
			    the trace has touches only */
	bool every_access;  /* refuse a trace that leaves accesses out */
	const char *format; /* a reader's name, so that the content need not be
			       recognised; NULL: recognise it */
};

/*
 * Open a trace and read what precedes its accesses.
 *
 * Owns:   *out is the caller's; free it with pw_trace_close. NULL on failure.
 *         @path and @options are copied.
 * Errors: PW_ERR_USAGE  the file cannot be opened; no such format; accesses
 *                       are left out and options->every_access is set; it
 *                       holds touches only and options->needs is more, or
 *                       epoch_accesses is no multiple of where they are cut.
 *         PW_ERR_FORMAT no reader knows the content, or a newer version.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_trace_open(struct pw_trace **out, const char *path,
			     const struct pw_trace_options *options,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Close the trace. NULL is allowed.
 */
void pw_trace_close(struct pw_trace *trace);

/*
 * What is known about the trace now; threads and modules may grow with
 * pw_trace_next.
 *
 * Owns: the trace.
 */
const struct pw_trace_info *pw_trace_info(const struct pw_trace *trace);

/*
 * Bring the next batch, or *batch = NULL at the end of what can be read.
 *
 * Owns:   the trace; good until the next call.
 * Errors: PW_ERR_SYSTEM. Damage is no error: see pw_trace_damage.
 */
enum pw_status pw_trace_next(struct pw_trace *trace,
			     const struct pw_batch **batch,
			     struct pw_error *err) PW_MUST_CHECK;

/* Who takes the batches of a trace in whatever order its segments come. */
struct pw_trace_taker {
	unsigned workers; /* at least 1 */
	void *argument;
	/*
	 * The next batch of a segment, or NULL when all of it has come.
	 * @segment grows in the order of the recording, and all calls for it
	 * come one after the other from one worker: 0 .. workers - 1. Of the
	 * batch only thread, accesses, their tally and events are known.
	 */
	enum pw_status (*take)(void *argument, unsigned worker,
			       uint64_t segment, const struct pw_batch *batch,
			       struct pw_error *err);
};

/*
 * Instead of pw_trace_next: bring all batches, those of different segments in
 * any order and at once, each by the worker that decoded it. For what needs no
 * order, or can make it again from the numbers of segments. A trace without
 * segments is one, and has one worker. The trace was opened for accesses.
 *
 * Errors: what taker->take fails with, for the first segment of those for
 *         which it did; PW_ERR_SYSTEM. Damage is no error.
 */
enum pw_status pw_trace_each(struct pw_trace *trace,
			     const struct pw_trace_taker *taker,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * What was lost, as a sentence that names file and offset, or NULL when
 * nothing was (so far: ask again after the last batch).
 *
 * Owns: the trace.
 */
const char *pw_trace_damage(const struct pw_trace *trace);

/*
 * Totals of what has been delivered so far, or of the whole trace when the
 * format stores them.
 */
void pw_trace_totals(const struct pw_trace *trace, struct pw_totals *out);

/*
 * How far reading has come.
 *
 * Units: 0..1, by bytes of the file.
 */
double pw_trace_progress(const struct pw_trace *trace);

#endif
