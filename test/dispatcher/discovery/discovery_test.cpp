#include "dispatcher/discovery/discovery.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "support/wait.hpp"

namespace samoyed::dispatcher {
namespace {

protocol::Address found(const std::string& last_byte) {
  return {.host = "10.0.0." + last_byte, .port = 8888};
}

DnsAnswer answer_of(const std::vector<std::string>& last_bytes) {
  DnsAnswer answer;
  for (const std::string& byte : last_bytes) answer.addresses.push_back(found(byte));
  return answer;
}

/// A Discovery whose lookups end as a test says, one after the other, as fast as possible. After
/// the last one, the program stops.
struct DiscoveryFixture {
  void run(const std::vector<std::string>& names) {
    std::vector<DiscoveryName> parsed;
    for (const auto& name : names) parsed.push_back(*parse_discovery_name(name));
    const DiscoveryOptions options{.hold = std::chrono::milliseconds(0),
                                   .interval_min = std::chrono::milliseconds(1),
                                   .interval_max = std::chrono::milliseconds(1)};
    discovery.emplace(io.get_executor(), workers, parsed, options, io::private_networks(),
                      [this](const DiscoveryName& name) { return look_up(to_string(name)); });
    discovery->start();
    const test::Wait wait("the lookups' end");
    io.run();
  }

  asio::awaitable<DnsResult> look_up(std::string name) {
    auto& results = answers[name];
    if (results.empty()) {
      io.stop();
      co_return DnsFailure{"the test is over"};
    }
    DnsResult result = results.front();
    results.pop_front();
    co_return result;
  }

  std::string listed() const {
    std::string text;
    for (const WorkerRow& row : workers.snapshot()) {
      text += row.worker.address.host.substr(7) + "=" + row.discovered_by + " ";
    }
    return text;
  }

  asio::io_context io{1};
  WorkerList workers;
  std::map<std::string, std::deque<DnsResult>> answers;
  std::optional<Discovery> discovery;
};

TEST_CASE_METHOD(DiscoveryFixture, "the list follows the answers") {
  answers["w:8888"] = {answer_of({"1", "2", "3"}), DnsFailure{"down"}, answer_of({"1", "2"}),
                       answer_of({"1", "2"}), answer_of({"1", "2", "4"})};
  run({"w:8888"});
  CHECK(listed() == "1=w:8888 2=w:8888 4=w:8888 ");
  const DiscoveryStatus status = discovery->statuses().front();
  CHECK(status.lookups == 6);
  CHECK(status.workers == 3);
  CHECK(status.answered_ms);
}

TEST_CASE_METHOD(DiscoveryFixture, "what one name has dropped stays while another one has it") {
  answers["w:8888"] = {answer_of({"1", "2"}), answer_of({"1"}), answer_of({"1"}), answer_of({"1"})};
  answers["v:8888"] = {answer_of({"2"}), answer_of({"2"}), answer_of({"2"}), answer_of({"2"})};
  run({"w:8888", "v:8888"});
  CHECK(listed() == "1=w:8888 2=v:8888 ");
}

TEST_CASE_METHOD(DiscoveryFixture, "an address outside the networks is left out and named") {
  DnsAnswer answer = answer_of({"1"});
  answer.addresses.push_back({.host = "192.0.2.1", .port = 8888});
  // The list shows the problem of the last lookup, so the answer repeats until the end.
  answers["w:8888"] = {answer};
  run({"w:8888"});
  CHECK(listed() == "1=w:8888 ");
  CHECK(discovery->statuses().front().workers == 1);
}

TEST_CASE_METHOD(DiscoveryFixture, "a name that never resolves has a problem and no answer") {
  answers["w:8888"] = {DnsFailure{"down"}, DnsFailure{"still down"}};
  run({"w:8888"});
  const DiscoveryStatus status = discovery->statuses().front();
  CHECK(status.failures >= 2);
  CHECK_FALSE(status.answered_ms);
  CHECK_FALSE(status.problem.empty());
}

}  // namespace
}  // namespace samoyed::dispatcher
