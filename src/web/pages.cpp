#include "web/pages.hpp"

#include <algorithm>

#include "samoyed/protocol/address.hpp"
#include "samoyed_web_files.hpp"
#include "web/number_text.hpp"
#include "web/template.hpp"
#include "web/url.hpp"

namespace samoyed::web {
namespace {

bool is_untrained(const dispatcher::WorkerRow& row) { return row.model && !row.model->trained; }

bool is_in_rotation(const dispatcher::WorkerRow& row) {
  return row.state == dispatcher::WorkerState::in_rotation;
}

Html state(const dispatcher::WorkerRow& row, const WorkersView& workers) {
  if (is_hidden(row, workers)) return Html::fill(files::unheard_html, {});
  return is_in_rotation(row) ? Html() : Html::fill(files::removed_html, {});
}

Html worker_row(const dispatcher::WorkerRow& row, const WorkersView& workers) {
  const std::string address = protocol::to_string(row.worker.address);
  return Html::fill(
      files::worker_row_html,
      {{"address", address},
       {"path", percent_encode(address)},
       {"model", row.model ? row.model->name : "network not known yet"},
       {"badge", is_untrained(row) ? Html::fill(files::untrained_badge_html, {}) : Html()},
       {"state", state(row, workers)}});
}

Html worker_panel(const WorkersView& workers) {
  if (workers.shown == WorkersView::Shown::nothing) return Html();
  if (!workers.visible()) return Html::fill(files::sign_in_html, {});
  Html rows;
  for (const auto& row : workers.rows) rows += worker_row(row, workers);
  if (workers.rows.empty()) rows = Html::fill(files::no_workers_html, {});
  const auto count = std::ranges::count_if(workers.rows, [&](const dispatcher::WorkerRow& row) {
    return is_in_rotation(row) && !is_hidden(row, workers);
  });
  const bool signed_in = workers.shown == WorkersView::Shown::signed_in;
  return Html::fill(files::workers_html,
                    {{"count", std::to_string(count)},
                     {"rows", rows},
                     {"sign_out", signed_in ? Html::fill(files::sign_out_html, {}) : Html()}});
}

Html upload_form(std::string_view caption) {
  return Html::fill(files::upload_html,
                    {{"caption", caption}, {"formats", protocol::accepted_formats}});
}

Html tabs(Tab open) {
  Html list = link("/", "Recognise", open == Tab::form);
  list += link("/results", "Results", open == Tab::results);
  list += link("/stats", "Statistics", open == Tab::statistics);
  list += link("/api", "API", open == Tab::api);
  return list;
}

std::string page(const Frame& frame, const Html& content, bool untrained,
                 const WorkersView& workers) {
  const bool notice = untrained || std::ranges::any_of(workers.rows, is_untrained);
  return Html::fill(files::layout_html,
                    {{"title", frame.title},
                     {"head", frame.head},
                     {"notice", notice ? Html::fill(files::untrained_html, {}) : Html()},
                     {"tabs", tabs(frame.tab)},
                     {"content", content},
                     {"workers", worker_panel(workers)}})
      .text();
}

Html picture(const ResultView& view, std::string_view label) {
  if (view.preview_type.empty()) return Html();
  return Html::fill(
      files::picture_html,
      {{"label", label}, {"type", view.preview_type}, {"base64", view.preview_base64}});
}

Html facts(const ResultView& view, bool worker_visible) {
  const auto& answer = view.answer;
  const auto& recognition = answer.recognition;
  Html list;
  if (!view.file_name.empty()) list += fact("File", view.file_name);
  if (recognition.width > 0 && recognition.height > 0) {
    list += fact("Size", std::to_string(recognition.width) + " × " +
                             std::to_string(recognition.height) + " pixels");
  }
  if (worker_visible) list += fact("Worker", protocol::to_string(answer.worker));
  if (answer.model) list += fact("Network", answer.model->name);
  list += fact("Time", fixed_text(answer.elapsed_ms, 1) + " ms");
  return list;
}

std::string message(int status, std::string_view heading, std::string_view sentence,
                    const Html& form, const WorkersView& workers) {
  const bool fine = status == 200;
  const Html content = Html::fill(files::message_html,
                                  {{"kind", fine ? "fine" : "problem"},
                                   {"status", fine ? "Done" : "Status " + std::to_string(status)},
                                   {"heading", heading},
                                   {"sentence", sentence},
                                   {"form", form},
                                   {"upload", upload_form("Choose a picture")}});
  return page({.title = heading}, content, false, workers);
}

}  // namespace

bool is_hidden(const dispatcher::WorkerRow& row, const WorkersView& workers) {
  return workers.shown == WorkersView::Shown::open && !row.heard;
}

std::string whole_page(const Frame& frame, const Html& content, const WorkersView& workers) {
  return page(frame, content, false, workers);
}

Html label_row(const protocol::RankedLabel& label) {
  return Html::fill(files::label_row_html, {{"label", label.label},
                                            {"width", fixed_text(percent(label.probability), 3)},
                                            {"confidence", percent_text(label.probability)}});
}

Html fact(std::string_view name, std::string_view value) {
  return Html::fill(files::fact_html, {{"name", name}, {"value", value}});
}

Html link(std::string_view path, std::string_view name, bool current) {
  return Html::fill(files::link_html,
                    {{"path", path},
                     {"current", current ? Html::fill(files::current_html, {}) : Html()},
                     {"name", name}});
}

std::string form_page(const WorkersView& workers) {
  const Html content = Html::fill(files::form_html, {{"upload", upload_form("Choose a picture")}});
  return page({.title = "What is in the picture?", .tab = Tab::form}, content, false, workers);
}

std::string result_page(const ResultView& view, const WorkersView& workers) {
  const auto& top = view.answer.recognition.top;
  Html rows;
  for (const auto& label : top) rows += label_row(label);
  const std::string best = top.empty() ? "Nothing" : top.front().label;
  const Html content = Html::fill(
      files::result_html, {{"label", best},
                           {"confidence", percent_text(top.empty() ? 0 : top.front().probability)},
                           {"picture", picture(view, best)},
                           {"rows", rows},
                           {"facts", facts(view, workers.visible())},
                           {"upload", upload_form("Choose another picture")}});
  return page({.title = best, .tab = Tab::form}, content,
              view.answer.model && !view.answer.model->trained, workers);
}

std::string message_page(int status, std::string_view heading, std::string_view sentence,
                         const WorkersView& workers) {
  return message(status, heading, sentence, Html(), workers);
}

std::string confirm_page(int status, std::string_view sentence, std::string_view target) {
  const std::string shown = percent_decode(target).value_or(std::string(target));
  return message(status, "Did you mean this?", sentence,
                 Html::fill(files::confirm_html, {{"target", target}, {"shown", shown}}),
                 {{}, WorkersView::Shown::nothing});
}

}  // namespace samoyed::web
