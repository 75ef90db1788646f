#include "web/access/admission.hpp"

#include <utility>

namespace samoyed::web {

/// The state of a ticket.
struct Admission::Upload {
  Upload(Admission& owner, std::string key) : admission(owner), client(std::move(key)) {}
  ~Upload() {
    admission.bytes_ -= bytes;
    end_receiving();
    if (!has_slot) return;
    --admission.requests_;
    const auto of_client = admission.by_client_.find(client);
    if (--of_client->second == 0) admission.by_client_.erase(of_client);
  }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  void begin_receiving(Clock::time_point now, std::function<void()> evicted) {
    window_begin = now;
    on_evicted = std::move(evicted);
    place = admission.receiving_.insert(admission.receiving_.end(), this);
  }
  void end_receiving() {
    if (place) admission.receiving_.erase(*place);
    place.reset();
  }
  void take_slot() {
    has_slot = true;
    ++admission.requests_;
    ++admission.by_client_[client];
  }

  /// Counts bytes that have just arrived.
  void count(std::uint64_t more, Clock::time_point now) {
    if (now - window_begin >= rate_window) {
      last_window_bytes = recent_bytes(now);
      window_begin = now;
      window_bytes = 0;
    }
    window_bytes += more;
  }

  /// Bytes that arrived in the last complete window. std::nullopt before there was one.
  std::optional<std::uint64_t> recent_bytes(Clock::time_point now) const {
    const auto elapsed = now - window_begin;
    if (elapsed >= 2 * rate_window) return 0;
    return elapsed >= rate_window ? window_bytes : last_window_bytes;
  }

  Admission& admission;
  const std::string client;
  std::uint64_t bytes = 0;
  bool has_slot = false;

  // While it is being received:
  std::optional<std::list<Upload*>::iterator> place;
  std::function<void()> on_evicted;
  Clock::time_point window_begin;
  std::uint64_t window_bytes = 0;
  std::optional<std::uint64_t> last_window_bytes;
};

std::optional<Reason> Admission::find_obstacle(const std::string& client) const {
  // The client's own limit comes first, because the client can do something about it.
  const auto of_client = by_client_.find(client);
  const bool client_full =
      of_client != by_client_.end() && of_client->second >= limits_.requests_per_client_max;
  if (client_full) return Reason::client_limit;
  if (requests_ >= limits_.requests_max) return Reason::overloaded;
  return std::nullopt;
}

std::variant<Admission::Ticket, Reason> Admission::enter(const std::string& client) {
  if (const auto obstacle = find_obstacle(client)) return *obstacle;
  if (bytes_ >= limits_.bytes_max) return Reason::overloaded;
  auto upload = std::make_unique<Upload>(*this, client);
  upload->take_slot();
  return Ticket(std::move(upload));
}

std::variant<Admission::Ticket, Reason> Admission::receive(const std::string& client,
                                                           Clock::time_point now,
                                                           std::function<void()> on_evicted) {
  if (const auto obstacle = find_obstacle(client)) return *obstacle;
  const bool full = bytes_ >= limits_.bytes_max;
  if (full && !find_slowest(nullptr, now)) return Reason::overloaded;
  auto upload = std::make_unique<Upload>(*this, client);
  upload->begin_receiving(now, std::move(on_evicted));
  return Ticket(std::move(upload));
}

/// Evicts the slowest uploads until `bytes` more fit. Returns false if that isn't possible, or if
/// the asking upload is the slowest one.
bool Admission::make_room(std::uint64_t bytes, const Upload& asking, Clock::time_point now) {
  while (bytes > limits_.bytes_max - bytes_) {
    Upload* const slowest = find_slowest(&asking, now);
    if (!slowest || slowest == &asking) return false;
    bytes_ -= std::exchange(slowest->bytes, 0);
    slowest->end_receiving();
    slowest->on_evicted();
  }
  return true;
}

/// Returns the upload that arrived slowest lately and holds bytes. Uploads that have just begun
/// don't count. Returns null if there is none. `asking` may hold no bytes yet.
Admission::Upload* Admission::find_slowest(const Upload* asking, Clock::time_point now) const {
  Upload* slowest = nullptr;
  std::uint64_t least = 0;
  for (Upload* const upload : receiving_) {
    const auto recent = upload->recent_bytes(now);
    if (!recent || (upload->bytes == 0 && upload != asking)) continue;
    if (slowest && *recent >= least) continue;
    slowest = upload;
    least = *recent;
  }
  return slowest;
}

Admission::Ticket::Ticket(std::unique_ptr<Upload> upload) : upload_(std::move(upload)) {}
Admission::Ticket::~Ticket() = default;
Admission::Ticket::Ticket(Ticket&& other) noexcept = default;

bool Admission::Ticket::hold(std::uint64_t bytes, Clock::time_point now) {
  Admission& admission = upload_->admission;
  if (bytes > upload_->bytes) {
    const std::uint64_t more = bytes - upload_->bytes;
    if (upload_->place) upload_->count(more, now);
    if (bytes > admission.limits_.bytes_max) return false;
    if (!admission.make_room(more, *upload_, now)) return false;
  }
  admission.bytes_ += bytes - upload_->bytes;
  upload_->bytes = bytes;
  return true;
}

std::optional<Reason> Admission::Ticket::take_slot() {
  if (upload_->has_slot) return std::nullopt;
  // Now, because an upload that is refused must not be evicted as well.
  upload_->end_receiving();
  if (const auto obstacle = upload_->admission.find_obstacle(upload_->client)) return obstacle;
  upload_->take_slot();
  return std::nullopt;
}

}  // namespace samoyed::web
