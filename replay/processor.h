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
	uint32_t space; /* whose pages the TLBs hold; PW_NO_SPACE: nobody's */
};

/*
 * Make the idle processor of @machine, which counts into @counters.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_processor_make(struct pw_processor *processor,
				 const struct pw_machine *machine,
				 struct pw_counters *counters,
				 struct pw_arena *arena,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Let a thread of the space @space run: what is referred to from now on is
 * its.
 */
void pw_processor_run(struct pw_processor *processor, uint32_t space);

/*
 * Say which page table maps the pages of the running thread.
 */
void pw_processor_map(struct pw_processor *processor,
		      const struct pw_page_table_ops *ops, void *table);

/*
 * The side of a fetch, of a store or of a load.
 */
static inline enum pw_tlb_side
pw_processor_side(const struct pw_processor *processor, bool fetch, bool store)
{
	return pw_mmu_side_of(&processor->mmu, fetch, store);
}

/*
 * Whether a reference of the running thread needs no fault, hits and changes
 * nothing. False when that is not known.
 */
static inline bool pw_processor_is_recent(const struct pw_processor *processor,
					  enum pw_tlb_side side, uint64_t page,
					  bool write)
{
	return pw_mmu_is_recent(&processor->mmu, side, 0, page, write);
}

/*
 * The same where that is not known of the page by itself, but of what holds it.
 * If it is true, the references of @record are counted.
 */
static inline bool
pw_processor_is_recent_large(struct pw_processor *processor,
			     enum pw_tlb_side side, uint64_t page, bool write,
			     const struct pw_mmu_record *record)
{
	return processor->mmu.side[side].lanes > 0 &&
	       pw_mmu_is_recent_large(&processor->mmu, side, 0, page, write,
				      record);
}

/*
 * Let the running thread make the references of @record to base page @page,
 * which @leaf maps.
 */
void pw_processor_refer(struct pw_processor *processor, enum pw_tlb_side side,
			uint64_t page, const struct pw_leaf *leaf,
			const struct pw_mmu_record *record);

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

#endif
