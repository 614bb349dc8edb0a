/*
 * verify.h - every byte of a native trace, checked.
 *
 * A trace is whole when nothing is found. What is found is told by its place
 * in the file; what is lost by its place in the recording.
 */
#ifndef PW_FORMATS_VERIFY_H
#define PW_FORMATS_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/progress.h"
#include "base/status.h"
#include "formats/layout.h"
#include "formats/pwt_declared.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"
#include "formats/pwt_segment.h"
#include "formats/shape_loader.h"

/* Findings that are told one by one. */
#define PW_FINDINGS_MAX 10000

/* Threads that are told of lost segments. */
#define PW_LOST_THREADS_MAX 16

/* Bytes of the file that are not as they should be. */
struct pw_finding {
	uint64_t offset;
	uint64_t bytes;
	const char *where; /* a kind of chunk, or what else should be there */
	const char *text;
};

/* Segments that are lost, between two that are not or at an end. */
struct pw_lost {
	uint64_t first_segment;
	uint64_t segments;     /* at least */
	uint64_t first_access; /* of the recording */
	uint64_t accesses;
	uint64_t first_instruction;
	uint64_t instructions;
	bool exact;	      /* else there may be more */
	uint64_t kept_before; /* segments before it that are not lost */
	uint32_t thread[PW_LOST_THREADS_MAX]; /* known to be in it */
	size_t threads;
	bool more_threads;
};

/* Chunks of a kind. */
struct pw_kind_tally {
	uint64_t chunks;
	uint64_t bytes; /* with their headers */
	uint64_t damaged;
};

struct pw_verify {
	const char *path;
	struct pw_pwt_file file;
	struct pw_pwt_list list;
	struct pw_pwt_declared declared;
	struct pw_shape_loader *shapes;
	struct pw_arena *arena;	 /* texts */
	struct pw_damage damage; /* what readers say of it */
	unsigned major, minor;	 /* of the file header; 0.0: damaged */
	bool gaps;		 /* chunks are missing from the list */
	bool *bad;		 /* each chunk of the list: damaged */
	struct pw_array found;	 /* struct pw_segment_place: whole by headers */
	struct pw_array kept;	 /* struct pw_segment_place: whole, and right */
	struct pw_array lost;	 /* struct pw_lost */
	struct pw_array findings; /* struct pw_finding */
	uint64_t problems;	  /* findings, also those not told */
	struct pw_kind_tally kinds[PW_CHUNK_KINDS]; /* 0: unknown ones */
	struct pw_totals totals;		    /* of the kept segments */
};

/*
 * Check the trace at @path.
 *
 * Owns:   @verify holds resources; free it with pw_verify_free, also after a
 *         failure. The path is the caller's and must outlive it.
 * Errors: PW_ERR_USAGE  it cannot be opened.
 *         PW_ERR_FORMAT only a newer pagewalk can read it.
 *         PW_ERR_SYSTEM.
 * Cost:   reads and decodes the whole file.
 */
enum pw_status pw_verify_run(struct pw_verify *verify, const char *path,
			     struct pw_progress *progress,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_verify_free(struct pw_verify *verify);

/* ---- between the files verify*.c ---- */

/*
 * Note that @bytes bytes at @offset are wrong.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_note(struct pw_verify *verify, uint64_t offset,
			      uint64_t bytes, const char *where,
			      const char *text,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Note that chunk @index of the list is wrong; the first word about a chunk is
 * enough.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_note_chunk(struct pw_verify *verify, size_t index,
				    const char *text,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Note why the segment at @place could not be decoded: @text is the message.
 * Chunk @index of the list is blamed when it names none.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_blame(struct pw_verify *verify,
			       const struct pw_segment_place *place,
			       size_t index, const char *text,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Check the file header, what lies between chunks, and each chunk by itself;
 * read declarations and count chunks.
 *
 * Errors: as pw_verify_run.
 */
enum pw_status pw_verify_chunks(struct pw_verify *verify,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Decode all segments, check what their headers say of them, and find out
 * which are lost.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_segments(struct pw_verify *verify,
				  struct pw_progress *progress,
				  struct pw_error *err) PW_MUST_CHECK;

#endif
