#include "web/routes/statistics_handlers.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "web/http/model_name.hpp"
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
  const auto model = read_model_name(query);
  if (const auto* problem = std::get_if<Problem>(&model)) return *problem;
  Question question{.query = {}, .range = *range};
  if (const auto& name = std::get<std::string>(model); !name.empty()) question.query.model = name;
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
  return {.numbers = numbers,
          .range = question.range,
          .from_ms = question.query.from_ms,
          .until_ms = question.query.until_ms,
          .everyone = !question.query.visitor,
          .model = question.query.model,
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
  const auto& question = std::get<Question>(read);
  std::optional<dispatcher::HistoryStatistics> numbers;
  try {
    numbers = co_await services.history->statistics(question.query);
  } catch (const dispatcher::BusyError&) {
    // Answered below, where the coroutine may go on.
  }
  if (!numbers) {
    const Problem problem{Reason::overloaded,
                          "The server is computing other statistics. Try again in a moment."};
    co_return error_response(services, context, problem);
  }
  co_return render(view_of(*numbers, question, services, context), services);
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
