/*
 * decode_x86.c - instruction bytes to templates, by Zydis.
 */
#include "capture/decode_x86.h"

#include <Zydis/Zydis.h>

#include "base/assert.h"
#include "capture/decode_vector.h"
#include "formats/batch.h"

struct pw_x86_decoder {
	ZydisDecoder zydis;
};

enum pw_status pw_x86_decoder_open(struct pw_x86_decoder **out,
				   struct pw_error *err)
{
	struct pw_x86_decoder *decoder = calloc(1, sizeof(*decoder));

	*out = NULL;
	if (!decoder)
		return pw_fail_memory(err, "the x86 decoder");
	if (ZYDIS_VERSION_MAJOR(ZydisGetVersion()) !=
		    ZYDIS_VERSION_MAJOR(ZYDIS_VERSION) ||
	    !ZYAN_SUCCESS(ZydisDecoderInit(&decoder->zydis,
					   ZYDIS_MACHINE_MODE_LONG_64,
					   ZYDIS_STACK_WIDTH_64))) {
		free(decoder);
		return pw_fail(err, PW_ERR_SYSTEM,
			       "the Zydis library is of another version than "
			       "the one pagewalk was built for");
	}
	*out = decoder;
	return PW_OK;
}

void pw_x86_decoder_close(struct pw_x86_decoder *decoder)
{
	free(decoder);
}

/* Slots of the general registers in the order of their encoding. */
static const uint8_t general_slot[16] = {
	PW_X86_SLOT(rax), PW_X86_SLOT(rcx), PW_X86_SLOT(rdx), PW_X86_SLOT(rbx),
	PW_X86_SLOT(rsp), PW_X86_SLOT(rbp), PW_X86_SLOT(rsi), PW_X86_SLOT(rdi),
	PW_X86_SLOT(r8),  PW_X86_SLOT(r9),  PW_X86_SLOT(r10), PW_X86_SLOT(r11),
	PW_X86_SLOT(r12), PW_X86_SLOT(r13), PW_X86_SLOT(r14), PW_X86_SLOT(r15),
};

/* General registers only: none, rip and vectors have no slot. */
static uint8_t slot_of(ZydisRegister reg)
{
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	ZyanI8 id = ZydisRegisterGetId(reg);

	if (class != ZYDIS_REGCLASS_GPR64 && class != ZYDIS_REGCLASS_GPR32 &&
	    class != ZYDIS_REGCLASS_GPR16)
		return PW_X86_NO_SLOT;
	PW_ASSERT(id >= 0 && id < 16);
	return general_slot[id];
}

static uint8_t segment_slot(ZydisRegister segment)
{
	if (segment == ZYDIS_REGISTER_FS)
		return PW_X86_SLOT(fs_base);
	if (segment == ZYDIS_REGISTER_GS)
		return PW_X86_SLOT(gs_base);
	return PW_X86_NO_SLOT;
}

static uint8_t kind_of(ZydisOperandActions actions)
{
	bool reads = actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	bool writes = actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

	return (uint8_t)((reads ? PW_ACCESS_LOAD : 0) |
			 (writes ? PW_ACCESS_STORE : 0));
}

/* Hints, flushes and what the kernel has disabled: no demand access. */
static bool touches_nothing(const ZydisDecodedInstruction *insn)
{
	switch ((int)insn->meta.category) {
	case ZYDIS_CATEGORY_PREFETCH:
	case ZYDIS_CATEGORY_PREFETCHWT1:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_CLFLUSHOPT:
	case ZYDIS_CATEGORY_CLWB:
	case ZYDIS_CATEGORY_CLDEMOTE:
	case ZYDIS_CATEGORY_MPX:
		return true;
	default:
		break;
	}
	return insn->meta.isa_set == ZYDIS_ISA_SET_AVX512PF_512 ||
	       insn->mnemonic == ZYDIS_MNEMONIC_CLFLUSH ||
	       insn->mnemonic == ZYDIS_MNEMONIC_INVLPG;
}

/*
 * The stack itself: pushes, pops, calls, returns, frames. In 64-bit mode its
 * addresses are 64 bits wide whatever the address-size prefix says.
 * Source: Intel SDM vol. 1, 3.6.1 and 6.2.5.
 */
