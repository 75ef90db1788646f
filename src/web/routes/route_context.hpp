#pragma once

#include <utility>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/routes/route_table.hpp"
#include "web/routes/visit.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// What the groups of addresses share: the workers, who may see them, and how a refusal is told.
///
/// Thread rule: one thread, AdminGate's.
class RouteContext {
 public:
  /// The references must outlive it.
  RouteContext(dispatcher::WorkerList& workers, AdminGate& gate, RouteRules rules)
      : workers_(workers), gate_(gate), rules_(std::move(rules)) {}

  dispatcher::WorkerList& workers() const { return workers_; }
  AdminGate& gate() const { return gate_; }
  const RouteRules& rules() const { return rules_; }

  /// The workers, as far as who asks may see them.
  WorkersView view_for(const Visit& visit) const;
  WorkersView view(WorkersView::Shown shown) const { return {workers_.snapshot(), shown}; }

  bool workers_visible(const Visit& visit) const {
    return !gate_.needed() || visit.admin == AdminGate::Verdict::admitted;
  }

  /// Whether who asks has the admin token; without one nobody is the operator.
  bool operates(const Visit& visit) const {
    return gate_.needed() && visit.admin == AdminGate::Verdict::admitted;
  }

  /// A result as far as who asks may see it.
  dispatcher::HistoryRow shown(dispatcher::HistoryRow row, const Visit& visit) const {
    if (!workers_visible(visit)) row.worker.clear();
    return row;
  }

  /// A refusal in the style of the address; a page shows the workers as far as who asks may see them.
  Response refuse(const Problem& problem, Style style, const Visit& visit) const;
  /// The same for who may not be known, or asked for another site: shows nothing of the workers.
  Response refuse_unknown(const Problem& problem, Style style, const Visit& visit) const;

 private:
  dispatcher::WorkerList& workers_;
  AdminGate& gate_;
  const RouteRules rules_;
};

/// What is said of a picture with more bytes than the site takes.
Problem too_large(std::uint64_t image_bytes_max);

/// What is said to who needs the admin token and has none that counts.
Problem not_signed_in(AdminGate::Verdict verdict);

}  // namespace samoyed::web
