/*
 * host.c - settings of the memory manager, file by file.
 */
#include "capture/host.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/status.h"

#define PATH_BYTES 512
#define LIST_MAX 64 /* swaps, block devices: more say nothing new */

struct setting {
	const char *key;
	const char *path;
};

const char *pw_host_line(const char *root, const char *path,
			 char line[PW_HOST_LINE_BYTES])
{
	char full[PATH_BYTES];
	const char *got;
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	if (!file)
		return NULL;
	got = fgets(line, PW_HOST_LINE_BYTES, file);
	fclose(file);
	if (!got)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

const char *pw_host_number(const char *text, long long *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return end != text && errno == 0 ? end : NULL;
}

/* "12" as 12, "always [madvise] never" as "madvise". */
static json_t *value_of(char *text)
{
	char *open = strchr(text, '[');
	char *close = open ? strchr(open, ']') : NULL;
	const char *end;
	long long number;

	if (close) {
		*close = '\0';
		return json_string(open + 1);
	}
	end = pw_host_number(text, &number);
	if (end && *end == '\0')
		return json_integer(number);
	return json_string(text);
}

void pw_host_put(json_t *object, const char *key, const char *root,
		 const char *path)
{
	char line[PW_HOST_LINE_BYTES];

	if (pw_host_line(root, path, line))
		json_object_set_new(object, key, value_of(line));
}

/* An object of the files that can be read. */
static json_t *settings(const char *root, const char *folder,
			const struct setting *list, size_t count)
{
	json_t *object = json_object();
	char path[2 * PATH_BYTES];

	for (size_t i = 0; object && i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, list[i].path);
		pw_host_put(object, list[i].key, root, path);
	}
	return object;
}

/* Names in a folder, sorted, so that the result is always the same. */
static int list_folder(struct dirent ***names, const char *root,
		       const char *folder)
{
	char full[PATH_BYTES];
	int count;

	snprintf(full, sizeof(full), "%s%s", root, folder);
	count = scandir(full, names, NULL, alphasort);
	return count < 0 ? 0 : count;
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	if (count > 0)
		free(names);
}

/* All files of a folder. */
static json_t *whole_folder(const char *root, const char *folder)
{
	json_t *object = json_object();
	struct dirent **names = NULL;
	int count = list_folder(&names, root, folder);
	char path[PATH_BYTES];

	for (int i = 0; object && i < count; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		pw_host_put(object, names[i]->d_name, root, path);
	}
	free_names(names, count);
	return object;
}

/* The settings in each sub-folder hugepages-<size>kB, by size. */
static json_t *by_page_size(const char *root, const char *folder,
			    const struct setting *list, size_t list_count)
{
	static const char prefix[] = "hugepages-";
	json_t *object = json_object();
	struct dirent **names = NULL;
	int count = list_folder(&names, root, folder);
	char path[PATH_BYTES];

	for (int i = 0; object && i < count; i++) {
		const char *name = names[i]->d_name;

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		json_object_set_new(object, name + sizeof(prefix) - 1,
				    settings(root, path, list, list_count));
	}
	free_names(names, count);
	return object;
}

static json_t *huge_pages(const char *root)
{
	static const char folder[] = "/sys/kernel/mm/transparent_hugepage";
	static const struct setting whole[] = {
		{"enabled", "enabled"},
		{"defrag", "defrag"},
		{"shmem_enabled", "shmem_enabled"},
		{"use_zero_page", "use_zero_page"},
		{"shrink_underused", "shrink_underused"},
		{"pmd_bytes", "hpage_pmd_size"},
	};
	static const struct setting size[] = {
		{"enabled", "enabled"},
		{"shmem_enabled", "shmem_enabled"},
	};
	char path[PATH_BYTES];
	json_t *object = settings(root, folder, whole, PW_COUNT(whole));

	snprintf(path, sizeof(path), "%s/khugepaged", folder);
	json_object_set_new(object, "khugepaged", whole_folder(root, path));
	json_object_set_new(object, "sizes",
			    by_page_size(root, folder, size, PW_COUNT(size)));
	return object;
}

static json_t *hugetlb(const char *root)
{
	static const struct setting pool[] = {
		{"pages", "nr_hugepages"},
		{"free", "free_hugepages"},
		{"reserved", "resv_hugepages"},
		{"surplus", "surplus_hugepages"},
		{"overcommit", "nr_overcommit_hugepages"},
	};

	return by_page_size(root, "/sys/kernel/mm/hugepages", pool,
			    PW_COUNT(pool));
}

static json_t *sysctls(const char *root)
{
	static const struct setting list[] = {
		{"swappiness", "vm/swappiness"},
		{"overcommit_memory", "vm/overcommit_memory"},
		{"overcommit_ratio", "vm/overcommit_ratio"},
		{"overcommit_kbytes", "vm/overcommit_kbytes"},
		{"admin_reserve_kbytes", "vm/admin_reserve_kbytes"},
		{"user_reserve_kbytes", "vm/user_reserve_kbytes"},
		{"min_free_kbytes", "vm/min_free_kbytes"},
		{"watermark_scale_factor", "vm/watermark_scale_factor"},
		{"watermark_boost_factor", "vm/watermark_boost_factor"},
		{"page_cluster", "vm/page-cluster"},
		{"dirty_ratio", "vm/dirty_ratio"},
		{"dirty_bytes", "vm/dirty_bytes"},
		{"dirty_background_ratio", "vm/dirty_background_ratio"},
		{"dirty_background_bytes", "vm/dirty_background_bytes"},
		{"dirty_expire_centisecs", "vm/dirty_expire_centisecs"},
		{"dirty_writeback_centisecs", "vm/dirty_writeback_centisecs"},
		{"vfs_cache_pressure", "vm/vfs_cache_pressure"},
		{"zone_reclaim_mode", "vm/zone_reclaim_mode"},
		{"compaction_proactiveness", "vm/compaction_proactiveness"},
		{"max_map_count", "vm/max_map_count"},
		{"mmap_min_addr", "vm/mmap_min_addr"},
		{"mmap_rnd_bits", "vm/mmap_rnd_bits"},
		{"legacy_va_layout", "vm/legacy_va_layout"},
		{"randomize_va_space", "kernel/randomize_va_space"},
		{"numa_balancing", "kernel/numa_balancing"},
	};

	return settings(root, "/proc/sys", list, PW_COUNT(list));
}

