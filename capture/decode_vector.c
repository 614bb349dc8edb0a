/*
 * decode_vector.c - lanes and masks of AVX, AVX2 and AVX-512 instructions.
 */
#include "capture/decode_vector.h"

#include "base/assert.h"

static uint8_t number(ZydisRegister reg)
{
	ZyanI8 id = ZydisRegisterGetId(reg);

	PW_ASSERT(id >= 0 && id < 32);
	return (uint8_t)id;
}

static const ZydisDecodedOperand *
memory_operand(const ZydisDecodedInstruction *insn,
	       const ZydisDecodedOperand *ops)
{
	for (unsigned i = 0; i < insn->operand_count; i++)
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			return &ops[i];
	return NULL;
}

/* Bytes of a vector register; 0 for any other operand. */
static unsigned vector_bytes(const ZydisDecodedOperand *op)
{
	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return 0;
	switch ((int)ZydisRegisterGetClass(op->reg.value)) {
	case ZYDIS_REGCLASS_XMM:
		return 16;
	case ZYDIS_REGCLASS_YMM:
		return 32;
	case ZYDIS_REGCLASS_ZMM:
		return 64;
	default:
		return 0;
	}
}

static void set_mask(struct pw_x86_insn *out, enum pw_x86_form form,
		     enum pw_x86_mask kind, ZydisRegister reg)
{
	out->form = (uint8_t)form;
	out->flags |= PW_X86_VECTORS;
	out->lanes.mask_kind = (uint8_t)kind;
	out->lanes.mask = number(reg);
}

/* A lane needs both an index and a place for the datum. */
static void fix_indexed(struct pw_x86_insn *out,
			const ZydisDecodedInstruction *insn,
			const ZydisDecodedOperand *ops, bool vex)
{
	const ZydisDecodedOperand *mem = memory_operand(insn, ops);
	const ZydisDecodedOperand *data;
	struct pw_x86_lanes *lanes = &out->lanes;
	ZydisDecodedOperand index = {.type = ZYDIS_OPERAND_TYPE_REGISTER};
	bool wide_index = (insn->opcode & 1); /* ...q forms: 91, 93, a1, a3 */
	unsigned indices, places;

	PW_ASSERT(mem && mem->mem.type == ZYDIS_MEMOP_TYPE_VSIB);
	data = mem == &ops[0] ? &ops[2] : &ops[0];
	index.reg.value = mem->mem.index;
	lanes->lane_bytes = (uint8_t)out->operand[0].size_bytes;
	lanes->index_bytes = wide_index ? 8 : 4;
	indices = vector_bytes(&index) / lanes->index_bytes;
	places = vector_bytes(data) / lanes->lane_bytes;
	lanes->count = (uint8_t)(indices < places ? indices : places);
	lanes->mask_bits = lanes->count;
	if (vex)
		set_mask(out, PW_X86_INDEXED, PW_X86_MASK_VECTOR,
			 ops[2].reg.value);
	else
		set_mask(out, PW_X86_INDEXED, PW_X86_MASK_K,
			 insn->avx.mask.reg);
}

/* The mask is the sign bit of each lane of the second operand. */
static void fix_sign_masked(struct pw_x86_insn *out, uint8_t lane_bytes,
			    const ZydisDecodedOperand *mask)
{
	bool mmx = ZydisRegisterGetClass(mask->reg.value) == ZYDIS_REGCLASS_MMX;

	PW_ASSERT(lane_bytes > 0);
	PW_ASSERT(mask->type == ZYDIS_OPERAND_TYPE_REGISTER);
	out->lanes.lane_bytes = lane_bytes;
	out->lanes.count = (uint8_t)(out->operand[0].size_bytes / lane_bytes);
	out->lanes.mask_bits = out->lanes.count;
	set_mask(out, PW_X86_LANES, mmx ? PW_X86_MASK_MMX : PW_X86_MASK_VECTOR,
		 mask->reg.value);
}

