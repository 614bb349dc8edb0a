/*
 * drmem_stream.h - one file of a DynamoRIO memory trace, being decoded.
 */
#ifndef PW_FORMATS_READERS_DRMEM_STREAM_H
#define PW_FORMATS_READERS_DRMEM_STREAM_H

#include "formats/batch.h"
#include "formats/damage.h"
#include "formats/readers/drmem_record.h"
#include "formats/source.h"

#define PW_DRMEM_BATCH ((size_t)65536)
#define PW_DRMEM_NO_THREAD UINT32_MAX

/* Accesses being put together, all of one thread. */
struct pw_drmem_batch {
	size_t count;
	uint64_t address[PW_DRMEM_BATCH];
	uint64_t pc[PW_DRMEM_BATCH];
	uint32_t size_bytes[PW_DRMEM_BATCH];
	uint8_t kind[PW_DRMEM_BATCH];
};

struct pw_drmem_stream {
	const struct pw_input_file *file;
	char *label; /* of messages: its name and a colon, or "" */
	struct pw_source *source;
	uint64_t stamp;	 /* of the last TIMESTAMP */
	uint64_t tid;	 /* of the records that follow */
	uint64_t pid;	 /* 0: unknown */
	uint32_t thread; /* PW_DRMEM_NO_THREAD: to be looked up */
	uint64_t file_type;
	uint64_t version;
	uint64_t page_bytes;
	uint64_t physical; /* of the pair that is not complete */
	uint64_t window;   /* plus 1; 0: none yet */
	uint64_t pc;	   /* of the data accesses that follow */
	uint64_t next_pc;  /* behind the instruction */
	unsigned mode;	   /* PW_ACCESS_KERNEL in the kernel's records */
	bool header;	   /* it began with one */
	bool footer;	   /* one came, and no header after it */
	bool at_end;	   /* of the source */
	bool done;	   /* nothing more will come */
	uint64_t offset;   /* of the buffer, in the unpacked data */
	size_t begin;	   /* of what is not yet decoded */
	size_t end;
	uint8_t *buffer;
};

enum pw_drmem_stop {
	PW_DRMEM_STOP_FULL,   /* the batch is */
	PW_DRMEM_STOP_THREAD, /* look up the thread, then go on */
	PW_DRMEM_STOP_RECORD, /* one that is no access: pw_drmem_take_record */
	PW_DRMEM_STOP_END,    /* of the stream */
};

/* A record that is no access. */
struct pw_drmem_record {
	unsigned type;
	unsigned size;
	uint64_t address;
};

/*
 * Begin to read @file; in a folder, messages name it.
 *
 * Owns:   *stream holds memory; end it with pw_drmem_close, also after a
 *         failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_drmem_open(struct pw_drmem_stream *stream,
			     const struct pw_input_file *file, bool in_folder,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what @stream holds.
 */
void pw_drmem_close(struct pw_drmem_stream *stream);

/*
 * Decode accesses into @batch until something else comes. What makes no sense
 * ends the stream, and @damage says so.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   a few nanoseconds a record.
 */
enum pw_status pw_drmem_decode(struct pw_drmem_stream *stream,
			       struct pw_drmem_batch *batch,
			       struct pw_damage *damage,
			       enum pw_drmem_stop *stop,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Take the record at which decoding stopped, and note in @stream what it says
 * of the records that follow.
 */
void pw_drmem_take_record(struct pw_drmem_stream *stream,
			  struct pw_drmem_record *record);

#endif
