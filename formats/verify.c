/*
 * verify.c - what the checks of a trace share, and the last of them.
 */
#include "formats/verify.h"

#include "base/assert.h"
#include "formats/pwt_segment.h"

enum pw_status pw_verify_note(struct pw_verify *verify, uint64_t offset,
			      uint64_t bytes, const char *where,
			      const char *text, struct pw_error *err)
{
	struct pw_finding finding = {offset, bytes, where, NULL};

	verify->problems++;
	if (verify->findings.count >= PW_FINDINGS_MAX)
		return PW_OK;
	finding.text = pw_arena_copy(verify->arena, text);
	if (!finding.text)
		return pw_fail_memory(err, "a list of damage");
	return pw_array_push(&verify->findings, &finding, err);
}

enum pw_status pw_verify_note_chunk(struct pw_verify *verify, size_t index,
				    const char *text, struct pw_error *err)
{
	const struct pw_chunk_place *place =
		pw_pwt_list_at(&verify->list, index);
	uint16_t kind = place->chunk.kind;

	if (verify->bad[index])
		return PW_OK;
	verify->bad[index] = true;
	verify->kinds[kind < PW_CHUNK_KINDS ? kind : 0].damaged++;
	return pw_verify_note(verify, place->offset,
			      pw_chunk_span(&place->chunk), pw_chunk_name(kind),
			      text, err);
}

/* Whether END says what was found. */
static bool is_end_right(const struct pw_verify *verify)
{
	const struct pw_totals *said = &verify->list.totals;
	const struct pw_totals *found = &verify->totals;

	return said->accesses == found->accesses &&
	       said->loads == found->loads && said->stores == found->stores &&
	       said->modifies == found->modifies &&
	       said->fetches == found->fetches &&
	       said->instructions == found->instructions &&
	       said->events == found->events &&
	       said->chunks == verify->list.chunks.count &&
	       said->file_bytes == verify->file.bytes &&
	       verify->list.segments == verify->kept.count;
}

/* The last chunk, when it is a right END, against all that was found. */
static enum pw_status check_end(struct pw_verify *verify, struct pw_error *err)
{
	size_t count = verify->list.chunks.count;
	bool last = count > 0 &&
		    pw_pwt_list_at(&verify->list, count - 1)->chunk.kind ==
			    PW_CHUNK_END;

	if (!verify->list.ended && last)
		return PW_OK; /* that is known to be bad */
	if (!verify->list.ended)
		return pw_verify_note(verify, verify->file.bytes, 0, "END",
				      "the recording did not end", err);
	if (verify->gaps || verify->lost.count > 0 || is_end_right(verify))
		return PW_OK;
	return pw_verify_note_chunk(verify, count - 1,
				    "its totals are not those of the trace",
				    err);
}

static int by_offset(const void *a, const void *b)
{
	const struct pw_finding *first = a;
	const struct pw_finding *second = b;

	if (first->offset != second->offset)
		return first->offset < second->offset ? -1 : 1;
	if (first->bytes != second->bytes)
		return first->bytes < second->bytes ? -1 : 1;
	return strcmp(first->text, second->text);
}

enum pw_status pw_verify_run(struct pw_verify *verify, const char *path,
			     struct pw_progress *progress, struct pw_error *err)
{
	enum pw_status st;

	*verify = (struct pw_verify){
		.path = path,
		.file = {.fd = -1},
		.list = PW_PWT_LIST,
		.found = PW_ARRAY(struct pw_segment_place),
		.kept = PW_ARRAY(struct pw_segment_place),
		.lost = PW_ARRAY(struct pw_lost),
		.findings = PW_ARRAY(struct pw_finding),
	};
	st = pw_arena_open(&verify->arena, 0, err);
	if (st == PW_OK)
		st = pw_pwt_file_open(&verify->file, path, err);
	if (st == PW_OK)
		st = pw_verify_chunks(verify, err);
	if (st == PW_OK)
		st = pw_verify_segments(verify, progress, err);
	if (st == PW_OK)
		st = check_end(verify, err);
	/* Nothing that reading complains of may go unnoticed. */
	if (st == PW_OK && verify->damage.problems > 0 && verify->problems == 0)
		st = pw_verify_note(verify, 0, verify->file.bytes, "chunks",
				    pw_damage_text(&verify->damage), err);
	if (verify->findings.count > 1)
		qsort(verify->findings.data, verify->findings.count,
		      sizeof(struct pw_finding), by_offset);
	return st;
}

void pw_verify_free(struct pw_verify *verify)
{
	pw_array_free(&verify->lost);
	pw_array_free(&verify->findings);
	pw_array_free(&verify->found);
	pw_array_free(&verify->kept);
	free(verify->bad);
	verify->bad = NULL;
	pw_shape_loader_close(verify->shapes);
	verify->shapes = NULL;
	pw_pwt_declared_free(&verify->declared);
	pw_pwt_list_free(&verify->list);
	pw_pwt_file_close(&verify->file);
	pw_arena_close(verify->arena);
	verify->arena = NULL;
}
