#pragma once

#include <cstddef>

#include "samoyed/web/server_options.hpp"
#include "web/access/admission.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// What all connections of a server share; outlives them.
struct ServerContext {
  Services services;
  /// Uploads in progress, and the bytes that they hold.
  Admission uploads;
  /// Streamed responses. They hold no bytes.
  Admission streams;
  ServerOptions options;
  std::size_t lingering = 0;  ///< Connections that drop what still comes.
};

}  // namespace samoyed::web
