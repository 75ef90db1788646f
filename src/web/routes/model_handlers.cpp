#include "web/routes/model_handlers.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/limits.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/permissions.hpp"
#include "web/routes/upload_recognition.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web::models {
namespace {

/// Maximum number of models whose labels are asked for at the same time.
constexpr std::size_t asked_max = 4;

/// One black pixel as a BMP file, which every worker reads. An answer about it with all labels
/// names the labels of the model.
constexpr std::array<unsigned char, 58> black_pixel = {
    'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0,  // The file: its size, and where pixels begin.
    40,  0,   0,  0, 1, 0, 0, 0, 1, 0, 0,  0, 1, 0,
    24,  0,   0,  0, 0, 0, 4, 0, 0, 0};  // 1x1, 24 bits.

std::optional<dispatcher::ModelRow> find_model(const Services& services,
                                               const RequestContext& context) {
  const auto name = percent_decode(context.route.parameter);
  if (!name) return std::nullopt;
  const std::vector<dispatcher::ModelRow> rows = services.workers.models();
  const auto row = std::ranges::find(rows, *name, [](const auto& r) { return r.model.name; });
  return row == rows.end() ? std::nullopt : std::optional(*row);
}

Response unknown(const Services& services, const RequestContext& context) {
  return error_response(services, context, unknown_model(services, context.route.parameter));
}

/// Drops the lists of models that no worker runs anymore, so that the others are as many as the
/// models in the list of workers.
void drop_unused(Services& services) {
  const std::vector<dispatcher::ModelRow> rows = services.workers.models();
  std::erase_if(services.label_lists, [&](const auto& known) {
    return std::ranges::none_of(rows,
                                [&](const auto& row) { return row.model == known.second.model; });
  });
}

asio::awaitable<dispatcher::Outcome> ask_a_worker(Services& services, const RequestContext& context,
                                                  const std::string& model) {
  dispatcher::ClassifyRequest request{.image = std::make_shared<const protocol::EncodedImage>(
                                          std::as_bytes(std::span(black_pixel))),
                                      .top = protocol::top_max,
                                      .model = model,
                                      .client = context.client,
                                      .request_id = context.request_id,
                                      .deadline = context.now + services.rules.request_timeout};
  co_return co_await services.classifier.classify(std::move(request));
}

/// Returns the labels of an answer in the order of their classes.
std::vector<protocol::RankedLabel> by_class(std::vector<protocol::RankedLabel> labels) {
  std::ranges::stable_sort(labels, {}, &protocol::RankedLabel::class_index);
  return labels;
}

}  // namespace

asio::awaitable<Response> list(Services& services, RequestContext& context) {
  const ModelsDisplay display{may_see_workers(services, context), context.base_path};
  co_return json_response(200, models_json(services.workers.models(), display));
}

asio::awaitable<Response> show(Services& services, RequestContext& context) {
  const auto row = find_model(services, context);
  if (!row) co_return unknown(services, context);
  const ModelsDisplay display{may_see_workers(services, context), context.base_path};
  co_return json_response(200, model_json(*row, display));
}

asio::awaitable<Response> labels(Services& services, RequestContext& context) {
  const auto row = find_model(services, context);
  if (!row) co_return unknown(services, context);
  drop_unused(services);
  const std::string& name = row->model.name;
  if (!services.label_lists.contains(name)) {
    if (services.label_lists_asked >= asked_max) {
      const Problem problem{Reason::overloaded,
                            "The server is asking for other labels. Try again in a moment."};
      co_return error_response(services, context, problem);
    }
    ++services.label_lists_asked;
    const std::shared_ptr<void> ended(nullptr, [&](void*) { --services.label_lists_asked; });
    dispatcher::Outcome outcome = co_await ask_a_worker(services, context, name);
    if (const auto* failure = std::get_if<dispatcher::Failure>(&outcome)) {
      co_return error_response(services, context, to_problem(services, *failure, name));
    }
    auto& answer = std::get<dispatcher::Answer>(outcome);
    LabelList found{row->model, by_class(std::move(answer.recognition.top))};
    services.label_lists.insert_or_assign(name, std::move(found));
  }
  co_return json_response(200, label_list_json(services.label_lists.at(name)));
}

}  // namespace samoyed::web::models
