/*
 * qemu_canon.h - from the pieces of a block to the accesses of its
 * instructions, in the form that single steps give.
 */
#ifndef PW_CAPTURE_QEMU_CANON_H
#define PW_CAPTURE_QEMU_CANON_H

#include "capture/qemu_block.h"

/*
 * Fill pc, size, kind, pick and join of @blocks with what @block has done,
 * given the @count pieces that it made; @continued leaves out the fetch of its
 * repeated instruction. *insns is how many instructions have begun.
 *
 * An instruction that should have touched memory and has not, with nothing
 * after it, has faulted: it and what follows it was not executed.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: QEMU 7.2 target/i386/tcg (order and size of pieces), observed;
 *         decode_x86.h for the accesses.
 */
enum pw_status pw_qemu_canon(struct pw_qemu_blocks *blocks,
			     const struct pw_qemu_code_block *block,
			     bool continued, const uint64_t *pieces,
			     size_t count, uint32_t *insns,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
