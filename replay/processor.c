/*
 * processor.c - the processor of a machine: its cores, and who runs on them.
 */
#include "replay/processor.h"

#include "base/assert.h"
#include "formats/lineage.h"

#define ASID 0 /* one for all: a switch of spaces flushes */

enum pw_status pw_processor_make(struct pw_processor *processor,
				 const struct pw_machine *machine,
				 struct pw_counters *counters,
				 struct pw_arena *arena, struct pw_error *err)
{
	memset(processor, 0, sizeof(*processor));
	processor->machine = machine;
	processor->space = PW_NO_SPACE;
	if (machine->nested.page_table)
		pw_guest_make(&processor->guest, &machine->geometry, counters);
	return pw_mmu_make(&processor->mmu, machine,
			   machine->nested.page_table ? &processor->guest
						      : NULL,
			   counters, arena, err);
}

void pw_processor_free(struct pw_processor *processor)
{
	pw_guest_free(&processor->guest);
}

void pw_processor_run(struct pw_processor *processor, uint32_t space)
{
	PW_ASSERT(space != PW_NO_SPACE);
	if (processor->space != space && processor->space != PW_NO_SPACE)
		pw_mmu_flush(&processor->mmu);
	processor->space = space;
}

void pw_processor_refer(struct pw_processor *processor, enum pw_tlb_side side,
			uint64_t page, const struct pw_leaf *leaf)
{
	const struct pw_reference reference = {page, *leaf, ASID,
					       processor->space};

	PW_DEBUG_ASSERT(processor->space != PW_NO_SPACE);
	pw_mmu_refer(&processor->mmu, side, &reference);
}

void pw_processor_invalidate(struct pw_processor *processor, uint32_t space,
			     uint64_t first, uint64_t count)
{
	PW_ASSERT(space != PW_NO_SPACE);
	if (space == processor->space)
		pw_mmu_invalidate(&processor->mmu, ASID, first, count);
}

void pw_processor_forget(struct pw_processor *processor, uint32_t space)
{
	PW_ASSERT(space != PW_NO_SPACE);
	if (space == processor->space)
		pw_mmu_flush(&processor->mmu);
}

void pw_processor_end(struct pw_processor *processor, uint32_t space)
{
	pw_processor_forget(processor, space);
	pw_guest_end(&processor->guest, space);
}
