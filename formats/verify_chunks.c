/*
 * verify_chunks.c - the file header, the chunks and what lies between them.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/chunk_role.h"
#include "formats/pwt_segment.h"
#include "formats/verify.h"

#define TEXT_BYTES 256

static enum pw_status check_header(struct pw_verify *verify,
				   struct pw_error *err)
{
	uint8_t bytes[PW_FILE_HEADER_BYTES];
	enum pw_header_state state = PW_HEADER_DAMAGED;
	struct pw_error why;

	if (pw_pwt_file_read(&verify->file, 0, bytes, sizeof(bytes), &why) ==
	    PW_OK)
		state = pw_file_header_decode(bytes, &verify->major,
					      &verify->minor);
	if (state == PW_HEADER_DAMAGED)
		return pw_verify_note(verify, 0, PW_FILE_HEADER_BYTES, "header",
				      "it does not match its checksum", err);
	if (state == PW_HEADER_GOOD)
		return PW_OK;
	pw_fail(err, PW_ERR_FORMAT,
		"%s: a trace of format version %u.%u, which this pagewalk "
		"cannot read",
		verify->path, verify->major, verify->minor);
	return pw_hint(err, "this one reads version %d; use a newer pagewalk",
		       PW_VERSION_MAJOR);
}

/* ---- the list ---- */

/* What stands between a chunk and the one before it, if anything. */
static enum pw_status check_before(struct pw_verify *verify,
				   const struct pw_chunk_place *place,
				   uint64_t offset, uint64_t sequence,
				   struct pw_error *err)
{
	uint64_t missing = place->chunk.sequence - sequence;
	char text[TEXT_BYTES];

	PW_ASSERT(place->offset >= offset);
	if (place->offset == offset && missing == 0)
		return PW_OK;
	verify->gaps = true;
	snprintf(text, sizeof(text), "chunks that are missing here: %llu",
		 (unsigned long long)missing);
	return pw_verify_note(verify, offset, place->offset - offset, "chunks",
			      text, err);
}

/* What stands behind the last chunk. */
static enum pw_status check_tail(struct pw_verify *verify, uint64_t offset,
				 struct pw_error *err)
{
	size_t count = verify->list.chunks.count;
	uint64_t left = verify->file.bytes - offset, end = 0;
	uint8_t footer[PW_FOOTER_BYTES];
	const struct pw_chunk_place *last;
	struct pw_error why;

	if (count > 0) {
		last = pw_pwt_list_at(&verify->list, count - 1);
		if (last->chunk.kind == PW_CHUNK_END) {
			if (left == sizeof(footer) &&
			    pw_pwt_file_read(&verify->file, offset, footer,
					     sizeof(footer), &why) == PW_OK &&
			    pw_footer_decode(footer, verify->file.bytes,
					     &end) &&
			    end == last->offset)
				return PW_OK;
			return pw_verify_note(verify, offset, left, "footer",
					      "what follows END is not the "
					      "footer",
					      err);
		}
	}
	if (left == 0)
		return PW_OK;
	verify->gaps = true;
	return pw_verify_note(verify, offset, left, "chunks",
			      "no whole chunk follows", err);
}

static enum pw_status check_gaps(struct pw_verify *verify, struct pw_error *err)
{
	uint64_t offset = PW_FILE_HEADER_BYTES, sequence = 0;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < verify->list.chunks.count && st == PW_OK; i++) {
		const struct pw_chunk_place *place =
			pw_pwt_list_at(&verify->list, i);
		uint64_t span = pw_chunk_span(&place->chunk);
		uint16_t kind = place->chunk.kind;
		struct pw_kind_tally *tally =
			&verify->kinds[kind < PW_CHUNK_KINDS ? kind : 0];

		tally->chunks++;
		tally->bytes += span;
		st = check_before(verify, place, offset, sequence, err);
		offset = place->offset + span;
		sequence = place->chunk.sequence + 1;
	}
	if (verify->file.bytes < PW_FILE_HEADER_BYTES)
		return st;
	return st == PW_OK ? check_tail(verify, offset, err) : st;
}

/* ---- each chunk ---- */

/* Whether INDEX @index lists the chunks from @first on. */
static bool is_index_right(const struct pw_verify *verify, size_t index,
			   size_t first, const uint8_t *payload)
{
	const struct pw_chunk *chunk =
		&pw_pwt_list_at(&verify->list, index)->chunk;
	uint64_t count = index - first;

	if (chunk->payload_bytes !=
		    PW_INDEX_HEAD_BYTES + count * PW_INDEX_ENTRY_BYTES ||
	    pw_load32(payload) != count || pw_load32(payload + 4) != 0)
		return false;
	payload += PW_INDEX_HEAD_BYTES;
	for (size_t i = first; i < index; i++) {
		const struct pw_chunk_place *place =
			pw_pwt_list_at(&verify->list, i);

		if (pw_load64(payload) != place->offset ||
		    pw_load64(payload + PW_INDEX_ENTRY_BYTES - 8) !=
			    place->header_hash)
			return false;
		payload += PW_INDEX_ENTRY_BYTES;
	}
	return true;
}

/* Check the chunks that are of no segment. */
static enum pw_status check_payloads(struct pw_verify *verify,
				     struct pw_error *err)
{
	struct pw_array buffer = PW_ARRAY(uint8_t);
	enum pw_status st = PW_OK;
	size_t first = 0; /* not yet in an INDEX */

