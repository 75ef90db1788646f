#include "web/routes/image_upload.hpp"

#include <utility>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/parse_number.hpp"
#include "samoyed/protocol/empty_file.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "web/forms/form_scanner.hpp"
#include "web/forms/multipart.hpp"
#include "web/http/model_name.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"

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

/// Reads the parts of a form. An empty `model` stands for the default one, as in the form's list of
/// networks. The files' bytes are in `body`, unless it is empty.
std::variant<ImageUpload, Problem> read_parts(const std::vector<ScannedPart>& parts,
                                              std::string_view body) {
  ImageUpload upload;
  for (const ScannedPart& part : parts) {
    if (part.name == "model" && part.size > 0) {
      if (auto problem = check_model_name(part.text)) return *std::move(problem);
      upload.model = protocol::to_utf8(part.text);
    }
    if (part.name != "file") continue;
    UploadedImage file{part.file_name.value_or(""), {}};
    if (body.empty()) {
      file.stored = part;
    } else {
      file.bytes = body.substr(part.begin, part.size);
    }
    upload.images.push_back(std::move(file));
  }
  return upload;
}

std::variant<ImageUpload, Problem> find_images(const RequestContext& context) {
  const std::string_view body = context.request.body;
  if (context.stored_form) return read_parts(context.stored_form->parts(), {});
  if (!is_form_type(content_type(context.request))) {
    ImageUpload upload;
    upload.images.push_back({{}, body});
    return upload;
  }
  const auto boundary = form_boundary(content_type(context.request));
  if (const auto* error = std::get_if<FormError>(&boundary)) return bad_form(error->sentence);
  FormScanner scanner(std::get<std::string>(boundary));
  if (auto error = scanner.scan(body)) return bad_form(error->sentence);
  if (auto error = scanner.finish()) return bad_form(error->sentence);
  return read_parts(scanner.parts(), body);
}

/// Returns what is wrong with a file, judging by its size.
std::optional<Problem> check_size(const UploadedImage& image, std::uint64_t image_bytes_max) {
  if (image.size() > image_bytes_max) return too_large(image_bytes_max);
  if (image.size() == 0) return bad_form(std::string(protocol::empty_file_text));
  return std::nullopt;
}

/// Checks the sizes of all files. Returns an error if it concerns the whole upload.
std::optional<Problem> check_sizes(ImageUpload& upload, Body body, std::uint64_t image_bytes_max) {
  const bool several = upload.images.size() > 1;
  for (UploadedImage& image : upload.images) {
    image.problem = check_size(image, image_bytes_max);
    if (!image.problem || (several && body == Body::form)) continue;
    Problem problem = *image.problem;
    if (several && !image.file_name.empty()) {
      problem.sentence = image.file_name + ": " + problem.sentence;
    }
    return problem;
  }
  return std::nullopt;
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
  auto found = find_images(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  auto& upload = std::get<ImageUpload>(found);
  const bool form = is_form_type(content_type(context.request));
  if (upload.images.empty()) {
    return bad_form("The form has no field `file`. Send the picture in that field.");
  }
  if (form && upload.images.size() == 1 && upload.images.front().size() == 0 &&
      upload.images.front().file_name.empty()) {
    return bad_form("No file was chosen. Choose a picture first.");
  }
  if (policy.body == Body::image && upload.images.size() > 1) {
    return bad_form("Send one picture per request, or send several to /api/v1/jobs.");
  }
  if (auto problem = check_sizes(upload, policy.body, services.rules.image_bytes_max)) {
    return std::move(*problem);
  }
  if (policy.errors == ErrorFormat::api) {
    // The results of jobs go through the history, which keeps a limited number of labels.
    const int top_max = policy.body == Body::images
                            ? static_cast<int>(dispatcher::history_labels_max)
                            : protocol::top_max;
    if (auto problem = read_query(context.route.query, top_max, upload)) {
      return std::move(*problem);
    }
  } else if (upload.model.empty()) {
    auto model = read_model_name(context.route.query);
    if (auto* problem = std::get_if<Problem>(&model)) return std::move(*problem);
    upload.model = std::get<std::string>(std::move(model));
  }
  return std::move(upload);
}

}  // namespace samoyed::web
