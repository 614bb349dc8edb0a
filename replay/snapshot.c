/*
 * snapshot.c - the simulated memory as /proc shows that of a real process.
 *
 * Source: Linux 6.18 fs/proc/task_mmu.c show_map_vma, show_smap_vma_flags,
 *         task_mem; mm/mmap.c vm_stat_account.
 */
#include "replay/snapshot.h"

#include <sys/sysmacros.h>

#include "base/assert.h"
#include "base/bits.h"

#define PROT_READ_BIT 1
#define PROT_EXEC_BIT 4

/* Which flags a mapping has, by the names of show_smap_vma_flags. */
static void list_flags(const struct pw_mapping *mapping, char *out)
{
	const bool exec = mapping->prot & PROT_EXEC_BIT;
	const bool write = mapping->prot & PW_PROT_WRITE;
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{mapping->prot & PROT_READ_BIT, "rd"},
		{write, "wr"},
		{exec, "ex"},
		{mapping->shared, "sh"},
		{true, "mr"},
		{true, "mw"},
		{true, "me"},
		{mapping->shared, "ms"},
		{mapping->grows_down, "gd"},
		{mapping->lock != PW_LOCK_NONE, "lo"},
		{mapping->at_fork == PW_AT_FORK_LEAVE, "dc"},
		{write && !mapping->shared, "ac"},
		{mapping->hugetlb_shift > 0, "ht"},
		{mapping->at_fork == PW_AT_FORK_WIPE, "wf"},
		{mapping->huge == PW_HUGE_WANTED, "hg"},
		{mapping->huge == PW_HUGE_REFUSED, "nh"},
	};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < PW_COUNT(flags); i++) {
		if (!flags[i].set)
			continue;
		PW_ASSERT(used + 4 <= PW_VMA_FLAGS_BYTES);
		used += (size_t)snprintf(out + used, PW_VMA_FLAGS_BYTES - used,
					 "%s%s", used ? " " : "",
					 flags[i].name);
	}
}

static void describe(const struct pw_system *system,
		     const struct pw_space *space,
		     const struct pw_mapping *mapping, struct pw_vma *vma)
{
	uint64_t prot = mapping->prot;
	const char perms[] = {prot & PROT_READ_BIT ? 'r' : '-',
			      prot & PW_PROT_WRITE ? 'w' : '-',
			      prot & PROT_EXEC_BIT ? 'x' : '-',
			      mapping->shared ? 's' : 'p', '\0'};

	memcpy(vma->perms, perms, sizeof(vma->perms));
	vma->offset = mapping->anonymous ? 0 : mapping->file_bias + vma->start;
	vma->name = "";
	vma->hugetlb = mapping->hugetlb_shift > 0;
	vma->page_bytes = vma->hugetlb ? (uint64_t)1 << mapping->hugetlb_shift
				       : pw_space_page_bytes(space);
	vma->shmem = mapping->object != PW_NO_OBJECT &&
		     pw_object_at(&system->objects, mapping->object)->kind ==
			     PW_OBJECT_SHMEM;
	vma->thp_eligible = mapping->huge == PW_HUGE_WANTED;
	list_flags(mapping, vma->flags);
}

bool pw_vma_next(const struct pw_system *system, const struct pw_space *space,
		 uint64_t *cursor, struct pw_vma *vma)
{
	unsigned shift = space->page_shift;
	struct pw_range extent;
	const struct pw_mapping *mapping =
		pw_space_next(space, *cursor >> shift, &extent);

	if (!mapping)
		return false;
	memset(vma, 0, sizeof(*vma));
	vma->start = extent.first << shift;
	vma->end = extent.end << shift;
	*cursor = vma->end;
	PW_ASSERT(vma->start < vma->end);
	describe(system, space, mapping, vma);
	pw_usage_add(system, space, extent, &vma->usage);
	return true;
}

void pw_device_text(char text[PW_DEVICE_BYTES], uint64_t device)
{
	snprintf(text, PW_DEVICE_BYTES, "%02x:%02x", major(device),
		 minor(device));
}

