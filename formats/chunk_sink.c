/*
 * chunk_sink.c - a trace file being written, chunk by chunk.
 */
#include "formats/chunk_sink.h"

#include "base/assert.h"
#include "base/bits.h"

enum pw_status pw_chunk_sink_open(struct pw_chunk_sink *sink, const char *path,
				  bool replace, struct pw_error *err)
{
	uint8_t header[PW_FILE_HEADER_BYTES];
	enum pw_status st;

	memset(sink, 0, sizeof(*sink));
	sink->buffer = (struct pw_array)PW_ARRAY(uint8_t);
	sink->index = (struct pw_array)PW_ARRAY(uint8_t);
	st = pw_array_reserve(&sink->index,
			      PW_INDEX_HEAD_BYTES +
				      PW_CHUNKS_AN_INDEX * PW_INDEX_ENTRY_BYTES,
			      err);
	if (st != PW_OK)
		return st;
	sink->index.count = PW_INDEX_HEAD_BYTES;
	st = pw_writer_file_open(&sink->file, path, replace, err);
	if (st != PW_OK)
		return st;
	pw_file_header_encode(header);
	return pw_writer_file_write(sink->file, header, sizeof(header), err);
}

struct pw_array *pw_chunk_sink_begin(struct pw_chunk_sink *sink,
				     struct pw_error *err)
{
	if (pw_array_reserve(&sink->buffer, (size_t)PW_CHUNK_HEADER_BYTES * 2,
			     err) != PW_OK)
		return NULL;
	sink->buffer.count = PW_CHUNK_HEADER_BYTES;
	return &sink->buffer;
}

/* Pad, sum and write the chunk in the buffer. */
static enum pw_status emit(struct pw_chunk_sink *sink, struct pw_chunk *chunk,
			   uint64_t *offset, struct pw_error *err)
{
	struct pw_array *buffer = &sink->buffer;
	size_t payload = buffer->count - PW_CHUNK_HEADER_BYTES;
	size_t padded = pw_padded(payload);
	enum pw_status st;
	uint8_t *bytes;

	PW_ASSERT(buffer->count >= PW_CHUNK_HEADER_BYTES);
	PW_ASSERT(payload <= PW_PAYLOAD_BYTES_MAX);
	PW_ASSERT(chunk->kind >= PW_CHUNK_META && chunk->kind < PW_CHUNK_KINDS);
	st = pw_array_reserve(buffer, PW_CHUNK_HEADER_BYTES + padded, err);
	if (st != PW_OK)
		return st;
	bytes = buffer->data;
	memset(bytes + buffer->count, 0, padded - payload);
	chunk->payload_bytes = payload;
	if (chunk->codec == PW_CODEC_STORED)
		chunk->raw_bytes = payload;
	chunk->sequence = sink->sequence;
	if (chunk->kind != PW_CHUNK_ACCESSES && chunk->kind != PW_CHUNK_TOUCHES)
		chunk->previous = sink->previous[chunk->kind];
	chunk->payload_hash = pw_hash(bytes + PW_CHUNK_HEADER_BYTES, padded);
	pw_chunk_encode(bytes, chunk);
	*offset = pw_writer_file_bytes(sink->file);
	PW_ASSERT(*offset % 8 == 0);
	st = pw_writer_file_write(sink->file, bytes,
				  PW_CHUNK_HEADER_BYTES + padded, err);
	if (st != PW_OK)
		return st;
	sink->sequence++;
	sink->previous[chunk->kind] = *offset;
	return PW_OK;
}

/* Write the INDEX of the chunks since the last one, if there are any. */
static enum pw_status write_index(struct pw_chunk_sink *sink,
				  struct pw_error *err)
{
	struct pw_chunk chunk = {.kind = PW_CHUNK_INDEX};
	size_t entries = (sink->index.count - PW_INDEX_HEAD_BYTES) /
			 PW_INDEX_ENTRY_BYTES;
	uint64_t offset;
	enum pw_status st;

