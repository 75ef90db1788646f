#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "samoyed/dispatcher/history_query.hpp"
#include "web/routes/errand.hpp"
#include "web/routes/route_context.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// The results that the history keeps: what of them a request asks for, and the answers, as pages and as the
/// API's. A result is for its visitor, and for the operator where an admin token is set.
class ResultRoutes {
 public:
  /// The context must outlive it.
  explicit ResultRoutes(const RouteContext& context) : context_(context) {}

  /// What to do for a request below /results or /api/v1/results, or why that can't be asked.
  std::variant<Errand, Problem> plan(const Route& route, const Request& request,
                                     const Visit& visit) const;

  Response found(const FindResults& asked, const dispatcher::HistoryPage& page,
                 const Visit& visit) const;
  Response thumbnail(const std::optional<dispatcher::HistoryRow>& row, const Visit& visit) const;
  Response removed(const RemoveResults& asked, std::uint64_t rows, const Visit& visit) const;

  /// The head of an export; what stands before and behind its rows; and a part of the rows, the first or a later
  /// one.
  Response export_head(ExportFormat format) const;
  std::string export_begin(ExportFormat format) const;
  std::string export_end(ExportFormat format) const;
  std::string export_rows(ExportFormat format, const dispatcher::HistoryPage& page, bool first,
                          const Visit& visit) const;

  /// For who asks a server that keeps no results.
  Response not_kept(Style style, Tab tab, const Visit& visit) const;

 private:
  std::variant<Errand, Problem> plan_list(const Route& route,
                                          std::optional<std::string> whose) const;
  std::variant<Errand, Problem> plan_thumbnail(std::string_view id, const Visit& visit) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
