/*
 * qemu_block.c - the table of blocks and their variants.
 */
#include "capture/qemu_block.h"

#include <xxhash.h>

#include "base/assert.h"
#include "capture/qemu_canon.h"
#include "capture/qemu_ring.h"

#define BLOCKS_EXPECTED 65536
#define A64_INSN_BYTES 4
#define X86_PAGE_BYTES 4096
#define X86_CALL_NEAR 0xe8
#define X86_CALL_NEAR_BYTES 5

static struct pw_qemu_block *block_at(const struct pw_qemu_blocks *blocks,
				      uint32_t number)
{
	PW_DEBUG_ASSERT(number < blocks->list.count);
	return &PW_ARRAY_AT(&blocks->list, struct pw_qemu_block, number);
}

static struct pw_qemu_code_block *cold_at(const struct pw_qemu_blocks *blocks,
					  uint32_t number)
{
	PW_DEBUG_ASSERT(number < blocks->cold.count);
	return &PW_ARRAY_AT(&blocks->cold, struct pw_qemu_code_block, number);
}

static struct pw_qemu_variant *variant_at(const struct pw_qemu_blocks *blocks,
					  uint32_t number)
{
	PW_DEBUG_ASSERT(number < blocks->variants.count);
	return &PW_ARRAY_AT(&blocks->variants, struct pw_qemu_variant, number);
}

enum pw_status pw_qemu_blocks_make(struct pw_qemu_blocks *blocks,
				   pw_qemu_shape_sink sink, void *sink_state,
				   struct pw_error *err)
{
	enum pw_status st;

	*blocks = (struct pw_qemu_blocks){
		.sink = sink,
		.sink_state = sink_state,
		.list = PW_ARRAY(struct pw_qemu_block),
		.cold = PW_ARRAY(struct pw_qemu_code_block),
		.variants = PW_ARRAY(struct pw_qemu_variant),
		.tags = PW_ARRAY(uint64_t),
		.picks = PW_ARRAY(uint16_t),
		.code = PW_ARRAY(uint8_t),
		.pc = PW_ARRAY(uint64_t),
		.size = PW_ARRAY(uint32_t),
		.kind = PW_ARRAY(uint8_t),
		.pick = PW_ARRAY(uint16_t),
		.join = PW_ARRAY(uint8_t),
	};
	st = pw_x86_decoder_open(&blocks->decoder, err);
	if (st == PW_OK)
		st = pw_pagemap_open(&blocks->by_code, BLOCKS_EXPECTED, err);
	return st;
}

void pw_qemu_blocks_free(struct pw_qemu_blocks *blocks)
{
	pw_array_free(&blocks->list);
	pw_array_free(&blocks->cold);
	pw_array_free(&blocks->variants);
	pw_array_free(&blocks->tags);
	pw_array_free(&blocks->picks);
	pw_array_free(&blocks->code);
	pw_array_free(&blocks->pc);
	pw_array_free(&blocks->size);
	pw_array_free(&blocks->kind);
	pw_array_free(&blocks->pick);
	pw_array_free(&blocks->join);
	pw_pagemap_close(blocks->by_code);
	pw_x86_decoder_close(blocks->decoder);
}

/*
 * QEMU reports an instruction that reaches into another page as the last one of
 * the block before, and executes it in a block of its own.
 * Source: QEMU 7.2 target/i386/tcg/translate.c, advance_pc.
 */
static void leave_out_crossing(const struct pw_qemu_blocks *blocks,
			       struct pw_qemu_code *code)
{
	size_t left = code->byte_count - code->last;
	size_t length, end, offset = 0;
	struct pw_x86_insn insn;

	if (code->machine != PW_CALL_X86_64 || code->insns == 1)
		return;
	pw_x86_decode(blocks->decoder, code->pc + code->last,
		      code->bytes + code->last, left, &insn);
	/* Of one whose rest cannot be read only the beginning is known. */
	length = (insn.flags & PW_X86_UNKNOWN) && left < PW_X86_LENGTH_MAX
			 ? left + 1
			 : insn.length;
	end = code->last + length - 1;
	if ((code->pc + end) / X86_PAGE_BYTES == code->pc / X86_PAGE_BYTES)
		return;
	code->insns--;
	for (size_t i = 0; i < code->insns; i++) {
		code->last = offset;
		pw_x86_decode(blocks->decoder, code->pc + offset,
			      code->bytes + offset, code->byte_count - offset,
			      &insn);
		offset += insn.length;
	}
}

/* What the last instruction says of the block. */
static void look_at_end(const struct pw_qemu_blocks *blocks,
			const struct pw_qemu_code *code,
			struct pw_qemu_code_block *block)
{
	const uint8_t *bytes = code->bytes + code->last;
	size_t left = code->byte_count - code->last;
	struct pw_x86_insn insn;
	int32_t distance;

