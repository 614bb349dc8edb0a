/*
 * test_sink_html.c - the document as one page.
 */
#include "tests/support/pw_test.h"

#include "tests/support/render.h"
#include "tests/support/xml.h"

static const struct pw_table_spec info = {
	.name = "info",
	.title = "Trace",
	.help = "What was recorded.",
	.form = PW_FORM_RECORD,
	.column = {{"path", "File", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES}},
};

static const struct pw_table_spec curve = {
	.name = "curve",
	.title = "Miss ratio",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.chart = {.kind = PW_CHART_STEPS, .x = "pages", .y = {"ratio"}},
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_PAGES},
		   {"ratio", "Ratio", PW_CELL_F64, PW_UNIT_RATIO}},
};

static const struct pw_table_spec top = {
	.name = "top",
	.title = "Hot symbols",
	.form = PW_FORM_ROWS,
	.column = {{"symbol", "Symbol", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static void add_curve(struct pw_tables *tables, uint64_t rows)
{
	struct pw_table *table = pw_table_add(tables, &curve);

	for (uint64_t i = 0; i < rows; i++) {
		pw_cell_u64(table, i + 1);
		pw_cell_f64(table, 1.0 / (double)(i + 1));
	}
}

static struct pw_tables *make_document(uint64_t rows)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &info);

	pw_cell_text(table, "a.pwt");
	pw_cell_u64(table, 1536);
	add_curve(tables, rows);
	pw_tables_group(tables, "machines", "zen <4> \"x\"");
	table = pw_table_add(tables, &top);
	pw_cell_text(table, "f<int>");
	pw_cell_u64(table, 1234);
	pw_tables_group_end(tables);
	return tables;
}

static char *render(struct pw_tables *tables,
		    const struct pw_sink_options *options)
{
	char *page = pw_test_render("html", tables, options);
	const char *why;

	if (!pw_xml_check(page, &why))
		fail_msg("not well-formed: %s", why);
	pw_tables_close(tables);
	return page;
}

static void the_page_forbids_scripts_and_requests(void **state)
{
	char *page = render(make_document(5), NULL);

	(void)state;
	assert_non_null(strstr(page, "content=\"default-src 'none'; style-src "
				     "'unsafe-inline'; img-src data:\""));
	assert_int_equal(pw_xml_count(page, "script"), 0);
	assert_int_equal(pw_xml_count(page, "link"), 0);
	assert_int_equal(pw_xml_count(page, "img"), 0);
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "src="));
	free(page);
}

static void contents_link_to_every_table_and_group(void **state)
{
	char *page = render(make_document(5), NULL);
	const char *at = page;
	size_t links = 0;

	(void)state;
	while ((at = strstr(at, "href=\"#"))) {
		char target[40];
		int length = (int)strcspn(at + 7, "\"");

		snprintf(target, sizeof(target), " id=\"%.*s\"", length,
			 at + 7);
		assert_non_null(strstr(page, target));
		links++;
		at++;
	}
	/* Three tables and a group. */
	assert_int_equal(links, 4);
	free(page);
}

static void a_page_of_two_tables_has_no_contents(void **state)
{
	struct pw_tables *tables = pw_test_document();
	char *page;

	(void)state;
	add_curve(tables, 3);
	pw_table_add(tables, &top);
	page = render(tables, NULL);
	assert_int_equal(pw_xml_count(page, "nav"), 0);
	assert_non_null(strstr(page, "None."));
	free(page);
}

static void names_are_text_not_markup(void **state)
{
	char *page = render(make_document(5), NULL);

	(void)state;
	assert_non_null(strstr(page, "zen &lt;4&gt; &quot;x&quot;"));
	assert_non_null(strstr(page, "<td>f&lt;int&gt;</td>"
				     "<td class=\"n\">1,234</td>"));
	free(page);
}

