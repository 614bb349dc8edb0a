/*
 * event.h - the events of a trace: events.def as an enum and a table.
 */
#ifndef PW_FORMATS_EVENT_H
#define PW_FORMATS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define PW_EVENT_ARGS 10

enum pw_event_kind {
#define PW_EVENT(name, number, args, text) PW_EVENT_##name = (number),
#include "formats/events.def"
#undef PW_EVENT
};

struct pw_event_info {
	enum pw_event_kind kind;
	const char *name;
	const char *args; /* argument names, comma separated */
	const char *text; /* what the text is; "" for none */
};

/* What a present event says of its pages. */
enum pw_present_flag {
	PW_PRESENT_OWN = 1, /* the process's own, also in a file's mapping */
	PW_PRESENT_FAULTED = 2, /* the kernel faulted them in for this image */
};

/* One event, for those who write them. */
struct pw_event {
	enum pw_event_kind kind;
	uint64_t result;
	uint64_t arg[PW_EVENT_ARGS];
	const char *text; /* NULL means "" */
};

/*
 * Whether the call failed: its result is an error number, -4095..-1.
 */
static inline bool pw_event_failed(const struct pw_event *event)
{
	return event->result > UINT64_MAX - 4095;
}

/*
 * What is known of the events of @kind, or NULL for an unknown number.
 *
 * Owns: static.
 */
const struct pw_event_info *pw_event_info(unsigned kind);

/*
 * The @index'th kind of event in events.def, or NULL past the last one.
 *
 * Owns: static.
 */
const struct pw_event_info *pw_event_info_at(unsigned index);

#endif
