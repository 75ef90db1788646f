#include "web/routes/result_routes.hpp"

#include <charconv>
#include <limits>

#include "samoyed/dispatcher/history_export.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/views/history_page.hpp"

namespace samoyed::web {
namespace {

/// A browser may show it again for so long without asking; nobody else may keep it.
constexpr std::string_view thumbnail_caching = "private, max-age=3600";

constexpr std::int64_t id_max = std::numeric_limits<dispatcher::HistoryId>::max();

/// A number from 1 to `most`; 0 for any other text.
std::int64_t read_number(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fits =
      error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= most;
  return fits ? number : 0;
}

/// The same of the query; nothing where it is missing.
std::optional<std::int64_t> query_number(std::string_view query, std::string_view name,
                                         std::int64_t most) {
  const auto text = query_value(query, name);
  return text ? std::optional(read_number(*text, most)) : std::nullopt;
}

bool is_page(const Route& route) { return route.style == Style::page; }

std::string rows_json(const dispatcher::HistoryPage& page, const RouteContext& context,
                      const Visit& visit) {
  // Rows are JSON texts already: they are put together, not parsed again.
  std::string text;
  for (const dispatcher::HistoryRow& row : page.rows) {
    if (!text.empty()) text += ',';
    text += dispatcher::history_json(context.shown(row, visit));
  }
  return text;
}

std::string id_json(std::optional<dispatcher::HistoryId> id) {
  return id ? std::to_string(*id) : "null";
}

}  // namespace

std::variant<Errand, Problem> ResultRoutes::plan(const Route& route, const Request& request,
                                                 const Visit& visit) const {
  if (route.row->place == Place::thumbnail) return plan_thumbnail(route.parameter, visit);
  const bool all = query_value(route.target.query, "all").value_or("") == "true";
  if (all && !context_.operates(visit)) {
    return Problem{Reason::token_needed, "Everyone's results are for who has the admin token."};
  }
  if (request.method == "DELETE" || request.method == "POST") {
    if (all) return Problem{Reason::bad_parameter, "Only a visitor's own results are removed."};
    return Errand(RemoveResults{visit.visitor, route.style});
  }
  std::optional<std::string> whose = all ? std::nullopt : std::optional(visit.visitor);
  switch (route.row->place) {
    case Place::results_csv:
      return Errand(ExportResults{std::move(whose), ExportFormat::csv});
    case Place::results_json:
      return Errand(ExportResults{std::move(whose), ExportFormat::json});
    default:
      return plan_list(route, std::move(whose));
  }
}

std::variant<Errand, Problem> ResultRoutes::plan_list(const Route& route,
                                                      std::optional<std::string> whose) const {
  const std::string_view query = route.target.query;
  FindResults wanted{{.visitor = std::move(whose)}, route.style};
  wanted.query.before = query_number(query, "before", id_max);
  wanted.query.after = query_number(query, "after", id_max);
  const auto rows = query_number(query, "rows", dispatcher::history_page_rows_max);
  const bool both = wanted.query.before && wanted.query.after;
  if (wanted.query.before == 0 || wanted.query.after == 0 || rows == 0 || both) {
    return Problem{Reason::bad_parameter,
                   "`before` or `after` is the id of a result, `rows` a number from 1 to " +
                       std::to_string(dispatcher::history_page_rows_max) + "."};
  }
  if (is_page(route)) wanted.query.rows_max = history_page_rows;
  if (rows) wanted.query.rows_max = static_cast<std::size_t>(*rows);
  return Errand(std::move(wanted));
}

std::variant<Errand, Problem> ResultRoutes::plan_thumbnail(std::string_view id,
                                                           const Visit& visit) const {
  const std::int64_t number = read_number(id, id_max);
  if (number == 0) return Problem{Reason::not_found, "There is no such picture."};
  return Errand(FindThumbnail{
      number, context_.operates(visit) ? std::nullopt : std::optional(visit.visitor)});
}

Response ResultRoutes::found(const FindResults& asked, const dispatcher::HistoryPage& page,
                             const Visit& visit) const {
  if (asked.style == Style::api) {
    return json_response(200, R"({"results":[)" + rows_json(page, context_, visit) +
                                  R"(],"next_before":)" + id_json(page.next_before) +
                                  R"(,"next_after":)" + id_json(page.next_after) + "}");
  }
  const HistoryView view{.page = page,
                         .everyone = !asked.query.visitor,
                         .operates = context_.operates(visit),
                         .by_address = context_.rules().results_by_address,
                         .newest = !asked.query.before && !asked.query.after,
                         .workers_visible = context_.workers_visible(visit),
                         .days = context_.rules().results_days};
  return html_response(200, history_page(view, context_.view(WorkersView::Shown::nothing)));
}

Response ResultRoutes::thumbnail(const std::optional<dispatcher::HistoryRow>& row,
                                 const Visit& visit) const {
  if (!row || row->thumbnail.empty()) {
    return context_.refuse({Reason::not_found, "There is no such picture."}, Style::page, visit);
  }
  return {200,
          {{"Content-Type", "image/jpeg"},
           {"Cache-Control", std::string(thumbnail_caching)},
           {"Vary", "Cookie"}},
          row->thumbnail};
}

Response ResultRoutes::removed(const RemoveResults& asked, std::uint64_t rows,
                               const Visit& visit) const {
  if (asked.style == Style::api) {
    return json_response(200, R"({"removed":)" + std::to_string(rows) + "}");
  }
  const std::string sentence =
      rows == 0
          ? "There were no results of yours."
          : std::to_string(rows) + (rows == 1 ? " result is" : " results are") + " gone for good.";
  return html_response(
      200, message_page(200, rows == 0 ? "Nothing to delete" : "Your results are deleted", sentence,
                        context_.view_for(visit)));
}

Response ResultRoutes::export_head(ExportFormat format) const {
  const bool csv = format == ExportFormat::csv;
  Response response{200,
                    {{"Content-Type", csv ? "text/csv; charset=utf-8" : "application/json"},
                     {"Content-Disposition",
                      std::string("attachment; filename=\"results.") + (csv ? "csv\"" : "json\"")},
                     {"Cache-Control", "no-store"}},
                    {}};
  response.stream = true;
  return response;
}

std::string ResultRoutes::export_begin(ExportFormat format) const {
  return format == ExportFormat::csv ? dispatcher::history_csv_header() : R"({"results":[)";
}

std::string ResultRoutes::export_end(ExportFormat format) const {
  return format == ExportFormat::csv ? "" : "]}\n";
}

std::string ResultRoutes::export_rows(ExportFormat format, const dispatcher::HistoryPage& page,
                                      bool first, const Visit& visit) const {
  if (format == ExportFormat::json) {
    const bool separated = !first && !page.rows.empty();
    return (separated ? ",\n" : "") + rows_json(page, context_, visit);
  }
  std::string text;
  for (const dispatcher::HistoryRow& row : page.rows) {
    text += dispatcher::history_csv_row(context_.shown(row, visit));
  }
  return text;
}

Response ResultRoutes::not_kept(Style style, Tab tab, const Visit& visit) const {
  if (style != Style::page) {
    return context_.refuse({Reason::not_found, "This server keeps nothing of that kind."}, style,
                           visit);
  }
  return html_response(200, nothing_kept_page(tab, context_.view(WorkersView::Shown::nothing)));
}

}  // namespace samoyed::web
