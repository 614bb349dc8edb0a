/*
 * mmu_batch.h - many references to one core at a time.
 *
 * What misses the first level of TLBs goes to the second, and what misses that
 * one is walked; nothing comes back. So each level can take many references
 * before the next one does, where an entry is of one page and is put in as soon
 * as it is missed, and walks have no entries in TLBs.
 */
#ifndef PW_REPLAY_MMU_BATCH_H
#define PW_REPLAY_MMU_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/mmu/mmu.h"
#include "replay/mmu/operation.h"

#define PW_MMU_BATCH 128 /* references, at most */

/*
 * Let @mmu, which is made and empty, take references of @machine in batches if
 * it can: mmu->batch is not NULL then.
 *
 * Owns:   the arena owns what it needs.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_mmu_batch_make(struct pw_mmu *mmu,
				 const struct pw_machine *machine,
				 struct pw_arena *arena,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Make the references of @count operations, at most PW_MMU_BATCH, to base pages
 * by the identifier @asid: as pw_mmu_refer does with each of them in order.
 * mmu->batch is not NULL.
 */
void pw_mmu_batch_refer(struct pw_mmu *mmu, uint32_t asid,
			const struct pw_operation *operations, size_t count);

#endif
