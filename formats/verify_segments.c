/*
 * verify_segments.c - decode segments, and find out what is lost.
 */
#include <unistd.h>

#include "base/assert.h"
#include "formats/chunk_role.h"
#include "formats/pwt_ring.h"
#include "formats/pwt_segment.h"
#include "formats/tally.h"
#include "formats/verify.h"
#include "formats/verify_look.h"
#include "formats/verify_touches.h"

#define WORKERS_MAX 4

/* What came before a segment, of a thread or of all. */
struct sum {
	uint64_t accesses;
	uint64_t instructions;
	uint64_t losses; /* before the last segment that it was in */
};

struct check {
	struct pw_verify *verify;
	struct pw_array threads; /* struct sum */
	struct sum all;
	struct pw_look look; /* at the segment */
	uint64_t next;	     /* segment that should come */
	uint64_t losses;     /* stretches of segments that did not */
	struct pw_verify_touches touches;
};

static struct pw_chunk *chunk_at(const struct pw_verify *verify, size_t index)
{
	struct pw_chunk_place *place = verify->list.chunks.data;

	PW_ASSERT(index < verify->list.chunks.count);
	return &place[index].chunk;
}

/* ---- a decoded segment ---- */

/* What a header says of the accesses before it and of the pages in it. */
static enum pw_status check_counts(struct check *check, size_t index,
				   struct sum *sum, struct pw_pages pages,
				   struct pw_error *err)
{
	struct pw_chunk *chunk = chunk_at(check->verify, index);
	bool follows = chunk->first_access == sum->accesses &&
		       chunk->first_instruction == sum->instructions;
	enum pw_status st = PW_OK;

	if (sum->losses != check->losses)
		follows = chunk->first_access >= sum->accesses &&
			  chunk->first_instruction >= sum->instructions;
	if (!follows)
		st = pw_verify_note_chunk(
			check->verify, index,
			"it does not go on where the chunk before it ended",
			err);
	if (st == PW_OK &&
	    (chunk->min_page != pages.min || chunk->max_page != pages.max))
		st = pw_verify_note_chunk(
			check->verify, index,
			"it holds other pages than its header says", err);
	chunk->min_page = pages.min;
	chunk->max_page = pages.max;
	sum->accesses = chunk->first_access + chunk->access_count;
	sum->instructions = chunk->first_instruction + chunk->instruction_count;
	sum->losses = check->losses;
	return st;
}

static enum pw_status check_thread(struct check *check, size_t index,
				   struct pw_pages pages, struct pw_error *err)
{
	uint32_t thread = chunk_at(check->verify, index)->thread;
	enum pw_status st = PW_OK;

	while (check->threads.count <= thread && st == PW_OK)
		st = pw_array_push(&check->threads, NULL, err);
	if (st != PW_OK)
		return st;
	return check_counts(check, index,
			    &PW_ARRAY_AT(&check->threads, struct sum, thread),
			    pages, err);
}

/* Check the headers of a segment that could be decoded. */
static enum pw_status check_segment(struct check *check,
				    const struct pw_segment_place *place,
				    struct pw_error *err)
{
	unsigned kind = place->accesses ? PW_CHUNK_ACCESSES : PW_CHUNK_TOUCHES;
	struct pw_pages all = {UINT64_MAX, 0};
	uint64_t instructions = 0;
	struct pw_chunk *timeline = chunk_at(check->verify, place->timeline);
	enum pw_status st = PW_OK;
	size_t part = 0;

	for (size_t i = place->first; i < place->timeline && st == PW_OK; i++) {
		const struct pw_chunk *chunk = chunk_at(check->verify, i);
		struct pw_pages pages;

		if (chunk->kind != kind)
			continue;
		PW_ASSERT(part < check->look.pages.count);
		pages = PW_ARRAY_AT(&check->look.pages, struct pw_pages,
				    part++);
		all.min = pages.min < all.min ? pages.min : all.min;
		all.max = pages.max > all.max ? pages.max : all.max;
		instructions += chunk->instruction_count;
		st = check_thread(check, i, pages, err);
	}
	if (st == PW_OK && timeline->instruction_count != instructions)
		st = pw_verify_note_chunk(
			check->verify, place->timeline,
			"it holds another number of instructions", err);
	timeline->instruction_count = instructions;
	if (part == 0)
		all.min = 0;
	if (st == PW_OK)
		st = check_counts(check, place->timeline, &check->all, all,
				  err);
	return st;
}

static enum pw_status take(struct check *check,
			   const struct pw_segment_place *place,
			   const struct pw_segment *segment,
			   struct pw_error *err)
{
	struct pw_totals *totals = &check->verify->totals;
	struct pw_segment_place kept = *place;
	enum pw_status st;

