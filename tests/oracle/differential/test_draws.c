/*
 * test_draws.c - the random machines of the differential tests leave out
 * nothing.
 *
 * What a machine has is told in words, some of each kind. All words of the
 * registries must come up, and any two words of different kinds together, but
 * for those that exclude each other. So a new model is compared with the oracle
 * in every combination, or this test fails.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/memory/page_size.h"
#include "tests/oracle/random_machine.h"

#define MACHINES 30000
#define KINDS 40
#define WORDS 200

/* A word of a kind: "tlb.stlb" "fifo". */
struct word {
	const char *kind, *name;
	bool drawn;
};

struct draws {
	struct word word[WORDS];
	size_t words;
	bool together[WORDS][WORDS];
	size_t now[KINDS]; /* the words of one machine */
	size_t count;
};

static size_t find(const struct draws *draws, const char *kind,
		   const char *name)
{
	for (size_t i = 0; i < draws->words; i++)
		if (strcmp(draws->word[i].kind, kind) == 0 &&
		    strcmp(draws->word[i].name, name) == 0)
			return i;
	fail_msg("%s %s is no word of the registries", kind, name);
	return WORDS;
}

static void declare(struct draws *draws, const char *kind, const char *name)
{
	assert_true(draws->words < WORDS);
	draws->word[draws->words++] = (struct word){kind, name, false};
}

static void say(struct draws *draws, const char *kind, const char *name)
{
	assert_true(draws->count < KINDS);
	draws->now[draws->count++] = find(draws, kind, name);
}

static void declare_either(struct draws *draws, const char *kind)
{
	declare(draws, kind, "no");
	declare(draws, kind, "yes");
}

static void say_whether(struct draws *draws, const char *kind, bool is)
{
	say(draws, kind, is ? "yes" : "no");
}

/* ---- what there is ---- */

/* Structures that hold translations, entries or lines, each of any model. */
static const char *const structures[] = {"tlb.l1d",   "tlb.l1i",     "tlb.stlb",
					 "pwc.pde",   "pwc.unified", "walk.l1d",
					 "nested.tlb"};

static const char *const switches[] = {
	"tlb.prefetch", "pwc.pde_in_stlb",
	"pwc.range",	"walk.lines",
	"cpu.several",	"cpu.smt",
	"cpu.asids",	"cpu.flush_ceiling",
	"index.xor",	"page_table.contiguous",
};

static const char *const groups[] = {"1", "4", "8"};

static void declare_all(struct draws *draws)
{
	for (size_t i = 0; i < PW_COUNT(structures); i++) {
		/* No machine is without the first two. */
		if (i >= 2)
			declare(draws, structures[i], "none");
		for (size_t j = 0; pw_tlb_at(j); j++)
			declare(draws, structures[i], pw_tlb_at(j)->name);
	}
	declare(draws, "nested", "none");
	for (size_t i = 0; pw_page_table_at(i); i++) {
		declare(draws, "page_table", pw_page_table_at(i)->name);
		if (strcmp(pw_page_table_at(i)->name, "hashed") != 0)
			declare(draws, "nested", pw_page_table_at(i)->name);
	}
	for (size_t i = 0; pw_page_size_at(i); i++)
		declare(draws, "page_size", pw_page_size_at(i)->name);
	for (size_t i = 0; pw_placement_at(i); i++)
		declare(draws, "cpu.placement", pw_placement_at(i)->name);
	for (size_t i = 0; i < PW_COUNT(groups); i++)
		declare(draws, "coalesce", groups[i]);
	for (size_t i = 0; i < PW_COUNT(switches); i++)
		declare_either(draws, switches[i]);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		declare(draws, pw_tlb_array_info(i)->name, "yes");
		if (i != PW_TLB_ARRAY_l1d && i != PW_TLB_ARRAY_l1i)
			declare(draws, pw_tlb_array_info(i)->name, "no");
	}
}

/* ---- what a machine has ---- */

static void say_structures(struct draws *draws,
			   const struct pw_machine *machine)
{
	const struct pw_tlb_choice *const choices[] = {
		&machine->l1d,	       &machine->l1i,
		&machine->stlb,	       &machine->pwc.split[0],
		&machine->pwc.unified, &machine->lines.cache[0],
		&machine->nested.tlb,
	};

	_Static_assert(PW_COUNT(choices) == PW_COUNT(structures), "each one");
	for (size_t i = 0; i < PW_COUNT(choices); i++)
		say(draws, structures[i],
		    choices[i]->ops ? choices[i]->ops->name : "none");
}

