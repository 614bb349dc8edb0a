/* map_over.c - a mapping over others replaces them; neighbours become one. */
#include "measure.h"

static long tables, size;

static void look(const char *window)
{
	report(window, "vsz_kb", status_kb("VmSize") - size);
	report(window, "rss_kb", smaps_kb(PLACE(1), GIB, "Rss"));
	report(window, "vmpte_kb", status_kb("VmPTE") - tables);
}

int main(void)
{
	int fd;

	start();
	fd = file_of(64);
	tables = status_kb("VmPTE");
	size = status_kb("VmSize");
	anonymous(PLACE(1), 300);
	store(PLACE(1), 300, 1);
	look("first");
	WINDOW("over", map(PLACE(1) + 100 * PAGE, 64 * PAGE, PROT_READ,
			   MAP_SHARED, fd, 0));
	look("over");
	WINDOW("load", load(PLACE(1), 300, 1));
	look("load");
	anonymous(PLACE(1) + 90 * PAGE, 100);
	look("back");
	WINDOW("store", store(PLACE(1), 300, 1));
	look("store");
	munmap(PLACE(1) - PAGE, 150 * PAGE);
	look("cut");
	WINDOW("grow", anonymous(PLACE(1) + 300 * PAGE, 300);
	       store(PLACE(1) + 149 * PAGE, 451, 1));
	look("grow");
	return finish();
}
