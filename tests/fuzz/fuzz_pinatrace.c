/*
 * fuzz_pinatrace.c - any bytes at all to the reader of Pin's traces.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/reader.h"

extern const struct pw_reader_ops pw_reader_pinatrace;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_all(const char *path, size_t file_bytes)
{
	const struct pw_reader_ops *ops = &pw_reader_pinatrace;
	const struct pw_trace_options options = {0};
	struct pw_trace_info info = {0};
	struct pw_error err;
	size_t accesses = 0;
	bool more = true;
	void *state;

	PW_ASSERT(ops->open(&state, path, &options, &info, &err) == PW_OK);
	while (more) {
		struct pw_batch batch = {0};

		PW_ASSERT(ops->next(state, &info, &batch, &more, &err) ==
			  PW_OK);
		accesses += batch.accesses.count;
		PW_ASSERT(more == (batch.accesses.count > 0));
	}
	/* The shortest record is "0x0: R 0x0" and the line's end. */
	PW_ASSERT(accesses <= file_bytes / 11);
	PW_ASSERT(!ops->damage(state) || ops->damage(state)[0]);
	PW_ASSERT(ops->progress(state) >= 1);
	ops->close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	PW_ASSERT(fd >= 0);
	PW_ASSERT(bytes == 0 || write(fd, data, bytes) == (ssize_t)bytes);
	PW_ASSERT(pw_reader_pinatrace.probe(data, bytes) <= 100);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path, bytes);
	close(fd);
	return 0;
}
