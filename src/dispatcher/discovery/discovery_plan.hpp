#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "dispatcher/discovery/discovery_options.hpp"
#include "dispatcher/discovery/dns_answer.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Decides when a name is looked up, and which workers its answers add and release. Does no I/O and
/// reads no clock.
///
///     unknown -- in an answer --> known -- missing from an answer --> missed
///        ^                          ^                                   | |
///        |                          +-------- in an answer again -------+ |
///        +--- released: it is not in rotation, or it has been missed -----+
///             for the hold, by two answers in a row
///
/// A failed lookup changes nothing, because it says nothing about the workers. If an answer misses
/// more than half of the known workers, none is released before a second answer agrees.
///
/// Not thread-safe: use from one thread.
class DiscoveryPlan {
 public:
  static constexpr std::size_t missed_answers_min = 2;

  /// Each interval is up to this share shorter or longer, so that dispatchers that started together
  /// don't ask together.
  static constexpr double jitter = 0.1;
  /// The least time between a lookup and one that a lost worker causes.
  static constexpr std::chrono::seconds interval_after_loss{1};

  /// The first lookup is due at `now`.
  explicit DiscoveryPlan(Clock::time_point now, DiscoveryOptions options = {})
      : options_(options), next_(now) {}

  /// When the next lookup is due.
  Clock::time_point next_lookup() const { return next_; }

  /// Call this when a lookup begins. A worker that is lost before it ends was perhaps not lost yet
  /// for DNS, so another lookup follows.
  void begin_lookup() { lost_ = false; }

  /// From then on the name has the addresses of `answer`. Returns those that it no longer has.
  /// `in_rotation` returns whether a worker is in rotation. `random`, in 0..1, is the jitter.
  std::vector<protocol::Address> on_answer(
      const DnsAnswer& answer, const std::function<bool(const protocol::Address&)>& in_rotation,
      Clock::time_point now, double random);

  /// The pause until the next lookup doubles with each failure in a row.
  void on_failure(Clock::time_point now, double random);

  /// Makes a lookup due at once if a worker of this name was lost, because it may have moved.
  void on_lost(const protocol::Address& address);

  /// Number of workers that the name has, including those that DNS dropped but that are still held.
  std::size_t known_count() const { return known_.size(); }
  bool knows(const protocol::Address& address) const;

 private:
  struct Known {
    protocol::Address address;
    std::size_t missed_answers = 0;                      ///< In a row.
    std::optional<Clock::time_point> missed_since = {};  ///< The first of them.
  };

  void add(const DnsAnswer& answer);
  void count_missed(const DnsAnswer& answer, Clock::time_point now);
  std::size_t missed_count() const;
  void schedule(Clock::time_point now, std::chrono::duration<double> interval, double random);

  const DiscoveryOptions options_;
  std::vector<Known> known_;
  std::size_t failures_ = 0;  ///< In a row.
  bool lost_ = false;         ///< Whether a worker was lost since the last lookup began.
  Clock::time_point next_;
  std::optional<Clock::time_point> last_lookup_;
};

}  // namespace samoyed::dispatcher
