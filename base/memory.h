/*
 * memory.h - how much memory this machine has.
 */
#ifndef PW_BASE_MEMORY_H
#define PW_BASE_MEMORY_H

#include <stddef.h>

/*
 * Half of the physical memory: what one run may take, since a damaged trace
 * could ask for all of it.
 *
 * Units: bytes; 0 when the system does not say.
 */
size_t pw_memory_half(void);

#endif
