/*
 * qemu_signals.c - signals of an emulated program.
 *
 * The emulator does not tell of them. But the addresses of handlers are known
 * from rt_sigaction, and a block that begins there, other than by a call, is a
 * signal's delivery; rt_sigreturn is its end.
 */
#include "capture/qemu_session.h"

/*
 * What QEMU 7.2 puts on the stack of a signal handler: return address,
 * context, information and floating-point state, from the stack pointer up.
 * Source: QEMU linux-user/i386/signal.c, struct rt_sigframe.
 */
#define FRAME_BYTES 960

/* The frame of the handler that returns has been read by the kernel. */
enum pw_status pw_qemu_sigreturn(struct pw_qemu_session *session,
				 struct pw_qemu_stream *stream,
				 struct pw_error *err)
{
	if (stream->frames == 0)
		return PW_OK;
	stream->frames--;
	if (!stream->frame[stream->frames])
		return PW_OK;
	return pw_qemu_kernel_access(session, stream,
				     stream->frame[stream->frames], FRAME_BYTES,
				     false, err);
}

/* The signal whose handler begins at @pc; 0 when there are several. */
static unsigned which_signal(const struct pw_qemu_process *process, uint64_t pc)
{
	unsigned found = PW_QEMU_SIGNALS;

	for (unsigned i = 1; i < PW_QEMU_SIGNALS; i++)
		if (process->handler[i] == pc)
			found = found == PW_QEMU_SIGNALS ? i : 0;
	return found;
}

/* How far "sub rsp, constant" moves the stack pointer; 0 for other code. */
static uint64_t moves_stack(const uint8_t *code, size_t length)
{
	int32_t bytes;

	if (length == 4 && memcmp(code, "\x48\x83\xec", 3) == 0)
		return (uint64_t)(int8_t)code[3];
	if (length != 7 || memcmp(code, "\x48\x81\xec", 3) != 0)
		return 0;
	memcpy(&bytes, code + 3, sizeof(bytes));
	return (uint64_t)(int64_t)bytes;
}

/* The address of the first piece of instruction @insn in one direction. */
static uint64_t piece_of(const uint64_t *pieces, size_t count, unsigned insn,
			 bool store)
{
	for (size_t i = 0; i < count; i++)
		if ((pieces[i] >> PW_PIECE_INSN_SHIFT &
		     (PW_BLOCK_INSNS_MAX - 1)) == insn &&
		    !(pieces[i] & PW_PIECE_STORE) == !store)
			return pieces[i] & PW_PIECE_ADDRESS;
	return 0;
}

/*
 * The stack pointer at the entry of a handler, by the first access relative to
 * it in the handler's first block; 0 when there is none.
 */
static uint64_t find_frame(const struct pw_qemu_session *session,
			   const struct pw_qemu_code_block *block,
			   const uint64_t *pieces, size_t count)
{
	const uint8_t *code =
		(const uint8_t *)session->blocks.code.data + block->code;
	uint64_t moved = 0;
	size_t offset = 0;

	for (unsigned i = 0; i < block->insns && offset < block->code_bytes;
	     i++) {
		struct pw_x86_insn insn;

		pw_x86_decode(session->blocks.decoder, block->pc + offset,
			      code + offset, block->code_bytes - offset, &insn);
		for (unsigned n = 0; n < insn.operand_count; n++) {
			const struct pw_x86_operand *op = &insn.operand[n];
			uint64_t address = piece_of(
				pieces, count, i, op->kind == PW_ACCESS_STORE);

			if (op->base == PW_X86_SLOT(rsp) && address &&
			    op->index == PW_X86_NO_SLOT)
				return address - op->displacement + moved;
		}
		moved += moves_stack(code + offset, insn.length);
		offset += insn.length;
	}
	return 0;
}

enum pw_status pw_qemu_handler(struct pw_qemu_session *session,
			       struct pw_qemu_stream *stream,
			       const struct pw_qemu_code_block *block,
			       const uint64_t *pieces, size_t count,
			       struct pw_error *err)
{
	const struct pw_qemu_process *process = &PW_ARRAY_AT(
		&session->processes, struct pw_qemu_process, stream->process);
	const struct pw_qemu_code_block *before = pw_qemu_last(session, stream);
	unsigned number = which_signal(process, block->pc);
	const struct pw_event signal = {.kind = PW_EVENT_signal,
					.arg = {number}};
	uint64_t frame = 0;
	enum pw_status st;

	if (number == PW_QEMU_SIGNALS ||
	    (before &&
	     ((before->flags & PW_QEMU_CALLS) || before->call == block->pc)))
		return PW_OK; /* the program calls the function itself */
	if (block->machine == PW_CALL_X86_64)
		frame = find_frame(session, block, pieces, count);
	st = pw_qemu_event(session, stream, &signal, err);
	if (st == PW_OK && frame)
		st = pw_qemu_kernel_access(session, stream, frame, FRAME_BYTES,
					   true, err);
	if (stream->frames < PW_QEMU_FRAMES)
		stream->frame[stream->frames++] = frame;
	return st;
}
