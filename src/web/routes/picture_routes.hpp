#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/routes/route_context.hpp"
#include "web/routes/upload.hpp"

namespace samoyed::web {

/// Pictures that come by the form, to /api/v1/classify or to /api/v1/jobs, and what became of them.
class PictureRoutes {
 public:
  /// The context must outlive it.
  explicit PictureRoutes(const RouteContext& context) : context_(context) {}

  /// What a whole request brings, or why it can't be taken.
  std::variant<Upload, Problem> take(const Route& route, const Request& request) const;

  /// The answer to a picture that was recognised.
  Response answer(const Upload& upload, const Preview& preview, const dispatcher::Answer& answer,
                  const Visit& visit) const;

  /// The page for several pictures; the arguments are one for each, in order. It is a success if one of them
  /// was recognised.
  Response answer_all(const Upload& upload, std::span<const Preview> previews,
                      std::span<const dispatcher::Outcome> outcomes, const Visit& visit) const;

 private:
  std::variant<std::vector<Picture>, Problem> find_pictures(const Request& request) const;

  const RouteContext& context_;
};

/// Why the body that a request announces can't be of the kind that the address takes.
std::optional<Problem> check_body_type(BodyKind kind, const Request& head);

/// A failed recognition, for who asked for it.
Problem to_problem(const dispatcher::Failure& failure);

}  // namespace samoyed::web
