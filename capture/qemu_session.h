/*
 * qemu_session.h - one recording through the emulator, and its parts.
 *
 * qemu_merge.c chooses which ring is next, qemu_drain.c turns its words into
 * accesses, qemu_notes.c keeps track of processes and threads, qemu_streams.c
 * of rings in use and of processes that end, qemu_image.c says what a new image
 * maps, qemu_launch.c starts the emulator.
 */
#ifndef PW_CAPTURE_QEMU_SESSION_H
#define PW_CAPTURE_QEMU_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/assert.h"
#include "base/status.h"
#include "capture/engine.h"
#include "capture/limits.h"
#include "capture/ptrace_host.h"
#include "capture/qemu_block.h"
#include "capture/qemu_region.h"
#include "capture/recorder.h"
#include "capture/scope.h"
#include "capture/start.h"
#include "capture/watcher.h"
#include "formats/lane.h"

#define PW_QEMU_SIGNALS 65
#define PW_QEMU_FRAMES 8
#define PW_QEMU_ANNOUNCED 64

/*
 * A process that has been seen, or what it was before an exec; entries stay
 * until the end.
 */
struct pw_qemu_process {
	pid_t pid;
	uint32_t number;       /* in the trace */
	uint32_t first_thread; /* in the trace */
	uint64_t image;
	int pidfd;   /* -1: ended */
	bool native; /* runs, or may run, a program that is not recorded */
	enum pw_call_machine machine;
	struct pw_array block; /* uint32_t: number of a translated block */
	uint64_t handler[PW_QEMU_SIGNALS];
	int64_t ended_ns; /* when its end, or exec, was seen; 0: not yet */
	uint64_t brk;	  /* unused until the first brk */
};

/* A ring in use. */
struct pw_qemu_stream {
	unsigned number;
	bool used;
	bool code;  /* of a process, not of a thread */
	bool ended; /* no more words will come */
	struct pw_ring *ring;
	const uint64_t *words;
	uint64_t tail;
	uint64_t unread; /* head when the words up to it were not whole */
	uint64_t image;
	pid_t pid;
	uint64_t stamp;	  /* of the stretch at the tail */
	uint32_t process; /* PW_QEMU_NONE: not known yet */
	uint32_t thread;  /* in the trace; PW_QEMU_NONE: not known yet */
	uint32_t last;	  /* block executed last, or PW_QEMU_NONE */
	uint64_t skipped; /* instructions outside of the scope */
	uint64_t frame[PW_QEMU_FRAMES]; /* of signals being handled */
	unsigned frames;
	int64_t waits_ns; /* since when for its parent's clone; 0: not */
};

struct pw_qemu_session {
	struct pw_capture_request request;
	struct pw_qemu_region region;
	struct pw_qemu_blocks blocks;
	struct pw_writer *writer;
	struct pw_recorder *recorder; /* for what is not in a lane */
	struct pw_start start;
	struct pw_limits limits;
	const struct pw_qemu_stream *told; /* whose start is being told */
	enum pw_status told_status;
	struct pw_error told_error;
	struct pw_lane *lane; /* open, or NULL */
	struct pw_capture_result *result;
	struct pw_watcher watcher;
	struct pw_host host;
	struct pw_scope scope;
	bool open;		   /* the scope, as of the last look */
	struct pw_array processes; /* struct pw_qemu_process */
	struct pw_array handlers;  /* uint64_t: of whatever process */
	struct pw_arena *arena;
	struct pw_qemu_stream stream[PW_RINGS];
	unsigned stream_end;	 /* rings below it have been used */
	uint32_t claims;	 /* as they were when last looked at */
	uint64_t missed_threads; /* for want of a ring, as last seen */
	uint64_t missed_processes;
	uint64_t hidden_processes;
	uint32_t threads;  /* declared */
	uint64_t executed; /* instructions, in the scope or not */
	uint64_t recorded; /* instructions */
	uint64_t stop_at;  /* look at scope and bounds at so many executed */
	uint64_t seen;	   /* executed, as the scope knows */
	pid_t target;	   /* the command */
	int status;	   /* of the command, from waitpid */
	bool target_ended;
	bool ended;
	uint64_t backlog;    /* words that could be read at the last look */
	int64_t started_ns;  /* the recording */
	int64_t progress_ns; /* when something was read last */
	uint64_t address[PW_QEMU_PIECES_MAX]; /* of an execution */
	/* Children that clone events told of last, which may not have said so
	 * themselves yet; and how many were told of. */
	uint64_t announced[PW_QEMU_ANNOUNCED];
	unsigned announcements;
	char emulator[4096];
	char plugin[4096];
};

