/*
 * test_host.c - settings of a machine that is a folder of files.
 */
#include "tests/support/pw_test.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/host.h"

static char root[] = "/tmp/pw_test_host.XXXXXX";

/* Write a file below the root, with the folders it needs. */
static void put(const char *path, const char *text)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(full, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
	return 0;
}

/* Compare with JSON text, whatever the order of its keys. */
static void expect(json_t *got, const char *want_text)
{
	json_error_t error;
	json_t *want = json_loads(want_text, JSON_DECODE_ANY, &error);
	char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS);

	assert_non_null(want);
	assert_non_null(text);
	if (!json_equal(got, want))
		fail_msg("%s, not %s", text, want_text);
	free(text);
	json_decref(want);
}

static void an_empty_machine_has_empty_parts(void **state)
{
	json_t *host = pw_host_json(root);

	(void)state;
	expect(host, "{\"memory\":{},\"sysctl\":{},\"mm\":{},\"thp\":"
		     "{\"khugepaged\":{},\"sizes\":{}},\"hugetlb\":{},"
		     "\"nodes\":[],\"zones\":[],\"swaps\":[],\"zswap\":{},"
		     "\"cgroup\":{},\"block\":{}}");
	json_decref(host);
}

static void a_value_is_a_number_a_chosen_word_or_text(void **state)
{
	json_t *object = json_object();

	(void)state;
	put("/a", "60\n");
	put("/b", "always [madvise] never\n");
	put("/c", "0x0007\n");
	put("/d", "-1\n");
	put("/e", "99999999999999999999\n");
	put("/f", "");
	pw_host_put(object, "a", root, "/a");
	pw_host_put(object, "b", root, "/b");
	pw_host_put(object, "c", root, "/c");
	pw_host_put(object, "d", root, "/d");
	pw_host_put(object, "e", root, "/e");
	pw_host_put(object, "f", root, "/f");
	pw_host_put(object, "g", root, "/missing");
	expect(object, "{\"a\":60,\"b\":\"madvise\",\"c\":\"0x0007\",\"d\":-1,"
		       "\"e\":\"99999999999999999999\"}");
	json_decref(object);
}

static void huge_pages_are_listed_by_size(void **state)
{
	static const char *const thp = "/sys/kernel/mm/transparent_hugepage";
	char path[256];
	json_t *host;

	(void)state;
	snprintf(path, sizeof(path), "%s/enabled", thp);
	put(path, "[always] madvise never\n");
	snprintf(path, sizeof(path), "%s/khugepaged/pages_to_scan", thp);
	put(path, "4096\n");
	snprintf(path, sizeof(path), "%s/hugepages-64kB/enabled", thp);
	put(path, "always inherit madvise [never]\n");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "8\n");
	host = pw_host_json(root);
	expect(json_object_get(host, "thp"),
	       "{\"enabled\":\"always\",\"khugepaged\":{\"pages_to_scan\":"
	       "4096},\"sizes\":{\"64kB\":{\"enabled\":\"never\"}}}");
	expect(json_object_get(host, "hugetlb"), "{\"2048kB\":{\"pages\":8}}");
	json_decref(host);
}

static void amounts_are_in_bytes(void **state)
{
	json_t *host;

	(void)state;
	put("/proc/meminfo", "MemTotal:       16 kB\nMemFree:         4 kB\n"
			     "MemAvailable:    8 kB\nHugePages_Total: 3\n");
	put("/proc/swaps", "Filename Type Size Used Priority\n"
			   "/swap\\040file file 1024 3 -2\n");
	host = pw_host_json(root);
	expect(json_object_get(host, "memory"),
	       "{\"total_bytes\":16384,\"free_bytes\":4096,"
	       "\"available_bytes\":8192}");
	expect(json_object_get(host, "swaps"),
	       "[{\"path\":\"/swap\\\\040file\",\"type\":\"file\","
	       "\"bytes\":1048576,\"used_bytes\":3072,\"priority\":-2}]");
	json_decref(host);
}

/*
 * Node 0 has DMA (4, 5, 6 of 100 pages) and Normal (10, 20, 30 of 1000), and a
 * zone without memory, which counts for nothing. Sums: 14, 25, 36, 1100.
 */
