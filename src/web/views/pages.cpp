#include "web/views/pages.hpp"

#include <algorithm>

#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "samoyed_web_files.hpp"
#include "web/http/url.hpp"
#include "web/views/number_text.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {
namespace {

Html tabs(Tab open) {
  Html list = link("/", "Recognize", open == Tab::form);
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

/// With an empty row of labels besides, which the script copies.
Html upload_form(std::string_view caption) {
  return Html::fill(files::upload_html, {{"caption", caption},
                                         {"accept", protocol::image_accept_text()},
                                         {"formats", protocol::accepted_formats},
                                         {"label_row", label_row({})}});
}

Html image_figure(const ResultView& view, std::string_view label) {
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

std::string best_label(const dispatcher::Answer& answer) {
  const auto& top = answer.recognition.top;
  return top.empty() ? "Nothing" : top.front().label;
}

bool is_untrained_answer(const dispatcher::Answer& answer) {
  return answer.model && !answer.model->trained;
}

/// `number` distinguishes it from others on its page; 0: it is alone.
Html result(const ResultView& view, std::size_t number, const WorkersView& workers) {
  const auto& top = view.answer.recognition.top;
  const std::string best = best_label(view.answer);
  const bool alone = number == 0;
  return Html::fill(files::result_html,
                    {{"number", alone ? std::string() : std::to_string(number)},
                     {"level", alone ? "1" : "2"},
                     {"label", best},
                     {"confidence", percent_text(top.empty() ? 0 : top.front().probability)},
                     {"picture", image_figure(view, best)},
                     {"labels", labels_table(top)},
                     {"facts", facts(view, workers.visible())}});
}

Html image_section(const ImageResultView& end, std::size_t number, const WorkersView& workers) {
  if (end.answer) {
    return result({end.file_name, *end.answer, end.preview_type, end.preview_base64}, number,
                  workers);
  }
  const std::string number_text = std::to_string(number);
  return Html::fill(
      files::unrecognized_html,
      {{"number", number_text},
       {"file", end.file_name.empty() ? "Picture " + number_text : std::string(end.file_name)},
       {"sentence", end.sentence}});
}

Html another_one() {
  return Html::fill(files::again_html, {{"upload", upload_form("Choose more pictures")}});
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
                                   {"upload", upload_form("Choose pictures")}});
  return page({.title = heading}, content, false, workers);
}

}  // namespace

std::string whole_page(const Frame& frame, const Html& content, const WorkersView& workers) {
  return page(frame, content, false, workers);
}

Html label_row(const protocol::RankedLabel& label) {
  return Html::fill(files::label_row_html, {{"label", label.label},
                                            {"width", fixed_text(percent(label.probability), 3)},
                                            {"confidence", percent_text(label.probability)}});
}

Html labels_table(std::span<const protocol::RankedLabel> labels) {
  Html rows;
  for (const auto& label : labels) rows += label_row(label);
  return Html::fill(files::labels_html, {{"rows", rows}});
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
  const Html content = Html::fill(files::form_html, {{"upload", upload_form("Choose pictures")}});
  return page({.title = "What is in the picture?", .tab = Tab::form}, content, false, workers);
}

std::string result_page(const ResultView& view, const WorkersView& workers) {
  const std::string best = best_label(view.answer);
  Html content = result(view, 0, workers);
  content += another_one();
  return page({.title = best, .tab = Tab::form}, content, is_untrained_answer(view.answer),
              workers);
}

std::string results_page(std::span<const ImageResultView> images, const WorkersView& workers) {
  Html sections;
  std::size_t recognized = 0;
  bool untrained = false;
  std::size_t number = 0;
  for (const ImageResultView& image : images) {
    sections += image_section(image, ++number, workers);
    if (!image.answer) continue;
    ++recognized;
    untrained = untrained || is_untrained_answer(*image.answer);
  }
  const std::string heading =
      std::to_string(recognized) + " of " + std::to_string(images.size()) + " pictures recognized";
  Html content = Html::fill(files::several_html, {{"kind", recognized > 0 ? "fine" : "problem"},
                                                  {"heading", heading},
                                                  {"pictures", sections}});
  content += another_one();
  return page({.title = heading, .tab = Tab::form}, content, untrained, workers);
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
