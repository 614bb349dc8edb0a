/*
 * xstate.h - vector, mask and tile registers, and where xsave puts them.
 */
#ifndef PW_CAPTURE_XSTATE_H
#define PW_CAPTURE_XSTATE_H

#include <stddef.h>
#include <stdint.h>

#define PW_XSAVE_COMPONENTS 63

/* What CPUID leaf 0xD says about this processor. */
struct pw_xsave_layout {
	uint64_t enabled; /* XCR0 */
	uint64_t aligned; /* components aligned to 64 bytes when compact */
	uint32_t offset[PW_XSAVE_COMPONENTS];
	uint32_t size_bytes[PW_XSAVE_COMPONENTS];
};

struct pw_x86_vectors {
	uint8_t zmm[32][64];
	uint64_t k[8];
	uint64_t mm[8];
	uint8_t tile_config[64];
};

/*
 * The layout of the processor this runs on; all zero without xsave.
 *
 * Source: Intel SDM vol. 1, 13.2; CPUID leaf 0xD.
 */
void pw_xsave_layout_host(struct pw_xsave_layout *out);

/*
 * Size of the area that holds the components of @mask, in the standard or the
 * compact form, from its first byte to the end of the last component. Ones in
 * their initial state count, though the processor may leave them out.
 *
 * Units:  bytes; at least 576 (legacy region and header).
 * Source: Intel SDM vol. 1, 13.4.
 */
uint32_t pw_xsave_bytes(const struct pw_xsave_layout *layout, uint64_t mask,
			int compact);

/*
 * The registers in an area of the standard form, such as the NT_X86_XSTATE
 * register set of ptrace. What the area does not hold is 0.
 */
void pw_x86_vectors_load(const struct pw_xsave_layout *layout,
			 const uint8_t *area, size_t area_bytes,
			 struct pw_x86_vectors *out);

#endif
