#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include <asio/ip/address.hpp>

#include "samoyed/dispatcher/name_resolver.hpp"

namespace samoyed::dispatcher {

/// How long each step of talking to a worker may take; a worker that exceeds one is removed.
struct StepTimeouts {
  std::chrono::milliseconds connect{2000};
  /// From a hello or a size message to its answer.
  std::chrono::milliseconds answer{5000};
  /// From the size's A to the image's: the whole transfer.
  std::chrono::milliseconds image{60000};
  /// From the image's A to the result's end.
  std::chrono::milliseconds result{30000};
};

/// How images are sent to workers.
struct DispatchOptions {
  StepTimeouts timeouts;
  /// A request that is not answered after it goes to a second worker as well; nothing: never.
  std::optional<std::chrono::milliseconds> hedge_after = std::nullopt;
  /// Open connections from this dispatcher to one worker, which counts as busy beyond it. Below the
  /// 512 that a worker of ours takes from one address.
  std::size_t connections_per_worker_max = 256;
  /// False for addresses that are never connected to, whatever name they hide behind.
  std::function<bool(const asio::ip::address&)> may_connect = [](const auto&) { return true; };
  /// How names are looked up.
  NameResolver::LookUp look_up = look_up_name;
};

}  // namespace samoyed::dispatcher