void pw_usage_merge(struct pw_usage *sum, const struct pw_usage *more)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)more;

	_Static_assert(sizeof(*sum) % sizeof(*to) == 0,
		       "a usage is made of sums");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/* Shares of a page, of all who map it, are the page. */
void pw_machine_sizes(const struct pw_system *system,
		      struct pw_machine_sizes *sizes)
{
	struct pw_usage all = {0};

	for (size_t i = 0; i < system->spaces.count; i++) {
		const struct pw_space *space =
			PW_ARRAY_AT(&system->spaces, struct pw_space *, i);

		if (space)
			pw_usage_add(system, space,
				     (struct pw_range){0, space->page_end},
				     &all);
	}
	*sizes = (struct pw_machine_sizes){
		.anon = all.pss_anon >> PW_PSS_SHIFT,
		.mapped = (all.pss_file + all.pss_shmem) >> PW_PSS_SHIFT,
		.shmem = all.pss_shmem >> PW_PSS_SHIFT,
		.tables = system->counters.pagetable_bytes,
		.locked = all.locked >> PW_PSS_SHIFT,
		.hugetlb = all.private_hugetlb + all.shared_hugetlb,
	};
}

/*
 * Memory of the page tables of @space below the root: a table is there for
 * every stretch of its size in which something is mapped.
 */
static uint64_t count_tables(const struct pw_system *system,
			     const struct pw_space *space)
{
	const struct pw_geometry *geometry = &system->machine->geometry;
	uint64_t seen[PW_LEVELS_MAX];
	uint64_t first = 0, bytes = 0, page;
	struct pw_leaf leaf;

	memset(seen, 0xff, sizeof(seen));
	while (space->table_ops->next(space->table, first, space->page_end,
				      &page, &leaf)) {
		unsigned order = pw_geometry_order(geometry, leaf.height);

		first = leaf.first + ((uint64_t)1 << order);
		for (unsigned h = leaf.height; h < geometry->counted; h++) {
			order += geometry->bits[h];
			if (seen[h] == leaf.first >> order)
				break;
			seen[h] = leaf.first >> order;
			bytes += (uint64_t)PW_PTE_BYTES << geometry->bits[h];
		}
	}
	return bytes;
}

/* Sizes of mappings, and the class of what is no anonymous page. */
static void add_vma(const struct pw_vma *vma, struct pw_process_sizes *sizes)
{
	uint64_t bytes = vma->end - vma->start;
	bool write = vma->perms[1] == 'w';

	PW_ASSERT(vma->usage.rss >= vma->usage.anonymous);
	sizes->vmsize += bytes;
	if (strstr(vma->flags, "lo"))
		sizes->vmlck += bytes;
	if (strstr(vma->flags, "gd"))
		sizes->vmstk += bytes;
	else if (vma->perms[2] == 'x' && !write)
		sizes->vmlib += bytes;
	else if (write && vma->perms[3] == 'p')
		sizes->vmdata += bytes;
	if (vma->shmem)
		sizes->rssshmem += vma->usage.rss - vma->usage.anonymous;
}

void pw_process_sizes(const struct pw_system *system,
		      const struct pw_space *space,
		      struct pw_process_sizes *sizes)
{
	struct pw_usage all = {0};
	uint64_t cursor = 0;
	struct pw_vma vma;

	memset(sizes, 0, sizeof(*sizes));
	while (pw_vma_next(system, space, &cursor, &vma))
		add_vma(&vma, sizes);
	/* Not all pages need be in mappings. */
	pw_usage_add(system, space, (struct pw_range){0, space->page_end},
		     &all);
	sizes->vmrss = all.rss;
	sizes->rssanon = all.anonymous;
	sizes->rssfile = all.rss - all.anonymous - sizes->rssshmem;
	sizes->vmpte = count_tables(system, space);
	sizes->vmswap = all.swap;
	sizes->hugetlb = all.shared_hugetlb + all.private_hugetlb;
	sizes->vmpeak = sizes->vmsize;
	sizes->vmhwm = sizes->vmrss;
}
