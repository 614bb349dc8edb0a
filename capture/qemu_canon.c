/*
 * qemu_canon.c - which pieces of memory belong to which access.
 */
#include "capture/qemu_canon.h"

#include "base/assert.h"
#include "base/bits.h"
#include "capture/qemu_ring.h"
#include "formats/batch.h"

#define A64_INSN_BYTES 4
#define A64_MEMORY_MASK 0x0a000000u /* bits 28 to 25 are x1x0 */
#define A64_MEMORY 0x08000000u
#define JOINED_BYTES_MAX 64
#define STATE_WORD_BYTES 8  /* XSTATE_BV of a header */
#define STATE_BYTES_MIN 576 /* legacy region and header */

/* The pieces of one instruction. */
struct group {
	const uint64_t *piece;
	size_t first; /* number of piece[0] in the block */
	size_t count;
};

static bool is_store(uint64_t piece)
{
	return piece & PW_PIECE_STORE;
}

static uint32_t size_of(uint64_t piece)
{
	return UINT32_C(1) << (piece >> PW_PIECE_SIZE_SHIFT & 7);
}

static unsigned insn_of(uint64_t piece)
{
	return (unsigned)(piece >> PW_PIECE_INSN_SHIFT &
			  (PW_BLOCK_INSNS_MAX - 1));
}

static uint64_t address_of(uint64_t piece)
{
	return piece & PW_PIECE_ADDRESS;
}

static enum pw_status add_slot(struct pw_qemu_blocks *blocks, uint64_t pc,
			       uint32_t size_bytes, unsigned kind,
			       struct pw_error *err)
{
	uint8_t byte = (uint8_t)kind;
	enum pw_status st = pw_array_push(&blocks->pc, &pc, err);

	if (st == PW_OK)
		st = pw_array_push(&blocks->size, &size_bytes, err);
	if (st == PW_OK)
		st = pw_array_push(&blocks->kind, &byte, err);
	return st;
}

/* An access at the address of piece @number of the block. */
static enum pw_status add_access(struct pw_qemu_blocks *blocks, uint64_t pc,
				 uint32_t size_bytes, unsigned kind,
				 size_t number, struct pw_error *err)
{
	uint16_t pick = (uint16_t)number;
	enum pw_status st = add_slot(blocks, pc, size_bytes, kind, err);

	return st == PW_OK ? pw_array_push(&blocks->pick, &pick, err) : st;
}

/*
 * Instructions of which the pieces alone tell: pieces side by side in the same
 * direction are one access of up to a cache line.
 */
static enum pw_status join_pieces(struct pw_qemu_blocks *blocks, uint64_t pc,
				  const struct group *group,
				  struct pw_error *err)
{
	uint8_t *join = blocks->join.data;
	enum pw_status st = PW_OK;
	size_t i = 0;

	while (i < group->count && st == PW_OK) {
		uint64_t first = group->piece[i];
		uint32_t bytes = size_of(first);
		size_t end = i + 1;

		for (; end < group->count; end++) {
			uint64_t next = group->piece[end];
			bool follows =
				address_of(next) == address_of(first) + bytes;

			if (is_store(next) != is_store(first) ||
			    bytes + size_of(next) > JOINED_BYTES_MAX)
				break;
			join[group->first + end] =
				follows ? PW_QEMU_FOLLOWS : PW_QEMU_APART;
			if (!follows)
				break;
			bytes += size_of(next);
		}
		st = add_access(blocks, pc, bytes,
				is_store(first) ? PW_ACCESS_STORE
						: PW_ACCESS_LOAD,
				group->first + i, err);
		i = end;
	}
	return st;
}

/* Each piece for itself: lanes, which may lie side by side by chance. */
static enum pw_status take_pieces(struct pw_qemu_blocks *blocks, uint64_t pc,
				  const struct group *group,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < group->count && st == PW_OK; i++)
		st = add_access(blocks, pc, size_of(group->piece[i]),
				is_store(group->piece[i]) ? PW_ACCESS_STORE
							  : PW_ACCESS_LOAD,
				group->first + i, err);
	return st;
}

/* The next piece from @at on in the given direction; count when none is. */
static size_t next_piece(const struct group *group, size_t at, bool store)
{
	while (at < group->count && is_store(group->piece[at]) != store)
		at++;
	return at;
}

