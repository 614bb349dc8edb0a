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
#include "base/bits.h"
#include "formats/layout.h"
#include "formats/trace.h"

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

/* Put copies of the chunk headers that an INDEX names into it. */
static void repair_index(uint8_t *data, size_t at, size_t payload)
{
	size_t first = at + PW_CHUNK_HEADER_BYTES + PW_INDEX_HEAD_BYTES;

	if (payload < PW_INDEX_HEAD_BYTES)
		return;
	payload -= PW_INDEX_HEAD_BYTES;
	for (size_t i = 0; i + PW_INDEX_ENTRY_BYTES <= payload;
	     i += PW_INDEX_ENTRY_BYTES) {
		uint64_t offset = pw_load64(data + first + i);

		if (offset < at && at - offset >= PW_CHUNK_HEADER_BYTES)
			memcpy(data + first + i + 8, data + offset,
			       PW_CHUNK_HEADER_BYTES);
	}
}

/* Make right the checksums of what looks like a chunk; return its bytes. */
static size_t repair_chunk(uint8_t *data, size_t bytes, size_t at)
{
	uint64_t payload = pw_load64(data + at + 16), span;

	if (payload > PW_PAYLOAD_BYTES_MAX)
		return 8;
	span = PW_CHUNK_HEADER_BYTES + pw_padded(payload);
	if (span <= bytes - at) {
		if (pw_load16(data + at + 4) == PW_CHUNK_INDEX)
			repair_index(data, at, payload);
		pw_store64(data + at + 112,
			   pw_hash(data + at + PW_CHUNK_HEADER_BYTES,
				   span - PW_CHUNK_HEADER_BYTES));
	}
	pw_store64(data + at + 120, pw_hash(data + at, 120));
	return span <= bytes - at ? span : 8;
}

static void repair(uint8_t *data, size_t bytes)
{
	size_t at = PW_FILE_HEADER_BYTES;

	if (bytes < PW_FILE_HEADER_BYTES)
		return;
	pw_store64(data + 56, pw_hash(data, 56));
	while (at + PW_CHUNK_HEADER_BYTES <= bytes)
		at += pw_load32(data + at) == PW_CHUNK_MAGIC
			      ? repair_chunk(data, bytes, at)
			      : 8;
	if (bytes < PW_FILE_HEADER_BYTES + PW_FOOTER_BYTES)
		return;
	pw_store64(data + bytes - 24, bytes);
	pw_store64(data + bytes - 8, pw_hash(data + bytes - PW_FOOTER_BYTES,
					     PW_FOOTER_BYTES - 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = calloc(1, bytes + 1);

	PW_ASSERT(copy);
	if (bytes > 0)
		memcpy(copy, data, bytes);
	try_file(data, bytes);
	repair(copy, bytes);
	try_file(copy, bytes);
	free(copy);
	return 0;
}
