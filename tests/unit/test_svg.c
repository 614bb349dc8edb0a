/*
 * test_svg.c - gnuplot's SVG made into an element of a page.
 */
#include "tests/support/pw_test.h"

#include "plots/svg.h"
#include "tests/support/xml.h"

static char *inlined(const char *picture)
{
	struct pw_error err;
	char *element;
	const char *why;

	PW_TEST_OK(pw_svg_inline(picture, "A \"title\" & more", &element, &err),
		   &err);
	if (!pw_xml_check(element, &why))
		fail_msg("not well-formed: %s", why);
	return element;
}

static void a_picture_loses_prolog_ids_titles_and_empty_groups(void **state)
{
	char *got = inlined(
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<svg \n width=\"9\" height=\"4\"\n viewBox=\"0 0 9 4\"\n"
		" xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n>\n"
		"<title>Gnuplot</title><desc>by GNUPLOT</desc>"
		"<defs><use xlink:href='#gpPt5' id='gpPt6'/></defs>"
		"<g id=\"gnuplot_plot_1\" ><title>gnuplot_plot_1</title>"
		"<g fill=\"none\" color=\"black\">\n</g>"
		"<g color=\"gray\" stroke=\"currentColor\">"
		"<path stroke='rgb(  0, 114, 178)' d='M1,2'/>"
		"<g fill=\"rgb(55,65,81)\"><text>a &lt; b</text></g></g></g>"
		"</svg>\n");

	(void)state;
	assert_string_equal(
		got, "<svg class=\"chart\" role=\"img\" aria-label=\"A "
		     "&#34;title&#34; &#38; more\" viewBox=\"0 0 9 4\" "
		     "xmlns=\"http://www.w3.org/2000/svg\">\n"
		     "<g  ><g  stroke=\"currentColor\">"
		     "<path stroke='#0072b2' d='M1,2'/>"
		     "<g fill=\"currentColor\"><text>a &lt; b</text></g></g>"
		     "</g></svg>\n");
	free(got);
}

static void pictures_with_more_than_a_drawing_are_refused(void **state)
{
	static const char *const body[] = {
		"<script>x</script>", "<a href='#x'>t</a>",  "<use x='1'/>",
		"<image y='2'/>",     "<g fill='url(#x)'/>", "<foreignObject/>",
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(body); i++) {
		struct pw_error err;
		char picture[200];
		char *element;

		snprintf(picture, sizeof(picture),
			 "<svg viewBox=\"0 0 9 4\">%s</svg>", body[i]);
		assert_int_equal(pw_svg_inline(picture, "t", &element, &err),
				 PW_ERR_SYSTEM);
		assert_null(element);
	}
}

static void what_is_no_picture_is_refused(void **state)
{
	static const char *const text[] = {"", "<svg", "<svg>", "hello",
					   "<svg></svg viewBox=\"1\">"};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(text); i++) {
		struct pw_error err;
		char *element;

		assert_int_equal(pw_svg_inline(text[i], "t", &element, &err),
				 PW_ERR_SYSTEM);
		assert_null(element);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_picture_loses_prolog_ids_titles_and_empty_groups),
		cmocka_unit_test(pictures_with_more_than_a_drawing_are_refused),
		cmocka_unit_test(what_is_no_picture_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
