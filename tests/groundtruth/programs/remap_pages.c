/* remap_pages.c - remap_file_pages: a shared mapping's pages show others of its
 * file, populated at once. */
#include "measure.h"

static void look(const char *name, const char *data)
{
	report(name, "size_kb", smaps_kb(data, PAGE, "Size"));
	report(name, "last_kb", smaps_kb(data + 31 * PAGE, PAGE, "Size"));
	report(name, "rss_kb", smaps_kb(data, 32 * PAGE, "Rss"));
	report(name, "pss_kb", smaps_kb(data, 32 * PAGE, "Pss"));
}

int main(void)
{
	int fd = memfd_create("remap", MFD_CLOEXEC);
	char *data, *own;

	start();
	if (fd < 0 || ftruncate(fd, 32 * PAGE))
		fail("memfd");
	data = map(PLACE(1), 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	store(data, 32, 1);
	look("before", data);
	/* The first four show the last four, the others stay. */
	WINDOW("remap", if (remap_file_pages(data, 4 * PAGE, 0, 28, 0))
				fail("remap_file_pages"));
	look("remap", data);
	WINDOW("again", store(data, 4, 1));
	/* Back: one mapping again. */
	WINDOW("back", remap_file_pages(data, 4 * PAGE, 0, 0, 0));
	look("back", data);
	WINDOW("nonblock", remap_file_pages(data + 8 * PAGE, 8 * PAGE, 0, 16,
					    MAP_NONBLOCK));
	look("nonblock", data);
	WINDOW("load", load(data + 8 * PAGE, 8, 1));
	madvise(data + 16 * PAGE, 8 * PAGE, MADV_RANDOM);
	look("cut", data);
	own = map(PLACE(2), 32 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	store(own, 8, 1);
	WINDOW("own", remap_file_pages(own + 16 * PAGE, 8 * PAGE, 0, 4, 0));
	look("own", own);
	WINDOW("private", (void)!remap_file_pages(PLACE(3), PAGE, 0, 0, 0));
	return finish();
}
