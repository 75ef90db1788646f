#include "dispatcher/history/shared_statistics.hpp"

#include <memory>
#include <string>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "samoyed/dispatcher/history.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

/// Computes only when told to, with a clock that stands still.
struct SharedStatisticsTest {
  struct Computation {
    explicit Computation(const asio::any_io_executor& executor) : wake(executor) {}
    io::Event wake;
    bool ends = false;
    std::size_t rows = 0;
    bool fails = false;
  };

  asio::awaitable<HistoryStatistics> compute(HistoryStatisticsQuery) {
    auto mine = std::make_shared<Computation>(io.get_executor());
    computations.push_back(mine);
    while (!mine->ends) co_await mine->wake.wait();
    if (mine->fails) throw StorageError("failed");
    HistoryStatistics numbers;
    numbers.rows = mine->rows;
    co_return numbers;
  }

  /// Asks, and writes what comes of it to `answers`: the number of rows, or the error.
  void ask(const std::string& visitor = "me") {
    const std::size_t place = answers.size();
    answers.emplace_back();
    asio::co_spawn(io, shared.ask({.visitor = visitor}),
                   [this, place](std::exception_ptr failure, const HistoryStatistics& numbers) {
                     answers[place] = std::to_string(numbers.rows);
                     try {
                       if (failure) std::rethrow_exception(failure);
                     } catch (const BusyError&) {
                       answers[place] = "busy";
                     } catch (const StorageError& error) {
                       answers[place] = error.what();
                     }
                   });
    run();
  }

  void end(std::size_t computation, std::size_t rows, bool fails = false) {
    Computation& one = *computations.at(computation);
    one.rows = rows;
    one.fails = fails;
    one.ends = true;
    one.wake.notify();
    run();
  }

  void run() {
    io.restart();
    io.poll();
  }

  asio::io_context io{1};
  std::vector<std::shared_ptr<Computation>> computations;
  std::vector<std::string> answers;
  SharedStatistics::Clock::time_point now{};
  SharedStatistics shared{[this](const HistoryStatisticsQuery& query) { return compute(query); },
                          [this] { return now; }};
};

}  // namespace

TEST_CASE_METHOD(SharedStatisticsTest, "the same question is computed once for all who ask it") {
  for (int count = 0; count < 100; ++count) ask();
  ask("you");
  REQUIRE(computations.size() == 2);
  end(0, 7);
  CHECK(answers[0] == "7");
  CHECK(answers[99] == "7");
  CHECK(answers[100].empty());
  end(1, 8);
  CHECK(answers[100] == "8");
}

TEST_CASE_METHOD(SharedStatisticsTest, "an answer is kept for a moment") {
  ask();
  end(0, 1);
  now += SharedStatistics::kept_ms - std::chrono::milliseconds(1);
  ask();
  CHECK(answers[1] == "1");
  now += std::chrono::milliseconds(1);
  ask();
  REQUIRE(computations.size() == 2);
  end(1, 2);
  CHECK(answers[2] == "2");
}

TEST_CASE_METHOD(SharedStatisticsTest, "nobody gets an answer from before rows were removed") {
  ask();
  shared.forget();
  ask();
  REQUIRE(computations.size() == 2);
  end(1, 1);
  end(0, 2);
  ask();
  CHECK(answers == std::vector<std::string>{"2", "1", "1"});
}

TEST_CASE_METHOD(SharedStatisticsTest, "a failure reaches all who wait, and isn't kept") {
  ask();
  ask();
  end(0, 0, true);
  CHECK(answers == std::vector<std::string>{"failed", "failed"});
  ask();
  CHECK(computations.size() == 2);
  end(1, 3);
  CHECK(answers[2] == "3");
}

TEST_CASE_METHOD(SharedStatisticsTest, "too many different questions at once are rejected") {
  for (std::size_t number = 0; number <= SharedStatistics::computing_max; ++number) {
    ask(std::to_string(number));
  }
  CHECK(answers.back() == "busy");
  // One that is being computed has room for anyone.
  ask("0");
  CHECK(answers.back().empty());
  end(0, 1);
  ask("one more");
  CHECK(answers.back().empty());
  for (std::size_t number = 1; number < computations.size(); ++number) end(number, 1);
}

TEST_CASE_METHOD(SharedStatisticsTest, "the kept answers have a limit") {
  for (std::size_t number = 0; number <= SharedStatistics::answers_max; ++number) {
    ask(std::to_string(number));
    end(number, 1);
    now += std::chrono::microseconds(1);
  }
  ask(std::to_string(SharedStatistics::answers_max));
  CHECK(computations.size() == SharedStatistics::answers_max + 1);
  ask("0");  // The oldest had to go.
  CHECK(computations.size() == SharedStatistics::answers_max + 2);
  end(SharedStatistics::answers_max + 1, 1);
}
