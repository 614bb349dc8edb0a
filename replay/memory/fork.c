/*
 * fork.c - a process gets a copy of another one's address space.
 */
#include "replay/memory/fork.h"

#include "base/assert.h"
#include "formats/lineage.h"
#include "replay/memory/guard.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/pages.h"

struct fork {
	struct pw_system *system;
	struct pw_space *parent;
	struct pw_space *child; /* or NULL */
	uint64_t changed;	/* entries of the parent made read-only */
};

/* Let the child have what @leaf of the parent maps; its entry is an old one,
 * and in a shared mapping a clean one. */
static enum pw_status share(struct fork *fork, struct pw_leaf leaf, bool shared,
			    struct pw_error *err)
{
	uint32_t frame = pw_pte_frame(leaf.pte);

	if (frame)
		pw_frame_at(&fork->system->memory, frame)->flags &=
			(uint16_t)~PW_FRAME_EXCLUSIVE;
	leaf.pte &= ~(uint64_t)PW_PTE_PRESENT;
	if (shared)
		leaf.pte &= ~(uint64_t)(PW_PTE_WRITABLE | PW_PTE_DIRTY);
	return pw_pages_set(fork->system, fork->child, &leaf, err);
}

/* Let both have the present pages of @range, none of them writable unless it is
 * of a shared mapping. */
static enum pw_status copy_pages(struct fork *fork, struct pw_range range,
				 bool shared, struct pw_error *err)
{
	const struct pw_page_table_ops *ops = fork->parent->table_ops;
	struct pw_leaf leaf;
	uint64_t page;
	enum pw_status st = PW_OK;

	while (st == PW_OK && ops->next(fork->parent->table, range.first,
					range.end, &page, &leaf)) {
		PW_ASSERT(page == leaf.first);
		if ((leaf.pte & PW_PTE_MAY_WRITE) && !shared) {
			leaf.pte &=
				~(uint64_t)(PW_PTE_WRITABLE | PW_PTE_MAY_WRITE);
			fork->changed++;
			st = pw_pages_set(fork->system, fork->parent, &leaf,
					  err);
		}
		if (st == PW_OK && fork->child) {
			fork->system->counters.fork_pages++;
			st = share(fork, leaf, shared, err);
		}
		range.first = pw_pages_end(fork->system, &leaf);
		PW_ASSERT(range.first <= range.end);
	}
	return st;
}

/* Linux mm/memory.c vma_needs_copy: what no fault could bring back. */
static bool needs_copy(const struct pw_mapping *copy)
{
	return copy->anon_vma || (pw_vma_has(copy, PW_VM_MAYBE_GUARD) &&
				  !pw_vma_has(copy, PW_VM_WIPEONFORK));
}

static enum pw_status copy_mapping(struct fork *fork,
				   const struct pw_mapping *mapping,
				   struct pw_range range, struct pw_error *err)
{
	struct pw_mapping copy = *mapping;
	enum pw_status st = PW_OK;

	PW_ASSERT(!mapping->shared || !mapping->anon_vma);
	if (pw_vma_has(mapping, PW_VM_DONTCOPY))
		return PW_OK;
	copy.flags &= ~PW_VM_LOCKED_MASK;
	if (pw_vma_has(mapping, PW_VM_WIPEONFORK))
		copy.anon_vma = 0;
	copy.forked = copy.anon_vma != 0;
	if (fork->child && copy.anon_vma)
		copy.anon_vma = ++fork->child->anon_vmas;
	if (fork->child)
		st = pw_space_map(fork->child, range, &copy, err);
	if (st != PW_OK || !needs_copy(&copy))
		return st;
	if (fork->child)
		st = pw_guard_copy(fork->child, fork->parent, range, err);
	if (st == PW_OK && fork->child)
		st = pw_kept_tables_copy(fork->system, fork->child,
					 fork->parent, range, err);
	return st == PW_OK ? copy_pages(fork, range, mapping->shared, err) : st;
}

/* Mappings, and the pages between them, which are taken as private memory. */
static enum pw_status copy_all(struct fork *fork, struct pw_error *err)
{
	uint64_t at = 0;
	const struct pw_mapping *mapping;
	struct pw_range extent;
	enum pw_status st = PW_OK;

	while (st == PW_OK &&
	       (mapping = pw_space_next(fork->parent, at, &extent))) {
		PW_ASSERT(extent.first >= at);
		st = copy_pages(fork, (struct pw_range){at, extent.first},
				false, err);
		if (st == PW_OK)
			st = copy_mapping(fork, mapping, extent, err);
		at = extent.end;
	}
	if (st == PW_OK)
		st = copy_pages(fork,
				(struct pw_range){at, fork->parent->page_end},
				false, err);
	return st;
}

enum pw_status pw_fork(struct pw_system *system, uint32_t child,
		       struct pw_error *err)
{
	struct fork fork = {.system = system, .parent = system->current};
	enum pw_status st = PW_OK;

	PW_ASSERT(fork.parent && fork.parent->number != child);
	if (child != PW_NO_SPACE)
		st = pw_system_space(system, child, &fork.child, err);
	if (st == PW_OK && fork.child) {
		pw_space_inherit(fork.child, fork.parent);
	}
	if (st == PW_OK)
		st = copy_all(&fork, err);
	if (st != PW_OK)
		return st;
	system->counters.tlb_invalidations += fork.changed;
	pw_system_invalidate(system, fork.parent, 0, fork.parent->page_end);
	pw_system_note_peaks(system);
	return PW_OK;
}
