#include "web/views/history_page.hpp"

#include <algorithm>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed_web_files.hpp"
#include "web/http/url.hpp"
#include "web/views/number_text.hpp"
#include "web/views/page_template.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryRow;

std::string_view name_of(const HistoryRow& row) {
  return row.file_name.empty() ? std::string_view("Unnamed picture") : row.file_name;
}

bool has_pixels(const HistoryRow& row) { return row.width > 0 && row.height > 0; }

std::string pixels_text(const HistoryRow& row) {
  if (!has_pixels(row)) return {};
  return std::to_string(row.width) + " × " + std::to_string(row.height) + " pixels";
}

std::string size_text(const HistoryRow& row) {
  const std::string bytes = bytes_text(row.image_bytes);
  return has_pixels(row) ? bytes + " · " + pixels_text(row) : bytes;
}

std::string_view way_of(dispatcher::HistorySource source) {
  switch (source) {
    case dispatcher::HistorySource::page:
      return "Web form";
    case dispatcher::HistorySource::api:
      return "API";
    case dispatcher::HistorySource::job:
      break;
  }
  return "Job";
}

Values entry(const HistoryRow& row, const HistoryView& view, double unsure_below) {
  const auto& times = row.times;
  const Headline headline = headline_of(row.top, unsure_below);
  return {{"thumbnail", row.has_thumbnail ? std::to_string(row.id) : std::string()},
          {"file", name_of(row)},
          {"label", headline.text},
          {"unsure", headline.unsure},
          {"detail", headline.detail},
          {"confidence", percent_text(row.top.empty() ? 0 : row.top.front().probability)},
          {"untrained", !row.trained},
          {"utc", dispatcher::utc_text(row.time_ms)},
          {"time", time_text(row.time_ms)},
          {"size", size_text(row)},
          {"total", milliseconds_text(times.total_ms)},
          {"labels", label_rows(row.top)},
          {"bytes", std::to_string(row.image_bytes) + " bytes"},
          {"pixels", pixels_text(row)},
          {"model", row.model},
          {"worker", view.workers_visible ? row.worker : std::string()},
          {"queue", milliseconds_text(times.queue_ms)},
          {"transfer", milliseconds_text(times.transfer_ms)},
          {"decode", milliseconds_text(times.decode_ms)},
          {"resize", milliseconds_text(times.resize_ms)},
          {"forward", milliseconds_text(times.forward_ms)},
          {"source", way_of(row.source)},
          {"client", view.everyone ? row.client : std::string()}};
}

/// The query of an address with these filters, and with `part` if it isn't empty.
std::string filter_query(bool everyone, const std::string& model, std::string_view part = {}) {
  std::string query;
  const auto add = [&](std::string_view text) {
    query.append(query.empty() ? "?" : "&").append(text);
  };
  if (everyone) add("all=true");
  if (!model.empty()) add("model=" + percent_encode(model));
  if (!part.empty()) add(part);
  return query;
}

std::string path_of(const HistoryView& view, std::string_view part = {}) {
  return "/results" + filter_query(view.everyone, view.model, part);
}

std::vector<Values> pager_links(const HistoryView& view) {
  std::vector<Values> links;
  const auto add = [&](std::string path, std::string_view name) {
    links.push_back({{"path", std::move(path)}, {"name", name}});
  };
  if (!view.newest) add(path_of(view), "Newest");
  if (const auto after = view.page.next_after) {
    add(path_of(view, "after=" + std::to_string(*after)), "Newer");
  }
  if (const auto before = view.page.next_before) {
    add(path_of(view, "before=" + std::to_string(*before)), "Older");
  }
  return links;
}

std::vector<Values> entries(const HistoryView& view, double unsure_below) {
  std::vector<Values> list;
  for (const HistoryRow& row : view.page.rows) list.push_back(entry(row, view, unsure_below));
  return list;
}

/// The choice of whose results the page shows, if there is one.
void add_owners(std::vector<Values>& choices, const HistoryView& view) {
  if (!view.operates) return;
  const auto path = [&](bool everyone) { return "/results" + filter_query(everyone, view.model); };
  std::vector<Values> links{link(path(false), "Mine", !view.everyone),
                            link(path(true), "Everyone's", view.everyone)};
  choices.push_back({{"label", "Whose results"}, {"links", std::move(links)}});
}

/// The choice of a network, if there are several: those that workers run now, and the chosen one.
void add_networks(std::vector<Values>& choices, const HistoryView& view,
                  const WorkersView& workers) {
  std::vector<std::string> names;
  for (const dispatcher::ModelRow& row : workers.models) names.push_back(row.model.name);
  if (!view.model.empty() && std::ranges::find(names, view.model) == names.end()) {
    names.push_back(view.model);
  } else if (names.size() < 2 && view.model.empty()) {
    return;
  }
  const auto path = [&](const std::string& model) {
    return "/results" + filter_query(view.everyone, model);
  };
  std::vector<Values> links{link(path(""), "All networks", view.model.empty())};
  for (const std::string& name : names) {
    links.push_back({{"path", path(name)}, {"name", name}, {"current", name == view.model}});
  }
  choices.push_back({{"label", "Network"}, {"links", std::move(links)}});
}

std::vector<Values> choices_of(const HistoryView& view, const WorkersView& workers) {
  std::vector<Values> choices;
  add_owners(choices, view);
  add_networks(choices, view, workers);
  return choices;
}

std::string lead(const HistoryView& view) {
  std::string_view whose = "Pictures recognized in this browser";
  if (view.by_address) whose = "Pictures recognized from your address";
  if (view.everyone) whose = "Pictures recognized for all visitors";
  return std::string(whose) + ", newest first. Results are kept for " + std::to_string(view.days) +
         (view.days == 1 ? " day." : " days.");
}

}  // namespace

std::string history_page(const HistoryView& view, const WorkersView& workers) {
  static const Template history = page_template(files::history_html);
  const std::string heading = view.everyone ? "Everyone's results" : "Your results";
  const Html content = history.fill({{"heading", heading},
                                     {"lead", lead(view)},
                                     {"choices", choices_of(view, workers)},
                                     {"exports", !view.page.rows.empty() || !view.newest},
                                     {"query", filter_query(view.everyone, view.model)},
                                     {"own", !view.everyone},
                                     {"entries", entries(view, workers.unsure_below)},
                                     {"newest", view.newest},
                                     {"links", pager_links(view)}});
  return whole_page(
      {.title = heading, .tab = Tab::results, .styles = {"results.css"}, .scripts = {"results.js"}},
      content, workers);
}

std::string nothing_kept_page(Tab tab, const WorkersView& workers) {
  static const Template nothing_kept = page_template(files::nothing_kept_html);
  return whole_page({.title = "No results are kept",
                     .tab = tab,
                     .styles = {"results.css"},
                     .scripts = {"results.js"}},
                    nothing_kept.fill({}), workers);
}

}  // namespace samoyed::web