	PW_ASSERT(entries <= PW_CHUNKS_AN_INDEX);
	if (entries == 0)
		return PW_OK;
	memset(sink->index.data, 0, PW_INDEX_HEAD_BYTES);
	pw_store32(sink->index.data, (uint32_t)entries);
	st = pw_array_reserve(&sink->buffer,
			      PW_CHUNK_HEADER_BYTES + sink->index.count, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)sink->buffer.data + PW_CHUNK_HEADER_BYTES,
	       sink->index.data, sink->index.count);
	sink->buffer.count = PW_CHUNK_HEADER_BYTES + sink->index.count;
	sink->index.count = PW_INDEX_HEAD_BYTES;
	return emit(sink, &chunk, &offset, err);
}

enum pw_status pw_chunk_sink_write(struct pw_chunk_sink *sink,
				   struct pw_chunk *chunk, uint64_t *offset,
				   struct pw_error *err)
{
	struct pw_array *index = &sink->index;
	enum pw_status st;
	uint8_t *entry;

	PW_ASSERT(chunk->codec == PW_CODEC_STORED || chunk->raw_bytes > 0);
	PW_ASSERT(chunk->kind != PW_CHUNK_INDEX && chunk->kind != PW_CHUNK_END);
	st = emit(sink, chunk, offset, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(index->capacity >= index->count + PW_INDEX_ENTRY_BYTES);
	entry = (uint8_t *)index->data + index->count;
	pw_store64(entry, *offset);
	memcpy(entry + 8, sink->buffer.data, PW_CHUNK_HEADER_BYTES);
	index->count += PW_INDEX_ENTRY_BYTES;
	if (index->count <
	    PW_INDEX_HEAD_BYTES + PW_CHUNKS_AN_INDEX * PW_INDEX_ENTRY_BYTES)
		return PW_OK;
	return write_index(sink, err);
}

static enum pw_status write_end(struct pw_chunk_sink *sink,
				struct pw_totals *totals, uint64_t segments,
				struct pw_error *err)
{
	struct pw_chunk chunk = {.kind = PW_CHUNK_END,
				 .flags = PW_CHUNK_CRITICAL};
	uint8_t footer[PW_FOOTER_BYTES];
	uint64_t offset;
	enum pw_status st;

	st = write_index(sink, err);
	if (st != PW_OK)
		return st;
	if (!pw_chunk_sink_begin(sink, err))
		return err->status;
	st = pw_array_reserve(&sink->buffer,
			      PW_CHUNK_HEADER_BYTES + PW_END_BYTES, err);
	if (st != PW_OK)
		return st;
	totals->chunks = sink->sequence + 1;
	totals->file_bytes = pw_writer_file_bytes(sink->file) +
			     PW_CHUNK_HEADER_BYTES + PW_END_BYTES +
			     PW_FOOTER_BYTES;
	pw_end_encode((uint8_t *)sink->buffer.data + PW_CHUNK_HEADER_BYTES,
		      totals, segments);
	sink->buffer.count = PW_CHUNK_HEADER_BYTES + PW_END_BYTES;
	sink->previous[PW_CHUNK_END] = sink->previous[PW_CHUNK_INDEX];
	st = emit(sink, &chunk, &offset, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(pw_writer_file_bytes(sink->file) + PW_FOOTER_BYTES ==
		  totals->file_bytes);
	pw_footer_encode(footer, offset, totals->file_bytes);
	return pw_writer_file_write(sink->file, footer, sizeof(footer), err);
}

enum pw_status pw_chunk_sink_finish(struct pw_chunk_sink *sink,
				    struct pw_totals *totals, uint64_t segments,
				    struct pw_error *err)
{
	enum pw_status st = write_end(sink, totals, segments, err);
	struct pw_writer_file *file = sink->file;

	if (st == PW_OK) {
		sink->file = NULL;
		st = pw_writer_file_finish(file, err);
	}
	pw_chunk_sink_abandon(sink);
	return st;
}

void pw_chunk_sink_abandon(struct pw_chunk_sink *sink)
{
	pw_writer_file_abandon(sink->file);
	sink->file = NULL;
	pw_array_free(&sink->buffer);
	pw_array_free(&sink->index);
}
