/*
 * repack_plan.c - as many segments as one may hold, and as memory is for.
 */
#include "formats/repack_plan.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/pwt_segment.h"

/* Accesses without a shape: one in so many is few. */
#define PLAIN_FEW 16
/* Addresses and accesses without a shape, whose memory is the most. */
#define ITEMS_MAX ((uint64_t)12 << 20)
#define TIMELINE_BYTES_MAX ((uint64_t)4 << 20)
/* Of an access without a shape: kind, size and pc. */
#define REST_BYTES_MIN 3

/* What a group or a segment holds at most. */
struct load {
	uint64_t accesses;
	uint64_t plain; /* in chunks of codec 1 */
	uint64_t items;
	uint64_t timeline_bytes;
};

bool pw_repack_pays(const struct pw_pwt_list *list, size_t threads)
{
	uint64_t all = 0, plain = 0;

	for (size_t i = 0; i < list->chunks.count; i++) {
		const struct pw_chunk *chunk = &pw_pwt_list_at(list, i)->chunk;

		if (chunk->kind != PW_CHUNK_ACCESSES)
			continue;
		if (chunk->thread >= threads)
			return false;
		all += chunk->access_count;
		if (chunk->codec == PW_CODEC_ZSTD)
			plain += chunk->access_count;
	}
	return all > 0 && plain <= all / PLAIN_FEW;
}

/* How many of @accesses are no fetches, if they are as all of the trace are. */
static uint64_t share_of_data(const struct pw_totals *totals, uint64_t accesses)
{
	if (totals->fetches >= totals->accesses)
		return 0;
	return accesses -
	       (uint64_t)((double)accesses * (double)totals->fetches /
			  (double)totals->accesses);
}

/*
 * How many addresses and accesses without a shape a chunk may have. Nothing but
 * decoding a dense one tells, so there it is how many there should be.
 */
static uint64_t bound_items(const struct pw_repack_source *source,
			    const struct pw_chunk_place *place)
{
	uint64_t most = place->chunk.access_count, bound;
	uint8_t table[PW_FAST_TABLE_BYTES];
	struct pw_error ignored;

	if (place->chunk.codec == PW_CODEC_DENSE)
		return share_of_data(&source->list->totals, most);
	if (place->chunk.codec != PW_CODEC_FAST ||
	    place->chunk.payload_bytes < sizeof(table) ||
	    pw_pwt_file_read(source->file,
			     place->offset + PW_CHUNK_HEADER_BYTES, table,
			     sizeof(table), &ignored) != PW_OK)
		return most;
	/* A byte of controls is two addresses. */
	bound = (uint64_t)pw_load32(table +
				    PW_FAST_CONTROLS * PW_STREAM_ENTRY_BYTES) *
			2 +
		pw_load32(table + PW_FAST_REST * PW_STREAM_ENTRY_BYTES) /
			REST_BYTES_MIN;
	return bound < most ? bound : most;
}

static struct load load_of(const struct pw_repack_source *source,
			   const struct pw_segment_place *place)
{
	const struct pw_chunk_place *timeline =
		pw_pwt_list_at(source->list, place->timeline);
	struct load load = {.timeline_bytes = timeline->chunk.raw_bytes};

	for (size_t i = place->first; i < place->timeline; i++) {
		const struct pw_chunk_place *at =
			pw_pwt_list_at(source->list, i);

		if (at->chunk.kind != PW_CHUNK_ACCESSES)
			continue;
		load.accesses += at->chunk.access_count;
		if (at->chunk.codec == PW_CODEC_ZSTD)
			load.plain += at->chunk.access_count;
		load.items += bound_items(source, at);
	}
	return load;
}

static bool add_load(struct load *sum, const struct load *load,
		     uint64_t accesses_max)
{
	struct load both = {
		sum->accesses + load->accesses,
		sum->plain + load->plain,
		sum->items + load->items,
		sum->timeline_bytes + load->timeline_bytes,
	};

	if (both.accesses > accesses_max ||
	    both.plain > PW_SEGMENT_ACCESSES_MAX || both.items > ITEMS_MAX ||
	    both.timeline_bytes > TIMELINE_BYTES_MAX)
		return false;
	*sum = both;
	return true;
}

enum pw_status pw_repack_plan(struct pw_array *groups,
			      const struct pw_repack_source *source,
			      struct pw_error *err)
{
	const struct pw_segment_place *place = source->places->data;
	struct pw_repack_group *last = NULL;
	struct load sum = {0};
	uint64_t position = 0;
	enum pw_status st = PW_OK;

	PW_ASSERT(groups->item_bytes == sizeof(struct pw_repack_group));
	for (size_t i = 0; i < source->places->count && st == PW_OK; i++) {
		struct load load = load_of(source, &place[i]);
		struct pw_repack_group group = {i, 1, position};

		position += load.accesses;
		if (last && add_load(&sum, &load, source->accesses_max)) {
			last->count++;
			continue;
		}
		sum = load;
		st = pw_array_push(groups, &group, err);
		last = (struct pw_repack_group *)groups->data + groups->count -
		       1;
	}
	return st;
}
