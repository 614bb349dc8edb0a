/*
 * host_nodes.c - NUMA nodes, zone watermarks, the memory cgroup.
 */
#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/status.h"
#include "capture/host.h"

#define PATH_BYTES 512
#define NODES_MAX 64
#define UNLIMITED (1LL << 62) /* version 1 says "max" as a large number */

/* A zone as /proc/zoneinfo shows it. */
struct zone {
	long long node;
	char name[32];
	long long min_pages;
	long long low_pages;
	long long high_pages;
	long long managed_pages;
};

/* "Node 0, zone   Normal": a zone begins. */
static bool zone_begins(const char *line, struct zone *zone)
{
	static const char between[] = ", zone";
	const char *at;

	*zone = (struct zone){0};
	if (strncmp(line, "Node", 4) != 0)
		return false;
	at = pw_host_number(line + 4, &zone->node);
	if (!at || strncmp(at, between, sizeof(between) - 1) != 0)
		return false;
	at += sizeof(between) - 1;
	at += strspn(at, " ");
	snprintf(zone->name, sizeof(zone->name), "%.*s",
		 (int)strcspn(at, " \n"), at);
	return true;
}

/* "  low      5": a watermark, or something else. */
static void read_field(const char *line, struct zone *zone)
{
	const struct {
		const char *name;
		long long *value;
	} fields[] = {
		{"min", &zone->min_pages},
		{"low", &zone->low_pages},
		{"high", &zone->high_pages},
		{"managed", &zone->managed_pages},
	};
	const char *word = line + strspn(line, " ");
	size_t length = strcspn(word, " \n");
	long long value;

	if (!pw_host_number(word + length, &value))
		return;
	for (size_t i = 0; i < PW_COUNT(fields); i++)
		if (strlen(fields[i].name) == length &&
		    strncmp(fields[i].name, word, length) == 0)
			*fields[i].value = value;
}

/* The next zone that holds memory; @ahead is the one whose heading is read. */
static bool next_zone(FILE *file, struct zone *zone, struct zone *ahead)
{
	char line[PW_HOST_LINE_BYTES];
	struct zone head;

	*zone = *ahead;
	while (fgets(line, sizeof(line), file)) {
		if (!zone_begins(line, &head)) {
			read_field(line, zone);
			continue;
		}
		*ahead = head;
		if (zone->node >= 0 && zone->managed_pages > 0)
			return true;
		*zone = head;
	}
	ahead->node = -1;
	return zone->node >= 0 && zone->managed_pages > 0;
}

static FILE *open_zones(const char *root)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/proc/zoneinfo", root);
	return fopen(path, "re");
}

json_t *pw_host_zones(const char *root)
{
	struct zone zone, ahead = {.node = -1};
	json_t *array = json_array();
	FILE *file = open_zones(root);

	while (file && array && next_zone(file, &zone, &ahead))
		json_array_append_new(
			array,
			json_pack("{s:I, s:s, s:I, s:I, s:I, s:I}", "node",
				  (json_int_t)zone.node, "zone", zone.name,
				  "min_pages", (json_int_t)zone.min_pages,
				  "low_pages", (json_int_t)zone.low_pages,
				  "high_pages", (json_int_t)zone.high_pages,
				  "managed_pages",
				  (json_int_t)zone.managed_pages));
	if (file)
		fclose(file);
	return array;
}

/* The sums over the zones of @node. */
static void put_watermarks(json_t *object, const char *root, long long node)
{
	struct zone zone, ahead = {.node = -1}, sum = {0};
	FILE *file = open_zones(root);

	if (!file)
		return;
	while (next_zone(file, &zone, &ahead)) {
		if (zone.node != node)
			continue;
		sum.min_pages += zone.min_pages;
		sum.low_pages += zone.low_pages;
		sum.high_pages += zone.high_pages;
		sum.managed_pages += zone.managed_pages;
	}
	fclose(file);
	json_object_set_new(object, "min_pages", json_integer(sum.min_pages));
	json_object_set_new(object, "low_pages", json_integer(sum.low_pages));
	json_object_set_new(object, "high_pages", json_integer(sum.high_pages));
	json_object_set_new(object, "managed_pages",
			    json_integer(sum.managed_pages));
}

/* "10 20" as [10, 20]. */
static json_t *distances(const char *text)
{
	json_t *array = json_array();
	char *end;

	for (;; text = end) {
		long value = strtol(text, &end, 10);

		if (end == text)
			return array;
		json_array_append_new(array, json_integer(value));
	}
}

