/*
 * mmu.h - TLBs and page-walk caches of one core, behind an exact filter.
 *
 * Each side keeps, for every residue class of keys that its L1 TLB allows
 * (pw_tlb_ops.filter_sets), the key touched last in it, and whether its page
 * may be written without a fault. A touch of that page changes nothing and is
 * done with here, inline. The rest goes through the models.
 */
#ifndef PW_REPLAY_MMU_H
#define PW_REPLAY_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine.h"
#include "replay/tlb_key.h"
#include "replay/walker.h"

enum pw_tlb_side { PW_TLB_DATA, PW_TLB_INSTRUCTION, PW_TLB_SIDES };

struct pw_mmu_side {
	struct pw_tlb l1;
	/* key << 1 | writable; UINT64_MAX: none. Never filled if unusable. */
	uint64_t *recent;
	uint64_t mask;
	bool usable;
};

struct pw_mmu {
	struct pw_mmu_side side[PW_TLB_SIDES];
	struct pw_tlb stlb;
	struct pw_walker walker;
	struct pw_counters *counters;
};

/*
 * Make the empty MMU of @machine, which counts into @counters. @guest is the
 * memory of all its cores, or NULL without nested paging.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_guest *guest, struct pw_counters *counters,
			   struct pw_arena *arena,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether a touch of base page @page in the space @asid hits the L1 TLB, needs
 * no fault and changes nothing. False when that is not known.
 */
static inline bool pw_mmu_is_recent(const struct pw_mmu_side *side,
				    uint32_t asid, uint64_t page, bool write)
{
	uint64_t recent = side->recent[page & side->mask];

	return (recent | !write) == (pw_tlb_key(asid, 0, page) << 1 | 1);
}

/*
 * Make the reference: look in the L1 TLB of the side, then in the STLB, then
 * walk, and fill what missed. Misses and walks are counted.
 */
void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference);

/*
 * Drop base pages [first, first + count) of the space @asid from all TLBs, and
 * from the page-walk caches what pw_walker_invalidate says. @count is not 0.
 */
void pw_mmu_invalidate(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
		       uint64_t count);

/*
 * Empty all TLBs and page-walk caches.
 */
void pw_mmu_flush(struct pw_mmu *mmu);

#endif
