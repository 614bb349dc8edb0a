/*
 * tlb_key.h - what TLBs and page-walk caches call a translation.
 *
 * A key is a word: from its low end the page number in units of the page's own
 * size, then the size's class, then the address-space identifier. Keys of one
 * space and class are in the order of their pages, so that a range of pages is
 * a range of keys. The highest bit is 0, and no key is UINT64_MAX / 2.
 */
#ifndef PW_REPLAY_TLB_KEY_H
#define PW_REPLAY_TLB_KEY_H

#include <stdint.h>

/*
 * Addresses have 57 bits: bits above are a sign or a tag, and no part of what
 * is translated.
 * Source: Intel SDM vol. 3A, 4.5 (5-level paging); Arm ARM D8.8 (TBI).
 */
#define PW_ADDRESS_BITS 57

#define PW_KEY_PAGE_BITS 45 /* of a 4 KiB page */
#define PW_KEY_CLASS_BITS 3
#define PW_KEY_ASID_BITS 15

#define PW_KEY_PAGE (((uint64_t)1 << PW_KEY_PAGE_BITS) - 1)
#define PW_KEY_CLASS_SHIFT PW_KEY_PAGE_BITS
#define PW_KEY_ASID_SHIFT (PW_KEY_PAGE_BITS + PW_KEY_CLASS_BITS)

/*
 * A class is the height of the entry that maps the page, 0..3, or says that one
 * TLB entry stands for a group of such pages (coalesced neighbours or a
 * contiguous run).
 */
#define PW_CLASS_GROUP 4      /* coalesced base pages */
#define PW_CLASS_CONTIGUOUS 5 /* and 6: of leaves at heights 0 and 1 */
#define PW_CLASSES 8

/* No page, but an entry at height 1 that points to a table. */
#define PW_CLASS_TABLE 7

/* Identifiers are 0..PW_ASIDS-1; the one above is never given out. */
#define PW_ASIDS (((uint32_t)1 << PW_KEY_ASID_BITS) - 1)

/*
 * The key of page number @page of class @class in the space @asid.
 */
static inline uint64_t pw_tlb_key(uint32_t asid, unsigned class, uint64_t page)
{
	return page | (uint64_t) class << PW_KEY_CLASS_SHIFT |
	       (uint64_t)asid << PW_KEY_ASID_SHIFT;
}

/*
 * 4 KiB pages from here on are the kernel's half of the addresses, the same in
 * all spaces: TLBs hold them as of the identifier PW_ASIDS.
 */
#define PW_GLOBAL_PAGE ((uint64_t)1 << (PW_KEY_PAGE_BITS - 1))

#endif
