#include "dispatcher/storage/shared_workers.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include <spdlog/spdlog.h>

#include "samoyed/dispatcher/history.hpp"
#include "samoyed/io/pause.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr std::chrono::milliseconds exchange_interval{1000};
/// So that many dispatchers don't read the table at the same time.
constexpr double exchange_jitter = 0.1;

std::optional<Listing> listing_of(const Listings& listings, const protocol::Address& address) {
  const auto found = listings.find(address);
  if (found == listings.end()) return std::nullopt;
  return found->second;
}

void set_listing(Listings& listings, const ListingChange& change) {
  if (change.listing) {
    listings[change.address] = *change.listing;
  } else {
    listings.erase(change.address);
  }
}

}  // namespace

std::vector<ListingChange> changes_between(const Listings& before, const Listings& after) {
  std::vector<ListingChange> changes;
  for (const auto& [address, listing] : after) {
    if (listing_of(before, address) != listing) changes.push_back({address, listing});
  }
  for (const auto& [address, listing] : before) {
    if (!after.contains(address)) changes.push_back({address, std::nullopt});
  }
  return changes;
}

SharedWorkers::SharedWorkers(asio::any_io_executor executor, WorkerTable& table, WorkerList& list,
                             std::function<std::string(const protocol::Address&)> why_refused)
    : executor_(std::move(executor)),
      table_(table),
      list_(list),
      why_refused_(std::move(why_refused)),
      soon_(executor_) {
  table_.on_changed([this] { wake(); });
}

asio::awaitable<void> SharedWorkers::run() {
  while (!stopping_) {
    woken_ = false;
    try {
      co_await exchange();
      if (std::exchange(failed_, false)) spdlog::info("the store has the list of workers again");
    } catch (const StorageError& error) {
      if (!std::exchange(failed_, true)) {
        spdlog::error("can't share the list of workers with other dispatchers: {}", error.what());
      }
    }
    if (!woken_ && !stopping_) {
      const auto pause = io::spread_pause(exchange_interval, exchange_jitter,
                                          std::uniform_real_distribution(0.0, 1.0)(random_));
      co_await soon_.wait_until(io::Event::Clock::now() + pause);
    }
  }
}

void SharedWorkers::wake() {
  woken_ = true;
  soon_.notify();
}

void SharedWorkers::stop() {
  stopping_ = true;
  soon_.notify();
  notify_savers();
}

void SharedWorkers::notify_savers() {
  for (io::Event* const saver : savers_) saver->notify();
}

asio::awaitable<bool> SharedWorkers::save() {
  const std::uint64_t wanted = begun_ + 1;
  const auto until = io::Event::Clock::now() + save_timeout;
  io::Event event(executor_);
  savers_.insert(&event);
  wake();
  while (written_ < wanted && !stopping_ && io::Event::Clock::now() < until) {
    co_await event.wait_until(until);
  }
  savers_.erase(&event);
  co_return written_ >= wanted;
}

void SharedWorkers::forget(const protocol::Address& address) {
  if (known_.erase(address) > 0) forgotten_.insert(address);
}

asio::awaitable<void> SharedWorkers::exchange() {
  const std::uint64_t number = ++begun_;
  const Listings before = list_.listings();
  for (const auto& [address, listing] : before) forgotten_.erase(address);
  std::vector<ListingChange> changes = changes_between(known_, before);
  const std::vector<ListingChange> written = changes;
  Listings table = co_await table_.exchange(std::move(changes));
  for (const ListingChange& change : written) set_listing(known_, change);
  std::erase_if(forgotten_, [&](const auto& address) { return !table.contains(address); });
  for (const protocol::Address& address : forgotten_) table.erase(address);
  std::erase_if(refused_, [&](const auto& address) { return !table.contains(address); });
  const std::vector<ListingChange> news = changes_between(known_, table);
  known_ = std::move(table);
  for (const ListingChange& change : news) {
    const auto now = listing_of(list_.listings(), change.address);
    // What was said here during the exchange is written by the next one.
    if (now == listing_of(before, change.address)) apply(change);
  }
  written_ = number;
  notify_savers();
}

void SharedWorkers::apply(const ListingChange& change) {
  if (!change.listing) {
    list_.remove(change.address);
    list_.release(change.address);
  } else if (*change.listing == Listing::held_out) {
    list_.hold_out(change.address);
  } else if (const std::string why = why_refused_(change.address); !why.empty()) {
    refuse(change.address, why);
  } else if (list_.add(change.address) == AddResult::list_full) {
    refuse(change.address, "doesn't fit into the list");
  }
}

/// It is tried again with each exchange, but named in the log once.
void SharedWorkers::refuse(const protocol::Address& address, const std::string& why) {
  known_.erase(address);
  if (!refused_.insert(address).second) return;
  spdlog::warn("ignored worker {} of the shared list, which {}", to_string(address), why);
}

}  // namespace samoyed::dispatcher
