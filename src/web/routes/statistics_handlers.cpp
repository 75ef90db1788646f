#include "web/routes/statistics_handlers.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/permissions.hpp"
#include "web/routes/result_handlers.hpp"
#include "web/views/statistics_json.hpp"
#include "web/views/statistics_page.hpp"
#include "web/views/time_range.hpp"

namespace samoyed::web::statistics {
namespace {

/// Maximum number of statistics computed at the same time. Each may read some hundred thousand
/// rows, and one thread does all the reading.
constexpr std::size_t running_max = 4;

/// Maximum number of points in the scatter plot and of rows in the table below it. More would make
/// both unreadable.
constexpr std::size_t points_shown_max = 500;

constexpr std::string_view default_range = "day";

struct Question {
  dispatcher::HistoryStatisticsQuery query;
  TimeRange range;
};

std::variant<Question, Problem> read_question(const Services& services,
                                              const RequestContext& context) {
  const std::string& query = context.route.query;
  const auto range = find_range(query_value(query, "range").value_or(std::string(default_range)));
  if (!range) {
    return Problem{Reason::bad_parameter, "`range` must be `hour`, `day`, `week` or `month`."};
  }
  const bool may_see_all = may_see_workers(services, context);
  const std::string all = query_value(query, "all").value_or(may_see_all ? "true" : "false");
  if (all != "true" && all != "false") {
    return Problem{Reason::bad_parameter, "`all` must be `true` or `false`."};
  }
  const bool everyone = all == "true";
  if (everyone && !may_see_all) {
    return Problem{Reason::token_needed,
                   "Only people with the admin token can see everyone's statistics."};
  }
  Question question{.query = {}, .range = *range};
  if (!everyone) question.query.visitor = context.visitor;
  question.query.from_ms = range->from_ms(context.time_ms);
  question.query.until_ms = range->until_ms(context.time_ms);
  question.query.buckets = range->buckets;
  return question;
}

/// Returns a view of the numbers that the client may see. Removes the others from `numbers`, to
/// which the view refers.
StatisticsView view_of(dispatcher::HistoryStatistics& numbers, const Question& question,
                       const Services& services, const RequestContext& context) {
  const bool workers_visible = may_see_workers(services, context);
  if (!workers_visible) numbers.workers.clear();
  if (numbers.points.size() > points_shown_max) numbers.points.resize(points_shown_max);
  return {.numbers = numbers,
          .range = question.range,
          .from_ms = question.query.from_ms,
          .until_ms = question.query.until_ms,
          .everyone = !question.query.visitor,
          .workers_visible = workers_visible,
          .by_address = services.rules.results_by_address};
}

/// Computes the statistics that the request asks for, and returns them as rendered by `render`.
asio::awaitable<Response> answer(Services& services, RequestContext& context,
                                 Response (*render)(const StatisticsView&, const Services&)) {
  const auto read = read_question(services, context);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  if (!services.history) co_return nothing_kept_response(services, context, Tab::statistics);
  if (services.statistics_running >= running_max) {
    const Problem problem{Reason::overloaded,
                          "The server is computing other statistics. Try again in a moment."};
    co_return error_response(services, context, problem);
  }
  ++services.statistics_running;
  const std::shared_ptr<void> ended(nullptr, [&](void*) { --services.statistics_running; });
  const auto& question = std::get<Question>(read);
  dispatcher::HistoryStatistics numbers = co_await services.history->statistics(question.query);
  co_return render(view_of(numbers, question, services, context), services);
}

}  // namespace

asio::awaitable<Response> page(Services& services, RequestContext& context) {
  return answer(services, context, [](const StatisticsView& view, const Services& all) {
    return html_response(200, statistics_page(view, no_workers_view(all)));
  });
}

asio::awaitable<Response> show(Services& services, RequestContext& context) {
  return answer(services, context, [](const StatisticsView& view, const Services&) {
    return json_response(200, statistics_json(view));
  });
}

}  // namespace samoyed::web::statistics