static bool is_stack(const ZydisDecodedOperand *op)
{
	if (op->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return false;
	switch ((int)op->mem.base) {
	case ZYDIS_REGISTER_RSP:
	case ZYDIS_REGISTER_ESP:
	case ZYDIS_REGISTER_RBP:
	case ZYDIS_REGISTER_EBP:
		return true;
	default:
		return false;
	}
}

static void add_operand(struct pw_x86_insn *out,
			const ZydisDecodedInstruction *insn,
			const ZydisDecodedOperand *op)
{
	struct pw_x86_operand *to = &out->operand[out->operand_count];

	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    (op->mem.type != ZYDIS_MEMOP_TYPE_MEM &&
	     op->mem.type != ZYDIS_MEMOP_TYPE_VSIB) ||
	    !kind_of(op->actions))
		return;
	PW_ASSERT(out->operand_count < PW_X86_OPERANDS_MAX);
	out->operand_count++;
	to->displacement = (uint64_t)op->mem.disp.value;
	to->size_bytes = op->size / 8;
	to->kind = kind_of(op->actions);
	to->base = slot_of(op->mem.base);
	to->index = slot_of(op->mem.index);
	to->scale = op->mem.scale;
	to->segment = segment_slot(op->mem.segment);
	to->address_32 = insn->address_width == 32 && !is_stack(op);
	if (op->mem.type == ZYDIS_MEMOP_TYPE_VSIB)
		to->index = (uint8_t)ZydisRegisterGetId(op->mem.index);
	if (op->mem.base == ZYDIS_REGISTER_RIP ||
	    op->mem.base == ZYDIS_REGISTER_EIP)
		to->displacement += out->pc + insn->length;
	if (is_stack(op) && to->base == PW_X86_SLOT(rsp) &&
	    to->kind == PW_ACCESS_STORE)
		to->displacement -= to->size_bytes;
}

/* Loads before modifies before stores; equals stay as Zydis has them. */
static void order_operands(struct pw_x86_insn *out)
{
	for (unsigned i = 1; i < out->operand_count; i++) {
		struct pw_x86_operand moved = out->operand[i];
		unsigned at = i;

		for (;
		     at > 0 && (out->operand[at - 1].kind == PW_ACCESS_STORE) &&
		     moved.kind != PW_ACCESS_STORE;
		     at--)
			out->operand[at] = out->operand[at - 1];
		out->operand[at] = moved;
	}
}

/* pop [rsp + n] computes its address after the pop. */
static void fix_pop(struct pw_x86_insn *out, const ZydisDecodedOperand *ops)
{
	if (out->operand_count == 2 && ops[0].mem.base == ZYDIS_REGISTER_RSP)
		out->operand[1].displacement += out->operand[0].size_bytes;
}

