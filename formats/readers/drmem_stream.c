/*
 * drmem_stream.c - one file of a DynamoRIO memory trace, being decoded.
 */
#include "formats/readers/drmem_stream.h"

#include "base/assert.h"
#include "base/bits.h"

#define BUFFER_BYTES ((size_t)2048 * PW_DRMEM_BYTES)
/* Of one record: a bundle. */
#define ACCESSES_MAX 8

/* What a record is to the decoder. */
enum class {
	CLASS_SKIP, /* prefetches, flushes, encodings, as the table's zeros */
	CLASS_LOAD,
	CLASS_STORE,
	CLASS_FETCH,
	CLASS_BUNDLE,
	CLASS_NO_FETCH,
	CLASS_MAYBE_FETCH,
	CLASS_CONTROL, /* markers and what tells of threads and files */
	CLASS_BAD,
};

static const uint8_t classes[PW_DRMEM_TYPES] = {
	[PW_DRMEM_READ] = CLASS_LOAD,
	[PW_DRMEM_WRITE] = CLASS_STORE,
	[PW_DRMEM_INSTR_FIRST] = CLASS_FETCH,
	[11] = CLASS_FETCH,
	[12] = CLASS_FETCH,
	[13] = CLASS_FETCH,
	[14] = CLASS_FETCH,
	[15] = CLASS_FETCH,
	[PW_DRMEM_INSTR_LAST] = CLASS_FETCH,
	[PW_DRMEM_INSTR_BUNDLE] = CLASS_BUNDLE,
	[PW_DRMEM_THREAD] = CLASS_CONTROL,
	[PW_DRMEM_THREAD_EXIT] = CLASS_CONTROL,
	[PW_DRMEM_PID] = CLASS_CONTROL,
	[PW_DRMEM_HEADER] = CLASS_CONTROL,
	[PW_DRMEM_FOOTER] = CLASS_CONTROL,
	[PW_DRMEM_MARKER] = CLASS_CONTROL,
	[PW_DRMEM_NO_FETCH] = CLASS_NO_FETCH,
	[PW_DRMEM_MAYBE_FETCH] = CLASS_MAYBE_FETCH,
	[PW_DRMEM_SYSENTER] = CLASS_FETCH,
	[PW_DRMEM_TAKEN_JUMP] = CLASS_FETCH,
	[PW_DRMEM_UNTAKEN_JUMP] = CLASS_FETCH,
};

/* What messages call @file of a folder: its name and a colon. */
static char *make_label(const struct pw_input_file *file, bool in_folder)
{
	const char *slash = strrchr(file->path, '/');
	char *label;

	if (!in_folder)
		return strdup("");
	if (asprintf(&label, "%s: ", slash ? slash + 1 : file->path) < 0)
		return NULL;
	return label;
}

enum pw_status pw_drmem_open(struct pw_drmem_stream *stream,
			     const struct pw_input_file *file, bool in_folder,
			     struct pw_error *err)
{
	*stream = (struct pw_drmem_stream){
		.file = file,
		.label = make_label(file, in_folder),
		.thread = PW_DRMEM_NO_THREAD,
		.page_bytes = PW_PAGE_BYTES,
		.buffer = malloc(BUFFER_BYTES),
	};
	if (!stream->label || !stream->buffer)
		return pw_fail_memory(err, file->path);
	return pw_source_open(&stream->source, file, err);
}

void pw_drmem_close(struct pw_drmem_stream *stream)
{
	pw_source_close(stream->source);
	free(stream->buffer);
	free(stream->label);
	stream->label = NULL;
	stream->source = NULL;
	stream->buffer = NULL;
}

/* Read on behind what is left, which moves to the front. */
static enum pw_status fill(struct pw_drmem_stream *stream, struct pw_error *err)
{
	enum pw_status st;
	size_t got;

