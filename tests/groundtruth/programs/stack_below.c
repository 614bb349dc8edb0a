/* stack_below.c - the stack grows down to any address that is touched, but
 * not past its limit and not near to other memory. */
#include "measure.h"

static unsigned long low, high;

static void find_stack(void)
{
	char *line;

	slurp("/proc/self/maps");
	line = strstr(text, "[stack]");
	while (line > text && line[-1] != '\n')
		line--;
	low = strtoul(line, &line, 16);
	high = strtoul(line + 1, NULL, 16);
}

/* The page that begins @pages below @address. */
static char *below(unsigned long address, unsigned long pages)
{
	return (char *)(address - pages * PAGE);
}

int main(void)
{
	unsigned long was;

	start();
	catch_faults();
	find_stack();
	was = low;
	WINDOW("jump", store(below(was, 100), 1, 1));
	find_stack();
	report("jump", "grown_kb", (long)(was - low) / 1024);
	WINDOW("fill", store(below(was, 100), 100, 1));
	report("limit", "sig", FAULT_OF(store(below(high, 2049), 1, 1)));
	find_stack();
	report("limit", "size_kb", (long)(high - low) / 1024);
	report("whole", "sig", FAULT_OF(store(below(high, 2048), 1, 1)));
	find_stack();
	report("whole", "size_kb", (long)(high - low) / 1024);
	return finish();
}
