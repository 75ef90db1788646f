#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace samoyed::dispatcher {

/// The images that wait for a worker, in the order in which they are sent: deficit round robin over
/// their clients. Each client gets the same processor time, whatever its images cost and however
/// many it has.
///
///     push --> [ client a: images ] --+
///     push --> [ client b: images ] --+--> pop, in turn --> in progress --> finish: correct the
///     cost
///
/// An image is charged with an estimate when it is sent, and with its true cost when it is done. A
/// client that has nothing in progress has no debts, so its image goes in its first turn.
///
/// Not thread-safe: use from one thread.
class FairQueue {
 public:
  /// Identifies an image.
  using Ticket = std::uint64_t;

  /// Adds an image. `cost_ms` is an estimate of the processor time.
  Ticket push(const std::string& client, double cost_ms);

  /// Removes an image that still waits.
  void remove(Ticket ticket);

  /// Removes and returns the next image that is ready. It is in progress from then on. Returns
  /// std::nullopt if there is none.
  std::optional<Ticket> pop(const std::function<bool(Ticket)>& ready);

  /// Makes an image in progress the first one of its client again, at no cost, and the client the
  /// next one.
  void put_back(Ticket ticket);

  /// Reports that an image in progress is done, and what it cost.
  void finish(Ticket ticket, double cost_ms);

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Image {
    Ticket ticket;
    double cost_ms;
  };
  struct Client {
    double deficit_ms = 0;
    double refund_ms = 0;  ///< What estimates were too high by; counts from the next turn on.
    std::deque<Image> images;
    std::size_t in_progress = 0;
  };
  using Clients = std::map<std::string, Client>;

  struct InProgress {
    Clients::iterator client;
    double cost_ms;
  };

  void forget_if_done(Clients::iterator client);

  Clients clients_;
  /// The clients whose images wait. The first one is next.
  std::list<Clients::iterator> turns_;
  std::map<Ticket, Clients::iterator> waiting_;
  std::map<Ticket, InProgress> in_progress_;
  Ticket last_ticket_ = 0;
};

}  // namespace samoyed::dispatcher
