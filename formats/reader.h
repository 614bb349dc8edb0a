/*
 * reader.h - a format that accesses can be read from.
 *
 * To add one: write formats/readers/reader_<name>.c with a
 * "const struct pw_reader_ops pw_reader_<name>", fixtures good, truncated and
 * corrupt under tests/fixtures/<name>/, and one line PW_READER(<name>) in
 * formats/readers.def. Sniffing, import, replay, touches, truncation tests and
 * the fuzz target follow.
 *
 * A reader brings accesses and events; touches are made from them by trace.c.
 * Our own may bring stored touches instead.
 */
#ifndef PW_FORMATS_READER_H
#define PW_FORMATS_READER_H

#include "base/status.h"
#include "formats/batch.h"
#include "formats/input.h"
#include "formats/trace.h"

struct pw_reader_ops {
	const char *name;    /* "pwt", "pinatrace" */
	const char *summary; /* a line */
	const char *source;  /* where the format is defined */
	bool folders;	     /* a folder of such files is one trace */
	bool own;	     /* ours: read without unpacking and confinement */
	/*
	 * How sure are we that a file beginning with these bytes, unpacked if
	 * it is packed, is ours: 0 no ... 100 certain.
	 */
	int (*probe)(const uint8_t *head, size_t head_bytes);
	/*
	 * Begin to read @input, which outlives the state; fill @info (its texts
	 * and arrays belong to the state and may grow at next). *state is
	 * closed with close, also after a failure of next. Errors: as
	 * pw_trace_open.
	 */
	enum pw_status (*open)(void **state, const struct pw_input *input,
			       const struct pw_trace_options *options,
			       struct pw_trace_info *info,
			       struct pw_error *err);
	/*
	 * Fill thread, accesses and events of @batch, which is all zeros;
	 * *more is false at the end. The rest is the caller's work, except
	 * that our own reader says where in the recording the batch begins
	 * (first_access) and whether its run goes on in the next one, and may
	 * bring touches, in the cuts of touch_cut.h and as if no run had been
	 * open, with access_count and tally. Errors: PW_ERR_SYSTEM.
	 */
	enum pw_status (*next)(void *state, struct pw_trace_info *info,
			       struct pw_batch *batch, bool *more,
			       struct pw_error *err);
	/*
	 * Instead of next: deliver all segments as pw_trace_each and fill
	 * @delivered with what they held. NULL: cannot. Errors: those of the
	 * taker; PW_ERR_SYSTEM.
	 */
	enum pw_status (*each)(void *state, const struct pw_trace_taker *taker,
			       struct pw_totals *delivered,
			       struct pw_error *err);
	/* What was lost, as pw_trace_damage, or NULL. */
	const char *(*damage)(const void *state);
	/*
	 * Fill stored totals and return true; or fill what is known of chunks
	 * alone and return false.
	 */
	bool (*totals)(const void *state, struct pw_totals *out);
	/* 0..1. */
	double (*progress)(const void *state);
	void (*close)(void *state);
};

/*
 * The readers of readers.def, in order; NULL past the last one.
 */
const struct pw_reader_ops *pw_reader_at(size_t index);

/*
 * The reader called @name, or NULL.
 */
const struct pw_reader_ops *pw_reader_find(const char *name);

/*
 * The reader most sure of @head, or NULL when none is.
 */
const struct pw_reader_ops *pw_reader_probe(const uint8_t *head,
					    size_t head_bytes);

/*
 * The reader of our own format, if @format (NULL: the first bytes as they are)
 * says that @input is of it; else NULL.
 */
const struct pw_reader_ops *pw_reader_own(const struct pw_input *input,
					  const char *format);

/*
 * The reader called @format, or with NULL the one most sure of @input by the
 * first bytes of its files, unpacked.
 *
 * Errors: PW_ERR_USAGE  no such format, or a folder where it has none.
 *         PW_ERR_FORMAT no reader knows the content.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_reader_select(const struct pw_reader_ops **ops,
				const struct pw_input *input,
				const char *format,
				struct pw_error *err) PW_MUST_CHECK;

#endif
