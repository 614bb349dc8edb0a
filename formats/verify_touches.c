/*
 * verify_touches.c - decode touches, and compare what they stand for with the
 * accesses beside them.
 */
#include "formats/verify_touches.h"

#include <string.h>

#include "base/assert.h"

bool pw_verify_only_touches(const struct pw_verify *verify)
{
	return verify->declared.unknown & PW_UNKNOWN_BUT_TOUCHES;
}

enum pw_status pw_verify_touches_init(struct pw_verify_touches *touches,
				      struct pw_verify *verify,
				      struct pw_error *err)
{
	const struct pw_look none = PW_LOOK;

	touches->verify = verify;
	touches->look = none;
	pw_segment_init(&touches->segment);
	return pw_segment_decoder_init(&touches->decoder,
				       verify->declared.threads.count, true,
				       verify->shapes, err);
}

void pw_verify_touches_free(struct pw_verify_touches *touches)
{
	pw_segment_decoder_free(&touches->decoder);
	pw_segment_free(&touches->segment);
	pw_look_free(&touches->look);
}

static const struct pw_chunk *chunk_at(const struct pw_verify *verify,
				       size_t index)
{
	return &pw_pwt_list_at(&verify->list, index)->chunk;
}

/* The next chunk of @kind of a segment, from @index on. */
static size_t find(const struct pw_verify *verify,
		   const struct pw_segment_place *place, unsigned kind,
		   size_t index)
{
	while (index < place->timeline && chunk_at(verify, index)->kind != kind)
		index++;
	PW_ASSERT(index < place->timeline);
	return index;
}

/* Whether two headers tell of the same accesses, in pages [min, max]. */
static bool is_same(const struct pw_chunk *a, const struct pw_chunk *b,
		    struct pw_pages pages)
{
	return a->thread == b->thread && a->access_count == b->access_count &&
	       a->instruction_count == b->instruction_count &&
	       a->first_access == b->first_access &&
	       a->first_instruction == b->first_instruction &&
	       a->min_page == b->min_page && a->max_page == b->max_page &&
	       a->min_page == pages.min && a->max_page == pages.max;
}

/* Compare the headers of the threads' chunks; *wrong is one that differs. */
static bool compare_headers(const struct pw_verify_touches *touches,
			    const struct pw_segment_place *place, size_t *wrong)
{
	const struct pw_verify *verify = touches->verify;
	size_t accesses = place->first, index = place->first;

	for (size_t i = 0; i < touches->segment.parts.count; i++) {
		index = find(verify, place, PW_CHUNK_TOUCHES, index);
		*wrong = index;
		while (accesses < place->timeline &&
		       chunk_at(verify, accesses)->kind != PW_CHUNK_ACCESSES)
			accesses++;
		if (accesses == place->timeline ||
		    !is_same(chunk_at(verify, index++),
			     chunk_at(verify, accesses++),
			     PW_ARRAY_AT(&touches->look.pages, struct pw_pages,
					 i)))
			return false;
	}
	return true;
}

enum pw_status pw_verify_touches_check(struct pw_verify_touches *touches,
				       const struct pw_segment_place *place,
				       const struct pw_look *accesses,
				       bool *right, struct pw_error *err)
{
	struct pw_verify *verify = touches->verify;
	struct pw_segment_place alone = *place;
	struct pw_error why = {0};
	enum pw_status st;
	size_t wrong;

	*right = false;
	alone.accesses = false; /* so that they are not decoded instead */
	wrong = find(verify, place, PW_CHUNK_TOUCHES, place->first);
	st = pw_segment_decode(&touches->decoder, &verify->file, &verify->list,
			       &alone, &touches->segment, &why);
	if (st == PW_ERR_FORMAT)
		return pw_verify_blame(verify, place, wrong, why.message, err);
	if (st != PW_OK) {
		*err = why;
		return st;
	}
	st = pw_look_at(&touches->look, &touches->segment, err);
	if (st != PW_OK)
		return st;
	*right = compare_headers(touches, place, &wrong) &&
		 memcmp(&touches->look.tally, &accesses->tally,
			sizeof(accesses->tally)) == 0;
	return *right ? PW_OK
		      : pw_verify_note_chunk(verify, wrong,
					     "it is not what the accesses of "
					     "its segment come to",
					     err);
}
