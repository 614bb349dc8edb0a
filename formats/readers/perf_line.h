/*
 * perf_line.h - one line of perf script, of a recording by perf mem.
 */
#ifndef PW_FORMATS_READERS_PERF_LINE_H
#define PW_FORMATS_READERS_PERF_LINE_H

#include <stddef.h>
#include <stdint.h>

enum pw_perf_line {
	PW_PERF_SAMPLE,
	PW_PERF_NO_ACCESS, /* a prefetch, or of an unknown operation */
	PW_PERF_COMMENT,   /* or empty, or of a call chain */
	PW_PERF_OTHER,
};

struct pw_perf_sample {
	uint64_t address;
	uint64_t pc; /* 0 when the column is missing */
	uint64_t period;
	uint32_t pid; /* 0 when the column is missing */
	uint32_t tid;
	uint8_t kind; /* PW_ACCESS_LOAD, STORE or FETCH */
};

/*
 * Read the line of @bytes bytes at @line, its '\n' left out.
 *
 * The columns are "comm pid/tid [cpu] time: period event: ADDRESS SOURCE |OP
 * LOAD|LVL ...|BLK N/A weights... PC symbol (file)"; all but the address and
 * the source with its description may be missing, and comm may have blanks.
 */
enum pw_perf_line pw_perf_parse(const char *line, size_t bytes,
				struct pw_perf_sample *sample);

#endif
