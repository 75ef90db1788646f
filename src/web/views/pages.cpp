#include "web/views/pages.hpp"

#include <algorithm>

#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "samoyed_web_files.hpp"
#include "web/http/url.hpp"
#include "web/views/assets.hpp"
#include "web/views/number_text.hpp"
#include "web/views/page_template.hpp"

namespace samoyed::web {
namespace {

std::vector<Values> files_of(const std::vector<std::string_view>& names) {
  std::vector<Values> list;
  for (const std::string_view name : names) list.push_back({{"file", asset_path(name)}});
  return list;
}

std::string page(const Frame& frame, const Html& content, const WorkersView& workers) {
  static const Template layout = page_template(files::layout_html);
  static const std::string assets = asset_path("");
  return layout
      .fill({{"title", frame.title},
             {"assets", std::string_view(assets).substr(0, assets.size() - 1)},
             {"styles", files_of(frame.styles)},
             {"scripts", files_of(frame.scripts)},
             {"storage_missing", !workers.storage_available},
             {"form_open", frame.tab == Tab::form},
             {"results_open", frame.tab == Tab::results},
             {"statistics_open", frame.tab == Tab::statistics},
             {"api_open", frame.tab == Tab::api},
             {"content", content},
             {"workers", worker_panel(workers)}})
      .text();
}

Values label_row(const protocol::RankedLabel& label) {
  return {{"label", label.label},
          {"width", fixed_text(percent(label.probability), 3)},
          {"confidence", percent_text(label.probability)}};
}

std::string model_text(const dispatcher::ModelRow& row) {
  std::string text = row.model.name;
  if (row.is_default) text += " (default)";
  if (!row.model.trained) text += " – untrained";
  return text;
}

/// The networks to choose from: none if there is only one. The default one's value is empty, as if
/// none was chosen.
std::vector<Values> model_options(const WorkersView& workers, std::string_view chosen) {
  std::vector<Values> options;
  if (workers.models.size() < 2) return options;
  for (const dispatcher::ModelRow& row : workers.models) {
    const std::string& name = row.model.name;
    const bool selected = chosen.empty() ? row.is_default : name == chosen;
    options.push_back({{"value", row.is_default ? std::string() : name},
                       {"text", model_text(row)},
                       {"selected", selected}});
  }
  return options;
}

/// Includes an empty row of labels, which the script copies. `chosen` is the name of the model that
/// the last image was for; empty if there is none.
Values upload_form(std::string_view caption, const WorkersView& workers,
                   std::string_view chosen = {}) {
  static const std::string accept = protocol::image_accept_text();
  return {{"caption", caption},
          {"accept", std::string_view(accept)},
          {"formats", protocol::accepted_formats},
          {"models", model_options(workers, chosen)},
          {"unsure_below", fixed_text(workers.unsure_below, 4)},
          {"blank_label", label_row({})}};
}

std::string pixels_text(const protocol::Recognition& recognition) {
  if (recognition.width <= 0 || recognition.height <= 0) return {};
  return std::to_string(recognition.width) + " × " + std::to_string(recognition.height) + " pixels";
}

std::string_view model_name(const dispatcher::Answer& answer) {
  return answer.model ? std::string_view(answer.model->name) : std::string_view();
}

bool is_untrained_answer(const dispatcher::Answer& answer) {
  return answer.model && !answer.model->trained;
}

/// `number` distinguishes the image from others on its page. It is empty for a single image.
Values answer_values(const ResultView& view, const std::string& number,
                     const WorkersView& workers) {
  const dispatcher::Answer& answer = view.answer;
  const auto& top = answer.recognition.top;
  const Headline headline = headline_of(top, workers.unsure_below);
  return {
      {"number", number},
      {"type", view.preview_type},
      {"base64", view.preview_base64},
      {"unsure", headline.unsure},
      {"headline", headline.text},
      {"detail", headline.detail},
      {"alt", "The picture you sent" + (headline.unsure ? "" : ", recognized as " + headline.text)},
      {"level", number.empty() ? "1" : "2"},
      {"labels", label_rows(top)},
      {"file", view.file_name},
      {"size", pixels_text(answer.recognition)},
      {"truncated", answer.recognition.truncated},
      {"untrained", is_untrained_answer(answer)},
      {"worker", workers.visible() ? protocol::to_string(answer.worker) : std::string()},
      {"model", answer.model ? answer.model->name : std::string()},
      {"time", fixed_text(answer.elapsed_ms, 1) + " ms"}};
}

/// One image on the page for several images.
Values image_values(const ImageResultView& image, std::size_t number, const WorkersView& workers) {
  const std::string number_text = std::to_string(number);
  std::vector<Values> answer;
  if (image.answer) {
    answer.push_back(
        answer_values({image.file_name, *image.answer, image.preview_type, image.preview_base64},
                      number_text, workers));
  }
  return {
      {"answer", std::move(answer)},
      {"number", number_text},
      {"file", image.file_name.empty() ? "Picture " + number_text : std::string(image.file_name)},
      {"sentence", std::string_view(image.sentence)}};
}

/// `heading` is empty for a single image.
Html result_content(std::string_view kind, std::string_view heading, std::vector<Values> images,
                    const WorkersView& workers, std::string_view model) {
  static const Template result = page_template(files::result_html);
  return result.fill({{"heading", heading},
                      {"kind", kind},
                      {"images", std::move(images)},
                      {"upload", upload_form("Choose more pictures", workers, model)}});
}

/// `target` is empty if there is nothing to confirm.
std::string message(int status, std::string_view heading, std::string_view sentence,
                    std::string_view target, const WorkersView& workers) {
  static const Template message_template = page_template(files::message_html);
  const bool fine = status == 200;
  const Html content =
      message_template.fill({{"kind", fine ? "fine" : "problem"},
                             {"status", fine ? "Done" : "Status " + std::to_string(status)},
                             {"heading", heading},
                             {"sentence", sentence},
                             {"target", target},
                             {"shown", percent_decode(target).value_or(std::string(target))},
                             {"upload", upload_form("Choose pictures", workers)}});
  return page({.title = heading}, content, workers);
}

}  // namespace

std::string whole_page(const Frame& frame, const Html& content, const WorkersView& workers) {
  return page(frame, content, workers);
}

Headline headline_of(std::span<const protocol::RankedLabel> labels, double unsure_below) {
  if (labels.empty()) return {"No labels", "", false};
  const protocol::RankedLabel& best = labels.front();
  if (best.probability >= unsure_below) return {best.label, sure_text(best.probability), false};
  const std::string percentage = fixed_text(percent(best.probability), 1);
  return {"Not sure", "Perhaps: " + best.label + " (" + percentage + " %)", true};
}

std::vector<Values> label_rows(std::span<const protocol::RankedLabel> labels) {
  std::vector<Values> rows;
  rows.reserve(labels.size());
  for (const auto& label : labels) rows.push_back(label_row(label));
  return rows;
}

Values link(std::string path, std::string_view name, bool current) {
  return {{"path", std::move(path)}, {"name", name}, {"current", current}};
}

std::string form_page(const WorkersView& workers) {
  static const Template form = page_template(files::form_html);
  const Html content = form.fill({{"upload", upload_form("Choose pictures", workers)}});
  return page({.title = "What is in the picture?", .tab = Tab::form}, content, workers);
}

std::string result_page(const ResultView& view, const WorkersView& workers) {
  const Html content = result_content("fine", "",
                                      {{{"answer", answer_values(view, "", workers)},
                                        {"number", ""},
                                        {"file", view.file_name},
                                        {"sentence", ""}}},
                                      workers, model_name(view.answer));
  const Headline headline = headline_of(view.answer.recognition.top, workers.unsure_below);
  return page({.title = headline.text, .tab = Tab::form}, content, workers);
}

std::string results_page(std::span<const ImageResultView> images, const WorkersView& workers) {
  std::vector<Values> parts;
  std::size_t recognized = 0;
  std::string_view model;
  for (const ImageResultView& image : images) {
    parts.push_back(image_values(image, parts.size() + 1, workers));
    if (!image.answer) continue;
    ++recognized;
    model = model_name(*image.answer);
  }
  const std::string heading =
      std::to_string(recognized) + " of " + std::to_string(images.size()) + " pictures recognized";
  const Html content = result_content(recognized > 0 ? "fine" : "problem", heading,
                                      std::move(parts), workers, model);
  return page({.title = heading, .tab = Tab::form}, content, workers);
}

std::string message_page(int status, std::string_view heading, std::string_view sentence,
                         const WorkersView& workers) {
  return message(status, heading, sentence, "", workers);
}

std::string confirm_page(int status, std::string_view sentence, std::string_view target) {
  return message(status, "Confirm this request", sentence, target,
                 {{}, WorkersView::Shown::nothing});
}

}  // namespace samoyed::web
