/* sparse_tables.c - pages far from each other need tables of their own at one,
 * two or three levels, which go with their last page. */
#include "measure.h"

int main(void)
{
	long tables;

	start();
	tables = status_kb("VmPTE");
	anonymous(PLACE(1), 32 * MIB / PAGE);
	WINDOW("by_2m", store(PLACE(1), 32 * MIB / PAGE, 512));
	report("by_2m", "vmpte_kb", status_kb("VmPTE") - tables);
	WINDOW("by_1g", for (unsigned long i = 0; i < 5; i++)
				store(anonymous(PLACE(2) + i * GIB, 1), 1, 1));
	report("by_1g", "vmpte_kb", status_kb("VmPTE") - tables);
	WINDOW("by_512g", for (unsigned long i = 8; i < 40; i += 8)
				  store(anonymous(PLACE(i), 1), 1, 1));
	report("by_512g", "vmpte_kb", status_kb("VmPTE") - tables);
	munmap(PLACE(1) + 2 * MIB, 30 * MIB);
	report("cut_2m", "vmpte_kb", status_kb("VmPTE") - tables);
	munmap(PLACE(2), GIB);
	report("cut_1g", "vmpte_kb", status_kb("VmPTE") - tables);
	munmap(PLACE(16), PAGE);
	report("cut_512g", "vmpte_kb", status_kb("VmPTE") - tables);
	anonymous(PLACE(3) + GIB - PAGE, 2);
	WINDOW("across", store(PLACE(3) + GIB - PAGE, 2, 1));
	report("across", "vmpte_kb", status_kb("VmPTE") - tables);
	return finish();
}
