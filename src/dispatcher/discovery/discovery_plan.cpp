#include "dispatcher/discovery/discovery_plan.hpp"

#include <algorithm>
#include <utility>

#include "samoyed/io/pause.hpp"

namespace samoyed::dispatcher {

std::vector<protocol::Address> DiscoveryPlan::on_answer(
    const DnsAnswer& answer, const std::function<bool(const protocol::Address&)>& in_rotation,
    Clock::time_point now, double random) {
  failures_ = 0;
  count_missed(answer, now);
  const bool doubtful = 2 * missed_count() > known_.size();

  std::vector<protocol::Address> released;
  std::erase_if(known_, [&](const Known& known) {
    if (!known.missed_since) return false;
    const bool twice = known.missed_answers >= missed_answers_min;
    const bool gone = in_rotation(known.address)
                          ? twice && now - *known.missed_since >= options_.hold
                          : twice || !doubtful;
    if (gone) released.push_back(known.address);
    return gone;
  });
  add(answer);
  // Clamped in seconds, because the time to live may be too large for milliseconds.
  using Seconds = std::chrono::duration<double>;
  const auto ttl = std::clamp<Seconds>(answer.ttl, options_.interval_min, options_.interval_max);
  schedule(now, doubtful ? Seconds(options_.interval_min) : ttl, random);
  return released;
}

void DiscoveryPlan::on_failure(Clock::time_point now, double random) {
  schedule(now, io::doubled_pause(options_.interval_min, ++failures_, options_.interval_max),
           random);
}

void DiscoveryPlan::on_lost(const protocol::Address& address) {
  if (!knows(address) || !last_lookup_) return;
  lost_ = true;
  next_ = std::min(next_, *last_lookup_ + interval_after_loss);
}

bool DiscoveryPlan::knows(const protocol::Address& address) const {
  return std::ranges::find(known_, address, &Known::address) != known_.end();
}

void DiscoveryPlan::add(const DnsAnswer& answer) {
  for (const auto& address : answer.addresses) {
    if (!knows(address)) known_.push_back({.address = address});
  }
}

/// An incomplete answer proves presence, not absence.
void DiscoveryPlan::count_missed(const DnsAnswer& answer, Clock::time_point now) {
  for (Known& known : known_) {
    if (std::ranges::find(answer.addresses, known.address) != answer.addresses.end()) {
      known.missed_answers = 0;
      known.missed_since.reset();
    } else if (answer.complete()) {
      ++known.missed_answers;
      if (!known.missed_since) known.missed_since = now;
    }
  }
}

std::size_t DiscoveryPlan::missed_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      known_, [](const Known& known) { return known.missed_since.has_value(); }));
}

void DiscoveryPlan::schedule(Clock::time_point now, std::chrono::duration<double> interval,
                             double random) {
  last_lookup_ = now;
  next_ = now + io::spread_pause(interval, jitter, random);
  if (lost_) next_ = std::min(next_, now + interval_after_loss);
}

}  // namespace samoyed::dispatcher
