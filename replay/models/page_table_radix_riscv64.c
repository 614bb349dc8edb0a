/*
 * page_table_radix_riscv64.c - the page table of 64-bit RISC-V.
 *
 * Sv39, Sv48 and Sv57 are 3, 4 and 5 levels of tables of 512 entries. Pages are
 * of 4 KiB, 2 MiB (megapages), 1 GiB and, from Sv48 on, 512 GiB. The petapages
 * of Sv57 are left out: no memory is that large.
 * Runs of 16 pages may be marked as one range (Svnapot).
 *
 * Source: RISC-V Privileged Architecture 1.12, 4.4 to 4.6.
 */
#include "replay/memory/radix.h"

static const struct pw_radix_shape shape = {
	.name = "radix-riscv64",
	.page_shift = 12,
	.bits = 9,
	.leaves = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3,
	.contiguous = {4, 0},
	.levels_min = 3,
	.levels_max = 5,
	.address_bits = {[3] = 39, [4] = 48, [5] = 57},
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

const struct pw_page_table_ops pw_page_table_radix_riscv64 = {
	.name = "radix-riscv64",
	.summary = "64-bit RISC-V, Sv39 to Sv57: 3 to 5 levels; 4K, 2M, 1G, "
		   "512G pages",
	.source = "RISC-V Privileged Architecture 1.12, 4.4 to 4.6",
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
