/*
 * qemu_drain.c - words of a ring become executions of shapes, and events.
 */
#include "capture/qemu_session.h"

#include "base/assert.h"

#define TYPE_BLOCK (8u | PW_WORD_BLOCK)
#define AHEAD_WORDS 64 /* fetched from the other processor early */
#define KERNEL_WORDS 3
#define PIECES_MAX PW_QEMU_PIECES_MAX
#define ACCESS_BYTES_MAX ((uint64_t)1 << 30)

/* What is read in one go. */
struct reading {
	struct pw_qemu_session *session;
	struct pw_qemu_stream *stream;
	const struct pw_qemu_process *process;
	const uint64_t *word; /* the first one not read yet */
	const uint64_t *end;
	bool stalled; /* what follows is not whole yet */
};

enum pw_status pw_qemu_lane_close(struct pw_qemu_session *session,
				  struct pw_error *err)
{
	if (!session->lane)
		return PW_OK;
	session->lane = NULL;
	return pw_writer_lane_end(session->writer, err);
}

enum pw_status pw_qemu_event(struct pw_qemu_session *session,
			     const struct pw_qemu_stream *stream,
			     const struct pw_event *event, struct pw_error *err)
{
	enum pw_status st = pw_qemu_lane_close(session, err);

	if (st != PW_OK || stream->thread == PW_QEMU_NONE)
		return st;
	return pw_recorder_event(session->recorder, stream->thread, event, err);
}

enum pw_status pw_qemu_kernel_access(struct pw_qemu_session *session,
				     const struct pw_qemu_stream *stream,
				     uint64_t address, uint64_t bytes,
				     bool store, struct pw_error *err)
{
	const uint8_t kind =
		(uint8_t)((store ? PW_ACCESS_STORE : PW_ACCESS_LOAD) |
			  PW_ACCESS_KERNEL);
	const struct pw_qemu_code_block *last = pw_qemu_last(session, stream);
	const uint64_t pc = last ? last->last_pc : 0;
	enum pw_status st = pw_qemu_lane_close(session, err);

	if (stream->thread == PW_QEMU_NONE || !session->open)
		return st;
	while (bytes > 0 && st == PW_OK) {
		const struct pw_x86_access access = {
			.address = address,
			.size_bytes = (uint32_t)(bytes < ACCESS_BYTES_MAX
							 ? bytes
							 : ACCESS_BYTES_MAX),
			.kind = kind,
		};

		st = pw_recorder_accesses(session->recorder, stream->thread, pc,
					  &access, 1, err);
		address += access.size_bytes;
		bytes -= access.size_bytes;
	}
	return st;
}

enum pw_status pw_qemu_put_shape(void *state, const struct pw_shape *shape,
				 uint32_t *index, struct pw_error *err)
{
	struct pw_qemu_session *session = state;
	enum pw_status st = pw_qemu_lane_close(session, err);

	if (st != PW_OK)
		return st;
	return pw_writer_shape(session->writer, shape, index, err);
}

/* Instructions that ran before the scope opened. */
static enum pw_status put_gap(struct pw_qemu_session *session,
			      struct pw_qemu_stream *stream,
			      struct pw_error *err)
{
	const struct pw_event gap = {
		.kind = PW_EVENT_gap,
		.arg = {stream->skipped},
	};

	stream->skipped = 0;
	return pw_qemu_event(session, stream, &gap, err);
}

static enum pw_status open_lane(struct reading *r, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (r->stream->skipped)
		st = put_gap(r->session, r->stream, err);
	if (st == PW_OK)
		st = pw_recorder_flush(r->session->recorder, err);
	if (st != PW_OK)
		return st;
	return pw_writer_lane_begin(r->session->writer, r->stream->thread,
				    &r->session->lane, err);
}

/* Whether block @number goes on with the repetition at the end of @last. */
static bool is_continued(const struct pw_qemu_session *session, uint32_t last,
			 uint32_t number)
{
	const struct pw_qemu_code_block *cold = session->blocks.cold.data;

	return last != PW_QEMU_NONE && (cold[number].flags & PW_QEMU_ALONE) &&
	       (cold[last].flags & PW_QEMU_REPEATS) &&
	       cold[last].last_pc == cold[number].pc;
}

/* Where what blocks did last time is, and where addresses go. */
struct plain {
	const struct pw_qemu_block *blocks;
	const uint64_t *tags;
	const uint16_t *picks;
	uint64_t *address;
};

/*
 * Whether the pieces, with a control word behind them, are those of @block but
 * for addresses; then these are taken.
 */
