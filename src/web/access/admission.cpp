#include "web/access/admission.hpp"

#include <algorithm>
#include <utility>

namespace samoyed::web {
namespace {

/// The share of the slots that only clients with few may take.
constexpr std::size_t reserved_divisor = 8;
/// The share of the slots that counts as few.
constexpr std::size_t few_divisor = 64;
/// A client that holds more than this share of the bytes is evicted first.
constexpr std::uint64_t large_divisor = 8;

}  // namespace

/// The state of a ticket.
struct Admission::Upload {
  Upload(Admission& owner, const std::string& key)
      : admission(owner), share(owner.by_client_.try_emplace(key).first) {
    ++share->second.uploads;
  }
  ~Upload() {
    set_bytes(0);
    end_receiving();
    if (has_slot) {
      --admission.requests_;
      --share->second.slots;
    }
    if (--share->second.uploads == 0) admission.by_client_.erase(share);
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
    ++share->second.slots;
  }
  void set_bytes(std::uint64_t held) {
    admission.bytes_ += held - bytes;
    share->second.bytes += held - bytes;
    bytes = held;
  }
  bool is_of_large_client() const {
    return share->second.bytes > admission.limits_.bytes_max / large_divisor;
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
  const std::map<std::string, Share>::iterator share;
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
  const auto found = by_client_.find(client);
  const Share* const of_client = found == by_client_.end() ? nullptr : &found->second;
  if (of_client && of_client->slots >= limits_.requests_per_client_max) {
    return Reason::client_limit;
  }
  if (requests_ >= limits_.requests_max || is_reserved(of_client)) return Reason::overloaded;
  return std::nullopt;
}

/// True if the next slot is kept for clients that have fewer than this one.
bool Admission::is_reserved(const Share* of_client) const {
  if (!of_client || of_client->slots == requests_) return false;
  const std::size_t free = limits_.requests_max - requests_;
  const std::size_t few = std::max<std::size_t>(1, limits_.requests_max / few_divisor);
  return free <= limits_.requests_max / reserved_divisor && of_client->slots >= few;
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
    slowest->set_bytes(0);
    slowest->end_receiving();
    slowest->on_evicted();
  }
  return true;
}

/// Returns the upload that arrived slowest lately and holds bytes, one of a large client if there
/// is any. Uploads that have just begun don't count. Returns null if there is none. `asking` may
/// hold no bytes yet.
Admission::Upload* Admission::find_slowest(const Upload* asking, Clock::time_point now) const {
  Upload* slowest = nullptr;
  std::pair<bool, std::uint64_t> least;
  for (Upload* const upload : receiving_) {
    const auto recent = upload->recent_bytes(now);
    if (!recent || (upload->bytes == 0 && upload != asking)) continue;
    const std::pair order(!upload->is_of_large_client(), *recent);
    if (slowest && order >= least) continue;
    slowest = upload;
    least = order;
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
  upload_->set_bytes(bytes);
  return true;
}

std::optional<Reason> Admission::Ticket::take_slot() {
  if (upload_->has_slot) return std::nullopt;
  // Now, because an upload that is refused must not be evicted as well.
  upload_->end_receiving();
  if (const auto obstacle = upload_->admission.find_obstacle(upload_->share->first))
    return obstacle;
  upload_->take_slot();
  return std::nullopt;
}

}  // namespace samoyed::web
