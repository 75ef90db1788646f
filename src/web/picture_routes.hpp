#pragma once

#include <optional>
#include <span>
#include <variant>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/route_context.hpp"
#include "web/upload.hpp"

namespace samoyed::web {

/// Pictures that come in, and what became of them.
class PictureRoutes {
 public:
  /// The context must outlive it.
  explicit PictureRoutes(const RouteContext& context) : context_(context) {}

  /// Why the body that a request announces can't be what the address takes.
  std::optional<Problem> check_type(const Request& head) const;

  /// What a whole request brings, or why it can't be taken.
  std::variant<Upload, Problem> take(const Request& request) const;

  /// The answer to an upload: `outcomes` are of its pictures, in order, up to the first failure.
  Response answer(const Upload& upload, const Preview& preview,
                  std::span<const dispatcher::Outcome> outcomes, const Visit& visit) const;

 private:
  const RouteContext& context_;
};

/// A failed recognition, for who asked for it.
Problem to_problem(const dispatcher::Failure& failure);

}  // namespace samoyed::web
