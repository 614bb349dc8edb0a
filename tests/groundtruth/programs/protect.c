/* protect.c - mprotect cuts mappings and keeps pages; a page of one's own may
 * be written again without a fault. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 300;
	char *data;

	start();
	catch_faults();
	data = anonymous(PLACE(1), pages);
	store(data, 200, 1);
	load(data + 200 * PAGE, 50, 1);
	WINDOW("none", mprotect(data + 50 * PAGE, 100 * PAGE, PROT_NONE));
	report("none", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("none_load", "sig", FAULT_OF(load(data + 50 * PAGE, 1, 1)));
	report("none_store", "sig", FAULT_OF(store(data + 149 * PAGE, 1, 1)));
	report("beside", "sig", FAULT_OF(store(data + 150 * PAGE, 1, 1)));
	mprotect(data, pages * PAGE, PROT_READ);
	report("read_store", "sig", FAULT_OF(store(data, 1, 1)));
	WINDOW("read_load", load(data, pages, 1));
	mprotect(data, pages * PAGE, PROT_READ | PROT_WRITE);
	WINDOW("write", store(data, pages, 1));
	WINDOW("none_new", mprotect(data, pages * PAGE, PROT_NONE);
	       madvise(data, pages * PAGE, MADV_DONTNEED));
	mprotect(data, pages * PAGE, PROT_READ | PROT_WRITE);
	WINDOW("fresh", store(data, pages, 2));
	report("fresh", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}
