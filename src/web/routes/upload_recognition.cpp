#include "web/routes/upload_recognition.hpp"

#include <algorithm>
#include <chrono>
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
/// A page shows further images without previews.
constexpr std::uint64_t previews_bytes_max = std::uint64_t{32} << 20;

/// Returns the base64 text within the image message `D TEXT C`, so that the image is encoded only
/// once.
std::string_view base64_text(const protocol::EncodedImage& image) {
  return image.message().substr(2, image.text_length());
}

/// Returns the media type with which a page shows a file. Empty if it doesn't show it.
std::string_view preview_type(std::string_view file) {
  return file.size() > preview_bytes_max ? std::string_view() : browser_image_type(file);
}

/// The memory that an upload holds, in addition to the image that is being recognized.
struct Held {
  std::uint64_t decoded = 0;
  std::uint64_t previews = 0;
};

/// Encodes an image, and frees the upload's bytes if it is the last one. Returns null if the
/// request may not hold that many bytes.
std::shared_ptr<const protocol::EncodedImage> encode(RequestContext& context, ImageUpload& upload,
                                                     std::string_view bytes, bool last,
                                                     Held& held) {
  const std::uint64_t encoded = protocol::base64_length(bytes.size());
  const std::uint64_t read = upload.images.front().stored ? bytes.size() : 0;
  const std::uint64_t all = context.request.body.size() + held.decoded + held.previews + read;
  if (!hold(context, all + encoded)) return nullptr;
  auto image = std::make_shared<const protocol::EncodedImage>(std::as_bytes(std::span(bytes)));
  if (last) {
    // The images should not be held twice while they wait for a worker.
    context.request.body = std::string();
    upload.decoded.clear();
    held.decoded = 0;
    hold(context, held.previews + encoded);
  }
  return image;
}

/// Keeps an image for its preview, as long as they are not too many.
void keep_preview(RecognizedUpload& recognized, Held& held, const Preview& preview,
                  std::shared_ptr<const protocol::EncodedImage> image) {
  const std::uint64_t bytes = preview.type.empty() ? 0 : image->text_length();
  const bool kept = bytes > 0 && held.previews + bytes <= previews_bytes_max;
  recognized.previews.push_back(kept ? preview : Preview{});
  if (!kept) return;
  held.previews += bytes;
  recognized.images.push_back(std::move(image));
}

/// The outcome of an image that is not sent to a worker.
dispatcher::Outcome refused(const Problem& problem) {
  const auto reason = problem.reason == Reason::too_large ? protocol::RefusalReason::too_large
                                                          : protocol::RefusalReason::unreadable;
  return dispatcher::Failure{dispatcher::FailureReason::refused,
                             protocol::Refusal{reason, problem.sentence}};
}

asio::awaitable<dispatcher::Outcome> classify(Services& services, RequestContext& context,
                                              const ImageUpload& upload,
                                              std::shared_ptr<const protocol::EncodedImage> image,
                                              std::chrono::steady_clock::time_point deadline) {
  dispatcher::ClassifyRequest request{.image = std::move(image),
                                      .top = upload.top,
                                      .thumbnail_side = services.rules.thumbnail_side,
                                      .model = upload.model,
                                      .client = context.client,
                                      .request_id = context.request_id,
                                      .deadline = deadline};
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
  Held held;
  for (const std::string& file : upload.decoded) held.decoded += file.size();
  const SiteRules& rules = services.rules;
  const auto ends_at = std::max(context.now, std::chrono::steady_clock::now()) +
                       std::max(rules.form_timeout, rules.request_timeout);
  for (const UploadedImage& image : upload.images) {
    const bool first = &image == &upload.images.front();
    if (!first && context.now >= ends_at) {
      recognized.outcomes.push_back(dispatcher::Failure{dispatcher::FailureReason::deadline, {}});
      recognized.previews.emplace_back();
      continue;
    }
    if (image.problem) {
      recognized.outcomes.push_back(refused(*image.problem));
      recognized.previews.emplace_back();
      continue;
    }
    std::string content;
    if (image.stored) content = co_await context.stored_form->read(*image.stored);
    const std::string_view bytes = image.stored ? std::string_view(content) : image.bytes;
    const bool last = &image == &upload.images.back();
    const std::string_view type = preview_type(bytes);
    const auto encoded = encode(context, upload, bytes, last, held);
    if (!encoded) co_return upload_not_admitted(Reason::overloaded);
    content = std::string();
    // Each image has the whole time, because a form may have many, but the form has an end too.
    const auto deadline = std::min(context.now + rules.request_timeout, ends_at);
    dispatcher::Outcome outcome = co_await classify(services, context, upload, encoded, deadline);
    // Memory is asked for at the image's own time, so that uploads that began meanwhile count as
    // slow ones.
    context.now = std::max(context.now, std::chrono::steady_clock::now());
    recognized.outcomes.push_back(std::move(outcome));
    if (client_left(context)) break;
    const auto* const answer = std::get_if<dispatcher::Answer>(&recognized.outcomes.back());
    keep_preview(recognized, held, Preview{answer ? type : "", base64_text(*encoded)}, encoded);
    if (answer) {
      services.metrics.count(*answer);
      if (services.history && !is_ownerless(services, context)) {
        services.history->record(history_row(image.file_name, encoded->file_bytes(), *answer,
                                             context, services.wall_clock_ms()));
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
  Problem problem{reason_of(failure), describe(failure, services.workers, model)};
  if (problem.reason == Reason::unreadable &&
      problem.sentence.find(protocol::accepted_formats) == problem.sentence.npos) {
    problem.sentence += " Accepted formats: " + std::string(protocol::accepted_formats) + ".";
  }
  return problem;
}

}  // namespace samoyed::web
