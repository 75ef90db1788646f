/// Cuts the power right after something was acknowledged, and checks that it is there when the
/// dispatcher starts again.

#include "support/power_cut.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/jobs/spool.hpp"
#include "dispatcher/storage/data_folder.hpp"
#include "dispatcher/storage/storage.hpp"
#include "support/storage_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

StorageOptions options_of(const std::filesystem::path& parent) {
  return {.folder = parent / "data", .history = {}, .jobs = {}};
}

/// A storage in a data folder that it creates itself.
class CutOffStorage {
 public:
  /// Cuts the power, and opens what is left as a dispatcher does that starts again.
  void cut_power() {
    remains_ = std::make_unique<test::TemporaryFolder>();
    power_cut_.leave(remains_->path());
    left_ = open_storage(io_.get_executor(), options_of(remains_->path()));
  }

  template <typename Value>
  Value wait_for(asio::awaitable<Value> work) {
    return test::wait_for(io_, std::move(work));
  }

  std::string submit(const std::string& image) {
    JobRequest request;
    request.images.push_back({image + ".jpg", image});
    request.visitor = "me";
    auto submitted = wait_for(jobs().submit(std::move(request)));
    return std::get<std::vector<std::string>>(std::move(submitted)).at(0);
  }
  ClaimToken claim() { return wait_for(jobs().claim(1, 1000)).jobs.at(0).token; }

  JobStore& jobs() { return storage_->jobs(); }
  Storage& storage() { return *storage_; }
  /// The storage after the last power cut.
  Storage& left() { return *left_; }

  Job job_left(const std::string& id) { return wait_for(left().jobs().find(id)).value(); }
  std::size_t rows_left() { return wait_for(left().history()->find({})).rows.size(); }

 private:
  asio::io_context io_{1};
  const test::TemporaryFolder folder_;
  std::unique_ptr<test::TemporaryFolder> remains_;
  test::PowerCut power_cut_{folder_.path()};
  std::unique_ptr<Storage> storage_ = open_storage(io_.get_executor(), options_of(folder_.path()));
  std::unique_ptr<Storage> left_;
};

}  // namespace

TEST_CASE("submitted jobs and their images survive a power cut") {
  CutOffStorage storage;
  const std::string dog = storage.submit("dog");
  const std::string cat = storage.submit("cat");
  storage.cut_power();
  CHECK(storage.left().jobs().load() == Jobs::Load{2, 0, 6});
  for (const auto& [id, image] : {std::pair(dog, "dog"), std::pair(cat, "cat")}) {
    CHECK(storage.job_left(id).state == JobState::waiting);
    const auto left = storage.wait_for(storage.left().jobs().image(id));
    REQUIRE(left);
    const protocol::EncodedImage expected(std::as_bytes(std::span(image, 3)));
    CHECK(left->message() == expected.message());
  }
}

TEST_CASE("an image in a spool folder that was just created survives a power cut") {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder remains;
  const test::PowerCut power_cut(folder.path());
  const auto ignore_steps = [](JobStep) {};
  const Spool spool(folder.path() / "spool", ignore_steps);
  spool.write("dog", "bytes");
  spool.sync();
  power_cut.leave(remains.path());
  CHECK(Spool(remains.path() / "spool", ignore_steps).read("dog") == "bytes");
}

TEST_CASE("visitors are known again after a power cut") {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder remains;
  const test::PowerCut power_cut(folder.path());
  const std::string key = load_visitor_key(folder.path());
  power_cut.leave(remains.path());
  REQUIRE_NOTHROW(load_visitor_key(remains.path()));
  CHECK(load_visitor_key(remains.path()) == key);
}

TEST_CASE("a job's end survives a power cut") {
  CutOffStorage storage;
  const std::string id = storage.submit("dog");
  JobState end{};
  SECTION("done, with its result") {
    CHECK(storage.wait_for(storage.jobs().finish(storage.claim(), test::history_row("me"))));
    end = JobState::done;
  }
  SECTION("failed") {
    CHECK(storage.wait_for(storage.jobs().fail(storage.claim(), {"unreadable", "No picture."})));
    end = JobState::failed;
  }
  SECTION("canceled") {
    CHECK(storage.wait_for(storage.jobs().cancel(id)));
    end = JobState::failed;
  }
  storage.cut_power();
  CHECK(storage.job_left(id).state == end);
  CHECK(storage.job_left(id).result.has_value() == (end == JobState::done));
  CHECK(storage.left().jobs().load() == Jobs::Load{});
}

TEST_CASE("a job that was put back waits again after a power cut") {
  CutOffStorage storage;
  const std::string id = storage.submit("dog");
  CHECK(storage.wait_for(storage.jobs().put_back(storage.claim(), {})));
  storage.cut_power();
  CHECK(storage.job_left(id).state == JobState::waiting);
  CHECK(storage.left().jobs().load() == Jobs::Load{1, 0, 3});
}

TEST_CASE("results that a visitor removed don't come back after a power cut") {
  CutOffStorage storage;
  CHECK(storage.storage().history()->record(test::history_row("me")));
  CHECK(storage.storage().history()->record(test::history_row("you")));
  CHECK(storage.wait_for(storage.storage().history()->remove_all("me")) == 1);
  storage.cut_power();
  CHECK(storage.rows_left() == 1);
}

TEST_CASE("after a power cut, the history has every result from before the last end of a job") {
  CutOffStorage storage;
  const std::string id = storage.submit("dog");
  CHECK(storage.storage().history()->record(test::history_row("me")));
  CHECK(storage.wait_for(storage.jobs().fail(storage.claim(), {"unreadable", "No picture."})));
  // This one isn't synced by itself, because a sync for each result would cost too much.
  CHECK(storage.storage().history()->record(test::history_row("me")));
  storage.cut_power();
  CHECK(storage.rows_left() >= 1);
}

TEST_CASE("a visitor's key survives a power cut") {
  CutOffStorage storage;
  const std::string key = storage.storage().visitor_key();
  storage.cut_power();
  CHECK(storage.left().visitor_key() == key);
}
