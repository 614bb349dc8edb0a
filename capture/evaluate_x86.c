/*
 * evaluate_x86.c - addresses, lanes and areas from register values.
 */
#include "capture/evaluate_x86.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/batch.h"

#define LOW_32 UINT64_C(0xffffffff)
#define STATE_BV_OFFSET 512 /* in an xsave area */
#define LINE_BYTES 64
#define TILE_ROWS_MAX 16

_Static_assert(sizeof(struct user_regs_struct) % 8 == 0,
	       "registers are 64-bit words");

struct output {
	struct pw_x86_access *access;
	size_t count;
};

static void add(struct output *out, uint64_t address, uint32_t size_bytes,
		uint8_t kind)
{
	PW_ASSERT(out->count < PW_X86_ACCESSES_MAX);
	out->access[out->count++] =
		(struct pw_x86_access){address, size_bytes, kind};
}

static uint64_t slot(const struct user_regs_struct *regs, uint8_t number)
{
	uint64_t value;

	if (number == PW_X86_NO_SLOT)
		return 0;
	PW_DEBUG_ASSERT(number < sizeof(*regs) / 8);
	memcpy(&value, (const char *)regs + (size_t)number * 8, sizeof(value));
	return value;
}

/* The part before the segment's base is added, cut as the prefix asks. */
static uint64_t finish(const struct pw_x86_operand *op,
		       const struct user_regs_struct *regs, uint64_t offset)
{
	if (op->address_32)
		offset &= LOW_32;
	return offset + slot(regs, op->segment);
}

static uint64_t offset_of(const struct pw_x86_operand *op,
			  const struct user_regs_struct *regs)
{
	return op->displacement + slot(regs, op->base) +
	       slot(regs, op->index) * op->scale;
}

uint64_t pw_x86_address(const struct pw_x86_insn *insn, unsigned index,
			const struct user_regs_struct *regs)
{
	const struct pw_x86_operand *op = &insn->operand[index];

	PW_ASSERT(index < insn->operand_count);
	if (insn->form == PW_X86_INDEXED)
		return finish(op, regs,
			      op->displacement + slot(regs, op->base));
	return finish(op, regs, offset_of(op, regs));
}

static void plain(const struct pw_x86_insn *insn,
		  const struct user_regs_struct *regs, struct output *out)
{
	for (unsigned i = 0; i < insn->operand_count; i++) {
		const struct pw_x86_operand *op = &insn->operand[i];

		add(out, finish(op, regs, offset_of(op, regs)), op->size_bytes,
		    op->kind);
	}
}

static void repeat(const struct pw_x86_insn *insn,
		   const struct user_regs_struct *regs, struct output *out)
{
	uint64_t count = regs->rcx;

	if (insn->operand[0].address_32)
		count &= LOW_32;
	if (count)
		plain(insn, regs, out);
}

/* The offset counts bits, is signed and as wide as the operand. */
static void bits(const struct pw_x86_insn *insn,
		 const struct user_regs_struct *regs, struct output *out)
{
	const struct pw_x86_operand *op = &insn->operand[0];
	unsigned unused = 64 - 8 * op->size_bytes;
	uint64_t raw = slot(regs, insn->bit_slot) << unused;
	int64_t words =
		((int64_t)raw >> unused) / (8 * (int64_t)op->size_bytes);
	int64_t rest = ((int64_t)raw >> unused) % (8 * (int64_t)op->size_bytes);

	PW_ASSERT(op->size_bytes == 2 || op->size_bytes == 4 ||
		  op->size_bytes == 8);
	if (rest < 0)
		words--;
	add(out,
	    finish(op, regs,
		   offset_of(op, regs) + (uint64_t)words * op->size_bytes),
	    op->size_bytes, op->kind);
}

/* Push rbp, then copy levels - 1 frame pointers, then push the new frame. */
static void enter(const struct pw_x86_insn *insn,
		  const struct user_regs_struct *regs, struct output *out)
{
	uint32_t size = insn->operand[0].size_bytes;
	uint64_t top = regs->rsp - size;

	PW_ASSERT(insn->levels > 0 && insn->levels < 32);
	add(out, top, size, PW_ACCESS_STORE);
	for (uint64_t i = 1; i < insn->levels; i++) {
		add(out, regs->rbp - i * size, size, PW_ACCESS_LOAD);
		add(out, top - i * size, size, PW_ACCESS_STORE);
	}
	add(out, top - (uint64_t)insn->levels * size, size, PW_ACCESS_STORE);
}

/* Bit i of the result: lane i is active. */
static uint64_t active(const struct pw_x86_lanes *lanes,
		       const struct pw_x86_vectors *vectors)
{
	uint64_t raw = 0, folded = 0;

	PW_ASSERT(lanes->count > 0 && lanes->count <= 64);
	if (lanes->mask_kind == PW_X86_MASK_K)
		raw = vectors->k[lanes->mask % 8];
	for (unsigned i = 0; i < lanes->count; i++) {
		unsigned last = i * lanes->lane_bytes + lanes->lane_bytes - 1U;
		uint64_t sign = 0;

		if (lanes->mask_kind == PW_X86_MASK_VECTOR)
			sign = vectors->zmm[lanes->mask % 32][last % 64] >> 7;
		else if (lanes->mask_kind == PW_X86_MASK_MMX)
			sign = vectors->mm[lanes->mask % 8] >>
				       (8 * (last % 8) + 7) &
			       1;
		raw |= sign << i;
	}
	for (unsigned i = 0; i < lanes->mask_bits; i++)
		folded |= (raw >> i & 1) << (i % lanes->count);
	return folded;
}

