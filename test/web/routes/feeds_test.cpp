#include "web/routes/feeds.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

TEST_CASE("an event is encoded once for all streams") {
  dispatcher::WorkerList workers;
  for (std::uint16_t port = 1; port <= 1000; ++port) workers.add({"kennel", port});
  WorkerEvents events(workers);
  asio::io_context io;
  std::vector<std::unique_ptr<Feed>> streams;
  std::set<std::string> sent;
  const auto begun = WorkerEvents::Clock::now();
  for (int count = 0; count < 256; ++count) {
    // Streams begin and go on at different times.
    streams.push_back(feed_of_workers(io.get_executor(), events, WorkersView::Shown::open));
    sent.insert(test::run_now(streams.back()->next(Feed::Clock::now())).value());
  }
  CHECK(sent.size() == 1);
  // On a machine on which that takes long, numbers might have changed meanwhile.
  const auto again = (WorkerEvents::Clock::now() - begun) / WorkerEvents::counted_age_max_ms;
  CHECK(events.encoded() <= 1 + static_cast<std::uint64_t>(again));
}

}  // namespace
}  // namespace samoyed::web