static bool suppresses_faults(ZydisExceptionClass class)
{
	switch ((int)class) {
	case ZYDIS_EXCEPTION_CLASS_E1NF:
	case ZYDIS_EXCEPTION_CLASS_E2NF:
	case ZYDIS_EXCEPTION_CLASS_E3NF:
	case ZYDIS_EXCEPTION_CLASS_E4NF:
	case ZYDIS_EXCEPTION_CLASS_E5NF:
	case ZYDIS_EXCEPTION_CLASS_E6NF:
	case ZYDIS_EXCEPTION_CLASS_E9NF:
	case ZYDIS_EXCEPTION_CLASS_E10NF:
	case ZYDIS_EXCEPTION_CLASS_E11NF:
		return false;
	default:
		return true;
	}
}

/* Elements of the widest vector register operand of that element size. */
static unsigned register_lanes(const ZydisDecodedInstruction *insn,
			       const ZydisDecodedOperand *ops)
{
	for (unsigned i = 0; i < insn->operand_count_visible; i++)
		if (vector_bytes(&ops[i]) && ops[i].element_size)
			return vector_bytes(&ops[i]) * 8 / ops[i].element_size;
	return 0;
}

static void fix_masked(struct pw_x86_insn *out,
		       const ZydisDecodedInstruction *insn,
		       const ZydisDecodedOperand *ops)
{
	const ZydisDecodedOperand *mem = memory_operand(insn, ops);
	struct pw_x86_lanes *lanes = &out->lanes;
	unsigned size_bytes = out->operand[0].size_bytes;
	unsigned count, bits = register_lanes(insn, ops);

	PW_ASSERT(out->operand_count > 0);
	PW_ASSERT(mem != NULL);
	if (!mem->element_size || size_bytes == 0)
		return;
	count = size_bytes * 8 / mem->element_size;
	if (mem != &ops[0] && bits && count > bits)
		count = bits; /* dot products: a mask bit for each sum */
	if (count == 0 || count > 64)
		return;
	lanes->count = (uint8_t)count;
	lanes->lane_bytes = (uint8_t)(size_bytes / count);
	lanes->mask_bits = lanes->count;
	if (insn->avx.broadcast.mode && bits > count)
		lanes->mask_bits = (uint8_t)bits;
	set_mask(out, PW_X86_LANES, PW_X86_MASK_K, insn->avx.mask.reg);
	if (insn->meta.category == ZYDIS_CATEGORY_COMPRESS ||
	    insn->meta.category == ZYDIS_CATEGORY_EXPAND)
		out->form = PW_X86_PACKED;
}

static bool has_opmask(const ZydisDecodedInstruction *insn)
{
	return insn->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX &&
	       insn->avx.mask.reg != ZYDIS_REGISTER_NONE &&
	       insn->avx.mask.reg != ZYDIS_REGISTER_K0;
}

void pw_x86_fix_vector(struct pw_x86_insn *out,
		       const ZydisDecodedInstruction *insn,
		       const ZydisDecodedOperand *ops)
{
	switch ((int)insn->mnemonic) {
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
		fix_sign_masked(out, 4, &ops[1]);
		return;
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		fix_sign_masked(out, 8, &ops[1]);
		return;
	case ZYDIS_MNEMONIC_MASKMOVQ:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
	case ZYDIS_MNEMONIC_VMASKMOVDQU:
		fix_sign_masked(out, 1, &ops[1]);
		return;
	default:
		break;
	}
	if (insn->meta.category == ZYDIS_CATEGORY_AVX2GATHER)
		fix_indexed(out, insn, ops, true);
	else if (insn->meta.category == ZYDIS_CATEGORY_GATHER ||
		 insn->meta.category == ZYDIS_CATEGORY_SCATTER)
		fix_indexed(out, insn, ops, false);
	else if (has_opmask(insn) &&
		 suppresses_faults(insn->meta.exception_class))
		fix_masked(out, insn, ops);
}