	block->last_pc = code->pc + code->last;
	block->code_bytes = (uint16_t)(code->last + A64_INSN_BYTES);
	if (code->machine != PW_CALL_X86_64)
		return;
	pw_x86_decode(blocks->decoder, block->last_pc, bytes, left, &insn);
	block->code_bytes = (uint16_t)(code->last + insn.length);
	if (insn.form == PW_X86_REPEAT)
		block->flags |= PW_QEMU_REPEATS;
	if (insn.form == PW_X86_REPEAT && code->insns == 1)
		block->flags |= PW_QEMU_ALONE;
	if (insn.length == X86_CALL_NEAR_BYTES && bytes[0] == X86_CALL_NEAR) {
		memcpy(&distance, bytes + 1, sizeof(distance));
		block->call = block->last_pc + X86_CALL_NEAR_BYTES +
			      (uint64_t)(int64_t)distance;
	} else if ((insn.flags & PW_X86_JUMPS) && insn.operand_count &&
		   insn.operand[insn.operand_count - 1].kind ==
			   PW_ACCESS_STORE) {
		block->flags |= PW_QEMU_CALLS;
	}
}

static bool is_same(const struct pw_qemu_blocks *blocks, uint32_t number,
		    const struct pw_qemu_code_block *block,
		    const uint8_t *bytes)
{
	const struct pw_qemu_code_block *other = cold_at(blocks, number);

	return other->pc == block->pc && other->machine == block->machine &&
	       other->insns == block->insns &&
	       other->code_bytes == block->code_bytes &&
	       memcmp((const uint8_t *)blocks->code.data + other->code, bytes,
		      block->code_bytes) == 0;
}

static enum pw_status append(struct pw_array *array, const void *items,
			     size_t count, struct pw_error *err)
{
	enum pw_status st;

	if (count == 0)
		return PW_OK;
	st = pw_array_reserve(array, array->count + count, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)array->data + array->count * array->item_bytes, items,
	       count * array->item_bytes);
	array->count += count;
	PW_ASSERT(array->count <= UINT32_MAX);
	return PW_OK;
}

enum pw_status pw_qemu_blocks_add(struct pw_qemu_blocks *blocks,
				  const struct pw_qemu_code *reported,
				  uint32_t *number, struct pw_error *err)
{
	struct pw_qemu_code code = *reported;
	const struct pw_qemu_block unused = {.plain = false};
	struct pw_qemu_code_block block = {
		.pc = code.pc,
		.code = (uint32_t)blocks->code.count,
		.machine = (uint8_t)code.machine,
		.variants = PW_QEMU_NONE,
		.recent = PW_QEMU_NONE,
	};
	uint64_t *at, key;
	enum pw_status st;
	bool added = false;

	PW_ASSERT(code.insns > 0 && code.last < code.byte_count);
	leave_out_crossing(blocks, &code);
	block.insns = (uint16_t)code.insns;
	look_at_end(blocks, &code, &block);
	if (block.code_bytes > code.byte_count)
		block.code_bytes = (uint16_t)code.byte_count;
	key = XXH3_64bits_withSeed(code.bytes, block.code_bytes,
				   code.pc + code.insns);
	/* Other code of the same hash goes to the next key. */
	for (;; key++) {
		st = pw_pagemap_insert(blocks->by_code, key, &at, &added, err);
		if (st != PW_OK)
			return st;
		if (added || is_same(blocks, (uint32_t)*at, &block, code.bytes))
			break;
	}
	*number = (uint32_t)*at;
	if (!added)
		return PW_OK;
	*at = blocks->list.count;
	*number = (uint32_t)*at;
	st = append(&blocks->code, code.bytes, block.code_bytes, err);
	if (st == PW_OK)
		st = pw_array_push(&blocks->cold, &block, err);
	if (st != PW_OK)
		return st;
	return pw_array_push(&blocks->list, &unused, err);
}

void pw_qemu_blocks_handler(struct pw_qemu_blocks *blocks, uint64_t pc)
{
	for (uint32_t i = 0; i < blocks->cold.count; i++) {
		struct pw_qemu_code_block *cold = cold_at(blocks, i);

		if (cold->pc != pc)
			continue;
		cold->flags |= PW_QEMU_HANDLER;
		block_at(blocks, i)->plain = false;
		block_at(blocks, i)->again = false;
	}
}

/* Whether the pieces are those of the variant, but for addresses. */
static bool matches(const struct pw_qemu_blocks *blocks,
		    const struct pw_qemu_variant *variant,
		    const struct pw_qemu_deed *deed)
{
	const uint64_t *tag =
		(const uint64_t *)blocks->tags.data + variant->tags;

	if (variant->pieces != deed->count || variant->way != deed->way)
		return false;
	for (size_t i = 0; i < deed->count; i++) {
		const uint64_t join = tag[i] & PW_PIECE_ADDRESS;
		const uint64_t *piece = &deed->piece[i];
		uint64_t size;
		bool follows;

		if ((*piece ^ tag[i]) & ~PW_PIECE_ADDRESS)
			return false;
		if (join == PW_QEMU_EITHER)
			continue;
		size = UINT64_C(1) << (piece[-1] >> PW_PIECE_SIZE_SHIFT & 7);
		follows = !((piece[-1] + size - *piece) & PW_PIECE_ADDRESS);
		if (follows != (join == PW_QEMU_FOLLOWS))
			return false;
	}
	return true;
}

