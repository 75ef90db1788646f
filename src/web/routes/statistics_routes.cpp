#include "web/routes/statistics_routes.hpp"

#include <utility>

#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/views/statistics_json.hpp"
#include "web/views/statistics_page.hpp"

namespace samoyed::web {
namespace {

/// Points of a scatter plot, and rows of the table below it: more would make a blot of the one and a book of
/// the other.
constexpr std::size_t points_shown_max = 500;

constexpr std::string_view default_range = "day";

}  // namespace

std::variant<Errand, Problem> StatisticsRoutes::plan(const Route& route, const Visit& visit) const {
  const std::string_view query = route.target.query;
  const auto range = find_range(query_value(query, "range").value_or(std::string(default_range)));
  if (!range) {
    return Problem{Reason::bad_parameter, "`range` is `hour`, `day`, `week` or `month`."};
  }
  const bool may_see_all = context_.workers_visible(visit);
  const std::string all = query_value(query, "all").value_or(may_see_all ? "true" : "false");
  if (all != "true" && all != "false") {
    return Problem{Reason::bad_parameter, "`all` is `true` or `false`."};
  }
  const bool everyone = all == "true";
  if (everyone && !may_see_all) {
    return Problem{Reason::token_needed, "Everyone's numbers are for who has the admin token."};
  }
  CountResults wanted{.query = {}, .range = *range, .style = route.style};
  if (!everyone) wanted.query.visitor = visit.visitor;
  wanted.query.from_ms = range->from_ms(visit.time_ms);
  wanted.query.until_ms = range->until_ms(visit.time_ms);
  wanted.query.buckets = range->buckets;
  return Errand(std::move(wanted));
}

Response StatisticsRoutes::counted(const CountResults& asked, dispatcher::HistoryStatistics numbers,
                                   const Visit& visit) const {
  const bool workers_visible = context_.workers_visible(visit);
  if (!workers_visible) numbers.workers.clear();
  if (numbers.points.size() > points_shown_max) numbers.points.resize(points_shown_max);
  const StatisticsView view{.numbers = numbers,
                            .range = asked.range,
                            .from_ms = asked.query.from_ms,
                            .until_ms = asked.query.until_ms,
                            .everyone = !asked.query.visitor,
                            .workers_visible = workers_visible,
                            .by_address = context_.rules().results_by_address};
  if (asked.style == Style::api) return json_response(200, statistics_json(view));
  return html_response(200, statistics_page(view, context_.view(WorkersView::Shown::nothing)));
}

Response StatisticsRoutes::overloaded(const CountResults& asked, const Visit& visit) const {
  return context_.refuse(
      {Reason::overloaded, "Others' numbers are counted just now: try again in a moment."},
      asked.style, visit);
}

}  // namespace samoyed::web
