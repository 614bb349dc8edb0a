/*
 * processor.h - the processor of a machine: its CPUs, and who runs on them.
 *
 * Memory (system.h) decides what is present and tells it in operations. The
 * processor decides on which CPU a thread runs, under which identifier (ASID)
 * a CPU knows the address space, and what its TLBs hit.
 *
 * A CPU has some identifiers, which address spaces take in turns; one that is
 * taken from another space is flushed. A change of pages reaches at once the
 * CPUs on which a thread of their space ran last, and others when they next
 * switch to it.
 *
 * Source: Linux arch/x86/mm/tlb.c, choose_new_asid, flush_tlb_mm_range,
 *         switch_mm_irqs_off.
 */
#ifndef PW_REPLAY_PROCESSOR_H
#define PW_REPLAY_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/mmu/mmu.h"
#include "replay/mmu/operation.h"
#include "replay/mmu/sweep.h"

struct pw_cpu {
	struct pw_mmu *mmu;    /* of its core */
	uint32_t running;      /* the space; PW_NO_SPACE: none yet */
	uint32_t slot;	       /* the identifier of that space */
	uint32_t next;	       /* the identifier to be given out next */
	uint32_t first_asid;   /* what TLBs call identifier 0 */
	uint32_t *owner;       /* by identifier: space, or PW_NO_SPACE */
	bool *stale;	       /* by identifier: changes were missed */
	struct pw_array slots; /* uint32_t by space: identifier + 1, or 0 */
};

/* Whose references a sweep sees. */
enum pw_sweep_of {
	PW_SWEEP_NONE,
	PW_SWEEP_L1D,  /* those of the data side */
	PW_SWEEP_L1I,  /* those of the instruction side */
	PW_SWEEP_STLB, /* L1 TLB misses of both */
};

struct pw_processor {
	const struct pw_machine *machine;
	struct pw_counters counters; /* those of TLBs and walks; others are 0 */
	struct pw_mmu *mmus;
	size_t mmu_count;
	struct pw_cpu *cpus;
	struct pw_guest guest;	 /* of all cores, with nested paging */
	struct pw_array threads; /* struct thread, of processor.c */
	uint32_t begun;		 /* threads that have run */
	uint32_t thread;	 /* that runs */
	struct pw_cpu *now;	 /* where it runs; NULL before the first */
	enum pw_sweep_of sweep_of;
	struct pw_sweep *sweeps; /* by core; NULL without a sweep */
};

/*
 * Make the idle processor of @machine.
 *
 * Owns:   @processor stays where it is; free it with pw_processor_free. Most
 *         of its state is the arena's.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_make(struct pw_processor *processor,
				 const struct pw_machine *machine,
				 struct pw_arena *arena,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the processor holds outside of the arena.
 */
void pw_processor_free(struct pw_processor *processor);

/*
 * Sweep over TLBs in place of @of, before the first operation.
 *
 * Owns:   the arena owns it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_sweep(struct pw_processor *processor,
				  enum pw_sweep_of of, struct pw_arena *arena,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Take an operation, which is no MOMENT.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_take(struct pw_processor *processor,
				 const struct pw_operation *operation,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Take @count operations, at most PW_MMU_BATCH, that are references to base
 * pages.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_refer(struct pw_processor *processor,
				  const struct pw_operation *operations,
				  size_t count,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * What a machine has counted: its memory's counters and its processor's, with
 * those that follow from both (TLB hits).
 */
void pw_processor_add_up(const struct pw_processor *processor,
			 const struct pw_counters *memory,
			 struct pw_counters *out);

#endif
