/*
 * random_machine.c - sizes of TLBs and page-walk caches, page tables and pages
 * by chance.
 */
#include "tests/oracle/random_machine.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/page_size.h"
#include "replay/mmu/guest.h"
#include "replay/mmu/walker.h"
#include "tests/oracle/random_walk.h"

static uint64_t below(struct pw_random *random, uint64_t bound)
{
	return pw_random_below(random, bound);
}

static struct pw_oracle_geometry pick_geometry(struct pw_random *random,
					       uint64_t largest)
{
	struct pw_oracle_geometry geometry = {.policy = PW_ORACLE_LRU};
	uint64_t sets = 1 + below(random, largest);

	if (below(random, 2))
		sets = (uint64_t)1 << below(random, 5);
	if (below(random, 5) == 0)
		sets = 1;
	geometry.ways = 1 + below(random, below(random, 3) ? 4 : largest);
	if (below(random, 6) == 0) {
		sets = 1 + below(random, 3);
		geometry.ways = 1 + below(random, 150);
	}
	geometry.entries = sets * geometry.ways;
	return geometry;
}

static void choose(struct pw_random *random, struct pw_tlb_choice *choice,
		   const struct pw_tlb_ops *ops,
		   const struct pw_oracle_geometry *geometry)
{
	struct pw_error err;

	*choice = (struct pw_tlb_choice){0};
	if (geometry->entries == 0)
		return;
	PW_ASSERT(ops);
	choice->ops = ops;
	choice->config = (struct pw_tlb_config){
		.entries = geometry->entries,
		.ways = geometry->ways,
		.index = geometry->folded ? PW_TLB_XOR : PW_TLB_MODULO,
		.seed = geometry->seed,
	};
	if (geometry->ways == geometry->entries && below(random, 2))
		choice->config.ways = 0;
	PW_ASSERT(choice->ops->check(&choice->config, &err) == PW_OK);
}

/* Page tables as the manuals have them, and what a larger base page leaves. */
static const struct {
	const char *model;
	uint64_t levels;
	unsigned page_shift;
	struct pw_oracle_shape shape;
} tables[] = {
	{"radix-x86-64", 4, 0, {12, 4, {9, 9, 9, 9}, 3, false}},
	{"radix-x86-64", 5, 12, {12, 5, {9, 9, 9, 9, 9}, 3, false}},
	{"radix-x86-64", 4, 21, {21, 3, {9, 9, 9}, 2, false}},
	{"radix-x86-64", 5, 30, {30, 3, {9, 9, 9}, 1, false}},
	{"radix-arm64-4k", 3, 0, {12, 3, {9, 9, 9}, 3, false}},
	{"radix-arm64-4k", 5, 0, {12, 5, {9, 9, 9, 9, 4}, 3, false}},
	{"radix-arm64-16k", 3, 14, {14, 3, {11, 11, 11}, 2, false}},
	{"radix-arm64-16k", 4, 0, {14, 4, {11, 11, 11, 1}, 2, false}},
	{"radix-arm64-64k", 2, 0, {16, 2, {13, 13}, 2, false}},
	{"radix-arm64-64k", 3, 0, {16, 3, {13, 13, 6}, 2, false}},
	{"radix-arm64-64k", 3, 29, {29, 2, {13, 6}, 1, false}},
	{"radix-riscv64", 3, 0, {12, 3, {9, 9, 9}, 3, false}},
	{"radix-riscv64", 4, 21, {21, 3, {9, 9, 9}, 3, false}},
	{"radix-riscv64", 5, 0, {12, 5, {9, 9, 9, 9, 9}, 4, false}},
	{"hashed", 1, 0, {12, 1, {45}, 1, true}},
	{"hashed", 1, 12, {12, 1, {45}, 1, true}},
	{"hashed", 1, 16, {16, 1, {41}, 1, true}},
};

static void choose_tables(struct pw_random *random, struct pw_machine *machine,
			  struct pw_oracle_machine *twin)
{
	size_t i = below(random, 3) ? 0 : below(random, PW_COUNT(tables));
	struct pw_page_table_config config = {0};
	struct pw_error err;

