#include "web/routes/image_handlers.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "web/http/responses.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/permissions.hpp"
#include "web/routes/upload_recognition.hpp"
#include "web/views/api_json.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web::images {
namespace {

using dispatcher::Answer;
using dispatcher::Failure;

/// Returns the page for several images. Its status is 200 if at least one was recognized.
Response page_of_several(const Services& services, const RequestContext& context,
                         const ImageUpload& upload, const RecognizedUpload& recognized) {
  std::vector<ImageResultView> ends;
  std::optional<Problem> first_problem;
  bool any_recognized = false;
  for (std::size_t i = 0; i < recognized.outcomes.size(); ++i) {
    const Preview& preview = recognized.previews[i];
    ImageResultView end{upload.images[i].file_name, preview.type, preview.base64};
    if (const auto* const failure = std::get_if<Failure>(&recognized.outcomes[i])) {
      const auto& own = upload.images[i].problem;
      Problem problem = own ? *own : to_problem(*failure);
      end.sentence = problem.sentence;
      if (!first_problem) first_problem = std::move(problem);
    } else {
      end.answer = &std::get<Answer>(recognized.outcomes[i]);
      any_recognized = true;
    }
    ends.push_back(std::move(end));
  }
  std::string page = results_page(ends, workers_view(services, context));
  if (any_recognized) return html_response(200, std::move(page));
  Response response = html_response(first_problem->status(), std::move(page));
  give_reason(response, first_problem->reason);
  return response;
}

Response page_of_one(const Services& services, const RequestContext& context,
                     const ImageUpload& upload, const RecognizedUpload& recognized) {
  if (const auto* const failure = std::get_if<Failure>(&recognized.outcomes.front())) {
    return error_response(services, context, to_problem(*failure));
  }
  const auto& answer = std::get<Answer>(recognized.outcomes.front());
  const Preview& preview = recognized.previews.front();
  const ResultView result{upload.images.front().file_name, answer, preview.type, preview.base64};
  return html_response(200, result_page(result, workers_view(services, context)));
}

}  // namespace

asio::awaitable<Response> classify_form(Services& services, RequestContext& context) {
  auto read = read_image_upload(services, context);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  auto& upload = std::get<ImageUpload>(read);
  // The page shows the outcome of each image, so a failure doesn't end the upload.
  auto ended = co_await recognize_upload(services, context, upload, OnFailure::go_on);
  if (const auto* problem = std::get_if<Problem>(&ended)) {
    co_return anonymous_error_response(services, context, *problem);
  }
  const auto& recognized = std::get<RecognizedUpload>(ended);
  if (client_left(context)) co_return Response{};
  Response response = upload.images.size() == 1
                          ? page_of_one(services, context, upload, recognized)
                          : page_of_several(services, context, upload, recognized);
  count_failures(services.metrics, response, recognized.outcomes);
  co_return response;
}

asio::awaitable<Response> classify(Services& services, RequestContext& context) {
  auto read = read_image_upload(services, context);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  auto& upload = std::get<ImageUpload>(read);
  auto ended = co_await recognize_upload(services, context, upload, OnFailure::stop);
  if (const auto* problem = std::get_if<Problem>(&ended)) {
    co_return anonymous_error_response(services, context, *problem);
  }
  const auto& recognized = std::get<RecognizedUpload>(ended);
  if (client_left(context)) co_return Response{};
  if (const auto* const failure = std::get_if<Failure>(&recognized.outcomes.front())) {
    co_return error_response(services, context, to_problem(*failure));
  }
  const auto& answer = std::get<Answer>(recognized.outcomes.front());
  co_return json_response(
      200, answer_json(answer, may_see_workers(services, context), context.request_id));
}

}  // namespace samoyed::web::images
