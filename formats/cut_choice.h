/*
 * cut_choice.h - which accesses a cut keeps: of which threads, of which pages.
 */
#ifndef PW_FORMATS_CUT_CHOICE_H
#define PW_FORMATS_CUT_CHOICE_H

#include "base/array.h"
#include "base/option.h"
#include "base/status.h"
#include "formats/batch.h"
#include "formats/trace.h"

struct pw_cut_choice {
	struct pw_array threads;   /* uint64_t: indexes; none: all */
	struct pw_array processes; /* uint64_t: the same */
	struct pw_array ranges;	   /* struct pw_cut_range; none: all pages */
	struct pw_array address;   /* uint64_t: of chosen accesses, and so on */
	struct pw_array pc;	   /* uint64_t */
	struct pw_array size;	   /* uint32_t */
	struct pw_array kind;	   /* uint8_t */
};

/* Pages, the last one included. */
struct pw_cut_range {
	uint64_t first;
	uint64_t last;
};

#define PW_CUT_CHOICE                                                      \
	{                                                                  \
		PW_ARRAY(uint64_t), PW_ARRAY(uint64_t),                    \
			PW_ARRAY(struct pw_cut_range), PW_ARRAY(uint64_t), \
			PW_ARRAY(uint64_t), PW_ARRAY(uint32_t),            \
			PW_ARRAY(uint8_t)                                  \
	}

/*
 * Read what was asked for: numbers counted from 0, and ranges of addresses,
 * "0x1000-0x3000", without their ends.
 *
 * Owns:   the choice holds memory; free it with pw_cut_choice_free, also after
 *         a failure.
 * Errors: PW_ERR_USAGE, PW_ERR_SYSTEM.
 */
enum pw_status pw_cut_choice_parse(struct pw_cut_choice *choice,
				   const struct pw_text_list *threads,
				   const struct pw_text_list *processes,
				   const struct pw_text_list *ranges,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_cut_choice_free(struct pw_cut_choice *choice);

/*
 * Check, at the end of a trace, that all threads and processes were there.
 *
 * Errors: PW_ERR_USAGE.
 */
enum pw_status pw_cut_choice_check(const struct pw_cut_choice *choice,
				   const struct pw_trace_info *info,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether accesses of @thread are wanted.
 */
bool pw_cut_choice_thread(const struct pw_cut_choice *choice,
			  const struct pw_trace_info *info, uint32_t thread);

/*
 * Those of @accesses that touch a wanted page.
 *
 * Owns:   *out is the choice's or @accesses's; good until the next call.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cut_choice_pages(struct pw_cut_choice *choice,
				   const struct pw_accesses *accesses,
				   struct pw_accesses *out,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * What the accesses that are left no longer tell: enum pw_trace_unknown bits.
 */
unsigned pw_cut_choice_unknown(const struct pw_cut_choice *choice);

#endif
