/*
 * pinatrace_line.h - one line of Pin's pinatrace.out.
 */
#ifndef PW_FORMATS_READERS_PINATRACE_LINE_H
#define PW_FORMATS_READERS_PINATRACE_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum pw_pinatrace_line {
	PW_PINATRACE_RECORD,	   /* with a size: SimpleExamples */
	PW_PINATRACE_SHORT_RECORD, /* without: ManualExamples */
	PW_PINATRACE_END,	   /* "#eof" */
	PW_PINATRACE_COMMENT,	   /* or nothing at all */
	PW_PINATRACE_OTHER,
};

struct pw_pinatrace_record {
	uint64_t pc;
	uint64_t address;
	uint32_t size_bytes; /* 0 in a short record */
	uint8_t kind;	     /* PW_ACCESS_LOAD or PW_ACCESS_STORE */
};

/*
 * Read the line at @line as home-made tools write it: "W 3212859348", "LD
 * 0x7ffc722f7888 8": what, an address, and perhaps a size, with blanks, commas
 * or colons between them. A number without 0x is decimal, or hexadecimal with
 * @hex. The pc is 0.
 */
enum pw_pinatrace_line
pw_pinatrace_parse_plain(const char *line, const char **next, bool hex,
			 struct pw_pinatrace_record *record);

/*
 * Read the line at @line, which a '\n' ends, into *record, and let *next point
 * behind the '\n'. A carriage return before it is ignored.
 */
enum pw_pinatrace_line pw_pinatrace_parse(const char *line, const char **next,
					  struct pw_pinatrace_record *record);

#endif