	if (place->number != check->next)
		check->losses++;
	check->next = place->number + 1;
	st = pw_look_at(&check->look, segment, err);
	if (st != PW_OK)
		return st;
	pw_tally_total(totals, &check->look.tally, check->look.accesses);
	totals->events += check->look.events;
	/* In a trace of touches accesses are only taken in their place. */
	if (segment->touches)
		kept.accesses = false;
	st = check_segment(check, &kept, err);
	if (st == PW_OK && kept.accesses && kept.touches)
		st = pw_verify_touches_check(&check->touches, place,
					     &check->look, &kept.touches, err);
	if (st == PW_OK)
		st = pw_array_push(&check->verify->kept, &kept, err);
	return st;
}

/* ---- damaged ones ---- */

/* Check the payload of a chunk that was not decoded. */
static enum pw_status check_payload(struct pw_verify *verify, size_t index,
				    struct pw_array *buffer,
				    struct pw_error *err)
{
	const uint8_t *payload;
	enum pw_status st = pw_pwt_file_payload(
		&verify->file, pw_pwt_list_at(&verify->list, index), buffer,
		&payload, err);

	if (st != PW_ERR_FORMAT)
		return st;
	return pw_verify_note_chunk(verify, index, err->message, err);
}

/* What follows "offset N: KIND: " in a message about a chunk. */
static const char *reason_of(const char *text)
{
	const char *colon = strstr(text, ": ");

	if (colon)
		colon = strstr(colon + 2, ": ");
	return colon ? colon + 2 : text;
}

enum pw_status pw_verify_blame(struct pw_verify *verify,
			       const struct pw_segment_place *place,
			       size_t index, const char *text,
			       struct pw_error *err)
{
	static const char head[] = "offset ";
	struct pw_array buffer = PW_ARRAY(uint8_t);
	uint64_t before = verify->problems, offset = 0;
	enum pw_status st = PW_OK;

	for (size_t i = place->first; i <= place->timeline && st == PW_OK; i++)
		st = check_payload(verify, i, &buffer, err);
	pw_array_free(&buffer);
	if (st != PW_OK || verify->problems > before)
		return st;
	/* The checksums are right, so it is what they are about. */
	if (strncmp(text, head, sizeof(head) - 1) == 0)
		offset = strtoull(text + sizeof(head) - 1, NULL, 10);
	for (size_t i = place->first; i < place->timeline; i++)
		if (pw_pwt_list_at(&verify->list, i)->offset == offset)
			index = i;
	return pw_verify_note_chunk(verify, index, reason_of(text), err);
}

static enum pw_status decode_all(struct check *check, struct pw_ring *ring,
				 struct pw_progress *progress,
				 struct pw_error *err)
{
	struct pw_verify *verify = check->verify;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < verify->found.count && st == PW_OK; i++) {
		const struct pw_segment_place *place = &PW_ARRAY_AT(
			&verify->found, struct pw_segment_place, i);
		const struct pw_segment *segment;
		struct pw_error why = {0};

		st = pw_ring_next(ring, &segment, &why);
		if (st == PW_ERR_FORMAT)
			st = pw_verify_blame(verify, place, place->timeline,
					     why.message, err);
		else if (st == PW_OK)
			st = take(check, place, segment, err);
		else
			*err = why;
		pw_progress_update(
			progress, verify->totals.accesses,
			(double)pw_pwt_list_at(&verify->list, place->timeline)
					->offset /
				(double)verify->file.bytes);
	}
	return st;
}

/* Whether chunks of @kind of a segment that is kept were decoded. */
static bool was_decoded(const struct pw_segment_place *kept, unsigned kind)
{
	return kind == PW_CHUNK_TIMELINE ||
	       (kind == PW_CHUNK_ACCESSES && kept->accesses) ||
	       (kind == PW_CHUNK_TOUCHES && kept->touches);
}

/* Check what decoding did not look at. */
static enum pw_status check_others(struct pw_verify *verify,
				   struct pw_error *err)
{
	const struct pw_segment_place *kept = verify->kept.data;
	struct pw_array buffer = PW_ARRAY(uint8_t);
	enum pw_status st = PW_OK;
	size_t next = 0; /* kept segment that does not lie before the chunk */

	for (size_t i = 0; i < verify->list.chunks.count && st == PW_OK; i++) {
		const struct pw_chunk *chunk = chunk_at(verify, i);
		enum pw_chunk_role role = pw_chunk_role(chunk->kind);

		while (next < verify->kept.count && kept[next].timeline < i)
			next++;
		if ((role != PW_ROLE_THREAD && role != PW_ROLE_COMMITS) ||
		    (next < verify->kept.count && kept[next].first <= i &&
		     was_decoded(&kept[next], chunk->kind)))
			continue;
		st = check_payload(verify, i, &buffer, err);
	}
	pw_array_free(&buffer);
	return st;
}

/* ---- what is lost ---- */

static void add_thread(struct pw_lost *lost, uint32_t thread)
{
	for (size_t i = 0; i < lost->threads; i++)
		if (lost->thread[i] == thread)
			return;
	if (lost->threads < PW_LOST_THREADS_MAX)
		lost->thread[lost->threads++] = thread;
	else
		lost->more_threads = true;
}