static void fix_bits(struct pw_x86_insn *out, const ZydisDecodedOperand *ops)
{
	if (out->operand_count == 0 ||
	    ops[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
		return;
	out->form = PW_X86_BITS;
	out->bit_slot = slot_of(ops[1].reg.value);
}

/* The areas have sizes that depend on the processor and on edx:eax. */
static void fix_state_area(struct pw_x86_insn *out, ZydisMnemonic mnemonic)
{
	PW_ASSERT(out->operand_count > 0);
	out->operand[0].kind = PW_ACCESS_STORE;
	switch ((int)mnemonic) {
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
	case ZYDIS_MNEMONIC_XSAVEOPT:
	case ZYDIS_MNEMONIC_XSAVEOPT64:
		out->form = PW_X86_XSAVE;
		return;
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
	case ZYDIS_MNEMONIC_XRSTORS:
	case ZYDIS_MNEMONIC_XRSTORS64:
		out->operand[0].kind = PW_ACCESS_LOAD;
		out->form = PW_X86_XRSTOR;
		return;
	default:
		out->form = PW_X86_XSAVEC;
		return;
	}
}

static void fix_tile(struct pw_x86_insn *out, const ZydisDecodedOperand *ops)
{
	unsigned tile = ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER ? 0 : 1;

	if (out->operand_count == 0 || out->operand[0].size_bytes != 0)
		return; /* ldtilecfg, sttilecfg */
	out->form = PW_X86_TILE;
	out->flags |= PW_X86_VECTORS;
	out->levels = (uint8_t)ZydisRegisterGetId(ops[tile].reg.value);
}

static void add_line(struct pw_x86_insn *out,
		     const ZydisDecodedInstruction *insn)
{
	PW_ASSERT(out->operand_count == 0);
	out->form = PW_X86_LINE;
	out->operand_count = 1;
	out->operand[0] = (struct pw_x86_operand){
		.size_bytes = 64,
		.kind = PW_ACCESS_STORE,
		.base = PW_X86_SLOT(rax),
		.index = PW_X86_NO_SLOT,
		.segment = PW_X86_NO_SLOT,
		.address_32 = insn->address_width == 32,
	};
}

static void fix_enter(struct pw_x86_insn *out,
		      const ZydisDecodedInstruction *insn)
{
	out->levels = (uint8_t)(insn->raw.imm[1].value.u % 32);
	if (out->levels)
		out->form = PW_X86_ENTER;
}

static void fix_by_mnemonic(struct pw_x86_insn *out,
			    const ZydisDecodedInstruction *insn,
			    const ZydisDecodedOperand *ops)
{
	switch ((int)insn->mnemonic) {
	case ZYDIS_MNEMONIC_POP:
		fix_pop(out, ops);
		return;
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTS:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTC:
		fix_bits(out, ops);
		return;
	case ZYDIS_MNEMONIC_ENTER:
		fix_enter(out, insn);
		return;
	case ZYDIS_MNEMONIC_XLAT:
		out->form = PW_X86_TABLE;
		return;
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFQ:
		out->flags |= PW_X86_PUSHES_FLAGS;
		return;
	default:
		return;
	}
}

/*
 * int3 and int1 in each of their forms are traps of the target's own; int 0x80
 * is a system call; other numbers fault.
 */
static uint8_t interrupt_flags(const ZydisDecodedInstruction *insn)
{
	uint64_t vector = insn->raw.imm[0].value.u & 0xff;

	if (insn->mnemonic == ZYDIS_MNEMONIC_INT3 ||
	    insn->mnemonic == ZYDIS_MNEMONIC_INT1)
		return PW_X86_BREAKPOINT;
	if (insn->mnemonic != ZYDIS_MNEMONIC_INT)
		return PW_X86_JUMPS;
	if (vector == 3)
		return PW_X86_BREAKPOINT;
	return vector == 0x80 ? PW_X86_JUMPS | PW_X86_SYSCALL_32 : PW_X86_JUMPS;
}

static uint8_t flow_flags(const ZydisDecodedInstruction *insn)
{
	switch ((int)insn->meta.category) {
	case ZYDIS_CATEGORY_SYSCALL:
		return PW_X86_JUMPS | (insn->mnemonic == ZYDIS_MNEMONIC_SYSCALL
					       ? PW_X86_SYSCALL
					       : PW_X86_SYSCALL_32);
	case ZYDIS_CATEGORY_INTERRUPT:
		return interrupt_flags(insn);
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
		return PW_X86_JUMPS;
	default:
		return 0;
	}
}

static void fix_by_category(struct pw_x86_insn *out,
			    const ZydisDecodedInstruction *insn,
			    const ZydisDecodedOperand *ops)
{
	const uint64_t repeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
				 ZYDIS_ATTRIB_HAS_REPNE;

	switch ((int)insn->meta.category) {
	case ZYDIS_CATEGORY_STRINGOP:
	case ZYDIS_CATEGORY_IOSTRINGOP:
		if (insn->attributes & repeats)
			out->form = PW_X86_REPEAT;
		return;
	case ZYDIS_CATEGORY_XSAVE:
	case ZYDIS_CATEGORY_XSAVEOPT:
		if (out->operand_count)
			fix_state_area(out, insn->mnemonic);
		return;
	case ZYDIS_CATEGORY_AMX_TILE:
		fix_tile(out, ops);
		return;
	case ZYDIS_CATEGORY_CLZERO:
		add_line(out, insn);
		return;
	default:
		fix_by_mnemonic(out, insn, ops);
		return;
	}
}

void pw_x86_decode(const struct pw_x86_decoder *decoder, uint64_t pc,
		   const uint8_t *bytes, size_t byte_count,
		   struct pw_x86_insn *out)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

	*out = (struct pw_x86_insn){.pc = pc, .length = 1};
	if (byte_count == 0 ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder->zydis, bytes,
						 byte_count, &insn, ops))) {
		out->flags = PW_X86_UNKNOWN | PW_X86_JUMPS;
		return;
	}
	PW_ASSERT(insn.length > 0 && insn.length <= PW_X86_LENGTH_MAX);
	out->length = insn.length;
	out->flags = flow_flags(&insn);
	if (touches_nothing(&insn))
		return;
	for (unsigned i = 0; i < insn.operand_count; i++)
		add_operand(out, &insn, &ops[i]);
	order_operands(out);
	fix_by_category(out, &insn, ops);
	if (out->form == PW_X86_PLAIN && out->operand_count)
		pw_x86_fix_vector(out, &insn, ops);
	PW_ASSERT(out->length <= byte_count);
}
