/*
 * page_table_radix_arm64_16k.c - the page table of 64-bit Arm, 16 KiB granule.
 *
 * Tables of 2048 entries; pages of 16 KiB, blocks of 32 MiB. 3 levels translate
 * 47 bits; 4 levels 48, with a root of two entries.
 * Runs of 128 pages or of 32 blocks of 32 MiB may be marked as contiguous.
 *
 * Source: Arm ARM (DDI 0487), D8.2 "Translation process", 16KB granule.
 */
#include "replay/memory/radix.h"

static const struct pw_radix_shape shape = {
	.name = "radix-arm64-16k",
	.page_shift = 14,
	.bits = 11,
	.leaves = 1 << 0 | 1 << 1,
	.contiguous = {7, 5},
	.levels_min = 3,
	.levels_max = 4,
	.address_bits = {[3] = 47, [4] = 48},
};

static enum pw_status check(const struct pw_page_table_config *config,
			    struct pw_error *err)
{
	return pw_radix_check(&shape, config, err);
}

static struct pw_geometry geometry(const struct pw_page_table_config *config)
{
	return pw_radix_geometry(&shape, config);
}

static bool init(void *state, const struct pw_page_table_config *config)
{
	const struct pw_geometry made = geometry(config);

	pw_radix_init(state, &made, &config->store->slab, config->store->use);
	return true;
}

const struct pw_page_table_ops pw_page_table_radix_arm64_16k = {
	.name = "radix-arm64-16k",
	.summary = "64-bit Arm, 16K granule: 3 or 4 levels; 16K and 32M pages",
	.source = "Arm ARM (DDI 0487) D8.2",
	.check = check,
	.geometry = geometry,
	.state_bytes = sizeof(struct pw_radix),
	.init = init,
	.find = pw_radix_find,
	.glance = pw_radix_glance,
	.expect = pw_radix_expect,
	.map = pw_radix_map,
	.unmap = pw_radix_unmap,
	.split = pw_radix_split,
	.next = pw_radix_next,
};
