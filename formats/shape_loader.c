/*
 * shape_loader.c - SHAPES chunks in the order of the file, each once.
 *
 * There is room for all shapes from the start, by what the headers of their
 * chunks say, so that they never move: who has been shown some reads them while
 * others are added behind them.
 */
#include "formats/shape_loader.h"

#include <pthread.h>
#include <string.h>

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/streams.h"

/* Slots of a shape, and the kind, the size and the pc of one. */
#define SHAPE_BYTES_MIN 4

/* A chunk that was left out, and why. */
struct loss {
	size_t index;
	char *message;
};

struct pw_shape_loader {
	const struct pw_pwt_file *file;
	const struct pw_pwt_list *list;
	pthread_mutex_t mutex;
	struct pw_array chunks; /* size_t: SHAPES chunks in the list */
	size_t loaded;		/* those of them that were read */
	struct pw_pwt_shapes shapes;
	struct pw_array buffer; /* uint8_t: a chunk */
	struct pw_array raw;	/* uint8_t: the same after unpacking */
	struct pw_array losses; /* struct loss */
	size_t reported;	/* those of them that were added to damage */
};

/* Find the chunks, and make room for what they say they hold. */
static enum pw_status survey(struct pw_shape_loader *loader,
			     struct pw_error *err)
{
	uint64_t bytes = 0, shapes = 0;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < loader->list->chunks.count && st == PW_OK; i++) {
		const struct pw_chunk *chunk =
			&pw_pwt_list_at(loader->list, i)->chunk;
		uint64_t end =
			chunk->thread + chunk->raw_bytes / SHAPE_BYTES_MIN;

		if (chunk->kind != PW_CHUNK_SHAPES)
			continue;
		if (chunk->raw_bytes <= PW_SHAPE_BYTES_MAX - bytes)
			bytes += chunk->raw_bytes;
		else
			bytes = PW_SHAPE_BYTES_MAX;
		if (end > shapes)
			shapes = end < PW_SHAPES_MAX ? end : PW_SHAPES_MAX;
		st = pw_array_push(&loader->chunks, &i, err);
	}
	if (st == PW_OK)
		st = pw_array_reserve(&loader->shapes.bytes, bytes + 1, err);
	if (st == PW_OK)
		st = pw_array_reserve(&loader->shapes.offset, shapes + 1, err);
	return st;
}

enum pw_status pw_shape_loader_open(struct pw_shape_loader **out,
				    const struct pw_pwt_file *file,
				    const struct pw_pwt_list *list,
				    struct pw_error *err)
{
	struct pw_shape_loader *loader = calloc(1, sizeof(*loader));
	enum pw_status st;

	*out = NULL;
	if (!loader)
		return pw_fail_memory(err, "shapes");
	loader->file = file;
	loader->list = list;
	pthread_mutex_init(&loader->mutex, NULL);
	loader->chunks = (struct pw_array)PW_ARRAY(size_t);
	loader->shapes = (struct pw_pwt_shapes)PW_PWT_SHAPES;
	loader->buffer = (struct pw_array)PW_ARRAY(uint8_t);
	loader->raw = (struct pw_array)PW_ARRAY(uint8_t);
	loader->losses = (struct pw_array)PW_ARRAY(struct loss);
	st = survey(loader, err);
	if (st != PW_OK)
		pw_shape_loader_close(loader);
	else
		*out = loader;
	return st;
}

void pw_shape_loader_close(struct pw_shape_loader *loader)
{
	if (!loader)
		return;
	for (size_t i = 0; i < loader->losses.count; i++)
		free(PW_ARRAY_AT(&loader->losses, struct loss, i).message);
	pw_array_free(&loader->losses);
	pw_array_free(&loader->chunks);
	pw_pwt_shapes_free(&loader->shapes);
	pw_array_free(&loader->buffer);
	pw_array_free(&loader->raw);
	pthread_mutex_destroy(&loader->mutex);
	free(loader);
}

/* Note why chunk @index is left out. */
static enum pw_status lose(struct pw_shape_loader *loader, size_t index,
			   struct pw_error *err)
{
	struct loss loss = {index, strdup(err->message)};
	enum pw_status st;

	if (!loss.message)
		return pw_fail_memory(err, "a message");
	st = pw_array_push(&loader->losses, &loss, err);
	if (st != PW_OK)
		free(loss.message);
	return st;
}

/* Read chunk @index of the list. */
static enum pw_status load(struct pw_shape_loader *loader, size_t index,
			   struct pw_error *err)
{
	const struct pw_chunk_place *place =
		pw_pwt_list_at(loader->list, index);
	struct pw_pwt_shapes *shapes = &loader->shapes;
	const void *bytes = shapes->bytes.data, *offset = shapes->offset.data;
	const uint8_t *payload;
	enum pw_status st;

	PW_ASSERT(place->chunk.kind == PW_CHUNK_SHAPES);
	st = pw_pwt_file_payload(loader->file, place, &loader->buffer, &payload,
				 err);
	if (st == PW_OK)
		st = pw_frame_unpack(payload, place->chunk.payload_bytes,
				     place->chunk.raw_bytes, &loader->raw, err);
	if (st == PW_OK)
		st = pw_pwt_shapes_add(shapes, place->chunk.thread,
				       loader->raw.data, loader->raw.count,
				       err);
	PW_ASSERT(bytes == shapes->bytes.data && offset == shapes->offset.data);
	return st == PW_ERR_FORMAT ? lose(loader, index, err) : st;
}

enum pw_status pw_shape_loader_load(struct pw_shape_loader *loader,
				    size_t until, struct pw_pwt_shapes *view,
				    struct pw_error *err)
{
	const size_t *index = loader->chunks.data;
	enum pw_status st = PW_OK;

	pthread_mutex_lock(&loader->mutex);
	while (loader->loaded < loader->chunks.count &&
	       index[loader->loaded] < until && st == PW_OK)
		st = load(loader, index[loader->loaded++], err);
	*view = loader->shapes;
	pthread_mutex_unlock(&loader->mutex);
	return st;
}

void pw_shape_loader_report(struct pw_shape_loader *loader, size_t until,
			    struct pw_damage *damage)
{
	const struct loss *loss;

	pthread_mutex_lock(&loader->mutex);
	loss = loader->losses.data;
	while (loader->reported < loader->losses.count &&
	       loss[loader->reported].index < until) {
		const struct pw_chunk_place *place = pw_pwt_list_at(
			loader->list, loss[loader->reported].index);

		pw_damage_add(damage, "offset %llu: %s: %s",
			      (unsigned long long)place->offset,
			      pw_chunk_name(place->chunk.kind),
			      loss[loader->reported].message);
		loader->reported++;
	}
	pthread_mutex_unlock(&loader->mutex);
}
