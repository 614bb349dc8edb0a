/*
 * reader_result.h - all that a reader says of one file, for its tests.
 */
#ifndef PW_TESTS_SUPPORT_READER_RESULT_H
#define PW_TESTS_SUPPORT_READER_RESULT_H

#include "base/array.h"
#include "formats/reader.h"

struct pw_result_access {
	uint64_t pc;
	uint64_t address;
	uint32_t size_bytes;
	unsigned kind;
	uint32_t thread;
};

struct pw_result_event {
	size_t after; /* accesses before it */
	uint32_t thread;
	unsigned kind;
	uint64_t result;
	uint64_t arg[PW_EVENT_ARGS];
};

struct pw_reader_result {
	struct pw_array accesses; /* struct pw_result_access */
	struct pw_array events;	  /* struct pw_result_event */
	struct pw_array threads;  /* struct pw_thread */
	unsigned unknown;
	size_t largest_batch;
	char metadata[256];
	char damage[2048];
};

/*
 * Read @path to its end with @ops. Failures fail the test.
 *
 * Owns: @out holds memory; end it with pw_reader_result_free.
 */
void pw_reader_result_of(struct pw_reader_result *out,
			 const struct pw_reader_ops *ops, const char *path);

/*
 * The same for a file that holds @bytes bytes of @data; where a message names
 * it, it is *path.
 */
void pw_reader_result_of_data(struct pw_reader_result *out,
			      const struct pw_reader_ops *ops, const void *data,
			      size_t bytes, char path[64]);

/*
 * The accesses must be these, pc, address, size, kind and thread.
 */
void pw_reader_result_expect(const struct pw_reader_result *got,
			     const struct pw_result_access *want, size_t count);

/*
 * How many accesses are of @kind, flags left out.
 */
size_t pw_reader_result_count(const struct pw_reader_result *got,
			      unsigned kind);

/*
 * Free what @result holds.
 */
void pw_reader_result_free(struct pw_reader_result *result);

/*
 * The path of a sample outside of the project: PATH in the folder that the
 * variable PAGEWALK_SAMPLES names, or beside the source. Skips the test when
 * there is none.
 */
void pw_reader_sample(char *path, size_t bytes, const char *name);

#endif
