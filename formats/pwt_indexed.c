/*
 * pwt_indexed.c - the list of chunks from footer, END and INDEX chunks.
 *
 * Whatever is wrong only means that the index is not used: the scan says what
 * is damaged.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/pwt_list.h"

#define END_SPAN_BYTES (PW_CHUNK_HEADER_BYTES + PW_END_BYTES + PW_FOOTER_BYTES)

/* What is needed while the index is read. */
struct walk {
	const struct pw_pwt_file *file;
	struct pw_pwt_list *list;
	struct pw_array indexes; /* struct pw_chunk_place, last one first */
	struct pw_array buffer;	 /* uint8_t */
	uint64_t expected;	 /* offset of the next chunk */
};

/* Read the END chunk that the footer points to. */
static enum pw_status find_end(struct walk *walk, struct pw_chunk_place *end,
			       bool *good, struct pw_error *err)
{
	uint64_t bytes = walk->file->bytes, offset;
	uint8_t footer[PW_FOOTER_BYTES];
	enum pw_status st;

	*good = false;
	if (bytes < PW_FILE_HEADER_BYTES + END_SPAN_BYTES)
		return PW_OK;
	st = pw_pwt_file_read(walk->file, bytes - PW_FOOTER_BYTES, footer,
			      sizeof(footer), err);
	if (st != PW_OK || !pw_footer_decode(footer, bytes, &offset) ||
	    offset != bytes - END_SPAN_BYTES)
		return PW_OK;
	st = pw_pwt_place_read(walk->file, offset, end, good, err);
	if (st != PW_OK || !*good)
		return st;
	*good = end->chunk.kind == PW_CHUNK_END;
	if (*good)
		*good = pw_pwt_list_end(walk->list, walk->file, end, err) ==
			PW_OK;
	return PW_OK;
}

/* Follow the chain of INDEX chunks backwards; offsets must fall. */
static enum pw_status find_indexes(struct walk *walk,
				   const struct pw_chunk_place *end, bool *good,
				   struct pw_error *err)
{
	uint64_t before = end->offset, offset = end->chunk.previous;
	enum pw_status st = PW_OK;

	while (offset != 0 && st == PW_OK) {
		struct pw_chunk_place place;

		*good = offset >= PW_FILE_HEADER_BYTES && offset < before;
		if (!*good)
			return PW_OK;
		st = pw_pwt_place_read(walk->file, offset, &place, good, err);
		if (st != PW_OK || !*good)
			return st;
		*good = place.chunk.kind == PW_CHUNK_INDEX;
		if (!*good)
			return PW_OK;
		st = pw_array_push(&walk->indexes, &place, err);
		before = offset;
		offset = place.chunk.previous;
	}
	return st;
}

/* Append a chunk; it must begin where the last one ended. */
static enum pw_status append(struct walk *walk,
			     const struct pw_chunk_place *place, bool *good,
			     struct pw_error *err)
{
	*good = place->offset == walk->expected &&
		place->chunk.sequence == walk->list->chunks.count &&
		pw_chunk_span(&place->chunk) <=
			walk->file->bytes - place->offset;
	if (!*good)
		return PW_OK;
	walk->expected += pw_chunk_span(&place->chunk);
	PW_ASSERT(walk->expected <= walk->file->bytes);
	return pw_array_push(&walk->list->chunks, place, err);
}

static enum pw_status append_entry(struct walk *walk, const uint8_t *entry,
				   bool *good, struct pw_error *err)
{
	struct pw_chunk_place place = {.offset = pw_load64(entry)};
	enum pw_header_state state = pw_chunk_decode(&place.chunk, entry + 8);

	place.header_hash = pw_load64(entry + PW_INDEX_ENTRY_BYTES - 8);
	*good = state != PW_HEADER_DAMAGED;
	if (!*good)
		return PW_OK;
	if (state == PW_HEADER_NEWER)
		return pw_pwt_newer(walk->file, &place, err);
	return append(walk, &place, good, err);
}

/* Append the chunks of one INDEX, and itself. */
static enum pw_status append_index(struct walk *walk,
				   const struct pw_chunk_place *index,
				   bool *good, struct pw_error *err)
{
	const uint8_t *payload;
	uint64_t count;
	enum pw_status st;

	*good = false;
	st = pw_pwt_file_payload(walk->file, index, &walk->buffer, &payload,
				 err);
	if (st == PW_ERR_FORMAT)
		return PW_OK;
	if (st != PW_OK || index->chunk.payload_bytes < PW_INDEX_HEAD_BYTES)
		return st;
	count = pw_load32(payload);
	*good = pw_load32(payload + 4) == 0 &&
		index->chunk.payload_bytes ==
			PW_INDEX_HEAD_BYTES + count * PW_INDEX_ENTRY_BYTES;
	payload += PW_INDEX_HEAD_BYTES;
	for (uint64_t i = 0; i < count && st == PW_OK && *good; i++)
		st = append_entry(walk, payload + i * PW_INDEX_ENTRY_BYTES,
				  good, err);
	if (st != PW_OK || !*good)
		return st;
	return append(walk, index, good, err);
}

static enum pw_status follow(struct walk *walk, bool *good,
			     struct pw_error *err)
{
	struct pw_chunk_place end;
	enum pw_status st = find_end(walk, &end, good, err);

	if (st == PW_OK && *good)
		st = find_indexes(walk, &end, good, err);
	for (size_t i = walk->indexes.count; i > 0 && st == PW_OK && *good; i--)
		st = append_index(walk,
				  &PW_ARRAY_AT(&walk->indexes,
					       struct pw_chunk_place, i - 1),
				  good, err);
	if (st == PW_OK && *good)
		st = append(walk, &end, good, err);
	PW_ASSERT(st != PW_OK || !*good || walk->list->ended);
	return st;
}

enum pw_status pw_pwt_list_indexed(struct pw_pwt_list *list,
				   const struct pw_pwt_file *file, bool *whole,
				   struct pw_error *err)
{
	struct walk walk = {
		.file = file,
		.list = list,
		.indexes = PW_ARRAY(struct pw_chunk_place),
		.buffer = PW_ARRAY(uint8_t),
		.expected = PW_FILE_HEADER_BYTES,
	};
	enum pw_status st;

	PW_ASSERT(list->chunks.count == 0);
	*whole = false;
	st = follow(&walk, whole, err);
	if (st != PW_OK || !*whole) {
		list->chunks.count = 0;
		list->ended = false;
	}
	pw_array_free(&walk.indexes);
	pw_array_free(&walk.buffer);
	return st;
}