	config.levels = tables[i].levels;
	config.page_shift = tables[i].page_shift;
	machine->page_table = pw_page_table_find(tables[i].model);
	PW_ASSERT(machine->page_table->check(&config, &err) == PW_OK);
	machine->page_table_levels = config.levels;
	machine->geometry = machine->page_table->geometry(&config);
	twin->shape = tables[i].shape;
}

static void choose_page_size(struct pw_random *random,
			     struct pw_machine *machine,
			     struct pw_oracle_machine *twin)
{
	static const char *const policy[] = {
		[PW_ORACLE_BASE] = "base",
		[PW_ORACLE_HUGE] = "huge",
		[PW_ORACLE_MADVISE] = "madvise",
		[PW_ORACLE_HUGETLB] = "hugetlb",
	};
	static const unsigned most[] = {12, 20, 21, 24, 25, 29, 30};

	if (below(random, 2))
		twin->page_size = (enum pw_oracle_page_size)below(
			random, PW_COUNT(policy));
	twin->page_size_max = most[below(random, PW_COUNT(most))];
	machine->page_size = pw_page_size_find(policy[twin->page_size]);
	machine->page_size_max_shift = twin->page_size_max;
	PW_ASSERT(machine->page_size);
}

struct pw_oracle_geometry pw_random_tlb(struct pw_random *random,
					uint64_t largest,
					struct pw_tlb_choice *choice)
{
	struct pw_oracle_geometry geometry = pick_geometry(random, largest);
	const struct pw_tlb_ops *ops =
		pw_random_model(random, &geometry.policy);

	geometry.folded = pw_is_pow2(geometry.entries / geometry.ways) &&
			  below(random, 3) == 0;
	geometry.seed = below(random, 3);
	choose(random, choice, ops, &geometry);
	return geometry;
}

/* Whether the second level may have array @id: larger ones have also_4k. */
static bool is_second_of_more(size_t id)
{
	const char *name = pw_tlb_array_info(id)->name;

	return strncmp(name, "stlb", 4) == 0 && pw_tlb_array_info(id)->height;
}

static void pick_array(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_mmu_machine *twin, size_t id)
{
	const struct pw_tlb_array_info *info = pw_tlb_array_info(id);
	struct pw_tlb_choice *choice = &machine->tlb[id];
	struct pw_oracle_array *array = &twin->array[id];

	array->declared = true;
	if (strncmp(info->name, "l1", 2) == 0 || below(random, 6))
		array->geometry = pw_random_tlb(random, 12, choice);
	choice->declared = true;
	if (below(random, 3) == 0)
		choice->group_order = 2 + (unsigned)below(random, 2);
	array->coalesce = 1U << choice->group_order;
	if (below(random, 4) == 0)
		choice->largest = 1 + (unsigned)below(random, 2);
	if (choice->largest == 1 &&
	    (info->height > 0 || id == PW_TLB_ARRAY_l1s ||
	     (id == PW_TLB_ARRAY_l1d && below(random, 2))))
		choice->largest = 2;
	array->largest = (int)choice->largest - 1;
	if (is_second_of_more(id))
		choice->base_too = below(random, 4) == 0;
	array->also = choice->base_too;
	array->runs = machine->contiguous;
}

/* Whether contiguous leaves are one entry, where tables can say so. */
static void choose_runs(struct pw_random *random, struct pw_machine *machine,
			struct pw_oracle_mmu_machine *twin)
{
	const unsigned *orders = machine->geometry.contiguous;

	machine->contiguous = orders[0] > 0 && below(random, 2);
	for (unsigned h = 0; h < PW_COUNT(twin->run); h++)
		if (machine->contiguous && orders[h] > 0)
			twin->run[h] = twin->pages[h] << orders[h];
}

void pw_random_tlbs(struct pw_random *random, struct pw_machine *machine,
		    struct pw_oracle_mmu_machine *twin)
{
	bool plain = below(random, 3) == 0;

