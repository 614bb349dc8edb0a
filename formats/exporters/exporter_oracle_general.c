/*
 * exporter_oracle_general.c - page references with the time of the next one.
 *
 * A record is 24 bytes: u32 seconds, u64 object, u32 size, i64 number of the
 * next request of the object or -1. Objects are pages; the time is the number
 * of the request in millions, since traces have no clock of seconds. What comes
 * next is filled in when all is written, from the end on.
 *
 * Source: libCacheSim, libCacheSim/traceReader/customizedReader/
 *         oracle/oracleGeneralBin.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/pagemap.h"
#include "formats/exporter.h"

#define RECORD_BYTES 24
#define NEXT_OFFSET 16
#define NEVER UINT64_MAX /* -1 */
#define REQUESTS_A_SECOND 1000000

struct state {
	FILE *out;
	struct pw_export_totals totals;
};

static enum pw_status open_state(void **out, FILE *stream, struct pw_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	*out = state;
	if (!state)
		return pw_fail_memory(err, "an exporter");
	state->out = stream;
	return PW_OK;
}

static void write_record(struct state *state, uint64_t page)
{
	uint8_t record[RECORD_BYTES];
	uint64_t second = state->totals.records / REQUESTS_A_SECOND;

	pw_store32(record, (uint32_t)second);
	pw_store64(record + 4, page);
	pw_store32(record + 12, (uint32_t)PW_PAGE_BYTES);
	pw_store64(record + NEXT_OFFSET, NEVER);
	fwrite(record, sizeof(record), 1, state->out);
	state->totals.records++;
}

static enum pw_status write_batch(void *opaque,
				  const struct pw_trace_info *info,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	const struct pw_accesses *a = &batch->accesses;
	struct state *state = opaque;

	(void)info;
	(void)err;
	for (size_t i = 0; i < a->count; i++) {
		uint64_t last =
			pw_access_last_byte(a->address[i], a->size_bytes[i]) >>
			PW_PAGE_SHIFT;

		for (uint64_t page = a->address[i] >> PW_PAGE_SHIFT;
		     page <= last; page++)
			write_record(state, page);
	}
	return PW_OK;
}

static enum pw_status fill_next(uint8_t *records, uint64_t count,
				struct pw_error *err)
{
	struct pw_pagemap *map;
	enum pw_status st = pw_pagemap_open(&map, 0, err);

	for (uint64_t i = count; st == PW_OK && i-- > 0;) {
		uint8_t *record = records + i * RECORD_BYTES;
		uint64_t *next;
		bool added;

		st = pw_pagemap_insert(map, pw_load64(record + 4), &next,
				       &added, err);
		if (st != PW_OK)
			break;
		if (!added)
			pw_store64(record + NEXT_OFFSET, *next);
		*next = i;
	}
	pw_pagemap_close(map);
	return st;
}

static enum pw_status end(void *opaque, struct pw_export_totals *totals,
			  struct pw_error *err)
{
	const struct state *state = opaque;

	(void)err;
	*totals = state->totals;
	return PW_OK;
}

/* The descriptor writes only, so the file is opened again. */
static enum pw_status revise(void *opaque, int written, const char *path,
			     struct pw_error *err)
{
	const struct state *state = opaque;
	size_t bytes = (size_t)state->totals.records * RECORD_BYTES;
	char again[64];
	void *records;
	enum pw_status st;
	int fd;

	if (bytes == 0)
		return PW_OK;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", written);
	fd = open(again, O_RDWR | O_CLOEXEC);
	records = fd < 0 ? MAP_FAILED
			 : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0);
	if (records == MAP_FAILED) {
		st = pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				   "%s: cannot be gone through again", path);
		pw_hint(err, "this format needs a regular file, with -o");
	} else {
		st = fill_next(records, state->totals.records, err);
		munmap(records, bytes);
	}
	if (fd >= 0 && close(fd) != 0 && errno != EINTR && st == PW_OK)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				   "%s: cannot write", path);
	return st;
}

const struct pw_exporter_ops pw_exporter_oracle_general = {
	.name = "oracle_general",
	.summary = "4 KiB pages for libCacheSim, as oracleGeneral",
	.source = "libCacheSim, traceReader/customizedReader/oracle/"
		  "oracleGeneralBin.h",
	.suffix = ".oracleGeneral.bin",
	.open = open_state,
	.write = write_batch,
	.end = end,
	.revise = revise,
	.close = free,
};
