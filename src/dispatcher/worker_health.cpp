#include "samoyed/dispatcher/worker_health.hpp"

#include <algorithm>

namespace samoyed::dispatcher {
namespace {

/// Good probes in a row that bring an ejected worker back.
constexpr int good_probes_needed = 2;
/// A worker that said that it stops was probably restarted. For this long, it is probed without
/// growing pauses, so that it is back before another one is restarted.
constexpr std::chrono::seconds restart_time{30};
/// Bad probes in a row that eject a worker in rotation.
constexpr int bad_probes_needed = 2;

/// The largest fraction of a pause that is randomly subtracted.
constexpr double jitter = 0.2;

Clock::duration shortened(std::chrono::milliseconds pause, double random) {
  return std::chrono::duration_cast<Clock::duration>(pause * (1 - jitter * random));
}

}  // namespace

std::optional<Clock::time_point> WorkerHealth::probe_due() const {
  return probing_ ? std::nullopt : due_;
}

void WorkerHealth::schedule(Clock::time_point now, const HealthOptions& options) {
  if (!due_) due_ = now + options.idle_probe_interval;
}

void WorkerHealth::begin_probe() {
  probing_ = true;
  suspected_ = false;
}

WorkerHealth::Change WorkerHealth::end_probe(ProbeResult result, Clock::time_point now,
                                             const HealthOptions& options, double random) {
  probing_ = false;
  suspect_from_ = now + options.first_probe_pause;
  if (state_ == WorkerState::in_rotation) return end_idle_probe(result, now, options, random);
  if (state_ == WorkerState::draining) return end_draining_probe(result, now, options, random);
  switch (result) {
    case ProbeResult::good:
      last_sign_ = now;
      due_ = now + options.first_probe_pause;
      if (++good_probes_ < good_probes_needed && !left_at_) return Change::none;
      return readmit(now, options);
    case ProbeResult::draining:
      last_sign_ = now;
      good_probes_ = 0;
      due_ = now + options.first_probe_pause;
      return Change::none;
    case ProbeResult::inconclusive:
      due_ = now + shortened(pause_, random);
      return Change::none;
    case ProbeResult::refused:
    case ProbeResult::bad:
      break;
  }
  good_probes_ = 0;
  back_off(now, options, random);
  return Change::none;
}

WorkerHealth::Change WorkerHealth::end_idle_probe(ProbeResult result, Clock::time_point now,
                                                  const HealthOptions& options, double random) {
  switch (result) {
    case ProbeResult::good:
      bad_probes_ = 0;
      due_ = now + options.idle_probe_interval;
      return Change::none;
    case ProbeResult::draining:
      return begin_draining(now, options);
    case ProbeResult::inconclusive:
      due_ = now + options.first_probe_pause;
      return Change::none;
    case ProbeResult::bad:
      due_ = now + options.first_probe_pause;
      if (++bad_probes_ < bad_probes_needed) return Change::none;
      break;
    case ProbeResult::refused:
      break;
  }
  eject(now, options, random);
  return Change::ejected;
}

WorkerHealth::Change WorkerHealth::end_draining_probe(ProbeResult result, Clock::time_point now,
                                                      const HealthOptions& options, double random) {
  due_ = now + options.first_probe_pause;
  switch (result) {
    case ProbeResult::good:
      return readmit(now, options);
    case ProbeResult::draining:
      bad_probes_ = 0;
      return Change::none;
    case ProbeResult::inconclusive:
      return Change::none;
    case ProbeResult::bad:
      if (++bad_probes_ < bad_probes_needed) return Change::none;
      break;
    case ProbeResult::refused:
      break;
  }
  eject(now, options, random);
  return Change::left;
}

WorkerHealth::Change WorkerHealth::greeted(bool draining, Clock::time_point now,
                                           const HealthOptions& options) {
  if (state_ == WorkerState::in_rotation && draining) return begin_draining(now, options);
  if (state_ == WorkerState::draining && !draining) return readmit(now, options);
  return Change::none;
}

WorkerHealth::Change WorkerHealth::begin_draining(Clock::time_point now,
                                                  const HealthOptions& options) {
  state_ = WorkerState::draining;
  bad_probes_ = 0;
  due_ = now + options.first_probe_pause;
  return Change::draining;
}

WorkerHealth::Change WorkerHealth::readmit(Clock::time_point now, const HealthOptions& options) {
  state_ = WorkerState::in_rotation;
  bad_probes_ = 0;
  left_at_.reset();
  due_ = now + options.idle_probe_interval;
  return Change::readmitted;
}

void WorkerHealth::answered(Clock::time_point now, const HealthOptions& options) {
  if (state_ != WorkerState::in_rotation) return;
  bad_probes_ = 0;
  pause_ = {};
  if (!suspected_) due_ = now + options.idle_probe_interval;
}

void WorkerHealth::suspect(Clock::time_point now, const HealthOptions& options) {
  if (state_ != WorkerState::in_rotation) return;
  schedule(now, options);
  suspected_ = true;
  hasten_probe(now);
}

void WorkerHealth::hasten_probe(Clock::time_point now) {
  const auto soon = std::max(now, suspect_from_);
  due_ = std::min(due_.value_or(soon), soon);
}

void WorkerHealth::eject(Clock::time_point now, const HealthOptions& options, double random) {
  left_at_ = state_ == WorkerState::draining ? std::optional(now) : std::nullopt;
  state_ = WorkerState::ejected;
  last_sign_ = now;
  good_probes_ = 0;
  bad_probes_ = 0;
  back_off(now, options, random);
}

void WorkerHealth::back_off(Clock::time_point now, const HealthOptions& options, double random) {
  if (left_at_ && now < *left_at_ + restart_time) pause_ = {};
  pause_ = std::min(options.probe_pause_max,
                    pause_.count() == 0 ? options.first_probe_pause : 2 * pause_);
  due_ = now + shortened(pause_, random);
}

bool WorkerHealth::expired(Clock::time_point now, const HealthOptions& options) const {
  return state_ == WorkerState::ejected && now >= last_sign_ + options.forget_after;
}

}  // namespace samoyed::dispatcher
