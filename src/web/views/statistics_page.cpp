#include "web/views/statistics_page.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "samoyed_web_files.hpp"
#include "web/views/number_text.hpp"
#include "web/views/statistics_tables.hpp"
#include "web/views/template.hpp"
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

Html phase_bar(const HistoryTimes& mean) {
  const auto phases = phases_of(mean);
  double sum = 0;
  for (const Phase& phase : phases) sum += phase.ms;
  if (sum <= 0) return Html();
  Html parts;
  Html legend;
  double left = 0;
  for (const Phase& phase : phases) {
    const double width = 100 * phase.ms / sum;
    parts += Html::fill(
        files::phase_html,
        {{"style", phase.style}, {"left", fixed_text(left, 3)}, {"width", fixed_text(width, 3)}});
    legend += Html::fill(files::phase_name_html, {{"style", phase.style},
                                                  {"name", phase.name},
                                                  {"time", milliseconds_text(phase.ms)},
                                                  {"share", fixed_text(width, 0) + "%"}});
    left += width;
  }
  return Html::fill(files::phases_html, {{"parts", parts}, {"legend", legend}});
}

Html figures(const StatisticsView& view) {
  const auto& numbers = view.numbers;
  Html list = fact("Recognitions", std::to_string(numbers.rows));
  list += fact("Half took at most", milliseconds_text(numbers.summary.p50_ms));
  list += fact("90% took at most", milliseconds_text(numbers.summary.p90_ms));
  list += fact("99% took at most", milliseconds_text(numbers.summary.p99_ms));
  return Html::fill(files::figures_html,
                    {{"figures", list}, {"phases", phase_bar(numbers.summary.mean)}});
}

Html chart(std::string_view id, std::string_view title, std::string_view explanation,
           const Html& table) {
  return Html::fill(files::chart_html,
                    {{"id", id}, {"title", title}, {"explanation", explanation}, {"table", table}});
}

Html charts(const StatisticsView& view) {
  const std::size_t points = view.numbers.points.size();
  const std::string newest =
      points < view.numbers.rows ? " Drawn are the newest " + std::to_string(points) + "." : "";
  Html all = chart("bytes", "Image size in bytes and time",
                   "Each recognition's time in all, and the parts of it, by the size of its file. "
                   "Less than 0.1 ms is not drawn." +
                       newest,
                   points_table(view, SizeColumn::bytes));
  all +=
      chart("pixels", "Image size in pixels and time",
            "The same by the picture's width times its height, as far as the worker reported it." +
                newest,
            points_table(view, SizeColumn::pixels));
  all +=
      chart("throughput", "Recognitions over time", "How many there were in each part of the time.",
            buckets_table(view, BucketColumns::count));
  all += chart("latency", "Time of a recognition over time",
               "Half of the recognitions took at most the median, 90% and 99% at most the others.",
               buckets_table(view, BucketColumns::percentiles));
  if (view.workers_visible) {
    all += chart("workers", "How the workers share the load",
                 "How many recognitions each worker did, and how long they took on average.",
                 workers_table(view));
  }
  return Html::fill(files::charts_html,
                    {{"charts", all},
                     {"numbers", "/api/v1/statistics" + query_of(view.range.name, view.everyone)}});
}

Html ranges(const StatisticsView& view) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{
      {{"hour", "Hour"}, {"day", "Day"}, {"week", "Week"}, {"month", "Month"}}};
  Html links;
  for (const auto& [range, name] : names) {
    links += link("/stats" + query_of(range, view.everyone), name, range == view.range.name);
  }
  return Html::fill(files::choices_html, {{"label", "How far back"}, {"links", links}});
}

Html whose(const StatisticsView& view) {
  if (!view.workers_visible) return Html();
  Html links = link("/stats" + query_of(view.range.name, true), "Everyone's", view.everyone);
  links += link("/stats" + query_of(view.range.name, false), "Mine", !view.everyone);
  return Html::fill(files::choices_html, {{"label", "Whose numbers"}, {"links", links}});
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
  const bool none = view.numbers.rows == 0;
  Html content =
      Html::fill(files::stats_html,
                 {{"lead", lead(view)},
                  {"ranges", ranges(view)},
                  {"whose", whose(view)},
                  {"figures", none ? Html::fill(files::stats_empty_html, {}) : figures(view)}});
  if (!none) content += charts(view);
  return whole_page({.title = "Statistics",
                     .tab = Tab::statistics,
                     .head = Html::fill(files::stats_head_html, {})},
                    content, workers);
}

}  // namespace samoyed::web
