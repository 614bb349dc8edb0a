/*
 * reader_result.c - all that a reader says of one file, for its tests.
 */
#include "tests/support/reader_result.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/pw_test.h"

static void take(struct pw_reader_result *out, const struct pw_batch *batch)
{
	const struct pw_accesses *a = &batch->accesses;
	const struct pw_events *e = &batch->events;
	struct pw_error err;

	if (a->count > out->largest_batch)
		out->largest_batch = a->count;
	for (size_t i = 0; i < a->count; i++) {
		const struct pw_result_access access = {
			a->pc[i], a->address[i], a->size_bytes[i], a->kind[i],
			batch->thread};

		PW_TEST_OK(pw_array_push(&out->accesses, &access, &err), &err);
	}
	for (size_t i = 0; i < e->count; i++) {
		struct pw_result_event event = {
			.after = out->accesses.count,
			.thread = batch->thread,
			.kind = e->kind[i],
			.result = e->result[i],
		};

		memcpy(event.arg, e->arg[i], sizeof(event.arg));
		PW_TEST_OK(pw_array_push(&out->events, &event, &err), &err);
	}
}

static void take_info(struct pw_reader_result *out,
		      const struct pw_trace_info *info)
{
	struct pw_error err;

	for (size_t i = 0; i < info->thread_count; i++)
		PW_TEST_OK(
			pw_array_push(&out->threads, &info->threads[i], &err),
			&err);
	out->unknown = info->unknown;
	snprintf(out->metadata, sizeof(out->metadata), "%s", info->metadata);
}

void pw_reader_result_of(struct pw_reader_result *out,
			 const struct pw_reader_ops *ops, const char *path)
{
	const struct pw_trace_options options = {0};
	struct pw_trace_info info = {.metadata = "{}"};
	struct pw_input input;
	struct pw_error err;
	const char *damage;
	double progress = 0;
	bool more = true;
	void *state;

	*out = (struct pw_reader_result){
		.accesses = PW_ARRAY(struct pw_result_access),
		.events = PW_ARRAY(struct pw_result_event),
		.threads = PW_ARRAY(struct pw_thread),
	};
	PW_TEST_OK(pw_input_open(&input, path, &err), &err);
	PW_TEST_OK(ops->open(&state, &input, &options, &info, &err), &err);
	while (more) {
		struct pw_batch batch = {0};

		PW_TEST_OK(ops->next(state, &info, &batch, &more, &err), &err);
		if (more)
			assert_true(batch.thread < info.thread_count);
		take(out, &batch);
		assert_true(ops->progress(state) >= progress);
		progress = ops->progress(state);
	}
	assert_true(progress >= 1 && progress <= 1);
	take_info(out, &info);
	damage = ops->damage(state);
	snprintf(out->damage, sizeof(out->damage), "%s", damage ? damage : "");
	ops->close(state);
	pw_input_close(&input);
}

void pw_reader_result_of_data(struct pw_reader_result *out,
			      const struct pw_reader_ops *ops, const void *data,
			      size_t bytes, char path[64])
{
	const uint8_t *from = data;
	int fd = memfd_create("trace", MFD_CLOEXEC);

	assert_true(fd >= 0);
	while (bytes > 0) {
		ssize_t n = write(fd, from, bytes);

		assert_true(n > 0);
		from += n;
		bytes -= (size_t)n;
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	pw_reader_result_of(out, ops, path);
	close(fd);
}

void pw_reader_result_expect(const struct pw_reader_result *got,
			     const struct pw_result_access *want, size_t count)
{
	assert_int_equal(got->accesses.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct pw_result_access *a = &PW_ARRAY_AT(
			&got->accesses, struct pw_result_access, i);

		if (a->pc != want[i].pc || a->address != want[i].address ||
		    a->size_bytes != want[i].size_bytes ||
		    a->kind != want[i].kind || a->thread != want[i].thread)
			fail_msg("access %zu: pc %#llx address %#llx size %u "
				 "kind %u thread %u",
				 i, (unsigned long long)a->pc,
				 (unsigned long long)a->address, a->size_bytes,
				 a->kind, a->thread);
	}
}

size_t pw_reader_result_count(const struct pw_reader_result *got, unsigned kind)
{
	size_t count = 0;

	for (size_t i = 0; i < got->accesses.count; i++)
		count += PW_ACCESS_KIND(PW_ARRAY_AT(&got->accesses,
						    struct pw_result_access, i)
						.kind) == kind;
	return count;
}

void pw_reader_result_free(struct pw_reader_result *result)
{
	pw_array_free(&result->accesses);
	pw_array_free(&result->events);
	pw_array_free(&result->threads);
}

void pw_reader_sample(char *path, size_t bytes, const char *name)
{
	const char *folder = getenv("PAGEWALK_SAMPLES");

	snprintf(path, bytes, "%s/%s",
		 folder ? folder : PW_SOURCE_DIR "/../shared/samples", name);
	if (access(path, R_OK) != 0) {
		print_message("%s is not there\n", path);
		skip();
	}
}