static json_t *kernel_mm(const char *root)
{
	static const struct setting list[] = {
		{"lru_gen_enabled", "lru_gen/enabled"},
		{"lru_gen_min_ttl_ms", "lru_gen/min_ttl_ms"},
		{"swap_vma_read_ahead", "swap/vma_ra_enabled"},
		{"numa_demotion", "numa/demotion_enabled"},
		{"ksm_run", "ksm/run"},
	};

	return settings(root, "/sys/kernel/mm", list, PW_COUNT(list));
}

/* /proc/meminfo has kB. */
static json_t *amounts(const char *root)
{
	static const struct setting list[] = {
		{"total_bytes", "MemTotal"},
		{"available_bytes", "MemAvailable"},
		{"free_bytes", "MemFree"},
		{"swap_total_bytes", "SwapTotal"},
		{"swap_free_bytes", "SwapFree"},
	};
	json_t *object = json_object();
	char line[PW_HOST_LINE_BYTES];
	char path[PATH_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	file = fopen(path, "re");
	while (file && object && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');
		long long kib;

		if (!colon || !pw_host_number(colon + 1, &kib))
			continue;
		*colon = '\0';
		for (size_t i = 0; i < PW_COUNT(list); i++)
			if (strcmp(list[i].path, line) == 0)
				json_object_set_new(object, list[i].key,
						    json_integer(kib * 1024));
	}
	if (file)
		fclose(file);
	return object;
}

/* A line of /proc/swaps, or NULL for what is none, such as its heading. */
static json_t *swap_of(char *line)
{
	static const char blanks[] = " \t\n";
	char *rest;
	const char *path = strtok_r(line, blanks, &rest);
	const char *type = strtok_r(NULL, blanks, &rest);
	const char *at = rest;
	long long kib, used_kib, priority;

	if (!path || !type)
		return NULL;
	at = pw_host_number(at, &kib);
	at = at ? pw_host_number(at, &used_kib) : NULL;
	at = at ? pw_host_number(at, &priority) : NULL;
	if (!at)
		return NULL;
	return json_pack("{s:s, s:s, s:I, s:I, s:I}", "path", path, "type",
			 type, "bytes", (json_int_t)(kib * 1024), "used_bytes",
			 (json_int_t)(used_kib * 1024), "priority",
			 (json_int_t)priority);
}

/* Blanks in names are written as \040, so words are safe. */
static json_t *swaps(const char *root)
{
	json_t *array = json_array();
	char line[PATH_BYTES];
	FILE *file;

	snprintf(line, sizeof(line), "%s/proc/swaps", root);
	file = fopen(line, "re");
	while (file && json_array_size(array) < LIST_MAX &&
	       fgets(line, sizeof(line), file)) {
		json_t *swap = swap_of(line);

		if (swap)
			json_array_append_new(array, swap);
	}
	if (file)
		fclose(file);
	return array;
}

/* Disks by name, those that hold anything. */
static json_t *block_devices(const char *root)
{
	static const struct setting list[] = {
		{"device", "dev"},
		{"read_ahead_kb", "queue/read_ahead_kb"},
		{"rotational", "queue/rotational"},
	};
	json_t *object = json_object();
	struct dirent **names = NULL;
	int count = list_folder(&names, root, "/sys/block");
	char line[PW_HOST_LINE_BYTES];
	char path[PATH_BYTES];

	for (int i = 0; object && i < count; i++) {
		const char *name = names[i]->d_name;

		snprintf(path, sizeof(path), "/sys/block/%s/size", name);
		if (name[0] == '.' || json_object_size(object) >= LIST_MAX ||
		    !pw_host_line(root, path, line) || strcmp(line, "0") == 0)
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s", name);
		json_object_set_new(object, name,
				    settings(root, path, list, PW_COUNT(list)));
	}
	free_names(names, count);
	return object;
}

json_t *pw_host_json(const char *root)
{
	json_t *object = json_object();

	PW_ASSERT(root != NULL);
	pw_host_put(object, "cpus_online", root,
		    "/sys/devices/system/cpu/online");
	json_object_set_new(object, "memory", amounts(root));
	json_object_set_new(object, "sysctl", sysctls(root));
	json_object_set_new(object, "mm", kernel_mm(root));
	json_object_set_new(object, "thp", huge_pages(root));
	json_object_set_new(object, "hugetlb", hugetlb(root));
	json_object_set_new(object, "nodes", pw_host_nodes(root));
	json_object_set_new(object, "zones", pw_host_zones(root));
	json_object_set_new(object, "swaps", swaps(root));
	json_object_set_new(object, "zswap",
			    whole_folder(root, "/sys/module/zswap/parameters"));
	json_object_set_new(object, "cgroup", pw_host_cgroup(root));
	json_object_set_new(object, "block", block_devices(root));
	return object;
}
