#include "samoyed/dispatcher/worker_list.hpp"

#include <algorithm>

namespace samoyed::dispatcher {
namespace {

/// The weight of the newest answer in a worker's mean latency.
constexpr double newest_latency_weight = 0.1;

/// Why a worker is ejected that had said that it stops.
constexpr const char* why_left = "it was stopped";

constexpr auto id_of = [](const auto& entry) { return entry.row.worker.id; };

/// Returns the entry with this id, or null if there is none. The ids of `entries` must ascend.
auto* find_in(auto& entries, WorkerId id) {
  const auto entry = std::ranges::lower_bound(entries, id, {}, id_of);
  return entry != entries.end() && entry->row.worker.id == id ? &*entry : nullptr;
}

}  // namespace

bool WorkerList::eject(WorkerId id, Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(id);
    if (!entry || !entry->serves()) return false;
    take_out(*entry, now);
  }
  on_change_();
  return true;
}

bool WorkerList::record_fault(WorkerId id, Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(id);
    if (!entry || !entry->in_rotation()) return false;
    entry->faults.failed();
    if (!is_outlier(*entry)) return false;
    entry->faults.ejected();
    entry->faulty = true;
    take_out(*entry, now);
  }
  on_change_();
  return true;
}

bool WorkerList::is_outlier(const Entry& entry) const {
  double others = 0;
  std::size_t others_count = 0;
  std::size_t out = 0;
  for (const Entry& other : entries_) {
    if (other.faulty && !other.in_rotation()) ++out;
    if (&other == &entry || !other.in_rotation()) continue;
    others += other.faults.share();
    ++others_count;
  }
  if (others_count == 0 || 2 * (out + 1) > entries_.size()) return false;
  return entry.faults.is_outlier(others / static_cast<double>(others_count));
}

void WorkerList::take_out(Entry& entry, Clock::time_point now) {
  if (health_.readmit) {
    entry.health.eject(now, health_, random());
    begin_state(entry);
  } else {
    erase(entry);
  }
}

void WorkerList::begin_state(Entry& entry) const {
  entry.row.since_ms = wall_clock_ms_();
  entry.row.why.clear();
}

void WorkerList::record_why(WorkerId id, std::string why) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (entry && !entry->serves()) entry->row.why = std::move(why);
}

bool WorkerList::hasten_probe(const protocol::Address& address, Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(address);
    if (!entry) return false;
    entry->health.hasten_probe(now);
  }
  on_change_();
  return true;
}

bool WorkerList::has_answered(WorkerId id) const {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find_in(entries_, id);
  return entry && entry->answered;
}

void WorkerList::set_model(WorkerId id, const WorkerModel& model, std::uint64_t threads) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  const bool other = !entry->runs(model.name);
  entry->row.model = model;
  entry->row.heard = true;
  entry->answered = true;
  entry->room.set_threads(threads);
  entry->reference = false;
  if (other) drop_unused_cursors();
}

void WorkerList::set_reference(WorkerId id) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  entry->row.model.reset();
  entry->answered = true;
  entry->reference = true;
  entry->room.set_reference();
  drop_unused_cursors();
}

WorkerHealth::Change WorkerList::greeted(WorkerId id, bool draining, Clock::time_point now) {
  auto change = WorkerHealth::Change::none;
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = health_.readmit ? find(id) : nullptr;
    if (!entry) return change;
    change = entry->health.greeted(draining, now, health_);
    if (change == WorkerHealth::Change::none) return change;
    begin_state(*entry);
    if (change == WorkerHealth::Change::readmitted) {
      // A probe in flight ends under the old id.
      entry->health = WorkerHealth();
      readmit(*entry);
    }
  }
  on_change_();
  return change;
}

bool WorkerList::is_leaving(WorkerId id) const {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find_in(entries_, id);
  return entry && entry->health.is_leaving();
}

bool WorkerList::leave(WorkerId id, Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(id);
    if (!entry || entry->health.state() != WorkerState::draining) return false;
    take_out(*entry, now);
    entry->row.why = why_left;
  }
  on_change_();
  return true;
}

void WorkerList::begin_attempt(WorkerId id, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  ++entry->row.counts.in_flight;
  entry->contact(now);
}

void WorkerList::end_attempt(WorkerId id, AttemptEnd end,
                             std::chrono::duration<double, std::milli> latency,
                             Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  WorkerCounts& counts = entry->row.counts;
  --counts.in_flight;
  if (end == AttemptEnd::failed) ++counts.failed;
  if (end == AttemptEnd::busy) entry->room.busy(counts.in_flight, now);
  if (end != AttemptEnd::done) return;
  entry->room.answered();
  entry->faults.succeeded();
  entry->faulty = false;
  const double weight = counts.done == 0 ? 1 : newest_latency_weight;
  counts.latency_ms += weight * (latency.count() - counts.latency_ms);
  ++counts.done;
}