	_Static_assert(PW_ORACLE_ARRAYS == PW_TLB_ARRAYS, "arrays agree");
	*twin = (struct pw_oracle_mmu_machine){0};
	for (unsigned h = 0; h < PW_ORACLE_HEIGHTS; h++)
		twin->pages[h] = (uint64_t)1
				 << pw_geometry_order(&machine->geometry, h);
	for (unsigned h = 0; h < PW_ORACLE_HEIGHTS; h++)
		twin->held[h] = h;
	twin->upper_half = PW_GLOBAL_PAGE >>
			   (machine->geometry.page_shift - PW_PAGE_SHIFT);
	choose_runs(random, machine, twin);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		const struct pw_tlb_array_info *info = pw_tlb_array_info(i);
		bool base = info->height == 0 && i != PW_TLB_ARRAY_l1s &&
			    i != PW_TLB_ARRAY_stlb_i;
		uint64_t one_in = base ? 8 : 3;
		bool absent = base ? i == PW_TLB_ARRAY_stlb &&
					      below(random, one_in) == 0
				   : plain || below(random, one_in) > 0;

		if (i == PW_TLB_ARRAY_l1s && machine->l1d.largest == 1)
			absent = true;

		twin->array[i].largest = -1;
		machine->tlb[i] = (struct pw_tlb_choice){0};
		if (!absent)
			pick_array(random, machine, twin, i);
	}
	twin->prefetch = below(random, 4) == 0;
	machine->prefetch_next = twin->prefetch;
}

/* What machine files refuse is left out. */
static bool may_nest(const struct pw_machine *machine)
{
	const struct pw_geometry *host = &machine->nested.geometry;
	const struct pw_geometry *guest = &machine->geometry;

	if (!pw_random_is_tree(guest))
		return false;
	if (machine->l1s.declared && pw_walker_held_height(machine, 1) == 0 &&
	    machine->page_size != pw_page_size_find("base"))
		return false;
	return host->page_shift +
		       pw_geometry_order(host, machine->nested.height) >=
	       guest->page_shift;
}

/* With a host, TLBs hold no larger pages than it has. */
static void hold_pages(struct pw_oracle_mmu_machine *tlbs,
		       const struct pw_oracle_walk_machine *walks)
{
	uint64_t bytes = (uint64_t)1
			 << (walks->host.page_shift +
			     pw_oracle_order(&walks->host, walks->host_height));

	for (unsigned h = 0; h < PW_COUNT(tlbs->run); h++)
		if (tlbs->run[h] << walks->guest.page_shift > bytes)
			tlbs->run[h] = 0;
	for (unsigned h = 0; h < PW_ORACLE_HEIGHTS; h++)
		while (tlbs->held[h] > 0 &&
		       tlbs->pages[tlbs->held[h]] << walks->guest.page_shift >
			       bytes)
			tlbs->held[h]--;
}

void pw_random_walks(struct pw_random *random, struct pw_machine *machine,
		     struct pw_oracle_mmu_machine *tlbs,
		     struct pw_oracle_walk_machine *walks)
{
	pw_random_walk(random, machine, walks);
	if (machine->nested.page_table && !may_nest(machine)) {
		machine->nested = (struct pw_nested_choice){0};
		walks->nested = false;
	}
	if (walks->nested)
		hold_pages(tlbs, walks);
}

void pw_random_cpus(struct pw_random *random, struct pw_machine *machine,
		    uint64_t count_max, uint64_t asids_max)
{
	uint64_t placements = 0;

	while (pw_placement_at(placements))
		placements++;
	machine->cpu = (struct pw_machine_cpu){
		.placement = pw_placement_at(below(random, placements)),
		.count = 1 + below(random, count_max),
		.smt = 1 + below(random, 3),
		.asids = 1 + below(random, asids_max),
		.flush_ceiling = below(random, 2) ? 0 : 1 + below(random, 20),
	};
}

/* Costs that are sums of whole nanoseconds. */
static void choose_time(struct pw_random *random, struct pw_machine *machine,
			struct pw_oracle_machine *twin)
{
	struct pw_oracle_costs *cost = &twin->cost;
	uint64_t most = below(random, 3) ? 20 : 1;

