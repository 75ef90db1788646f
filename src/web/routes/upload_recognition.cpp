#include "web/routes/upload_recognition.hpp"

#include <exception>
#include <span>
#include <utility>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/result.hpp"
#include "web/http/reasons.hpp"
#include "web/http/responses.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/upload_records.hpp"
#include "web/views/image_type.hpp"

namespace samoyed::web {
namespace {

/// Larger images are not shown with their answer, because in base64 they are even a third larger.
constexpr std::size_t preview_bytes_max = std::size_t{4} << 20;

/// Returns the base64 text within the image message `D TEXT C`, so that the image is encoded only
/// once.
std::string_view base64_text(const protocol::EncodedImage& image) {
  return image.message().substr(2, image.text_length());
}

Preview preview_of(std::string_view file, const protocol::EncodedImage& image) {
  if (file.size() > preview_bytes_max) return {};
  return {browser_image_type(file), base64_text(image)};
}

/// Encodes the images and frees the bytes that they were read from. Returns false if the request
/// may not hold that many bytes.
bool encode(RequestContext& context, ImageUpload& upload, RecognizedUpload& recognized) {
  std::uint64_t encoded_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  for (const std::string& file : upload.decoded) decoded_bytes += file.size();
  for (const UploadedImage& image : upload.images) {
    encoded_bytes += protocol::base64_length(image.bytes.size());
  }
  if (!hold(context, context.request.body.size() + decoded_bytes + encoded_bytes)) return false;
  for (const UploadedImage& image : upload.images) {
    const auto file = std::as_bytes(std::span(image.bytes));
    recognized.images.push_back(std::make_shared<const protocol::EncodedImage>(file));
    recognized.previews.push_back(preview_of(image.bytes, *recognized.images.back()));
  }
  // The images should not be held twice while they wait for a worker.
  context.request.body = std::string();
  upload.decoded.clear();
  hold(context, encoded_bytes);
  return true;
}

asio::awaitable<dispatcher::Outcome> classify(Services& services, RequestContext& context,
                                              const ImageUpload& upload,
                                              std::shared_ptr<const protocol::EncodedImage> image) {
  dispatcher::ClassifyRequest request{.image = std::move(image),
                                      .top = upload.top,
                                      .thumbnail_side = services.rules.thumbnail_side,
                                      .model = upload.model,
                                      .client = context.client,
                                      .request_id = context.request_id,
                                      .deadline = context.now + services.rules.request_timeout};
  ClientPresence* const presence = context.presence;
  if (presence) {
    request.cancelled = presence->left();
    presence->begin();
  }
  std::exception_ptr failure;
  std::optional<dispatcher::Outcome> outcome;
  try {
    outcome = co_await services.classifier.classify(std::move(request));
  } catch (...) {
    failure = std::current_exception();  // Rethrown once the connection is free again.
  }
  if (presence) co_await presence->end();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*outcome);
}

}  // namespace

asio::awaitable<std::variant<RecognizedUpload, Problem>> recognize_upload(Services& services,
                                                                          RequestContext& context,
                                                                          ImageUpload& upload,
                                                                          OnFailure on_failure) {
  RecognizedUpload recognized;
  if (!encode(context, upload, recognized)) co_return upload_not_admitted(Reason::overloaded);
  for (std::size_t i = 0; i < recognized.images.size(); ++i) {
    dispatcher::Outcome outcome =
        co_await classify(services, context, upload, recognized.images[i]);
    recognized.outcomes.push_back(std::move(outcome));
    if (client_left(context)) break;
    if (const auto* const answer = std::get_if<dispatcher::Answer>(&recognized.outcomes.back())) {
      services.metrics.count(*answer);
      if (services.history) {
        services.history->record(history_row(upload.images[i].file_name,
                                             recognized.images[i]->file_bytes(), *answer, context,
                                             services.wall_clock_ms()));
      }
    } else if (on_failure == OnFailure::stop) {
      break;
    }
  }
  co_return std::move(recognized);
}

void count_failures(Metrics& metrics, const Response& response,
                    const std::vector<dispatcher::Outcome>& outcomes) {
  bool counted = !find_field(response.fields, reason_name).empty();
  for (const dispatcher::Outcome& outcome : outcomes) {
    const auto* const failure = std::get_if<dispatcher::Failure>(&outcome);
    if (!failure || std::exchange(counted, false)) continue;
    metrics.count_refused(code_of(reason_of(*failure)));
  }
}

Problem to_problem(const Services& services, const dispatcher::Failure& failure,
                   std::string_view model) {
  if (failure.reason == dispatcher::FailureReason::unknown_model) {
    return unknown_model(services, model);
  }
  Problem problem{reason_of(failure), describe(failure)};
  if (problem.reason == Reason::unreadable &&
      problem.sentence.find(protocol::accepted_formats) == problem.sentence.npos) {
    problem.sentence += " Accepted formats: " + std::string(protocol::accepted_formats) + ".";
  }
  return problem;
}

}  // namespace samoyed::web
