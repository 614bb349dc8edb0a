/*
 * writer_segment.h - the open segment of a trace being written.
 *
 * Accesses are gathered in global order, beside the timeline that says whose
 * they are, and sorted by thread when the segment is written.
 */
#ifndef PW_FORMATS_WRITER_SEGMENT_H
#define PW_FORMATS_WRITER_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "formats/chunk_sink.h"
#include "formats/codec_dense.h"
#include "formats/codec_fast.h"
#include "formats/codec_generic.h"
#include "formats/lane_store.h"
#include "formats/shape_book.h"
#include "formats/timeline.h"
#include "formats/writer_touches.h"

/* What is known of a declared thread. */
struct pw_writer_thread {
	uint64_t accesses;	    /* in finished segments */
	uint64_t instructions;	    /* the same */
	uint64_t last_chunk;	    /* offset, 0: none */
	uint64_t last_touches;	    /* likewise */
	uint64_t in_segment;	    /* accesses in the open one */
	uint64_t staged;	    /* those of them that have no shape */
	uint64_t cursor;	    /* while sorting */
	struct pw_lane_store *lane; /* in the open one, or NULL */
};

/* Staged accesses of one thread in a row. */
struct pw_writer_run {
	uint32_t thread;
	size_t count;
};

struct pw_writer_segment {
	size_t capacity; /* accesses */
	size_t count;
	size_t staged_capacity;
	size_t staged_count;		 /* those of them without a shape, */
	struct pw_access_columns staged; /* in global order */
	struct pw_access_columns sorted; /* by thread; made when needed */
	struct pw_array threads;	 /* struct pw_writer_thread */
	struct pw_array runs;		 /* struct pw_writer_run, of staged */
	struct pw_array active;		 /* uint32_t: threads with accesses */
	struct pw_array lanes;		 /* struct pw_lane_store *, in use */
	struct pw_array spare;		 /* struct pw_lane_store *, kept */
	uint32_t round;			 /* of the lane made last */
	struct pw_timeline timeline;
	struct pw_generic_encoder *generic;
	struct pw_fast_encoder *fast;
	struct pw_dense_encoder *dense;	   /* instead of fast, or NULL */
	struct pw_writer_touches *touches; /* NULL: none are kept */
	bool accesses_kept;
	int zstd_level;
	uint64_t number;
	uint64_t accesses;     /* of all threads in finished segments */
	uint64_t instructions; /* the same */
};

/*
 * Make an empty segment of up to @capacity accesses; those of shapes are
 * packed with @fast_level, @dense or not.
 *
 * Owns:   @segment holds memory; free it with pw_writer_segment_free, also
 *         after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_segment_init(struct pw_writer_segment *segment,
				      size_t capacity, int zstd_level,
				      int fast_level, bool dense,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Keep touches, packed with zstd level @level, besides accesses or alone.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status
pw_writer_segment_keep_touches(struct pw_writer_segment *segment, bool alone,
			       int level, struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the segment holds.
 */
void pw_writer_segment_free(struct pw_writer_segment *segment);

/*
 * Whether it must be written before more is added.
 */
bool pw_writer_segment_full(struct pw_writer_segment *segment);

/*
 * Add the first of @accesses from @from on, as many as there is room for;
 * *taken says how many.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_segment_add(struct pw_writer_segment *segment,
				     uint32_t thread,
				     const struct pw_accesses *accesses,
				     size_t from, size_t *taken,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether it must be written before executions of shapes of up to @slots_max
 * slots are added.
 */
bool pw_writer_segment_lane_full(const struct pw_writer_segment *segment,
				 size_t slots_max);

/*
 * Begin a stretch of executions of a thread, which may pass the capacity by
 * one execution.
 *
 * Owns:   *lane is the segment's, until pw_writer_segment_lane_end.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_segment_lane_begin(struct pw_writer_segment *segment,
					    uint32_t thread,
					    const struct pw_shape_book *book,
					    struct pw_lane_store **lane,
					    struct pw_error *err) PW_MUST_CHECK;

/*
 * End that stretch.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_segment_lane_end(struct pw_writer_segment *segment,
					  struct pw_lane_store *lane,
					  struct pw_error *err) PW_MUST_CHECK;

/*
 * Write the segment's chunks, unless it is empty, and empty it.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_segment_flush(struct pw_writer_segment *segment,
				       struct pw_chunk_sink *sink,
				       struct pw_error *err) PW_MUST_CHECK;

/* ---- between writer_segment.c and writer_lanes.c ---- */

/*
 * Whether the lanes have as much as fits into chunks of merged shapes.
 */
bool pw_writer_segment_dense_full(const struct pw_writer_segment *segment);

/*
 * Take the lanes from their threads; some are kept for the next segment.
 */
void pw_writer_segment_lanes_clear(struct pw_writer_segment *segment);

/*
 * Free all lanes.
 */
void pw_writer_segment_lanes_free(struct pw_writer_segment *segment);

#endif
