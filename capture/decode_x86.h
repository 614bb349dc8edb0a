/*
 * decode_x86.h - what an x86-64 instruction will touch, once its registers
 * are known.
 *
 * Decoding makes a template that holds for every execution at one address;
 * evaluate_x86.h turns template and registers into accesses. The decoder is
 * Zydis; what it leaves out or reports otherwise is put right here:
 * prefetches, wide nops, cache-line flushes, lea and MPX touch nothing; stack
 * operands get the address they are made at; bit strings, enter, gathers,
 * masks, xsave areas and tiles get a form of their own.
 *
 * Not modelled: shadow-stack (CET) pushes and pops, descriptor-table reads of
 * segment loads, the store of enqcmd to its portal, 32-bit code, and
 * instructions younger than Zydis 4.0 (they keep their fetch only).
 */
#ifndef PW_CAPTURE_DECODE_X86_H
#define PW_CAPTURE_DECODE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "base/status.h"

#define PW_X86_LENGTH_MAX 15
#define PW_X86_OPERANDS_MAX 3

/* A register as its place among the 64-bit words of user_regs_struct. */
#define PW_X86_SLOT(member) \
	((uint8_t)(offsetof(struct user_regs_struct, member) / 8))
#define PW_X86_NO_SLOT 0xff

/* How the accesses follow from the operands. */
enum pw_x86_form {
	PW_X86_PLAIN,	/* each operand is one access */
	PW_X86_REPEAT,	/* the same, none when the count register is 0 */
	PW_X86_BITS,	/* moved by a bit offset in a register */
	PW_X86_TABLE,	/* xlat: moved by al */
	PW_X86_LINE,	/* the aligned 64 bytes around the address */
	PW_X86_ENTER,	/* enter with nesting levels */
	PW_X86_INDEXED, /* gather, scatter: an access for each active lane */
	PW_X86_LANES,	/* masked move: an access for each active lane */
	PW_X86_PACKED,	/* compress, expand: the active lanes side by side */
	PW_X86_XSAVE,	/* area of the components asked for */
	PW_X86_XSAVEC,	/* the same, compact */
	PW_X86_XRSTOR,	/* compact or not, as the area's header says */
	PW_X86_TILE,	/* AMX: rows of a tile */
};

enum pw_x86_flag {
	PW_X86_SYSCALL = 1,    /* a 64-bit system call */
	PW_X86_SYSCALL_32 = 2, /* int 0x80, sysenter: a 32-bit one */
	PW_X86_BREAKPOINT = 4, /* int3, int 3, int1 */
	PW_X86_PUSHES_FLAGS =
		8,	     /* pushf: the pushed word shows the trap flag */
	PW_X86_JUMPS = 16,   /* need not end at the next instruction */
	PW_X86_VECTORS = 32, /* evaluating needs vector registers */
	PW_X86_UNKNOWN = 64, /* not decoded: length 1, fetch only */
};

struct pw_x86_operand {
	uint64_t displacement; /* absolute for rip-relative ones */
	uint32_t size_bytes;
	uint8_t kind;	 /* enum pw_access_kind */
	uint8_t base;	 /* slot */
	uint8_t index;	 /* slot; vector number for PW_X86_INDEXED */
	uint8_t scale;	 /* factor */
	uint8_t segment; /* slot of its base address */
	bool address_32; /* offset cut to 32 bits */
};

/* Which lanes of a vector operand are active. */
struct pw_x86_lanes {
	uint8_t count;	     /* lanes in memory */
	uint8_t lane_bytes;  /* size of one in memory */
	uint8_t index_bytes; /* PW_X86_INDEXED: size of an index */
	uint8_t mask_bits;   /* more than count: lane i stands for bits i,
				i + count, ... */
	uint8_t mask;	     /* number of the register */
	uint8_t mask_kind;   /* enum pw_x86_mask */
};

enum pw_x86_mask { PW_X86_MASK_K, PW_X86_MASK_VECTOR, PW_X86_MASK_MMX };

struct pw_x86_insn {
	uint64_t pc;
	uint8_t length;
	uint8_t form;  /* enum pw_x86_form */
	uint8_t flags; /* enum pw_x86_flag bits */
	uint8_t operand_count;
	uint8_t bit_slot; /* PW_X86_BITS: the offset's register */
	uint8_t levels;	  /* PW_X86_ENTER; PW_X86_TILE: the tile's number */
	struct pw_x86_lanes lanes;
	struct pw_x86_operand operand[PW_X86_OPERANDS_MAX];
};

struct pw_x86_decoder;

/*
 * Make a decoder for 64-bit code.
 *
 * Owns:   *out is the caller's; free it with pw_x86_decoder_close.
 * Errors: PW_ERR_SYSTEM no memory, or the Zydis library is not the one this
 *         was built for.
 */
enum pw_status pw_x86_decoder_open(struct pw_x86_decoder **out,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the decoder. NULL is allowed.
 */
void pw_x86_decoder_close(struct pw_x86_decoder *decoder);

/*
 * The template of the instruction at @pc, given its bytes (more may follow
 * it). What cannot be decoded becomes a template with PW_X86_UNKNOWN.
 *
 * Source: Intel SDM vol. 2; operands as reported by Zydis 4.0.
 */
void pw_x86_decode(const struct pw_x86_decoder *decoder, uint64_t pc,
		   const uint8_t *bytes, size_t byte_count,
		   struct pw_x86_insn *out);

#endif
