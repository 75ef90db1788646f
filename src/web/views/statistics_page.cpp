#include "web/views/statistics_page.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "samoyed_web_files.hpp"
#include "web/http/url.hpp"
#include "web/views/number_text.hpp"
#include "web/views/page_template.hpp"
#include "web/views/statistics_tables.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryTimes;

/// A phase of the mean time, shown as a part of the bar. `style` names its color in stats.css.
struct Phase {
  std::string_view style;
  std::string_view name;
  double ms;
};

std::string count_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " recognition" : " recognitions");
}

std::string range_text(const TimeRange& range) {
  if (range.name == "hour") return "the last hour";
  if (range.name == "day") return "the last day";
  return range.name == "week" ? "the last week" : "the last 30 days";
}

std::string query_of(std::string_view range, bool everyone,
                     const std::optional<std::string>& model) {
  std::string query = "?range=" + std::string(range) + "&all=" + (everyone ? "true" : "false");
  if (model) query += "&model=" + percent_encode(*model);
  return query;
}

/// Splits the mean time into phases. The last one covers everything outside the worker's phases:
/// the network transfer, other attempts, and waiting for a worker.
std::vector<Phase> phases_of(const HistoryTimes& mean) {
  std::vector<Phase> phases{{"queue", "Queue", mean.queue_ms},
                            {"decode", "Decoding", mean.decode_ms + mean.resize_ms},
                            {"forward", "Inference", mean.forward_ms}};
  double phases_ms = 0;
  for (const Phase& phase : phases) phases_ms += phase.ms;
  phases.push_back({"other", "Other", std::max(0.0, mean.total_ms - phases_ms)});
  return phases;
}

/// The percentiles of the recognition time, and the phases of its mean if that is above 0.
Values summary(const StatisticsView& view) {
  const auto& numbers = view.numbers;
  const auto phases = phases_of(numbers.summary.mean);
  double sum = 0;
  for (const Phase& phase : phases) sum += phase.ms;
  std::vector<Values> parts;
  std::vector<Values> legend;
  double left = 0;
  for (const Phase& phase : phases) {
    if (sum <= 0) break;
    const double width = 100 * phase.ms / sum;
    parts.push_back(
        {{"style", phase.style}, {"left", fixed_text(left, 3)}, {"width", fixed_text(width, 3)}});
    legend.push_back({{"style", phase.style},
                      {"name", phase.name},
                      {"time", milliseconds_text(phase.ms)},
                      {"share", fixed_text(width, 0) + "%"}});
    left += width;
  }
  return {{"count", std::to_string(numbers.rows)},
          {"p50", milliseconds_text(numbers.summary.p50_ms)},
          {"p90", milliseconds_text(numbers.summary.p90_ms)},
          {"p99", milliseconds_text(numbers.summary.p99_ms)},
          {"parts", std::move(parts)},
          {"phases", std::move(legend)}};
}

Values chart(std::string_view id, std::string_view title, std::string explanation, Table table) {
  return {{"id", id},
          {"title", title},
          {"explanation", std::move(explanation)},
          {"caption", table.caption},
          {"columns", std::move(table.columns)},
          {"rows", std::move(table.rows)}};
}

std::vector<Values> charts(const StatisticsView& view) {
  const std::size_t points = view.numbers.points.size();
  const std::string newest = points < view.numbers.rows
                                 ? " Only the newest " + std::to_string(points) + " are drawn."
                                 : "";
  std::vector<Values> all;
  all.push_back(chart("bytes", "Time by file size",
                      "The total time of each recognition and of its phases, by file size. "
                      "Times below 0.1 ms are not drawn." +
                          newest,
                      points_table(view, SizeColumn::bytes)));
  all.push_back(chart(
      "pixels", "Time by number of pixels",
      "The same, by width times height. Pictures whose size is unknown are not drawn." + newest,
      points_table(view, SizeColumn::pixels)));
  all.push_back(chart("throughput", "Recognitions over time", "Recognitions per interval.",
                      buckets_table(view, BucketColumns::count)));
  std::string percentiles =
      "Half of the recognitions took at most the median; 90% and 99% of them took at most the "
      "90th and 99th percentiles.";
  if (view.numbers.percentile_error_max > 0) percentiles += " Percentiles are accurate to 1%.";
  all.push_back(chart("latency", "Percentiles of the recognition time", std::move(percentiles),
                      buckets_table(view, BucketColumns::percentiles)));
  if (view.workers_visible) {
    all.push_back(chart("workers", "Recognitions per worker", "The table also shows the mean time.",
                        workers_table(view)));
  }
  return all;
}

