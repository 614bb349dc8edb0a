/* kernel_buffers.c - the kernel faults on the memory that system calls name as
 * the program would; what it does not look at, it does not fault on. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 200;
	int zero, null, fd;
	char *data;

	start();
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	fd = file_of(pages);
	if (zero < 0 || null < 0)
		fail("open");
	data = anonymous(PLACE(1), pages);
	WINDOW("null", if (write(null, data, pages * PAGE) < 0) fail("write"));
	WINDOW("zero", if (read(zero, data, 60 * PAGE) < 0) fail("read"));
	report("zero", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("file_in", if (pread(fd, data + 60 * PAGE, 60 * PAGE, 0) < 0)
				  fail("pread"));
	report("file_in", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("file_out", if (pwrite(fd, data + 120 * PAGE, 80 * PAGE, 0) < 0)
				   fail("pwrite"));
	report("file_out", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("store", store(data, pages, 1));
	return finish();
}
