/*
 * fuzz_trace.c - any bytes at all as a trace file, read to the end.
 *
 * Checksums would keep almost every mutation from being looked at, so each
 * input is read twice: as it is, and with its checksums made right.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/trace.h"
#include "tests/support/mend_checksums.h"

/* An access may cover a million pages; touches are made of smaller files. */
#define TOUCHED_PAGES_MAX ((uint64_t)64 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_batch(const struct pw_trace_info *info,
			const struct pw_batch *batch)
{
	const struct pw_accesses *accesses = &batch->accesses;

	PW_ASSERT(batch->thread < info->thread_count);
	PW_ASSERT(batch->access_count > 0 || batch->events.count > 0);
	PW_ASSERT(batch->instruction_count <= batch->access_count);
	PW_ASSERT(accesses->count == 0 ||
		  accesses->count == batch->access_count);
	for (size_t i = 0; i < accesses->count; i++)
		PW_ASSERT(PW_ACCESS_KIND(accesses->kind[i]) >= 1 &&
			  PW_ACCESS_KIND(accesses->kind[i]) <= 4);
	for (size_t i = 0; i < batch->events.count; i++)
		PW_ASSERT(strlen(batch->events.text[i]) <= PW_EVENT_TEXT_MAX);
}

static void check_info(const struct pw_trace_info *info)
{
	PW_ASSERT(info->metadata && info->path && info->format);
	for (size_t i = 0; i < info->thread_count; i++)
		PW_ASSERT(info->threads[i].parent < info->thread_count);
	for (size_t i = 0; i < info->module_count; i++)
		PW_ASSERT(info->modules[i].build_id_bytes <= PW_BUILD_ID_MAX);
}

/* Read to the end; returns about how many pages the accesses cover. */
static uint64_t read_all(struct pw_trace *trace)
{
	const struct pw_batch *batch;
	struct pw_totals totals;
	struct pw_error err;
	uint64_t pages = 0, accesses = 0;

	check_info(pw_trace_info(trace));
	for (;;) {
		PW_ASSERT(pw_trace_next(trace, &batch, &err) == PW_OK);
		if (!batch)
			break;
		check_batch(pw_trace_info(trace), batch);
		accesses += batch->access_count;
		for (size_t i = 0; i < batch->accesses.count; i++)
			pages += 2 + batch->accesses.size_bytes[i] / 4096;
	}
	pw_trace_totals(trace, &totals);
	PW_ASSERT(totals.accesses == accesses);
	PW_ASSERT(!pw_trace_damage(trace) || pw_trace_damage(trace)[0]);
	PW_ASSERT(pw_trace_progress(trace) >= 1);
	return pages;
}

/* Read the file at @path, if it is a trace; returns as read_all. */
static uint64_t try_path(const char *path, enum pw_trace_needs needs)
{
	struct pw_trace_options options = {
		.needs = needs,
		.workers = 1,
		.epoch_accesses = needs == PW_NEED_TOUCHES ? 0 : 100,
	};
	struct pw_trace *trace;
	struct pw_error err;
	enum pw_status st = pw_trace_open(&trace, path, &options, &err);
	uint64_t pages = 0;

	PW_ASSERT(st == PW_OK || st == PW_ERR_FORMAT ||
		  (st == PW_ERR_USAGE && needs != PW_NEED_TOUCHES));
	if (st == PW_OK)
		pages = read_all(trace);
	pw_trace_close(trace);
	return pages;
}

static void try_file(const uint8_t *data, size_t bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	PW_ASSERT(fd >= 0);
	PW_ASSERT(bytes == 0 || write(fd, data, bytes) == (ssize_t)bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (try_path(path, PW_NEED_ACCESSES) < TOUCHED_PAGES_MAX) {
		(void)try_path(path, PW_NEED_BOTH);
		(void)try_path(path, PW_NEED_TOUCHES);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = calloc(1, bytes + 1);

	PW_ASSERT(copy);
	if (bytes > 0)
		memcpy(copy, data, bytes);
	try_file(data, bytes);
	pw_test_mend_checksums(copy, bytes);
	try_file(copy, bytes);
	free(copy);
	return 0;
}
