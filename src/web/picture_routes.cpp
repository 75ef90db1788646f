#include "web/picture_routes.hpp"

#include <string>
#include <utility>

#include "web/multipart.hpp"
#include "web/responses.hpp"

namespace samoyed::web {
namespace {

Problem wrong_form() {
  return {Reason::wrong_type, "Send the picture as multipart/form-data, in the field `file`."};
}

Problem too_large(std::uint64_t image_bytes_max) {
  return {Reason::too_large,
          "A picture may have " + std::to_string(image_bytes_max >> 20) + " MiB at most."};
}

Problem bad_form(std::string sentence) { return {Reason::bad_form, std::move(sentence)}; }

}  // namespace

std::optional<Problem> PictureRoutes::check_type(const Request& head) const {
  const bool form = form_boundary(find_field(head.fields, "Content-Type")).has_value();
  return form ? std::nullopt : std::optional(wrong_form());
}

std::variant<Upload, Problem> PictureRoutes::take(const Request& request) const {
  const auto boundary = form_boundary(find_field(request.fields, "Content-Type"));
  if (!boundary) return wrong_form();
  const auto form = parse_form(request.body, *boundary);
  if (const auto* error = std::get_if<FormError>(&form)) return bad_form(error->sentence);
  const FormPart* const file = std::get<Form>(form).find("file");
  if (!file) return bad_form("The form has no field `file`.");
  const std::string name = file->file_name.value_or("");
  if (file->content.empty()) {
    return bad_form(name.empty() ? "No file was chosen." : "The file is empty.");
  }
  const std::uint64_t image_bytes_max = context_.rules().image_bytes_max;
  if (file->content.size() > image_bytes_max) return too_large(image_bytes_max);
  return Upload{Style::page, {{name, file->content}}};
}

Response PictureRoutes::answer(const Upload& upload, const Preview& preview,
                               std::span<const dispatcher::Outcome> outcomes,
                               const Visit& visit) const {
  if (const auto* failure = std::get_if<dispatcher::Failure>(&outcomes.back())) {
    return context_.refuse(to_problem(*failure), upload.style, visit);
  }
  const ResultView result{upload.pictures.front().file_name,
                          std::get<dispatcher::Answer>(outcomes.front()), preview.type,
                          preview.base64};
  return html_response(200, result_page(result, context_.view_for(visit)));
}

Problem to_problem(const dispatcher::Failure& failure) {
  Problem problem{reason_of(failure), describe(failure)};
  if (problem.reason == Reason::unreadable &&
      problem.sentence.find(protocol::accepted_formats) == problem.sentence.npos) {
    problem.sentence += " Accepted is " + std::string(protocol::accepted_formats) + ".";
  }
  return problem;
}

}  // namespace samoyed::web
