#pragma once

#include <variant>

#include "samoyed/dispatcher/history_statistics.hpp"
#include "web/routes/errand.hpp"
#include "web/routes/route_context.hpp"

namespace samoyed::web {

/// The numbers of the results: as a page with charts, and for programs. A visitor may see those of his own
/// results; those of everyone's, which name no file, who may see the workers.
class StatisticsRoutes {
 public:
  /// The context must outlive it.
  explicit StatisticsRoutes(const RouteContext& context) : context_(context) {}

  /// What to count for a request at /stats or /api/v1/statistics, or why that can't be asked.
  std::variant<Errand, Problem> plan(const Route& route, const Visit& visit) const;

  Response counted(const CountResults& asked, dispatcher::HistoryStatistics numbers,
                   const Visit& visit) const;
  /// For who asks while too many numbers are counted already.
  Response overloaded(const CountResults& asked, const Visit& visit) const;

 private:
  const RouteContext& context_;
};

}  // namespace samoyed::web
