#pragma once

#include <filesystem>

#include "samoyed/dispatcher/worker_store.hpp"

namespace samoyed::dispatcher {

/// The worker list as a text file with one HOST:PORT per line. Lines that are empty or begin with
/// `#` are ignored.
///
/// Not thread-safe: use from one thread.
class StateFile final : public WorkerStore {
 public:
  explicit StateFile(std::filesystem::path path) : path_(std::move(path)) {}

  std::vector<protocol::Address> load() override;
  void save(const std::vector<protocol::Address>& addresses) override;

 private:
  std::filesystem::path path_;
};

}  // namespace samoyed::dispatcher
