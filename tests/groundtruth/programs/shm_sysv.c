/* shm_sysv.c - a System V segment attached twice, kept while it is detached. */
#include "measure.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	unsigned long pages = 80;
	char *first, *second;
	long size;
	int id;

	start();
	size = status_kb("VmSize");
	id = shmget(IPC_PRIVATE, pages * PAGE, IPC_CREAT | 0600);
	if (id < 0)
		fail("shmget");
	first = shmat(id, PLACE(1), 0);
	second = shmat(id, PLACE(2), SHM_RDONLY);
	shmctl(id, IPC_RMID, NULL);
	if (first != PLACE(1) || second != PLACE(2))
		fail("shmat");
	report("attach", "vsz_kb", status_kb("VmSize") - size);
	WINDOW("store", store(first, pages / 2, 1));
	WINDOW("load", load(second, pages, 1));
	report("load", "rss_kb", smaps_kb(second, pages * PAGE, "Rss"));
	report("load", "pss_kb", smaps_kb(second, pages * PAGE, "Pss"));
	WINDOW("detach", shmdt(second));
	report("detach", "vsz_kb", status_kb("VmSize") - size);
	report("detach", "pss_kb", smaps_kb(first, pages * PAGE, "Pss"));
	WINDOW("store_rest", store(first, pages, 1));
	return finish();
}
