#include "web/routes/image_upload.hpp"

#include <utility>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/parse_number.hpp"
#include "samoyed/protocol/empty_file.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "web/http/multipart.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/model_name.hpp"

namespace samoyed::web {
namespace {

Problem bad_form(std::string sentence) { return {Reason::bad_form, std::move(sentence)}; }

std::string_view content_type(const Request& head) {
  return find_field(head.fields, "Content-Type");
}

std::optional<Problem> check_boundary(const Request& head) {
  const auto boundary = form_boundary(content_type(head));
  const auto* error = std::get_if<FormError>(&boundary);
  return error ? std::optional(bad_form(error->sentence)) : std::nullopt;
}

/// Returns true if the body is the image file itself. Its format is detected from its bytes, not
/// from the Content-Type.
bool is_raw_image(const Request& head) {
  const std::string_view type = content_type(head);
  const std::string_view essence = trimmed(type.substr(0, type.find(';')));
  return equal_ignoring_case(essence.substr(0, 6), "image/") ||
         equal_ignoring_case(essence, "application/octet-stream");
}

std::optional<Problem> read_query(std::string_view query, int top_max, ImageUpload& upload) {
  if (const auto text = query_value(query, "top")) {
    upload.top = io::parse_number<int>(*text);
    if (!upload.top || *upload.top < 1 || *upload.top > top_max) {
      return Problem{Reason::bad_parameter,
                     "`top` must be a number from 1 to " + std::to_string(top_max) + "."};
    }
  }
  auto model = read_model_name(query);
  if (auto* problem = std::get_if<Problem>(&model)) return std::move(*problem);
  upload.model = std::get<std::string>(std::move(model));
  return std::nullopt;
}

/// Reads the fields of a form that are not images. An empty `model` stands for the default one, as
/// in the form's list of networks.
std::optional<Problem> read_field(const FormPart& part, ImageUpload& upload) {
  if (part.name != "model" || part.content.empty()) return std::nullopt;
  if (auto problem = check_model_name(part.content)) return problem;
  upload.model = protocol::to_utf8(part.content);
  return std::nullopt;
}

std::variant<ImageUpload, Problem> find_images(const Request& request) {
  ImageUpload upload;
  if (!is_form_type(content_type(request))) {
    if (request.body.empty()) return bad_form(protocol::empty_file_text);
    upload.images.push_back({{}, request.body});
    return upload;
  }
  const auto boundary = form_boundary(content_type(request));
  if (const auto* error = std::get_if<FormError>(&boundary)) return bad_form(error->sentence);
  const auto form = parse_form(request.body, std::get<std::string>(boundary));
  if (const auto* error = std::get_if<FormError>(&form)) return bad_form(error->sentence);
  for (const FormPart& part : std::get<Form>(form).parts) {
    if (auto problem = read_field(part, upload)) return std::move(*problem);
    if (part.name != "file") continue;
    const std::string name = part.file_name.value_or("");
    if (part.content.empty()) {
      return bad_form(name.empty() ? "No file was chosen. Choose a picture first."
                                   : protocol::empty_file_text);
    }
    upload.images.push_back({name, part.content});
  }
  if (upload.images.empty()) {
    return bad_form("The form has no field `file`. Send the picture in that field.");
  }
  return upload;
}

}  // namespace

std::optional<Problem> check_body_type(Body body, const Request& head) {
  const bool is_form = is_form_type(content_type(head));
  const std::string_view encoding = trimmed(find_field(head.fields, "Content-Encoding"));
  if (body != Body::none && !encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
    const bool gzip = equal_ignoring_case(encoding, "gzip");
    return Problem{Reason::wrong_type, "The body has a Content-Encoding" +
                                           std::string(gzip ? ", gzip" : "") +
                                           ". Send it without compression."};
  }
  switch (body) {
    case Body::none:
      break;
    case Body::form:
      if (is_form) return check_boundary(head);
      return Problem{Reason::wrong_type,
                     "Send the picture as multipart/form-data, in the field `file`."};
    case Body::image:
    case Body::images:
      if (is_form) return check_boundary(head);
      if (is_raw_image(head)) break;
      return Problem{Reason::wrong_type,
                     "Send the picture's bytes as image/* or application/octet-stream, or as "
                     "multipart/form-data in the field `file`."};
    case Body::tensors:
      break;
  }
  return std::nullopt;
}

std::variant<ImageUpload, Problem> read_image_upload(const Services& services,
                                                     const RequestContext& context) {
  const Policy& policy = context.route.route->policy;
  if (auto problem = check_body_type(policy.body, context.request)) return std::move(*problem);
  auto found = find_images(context.request);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  auto& upload = std::get<ImageUpload>(found);
  if (policy.body == Body::image && upload.images.size() > 1) {
    return bad_form("Send one picture per request, or send several to /api/v1/jobs.");
  }
  const std::uint64_t image_bytes_max = services.rules.image_bytes_max;
  for (const UploadedImage& image : upload.images) {
    if (image.bytes.size() > image_bytes_max) return too_large(image_bytes_max);
  }
  if (policy.errors == ErrorFormat::api) {
    // The results of jobs go through the history, which keeps a limited number of labels.
    const int top_max = policy.body == Body::images
                            ? static_cast<int>(dispatcher::history_labels_max)
                            : protocol::top_max;
    if (auto problem = read_query(context.route.query, top_max, upload)) {
      return std::move(*problem);
    }
  }
  return std::move(upload);
}

}  // namespace samoyed::web
