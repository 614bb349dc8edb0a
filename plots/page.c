/*
 * page.c - the frame of an HTML page: its head, its looks and its foot.
 */
#include <string.h>

#include "plots/page.h"

/* Colours first, then the frame, then what stands in it. */
static const char *const style[] = {
	":root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;",
	"--text:#1f2530;--soft:#5b6472;--line:#dfe2e8;--grid:#e6e8ed;",
	"--accent:#0b62a8;--stripe:#f8f9fb;",
	"--bad:#9b1c1c;--badbg:#fdeaea}\n",
	"@media (prefers-color-scheme:dark){:root{--page:#12151a;",
	"--card:#1a1e25;--text:#e3e6eb;--soft:#9aa3b1;--line:#2d333d;",
	"--grid:#2a303a;--accent:#6cb6ef;--stripe:#1e232b;",
	"--bad:#ff9b93;--badbg:#351a1a}\n",
	".chart [stroke='#0072b2']{stroke:#4da3dc}",
	".chart [stroke='#d55e00']{stroke:#f0813a}",
	".chart [stroke='#009e73']{stroke:#2fc497}}\n",
	"*{box-sizing:border-box}\n",
	"body{margin:0;background:var(--page);color:var(--text);",
	"font:15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,",
	"'Helvetica Neue',Arial,sans-serif}\n",
	".frame{max-width:78rem;margin:0 auto;padding:2rem 1.5rem 3rem}\n",
	"@media (min-width:70rem){.columns{display:grid;",
	"grid-template-columns:14rem minmax(0,1fr);gap:2rem}",
	"nav{position:sticky;top:1.5rem;align-self:start;",
	"max-height:calc(100vh - 3rem);overflow:auto}}\n",
	"h1{font-size:1.6rem;line-height:1.25;margin:0 0 1.25rem;",
	"font-weight:650;overflow-wrap:anywhere}\n",
	"h2{font-size:1.2rem}h3{font-size:1.05rem}",
	"h2,h3,h4,h5,h6{line-height:1.3;margin:0 0 .2rem;font-weight:620;",
	"overflow-wrap:anywhere}\n",
	"a{color:var(--accent);text-decoration:none}",
	"a:hover{text-decoration:underline}\n",
	"nav{font-size:.9rem;margin-bottom:1.5rem}",
	"nav ul{list-style:none;margin:0;padding:0}",
	"nav ul ul{padding-left:.9rem;border-left:1px solid var(--line);",
	"margin:.1rem 0 .5rem}",
	"nav li{margin:.18rem 0;overflow-wrap:anywhere}",
	"nav .head{font-size:.75rem;text-transform:uppercase;",
	"letter-spacing:.06em;color:var(--soft);margin:0 0 .4rem}\n",
	".card{background:var(--card);border:1px solid var(--line);",
	"border-radius:.6rem;padding:1.1rem 1.3rem 1.2rem;",
	"margin:0 0 1.25rem}",
	".group{margin:2rem 0 0}.group>h2,.group>h3{margin-bottom:.9rem}",
	".help{color:var(--soft);margin:0 0 .9rem;max-width:48rem}",
	".empty{color:var(--soft);margin:.4rem 0 0}\n",
	".banner,.notes{border-radius:.6rem;padding:.8rem 1.1rem;",
	"margin:0 0 1.25rem;overflow-wrap:anywhere}",
	".banner{background:var(--badbg);color:var(--bad);",
	"border:1px solid currentColor}",
	".notes{background:var(--card);border:1px solid var(--line)}",
	".notes p{margin:0}.notes ul{margin:0;padding-left:1.1rem}\n",
	".tiles{display:grid;gap:.9rem 1.5rem;margin:.3rem 0 0;",
	"grid-template-columns:repeat(auto-fill,minmax(11rem,1fr))}",
	".tiles dt{font-size:.82rem;color:var(--soft)}",
	".tiles dd{margin:0;font-size:1.2rem;font-weight:600;",
	"font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n",
	".pairs{display:grid;gap:0 2.5rem;margin:0;",
	"grid-template-columns:repeat(auto-fill,minmax(19rem,1fr))}",
	".pairs div{display:flex;justify-content:space-between;gap:1rem;",
	"border-bottom:1px solid var(--line);padding:.22rem 0}",
	".pairs dt{color:var(--soft);overflow-wrap:anywhere;",
	"flex:0 0 auto;max-width:60%}",
	".pairs dd{margin:0;text-align:right;overflow-wrap:anywhere;",
	"font-variant-numeric:tabular-nums}\n",
	"figure{margin:0 0 .4rem;overflow-x:auto}",
	".chart{display:block;width:100%;min-width:34rem;height:auto;",
	"color:var(--soft)}",
	".chart text{font-family:inherit}",
	".chart .gridline{stroke:var(--grid)}\n",
	".scroll{overflow-x:auto}",
	"table{border-collapse:collapse;min-width:20rem;",
	"font-variant-numeric:tabular-nums}",
	"th,td{text-align:left;padding:.3rem 1.1rem .3rem .4rem;",
	"border-bottom:1px solid var(--line);vertical-align:top}",
	"th{font-size:.82rem;font-weight:600;color:var(--soft);",
	"border-bottom-width:2px;white-space:nowrap}",
	"td{overflow-wrap:anywhere}",
	"th.n,td.n{text-align:right;white-space:nowrap;",
	"padding:.3rem .4rem .3rem 1.1rem}",
	"tbody tr:nth-child(even){background:var(--stripe)}\n",
	"details{margin:.6rem 0 0}summary{cursor:pointer;",
	"color:var(--accent);font-size:.9rem;margin-bottom:.4rem}\n",
	"footer{color:var(--soft);font-size:.82rem;margin-top:2rem}\n",
	"@media print{body{background:#fff}nav{display:none}",
	".card{break-inside:avoid;border-color:#ccc}}\n",
};

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Write @text; behind each of @breaks its line may break. */
static bool put_escaped(FILE *out, struct pw_show *show, const char *text,
			const char *breaks)
{
	const char *clean = pw_show_text(show, text);

	if (!clean)
		return false;
	for (; *clean; clean++) {
		const char *escaped = entity(*clean);

		if (escaped)
			fputs(escaped, out);
		else
			putc_unlocked(*clean, out);
		if (strchr(breaks, *clean))
			fputs("<wbr/>", out);
	}
	return true;
}

bool pw_page_text(FILE *out, struct pw_show *show, const char *text)
{
	return put_escaped(out, show, text, "");
}

bool pw_page_name(FILE *out, struct pw_show *show, const char *name)
{
	return put_escaped(out, show, name, "._");
}

bool pw_page_begin(FILE *out, struct pw_show *show, const char *title)
{
	fputs("<!DOCTYPE html>\n"
	      "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n"
	      "<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\""
	      "default-src 'none'; style-src 'unsafe-inline'; "
	      "img-src data:\"/>\n"
	      "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	      "<title>",
	      out);
	if (!pw_page_text(out, show, title))
		return false;
	fputs("</title>\n<style>\n", out);
	for (size_t i = 0; i < PW_COUNT(style); i++)
		fputs(style[i], out);
	fputs("</style>\n</head>\n<body>\n<div class=\"frame\">\n", out);
	return true;
}

void pw_page_end(FILE *out)
{
	fputs("<footer>Made by pagewalk. This page is complete in itself: it "
	      "runs no script and loads nothing.</footer>\n"
	      "</div>\n</body>\n</html>\n",
	      out);
}
