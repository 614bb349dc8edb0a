/*
 * vma.h - what Linux knows of a mapping, a VMA: its flags, what it maps, and
 * whose pages of their own it has.
 */
#ifndef PW_REPLAY_VMA_H
#define PW_REPLAY_VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

#define PW_PROT_MASK 7
#define PW_PROT_WRITE 2
#define PW_PROT_EXEC 4

/*
 * The kernel's vm_flags; the lowest three are PROT_READ, WRITE, EXEC.
 * Source: Linux 6.18 include/linux/mm.h.
 */
#define PW_VM_READ UINT64_C(0x1)
#define PW_VM_WRITE UINT64_C(0x2)
#define PW_VM_EXEC UINT64_C(0x4)
#define PW_VM_SHARED UINT64_C(0x8)
#define PW_VM_MAYREAD UINT64_C(0x10)
#define PW_VM_MAYWRITE UINT64_C(0x20)
#define PW_VM_MAYEXEC UINT64_C(0x40)
#define PW_VM_MAYSHARE UINT64_C(0x80)
#define PW_VM_GROWSDOWN UINT64_C(0x100)
#define PW_VM_PFNMAP UINT64_C(0x400)
#define PW_VM_MAYBE_GUARD UINT64_C(0x800)
#define PW_VM_LOCKED UINT64_C(0x2000)
#define PW_VM_IO UINT64_C(0x4000)
#define PW_VM_SEQ_READ UINT64_C(0x8000)
#define PW_VM_RAND_READ UINT64_C(0x10000)
#define PW_VM_DONTCOPY UINT64_C(0x20000)
#define PW_VM_DONTEXPAND UINT64_C(0x40000)
#define PW_VM_LOCKONFAULT UINT64_C(0x80000)
#define PW_VM_ACCOUNT UINT64_C(0x100000)
#define PW_VM_NORESERVE UINT64_C(0x200000)
#define PW_VM_HUGETLB UINT64_C(0x400000)
#define PW_VM_SYNC UINT64_C(0x800000)
#define PW_VM_WIPEONFORK UINT64_C(0x2000000)
#define PW_VM_DONTDUMP UINT64_C(0x4000000)
#define PW_VM_MIXEDMAP UINT64_C(0x10000000)
#define PW_VM_HUGEPAGE UINT64_C(0x20000000)
#define PW_VM_NOHUGEPAGE UINT64_C(0x40000000)
#define PW_VM_MERGEABLE UINT64_C(0x80000000)
#define PW_VM_SHADOW_STACK (UINT64_C(1) << 37)
#define PW_VM_DROPPABLE (UINT64_C(1) << 40)
#define PW_VM_SEALED (UINT64_C(1) << 42)

#define PW_VM_ACCESS (PW_VM_READ | PW_VM_WRITE | PW_VM_EXEC)
#define PW_VM_MAY (PW_VM_MAYREAD | PW_VM_MAYWRITE | PW_VM_MAYEXEC)
#define PW_VM_LOCKED_MASK (PW_VM_LOCKED | PW_VM_LOCKONFAULT)
/* What a mapping gets from those that it becomes one with. */
#define PW_VM_STICKY PW_VM_MAYBE_GUARD
/* What is not ordinary memory: not merged, not locked. */
#define PW_VM_SPECIAL \
	(PW_VM_IO | PW_VM_DONTEXPAND | PW_VM_PFNMAP | PW_VM_MIXEDMAP)

/* A mapping. Its parts, once cut, share a description. */
struct pw_mapping {
	uint64_t flags;	   /* PW_VM_* */
	uint32_t backing;  /* what /proc/PID/maps names (backing.h), or 0 */
	uint32_t object;   /* what it maps: see object.h */
	uint32_t label;	   /* by PR_SET_VMA_ANON_NAME (backing.h), or 0 */
	uint32_t policy;   /* of memory, by mbind (backing.h), or 0 */
	uint32_t anon_vma; /* private, and had a page of its own: a number that
			      those share that were one mapping; or 0 */
	bool forked;	   /* its anon_vma is linked to that of a parent */
	bool anonymous;
	bool shared;
	bool attached;		/* by shmat: not merged away */
	unsigned hugetlb_shift; /* of the pages MAP_HUGETLB asks for, or 0 */
	uint64_t file_bias;	/* offset minus address, modulo 2^64; that of
				   private anonymous memory is 0 until it moves */
};

/*
 * Whether all of @wanted are among the flags of @mapping.
 */
static inline bool pw_vma_has(const struct pw_mapping *mapping, uint64_t wanted)
{
	return (mapping->flags & wanted) == wanted;
}

/*
 * Whether mlock wants the pages of @mapping to come at once.
 */
static inline bool pw_vma_is_locked_now(const struct pw_mapping *mapping)
{
	return (mapping->flags & PW_VM_LOCKED_MASK) == PW_VM_LOCKED;
}

/*
 * Whether a mapping with these flags is charged, as far as it is not already.
 *
 * Source: Linux mm/vma.c accountable_mapping.
 */
static inline bool pw_vma_is_accountable(uint64_t flags)
{
	return (flags & (PW_VM_NORESERVE | PW_VM_SHARED | PW_VM_HUGETLB |
			 PW_VM_WRITE)) == PW_VM_WRITE;
}

/*
 * Whether @middle, which is as it shall be, becomes one with @beside, which
 * touches it: flags, file, offset, name, policy and pages of their own agree.
 * @middle may be a mapping that is only now made.
 *
 * Source: Linux 6.18 mm/vma.c is_mergeable_vma, is_mergeable_anon_vma.
 */
bool pw_vma_can_join(const struct pw_mapping *beside,
		     const struct pw_mapping *middle);

/*
 * Whether @left and @right, both of which can join what lies between them, can
 * be one mapping together.
 *
 * Source: Linux 6.18 mm/vma.c are_anon_vmas_compatible.
 */
bool pw_vma_can_meet(const struct pw_mapping *left,
		     const struct pw_mapping *right);

/*
 * Whether a mapping without pages of its own would share the anon_vma of
 * @beside, which touches it.
 *
 * Source: Linux 6.18 mm/vma.c anon_vma_compatible, reusable_anon_vma.
 */
bool pw_vma_can_share(const struct pw_mapping *beside,
		      const struct pw_mapping *mapping);

#define PW_VMA_TEXT_BYTES 128

/*
 * The flags as the line VmFlags of smaps has them, two letters each.
 *
 * Source: Linux 6.18 fs/proc/task_mmu.c show_smap_vma_flags; without
 *         CONFIG_MEM_SOFT_DIRTY.
 */
void pw_vma_flags_text(uint64_t flags, char text[PW_VMA_TEXT_BYTES]);

#endif
