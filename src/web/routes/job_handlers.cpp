#include "web/routes/job_handlers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "web/http/event_stream.hpp"
#include "web/http/responses.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/feeds.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/permissions.hpp"
#include "web/routes/result_handlers.hpp"
#include "web/routes/upload_records.hpp"
#include "web/views/job_json.hpp"

namespace samoyed::web::jobs {
namespace {

Problem unknown_job() {
  return {Reason::unknown_job, "There is no such job, or it ended too long ago."};
}

Problem to_problem(dispatcher::SubmitError error) {
  switch (error) {
    case dispatcher::SubmitError::full:
      return {Reason::spool_full, "Too many pictures are waiting. Try again later."};
    case dispatcher::SubmitError::client_share:
      return {Reason::client_limit,
              "You have too many waiting pictures. Submit fewer at once, or wait until some are "
              "done."};
    case dispatcher::SubmitError::stopping:
      return {Reason::stopping, "The server is shutting down."};
    case dispatcher::SubmitError::storage:
      break;
  }
  return storage_error();
}

/// The images of an upload. Those of a stored form are read one after the other when they are
/// needed, so that only one is in memory.
std::vector<dispatcher::JobImage> images_of(const ImageUpload& upload,
                                            const RequestContext& context) {
  std::vector<dispatcher::JobImage> images;
  for (const UploadedImage& image : upload.images) {
    dispatcher::JobImage one{.file_name = image.file_name};
    if (image.stored) {
      one.read = [form = context.stored_form, part = *image.stored] { return form->read(part); };
      one.unread_bytes = image.stored->size;
    } else {
      one.bytes = std::string(image.bytes);
    }
    images.push_back(std::move(one));
  }
  return images;
}

}  // namespace

asio::awaitable<Response> submit(Services& services, RequestContext& context) {
  const auto read = read_image_upload(services, context);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  if (!services.jobs) co_return nothing_kept_response(services, context);
  if (services.history && is_ownerless(services, context)) {
    co_return error_response(services, context, storage_error());
  }
  const auto& upload = std::get<ImageUpload>(read);
  const std::uint64_t bytes =
      context.stored_form ? services.rules.image_bytes_max : 2 * context.request.body.size();
  if (!hold(context, bytes)) {
    co_return anonymous_error_response(services, context, upload_not_admitted(Reason::overloaded));
  }
  auto request = job_request(upload, context, services.rules.thumbnail_side);
  request.images = images_of(upload, context);
  context.request.body = std::string();
  const dispatcher::Submitted submitted = co_await services.jobs->submit(std::move(request));
  if (const auto* error = std::get_if<dispatcher::SubmitError>(&submitted)) {
    co_return error_response(services, context, to_problem(*error));
  }
  const auto& ids = std::get<std::vector<std::string>>(submitted);
  Response response =
      json_response(202, submitted_json(ids, context.request_id, context.base_path));
  if (ids.size() == 1) response.fields.push_back({"Location", job_path(ids.front())});
  co_return response;
}

asio::awaitable<Response> show(Services& services, RequestContext& context) {
  if (!services.jobs) co_return nothing_kept_response(services, context);
  const auto job = co_await services.jobs->find(context.route.parameter);
  if (!job) co_return error_response(services, context, unknown_job());
  co_return json_response(200, job_json(*job, result_display(services, context)));
}

asio::awaitable<Response> cancel(Services& services, RequestContext& context) {
  if (!services.jobs) co_return nothing_kept_response(services, context);
  if (!co_await services.jobs->cancel(context.route.parameter)) {
    const Problem problem{Reason::unknown_job, "There is no waiting or running job with this id."};
    co_return error_response(services, context, problem);
  }
  co_return json_response(200, R"({"cancelled":true})");
}

asio::awaitable<Response> watch(Services& services, RequestContext& context) {
  if (!services.jobs) co_return nothing_kept_response(services, context);
  const std::string& id = context.route.parameter;
  const auto job = co_await services.jobs->find(id);
  if (!job) co_return error_response(services, context, unknown_job());
  // An EventSource comes back when a stream ends, until the answer is 204.
  const bool ended =
      job->state == dispatcher::JobState::done || job->state == dispatcher::JobState::failed;
  if (ended && find_field(context.request.fields, last_event_id_name) == job_event_id(*job)) {
    co_return Response{204, {{"Cache-Control", "no-store"}}, {}};
  }
  auto watch = services.jobs->watch(id);
  if (!watch) co_return error_response(services, context, too_many_streams());
  co_return event_stream(feed_of_job(std::move(watch), result_display(services, context)));
}

}  // namespace samoyed::web::jobs