/* Look at what is left of the lost segments: chunks [@from, @to). */
static void look_at_rest(const struct pw_verify *verify, struct pw_lost *lost,
			 size_t from, size_t to)
{
	unsigned kind = pw_verify_only_touches(verify) ? PW_CHUNK_TOUCHES
						       : PW_CHUNK_ACCESSES;

	for (size_t i = from; i < to; i++) {
		const struct pw_chunk *chunk = chunk_at(verify, i);
		uint64_t number = chunk->segment - lost->first_segment;

		if (pw_chunk_role(chunk->kind) == PW_ROLE_THREAD)
			add_thread(lost, chunk->thread);
		else if (pw_chunk_role(chunk->kind) != PW_ROLE_COMMITS)
			continue;
		if (lost->exact)
			continue;
		if (chunk->segment >= lost->first_segment &&
		    number >= lost->segments && number < UINT64_MAX)
			lost->segments = number + 1;
		if (chunk->kind == kind) {
			lost->accesses += chunk->access_count;
			lost->instructions += chunk->instruction_count;
		}
	}
}

/* Add a stretch of lost segments; what is left of it is in [@from, @to). */
static enum pw_status add_lost(struct pw_verify *verify, struct pw_lost *lost,
			       size_t from, size_t to, struct pw_error *err)
{
	lost->threads = 0;
	lost->more_threads = false;
	look_at_rest(verify, lost, from, to);
	return lost->segments > 0 ? pw_array_push(&verify->lost, lost, err)
				  : PW_OK;
}

static uint64_t difference(uint64_t high, uint64_t low)
{
	return high > low ? high - low : 0;
}

/* The stretches between segments that are kept, and behind the last one. */
static enum pw_status find_lost(struct pw_verify *verify, struct pw_error *err)
{
	const struct pw_segment_place *kept = verify->kept.data;
	const struct pw_totals *end = &verify->list.totals;
	struct pw_lost lost = {.exact = true};
	enum pw_status st = PW_OK;
	size_t from = 0;

	for (size_t i = 0; i < verify->kept.count && st == PW_OK; i++) {
		const struct pw_chunk *next =
			chunk_at(verify, kept[i].timeline);

		lost.segments = kept[i].number - lost.first_segment;
		lost.accesses =
			difference(next->first_access, lost.first_access);
		lost.instructions = difference(next->first_instruction,
					       lost.first_instruction);
		lost.kept_before = i;
		st = add_lost(verify, &lost, from, kept[i].first, err);
		from = kept[i].timeline + 1;
		lost.first_segment = kept[i].number + 1;
		lost.first_access = next->first_access + next->access_count;
		lost.first_instruction =
			next->first_instruction + next->instruction_count;
	}
	if (st != PW_OK)
		return st;
	lost.exact = verify->list.ended;
	lost.kept_before = verify->kept.count;
	lost.segments = 0;
	lost.accesses = 0;
	lost.instructions = 0;
	if (lost.exact) {
		lost.segments =
			difference(verify->list.segments, lost.first_segment);
		lost.accesses = difference(end->accesses, lost.first_access);
		lost.instructions =
			difference(end->instructions, lost.first_instruction);
	}
	return add_lost(verify, &lost, from, verify->list.chunks.count, err);
}

static unsigned choose_workers(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < WORKERS_MAX ? (unsigned)processors : WORKERS_MAX;
}

/* Segments with touches only are lost, unless the trace has nothing else. */
static enum pw_status choose(struct pw_verify *verify, struct pw_error *err)
{
	struct pw_segment_place *place = verify->found.data;
	bool only_touches = pw_verify_only_touches(verify);
	enum pw_status st = PW_OK;
	size_t chosen = 0;

	for (size_t i = 0; i < verify->found.count && st == PW_OK; i++) {
		if (only_touches || place[i].accesses || !place[i].touches)
			place[chosen++] = place[i];
		else
			st = pw_verify_note_chunk(
				verify, place[i].timeline,
				"the accesses of its segment are lost", err);
	}
	verify->found.count = chosen;
	return st;
}

enum pw_status pw_verify_segments(struct pw_verify *verify,
				  struct pw_progress *progress,
				  struct pw_error *err)
{
	const struct pw_ring_source source = {
		.file = &verify->file,
		.list = &verify->list,
		.places = &verify->found,
		.threads = verify->declared.threads.count,
		.touches = pw_verify_only_touches(verify),
		.shapes = verify->shapes,
	};
	struct check check = {
		.verify = verify,
		.threads = PW_ARRAY(struct sum),
		.look = PW_LOOK,
	};
	struct pw_ring *ring = NULL;
	enum pw_status st = pw_verify_touches_init(&check.touches, verify, err);

	if (st == PW_OK)
		st = choose(verify, err);
	if (st == PW_OK)
		st = pw_ring_open(&ring, &source, choose_workers(), err);
	if (st == PW_OK)
		st = decode_all(&check, ring, progress, err);
	pw_ring_close(ring);
	if (st == PW_OK)
		st = check_others(verify, err);
	if (st == PW_OK)
		st = find_lost(verify, err);
	pw_verify_touches_free(&check.touches);
	pw_array_free(&check.threads);
	pw_look_free(&check.look);
	return st;
}
