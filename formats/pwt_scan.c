/*
 * pwt_scan.c - the list of chunks by walking from header to header.
 *
 * For recordings that did not end and for damaged files: where no header
 * stands, the next one is searched for in steps of 8 bytes.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/pwt_list.h"

#define BLOCK_BYTES ((size_t)64 << 10)

struct scan {
	const struct pw_pwt_file *file;
	struct pw_pwt_list *list;
	struct pw_damage *damage;
	uint64_t sequence; /* of the next chunk */
	uint8_t *block;	   /* BLOCK_BYTES, to search in */
};

/* Whether a chunk header that can be whole stands at @offset. */
static enum pw_status try_place(struct scan *scan, uint64_t offset,
				struct pw_chunk_place *place, bool *good,
				struct pw_error *err)
{
	*good = false;
	if (offset > scan->file->bytes ||
	    scan->file->bytes - offset < PW_CHUNK_HEADER_BYTES)
		return PW_OK;
	return pw_pwt_place_read(scan->file, offset, place, good, err);
}

/* Search a block of the file for a header; *good when there is one. */
static enum pw_status search_block(struct scan *scan, uint64_t offset,
				   size_t bytes, struct pw_chunk_place *place,
				   bool *good, struct pw_error *err)
{
	PW_ASSERT(bytes <= BLOCK_BYTES);
	*good = false;
	for (size_t i = 0; i + 8 <= bytes; i += 8) {
		enum pw_status st;

		if (pw_load32(scan->block + i) != PW_CHUNK_MAGIC)
			continue;
		st = try_place(scan, offset + i, place, good, err);
		if (st != PW_OK || *good)
			return st;
	}
	return PW_OK;
}

/* Search the rest of the file from @offset, which is a multiple of 8. */
static enum pw_status search(struct scan *scan, uint64_t offset,
			     struct pw_chunk_place *place, bool *good,
			     struct pw_error *err)
{
	struct pw_error ignored;

	PW_ASSERT(offset % 8 == 0);
	*good = false;
	while (offset < scan->file->bytes) {
		uint64_t left = scan->file->bytes - offset;
		size_t bytes = left < BLOCK_BYTES ? left : BLOCK_BYTES;
		enum pw_status st;

		if (pw_pwt_file_read(scan->file, offset, scan->block, bytes,
				     &ignored) != PW_OK)
			return PW_OK;
		st = search_block(scan, offset, bytes, place, good, err);
		if (st != PW_OK || *good)
			return st;
		offset += bytes;
	}
	return PW_OK;
}

/* Take a chunk into the list, unless its number shows that it is stale. */
static enum pw_status take(struct scan *scan,
			   const struct pw_chunk_place *place,
			   struct pw_error *err)
{
	unsigned long long at = place->offset;

	if (place->chunk.sequence < scan->sequence) {
		pw_damage_add(scan->damage,
			      "offset %llu: a chunk that does not belong here",
			      at);
		return PW_OK;
	}
	if (place->chunk.sequence > scan->sequence)
		pw_damage_add(scan->damage,
			      "offset %llu: %llu chunks before it are missing",
			      at,
			      (unsigned long long)(place->chunk.sequence -
						   scan->sequence));
	PW_ASSERT(place->offset + pw_chunk_span(&place->chunk) <=
		  scan->file->bytes);
	scan->sequence = place->chunk.sequence + 1;
	return pw_array_push(&scan->list->chunks, place, err);
}

/* After END only the footer may come. */
static enum pw_status take_end(struct scan *scan,
			       const struct pw_chunk_place *place,
			       struct pw_error *err)
{
	uint64_t after = place->offset + pw_chunk_span(&place->chunk);
	struct pw_error why = {0};
	uint8_t footer[PW_FOOTER_BYTES];
	uint64_t end_offset = 0;
	enum pw_status st;

	st = pw_pwt_list_end(scan->list, scan->file, place, &why);
	if (st == PW_ERR_SYSTEM) {
		*err = why;
		return st;
	}
	if (st != PW_OK) {
		pw_damage_add(scan->damage, "offset %llu: END: %s",
			      (unsigned long long)place->offset, why.message);
		return PW_OK;
	}
	if (scan->file->bytes - after != PW_FOOTER_BYTES ||
	    pw_pwt_file_read(scan->file, after, footer, sizeof(footer), &why) !=
		    PW_OK ||
	    !pw_footer_decode(footer, scan->file->bytes, &end_offset) ||
	    end_offset != place->offset)
		pw_damage_add(scan->damage,
			      "offset %llu: what follows the recording is not "
			      "its footer",
			      (unsigned long long)after);
	return PW_OK;
}

/* Say what stands at @offset instead of a whole chunk. */
static void report(struct scan *scan, uint64_t offset,
		   const struct pw_chunk_place *place, bool header)
{
	unsigned long long at = offset;

	PW_ASSERT(!header || place->offset == offset);
	if (header)
		pw_damage_add(scan->damage,
			      "offset %llu: the file ends inside a chunk (%s)",
			      at, pw_chunk_name(place->chunk.kind));
	else if (scan->file->bytes - offset < PW_CHUNK_HEADER_BYTES)
		pw_damage_add(scan->damage,
			      "offset %llu: the file ends inside a chunk "
			      "header",
			      at);
	else
		pw_damage_add(scan->damage,
			      "offset %llu: a chunk header is damaged", at);
}

/* Find the next whole chunk at or after *offset; *good when there is one. */
static enum pw_status next(struct scan *scan, uint64_t *offset,
			   struct pw_chunk_place *place, bool *good,
			   struct pw_error *err)
{
	enum pw_status st = try_place(scan, *offset, place, good, err);
	bool fits = true;

	while (st == PW_OK) {
		if (*good)
			fits = pw_chunk_span(&place->chunk) <=
			       scan->file->bytes - place->offset;
		if (*good && fits)
			break;
		report(scan, *good ? place->offset : *offset, place, *good);
		*offset = (*good ? place->offset + PW_CHUNK_HEADER_BYTES
				 : *offset + 8);
		st = search(scan, *offset, place, good, err);
		if (!*good)
			break;
		*offset = place->offset;
	}
	return st;
}

static enum pw_status walk(struct scan *scan, struct pw_error *err)
{
	uint64_t offset = PW_FILE_HEADER_BYTES;
	enum pw_status st = PW_OK;

	while (st == PW_OK && offset < scan->file->bytes) {
		struct pw_chunk_place place;
		bool good;

		st = next(scan, &offset, &place, &good, err);
		if (st != PW_OK || !good)
			break;
		st = take(scan, &place, err);
		offset = place.offset + pw_chunk_span(&place.chunk);
		if (st == PW_OK && place.chunk.kind == PW_CHUNK_END)
			return take_end(scan, &place, err);
	}
	return st;
}

enum pw_status pw_pwt_list_scan(struct pw_pwt_list *list,
				const struct pw_pwt_file *file,
				struct pw_damage *damage, struct pw_error *err)
{
	struct scan scan = {
		.file = file,
		.list = list,
		.damage = damage,
		.block = malloc(BLOCK_BYTES),
	};
	enum pw_status st;

	PW_ASSERT(list->chunks.count == 0);
	if (!scan.block)
		return pw_fail_memory(err, "a search buffer");
	st = walk(&scan, err);
	free(scan.block);
	return st;
}
