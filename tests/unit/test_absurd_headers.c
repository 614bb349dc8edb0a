/*
 * test_absurd_headers.c - headers and indexes whose checksums are right and
 * whose numbers are not.
 */
#include "tests/support/pw_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/file.h"
#include "formats/layout.h"
#include "tests/support/trace_script.h"

#define MIB ((size_t)1 << 20)

static char path[64];
static int file;

struct image {
	uint8_t *bytes;
	size_t count;
	struct pw_script script;
};

#define SEGMENT 5

static struct image make_image(void)
{
	struct pw_writer_options options = {.segment_accesses = SEGMENT};
	char written[] = "/tmp/pw_test_absurd_XXXXXX";
	struct image image;
	struct pw_error err = {0};
	char *data;

	pw_script_make(&image.script, 9, 3, 400, true);
	options.replace = true;
	assert_int_equal(close(mkstemp(written)), 0);
	pw_script_write(&image.script, written, &options);
	PW_TEST_OK(pw_file_read(written, 4 * MIB, &data, &image.count, &err),
		   &err);
	unlink(written);
	image.bytes = (uint8_t *)data;
	return image;
}

/* Where the next chunk of @kind begins, from @at on; 0: none is left. */
static size_t find_chunk(const struct image *image, size_t at, unsigned kind)
{
	struct pw_chunk chunk;

	while (at + PW_FOOTER_BYTES < image->count) {
		assert_int_equal(pw_chunk_decode(&chunk, image->bytes + at),
				 PW_HEADER_GOOD);
		if (chunk.kind == kind)
			return at;
		at += pw_chunk_span(&chunk);
	}
	return 0;
}

/* Make the checksums of the chunk at @at right. */
static void repair(struct image *image, size_t at)
{
	uint8_t *header = image->bytes + at;
	uint64_t payload = pw_load64(header + 16);

	if (payload < image->count - at - PW_CHUNK_HEADER_BYTES)
		pw_store64(header + 112, pw_hash(header + PW_CHUNK_HEADER_BYTES,
						 pw_padded(payload)));
	pw_store64(header + 120, pw_hash(header, 120));
}

/* Read the image: what comes out are whole segments of the script. */
static void check_image(const struct image *image)
{
	struct pw_trace_options options = {.workers = 1};
	struct pw_script_result result;
	struct pw_script got;

	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, image->bytes, image->count, 0),
			 image->count);
	pw_script_read(&got, path, &options, &result);
	if (result.opened == PW_OK)
		pw_script_assert_segments(&got, &image->script, SEGMENT);
	pw_script_free(&got);
}

/* Put absurd numbers into each field of the headers of one chunk a kind. */
static void try_header(struct image *image, size_t at)
{
	static const uint64_t absurd[] = {0,
					  1,
					  UINT64_C(1) << 26,
					  UINT64_C(1) << 32,
					  UINT64_C(1) << 63,
					  UINT64_MAX - 7,
					  UINT64_MAX};
	uint8_t saved[PW_CHUNK_HEADER_BYTES];

	memcpy(saved, image->bytes + at, sizeof(saved));
	for (size_t field = 16; field < 112; field += 8) {
		for (size_t i = 0; i < PW_COUNT(absurd); i++) {
			pw_store64(image->bytes + at + field, absurd[i]);
			repair(image, at);
			check_image(image);
			memcpy(image->bytes + at, saved, sizeof(saved));
		}
	}
}

static void absurd_numbers_in_headers_lose_segments_only(void **state)
{
	struct image image = make_image();

	(void)state;
	for (unsigned kind = PW_CHUNK_META; kind < PW_CHUNK_KINDS; kind++) {
		size_t at = find_chunk(&image, PW_FILE_HEADER_BYTES, kind);

		if (at > 0)
			try_header(&image, at);
	}
	free(image.bytes);
	pw_script_free(&image.script);
}

/*
 * Each INDEX, and END, in turn say that the one before is: itself, the next
 * one, the first chunk, the last byte; and so do the entries of each INDEX.
 */
static void indexes_that_lead_in_circles_are_not_followed(void **state)
{
	struct image image = make_image();
	size_t end = find_chunk(&image, PW_FILE_HEADER_BYTES, PW_CHUNK_END);
	size_t at = PW_FILE_HEADER_BYTES, indexes = 0;

	(void)state;
	while ((at = find_chunk(&image, at, PW_CHUNK_INDEX)) > 0) {
		const uint64_t places[] = {at, end, PW_FILE_HEADER_BYTES,
					   image.count - 1, 1};
		size_t entry = at + PW_CHUNK_HEADER_BYTES + PW_INDEX_HEAD_BYTES;
		size_t fields[] = {at + 104, end + 104, entry,
				   at + PW_CHUNK_HEADER_BYTES};

		indexes++;
		for (size_t i = 0; i < PW_COUNT(places) * PW_COUNT(fields);
		     i++) {
			size_t field = fields[i / PW_COUNT(places)];
			uint64_t saved = pw_load64(image.bytes + field);

			pw_store64(image.bytes + field,
				   places[i % PW_COUNT(places)]);
			repair(&image, field == end + 104 ? end : at);
			check_image(&image);
			pw_store64(image.bytes + field, saved);
			repair(&image, field == end + 104 ? end : at);
		}
		at += PW_CHUNK_HEADER_BYTES +
		      pw_padded(pw_load64(image.bytes + at + 16));
	}
	assert_true(indexes >= 3);
	free(image.bytes);
	pw_script_free(&image.script);
}

static int open_file(void **state)
{
	(void)state;
	/* Written thousands of times: keep it off the disk. */
	file = memfd_create("absurd", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return file < 0;
}

static int close_file(void **state)
{
	(void)state;
	return close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absurd_numbers_in_headers_lose_segments_only),
		cmocka_unit_test(indexes_that_lead_in_circles_are_not_followed),
	};

	return cmocka_run_group_tests(tests, open_file, close_file);
}
