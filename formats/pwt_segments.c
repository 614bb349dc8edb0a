/*
 * pwt_segments.c - which whole segments a list of chunks holds.
 *
 * A segment is whole when its TIMELINE is there and its ACCESSES chunks, each
 * of a higher thread than the one before, add up to what the TIMELINE says, or
 * its TOUCHES chunks do.
 */
#include "base/assert.h"
#include "formats/pwt_segment.h"

/* Chunks of one kind. */
struct kind {
	size_t chunks;
	uint64_t accesses;
	uint64_t plain; /* those of them that are not in dense chunks */
	uint32_t last_thread;
	bool ordered;
};

/* The chunks since the last TIMELINE. */
struct gather {
	struct pw_damage *damage;
	size_t first;	  /* valid when chunks > 0 */
	size_t chunks;	  /* of both kinds */
	uint64_t segment; /* theirs */
	struct kind accesses;
	struct kind touches;
	uint64_t next; /* segment that should come */
};

uint64_t pw_segment_raw_bytes(const struct pw_pwt_list *list,
			      const struct pw_segment_place *place)
{
	uint64_t bytes = 0;

	for (size_t i = place->first; i <= place->timeline; i++)
		bytes += pw_pwt_list_at(list, i)->chunk.raw_bytes;
	return bytes;
}

static void drop(struct gather *gather, const struct pw_pwt_list *list)
{
	const struct pw_chunk_place *place;

	if (gather->chunks == 0)
		return;
	place = pw_pwt_list_at(list, gather->first);
	PW_ASSERT(place->chunk.segment == gather->segment);
	pw_damage_add(gather->damage,
		      "offset %llu: segment %llu has no end and is left out",
		      (unsigned long long)place->offset,
		      (unsigned long long)gather->segment);
	gather->chunks = 0;
}

static void add_chunk(struct gather *gather, const struct pw_pwt_list *list,
		      size_t index)
{
	const struct pw_chunk *chunk = &pw_pwt_list_at(list, index)->chunk;
	struct kind *kind = chunk->kind == PW_CHUNK_TOUCHES ? &gather->touches
							    : &gather->accesses;

	if (gather->chunks > 0 && chunk->segment != gather->segment)
		drop(gather, list);
	if (gather->chunks == 0) {
		gather->first = index;
		gather->segment = chunk->segment;
		gather->accesses = (struct kind){.ordered = true};
		gather->touches = (struct kind){.ordered = true};
	}
	if (kind->chunks > 0 && chunk->thread <= kind->last_thread)
		kind->ordered = false;
	kind->last_thread = chunk->thread;
	kind->chunks++;
	gather->chunks++;
	/* Each count is bounded first, so the sum cannot wrap. */
	if (chunk->access_count == 0 ||
	    chunk->access_count > PW_SEGMENT_DENSE_MAX ||
	    chunk->thread >= PW_THREADS_MAX) {
		kind->ordered = false;
		return;
	}
	kind->accesses += chunk->access_count;
	if (chunk->kind == PW_CHUNK_ACCESSES && chunk->codec != PW_CODEC_DENSE)
		kind->plain += chunk->access_count;
}

/* Whether the chunks of a kind are what this TIMELINE says. */
static bool is_all(const struct kind *kind, const struct pw_chunk *chunk)
{
	return kind->chunks > 0 && kind->ordered &&
	       kind->accesses == chunk->access_count &&
	       chunk->access_count <= PW_SEGMENT_DENSE_MAX &&
	       kind->plain <= PW_SEGMENT_ACCESSES_MAX;
}

/* Whether the gathered chunks and this TIMELINE are a whole segment. */
static bool is_whole(const struct gather *gather, const struct pw_chunk *chunk,
		     struct pw_segment_place *place)
{
	if (gather->chunks == 0)
		return chunk->access_count == 0;
	if (gather->segment != chunk->segment)
		return false;
	place->accesses = is_all(&gather->accesses, chunk);
	place->touches = is_all(&gather->touches, chunk);
	return place->accesses || place->touches;
}

static enum pw_status add_timeline(struct gather *gather,
				   struct pw_array *places,
				   const struct pw_pwt_list *list, size_t index,
				   struct pw_error *err)
{
	const struct pw_chunk_place *at = pw_pwt_list_at(list, index);
	const struct pw_chunk *chunk = &at->chunk;
	struct pw_segment_place place = {
		.first = gather->chunks > 0 ? gather->first : index,
		.timeline = index,
		.number = chunk->segment,
	};

	if (gather->chunks > 0 && gather->segment != chunk->segment) {
		drop(gather, list);
		place.first = index;
	}
	if (chunk->segment < gather->next || chunk->segment >= UINT64_MAX - 1) {
		pw_damage_add(gather->damage,
			      "offset %llu: segment %llu is out of order and "
			      "is left out",
			      (unsigned long long)at->offset,
			      (unsigned long long)chunk->segment);
		gather->chunks = 0;
		return PW_OK;
	}
	if (chunk->segment > gather->next)
		pw_damage_add(
			gather->damage,
			"offset %llu: %llu segments before it are lost",
			(unsigned long long)at->offset,
			(unsigned long long)(chunk->segment - gather->next));
	gather->next = chunk->segment + 1;
	PW_ASSERT(place.first <= place.timeline);
	if (is_whole(gather, chunk, &place)) {
		gather->chunks = 0;
		return pw_array_push(places, &place, err);
	}
	pw_damage_add(gather->damage,
		      "offset %llu: accesses of segment %llu are lost and it "
		      "is left out",
		      (unsigned long long)at->offset,
		      (unsigned long long)chunk->segment);
	gather->chunks = 0;
	return PW_OK;
}

enum pw_status pw_segments_find(struct pw_array *places,
				const struct pw_pwt_list *list,
				struct pw_damage *damage, struct pw_error *err)
{
	struct gather gather = {.damage = damage};
	enum pw_status st = PW_OK;

	PW_ASSERT(places->item_bytes == sizeof(struct pw_segment_place));
	for (size_t i = 0; i < list->chunks.count && st == PW_OK; i++) {
		switch (pw_pwt_list_at(list, i)->chunk.kind) {
		case PW_CHUNK_ACCESSES:
		case PW_CHUNK_TOUCHES:
			add_chunk(&gather, list, i);
			break;
		case PW_CHUNK_TIMELINE:
			st = add_timeline(&gather, places, list, i, err);
			break;
		default:
			break;
		}
	}
	/* What a killed recorder leaves open is no more than not ended. */
	if (st == PW_OK && list->ended) {
		drop(&gather, list);
		if (list->segments != gather.next)
			pw_damage_add(damage, "it should have %llu segments",
				      (unsigned long long)list->segments);
	}
	return st;
}
