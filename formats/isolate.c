/*
 * isolate.c - the trusted side: believe nothing that a confined reader says.
 */
#include "formats/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/isolate_wire.h"
#include "formats/tally.h"

struct state {
	const struct pw_input *input;
	pid_t pid; /* 0: none */
	int in;	   /* messages */
	int credits;
	struct pw_isolate_slot *slots;
	size_t slot; /* to be read next */
	bool ended;
	double progress;
	char *metadata;
	char *damage;		     /* NULL: none */
	struct pw_array threads;     /* struct pw_thread */
	struct pw_array events;	     /* struct pw_isolate_event */
	struct pw_array event_texts; /* char */
	struct pw_array event_kind;  /* uint16_t; and so on */
	struct pw_array event_result;
	struct pw_array event_arg;
	struct pw_array event_text;
	struct pw_isolate_slot own; /* a copy that does not change */
};

/* ---- the child ---- */

/* How the child ended that should have told more. */
static enum pw_status fail_ended(struct state *state, struct pw_error *err)
{
	const char *path = state->input->path;
	int status = 0;

	while (waitpid(state->pid, &status, 0) < 0 && errno == EINTR)
		;
	state->pid = 0;
	if (WIFSIGNALED(status))
		pw_fail(err, PW_ERR_FORMAT,
			"%s: its confined reader was killed: %s", path,
			strsignal(WTERMSIG(status)));
	else
		pw_fail(err, PW_ERR_FORMAT,
			"%s: its confined reader ended too early", path);
	return pw_hint(err, "the file may be damaged or made to do harm");
}

static enum pw_status fail_nonsense(const struct state *state,
				    struct pw_error *err)
{
	return pw_fail(err, PW_ERR_FORMAT,
		       "%s: its confined reader says what cannot be",
		       state->input->path);
}

/* Read exactly @bytes bytes of what the child tells. */
static enum pw_status hear(struct state *state, void *into, size_t bytes,
			   struct pw_error *err)
{
	uint8_t *to = into;

	while (bytes > 0) {
		ssize_t n = read(state->in, to, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
					     "%s: cannot read from its reader",
					     state->input->path);
		if (n == 0)
			return fail_ended(state, err);
		to += n;
		bytes -= (size_t)n;
	}
	return PW_OK;
}

/* Append @count items that the child tells to @array. */
static enum pw_status hear_items(struct state *state, struct pw_array *array,
				 size_t count, struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(array, array->count + count, err);

	if (st == PW_OK && count > 0)
		st = hear(state,
			  (uint8_t *)array->data +
				  array->count * array->item_bytes,
			  count * array->item_bytes, err);
	if (st == PW_OK)
		array->count += count;
	return st;
}

/* A text of @bytes bytes. *out is the caller's, NULL after a failure. */
static enum pw_status hear_text(struct state *state, size_t bytes, char **out,
				struct pw_error *err)
{
	char *text = calloc(1, bytes + 1);
	enum pw_status st = text ? hear(state, text, bytes, err)
				 : pw_fail_memory(err, "a text");

	if (st != PW_OK) {
		free(text);
		text = NULL;
	}
	*out = text;
	return st;
}

