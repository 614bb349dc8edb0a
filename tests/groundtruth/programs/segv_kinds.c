/* segv_kinds.c - which signal and code an access ends in. A fault that fails
 * is not counted. */
#include "measure.h"

#define FAR ((const char *)0x4000000000000000UL)    /* not canonical */
#define KERNEL ((const char *)0xffff800000001000UL) /* the upper half */

int main(void)
{
	char *read_only, *none, *write_only, *data;
	int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	static const unsigned char ret = 0xc3;

	start();
	catch_faults();
	read_only = map(PLACE(1), 4 * PAGE, PROT_READ, anon, -1, 0);
	none = map(PLACE(2), 4 * PAGE, PROT_NONE, anon, -1, 0);
	write_only = map(PLACE(3), 4 * PAGE, PROT_WRITE, anon, -1, 0);
	data = map(PLACE(4), 4 * PAGE, rw, anon, -1, 0);
	(void)FAULT_OF(load(NULL, 1, 1));
	WINDOW("null", (void)FAULT_OF(load(NULL, 1, 1)));
	report("null", "sig", FAULT_OF(load(NULL, 1, 1)));
	report("unmapped", "sig", FAULT_OF(store(PLACE(5), 1, 1)));
	report("none", "sig", FAULT_OF(load(none, 1, 1)));
	report("store_ro", "sig", FAULT_OF(store(read_only, 1, 1)));
	report("load_ro", "sig", FAULT_OF(load(read_only, 1, 1)));
	report("store_zero", "sig", FAULT_OF(store(read_only, 1, 1)));
	report("load_wo", "sig", FAULT_OF(load(write_only, 1, 1)));
	*data = (char)ret;
	report("fetch_nx", "sig", FAULT_OF(((void (*)(void))data)()));
	report("end", "sig", FAULT_OF(load(data + 4 * PAGE, 1, 1)));
	report("far", "sig", FAULT_OF(load(FAR, 1, 1)));
	report("kernel", "sig", FAULT_OF(load(KERNEL, 1, 1)));
	munmap(data + PAGE, PAGE);
	report("hole", "sig", FAULT_OF(load(data + PAGE, 1, 1)));
	WINDOW("around", store(data + 2 * PAGE, 2, 1));
	mprotect(data, PAGE, PROT_READ | PROT_EXEC);
	report("fetch", "sig", FAULT_OF(((void (*)(void))data)()));
	return finish();
}
