/*
 * page_table_radix_arm64_64k.c - the page table of 64-bit Arm, 64 KiB granule.
 *
 * Tables of 8192 entries; pages of 64 KiB, blocks of 512 MiB. 2 levels
 * translate 42 bits, 3 levels 48.
 * Runs of 32 pages or of 32 blocks of 512 MiB may be marked as contiguous.
 *
 * Source: Arm ARM (DDI 0487), D8.2 "Translation process", 64KB granule.
 */
#include "replay/memory/radix.h"

static const struct pw_radix_shape shape = {
	.name = "radix-arm64-64k",
	.page_shift = 16,
	.bits = 13,
	.leaves = 1 << 0 | 1 << 1,
	.contiguous = {5, 5},
	.levels_min = 2,
	.levels_max = 3,
	.address_bits = {[2] = 42, [3] = 48},
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

const struct pw_page_table_ops pw_page_table_radix_arm64_64k = {
	.name = "radix-arm64-64k",
	.summary = "64-bit Arm, 64K granule: 2 or 3 levels; 64K and 512M pages",
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
