/*
 * fuzz_reader.c - any bytes at all to one reader.
 */
#include "tests/support/fuzz_reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/tally.h"

static void check_batch(const struct pw_batch *batch,
			const struct pw_trace_info *info)
{
	PW_ASSERT(batch->thread < info->thread_count);
	PW_ASSERT(info->threads[batch->thread].process <= batch->thread);
	for (size_t i = 0; i < batch->accesses.count; i++)
		PW_ASSERT(pw_access_kind_valid(batch->accesses.kind[i]));
	for (size_t i = 0; i < batch->events.count; i++)
		PW_ASSERT(batch->events.text[i]);
}

static size_t read_all(const struct pw_reader_ops *ops,
		       const struct pw_input *input)
{
	const struct pw_trace_options options = {0};
	struct pw_trace_info info = {0};
	struct pw_error err;
	size_t accesses = 0;
	bool more = true;
	void *state;

	if (ops->open(&state, input, &options, &info, &err) != PW_OK) {
		PW_ASSERT(err.status == PW_ERR_FORMAT && err.message[0]);
		return 0;
	}
	while (more) {
		struct pw_batch batch = {0};

		PW_ASSERT(ops->next(state, &info, &batch, &more, &err) ==
			  PW_OK);
		PW_ASSERT(more ==
			  (batch.accesses.count > 0 || batch.events.count > 0));
		if (more)
			check_batch(&batch, &info);
		accesses += batch.accesses.count;
	}
	PW_ASSERT(!ops->damage(state) || ops->damage(state)[0]);
	PW_ASSERT(ops->progress(state) >= 1);
	ops->close(state);
	return accesses;
}

size_t pw_fuzz_reader(const struct pw_reader_ops *ops, const uint8_t *data,
		      size_t bytes)
{
	struct pw_input input;
	struct pw_error err;
	size_t accesses;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	PW_ASSERT(fd >= 0);
	PW_ASSERT(bytes == 0 || write(fd, data, bytes) == (ssize_t)bytes);
	PW_ASSERT(ops->probe(data, bytes) <= 100);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	PW_ASSERT(pw_input_open(&input, path, &err) == PW_OK);
	accesses = read_all(ops, &input);
	pw_input_close(&input);
	close(fd);
	return accesses;
}
