/*
 * page_size_hugetlb.c - large pages for what is mapped with MAP_HUGETLB only,
 * of the size that the flags say.
 *
 * Source: Linux mm/hugetlb.c hugetlb_fault, hugetlb_wp.
 */
#include "replay/memory/page_size.h"

static unsigned wanted_shift(const struct pw_page_size_fault *fault)
{
	return pw_page_size_asked(fault);
}

const struct pw_page_size_ops pw_page_size_hugetlb = {
	.name = "hugetlb",
	.summary = "large pages only where MAP_HUGETLB asks for them",
	.source = "Linux mm/hugetlb.c",
	.wanted_shift = wanted_shift,
};
