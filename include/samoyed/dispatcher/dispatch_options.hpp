#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include <asio/ip/address.hpp>

#include "samoyed/dispatcher/look_up_name.hpp"

namespace samoyed::dispatcher {

/// How long each step of an exchange with a worker may take. A worker that exceeds one is ejected.
struct StepTimeouts {
  std::chrono::milliseconds connect{2000};
  /// From a hello or a size message to its response.
  std::chrono::milliseconds answer{5000};
  /// From the size's A to the image's A: the whole transfer.
  std::chrono::milliseconds image{60000};
  /// From the image's A to the result's end.
  std::chrono::milliseconds result{30000};
};

/// How images are sent to workers.
struct DispatchOptions {
  StepTimeouts timeouts;
  /// A request without an answer after this time is sent to a second worker too (a hedge).
  /// std::nullopt: never.
  std::optional<std::chrono::milliseconds> hedge_after = std::nullopt;
  /// Open connections from this dispatcher to one worker, which counts as busy beyond that. Below
  /// the 512 that a Samoyed worker accepts from one address.
  std::size_t connections_per_worker_max = 256;
  /// Returns false for addresses that must never be connected to, whatever name resolves to them.
  std::function<bool(const asio::ip::address&)> may_connect = [](const auto&) { return true; };
  /// Resolves names.
  LookUp look_up = look_up_name;
};

}  // namespace samoyed::dispatcher
