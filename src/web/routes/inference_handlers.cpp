#include "web/routes/inference_handlers.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "samoyed/protocol/empty_file.hpp"
#include "samoyed/protocol/limits.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/inference.hpp"
#include "web/routes/upload_recognition.hpp"

namespace samoyed::web::inference {
namespace {

struct InferenceUpload {
  ImageUpload images;
  InferenceOptions options;
};

std::variant<InferenceUpload, Problem> read_upload(const Services& services,
                                                   const RequestContext& context) {
  const std::string_view header_length = find_field(context.request.fields, inference_length_name);
  auto parsed = parse_inference(context.request.body, header_length);
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  auto& read = std::get<InferenceRequest>(parsed);
  InferenceUpload upload{.images = {.images = {}, .top = read.top}, .options = {}};
  const std::uint64_t image_bytes_max = services.rules.image_bytes_max;
  for (const std::string_view image : read.images) {
    if (image.empty())
      return Problem{Reason::bad_parameter, std::string(protocol::empty_file_text)};
    if (image.size() > image_bytes_max) return too_large(image_bytes_max);
    upload.images.images.push_back({{}, image});
  }
  upload.images.decoded = std::move(read.decoded);
  upload.options = std::move(read.options);
  upload.options.model = percent_decode(context.route.parameter).value_or("");
  // An empty name would mean any model, and no worker runs one with a longer name.
  if (upload.options.model.empty() ||
      upload.options.model.size() > protocol::model_name_bytes_max) {
    return Problem{Reason::unknown_model, "The path must contain the name of a model (limit " +
                                              std::to_string(protocol::model_name_bytes_max) +
                                              " bytes)."};
  }
  upload.images.model = upload.options.model;
  return upload;
}

Response answer(const InferenceOptions& options, const std::vector<dispatcher::Outcome>& outcomes) {
  std::vector<protocol::Recognition> recognitions;
  for (const dispatcher::Outcome& outcome : outcomes) {
    recognitions.push_back(std::get<dispatcher::Answer>(outcome).recognition);
  }
  InferenceBody body = inference_body(options, recognitions);
  if (!body.json_length) return json_response(200, std::move(body.bytes));
  Response response = json_response(200, std::move(body.bytes), "application/octet-stream");
  response.fields.push_back(
      {std::string(inference_length_name), std::to_string(*body.json_length)});
  return response;
}

Response model_response(const Services& services, const RequestContext& context,
                        std::string (*text)(std::string_view model)) {
  const auto name = percent_decode(context.route.parameter);
  const bool runs = name && std::ranges::any_of(services.workers.snapshot(), [&](const auto& row) {
                      return row.state != dispatcher::WorkerState::ejected && row.model &&
                             row.model->name == *name;
                    });
  if (runs) return json_response(200, text(*name));
  return error_response(services, context, missing_model(services, context));
}

}  // namespace

asio::awaitable<Response> server(Services&, RequestContext&) {
  co_return json_response(200, inference_server_json());
}

asio::awaitable<Response> live(Services&, RequestContext&) {
  co_return json_response(200, R"({"live":true})");
}

asio::awaitable<Response> ready(Services& services, RequestContext& context) {
  if (context.stopping) {
    const Problem problem{Reason::stopping, "The server is shutting down."};
    co_return error_response(services, context, problem);
  }
  if (!services.workers.any_serves()) {
    const Problem problem{Reason::no_active_worker, "Error: No active worker!"};
    co_return error_response(services, context, problem);
  }
  co_return json_response(200, R"({"ready":true})");
}

asio::awaitable<Response> model(Services& services, RequestContext& context) {
  co_return model_response(services, context, inference_model_json);
}

asio::awaitable<Response> model_ready(Services& services, RequestContext& context) {
  co_return model_response(services, context, inference_ready_json);
}

asio::awaitable<Response> infer(Services& services, RequestContext& context) {
  auto read = read_upload(services, context);
  if (const auto* problem = std::get_if<Problem>(&read)) {
    co_return error_response(services, context, *problem);
  }
  auto& upload = std::get<InferenceUpload>(read);
  auto ended = co_await recognize_upload(services, context, upload.images, OnFailure::stop);
  if (const auto* problem = std::get_if<Problem>(&ended)) {
    co_return anonymous_error_response(services, context, *problem);
  }
  const auto& recognized = std::get<RecognizedUpload>(ended);
  if (client_left(context)) co_return Response{};
  if (const auto* const failure = std::get_if<dispatcher::Failure>(&recognized.outcomes.back())) {
    co_return error_response(services, context,
                             to_problem(services, *failure, upload.images.model));
  }
  co_return answer(upload.options, recognized.outcomes);
}

}  // namespace samoyed::web::inference