/*
 * Process @index of those that have been seen.
 *
 * Owns: the session; good until another is added.
 */
static inline struct pw_qemu_process *
pw_qemu_process_at(const struct pw_qemu_session *session, size_t index)
{
	PW_ASSERT(index < session->processes.count);
	return &PW_ARRAY_AT(&session->processes, struct pw_qemu_process, index);
}

/*
 * Words of @stream that can be read now are turned into accesses and events,
 * up to the next stretch. *progress says whether anything was.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_drain(struct pw_qemu_session *session,
			     struct pw_qemu_stream *stream, bool *progress,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Read what the process of @image has translated since last time.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_drain_code(struct pw_qemu_session *session,
				  uint32_t process,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Let children go on that have waited very long for their parent's clone event.
 */
void pw_qemu_release_late(struct pw_qemu_session *session, int64_t now_ns);

/*
 * The scope may have changed: look at it and the bounds.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_rescope(struct pw_qemu_session *session,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * An event, or a note, has been read from @stream.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_note(struct pw_qemu_session *session,
			    struct pw_qemu_stream *stream, unsigned kind,
			    const struct pw_event *event,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Record an event of @stream's thread, after all that came before.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_event(struct pw_qemu_session *session,
			     const struct pw_qemu_stream *stream,
			     const struct pw_event *event,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * The kernel has read or written memory for @stream's thread.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_kernel_access(struct pw_qemu_session *session,
				     const struct pw_qemu_stream *stream,
				     uint64_t address, uint64_t bytes,
				     bool store,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * The sink of session->blocks, which is given as @state.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_put_shape(void *state, const struct pw_shape *shape,
				 uint32_t *index,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Close the open stretch of the trace, if there is one.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_lane_close(struct pw_qemu_session *session,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * A handler that begins at the address of a block of @stream: record the
 * signal if it is one. @pieces are what the block has touched.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_handler(struct pw_qemu_session *session,
			       struct pw_qemu_stream *stream,
			       const struct pw_qemu_code_block *block,
			       const uint64_t *pieces, size_t count,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * A handler of @stream's thread returns: the kernel reads its frame.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_sigreturn(struct pw_qemu_session *session,
				 struct pw_qemu_stream *stream,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * The block that @stream has executed last, or NULL.
 */
const struct pw_qemu_code_block *
pw_qemu_last(const struct pw_qemu_session *session,
	     const struct pw_qemu_stream *stream);

/*
 * Find new rings and ended processes.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_look_for_rings(struct pw_qemu_session *session,
				      struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_qemu_look_for_ends(struct pw_qemu_session *session,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record until the command, or all its processes, have ended or a bound is
 * reached.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_merge(struct pw_qemu_session *session,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record what a new image of @process has mapped.
 *
 * Units:  @floor, the address where the emulator's own memory begins.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_image(struct pw_qemu_session *session,
			     const struct pw_qemu_stream *stream,
			     uint64_t floor,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Where session->start tells what it finds.
 */
struct pw_start_sink pw_qemu_start_sink(struct pw_qemu_session *session);

/*
 * A file has been mapped at @address with the rights @prot: tell of the file,
 * and of its module.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_mapped(struct pw_qemu_session *session,
			      const struct pw_qemu_stream *stream,
			      uint64_t address, uint64_t prot,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Find emulator and plugin for programs of @machine, as uname names it; NULL,
 * or why there are none.
 */
const char *pw_qemu_find(struct pw_qemu_session *session, const char *machine);

/*
 * The program that the emulator in process @pid runs; "" when unknown.
 */
void pw_qemu_program(pid_t pid, char *path, size_t path_bytes);

/*
 * Start the command under the emulator.
 *
 * Errors: PW_ERR_TARGET, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_launch(struct pw_qemu_session *session,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Nanoseconds of the monotonic clock.
 */
int64_t pw_qemu_now_ns(void);

#endif
