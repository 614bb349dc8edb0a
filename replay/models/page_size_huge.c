/*
 * page_size_huge.c - large pages for private anonymous memory, wherever they
 * fit, at the first fault, and what MAP_HUGETLB asks for. What would be if all
 * of it were huge: memory for them is always there.
 *
 * Source: Linux mm/huge_memory.c do_huge_pmd_anonymous_page, "always"; larger
 *         pages by the same rule.
 */
#include "replay/memory/page_size.h"

static unsigned wanted_shift(const struct pw_page_size_fault *fault)
{
	const struct pw_mapping *mapping = fault->mapping;

	if (mapping->hugetlb_shift)
		return pw_page_size_asked(fault);
	if (!mapping->anonymous || mapping->shared || fault->copies ||
	    pw_vma_has(mapping, PW_VM_NOHUGEPAGE))
		return 0;
	return PW_PAGE_SIZE_ANY;
}

const struct pw_page_size_ops pw_page_size_huge = {
	.name = "huge",
	.summary = "large pages for private anonymous memory where they fit",
	.source = "Linux mm/huge_memory.c, transparent huge pages \"always\"",
	.wanted_shift = wanted_shift,
};