static inline __attribute__((always_inline)) bool
take_plain(const struct plain *plain, const struct pw_qemu_block *block,
	   const uint64_t *piece)
{
	const size_t count = block->pieces;
	uint64_t differences = 0;

	if (count <= PW_QEMU_TAGS_NEAR)
		for (size_t i = 0; i < count; i++)
			differences |=
				(piece[i] >> PW_PIECE_TAG_SHIFT ^ block->tag[i])
				<< PW_PIECE_TAG_SHIFT;
	else
		for (size_t i = 0; i < count; i++)
			differences |= piece[i] ^ plain->tags[block->tags + i];
	if ((differences & ~PW_PIECE_ADDRESS) ||
	    !(piece[count] & PW_WORD_CONTROL))
		return false;
	if (block->identity)
		for (size_t i = 0; i < count; i++)
			plain->address[i] = piece[i] & PW_PIECE_ADDRESS;
	else
		for (size_t i = 0; i < block->slots; i++)
			plain->address[i] =
				piece[plain->picks[block->picks + i]] &
				PW_PIECE_ADDRESS;
	return true;
}

/*
 * Executions of plain blocks that do what they did last time, as far as they
 * go. Here nearly all of the time of a recording is spent.
 */
static inline __attribute__((always_inline)) bool
run_plain_blocks(struct reading *r, struct pw_lane *lane)
{
	struct pw_qemu_session *session = r->session;
	const struct plain plain = {
		.blocks = session->blocks.list.data,
		.tags = session->blocks.tags.data,
		.picks = session->blocks.picks.data,
		.address = session->address,
	};
	const uint32_t *ids = r->process->block.data;
	const size_t id_count = r->process->block.count;
	uint64_t executed = session->executed;
	uint32_t last = r->stream->last;
	const uint64_t *word = r->word;
	bool full = false;

	while (word < r->end && !full && executed < session->stop_at) {
		const struct pw_qemu_block *block;
		size_t id;

		__builtin_prefetch(word + AHEAD_WORDS);
		if (*word >> PW_WORD_TYPE_SHIFT != TYPE_BLOCK)
			break;
		id = *word & PW_WORD_OPERAND;
		if (id >= id_count)
			break;
		block = &plain.blocks[ids[id]];
		if (!block->plain &&
		    !(block->again && (last == ids[id] ||
				       is_continued(session, last, ids[id]))))
			break;
		if (block->pieces >= (size_t)(r->end - word) - 1 ||
		    !take_plain(&plain, block, word + 1))
			break;
		executed += block->insns;
		last = ids[id];
		word += 1 + block->pieces;
		full = pw_lane_execute(lane, block->shape, plain.address);
	}
	session->recorded += executed - session->executed;
	session->executed = executed;
	r->stream->last = last;
	r->word = word;
	return full;
}

static bool run_plain_anywhere(struct reading *r, struct pw_lane *lane)
{
	return run_plain_blocks(r, lane);
}

#ifdef __x86_64__
/* Counting leading zeros is what this processor family does badly without. */
static __attribute__((target("avx2,lzcnt,bmi,bmi2"))) bool
run_plain_avx2(struct reading *r, struct pw_lane *lane)
{
	return run_plain_blocks(r, lane);
}
#endif

static bool run_plain(struct reading *r, struct pw_lane *lane)
{
#ifdef __x86_64__
	/* Every processor with AVX2 also has LZCNT and BMI. */
	if (__builtin_cpu_supports("avx2"))
		return run_plain_avx2(r, lane);
#endif
	return run_plain_anywhere(r, lane);
}

/* Let the trace have one execution. */
static enum pw_status emit(struct reading *r,
			   const struct pw_qemu_variant *variant,
			   const uint64_t *piece, struct pw_error *err)
{
	struct pw_qemu_session *session = r->session;
	const uint16_t *pick =
		(const uint16_t *)session->blocks.picks.data + variant->picks;
	enum pw_status st = PW_OK;

	if (variant->shape == PW_QEMU_NONE)
		return PW_OK;
	if (!session->lane)
		st = open_lane(r, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < variant->slots; i++)
		session->address[i] = piece[pick[i]] & PW_PIECE_ADDRESS;
	if (pw_lane_execute(session->lane, variant->shape, session->address))
		return pw_qemu_lane_close(session, err);
	return PW_OK;
}

/* How many pieces follow; r->stalled when more may come. */
static size_t count_pieces(struct reading *r)
{
	const uint64_t *at = r->word + 1;

	while (at < r->end && !(*at & PW_WORD_CONTROL))
		at++;
	r->stalled = at == r->end && !r->stream->ended;
	return (size_t)(at - r->word) - 1;
}

const struct pw_qemu_code_block *
pw_qemu_last(const struct pw_qemu_session *session,
	     const struct pw_qemu_stream *stream)
{
	if (stream->last == PW_QEMU_NONE)
		return NULL;
	return &PW_ARRAY_AT(&session->blocks.cold, struct pw_qemu_code_block,
			    stream->last);
}

