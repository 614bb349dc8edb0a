/*
 * test_damaged_recording.c - large recordings, cut and with flipped bits.
 *
 * To read all of a recording for each damage would take days. What a segment
 * gives depends on nothing but its chunks and its shapes, so after each damage
 * the list of segments is compared as a whole, and of the segments those near
 * the damage and some others are decoded and compared with what they gave
 * before, access by access in a hash.
 *
 * PW_RECORDINGS, paths with colons between them, are used in place of small
 * recordings made here, with more damage to each.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/pwt_declared.h"
#include "formats/pwt_segment.h"
#include "formats/shape_loader.h"
#include "formats/trace.h"
#include "tests/support/shape_script.h"
#include "tests/support/trace_script.h"

#define CUTS 80
#define FLIPS 500
#define CUTS_LONG 1000
#define FLIPS_LONG 10000
/* So often segments away from the damage are decoded. */
#define OTHERS_EVERY 8

/* What can be known of a trace without decoding its accesses. */
struct survey {
	struct pw_pwt_file file;
	struct pw_pwt_list list;
	struct pw_array places; /* struct pw_segment_place */
	struct pw_pwt_declared declared;
	struct pw_shape_loader *shapes;
	struct pw_damage damage;
	enum pw_status status;
	struct pw_segment_decoder decoder;
	struct pw_segment segment;
};

/* A segment of the undamaged trace. */
struct known {
	uint64_t number;
	uint64_t begin; /* of its first chunk, offset in the file */
	uint64_t end;	/* of its TIMELINE */
	uint64_t hash;	/* 0: not decoded yet */
	bool hashed;
};

struct recording {
	const char *name;
	int fd;
	char path[64];
	uint64_t bytes;
	struct pw_array known; /* struct known */
	struct pw_random random;
	uint64_t decoded;
	uint64_t left_out;
};

static void open_survey(struct survey *survey, const char *path)
{
	struct pw_pwt_shapes all;
	struct pw_error err = {0};

	memset(survey, 0, sizeof(*survey));
	survey->list = (struct pw_pwt_list)PW_PWT_LIST;
	survey->places = (struct pw_array)PW_ARRAY(struct pw_segment_place);
	pw_damage_init(&survey->damage, path);
	pw_segment_init(&survey->segment);
	PW_TEST_OK(pw_pwt_file_open(&survey->file, path, &err), &err);
	survey->status = pw_pwt_list_read(&survey->list, &survey->file,
					  &survey->damage, &err);
	/* A flip in a header may make it one of a newer version. */
	if (survey->status != PW_OK) {
		assert_int_equal(survey->status, PW_ERR_FORMAT);
		survey->list.chunks.count = 0;
	}
	PW_TEST_OK(pw_segments_find(&survey->places, &survey->list,
				    &survey->damage, &err),
		   &err);
	PW_TEST_OK(pw_pwt_declared_read(&survey->declared, &survey->file,
					&survey->list, &survey->damage, &err),
		   &err);
	PW_TEST_OK(pw_shape_loader_open(&survey->shapes, &survey->file,
					&survey->list, &err),
		   &err);
	PW_TEST_OK(pw_shape_loader_load(survey->shapes,
					survey->list.chunks.count, &all, &err),
		   &err);
	pw_shape_loader_report(survey->shapes, survey->list.chunks.count,
			       &survey->damage);
	PW_TEST_OK(pw_segment_decoder_init(&survey->decoder,
					   survey->declared.threads.count,
					   false, survey->shapes, &err),
		   &err);
}

static void close_survey(struct survey *survey)
{
	pw_segment_free(&survey->segment);
	pw_segment_decoder_free(&survey->decoder);
	pw_shape_loader_close(survey->shapes);
	pw_pwt_declared_free(&survey->declared);
	pw_array_free(&survey->places);
	pw_pwt_list_free(&survey->list);
	pw_pwt_file_close(&survey->file);
}

