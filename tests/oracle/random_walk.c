/*
 * random_walk.c - page-walk caches, line caches and hosts by chance.
 */
#include "tests/oracle/random_walk.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/mmu/guest.h"

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

const struct pw_tlb_ops *pw_random_model(struct pw_random *random,
					 enum pw_oracle_policy *policy)
{
	const struct pw_tlb_ops *ops = pw_tlb_find("set-assoc");
	uint64_t models = 0;

	while (pw_tlb_at(models))
		models++;
	if (below(random, 3))
		ops = pw_tlb_at(below(random, models));
	PW_ASSERT(pw_random_policy(ops->name, policy));
	return ops;
}

void pw_random_small_tlb(struct pw_random *random, uint64_t largest,
			 bool absence, struct pw_tlb_choice *choice,
			 struct pw_oracle_geometry *twin)
{
	struct pw_error err;
	uint64_t sets = 1 + below(random, largest);

	*choice = (struct pw_tlb_choice){0};
	*twin = (struct pw_oracle_geometry){0};
	if (absence && below(random, 3) == 0)
		return;
	if (below(random, 3) == 0)
		sets = 1;
	twin->ways = 1 + below(random, largest);
	twin->entries = sets * twin->ways;
	twin->folded = pw_is_pow2(sets) && below(random, 4) == 0;
	twin->seed = below(random, 3);
	choice->ops = pw_random_model(random, &twin->policy);
	choice->config = (struct pw_tlb_config){
		.entries = twin->entries,
		.ways = twin->ways,
		.index = twin->folded ? PW_TLB_XOR : PW_TLB_MODULO,
		.seed = twin->seed,
	};
	PW_ASSERT(choice->ops->check(&choice->config, &err) == PW_OK);
}

static void choose_caches(struct pw_random *random,
			  struct pw_pwc_choice *choice,
			  struct pw_oracle_pwc *twin)
{
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		pw_random_small_tlb(random, 6, true, &choice->split[i],
				    &twin->split[i + 1]);
	if (below(random, 2))
		pw_random_small_tlb(random, 5, true, &choice->unified,
				    &twin->unified);
	/* Often nothing but the unified one. */
	for (size_t i = 0; i < PW_PWC_MAX && below(random, 3) == 0; i++) {
		choice->split[i] = (struct pw_tlb_choice){0};
		twin->split[i + 1] = (struct pw_oracle_geometry){0};
	}
}

static void choose_lines(struct pw_random *random, struct pw_machine *machine,
			 struct pw_oracle_walk_machine *twin)
{
	struct pw_line_choice *lines = &machine->lines;

	twin->fixed_cycles = below(random, 30);
	machine->cost.walk_reference_cycles = twin->fixed_cycles;
	twin->lines_cached = lines->cached = below(random, 2);
	for (size_t i = 0; i < PW_LINE_CACHES; i++)
		pw_random_small_tlb(random, 4 + 4 * i, true, &lines->cache[i],
				    &twin->line[i]);
	for (size_t i = 0; i <= PW_LINE_CACHES; i++)
		twin->line_cycles[i] = lines->cycles[i] = below(random, 300);
}

bool pw_random_is_tree(const struct pw_geometry *geometry)
{
	for (unsigned h = 0; h < geometry->levels; h++)
		if (pw_guest_table_order(geometry, h) > PW_FRAMES_ORDER_MAX)
			return false;
	return true;
}

/* Tables of any model that a host can have. */
static void pick_host(struct pw_random *random, struct pw_nested_choice *host)
{
	struct pw_page_table_config config;
	struct pw_error err;
	uint64_t models = 0;

	while (pw_page_table_at(models))
		models++;
	do {
		host->page_table = pw_page_table_at(below(random, models));
		config = (struct pw_page_table_config){
			.levels = 1 + below(random, PW_PWC_MAX + 1)};
		if (host->page_table->check(&config, &err) != PW_OK)
			continue;
		host->geometry = host->page_table->geometry(&config);
	} while (host->geometry.levels == 0 ||
		 !pw_random_is_tree(&host->geometry));
}

static void choose_host(struct pw_random *random, struct pw_machine *machine,
			struct pw_oracle_walk_machine *twin)
{
	struct pw_nested_choice *host = &machine->nested;

	twin->nested = true;
	pick_host(random, host);
	if (below(random, 2)) {
		host->geometry.page_shift = 12;
		host->geometry.levels = 1 + (unsigned)below(random, PW_PWC_MAX);
		for (unsigned i = 0; i < host->geometry.levels; i++)
			host->geometry.bits[i] = 9;
		host->geometry.leaves = 7;
	}
	do
		host->height = (unsigned)below(random, host->geometry.levels);
	while (!(host->geometry.leaves >> host->height & 1));
	twin->host.page_shift = host->geometry.page_shift;
	twin->host.levels = host->geometry.levels;
	memcpy(twin->host.bits, host->geometry.bits, sizeof(twin->host.bits));
	twin->host_height = host->height;
	pw_random_small_tlb(random, 6, true, &host->tlb, &twin->nested_tlb);
	choose_caches(random, &host->pwc, &twin->host_pwc);
}

void pw_random_walk(struct pw_random *random, struct pw_machine *machine,
		    struct pw_oracle_walk_machine *twin)
{
	struct pw_pwc_choice *pwc = &machine->pwc;

	*twin = (struct pw_oracle_walk_machine){0};
	PW_ASSERT(machine->geometry.levels <= PW_ORACLE_LEVELS_MAX);
	twin->guest.page_shift = machine->geometry.page_shift;
	twin->guest.levels = machine->geometry.levels;
	memcpy(twin->guest.bits, machine->geometry.bits,
	       sizeof(twin->guest.bits));
	choose_caches(random, pwc, &twin->pwc);
	if (machine->stlb.ops && below(random, 3) == 0) {
		pwc->split[0] = (struct pw_tlb_choice){0};
		twin->pwc.split[1] = (struct pw_oracle_geometry){0};
		twin->pwc.in_stlb = pwc->in_stlb = true;
	}
	twin->pwc.by_range = pwc->by_range = below(random, 2);
	choose_lines(random, machine, twin);
	if (below(random, 3) == 0)
		choose_host(random, machine, twin);
}
