#pragma once

#include <chrono>
#include <optional>

namespace samoyed::dispatcher {

using Clock = std::chrono::steady_clock;

enum class WorkerState {
  in_rotation,
  removed,  ///< Found dead; probed in the background until it answers again or is forgotten.
};

/// When workers are probed, and what follows from it.
struct HealthOptions {
  /// False: a failure forgets a worker at once and nobody is probed, as in the reference.
  bool readmit = true;
  /// From a removal to the first probe, and between two probes where one alone decides nothing.
  std::chrono::milliseconds first_probe_pause{1000};
  /// The pause doubles with every failed probe, up to this.
  std::chrono::milliseconds probe_pause_max{30000};
  /// A removed worker goes without a good probe for so long until it is forgotten.
  std::chrono::milliseconds forget_after = std::chrono::hours(24);
  /// A worker in rotation that answered nothing for so long is probed.
  std::chrono::milliseconds idle_probe_interval{10000};
};

/// How a probe (connect and hello) ended.
enum class ProbeEnd {
  good,          ///< It answered, be it that it is busy.
  refused,       ///< Nobody listens there.
  bad,           ///< No answer in time, or nonsense: one such alone proves nothing.
  inconclusive,  ///< This side lacked something: nothing is known of the worker.
};

/// One worker's health: whether it is in rotation, and when it is probed next. Decides without
/// I/O or a clock.
///
///     in_rotation -- a request failed, a probe was refused, or two in a row were bad --> removed
///         ^  an idle one is probed now and then                                            |
///         +----------------- two good probes in a row, ever more rarely tried <------------+
///
/// A worker that is removed again before it answered one image goes on with the pause that it
/// had: one that greets but hangs on images comes back more and more rarely.
///
/// Not thread-safe.
class WorkerHealth {
 public:
  enum class Change { none, removed, readmitted };

  WorkerState state() const { return state_; }
  /// A probe is under way.
  bool probing() const { return probing_; }

  /// Nothing while a probe is under way, and before the first `schedule`.
  std::optional<Clock::time_point> probe_due() const;

  /// Plans the first probe of a worker that was just added.
  void schedule(Clock::time_point now, const HealthOptions& options);

  void begin_probe();
  /// `random` in 0..1 spreads the probes of workers that died together.
  Change end_probe(ProbeEnd end, Clock::time_point now, const HealthOptions& options,
                   double random);

  /// It answered an image, were it with a refusal. A suspicion stays: what was suspicious may have come
  /// after the answer.
  void answered(Clock::time_point now, const HealthOptions& options);

  /// Something ended that should not have, without proof of a death: probe it now.
  void suspect(Clock::time_point now, const HealthOptions& options);

  /// It failed on a request. `random` as above.
  void remove(Clock::time_point now, const HealthOptions& options, double random);

  /// Removed, and for so long that it is to be forgotten.
  bool expired(Clock::time_point now, const HealthOptions& options) const;

 private:
  Change end_idle_probe(ProbeEnd end, Clock::time_point now, const HealthOptions& options,
                        double random);
  void back_off(Clock::time_point now, const HealthOptions& options, double random);

  WorkerState state_ = WorkerState::in_rotation;
  bool probing_ = false;
  bool suspected_ = false;  ///< Since the last probe began.
  std::optional<Clock::time_point> due_;
  /// The earliest time of a probe on suspicion: many requests may suspect a worker at once.
  Clock::time_point suspect_from_ = Clock::time_point::min();
  Clock::time_point last_sign_;  ///< Of life, or the removal.
  int good_probes_ = 0;          ///< In a row.
  int bad_probes_ = 0;           ///< In a row.
  /// Between probes of the removed worker; 0 once it answered an image.
  std::chrono::milliseconds pause_{0};
};

}  // namespace samoyed::dispatcher