	stream->offset += stream->begin;
	stream->end -= stream->begin;
	memmove(stream->buffer, stream->buffer + stream->begin, stream->end);
	stream->begin = 0;
	st = pw_source_read(stream->source, stream->buffer + stream->end,
			    BUFFER_BYTES - stream->end, &got, err);
	stream->end += got;
	stream->at_end = st == PW_OK && got == 0;
	return st;
}

/* The stream ends; say what is missing. */
static void end_stream(struct pw_drmem_stream *stream, struct pw_damage *damage)
{
	const char *problem = pw_source_problem(stream->source);
	unsigned long long at = stream->offset + stream->begin;

	if (problem)
		pw_damage_add(damage, "%s%s", stream->label, problem);
	else if (stream->begin < stream->end)
		pw_damage_add(damage, "%sbyte %llu: ends inside a record",
			      stream->label, at);
	else if (!stream->footer)
		pw_damage_add(damage,
			      "%sbyte %llu: ends without a footer: probably "
			      "cut",
			      stream->label, at);
	stream->done = true;
}

/* The record at @p is none: what follows cannot be trusted either. */
static void give_up(struct pw_drmem_stream *stream, const uint8_t *p,
		    struct pw_damage *damage)
{
	pw_damage_add(damage,
		      "%sbyte %llu: no record is of type %u; the rest is "
		      "left out",
		      stream->label,
		      (unsigned long long)stream->offset +
			      (unsigned long long)(p - stream->buffer),
		      (unsigned)pw_load16(p));
	stream->done = true;
}

static inline void put(struct pw_drmem_batch *batch, uint64_t pc,
		       uint64_t address, uint32_t size_bytes, unsigned kind)
{
	size_t i = batch->count++;

	batch->address[i] = address;
	batch->pc[i] = pc;
	batch->size_bytes[i] = size_bytes;
	batch->kind[i] = (uint8_t)kind;
}

/* An instruction. One of no bytes was filtered out and only gives the pc. */
static inline void put_fetch(struct pw_drmem_stream *stream,
			     struct pw_drmem_batch *batch, uint64_t pc,
			     unsigned size)
{
	stream->pc = pc;
	stream->next_pc = pc + size;
	if (size > 0)
		put(batch, pc, pc, size,
		    PW_ACCESS_FETCH | PW_ACCESS_FIRST | stream->mode);
}

/* Up to 8 instructions in a row, of the lengths in the record's address. */
static void put_bundle(struct pw_drmem_stream *stream,
		       struct pw_drmem_batch *batch, const uint8_t *record)
{
	unsigned count = pw_load16(record + 2);

	for (unsigned i = 0; i < count && i < 8; i++)
		put_fetch(stream, batch, stream->next_pc, record[4 + i]);
}

static enum class class_of(const uint8_t *record) {
	unsigned type = pw_load16(record);

	return type < PW_DRMEM_TYPES ? (enum class)classes[type] : CLASS_BAD;
}

/*
 * Decode whole records from the buffer; the class of that at which it stopped,
 * or CLASS_SKIP when none is left or the batch is full.
 */
static enum class decode(struct pw_drmem_stream *stream,
			 struct pw_drmem_batch *batch) {
	const uint8_t *p = stream->buffer + stream->begin;
	const uint8_t *end = stream->buffer + stream->end;
	enum class found = CLASS_SKIP;

	for (; end - p >= PW_DRMEM_BYTES &&
	       batch->count <= PW_DRMEM_BATCH - ACCESSES_MAX;
	     p += PW_DRMEM_BYTES){
		unsigned size = pw_load16(p + 2);
		uint64_t address = pw_load64(p + 4);

		found = class_of(p); if (found >= CLASS_CONTROL) break;
		switch (found){
			case CLASS_LOAD : case CLASS_STORE :
				put(batch, stream->pc, address, size,
				    (found == CLASS_LOAD ? PW_ACCESS_LOAD
							 : PW_ACCESS_STORE) |
					    stream->mode);
			break;
			case CLASS_MAYBE_FETCH : if (address != stream->pc)
				put_fetch(stream, batch, address, size);
			break;
			case
			CLASS_FETCH : put_fetch(stream, batch, address, size);
			break;
			case CLASS_BUNDLE : put_bundle(stream, batch, p);
			break;
			case CLASS_NO_FETCH : stream->pc = address;
			stream->next_pc = address + size;
			break;
			case CLASS_SKIP : case CLASS_CONTROL : case
			CLASS_BAD : break;
		}
found = CLASS_SKIP;
}
stream->begin = (size_t)(p - stream->buffer);
return found;
}

