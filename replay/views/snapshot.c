/*
 * snapshot.c - the simulated memory as /proc shows that of a real process.
 *
 * Source: Linux 6.18 fs/proc/task_mmu.c show_map_vma, show_smap_vma_flags,
 *         task_mem; mm/mmap.c vm_stat_account.
 */
#include "replay/views/snapshot.h"

#include <sys/sysmacros.h>

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/cache_count.h"
#include "replay/memory/kept_tables.h"

/* Shared memory has a policy itself, also for those that did not set it. */
static struct pw_policy policy_of(const struct pw_system *system,
				  const struct pw_space *space,
				  const struct pw_mapping *mapping,
				  uint64_t page)
{
	const struct pw_interval *found;
	const struct pw_object *object;

	if (!mapping->object || mapping->hugetlb_shift)
		return pw_policy_at(&system->backings, mapping->policy);
	object = pw_object_at(&system->objects, mapping->object);
	if (object->kind != PW_OBJECT_SHMEM)
		return pw_policy_at(&system->backings, mapping->policy);
	found = pw_intervals_find(&object->policies,
				  pw_cache_index(space, mapping, page));
	return pw_policy_at(&system->backings,
			    found ? (uint32_t)found->value : 0);
}

static void describe(const struct pw_system *system,
		     const struct pw_space *space,
		     const struct pw_mapping *mapping, struct pw_vma *vma)
{
	uint64_t flags = mapping->flags;
	const char perms[] = {flags & PW_VM_READ ? 'r' : '-',
			      flags & PW_VM_WRITE ? 'w' : '-',
			      flags & PW_VM_EXEC ? 'x' : '-',
			      flags & PW_VM_MAYSHARE ? 's' : 'p', '\0'};
	const struct pw_backing *backing =
		pw_backings_at(&system->backings, mapping->backing);
	const struct pw_range extent = {vma->start >> space->page_shift,
					vma->end >> space->page_shift};

	memcpy(vma->perms, perms, sizeof(vma->perms));
	/* Names in brackets are of no file. */
	if (backing && backing->name[0] == '/') {
		vma->offset = mapping->file_bias + vma->start;
		vma->device = backing->device;
		vma->inode = backing->inode;
	}
	vma->name = pw_space_name(space, mapping, extent);
	vma->hugetlb = mapping->hugetlb_shift > 0;
	vma->page_bytes = vma->hugetlb ? (uint64_t)1 << mapping->hugetlb_shift
				       : pw_space_page_bytes(space);
	vma->shmem = mapping->object != PW_NO_OBJECT &&
		     pw_object_at(&system->objects, mapping->object)->kind ==
			     PW_OBJECT_SHMEM;
	vma->thp_eligible = pw_vma_has(mapping, PW_VM_HUGEPAGE);
	vma->locked = pw_vma_has(mapping, PW_VM_LOCKED);
	vma->policy = policy_of(system, space, mapping, extent.first);
	pw_vma_flags_text(flags, vma->flags);
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

/* What x86-64 with four levels can address. */
#define ENDLESS_BYTES (UINT64_C(1) << 46)

/* What is in the page cache, mapped or not. */
static void add_cache(const struct pw_system *system,
		      struct pw_machine_sizes *sizes)
{
	unsigned shift = system->machine->geometry.page_shift;

	for (size_t i = 0; i < system->objects.list.count; i++) {
		const struct pw_object *object =
			pw_object_at(&system->objects, (uint32_t)i + 1);
		struct pw_cache_count pages = pw_cache_count(system, object);

		if (object->kind == PW_OBJECT_SHMEM)
			sizes->shmem += pages.resident << shift;
		else
			sizes->file += pages.resident << shift;
	}
}

/* Shares of a page, of all who map it, are the page. */
void pw_machine_sizes(const struct pw_system *system,
		      struct pw_machine_sizes *sizes)
{
	unsigned shift = system->machine->geometry.page_shift;
	struct pw_usage all = {0};
	uint64_t used = (system->memory.used + system->memory.unplaced)
			<< shift;

	for (size_t i = 0; i < system->spaces.count; i++) {
		const struct pw_space *space =
			PW_ARRAY_AT(&system->spaces, struct pw_space *, i);

		if (space)
			pw_usage_add(system, space,
				     (struct pw_range){0, space->page_end},
				     &all);
	}
	*sizes = (struct pw_machine_sizes){
		.total = system->memory.limit ? system->memory.limit << shift
					      : ENDLESS_BYTES,
		.anon = all.pss_anon >> PW_PSS_SHIFT,
		.mapped = (all.pss_file + all.pss_shmem) >> PW_PSS_SHIFT,
		.dirty = system->objects.dirty_pages << shift,
		.freed = system->memory.freed << shift,
		.page_order = system->shift,
		.tables = system->table_frames << shift,
		.locked = all.locked >> PW_PSS_SHIFT,
		.anon_huge = all.anon_huge,
		.hugetlb = all.private_hugetlb + all.shared_hugetlb,
		.committed = system->counters.committed_bytes,
		.commit_limit = system->machine->commit_limit_bytes,
	};
	add_cache(system, sizes);
	pw_huge_pool_sizes(system, &sizes->huge);
	/* Half of the memory, as vm.overcommit_ratio is 50 by default. */
	if (sizes->commit_limit > sizes->total)
		sizes->commit_limit = sizes->total / 2;
	/* That of a hashed page table is no part of the memory. */
	if (system->machine->geometry.levels == 1)
		sizes->tables = system->counters.pagetable_bytes;
	sizes->free =
		sizes->total - (used < sizes->total ? used : sizes->total);
}

/* Source: Linux 6.18 fs/proc/task_mmu.c task_mem. */
static void add_use(const struct pw_space *space,
		    struct pw_process_sizes *sizes)
{
	const struct pw_space_use *use = &space->use;
	unsigned shift = space->page_shift;
	uint64_t code = space->code_end - space->code_first;

	if (code > use->exec)
		code = use->exec;
	PW_ASSERT(use->peak_total >= use->total);
	sizes->vmpeak = use->peak_total << shift;
	sizes->vmsize = use->total << shift;
	sizes->vmlck = use->locked << shift;
	sizes->vmdata = use->data << shift;
	sizes->vmstk = use->stack << shift;
	sizes->vmexe = code << shift;
	sizes->vmlib = (use->exec - code) << shift;
}

void pw_process_sizes(const struct pw_system *system,
		      const struct pw_space *space,
		      struct pw_process_sizes *sizes)
{
	struct pw_usage all = {0};
	uint64_t cursor = 0;
	struct pw_vma vma;

	memset(sizes, 0, sizeof(*sizes));
	add_use(space, sizes);
	while (pw_vma_next(system, space, &cursor, &vma))
		if (vma.shmem)
			sizes->rssshmem += vma.usage.rss - vma.usage.anonymous;
	/* Not all pages need be in mappings. */
	pw_usage_add(system, space, (struct pw_range){0, space->page_end},
		     &all);
	sizes->vmrss = all.rss;
	sizes->rssanon = all.anonymous;
	sizes->rssfile = all.rss - all.anonymous - sizes->rssshmem;
	sizes->vmpte = pw_kept_tables_bytes(system, space);
	sizes->vmswap = all.swap;
	sizes->hugetlb = all.shared_hugetlb + all.private_hugetlb;
	sizes->vmhwm = space->rss_peak << space->page_shift;
}
