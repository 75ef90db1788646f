#include "dispatcher/storage/storage.hpp"

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using Catch::Matchers::Contains;

TEST_CASE("without a folder there is no storage") {
  asio::io_context io;
  CHECK(open_storage(io.get_executor(), {}) == nullptr);
}

TEST_CASE("a folder belongs to one dispatcher at a time") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path() / "data", .history = {}, .jobs = {}};
  auto storage = open_storage(io.get_executor(), options);
  REQUIRE(storage);
  CHECK_THROWS_WITH(open_storage(io.get_executor(), options),
                    Contains("another samoyed-dispatcher"));
  storage.reset();
  CHECK(open_storage(io.get_executor(), options));
}

TEST_CASE("if the history is turned off, it is null and jobs are still kept") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  CHECK(open_storage(io.get_executor(), options)->history() != nullptr);
  options.history.enabled = false;
  const auto storage = open_storage(io.get_executor(), options);
  CHECK(storage->history() == nullptr);
  CHECK(storage->jobs().load() == Jobs::Load{});
}

TEST_CASE("jobs and the history are there again when the storage is reopened") {
  const test::TemporaryFolder folder;
  asio::io_context io;
  const StorageOptions options{.folder = folder.path(), .history = {}, .jobs = {}};
  {
    const auto storage = open_storage(io.get_executor(), options);
    JobRequest request;
    request.images.push_back({"dog.jpg", "dog"});
    test::wait_for(io, storage->jobs().submit(std::move(request)));
    CHECK(storage->history()->record(test::history_row("me")));
    storage->stop();
  }
  const auto storage = open_storage(io.get_executor(), options);
  CHECK(storage->jobs().load() == Jobs::Load{1, 0, 3});
  CHECK(test::wait_for(io, storage->history()->find({})).rows.size() == 1);
}
