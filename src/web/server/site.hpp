#pragma once

#include <cstddef>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/web/server_options.hpp"
#include "web/access/admin_gate.hpp"
#include "web/access/admission.hpp"
#include "web/routes/errand_runner.hpp"
#include "web/routes/routes.hpp"
#include "web/views/metrics.hpp"

namespace samoyed::web {

/// What all connections share; outlives them.
struct Site {
  Routes routes;
  AdminGate& gate;
  dispatcher::Classifier& classifier;
  Metrics& metrics;
  Admission admission;
  /// Of streams: they hold no bytes.
  Admission streams;
  ErrandRunner errands;
  /// Null: results are not kept.
  dispatcher::History* history = nullptr;
  ServerOptions options;
  std::size_t lingering = 0;  ///< Connections that drop what still comes.
};

}  // namespace samoyed::web
