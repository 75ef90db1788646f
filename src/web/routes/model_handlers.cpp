#include "web/routes/model_handlers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/this_coro.hpp>

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

/// How long a question for labels may take. A worker answers it in milliseconds.
constexpr std::chrono::seconds labels_timeout{10};

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

asio::awaitable<dispatcher::Outcome> ask_a_worker(Services& services, const RequestContext& context,
                                                  const std::string& model) {
  dispatcher::ClassifyRequest request{.image = std::make_shared<const protocol::EncodedImage>(
                                          std::as_bytes(std::span(black_pixel))),
                                      .top = protocol::top_max,
                                      .model = model,
                                      .client = context.client,
                                      .request_id = context.request_id,
                                      .deadline = context.now + labels_timeout};
  co_return co_await services.classifier.classify(std::move(request));
}

/// Returns the labels of an answer in the order of their classes.
std::vector<protocol::RankedLabel> by_class(std::vector<protocol::RankedLabel> labels) {
  std::ranges::stable_sort(labels, {}, &protocol::RankedLabel::class_index);
  return labels;
}

/// Asks a worker for the labels of a model, and ends the question, come what may.
asio::awaitable<void> answer_question(Services& services, const RequestContext& context,
                                      LabelLists::Question question) {
  const std::shared_ptr<void> ended(nullptr, [&](void*) {
    services.label_lists.end(question, std::max(context.now, LabelLists::Clock::now()));
  });
  dispatcher::Outcome outcome = co_await ask_a_worker(services, context, question->model().name);
  if (auto* const failure = std::get_if<dispatcher::Failure>(&outcome)) {
    question->answer = std::move(*failure);
  } else {
    auto& top = std::get<dispatcher::Answer>(outcome).recognition.top;
    question->answer = LabelList{question->model(), by_class(std::move(top))};
  }
}

}  // namespace

asio::awaitable<Response> list(Services& services, RequestContext& context) {
  const ModelsDisplay display{may_see_workers(services, context), context.base_path};
  co_return json_response(200, models_json(services.workers.models(), display));
}

asio::awaitable<Response> show(Services& services, RequestContext& context) {
  const auto row = find_model(services, context);
  if (!row) co_return error_response(services, context, missing_model(services, context));
  const ModelsDisplay display{may_see_workers(services, context), context.base_path};
  co_return json_response(200, model_json(*row, display));
}

asio::awaitable<Response> labels(Services& services, RequestContext& context) {
  const auto row = find_model(services, context);
  if (!row) co_return error_response(services, context, missing_model(services, context));
  LabelLists& lists = services.label_lists;
  LabelLists::Question question = lists.find(row->model, services.workers.models(), context.now);
  if (question) {
    co_await question->wait();
  } else if (lists.full()) {
    const Problem problem{Reason::overloaded,
                          "The server is asking for other labels. Try again in a moment."};
    co_return error_response(services, context, problem);
  } else {
    const auto executor = co_await asio::this_coro::executor;
    question = lists.begin(executor, row->model);
    co_await answer_question(services, context, question);
  }
  if (const auto* failure = std::get_if<dispatcher::Failure>(&question->answer)) {
    co_return error_response(services, context,
                             to_problem(services, *failure, question->model().name));
  }
  const auto* const list = std::get_if<LabelList>(&question->answer);
  if (!list) co_return error_response(services, context, internal_error());
  co_return json_response(200, label_list_json(*list));
}

}  // namespace samoyed::web::models
