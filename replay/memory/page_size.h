/*
 * page_size.h - how large the pages are that faults map, and who decides.
 *
 * To add a policy: write replay/models/page_size_<name>.c with a
 * "const struct pw_page_size_ops pw_page_size_<name>" and one line in
 * models.def.
 */
#ifndef PW_REPLAY_PAGE_SIZE_H
#define PW_REPLAY_PAGE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/memory/space.h"

struct pw_system;

#define PW_PAGE_SIZE_ANY 63 /* as large as the machine allows */

/* A fault that is about to map a page. */
struct pw_page_size_fault {
	uint64_t page;
	const struct pw_mapping *mapping;
	struct pw_range extent; /* of the mapping */
	bool copies;		/* the page was shared since a fork */
};

/*
 * What MAP_HUGETLB asks for, under every policy that has large pages. A copy
 * after a fork is of a whole page.
 *
 * Units:  bytes, as a power of two; 0 for nothing.
 * Source: Linux mm/hugetlb.c hugetlb_fault, hugetlb_wp.
 */
static inline unsigned
pw_page_size_asked(const struct pw_page_size_fault *fault)
{
	return fault->mapping->anonymous ? fault->mapping->hugetlb_shift : 0;
}

struct pw_page_size_ops {
	const char *name;
	const char *summary;
	const char *source;
	/*
	 * The size of the largest page wanted. The fault maps the largest one
	 * that the page table has, that is no larger than this and the
	 * machine's limit, lies in the mapping and has nothing present in it;
	 * a base page if there is none. A page that is copied keeps its size
	 * if that is no larger, else a base page is split off.
	 *
	 * Units: bytes, as a power of two; 0 for base pages.
	 */
	unsigned (*wanted_shift)(const struct pw_page_size_fault *fault);
};

/*
 * The policies of models.def, in order; NULL past the last one.
 */
const struct pw_page_size_ops *pw_page_size_at(size_t index);

/*
 * The policy called @name, or NULL.
 */
const struct pw_page_size_ops *pw_page_size_find(const char *name);

/*
 * The height at which @fault shall map its page in @space. For one that copies,
 * @present is the height at which it is mapped.
 */
unsigned pw_page_size_choose(const struct pw_system *system,
			     const struct pw_space *space,
			     const struct pw_page_size_fault *fault,
			     unsigned present);

#endif
