/*
 * isolate_wire.h - what a confined reader tells the process that reads.
 *
 * Accesses are in slots of shared memory; everything else comes through a
 * pipe, as a message and what it counts, in the order of its members. A byte
 * through a socket says that a slot may be filled again. The reader may
 * have been taken over by the file it reads, so that nothing it says is
 * believed before it is checked.
 */
#ifndef PW_FORMATS_ISOLATE_WIRE_H
#define PW_FORMATS_ISOLATE_WIRE_H

#include "formats/batch.h"
#include "formats/reader.h"

#define PW_ISOLATE_SLOTS 3
#define PW_ISOLATE_ACCESSES 65536
#define PW_ISOLATE_EVENTS_MAX 65536
#define PW_ISOLATE_THREADS_MAX ((uint64_t)1 << 24)
#define PW_ISOLATE_TEXT_MAX ((uint64_t)1 << 24)

enum pw_isolate_kind {
	PW_ISOLATE_OPENED, /* name: the format; text: metadata */
	PW_ISOLATE_BATCH,  /* text: the damage, if it has changed */
	PW_ISOLATE_END,	   /* the same */
	PW_ISOLATE_FAILED, /* name: what was wrong; text: a hint */
};

struct pw_isolate_message {
	uint32_t kind;
	uint32_t status; /* FAILED: enum pw_status */
	uint32_t unknown;
	uint32_t thread;
	uint32_t accesses; /* in the next slot, if there are any */
	uint32_t progress; /* in millionths */
	uint64_t threads;  /* new ones: struct pw_thread */
	uint64_t events;   /* struct pw_isolate_event, then their texts */
	uint64_t event_text_bytes;
	uint64_t name_bytes;
	uint64_t text_bytes;
};

struct pw_isolate_event {
	uint64_t kind;
	uint64_t result;
	uint64_t arg[PW_EVENT_ARGS];
	uint64_t text_bytes; /* of its text, with a 0 */
};

struct pw_isolate_slot {
	uint64_t address[PW_ISOLATE_ACCESSES];
	uint64_t pc[PW_ISOLATE_ACCESSES];
	uint32_t size_bytes[PW_ISOLATE_ACCESSES];
	uint8_t kind[PW_ISOLATE_ACCESSES];
};

/* What the confined process works with. */
struct pw_isolate_child {
	const struct pw_input *input;
	const struct pw_trace_options *options;
	const struct pw_reader_ops *ops; /* NULL: the one that knows it */
	struct pw_isolate_slot *slots;
	int out;     /* messages */
	int credits; /* bytes */
};

/*
 * Confine this process, read the input and tell of it until the end; then end
 * the process.
 *
 * Errors: does not return.
 */
_Noreturn void pw_isolate_run(const struct pw_isolate_child *child);

#endif
