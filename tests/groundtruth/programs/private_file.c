/* private_file.c - stores to a private file mapping copy one page each: at
 * once where nothing was mapped, and away from the file's page where a load
 * had mapped it. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 256;
	char *data;
	int fd;

	start();
	fd = file_of(pages);
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		   fd, 0);
	WINDOW("store", store(data, pages, 8));
	report_classes("store", data, pages);
	WINDOW("load", load(data, pages, 1));
	report_classes("load", data, pages);
	WINDOW("store_rest", store(data, pages, 1));
	report_classes("store_rest", data, pages);
	WINDOW("drop", madvise(data, pages * PAGE, MADV_DONTNEED));
	WINDOW("reload", load(data, pages, 1));
	report_classes("reload", data, pages);
	return finish();
}
