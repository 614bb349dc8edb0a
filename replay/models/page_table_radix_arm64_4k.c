/*
 * page_table_radix_arm64_4k.c - the page table of 64-bit Arm, 4 KiB granule.
 *
 * Tables of 512 entries; pages of 4 KiB, blocks of 2 MiB and 1 GiB. 3 levels
 * translate 39 bits, 4 levels 48, 5 levels 52 (FEAT_LPA2).
 * Runs of 16 pages or of 16 blocks of 2 MiB may be marked as contiguous.
 *
 * Source: Arm ARM (DDI 0487), D8.2 "Translation process", 4KB granule.
 */
#include "replay/memory/radix.h"

static const struct pw_radix_shape shape = {
	.name = "radix-arm64-4k",
	.page_shift = 12,
	.bits = 9,
	.leaves = 1 << 0 | 1 << 1 | 1 << 2,
	.contiguous = {4, 4},
	.levels_min = 3,
	.levels_max = 5,
	.address_bits = {[3] = 39, [4] = 48, [5] = 52},
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

const struct pw_page_table_ops pw_page_table_radix_arm64_4k = {
	.name = "radix-arm64-4k",
	.summary = "64-bit Arm, 4K granule: 3 to 5 levels; 4K, 2M and 1G pages",
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
