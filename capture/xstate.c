/*
 * xstate.c - the layout of xsave areas, from CPUID.
 */
#include "capture/xstate.h"

#include <cpuid.h>

#include "base/bits.h"

#define LEGACY_BYTES 512
#define AREA_BYTES_MIN 576
#define OFFSET_MM 32
#define OFFSET_XMM 160

enum component {
	COMPONENT_YMM_HIGH = 2,
	COMPONENT_K = 5,
	COMPONENT_ZMM_HIGH = 6,
	COMPONENT_ZMM_16 = 7,
	COMPONENT_TILE_CONFIG = 17,
};

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return ((uint64_t)high << 32) | low;
}

void pw_xsave_layout_host(struct pw_xsave_layout *out)
{
	unsigned a, b, c, d;

	*out = (struct pw_xsave_layout){0};
	if (!__get_cpuid_count(1, 0, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	out->enabled = read_xcr0();
	for (unsigned i = 2; i < PW_XSAVE_COMPONENTS; i++) {
		if (!__get_cpuid_count(0xd, i, &a, &b, &c, &d))
			return;
		out->size_bytes[i] = a;
		out->offset[i] = b;
		if (c & 2)
			out->aligned |= UINT64_C(1) << i;
	}
}

uint32_t pw_xsave_bytes(const struct pw_xsave_layout *layout, uint64_t mask,
			int compact)
{
	uint32_t end = AREA_BYTES_MIN;

	for (unsigned i = 2; i < PW_XSAVE_COMPONENTS; i++) {
		uint32_t last;

		if (!(mask >> i & 1) || !layout->size_bytes[i])
			continue;
		if (compact && (layout->aligned >> i & 1))
			end = (end + 63) / 64 * 64;
		last = (compact ? end : layout->offset[i]) +
		       layout->size_bytes[i];
		if (last > end)
			end = last;
	}
	return end;
}

/* Copy component @id, or leave zeros when the area does not hold it. */
static void load(const struct pw_xsave_layout *layout, unsigned id,
		 const uint8_t *area, size_t area_bytes, uint8_t *to,
		 size_t to_bytes)
{
	size_t offset = layout->offset[id];

	memset(to, 0, to_bytes);
	if (layout->size_bytes[id] >= to_bytes && offset >= AREA_BYTES_MIN &&
	    offset <= area_bytes && to_bytes <= area_bytes - offset)
		memcpy(to, area + offset, to_bytes);
}

void pw_x86_vectors_load(const struct pw_xsave_layout *layout,
			 const uint8_t *area, size_t area_bytes,
			 struct pw_x86_vectors *out)
{
	uint8_t ymm[16 * 16];
	uint8_t high[16 * 32];

	memset(out, 0, sizeof(*out));
	if (area_bytes < LEGACY_BYTES)
		return;
	load(layout, COMPONENT_YMM_HIGH, area, area_bytes, ymm, sizeof(ymm));
	load(layout, COMPONENT_ZMM_HIGH, area, area_bytes, high, sizeof(high));
	for (size_t i = 0; i < 16; i++) {
		memcpy(out->zmm[i], area + OFFSET_XMM + 16 * i, 16);
		memcpy(out->zmm[i] + 16, ymm + 16 * i, 16);
		memcpy(out->zmm[i] + 32, high + 32 * i, 32);
	}
	for (size_t i = 0; i < 8; i++)
		out->mm[i] = pw_load64(area + OFFSET_MM + 16 * i);
	load(layout, COMPONENT_ZMM_16, area, area_bytes, out->zmm[16],
	     sizeof(out->zmm) / 2);
	load(layout, COMPONENT_K, area, area_bytes, (uint8_t *)out->k,
	     sizeof(out->k));
	load(layout, COMPONENT_TILE_CONFIG, area, area_bytes, out->tile_config,
	     sizeof(out->tile_config));
}