/* The pieces of one operand. */
struct part {
	size_t lowest; /* number of the piece of the lowest address */
	size_t end;    /* where to look for the next operand's */
	bool found;
};

/* The next pieces of @bytes in one direction. */
static struct part take_bytes(const struct group *group, size_t at, bool store,
			      uint32_t bytes)
{
	struct part part = {.end = next_piece(group, at, store)};

	at = part.lowest = part.end;
	part.found = at < group->count;
	while (bytes > 0 && at < group->count) {
		const uint64_t piece = group->piece[at];

		if (address_of(piece) < address_of(group->piece[part.lowest]))
			part.lowest = at;
		bytes -= bytes < size_of(piece) ? bytes : size_of(piece);
		part.end = at + 1;
		at = next_piece(group, at + 1, store);
	}
	return part;
}

/* cmps: the processor reads [rsi] first, QEMU [rdi]. */
static bool is_turned(const struct pw_x86_insn *insn)
{
	return insn->operand_count == 2 &&
	       insn->operand[0].kind == PW_ACCESS_LOAD &&
	       insn->operand[1].kind == PW_ACCESS_LOAD;
}

/*
 * Each operand takes its bytes from the pieces in its direction, in order. A
 * locked read-modify-write is one piece, a store, as soon as the process has
 * threads.
 */
static enum pw_status take_operands(struct pw_qemu_blocks *blocks,
				    const struct pw_x86_insn *insn,
				    const struct group *group,
				    struct pw_error *err)
{
	struct part part[PW_X86_OPERANDS_MAX] = {{0}};
	size_t at[2] = {0};
	const bool turned = is_turned(insn);
	enum pw_status st = PW_OK;

	for (unsigned i = 0; i < insn->operand_count; i++) {
		const unsigned number = turned ? 1 - i : i;
		const struct pw_x86_operand *op = &insn->operand[number];
		const bool stores = op->kind & PW_ACCESS_STORE;

		part[number] =
			take_bytes(group, at[stores], stores, op->size_bytes);
		at[stores] = part[number].end;
	}
	for (unsigned i = 0; i < insn->operand_count && st == PW_OK; i++)
		if (part[i].found)
			st = add_access(blocks, insn->pc,
					insn->operand[i].size_bytes,
					insn->operand[i].kind,
					group->first + part[i].lowest, err);
	return st;
}

/*
 * Areas of saved registers: what lies between the lowest and the highest piece
 * is one access. Before a save the header is read.
 */
static enum pw_status take_area(struct pw_qemu_blocks *blocks,
				const struct pw_x86_insn *insn,
				const struct group *group, struct pw_error *err)
{
	const bool stores = insn->operand[0].kind == PW_ACCESS_STORE;
	const size_t first = next_piece(group, 0, stores);
	size_t load = next_piece(group, 0, false);
	size_t lowest = first;
	uint64_t end = 0;
	enum pw_status st = PW_OK;

	for (size_t i = first; i < group->count;
	     i = next_piece(group, i + 1, stores)) {
		const uint64_t piece = group->piece[i];

		if (address_of(piece) < address_of(group->piece[lowest]))
			lowest = i;
		if (address_of(piece) + size_of(piece) > end)
			end = address_of(piece) + size_of(piece);
	}
	if (stores && load < group->count)
		st = add_access(blocks, insn->pc, STATE_WORD_BYTES,
				PW_ACCESS_LOAD, group->first + load, err);
	if (st != PW_OK || lowest == group->count)
		return st;
	end -= address_of(group->piece[lowest]);
	return add_access(blocks, insn->pc,
			  end < STATE_BYTES_MIN ? STATE_BYTES_MIN
						: (uint32_t)end,
			  insn->operand[0].kind, group->first + lowest, err);
}

