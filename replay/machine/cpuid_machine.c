/*
 * cpuid_machine.c - a machine file from what CPUID tells.
 *
 * What CPUID tells carries the leaf that told it. What it does not tell, page-
 * walk caches and costs, is as on other machines of the maker, and marked as
 * not verified.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "replay/machine/cpuid.h"

#define TEXT_MAX 8192

struct text {
	char text[TEXT_MAX];
	size_t used;
};

static void add(struct text *text, const char *format, ...) PW_PRINTF(2, 3);

static void add(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->text) - text->used;
	va_list list;
	int wrote;

	va_start(list, format);
	wrote = vsnprintf(text->text + text->used, room, format, list);
	va_end(list);
	PW_ASSERT(wrote >= 0 && (size_t)wrote < room);
	text->used += (size_t)wrote;
}

static void add_tlb(struct text *text, const char *name,
		    const struct pw_cpuid_tlb *tlb, const char *more)
{
	if (tlb->entries == 0)
		return;
	add(text, "  %s: {model: set-assoc, entries: %u, ways: ", name,
	    tlb->entries);
	if (tlb->ways)
		add(text, "%u%s}", tlb->ways, more);
	else
		add(text, "full%s}", more);
	add(text, "  # CPUID leaf %Xh; verified: no\n", tlb->leaf);
}

/* Sizes that do not come out as sets would be refused. */
static void make_whole(struct pw_cpuid_tlb *tlb)
{
	if (tlb->ways && tlb->entries % tlb->ways)
		tlb->entries -= tlb->entries % tlb->ways;
}

static void add_tlbs(struct text *text, struct pw_cpuid_tlbs *t)
{
	struct pw_cpuid_tlb *all[] = {&t->l1d,	&t->l1d_2m,  &t->l1d_1g,
				      &t->l1s,	&t->l1i,     &t->l1i_2m,
				      &t->stlb, &t->stlb_1g, &t->stlb_i};

	for (size_t i = 0; i < PW_COUNT(all); i++)
		make_whole(all[i]);
	add(text, "\ntlb:\n");
	add_tlb(text, "l1d", &t->l1d, "");
	add_tlb(text, "l1d_2m", &t->l1d_2m, "");
	add_tlb(text, "l1d_1g", &t->l1d_1g, "");
	add_tlb(text, "l1s", &t->l1s, "");
	add_tlb(text, "l1i", &t->l1i, "");
	add_tlb(text, "l1i_2m", &t->l1i_2m, "");
	add_tlb(text, "stlb", &t->stlb,
		t->stlb_1g.entries || t->stlb.entries == 0 ? ""
							   : ", largest: 2M");
	add_tlb(text, "stlb_1g", &t->stlb_1g,
		t->stlb_1g_holds_4k ? ", also_4k: yes" : "");
	add_tlb(text, "stlb_i", &t->stlb_i, "");
}

static bool is_amd(const struct pw_cpuid *cpuid)
{
	const uint32_t *vendor = pw_cpuid_find(cpuid, 0, 0);

	return vendor && vendor[PW_ECX] == 0x444d4163; /* "cAMD" */
}

static void add_caches(struct text *text, bool amd)
{
	add(text, "\npwc:\n"
		  "  # Not told by CPUID. verified: no\n");
	if (amd)
		add(text, "  pde_in_stlb: yes\n"
			  "  pdpte: {model: set-assoc, entries: 64, ways: "
			  "full}\n"
			  "  pml4e: {model: set-assoc, entries: 64, ways: "
			  "full}\n");
	else
		add(text, "  pde: {model: set-assoc, entries: 32, ways: 4}\n"
			  "  pdpte: {model: set-assoc, entries: 4, ways: "
			  "full}\n"
			  "  pml4e: {model: set-assoc, entries: 4, ways: "
			  "full}\n");
}

/* The clock that leaf 16H tells, else a round one. */
static void add_costs(struct text *text, const struct pw_cpuid *cpuid, bool amd)
{
	const uint32_t *clock = pw_cpuid_find(cpuid, 0x16, 0);
	uint32_t mhz = clock ? clock[PW_EAX] & 0xffff : 0;

	add(text, "\ncost:\n");
	if (mhz)
		add(text, "  clock: %uMHz  # CPUID leaf 16h\n", mhz);
	else
		add(text, "  clock: 3GHz  # not told by CPUID. verified: no\n");
	add(text,
	    "  # As measured on other machines of the maker (see the "
	    "presets);\n"
	    "  # \"pagewalk calibrate\" measures them here. verified: no\n"
	    "  base_cpi: 0.5\n"
	    "  stlb_hit: %d cycles\n"
	    "  walk_reference: 15 cycles\n"
	    "  minor_fault: 1000ns\n",
	    amd ? 5 : 7);
}

enum pw_status pw_cpuid_machine(const struct pw_cpuid *cpuid, const char *name,
				const char **text, struct pw_arena *arena,
				struct pw_error *err)
{
	struct pw_cpuid_tlbs tlbs;
	struct text out = {.used = 0};
	bool amd = is_amd(cpuid);
	char brand[64];

	pw_cpuid_tlbs(cpuid, &tlbs);
	pw_cpuid_brand(cpuid, brand, sizeof(brand));
	if (tlbs.l1d.entries == 0 || tlbs.l1i.entries == 0) {
		(void)pw_fail(err, PW_ERR_USAGE,
			      "%s: CPUID tells nothing of its first-level TLBs",
			      brand);
		return pw_hint(err, "virtual machines often hide them: start "
				    "from a preset, or measure with "
				    "\"pagewalk calibrate\"");
	}
	add(&out,
	    "# %s, from CPUID.\n"
	    "name: \"%s\"\n"
	    "summary: \"%s, from CPUID\"\n"
	    "source: CPUID of the processor\n"
	    "\npage_table:\n"
	    "  model: radix-x86-64\n"
	    "  levels: 4  # 5 where the kernel uses them\n",
	    brand, name, brand);
	add_tlbs(&out, &tlbs);
	add_caches(&out, amd);
	add(&out, "\ncpu:\n"
		  "  asids: 6           # Linux arch/x86/mm/tlb.c, "
		  "TLB_NR_DYN_ASIDS\n"
		  "  flush_ceiling: 33  # tlb_single_page_flush_ceiling\n"
		  "\nmemory:\n"
		  "  fault_around: 64K  # Linux mm/memory.c\n");
	add_costs(&out, cpuid, amd);
	*text = pw_arena_copy(arena, out.text);
	return *text ? PW_OK : pw_fail_memory(err, "a machine");
}
