/*
 * qemu_canon.c - which pieces of memory belong to which access.
 */
#include "capture/qemu_canon.h"

#include "base/assert.h"
#include "capture/qemu_ring.h"
#include "formats/batch.h"

#define A64_INSN_BYTES 4
#define JOINED_BYTES_MAX 64

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
 * direction are one access of up to a cache line, and a load and a store of
 * the same bytes are a read-modify-write.
 */
static enum pw_status join_pieces(struct pw_qemu_blocks *blocks, uint64_t pc,
				  const struct group *group,
				  struct pw_error *err)
{
	uint8_t *join = blocks->join.data;
	enum pw_status st = PW_OK;
	size_t i = 0;

	if (group->count == 2 && !is_store(group->piece[0]) &&
	    is_store(group->piece[1]) &&
	    address_of(group->piece[0]) == address_of(group->piece[1]))
		return add_access(blocks, pc, size_of(group->piece[0]),
				  PW_ACCESS_MODIFY, group->first, err);
	while (i < group->count && st == PW_OK) {
		uint64_t first = group->piece[i];
		uint32_t bytes = size_of(first);
		size_t end = i + 1;

		for (; end < group->count; end++) {
			uint64_t next = group->piece[end];

			if (is_store(next) != is_store(first) ||
			    address_of(next) != address_of(first) + bytes ||
			    bytes + size_of(next) > JOINED_BYTES_MAX)
				break;
			bytes += size_of(next);
			join[group->first + end] = 1;
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

/* The next piece from *at on in the given direction; count when none is. */
static size_t next_piece(const struct group *group, size_t at, bool store)
{
	while (at < group->count && is_store(group->piece[at]) != store)
		at++;
	return at;
}

/* Skip the pieces of @bytes in one direction. */
static size_t skip_bytes(const struct group *group, size_t at, bool store,
			 uint32_t bytes)
{
	while (bytes > 0) {
		at = next_piece(group, at, store);
		if (at == group->count)
			break;
		bytes -= bytes < size_of(group->piece[at])
				 ? bytes
				 : size_of(group->piece[at]);
		at++;
	}
	return at;
}

/* Each operand takes its bytes from the pieces in its direction, in order. */
static enum pw_status take_operands(struct pw_qemu_blocks *blocks,
				    const struct pw_x86_insn *insn,
				    const struct group *group,
				    struct pw_error *err)
{
	size_t load = 0, store = 0;
	enum pw_status st = PW_OK;

	for (unsigned i = 0; i < insn->operand_count && st == PW_OK; i++) {
		const struct pw_x86_operand *op = &insn->operand[i];
		bool stores = !(op->kind & PW_ACCESS_LOAD);
		size_t *at = stores ? &store : &load;
		size_t first = next_piece(group, *at, stores);

		if (first == group->count)
			continue;
		*at = skip_bytes(group, first, stores, op->size_bytes);
		if (op->kind == PW_ACCESS_MODIFY)
			store = skip_bytes(group, store, true, op->size_bytes);
		st = add_access(blocks, insn->pc, op->size_bytes, op->kind,
				group->first + first, err);
	}
	return st;
}

static bool goes_by_operands(const struct pw_x86_insn *insn)
{
	return insn->form == PW_X86_PLAIN || insn->form == PW_X86_REPEAT ||
	       insn->form == PW_X86_BITS || insn->form == PW_X86_TABLE;
}

static enum pw_status take_x86(struct pw_qemu_blocks *blocks,
			       const struct pw_x86_insn *insn,
			       const struct group *group, struct pw_error *err)
{
	if (insn->form == PW_X86_INDEXED || insn->form == PW_X86_LANES ||
	    insn->form == PW_X86_ENTER)
		return take_pieces(blocks, insn->pc, group, err);
	if (goes_by_operands(insn) && insn->operand_count)
		return take_operands(blocks, insn, group, err);
	return join_pieces(blocks, insn->pc, group, err);
}

/* Whether the instruction must touch memory whenever it completes, and has. */
static bool is_complete(const struct pw_x86_insn *insn,
			const struct group *group)
{
	if (insn->form != PW_X86_PLAIN && insn->form != PW_X86_BITS &&
	    insn->form != PW_X86_TABLE)
		return true;
	for (unsigned i = 0; i < insn->operand_count; i++) {
		bool stores = !(insn->operand[i].kind & PW_ACCESS_LOAD);

		if (next_piece(group, 0, stores) == group->count)
			return false;
	}
	return true;
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

static void decode(const struct pw_qemu_blocks *blocks,
		   const struct pw_qemu_code_block *block, uint64_t offset,
		   struct pw_x86_insn *insn)
{
	const uint8_t *code = (const uint8_t *)blocks->code.data + block->code;

	if (block->machine == PW_CALL_X86_64) {
		pw_x86_decode(blocks->decoder, block->pc + offset,
			      code + offset, block->code_bytes - offset, insn);
		return;
	}
	*insn = (struct pw_x86_insn){
		.pc = block->pc + offset,
		.length = A64_INSN_BYTES,
		.flags = PW_X86_UNKNOWN,
	};
}

enum pw_status pw_qemu_canon(struct pw_qemu_blocks *blocks,
			     const struct pw_qemu_code_block *block,
			     bool continued, const uint64_t *pieces,
			     size_t count, uint32_t *insns,
			     struct pw_error *err)
{
	enum pw_status st = clear(blocks, count, err);
	struct group group = {pieces, 0, 0};
	uint64_t offset = 0;
	unsigned i;

	for (i = 0;
	     i < block->insns && offset < block->code_bytes && st == PW_OK;
	     i++) {
		struct pw_x86_insn insn;

		decode(blocks, block, offset, &insn);
		group.first += group.count;
		group.piece = pieces + group.first;
		group.count = 0;
		while (group.first + group.count < count &&
		       insn_of(group.piece[group.count]) == i)
			group.count++;
		if (group.first + group.count == count &&
		    !is_complete(&insn, &group))
			break;
		if (!continued)
			st = add_slot(blocks, insn.pc, insn.length,
				      PW_ACCESS_FETCH | PW_ACCESS_FIRST |
					      PW_SHAPE_AT_PC,
				      err);
		if (st == PW_OK)
			st = take_x86(blocks, &insn, &group, err);
		offset += insn.length;
	}
	*insns = continued ? 0 : i;
	return st;
}
