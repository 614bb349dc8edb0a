/*
 * evaluate_x86.h - template and registers to accesses.
 *
 * The order is: the fetch, then loads and read-modify-writes, then stores.
 * Masked and indexed instructions make one access for each active lane, in
 * lane order; compress and expand make one over the lanes side by side.
 */
#ifndef PW_CAPTURE_EVALUATE_X86_H
#define PW_CAPTURE_EVALUATE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "capture/decode_x86.h"
#include "capture/xstate.h"

/* A fetch and 64 byte lanes; enter at level 31 makes 63. */
#define PW_X86_ACCESSES_MAX 72

struct pw_x86_access {
	uint64_t address;
	uint32_t size_bytes;
	uint8_t kind; /* enum pw_access_kind bits */
};

struct pw_x86_state {
	const struct user_regs_struct *regs;
	const struct pw_x86_vectors *vectors; /* for PW_X86_VECTORS */
	const struct pw_xsave_layout *layout; /* for the xsave forms */
	uint64_t area_format; /* PW_X86_XRSTOR: the word at offset 520 */
	bool repeated;	      /* a further iteration of rep: no new fetch */
};

/*
 * Address of operand @index, lanes and bit offsets left out.
 */
uint64_t pw_x86_address(const struct pw_x86_insn *insn, unsigned index,
			const struct user_regs_struct *regs);

/*
 * The accesses that executing @insn (one iteration, for rep) will make.
 * @out has room for PW_X86_ACCESSES_MAX; the number is returned.
 */
size_t pw_x86_evaluate(const struct pw_x86_insn *insn,
		       const struct pw_x86_state *state,
		       struct pw_x86_access *out);

#endif
