/*
 * page_size_madvise.c - large pages for private anonymous memory that asks for
 * them with MADV_HUGEPAGE, wherever they fit, at the first fault, and what
 * MAP_HUGETLB asks for.
 *
 * Source: Linux mm/huge_memory.c do_huge_pmd_anonymous_page, "madvise"; larger
 *         pages by the same rule.
 */
#include "replay/memory/page_size.h"

static unsigned wanted_shift(const struct pw_page_size_fault *fault)
{
	const struct pw_mapping *mapping = fault->mapping;

	if (mapping->hugetlb_shift)
		return pw_page_size_asked(fault);
	if (!mapping->anonymous || mapping->shared || fault->copies ||
	    !pw_vma_has(mapping, PW_VM_HUGEPAGE))
		return 0;
	return PW_PAGE_SIZE_ANY;
}

const struct pw_page_size_ops pw_page_size_madvise = {
	.name = "madvise",
	.summary = "large pages where MADV_HUGEPAGE asks for them",
	.source = "Linux mm/huge_memory.c, transparent huge pages \"madvise\"",
	.wanted_shift = wanted_shift,
};
