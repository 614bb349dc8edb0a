/*
 * page_table_radix_x86_64.c - the x86-64 page table.
 *
 * Tables of 512 entries; pages of 4 KiB, 2 MiB and 1 GiB.
 *
 * Source: Intel SDM vol. 3A, 4.5 "4-level paging and 5-level paging".
 */
#include "replay/memory/radix.h"

static const struct pw_radix_shape shape = {
	.name = "radix-x86-64",
	.page_shift = 12,
	.bits = 9,
	.leaves = 1 << 0 | 1 << 1 | 1 << 2,
	.levels_min = 4,
	.levels_max = 5,
	.address_bits = {[4] = 48, [5] = 57},
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

const struct pw_page_table_ops pw_page_table_radix_x86_64 = {
	.name = "radix-x86-64",
	.summary = "x86-64: 4 or 5 levels of 512 entries; 4K, 2M and 1G pages",
	.source = "Intel SDM vol. 3A, 4.5",
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