/* Whether the next record needs no thread: all but accesses. */
static bool needs_thread(const struct pw_drmem_stream *stream)
{
	return stream->thread == PW_DRMEM_NO_THREAD &&
	       class_of(stream->buffer + stream->begin) < CLASS_CONTROL;
}

enum pw_status pw_drmem_decode(struct pw_drmem_stream *stream,
			       struct pw_drmem_batch *batch,
			       struct pw_damage *damage,
			       enum pw_drmem_stop *stop, struct pw_error *err)
{
	enum class found;
	enum pw_status st;

	for (;;) {
		*stop = PW_DRMEM_STOP_END;
		if (stream->done)
			return PW_OK;
		if (stream->end - stream->begin < PW_DRMEM_BYTES) {
			if (stream->at_end) {
				end_stream(stream, damage);
				return PW_OK;
			}
			st = fill(stream, err);
			if (st != PW_OK)
				return st;
			continue;
		}
		if (needs_thread(stream)) {
			*stop = PW_DRMEM_STOP_THREAD;
			return PW_OK;
		}
		found = decode(stream, batch);
		if (found == CLASS_CONTROL) {
			*stop = PW_DRMEM_STOP_RECORD;
			return PW_OK;
		}
		if (found == CLASS_BAD)
			give_up(stream, stream->buffer + stream->begin, damage);
		*stop = PW_DRMEM_STOP_FULL;
		if (batch->count > PW_DRMEM_BATCH - ACCESSES_MAX)
			return PW_OK;
	}
}

/* A marker that says something of what follows. */
static void note_marker(struct pw_drmem_stream *stream, unsigned marker,
			uint64_t value)
{
	switch (marker) {
	case PW_DRMEM_TIMESTAMP:
		stream->stamp = value;
		break;
	case PW_DRMEM_FILETYPE:
		stream->file_type |= value;
		break;
	case PW_DRMEM_VERSION:
		stream->version = value;
		break;
	case PW_DRMEM_PHYSICAL:
		stream->physical = value;
		break;
	case PW_DRMEM_PAGE_SIZE:
		if (pw_is_pow2(value))
			stream->page_bytes = value;
		break;
	case PW_DRMEM_SYSCALL_BEGIN:
	case PW_DRMEM_SWITCH_BEGIN:
		stream->mode = PW_ACCESS_KERNEL;
		break;
	case PW_DRMEM_SYSCALL_END:
	case PW_DRMEM_SWITCH_END:
		stream->mode = 0;
		break;
	default:
		break;
	}
}

void pw_drmem_take_record(struct pw_drmem_stream *stream,
			  struct pw_drmem_record *record)
{
	const uint8_t *p = stream->buffer + stream->begin;

	PW_ASSERT(stream->end - stream->begin >= PW_DRMEM_BYTES);
	stream->begin += PW_DRMEM_BYTES;
	record->type = pw_load16(p);
	record->size = pw_load16(p + 2);
	record->address = pw_load64(p + 4);
	if (record->type == PW_DRMEM_HEADER) {
		stream->version = record->address;
		stream->header = true;
		stream->footer = false;
	} else if (record->type == PW_DRMEM_FOOTER) {
		stream->footer = true;
	} else if (record->type == PW_DRMEM_PID) {
		stream->pid = record->address;
	} else if (record->type == PW_DRMEM_THREAD) {
		if (stream->tid != record->address)
			stream->thread = PW_DRMEM_NO_THREAD;
		stream->tid = record->address;
	} else if (record->type == PW_DRMEM_MARKER) {
		note_marker(stream, record->size, record->address);
	}
}
