/*
 * cpuid.h - what the CPUID instruction says of an x86 processor's TLBs.
 *
 * From the processor that runs this, or from a dump of another one: lines as
 * "CPUID 00000002: 00FEFF01-000000F0-00000000-00000000 [SL 00]" (InstLatx64,
 * AIDA64) or "0x00000002 0x00: eax=0x00feff01 ebx=0x000000f0 ..." (cpuid -r).
 */
#ifndef PW_REPLAY_CPUID_H
#define PW_REPLAY_CPUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/machine/machine.h"

#define PW_CPUID_LEAVES_MAX 512

enum pw_cpuid_register { PW_EAX, PW_EBX, PW_ECX, PW_EDX, PW_REGISTERS };

struct pw_cpuid_leaf {
	uint32_t leaf;
	uint32_t part; /* sub-leaf */
	uint32_t value[PW_REGISTERS];
};

struct pw_cpuid {
	size_t count;
	struct pw_cpuid_leaf leaf[PW_CPUID_LEAVES_MAX];
};

/*
 * Ask the processor that runs this.
 *
 * Errors: PW_ERR_USAGE it is no x86 processor.
 */
enum pw_status pw_cpuid_ask(struct pw_cpuid *cpuid,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Read a dump; @name is what messages call it. Of several processors in it the
 * first one counts; other lines are passed over.
 *
 * Errors: PW_ERR_USAGE no line is of CPUID.
 */
enum pw_status pw_cpuid_parse(struct pw_cpuid *cpuid, const char *name,
			      const char *text,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The values of a leaf, or NULL when there are none.
 *
 * Owns: @cpuid.
 */
const uint32_t *pw_cpuid_find(const struct pw_cpuid *cpuid, uint32_t leaf,
			      uint32_t part);

/* What is told of a TLB. */
struct pw_cpuid_tlb {
	uint32_t entries; /* 0: nothing */
	uint32_t ways;	  /* 0: fully associative */
	uint32_t leaf;	  /* that told it */
};

/* By array of a machine; names as in tlb_arrays.def. */
struct pw_cpuid_tlbs {
	struct pw_cpuid_tlb l1d, l1d_2m, l1d_1g;
	struct pw_cpuid_tlb l1s;
	struct pw_cpuid_tlb l1i, l1i_2m;
	struct pw_cpuid_tlb stlb, stlb_1g;
	struct pw_cpuid_tlb stlb_i;
	bool stlb_1g_holds_4k; /* two second levels share the small pages */
};

/*
 * What is told of the TLBs, by Intel's leaves 18H and 2 or AMD's 8000_0005H,
 * 8000_0006H and 8000_0019H.
 *
 * Source: Intel SDM vol. 2A, CPUID, table 3-12 and leaf 18H; AMD64 APM vol. 3,
 *         appendix E.4.
 */
void pw_cpuid_tlbs(const struct pw_cpuid *cpuid, struct pw_cpuid_tlbs *out);

/*
 * The processor's brand, or its vendor, family and model.
 *
 * Units: @buffer_bytes counts the final 0.
 */
void pw_cpuid_brand(const struct pw_cpuid *cpuid, char *buffer,
		    size_t buffer_bytes);

/*
 * The text of a machine file called @name, with what CPUID tells and, marked
 * as such, what it does not tell.
 *
 * Owns:   the arena owns *text.
 * Errors: PW_ERR_USAGE nothing is told of the first-level TLBs; PW_ERR_SYSTEM.
 */
enum pw_status pw_cpuid_machine(const struct pw_cpuid *cpuid, const char *name,
				const char **text, struct pw_arena *arena,
				struct pw_error *err) PW_MUST_CHECK;

#endif
