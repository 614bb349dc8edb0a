/*
 * qemu_canon.h - from the pieces of a block to the accesses of its
 * instructions, in the form that single steps give.
 */
#ifndef PW_CAPTURE_QEMU_CANON_H
#define PW_CAPTURE_QEMU_CANON_H

#include "capture/qemu_block.h"

/*
 * Fill pc, size, kind, pick and join of @blocks with what @block has done,
 * given the pieces that it made; and insns and doubtful of @variant, of which
 * the way is given.
 *
 * An instruction that should have touched memory and has not, with nothing
 * after it, has faulted: it and what follows it was not executed. Of some
 * instructions the pieces alone do not tell; the variant is doubtful then.
 *
 * Not the same as single steps give: a masked vector load, which QEMU makes
 * whole before it applies the mask, is one access; and an instruction that
 * faults without a memory access (a division, an undefined opcode) leaves what
 * follows it in its block in the trace.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: QEMU 7.2 target/i386/tcg (order and size of pieces), observed;
 *         decode_x86.h for the accesses.
 */
enum pw_status pw_qemu_canon(struct pw_qemu_blocks *blocks,
			     const struct pw_qemu_code_block *block,
			     struct pw_qemu_variant *variant,
			     const struct pw_qemu_deed *deed,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
