/*
 * qemu_merge.c - the order of the rings, and the end of a recording.
 */
#include "capture/qemu_session.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#include "base/assert.h"
#include "base/bits.h"

#define SECOND_NS INT64_C(1000000000)
/*
 * A thread with an open stretch that is not running, because it has been
 * stopped for instance, holds the others up no longer than this.
 */
#define STALL_NS INT64_C(20000000)
#define SLEEP_MS 1
#define FEW_WORDS 4096
#define BREATH_NS 50000L
#define LOOK_EVERY 256 /* rounds between two looks at ended processes */

int64_t pw_qemu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void finish(struct pw_qemu_session *session, enum pw_capture_end end)
{
	session->result->end = end;
	session->ended = true;
}

enum pw_status pw_qemu_rescope(struct pw_qemu_session *session,
			       struct pw_error *err)
{
	uint64_t max = session->request.max_instructions;
	uint64_t left;

	pw_scope_advance(&session->scope, session->executed - session->seen);
	session->seen = session->executed;
	session->open = pw_scope_open(&session->scope);
	left = pw_scope_left(&session->scope);
	if (max && session->recorded >= max)
		finish(session, PW_CAPTURE_INSTRUCTIONS);
	if (max && session->open && max - session->recorded < left)
		left = max - session->recorded;
	session->stop_at = left > UINT64_MAX - session->executed
				   ? UINT64_MAX
				   : session->executed + left;
	return pw_qemu_lane_close(session, err);
}

/* Bounds, the clock, signals. */
static void check_limits(struct pw_qemu_session *session)
{
	const struct pw_recorded *done =
		pw_recorder_recorded(session->recorder);
	enum pw_capture_end end;

	if (!session->ended &&
	    pw_limits_reached(&session->limits, session->recorded,
			      done->file_bytes, &end))
		finish(session, end);
}

/* Whether threads of the image may still speak of what @code announces. */
static bool is_needed(const struct pw_qemu_session *session,
		      const struct pw_qemu_stream *code)
{
	for (unsigned i = 0; i < session->stream_end; i++) {
		const struct pw_qemu_stream *stream = &session->stream[i];

		if (stream->used && !stream->code && stream->pid == code->pid &&
		    stream->image == code->image)
			return true;
	}
	return false;
}

/* Its owner has gone and all is read: the ring is free again. */
static void retire(struct pw_qemu_session *session,
		   struct pw_qemu_stream *stream)
{
	PW_ASSERT(stream->ended);
	stream->used = false;
	pw_qemu_ring_free(&session->region, stream->number);
}

/*
 * No words before this stamp will come from the stream, which holds so many
 * words. The order of the two loads matters.
 */
static uint64_t bound_of(const struct pw_qemu_stream *stream, uint64_t *words)
{
	uint64_t open = atomic_load(&stream->ring->open_stamp);
	uint64_t head = atomic_load(&stream->ring->head);
	const uint64_t *word = stream->words + stream->tail % PW_RING_WORDS;

	*words = head - stream->tail;
	if (*words == 0)
		return stream->ended ? UINT64_MAX : open;
	/* What was not whole when it was looked at says when, at least. */
	if (head == stream->unread && !stream->ended)
		*words = 0;
	return (unsigned)(*word >> PW_WORD_TYPE_SHIFT) == (8u | PW_WORD_STAMP)
		       ? *word & PW_WORD_OPERAND
		       : stream->stamp;
}

/*
 * The stream to read next: the one with the oldest words, unless another may
 * still bring older ones: one that is known, or one that has begun since
 * @now_ns. @forced takes it all the same.
 */
static struct pw_qemu_stream *choose(struct pw_qemu_session *session,
				     int64_t now_ns, bool forced)
{
	uint64_t oldest = UINT64_MAX, bound = (uint64_t)now_ns;
	struct pw_qemu_stream *best = NULL;

	session->backlog = 0;
	for (unsigned i = 0; i < session->stream_end; i++) {
		struct pw_qemu_stream *stream = &session->stream[i];
		uint64_t stamp, words;

		if (!stream->used)
			continue;
		if (stream->code)
			continue;
		if (atomic_load(&stream->ring->state) == PW_RING_DONE)
			stream->ended = true;
		stamp = bound_of(stream, &words);
		session->backlog += words;
		if (words && (!best || stamp < oldest)) {
			best = stream;
			oldest = stamp;
		} else if (!words && !stream->waits_ns && stamp < bound) {
			bound = stamp;
		}
		if (!words && stream->ended)
			retire(session, stream);
	}
	return best && (forced || oldest <= bound) ? best : NULL;
}

