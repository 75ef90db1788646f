#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace samoyed::dispatcher {

using Clock = std::chrono::steady_clock;

enum class WorkerState {
  in_rotation,
  /// The worker says that it is about to stop. It gets images only if there is no other.
  draining,
  /// The worker was found dead, or has stopped. It is probed in the background until it answers
  /// again or is forgotten. Users see this state as `removed`.
  ejected,
};

/// When workers are probed, ejected and forgotten.
struct HealthOptions {
  /// If false, a failed worker is forgotten at once and no worker is probed, as in the reference.
  bool readmit = true;
  /// The pause from an ejection to the first probe, and between two probes if one probe alone isn't
  /// conclusive.
  std::chrono::milliseconds first_probe_pause{1000};
  /// The pause doubles with every failed probe, up to this limit.
  std::chrono::milliseconds probe_pause_max{30000};
  /// An ejected worker that has had no good probe for this long is forgotten.
  std::chrono::milliseconds forget_after = std::chrono::hours(24);
  /// A worker in rotation that hasn't answered anything for this long is probed.
  std::chrono::milliseconds idle_probe_interval{10000};
};

/// The result of a probe (connect and hello).
enum class ProbeResult {
  good,          ///< The worker answered, even if only that it is busy.
  draining,      ///< The worker answered that it is about to stop.
  refused,       ///< Nothing listens at its address, or it may not be used (TLS).
  bad,           ///< No answer in time, or an invalid one. One bad probe alone proves nothing.
  inconclusive,  ///< This machine lacked a resource, so the probe says nothing about the worker.
};

/// How a probe ended.
struct ProbeEnd {
  ProbeResult result;
  /// What is wrong with the worker, as part of a sentence. Empty if only the result says that.
  std::string why = {};
};

/// One worker's health: whether it is in rotation, and when it is probed next. Does no I/O and
/// reads no clock.
///
///     in_rotation -- a request failed, a probe was refused, or two in a row were bad --> ejected
///         ^  an idle worker is probed from time to time                                    |
///         +------------- two good probes in a row, at ever longer intervals <--------------+
///
///     in_rotation -- a hello says so --> draining -- it can't be reached, or a request failed --+
///         ^                                 |                                                  |
///         +------ a hello without it -------+                                                  v
///         +--------------------------- one good probe <---------------------- ejected, but
///         expected
///                                                                             to come back soon
///
/// A worker that is ejected again before it has answered an image keeps its last pause. So a worker
/// that answers hello but hangs on images returns less and less often.
///
/// Not thread-safe: use from one thread.
class WorkerHealth {
 public:
  enum class Change {
    none,
    ejected,
    readmitted,
    draining,
    left,  ///< It was draining and has stopped: it is ejected, which is no failure.
  };

  WorkerState state() const { return state_; }
  /// True if it is draining, or has stopped after that and hasn't come back.
  bool is_leaving() const { return state_ == WorkerState::draining || left_at_; }
  /// True while a probe is in flight.
  bool probing() const { return probing_; }

  /// When the next probe is due. std::nullopt while a probe is in flight, and before the first
  /// `schedule`.
  std::optional<Clock::time_point> probe_due() const;

  /// Schedules the first probe of a worker that was just added.
  void schedule(Clock::time_point now, const HealthOptions& options);

  void begin_probe();
  /// `random`, in 0..1, spreads the probes of workers that died together.
  Change end_probe(ProbeResult result, Clock::time_point now, const HealthOptions& options,
                   double random);

  /// Call this when the worker has answered a hello other than a probe's.
  Change greeted(bool draining, Clock::time_point now, const HealthOptions& options);

  /// Call this when the worker has answered an image, even if only with a refusal. A suspicion
  /// remains, because its cause may be newer than the answer.
  void answered(Clock::time_point now, const HealthOptions& options);

  /// Call this when something suggests, but doesn't prove, that the worker is dead. A probe becomes
  /// due at once.
  void suspect(Clock::time_point now, const HealthOptions& options);

  /// Makes a probe due, whatever the state: at once, or a pause after the last one.
  void hasten_probe(Clock::time_point now);

  /// Call this when the worker failed on a request, or when it was draining and has stopped.
  /// `random` is used as in `end_probe`.
  void eject(Clock::time_point now, const HealthOptions& options, double random);

  /// True if it was ejected for so long that it should be forgotten.
  bool expired(Clock::time_point now, const HealthOptions& options) const;

 private:
  Change end_idle_probe(ProbeResult result, Clock::time_point now, const HealthOptions& options,
                        double random);
  Change end_draining_probe(ProbeResult result, Clock::time_point now, const HealthOptions& options,
                            double random);
  Change begin_draining(Clock::time_point now, const HealthOptions& options);
  Change readmit(Clock::time_point now, const HealthOptions& options);
  void back_off(Clock::time_point now, const HealthOptions& options, double random);

  WorkerState state_ = WorkerState::in_rotation;
  bool probing_ = false;
  bool suspected_ = false;  ///< True if suspected since the last probe began.
  std::optional<Clock::time_point> due_;
  /// The earliest time of a probe because of a suspicion or a user's wish. Many requests may
  /// suspect a worker at the same time.
  Clock::time_point suspect_from_ = Clock::time_point::min();
  Clock::time_point last_sign_;  ///< The last good probe, or the ejection.
  /// When it was ejected, if it was draining before.
  std::optional<Clock::time_point> left_at_;
  int good_probes_ = 0;  ///< In a row.
  int bad_probes_ = 0;   ///< In a row.
  /// The pause between probes of an ejected worker; 0 once it has answered an image.
  std::chrono::milliseconds pause_{0};
};

}  // namespace samoyed::dispatcher
