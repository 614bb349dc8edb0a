/*
 * processor.h - the processor of a machine: its cores, and who runs on them.
 *
 * Memory (system.h) decides what is present and tells the processor what
 * changes; the processor decides on which core a thread runs, under which
 * identifier its core knows the address space, and what its TLBs hit.
 */
#ifndef PW_REPLAY_PROCESSOR_H
#define PW_REPLAY_PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine.h"
#include "replay/mmu.h"

/* One core; threads of all processes take turns on it. */
struct pw_processor {
	const struct pw_machine *machine;
	struct pw_mmu mmu;
	struct pw_guest guest; /* with nested paging */
	uint32_t space; /* whose pages the TLBs hold; PW_NO_SPACE: nobody's */
};

/*
 * Make the idle processor of @machine, which counts into @counters.
 *
 * Owns:   the arena owns most of its state; free the rest with
 *         pw_processor_free.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_make(struct pw_processor *processor,
				 const struct pw_machine *machine,
				 struct pw_counters *counters,
				 struct pw_arena *arena,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds outside of the arena.
 */
void pw_processor_free(struct pw_processor *processor);

/*
 * Whether memory ended while it worked: what it counted since is wrong.
 */
static inline bool pw_processor_failed(const struct pw_processor *processor)
{
	return processor->guest.failed;
}

/*
 * Let a thread of the space @space run: what is referred to from now on is
 * its.
 */
void pw_processor_run(struct pw_processor *processor, uint32_t space);

/*
 * Whether a reference of the running thread needs no fault, hits and changes
 * nothing. False when that is not known.
 */
static inline bool pw_processor_is_recent(const struct pw_processor *processor,
					  enum pw_tlb_side side, uint64_t page,
					  bool write)
{
	return pw_mmu_is_recent(&processor->mmu.side[side], 0, page, write);
}

/*
 * Let the running thread refer to base page @page, which @leaf maps.
 */
void pw_processor_refer(struct pw_processor *processor, enum pw_tlb_side side,
			uint64_t page, const struct pw_leaf *leaf);

/*
 * Tell that @count base pages of @space from @first on are mapped otherwise or
 * no more; @count is not 0. The thread that runs made the change.
 */
void pw_processor_invalidate(struct pw_processor *processor, uint32_t space,
			     uint64_t first, uint64_t count);

/*
 * Tell that all of @space is mapped otherwise or no more.
 */
void pw_processor_forget(struct pw_processor *processor, uint32_t space);

/*
 * Tell that @space ends or begins anew with nothing mapped.
 */
void pw_processor_end(struct pw_processor *processor, uint32_t space);

#endif