/* Put what qemu_canon.c has worked out into the table and the trace. */
static enum pw_status keep(struct pw_qemu_blocks *blocks,
			   struct pw_qemu_variant *variant,
			   const struct pw_qemu_deed *deed,
			   struct pw_error *err)
{
	const uint16_t *pick = blocks->pick.data;
	enum pw_status st = PW_OK;

	variant->tags = (uint32_t)blocks->tags.count;
	variant->picks = (uint32_t)blocks->picks.count;
	variant->pieces = (uint16_t)deed->count;
	variant->slots = (uint16_t)blocks->pick.count;
	variant->identity = true;
	for (size_t i = 0; i < blocks->pick.count; i++)
		variant->identity = variant->identity && pick[i] == i;
	for (size_t i = 0; i < deed->count && st == PW_OK; i++) {
		uint8_t join = PW_ARRAY_AT(&blocks->join, uint8_t, i);
		uint64_t tag = (deed->piece[i] & ~PW_PIECE_ADDRESS) | join;

		variant->joins =
			(uint16_t)(variant->joins + (join != PW_QEMU_EITHER));
		st = pw_array_push(&blocks->tags, &tag, err);
	}
	if (st == PW_OK)
		st = append(&blocks->picks, blocks->pick.data,
			    blocks->pick.count, err);
	if (st == PW_OK)
		st = pw_array_push(&blocks->variants, variant, err);
	return st;
}

static enum pw_status make(struct pw_qemu_blocks *blocks, uint32_t number,
			   const struct pw_qemu_deed *deed,
			   struct pw_error *err)
{
	struct pw_qemu_variant variant = {.shape = PW_QEMU_NONE,
					  .way = (uint8_t)deed->way};
	struct pw_qemu_code_block *block = cold_at(blocks, number);
	struct pw_shape shape;
	enum pw_status st;

	st = pw_qemu_canon(blocks, block, &variant, deed, err);
	if (st != PW_OK)
		return st;
	shape = (struct pw_shape){
		.count = blocks->kind.count,
		.pc = blocks->pc.data,
		.size_bytes = blocks->size.data,
		.kind = blocks->kind.data,
	};
	if (shape.count)
		st = blocks->sink(blocks->sink_state, &shape, &variant.shape,
				  err);
	variant.next = block->variants;
	if (st == PW_OK)
		st = keep(blocks, &variant, deed, err);
	if (st != PW_OK)
		return st;
	block->variants = (uint32_t)blocks->variants.count - 1;
	return PW_OK;
}

/* Let the block's cache line say what the variant is. */
static void bring_near(struct pw_qemu_blocks *blocks, uint32_t number,
		       uint32_t recent)
{
	const struct pw_qemu_variant *variant = variant_at(blocks, recent);
	const uint64_t *tag =
		(const uint64_t *)blocks->tags.data + variant->tags;
	const uint8_t flags = cold_at(blocks, number)->flags;
	const bool simple = variant->shape != PW_QEMU_NONE &&
			    variant->joins == 0 && !variant->doubtful &&
			    !(variant->way & PW_QEMU_CUT) &&
			    !(flags & PW_QEMU_HANDLER);
	size_t near = variant->pieces < PW_QEMU_TAGS_NEAR ? variant->pieces
							  : PW_QEMU_TAGS_NEAR;
	struct pw_qemu_block block = {
		.shape = variant->shape,
		.picks = variant->picks,
		.tags = variant->tags,
		.pieces = variant->pieces,
		.slots = variant->slots,
		.insns = variant->insns,
		.identity = variant->identity,
		.plain = simple && !(flags & PW_QEMU_ALONE),
		.again = simple && (variant->way & PW_QEMU_CONTINUED),
	};

	for (size_t i = 0; i < near; i++)
		block.tag[i] = (uint16_t)(tag[i] >> PW_PIECE_TAG_SHIFT);
	*block_at(blocks, number) = block;
	cold_at(blocks, number)->recent = recent;
}

enum pw_status pw_qemu_blocks_find(struct pw_qemu_blocks *blocks,
				   uint32_t number,
				   const struct pw_qemu_deed *deed,
				   const struct pw_qemu_variant **out,
				   struct pw_error *err)
{
	struct pw_qemu_code_block *cold = cold_at(blocks, number);
	uint32_t at = cold->variants;

	PW_ASSERT(deed->count <= PW_QEMU_PIECES_MAX);
	while (at != PW_QEMU_NONE &&
	       !matches(blocks, variant_at(blocks, at), deed))
		at = variant_at(blocks, at)->next;
	if (at == PW_QEMU_NONE) {
		enum pw_status st = make(blocks, number, deed, err);

		if (st != PW_OK)
			return st;
		at = cold->variants;
	}
	if (cold->recent != at)
		bring_near(blocks, number, at);
	*out = variant_at(blocks, at);
	return PW_OK;
}
