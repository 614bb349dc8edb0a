/*
 * cpuid_tlb.c - the TLBs that CPUID tells of.
 *
 * Intel's leaf 18H describes one translation structure after the other, with
 * its sizes of pages; where it tells nothing, leaf 2 has a byte for each of a
 * list of known structures. AMD has fields for each.
 */
#include "base/assert.h"
#include "replay/machine/cpuid.h"

#define PARTS_MAX 64

/* ---- Intel, leaf 18H ---- */

enum type { TYPE_NONE, TYPE_DATA, TYPE_CODE, TYPE_BOTH, TYPE_LOAD, TYPE_STORE };

#define HOLDS_4K 1U
#define HOLDS_2M 2U
#define HOLDS_4M 4U
#define HOLDS_1G 8U

/* Keep the larger of two descriptions. */
static void learn(struct pw_cpuid_tlb *tlb, uint32_t entries, uint32_t ways,
		  uint32_t leaf)
{
	if (entries <= tlb->entries)
		return;
	*tlb = (struct pw_cpuid_tlb){entries, ways, leaf};
	PW_ASSERT(entries > 0);
}

/* The array of the first level for the smallest of the page sizes @sizes. */
static struct pw_cpuid_tlb *first_level(struct pw_cpuid_tlbs *tlbs,
					enum type type, unsigned sizes)
{
	if (type == TYPE_STORE)
		return &tlbs->l1s;
	if (type == TYPE_CODE)
		return sizes & HOLDS_4K ? &tlbs->l1i : &tlbs->l1i_2m;
	if (sizes & HOLDS_4K)
		return &tlbs->l1d;
	return sizes & (HOLDS_2M | HOLDS_4M) ? &tlbs->l1d_2m : &tlbs->l1d_1g;
}

static void learn_second_level(struct pw_cpuid_tlbs *tlbs, unsigned sizes,
			       uint32_t entries, uint32_t ways)
{
	if (!(sizes & HOLDS_1G)) {
		learn(&tlbs->stlb, entries, ways, 0x18);
		return;
	}
	if (sizes & (HOLDS_2M | HOLDS_4M)) { /* one for all */
		learn(&tlbs->stlb, entries, ways, 0x18);
		return;
	}
	learn(&tlbs->stlb_1g, entries, ways, 0x18);
	tlbs->stlb_1g_holds_4k |= (sizes & HOLDS_4K) != 0;
}

static void read_18h(const struct pw_cpuid *cpuid, struct pw_cpuid_tlbs *tlbs)
{
	for (uint32_t part = 0; part < PARTS_MAX; part++) {
		const uint32_t *v = pw_cpuid_find(cpuid, 0x18, part);
		unsigned sizes, level;
		uint32_t ways, entries;
		enum type type;

		if (!v)
			continue;
		type = (enum type)(v[PW_EDX] & 0x1f);
		level = v[PW_EDX] >> 5 & 7;
		sizes = v[PW_EBX] & 0xf;
		ways = v[PW_EBX] >> 16;
		if (type == TYPE_NONE || type > TYPE_STORE || !sizes || !ways ||
		    v[PW_ECX] == 0 || v[PW_ECX] > 0x10000)
			continue;
		entries = ways * v[PW_ECX];
		if (v[PW_EDX] & 0x100 || v[PW_ECX] == 1)
			ways = 0;
		if (level == 1)
			learn(first_level(tlbs, type, sizes), entries, ways,
			      0x18);
		else if (type == TYPE_BOTH)
			learn_second_level(tlbs, sizes, entries, ways);
	}
}

/* ---- Intel, leaf 2 ---- */

enum array { L1D, L1D_2M, L1D_1G, L1I, L1I_2M, STLB, STLB_1G };

/* Intel SDM vol. 2A, table 3-12; those of cores from Nehalem on. */
static const struct {
	uint8_t byte;
	uint8_t ways; /* 0: fully associative */
	uint16_t entries;
	enum array array;
} descriptors[] = {
	{0x01, 4, 32, L1I},
	{0x03, 4, 64, L1D},
	{0x55, 0, 7, L1I_2M},
	{0x57, 4, 16, L1D},
	{0x59, 0, 16, L1D},
	{0x5a, 4, 32, L1D_2M},
	{0x61, 0, 48, L1I},
	{0x63, 4, 32, L1D_2M},
	{0x63, 4, 4, L1D_1G},
	{0x64, 4, 512, L1D},
	{0x6a, 8, 64, L1D},
	{0x6b, 8, 256, L1D},
	{0x6c, 8, 128, L1D_2M},
	{0x6d, 0, 16, L1D_1G},
	{0x76, 0, 8, L1I_2M},
	{0xa0, 0, 32, L1D},
	{0xb0, 4, 128, L1I},
	{0xb1, 4, 8, L1I_2M},
	{0xb2, 4, 64, L1I},
	{0xb3, 4, 128, L1D},
	{0xb4, 4, 256, L1D},
	{0xb5, 8, 64, L1I},
	{0xb6, 8, 128, L1I},
	{0xba, 4, 64, L1D},
	{0xc0, 4, 8, L1D},
	{0xc1, 8, 1024, STLB},
	{0xc2, 4, 16, L1D},
	/* 6 ways by the manual; 12 by measurements of Skylake. */
	{0xc3, 12, 1536, STLB},
	{0xc3, 4, 16, STLB_1G},
	{0xc4, 4, 32, L1D_2M},
	{0xca, 4, 512, STLB},
};

