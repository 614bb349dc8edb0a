/*
 * call_async.c - the memory of asynchronous input and output.
 *
 * What is written is read when it is submitted; what is read is written some
 * time before its end is reported, and counts as written then.
 *
 * Source: Linux include/uapi/linux/aio_abi.h, fs/aio.c.
 */
#include <linux/aio_abi.h>

#include "capture/call_job.h"

#define SUBMITTED_MAX 65536

_Static_assert(sizeof(struct iocb) == 64, "as the kernel has it");
_Static_assert(sizeof(struct io_event) == 32, "as the kernel has it");

static void load_submitted(const struct pw_call_job *job,
			   const struct iocb *control)
{
	switch (control->aio_lio_opcode) {
	case IOCB_CMD_PWRITE:
		pw_call_load(job, control->aio_buf, control->aio_nbytes);
		break;
	case IOCB_CMD_PWRITEV:
		pw_call_load(job, control->aio_buf,
			     control->aio_nbytes * PW_CALL_IOVEC_BYTES);
		pw_call_scatter(job, control->aio_buf, control->aio_nbytes,
				UINT64_MAX, false);
		break;
	case IOCB_CMD_PREADV:
		pw_call_load(job, control->aio_buf,
			     control->aio_nbytes * PW_CALL_IOVEC_BYTES);
		break;
	default:
		break;
	}
}

void pw_call_do_io_submit(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	struct iocb control;
	uint64_t count, at;

	if (pw_call_failed(call->result))
		return;
	count = call->result < SUBMITTED_MAX ? call->result : SUBMITTED_MAX;
	pw_call_load(job, call->arg[2], count * sizeof(at));
	for (uint64_t i = 0; i < count; i++) {
		if (!pw_call_fetch(job, call->arg[2] + i * sizeof(at), &at,
				   sizeof(at)) ||
		    !pw_call_fetch(job, at, &control, sizeof(control)))
			return;
		pw_call_load(job, at, sizeof(control));
		load_submitted(job, &control);
		pw_call_store(job, at + offsetof(struct iocb, aio_key),
			      sizeof(control.aio_key));
	}
}

void pw_call_do_io_getevents(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	struct io_event event;
	struct iocb control;

	if (pw_call_failed(call->result))
		return;
	for (uint64_t i = 0; i < call->result && i < SUBMITTED_MAX; i++) {
		if (!pw_call_fetch(job, call->arg[3] + i * sizeof(event),
				   &event, sizeof(event)) ||
		    !pw_call_fetch(job, event.obj, &control, sizeof(control)))
			return;
		if (event.res <= 0)
			continue;
		if (control.aio_lio_opcode == IOCB_CMD_PREAD)
			pw_call_store(job, control.aio_buf,
				      (uint64_t)event.res);
		else if (control.aio_lio_opcode == IOCB_CMD_PREADV)
			pw_call_scatter(job, control.aio_buf,
					control.aio_nbytes, (uint64_t)event.res,
					true);
	}
}
