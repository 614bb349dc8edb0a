/* cache_cold.c - a file that is not in memory: major faults, with what they
 * read around themselves, and without under MADV_RANDOM. */
#include "measure.h"

static int fd;
static unsigned long pages = 512;

static void drop(void)
{
	fsync(fd);
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		fail("posix_fadvise");
}

int main(void)
{
	char *data;

	start();
	fd = file_of(pages);
	drop();
	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	(void)madvise(data, pages * PAGE, MADV_RANDOM);
	report("dropped", "resident", resident_pages(data, pages));
	WINDOW("random", for (unsigned long i = 0; i < 20; i++)
				 load(data + i * 23 * PAGE, 1, 1));
	report("random", "resident", resident_pages(data, pages));
	report("random", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("again", for (unsigned long i = 0; i < 20; i++)
				load(data + i * 23 * PAGE, 1, 1));
	munmap(data, pages * PAGE);
	drop();
	data = map(PLACE(1), pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	WINDOW("around", load(data + 200 * PAGE, 1, 1));
	report("around", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}
