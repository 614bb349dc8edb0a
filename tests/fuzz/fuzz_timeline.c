/*
 * fuzz_timeline.c - any bytes at all as the records of a TIMELINE chunk.
 */
#include "base/assert.h"
#include "formats/layout.h"
#include "formats/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_timeline_cursor cursor = {data, data + bytes};
	struct pw_timeline_record record;
	struct pw_error err;
	enum pw_status st;

	do {
		const uint8_t *before = cursor.next;

		st = pw_timeline_next(&cursor, &record, &err);
		if (st != PW_OK || record.tag == PW_TIMELINE_STOP)
			break;
		PW_ASSERT(cursor.next > before && cursor.next <= cursor.end);
		if (record.tag == PW_TIMELINE_RUN)
			PW_ASSERT(record.accesses > 0);
		else
			PW_ASSERT(strlen(record.text) <= PW_EVENT_TEXT_MAX);
	} while (true);
	PW_ASSERT(st == PW_OK ? cursor.next == cursor.end
			      : st == PW_ERR_FORMAT && err.message[0]);
	return 0;
}
