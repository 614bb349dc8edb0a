/* anon_write.c - the first store to a page of private anonymous memory is a
 * fault, whatever was touched beside it; what it costs in page tables. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 2050;
	long tables, size;
	char *data;

	start();
	tables = status_kb("VmPTE");
	size = status_kb("VmSize");
	WINDOW("map", data = anonymous(PLACE(1), pages));
	report("map", "vsz_kb", status_kb("VmSize") - size);
	report("map", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("backwards", for (unsigned long i = pages; i-- > 0;)
				    store(data + i * PAGE, 1, 1));
	report("backwards", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("backwards", "dirty_kb",
	       smaps_kb(data, pages * PAGE, "Private_Dirty"));
	report("backwards", "anon_kb",
	       smaps_kb(data, pages * PAGE, "Anonymous"));
	report("backwards", "vmpte_kb", status_kb("VmPTE") - tables);
	WINDOW("again", store(data, pages, 1); load(data, pages, 1));
	WINDOW("middle", munmap(data + 700 * PAGE, 600 * PAGE));
	report("middle", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("middle", "vmpte_kb", status_kb("VmPTE") - tables);
	report("middle", "vsz_kb", status_kb("VmSize") - size);
	anonymous(data + 700 * PAGE, 600);
	WINDOW("refill", store(data, pages, 7));
	WINDOW("unmap", munmap(data, pages * PAGE));
	report("unmap", "vmpte_kb", status_kb("VmPTE") - tables);
	return finish();
}