static void watermarks_are_told_by_zone_and_summed_by_node(void **state)
{
	json_t *list;

	(void)state;
	put("/proc/zoneinfo",
	    "Node 0, zone      DMA\n  per-node stats\n      nr_free 9\n"
	    "  pages free     77\n        boost    0\n        min      4\n"
	    "        low      5\n        high     6\n        managed  100\n"
	    "  pagesets\n    cpu: 0\n              count:    1\n"
	    "              high:     99\n"
	    "Node 0, zone   Normal\n  pages free     7\n        min      10\n"
	    "        low      20\n        high     30\n"
	    "        managed  1000\n"
	    "Node 0, zone  Movable\n        min      32\n"
	    "        managed  0\n"
	    "Node 1, zone   Normal\n        min      1\n"
	    "        low      2\n        high     3\n        managed  50\n");
	list = pw_host_zones(root);
	expect(list,
	       "[{\"node\":0,\"zone\":\"DMA\",\"min_pages\":4,\"low_pages\":5,"
	       "\"high_pages\":6,\"managed_pages\":100},"
	       "{\"node\":0,\"zone\":\"Normal\",\"min_pages\":10,"
	       "\"low_pages\":20,\"high_pages\":30,\"managed_pages\":1000},"
	       "{\"node\":1,\"zone\":\"Normal\",\"min_pages\":1,"
	       "\"low_pages\":2,\"high_pages\":3,\"managed_pages\":50}]");
	json_decref(list);

	put("/sys/devices/system/node/node0/distance", "10 21\n");
	put("/sys/devices/system/node/node0/cpulist", "0-1\n");
	put("/sys/devices/system/node/node0/meminfo",
	    "Node 0 MemTotal:        4 kB\nNode 0 MemFree: 1 kB\n");
	list = pw_host_nodes(root);
	expect(list, "[{\"node\":0,\"distances\":[10,21],\"cpus\":\"0-1\","
		     "\"bytes\":4096,\"min_pages\":14,\"low_pages\":25,"
		     "\"high_pages\":36,\"managed_pages\":1100}]");
	json_decref(list);
}

/* The parent allows less than the own group. */
static void the_least_limit_of_all_groups_above_counts(void **state)
{
	json_t *cgroup;

	(void)state;
	put("/proc/self/cgroup", "0::/a/b\n");
	put("/sys/fs/cgroup/a/b/memory.max", "4096000\n");
	put("/sys/fs/cgroup/a/b/memory.high", "max\n");
	put("/sys/fs/cgroup/a/memory.max", "2048000\n");
	cgroup = pw_host_cgroup(root);
	expect(cgroup, "{\"version\":2,\"path\":\"/a/b\","
		       "\"memory.high\":\"max\",\"limit_bytes\":2048000}");
	json_decref(cgroup);
}

/* In a container the own path may not be mounted; the root is then. */
static void groups_of_version_1_are_found_by_their_controller(void **state)
{
	json_t *cgroup;

	(void)state;
	put("/proc/self/cgroup",
	    "3:cpu,cpuacct:/x\n2:hugetlb,memory:/docker/1\n0::/\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes",
	    "9223372036854771712\n");
	put("/sys/fs/cgroup/memory/memory.swappiness", "10\n");
	cgroup = pw_host_cgroup(root);
	expect(cgroup, "{\"version\":1,\"path\":\"/docker/1\","
		       "\"memory.swappiness\":10}");
	json_decref(cgroup);
}

static void disks_that_hold_nothing_are_left_out(void **state)
{
	json_t *host;

	(void)state;
	put("/sys/block/loop0/size", "0\n");
	put("/sys/block/loop0/queue/read_ahead_kb", "128\n");
	put("/sys/block/vda/size", "2048\n");
	put("/sys/block/vda/dev", "254:0\n");
	put("/sys/block/vda/queue/read_ahead_kb", "128\n");
	host = pw_host_json(root);
	expect(json_object_get(host, "block"),
	       "{\"vda\":{\"device\":\"254:0\",\"read_ahead_kb\":128}}");
	json_decref(host);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_machine_has_empty_parts),
		TEST(a_value_is_a_number_a_chosen_word_or_text),
		TEST(huge_pages_are_listed_by_size),
		TEST(amounts_are_in_bytes),
		TEST(watermarks_are_told_by_zone_and_summed_by_node),
		TEST(the_least_limit_of_all_groups_above_counts),
		TEST(groups_of_version_1_are_found_by_their_controller),
		TEST(disks_that_hold_nothing_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
