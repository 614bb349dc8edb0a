/*
 * random_machine.c - sizes of TLBs and page-walk caches by chance.
 */
#include "tests/oracle/random_machine.h"

#include "base/assert.h"
#include "tests/oracle/random_walk.h"

static uint64_t below(struct pw_random *random, uint64_t bound)
{
	return pw_random_below(random, bound);
}

static struct pw_oracle_geometry pick_geometry(struct pw_random *random,
					       uint64_t largest)
{
	struct pw_oracle_geometry geometry;
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
		   struct pw_oracle_geometry geometry)
{
	struct pw_error err;

	*choice = (struct pw_tlb_choice){0};
	if (geometry.entries == 0)
		return;
	choice->ops = pw_tlb_find("set-assoc");
	PW_ASSERT(choice->ops);
	choice->config.entries = geometry.entries;
	choice->config.ways = geometry.ways;
	if (geometry.ways == geometry.entries && below(random, 2))
		choice->config.ways = 0;
	PW_ASSERT(choice->ops->check(&choice->config, &err) == PW_OK);
}

void pw_random_machine(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_machine *twin)
{
	const struct pw_oracle_geometry none = {0, 0};
	const struct pw_page_table_config config = {.levels = 4};

	*twin = (struct pw_oracle_machine){0};
	twin->itlb = pick_geometry(random, 16);
	twin->dtlb = pick_geometry(random, 16);
	twin->stlb = below(random, 4) ? pick_geometry(random, 24) : none;
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
	choose(random, &machine->l1i, twin->itlb);
	choose(random, &machine->l1d, twin->dtlb);
	choose(random, &machine->stlb, twin->stlb);
	pw_random_walk(random, machine, &twin->walk);
}