static uint64_t add_hash(uint64_t hash, const void *data, size_t bytes)
{
	return (hash ^ pw_hash(data, bytes)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* All that a decoded segment delivers, in order. */
static uint64_t hash_segment(const struct pw_segment *segment)
{
	const struct pw_segment_batch *batch = segment->batches.data;
	uint64_t hash = 1;

	for (size_t i = 0; i < segment->batches.count; i++) {
		hash = add_hash(hash, &batch[i].thread, 4);
		for (size_t at = 0; at < batch[i].count;) {
			struct pw_accesses a = {0};
			size_t count = batch[i].count - at;

			if (count > PW_WINDOW_ACCESSES)
				count = PW_WINDOW_ACCESSES;
			pw_segment_accesses(segment, &batch[i], at, count, &a);
			hash = add_hash(hash, a.address, count * 8);
			hash = add_hash(hash, a.pc, count * 8);
			hash = add_hash(hash, a.size_bytes, count * 4);
			hash = add_hash(hash, a.kind, count);
			at += count;
		}
	}
	for (size_t i = 0; i < segment->event_kind.count; i++) {
		const char *text =
			PW_ARRAY_AT(&segment->event_text, const char *, i);

		hash = add_hash(hash,
				&PW_ARRAY_AT(&segment->event_kind, uint16_t, i),
				2);
		hash = add_hash(
			hash, &PW_ARRAY_AT(&segment->event_result, uint64_t, i),
			8);
		hash = add_hash(hash, text, strlen(text));
	}
	return hash;
}

/* Decode segment @index of a trace; false when it is damaged. */
static bool decode(struct survey *survey, size_t index, uint64_t *hash)
{
	const struct pw_segment_place *place =
		&PW_ARRAY_AT(&survey->places, struct pw_segment_place, index);
	struct pw_error err = {0};
	enum pw_status st;

	st = pw_segment_decode(&survey->decoder, &survey->file, &survey->list,
			       place, &survey->segment, &err);
	if (st != PW_OK) {
		assert_int_equal(st, PW_ERR_FORMAT);
		assert_non_null(strstr(err.message, "left out"));
		return false;
	}
	*hash = hash_segment(&survey->segment);
	return true;
}

/* Which of the known segments has this number. */
static struct known *find_known(struct recording *recording, uint64_t number)
{
	assert_true(number < recording->known.count);
	return &PW_ARRAY_AT(&recording->known, struct known, number);
}

/* List the segments of the undamaged recording. */
static void learn(struct recording *recording)
{
	struct pw_error err = {0};
	struct survey survey;
	struct known known;

	open_survey(&survey, recording->path);
	assert_int_equal(survey.damage.problems, 0);
	for (size_t i = 0; i < survey.places.count; i++) {
		const struct pw_segment_place *place = &PW_ARRAY_AT(
			&survey.places, struct pw_segment_place, i);
		const struct pw_chunk_place *end =
			pw_pwt_list_at(&survey.list, place->timeline);

		assert_int_equal(place->number, i);
		known = (struct known){
			.number = i,
			.begin = pw_pwt_list_at(&survey.list, place->first)
					 ->offset,
			.end = end->offset + pw_chunk_span(&end->chunk),
		};
		PW_TEST_OK(pw_array_push(&recording->known, &known, &err),
			   &err);
	}
	close_survey(&survey);
}

/* The hash of a known segment, from a second, undamaged copy. */
static uint64_t known_hash(struct survey *whole, struct known *known)
{
	if (!known->hashed)
		assert_true(decode(whole, known->number, &known->hash));
	known->hashed = true;
	return known->hash;
}

/*
 * Decode segment @index: it gives what it gave, or is damaged, which is only
 * allowed when the damage may have to do with it.
 */
static void check_segment(struct recording *recording, struct survey *survey,
			  struct survey *whole, size_t index, bool may_be_lost)
{
	const struct pw_segment_place *place =
		&PW_ARRAY_AT(&survey->places, struct pw_segment_place, index);
	struct known *known = find_known(recording, place->number);
	uint64_t hash;

	if (decode(survey, index, &hash)) {
		assert_int_equal(hash, known_hash(whole, known));
		recording->decoded++;
	} else {
		assert_true(may_be_lost);
		recording->left_out++;
	}
}

/*
 * Check the segment that @offset is in, and now and then the last one before
 * it and any other.
 */
static void check_near(struct recording *recording, struct survey *survey,
		       struct survey *whole, uint64_t offset, bool shapes_lost)
{
	bool more = pw_random_below(&recording->random, OTHERS_EVERY) == 0;
	size_t count = survey->places.count;
	size_t any = pw_random_below(&recording->random, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct pw_segment_place *place = &PW_ARRAY_AT(
			&survey->places, struct pw_segment_place, i);
		const struct known *known =
			find_known(recording, place->number);
		bool here = known->begin <= offset && offset < known->end;
		bool last =
			known->end <= offset &&
			(i + 1 == count ||
			 find_known(recording, place[1].number)->end > offset);

		if (here || (more && (last || i == any)))
			check_segment(recording, survey, whole, i,
				      here || shapes_lost);
	}
}

static void copy_file(const char *from, int to)
{
	struct stat found;
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	off_t at = 0;

	assert_true(fd >= 0 && fstat(fd, &found) == 0);
	while (at < found.st_size)
		assert_true(sendfile(to, fd, &at,
				     (size_t)(found.st_size - at)) > 0);
	close(fd);
}

static void open_recording(struct recording *recording, const char *from)
{
	struct stat found;

	memset(recording, 0, sizeof(*recording));
	recording->name = from;
	recording->known = (struct pw_array)PW_ARRAY(struct known);
	recording->fd = memfd_create("recording", MFD_CLOEXEC);
	assert_true(recording->fd >= 0);
	copy_file(from, recording->fd);
	assert_int_equal(fstat(recording->fd, &found), 0);
	recording->bytes = (uint64_t)found.st_size;
	snprintf(recording->path, sizeof(recording->path), "/proc/self/fd/%d",
		 recording->fd);
	pw_random_seed(&recording->random, 21);
	learn(recording);
}

static void close_recording(struct recording *recording)
{
	pw_array_free(&recording->known);
	close(recording->fd);
}

/* Cut at @bytes; all segments that end before it are listed, and no other. */
static void check_cut(struct recording *recording, struct survey *whole,
		      uint64_t bytes)
{
	struct survey survey;
	size_t expected = 0;

	assert_int_equal(ftruncate(recording->fd, (off_t)bytes), 0);
	open_survey(&survey, recording->path);
	assert_false(survey.list.ended);
	while (expected < recording->known.count &&
	       find_known(recording, expected)->end <= bytes)
		expected++;
	assert_int_equal(survey.places.count, expected);
	check_near(recording, &survey, whole, bytes, false);
	close_survey(&survey);
}

static void cut(const char *from, size_t cuts)
{
	struct recording recording;
	struct survey whole;
	uint64_t bytes;

	open_recording(&recording, from);
	open_survey(&whole, from);
	/* From the longest to the shortest, so that nothing is copied. */
	for (size_t i = cuts; i > 0; i--) {
		bytes = recording.bytes / cuts;
		bytes = bytes * (i - 1) +
			pw_random_below(&recording.random, bytes);
		check_cut(&recording, &whole, bytes);
	}
	print_message("%s: %zu cuts, %llu segments decoded\n", from, cuts,
		      (unsigned long long)recording.decoded);
	assert_int_equal(recording.left_out, 0);
	assert_true(recording.decoded > cuts / OTHERS_EVERY / 2);
	close_survey(&whole);
	close_recording(&recording);
}

/* Flip a bit at @offset: it is noticed, and costs its segment alone. */
static void check_flip(struct recording *recording, struct survey *whole,
		       uint64_t offset, unsigned bit)
{
	uint8_t byte, flipped;
	struct survey survey;
	uint64_t lost = 0, before;
	size_t chunk = 0;
	bool shapes;

	assert_int_equal(pread(recording->fd, &byte, 1, (off_t)offset), 1);
	flipped = (uint8_t)(byte ^ 1U << bit);
	assert_int_equal(pwrite(recording->fd, &flipped, 1, (off_t)offset), 1);
	while (chunk + 1 < whole->list.chunks.count &&
	       pw_pwt_list_at(&whole->list, chunk + 1)->offset <= offset)
		chunk++;
	shapes = pw_pwt_list_at(&whole->list, chunk)->chunk.kind ==
		 PW_CHUNK_SHAPES;
	open_survey(&survey, recording->path);
	before = recording->left_out;
	if (survey.status == PW_OK) {
		lost = recording->known.count - survey.places.count;
		assert_true(lost <= 1);
		check_near(recording, &survey, whole, offset, shapes);
	}
	/* In the file header, which the reader looks at and not this survey. */
	if (offset >= PW_FILE_HEADER_BYTES)
		assert_true(survey.status != PW_OK ||
			    survey.damage.problems > 0 || lost > 0 ||
			    recording->left_out > before);
	close_survey(&survey);
	assert_int_equal(pwrite(recording->fd, &byte, 1, (off_t)offset), 1);
}

static void flip(const char *from, size_t flips)
{
	struct recording recording;
	struct survey whole;

	open_recording(&recording, from);
	open_survey(&whole, from);
	for (size_t i = 0; i < flips; i++)
		check_flip(&recording, &whole,
			   pw_random_below(&recording.random, recording.bytes),
			   (unsigned)(i % 8));
	print_message("%s: %zu flips, %llu segments decoded, %llu left out\n",
		      from, flips, (unsigned long long)recording.decoded,
		      (unsigned long long)recording.left_out);
	assert_true(recording.left_out > flips / 4);
	assert_true(recording.decoded > flips / OTHERS_EVERY / 2);
	close_survey(&whole);
	close_recording(&recording);
}

/* ---- small recordings, of each codec ---- */

static char made[] = "/tmp/pw_test_damaged_XXXXXX";

typedef void write_function(const struct pw_script *script, const char *path,
			    const struct pw_writer_options *options);

static void damage_made(write_function *writer, bool dense)
{
	struct pw_writer_options options = {
		.segment_accesses = 2000, .replace = true, .dense = dense};
	struct pw_script script;

	pw_script_make(&script, 17, 4, 60000, false);
	writer(&script, made, &options);
	cut(made, CUTS);
	flip(made, FLIPS);
	pw_script_free(&script);
}

static void damage_to_plain_accesses_costs_their_segment(void **state)
{
	(void)state;
	damage_made(pw_script_write, false);
}

static void damage_to_executions_costs_their_segment(void **state)
{
	(void)state;
	damage_made(pw_shape_script_write, false);
}

static void damage_to_merged_executions_costs_their_segment(void **state)
{
	(void)state;
	damage_made(pw_shape_script_write, true);
}

/* ---- those that PW_RECORDINGS names ---- */

static void damage_to_real_recordings_costs_its_segment(void **state)
{
	const char *list = getenv("PW_RECORDINGS");
	char *copy, *next, *name;

	(void)state;
	if (!list)
		return;
	copy = next = strdup(list);
	assert_non_null(copy);
	while ((name = strsep(&next, ":")) != NULL) {
		cut(name, CUTS_LONG);
		flip(name, FLIPS_LONG);
	}
	free(copy);
}

static int make_path(void **state)
{
	int fd = mkstemp(made);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_to_plain_accesses_costs_their_segment),
		cmocka_unit_test(damage_to_executions_costs_their_segment),
		cmocka_unit_test(
			damage_to_merged_executions_costs_their_segment),
		cmocka_unit_test(damage_to_real_recordings_costs_its_segment),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