static enum pw_status take_x86(struct pw_qemu_blocks *blocks,
			       const struct pw_x86_insn *insn,
			       const struct group *group, struct pw_error *err)
{
	switch ((enum pw_x86_form)insn->form) {
	case PW_X86_PLAIN:
	case PW_X86_REPEAT:
	case PW_X86_BITS:
	case PW_X86_TABLE:
		if (insn->operand_count)
			return take_operands(blocks, insn, group, err);
		break;
	case PW_X86_LANES:
		/* A masked load is whole: its mask is applied to the result. */
		if (insn->operand[0].kind == PW_ACCESS_LOAD)
			return take_operands(blocks, insn, group, err);
		return take_pieces(blocks, insn->pc, group, err);
	case PW_X86_INDEXED:
	case PW_X86_ENTER:
		return take_pieces(blocks, insn->pc, group, err);
	case PW_X86_XSAVE:
	case PW_X86_XSAVEC:
	case PW_X86_XRSTOR:
		return take_area(blocks, insn, group, err);
	case PW_X86_LINE:
	case PW_X86_PACKED:
	case PW_X86_TILE:
		break;
	}
	return join_pieces(blocks, insn->pc, group, err);
}

/* What the pieces of the last instruction that has any say of it. */
enum verdict { WHOLE, CUT, DOUBTFUL };

static uint64_t bytes_of(const struct group *group, bool store)
{
	uint64_t bytes = 0;

	for (size_t i = next_piece(group, 0, store); i < group->count;
	     i = next_piece(group, i + 1, store))
		bytes += size_of(group->piece[i]);
	return bytes;
}

/* Each operand must be touched, and if it is no area in all its bytes. */
static enum verdict judge_operands(const struct pw_x86_insn *insn,
				   const struct group *group)
{
	uint64_t need[2] = {0};
	bool missing = false, partial = false;

	for (unsigned i = 0; i < insn->operand_count; i++) {
		const struct pw_x86_operand *op = &insn->operand[i];

		need[(op->kind & PW_ACCESS_STORE) != 0] += op->size_bytes;
	}
	for (unsigned store = 0; store < 2; store++) {
		const uint64_t bytes = bytes_of(group, store);

		missing = missing || (need[store] && !bytes);
		partial = partial || (bytes < need[store] &&
				      need[store] <= JOINED_BYTES_MAX);
	}
	if (insn->form == PW_X86_REPEAT)
		return partial ? DOUBTFUL : WHOLE;
	return missing ? CUT : partial ? DOUBTFUL : WHOLE;
}

/*
 * Whether the instruction has completed, when no piece is behind its own. The
 * doubtful ones may touch less: no elements left, no lane asked for.
 */
static enum verdict judge(const struct pw_x86_insn *insn,
			  const struct group *group)
{
	const uint64_t lanes =
		(uint64_t)insn->lanes.count * insn->lanes.lane_bytes;

	if (insn->operand_count == 0)
		return WHOLE;
	switch ((enum pw_x86_form)insn->form) {
	case PW_X86_PLAIN:
	case PW_X86_REPEAT:
	case PW_X86_BITS:
	case PW_X86_TABLE:
		return judge_operands(insn, group);
	case PW_X86_INDEXED:
	case PW_X86_LANES:
		return bytes_of(group,
				insn->operand[0].kind & PW_ACCESS_STORE) < lanes
			       ? DOUBTFUL
			       : WHOLE;
	case PW_X86_ENTER:
		return group->count < (size_t)2 * insn->levels ? CUT : WHOLE;
	case PW_X86_XSAVE:
	case PW_X86_XSAVEC:
	case PW_X86_XRSTOR:
	case PW_X86_LINE:
	case PW_X86_TILE:
		return group->count == 0 ? CUT : WHOLE;
	case PW_X86_PACKED:
		return group->count == 0 ? DOUBTFUL : WHOLE;
	}
	return WHOLE;
}

static enum pw_status clear(struct pw_qemu_blocks *blocks, size_t count,
			    struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(&blocks->join, count, err);

	blocks->pc.count = 0;
	blocks->size.count = 0;
	blocks->kind.count = 0;
	blocks->pick.count = 0;
	if (st == PW_OK && count)
		memset(blocks->join.data, 0, count);
	if (st == PW_OK)
		blocks->join.count = count;
	return st;
}

/*
 * Atomic instructions are one piece, a store, as soon as the process has
 * threads, and before that a load and a store, even a store-exclusive.
 * Source: Arm ARM DDI 0487, C4.1.94 loads and stores.
 */