/*
 * Rings of code of which no thread speaks any more; read to their end, since a
 * child that has not reported yet may.
 */
static enum pw_status retire_code(struct pw_qemu_session *session,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (unsigned i = 0; i < session->stream_end && st == PW_OK; i++) {
		struct pw_qemu_stream *stream = &session->stream[i];

		if (!stream->used || !stream->code || !stream->ended ||
		    is_needed(session, stream))
			continue;
		for (size_t p = session->processes.count; p > 0; p--) {
			const struct pw_qemu_process *process =
				pw_qemu_process_at(session, p - 1);

			if (process->pid != stream->pid ||
			    process->image != stream->image)
				continue;
			st = pw_qemu_drain_code(session, (uint32_t)(p - 1),
						err);
			break;
		}
		retire(session, stream);
	}
	return st;
}

static bool all_ended(const struct pw_qemu_session *session)
{
	for (size_t i = 0; i < session->processes.count; i++) {
		const struct pw_qemu_process *process = &PW_ARRAY_AT(
			&session->processes, struct pw_qemu_process, i);

		if (process->pidfd >= 0 && !process->native)
			return false;
	}
	return true;
}

/* Nothing can be read now. */
static enum pw_status idle(struct pw_qemu_session *session,
			   struct pw_error *err)
{
	enum pw_status st = pw_qemu_look_for_ends(session, err);

	/* A target that never reported: the emulator could not start. */
	if (!session->target_ended && session->processes.count == 0 &&
	    waitpid(session->target, &session->status, WNOHANG) ==
		    session->target)
		session->target_ended = true;
	if (session->target_ended &&
	    (session->request.follow != PW_FOLLOW_ALL || all_ended(session))) {
		bool left = false;

		for (unsigned i = 0; i < session->stream_end && !left; i++)
			left = session->stream[i].used &&
			       !session->stream[i].code &&
			       session->stream[i].ended;
		if (!left)
			finish(session, PW_CAPTURE_EXIT);
	}
	if (!session->ended)
		pw_qemu_region_sleep(&session->region, SLEEP_MS);
	return st;
}

/*
 * Nothing of what @stream holds up to @head can be read. A thread that lives
 * will write the rest; one that was killed in the middle will not.
 */
static void see_fragment(struct pw_qemu_stream *stream, uint64_t head)
{
	if (stream->ended)
		stream->tail = head;
	else
		stream->unread = head;
}

static enum pw_status go_round(struct pw_qemu_session *session,
			       struct pw_error *err)
{
	const struct timespec breath = {0, BREATH_NS};
	int64_t now_ns = pw_qemu_now_ns();
	bool stalled = now_ns - session->progress_ns > STALL_NS;
	struct pw_qemu_stream *stream;
	enum pw_status st = pw_qemu_look_for_rings(session, err);
	bool progress = false;
	uint64_t head = 0;

	if (st != PW_OK)
		return st;
	st = retire_code(session, err);
	if (st != PW_OK)
		return st;
	stream = choose(session, now_ns, stalled);
	if (stream) {
		head = atomic_load(&stream->ring->head);
		st = pw_qemu_drain(session, stream, &progress, err);
	}
	if (st != PW_OK)
		return st;
	if (stream && !progress)
		see_fragment(stream, head);
	pw_qemu_release_late(session, now_ns);
	if (!progress)
		return idle(session, err);
	session->progress_ns = now_ns;
	/* Reading along word by word would slow the writers down. */
	if (session->backlog < FEW_WORDS)
		nanosleep(&breath, NULL);
	return PW_OK;
}

enum pw_status pw_qemu_merge(struct pw_qemu_session *session,
			     struct pw_error *err)
{
	enum pw_status st = pw_qemu_rescope(session, err);

	session->progress_ns = pw_qemu_now_ns();
	for (unsigned n = 1; st == PW_OK && !session->ended; n++) {
		st = go_round(session, err);
		if (st == PW_OK)
			st = pw_recorder_keep(session->recorder, err);
		check_limits(session);
		if (st == PW_OK && n % LOOK_EVERY == 0)
			st = pw_qemu_look_for_ends(session, err);
	}
	return st;
}
