#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "support/storage_fixture.hpp"
#include "support/store_factory.hpp"

namespace samoyed::test {

/// An open store of the kind that the test program was linked with.
class StoreFixture {
 public:
  explicit StoreFixture(dispatcher::StorageOptions options = {}) : options_(std::move(options)) {
    if (factory_) reopen();
  }

  /// Returns false, and says why, if the test must be skipped.
  bool is_there() const {
    if (!factory_) WARN("skipped: needs the server of Debian's package postgresql");
    return factory_ != nullptr;
  }

  /// Closes the store and opens it again, as a restart of the dispatcher does.
  void reopen() {
    storage.reset();
    storage = factory_->open(io, options_);
  }

  dispatcher::History& history() { return *storage->history(); }
  dispatcher::JobStore& jobs() { return storage->jobs(); }

  template <typename Value>
  Value await(asio::awaitable<Value> work) {
    return wait_for(io, std::move(work));
  }

  dispatcher::HistoryPage page(dispatcher::HistoryQuery query = {}) {
    return await(history().find(std::move(query)));
  }

  /// Waits until all recorded rows are written.
  void settle() { await(history().remove_all("nobody")); }

  dispatcher::Submitted try_submit(const std::vector<std::string>& images,
                                   const std::string& client = "::1") {
    std::vector<dispatcher::JobImage> files;
    for (const std::string& image : images) files.push_back({image + ".jpg", image});
    return try_submit_images(std::move(files), client);
  }

  dispatcher::Submitted try_submit_images(std::vector<dispatcher::JobImage> images,
                                          const std::string& client = "::1") {
    dispatcher::JobRequest request;
    request.images = std::move(images);
    request.visitor = "me";
    request.client = client;
    request.request_id = "r-1";
    request.top = 3;
    request.model = "m";
    return await(jobs().submit(std::move(request)));
  }

  std::vector<std::string> submit(const std::vector<std::string>& images,
                                  const std::string& client = "::1") {
    auto submitted = try_submit(images, client);
    return std::get<std::vector<std::string>>(std::move(submitted));
  }

  std::vector<dispatcher::ClaimedJob> claim(std::size_t count, std::uint64_t bytes_max = 1000) {
    return await(jobs().claim(count, bytes_max)).jobs;
  }

  std::optional<dispatcher::Job> find(const std::string& id) { return await(jobs().find(id)); }

  asio::io_context io{1};

 private:
  std::unique_ptr<StoreFactory> factory_ = make_store_factory();
  const dispatcher::StorageOptions options_;

 public:
  std::unique_ptr<dispatcher::Storage> storage;
};

}  // namespace samoyed::test
