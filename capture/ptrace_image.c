/*
 * ptrace_image.c - what a process has at its start, after exec and when it
 * maps a file.
 */
#include "capture/ptrace_session.h"

#include "base/assert.h"

/* Where the findings of capture/start.h go. */
struct finding {
	struct pw_session *session;
	struct pw_task *task;
	struct pw_error *err;
	enum pw_status st;
};

static void on_event(void *state, const struct pw_event *event)
{
	struct finding *finding = state;

	if (finding->st == PW_OK)
		finding->st = pw_task_event(finding->session, finding->task,
					    event, finding->err);
}

void pw_session_open_images(struct pw_session *session)
{
	/* Whose findings they are is said before each of them. */
	pw_start_open(&session->start, (struct pw_start_sink){on_event, NULL});
}

enum pw_status pw_task_image(struct pw_session *session, struct pw_task *task,
			     bool fresh, struct pw_error *err)
{
	const struct pw_address_space_owner owner = {.pid = task->tid,
						     .fresh = fresh};
	struct finding finding = {session, task, err, PW_OK};
	struct pw_address_space *mappings = &task->space->mappings;
	const struct pw_maps *maps;
	enum pw_status st;

	PW_ASSERT(session->recorder != NULL);
	mappings->pid = task->tid;
	mappings->stale = true;
	st = pw_address_space_maps(mappings, &maps, err);
	if (st == PW_OK)
		st = pw_address_space_record_maps(
			maps, &owner, session->recorder, task->thread, err);
	if (st != PW_OK)
		return st;
	session->start.sink = (struct pw_start_sink){on_event, &finding};
	pw_start_process(&session->start, task->tid, maps);
	return finding.st;
}

enum pw_status pw_task_mapped(struct pw_session *session, struct pw_task *task,
			      int fd, struct pw_error *err)
{
	struct finding finding = {session, task, err, PW_OK};

	PW_ASSERT(session->recorder != NULL);
	session->start.sink = (struct pw_start_sink){on_event, &finding};
	pw_start_mapped_fd(&session->start, task->tid, fd);
	return finding.st;
}