static void decode_a64_atomic(uint32_t word, struct pw_x86_insn *insn)
{
	const bool arithmetic = (word & 0x3f200c00u) == 0x38200000u &&
				(word & 0x3ffffc00u) != 0x38bfc000u;
	const bool swap = (word & 0x3fa07c00u) == 0x08a07c00u;
	const bool swap_pair = (word & 0xbfa07c00u) == 0x08207c00u;
	const bool exclusive = (word & 0x3fe00000u) == 0x08000000u;
	const bool exclusive_pair = (word & 0xbfe00000u) == 0x88200000u;
	uint32_t size_bytes = UINT32_C(1) << (word >> 30);

	if (!arithmetic && !swap && !swap_pair && !exclusive && !exclusive_pair)
		return;
	if (swap_pair)
		size_bytes = word >> 30 ? 16 : 8;
	else if (exclusive_pair)
		size_bytes *= 2;
	insn->operand_count = 1;
	insn->operand[0].size_bytes = size_bytes;
	insn->operand[0].kind = exclusive || exclusive_pair ? PW_ACCESS_STORE
							    : PW_ACCESS_MODIFY;
}

/* A load or store that has touched nothing may be a prefetch, too. */
static enum verdict judge_a64(uint32_t word, const struct group *group)
{
	return group->count == 0 && (word & A64_MEMORY_MASK) == A64_MEMORY
		       ? DOUBTFUL
		       : WHOLE;
}

/* Decode what is at @offset; and what its pieces say, if they are the last. */
static enum verdict look_at(const struct pw_qemu_blocks *blocks,
			    const struct pw_qemu_code_block *block,
			    uint64_t offset, const struct group *group,
			    struct pw_x86_insn *insn)
{
	const uint8_t *code =
		(const uint8_t *)blocks->code.data + block->code + offset;
	const size_t left = block->code_bytes - offset;

	if (block->machine == PW_CALL_X86_64) {
		pw_x86_decode(blocks->decoder, block->pc + offset, code, left,
			      insn);
		return judge(insn, group);
	}
	*insn = (struct pw_x86_insn){
		.pc = block->pc + offset,
		.length = A64_INSN_BYTES,
		.flags = PW_X86_UNKNOWN,
	};
	if (left < A64_INSN_BYTES)
		return WHOLE;
	decode_a64_atomic(pw_load32(code), insn);
	return judge_a64(pw_load32(code), group);
}

/* The pieces of instruction @number, behind those before. */
static void next_group(struct group *group, const struct pw_qemu_deed *deed,
		       unsigned number)
{
	group->first += group->count;
	group->piece = deed->piece + group->first;
	group->count = 0;
	while (group->first + group->count < deed->count &&
	       insn_of(group->piece[group->count]) == number)
		group->count++;
}

enum pw_status pw_qemu_canon(struct pw_qemu_blocks *blocks,
			     const struct pw_qemu_code_block *block,
			     struct pw_qemu_variant *variant,
			     const struct pw_qemu_deed *deed,
			     struct pw_error *err)
{
	const bool continued = variant->way & PW_QEMU_CONTINUED;
	enum pw_status st = clear(blocks, deed->count, err);
	struct group group = {deed->piece, 0, 0};
	uint64_t offset = 0;
	unsigned i;

	variant->doubtful = false;
	for (i = 0;
	     i < block->insns && offset < block->code_bytes && st == PW_OK;
	     i++) {
		struct pw_x86_insn insn;
		enum verdict verdict;

		next_group(&group, deed, i);
		verdict = look_at(blocks, block, offset, &group, &insn);
		if (group.first + group.count < deed->count)
			verdict = WHOLE;
		if (verdict == CUT ||
		    (verdict == DOUBTFUL && (variant->way & PW_QEMU_CUT)))
			break;
		if (verdict == DOUBTFUL && !(continued && deed->count == 0))
			variant->doubtful = true;
		if (!continued)
			st = add_slot(blocks, insn.pc, insn.length,
				      PW_ACCESS_FETCH | PW_ACCESS_FIRST |
					      PW_SHAPE_AT_PC,
				      err);
		if (st == PW_OK)
			st = take_x86(blocks, &insn, &group, err);
		offset += insn.length;
	}
	variant->insns = continued ? 0 : (uint16_t)i;
	return st;
}