/* 32 rows of the curve, its head, and the other table's two rows. */
static void long_tables_show_a_choice_of_rows(void **state)
{
	char *page = render(make_document(5000), NULL);

	(void)state;
	assert_non_null(strstr(page, "32 of 5,000 rows"));
	assert_int_equal(pw_xml_count(page, "tr"), 32 + 1 + 2);
	assert_int_equal(pw_xml_count(page, "details"), 1);
	/* The first row and the last are among them. */
	assert_non_null(strstr(page, "<td class=\"n\">1</td>"));
	assert_non_null(strstr(page, "<td class=\"n\">5,000</td>"));
	free(page);
}

/* 32 rows of a detail are all there, but folded; 8 lie open. */
static void short_tables_are_shown_whole(void **state)
{
	char *page = render(make_document(32), NULL);

	(void)state;
	assert_non_null(strstr(page, "<summary>32 rows</summary>"));
	assert_int_equal(pw_xml_count(page, "details"), 1);
	assert_int_equal(pw_xml_count(page, "tr"), 32 + 1 + 2);
	free(page);
	page = render(make_document(8), NULL);
	assert_int_equal(pw_xml_count(page, "details"), 0);
	assert_int_equal(pw_xml_count(page, "tr"), 8 + 1 + 2);
	free(page);
}

static void charts_stand_in_the_page(void **state)
{
	char *page;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	page = render(make_document(200), NULL);
	assert_int_equal(pw_xml_count(page, "svg"), 1);
	assert_non_null(strstr(page, "aria-label=\"Miss ratio\""));
	assert_null(strstr(page, "Without pictures"));
	free(page);
}

static void without_gnuplot_the_page_says_so_once(void **state)
{
	char *path = pw_test_fake_gnuplot(NULL);
	struct pw_tables *tables = make_document(50);
	char *page;
	char *at;

	(void)state;
	pw_tables_group(tables, "machines", "other");
	add_curve(tables, 50);
	pw_tables_group_end(tables);
	page = render(tables, NULL);
	pw_test_restore_path(path);
	assert_int_equal(pw_xml_count(page, "svg"), 0);
	at = strstr(page, "Without pictures: gnuplot");
	assert_non_null(at);
	assert_non_null(strstr(at, "install gnuplot-nox"));
	assert_null(strstr(at + 1, "Without pictures"));
	free(page);
}

static void partial_results_and_notes_stand_first(void **state)
{
	struct pw_tables *tables = make_document(3);
	char *page;
	char *banner;
	char *note;

	(void)state;
	pw_tables_mark_partial(tables, "cut at <5>");
	pw_tables_note(tables, "a remark");
	page = render(tables, NULL);
	banner = strstr(page, "<strong>Partial results:</strong> cut at "
			      "&lt;5&gt;");
	assert_non_null(banner);
	note = strstr(banner, "<li>a remark</li>");
	assert_non_null(note);
	assert_true(note < strstr(page, "<section"));
	free(page);
}

static void one_table_can_be_asked_for(void **state)
{
	const struct pw_sink_options options = {.table = "top", .title = "t"};
	char *page = render(make_document(5), &options);

	(void)state;
	assert_null(strstr(page, "What was recorded."));
	assert_non_null(strstr(page, "Hot symbols"));
	free(page);
}

static void the_same_document_gives_the_same_bytes(void **state)
{
	char *one = render(make_document(400), NULL);
	char *two = render(make_document(400), NULL);

	(void)state;
	assert_string_equal(one, two);
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_forbids_scripts_and_requests),
		cmocka_unit_test(contents_link_to_every_table_and_group),
		cmocka_unit_test(a_page_of_two_tables_has_no_contents),
		cmocka_unit_test(names_are_text_not_markup),
		cmocka_unit_test(long_tables_show_a_choice_of_rows),
		cmocka_unit_test(short_tables_are_shown_whole),
		cmocka_unit_test(charts_stand_in_the_page),
		cmocka_unit_test(without_gnuplot_the_page_says_so_once),
		cmocka_unit_test(partial_results_and_notes_stand_first),
		cmocka_unit_test(one_table_can_be_asked_for),
		cmocka_unit_test(the_same_document_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
