/*
 * call_exec.c - the strings that a program is started with.
 */
#include "capture/call_job.h"

#define STRING_BYTES_MAX 131072 /* MAX_ARG_STRLEN */
#define STRINGS_MAX 1048576

/* An array of pointers up to a null, which is read too, and the strings. */
static void load_strings(const struct pw_call_job *job, uint64_t array)
{
	uint64_t string;
	uint64_t count = 0; /* of pointers read */

	do {
		if (!pw_call_fetch(job, array + count * sizeof(string), &string,
				   sizeof(string)))
			break;
		count++;
	} while (string != 0 && count < STRINGS_MAX);
	pw_call_load(job, array, count * sizeof(string));
	for (uint64_t i = 0; i < count; i++)
		if (pw_call_fetch(job, array + i * sizeof(string), &string,
				  sizeof(string)))
			pw_call_load_string(job, string, STRING_BYTES_MAX);
}

void pw_call_exec(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	if (job->call->id == PW_SYSCALL_execveat)
		arg++; /* a descriptor comes first */
	pw_call_load_string(job, arg[0], PW_CALL_PATH_BYTES);
	if (arg[1] != 0)
		load_strings(job, arg[1]);
	if (arg[2] != 0)
		load_strings(job, arg[2]);
}
