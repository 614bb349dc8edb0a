/*
 * tlb_arrays.c - the TLBs of tlb_arrays.def by number and name.
 */
#include "replay/mmu/tlb_arrays.h"

#include "base/assert.h"

static const struct pw_tlb_array_info infos[PW_TLB_ARRAYS] = {
#define PW_TLB_ARRAY(array, need, of, at) \
	{.name = #array, .base = PW_TLB_ARRAY_##of, .height = (at)},
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
};

const struct pw_tlb_array_info *pw_tlb_array_info(size_t id)
{
	PW_ASSERT(id < PW_TLB_ARRAYS);
	return &infos[id];
}
