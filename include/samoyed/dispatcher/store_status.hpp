#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace samoyed::dispatcher {

/// How many calls of the store there were, and how long they took.
struct CallCounts {
  /// The upper bounds of the buckets, in seconds. One more bucket holds longer calls.
  static constexpr std::array bounds_s{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                       0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};

  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  /// The number of calls by their length. Calls that failed at once, because there was no
  /// connection to the database or the file wasn't open, are left out.
  std::array<std::uint64_t, bounds_s.size() + 1> by_length{};
  /// The sum of those lengths.
  double total_s = 0;

  CallCounts& operator+=(const CallCounts& other) {
    done += other.done;
    failed += other.failed;
    total_s += other.total_s;
    for (std::size_t bucket = 0; bucket < by_length.size(); ++bucket) {
      by_length[bucket] += other.by_length[bucket];
    }
    return *this;
  }
};

/// How the store of history and jobs works, for operators.
struct StoreStatus {
  /// The calls of one kind: a transaction or a query each.
  struct Part {
    std::string name;
    CallCounts calls = {};
  };
  std::vector<Part> parts;
  /// How long ago the oldest waiting job was submitted. std::nullopt if none waits. A store looks
  /// for it every few seconds.
  std::optional<std::chrono::milliseconds> oldest_waiting;

  /// What only a database has that several dispatchers share.
  struct Shared {
    std::uint64_t reconnects = 0;        ///< Connections that replaced a lost one.
    std::uint64_t connect_failures = 0;  ///< Attempts to connect that failed.
    /// The time since the lease was renewed, or since the start if it never was.
    std::chrono::milliseconds lease_age{0};
    /// The age of the oldest transaction that keeps the database from removing old rows, as far as
    /// the dispatcher's role may see. std::nullopt if the last look failed.
    std::optional<std::chrono::milliseconds> oldest_snapshot;
    /// Jobs that were taken over from dispatchers without a lease: they wait again, or have failed
    /// because that happened too often.
    std::uint64_t rescued = 0;
    std::uint64_t rescue_failed = 0;
    /// Ends of attempts that were refused because another dispatcher had taken the job over.
    std::uint64_t refused_ends = 0;
  };
  std::optional<Shared> shared;
};

/// Returns std::nullopt if there is no store.
using StoreStatusSource = std::function<std::optional<StoreStatus>()>;

inline std::optional<StoreStatus> no_store() { return std::nullopt; }

}  // namespace samoyed::dispatcher
