/*
 * qemu_streams.c - rings that come into use, and processes that end.
 */
#include "capture/qemu_session.h"

#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

#define SECOND_NS INT64_C(1000000000)
/* A child may report after its parent has ended, but not much later. */
#define TABLE_KEPT_NS (60 * SECOND_NS)
#define EXIT_CODE_FIELD 52 /* of /proc/PID/stat */

/* Of threads that an exec has ended nothing more will come. */
static void end_earlier(struct pw_qemu_session *session,
			const struct pw_qemu_stream *stream)
{
	for (unsigned i = 0; i < session->stream_end; i++) {
		struct pw_qemu_stream *old = &session->stream[i];

		if (old->used && old->pid == stream->pid &&
		    old->image < stream->image)
			old->ended = true;
	}
}

static enum pw_status open_stream(struct pw_qemu_session *session,
				  unsigned number, uint32_t state,
				  struct pw_error *err)
{
	struct pw_qemu_stream *stream = &session->stream[number];
	struct pw_ring *ring = pw_qemu_region_at(&session->region, number);

	*stream = (struct pw_qemu_stream){
		.number = number,
		.used = true,
		.code = state == PW_RING_CODE,
		.ring = ring,
		.image = atomic_load(&ring->image),
		.pid = (pid_t)atomic_load(&ring->pid),
		.process = PW_QEMU_NONE,
		.thread = PW_QEMU_NONE,
		.last = PW_QEMU_NONE,
	};
	if (number >= session->stream_end)
		session->stream_end = number + 1;
	end_earlier(session, stream);
	return pw_qemu_region_words(&session->region, number, &stream->words,
				    err);
}

/* Say once, on standard error and in the trace, what is left out and why. */
static enum pw_status say_missed(struct pw_qemu_session *session,
				 const char *why, struct pw_error *err)
{
	const struct pw_event unrecorded = {
		.kind = PW_EVENT_unrecorded,
		.text = why,
	};
	enum pw_status st = pw_qemu_lane_close(session, err);

	fprintf(stderr,
		"pagewalk: some processes or threads go unrecorded: "
		"%s\n",
		why);
	if (st != PW_OK)
		return st;
	return pw_recorder_event(session->recorder, 0, &unrecorded, err);
}

/* What found no ring, or cannot be seen; counted in the result. */
static enum pw_status see_missed(struct pw_qemu_session *session,
				 struct pw_error *err)
{
	const struct pw_region *control = session->region.control;
	const uint64_t threads = atomic_load(&control->threads_missed);
	const uint64_t processes = atomic_load(&control->processes_missed);
	const uint64_t hidden = atomic_load(&control->processes_hidden);
	const bool more = threads + processes >
			  session->missed_threads + session->missed_processes;
	const bool first =
		session->missed_threads + session->missed_processes == 0;
	enum pw_status st = PW_OK;

	if (session->threads == 0)
		return PW_OK;
	session->result->threads_unrecorded +=
		threads - session->missed_threads;
	session->result->processes_unrecorded +=
		processes - session->missed_processes + hidden -
		session->hidden_processes;
	session->missed_threads = threads;
	session->missed_processes = processes;
	if (more && first)
		st = say_missed(session,
				"more threads at once than there are rings",
				err);
	if (st == PW_OK && hidden && !session->hidden_processes)
		st = say_missed(session,
				"a pid namespace of their own hides them", err);
	session->hidden_processes = hidden;
	return st;
}

enum pw_status pw_qemu_look_for_rings(struct pw_qemu_session *session,
				      struct pw_error *err)
{
	uint32_t claims = atomic_load(&session->region.control->claims);
	enum pw_status st = PW_OK;

	if (claims == session->claims)
		return PW_OK;
	session->claims = claims;
	for (unsigned i = 0; i < PW_RINGS && st == PW_OK; i++) {
		struct pw_ring *ring = pw_qemu_region_at(&session->region, i);
		uint32_t state = atomic_load(&ring->state);

		if (!session->stream[i].used &&
		    (state == PW_RING_THREAD || state == PW_RING_CODE ||
		     state == PW_RING_DONE))
			st = open_stream(session, i, state, err);
	}
	if (st == PW_OK)
		st = see_missed(session, err);
	return st;
}

/* The kernel's answer to PIDFD_GET_INFO. Source: include/uapi/linux/pidfd.h. */
struct pidfd_answer {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t id[11];
	int32_t exit_code;
};

#define PIDFD_ASK _IOWR(0xff, 11, struct pidfd_answer)
#define PIDFD_ANSWER_EXIT (UINT64_C(1) << 3)

/* How a process ended, also after its parent has asked; Linux 6.15 knows. */
static bool ask_exit_code(int pidfd, int *code)
{
	struct pidfd_answer answer = {.mask = PIDFD_ANSWER_EXIT};

	if (ioctl(pidfd, PIDFD_ASK, &answer) != 0 ||
	    !(answer.mask & PIDFD_ANSWER_EXIT))
		return false;
	*code = answer.exit_code;
	return true;
}

/* How a process ended, while its parent has not asked yet; 0: not known. */
static int exit_code(pid_t pid)
{
	char path[40], text[1024];
	const char *at;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < EXIT_CODE_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : 0;
}

/* A process has ended: its rings hold the last it did. */
static void see_end(struct pw_qemu_session *session, size_t index)
{
	struct pw_qemu_process *process = pw_qemu_process_at(session, index);

	close(process->pidfd);
	process->pidfd = -1;
	process->ended_ns = pw_qemu_now_ns();
	for (unsigned i = 0; i < session->stream_end; i++)
		if (session->stream[i].used &&
		    session->stream[i].pid == process->pid)
			session->stream[i].ended = true;
}

static enum pw_status record_kill(struct pw_qemu_session *session, size_t index,
				  int code, struct pw_error *err)
{
	const struct pw_qemu_process *process =
		pw_qemu_process_at(session, index);
	const struct pw_qemu_stream stream = {
		.thread = process->first_thread,
		.last = PW_QEMU_NONE,
	};
	const struct pw_event killed = {
		.kind = PW_EVENT_killed,
		.arg = {(uint64_t)WTERMSIG(code)},
	};

	if (!WIFSIGNALED(code))
		return PW_OK;
	return pw_qemu_event(session, &stream, &killed, err);
}

static bool is_over(const struct pw_qemu_process *process)
{
	struct pollfd poll_fd = {.fd = process->pidfd, .events = POLLIN};

	return process->pidfd >= 0 && poll(&poll_fd, 1, 0) > 0;
}

enum pw_status pw_qemu_look_for_ends(struct pw_qemu_session *session,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < session->processes.count && st == PW_OK; i++) {
		struct pw_qemu_process *process =
			pw_qemu_process_at(session, i);
		int code;

		if (process->ended_ns && process->block.data &&
		    pw_qemu_now_ns() - process->ended_ns > TABLE_KEPT_NS)
			pw_array_free(&process->block);
		if (!is_over(process))
			continue;
		if (!ask_exit_code(process->pidfd, &code))
			code = exit_code(process->pid);
		if (process->pid == session->target && !session->target_ended &&
		    waitpid(session->target, &session->status, 0) ==
			    session->target) {
			session->target_ended = true;
			code = session->status;
		}
		see_end(session, i);
		st = record_kill(session, i, code, err);
	}
	return st;
}
