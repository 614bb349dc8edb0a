/*
 * call_message.c - the memory of sendmsg, recvmsg and their kin.
 */
#include "capture/call_job.h"

/* struct user_msghdr of both machines. */
struct message {
	uint64_t name;
	uint32_t name_bytes;
	uint32_t unused0;
	uint64_t iovec;
	uint64_t iovec_count;
	uint64_t control;
	uint64_t control_bytes;
	uint32_t flags;
	uint32_t unused1;
};

/* struct mmsghdr */
struct counted_message {
	struct message message;
	uint32_t bytes;
	uint32_t unused;
};

_Static_assert(sizeof(struct message) == 56, "as the kernel has it");
_Static_assert(sizeof(struct counted_message) == 64, "as the kernel has it");

static bool no_socket(const struct pw_call_job *job)
{
	return pw_call_is_error(job, PW_CALL_EBADF) ||
	       pw_call_is_error(job, PW_CALL_EFAULT) ||
	       pw_call_is_error(job, PW_CALL_ENOTSOCK);
}

static void load_header(const struct pw_call_job *job, uint64_t address,
			const struct message *message)
{
	pw_call_load(job, address, sizeof(*message));
	if (message->iovec_count <= PW_CALL_IOVECS_MAX)
		pw_call_load(job, message->iovec,
			     message->iovec_count * PW_CALL_IOVEC_BYTES);
}

static void load_sent(const struct pw_call_job *job, uint64_t address,
		      const struct message *message, uint64_t bytes)
{
	load_header(job, address, message);
	pw_call_load(job, message->name, message->name_bytes);
	pw_call_load(job, message->control, message->control_bytes);
	pw_call_scatter(job, message->iovec, message->iovec_count, bytes,
			false);
}

/* What of the header the kernel writes back, and what it points to. */
static void store_received(const struct pw_call_job *job, uint64_t address,
			   const struct message *message, uint64_t bytes,
			   uint32_t name_room)
{
	pw_call_scatter(job, message->iovec, message->iovec_count, bytes, true);
	pw_call_store(job, message->control, message->control_bytes);
	pw_call_store(job, message->name,
		      message->name_bytes < name_room ? message->name_bytes
						      : name_room);
	if (message->name != 0)
		pw_call_store(job,
			      address + offsetof(struct message, name_bytes),
			      sizeof(message->name_bytes));
	pw_call_store(job, address + offsetof(struct message, control_bytes),
		      sizeof(message->control_bytes) + sizeof(message->flags));
}

void pw_call_do_sendmsg(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	struct message message;

	if (no_socket(job) ||
	    !pw_call_fetch(job, call->arg[1], &message, sizeof(message)))
		return;
	load_sent(job, call->arg[1], &message,
		  pw_call_failed(call->result) ? 0 : call->result);
}

void pw_call_keep_recvmsg(const struct pw_call_job *job)
{
	struct message message = {0};

	pw_call_fetch(job, job->call->arg[1], &message, sizeof(message));
	memcpy(job->scratch->text, &message.name_bytes,
	       sizeof(message.name_bytes));
}

void pw_call_do_recvmsg(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	struct message message;
	uint32_t name_room;

	if (no_socket(job) ||
	    !pw_call_fetch(job, call->arg[1], &message, sizeof(message)))
		return;
	load_header(job, call->arg[1], &message);
	if (pw_call_failed(call->result))
		return;
	memcpy(&name_room, job->scratch->text, sizeof(name_room));
	store_received(job, call->arg[1], &message, call->result, name_room);
}

/* How many messages were taken, or at least looked at. */
static uint64_t message_count(const struct pw_call_job *job)
{
	uint64_t count = job->call->result;

	if (pw_call_failed(count))
		count = no_socket(job) || (uint32_t)job->call->arg[2] == 0 ? 0
									   : 1;
	return count < PW_CALL_IOVECS_MAX ? count : PW_CALL_IOVECS_MAX;
}

static bool fetch_counted(const struct pw_call_job *job, uint64_t index,
			  struct counted_message *out)
{
	return pw_call_fetch(job, job->call->arg[1] + index * sizeof(*out), out,
			     sizeof(*out));
}

void pw_call_do_sendmmsg(const struct pw_call_job *job)
{
	uint64_t at = job->call->arg[1];
	uint64_t count = message_count(job);
	struct counted_message sent;

	for (uint64_t i = 0; i < count && fetch_counted(job, i, &sent); i++)
		load_sent(job, at + i * sizeof(sent), &sent.message,
			  pw_call_failed(job->call->result) ? 0 : sent.bytes);
	if (pw_call_failed(job->call->result))
		return;
	for (uint64_t i = 0; i < count; i++)
		pw_call_store(job,
			      at + i * sizeof(sent) +
				      offsetof(struct counted_message, bytes),
			      sizeof(sent.bytes));
}

void pw_call_keep_recvmmsg(const struct pw_call_job *job)
{
	uint32_t count = (uint32_t)job->call->arg[2];
	struct counted_message asked;
	uint32_t room;

	_Static_assert(PW_CALL_TEXT_BYTES >= PW_CALL_IOVECS_MAX * sizeof(room),
		       "there is room to keep a number for each message");
	for (uint32_t i = 0; i < count && i < PW_CALL_IOVECS_MAX &&
			     fetch_counted(job, i, &asked);
	     i++) {
		room = asked.message.name_bytes;
		memcpy(job->scratch->text + i * sizeof(room), &room,
		       sizeof(room));
	}
}

void pw_call_do_recvmmsg(const struct pw_call_job *job)
{
	uint64_t at = job->call->arg[1];
	uint64_t count = message_count(job);
	struct counted_message got;
	uint32_t room;

	for (uint64_t i = 0; i < count && fetch_counted(job, i, &got); i++)
		load_header(job, at + i * sizeof(got), &got.message);
	if (!no_socket(job))
		pw_call_load(job, job->call->arg[4], PW_CALL_TIME_BYTES);
	if (pw_call_failed(job->call->result))
		return;
	for (uint64_t i = 0; i < count && fetch_counted(job, i, &got); i++) {
		memcpy(&room, job->scratch->text + i * sizeof(room),
		       sizeof(room));
		store_received(job, at + i * sizeof(got), &got.message,
			       got.bytes, room);
		pw_call_store(job,
			      at + i * sizeof(got) +
				      offsetof(struct counted_message, bytes),
			      sizeof(got.bytes));
	}
	if (count > 0)
		pw_call_store(job, job->call->arg[4], PW_CALL_TIME_BYTES);
}
