/*
 * engine.h - a way to record a running program.
 *
 * To add one: write capture/engines/engine_<name>.c with a
 * "const struct pw_engine_ops pw_engine_<name>" and one line PW_ENGINE(<name>)
 * in capture/engines.def. The capture command and its help follow.
 */
#ifndef PW_CAPTURE_ENGINE_H
#define PW_CAPTURE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/writer.h"

struct pw_capture_request {
	const char *path; /* of the program, as pw_target_find found it */
	const char *const *argv;   /* ended by NULL */
	bool aslr;		   /* leave address randomisation as it is */
	uint64_t max_instructions; /* 0: no limit, also below */
	uint64_t max_bytes;	   /* of the trace */
	uint64_t max_seconds;
};

/* Why a recording ended. */
enum pw_capture_end {
	PW_CAPTURE_EXIT,	 /* the target ended */
	PW_CAPTURE_INSTRUCTIONS, /* a limit was reached: the target goes on */
	PW_CAPTURE_BYTES,
	PW_CAPTURE_SECONDS,
	PW_CAPTURE_TERMINATED, /* SIGTERM, passed on to the target */
	PW_CAPTURE_FOREIGN,    /* the target became a 32-bit program */
};

struct pw_capture_result {
	enum pw_capture_end end;
	int exit_status; /* 128 + signal when killed; set by close */
	uint64_t steps;
	uint64_t instructions;
	uint64_t accesses;
	uint64_t events;
	uint64_t threads_unrecorded;
	uint64_t processes_unrecorded;
	uint64_t instructions_unknown; /* executed, but not decoded */
	uint64_t calls_unknown; /* 32-bit and other calls without events */
	double seconds;
};

struct pw_engine_ops {
	const char *name;    /* what --engine takes */
	const char *summary; /* a line */
	const char *source;  /* the interface it builds on */
	/* NULL, or why it cannot work here. */
	const char *(*available)(void);
	/*
	 * Start the target and hold it at its first instruction. *session is
	 * ended with close. Errors: PW_ERR_TARGET, PW_ERR_SYSTEM.
	 */
	enum pw_status (*open)(void **session,
			       const struct pw_capture_request *request,
			       struct pw_error *err);
	/*
	 * Record until the target ends or a limit is reached. A target that is
	 * still alive then has been let go, also after a failure. Errors:
	 * PW_ERR_OUTPUT, PW_ERR_SYSTEM.
	 */
	enum pw_status (*record)(void *session, struct pw_writer *writer,
				 struct pw_capture_result *result,
				 struct pw_error *err);
	/*
	 * Wait for a target that was let go, kill one that was never recorded,
	 * and free the session.
	 */
	void (*close)(void *session, struct pw_capture_result *result);
};

/*
 * The engines of engines.def, in order; NULL past the last one.
 *
 * Owns: static.
 */
const struct pw_engine_ops *pw_engine_at(size_t index);

/*
 * The engine called @name, or NULL.
 *
 * Owns: static.
 */
const struct pw_engine_ops *pw_engine_find(const char *name);

#endif