	*cost = (struct pw_oracle_costs){
		below(random, most), below(random, most), below(random, most),
		below(random, most), below(random, most), below(random, most),
		below(random, most), below(random, most), below(random, most),
	};
	machine->cost = (struct pw_machine_cost){
		.clock_hz = 1000000000,
		.base_cpi = 1.0,
		.minor_fault_ns = cost->minor,
		.zero_page_fault_ns = cost->zero_page,
		.file_fault_ns = cost->file,
		.cow_fault_ns = cost->cow,
		.fork_fault_ns = cost->forked,
		.major_fault_ns = cost->major,
		.call_ns = cost->call,
		.unmap_page_ns = cost->unmapped,
		.fork_page_ns = cost->fork_copy,
	};
}

/* Short times, and few pages: base pages only, so that they suffice. */
static void choose_flusher(struct pw_random *random, struct pw_machine *machine,
			   struct pw_oracle_machine *twin)
{
	twin->dirty_ratio = below(random, 4);
	twin->dirty_background_ratio = below(random, 4);
	if (below(random, 4) == 0)
		twin->dirty_bytes = 1 + below(random, 64 * PW_PAGE_BYTES);
	if (below(random, 4) == 0)
		twin->dirty_background_bytes =
			1 + below(random, 64 * PW_PAGE_BYTES);
	twin->dirty_expire = below(random, 3) ? below(random, 500) : 0;
	twin->dirty_writeback = below(random, 3) ? below(random, 300) : 0;
	if (twin->page_size == PW_ORACLE_BASE && below(random, 2))
		twin->memory_pages = 24000 + below(random, 24000);
	machine->dirty_ratio = twin->dirty_ratio;
	machine->dirty_background_ratio = twin->dirty_background_ratio;
	machine->dirty_bytes = twin->dirty_bytes;
	machine->dirty_background_bytes = twin->dirty_background_bytes;
	machine->dirty_expire_ns = twin->dirty_expire;
	machine->dirty_writeback_ns = twin->dirty_writeback;
	machine->memory_frames = twin->memory_pages;
}

void pw_random_machine(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_machine *twin)
{
	*twin = (struct pw_oracle_machine){0};
	twin->fault_around_pages = 16;
	if (below(random, 2))
		twin->fault_around_pages = (uint64_t)1 << below(random, 10);
	*machine = (struct pw_machine){
		.name = "random", .summary = "random", .source = ""};
	choose_tables(random, machine, twin);
	choose_page_size(random, machine, twin);
	machine->cpu = (struct pw_machine_cpu){
		.placement = pw_placement_find("single"),
		.count = 1,
		.smt = 1,
		.asids = 1,
	};
	machine->fault_around_pages = twin->fault_around_pages;
	twin->no_zero_page = below(random, 4) == 0;
	machine->no_zero_page = twin->no_zero_page;
	twin->overcommit = (int)below(random, 4);
	twin->commit_limit = below(random, 4096) << 12;
	machine->overcommit = (enum pw_overcommit)twin->overcommit;
	machine->commit_limit_bytes = twin->commit_limit;
	twin->cache_recorded = below(random, 2);
	twin->cache_percent = below(random, 2) ? 100 : below(random, 101);
	machine->cache_recorded = twin->cache_recorded;
	machine->cache_percent = twin->cache_percent;
	twin->read_ahead = below(random, 3) ? below(random, 9) << 15 : 16384;
	twin->read_request = below(random, 70) << 12;
	twin->kernel = below(random, 3) ? 618 : 612;
	machine->read_ahead_bytes = twin->read_ahead;
	machine->read_request_bytes = twin->read_request;
	machine->kernel = twin->kernel == 618 ? PW_KERNEL_6_18 : PW_KERNEL_6_12;
	choose_time(random, machine, twin);
	choose_flusher(random, machine, twin);
	pw_random_tlbs(random, machine, &twin->tlb);
	pw_random_walks(random, machine, &twin->tlb, &twin->walk);
}
