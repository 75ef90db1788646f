#pragma once

#include <optional>
#include <string>

#include "samoyed/dispatcher/job.hpp"
#include "web/routes/errand.hpp"
#include "web/routes/route_context.hpp"
#include "web/routes/upload.hpp"

namespace samoyed::web {

/// Jobs and events: what of them a request asks for, and the answers. A job is for who knows its id.
class StorageRoutes {
 public:
  /// The context must outlive it.
  explicit StorageRoutes(const RouteContext& context) : context_(context) {}

  /// What to do for a request below /api/v1/jobs, or for the workers' events.
  Errand plan(const Route& route, const Request& request) const;

  Response submitted(const dispatcher::Submitted& end, const Visit& visit) const;
  Response job(const std::optional<dispatcher::Job>& job, const Visit& visit) const;
  Response cancelled(bool done, const Visit& visit) const;

  /// A job as a server-sent event.
  std::string job_event(const dispatcher::Job& job, const Visit& visit) const;

 private:
  std::string job_text(const dispatcher::Job& job, const Visit& visit) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
