#pragma once

#include <cstddef>

#include "samoyed/web/server_options.hpp"
#include "web/access/admission.hpp"
#include "web/access/visitor.hpp"
#include "web/routes/services.hpp"
#include "web/server/client_turns.hpp"
#include "web/server/stored_upload.hpp"
#include "web/server/visitor_adoptions.hpp"

namespace samoyed::web {

/// What all connections of a server share. Must outlive them.
struct ServerContext {
  Services services;
  /// The uploads in progress and the bytes that they hold.
  Admission uploads;
  /// The streamed responses. They hold no bytes.
  Admission streams;
  /// Who may have a request handled next.
  ClientTurns turns;
  ServerOptions options;
  VisitorCookies visitors;
  VisitorAdoptions adoptions = {};
  /// The forms that are too large for memory.
  FormStore& forms;
  /// The server is stopping, or will stop soon. `/readyz` says so.
  bool stopping = false;
  std::size_t lingering = 0;  ///< Number of lingering connections.
};

}  // namespace samoyed::web
