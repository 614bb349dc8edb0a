/*
 * random_machine.c - sizes of TLBs and page-walk caches by chance.
 */
#include "tests/oracle/random_machine.h"

#include "base/assert.h"
#include "base/bits.h"

static uint64_t below(struct pw_random *random, uint64_t bound)
{
	return pw_random_below(random, bound);
}

bool pw_random_policy(const char *model, enum pw_oracle_policy *policy)
{
	static const struct {
		const char *model;
		enum pw_oracle_policy policy;
	} rows[] = {
		{"set-assoc", PW_ORACLE_LRU},
		{"fifo", PW_ORACLE_FIFO},
		{"random", PW_ORACLE_RANDOM},
		{"tree-plru", PW_ORACLE_TREE_PLRU},
		{"bit-plru", PW_ORACLE_BIT_PLRU},
	};

	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		if (strcmp(rows[i].model, model) == 0) {
			*policy = rows[i].policy;
			return true;
		}
	}
	return false;
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

struct pw_oracle_geometry pw_random_tlb(struct pw_random *random,
					uint64_t largest,
					struct pw_tlb_choice *choice)
{
	struct pw_oracle_geometry geometry = pick_geometry(random, largest);
	const struct pw_tlb_ops *ops = pw_tlb_find("set-assoc");
	uint64_t models = 0;

	while (pw_tlb_at(models))
		models++;
	if (below(random, 3))
		ops = pw_tlb_at(below(random, models));
	PW_ASSERT(pw_random_policy(ops->name, &geometry.policy));
	geometry.folded = pw_is_pow2(geometry.entries / geometry.ways) &&
			  below(random, 3) == 0;
	geometry.seed = below(random, 3);
	choose(random, choice, ops, &geometry);
	return geometry;
}

void pw_random_machine(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_machine *twin)
{
	const struct pw_oracle_geometry none = {.entries = 0};
	const struct pw_tlb_ops *lru = pw_tlb_find("set-assoc");
	const struct pw_page_table_config config = {.levels = 4};

	*twin = (struct pw_oracle_machine){0};
	twin->pd = below(random, 3) ? pick_geometry(random, 6) : none;
	twin->pdpt = below(random, 3) ? pick_geometry(random, 4) : none;
	twin->pml4 = below(random, 3) ? pick_geometry(random, 3) : none;
	twin->fault_around_pages = 16;
	if (below(random, 2))
		twin->fault_around_pages = (uint64_t)1 << below(random, 10);
	*machine = (struct pw_machine){.name = "random",
				       .summary = "random",
				       .source = "",
				       .page_table_levels = 4};
	machine->page_table = pw_page_table_find("radix-x86-64");
	machine->geometry = machine->page_table->geometry(&config);
	machine->fault_around_pages = twin->fault_around_pages;
	machine->cost.clock_hz = 1000000000;
	machine->cost.base_cpi = 1.0;
	twin->itlb = pw_random_tlb(random, 16, &machine->l1i);
	twin->dtlb = pw_random_tlb(random, 16, &machine->l1d);
	if (below(random, 4))
		twin->stlb = pw_random_tlb(random, 24, &machine->stlb);
	choose(random, &machine->pwc[0], lru, &twin->pd);
	choose(random, &machine->pwc[1], lru, &twin->pdpt);
	choose(random, &machine->pwc[2], lru, &twin->pml4);
}
