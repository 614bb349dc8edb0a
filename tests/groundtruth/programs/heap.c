/* heap.c - brk: growth faults page by page, what shrinks is gone. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 400;
	long size;
	char *data;

	start();
	data = sbrk(0);
	data += -(unsigned long)data % PAGE + PAGE;
	brk(data);
	size = status_kb("VmSize");
	WINDOW("grow", brk(data + pages * PAGE));
	report("grow", "vsz_kb", status_kb("VmSize") - size);
	WINDOW("store", store(data, pages, 1));
	WINDOW("shrink", brk(data + 100 * PAGE));
	report("shrink", "vsz_kb", status_kb("VmSize") - size);
	WINDOW("regrow", brk(data + pages * PAGE));
	WINDOW("restore", store(data, pages, 1));
	WINDOW("odd", brk(data + 100 * PAGE + 1));
	report("odd", "vsz_kb", status_kb("VmSize") - size);
	return finish();
}
