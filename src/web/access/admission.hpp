#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "web/http/reasons.hpp"

namespace samoyed::web {

/// Counts the uploads in progress and the bytes held for them, and rejects uploads over a limit, so
/// that the load stays bounded and no single client can use all of it.
///
/// A slot is for work, not for waiting: an upload takes one when it has arrived completely. Before
/// that it counts only with the bytes that have arrived, not with those that it announced. If there
/// is no room for more bytes, the upload that arrives slowest is evicted: of the clients that hold
/// more than an eighth of all bytes, if there is one, else of all.
///
/// The last eighth of the slots is for clients that have few. So a few clients that use all they
/// may have don't lock out everyone else. A client that is alone may have all slots.
///
/// Not thread-safe: use from one thread.
class Admission {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::size_t requests_max = 0;
    std::size_t requests_per_client_max = 0;
    std::uint64_t bytes_max = 0;
  };

  /// How long an upload arrives before its rate is judged, and the time over which it is measured.
  static constexpr std::chrono::seconds rate_window{5};

  /// One upload's share of the limits. Destroying the ticket gives all of it back.
  class Ticket;

  explicit Admission(Limits limits) : limits_(limits) {}

  /// Admits a request that has arrived, with a slot, or returns `overloaded` or `client_limit`.
  /// `client` is the client's io::limit_key. The Admission must outlive the ticket.
  std::variant<Ticket, Reason> enter(const std::string& client);

  /// Admits an upload whose body is still to come, without a slot, or returns the reason why it
  /// would not get one now. `on_evicted` is called if the upload must make room for others. It has
  /// no bytes then, and must end.
  std::variant<Ticket, Reason> receive(const std::string& client, Clock::time_point now,
                                       std::function<void()> on_evicted);

  /// The number of slots in use.
  std::size_t requests() const { return requests_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Upload;
  /// What one client has.
  struct Share {
    std::size_t uploads = 0;
    std::size_t slots = 0;
    std::uint64_t bytes = 0;
  };

  bool is_reserved(const Share* of_client) const;
  std::optional<Reason> find_obstacle(const std::string& client) const;
  bool make_room(std::uint64_t bytes, const Upload& asking, Clock::time_point now);
  Upload* find_slowest(const Upload* asking, Clock::time_point now) const;

  const Limits limits_;
  std::size_t requests_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, Share> by_client_;
  std::list<Upload*> receiving_;
};

class Admission::Ticket {
 public:
  explicit Ticket(std::unique_ptr<Upload> upload);
  ~Ticket();
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&&) = delete;

  /// Sets the total number of bytes that this upload holds. Returns false, and changes nothing, if
  /// they would exceed the limit. Holding no more than before always succeeds.
  bool hold(std::uint64_t bytes, Clock::time_point now);

  /// Takes a slot for an upload that has arrived. It can't be evicted from then on. Returns
  /// std::nullopt on success, also if it has a slot already.
  std::optional<Reason> take_slot();

 private:
  std::unique_ptr<Upload> upload_;
};

}  // namespace samoyed::web
