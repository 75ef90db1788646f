#include "web/server/upload_handler.hpp"

#include <chrono>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "web/http/responses.hpp"
#include "web/routes/upload_records.hpp"
#include "web/views/image_type.hpp"

namespace samoyed::web {
namespace {

/// Larger pictures are not shown again with their answer: the page would be a third larger still.
constexpr std::size_t preview_bytes_max = std::size_t{4} << 20;

/// Of the pictures that lists of results show.
constexpr int thumbnail_side_px = 160;

/// The base64 text within the image message `D TEXT C`, so that the picture is encoded only once.
std::string_view base64_text(const protocol::EncodedImage& image) {
  return image.message().substr(2, image.text_length());
}

Preview preview_of(std::string_view file, const protocol::EncodedImage& image) {
  if (file.size() > preview_bytes_max) return {};
  return {browser_image_type(file), base64_text(image)};
}

/// Of a new result; nothing where results are not kept.
std::optional<int> thumbnail_side(const Site& site) {
  return site.history && site.options.thumbnails ? std::optional(thumbnail_side_px) : std::nullopt;
}

}  // namespace

Problem refused_upload(Reason reason) {
  const bool own = reason == Reason::client_limit;
  return {reason, own ? "You have too many pictures under way: wait for some of their answers."
                      : "The server has too many pictures under way: try again in a moment."};
}

UploadHandler::UploadHandler(Site& site, ClientWatch& watch, const Visit& visit,
                             Admission::Ticket* ticket)
    : site_(site), watch_(watch), visit_(visit), ticket_(ticket) {}

asio::awaitable<std::optional<Response>> UploadHandler::handle(Request& request, Upload& upload) {
  if (!upload.queued) co_return co_await recognise(request, upload);
  Response response = co_await submit(request, upload);
  co_return response;
}

asio::awaitable<std::optional<Response>> UploadHandler::recognise(Request& request,
                                                                  Upload& upload) {
  std::uint64_t encoded_bytes = 0;
  std::uint64_t decoded_bytes = 0;
  for (const std::string& file : upload.decoded) decoded_bytes += file.size();
  for (const Picture& picture : upload.pictures) {
    encoded_bytes += protocol::base64_length(picture.image.size());
  }
  if (ticket_ && !ticket_->hold(request.body.size() + decoded_bytes + encoded_bytes)) {
    Response full = site_.routes.refusal(request, refused_upload(Reason::overloaded), visit_);
    co_return full;
  }
  std::vector<std::shared_ptr<const protocol::EncodedImage>> images;
  std::vector<Preview> previews;  // Into the images.
  for (const Picture& picture : upload.pictures) {
    const auto file = std::as_bytes(std::span(picture.image));
    images.push_back(std::make_shared<const protocol::EncodedImage>(file));
    previews.push_back(preview_of(picture.image, *images.back()));
  }
  request.body = std::string();  // Long waits should not hold the pictures twice.
  upload.decoded.clear();
  if (ticket_) ticket_->hold(encoded_bytes);

  std::vector<dispatcher::Outcome> outcomes;
  for (std::size_t i = 0; i < images.size(); ++i) {
    dispatcher::Outcome outcome = co_await classify(images[i], upload);
    outcomes.push_back(std::move(outcome));
    if (watch_.client_left()) co_return std::nullopt;
    if (const auto* const answer = std::get_if<dispatcher::Answer>(&outcomes.back())) {
      site_.metrics.count(*answer);
      record(upload, upload.pictures[i], *answer);
    } else if (stops_at_failure(upload)) {
      break;
    }
  }
  Response answer = site_.routes.answer(upload, previews, outcomes, visit_);
  count_failures(answer, outcomes);
  co_return answer;
}

void UploadHandler::count_failures(const Response& answer,
                                   std::span<const dispatcher::Outcome> outcomes) {
  bool counted = !find_field(answer.fields, reason_name).empty();  // One of them, by `respond`.
  for (const dispatcher::Outcome& outcome : outcomes) {
    const auto* const failure = std::get_if<dispatcher::Failure>(&outcome);
    if (!failure || std::exchange(counted, false)) continue;
    site_.metrics.count_refused(word_of(reason_of(*failure)));
  }
}

asio::awaitable<Response> UploadHandler::submit(Request& request, const Upload& upload) {
  if (ticket_ && !ticket_->hold(2 * request.body.size())) {
    Response full = site_.routes.refusal(request, refused_upload(Reason::overloaded), visit_);
    co_return full;
  }
  dispatcher::JobRequest jobs = jobs_of(upload, visit_, thumbnail_side(site_));
  request.body = std::string();
  Response response = co_await site_.errands.submit(std::move(jobs), visit_);
  co_return Routes::sent(std::move(response));
}

void UploadHandler::record(const Upload& upload, const Picture& picture,
                           const dispatcher::Answer& answer) {
  if (!site_.history) return;
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  const auto time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  site_.history->record(record_of(upload, picture, answer, visit_, time_ms));
}

asio::awaitable<dispatcher::Outcome> UploadHandler::classify(
    std::shared_ptr<const protocol::EncodedImage> image, const Upload& upload) {
  dispatcher::ClassifyRequest to_classify{.image = std::move(image),
                                          .top = upload.top,
                                          .thumbnail_side = thumbnail_side(site_),
                                          .model = upload.model,
                                          .request_id = visit_.request_id,
                                          .deadline = visit_.now + site_.options.timeouts.request,
                                          .cancelled = watch_.left()};
  watch_.begin();
  std::exception_ptr failure;
  std::optional<dispatcher::Outcome> outcome;
  try {
    outcome = co_await site_.classifier.classify(std::move(to_classify));
  } catch (...) {
    failure = std::current_exception();  // Not before the socket is free again.
  }
  co_await watch_.end();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*outcome);
}

}  // namespace samoyed::web
