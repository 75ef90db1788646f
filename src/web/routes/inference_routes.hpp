#pragma once

#include <span>
#include <variant>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/routes/route_context.hpp"
#include "web/routes/upload.hpp"

namespace samoyed::web {

/// The Open Inference Protocol, version 2: /v2 and all below it. A model is there while a worker in
/// rotation runs it.
class InferenceRoutes {
 public:
  /// The context must outlive it.
  explicit InferenceRoutes(const RouteContext& context) : context_(context) {}

  Response server() const;
  Response live() const;
  Response ready(const Visit& visit) const;
  /// What a model takes and gives.
  Response model(const Route& route, const Visit& visit) const;
  Response model_ready(const Route& route, const Visit& visit) const;

  /// The pictures of a request, or why they can't be taken.
  std::variant<Upload, Problem> take(const Route& route, const Request& request) const;

  /// The answer to pictures that were all recognised.
  Response answer(const Upload& upload, std::span<const dispatcher::Outcome> outcomes) const;

 private:
  bool runs(std::string_view model) const;
  Response with_model(const Route& route, const Visit& visit,
                      std::string (*text)(std::string_view model)) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
