/*
 * page_size_hugetlb.c - large pages for what is mapped with MAP_HUGETLB, of
 * the size that the flags say. A copy after a fork is of a whole page.
 *
 * Source: Linux mm/hugetlb.c hugetlb_fault, hugetlb_wp.
 */
#include "replay/page_size.h"

static unsigned wanted_shift(const struct pw_page_size_fault *fault)
{
	return fault->mapping->anonymous ? fault->mapping->hugetlb_shift : 0;
}

const struct pw_page_size_ops pw_page_size_hugetlb = {
	.name = "hugetlb",
	.summary = "large pages where MAP_HUGETLB asks for them",
	.source = "Linux mm/hugetlb.c",
	.wanted_shift = wanted_shift,
};
