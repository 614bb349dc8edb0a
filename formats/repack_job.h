/*
 * repack_job.h - segments of a recording to fewer and denser ones.
 *
 * The executions of a recording are taken as they are stored, several segments
 * at once, merged and packed. Accesses are never made.
 */
#ifndef PW_FORMATS_REPACK_JOB_H
#define PW_FORMATS_REPACK_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_dense.h"
#include "formats/codec_generic.h"
#include "formats/gather.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"
#include "formats/ready_segment.h"
#include "formats/writer.h"
#include "formats/writer_touches.h"

/* What is repacked; all of it stays as it is meanwhile. */
struct pw_repack_source {
	const struct pw_pwt_file *file;
	const struct pw_pwt_list *list;
	const struct pw_array *places; /* struct pw_segment_place */
	const struct pw_shape_book *book;
	const struct pw_pwt_shapes *shapes; /* the same */
	size_t threads;			    /* declared */
	int zstd_level;
	int touch_level;
	enum pw_writer_keep keep;
	uint64_t accesses_max; /* of a group */
};

/* Segments of the source that become one, if they fit. */
struct pw_repack_group {
	size_t first;
	size_t count;
	uint64_t position; /* accesses of the trace before it */
};

/* What a thread that repacks needs; one for each. */
struct pw_repack_worker {
	const struct pw_repack_source *source;
	struct pw_gather gather;
	struct pw_generic_encoder *generic;
	struct pw_dense_encoder *dense;
	struct pw_writer_touches *touches; /* or NULL: none are kept */
	struct pw_array parts;		   /* the chunks of a group */
	struct pw_array left;		   /* uint64_t by thread */
	struct pw_array buffer;		   /* uint8_t: a chunk */
	struct pw_array records; /* uint8_t: a timeline after unpacking */
	struct pw_error opened;	 /* why it cannot be used, or status PW_OK */
};

/* A group after packing; its memory is used again. */
struct pw_repacked {
	struct pw_array segments; /* struct pw_ready_segment */
	size_t count;		  /* those of them that are filled */
	bool fits;		  /* else one segment of the source does not */
	struct pw_error err;	  /* status PW_OK: it is whole */
};

#define PW_REPACKED                                         \
	{                                                   \
		PW_ARRAY(struct pw_ready_segment), 0, true, \
		{                                           \
			0                                   \
		}                                           \
	}

/*
 * Make a worker; a failure is kept and comes with its first job.
 *
 * Owns:   @worker holds memory; free it with pw_repack_worker_free. @source
 *         stays the caller's and must outlive it.
 */
void pw_repack_worker_init(struct pw_repack_worker *worker,
			   const struct pw_repack_source *source);

/*
 * Free what the worker holds.
 */
void pw_repack_worker_free(struct pw_repack_worker *worker);

/*
 * Repack a group into one segment, or more when one cannot hold it; not even
 * one of the source may fit, since its accesses become more bytes, or so many
 * touches. Failures are left in out->err: PW_ERR_FORMAT the group is damaged
 * (the message says where and how); PW_ERR_SYSTEM.
 */
void pw_repack_group(struct pw_repack_worker *worker,
		     const struct pw_repack_group *group,
		     struct pw_repacked *out);

/*
 * Free what it holds.
 */
void pw_repacked_free(struct pw_repacked *repacked);

#endif