Values ranges(const StatisticsView& view) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{
      {{"hour", "Hour"}, {"day", "Day"}, {"week", "Week"}, {"month", "Month"}}};
  std::vector<Values> links;
  for (const auto& [range, name] : names) {
    links.push_back(link("/stats" + query_of(range, view.everyone, view.model), name,
                         range == view.range.name));
  }
  return {{"label", "Time range"}, {"links", std::move(links)}};
}

Values whose_numbers(const StatisticsView& view) {
  std::vector<Values> links{
      link("/stats" + query_of(view.range.name, true, view.model), "Everyone's", view.everyone),
      link("/stats" + query_of(view.range.name, false, view.model), "Mine", !view.everyone)};
  return {{"label", "Whose statistics"}, {"links", std::move(links)}};
}

/// The named models among which the visitor may choose: those of the results, and the chosen one.
std::vector<std::string_view> models_of(const StatisticsView& view) {
  std::vector<std::string_view> models;
  for (const std::string& model : view.numbers.models) {
    if (!model.empty()) models.push_back(model);
  }
  if (view.model && std::ranges::find(models, *view.model) == models.end()) {
    models.push_back(*view.model);
  }
  return models;
}

/// Whether there is a choice: the results are of more than one model, or not of the chosen one.
bool has_choice_of_models(const StatisticsView& view) {
  return view.model || view.numbers.models.size() > 1;
}

Values which_model(const StatisticsView& view) {
  const auto path = [&](const std::optional<std::string>& model) {
    return "/stats" + query_of(view.range.name, view.everyone, model);
  };
  std::vector<Values> links{link(path(std::nullopt), "All models", !view.model)};
  for (const std::string_view model : models_of(view)) {
    links.push_back(link(path(std::string(model)), model, view.model == model));
  }
  return {{"label", "Model"}, {"links", std::move(links)}};
}

std::string lead(const StatisticsView& view) {
  std::string_view whose = view.by_address ? "from your address" : "in this browser";
  if (view.everyone) whose = "for all visitors";
  const std::string_view model = view.model ? " by the chosen model" : "";
  std::string text = count_text(view.numbers.rows) + std::string(model) + " " + std::string(whose) +
                     " in " + range_text(view.range) + ".";
  if (view.numbers.truncated) text += " There were more; the oldest are left out.";
  return text;
}

}  // namespace

std::string statistics_page(const StatisticsView& view, const WorkersView& workers) {
  static const Template statistics = page_template(files::statistics_html);
  const bool none = view.numbers.rows == 0;
  std::vector<Values> choices{ranges(view)};
  if (view.workers_visible) choices.push_back(whose_numbers(view));
  if (has_choice_of_models(view)) choices.push_back(which_model(view));
  const Html content = statistics.fill(
      {{"lead", lead(view)},
       {"choices", std::move(choices)},
       {"summary", none ? std::vector<Values>() : std::vector<Values>{summary(view)}},
       {"charts", none ? std::vector<Values>() : charts(view)},
       {"numbers", "/api/v1/statistics" + query_of(view.range.name, view.everyone, view.model)}});
  return whole_page({.title = "Statistics",
                     .tab = Tab::statistics,
                     .styles = {"results.css", "stats.css"},
                     .scripts = {"chart.umd.js", "results.js", "stats.js"}},
                    content, workers);
}

}  // namespace samoyed::web
