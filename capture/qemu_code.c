/*
 * qemu_code.c - the blocks that a process has translated.
 */
#include "capture/qemu_session.h"

static enum pw_status put_code(struct pw_qemu_session *session,
			       struct pw_qemu_process *process,
			       const uint64_t *word, struct pw_error *err)
{
	struct pw_qemu_code code = {
		.machine = process->machine,
		.pc = word[1],
		.insns = word[2] & 0xffff,
		.last = word[2] >> 16 & 0xffff,
		.bytes = (const uint8_t *)(word + 3),
		.byte_count = word[2] >> 32,
	};
	uint32_t number;
	enum pw_status st;

	if ((word[0] & PW_WORD_OPERAND) != process->block.count)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "process %d: the emulator announced block %llu "
			       "after %zu",
			       (int)process->pid,
			       (unsigned long long)(word[0] & PW_WORD_OPERAND),
			       process->block.count);
	st = pw_qemu_blocks_add(&session->blocks, &code, &number, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < session->handlers.count; i++)
		if (PW_ARRAY_AT(&session->handlers, uint64_t, i) == code.pc)
			pw_qemu_blocks_handler(&session->blocks, code.pc);
	return pw_array_push(&process->block, &number, err);
}

static enum pw_status read_code(struct pw_qemu_session *session,
				struct pw_qemu_stream *stream,
				struct pw_qemu_process *process,
				struct pw_error *err)
{
	uint64_t head =
		atomic_load_explicit(&stream->ring->head, memory_order_acquire);
	const uint64_t *word = stream->words + stream->tail % PW_RING_WORDS;
	uint64_t left = head - stream->tail;
	enum pw_status st = PW_OK;

	while (left >= 3 && st == PW_OK) {
		uint64_t words = 3 + ((word[2] >> 32) + 7) / 8;

		if (words > left)
			break;
		st = put_code(session, process, word, err);
		word += words;
		left -= words;
	}
	if (stream->tail != head - left) {
		stream->tail = head - left;
		pw_qemu_ring_release(stream->ring, stream->tail);
	}
	return st;
}

enum pw_status pw_qemu_drain_code(struct pw_qemu_session *session,
				  uint32_t process, struct pw_error *err)
{
	struct pw_qemu_process *owner = &PW_ARRAY_AT(
		&session->processes, struct pw_qemu_process, process);

	for (unsigned i = 0; i < session->stream_end; i++) {
		struct pw_qemu_stream *stream = &session->stream[i];

		if (stream->used && stream->code && stream->pid == owner->pid &&
		    stream->image == owner->image)
			return read_code(session, stream, owner, err);
	}
	return PW_OK;
}
