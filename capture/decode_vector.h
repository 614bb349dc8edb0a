/*
 * decode_vector.h - the part of decode_x86.c that knows about lanes and masks.
 */
#ifndef PW_CAPTURE_DECODE_VECTOR_H
#define PW_CAPTURE_DECODE_VECTOR_H

#include <Zydis/Zydis.h>

#include "capture/decode_x86.h"

/*
 * Give gathers, scatters, masked moves, compress and expand their form; leave
 * every other instruction as it is.
 *
 * An EVEX instruction whose exception class suppresses faults touches only
 * its active lanes; one of a class "NF" touches its whole operand.
 *
 * Source: Intel SDM vol. 2A, 2.6.13 and 2.8 (exception classes).
 */
void pw_x86_fix_vector(struct pw_x86_insn *out,
		       const ZydisDecodedInstruction *insn,
		       const ZydisDecodedOperand *ops);

#endif
