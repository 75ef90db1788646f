#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/server/server_context.hpp"
#include "web/server/stored_upload.hpp"

namespace samoyed::web {

/// The request that a connection is reading or answering.
struct CurrentRequest {
  RequestContext context;
  std::chrono::steady_clock::time_point begun;
  std::string client;  ///< For the log.
  std::string line;    ///< For the log.
  bool upload;
  bool checked = false;                      ///< The guards have accepted it.
  std::optional<int> status = std::nullopt;  ///< Set once its answer is ready.
  /// The part of the body that has been stored, if it is too large for memory.
  std::shared_ptr<StoredUpload> stored = {};
};

/// Begins a request whose head has arrived. `peer` is the connection's other end, as HOST:PORT and
/// as an address.
CurrentRequest make_current_request(ServerContext& server, const Request& head,
                                    const std::string& peer, const std::string& peer_address);

void log_answer(const CurrentRequest& request, int status, std::size_t bytes);

}  // namespace samoyed::web
