/*
 * pwt_declared.c - read META, THREADS and MODULES chunks.
 */
#include "formats/pwt_declared.h"

#include "base/assert.h"
#include "formats/pwt_records.h"

/* Every bit: when the metadata is lost, nothing is known. */
#define ALL_UNKNOWN                                               \
	(PW_UNKNOWN_SIZES | PW_UNKNOWN_PCS | PW_UNKNOWN_FETCHES | \
	 PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS | PW_UNKNOWN_INSTRUCTIONS)

/* Make up threads until there are @count. */
static enum pw_status fill_threads(struct pw_pwt_declared *declared,
				   uint64_t count, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	PW_ASSERT(count <= PW_THREADS_MAX);
	while (declared->threads.count < count && st == PW_OK) {
		struct pw_thread thread = {
			.parent = (uint32_t)declared->threads.count,
		};

		st = pw_array_push(&declared->threads, &thread, err);
	}
	return st;
}

/* Take the threads of a payload; on a malformed one PW_ERR_FORMAT. */
static enum pw_status take_threads(struct pw_pwt_declared *declared,
				   const uint8_t *payload, uint64_t count,
				   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (uint64_t i = 0; i < count && st == PW_OK; i++) {
		uint32_t index = (uint32_t)declared->threads.count;
		struct pw_thread thread;

		if (!pw_thread_get(payload + i * PW_THREAD_BYTES, index,
				   &thread))
			return pw_fail(err, PW_ERR_FORMAT, "it is malformed");
		st = pw_array_push(&declared->threads, &thread, err);
	}
	return st;
}

static enum pw_status read_threads(struct pw_pwt_declared *declared,
				   const struct pw_pwt_file *file,
				   const struct pw_chunk_place *place,
				   struct pw_error *err)
{
	uint64_t first = place->chunk.thread;
	uint64_t count = place->chunk.payload_bytes / PW_THREAD_BYTES;
	struct pw_error why = {0};
	const uint8_t *payload;
	enum pw_status st, filled;

	if (place->chunk.payload_bytes % PW_THREAD_BYTES != 0 ||
	    first < declared->threads.count || first > PW_THREADS_MAX ||
	    count > PW_THREADS_MAX - first)
		return pw_fail(err, PW_ERR_FORMAT, "it is malformed");
	/* A gap is only left by a chunk that was lost, and so reported. */
	st = fill_threads(declared, first, err);
	if (st != PW_OK)
		return st;
	st = pw_pwt_file_payload(file, place, &declared->buffer, &payload,
				 &why);
	if (st == PW_OK)
		st = take_threads(declared, payload, count, &why);
	filled = fill_threads(declared, first + count, err);
	if (filled != PW_OK)
		return filled;
	if (st != PW_OK)
		*err = why;
	return st;
}

static enum pw_status read_meta(struct pw_pwt_declared *declared,
				const struct pw_pwt_file *file,
				const struct pw_chunk_place *place,
				struct pw_error *err)
{
	const uint8_t *payload;
	enum pw_status st;

	st = pw_pwt_file_payload(file, place, &declared->buffer, &payload, err);
	if (st == PW_OK)
		st = pw_meta_get(payload, place->chunk.payload_bytes,
				 declared->arena, &declared->unknown,
				 &declared->metadata, err);
	if (st == PW_OK)
		declared->has_meta = true;
	return st;
}

static enum pw_status read_modules(struct pw_pwt_declared *declared,
				   const struct pw_pwt_file *file,
				   const struct pw_chunk_place *place,
				   struct pw_error *err)
{
	const uint8_t *payload;
	enum pw_status st;

	st = pw_pwt_file_payload(file, place, &declared->buffer, &payload, err);
	if (st != PW_OK)
		return st;
	return pw_modules_get(payload, place->chunk.payload_bytes,
			      declared->arena, &declared->modules, err);
}

static enum pw_status read_chunk(struct pw_pwt_declared *declared,
				 const struct pw_pwt_file *file,
				 const struct pw_chunk_place *place,
				 struct pw_error *err)
{
	switch (place->chunk.kind) {
	case PW_CHUNK_META:
		return read_meta(declared, file, place, err);
	case PW_CHUNK_THREADS:
		return read_threads(declared, file, place, err);
	case PW_CHUNK_MODULES:
		return read_modules(declared, file, place, err);
	default:
		return PW_OK;
	}
}

/* After damage: accesses show which threads there were. */
static enum pw_status make_up(struct pw_pwt_declared *declared,
			      const struct pw_pwt_list *list,
			      struct pw_error *err)
{
	uint64_t count = 0;

	for (size_t i = 0; i < list->chunks.count; i++) {
		const struct pw_chunk *chunk = &pw_pwt_list_at(list, i)->chunk;

		if ((chunk->kind == PW_CHUNK_ACCESSES ||
		     chunk->kind == PW_CHUNK_TOUCHES) &&
		    chunk->thread < PW_THREADS_MAX && chunk->thread >= count)
			count = (uint64_t)chunk->thread + 1;
	}
	return fill_threads(declared, count, err);
}

enum pw_status pw_pwt_declared_read(struct pw_pwt_declared *declared,
				    const struct pw_pwt_file *file,
				    const struct pw_pwt_list *list,
				    struct pw_damage *damage,
				    struct pw_error *err)
{
	enum pw_status st;

	*declared = (struct pw_pwt_declared){
		.threads = PW_ARRAY(struct pw_thread),
		.modules = PW_ARRAY(struct pw_module),
		.buffer = PW_ARRAY(uint8_t),
		.metadata = "{}",
		.unknown = ALL_UNKNOWN,
	};
	st = pw_arena_open(&declared->arena, 0, err);
	for (size_t i = 0; i < list->chunks.count && st == PW_OK; i++) {
		const struct pw_chunk_place *place = pw_pwt_list_at(list, i);

		st = read_chunk(declared, file, place, err);
		if (st != PW_ERR_FORMAT)
			continue;
		pw_damage_add(damage, "offset %llu: %s: %s",
			      (unsigned long long)place->offset,
			      pw_chunk_name(place->chunk.kind), err->message);
		st = PW_OK;
	}
	if (st == PW_OK && !declared->has_meta)
		pw_damage_add(damage, "its metadata is lost");
	if (st == PW_OK && damage->problems > 0)
		st = make_up(declared, list, err);
	return st;
}

void pw_pwt_declared_free(struct pw_pwt_declared *declared)
{
	pw_arena_close(declared->arena);
	declared->arena = NULL;
	pw_array_free(&declared->threads);
	pw_array_free(&declared->modules);
	pw_array_free(&declared->buffer);
}