static enum pw_status start_child(struct state *state,
				  struct pw_isolate_child *child,
				  struct pw_error *err)
{
	int messages[2] = {-1, -1}, credits[2] = {-1, -1};
	void *slots =
		mmap(NULL, PW_ISOLATE_SLOTS * sizeof(*state->slots),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots != MAP_FAILED)
		state->slots = slots;
	if (slots == MAP_FAILED || pipe2(messages, O_CLOEXEC) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, credits) != 0) {
		pw_fail_errno(err, PW_ERR_SYSTEM, errno,
			      "%s: cannot start a reader", state->input->path);
		if (messages[0] >= 0) {
			close(messages[0]);
			close(messages[1]);
		}
		return err->status;
	}
	child->slots = state->slots;
	child->out = messages[1];
	child->credits = credits[0];
	state->in = messages[0];
	state->credits = credits[1];
	state->pid = fork();
	if (state->pid == 0)
		pw_isolate_run(child);
	close(messages[1]);
	close(credits[0]);
	if (state->pid > 0)
		return PW_OK;
	state->pid = 0;
	return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
			     "%s: cannot start a reader", state->input->path);
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	if (!state)
		return;
	if (state->pid > 0) {
		kill(state->pid, SIGKILL);
		while (waitpid(state->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (state->in >= 0)
		close(state->in);
	if (state->credits >= 0)
		close(state->credits);
	if (state->slots)
		munmap(state->slots, PW_ISOLATE_SLOTS * sizeof(*state->slots));
	pw_array_free(&state->threads);
	pw_array_free(&state->events);
	pw_array_free(&state->event_texts);
	pw_array_free(&state->event_kind);
	pw_array_free(&state->event_result);
	pw_array_free(&state->event_arg);
	pw_array_free(&state->event_text);
	free(state->metadata);
	free(state->damage);
	free(state);
}

/* ---- messages ---- */

static enum pw_status hear_message(struct state *state,
				   struct pw_isolate_message *message,
				   struct pw_error *err)
{
	enum pw_status st = hear(state, message, sizeof(*message), err);

	if (st != PW_OK)
		return st;
	if (message->kind > PW_ISOLATE_FAILED || message->progress > 1000000 ||
	    message->accesses > PW_ISOLATE_ACCESSES ||
	    message->events > PW_ISOLATE_EVENTS_MAX ||
	    message->threads > PW_ISOLATE_THREADS_MAX - state->threads.count ||
	    message->event_text_bytes > PW_ISOLATE_TEXT_MAX ||
	    message->name_bytes > PW_ISOLATE_TEXT_MAX ||
	    message->text_bytes > PW_ISOLATE_TEXT_MAX)
		return fail_nonsense(state, err);
	return PW_OK;
}

/* The threads that are new; none may refer to what is not there yet. */
static enum pw_status hear_threads(struct state *state, size_t count,
				   struct pw_trace_info *info,
				   struct pw_error *err)
{
	size_t first = state->threads.count;
	enum pw_status st = hear_items(state, &state->threads, count, err);

	for (size_t i = first; st == PW_OK && i < state->threads.count; i++) {
		const struct pw_thread *thread =
			&PW_ARRAY_AT(&state->threads, struct pw_thread, i);

		if (thread->process > i || thread->parent > i)
			st = fail_nonsense(state, err);
	}
	info->threads = state->threads.data;
	info->thread_count = state->threads.count;
	return st;
}

/* What the child says it failed with becomes our failure. */
static enum pw_status hear_failure(struct state *state,
				   const struct pw_isolate_message *message,
				   struct pw_error *err)
{
	char *text = NULL, *hint = NULL;
	enum pw_status st =
		hear_text(state, (size_t)message->name_bytes, &text, err);

	if (st == PW_OK)
		st = hear_text(state, (size_t)message->text_bytes, &hint, err);
	if (st == PW_OK) {
		st = message->status == PW_ERR_USAGE ||
				     message->status == PW_ERR_SYSTEM
			     ? (enum pw_status)message->status
			     : PW_ERR_FORMAT;
		pw_fail(err, st, "%s", text);
		if (hint[0])
			pw_hint(err, "%s", hint);
	}
	free(text);
	free(hint);
	return st;
}

static enum pw_status hear_opened(struct state *state,
				  struct pw_trace_info *info,
				  struct pw_error *err)
{
	struct pw_isolate_message message;
	const struct pw_reader_ops *ops = NULL;
	char *name = NULL;
	enum pw_status st = hear_message(state, &message, err);

	if (st == PW_OK)
		st = hear_threads(state, (size_t)message.threads, info, err);
	if (st == PW_OK && message.kind == PW_ISOLATE_FAILED)
		return hear_failure(state, &message, err);
	if (st == PW_OK)
		st = hear_text(state, (size_t)message.name_bytes, &name, err);
	if (st == PW_OK)
		st = hear_text(state, (size_t)message.text_bytes,
			       &state->metadata, err);
	if (st == PW_OK)
		ops = pw_reader_find(name);
	if (st == PW_OK && (!ops || message.kind != PW_ISOLATE_OPENED))
		st = fail_nonsense(state, err);
	free(name);
	if (st != PW_OK)
		return st;
	PW_ASSERT(ops != NULL);
	info->format = ops->name;
	info->metadata = state->metadata;
	info->unknown = message.unknown;
	return PW_OK;
}

/* ---- batches ---- */

/* The events' texts are one after the other, each ended by a 0. */
static enum pw_status sort_events(struct state *state, struct pw_error *err)
{
	const char *text = state->event_texts.data;
	size_t left = state->event_texts.count;

	for (size_t i = 0; i < state->events.count; i++) {
		const struct pw_isolate_event *event = &PW_ARRAY_AT(
			&state->events, struct pw_isolate_event, i);
		size_t bytes = (size_t)event->text_bytes;

		if (bytes == 0 || event->text_bytes > left ||
		    memchr(text, '\0', bytes) != text + bytes - 1 ||
		    event->kind > UINT16_MAX)
			return fail_nonsense(state, err);
		PW_ARRAY_AT(&state->event_kind, uint16_t, i) =
			(uint16_t)event->kind;
		PW_ARRAY_AT(&state->event_result, uint64_t, i) = event->result;
		memcpy((uint64_t(*)[PW_EVENT_ARGS])state->event_arg.data + i,
		       event->arg, sizeof(event->arg));
		PW_ARRAY_AT(&state->event_text, const char *, i) = text;
		text += bytes;
		left -= bytes;
	}
	return PW_OK;
}

static enum pw_status hear_events(struct state *state,
				  const struct pw_isolate_message *message,
				  struct pw_events *events,
				  struct pw_error *err)
{
	size_t count = (size_t)message->events;
	struct pw_array *const arrays[] = {
		&state->event_kind, &state->event_result, &state->event_arg,
		&state->event_text};
	enum pw_status st = PW_OK;

	state->events.count = 0;
	state->event_texts.count = 0;
	for (size_t i = 0; st == PW_OK && i < PW_COUNT(arrays); i++)
		st = pw_array_reserve(arrays[i], count, err);
	if (st == PW_OK)
		st = hear_items(state, &state->events, count, err);
	if (st == PW_OK)
		st = hear_items(state, &state->event_texts,
				(size_t)message->event_text_bytes, err);
	if (st == PW_OK)
		st = sort_events(state, err);
	if (st != PW_OK || count == 0)
		return st;
	events->count = count;
	events->kind = state->event_kind.data;
	events->result = state->event_result.data;
	events->arg = (const uint64_t(*)[PW_EVENT_ARGS])state->event_arg.data;
	events->text = (const char *const *)state->event_text.data;
	return PW_OK;
}

/* Copy the slot before looking at it: the child could still change it. */
static enum pw_status take_slot(struct state *state, size_t count,
				struct pw_error *err)
{
	const struct pw_isolate_slot *slot = &state->slots[state->slot];
	const uint8_t byte = 0;
	bool valid = true;

	memcpy(state->own.address, slot->address, count * 8);
	memcpy(state->own.pc, slot->pc, count * 8);
	memcpy(state->own.size_bytes, slot->size_bytes, count * 4);
	memcpy(state->own.kind, slot->kind, count);
	state->slot = (state->slot + 1) % PW_ISOLATE_SLOTS;
	for (size_t i = 0; i < count; i++)
		valid &= pw_access_kind_valid(state->own.kind[i]);
	if (!valid)
		return fail_nonsense(state, err);
	/* A child that has told all and is gone needs no slot. */
	if (send(state->credits, &byte, 1, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "%s: cannot write to its reader",
				     state->input->path);
	return PW_OK;
}

static enum pw_status hear_damage(struct state *state, size_t bytes,
				  struct pw_error *err)
{
	char *text;
	enum pw_status st;

	if (bytes == 0)
		return PW_OK;
	st = hear_text(state, bytes, &text, err);
	if (st != PW_OK)
		return st;
	free(state->damage);
	state->damage = text;
	return PW_OK;
}

static enum pw_status next(void *opaque, struct pw_trace_info *info,
			   struct pw_batch *batch, bool *more,
			   struct pw_error *err)
{
	struct state *state = opaque;
	struct pw_isolate_message message;
	size_t count;
	enum pw_status st;

	*more = false;
	if (state->ended)
		return PW_OK;
	st = hear_message(state, &message, err);
	if (st == PW_OK)
		st = hear_threads(state, (size_t)message.threads, info, err);
	if (st == PW_OK && message.kind == PW_ISOLATE_FAILED)
		return hear_failure(state, &message, err);
	if (st == PW_OK &&
	    (message.kind == PW_ISOLATE_OPENED || message.name_bytes > 0))
		st = fail_nonsense(state, err);
	if (st != PW_OK)
		return st;
	state->ended = message.kind == PW_ISOLATE_END;
	state->progress = state->ended ? 1 : message.progress / 1e6;
	count = message.accesses;
	*batch = (struct pw_batch){
		.thread = message.thread,
		.accesses = {count, state->own.address, state->own.pc,
			     state->own.size_bytes, state->own.kind},
	};
	*more = count > 0 || message.events > 0;
	if (*more && (state->ended || message.thread >= state->threads.count))
		return fail_nonsense(state, err);
	if (count > 0)
		st = take_slot(state, count, err);
	if (st == PW_OK)
		st = hear_events(state, &message, &batch->events, err);
	if (st == PW_OK)
		st = hear_damage(state, (size_t)message.text_bytes, err);
	return st;
}

static const char *damage(const void *opaque)
{
	const struct state *state = opaque;

	return state->damage;
}

static bool totals(const void *opaque, struct pw_totals *out)
{
	(void)opaque; /* known only after reading */
	(void)out;
	return false;
}

static double progress(const void *opaque)
{
	const struct state *state = opaque;

	return state->progress;
}

const struct pw_reader_ops pw_isolate_ops = {
	.name = "isolated",
	.summary = "whatever a confined process reads",
	.source = "formats/isolate_wire.h",
	.next = next,
	.damage = damage,
	.totals = totals,
	.progress = progress,
	.close = close_state,
};

enum pw_status pw_isolate_open(void **out, const struct pw_reader_ops *ops,
			       const struct pw_input *input,
			       const struct pw_trace_options *options,
			       struct pw_trace_info *info, struct pw_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	struct pw_isolate_child child = {
		.input = input, .options = options, .ops = ops};
	enum pw_status st;

	*out = NULL;
	if (!state)
		return pw_fail_memory(err, "a reader");
	state->input = input;
	state->in = state->credits = -1;
	state->threads = (struct pw_array)PW_ARRAY(struct pw_thread);
	state->events = (struct pw_array)PW_ARRAY(struct pw_isolate_event);
	state->event_texts = (struct pw_array)PW_ARRAY(char);
	state->event_kind = (struct pw_array)PW_ARRAY(uint16_t);
	state->event_result = (struct pw_array)PW_ARRAY(uint64_t);
	state->event_arg = (struct pw_array)PW_ARRAY(uint64_t[PW_EVENT_ARGS]);
	state->event_text = (struct pw_array)PW_ARRAY(const char *);
	st = start_child(state, &child, err);
	if (st == PW_OK)
		st = hear_opened(state, info, err);
	if (st != PW_OK) {
		close_state(state);
		return st;
	}
	*out = state;
	return PW_OK;
}