void WorkerList::record_times(WorkerId id, double cost_ms, double transfer_ms) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  const std::size_t in_flight = std::max<std::size_t>(entry->row.counts.in_flight, 1);
  entry->room.record_times(cost_ms, transfer_ms, in_flight);
}

void WorkerList::answered(WorkerId id, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find(id);
  if (!entry) return;
  entry->health.answered(now, health_);
  entry->row.heard = true;
  entry->answered = true;
}

void WorkerList::suspect(WorkerId id, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (Entry* const entry = find(id)) entry->health.suspect(now, health_);
}

std::vector<WorkerRow> WorkerList::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<WorkerRow> rows;
  rows.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    rows.push_back(entry.row);
    rows.back().state = entry.health.state();
    rows.back().probing = entry.health.probing();
  }
  return rows;
}

bool WorkerList::in_rotation(WorkerId id) const {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find_in(entries_, id);
  return entry && entry->in_rotation();
}

std::size_t WorkerList::in_rotation_count() const {
  const std::lock_guard lock(mutex_);
  return count_in_rotation();
}

bool WorkerList::any_serves() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(entries_, &Entry::serves);
}

std::vector<Worker> WorkerList::begin_probes(Clock::time_point now, std::size_t count) {
  if (!health_.readmit) return {};
  const std::lock_guard lock(mutex_);
  std::vector<Entry*> due;
  for (Entry& entry : entries_) {
    entry.health.schedule(now, health_);
    if (entry.health.probe_due() && *entry.health.probe_due() <= now) due.push_back(&entry);
  }
  std::ranges::stable_sort(due, {}, [](const Entry* entry) { return entry->health.probe_due(); });
  due.resize(std::min(due.size(), count));
  std::vector<Worker> workers;
  for (Entry* const entry : due) {
    entry->health.begin_probe();
    entry->contact(now);
    workers.push_back(entry->row.worker);
  }
  return workers;
}

Clock::time_point WorkerList::next_probe_at() const {
  const std::lock_guard lock(mutex_);
  auto next = Clock::time_point::max();
  for (const Entry& entry : entries_) {
    next = std::min(next, entry.health.probe_due().value_or(Clock::time_point::max()));
  }
  return next;
}

WorkerHealth::Change WorkerList::end_probe(WorkerId id, ProbeResult result, Clock::time_point now) {
  auto change = WorkerHealth::Change::none;
  {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(id);
    if (!entry) return change;
    const bool heard = result == ProbeResult::good || result == ProbeResult::draining;
    if (heard) entry->row.heard = entry->answered = true;
    change = entry->health.end_probe(result, now, health_, random());
    if (change != WorkerHealth::Change::none) begin_state(*entry);
    if (change == WorkerHealth::Change::left) entry->row.why = why_left;
    if (change == WorkerHealth::Change::readmitted) readmit(*entry);
  }
  if (change != WorkerHealth::Change::none) on_change_();
  return change;
}

std::vector<Worker> WorkerList::forget_expired(Clock::time_point now) {
  std::vector<Worker> forgotten;
  {
    const std::lock_guard lock(mutex_);
    if (2 * count_in_rotation() < entries_.size()) return {};
    std::erase_if(entries_, [&](const Entry& entry) {
      const bool expired = entry.row.discovered_by.empty() && entry.health.expired(now, health_);
      if (expired) forgotten.push_back(entry.row.worker);
      return expired;
    });
    drop_unused_cursors();
  }
  if (!forgotten.empty()) on_change_();
  return forgotten;
}

WorkerList::Entry* WorkerList::find(WorkerId id) { return find_in(entries_, id); }

/// Gives the worker a new id, at the end of the list.
void WorkerList::readmit(Entry& entry) {
  Entry back = std::move(entry);
  entries_.erase(entries_.begin() + (&entry - entries_.data()));
  put_at_end(std::move(back));
}

void WorkerList::put_at_end(Entry entry) {
  entry.row.worker.id = ++last_id_;
  // Earlier attempts end under its old id.
  entry.row.counts.in_flight = 0;
  entries_.push_back(std::move(entry));
}

std::size_t WorkerList::count_in_rotation() const {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, &Entry::in_rotation));
}

double WorkerList::random() { return std::generate_canonical<double, 32>(random_); }

}  // namespace samoyed::dispatcher
