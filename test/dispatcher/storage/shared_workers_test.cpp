#include "dispatcher/storage/shared_workers.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "samoyed/dispatcher/history.hpp"
#include "support/wait.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

const protocol::Address ann{"10.0.0.1", 8888};
const protocol::Address bob{"10.0.0.2", 8888};
const protocol::Address eve{"192.0.2.1", 8888};

/// A table in memory.
class FakeTable final : public WorkerTable {
 public:
  asio::awaitable<Listings> exchange(std::vector<ListingChange> changes) override {
    ++exchanges;
    if (unavailable) throw StorageError("no connection");
    for (const ListingChange& change : changes) {
      if (change.listing) {
        rows[change.address] = *change.listing;
      } else {
        rows.erase(change.address);
      }
    }
    Listings found = rows;
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    co_return found;
  }
  void on_changed(std::function<void()> call) override { changed = std::move(call); }

  Listings rows;
  int exchanges = 0;
  bool unavailable = false;
  std::function<void()> meanwhile;
  std::function<void()> changed = [] {};
};

/// One dispatcher's list.
struct SharedList {
  SharedList(asio::io_context& context, FakeTable& table)
      : io(context), shared(io.get_executor(), table, list, [](const protocol::Address& address) {
          return address == eve ? std::string("is eve") : std::string();
        }) {
    asio::co_spawn(io, shared.run(), asio::detached);
  }
  ~SharedList() {
    shared.stop();
    io.restart();
    io.poll();
  }

  bool save() {
    const test::Wait wait("the exchange with the table");
    std::optional<bool> saved;
    asio::co_spawn(io, shared.save(), [&](std::exception_ptr, bool result) { saved = result; });
    io.restart();
    while (!saved) io.run_one();
    return *saved;
  }

  asio::io_context& io;
  WorkerList list;
  SharedWorkers shared;
};

}  // namespace

TEST_CASE("the changes between two lists are what was added, changed and removed") {
  const Listings before = {{ann, Listing::listed}, {bob, Listing::listed}};
  const Listings after = {{bob, Listing::held_out}, {eve, Listing::listed}};
  CHECK(changes_between(before, after) == std::vector<ListingChange>{{bob, Listing::held_out},
                                                                     {eve, Listing::listed},
                                                                     {ann, std::nullopt}});
  CHECK(changes_between(after, after).empty());
}

TEST_CASE("a worker that is added or removed at one dispatcher is so at the other") {
  asio::io_context io{1};
  FakeTable table;
  SharedList first(io, table);
  SharedList second(io, table);
  first.list.add(ann);
  REQUIRE(first.save());
  REQUIRE(second.save());
  CHECK(second.list.listings() == Listings{{ann, Listing::listed}});
  second.list.add(bob);
  second.list.remove(ann);
  REQUIRE(second.save());
  REQUIRE(first.save());
  CHECK(first.list.listings() == Listings{{bob, Listing::listed}});
  CHECK(table.rows == Listings{{bob, Listing::listed}});
}

TEST_CASE("a worker that DNS has is held out at all dispatchers until one adds it") {
  asio::io_context io{1};
  FakeTable table;
  SharedList first(io, table);
  SharedList second(io, table);
  first.list.discover(ann, "name");
  second.list.discover(ann, "name");
  first.list.remove(ann);
  REQUIRE(first.save());
  REQUIRE(second.save());
  CHECK(second.list.snapshot().empty());
  CHECK(second.list.discover(ann, "name") == DiscoverResult::held_out);
  second.list.add(ann);
  REQUIRE(second.save());
  REQUIRE(first.save());
  CHECK(first.list.listings() == Listings{{ann, Listing::listed}});
}

TEST_CASE("a worker that DNS has dropped at one dispatcher is held out nowhere") {
  asio::io_context io{1};
  FakeTable table;
  SharedList first(io, table);
  SharedList second(io, table);
  first.list.discover(ann, "name");
  second.list.discover(ann, "name");
  first.list.remove(ann);
  REQUIRE(first.save());
  REQUIRE(second.save());
  first.list.undiscover(ann);
  REQUIRE(first.save());
  REQUIRE(second.save());
  REQUIRE(first.save());
  CHECK(table.rows.empty());
  CHECK(first.list.listings().empty());
  CHECK(second.list.discover(ann, "name") == DiscoverResult::added);
}

TEST_CASE("without the table the list is used as before, and the changes follow") {
  asio::io_context io{1};
  FakeTable table;
  table.rows = {{bob, Listing::listed}};
  SharedList dispatcher(io, table);
  REQUIRE(dispatcher.save());
  table.unavailable = true;
  dispatcher.list.add(ann);
  dispatcher.list.remove(bob);
  CHECK_FALSE(dispatcher.save());
  CHECK(dispatcher.list.listings() == Listings{{ann, Listing::listed}});
  table.unavailable = false;
  REQUIRE(dispatcher.save());
  CHECK(table.rows == Listings{{ann, Listing::listed}});
}

TEST_CASE("what is said at this dispatcher during an exchange wins") {
  asio::io_context io{1};
  FakeTable table;
  SharedList dispatcher(io, table);
  REQUIRE(dispatcher.save());
  table.rows = {{ann, Listing::listed}};
  table.meanwhile = [&] { dispatcher.list.hold_out(ann); };
  REQUIRE(dispatcher.save());
  REQUIRE(dispatcher.save());
  CHECK(table.rows == Listings{{ann, Listing::held_out}});
  CHECK(dispatcher.list.snapshot().empty());
}

TEST_CASE("a dispatcher forgets a worker for itself only, until it is added again") {
  asio::io_context io{1};
  FakeTable table;
  SharedList dispatcher(io, table);
  dispatcher.list.add(ann);
  REQUIRE(dispatcher.save());
  dispatcher.shared.forget(ann);
  dispatcher.list.remove(ann);  // What the list does when it forgets.
  REQUIRE(dispatcher.save());
  REQUIRE(dispatcher.save());
  CHECK(table.rows == Listings{{ann, Listing::listed}});
  CHECK(dispatcher.list.snapshot().empty());
  SECTION("here") {
    dispatcher.list.add(ann);
    REQUIRE(dispatcher.save());
    dispatcher.list.remove(ann);
    REQUIRE(dispatcher.save());
    CHECK(table.rows.empty());
  }
  SECTION("at another dispatcher, after it was removed") {
    table.rows.clear();
    REQUIRE(dispatcher.save());
    table.rows = {{ann, Listing::listed}};
    REQUIRE(dispatcher.save());
    CHECK(dispatcher.list.listings() == Listings{{ann, Listing::listed}});
  }
}

TEST_CASE("a worker that isn't allowed here stays in the table for others") {
  asio::io_context io{1};
  FakeTable table;
  table.rows = {{eve, Listing::listed}, {ann, Listing::listed}};
  SharedList dispatcher(io, table);
  REQUIRE(dispatcher.save());
  REQUIRE(dispatcher.save());
  CHECK(dispatcher.list.listings() == Listings{{ann, Listing::listed}});
  CHECK(table.rows.size() == 2);
}

TEST_CASE("a notification of another dispatcher begins an exchange at once") {
  asio::io_context io{1};
  FakeTable table;
  SharedList dispatcher(io, table);
  REQUIRE(dispatcher.save());
  const int before = table.exchanges;
  table.rows = {{ann, Listing::listed}};
  table.changed();
  const test::Wait wait("an exchange");
  io.restart();
  while (table.exchanges == before) io.run_one();
  CHECK(dispatcher.list.listings() == Listings{{ann, Listing::listed}});
}
