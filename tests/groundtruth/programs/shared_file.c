/* shared_file.c - a file system that writes pages back wants to know of the
 * first store to each; msync makes them clean and read-only again. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 256;
	char *data;
	int fd;

	start();
	fd = file_of(pages);
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	WINDOW("store", store(data, pages / 2, 1));
	report("store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("store", "dirty_kb",
	       smaps_kb(data, pages * PAGE, "Private_Dirty"));
	WINDOW("load", load(data, pages, 1));
	WINDOW("store_loaded", store(data, pages, 1));
	WINDOW("again", store(data, pages, 1));
	WINDOW("sync", msync(data, pages * PAGE, MS_SYNC));
	report_classes("sync", data, pages);
	WINDOW("load_clean", load(data, pages, 1));
	WINDOW("store_clean", store(data, pages, 2));
	WINDOW("async", msync(data, pages * PAGE, MS_ASYNC);
	       store(data, pages, 2));
	return finish();
}
