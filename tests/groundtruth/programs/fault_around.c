/* fault_around.c - a load from a file maps the resident pages around it, 16 at
 * multiples of 64 KiB of the address, but none outside of the mapping, of its
 * page table or of the file. */
#include "measure.h"

static void look(const char *window, char *at, unsigned long pages, long tables)
{
	report(window, "rss_kb", smaps_kb(at, pages * PAGE, "Rss"));
	report(window, "vmpte_kb", status_kb("VmPTE") - tables);
	munmap(at, pages * PAGE);
}

int main(void)
{
	unsigned long pages = 600;
	long tables;
	char *data;
	int fd;

	start();
	tables = status_kb("VmPTE");
	fd = file_of(pages);
	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	WINDOW("one", load(data + 100 * PAGE, 1, 1));
	look("one", data, pages, tables);

	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	WINDOW("scan", load(data, pages, 1));
	look("scan", data, pages, tables);

	data = map(PLACE(1) + 9 * PAGE, 90 * PAGE, PROT_READ, MAP_PRIVATE, fd,
		   0);
	WINDOW("start", load(data + 4 * PAGE, 1, 1));
	WINDOW("rest", load(data, 90, 1));
	look("rest", data, 90, tables);

	data = map(PLACE(1), 90 * PAGE, PROT_READ, MAP_PRIVATE, fd, 7 * PAGE);
	WINDOW("offset", load(data, 90, 1));
	look("offset", data, 90, tables);

	data = map(PLACE(1), 20 * PAGE, PROT_READ, MAP_PRIVATE, fd, 590 * PAGE);
	WINDOW("file_end", load(data + 3 * PAGE, 1, 1));
	look("file_end", data, 20, tables);

	data = map(PLACE(1) + 2 * MIB - 5 * PAGE, 30 * PAGE, PROT_READ,
		   MAP_PRIVATE, fd, 0);
	WINDOW("table_end", load(data + 4 * PAGE, 1, 1));
	WINDOW("next_table", load(data + 5 * PAGE, 1, 1));
	look("next_table", data, 30, tables);

	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)madvise(data, pages * PAGE, MADV_RANDOM);
	WINDOW("random", for (unsigned long i = 0; i < pages; i++)
				 load(data + i * 7 % pages * PAGE, 1, 1));
	look("random", data, pages, tables);
	return finish();
}
