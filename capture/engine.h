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

#include <sys/types.h>

#include "base/arena.h"
#include "base/status.h"
#include "capture/scope.h"
#include "formats/writer.h"

/* Which processes are recorded. */
enum pw_follow {
	PW_FOLLOW_NONE,	    /* the command's own, with all its threads */
	PW_FOLLOW_CHILDREN, /* and those it makes, until it ends itself */
	PW_FOLLOW_ALL,	    /* the same, until the last of them ends */
};

struct pw_capture_request {
	const char *path;    /* of the program, as pw_target_find found it */
	const char *machine; /* of the program: "x86_64", "aarch64" */
	const char *const *argv; /* ended by NULL; NULL with a pid */
	pid_t pid;		 /* attach to this process; 0: start @path */
	bool aslr;		 /* leave address randomisation as it is */
	enum pw_follow follow;
	struct pw_scope_options scope; /* which accesses are wanted */
	const char *trace;	       /* the file that is written */
	uint64_t max_instructions;     /* 0: no limit, also below */
	uint64_t max_bytes;	       /* of the trace */
	uint64_t max_seconds;
	uint64_t min_free_bytes; /* on the disk of the trace */
};

/* Why a recording ended. */
enum pw_capture_end {
	PW_CAPTURE_EXIT,	 /* the target ended */
	PW_CAPTURE_INSTRUCTIONS, /* a limit was reached: the target goes on */
	PW_CAPTURE_BYTES,
	PW_CAPTURE_SECONDS,
	PW_CAPTURE_TERMINATED, /* SIGTERM, passed on to the target */
	PW_CAPTURE_FOREIGN,    /* the target became a 32-bit program */
	PW_CAPTURE_FREE,       /* the disk is nearly full: the target goes on */
	PW_CAPTURE_DETACHED,   /* Ctrl-C while attached: the target goes on */
};

struct pw_capture_result {
	enum pw_capture_end end;
	int exit_status; /* 128 + signal when killed; set by close */
	uint64_t steps;
	uint64_t instructions;
	uint64_t accesses;
	uint64_t events;
	uint64_t threads;   /* recorded, of all processes */
	uint64_t processes; /* recorded */
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
	/*
	 * How the processes it records are laid out in memory: "native", as the
	 * kernel does it, or "qemu-user".
	 */
	const char *layout;
	/* NULL, or why it cannot work here. */
	const char *(*available)(void);
	/* NULL, or why it cannot do this, as the rest of a sentence. */
	const char *(*suits)(const struct pw_capture_request *request);
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

/*
 * The engine for @request: the one called @name or, for "auto", the first of
 * engines.def that works here and suits the request.
 *
 * Owns:   *out is static; *declined is in @arena: "NAME: reason" of the
 *         engines that "auto" passed over, separated by "; ", or "".
 * Errors: PW_ERR_USAGE  there is no such engine.
 *         PW_ERR_TARGET it, or for "auto" every engine, cannot do it.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_engine_choose(const struct pw_engine_ops **out,
				const char *name,
				const struct pw_capture_request *request,
				struct pw_arena *arena, const char **declined,
				struct pw_error *err) PW_MUST_CHECK;

#endif
