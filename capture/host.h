/*
 * host.h - how this machine manages memory, as JSON.
 */
#ifndef PW_CAPTURE_HOST_H
#define PW_CAPTURE_HOST_H

#include <jansson.h>

#define PW_HOST_LINE_BYTES 256

/*
 * The settings that decide about faults: sizes, watermarks, huge pages, swap,
 * NUMA nodes, limits of the memory cgroup, read-ahead. What cannot be read is
 * left out. FORMAT.md lists the keys.
 *
 * Owns:   the caller; free it with json_decref. NULL when there is no memory.
 * Source: Linux Documentation/admin-guide/sysctl/vm.rst, mm/transhuge.rst,
 *         cgroup-v2.rst, cgroup-v1/memory.rst; Documentation/filesystems/
 *         proc.rst.
 */
json_t *pw_host_json(const char *root);

/*
 * The parts of the above that are read from /proc/zoneinfo and the nodes, and
 * from the memory cgroup.
 *
 * Owns: as pw_host_json.
 */
json_t *pw_host_nodes(const char *root);
json_t *pw_host_zones(const char *root);
json_t *pw_host_cgroup(const char *root);

/*
 * The first line of the file @root @path without its newline, or NULL.
 *
 * Owns: @line, which is what is returned.
 */
const char *pw_host_line(const char *root, const char *path,
			 char line[PW_HOST_LINE_BYTES]);

/*
 * Read a decimal number after blanks. Returns what follows it, or NULL when
 * there is none.
 */
const char *pw_host_number(const char *text, long long *number);

/*
 * Put the first line of the file into @object: a number as such, of several
 * words the one in brackets, else text. Nothing is put when it is unreadable.
 */
void pw_host_put(json_t *object, const char *key, const char *root,
		 const char *path);

#endif
