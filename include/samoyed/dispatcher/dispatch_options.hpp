#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include <asio/ip/address.hpp>

#include "samoyed/dispatcher/look_up_name.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Time limits for the steps of an exchange with a worker. A worker that exceeds one is ejected.
struct StepTimeouts {
  std::chrono::milliseconds connect{2000};
  /// From a hello or a size message to its response.
  std::chrono::milliseconds answer{5000};
  /// From the size's A to the image's A: the whole transfer of the image.
  std::chrono::milliseconds image{60000};
  /// From the image's A to the result's end.
  std::chrono::milliseconds result{30000};
};

/// How images are sent to workers.
struct DispatchOptions {
  StepTimeouts timeouts;
  /// A request that has no answer after this time is also sent to a second worker (a hedge).
  /// std::nullopt means never.
  std::optional<std::chrono::milliseconds> hedge_after = std::nullopt;
  /// While no worker has room, images wait in a queue in which clients take turns (FairQueue). Only
  /// for a list of workers that no other dispatcher uses.
  bool queue = false;
  /// Maximum number of open connections from this dispatcher to one worker, which counts as busy
  /// beyond that. The default is below the 512 that a Samoyed worker accepts from one address.
  std::size_t connections_per_worker_max = 256;
  /// Idle connections are used again for this long. A Samoyed worker closes one after 120 s, so one
  /// that is reused well before that is never stale.
  std::chrono::milliseconds idle_time_max{60000};
  /// Returns false for addresses that must never be connected to, whatever name resolves to them.
  std::function<bool(const asio::ip::address&)> may_connect = [](const auto&) { return true; };
  /// Resolves names.
  Lookup look_up = look_up_name;
  /// Encrypts the connections to workers. Null for plain text.
  std::shared_ptr<io::TlsContext> tls = nullptr;
  /// Workers to which connections aren't encrypted although there is `tls`.
  std::set<protocol::Address> plain_workers = {};
};

}  // namespace samoyed::dispatcher
