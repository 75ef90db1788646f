#include "dispatcher/discovery/dns_result.hpp"

#include <catch2/catch.hpp>

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace std::chrono_literals;

namespace {

DnsRecords addresses(std::vector<std::string> texts, std::chrono::seconds ttl = 10s) {
  return {.addresses = std::move(texts), .services = {}, .ttl = ttl};
}

std::string text(const DnsResult& result) {
  if (const auto* const failure = std::get_if<DnsFailure>(&result)) return failure->why;
  const auto& answer = std::get<DnsAnswer>(result);
  std::string text;
  for (const auto& address : answer.addresses) text += protocol::to_string(address) + " ";
  return text + std::to_string(answer.ttl.count()) + " s" +
         (answer.complete() ? "" : ", incomplete");
}

const DnsFailure failure{"no DNS server answered in time"};

}  // namespace

TEST_CASE("the addresses of both families are joined with the least time to live") {
  CHECK(text(join_hosts(
            {{8888, {addresses({"10.0.0.1", "10.0.0.2"}), addresses({"fd00::1"}, 7s)}}})) ==
        "10.0.0.1:8888 10.0.0.2:8888 [fd00::1]:8888 7 s");
}

TEST_CASE("an address that several hosts share counts once a port") {
  CHECK(text(join_hosts({{1, {addresses({"10.0.0.1"})}},
                         {1, {addresses({"10.0.0.1"})}},
                         {2, {addresses({"10.0.0.1"})}}})) == "10.0.0.1:1 10.0.0.1:2 10 s");
}

TEST_CASE("a name without records is an answer") {
  CHECK(text(join_hosts({{8888, {addresses({}), addresses({})}}})) == "0 s");
  CHECK(text(join_hosts({})) == "0 s");
}

TEST_CASE("a family without records doesn't shorten the time to live") {
  CHECK(text(join_hosts({{8888, {addresses({"10.0.0.1"}), addresses({}, 0s)}}})) ==
        "10.0.0.1:8888 10 s");
}

TEST_CASE("one failed question makes the answer incomplete, all of them a failure") {
  CHECK(text(join_hosts({{8888, {addresses({"10.0.0.1"}), failure}}})) ==
        "10.0.0.1:8888 10 s, incomplete");
  CHECK(text(join_hosts({{8888, {failure, failure}}})) == failure.why);
}

TEST_CASE("an answer with more addresses than fit in the list is incomplete") {
  std::vector<std::string> texts;
  for (int number = 0; number < 1025; ++number) {
    texts.push_back("10.0." + std::to_string(number / 256) + "." + std::to_string(number % 256));
  }
  const auto result = join_hosts({{8888, {addresses(texts), addresses(texts)}}});
  const auto& answer = std::get<DnsAnswer>(result);
  CHECK(answer.addresses.size() == 1024);
  CHECK(answer.addresses.front().host == "10.0.0.0");
  CHECK(answer.why_incomplete == "it has more than 1024 addresses");
  texts.pop_back();
  CHECK(std::get<DnsAnswer>(join_hosts({{8888, {addresses(texts), addresses(texts)}}})).complete());
}

TEST_CASE("the SRV records bound the time to live of their hosts") {
  CHECK(text(join_hosts({{8888, {addresses({"10.0.0.1"})}}}, 3s)) == "10.0.0.1:8888 3 s");
}
