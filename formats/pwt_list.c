/*
 * pwt_list.c - the list of chunks, and what both ways to it need.
 */
#include "formats/pwt_list.h"

#include "base/assert.h"
#include "base/bits.h"

void pw_pwt_list_free(struct pw_pwt_list *list)
{
	pw_array_free(&list->chunks);
	list->ended = false;
}

const struct pw_chunk_place *pw_pwt_list_at(const struct pw_pwt_list *list,
					    size_t index)
{
	PW_ASSERT(index < list->chunks.count);
	return &PW_ARRAY_AT(&list->chunks, struct pw_chunk_place, index);
}

enum pw_status pw_pwt_newer(const struct pw_pwt_file *file,
			    const struct pw_chunk_place *place,
			    struct pw_error *err)
{
	pw_fail(err, PW_ERR_FORMAT,
		"%s: offset %llu: a chunk of kind %u and codec %u needs a "
		"newer pagewalk",
		file->path, (unsigned long long)place->offset,
		place->chunk.kind, place->chunk.codec);
	return pw_hint(err, "this one reads version %d.%d of the format",
		       PW_VERSION_MAJOR, PW_VERSION_MINOR);
}

enum pw_status pw_pwt_place_read(const struct pw_pwt_file *file,
				 uint64_t offset, struct pw_chunk_place *place,
				 bool *good, struct pw_error *err)
{
	uint8_t bytes[PW_CHUNK_HEADER_BYTES];
	struct pw_error ignored;
	enum pw_header_state state;

	*good = false;
	if (pw_pwt_file_read(file, offset, bytes, sizeof(bytes), &ignored) !=
	    PW_OK)
		return PW_OK;
	state = pw_chunk_decode(&place->chunk, bytes);
	place->offset = offset;
	place->header_hash = pw_load64(bytes + PW_CHUNK_HEADER_BYTES - 8);
	if (state == PW_HEADER_NEWER)
		return pw_pwt_newer(file, place, err);
	*good = state == PW_HEADER_GOOD;
	return PW_OK;
}

enum pw_status pw_pwt_list_end(struct pw_pwt_list *list,
			       const struct pw_pwt_file *file,
			       const struct pw_chunk_place *place,
			       struct pw_error *err)
{
	struct pw_array buffer = PW_ARRAY(uint8_t);
	const uint8_t *payload;
	enum pw_status st;

	PW_ASSERT(place->chunk.kind == PW_CHUNK_END);
	PW_ASSERT(!list->ended);
	if (place->chunk.payload_bytes != PW_END_BYTES)
		return pw_fail(err, PW_ERR_FORMAT, "it has another length");
	st = pw_pwt_file_payload(file, place, &buffer, &payload, err);
	if (st == PW_OK)
		pw_end_decode(payload, &list->totals, &list->segments);
	list->ended = st == PW_OK;
	pw_array_free(&buffer);
	return st;
}

enum pw_status pw_pwt_list_read(struct pw_pwt_list *list,
				const struct pw_pwt_file *file,
				struct pw_damage *damage, struct pw_error *err)
{
	bool whole;
	enum pw_status st = pw_pwt_list_indexed(list, file, &whole, err);
	uint64_t problems = damage->problems;

	if (st != PW_OK || whole)
		return st;
	st = pw_pwt_list_scan(list, file, damage, err);
	if (st == PW_OK && list->ended && problems == damage->problems)
		pw_damage_add(damage, "its index is damaged; the chunks were "
				      "found without it");
	return st;
}
