#include "web/routes/image_handlers.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "samoyed/protocol/utf8.hpp"
#include "web/http/responses.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/permissions.hpp"
#include "web/routes/upload_recognition.hpp"
#include "web/views/api_json.hpp"
#include "web/views/number_text.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web::images {
namespace {

using dispatcher::Answer;
using dispatcher::Failure;

/// Why one of several images wasn't recognized: its own problem, or what its workers said.
Problem problem_of(const Services& services, const ImageUpload& upload, std::size_t image,
                   const Failure& failure) {
  const auto& own = upload.images[image].problem;
  return own ? *own : to_problem(services, failure, upload.model);
}

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
      Problem problem = problem_of(services, upload, i, *failure);
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
    return error_response(services, context, to_problem(services, *failure, upload.model));
  }
  const auto& answer = std::get<Answer>(recognized.outcomes.front());
  const Preview& preview = recognized.previews.front();
  const ResultView result{upload.images.front().file_name, answer, preview.type, preview.base64};
  return html_response(200, result_page(result, workers_view(services, context)));
}

/// One line for each image, as clientsocket writes it.
std::string line_of(const std::string& file_name, const Answer& answer) {
  std::string line = file_name.empty() ? "" : protocol::to_printable(file_name) + ": ";
  std::string_view separator;
  for (const protocol::RankedLabel& ranked : answer.recognition.top) {
    line.append(separator).append(protocol::to_printable(ranked.label));
    line.append(" ").append(percent_text(ranked.probability));
    separator = ", ";
  }
  if (answer.model && !answer.model->trained) {
    line += "\nNOTICE: The network is untrained: its labels mean nothing.";
  }
  return line;
}

/// The answer for a client that doesn't ask for a page. Its status is 200 if at least one image was
/// recognized.
Response lines_of(const Services& services, const ImageUpload& upload,
                  const RecognizedUpload& recognized) {
  std::string text;
  std::optional<Problem> first_problem;
  bool any_recognized = false;
  for (std::size_t i = 0; i < recognized.outcomes.size(); ++i) {
    if (!text.empty()) text += '\n';
    const std::string& file_name = upload.images[i].file_name;
    if (const auto* const failure = std::get_if<Failure>(&recognized.outcomes[i])) {
      Problem problem = problem_of(services, upload, i, *failure);
      if (!file_name.empty()) text += protocol::to_printable(file_name) + ": ";
      text += problem.sentence;
      if (!first_problem) first_problem = std::move(problem);
    } else {
      text += line_of(file_name, std::get<Answer>(recognized.outcomes[i]));
      any_recognized = true;
    }
  }
  if (any_recognized) return text_response(200, text);
  Response response = text_response(first_problem->status(), text);
  give_reason(response, first_problem->reason);
  return response;
}

/// The same as JSON: for one image as at /api/v1/classify, for several with the outcome of each.
Response json_of(const Services& services, const RequestContext& context, const ImageUpload& upload,
                 const RecognizedUpload& recognized) {
  const bool workers_visible = may_see_workers(services, context);
  std::vector<ImageOutcome> outcomes;
  for (std::size_t i = 0; i < recognized.outcomes.size(); ++i) {
    ImageOutcome outcome{upload.images[i].file_name};
    if (const auto* const failure = std::get_if<Failure>(&recognized.outcomes[i])) {
      outcome.problem = problem_of(services, upload, i, *failure);
    } else {
      outcome.answer = &std::get<Answer>(recognized.outcomes[i]);
    }
    outcomes.push_back(std::move(outcome));
  }
  const ImageOutcome& first = outcomes.front();
  if (upload.images.size() > 1) {
    const bool any = std::ranges::any_of(outcomes, &ImageOutcome::answer);
    const int status = any ? 200 : first.problem->status();
    Response response =
        json_response(status, outcomes_json(outcomes, workers_visible, context.request_id));
    if (!any) give_reason(response, first.problem->reason);
    return response;
  }
  if (first.problem) return error_response(services, context, *first.problem);
  return json_response(200, answer_json(*first.answer, workers_visible, context.request_id));
}

/// Returns the answer in the format that the client accepts.
Response answer_of(const Services& services, const RequestContext& context,
                   const ImageUpload& upload, const RecognizedUpload& recognized) {
  switch (context.route.errors) {
    case ErrorFormat::text:
      return lines_of(services, upload, recognized);
    case ErrorFormat::api:
      return json_of(services, context, upload, recognized);
    case ErrorFormat::page:
    case ErrorFormat::inference:
      break;
  }
  return upload.images.size() == 1 ? page_of_one(services, context, upload, recognized)
                                   : page_of_several(services, context, upload, recognized);
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
  Response response = answer_of(services, context, upload, recognized);
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
    co_return error_response(services, context, to_problem(services, *failure, upload.model));
  }
  const auto& answer = std::get<Answer>(recognized.outcomes.front());
  co_return json_response(
      200, answer_json(answer, may_see_workers(services, context), context.request_id));
}

}  // namespace samoyed::web::images
