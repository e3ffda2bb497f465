/* A page with the table of a report, plots, and what was broken.
 * Must not refer to anything outside of itself. */
#include "print_html.h"

#include <inttypes.h>

#include "cell.h"
#include "html_plot.h"
#include "print_holes.h"
#include "times.h"

enum { PLOTS_MOST = 50 };

static const char style[] =
    ":root{color-scheme:light dark;--page:#f5f7fa;--card:#fff;--text:#17202a;--faint:#5b6875;"
    "--line:#d5dce4;--held:#2f7fd1;--waiting:#c46a00}"
    "@media(prefers-color-scheme:dark){:root{--page:#10151b;--card:#19212a;--text:#e7edf4;"
    "--faint:#9dabba;--line:#303b47;--held:#5aa4ec;--waiting:#ffc46b}}"
    "body{font:100%/1.45 system-ui,sans-serif;background:var(--page);color:var(--text);"
    "margin:0 auto;padding:1rem;max-width:80rem}"
    "h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.1rem;margin:0 0 "
    ".5rem;overflow-wrap:anywhere}"
    "section,.scroll{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "padding:1rem;margin:1rem 0;overflow-x:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem .5rem;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left;max-width:24rem;overflow:hidden;text-overflow:"
    "ellipsis}"
    "thead th{border-bottom:1px solid var(--line);color:var(--faint);font-weight:600}"
    "tr.all td{border-top:1px solid var(--line);font-weight:600}"
    "svg{width:100%;height:9rem;border-bottom:1px solid var(--line)}"
    ".held{fill:var(--held);fill-opacity:.55;stroke:none}"
    ".waiting{fill:none;stroke:var(--waiting);stroke-width:1.5;vector-effect:non-scaling-stroke}"
    ".all{stroke:var(--faint);stroke-dasharray:4 4;vector-effect:non-scaling-stroke}"
    ".axis{display:flex;justify-content:space-between;gap:1rem;color:var(--faint);"
    "font-size:.85rem;margin:.2rem 0 1rem}"
    ".week{font-size:.75rem}.week td{width:1.6rem;height:1.2rem;padding:0;text-align:center;"
    "max-width:none;color:var(--faint);"
    "background:color-mix(in srgb,var(--held) var(--part,0%),transparent);border:1px solid "
    "var(--line)}"
    ".week th{padding:0 .3rem;color:var(--faint);font-weight:400}"
    ".week caption,.legend{text-align:left;color:var(--faint);font-size:.85rem}"
    ".key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .3em 0 1em}"
    "pre{overflow-x:auto}@media print{section{break-inside:avoid}}";

static void print_length(int64_t ms, size_t count, FILE *out)
{
    char text[CELL_SIZE] = "–";

    if (count > 0)
        cell_put_length(text, ms);
    fprintf(out, "<td>%s</td>", text);
}

static void print_part(double part, double whole, FILE *out)
{
    if (whole > 0)
        fprintf(out, "<td>%.0f %%</td>", 100 * part / whole);
    else
        fputs("<td>–</td>", out);
}

static void print_row(const struct report_group *group, FILE *out)
{
    bool has_capacity = group->capacity > 0;

    fputs(group->name != NULL ? "<tr><td>" : "<tr class=\"all\"><td>", out);
    html_print_text(group->name != NULL ? group->name : "all", out);
    if (group->is_proven)
        fprintf(out, " (uid %" PRIu32 ")", group->uid);
    fprintf(out, "</td><td>%zu</td><td>%.1f</td>", group->holds, (double)group->busy_ms / HOUR_MS);
    print_part(group->share, 1, out);
    print_length(group->hold.median_ms, group->holds, out);
    fprintf(out, "<td>%zu</td><td>%.2f</td>", group->peak, group->mean);
    print_part(group->mean, (double)group->capacity, out);
    print_part((double)group->full_ms, has_capacity ? (double)group->time_ms : 0, out);
    print_part((double)group->waiting_full_ms, has_capacity ? (double)group->time_ms : 0, out);
    print_part((double)group->granted_late, (double)group->granted, out);
    print_length(group->wait.median_ms, group->waits, out);
    print_length(group->wait.p90_ms, group->waits, out);
    print_length(group->wait.longest_ms, group->waits, out);
    fprintf(out, "<td>%zu</td><td>%zu</td></tr>\n", group->refused, group->left);
}

static void print_table(struct report *report, const struct report_group *groups, size_t count,
                        FILE *out)
{
    fprintf(out,
            "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>%s</th><th>holds</th>"
            "<th>hours</th><th>share</th><th>held</th><th>peak</th><th>mean</th><th>use</th>"
            "<th>full</th><th>wanted</th><th>waited</th><th>median</th><th>90 %%</th>"
            "<th>worst</th><th>refused</th><th>left</th></tr></thead><tbody>\n",
            report_by_name(report_by(report)));
    for (size_t i = 0; i < count; i++)
        print_row(&groups[i], out);
    if (count > 1)
        print_row(report_total(report), out);
    fputs("</tbody></table></div>\n", out);
    if (count == 0)
        fputs("<p>Nothing was held, waited for or refused.</p>\n", out);
}

static void print_plots(const struct report_group *group, const struct parts *parts, FILE *out)
{
    fputs("<section><h2>", out);
    html_print_text(group->name != NULL ? group->name : "all", out);
    fputs("</h2>\n", out);
    html_plot_use(group, parts, out);
    html_plot_week(group, parts, out);
    fputs("</section>\n", out);
}

void report_print_html(struct report *report, const struct report_group *groups, size_t count,
                       FILE *out)
{
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];
    const struct parts *parts = report_parts(report);

    report_format_time(since, report_since_ms(report));
    report_format_time(until, report_until_ms(report));
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<title>Locks from %s to %s</title><style>%s</style></head><body>\n"
            "<h1>How locks were used</h1><p>From %s to %s</p>\n",
            since, until, style, since, until);
    print_holes(report_holes(report), "<p>Note: ", out);
    print_table(report, groups, count, out);
    fputs("<p class=\"legend\"><span class=\"key\" style=\"background:var(--held)\"></span>held"
          "<span class=\"key\" style=\"background:var(--waiting)\"></span>waiting"
          " &nbsp; – – all that there are</p>\n",
          out);
    if (count > 1)
        print_plots(report_total(report), parts, out);
    for (size_t i = 0; i < count && i < PLOTS_MOST; i++)
        print_plots(&groups[i], parts, out);
    if (count > PLOTS_MOST)
        fprintf(out, "<p>%zu more have no plot here.</p>\n", count - PLOTS_MOST);
    fputs("</body></html>\n", out);
}
