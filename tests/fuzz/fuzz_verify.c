/*
 * fuzz_verify.c - any bytes at all as a trace file, verified and mended: what
 * reading complains of is found, and what comes out is whole.
 *
 * Each input is taken twice: as it is, and with its checksums made right.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/repair.h"
#include "formats/trace.h"
#include "formats/verify.h"
#include "formats/verify_touches.h"
#include "tests/support/mend_checksums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum pw_status run(struct pw_verify *verify, const char *path)
{
	struct pw_progress progress;
	struct pw_error err;

	pw_progress_start(&progress, "verify", "accesses", true);
	return pw_verify_run(verify, path, &progress, &err);
}

/* Read the trace to its end; true when the reader finds no damage. */
static bool read_all(const char *path, enum pw_trace_needs needs,
		     uint64_t *accesses)
{
	const struct pw_trace_options options = {
		.needs = needs, .workers = 1, .format = "pwt"};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err;
	bool whole;

	*accesses = 0;
	PW_ASSERT(pw_trace_open(&trace, path, &options, &err) == PW_OK);
	do {
		PW_ASSERT(pw_trace_next(trace, &batch, &err) == PW_OK);
		*accesses += batch ? batch->access_count : 0;
	} while (batch);
	whole = !pw_trace_damage(trace);
	pw_trace_close(trace);
	return whole;
}

/* What the trace can be read for. */
static enum pw_trace_needs needs_of(const struct pw_verify *verify)
{
	return pw_verify_only_touches(verify) ? PW_NEED_TOUCHES
					      : PW_NEED_ACCESSES;
}

static void check_mended(const struct pw_verify *verify)
{
	char path[] = "/tmp/pw_fuzz_verify_XXXXXX";
	struct pw_verify mended;
	struct pw_error err;
	uint64_t bytes, accesses;
	int fd = mkstemp(path);
	enum pw_status st;

	PW_ASSERT(fd >= 0);
	close(fd);

	st = pw_repair_write(verify, path, NULL, &bytes, &err);
	if (st == PW_ERR_FORMAT) {
		PW_ASSERT(pw_verify_only_touches(verify));
		unlink(path);
		return;
	}
	PW_ASSERT(st == PW_OK);
	PW_ASSERT(run(&mended, path) == PW_OK);
	PW_ASSERT(mended.problems == 0);
	PW_ASSERT(mended.totals.accesses == verify->totals.accesses);
	PW_ASSERT(read_all(path, needs_of(verify), &accesses));
	PW_ASSERT(accesses == verify->totals.accesses);
	pw_verify_free(&mended);
	unlink(path);
}

static void try_file(const uint8_t *data, size_t bytes)
{
	struct pw_verify verify;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];
	uint64_t accesses;
	enum pw_status st;

	PW_ASSERT(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	PW_ASSERT(bytes == 0 || write(fd, data, bytes) == (ssize_t)bytes);
	st = run(&verify, path);
	PW_ASSERT(st == PW_OK || st == PW_ERR_FORMAT);
	if (st == PW_OK) {
		PW_ASSERT(read_all(path, needs_of(&verify), &accesses) ||
			  verify.problems > 0);
		PW_ASSERT(accesses == verify.totals.accesses);
		check_mended(&verify);
	}
	pw_verify_free(&verify);
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
