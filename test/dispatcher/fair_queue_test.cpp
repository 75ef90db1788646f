#include "dispatcher/fair_queue.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;

namespace {

const auto all_ready = [](FairQueue::Ticket) { return true; };

struct FairQueueFixture {
  void push(const std::string& client, int count, double cost_ms = 20) {
    for (int i = 0; i < count; ++i) owners[queue.push(client, cost_ms)] = client;
  }
  /// The clients of the next images as one text. `true_cost_ms` corrects the estimates.
  std::string pop(int count, std::optional<double> true_cost_ms = std::nullopt) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const auto ticket = queue.pop(all_ready);
      text += ticket ? owners.at(*ticket) : "-";
      if (ticket && true_cost_ms) queue.finish(*ticket, *true_cost_ms);
    }
    return text;
  }

  FairQueue queue;
  std::map<FairQueue::Ticket, std::string> owners;
};

}  // namespace

TEST_CASE("clients take turns, however many images they have") {
  FairQueueFixture f;
  f.push("a", 100);
  CHECK(f.pop(2) == "aa");
  f.push("b", 2);
  f.push("c", 1);
  CHECK(f.pop(7) == "bcabaaa");
  CHECK(f.queue.size() == 94);
}

TEST_CASE("a client whose images are dear gets as much time as the others, not as many images") {
  FairQueueFixture f;
  f.push("a", 50, 1000);
  f.push("b", 500, 20);
  std::string order = f.pop(300);
  const auto dear = std::ranges::count(order, 'a');
  CHECK(dear >= 5);
  CHECK(dear <= 7);
}

TEST_CASE("what an image really cost is charged once it is known") {
  FairQueueFixture f;
  f.push("a", 300, 1);  // They look cheap.
  f.push("b", 300, 20);
  int a_ms = 0;
  int b_ms = 0;
  for (int i = 0; i < 200; ++i) {
    const auto ticket = f.queue.pop(all_ready);
    const bool a = f.owners.at(*ticket) == "a";
    (a ? a_ms : b_ms) += a ? 400 : 20;
    f.queue.finish(*ticket, a ? 400 : 20);
  }
  // The first turn is spent before anything is known.
  CHECK(a_ms <= b_ms + 20 * 400);
  CHECK(b_ms >= 1000);
}

TEST_CASE("images that cost less than estimated don't prolong their client's turn") {
  FairQueueFixture f;
  f.push("a", 50, 10);
  CHECK(f.pop(3, 0.0) == "aaa");
  f.push("b", 1, 10);
  // At most the rest of a turn, which is two images.
  CHECK(f.pop(4, 0.0).find('b') != std::string::npos);
}

TEST_CASE("a client that was alone for long and whose images are cheap has saved up no burst") {
  FairQueueFixture f;
  f.push("a", 300, 20);
  f.pop(200, 0.1);
  f.push("b", 2, 20);
  const std::string order = f.pop(6, 0.1);
  CHECK(std::ranges::count(order, 'b') == 2);
}

TEST_CASE("a new client goes in its first turn, whatever its image costs") {
  FairQueueFixture f;
  f.push("a", 9, 1000);
  CHECK(f.pop(2) == "aa");
  f.push("b", 1, 4000);
  CHECK(f.pop(2).find('b') != std::string::npos);
}

TEST_CASE("a client that has nothing in the queue or in progress starts anew") {
  FairQueueFixture f;
  f.push("a", 1);
  CHECK(f.pop(1, 4000) == "a");
  f.push("a", 1);
  f.push("b", 1);
  CHECK(f.pop(2) == "ab");
}

TEST_CASE("what one client is charged is bounded, so that its next image isn't far away") {
  FairQueueFixture f;
  SECTION("for one image") {
    f.push("a", 2, 60000);
    CHECK(f.pop(1) == "a");
  }
  SECTION("for many that cost more than they seemed to") {
    f.push("a", 11, 1);
    CHECK(f.pop(10) == "aaaaaaaaaa");
    for (FairQueue::Ticket ticket = 1; ticket <= 10; ++ticket) f.queue.finish(ticket, 5000);
  }
  f.push("b", 500);
  CHECK(f.pop(400).find('a') != std::string::npos);
}

TEST_CASE("an image that no worker has room for doesn't hold up others") {
  FairQueueFixture f;
  f.push("a", 3);
  f.push("b", 1);
  const auto small = [](FairQueue::Ticket ticket) { return ticket == 3; };
  CHECK(f.queue.pop(small) == 3);
  CHECK(!f.queue.pop(small));
  CHECK(f.queue.size() == 3);
  // Nor does a client without any that is ready hold up the next client.
  CHECK(f.queue.pop([](FairQueue::Ticket ticket) { return ticket == 4; }) == 4);
}

TEST_CASE("an image can be removed while it waits") {
  FairQueueFixture f;
  f.push("a", 2);
  f.push("b", 1);
  f.queue.remove(1);
  f.queue.remove(3);
  f.queue.remove(99);
  CHECK(f.pop(2) == "a-");
  f.queue.finish(2, 20);
  f.queue.finish(2, 20);
  CHECK(f.queue.size() == 0);
}

TEST_CASE("a client whose waiting image is removed has no second turn when it comes again") {
  FairQueueFixture f;
  f.push("a", 2);
  CHECK(f.pop(1) == "a");  // It stays in progress, so its client is still known.
  f.queue.remove(2);
  f.push("a", 4);
  f.push("b", 4);
  const std::string order = f.pop(4);
  CHECK(std::ranges::count(order, 'a') == 2);
  CHECK(std::ranges::count(order, 'b') == 2);
}

TEST_CASE("an image that is put back is the next one again, and costs nothing") {
  FairQueueFixture f;
  f.push("a", 3, 1000);
  f.push("b", 3, 1000);
  for (int i = 0; i < 10; ++i) {
    CHECK(f.queue.pop(all_ready) == 1);
    f.queue.put_back(1);
    CHECK(f.queue.size() == 6);
  }
  CHECK(f.pop(6) == "ababab");
  f.queue.put_back(99);
  f.queue.finish(1, 20);
  f.queue.put_back(1);
  CHECK(f.pop(1) == "-");
}

TEST_CASE("the last image of a client can be put back, and removed then") {
  FairQueueFixture f;
  f.push("a", 1);
  f.push("b", 1);
  CHECK(f.queue.pop(all_ready) == 1);
  f.queue.put_back(1);
  CHECK(f.queue.pop(all_ready) == 1);
  f.queue.put_back(1);
  f.queue.remove(1);
  CHECK(f.pop(2) == "b-");
}
