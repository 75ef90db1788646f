#pragma once

#include <vector>

#include "samoyed/dispatcher/worker_list.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {

using WorkerRows = std::vector<dispatcher::WorkerRow>;

/// The workers, and how much of them the requester may see.
struct WorkersView {
  enum class Shown {
    open,        ///< All, since no admin token is set.
    signed_in,   ///< All, and the way to sign out.
    signed_out,  ///< Only the way to sign in.
    nothing,
  };
  WorkerRows rows;
  Shown shown = Shown::open;

  bool visible() const { return shown == Shown::open || shown == Shown::signed_in; }
};

/// Whether a view hides a worker's state. Without a token anyone may add any address of the private
/// networks: the state of one that never answered as a worker would reveal whether a port there is
/// open.
bool is_hidden(const dispatcher::WorkerRow& row, const WorkersView& workers);

/// Whether a worker is known to run an untrained network.
bool is_untrained(const dispatcher::WorkerRow& row);

/// The part of a page that shows the workers, as far as the view does: a table, which
/// assets/worker_table.js keeps up to date.
Html worker_panel(const WorkersView& workers);

}  // namespace samoyed::web
