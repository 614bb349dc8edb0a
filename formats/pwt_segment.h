/*
 * pwt_segment.h - a segment of a native trace: where it is, and decoded.
 */
#ifndef PW_FORMATS_PWT_SEGMENT_H
#define PW_FORMATS_PWT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_dense.h"
#include "formats/codec_fast.h"
#include "formats/codec_generic.h"
#include "formats/codec_touch.h"
#include "formats/damage.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"
#include "formats/pwt_shapes.h"
#include "formats/shape_loader.h"
#include "formats/window.h"

/* Where a segment is in the list of chunks. */
struct pw_segment_place {
	size_t first;	 /* no chunk of it is before this one */
	size_t timeline; /* its last chunk */
	uint64_t number;
	bool accesses; /* it has those of all its threads */
	bool touches;  /* likewise; one of both at least, unless it has none */
};

/*
 * What the chunks of the segment at @place, each of which is bounded, unpack
 * to.
 *
 * Units: bytes.
 */
uint64_t pw_segment_raw_bytes(const struct pw_pwt_list *list,
			      const struct pw_segment_place *place);

/* Segments that are decoded at a time unpack to no more, or are one. */
#define PW_SEGMENTS_BYTES_MAX ((uint64_t)96 << 20)
/* Decoding one of more than this, the memory is given back at once. */
#define PW_SEGMENT_KEPT_MAX ((uint64_t)32 << 20)

/* A stretch of one thread: accesses and the events after them. */
struct pw_segment_batch {
	uint32_t thread;
	uint32_t part; /* what the thread has in the segment */
	size_t first;  /* access of the part */
	size_t count;
	uint64_t position; /* in the recording, of its first access */
	size_t first_event;
	size_t event_count;
};

/*
 * A decoded segment; its memory is used again by the next one. Accesses of
 * chunks with shapes are made when they are asked for.
 */
struct pw_segment {
	bool touches; /* it was decoded to these: each batch is a piece */
	struct pw_array address; /* uint64_t, by thread; and so on */
	struct pw_array pc;	 /* uint64_t */
	struct pw_array size;	 /* uint32_t */
	struct pw_array kind;	 /* uint8_t */
	struct pw_array parts;	 /* what each thread has */
	struct pw_array windows; /* struct pw_window *, of chunks with shapes */
	size_t windows_used;
	struct pw_array plans; /* struct pw_touch_plan *, of touch chunks */
	size_t plans_used;
	struct pw_array batches; /* struct pw_segment_batch, in global order */
	struct pw_array event_kind;   /* uint16_t */
	struct pw_array event_result; /* uint64_t */
	struct pw_array event_arg;    /* uint64_t[PW_EVENT_ARGS] */
	struct pw_array event_text;   /* const char *, into timeline */
	struct pw_array timeline;     /* uint8_t: unpacked records */
};

/* What decodes segments; one for each thread that does. */
struct pw_segment_decoder {
	size_t threads; /* declared */
	bool touches;	/* instead of accesses, where there are any */
	struct pw_shape_loader *loader;
	struct pw_pwt_shapes shapes; /* what it showed for the segment */
	struct pw_generic_decoder *generic;
	struct pw_array buffer; /* uint8_t: a chunk */
};

/*
 * List the segments that have all their chunks, as array of struct
 * pw_segment_place; the others go to @damage.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_segments_find(struct pw_array *places,
				const struct pw_pwt_list *list,
				struct pw_damage *damage,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Make an empty segment. It owns no memory before it is decoded into.
 */
void pw_segment_init(struct pw_segment *segment);

/*
 * Free what the segment holds.
 */
void pw_segment_free(struct pw_segment *segment);

/*
 * Make a decoder, to touches or to accesses, for a trace of @threads threads
 * whose shapes @loader has. It must stay where it is.
 *
 * Owns:   @decoder holds memory; free it with pw_segment_decoder_free, also
 *         after a failure. @loader must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_segment_decoder_init(struct pw_segment_decoder *decoder,
				       size_t threads, bool touches,
				       struct pw_shape_loader *loader,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the decoder holds.
 */
void pw_segment_decoder_free(struct pw_segment_decoder *decoder);

/*
 * Decode the segment at @place. Touches that are damaged are made up for by
 * accesses where there are some.
 *
 * Errors: PW_ERR_FORMAT it is damaged: the message says where and how, and
 *         @segment holds nothing; PW_ERR_SYSTEM.
 */
enum pw_status pw_segment_decode(struct pw_segment_decoder *decoder,
				 const struct pw_pwt_file *file,
				 const struct pw_pwt_list *list,
				 const struct pw_segment_place *place,
				 struct pw_segment *segment,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Accesses @from to @from + @count of a batch of the segment: those of each
 * thread are asked for in order, and at most PW_WINDOW_ACCESSES at once.
 *
 * Owns: the segment; good until the next call.
 */
void pw_segment_accesses(const struct pw_segment *segment,
			 const struct pw_segment_batch *batch, size_t from,
			 size_t count, struct pw_accesses *out);

/*
 * The events after the accesses of a batch of the segment.
 *
 * Owns: the segment.
 */
void pw_segment_events(const struct pw_segment *segment,
		       const struct pw_segment_batch *batch,
		       struct pw_events *out);

/*
 * What a batch of a segment with touches stands for, and its records, for a
 * thread whose instruction clock stands at @clock. Each batch that has any is
 * asked for once, in order; true if it has.
 *
 * Owns: the segment; good until the next call.
 */
bool pw_segment_touches(const struct pw_segment *segment,
			const struct pw_segment_batch *batch, uint64_t clock,
			struct pw_touch_piece *piece, struct pw_touches *out);

#endif