/*
 * Whether the thread was in a signal handler, or gone, right after @block,
 * whose words end at @at; r->stalled when that is not known yet.
 */
static bool has_faulted(struct reading *r,
			const struct pw_qemu_code_block *block,
			const uint64_t *at)
{
	const struct pw_array *ids = &r->process->block;

	while (at < r->end) {
		uint64_t operand = *at & PW_WORD_OPERAND;
		unsigned type = (unsigned)(*at >> PW_WORD_TYPE_SHIFT);
		const struct pw_qemu_code_block *next;

		if (type == (8u | PW_WORD_STAMP)) {
			at++;
			continue;
		}
		if (type == (8u | PW_WORD_EVENT) &&
		    (operand & 0xffff) == PW_NOTE_CPU) {
			at += 1 + (operand >> 16 & 0xffff);
			continue;
		}
		if (type != TYPE_BLOCK)
			return false;
		if (operand >= ids->count)
			break;
		next = &PW_ARRAY_AT(&r->session->blocks.cold,
				    struct pw_qemu_code_block,
				    PW_ARRAY_AT(ids, uint32_t, operand));
		return (next->flags & PW_QEMU_HANDLER) &&
		       !(block->flags & PW_QEMU_CALLS) &&
		       block->call != next->pc;
	}
	r->stalled = !r->stream->ended;
	return r->stream->ended;
}

/* Find what the block has done. */
static enum pw_status find_variant(struct reading *r, uint32_t number,
				   size_t count,
				   const struct pw_qemu_variant **out,
				   struct pw_error *err)
{
	struct pw_qemu_session *session = r->session;
	const struct pw_qemu_code_block *block = &PW_ARRAY_AT(
		&session->blocks.cold, struct pw_qemu_code_block, number);
	struct pw_qemu_deed deed = {
		.piece = r->word + 1,
		.count = count,
		.way = is_continued(session, r->stream->last, number)
			       ? PW_QEMU_CONTINUED
			       : 0,
	};
	enum pw_status st;

	st = pw_qemu_blocks_find(&session->blocks, number, &deed, out, err);
	if (st != PW_OK || !(*out)->doubtful ||
	    !has_faulted(r, block, r->word + 1 + count))
		return st;
	deed.way |= PW_QEMU_CUT;
	return pw_qemu_blocks_find(&session->blocks, number, &deed, out, err);
}

/* Any block, with its pieces. */
static enum pw_status read_block(struct reading *r, struct pw_error *err)
{
	struct pw_qemu_session *session = r->session;
	const struct pw_array *ids = &r->process->block;
	uint64_t id = *r->word & PW_WORD_OPERAND;
	const struct pw_qemu_variant *variant;
	const struct pw_qemu_code_block *block;
	size_t count = count_pieces(r);
	enum pw_status st = PW_OK;
	uint32_t number;

	if (r->stalled)
		return PW_OK;
	if (id >= ids->count || count > PIECES_MAX)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "process %d: the emulator executed block %llu "
			       "with %zu accesses, which it has not announced",
			       (int)r->stream->pid, (unsigned long long)id,
			       count);
	number = PW_ARRAY_AT(ids, uint32_t, id);
	block = &PW_ARRAY_AT(&session->blocks.cold, struct pw_qemu_code_block,
			     number);
	st = find_variant(r, number, count, &variant, err);
	if (st == PW_OK && !r->stalled && (block->flags & PW_QEMU_HANDLER))
		st = pw_qemu_handler(session, r->stream, block, r->word + 1,
				     count, err);
	if (st != PW_OK || r->stalled)
		return st;
	r->stream->last = number;
	session->executed += variant->insns;
	if (session->open) {
		session->recorded += variant->insns;
		st = emit(r, variant, r->word + 1, err);
	} else {
		r->stream->skipped += variant->insns;
	}
	r->word += 1 + count;
	return st;
}

/* Blocks up to something else. */
static enum pw_status read_blocks(struct reading *r, struct pw_error *err)
{
	struct pw_qemu_session *session = r->session;
	enum pw_status st = PW_OK;

	if (session->open && !session->lane)
		st = open_lane(r, err);
	if (st == PW_OK && session->open && run_plain(r, session->lane))
		st = pw_qemu_lane_close(session, err);
	else if (st == PW_OK && r->word < r->end &&
		 *r->word >> PW_WORD_TYPE_SHIFT == TYPE_BLOCK)
		st = read_block(r, err);
	if (st == PW_OK && session->executed >= session->stop_at)
		st = pw_qemu_rescope(session, err);
	return st;
}

