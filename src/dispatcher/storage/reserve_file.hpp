#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>

#include "dispatcher/history/database_thread.hpp"

namespace samoyed::dispatcher {

/// Space on the disk that a file of that size holds.
///
/// Thread rule: every member may be called from any thread.
class ReserveFile final : public DiskReserve {
 public:
  /// Enough for the log of the database (4 MiB), what it copies into the database, and hundreds of
  /// results.
  static constexpr std::uint64_t bytes_default = std::uint64_t{16} << 20;

  explicit ReserveFile(std::filesystem::path file, std::uint64_t bytes = bytes_default)
      : file_(std::move(file)), bytes_(bytes) {}

  bool keep() override;
  void release() override;

 private:
  const std::filesystem::path file_;
  const std::uint64_t bytes_;
  std::mutex mutex_;
};

}  // namespace samoyed::dispatcher
