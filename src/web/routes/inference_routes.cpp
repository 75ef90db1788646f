#include "web/routes/inference_routes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/inference.hpp"

namespace samoyed::web {

Response InferenceRoutes::server() const { return json_response(200, inference_server_json()); }

Response InferenceRoutes::live() const { return json_response(200, R"({"live":true})"); }

Response InferenceRoutes::ready(const Visit& visit) const {
  if (visit.stopping) {
    return context_.refuse({Reason::stopping, "The server is stopping."}, Style::inference, visit);
  }
  if (context_.workers().in_rotation_count() == 0) {
    return context_.refuse({Reason::no_active_worker, "Error: No active worker!"}, Style::inference,
                           visit);
  }
  return json_response(200, R"({"ready":true})");
}

bool InferenceRoutes::runs(std::string_view model) const {
  return std::ranges::any_of(context_.workers().snapshot(), [&](const dispatcher::WorkerRow& row) {
    return row.state == dispatcher::WorkerState::in_rotation && row.model &&
           row.model->name == model;
  });
}

Response InferenceRoutes::with_model(const Route& route, const Visit& visit,
                                     std::string (*text)(std::string_view model)) const {
  const auto name = percent_decode(route.parameter);
  if (name && runs(*name)) return json_response(200, text(*name));
  return context_.refuse({Reason::unknown_model, "No worker runs this model."}, Style::inference,
                         visit);
}

Response InferenceRoutes::model(const Route& route, const Visit& visit) const {
  return with_model(route, visit, inference_model_json);
}

Response InferenceRoutes::model_ready(const Route& route, const Visit& visit) const {
  return with_model(route, visit, inference_ready_json);
}

std::variant<Upload, Problem> InferenceRoutes::take(const Route& route,
                                                    const Request& request) const {
  auto parsed = parse_inference(request.body, find_field(request.fields, inference_length_name));
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  auto& read = std::get<InferenceRequest>(parsed);
  Upload upload{.style = Style::inference, .pictures = {}};
  upload.top = read.top;
  const std::uint64_t image_bytes_max = context_.rules().image_bytes_max;
  for (const std::string_view image : read.images) {
    if (image.empty()) return Problem{Reason::bad_parameter, "A picture is empty."};
    if (image.size() > image_bytes_max) return too_large(image_bytes_max);
    upload.pictures.push_back({{}, image});
  }
  upload.decoded = std::move(read.decoded);
  upload.wish = std::move(read.wish);
  upload.wish.model = percent_decode(route.parameter).value_or("");
  // Empty would mean any model.
  if (upload.wish.model.empty()) return Problem{Reason::unknown_model, "That is no model's name."};
  upload.model = upload.wish.model;
  return upload;
}

Response InferenceRoutes::answer(const Upload& upload,
                                 std::span<const dispatcher::Outcome> outcomes) const {
  std::vector<protocol::Recognition> recognitions;
  for (const dispatcher::Outcome& outcome : outcomes) {
    recognitions.push_back(std::get<dispatcher::Answer>(outcome).recognition);
  }
  InferenceBody body = inference_body(upload.wish, recognitions);
  if (!body.json_length) return json_response(200, std::move(body.bytes));
  Response response = json_response(200, std::move(body.bytes), "application/octet-stream");
  response.fields.push_back(
      {std::string(inference_length_name), std::to_string(*body.json_length)});
  return response;
}

}  // namespace samoyed::web