/* Other programs can write to the rings: what they hold is not trusted. */
static enum pw_status meaningless(const struct reading *r, struct pw_error *err)
{
	return pw_fail(err, PW_ERR_SYSTEM,
		       "process %d: the emulator wrote a word that means "
		       "nothing",
		       (int)r->stream->pid);
}

static enum pw_status read_event(struct reading *r, struct pw_error *err)
{
	uint64_t operand = *r->word & PW_WORD_OPERAND;
	size_t words = operand >> 16 & 0xffff;
	size_t args = operand >> 32 & 0xff;
	struct pw_event event = {.kind = (enum pw_event_kind)0};
	unsigned kind = operand & 0xffff;
	char text[PW_CALL_TEXT_BYTES + 8];
	size_t text_words;

	text_words = words - 1 - args;
	if (args > PW_EVENT_ARGS || words < 1 + args ||
	    text_words * 8 > sizeof(text))
		return meaningless(r, err);
	r->stalled = (size_t)(r->end - r->word) < 1 + words;
	if (r->stalled)
		return PW_OK;
	event.result = r->word[1];
	memcpy(event.arg, r->word + 2, args * sizeof(uint64_t));
	memcpy(text, r->word + 2 + args, text_words * 8);
	event.text = text_words ? text : "";
	r->word += 1 + words;
	return pw_qemu_note(r->session, r->stream, kind, &event, err);
}

static enum pw_status read_kernel(struct reading *r, struct pw_error *err)
{
	const uint64_t *word = r->word;

	r->stalled = r->end - r->word < KERNEL_WORDS;
	if (r->stalled)
		return PW_OK;
	r->word += KERNEL_WORDS;
	return pw_qemu_kernel_access(r->session, r->stream, word[1], word[2],
				     word[0] & 1, err);
}

static enum pw_status read_control(struct reading *r, struct pw_error *err)
{
	switch ((enum pw_word_type)(*r->word >> PW_WORD_TYPE_SHIFT & 7)) {
	case PW_WORD_EVENT:
		return read_event(r, err);
	case PW_WORD_KERNEL:
		return read_kernel(r, err);
	case PW_WORD_BLOCK:
	case PW_WORD_STAMP:
	case PW_WORD_CODE:
		break;
	}
	return meaningless(r, err);
}

static void set_process(struct reading *r)
{
	if (r->stream->process != PW_QEMU_NONE)
		r->process = &PW_ARRAY_AT(&r->session->processes,
					  struct pw_qemu_process,
					  r->stream->process);
}

/* Up to the next stamp behind the first word. */
static enum pw_status read_stretch(struct reading *r, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (r->word < r->end && st == PW_OK && !r->stalled &&
	       !r->session->ended) {
		unsigned type = (unsigned)(*r->word >> PW_WORD_TYPE_SHIFT);

		if (type == TYPE_BLOCK && r->process) {
			st = read_blocks(r, err);
		} else if (type == (8u | PW_WORD_STAMP)) {
			break;
		} else {
			const struct pw_qemu_process *before = r->process;

			st = read_control(r, err);
			set_process(r);
			if (st == PW_OK && !before && r->process)
				st = pw_qemu_drain_code(
					r->session, r->stream->process, err);
			set_process(r);
		}
	}
	return st;
}

enum pw_status pw_qemu_drain(struct pw_qemu_session *session,
			     struct pw_qemu_stream *stream, bool *progress,
			     struct pw_error *err)
{
	struct reading r = {.session = session, .stream = stream};
	uint64_t head =
		atomic_load_explicit(&stream->ring->head, memory_order_acquire);
	enum pw_status st = PW_OK;

	*progress = false;
	PW_ASSERT(!stream->code && head >= stream->tail);
	if (head == stream->tail)
		return PW_OK;
	/* What is executed up to the head has been announced by now. */
	st = pw_qemu_look_for_rings(session, err);
	if (st == PW_OK && stream->process != PW_QEMU_NONE)
		st = pw_qemu_drain_code(session, stream->process, err);
	set_process(&r);
	r.word = stream->words + stream->tail % PW_RING_WORDS;
	r.end = r.word + (head - stream->tail);
	if ((unsigned)(*r.word >> PW_WORD_TYPE_SHIFT) == (8u | PW_WORD_STAMP)) {
		stream->stamp = *r.word & PW_WORD_OPERAND;
		r.word++;
	}
	if (st == PW_OK)
		st = read_stretch(&r, err);
	if (st == PW_OK)
		st = pw_qemu_lane_close(session, err);
	head -= (uint64_t)(r.end - r.word);
	*progress = head != stream->tail;
	stream->tail = head;
	pw_qemu_ring_release(stream->ring, head);
	return st;
}