static struct pw_cpuid_tlb *array_of(struct pw_cpuid_tlbs *tlbs,
				     enum array array)
{
	switch (array) {
	case L1D:
		return &tlbs->l1d;
	case L1D_2M:
		return &tlbs->l1d_2m;
	case L1D_1G:
		return &tlbs->l1d_1g;
	case L1I:
		return &tlbs->l1i;
	case L1I_2M:
		return &tlbs->l1i_2m;
	case STLB:
		return &tlbs->stlb;
	case STLB_1G:
		break;
	}
	return &tlbs->stlb_1g;
}

static void read_descriptor(struct pw_cpuid_tlbs *tlbs, unsigned byte)
{
	for (size_t i = 0; i < PW_COUNT(descriptors); i++)
		if (descriptors[i].byte == byte)
			learn(array_of(tlbs, descriptors[i].array),
			      descriptors[i].entries, descriptors[i].ways, 2);
}

static void read_2(const struct pw_cpuid *cpuid, struct pw_cpuid_tlbs *tlbs)
{
	const uint32_t *v = pw_cpuid_find(cpuid, 2, 0);

	for (size_t i = 0; v && i < PW_REGISTERS; i++) {
		if (v[i] >> 31) /* holds no descriptors */
			continue;
		/* The lowest byte of EAX is a count. */
		for (unsigned j = i == PW_EAX; j < 4; j++)
			read_descriptor(tlbs, v[i] >> 8 * j & 0xff);
	}
}

/* ---- AMD ---- */

#define AMD_L1 0x80000005U
#define AMD_L2 0x80000006U
#define AMD_1G 0x80000019U
#define AMD_MORE 0x80000021U

/* The lower bound that a code of leaf 8000_0006H stands for; 0: all. */
static uint32_t decode_ways(uint32_t code)
{
	static const uint32_t ways[16] = {0,  1, 2,  3,	 4,  6,	 8,   0,
					  16, 0, 32, 48, 64, 96, 128, 0};

	return ways[code & 0xf];
}

/* A byte of entries and a byte of ways, 255 of which are all. */
static void learn_l1(struct pw_cpuid_tlb *tlb, uint32_t entries, uint32_t ways)
{
	if (entries && ways)
		learn(tlb, entries, ways == 0xff || ways == entries ? 0 : ways,
		      AMD_L1);
}

static void learn_l2(struct pw_cpuid_tlb *tlb, uint32_t field, uint32_t unit,
		     uint32_t leaf)
{
	uint32_t entries = (field & 0xfff) * unit;

	if (entries && field >> 12 & 0xf)
		learn(tlb, entries, decode_ways(field >> 12), leaf);
}

/* Sizes of second-level TLBs are multiples of 32 on some. */
static uint32_t find_unit(const struct pw_cpuid *cpuid)
{
	const uint32_t *version = pw_cpuid_find(cpuid, 1, 0);
	const uint32_t *more = pw_cpuid_find(cpuid, AMD_MORE, 0);
	uint32_t family = version ? (version[PW_EAX] >> 8 & 0xf) +
					    (version[PW_EAX] >> 20 & 0xff)
				  : 0;

	/* Virtual machines of family 1Ah hide the bit and show such sizes. */
	return (more && more[PW_EAX] >> 14 & 1) || family >= 0x1a ? 32 : 1;
}

static void read_amd(const struct pw_cpuid *cpuid, struct pw_cpuid_tlbs *tlbs)
{
	const uint32_t *l1 = pw_cpuid_find(cpuid, AMD_L1, 0);
	const uint32_t *l2 = pw_cpuid_find(cpuid, AMD_L2, 0);
	const uint32_t *large = pw_cpuid_find(cpuid, AMD_1G, 0);
	uint32_t unit = find_unit(cpuid);

	if (l1) {
		learn_l1(&tlbs->l1i, l1[PW_EBX] & 0xff, l1[PW_EBX] >> 8 & 0xff);
		learn_l1(&tlbs->l1d, l1[PW_EBX] >> 16 & 0xff, l1[PW_EBX] >> 24);
	}
	if (l2) {
		learn_l2(&tlbs->stlb_i, l2[PW_EBX] & 0xffff, unit, AMD_L2);
		learn_l2(&tlbs->stlb, l2[PW_EBX] >> 16, unit, AMD_L2);
	}
	if (large)
		learn_l2(&tlbs->stlb_1g, large[PW_EBX] >> 16, unit, AMD_1G);
}

void pw_cpuid_tlbs(const struct pw_cpuid *cpuid, struct pw_cpuid_tlbs *out)
{
	*out = (struct pw_cpuid_tlbs){0};
	read_18h(cpuid, out);
	if (out->l1d.entries == 0)
		read_2(cpuid, out);
	if (out->l1d.entries == 0)
		read_amd(cpuid, out);
}