static void put_node_bytes(json_t *object, const char *root, long long node)
{
	char path[PATH_BYTES];
	char line[PW_HOST_LINE_BYTES];
	const char *total;
	long long kib;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%lld/meminfo", node);
	/* It is in the first line. */
	if (!pw_host_line(root, path, line))
		return;
	total = strstr(line, "MemTotal:");
	if (total && pw_host_number(strchr(total, ':') + 1, &kib))
		json_object_set_new(object, "bytes", json_integer(kib * 1024));
}

json_t *pw_host_nodes(const char *root)
{
	json_t *array = json_array();

	for (long long node = 0; array && node < NODES_MAX; node++) {
		char path[PATH_BYTES];
		char line[PW_HOST_LINE_BYTES];
		json_t *object;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%lld/distance", node);
		if (!pw_host_line(root, path, line))
			continue;
		object = json_pack("{s:I, s:o}", "node", (json_int_t)node,
				   "distances", distances(line));
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%lld/cpulist", node);
		pw_host_put(object, "cpus", root, path);
		put_node_bytes(object, root, node);
		put_watermarks(object, root, node);
		json_array_append_new(array, object);
	}
	return array;
}

/* Where the limits of a version of memory cgroups are. */
struct controller {
	int version;
	const char *mount[2];
	const char *limit; /* the file with the limit in bytes, or "max" */
	const char *other[4];
};

static const struct controller controllers[] = {
	{1,
	 {"/sys/fs/cgroup/memory", NULL},
	 "memory.limit_in_bytes",
	 {"memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes",
	  "memory.swappiness", NULL}},
	{2,
	 {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"},
	 "memory.max",
	 {"memory.high", "memory.low", "memory.min", "memory.swap.max"}},
};

/*
 * The path of the own cgroup, by version: version 2 has the line "0::PATH", 1
 * one with "memory" among its controllers.
 */
static bool own_cgroup(const char *root, int version, char path[PATH_BYTES])
{
	char line[PATH_BYTES];
	FILE *file;
	bool found = false;

	snprintf(line, sizeof(line), "%s/proc/self/cgroup", root);
	file = fopen(line, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		char *names = strchr(line, ':');
		char *at = names ? strchr(names + 1, ':') : NULL;

		if (!at)
			continue;
		*at++ = '\0';
		at[strcspn(at, "\n")] = '\0';
		names++;
		for (char *name = names; name && version == 1 && !found;) {
			size_t length = strcspn(name, ",");

			found = length == 6 && strncmp(name, "memory", 6) == 0;
			name = name[length] ? name + length + 1 : NULL;
		}
		if (version == 2)
			found = names[0] == '\0' && line[0] == '0';
		memmove(path, at, strlen(at) + 1);
	}
	if (file)
		fclose(file);
	return found;
}

/* Remove the last part of a path; false when none is left. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || path[0] == '\0')
		return false;
	*slash = '\0';
	return true;
}

/*
 * The least limit from the own cgroup up to the root; other settings of the
 * innermost one that can be seen from here.
 */
static json_t *limits(const char *root, const struct controller *controller,
		      const char *mount, const char *own)
{
	json_t *object = NULL;
	char group[PATH_BYTES];
	long long least = -1;

	snprintf(group, sizeof(group), "%s", strcmp(own, "/") == 0 ? "" : own);
	do {
		char file[3 * PATH_BYTES];
		char line[PW_HOST_LINE_BYTES];
		long long limit;

		snprintf(file, sizeof(file), "%s%s/%s", mount, group,
			 controller->limit);
		if (!pw_host_line(root, file, line))
			continue;
		if (pw_host_number(line, &limit) && limit < UNLIMITED &&
		    (least < 0 || limit < least))
			least = limit;
		if (object)
			continue;
		object = json_pack("{s:i, s:s}", "version", controller->version,
				   "path", own);
		for (size_t i = 0;
		     i < PW_COUNT(controller->other) && controller->other[i];
		     i++) {
			snprintf(file, sizeof(file), "%s%s/%s", mount, group,
				 controller->other[i]);
			pw_host_put(object, controller->other[i], root, file);
		}
	} while (go_up(group));
	if (object && least >= 0)
		json_object_set_new(object, "limit_bytes", json_integer(least));
	return object;
}

json_t *pw_host_cgroup(const char *root)
{
	char own[PATH_BYTES];

	for (size_t i = 0; i < PW_COUNT(controllers); i++) {
		const struct controller *controller = &controllers[i];

		if (!own_cgroup(root, controller->version, own))
			continue;
		for (size_t m = 0; m < PW_COUNT(controller->mount); m++) {
			json_t *object;

			if (!controller->mount[m])
				continue;
			object = limits(root, controller, controller->mount[m],
					own);
			if (object)
				return object;
		}
	}
	return json_object();
}
