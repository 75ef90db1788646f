#include "web/routes/result_handlers.hpp"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "samoyed/io/parse_number.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "web/access/visitor.hpp"
#include "web/http/model_name.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/feeds.hpp"
#include "web/routes/permissions.hpp"
#include "web/views/history_page.hpp"
#include "web/views/pages.hpp"
#include "web/views/results_json.hpp"

namespace samoyed::web {

Response nothing_kept_response(const Services& services, const RequestContext& context, Tab tab) {
  if (context.route.errors == ErrorFormat::page) {
    return html_response(200, nothing_kept_page(tab, no_workers_view(services)));
  }
  return error_response(services, context,
                        {Reason::not_found,
                         "This server keeps no results or jobs. To keep them, start the "
                         "dispatcher with --data-dir and without --no-history."});
}

namespace results {
namespace {

/// The visitor's browser may reuse a thumbnail for an hour. Shared caches may not keep it.
constexpr std::string_view thumbnail_caching = "private, max-age=3600";

constexpr std::int64_t id_max = std::numeric_limits<dispatcher::HistoryId>::max();

/// Returns a number from 1 to `most`, or 0 for any other text.
std::int64_t read_number(std::string_view text, std::int64_t most) {
  const std::int64_t number = io::parse_number<std::int64_t>(text).value_or(0);
  return number >= 1 && number <= most ? number : 0;
}

/// Does the same for a value of the query. Returns std::nullopt if it is missing.
std::optional<std::int64_t> query_number(std::string_view query, std::string_view name,
                                         std::int64_t most) {
  const auto text = query_value(query, name);
  return text ? std::optional(read_number(*text, most)) : std::nullopt;
}

bool asks_for_all(const RequestContext& context) {
  return query_value(context.route.query, "all").value_or("") == "true";
}

/// The owner of the results that the client asks for. If `visitor` is std::nullopt, they are
/// everyone's.
struct Owner {
  std::optional<std::string> visitor;
};

std::variant<Owner, Problem> read_owner(const Services& services, const RequestContext& context) {
  if (!asks_for_all(context)) return Owner{context.visitor};
  if (is_operator(services, context)) return Owner{};
  return Problem{Reason::token_needed,
                 "Only people with the admin token can see everyone's results."};
}

/// Reads whose results, and of which model, the client asks for.
std::variant<dispatcher::HistoryQuery, Problem> read_filters(const Services& services,
                                                             const RequestContext& context) {
  auto owner = read_owner(services, context);
  if (auto* problem = std::get_if<Problem>(&owner)) return std::move(*problem);
  dispatcher::HistoryQuery wanted{.visitor = std::get<Owner>(std::move(owner)).visitor};
  if (const auto model = query_value(context.route.query, "model")) {
    if (auto problem = check_model_name(*model)) return std::move(*problem);
    wanted.model = protocol::to_utf8(*model);
  }
  return wanted;
}

std::variant<dispatcher::HistoryQuery, Problem> read_list_query(const Services& services,
                                                                const RequestContext& context,
                                                                std::size_t rows_default) {
  auto filters = read_filters(services, context);
  if (auto* problem = std::get_if<Problem>(&filters)) return std::move(*problem);
  const std::string& query = context.route.query;
  auto& wanted = std::get<dispatcher::HistoryQuery>(filters);
  wanted.rows_max = rows_default;
  wanted.before = query_number(query, "before", id_max);
  wanted.after = query_number(query, "after", id_max);
  const auto rows = query_number(query, "rows", dispatcher::history_page_rows_max);
  const bool both = wanted.before && wanted.after;
  if (wanted.before == 0 || wanted.after == 0 || rows == 0 || both) {
    return Problem{Reason::bad_parameter,
                   "`before` and `after` must be ids of results, and only one of them may be "
                   "given. `rows` must be a number from 1 to " +
                       std::to_string(dispatcher::history_page_rows_max) + "."};
  }
  if (rows) wanted.rows_max = static_cast<std::size_t>(*rows);
  return std::move(wanted);
}

/// Removes the visitor's results. Returns the number of removed rows, or an error.
asio::awaitable<std::variant<std::uint64_t, Response>> remove_own(Services& services,
                                                                  RequestContext& context) {
  const auto owner = read_owner(services, context);
  if (const auto* problem = std::get_if<Problem>(&owner)) {
    co_return error_response(services, context, *problem);
  }
  if (asks_for_all(context)) {
    const Problem problem{Reason::bad_parameter,
                          "You can delete only your own results. Leave out `all`."};
    co_return error_response(services, context, problem);
  }
  if (!services.history) co_return nothing_kept_response(services, context);
  // Nothing is kept for a client that isn't known, and the disk should not be asked for nothing.
  if (context.visitor == no_visitor) co_return std::uint64_t{0};
  co_return co_await services.history->remove_all(context.visitor);
}

asio::awaitable<Response> export_as(Services& services, RequestContext& context,
                                    ExportFormat format) {
  auto filters = read_filters(services, context);
  if (const auto* problem = std::get_if<Problem>(&filters)) {
    co_return error_response(services, context, *problem);
  }
  if (!services.history) co_return nothing_kept_response(services, context);
  const bool csv = format == ExportFormat::csv;
  Response response{200,
                    {{"Content-Type", csv ? "text/csv; charset=utf-8" : "application/json"},
                     {"Content-Disposition",
                      std::string("attachment; filename=\"results.") + (csv ? "csv\"" : "json\"")},
                     {"Cache-Control", "no-store"}},
                    {}};
  response.stream = true;
  response.feed =
      feed_of_results(*services.history, std::get<dispatcher::HistoryQuery>(std::move(filters)),
                      format, result_display(services, context));
  co_return response;
}

}  // namespace

asio::awaitable<Response> page(Services& services, RequestContext& context) {
  const auto read = read_list_query(services, context, history_page_rows);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  if (!services.history) co_return nothing_kept_response(services, context);
  const auto& query = std::get<dispatcher::HistoryQuery>(read);
  const dispatcher::HistoryPage found = co_await services.history->find(query);
  const HistoryView view{.page = found,
                         .everyone = !query.visitor,
                         .operates = is_operator(services, context),
                         .by_address = services.rules.results_by_address,
                         .newest = !query.before && !query.after,
                         .workers_visible = may_see_workers(services, context),
                         .model = query.model.value_or(""),
                         .days = services.rules.results_days};
  co_return html_response(200, history_page(view, no_workers_view(services)));
}

asio::awaitable<Response> list(Services& services, RequestContext& context) {
  const auto read = read_list_query(services, context, dispatcher::HistoryQuery().rows_max);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  if (!services.history) co_return nothing_kept_response(services, context);
  const auto& query = std::get<dispatcher::HistoryQuery>(read);
  const dispatcher::HistoryPage found = co_await services.history->find(query);
  co_return json_response(200, result_page_json(found, result_display(services, context)));
}

asio::awaitable<Response> remove_by_form(Services& services, RequestContext& context) {
  auto removed = co_await remove_own(services, context);
  if (auto* response = std::get_if<Response>(&removed)) co_return std::move(*response);
  const std::uint64_t rows = std::get<std::uint64_t>(removed);
  const std::string sentence = rows == 0 ? "You have no results."
                                         : std::to_string(rows) +
                                               (rows == 1 ? " result was" : " results were") +
                                               " permanently deleted.";
  const char* const heading = rows == 0 ? "Nothing to delete" : "Your results are deleted";
  co_return html_response(200,
                          message_page(200, heading, sentence, workers_view(services, context)));
}

asio::awaitable<Response> remove(Services& services, RequestContext& context) {
  auto removed = co_await remove_own(services, context);
  if (auto* response = std::get_if<Response>(&removed)) co_return std::move(*response);
  const std::uint64_t rows = std::get<std::uint64_t>(removed);
  co_return json_response(200, R"({"removed":)" + std::to_string(rows) + "}");
}

asio::awaitable<Response> thumbnail(Services& services, RequestContext& context) {
  const Problem unknown{Reason::not_found, "There is no such picture."};
  const std::int64_t id = read_number(context.route.parameter, id_max);
  if (id == 0) co_return error_response(services, context, unknown);
  if (!services.history) co_return nothing_kept_response(services, context);
  std::optional<std::string> visitor = context.visitor;
  if (is_operator(services, context)) visitor.reset();
  const auto row = co_await services.history->find_row(id, std::move(visitor));
  if (!row || row->thumbnail.empty()) co_return error_response(services, context, unknown);
  Response response{200,
                    {{"Content-Type", "image/jpeg"},
                     {"Cache-Control", std::string(thumbnail_caching)},
                     {"Vary", "Cookie"}},
                    row->thumbnail};
  co_return response;
}

asio::awaitable<Response> export_csv(Services& services, RequestContext& context) {
  return export_as(services, context, ExportFormat::csv);
}

asio::awaitable<Response> export_json(Services& services, RequestContext& context) {
  return export_as(services, context, ExportFormat::json);
}

}  // namespace results
}  // namespace samoyed::web
