#pragma once

#include <string>
#include <vector>

#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {

using WorkerRows = std::vector<dispatcher::WorkerRow>;

/// The workers, and how much of them the visitor may see.
struct WorkersView {
  enum class Shown {
    open,        ///< All workers, because no admin token is set.
    signed_in,   ///< All workers, and a button to sign out.
    signed_out,  ///< Only the form to sign in.
    nothing,
  };
  WorkerRows rows;
  Shown shown = Shown::open;
  /// If false, the page says that results and jobs can't be stored now.
  bool storage_available = true;
  /// The models that an upload may be for. Everyone may see their names.
  std::vector<dispatcher::ModelRow> models = {};
  /// The name of the dispatcher that sees the workers so; empty if it has none.
  std::string instance_name = {};
  /// How the search for workers by DNS goes.
  std::vector<dispatcher::DiscoveryStatus> discovery = {};
  /// Why signing in failed, as a sentence. Empty if nobody tried.
  std::string sign_in_trouble = {};
  /// Pages aren't sure of a best label with a lower probability.
  double unsure_below = 0;

  bool visible() const { return shown == Shown::open || shown == Shown::signed_in; }
};

/// Returns whether a view hides a worker's state. Without a token, anyone may add any address in
/// the private networks. The state of an address that never answered as a worker would reveal
/// whether a port there is open.
bool is_hidden(const dispatcher::WorkerRow& row, const WorkersView& workers);

/// Returns whether a worker is known to run an untrained network.
bool is_untrained(const dispatcher::WorkerRow& row);

/// The part of a page that shows what the view allows: the table of workers, which
/// assets/worker_table.js keeps up to date, the form to sign in, or nothing.
Html worker_panel(const WorkersView& workers);

}  // namespace samoyed::web
