#include "web/routes/picture_routes.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/protocol/limits.hpp"
#include "web/http/multipart.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {
namespace {

/// Names of models are short; a longer one is nobody's.
constexpr std::size_t model_length_max = 256;

Problem bad_form(std::string sentence) { return {Reason::bad_form, std::move(sentence)}; }

std::string_view content_type(const Request& head) {
  return find_field(head.fields, "Content-Type");
}

bool is_form(const Request& head) { return form_boundary(content_type(head)).has_value(); }

/// The body is the picture itself: which format, its own bytes tell.
bool is_raw_picture(const Request& head) {
  const std::string_view type = content_type(head);
  const std::string_view essence = trimmed(type.substr(0, type.find(';')));
  return equal_ignoring_case(essence.substr(0, 6), "image/") ||
         equal_ignoring_case(essence, "application/octet-stream");
}

/// The query's `top` and `model`.
std::optional<Problem> read_query(std::string_view query, Upload& upload) {
  if (const auto text = query_value(query, "top")) {
    // A job's result is kept in the history.
    const int top_max =
        upload.queued ? static_cast<int>(dispatcher::history_labels_max) : protocol::top_max;
    int top = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), top);
    const bool number = error == std::errc() && end == text->data() + text->size();
    if (!number || top < 1 || top > top_max) {
      return Problem{Reason::bad_parameter,
                     "`top` is a number from 1 to " + std::to_string(top_max) + "."};
    }
    upload.top = top;
  }
  if (auto model = query_value(query, "model")) {
    if (model->empty() || model->size() > model_length_max) {
      return Problem{Reason::bad_parameter, "`model` is the name of a model."};
    }
    upload.model = std::move(*model);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> check_body_type(BodyKind kind, const Request& head) {
  switch (kind) {
    case BodyKind::none:
      break;
    case BodyKind::form:
      if (is_form(head)) break;
      return Problem{Reason::wrong_type,
                     "Send the picture as multipart/form-data, in the field `file`."};
    case BodyKind::picture:
    case BodyKind::pictures:
      if (is_form(head) || is_raw_picture(head)) break;
      return Problem{Reason::wrong_type,
                     "Send the picture's bytes as image/* or application/octet-stream, or as "
                     "multipart/form-data in the field `file`."};
    case BodyKind::tensors:
      if (find_field(head.fields, "Content-Encoding").empty()) break;
      return Problem{Reason::wrong_type, "Send the body without Content-Encoding."};
  }
  return std::nullopt;
}

std::variant<std::vector<Picture>, Problem> PictureRoutes::find_pictures(
    const Request& request) const {
  const auto boundary = form_boundary(content_type(request));
  if (!boundary) {
    if (request.body.empty()) return bad_form("The picture is empty.");
    return std::vector<Picture>{{{}, request.body}};
  }
  const auto form = parse_form(request.body, *boundary);
  if (const auto* error = std::get_if<FormError>(&form)) return bad_form(error->sentence);
  std::vector<Picture> pictures;
  for (const FormPart& part : std::get<Form>(form).parts) {
    if (part.name != "file") continue;
    const std::string name = part.file_name.value_or("");
    if (part.content.empty()) {
      return bad_form(name.empty() ? "No file was chosen." : "The file is empty.");
    }
    pictures.push_back({name, part.content});
  }
  if (pictures.empty()) return bad_form("The form has no field `file`.");
  return pictures;
}

std::variant<Upload, Problem> PictureRoutes::take(const Route& route,
                                                  const Request& request) const {
  if (auto problem = check_body_type(route.row->body, request)) return std::move(*problem);
  auto found = find_pictures(request);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  auto& pictures = std::get<std::vector<Picture>>(found);
  if (route.row->body == BodyKind::picture && pictures.size() > 1) {
    return bad_form("Send one picture a request, or several to /api/v1/jobs.");
  }
  const std::uint64_t image_bytes_max = context_.rules().image_bytes_max;
  for (const Picture& picture : pictures) {
    if (picture.image.size() > image_bytes_max) return too_large(image_bytes_max);
  }
  Upload upload{.style = route.style, .pictures = std::move(pictures)};
  upload.queued = route.row->body == BodyKind::pictures;
  if (route.style == Style::api) {
    if (auto problem = read_query(route.target.query, upload)) return std::move(*problem);
  }
  return upload;
}

Response PictureRoutes::answer(const Upload& upload, const Preview& preview,
                               const dispatcher::Answer& answer, const Visit& visit) const {
  const WorkersView view = context_.view_for(visit);
  if (upload.style == Style::api) {
    return json_response(200, answer_json(answer, view.visible(), visit.request_id));
  }
  const ResultView result{upload.pictures.front().file_name, answer, preview.type, preview.base64};
  return html_response(200, result_page(result, view));
}

Response PictureRoutes::answer_all(const Upload& upload, std::span<const Preview> previews,
                                   std::span<const dispatcher::Outcome> outcomes,
                                   const Visit& visit) const {
  std::vector<PictureEnd> ends;
  std::optional<Problem> first_problem;
  bool any_recognised = false;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    PictureEnd end{upload.pictures[i].file_name, previews[i].type, previews[i].base64};
    if (const auto* const failure = std::get_if<dispatcher::Failure>(&outcomes[i])) {
      Problem problem = to_problem(*failure);
      end.sentence = problem.sentence;
      if (!first_problem) first_problem = std::move(problem);
    } else {
      end.answer = &std::get<dispatcher::Answer>(outcomes[i]);
      any_recognised = true;
    }
    ends.push_back(std::move(end));
  }
  const std::string page = results_page(ends, context_.view_for(visit));
  if (any_recognised) return html_response(200, page);
  Response response = html_response(first_problem->status(), page);
  give_reason(response, first_problem->reason);
  return response;
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