static void say_switches(struct draws *draws, const struct pw_machine *machine)
{
	const bool is[] = {
		machine->prefetch_next,
		machine->pwc.in_stlb,
		machine->pwc.by_range,
		machine->lines.cached,
		machine->cpu.count > 1,
		machine->cpu.smt > 1,
		machine->cpu.asids > 1,
		machine->cpu.flush_ceiling > 0,
		machine->l1d.config.index == PW_TLB_XOR,
		machine->contiguous,
	};

	_Static_assert(PW_COUNT(is) == PW_COUNT(switches), "each one");
	for (size_t i = 0; i < PW_COUNT(is); i++)
		say_whether(draws, switches[i], is[i]);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		say_whether(draws, pw_tlb_array_info(i)->name,
			    pw_tlb_is_declared(&machine->tlb[i]));
}

static void say_machine(struct draws *draws, const struct pw_machine *machine)
{
	draws->count = 0;
	say_structures(draws, machine);
	say_switches(draws, machine);
	say(draws, "page_table", machine->page_table->name);
	say(draws, "nested",
	    machine->nested.page_table ? machine->nested.page_table->name
				       : "none");
	say(draws, "page_size", machine->page_size->name);
	say(draws, "cpu.placement", machine->cpu.placement->name);
	say(draws, "coalesce",
	    machine->l1d.group_order ? groups[machine->l1d.group_order - 1]
				     : groups[0]);
	for (size_t i = 0; i < draws->count; i++) {
		draws->word[draws->now[i]].drawn = true;
		for (size_t j = 0; j < draws->count; j++)
			draws->together[draws->now[i]][draws->now[j]] = true;
	}
}

static void draw(struct draws *draws)
{
	declare_all(draws);
	for (uint64_t seed = 0; seed < MACHINES; seed++) {
		struct pw_oracle_machine twin;
		struct pw_machine machine;
		struct pw_random random;

		pw_random_seed(&random, seed);
		pw_random_machine(&random, &machine, &twin);
		pw_random_cpus(&random, &machine, 8, 4);
		say_machine(draws, &machine);
	}
}

/* ---- what must come up ---- */

static bool is_word(const struct word *word, const char *kind, const char *name)
{
	return strcmp(word->kind, kind) == 0 &&
	       (name ? strcmp(word->name, name) == 0
		     : strcmp(word->name, "none") != 0);
}

/* What machine files refuse: @a without @b cannot be, or not with it. */
static bool exclude(const struct word *a, const struct word *b)
{
	/* A host is of trees alone, and without one it has no TLB; runs are
	 * known to Arm and RISC-V. */
	return (is_word(a, "page_table", "hashed") &&
		is_word(b, "nested", NULL)) ||
	       ((is_word(a, "page_table", "hashed") ||
		 is_word(a, "page_table", "radix-x86-64")) &&
		is_word(b, "page_table.contiguous", "yes")) ||
	       (is_word(a, "page_table", "hashed") &&
		is_word(b, "nested.tlb", NULL)) ||
	       (is_word(a, "nested", "none") &&
		is_word(b, "nested.tlb", NULL)) ||
	       /* Their place is the second level, and only one. */
	       (is_word(a, "pwc.pde_in_stlb", "yes") &&
		(is_word(b, "tlb.stlb", "none") || is_word(b, "stlb", "no") ||
		 is_word(b, "pwc.pde", NULL))) ||
	       (is_word(a, "stlb", "no") && is_word(b, "tlb.stlb", NULL));
}

static void all_words_are_drawn(void **state)
{
	const struct draws *draws = *state;

	for (size_t i = 0; i < draws->words; i++)
		if (!draws->word[i].drawn)
			fail_msg("%s %s is never drawn", draws->word[i].kind,
				 draws->word[i].name);
}

static void all_pairs_of_words_are_drawn(void **state)
{
	const struct draws *draws = *state;
	size_t pairs = 0, missing = 0;

	for (size_t i = 0; i < draws->words; i++) {
		const struct word *a = &draws->word[i];

		for (size_t j = 0; j < draws->words; j++) {
			const struct word *b = &draws->word[j];

			if (strcmp(a->kind, b->kind) == 0 || exclude(a, b) ||
			    exclude(b, a))
				continue;
			pairs++;
			if (draws->together[i][j])
				continue;
			print_error("%s %s never comes with %s %s\n", a->kind,
				    a->name, b->kind, b->name);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
	assert_true(pairs > 5000);
}

static int setup(void **state)
{
	struct draws *draws = calloc(1, sizeof(*draws));

	assert_non_null(draws);
	draw(draws);
	*state = draws;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_words_are_drawn),
		cmocka_unit_test(all_pairs_of_words_are_drawn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
