#include <algorithm>
#include <utility>

#include "samoyed/dispatcher/worker_list.hpp"

// Who adds workers to a WorkerList and removes them: people, programs and DNS.
namespace samoyed::dispatcher {

AddResult WorkerList::add(const protocol::Address& address) {
  auto result = AddResult::already_there;
  {
    const std::lock_guard lock(mutex_);
    held_out_.erase(address);
    Entry* entry = find(address);
    if (!entry) {
      entry = put_new(address);
      if (!entry) return AddResult::list_full;
      result = AddResult::added;
    }
    if (std::exchange(entry->row.by_address, true) && entry->in_rotation()) return result;
    return_to_rotation(*entry);
  }
  on_change_();
  return result;
}

bool WorkerList::remove(const protocol::Address& address) {
  {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = find(address);
    if (!entry) return false;
    if (!entry->row.discovered_by.empty()) held_out_.insert(address);
    erase(*entry);
  }
  on_change_();
  return true;
}

void WorkerList::hold_out(const protocol::Address& address) {
  {
    const std::lock_guard lock(mutex_);
    held_out_.insert(address);
    const Entry* const entry = find(address);
    if (!entry) return;
    erase(*entry);
  }
  on_change_();
}

void WorkerList::release(const protocol::Address& address) {
  const std::lock_guard lock(mutex_);
  held_out_.erase(address);
}

Listings WorkerList::listings() const {
  const std::lock_guard lock(mutex_);
  Listings found;
  for (const protocol::Address& address : held_out_) found.emplace(address, Listing::held_out);
  for (const Entry& entry : entries_) {
    if (entry.row.by_address) found.emplace(entry.row.worker.address, Listing::listed);
  }
  return found;
}

DiscoverResult WorkerList::discover(const protocol::Address& address, const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    if (held_out_.contains(address)) return DiscoverResult::held_out;
    if (Entry* const entry = find(address)) {
      entry->row.discovered_by = name;
      return DiscoverResult::already_there;
    }
    Entry* const entry = put_new(address);
    if (!entry) return DiscoverResult::list_full;
    entry->row.discovered_by = name;
  }
  on_change_();
  return DiscoverResult::added;
}

void WorkerList::undiscover(const protocol::Address& address) {
  {
    const std::lock_guard lock(mutex_);
    held_out_.erase(address);
    Entry* const entry = find(address);
    if (!entry || entry->row.discovered_by.empty()) return;
    entry->row.discovered_by.clear();
    if (!entry->row.by_address) erase(*entry);
  }
  on_change_();
}

std::string WorkerList::discovered_by(WorkerId id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find_if(
      entries_, [&](const Entry& candidate) { return candidate.row.worker.id == id; });
  return entry == entries_.end() ? std::string() : entry->row.discovered_by;
}

WorkerList::Entry* WorkerList::find(const protocol::Address& address) {
  const auto entry = std::ranges::find_if(
      entries_, [&](const Entry& candidate) { return candidate.row.worker.address == address; });
  return entry == entries_.end() ? nullptr : &*entry;
}

WorkerList::Entry* WorkerList::put_new(const protocol::Address& address) {
  if (entries_.size() == workers_max) return nullptr;
  Entry entry;
  entry.row.worker.address = address;
  entry.row.since_ms = wall_clock_ms_();
  // Without probes, no worker is shown as ejected, so there is nothing to hide.
  entry.row.heard = !health_.readmit;
  entry.row.listed = ++last_listed_;
  put_at_end(std::move(entry));
  return &entries_.back();
}

void WorkerList::return_to_rotation(Entry& entry) {
  if (entry.in_rotation()) return;
  if (!entry.row.heard) {
    entry.health = WorkerHealth();
    begin_state(entry);
    return;
  }
  Entry back;
  back.row = entry.row;
  begin_state(back);
  entries_.erase(entries_.begin() + (&entry - entries_.data()));
  put_at_end(std::move(back));
}

void WorkerList::erase(const Entry& entry) {
  entries_.erase(entries_.begin() + (&entry - entries_.data()));
  drop_unused_cursors();
}

}  // namespace samoyed::dispatcher
