#include "web/views/statistics_page.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "samoyed_web_files.hpp"
#include "web/views/number_text.hpp"
#include "web/views/page_template.hpp"
#include "web/views/statistics_tables.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryTimes;

/// A phase of the mean time, as a part of the bar; `style` names its color in stats.css.
struct Phase {
  std::string_view style;
  std::string_view name;
  double ms;
};

std::string count_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " recognition" : " recognitions");
}

std::string title_of(const TimeRange& range) {
  if (range.name == "hour") return "The last hour";
  if (range.name == "day") return "The last day";
  return range.name == "week" ? "The last week" : "The last 30 days";
}

std::string query_of(std::string_view range, bool everyone) {
  return "?range=" + std::string(range) + "&all=" + (everyone ? "true" : "false");
}

/// What is none of the worker's phases: the wire, other attempts, waiting for a worker.
std::vector<Phase> phases_of(const HistoryTimes& mean) {
  std::vector<Phase> phases{{"queue", "Worker's queue", mean.queue_ms},
                            {"decode", "Decoding", mean.decode_ms + mean.resize_ms},
                            {"forward", "Network's run", mean.forward_ms}};
  double phases_ms = 0;
  for (const Phase& phase : phases) phases_ms += phase.ms;
  phases.push_back({"other", "All else", std::max(0.0, mean.total_ms - phases_ms)});
  return phases;
}

/// The time of a recognition, and its phases if any took time.
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
  const std::string newest =
      points < view.numbers.rows ? " Drawn are the newest " + std::to_string(points) + "." : "";
  std::vector<Values> all;
  all.push_back(
      chart("bytes", "Image size in bytes and time",
            "Each recognition's time in all, and the parts of it, by the size of its file. "
            "Less than 0.1 ms is not drawn." +
                newest,
            points_table(view, SizeColumn::bytes)));
  all.push_back(
      chart("pixels", "Image size in pixels and time",
            "The same by the picture's width times its height, as far as the worker reported it." +
                newest,
            points_table(view, SizeColumn::pixels)));
  all.push_back(chart("throughput", "Recognitions over time",
                      "How many there were in each part of the time.",
                      buckets_table(view, BucketColumns::count)));
  all.push_back(
      chart("latency", "Time of a recognition over time",
            "Half of the recognitions took at most the median, 90% and 99% at most the others.",
            buckets_table(view, BucketColumns::percentiles)));
  if (view.workers_visible) {
    all.push_back(chart("workers", "How the workers share the load",
                        "How many recognitions each worker did, and how long they took on average.",
                        workers_table(view)));
  }
  return all;
}

Values ranges(const StatisticsView& view) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{
      {{"hour", "Hour"}, {"day", "Day"}, {"week", "Week"}, {"month", "Month"}}};
  std::vector<Values> links;
  for (const auto& [range, name] : names) {
    links.push_back(
        link("/stats" + query_of(range, view.everyone), name, range == view.range.name));
  }
  return {{"label", "How far back"}, {"links", std::move(links)}};
}

Values whose_numbers(const StatisticsView& view) {
  std::vector<Values> links{
      link("/stats" + query_of(view.range.name, true), "Everyone's", view.everyone),
      link("/stats" + query_of(view.range.name, false), "Mine", !view.everyone)};
  return {{"label", "Whose numbers"}, {"links", std::move(links)}};
}

std::string lead(const StatisticsView& view) {
  std::string_view who = view.by_address ? "recognized from your address" : "recognized for you";
  if (view.everyone) who = "recognized for everyone";
  std::string text = title_of(view.range) + " of what was " + std::string(who) + ": " +
                     count_text(view.numbers.rows) + ".";
  if (view.numbers.cut) text += " There were more: the oldest are left out.";
  return text;
}

}  // namespace

std::string statistics_page(const StatisticsView& view, const WorkersView& workers) {
  static const Template statistics = page_template(files::statistics_html);
  const bool none = view.numbers.rows == 0;
  std::vector<Values> choices{ranges(view)};
  if (view.workers_visible) choices.push_back(whose_numbers(view));
  const Html content = statistics.fill(
      {{"lead", lead(view)},
       {"choices", std::move(choices)},
       {"summary", none ? std::vector<Values>() : std::vector<Values>{summary(view)}},
       {"charts", none ? std::vector<Values>() : charts(view)},
       {"numbers", "/api/v1/statistics" + query_of(view.range.name, view.everyone)}});
  return whole_page({.title = "Statistics",
                     .tab = Tab::statistics,
                     .styles = {"results.css", "stats.css"},
                     .scripts = {"chart.umd.js", "results.js", "stats.js"}},
                    content, workers);
}

}  // namespace samoyed::web
