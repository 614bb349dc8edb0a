/*
 * random_walk.c - page-walk caches, line caches and hosts by chance.
 */
#include "tests/oracle/random_walk.h"

#include "base/assert.h"

static uint64_t below(struct pw_random *random, uint64_t bound)
{
	return pw_random_below(random, bound);
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
	choice->ops = pw_tlb_find("set-assoc");
	PW_ASSERT(choice->ops);
	choice->config.entries = twin->entries;
	choice->config.ways = twin->ways;
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

static void choose_host(struct pw_random *random, struct pw_machine *machine,
			struct pw_oracle_walk_machine *twin)
{
	struct pw_nested_choice *host = &machine->nested;

	twin->nested = true;
	host->page_table = machine->page_table;
	host->geometry.page_shift = 12;
	host->geometry.levels = 1 + (unsigned)below(random, PW_PWC_MAX + 1);
	for (unsigned i = 0; i < host->geometry.levels; i++)
		host->geometry.bits[i] = 9;
	host->height = (unsigned)below(
		random, host->geometry.levels < 3 ? host->geometry.levels : 3);
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
