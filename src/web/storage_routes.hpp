#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/job.hpp"
#include "web/errand.hpp"
#include "web/route_context.hpp"
#include "web/upload.hpp"

namespace samoyed::web {

/// Jobs and results: what of them a request asks for, and the answers. A job is for who knows its id, a
/// result for its visitor, and for the operator where an admin token is set.
class StorageRoutes {
 public:
  /// The context must outlive it.
  explicit StorageRoutes(const RouteContext& context) : context_(context) {}

  /// What to do for a request below /api/v1/jobs or /api/v1/results, or why that can't be asked.
  std::variant<Errand, Problem> plan(const Route& route, const Request& request,
                                     const Visit& visit) const;

  Response submitted(const dispatcher::Submitted& end, const Visit& visit) const;
  Response job(const std::optional<dispatcher::Job>& job, const Visit& visit) const;
  Response cancelled(bool done, const Visit& visit) const;
  Response results(dispatcher::HistoryPage page, const Visit& visit) const;
  Response removed(std::uint64_t rows) const;

  /// A job as a server-sent event.
  std::string job_event(const dispatcher::Job& job, const Visit& visit) const;
  /// A part of an export.
  std::string csv(dispatcher::HistoryPage page, const Visit& visit) const;

 private:
  std::variant<Errand, Problem> plan_results(const Route& route, const Request& request,
                                             const Visit& visit) const;
  std::string job_text(const dispatcher::Job& job, const Visit& visit) const;
  void hide_workers(dispatcher::HistoryRow& row, const Visit& visit) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
