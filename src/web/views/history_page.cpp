#include "web/views/history_page.hpp"

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed_web_files.hpp"
#include "web/views/number_text.hpp"
#include "web/views/template.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryRow;

std::string_view name_of(const HistoryRow& row) {
  return row.file_name.empty() ? std::string_view("a picture without a name") : row.file_name;
}

std::string pixels_text(const HistoryRow& row) {
  return std::to_string(row.width) + " × " + std::to_string(row.height) + " pixels";
}

bool has_pixels(const HistoryRow& row) { return row.width > 0 && row.height > 0; }

std::string size_text(const HistoryRow& row) {
  const std::string bytes = bytes_text(row.image_bytes);
  return has_pixels(row) ? bytes + " · " + pixels_text(row) : bytes;
}

std::string_view way_of(dispatcher::HistorySource source) {
  switch (source) {
    case dispatcher::HistorySource::page:
      return "This site's form";
    case dispatcher::HistorySource::api:
      return "The API";
    case dispatcher::HistorySource::job:
      break;
  }
  return "A job";
}

Html thumbnail(const HistoryRow& row) {
  if (!row.has_thumbnail) return Html::fill(files::no_thumbnail_html, {});
  return Html::fill(files::thumbnail_html,
                    {{"id", std::to_string(row.id)}, {"file", name_of(row)}});
}

Html facts(const HistoryRow& row, const HistoryView& view) {
  const auto& times = row.times;
  Html list = fact("File size", std::to_string(row.image_bytes) + " bytes");
  if (has_pixels(row)) list += fact("Size", pixels_text(row));
  if (!row.model.empty()) list += fact("Network", row.model);
  if (view.workers_visible && !row.worker.empty()) list += fact("Worker", row.worker);
  list += fact("In the queue", milliseconds_text(times.queue_ms));
  list += fact("Transfer", milliseconds_text(times.transfer_ms));
  list += fact("Decoding", milliseconds_text(times.decode_ms));
  list += fact("Resizing", milliseconds_text(times.resize_ms));
  list += fact("Network's run", milliseconds_text(times.forward_ms));
  list += fact("In all", milliseconds_text(times.total_ms));
  list += fact("Sent by", way_of(row.source));
  if (view.everyone && !row.client.empty()) list += fact("From", row.client);
  return list;
}

Html entry(const HistoryRow& row, const HistoryView& view) {
  return Html::fill(
      files::history_entry_html,
      {{"thumbnail", thumbnail(row)},
       {"label", row.top.empty() ? "Nothing" : row.top.front().label},
       {"confidence", percent_text(row.top.empty() ? 0 : row.top.front().probability)},
       {"badge", row.trained ? Html() : Html::fill(files::history_badge_html, {})},
       {"file", name_of(row)},
       {"utc", dispatcher::utc_text(row.time_ms)},
       {"time", time_text(row.time_ms)},
       {"size", size_text(row)},
       {"total", milliseconds_text(row.times.total_ms)},
       {"labels", labels_table(row.top)},
       {"facts", facts(row, view)}});
}

std::string path_of(const HistoryView& view, std::string_view part = {}) {
  std::string path = "/results";
  if (view.everyone) path += "?all=true";
  if (!part.empty()) path.append(view.everyone ? "&" : "?").append(part);
  return path;
}

Html pager(const HistoryView& view) {
  Html links;
  if (!view.newest) links += link(path_of(view), "Newest", false);
  if (const auto after = view.page.next_after) {
    links += link(path_of(view, "after=" + std::to_string(*after)), "Newer", false);
  }
  if (const auto before = view.page.next_before) {
    links += link(path_of(view, "before=" + std::to_string(*before)), "Older", false);
  }
  return links.text().empty() ? links : Html::fill(files::pager_html, {{"links", links}});
}

Html entries(const HistoryView& view) {
  if (view.page.rows.empty()) {
    return Html::fill(view.newest ? files::history_empty_html : files::history_end_html, {});
  }
  Html list;
  for (const HistoryRow& row : view.page.rows) list += entry(row, view);
  return Html::fill(files::history_list_html, {{"entries", list}});
}

Html actions(const HistoryView& view) {
  if (view.page.rows.empty() && view.newest) return Html();
  const bool own = !view.everyone;
  return Html::fill(files::history_actions_html,
                    {{"query", view.everyone ? "?all=true" : ""},
                     {"remove", own ? Html::fill(files::history_remove_html, {}) : Html()}});
}

Html whose(const HistoryView& view) {
  if (!view.operates) return Html();
  Html links = link("/results", "Mine", !view.everyone);
  links += link("/results?all=true", "Everyone's", view.everyone);
  return Html::fill(files::choices_html, {{"label", "Whose results"}, {"links", links}});
}

std::string lead(const HistoryView& view) {
  std::string_view who = "What you had recognized in this browser";
  if (view.by_address) who = "What was recognized from your address";
  if (view.everyone) who = "What everyone had recognized";
  return std::string(who) + ", newest first. Kept for " + std::to_string(view.days) +
         (view.days == 1 ? " day." : " days.");
}

}  // namespace

std::string history_page(const HistoryView& view, const WorkersView& workers) {
  const std::string heading = view.everyone ? "Everyone's results" : "Your results";
  const Html content = Html::fill(files::history_html, {{"heading", heading},
                                                        {"lead", lead(view)},
                                                        {"whose", whose(view)},
                                                        {"actions", actions(view)},
                                                        {"entries", entries(view)},
                                                        {"pager", pager(view)}});
  return whole_page(
      {.title = heading, .tab = Tab::results, .head = Html::fill(files::results_head_html, {})},
      content, workers);
}

std::string nothing_kept_page(Tab tab, const WorkersView& workers) {
  return whole_page({.title = "No results are kept",
                     .tab = tab,
                     .head = Html::fill(files::results_head_html, {})},
                    Html::fill(files::nothing_kept_html, {}), workers);
}

}  // namespace samoyed::web
