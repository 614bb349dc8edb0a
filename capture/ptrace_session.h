/*
 * ptrace_session.h - one recording by single steps, and its parts.
 */
#ifndef PW_CAPTURE_PTRACE_SESSION_H
#define PW_CAPTURE_PTRACE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "capture/address_space.h"
#include "capture/engine.h"
#include "capture/evaluate_x86.h"
#include "capture/insn_cache.h"
#include "capture/ptrace_process.h"
#include "capture/recorder.h"
#include "capture/watcher.h"

#define PW_XSTATE_BYTES_MAX 16384

/* The instruction the target stands at, and what it will touch. */
struct pw_pending {
	const struct pw_x86_insn *insn; /* NULL: nothing is pending */
	struct pw_x86_access access[PW_X86_ACCESSES_MAX];
	size_t count;
};

struct pw_session {
	struct pw_capture_request request;
	struct pw_process process;
	struct pw_address_space space;
	struct pw_insn_cache *cache;
	struct pw_recorder *recorder; /* while recording */
	struct pw_capture_result *result;
	struct pw_watcher watcher;
	struct pw_xsave_layout layout;
	struct pw_x86_vectors vectors;
	struct user_regs_struct before; /* of the pending instruction */
	struct user_regs_struct now;	/* at the present stop */
	struct pw_pending pending;
	uint64_t repeat_pc;	 /* a rep that has made an iteration; else 0 */
	uint64_t detached_bytes; /* shmdt: size of the mapping */
	int inject;		 /* signal to deliver with the next step */
	int injected;		 /* one delivered since the last trap */
	uint64_t program_break;	 /* as brk told last; 0 when unknown */
	uint64_t decoded_page;	 /* where code was decoded last */
	bool shared_space;	 /* unrecorded tasks may change it, too */
	bool group_stopped;	 /* the last stop was one of job control */
	bool ended;
	uint8_t xstate[PW_XSTATE_BYTES_MAX];
};

/*
 * Decode the instruction at session->now and evaluate what it will touch.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_session_prepare(struct pw_session *session,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Record what must be recorded before the pending system call is made.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_enter_call(struct pw_session *session,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record the system call that has just returned.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_leave_call(struct pw_session *session,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record that an exec has succeeded, and the new image.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_exec(struct pw_session *session,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Record something that was done but cannot be shown: call @number, @why.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_unrecorded(struct pw_session *session,
				     uint64_t number, const char *why,
				     struct pw_error *err) PW_MUST_CHECK;

#endif
