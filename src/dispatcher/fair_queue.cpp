#include "dispatcher/fair_queue.hpp"

#include <algorithm>
#include <utility>

namespace samoyed::dispatcher {
namespace {

/// What each turn adds to a client's deficit. About the cost of one ordinary photo.
constexpr double quantum_ms = 20;

/// An image is charged at most this. It bounds the turns that a client can have to wait.
constexpr double cost_ms_max = 5000;

}  // namespace

FairQueue::Ticket FairQueue::push(const std::string& client, double cost_ms) {
  const Ticket ticket = ++last_ticket_;
  cost_ms = std::clamp(cost_ms, 0.0, cost_ms_max);
  const auto [entry, is_new] = clients_.try_emplace(client);
  if (is_new) entry->second.deficit_ms = cost_ms;
  if (entry->second.images.empty()) turns_.push_back(entry);
  entry->second.images.push_back({ticket, cost_ms});
  waiting_.emplace(ticket, entry);
  return ticket;
}

void FairQueue::remove(Ticket ticket) {
  const auto waiting = waiting_.find(ticket);
  if (waiting == waiting_.end()) return;
  const auto client = waiting->second;
  waiting_.erase(waiting);
  auto& images = client->second.images;
  std::erase_if(images, [&](const Image& image) { return image.ticket == ticket; });
  if (images.empty()) std::erase(turns_, client);
  forget_if_done(client);
}

std::optional<FairQueue::Ticket> FairQueue::pop(const std::function<bool(Ticket)>& ready) {
  // Ends when a whole round has found nothing that is ready.
  for (std::size_t unready = 0; unready < turns_.size();) {
    const auto client = turns_.front();
    auto& [deficit_ms, refund_ms, images, in_progress] = client->second;
    const auto image =
        std::ranges::find_if(images, [&](const Image& one) { return ready(one.ticket); });
    if (image == images.end()) {
      ++unready;
    } else if (deficit_ms < image->cost_ms) {
      unready = 0;
      deficit_ms += quantum_ms + std::exchange(refund_ms, 0);
    } else {
      const Ticket ticket = image->ticket;
      deficit_ms -= image->cost_ms;
      in_progress_.emplace(ticket, InProgress{client, image->cost_ms});
      ++in_progress;
      waiting_.erase(ticket);
      images.erase(image);
      if (images.empty()) turns_.pop_front();
      return ticket;
    }
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  return std::nullopt;
}

void FairQueue::put_back(Ticket ticket) {
  const auto done = in_progress_.find(ticket);
  if (done == in_progress_.end()) return;
  const auto [client, charged_ms] = done->second;
  in_progress_.erase(done);
  --client->second.in_progress;
  client->second.deficit_ms += charged_ms;
  client->second.images.push_front({ticket, charged_ms});
  waiting_.emplace(ticket, client);
  std::erase(turns_, client);
  turns_.push_front(client);
}

void FairQueue::finish(Ticket ticket, double cost_ms) {
  const auto done = in_progress_.find(ticket);
  if (done == in_progress_.end()) return;
  const auto [client, charged_ms] = done->second;
  in_progress_.erase(done);
  auto& [deficit_ms, refund_ms, images, in_progress] = client->second;
  const double change_ms = charged_ms - std::clamp(cost_ms, 0.0, cost_ms_max);
  if (change_ms < 0) {
    deficit_ms = std::max(deficit_ms + change_ms, -cost_ms_max);
  } else {
    // What an estimate was too high by must not prolong this turn, nor add up to a burst.
    refund_ms = std::min(refund_ms + change_ms, quantum_ms);
  }
  --in_progress;
  forget_if_done(client);
}

void FairQueue::forget_if_done(Clients::iterator client) {
  if (client->second.images.empty() && client->second.in_progress == 0) clients_.erase(client);
}

}  // namespace samoyed::dispatcher
