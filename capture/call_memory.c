/*
 * call_memory.c - the memory that a line of calls.def describes.
 */
#include "capture/call_job.h"

#define PAGE_BYTES 4096
#define REACH_BYTES ((uint64_t)16 * PAGE_BYTES)
#define LOAD 1 /* of the event unreached */
#define STORE 2

/* The lengths of sets of descriptors and nodes are whole words. */
static uint64_t word_bytes(uint64_t bits)
{
	return (bits + 63) / 64 * 8;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t result_or_none(const struct pw_call *call)
{
	return pw_call_failed(call->result) ? 0 : call->result;
}

/* How much there was room for, kept, or was written, whichever is less. */
static uint64_t socket_length(const struct pw_call_job *job,
			      const struct pw_call_memory *memory)
{
	uint64_t at = job->call->arg[memory->operand];
	int32_t room, written;

	memcpy(&room, job->scratch->text, sizeof(room));
	if (room < 0 || !pw_call_fetch(job, at, &written, sizeof(written)) ||
	    written < 0)
		return 0;
	return smaller((uint64_t)room, (uint64_t)written);
}

/* The kernel takes one off the number of bits. */
static uint64_t node_bytes(uint64_t maxnode)
{
	return maxnode > 1 ? word_bytes(maxnode - 1) : 0;
}

/* Units: items, of which pw_call_memory.unit says the size. */
static uint64_t items(const struct pw_call_job *job,
		      const struct pw_call_memory *memory)
{
	const struct pw_call *call = job->call;
	uint64_t operand =
		memory->operand < PW_CALL_ARGS ? call->arg[memory->operand] : 0;
	uint32_t size = 0;

	switch ((enum pw_call_rule)memory->rule) {
	case PW_RULE_BYTES:
	case PW_RULE_STRING:
	case PW_RULE_SCATTER:
	case PW_RULE_GATHER:
	case PW_RULE_SIGMASK:
		return 1;
	case PW_RULE_ARG:
		return operand;
	case PW_RULE_INT:
		return (int32_t)operand > 0 ? operand & UINT32_MAX : 0;
	case PW_RULE_ITEMS:
		return operand & UINT32_MAX;
	case PW_RULE_RESULT:
	case PW_RULE_SENT:
		return result_or_none(call);
	case PW_RULE_WITHIN:
		return smaller(result_or_none(call), operand);
	case PW_RULE_SIZED:
		pw_call_fetch(job, call->arg[memory->pointer] + memory->operand,
			      &size, sizeof(size));
		return size;
	case PW_RULE_SOCKLEN:
		return socket_length(job, memory);
	case PW_RULE_FDS:
		return (int32_t)operand > 0 ? word_bytes(operand & UINT32_MAX)
					    : 0;
	case PW_RULE_NODES:
		return node_bytes(operand);
	case PW_RULE_PAGES:
		return operand / 4096 + (operand % 4096 != 0);
	}
	return 0;
}

static uint64_t length(const struct pw_call_job *job,
		       const struct pw_call_memory *memory)
{
	uint64_t count = items(job, memory);

	if ((memory->rule == PW_RULE_RESULT || memory->rule == PW_RULE_SENT) &&
	    pw_call_failed(job->call->result))
		return 0;
	return count * memory->unit[job->call->machine] + memory->add;
}

/* The sets of signals of pselect6 and io_pgetevents come with their size. */
static void load_sigmask(const struct pw_call_job *job, uint64_t address)
{
	uint64_t mask[2]; /* where, how many bytes */

	pw_call_load(job, address, sizeof(mask));
	if (pw_call_fetch(job, address, mask, sizeof(mask)))
		pw_call_load(job, mask[0], mask[1]);
}

/* Source: Linux drivers/char/mem.c, write_null. */
static bool discards(const struct pw_call_job *job)
{
	struct pw_call_file *file = &job->scratch->file;

	file->discards = false;
	job->ops->file(job->state, (int)job->call->arg[0], file);
	return file->discards;
}

/* After these errors nothing but names has been read. */
static bool reads_nothing(const struct pw_call_job *job)
{
	return pw_call_is_error(job, PW_CALL_EBADF) ||
	       pw_call_is_error(job, PW_CALL_ENOTSOCK);
}

/* ---- what the kernel failed to reach ---- */

/* How many of @bytes at @address can be read, which is looked at page by page;
 * more than that many pages no call hands over at once. */
static uint64_t find_reached(const struct pw_call_job *job, uint64_t address,
			     uint64_t bytes)
{
	uint64_t done = 0;
	char byte;

	while (done < bytes && done < REACH_BYTES) {
		if (job->ops->read(job->state, address + done, &byte, 1) != 1)
			return done;
		done += PAGE_BYTES - (address + done) % PAGE_BYTES;
	}
	return bytes;
}

static void tell_unreached(const struct pw_call_job *job, uint64_t address,
			   bool store)
{
	pw_call_tell_as(job, PW_EVENT_unreached, 0,
			(uint64_t[]){address, store ? STORE : LOAD}, 2);
}

/* The first buffer of iovecs that is not empty. */
static uint64_t first_buffer(const struct pw_call_job *job,
			     const struct pw_call_memory *memory)
{
	uint64_t at = job->call->arg[memory->pointer];
	uint64_t buffer[2];

	for (uint64_t i = 0;
	     i < PW_CALL_IOVECS_MAX && i < job->call->arg[memory->operand];
	     i++, at += PW_CALL_IOVEC_BYTES) {
		if (!pw_call_fetch(job, at, buffer, sizeof(buffer)))
			return 0;
		if (buffer[1] > 0)
			return buffer[0];
	}
	return 0;
}

/*
 * A call that ended in EFAULT has come up to here: it reads what is before
 * that, and buffers for the contents of files not at all. False when this is
 * where it failed.
 */
static bool reach(const struct pw_call_job *job,
		  const struct pw_call_memory *memory)
{
	uint64_t address = job->call->arg[memory->pointer];
	bool store = memory->when != PW_CALL_IN;
	uint64_t bytes, reached;

	switch ((unsigned)memory->rule) {
	case PW_RULE_STRING:
		pw_call_load_string(job, address,
				    memory->unit[job->call->machine]);
		return true;
	case PW_RULE_SCATTER:
	case PW_RULE_GATHER:
		address = first_buffer(job, memory);
		bytes = 1;
		break;
	case PW_RULE_RESULT:
	case PW_RULE_SENT:
	case PW_RULE_WITHIN:
		bytes = 1;
		break;
	case PW_RULE_SOCKLEN:
	case PW_RULE_SIGMASK:
		return true;
	default:
		bytes = length(job, memory);
		break;
	}
	if (address == 0 || bytes == 0)
		return true;
	reached = find_reached(job, address, bytes);
	if (reached > 0 && bytes > 1 && (!store || reached < bytes))
		job->ops->access(job->state, address, reached, store);
	if (reached < bytes)
		tell_unreached(job, address + reached, store);
	return reached == bytes;
}

/* Calls of descriptor, buffer and count. */
static bool transfers(const struct pw_call *call)
{
	return call->id == PW_SYSCALL_read || call->id == PW_SYSCALL_write ||
	       call->id == PW_SYSCALL_pread64 ||
	       call->id == PW_SYSCALL_pwrite64;
}

/* What a transfer is cut short by, if the kernel could not reach on. */
static void tell_cut_short(const struct pw_call_job *job,
			   const struct pw_call_memory *memory)
{
	const uint64_t *arg = job->call->arg;
	uint64_t at = arg[1] + job->call->result;

	if ((memory->rule != PW_RULE_RESULT && memory->rule != PW_RULE_SENT) ||
	    memory->pointer != 1 || !transfers(job->call) ||
	    pw_call_failed(job->call->result) || job->call->result >= arg[2] ||
	    at % PAGE_BYTES != 0)
		return;
	if (find_reached(job, at, 1) == 0)
		tell_unreached(job, at, memory->when != PW_CALL_IN);
}

static void load(const struct pw_call_job *job,
		 const struct pw_call_memory *memory)
{
	uint64_t address = job->call->arg[memory->pointer];

	if (memory->rule == PW_RULE_STRING)
		pw_call_load_string(job, address,
				    memory->unit[job->call->machine]);
	else if (reads_nothing(job) || ((memory->rule == PW_RULE_SENT ||
					 memory->rule == PW_RULE_GATHER) &&
					discards(job)))
		return;
	else if (memory->rule == PW_RULE_SCATTER ||
		 memory->rule == PW_RULE_GATHER)
		pw_call_scatter(job, address, job->call->arg[memory->operand],
				result_or_none(job->call), false);
	else if (memory->rule == PW_RULE_SIGMASK)
		load_sigmask(job, address);
	else
		pw_call_load(job, address, length(job, memory));
}

static void store(const struct pw_call_job *job,
		  const struct pw_call_memory *memory)
{
	uint64_t address = job->call->arg[memory->pointer];

	if (memory->rule == PW_RULE_SCATTER) {
		pw_call_scatter(job, address, job->call->arg[memory->operand],
				result_or_none(job->call), true);
		return;
	}
	pw_call_store(job, address, length(job, memory));
	if (memory->rule == PW_RULE_SOCKLEN && address != 0)
		pw_call_store(job, job->call->arg[memory->operand], 4);
}

/* Where a length is for both: the room there is for a result, loaded. */
static void load_room(const struct pw_call_job *job,
		      const struct pw_call_memory *memory)
{
	if (memory->when == PW_CALL_OUT && memory->rule == PW_RULE_SOCKLEN &&
	    job->call->arg[memory->pointer] != 0 &&
	    !pw_call_failed(job->call->result))
		pw_call_load(job, job->call->arg[memory->operand], 4);
}

/* The rest of a time is written whatever happened, except for a zero time. */
static bool writes_time(const struct pw_call_job *job)
{
	return job->scratch->text[0] != 0 &&
	       !pw_call_is_error(job, PW_CALL_EINVAL) &&
	       !pw_call_is_error(job, PW_CALL_EFAULT);
}

static void touch(const struct pw_call_job *job,
		  const struct pw_call_memory *memory)
{
	bool failed = pw_call_failed(job->call->result);

	switch ((enum pw_call_when)memory->when) {
	case PW_CALL_IN:
		load(job, memory);
		break;
	case PW_CALL_OUT:
		if (!failed)
			store(job, memory);
		break;
	case PW_CALL_OUT_POSITIVE:
		if (!failed && job->call->result != 0)
			store(job, memory);
		break;
	case PW_CALL_TIME_LEFT:
		if (writes_time(job))
			store(job, memory);
		break;
	case PW_CALL_DO:
		memory->leave(job);
		break;
	case PW_CALL_UNSEEN:
	case PW_CALL_END:
		break;
	}
}

static void reach_all(const struct pw_call_job *job,
		      const struct pw_call_row *row)
{
	const struct pw_call_memory *memory = row->memory;
	bool more = true;

	for (; more && memory->when != PW_CALL_END; memory++)
		if (memory->when == PW_CALL_IN || memory->when == PW_CALL_OUT)
			more = reach(job, memory);
		else
			touch(job, memory);
}

void pw_call_memory(const struct pw_call_job *job,
		    const struct pw_call_row *row)
{
	const struct pw_call_memory *memory;

	for (memory = row->memory; memory->when != PW_CALL_END; memory++)
		load_room(job, memory);
	if (pw_call_is_error(job, PW_CALL_EFAULT)) {
		reach_all(job, row);
		return;
	}
	for (memory = row->memory; memory->when != PW_CALL_END; memory++) {
		touch(job, memory);
		tell_cut_short(job, memory);
	}
}

static void keep_room(const struct pw_call_job *job, uint64_t address)
{
	int32_t room = 0;

	pw_call_fetch(job, address, &room, sizeof(room));
	memcpy(job->scratch->text, &room, sizeof(room));
}

static void keep_time(const struct pw_call_job *job, uint64_t address)
{
	uint64_t time[2] = {0, 0};

	pw_call_fetch(job, address, time, sizeof(time));
	job->scratch->text[0] = time[0] != 0 || time[1] != 0 ? 1 : 0;
}

void pw_call_memory_keep(const struct pw_call_job *job,
			 const struct pw_call_row *row)
{
	const struct pw_call_memory *memory;

	for (memory = row->memory; memory->when != PW_CALL_END; memory++) {
		if (memory->when == PW_CALL_DO && memory->enter)
			memory->enter(job);
		else if (memory->when == PW_CALL_TIME_LEFT)
			keep_time(job, job->call->arg[memory->pointer]);
		else if (memory->rule == PW_RULE_SOCKLEN)
			keep_room(job, job->call->arg[memory->operand]);
	}
}
