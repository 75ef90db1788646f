#include "dispatcher/jobs/client_jobs.hpp"

#include <algorithm>
#include <optional>

#include "samoyed/io/ip_text.hpp"

namespace samoyed::dispatcher {
namespace {

/// Half of what others leave free, rounded up.
template <typename Number>
bool within_share(Number wanted, Number of_others, Number limit) {
  const Number free = limit - std::min(limit, of_others);
  return wanted <= free - free / 2;
}

}  // namespace

/// The turn that was reached is found from both sides: a job that has been claimed had its turn,
/// and one that never was is still to have it.
ClientJobs::ClientJobs(const std::vector<JobRow>& unfinished) {
  std::optional<std::int64_t> next;
  for (const JobRow& row : unfinished) {
    add_again(row);
    if (row.job.attempts > 0) {
      claimed(row.turn);
    } else {
      next = std::min(next.value_or(row.turn), row.turn);
    }
  }
  if (next) claimed(*next - 1);
}

ClientJobs::ClientJobs(const std::vector<Sum>& unfinished, std::int64_t turn) : turn_(turn) {
  for (const Sum& sum : unfinished) {
    Share& share = by_client_[io::limit_key(sum.client)];
    share.images += sum.images;
    share.bytes += sum.bytes;
    share.last_turn = std::max(share.last_turn, sum.last_turn);
    images_ += sum.images;
    bytes_ += sum.bytes;
  }
}

bool ClientJobs::may_add(const std::string& client, std::size_t images, std::uint64_t bytes,
                         const JobsOptions& limits) const {
  const auto found = by_client_.find(io::limit_key(client));
  const Share own = found == by_client_.end() ? Share{} : found->second;
  if (own.images == 0 && images == 1) return true;
  return within_share(own.images + images, images_ - own.images, limits.images_max) &&
         within_share(own.bytes + bytes, bytes_ - own.bytes, limits.bytes_max);
}

ClientJobs::Share& ClientJobs::insert(const std::string& client, std::uint64_t bytes) {
  Share& share = by_client_[io::limit_key(client)];
  ++share.images;
  share.bytes += bytes;
  ++images_;
  bytes_ += bytes;
  return share;
}

std::int64_t ClientJobs::add(const std::string& client, std::uint64_t bytes) {
  Share& share = insert(client, bytes);
  share.last_turn = std::max(share.last_turn, turn_) + 1;
  return share.last_turn;
}

void ClientJobs::add_again(const JobRow& row) {
  Share& share = insert(row.client, row.job.image_bytes);
  share.last_turn = std::max(share.last_turn, row.turn);
}

void ClientJobs::claimed(std::int64_t turn) { turn_ = std::max(turn_, turn); }

void ClientJobs::remove(const std::string& client, std::uint64_t bytes) {
  const auto found = by_client_.find(io::limit_key(client));
  if (found == by_client_.end()) return;
  Share& share = found->second;
  bytes = std::min(bytes, share.bytes);
  share.bytes -= bytes;
  bytes_ -= bytes;
  --images_;
  if (--share.images > 0) return;
  bytes_ -= share.bytes;
  by_client_.erase(found);
}

}  // namespace samoyed::dispatcher