static uint64_t vector_index(const struct pw_x86_lanes *lanes,
			     const uint8_t *vector, unsigned lane)
{
	if (lanes->index_bytes == 8)
		return pw_load64(vector + (size_t)lane * 8);
	return (uint64_t)(int64_t)(int32_t)pw_load32(vector + (size_t)lane * 4);
}

static void vector_lanes(const struct pw_x86_insn *insn,
			 const struct pw_x86_state *state, struct output *out)
{
	const struct pw_x86_operand *op = &insn->operand[0];
	const struct pw_x86_lanes *lanes = &insn->lanes;
	uint64_t mask = active(lanes, state->vectors);

	for (unsigned i = 0; i < lanes->count; i++) {
		uint64_t offset = op->displacement;

		if (!(mask >> i & 1))
			continue;
		offset += slot(state->regs, op->base);
		if (insn->form == PW_X86_INDEXED)
			offset +=
				op->scale *
				vector_index(lanes,
					     state->vectors->zmm[op->index], i);
		else
			offset += slot(state->regs, op->index) * op->scale +
				  (uint64_t)i * lanes->lane_bytes;
		add(out, finish(op, state->regs, offset), lanes->lane_bytes,
		    op->kind);
	}
}

static void packed(const struct pw_x86_insn *insn,
		   const struct pw_x86_state *state, struct output *out)
{
	uint64_t mask = active(&insn->lanes, state->vectors);
	uint32_t size =
		(uint32_t)__builtin_popcountll(mask) * insn->lanes.lane_bytes;

	if (size)
		add(out, pw_x86_address(insn, 0, state->regs), size,
		    insn->operand[0].kind);
}

static void state_area(const struct pw_x86_insn *insn,
		       const struct pw_x86_state *state, struct output *out)
{
	uint64_t mask =
		state->layout->enabled & ((state->regs->rdx & LOW_32) << 32 |
					  (state->regs->rax & LOW_32));
	uint64_t address = pw_x86_address(insn, 0, state->regs);
	int compact = insn->form == PW_X86_XSAVEC;

	PW_ASSERT(state->layout != NULL);
	if (insn->form == PW_X86_XRSTOR && state->area_format >> 63) {
		compact = 1;
		mask = state->area_format & ~(UINT64_C(1) << 63);
	}
	if (insn->form == PW_X86_XSAVE) /* merges XSTATE_BV of the header */
		add(out, address + STATE_BV_OFFSET, 8, PW_ACCESS_LOAD);
	add(out, address, pw_xsave_bytes(state->layout, mask, compact),
	    insn->operand[0].kind);
}

/* Byte 0 palette, byte 1 first row, then bytes a row and rows of each tile. */
static void tile(const struct pw_x86_insn *insn,
		 const struct pw_x86_state *state, struct output *out)
{
	const uint8_t *config = state->vectors->tile_config;
	const struct pw_x86_operand *op = &insn->operand[0];
	unsigned number = insn->levels % 8;
	uint32_t row_bytes = pw_load16(config + 16 + (size_t)2 * number);
	unsigned rows = config[48 + number];
	uint64_t start = op->displacement + slot(state->regs, op->base);
	uint64_t stride = slot(state->regs, op->index) * op->scale;

	PW_ASSERT(state->vectors != NULL);
	if (rows > TILE_ROWS_MAX)
		rows = TILE_ROWS_MAX;
	for (unsigned row = config[1]; row < rows; row++)
		add(out, finish(op, state->regs, start + row * stride),
		    row_bytes, op->kind);
}

static void special(const struct pw_x86_insn *insn,
		    const struct pw_x86_state *state, struct output *out)
{
	const struct pw_x86_operand *op = &insn->operand[0];

	switch ((enum pw_x86_form)insn->form) {
	case PW_X86_PLAIN:
		plain(insn, state->regs, out);
		return;
	case PW_X86_REPEAT:
		repeat(insn, state->regs, out);
		return;
	case PW_X86_BITS:
		bits(insn, state->regs, out);
		return;
	case PW_X86_TABLE:
		add(out,
		    finish(op, state->regs,
			   offset_of(op, state->regs) +
				   (state->regs->rax & 0xff)),
		    op->size_bytes, op->kind);
		return;
	case PW_X86_LINE:
		add(out,
		    pw_x86_address(insn, 0, state->regs) &
			    ~(uint64_t)(LINE_BYTES - 1),
		    LINE_BYTES, op->kind);
		return;
	case PW_X86_ENTER:
		enter(insn, state->regs, out);
		return;
	case PW_X86_INDEXED:
	case PW_X86_LANES:
		vector_lanes(insn, state, out);
		return;
	case PW_X86_PACKED:
		packed(insn, state, out);
		return;
	case PW_X86_XSAVE:
	case PW_X86_XSAVEC:
	case PW_X86_XRSTOR:
		state_area(insn, state, out);
		return;
	case PW_X86_TILE:
		tile(insn, state, out);
		return;
	}
}

size_t pw_x86_evaluate(const struct pw_x86_insn *insn,
		       const struct pw_x86_state *state,
		       struct pw_x86_access *out)
{
	struct output output = {out, 0};

	PW_ASSERT(!(insn->flags & PW_X86_VECTORS) || state->vectors);
	if (!state->repeated)
		add(&output, insn->pc, insn->length,
		    PW_ACCESS_FETCH | PW_ACCESS_FIRST);
	if (insn->form == PW_X86_PLAIN)
		plain(insn, state->regs, &output);
	else
		special(insn, state, &output);
	return output.count;
}