	for (size_t i = 0; i < verify->list.chunks.count && st == PW_OK; i++) {
		const struct pw_chunk_place *place =
			pw_pwt_list_at(&verify->list, i);
		enum pw_chunk_role role = pw_chunk_role(place->chunk.kind);
		const uint8_t *payload;

		if (role == PW_ROLE_THREAD || role == PW_ROLE_COMMITS)
			continue;
		st = pw_pwt_file_payload(&verify->file, place, &buffer,
					 &payload, err);
		if (st == PW_ERR_FORMAT)
			st = pw_verify_note_chunk(verify, i, err->message, err);
		else if (st == PW_OK && place->chunk.kind == PW_CHUNK_INDEX &&
			 !verify->gaps &&
			 !is_index_right(verify, i, first, payload))
			st = pw_verify_note_chunk(verify, i,
						  "it lists other chunks", err);
		if (place->chunk.kind == PW_CHUNK_INDEX)
			first = i + 1;
	}
	pw_array_free(&buffer);
	return st;
}

/* Where the last chunk of each kind is, or of each thread of the kind. */
struct links {
	struct pw_array threads[PW_CHUNK_KINDS]; /* uint64_t */
	uint64_t kinds[PW_CHUNK_KINDS];
};

/* The place that @chunk has to point back to; NULL without memory. */
static uint64_t *find_link(struct links *links, const struct pw_chunk *chunk,
			   struct pw_error *err)
{
	struct pw_array *threads = &links->threads[chunk->kind];

	if (chunk->kind == PW_CHUNK_END)
		return &links->kinds[PW_CHUNK_INDEX];
	if (pw_chunk_role(chunk->kind) != PW_ROLE_THREAD)
		return &links->kinds[chunk->kind];
	threads->item_bytes = sizeof(uint64_t);
	while (threads->count <= chunk->thread)
		if (pw_array_push(threads, NULL, err) != PW_OK)
			return NULL;
	return &PW_ARRAY_AT(threads, uint64_t, chunk->thread);
}

/* Each chunk points to the one before it. */
static enum pw_status check_links(struct pw_verify *verify,
				  struct pw_error *err)
{
	struct links links = {0};
	enum pw_status st = PW_OK;

	for (size_t i = 0;
	     i < verify->list.chunks.count && st == PW_OK && !verify->gaps;
	     i++) {
		const struct pw_chunk_place *place =
			pw_pwt_list_at(&verify->list, i);
		uint64_t *link;

		if (place->chunk.kind >= PW_CHUNK_KINDS ||
		    place->chunk.thread >= PW_THREADS_MAX)
			continue;
		link = find_link(&links, &place->chunk, err);
		if (!link)
			st = err->status;
		else if (place->chunk.previous != *link)
			st = pw_verify_note_chunk(
				verify, i, "it points to a wrong chunk before",
				err);
		if (link)
			*link = place->offset;
	}
	for (unsigned i = 0; i < PW_CHUNK_KINDS; i++)
		pw_array_free(&links.threads[i]);
	return st;
}

/* ---- declarations ---- */

/* Damaged chunks that were noted of META, THREADS, MODULES and SHAPES. */
static uint64_t count_noted(const struct pw_verify *verify)
{
	uint64_t noted = 0;

	for (unsigned i = 1; i < PW_CHUNK_KINDS; i++)
		if (pw_chunk_role(i) == PW_ROLE_DECLARES)
			noted += verify->kinds[i].damaged;
	return noted;
}

/* Read all shapes, also those that no segment needs. */
static enum pw_status read_shapes(struct pw_verify *verify,
				  struct pw_error *err)
{
	size_t chunks = verify->list.chunks.count;
	struct pw_pwt_shapes ignored;
	enum pw_status st = pw_shape_loader_open(&verify->shapes, &verify->file,
						 &verify->list, err);

	if (st == PW_OK)
		st = pw_shape_loader_load(verify->shapes, chunks, &ignored,
					  err);
	if (st == PW_OK)
		pw_shape_loader_report(verify->shapes, chunks, &verify->damage);
	return st;
}

/* Read declarations; what is malformed has a right checksum. */
static enum pw_status read_declared(struct pw_verify *verify,
				    struct pw_error *err)
{
	struct pw_damage *damage = &verify->damage;
	uint64_t before = damage->problems;
	enum pw_status st = pw_pwt_declared_read(
		&verify->declared, &verify->file, &verify->list, damage, err);

	if (st == PW_OK)
		st = read_shapes(verify, err);
	if (st == PW_OK && !verify->declared.has_meta) {
		if (verify->kinds[PW_CHUNK_ACCESSES].chunks == 0 &&
		    verify->kinds[PW_CHUNK_TOUCHES].chunks > 0)
			verify->declared.unknown |= PW_UNKNOWN_BUT_TOUCHES;
		st = pw_verify_note(verify, PW_FILE_HEADER_BYTES, 0, "META",
				    "the metadata is lost", err);
		before++;
	}
	if (st == PW_OK && damage->problems - before > count_noted(verify))
		st = pw_verify_note(verify, PW_FILE_HEADER_BYTES, 0,
				    "declarations", pw_damage_text(damage),
				    err);
	return st;
}

enum pw_status pw_verify_chunks(struct pw_verify *verify, struct pw_error *err)
{
	struct pw_damage *damage = &verify->damage;
	enum pw_status st = check_header(verify, err);

	pw_damage_init(damage, verify->path);
	if (st == PW_OK)
		st = pw_pwt_list_read(&verify->list, &verify->file, damage,
				      err);
	if (st != PW_OK)
		return st;
	verify->bad = calloc(verify->list.chunks.count + 1, sizeof(bool));
	if (!verify->bad)
		return pw_fail_memory(err, "a list of chunks");
	st = check_gaps(verify, err);
	if (st == PW_OK)
		st = check_payloads(verify, err);
	if (st == PW_OK)
		st = check_links(verify, err);
	if (st == PW_OK)
		st = pw_segments_find(&verify->found, &verify->list, damage,
				      err);
	return st == PW_OK ? read_declared(verify, err) : st;
}
